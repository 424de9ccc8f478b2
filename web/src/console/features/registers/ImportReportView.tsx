import { Alert, Descriptions, Table, Tag } from "antd";
import type { ImportReport, Issue } from "../../../api/types";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";

const PAGE = 10;

/** What the server read in the file, row by row accounted for. */
export function ImportReportView({ report, heading }: { report: ImportReport; heading: string }) {
  const { t, lang, format } = useI18n();
  const { file } = report;
  const layout = messageKey(`import.layout.${report.layout}`);
  const sentence = (issue: { message_en: string; message_zh: string }) =>
    lang === "zh" ? issue.message_zh : issue.message_en;
  return (
    <section className="card" aria-labelledby="report-heading">
      <div className="card-head">
        <h2 id="report-heading">{heading}</h2>
      </div>
      <div className="card-body import-report">
        {report.refusal && (
          <Alert
            type="error"
            showIcon
            role="alert"
            title={t("import.refused_file")}
            description={`${sentence(report.refusal)} (${report.refusal.code})`}
          />
        )}
        <div className="key-figures compact" role="group" aria-label={t("import.counts")}>
          <Count label={t("import.rows_read")} n={report.rows_read} />
          <Count label={t("import.accepted")} n={report.accepted} />
          <Count label={t("import.refused")} n={report.refused} bad={report.refused > 0} />
          <Count label={t("import.created")} n={report.created} />
          <Count label={t("import.changed")} n={report.changed} />
          <Count label={t("import.unchanged")} n={report.unchanged} />
          <Count label={t("import.warnings")} n={report.warnings} />
        </div>
        <Descriptions
          size="small"
          column={{ xs: 1, md: 3 }}
          title={t("import.file")}
          items={[
            { key: "name", label: t("import.file_name"), children: file.name },
            { key: "format", label: t("import.format"), children: file.format },
            { key: "encoding", label: t("import.encoding"), children: file.encoding ?? "–" },
            {
              key: "delimiter",
              label: t("import.delimiter"),
              children: <Delimiter value={file.delimiter} />,
            },
            { key: "layout", label: t("import.layout"), children: layout ? t(layout) : report.layout },
            { key: "size", label: t("import.size"), children: format.bytes(file.bytes) },
            ...(file.sheet ? [{ key: "sheet", label: t("import.sheet"), children: file.sheet }] : []),
            ...(file.compression
              ? [{ key: "gz", label: t("import.compression"), children: file.compression }]
              : []),
          ]}
        />
        <h3 id="columns-heading">{t("import.columns")}</h3>
        <Table
          size="small"
          rowKey="column"
          aria-labelledby="columns-heading"
          dataSource={report.columns}
          pagination={report.columns.length > 20 ? { pageSize: 20, size: "small" } : false}
          columns={[
            { title: t("import.column"), dataIndex: "column", render: (name: string) => <code>{name}</code> },
            {
              title: t("import.field"),
              dataIndex: "field",
              render: (field: string | null) =>
                field ? <code>{field}</code> : <Tag>{t("import.not_used")}</Tag>,
            },
            { title: t("import.how"), dataIndex: "how", render: (how: string) => <How how={how} /> },
            {
              title: t("import.date_format"),
              dataIndex: "date_format",
              render: (f: string | null) => f ?? "",
            },
          ]}
        />
        {report.issue_counts.length > 0 && (
          <>
            <h3 id="issues-heading">{t("import.issues")}</h3>
            <ul className="issue-counts">
              {report.issue_counts.map((count) => (
                <li key={count.code}>
                  <IssueTag code={count.code} severity={count.severity} /> {format.count(count.count)} ×{" "}
                  {sentence(count)}
                </li>
              ))}
            </ul>
            <Table<Issue>
              size="small"
              rowKey={(issue) => `${issue.row}-${issue.column}-${issue.code}`}
              aria-labelledby="issues-heading"
              dataSource={report.issues}
              pagination={
                report.issues.length > PAGE
                  ? { pageSize: PAGE, size: "small", showSizeChanger: false }
                  : false
              }
              columns={[
                { title: t("import.row"), dataIndex: "row", align: "right", width: 80, render: format.count },
                { title: t("import.column"), dataIndex: "column" },
                {
                  title: t("import.value"),
                  dataIndex: "value",
                  render: (v: string | null) => v && <code>{v}</code>,
                },
                {
                  title: t("import.issue"),
                  render: (_, issue) => (
                    <>
                      <IssueTag code={issue.code} severity={issue.severity} /> {sentence(issue)}
                    </>
                  ),
                },
              ]}
            />
          </>
        )}
      </div>
    </section>
  );
}

function Count({ label, n, bad }: { label: string; n: number; bad?: boolean }) {
  const { format } = useI18n();
  return (
    <div className={bad ? "key-figure worse" : "key-figure"} role="group" aria-label={label}>
      <div className="key-label">{label}</div>
      <div className="key-value">{format.count(n)}</div>
    </div>
  );
}

function Delimiter({ value }: { value: string | null | undefined }) {
  const { t } = useI18n();
  if (!value) return "–";
  return value === "\t" ? t("import.tab") : <code>{value}</code>;
}

function How({ how }: { how: string }) {
  const { t } = useI18n();
  const key = messageKey(`import.how.${how}`);
  return key ? t(key) : how;
}

function IssueTag({ code, severity }: { code: string; severity: string }) {
  const { t } = useI18n();
  const error = severity === "error";
  return (
    <Tag color={error ? "red" : "gold"} title={error ? t("import.error") : t("import.warning")}>
      {error ? "✕" : "!"} {code}
    </Tag>
  );
}
