import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Form, Input, Space } from "antd";
import { keys } from "../../../api/keys";
import { asProblem } from "../../../api/problem";
import type { Signal } from "../../../api/types";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { assessSignal, type Assessment } from "./queries";

/** The decision of a named person, with the reason that stays in the history. */
export function AssessForm({ signal }: { signal: Signal }) {
  const { t } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [form] = Form.useForm<{ reason: string }>();
  const refresh = () => client.invalidateQueries({ queryKey: keys.signals });
  const assess = useMutation({
    mutationFn: (assessment: Assessment) => assessSignal(signal.id, assessment),
    onSuccess: async (_, { decision }) => {
      void message.success(decision === "dismiss" ? t("signals.dismissed_done") : t("signals.alarm_done"));
      void client.invalidateQueries({ queryKey: keys.situation });
      await refresh();
    },
    onError: (error) => {
      // Someone else was faster: show their decision.
      if (asProblem(error).status === 409) void refresh();
    },
  });

  const { allowed, blocked } = signal.actions.assess;
  const blockedKey = blocked ? messageKey(`signals.blocked.${blocked}`) : null;
  const reason = allowed ? null : blockedKey ? t(blockedKey) : blocked || t("signals.blocked.forbidden");
  const decide = async (decision: Assessment["decision"]) => {
    try {
      const { reason: given } = await form.validateFields();
      assess.mutate({ decision, reason: given.trim(), version: signal.version });
    } catch {
      // The form itself says what is missing.
    }
  };
  return (
    <section aria-labelledby="signal-assess" className="assess">
      <h2 id="signal-assess">{t("signals.assess")}</h2>
      <Form form={form} layout="vertical" disabled={!allowed}>
        <Form.Item
          name="reason"
          label={t("signals.reason")}
          rules={[{ required: true, whitespace: true, message: t("signals.reason_required") }]}
        >
          <Input.TextArea rows={3} maxLength={2000} placeholder={t("signals.reason_placeholder")} />
        </Form.Item>
        <ProblemAlert error={assess.error} />
        <Space>
          <ReasonedButton
            type="primary"
            danger
            disabledReason={reason}
            loading={assess.isPending && assess.variables.decision === "raise_alarm"}
            onClick={() => void decide("raise_alarm")}
          >
            {t("signals.raise_alarm")}
          </ReasonedButton>
          <ReasonedButton
            disabledReason={reason ?? (signal.status === "dismissed" && t("signals.blocked.dismissed"))}
            loading={assess.isPending && assess.variables.decision === "dismiss"}
            onClick={() => void decide("dismiss")}
          >
            {t("signals.dismiss")}
          </ReasonedButton>
          {reason && <span className="muted">{reason}</span>}
        </Space>
      </Form>
    </section>
  );
}
