import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { App as AntApp, ConfigProvider } from "antd";
import enGB from "antd/locale/en_GB";
import zhCN from "antd/locale/zh_CN";
import { useState, useSyncExternalStore } from "react";
import { createBrowserRouter, RouterProvider } from "react-router";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import { I18nProvider, useI18n } from "../shared/i18n/i18n";
import { routes } from "./routes";
import { stillTheme, theme } from "./theme";

function makeClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        // The session ended elsewhere: the guard of the shell then asks to sign in again.
        if (asProblem(error).status === 401) client.setQueryData(keys.session, null);
      },
    }),
    defaultOptions: {
      // The server may be this very machine: that the browser sees no network says nothing about reaching it.
      mutations: { networkMode: "always" },
      queries: {
        networkMode: "always",
        staleTime: 30_000,
        // Only what may be a hiccup is asked again; a refusal stays a refusal.
        retry: (count, error) => count < 2 && [0, 502, 503, 504].includes(asProblem(error).status),
      },
    },
  });
  return client;
}

export function App() {
  const [client] = useState(makeClient);
  return (
    <QueryClientProvider client={client}>
      <I18nProvider>
        <Themed />
      </I18nProvider>
    </QueryClientProvider>
  );
}

function Themed() {
  const { lang } = useI18n();
  const still = usePrefersStill();
  const [router] = useState(() => createBrowserRouter(routes, { basename: "/console" }));
  return (
    <ConfigProvider
      locale={lang === "zh" ? zhCN : enGB}
      theme={still ? stillTheme : theme}
      button={{ autoInsertSpace: false }}
    >
      <AntApp className="app">
        <RouterProvider router={router} />
      </AntApp>
    </ConfigProvider>
  );
}

const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the reader asked the system for less movement. */
function usePrefersStill(): boolean {
  return useSyncExternalStore(
    (changed) => {
      STILL.addEventListener("change", changed);
      return () => STILL.removeEventListener("change", changed);
    },
    () => STILL.matches,
  );
}
