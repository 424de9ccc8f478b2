import type { RouteObject } from "react-router";

export const planRoutes: RouteObject[] = [
  {
    path: "plans",
    lazy: async () => ({ Component: (await import("./PlansPage")).PlansPage }),
  },
];
