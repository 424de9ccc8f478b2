import { Navigate, type RouteObject } from "react-router";
import { paths } from "../../paths";

export const administrationRoutes: RouteObject[] = [
  {
    path: "administration",
    lazy: async () => ({ Component: (await import("./AdministrationFrame")).AdministrationFrame }),
    children: [
      { index: true, element: <Navigate to={paths.users} replace /> },
      { path: "users", lazy: async () => ({ Component: (await import("./UsersPage")).UsersPage }) },
      { path: "roles", lazy: async () => ({ Component: (await import("./RolesPage")).RolesPage }) },
      { path: "tokens", lazy: async () => ({ Component: (await import("./TokensPage")).TokensPage }) },
    ],
  },
];
