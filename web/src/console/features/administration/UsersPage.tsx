import { PlusOutlined, UserAddOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Popconfirm, Table, Tag } from "antd";
import { useState } from "react";
import { keys } from "../../../api/keys";
import type { User } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useMay, useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert, useProblemText } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { changeUser, removeGrant, usersQuery } from "./queries";
import { GrantDialog, NewUserDialog } from "./UserDialogs";

export function UsersPage() {
  const { t, text } = useI18n();
  const { message } = App.useApp();
  const problemText = useProblemText();
  const client = useQueryClient();
  const session = useSession();
  const mayManage = useMay("user.manage");
  const users = useQuery({ ...usersQuery, enabled: mayManage });
  const [creating, setCreating] = useState(false);
  const [granting, setGranting] = useState<User | null>(null);

  const act = useMutation({
    mutationFn: (work: () => Promise<unknown>) => work(),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.users }),
    onError: (error) => void message.error(problemText(error)),
  });
  return (
    <>
      <PageHeader
        title={t("users.title")}
        note={t("users.note")}
        actions={
          <ReasonedButton
            type="primary"
            icon={<UserAddOutlined />}
            disabledReason={!mayManage && t("common.not_allowed")}
            onClick={() => setCreating(true)}
          >
            {t("users.new")}
          </ReasonedButton>
        }
      />
      {!mayManage && <Alert type="info" showIcon title={t("users.not_allowed")} />}
      <ProblemAlert error={users.error} retry={() => void users.refetch()} />
      {mayManage && (
        <section className="card" aria-label={t("users.title")}>
          <Table
            size="small"
            rowKey="id"
            loading={users.isPending}
            dataSource={users.data?.items ?? []}
            pagination={{ pageSize: 20, hideOnSinglePage: true }}
            columns={[
              {
                title: t("session.username"),
                dataIndex: "username",
                render: (username: string, user) => (
                  <span className={user.disabled ? "muted" : ""}>
                    <b>{username}</b> {user.disabled && <Tag>{t("users.disabled")}</Tag>}
                  </span>
                ),
              },
              { title: t("setup.display_name"), dataIndex: "display_name" },
              {
                title: t("users.grants"),
                render: (_, user) => (
                  <ul className="grants">
                    {user.grants.map((grant) => {
                      const name = `${text(grant.role_label)} · ${grant.region_name}`;
                      return (
                        <li key={grant.id}>
                          <Popconfirm
                            title={t("users.remove_grant_question", { grant: name })}
                            okText={t("users.remove")}
                            cancelText={t("common.cancel")}
                            onConfirm={() => act.mutate(() => removeGrant(user.id, grant.id))}
                          >
                            <Button size="small" title={t("users.remove_grant", { grant: name })}>
                              {name} ×
                            </Button>
                          </Popconfirm>
                        </li>
                      );
                    })}
                    <li>
                      <Button
                        size="small"
                        type="dashed"
                        icon={<PlusOutlined />}
                        aria-label={t("users.add_grant_to", { name: user.username })}
                        onClick={() => setGranting(user)}
                      >
                        {t("users.add_grant")}
                      </Button>
                    </li>
                  </ul>
                ),
              },
              {
                title: t("common.actions"),
                width: 130,
                render: (_, user) => (
                  <ReasonedButton
                    size="small"
                    danger={!user.disabled}
                    disabledReason={user.id === session.user.id && t("users.not_yourself")}
                    onClick={() => act.mutate(() => changeUser(user.id, { disabled: !user.disabled }))}
                  >
                    {user.disabled ? t("users.enable") : t("users.disable")}
                  </ReasonedButton>
                ),
              },
            ]}
          />
        </section>
      )}
      {creating && <NewUserDialog onClose={() => setCreating(false)} />}
      {granting && <GrantDialog user={granting} onClose={() => setGranting(null)} />}
    </>
  );
}
