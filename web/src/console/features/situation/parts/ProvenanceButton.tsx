import { InfoCircleOutlined } from "@ant-design/icons";
import { Button, Popover } from "antd";
import type { Situation } from "../../../../api/types";
import { useI18n } from "../../../../shared/i18n/i18n";

/** Where the numbers come from: methods with version, digest of the input, sources. */
export function ProvenanceButton({ situation }: { situation: Situation }) {
  const { t, format } = useI18n();
  const { provenance } = situation;
  const methods = Object.entries(provenance.method_versions);
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      title={t("provenance.title")}
      content={
        <dl className="provenance">
          <dt>{t("provenance.as_of")}</dt>
          <dd>{format.date(situation.as_of)}</dd>
          <dt>{t("provenance.methods")}</dt>
          <dd>{methods.length > 0 ? methods.map(([id, version]) => `${id} v${version}`).join(", ") : "–"}</dd>
          <dt>{t("provenance.digest")}</dt>
          <dd>
            <code title={provenance.input_digest}>{format.digest(provenance.input_digest)}</code>
          </dd>
          <dt>{t("provenance.sources")}</dt>
          <dd>
            <ul>
              {provenance.sources.map((source) => (
                <li key={source}>{source}</li>
              ))}
            </ul>
          </dd>
        </dl>
      }
    >
      <Button type="text" size="small" icon={<InfoCircleOutlined />}>
        {t("provenance.button")}
      </Button>
    </Popover>
  );
}
