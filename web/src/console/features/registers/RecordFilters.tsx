import { ClearOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, DatePicker, Input, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useSearchParams } from "react-router";
import type { Register } from "../../../api/types";
import { diseasesQuery } from "../../../shared/catalog";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useUrlState } from "../../../shared/urlState";

const ISO = "YYYY-MM-DD";

/** Filters that every register has, and one for each of its fields with choices. */
export function RecordFilters({ register }: { register: Register }) {
  const { t, text } = useI18n();
  const url = useUrlState();
  const [params, setParams] = useSearchParams();
  const session = useSession();
  const diseases = useQuery(diseasesQuery).data?.items ?? [];
  const date = (name: string): Dayjs | null => (url.get(name) ? dayjs(url.get(name)) : null);
  const choiceFields = register.fields.filter(
    (field) => field.type === "choice" && register.columns.includes(field.id),
  );
  return (
    <div className="filters" role="search" aria-label={t("registers.filters")}>
      <Input.Search
        key={url.get("q") ?? ""}
        aria-label={t("registers.search")}
        placeholder={t("registers.search_placeholder")}
        defaultValue={url.get("q")}
        allowClear
        onSearch={(q) => url.set({ q: q.trim() })}
        style={{ width: 210 }}
      />
      <RegionSelect
        ariaLabel={t("registers.region")}
        value={url.get("region")}
        onChange={(region) => url.set({ region })}
        width={190}
      />
      <Select
        aria-label={t("situation.disease")}
        placeholder={t("situation.disease")}
        allowClear
        value={url.get("disease")}
        onChange={(disease?: string) => url.set({ disease })}
        options={diseases.map((d) => ({ value: d.id, label: text(d.label) }))}
        style={{ width: 150 }}
      />
      <DatePicker.RangePicker
        aria-label={t("registers.period")}
        value={[date("from"), date("to")]}
        allowEmpty={[true, true]}
        placeholder={[t("registers.from"), t("registers.to")]}
        onChange={(range) => url.set({ from: range?.[0]?.format(ISO), to: range?.[1]?.format(ISO) })}
        style={{ width: 240 }}
      />
      {choiceFields.map((field) => (
        <Select
          key={field.id}
          aria-label={text(field.label)}
          placeholder={text(field.label)}
          allowClear
          value={url.get(`f.${field.id}`)}
          onChange={(value?: string) => url.set({ [`f.${field.id}`]: value })}
          options={field.choices.map((choice) => ({ value: choice.id, label: text(choice.label) }))}
          style={{ minWidth: 120 }}
          popupMatchSelectWidth={false}
        />
      ))}
      <DatePicker
        aria-label={t("registers.as_of")}
        placeholder={t("registers.as_of")}
        value={date("as_of")}
        maxDate={dayjs(session.today)}
        onChange={(day: Dayjs | null) => url.set({ as_of: day?.format(ISO) })}
        style={{ width: 140 }}
      />
      {params.size > 0 && (
        <Button type="link" icon={<ClearOutlined />} onClick={() => setParams({})}>
          {t("registers.clear")}
        </Button>
      )}
    </div>
  );
}
