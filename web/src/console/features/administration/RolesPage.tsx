import { CheckOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Table } from "antd";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { rolesQuery } from "./queries";

/** Roles come from packs; here one reads what each of them allows. */
export function RolesPage() {
  const { t, text } = useI18n();
  const roles = useQuery(rolesQuery);
  const items = roles.data?.items ?? [];
  const actions = [...new Set(items.flatMap((role) => role.grants))].sort();
  return (
    <>
      <PageHeader title={t("roles.title")} note={t("roles.note")} />
      <ProblemAlert error={roles.error} retry={() => void roles.refetch()} />
      <section className="card" aria-label={t("roles.title")}>
        <Table
          size="small"
          rowKey="action"
          loading={roles.isPending}
          pagination={false}
          scroll={{ x: "max-content" }}
          dataSource={actions.map((action) => ({ action }))}
          columns={[
            {
              title: t("roles.action"),
              dataIndex: "action",
              fixed: "left",
              render: (action: string) => {
                const key = messageKey(`action.${action}`);
                return key ? t(key) : action;
              },
            },
            ...items.map((role) => ({
              title: text(role.label),
              key: role.id,
              align: "center" as const,
              render: (_: unknown, { action }: { action: string }) =>
                role.grants.includes(action) ? (
                  <CheckOutlined aria-label={t("common.yes")} />
                ) : (
                  <span className="muted">–</span>
                ),
            })),
          ]}
        />
      </section>
    </>
  );
}
