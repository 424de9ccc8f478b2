import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import { useI18n } from "../../../shared/i18n/i18n";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { importsQuery } from "./queries";

export function ImportHistory({ register }: { register: string }) {
  const { t, format } = useI18n();
  const history = useQuery(importsQuery(register));
  return (
    <section className="card" aria-labelledby="history-heading">
      <div className="card-head">
        <h2 id="history-heading">{t("import.history")}</h2>
      </div>
      <ProblemAlert error={history.error} />
      <Table
        size="small"
        rowKey="batch_id"
        aria-labelledby="history-heading"
        loading={history.isPending}
        dataSource={history.data?.items ?? []}
        locale={{ emptyText: t("import.no_history") }}
        pagination={{ pageSize: 10, size: "small", hideOnSinglePage: true }}
        columns={[
          { title: t("import.at"), dataIndex: "at", render: format.instant },
          { title: t("import.file_name"), dataIndex: "file_name" },
          { title: t("import.by"), dataIndex: "by" },
          { title: t("import.rows_read"), dataIndex: "rows_read", align: "right", render: format.count },
          { title: t("import.accepted"), dataIndex: "accepted", align: "right", render: format.count },
          { title: t("import.refused"), dataIndex: "refused", align: "right", render: format.count },
          { title: t("import.created"), dataIndex: "created", align: "right", render: format.count },
          { title: t("import.changed"), dataIndex: "changed", align: "right", render: format.count },
        ]}
      />
    </section>
  );
}
