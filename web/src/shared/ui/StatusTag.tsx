import { BellFilled, CheckCircleOutlined, MinusCircleOutlined } from "@ant-design/icons";
import { Tag } from "antd";
import { messageKey, useI18n } from "../i18n/i18n";

const LOOK: Record<string, { color: string; icon: React.ReactNode }> = {
  open: { color: "gold", icon: <BellFilled /> },
  alarm: { color: "red", icon: <CheckCircleOutlined /> },
  dismissed: { color: "default", icon: <MinusCircleOutlined /> },
};

/** Status of a signal: word, icon and colour. */
export function SignalStatusTag({ status }: { status: string }) {
  const { t } = useI18n();
  const key = messageKey(`signals.status.${status}`);
  const look = LOOK[status];
  return (
    <Tag color={look?.color} icon={look?.icon}>
      {key ? t(key) : status}
    </Tag>
  );
}
