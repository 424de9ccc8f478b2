import type { RouteObject } from "react-router";

export const portalRoutes: RouteObject[] = [
  {
    path: "portal",
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./ArticlesPage")).ArticlesPage }) },
      {
        path: "channels",
        lazy: async () => ({ Component: (await import("./ChannelsPage")).ChannelsPage }),
      },
      {
        path: "links",
        lazy: async () => ({ Component: (await import("./LinksPage")).LinksPage }),
      },
      {
        path: "articles/new",
        lazy: async () => ({ Component: (await import("./ArticlePage")).ArticleNewPage }),
      },
      {
        path: "articles/:id",
        lazy: async () => ({ Component: (await import("./ArticlePage")).ArticlePage }),
      },
    ],
  },
];
