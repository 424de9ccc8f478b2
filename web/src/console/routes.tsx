import type { RouteObject } from "react-router";
import { administrationRoutes } from "./features/administration/routes";
import { commentRoutes } from "./features/comments/routes";
import { deskRoutes } from "./features/desk/routes";
import { directiveRoutes } from "./features/directives/routes";
import { levelRoutes } from "./features/levels/routes";
import { planRoutes } from "./features/plans/routes";
import { publicationRoutes } from "./features/publications/routes";
import { portalRoutes } from "./features/portal/routes";
import { registerRoutes } from "./features/registers/routes";
import { accountRoutes, sessionRoutes } from "./features/session/routes";
import { signalRoutes } from "./features/signals/routes";
import { situationRoutes } from "./features/situation/routes";
import { supervisionRoutes } from "./features/supervision/routes";
import { taskRoutes } from "./features/tasks/routes";
import { FirstPage } from "./FirstPage";
import { LostPage } from "./LostPage";
import { Opening } from "./Opening";
import { Shell } from "./Shell";

export const routes: RouteObject[] = [
  {
    ErrorBoundary: LostPage,
    HydrateFallback: Opening,
    children: [
      ...sessionRoutes,
      {
        Component: Shell,
        children: [
          {
            // Errors of a page leave the navigation standing.
            ErrorBoundary: LostPage,
            children: [
              { index: true, Component: FirstPage },
              ...situationRoutes,
              ...signalRoutes,
              ...deskRoutes,
              ...directiveRoutes,
              ...taskRoutes,
              ...supervisionRoutes,
              ...levelRoutes,
              ...planRoutes,
              ...registerRoutes,
              ...publicationRoutes,
              ...portalRoutes,
              ...commentRoutes,
              ...administrationRoutes,
              ...accountRoutes,
              { path: "*", Component: LostPage },
            ],
          },
        ],
      },
    ],
  },
];
