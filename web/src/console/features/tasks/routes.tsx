import type { RouteObject } from "react-router";

export const taskRoutes: RouteObject[] = [
  {
    path: "tasks",
    lazy: async () => ({ Component: (await import("./TasksPage")).TasksPage }),
    children: [{ path: ":id", lazy: async () => ({ Component: (await import("./TaskDrawer")).TaskDrawer }) }],
  },
];
