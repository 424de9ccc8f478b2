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
import { Badge, Tooltip } from "antd";
import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { openSignalsQuery } from "../shared/openSignals";
import { useI18n } from "../shared/i18n/i18n";
import { useSession } from "../shared/session";
import { paths } from "./paths";

interface Item {
  to: string;
  label: string;
  icon: ReactNode;
  /** Action that the page needs; without it the entry stays visible and says why it is closed. */
  action: string;
  count?: number;
  more?: boolean;
}

export function Nav() {
  const { t } = useI18n();
  const session = useSession();
  const may = (action: string) => session.actions.includes(action);
  const open = useQuery({ ...openSignalsQuery, enabled: may("signal.read") }).data;
  const items: Item[] = [
    { to: "/situation", label: t("nav.situation"), icon: <DashboardOutlined />, action: "situation.read" },
    {
      to: "/signals",
      label: t("nav.signals"),
      icon: <BellOutlined />,
      action: "signal.read",
      count: open?.items.length,
      more: !!open?.next_cursor,
    },
    { to: "/desk", label: t("nav.desk"), icon: <PhoneOutlined />, action: "record.read" },
    { to: "/directives", label: t("nav.directives"), icon: <SendOutlined />, action: "record.read" },
    { to: "/tasks", label: t("nav.tasks"), icon: <CheckSquareOutlined />, action: "record.read" },
    { to: "/supervision", label: t("nav.supervision"), icon: <AuditOutlined />, action: "situation.read" },
    { to: "/levels", label: t("nav.levels"), icon: <RiseOutlined />, action: "situation.read" },
    { to: "/plans", label: t("nav.plans"), icon: <ForkOutlined />, action: "situation.read" },
    { to: paths.registers, label: t("nav.registers"), icon: <TableOutlined />, action: "record.read" },
    {
      to: paths.publications,
      label: t("nav.publications"),
      icon: <NotificationOutlined />,
      action: "publication.draft",
    },
    {
      to: paths.articles(),
      label: t("nav.articles"),
      icon: <ReadOutlined />,
      action: "article.write",
    },
    {
      to: paths.comments,
      label: t("nav.comments"),
      icon: <CommentOutlined />,
      action: "publication.publish",
    },
    {
      to: paths.administration,
      label: t("nav.administration"),
      icon: <SettingOutlined />,
      // Everyone may keep tokens of their own.
      action: "",
    },
  ];
  return (
    <nav className="side" aria-label={t("nav.label")}>
      <ul>
        {items.map((item) => (
          <li key={item.to}>
            {item.action && !may(item.action) ? (
              <Tooltip title={t("nav.closed")} placement="right">
                <span className="side-link closed" role="link" aria-disabled="true" tabIndex={0}>
                  <span aria-hidden>{item.icon}</span> {item.label}
                </span>
              </Tooltip>
            ) : (
              <NavLink to={item.to} className="side-link">
                <span aria-hidden>{item.icon}</span> {item.label}
                {!!item.count && (
                  <Badge
                    className="side-count"
                    count={item.more ? `${item.count}+` : item.count}
                    title={t("nav.open_signals", { n: item.count })}
                    size="small"
                  />
                )}
              </NavLink>
            )}
          </li>
        ))}
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
