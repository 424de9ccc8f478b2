import { Spin } from "antd";
import { useI18n } from "../shared/i18n/i18n";

export function Opening() {
  const { t } = useI18n();
  return (
    <div className="opening" role="status" aria-label={t("common.loading")}>
      <Spin size="large" />
    </div>
  );
}
