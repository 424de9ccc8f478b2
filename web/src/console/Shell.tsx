import {
  ExperimentOutlined,
  GlobalOutlined,
  KeyOutlined,
  LogoutOutlined,
  UserOutlined,
  WifiOutlined,
} from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Dropdown, Tag, Tooltip } from "antd";
import { Suspense } from "react";
import { Link, Navigate, Outlet, useLocation } from "react-router";
import { request } from "../api/client";
import { useI18n } from "../shared/i18n/i18n";
import { isPlaced, sessionQuery, type PlacedSession } from "../shared/session";
import { LanguageSwitch } from "../shared/ui/LanguageSwitch";
import { ProblemAlert, useProblemText } from "../shared/ui/ProblemAlert";
import { Emblem } from "../shared/ui/Emblem";
import { useLiveUpdates } from "./live";
import { Nav } from "./Nav";
import { Opening } from "./Opening";
import { paths } from "./paths";

/** Frame of the signed-in pages; whoever is not signed in is sent to do so and comes back. */
export function Shell() {
  const { t } = useI18n();
  const session = useQuery(sessionQuery);
  const location = useLocation();
  if (session.isPending) return <Opening />;
  if (session.error) return <ProblemAlert error={session.error} retry={() => void session.refetch()} />;
  if (!session.data) return <Navigate to={paths.signIn(location.pathname + location.search)} replace />;
  if (!isPlaced(session.data)) return <Alert type="error" showIcon title={t("shell.no_place")} />;
  return <Frame session={session.data} />;
}

function Frame({ session }: { session: PlacedSession }) {
  const { t } = useI18n();
  const live = useLiveUpdates();
  return (
    <div className="frame">
      <a className="skip-link" href="#main">
        {t("shell.skip")}
      </a>
      <Header session={session} live={live} />
      {session.synthetic_notice && (
        <aside className="synthetic" aria-label={t("shell.notice")}>
          <ExperimentOutlined aria-hidden /> {t("shell.synthetic")}
        </aside>
      )}
      <div className="frame-body">
        <Nav />
        <main id="main" tabIndex={-1}>
          <Suspense fallback={<Opening />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
    </div>
  );
}

function Header({ session, live }: { session: PlacedSession; live: boolean }) {
  const { t, text, format } = useI18n();
  const client = useQueryClient();
  const { message } = App.useApp();
  const problemText = useProblemText();
  const signOut = useMutation({
    mutationFn: () => request<undefined>("DELETE", "/session"),
    onError: (error) => void message.error(t("session.still_signed_in", { reason: problemText(error) })),
    onSuccess: async () => {
      // An answer that was on its way must not sign the page in again.
      await client.cancelQueries({ queryKey: sessionQuery.queryKey });
      client.setQueryData(sessionQuery.queryKey, null);
      // Nothing of one account may show under the next one. The session stays: this page watches it.
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
    },
  });
  const roles = session.grants.map((g) => `${text(g.role_label)} · ${g.region_name}`);
  return (
    <header className="top">
      <div className="brand">
        <Emblem />
        <strong>{t("app.name")}</strong>
        <span className="brand-claim">{t("app.claim")}</span>
      </div>
      <span className="spacer" />
      <Tooltip title={session.demo ? t("shell.demo_clock_note") : t("shell.today")}>
        <span className="top-date">
          {session.demo && <Tag color="orange">{t("shell.demo_clock")}</Tag>}
          <time dateTime={session.today}>{format.date(session.today)}</time>
        </span>
      </Tooltip>
      <Tooltip title={live ? t("shell.live_note") : t("shell.not_live_note")}>
        <span className={live ? "live on" : "live"} role="status">
          <WifiOutlined aria-hidden /> {live ? t("shell.live") : t("shell.not_live")}
        </span>
      </Tooltip>
      <Tooltip title={roles.join("；")}>
        <span className="scope" aria-label={t("shell.scope", { region: session.home_region.name })}>
          <GlobalOutlined aria-hidden /> {session.home_region.name}
        </span>
      </Tooltip>
      <LanguageSwitch />
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            {
              key: "who",
              type: "group",
              label: session.user.username,
              children: roles.map((role) => ({ key: role, label: role, disabled: true })),
            },
            { type: "divider" },
            {
              key: "account",
              icon: <KeyOutlined />,
              label: <Link to={paths.account}>{t("account.title")}</Link>,
            },
            {
              key: "sign-out",
              icon: <LogoutOutlined />,
              label: t("session.sign_out"),
              onClick: () => signOut.mutate(),
            },
          ],
        }}
      >
        <Button
          type="text"
          icon={<UserOutlined />}
          className="top-user"
          aria-label={t("shell.account", { name: session.user.display_name })}
        >
          {session.user.display_name}
        </Button>
      </Dropdown>
    </header>
  );
}
