import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Form, Input, InputNumber, Select, Switch } from "antd";
import { useState } from "react";
import { keys } from "../../api/keys";
import { asProblem } from "../../api/problem";
import type { Field, Life } from "../../api/types";
import { useI18n } from "../i18n/i18n";
import { InstantField } from "../ui/InstantField";
import { ProblemAlert } from "../ui/ProblemAlert";
import { ReasonedButton } from "../ui/ReasonedButton";
import { takeStep, workRegisterQuery, type StepTaken } from "./queries";

/** A button for every step of the state; one that needs values or a reason opens its form. */
export function StepForms({ life }: { life: Life }) {
  const { work, steps } = life;
  const { t, text } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<string | null>(null);
  const register = useQuery(workRegisterQuery(work.register));
  const take = useMutation({
    // The version says what the person saw: who was slower is told, and nothing is overwritten.
    mutationFn: ({ step, taken }: { step: string; taken: StepTaken }) =>
      takeStep(work.record, step, { ...taken, version: life.version }),
    onSuccess: async (outcome) => {
      setChosen(null);
      void message.success(outcome.proposed ? t("tasks.proposed") : t("tasks.taken"));
      await client.invalidateQueries({ queryKey: keys.records });
    },
    onError: (error) => {
      if (asProblem(error).status === 409) void client.invalidateQueries({ queryKey: keys.records });
    },
  });
  const problem = take.error ? asProblem(take.error) : null;
  const changed = problem?.changedFields.map(
    (id) => text(register.data?.fields.find((field) => field.id === id)?.label) || id,
  );
  const step = steps.find((candidate) => candidate.id === chosen);
  const fields = register.data?.fields.filter((field) => step?.required.includes(field.id)) ?? [];
  return (
    <>
      <div className="step-buttons">
        {steps.map((candidate) => (
          <ReasonedButton
            key={candidate.id}
            type={candidate.id === chosen ? "primary" : "default"}
            disabledReason={candidate.blocked && text(candidate.blocked)}
            loading={take.isPending && take.variables.step === candidate.id}
            onClick={() =>
              candidate.required.length > 0 || candidate.reason
                ? setChosen(candidate.id)
                : take.mutate({ step: candidate.id, taken: { values: {} } })
            }
          >
            {text(candidate.label)}
          </ReasonedButton>
        ))}
      </div>
      {step && (
        <Form<Record<string, unknown>>
          key={step.id}
          layout="vertical"
          onFinish={({ reason, ...values }) =>
            take.mutate({ step: step.id, taken: { values, reason: reason as string | undefined } })
          }
        >
          {step.two_persons && (
            <p className="muted">
              {step.proposed_by ? t("tasks.proposed_by", { name: step.proposed_by }) : t("tasks.two_persons")}
            </p>
          )}
          {fields.map((field) => (
            <Form.Item
              key={field.id}
              name={field.id}
              label={text(field.label)}
              valuePropName={field.type === "boolean" ? "checked" : "value"}
              rules={[{ required: true, message: text(field.label) }]}
            >
              <FieldInput field={field} />
            </Form.Item>
          ))}
          {step.reason && (
            <Form.Item
              name="reason"
              label={t("tasks.reason")}
              rules={[{ required: true, whitespace: true, message: t("tasks.reason_required") }]}
            >
              <Input.TextArea rows={3} maxLength={2000} />
            </Form.Item>
          )}
          <Button type="primary" htmlType="submit" loading={take.isPending}>
            {text(step.label)}
          </Button>
        </Form>
      )}
      <ProblemAlert error={take.error} />
      {!!changed?.length && (
        <p className="muted" role="status">
          {t("tasks.changed_meanwhile", {
            by: problem?.changedBy ?? "",
            fields: changed.join(t("common.list_separator")),
          })}
        </p>
      )}
      {problem?.issues.map((issue, i) => (
        <p key={i} className="muted">
          {text({ en: issue.message_en, zh: issue.message_zh })}
        </p>
      ))}
    </>
  );
}

interface InputProps {
  field: Field;
  id?: string;
  value?: unknown;
  checked?: boolean;
  onChange?: (value: unknown) => void;
}

function FieldInput({ field, value, checked, onChange, id }: InputProps) {
  const { text } = useI18n();
  switch (field.type) {
    case "boolean":
      return <Switch id={id} checked={checked} onChange={onChange} />;
    case "integer":
    case "number":
      return <InputNumber id={id} value={value as number | null} onChange={onChange} />;
    case "choice":
      return (
        <Select
          id={id}
          value={value as string | undefined}
          onChange={onChange}
          options={field.choices.map((choice) => ({ value: choice.id, label: text(choice.label) }))}
        />
      );
    case "date":
      return (
        <Input
          id={id}
          type="date"
          value={value as string | undefined}
          onChange={(e) => onChange?.(e.target.value)}
        />
      );
    case "datetime":
      return <InstantField id={id} value={value as string | undefined} onChange={(iso) => onChange?.(iso)} />;
    default:
      return (
        <Input.TextArea
          id={id}
          autoSize={{ minRows: 1, maxRows: 6 }}
          value={value as string | undefined}
          onChange={(e) => onChange?.(e.target.value)}
        />
      );
  }
}
