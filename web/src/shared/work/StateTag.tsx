import { ClockCircleOutlined, ExclamationCircleOutlined } from "@ant-design/icons";
import { Tag } from "antd";
import type { Work } from "../../api/types";
import { useI18n } from "../i18n/i18n";

/** State of a piece of work; lateness is said in words and by a sign, never by colour alone. */
export function StateTag({ work }: { work: Work }) {
  const { t, text } = useI18n();
  return (
    <>
      <Tag
        icon={work.is_open ? <ClockCircleOutlined /> : undefined}
        color={work.is_open ? "blue" : "default"}
      >
        {text(work.state_label)}
      </Tag>
      {work.late && (
        <Tag icon={<ExclamationCircleOutlined />} color="red">
          {work.levels_up ? t("tasks.late_up", { n: work.levels_up }) : t("tasks.late")}
        </Tag>
      )}
      {work.drill && <Tag>{t("tasks.drill")}</Tag>}
    </>
  );
}
