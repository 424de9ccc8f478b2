import { EnvironmentOutlined } from "@ant-design/icons";
import { Breadcrumb, Select } from "antd";
import type { Disease, Measure, Situation } from "../../../../api/types";
import { useI18n } from "../../../../shared/i18n/i18n";
import { RegionSelect } from "../../../../shared/ui/RegionSelect";
import type { View } from "../queries";

interface Props {
  view: View;
  situation: Situation | undefined;
  diseases: Disease[];
  measures: Measure[];
  onChange: (patch: Partial<Record<keyof View, string | undefined>>) => void;
}

/** Where, which disease, what is counted. */
export function ViewBar({ view, situation, diseases, measures, onChange }: Props) {
  const { t, text } = useI18n();
  const here = situation?.region;
  const trail = [...(situation?.ancestors ?? []), ...(here ? [here] : [])];
  return (
    <div className="view-bar card">
      <nav aria-label={t("situation.region_trail")} className="view-trail">
        <EnvironmentOutlined aria-hidden />
        <Breadcrumb
          items={trail.map((region, i) => ({
            key: region.code,
            title:
              i === trail.length - 1 ? (
                <strong aria-current="page">{region.name}</strong>
              ) : (
                <button type="button" className="link" onClick={() => onChange({ region: region.code })}>
                  {region.name}
                </button>
              ),
          }))}
        />
      </nav>
      <RegionSelect
        ariaLabel={t("situation.go_to_region")}
        placeholder={t("situation.go_to_region")}
        onChange={(region) => region && onChange({ region })}
        width={170}
      />
      <span className="spacer" />
      <label>
        <span>{t("situation.disease")}</span>
        <Select
          aria-label={t("situation.disease")}
          value={view.disease || undefined}
          onChange={(disease: string) => onChange({ disease, measure: undefined, as_of: undefined })}
          options={diseases.map((d) => ({ value: d.id, label: text(d.label) }))}
          style={{ minWidth: 150 }}
          popupMatchSelectWidth={false}
        />
      </label>
      <label>
        <span>{t("situation.measure")}</span>
        <Select
          aria-label={t("situation.measure")}
          value={view.measure || undefined}
          onChange={(measure: string) => onChange({ measure })}
          options={measures.map((m) => ({ value: m.id, label: text(m.label) }))}
          style={{ minWidth: 190 }}
          popupMatchSelectWidth={false}
        />
      </label>
    </div>
  );
}
