import type { RouteObject } from "react-router";

export const registerRoutes: RouteObject[] = [
  { path: "persons", lazy: async () => ({ Component: (await import("./PersonsPage")).PersonsPage }) },
  { path: "persons/:id", lazy: async () => ({ Component: (await import("./PersonPage")).PersonPage }) },
  {
    path: "registers",
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./RegistersPage")).RegistersPage }) },
      { path: ":register", lazy: async () => ({ Component: (await import("./RecordsPage")).RecordsPage }) },
      {
        path: ":register/new",
        lazy: async () => ({ Component: (await import("./RecordEditPage")).RecordNewPage }),
      },
      {
        path: ":register/import",
        lazy: async () => ({ Component: (await import("./ImportPage")).ImportPage }),
      },
      {
        path: ":register/records/:id",
        lazy: async () => ({ Component: (await import("./RecordPage")).RecordPage }),
      },
      {
        path: ":register/records/:id/edit",
        lazy: async () => ({ Component: (await import("./RecordEditPage")).RecordEditPage }),
      },
    ],
  },
];
