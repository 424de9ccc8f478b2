import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useDeferredValue, useState } from "react";
import { regionQuery, regionSearchQuery } from "../catalog";
import { useI18n } from "../i18n/i18n";

interface Props {
  id?: string;
  value?: string;
  onChange: (code: string | undefined) => void;
  ariaLabel: string;
  disabled?: boolean;
  allowClear?: boolean;
  placeholder?: string;
  width?: number | string;
}

/** Finds a region by name or code; the path tells apart places of the same name. */
export function RegionSelect({
  id,
  value,
  onChange,
  ariaLabel,
  disabled,
  allowClear = true,
  placeholder,
  width,
}: Props) {
  const { t } = useI18n();
  const [typed, setTyped] = useState("");
  const q = useDeferredValue(typed);
  const found = useQuery({ ...regionSearchQuery(q), placeholderData: (old) => old });
  const chosen = useQuery({ ...regionQuery(value ?? ""), enabled: !!value }).data;

  const options = (found.data?.items ?? []).map((region) => ({
    value: region.code,
    label: region.name,
    path: region.ancestors.map((a) => a.name).join(" / "),
  }));
  if (chosen && !options.some((o) => o.value === chosen.code)) {
    const path = chosen.ancestors.map((a) => a.name).join(" / ");
    options.unshift({ value: chosen.code, label: chosen.name, path });
  }
  return (
    <Select
      id={id}
      aria-label={ariaLabel}
      value={value || undefined}
      onChange={(code: string | undefined) => onChange(code)}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      allowClear={allowClear}
      disabled={disabled}
      loading={found.isFetching}
      placeholder={placeholder ?? t("common.region_placeholder")}
      options={options}
      optionRender={(option) => (
        <div className="region-option">
          <span>{option.data.label}</span>
          <small>{option.data.path || option.data.value}</small>
        </div>
      )}
      style={{ width: width ?? "100%", minWidth: 160 }}
      popupMatchSelectWidth={320}
    />
  );
}
