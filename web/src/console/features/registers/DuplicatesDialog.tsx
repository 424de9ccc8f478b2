import { Button, Modal } from "antd";
import type { Duplicates } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { paths } from "../../paths";
import { DuplicateItem, Elsewhere } from "./DuplicateItem";
import type { Whose } from "./queries";

interface Props {
  found: Duplicates;
  onCancel: () => void;
  onDecide: (whose: Whose) => void;
}

/** Who may be the person that is being entered; nothing is saved before somebody has decided. */
export function DuplicatesDialog({ found, onCancel, onDecide }: Props) {
  const { t } = useI18n();
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
          <DuplicateItem key={item.person} item={item} to={paths.record(item.register, item.record)}>
            <Button size="small" onClick={() => onDecide({ person: item.person })}>
              {t("persons.same")}
            </Button>
          </DuplicateItem>
        ))}
      </ul>
      <Elsewhere n={found.elsewhere} />
    </Modal>
  );
}
