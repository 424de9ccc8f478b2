import { Tag } from "antd";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";

export const STATUSES = ["draft", "in_review", "scheduled", "published", "withdrawn"] as const;

const TONE: Record<string, string> = {
  draft: "default",
  in_review: "gold",
  scheduled: "blue",
  published: "green",
  withdrawn: "red",
};

export function ArticleStatus({ status }: { status: string }) {
  const { t } = useI18n();
  const key = messageKey(`portal.status.${status}`);
  return <Tag color={TONE[status]}>{key ? t(key) : status}</Tag>;
}
