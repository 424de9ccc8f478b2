import { Button, Modal, Tag } from "antd";
import { Link } from "react-router";
import type { Duplicates } from "../../../api/types";
import { messages, type MessageKey } from "../../../shared/i18n/messages";
import { useI18n } from "../../../shared/i18n/i18n";
import { paths } from "../../paths";
import type { Whose } from "./queries";

interface Props {
  found: Duplicates;
  onCancel: () => void;
  onDecide: (whose: Whose) => void;
}

/** Who may be the person that is being entered; nothing is saved before somebody has decided. */
export function DuplicatesDialog({ found, onCancel, onDecide }: Props) {
  const { t, format } = useI18n();
  const reason = (id: string) => {
    const key = `persons.reason.${id}`;
    return key in messages ? t(key as MessageKey) : id;
  };
  return (
    <Modal
      open
      title={t("persons.entered_before")}
      onCancel={onCancel}
      footer={[
        <Button key="cancel" onClick={onCancel}>
          {t("common.cancel")}
        </Button>,
        <Button key="another" type="primary" onClick={() => onDecide({ another_person: true })}>
          {t("persons.another")}
        </Button>,
      ]}
    >
      <p>{t("persons.decide")}</p>
      <ul className="changes">
        {found.items.map((item) => (
          <li key={item.person}>
            <Link to={paths.record(item.register, item.record)} target="_blank">
              {item.name ?? item.title} {item.title !== item.name && item.title}
            </Link>{" "}
            · {item.region.name} {item.event_date && `· ${format.date(item.event_date)}`} ·{" "}
            {t("persons.score", { n: item.score })}{" "}
            {item.reasons.map((id) => (
              <Tag key={id}>{reason(id)}</Tag>
            ))}
            <Button size="small" onClick={() => onDecide({ person: item.person })}>
              {t("persons.same")}
            </Button>
          </li>
        ))}
      </ul>
      {found.elsewhere > 0 && <p>{t("persons.elsewhere", { n: found.elsewhere })}</p>}
    </Modal>
  );
}
