import type { RouteObject } from "react-router";

export const sessionRoutes: RouteObject[] = [
  { path: "sign-in", lazy: async () => ({ Component: (await import("./SignInPage")).SignInPage }) },
  { path: "setup", lazy: async () => ({ Component: (await import("./SetupPage")).SetupPage }) },
];

/** Behind the sign-in. */
export const accountRoutes: RouteObject[] = [
  { path: "account", lazy: async () => ({ Component: (await import("./AccountPage")).AccountPage }) },
];
