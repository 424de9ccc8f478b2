import { Tag } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Duplicate } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { messages, type MessageKey } from "../../../shared/i18n/messages";

interface Props {
  item: Duplicate;
  to: string;
  /** What can be done with it. */
  children?: ReactNode;
}

/** Somebody who may be the same person, with how alike and why. */
export function DuplicateItem({ item, to, children }: Props) {
  const { t, format } = useI18n();
  const reason = (id: string) => {
    const key = `persons.reason.${id}`;
    return key in messages ? t(key as MessageKey) : id;
  };
  return (
    <li>
      <Link to={to} target="_blank">
        {item.name ?? item.title} {item.title !== item.name && item.title}
      </Link>{" "}
      · {item.region.name} {item.event_date && `· ${format.date(item.event_date)}`} ·{" "}
      {t("persons.score", { n: item.score })}{" "}
      {item.reasons.map((id) => (
        <Tag key={id}>{reason(id)}</Tag>
      ))}
      {children}
    </li>
  );
}

/** How many more there are where the reader may not see persons. */
export function Elsewhere({ n }: { n: number }) {
  const { t } = useI18n();
  return n > 0 && <p>{t("persons.elsewhere", { n })}</p>;
}
