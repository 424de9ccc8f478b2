import {
  AuditOutlined,
  BellOutlined,
  CheckSquareOutlined,
  CommentOutlined,
  DashboardOutlined,
  ForkOutlined,
  GlobalOutlined,
  NotificationOutlined,
  PhoneOutlined,
  ReadOutlined,
  RiseOutlined,
  SendOutlined,
  SettingOutlined,
  TableOutlined,
} from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Badge } from "antd";
import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { openSignalsQuery } from "../shared/openSignals";
import { useI18n } from "../shared/i18n/i18n";
import { useSession } from "../shared/session";
import type { MessageKey } from "../shared/i18n/messages";
import { paths, sectionPaths } from "./paths";

/** Parts of the console as the server names them, in the order of its answer. */
const ICONS: Readonly<Record<string, [MessageKey, ReactNode]>> = {
  situation: ["nav.situation", <DashboardOutlined key="situation" />],
  signals: ["nav.signals", <BellOutlined key="signals" />],
  desk: ["nav.desk", <PhoneOutlined key="desk" />],
  directives: ["nav.directives", <SendOutlined key="directives" />],
  tasks: ["nav.tasks", <CheckSquareOutlined key="tasks" />],
  supervision: ["nav.supervision", <AuditOutlined key="supervision" />],
  levels: ["nav.levels", <RiseOutlined key="levels" />],
  plans: ["nav.plans", <ForkOutlined key="plans" />],
  registers: ["nav.registers", <TableOutlined key="registers" />],
  publications: ["nav.publications", <NotificationOutlined key="publications" />],
  articles: ["nav.articles", <ReadOutlined key="articles" />],
  comments: ["nav.comments", <CommentOutlined key="comments" />],
  administration: ["nav.administration", <SettingOutlined key="administration" />],
};

/** The parts of the console that the server opens to whoever is signed in, and no other. */
export function Nav() {
  const { t } = useI18n();
  const session = useSession();
  const open = useQuery({ ...openSignalsQuery, enabled: session.sections.includes("signals") }).data;
  const count = open?.items.length;
  return (
    <nav className="side" aria-label={t("nav.label")}>
      <ul>
        {session.sections.map((section) => {
          const [label, icon] = ICONS[section] ?? [];
          const to = sectionPaths[section];
          if (!label || !to) return null;
          return (
            <li key={section}>
              <NavLink to={to} className="side-link">
                <span aria-hidden>{icon}</span> {t(label)}
                {section === "signals" && !!count && (
                  <Badge
                    className="side-count"
                    count={open?.next_cursor ? `${count}+` : count}
                    title={t("nav.open_signals", { n: count })}
                    size="small"
                  />
                )}
              </NavLink>
            </li>
          );
        })}
      </ul>
      <a className="side-link portal" href={paths.portal} target="_blank" rel="noreferrer">
        <span aria-hidden>
          <GlobalOutlined />
        </span>{" "}
        {t("nav.portal")}
      </a>
    </nav>
  );
}
