import type { RouteObject } from "react-router";

export const situationRoutes: RouteObject[] = [
  {
    path: "situation",
    lazy: async () => ({ Component: (await import("./SituationPage")).SituationPage }),
  },
];
