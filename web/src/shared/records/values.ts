import { useQuery } from "@tanstack/react-query";
import type { Data, Field } from "../../api/types";
import { diseasesQuery } from "../catalog";
import { useI18n } from "../i18n/i18n";

/** How values of fields are written for the reader. */
export function useValueText(): (field: Field, value: unknown) => string {
  const { t, text, format } = useI18n();
  const diseases = useQuery(diseasesQuery).data?.items;
  const one = (field: Field, value: unknown): string => {
    if (value == null || value === "") return "–";
    if (typeof value === "boolean") return value ? t("common.yes") : t("common.no");
    const choice = field.choices.find((c) => c.id === value);
    if (choice) return text(choice.label);
    if (field.role === "disease") return text(diseases?.find((d) => d.id === value)?.label) || String(value);
    if (field.type === "date" && typeof value === "string") return format.date(value);
    if (field.type === "datetime" && typeof value === "string") return format.instant(value);
    // Numbers of a record are shown as they were entered: an identifier or a year must not gain separators.
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  return (field, value) =>
    Array.isArray(value)
      ? value.map((v) => one(field, v)).join(t("common.list_separator"))
      : one(field, value);
}

/** Fields whose values differ between two versions of the data. */
export function changedFields(before: Data, after: Data): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter(
    (name) => JSON.stringify(before[name] ?? null) !== JSON.stringify(after[name] ?? null),
  );
}
