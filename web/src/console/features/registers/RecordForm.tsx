import { Theme } from "@rjsf/antd";
import { withTheme, type FormProps } from "@rjsf/core";
import type { ErrorSchema, RJSFSchema, UiSchema, WidgetProps } from "@rjsf/utils";
import { useQuery } from "@tanstack/react-query";
import { Button, Select, Space } from "antd";
import { useMemo, useState, type ReactNode } from "react";
import { asProblem } from "../../../api/problem";
import type { Data, Issue, Register } from "../../../api/types";
import { diseasesQuery } from "../../../shared/catalog";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { DateField } from "../../../shared/ui/DateField";
import { InstantField } from "../../../shared/ui/InstantField";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { serverDecides } from "./serverDecides";
import { visibleFields } from "./visibleFields";

const ThemedForm = withTheme<Data>(Theme);

function DiseaseWidget({ id, value, onChange, label, disabled }: WidgetProps) {
  const { text } = useI18n();
  const diseases = useQuery(diseasesQuery).data?.items ?? [];
  return (
    <Select
      id={id}
      aria-label={label}
      value={(value as string) || undefined}
      onChange={(id) => onChange(id)}
      disabled={disabled}
      options={diseases.map((d) => ({ value: d.id, label: text(d.label) }))}
    />
  );
}

const widgets = {
  disease: DiseaseWidget,
  region: ({ id, value, onChange, label, disabled }: WidgetProps) => (
    <RegionSelect id={id} ariaLabel={label} value={value as string} onChange={onChange} disabled={disabled} />
  ),
  // The form's own widget for instants would show them in the zone of the browser.
  DateTimeWidget: ({ id, value, onChange, label, disabled }: WidgetProps) => (
    <InstantField
      id={id}
      ariaLabel={label}
      value={value as string}
      onChange={(iso) => onChange(iso)}
      disabled={disabled}
    />
  ),
  date: ({ id, value, onChange, label, disabled }: WidgetProps) => (
    <DateField
      id={id}
      ariaLabel={label}
      value={value as string}
      onChange={onChange}
      disabled={disabled}
      placeholder=""
    />
  ),
};

interface Props {
  register: Register;
  initial: Data;
  /** Fields that the reader may not see, and therefore not change. */
  locked?: string[];
  error: unknown;
  busy: boolean;
  onChange?: (data: Data) => void;
  onSubmit: (data: Data) => void;
  children?: ReactNode;
}

/** The form that a register declares. The server judges the values; what it finds stands at the fields. */
export function RecordForm({
  register,
  initial,
  locked = [],
  error,
  busy,
  onChange,
  onSubmit,
  children,
}: Props) {
  const { t, lang } = useI18n();
  const { today } = useSession();
  const [data, setData] = useState(initial);
  const visible = useMemo(() => visibleFields(register.fields, data, today), [register.fields, data, today]);

  const schema = useMemo<RJSFSchema>(() => {
    const whole = register.json_schema[lang] as RJSFSchema;
    const properties = Object.fromEntries(
      Object.entries(whole.properties ?? {}).filter(([id]) => visible.has(id) && !locked.includes(id)),
    );
    const required = whole.required?.filter((id) => id in properties);
    // The page has its own heading.
    return { ...whole, title: undefined, properties, required };
  }, [register.json_schema, lang, visible, locked]);

  const uiSchema = useMemo<UiSchema<Data>>(() => {
    const order = (register.ui_schema["ui:order"] as string[] | undefined)?.filter(
      (id) => schema.properties?.[id],
    );
    const diseases = register.fields.filter((field) => field.role === "disease");
    const chosen = Object.fromEntries(diseases.map(({ id }) => [id, { "ui:widget": "disease" }]));
    return {
      ...register.ui_schema,
      ...chosen,
      "ui:order": order,
      "ui:submitButtonOptions": { norender: true },
    };
  }, [register.ui_schema, register.fields, schema]);

  const problem = error ? asProblem(error) : null;
  const byField = useMemo(() => errorSchema(problem?.issues ?? [], lang), [problem?.issues, lang]);
  const form: FormProps<Data> = {
    schema,
    uiSchema,
    validator: serverDecides,
    widgets,
    formData: data,
    extraErrors: byField,
    // Nothing stands in a field that nobody put there: the first choice of a list is no answer.
    experimental_defaultFormStateBehavior: {
      constAsDefaults: "never",
      emptyObjectFields: "skipDefaults",
      requiredBooleanDefault: "skip",
    },
    noHtml5Validate: true,
    showErrorList: false,
    disabled: busy,
    formContext: { colSpan: 12, labelAlign: "left", rowGutter: 20 },
    onChange: (event) => {
      const next = event.formData ?? {};
      setData(next);
      onChange?.(next);
    },
    onSubmit: (event) => onSubmit(event.formData ?? {}),
  };
  return (
    <ThemedForm {...form}>
      <div className="form-foot">
        {children}
        <ProblemAlert error={error} />
        <Space>
          <Button type="primary" htmlType="submit" loading={busy}>
            {t("common.save")}
          </Button>
          <Button onClick={() => history.back()}>{t("common.cancel")}</Button>
        </Space>
      </div>
    </ThemedForm>
  );
}

/** Findings of the server as RJSF wants them. */
function errorSchema(issues: Issue[], lang: "zh" | "en"): ErrorSchema<Data> {
  const errors: Record<string, { __errors: string[] }> = {};
  for (const issue of issues) {
    if (!issue.field) continue;
    const entry = (errors[issue.field] ??= { __errors: [] });
    entry.__errors.push(`${lang === "zh" ? issue.message_zh : issue.message_en} (${issue.code})`);
  }
  return errors as ErrorSchema<Data>;
}
