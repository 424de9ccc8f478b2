import { InboxOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Form, Select, Space, Steps, Upload } from "antd";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { keys } from "../../../api/keys";
import { diseasesQuery } from "../../../shared/catalog";
import { useI18n } from "../../../shared/i18n/i18n";
import { DateField } from "../../../shared/ui/DateField";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { paths } from "../../paths";
import { ImportHistory } from "./ImportHistory";
import { ImportReportView } from "./ImportReportView";
import { importFile, registerQuery, type ImportOptions } from "./queries";

/** File, dry run, import: nothing is stored before the report of the dry run has been seen. */
export function ImportPage() {
  const { t, text } = useI18n();
  const { register: id = "" } = useParams();
  const client = useQueryClient();
  const register = useQuery(registerQuery(id));
  const [file, setFile] = useState<File | null>(null);
  const [options, setOptions] = useState<ImportOptions>({});

  const dryRun = useMutation({ mutationFn: (chosen: File) => importFile(id, chosen, options, true) });
  const store = useMutation({
    mutationFn: (chosen: File) => importFile(id, chosen, options, false),
    onSuccess: async () => {
      await Promise.all(
        [keys.records, keys.registers, keys.imports, keys.situation, keys.timeline].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      );
    },
  });
  const forget = () => {
    dryRun.reset();
    store.reset();
  };
  const change = (patch: Partial<ImportOptions>) => {
    // Another reading of the file is another report.
    forget();
    setOptions({ ...options, ...patch });
  };
  const closed = register.data && !register.data.actions.includes("record.import") && t("common.not_allowed");
  const checked = dryRun.data;
  const step = store.data ? 2 : checked ? 1 : 0;
  return (
    <>
      <PageHeader
        title={t("import.title", { register: text(register.data?.title) || id })}
        trail={
          <>
            <Link to={paths.registers}>{t("registers.title")}</Link> /{" "}
            <Link to={paths.register(id)}>{text(register.data?.title) || id}</Link>
          </>
        }
        note={t("import.note")}
      />
      <ProblemAlert error={register.error} />
      <section className="card import-steps" aria-label={t("import.steps")}>
        <Steps
          size="small"
          current={step}
          items={[
            { title: t("import.step_file") },
            { title: t("import.step_check") },
            { title: t("import.step_done") },
          ]}
        />
      </section>
      {!store.data && (
        <section className="card" aria-labelledby="import-file">
          <div className="card-head">
            <h2 id="import-file">{t("import.step_file")}</h2>
          </div>
          <div className="card-body import-file">
            <Upload.Dragger
              accept=".csv,.tsv,.txt,.xlsx,.xls,.ods,.gz"
              maxCount={1}
              disabled={!!closed}
              beforeUpload={(chosen) => {
                forget();
                setFile(chosen);
                // The console sends the file itself, twice: for the dry run and for the import.
                return false;
              }}
              onRemove={() => {
                forget();
                setFile(null);
              }}
              fileList={file ? [{ uid: "file", name: file.name, status: "done" }] : []}
            >
              <p className="import-icon" aria-hidden>
                <InboxOutlined />
              </p>
              <p>{t("import.drop")}</p>
              <p className="muted">{t("import.formats")}</p>
            </Upload.Dragger>
            <ImportOptionsForm options={options} onChange={change} />
          </div>
          <div className="card-foot">
            <ReasonedButton
              type={checked ? "default" : "primary"}
              disabledReason={closed || (!file && t("import.no_file"))}
              loading={dryRun.isPending}
              onClick={() => file && dryRun.mutate(file)}
            >
              {t("import.check")}
            </ReasonedButton>
          </div>
        </section>
      )}
      <ProblemAlert error={dryRun.error} />
      {checked && !store.data && (
        <>
          <ImportReportView report={checked} heading={t("import.report_dry")} />
          <ProblemAlert error={store.error} />
          <div className="import-confirm">
            <Space>
              <ReasonedButton
                type="primary"
                size="large"
                disabledReason={
                  (checked.refusal && t("import.blocked_refusal")) ||
                  (checked.accepted === 0 && t("import.blocked_empty"))
                }
                loading={store.isPending}
                onClick={() => file && store.mutate(file)}
              >
                {t("import.confirm", { n: checked.accepted })}
              </ReasonedButton>
              <Button
                size="large"
                onClick={() => {
                  forget();
                  setFile(null);
                }}
              >
                {t("common.cancel")}
              </Button>
            </Space>
          </div>
        </>
      )}
      {store.data && (
        <>
          <Alert
            type="success"
            showIcon
            role="status"
            title={t("import.done", {
              created: store.data.created,
              changed: store.data.changed,
              unchanged: store.data.unchanged,
            })}
            action={
              <Space>
                <Link to={paths.register(id)}>{t("import.see_records")}</Link>
                <Link to={paths.situation(options.disease ? { disease: options.disease } : {})}>
                  {t("import.see_situation")}
                </Link>
              </Space>
            }
          />
          <ImportReportView report={store.data} heading={t("import.report_done")} />
          <div className="import-confirm">
            <Button
              onClick={() => {
                forget();
                setFile(null);
              }}
            >
              {t("import.another")}
            </Button>
          </div>
        </>
      )}
      <ImportHistory register={id} />
    </>
  );
}

const LAYOUTS = ["line_list", "long", "wide"] as const;
const DATE_ORDERS = ["ymd", "dmy", "mdy"] as const;

function ImportOptionsForm({
  options,
  onChange,
}: {
  options: ImportOptions;
  onChange: (patch: Partial<ImportOptions>) => void;
}) {
  const { t, text } = useI18n();
  const diseases = useQuery(diseasesQuery).data?.items ?? [];
  return (
    <Form layout="vertical" className="import-options" component="div" size="small">
      <Form.Item label={t("import.disease")} htmlFor="import-disease">
        <Select
          id="import-disease"
          allowClear
          placeholder={t("import.from_file")}
          value={options.disease}
          onChange={(disease?: string) => onChange({ disease })}
          options={diseases.map((d) => ({ value: d.id, label: text(d.label) }))}
        />
      </Form.Item>
      <Form.Item label={t("import.region")} htmlFor="import-region">
        <RegionSelect
          id="import-region"
          ariaLabel={t("import.region")}
          placeholder={t("import.from_file")}
          value={options.region}
          onChange={(region) => onChange({ region })}
        />
      </Form.Item>
      <Form.Item label={t("import.date_order")} htmlFor="import-date-order">
        <Select
          id="import-date-order"
          allowClear
          placeholder={t("import.detected")}
          value={options.date_order}
          onChange={(date_order?: string) => onChange({ date_order })}
          options={DATE_ORDERS.map((value) => ({ value, label: t(`import.date_order.${value}`) }))}
        />
      </Form.Item>
      <Form.Item label={t("import.layout")} htmlFor="import-layout">
        <Select
          id="import-layout"
          allowClear
          placeholder={t("import.detected")}
          value={options.layout}
          onChange={(layout?: string) => onChange({ layout })}
          options={LAYOUTS.map((value) => ({ value, label: t(`import.layout.${value}`) }))}
        />
      </Form.Item>
      <Form.Item label={t("import.known_on")} htmlFor="import-known-on">
        <DateField
          id="import-known-on"
          placeholder={t("import.known_now")}
          value={options.known_on}
          onChange={(known_on) => onChange({ known_on })}
        />
      </Form.Item>
    </Form>
  );
}
