import { DownloadOutlined, ImportOutlined, PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Dropdown, Table, Tag } from "antd";
import type { ColumnsType } from "antd/es/table";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import type { Register, RegisterRecord } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { DiagramButton } from "../../../shared/ui/DiagramButton";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { MoreButton } from "../../../shared/ui/MoreButton";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { paths } from "../../paths";
import { exportUrl, recordsQuery, registerQuery, type RecordFilter } from "./queries";
import { RecordFilters } from "./RecordFilters";
import { useValueText } from "../../../shared/records/values";

/** Records of any register: columns, filters and actions come from its schema. */
export function RecordsPage() {
  const { t, text, format, lang } = useI18n();
  const { register: id = "" } = useParams();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const filter: RecordFilter = Object.fromEntries(params);
  const register = useQuery(registerQuery(id));
  const list = useInfiniteQuery(recordsQuery(id, filter));
  const columns = useColumns(register.data);
  const records = list.data?.pages.flatMap((page) => page.items) ?? [];
  const total = list.data?.pages[0]?.total_estimate;
  const title = text(register.data?.title) || id;
  const may = (action: string) => register.data?.actions.includes(action);
  const closed = (action: string) => register.data && !may(action) && t("common.not_allowed");
  return (
    <>
      <PageHeader
        title={title}
        trail={<Link to={paths.registers}>{t("registers.title")}</Link>}
        note={
          filter.as_of && (
            <Tag color="orange">{t("replay.as_known_on", { date: format.date(filter.as_of) })}</Tag>
          )
        }
        actions={
          <>
            {!!register.data?.states.length && (
              <DiagramButton path={`/registers/${encodeURIComponent(id)}/diagram`} title={title} />
            )}
            {may("record.export") ? (
              <Dropdown
                trigger={["click"]}
                menu={{
                  items: (["csv", "xlsx"] as const).map((kind) => ({
                    key: kind,
                    label: (
                      <a href={exportUrl(id, kind, lang, filter)} download>
                        {kind.toUpperCase()}
                      </a>
                    ),
                  })),
                }}
              >
                <Button icon={<DownloadOutlined />}>{t("registers.export")}</Button>
              </Dropdown>
            ) : (
              <ReasonedButton icon={<DownloadOutlined />} disabledReason={t("common.not_allowed")}>
                {t("registers.export")}
              </ReasonedButton>
            )}
            <ReasonedButton
              icon={<ImportOutlined />}
              disabledReason={closed("record.import")}
              onClick={() => void navigate(paths.registerImport(id))}
            >
              {t("registers.import")}
            </ReasonedButton>
            <ReasonedButton
              type="primary"
              icon={<PlusOutlined />}
              disabledReason={closed("record.write")}
              onClick={() => void navigate(paths.recordNew(id))}
            >
              {t("registers.new")}
            </ReasonedButton>
          </>
        }
      />
      {register.data && <RecordFilters register={register.data} />}
      <ProblemAlert error={register.error ?? list.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={t("registers.list", { title })}>
        <Table
          size="small"
          rowKey="id"
          columns={columns}
          dataSource={records}
          loading={list.isPending || register.isPending}
          pagination={false}
          scroll={{ x: "max-content" }}
          locale={{ emptyText: t("registers.none") }}
          rowClassName="row-link"
          onRow={(record) => ({ onClick: () => void navigate(paths.record(id, record.id)) })}
        />
        <div className="more">
          {total != null && (
            <span className="muted">
              {t(list.data?.pages[0]?.total_more ? "registers.shown_of_more" : "registers.shown", {
                n: format.count(records.length),
                total: format.count(total),
              })}
            </span>
          )}
          <MoreButton list={list} />
        </div>
      </section>
    </>
  );
}

function useColumns(register: Register | undefined): ColumnsType<RegisterRecord> {
  const { t, text, format } = useI18n();
  const valueText = useValueText();
  if (!register) return [];
  const columns: ColumnsType<RegisterRecord> = register.columns.flatMap((id, i) => {
    const field = register.fields.find((f) => f.id === id);
    if (!field) return [];
    return {
      title: text(field.label),
      key: id,
      align: field.type === "integer" || field.type === "number" ? ("right" as const) : undefined,
      ellipsis: field.type === "text",
      render: (_: unknown, record: RegisterRecord) => {
        const shown = record.redacted.includes(id)
          ? "•••"
          : field.role === "region"
            ? record.region.name
            : valueText(field, record.data[id]);
        if (i > 0) return shown;
        return (
          <Link to={paths.record(register.id, record.id)} onClick={(event) => event.stopPropagation()}>
            {shown}
          </Link>
        );
      },
    };
  });
  return [
    ...columns,
    {
      title: t("registers.known_at"),
      key: "known_at",
      render: (_, record) => <span className="muted">{format.instant(record.known_at)}</span>,
    },
  ];
}
