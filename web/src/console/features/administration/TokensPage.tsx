import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Form, Input, InputNumber, Modal, Popconfirm, Table, Typography } from "antd";
import { useState } from "react";
import { keys } from "../../../api/keys";
import type { NewToken } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { createToken, revokeToken, tokensQuery } from "./queries";

/** Tokens let a script do what its owner may do. */
export function TokensPage() {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const tokens = useQuery(tokensQuery);
  const [creating, setCreating] = useState(false);
  const revoke = useMutation({
    mutationFn: revokeToken,
    onSuccess: () => client.invalidateQueries({ queryKey: keys.tokens }),
  });
  return (
    <>
      <PageHeader
        title={t("tokens.title")}
        note={t("tokens.note")}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>
            {t("tokens.new")}
          </Button>
        }
      />
      <ProblemAlert error={tokens.error ?? revoke.error} retry={() => void tokens.refetch()} />
      <section className="card" aria-label={t("tokens.title")}>
        <Table
          size="small"
          rowKey="id"
          loading={tokens.isPending}
          dataSource={tokens.data?.items ?? []}
          pagination={{ pageSize: 20, hideOnSinglePage: true }}
          locale={{ emptyText: t("tokens.none") }}
          columns={[
            { title: t("tokens.name"), dataIndex: "name", render: (name: string) => <b>{name}</b> },
            { title: t("tokens.created"), dataIndex: "created_at", render: format.instant },
            { title: t("tokens.expires"), dataIndex: "expires_at", render: format.instant },
            { title: t("tokens.last_used"), dataIndex: "last_used_at", render: format.instant },
            {
              title: t("common.actions"),
              width: 120,
              render: (_, token) => (
                <Popconfirm
                  title={t("tokens.revoke_question", { name: token.name })}
                  okText={t("tokens.revoke")}
                  cancelText={t("common.cancel")}
                  onConfirm={() => revoke.mutate(token.id)}
                >
                  <Button size="small" danger>
                    {t("tokens.revoke")}
                  </Button>
                </Popconfirm>
              ),
            },
          ]}
        />
      </section>
      {creating && <NewTokenDialog onClose={() => setCreating(false)} />}
    </>
  );
}

function NewTokenDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [form] = Form.useForm<NewToken>();
  const create = useMutation({
    mutationFn: createToken,
    onSuccess: () => client.invalidateQueries({ queryKey: keys.tokens }),
  });
  const made = create.data;
  return (
    <Modal
      open
      title={t("tokens.new")}
      okText={made ? t("common.close") : t("tokens.create")}
      okButtonProps={{ loading: create.isPending }}
      onOk={made ? onClose : () => form.submit()}
      onCancel={onClose}
      cancelButtonProps={{ hidden: !!made }}
    >
      {made ? (
        <>
          <Alert type="warning" showIcon title={t("tokens.once")} />
          <Typography.Paragraph className="token" copyable={{ text: made.token }}>
            <code aria-label={t("tokens.token")}>{made.token}</code>
          </Typography.Paragraph>
        </>
      ) : (
        <Form<NewToken>
          form={form}
          layout="vertical"
          initialValues={{ expires_in_days: 90 }}
          onFinish={(input) => create.mutate(input)}
        >
          <Form.Item
            name="name"
            label={t("tokens.name")}
            rules={[{ required: true, whitespace: true, message: t("form.required") }]}
          >
            <Input maxLength={100} placeholder={t("tokens.name_placeholder")} />
          </Form.Item>
          <Form.Item name="expires_in_days" label={t("tokens.days")}>
            <InputNumber min={1} max={3650} style={{ width: 140 }} />
          </Form.Item>
        </Form>
      )}
      <ProblemAlert error={create.error} />
    </Modal>
  );
}
