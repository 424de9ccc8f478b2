import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Descriptions, Form, Input } from "antd";
import { request } from "../../../api/client";
import type { Session } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { sessionQuery, useSession } from "../../../shared/session";
import { NewPasswordFields } from "../../../shared/ui/NewPasswordFields";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";

interface Change {
  current: string;
  password: string;
  repeated: string;
}

/** The own account: who one is here, and a new password. */
export function AccountPage() {
  const { t, text } = useI18n();
  const { message } = App.useApp();
  const { user, grants } = useSession();
  const client = useQueryClient();
  const [form] = Form.useForm<Change>();
  const change = useMutation({
    mutationFn: ({ current, password }: Change) =>
      request<Session>("POST", "/session/password", { json: { current, new: password } }),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      form.resetFields();
      void message.success(t("account.changed"));
    },
  });
  return (
    <>
      <PageHeader title={t("account.title")} />
      <section className="card card-body form-card" aria-label={t("account.who")}>
        <Descriptions
          column={1}
          size="small"
          items={[
            { key: "username", label: t("session.username"), children: user.username },
            { key: "name", label: t("setup.display_name"), children: user.display_name },
            {
              key: "grants",
              label: t("users.grants"),
              children: grants.map((grant) => `${text(grant.role_label)} · ${grant.region_name}`).join("；"),
            },
          ]}
        />
      </section>
      <section className="card card-body form-card" aria-labelledby="password-heading">
        <h2 id="password-heading">{t("account.password")}</h2>
        <p className="muted">{t("account.password_note")}</p>
        <Form<Change>
          form={form}
          layout="vertical"
          requiredMark={false}
          onFinish={(input) => change.mutate(input)}
          style={{ maxWidth: 420 }}
        >
          {/* Tells password managers whose password it is. */}
          <input type="text" name="username" autoComplete="username" value={user.username} readOnly hidden />
          <Form.Item
            name="current"
            label={t("account.current")}
            rules={[{ required: true, message: t("form.required") }]}
          >
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          <NewPasswordFields label={t("account.new")} />
          <ProblemAlert error={change.error} />
          <Button type="primary" htmlType="submit" loading={change.isPending}>
            {t("account.change")}
          </Button>
        </Form>
      </section>
    </>
  );
}
