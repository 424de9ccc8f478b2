import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Result } from "antd";
import { useNavigate, useSearchParams } from "react-router";
import { request } from "../../../api/client";
import type { Session } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { sessionQuery } from "../../../shared/session";
import { NewPasswordFields } from "../../../shared/ui/NewPasswordFields";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { paths } from "../../paths";
import { EntryFrame } from "./EntryFrame";

interface Administrator {
  username: string;
  display_name: string;
  password: string;
  repeated: string;
}

/** Creates the first administrator with the one-time link that the server prints. */
export function SetupPage() {
  const { t } = useI18n();
  const client = useQueryClient();
  const navigate = useNavigate();
  const token = useSearchParams()[0].get("token");
  const setUp = useMutation({
    mutationFn: ({ username, display_name, password }: Administrator) =>
      request<Session>("POST", "/setup", { json: { token, username, display_name, password } }),
    onSuccess: async (signedIn) => {
      client.setQueryData(sessionQuery.queryKey, signedIn);
      await navigate(paths.home, { replace: true });
    },
  });
  const required = { required: true, message: t("form.required") };
  return (
    <EntryFrame title={t("setup.title")} note={t("setup.note")}>
      {token ? (
        <Form<Administrator> layout="vertical" requiredMark={false} onFinish={(input) => setUp.mutate(input)}>
          <Form.Item name="username" label={t("session.username")} rules={[required]}>
            <Input autoComplete="username" autoCapitalize="none" />
          </Form.Item>
          <Form.Item name="display_name" label={t("setup.display_name")} rules={[required]}>
            <Input autoComplete="name" />
          </Form.Item>
          <NewPasswordFields label={t("session.password")} />
          <ProblemAlert error={setUp.error} />
          <Button
            className="entry-submit"
            type="primary"
            size="large"
            block
            htmlType="submit"
            loading={setUp.isPending}
          >
            {t("setup.create")}
          </Button>
        </Form>
      ) : (
        <Result status="warning" title={t("setup.no_token")} subTitle={t("setup.no_token_note")} />
      )}
    </EntryFrame>
  );
}
