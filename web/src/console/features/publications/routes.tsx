import type { RouteObject } from "react-router";

export const publicationRoutes: RouteObject[] = [
  {
    path: "publications",
    lazy: async () => ({ Component: (await import("./PublicationsPage")).PublicationsPage }),
  },
];
