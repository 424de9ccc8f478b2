import type { RouteObject } from "react-router";

export const supervisionRoutes: RouteObject[] = [
  {
    path: "supervision",
    lazy: async () => ({ Component: (await import("./SupervisionPage")).SupervisionPage }),
    children: [
      { path: ":id", lazy: async () => ({ Component: (await import("./FindingDrawer")).FindingDrawer }) },
    ],
  },
];
