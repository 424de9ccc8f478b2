import type { RouteObject } from "react-router";

export const commentRoutes: RouteObject[] = [
  {
    path: "comments",
    lazy: async () => ({ Component: (await import("./CommentsPage")).CommentsPage }),
  },
];
