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
  const action = (id: string) => {
    const key = messageKey(`action.${id}`);
    return key ? t(key) : id;
  };
  return (
    <>
      <PageHeader title={t("roles.title")} note={t("roles.note")} />
      <ProblemAlert error={roles.error} retry={() => void roles.refetch()} />
      <section className="card" aria-label={t("roles.title")}>
        <Table
          size="small"
          rowKey="id"
          loading={roles.isPending}
          pagination={false}
          dataSource={roles.data?.items ?? []}
          columns={[
            {
              title: t("users.role"),
              dataIndex: "label",
              width: "24%",
              render: (_, role) => <b>{text(role.label)}</b>,
            },
            {
              title: t("roles.action"),
              render: (_, role) => (
                <ul className="role-actions">
                  {role.grants.map((id) => (
                    <li key={id}>{action(id)}</li>
                  ))}
                </ul>
              ),
            },
          ]}
        />
      </section>
    </>
  );
}
