import type { RouteObject } from "react-router";

export const directiveRoutes: RouteObject[] = [
  {
    path: "directives",
    lazy: async () => ({ Component: (await import("./DirectivesPage")).DirectivesPage }),
  },
  {
    path: "directives/:id",
    lazy: async () => ({ Component: (await import("./DirectivePage")).DirectivePage }),
    children: [
      {
        path: "units/:task",
        lazy: async () => ({ Component: (await import("./UnitDrawer")).UnitDrawer }),
      },
    ],
  },
];
