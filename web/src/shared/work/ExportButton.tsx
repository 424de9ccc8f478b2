import { DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Dropdown } from "antd";
import { useI18n } from "../i18n/i18n";
import { ReasonedButton } from "../ui/ReasonedButton";
import { exportUrl, workRegisterQuery } from "./queries";

/** Takes a register's records along as a table, if the roles allow it. */
export function ExportButton({ register: id, region }: { register: string; region?: string }) {
  const { t } = useI18n();
  const register = useQuery(workRegisterQuery(id)).data;
  if (!register?.actions.includes("record.export"))
    return (
      <ReasonedButton icon={<DownloadOutlined />} disabledReason={t("common.not_allowed")}>
        {t("registers.export")}
      </ReasonedButton>
    );
  const items = (["csv", "xlsx"] as const).map((format) => ({
    key: format,
    label: (
      <a href={exportUrl(id, format, region)} download>
        {format.toUpperCase()}
      </a>
    ),
  }));
  return (
    <Dropdown trigger={["click"]} menu={{ items }}>
      <Button icon={<DownloadOutlined />}>{t("registers.export")}</Button>
    </Dropdown>
  );
}
