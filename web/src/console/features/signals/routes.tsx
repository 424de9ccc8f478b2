import type { RouteObject } from "react-router";

export const signalRoutes: RouteObject[] = [
  {
    path: "signals",
    lazy: async () => ({ Component: (await import("./SignalsPage")).SignalsPage }),
    children: [
      { path: ":id", lazy: async () => ({ Component: (await import("./SignalDrawer")).SignalDrawer }) },
    ],
  },
];
