import { Result } from "antd";
import { Link, useRouteError } from "react-router";
import { useI18n } from "../shared/i18n/i18n";
import { useDocumentTitle } from "../shared/ui/useDocumentTitle";
import { paths } from "./paths";

/** Shown for an address that leads nowhere and for a page that failed. */
export function LostPage() {
  const { t } = useI18n();
  const failed = useRouteError() !== undefined;
  const title = failed ? t("lost.failed") : t("lost.nowhere");
  useDocumentTitle(title);
  return (
    <Result
      status={failed ? "warning" : "404"}
      title={title}
      subTitle={failed ? t("lost.failed_note") : t("lost.nowhere_note")}
      extra={<Link to={paths.home}>{t("lost.home")}</Link>}
    />
  );
}
