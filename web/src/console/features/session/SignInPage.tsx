import { LockOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { Navigate, useSearchParams } from "react-router";
import { request } from "../../../api/client";
import type { Health, Session } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { sessionQuery } from "../../../shared/session";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { paths } from "../../paths";
import { EntryFrame } from "./EntryFrame";

interface Credentials {
  username: string;
  password: string;
}

export function SignInPage() {
  const { t } = useI18n();
  const client = useQueryClient();
  const [params] = useSearchParams();
  const session = useQuery(sessionQuery);
  const signIn = useMutation({
    mutationFn: (json: Credentials) => request<Session>("POST", "/session", { json }),
    onSuccess: (signedIn) => client.setQueryData(sessionQuery.queryKey, signedIn),
  });
  const [form] = Form.useForm<Credentials>();
  const health = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => request<Health>("GET", "/health", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (session.data) return <Navigate to={localPath(params.get("from")) ?? paths.home} replace />;
  return (
    <EntryFrame title={t("session.sign_in")} note={t("session.sign_in_note")}>
      <Form<Credentials>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(input) => signIn.mutate(input)}
      >
        <Form.Item
          name="username"
          label={t("session.username")}
          rules={[{ required: true, message: t("form.required") }]}
        >
          <Input
            size="large"
            prefix={<UserOutlined aria-hidden />}
            autoComplete="username"
            autoCapitalize="none"
          />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("session.password")}
          rules={[{ required: true, message: t("form.required") }]}
        >
          <Input.Password
            size="large"
            prefix={<LockOutlined aria-hidden />}
            autoComplete="current-password"
          />
        </Form.Item>
        <ProblemAlert error={signIn.error} />
        <Button
          className="entry-submit"
          type="primary"
          size="large"
          block
          htmlType="submit"
          loading={signIn.isPending}
        >
          {t("session.sign_in")}
        </Button>
      </Form>
      <DemoAccounts
        accounts={health.data?.demo_accounts ?? []}
        onChoose={(account) => {
          form.setFieldsValue(account);
          signIn.mutate(account);
        }}
      />
    </EntryFrame>
  );
}

interface DemoProps {
  accounts: Health["demo_accounts"];
  onChoose: (credentials: Credentials) => void;
}

/** Sample accounts exist in the demonstration only; there they save looking into the terminal. */
function DemoAccounts({ accounts, onChoose }: DemoProps) {
  const { t, text } = useI18n();
  if (accounts.length === 0) return null;
  return (
    <section className="demo-accounts" aria-labelledby="demo-accounts">
      <h2 id="demo-accounts">{t("session.demo_accounts")}</h2>
      <ul>
        {accounts.map(({ username, password, role }) => (
          <li key={username}>
            <Button block onClick={() => onChoose({ username, password })}>
              {text(role)} <code>{username}</code>
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Only addresses of the console itself: a link from elsewhere must not lead away after the sign-in. */
function localPath(from: string | null): string | null {
  return from?.startsWith("/") && !from.startsWith("//") && !from.includes("\\") ? from : null;
}
