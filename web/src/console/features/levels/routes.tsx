import type { RouteObject } from "react-router";

export const levelRoutes: RouteObject[] = [
  {
    path: "levels",
    lazy: async () => ({ Component: (await import("./LevelsPage")).LevelsPage }),
  },
];
