import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Form, Input, Modal, Select } from "antd";
import { keys } from "../../../api/keys";
import type { LevelForecast, Levels } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { PlanReport } from "../../../shared/work/PlanReport";
import { decide, dryRun, type Decision } from "./queries";

export interface Wanted {
  level: string;
  /** Another region than the page's, of a proposal. */
  region?: string;
  proposal?: string;
  /** The way back to the level before. */
  back?: boolean;
}

interface Props {
  region: string;
  wanted: Wanted;
  options: Levels["levels"];
  onClose: () => void;
}

interface Values {
  level: string;
  evidence: string;
  review_on?: string;
}

/** Deciding takes two looks: first what it would bring, then the decision itself. */
export function DecideDialog({ region, wanted, options, onClose }: Props) {
  const { t, text } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [form] = Form.useForm<Values>();
  const input = (values: Values): Decision => ({
    ...values,
    review_on: values.review_on || undefined,
    proposal: wanted.proposal,
  });
  const forecast = useMutation({ mutationFn: (decision: Decision) => dryRun(region, decision) });
  const decided = useMutation({
    mutationFn: (decision: Decision) => decide(region, decision),
    onSuccess: async () => {
      void message.success(t("levels.decided"));
      onClose();
      await client.invalidateQueries({ queryKey: keys.levels });
      await client.invalidateQueries({ queryKey: keys.records });
    },
  });
  const seen = forecast.data;
  return (
    <Modal
      open
      title={wanted.back ? t("levels.back_title") : t("levels.change")}
      onCancel={onClose}
      footer={[
        <Button key="cancel" onClick={onClose}>
          {t("common.cancel")}
        </Button>,
        <Button
          key="dry"
          type={seen ? "default" : "primary"}
          loading={forecast.isPending}
          onClick={() => void form.validateFields().then((values) => forecast.mutate(input(values)))}
        >
          {t("levels.dry_run")}
        </Button>,
        <Button
          key="decide"
          type="primary"
          danger
          disabled={!seen}
          loading={decided.isPending}
          onClick={() => void form.validateFields().then((values) => decided.mutate(input(values)))}
        >
          {t("levels.decide")}
        </Button>,
      ]}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{ level: wanted.level }}
        // What was seen must be what is decided.
        onValuesChange={(changed) => {
          if ("level" in changed) forecast.reset();
        }}
      >
        <Form.Item name="level" label={t("levels.column.level")} rules={[{ required: true }]}>
          <Select
            aria-label={t("levels.column.level")}
            options={options.map((option) => ({ value: option.level, label: text(option.label) }))}
            optionRender={(option) => {
              const meant = options.find((candidate) => candidate.level === option.value);
              return (
                <>
                  {option.label} <small className="muted">{text(meant?.meaning)}</small>
                </>
              );
            }}
          />
        </Form.Item>
        <Form.Item
          name="evidence"
          label={t("levels.column.evidence")}
          rules={[{ required: true, whitespace: true, message: t("form.required") }]}
        >
          <Input.TextArea rows={3} maxLength={4000} />
        </Form.Item>
        <Form.Item name="review_on" label={t("levels.review_on")}>
          <Input type="date" />
        </Form.Item>
      </Form>
      <ProblemAlert error={forecast.error ?? decided.error} />
      {seen && <Seen forecast={seen} options={options} />}
    </Modal>
  );
}

function Seen({ forecast, options }: { forecast: LevelForecast; options: Levels["levels"] }) {
  const { t, text, format } = useI18n();
  const name = (level: string) => text(options.find((option) => option.level === level)?.label);
  return (
    <Alert
      type="info"
      role="status"
      title={t("levels.would", {
        from: name(forecast.previous),
        to: name(forecast.level),
        n: format.count(forecast.regions_changed),
      })}
      description={
        <>
          <Changes forecast={forecast} />
          {forecast.plans.length === 0 && <p>{t("levels.no_plans")}</p>}
          {forecast.plans.map((run) => (
            <PlanReport key={run.plan} run={run} />
          ))}
        </>
      }
    />
  );
}

/** What the profiles of the two levels say differently. */
function Changes({ forecast }: { forecast: LevelForecast }) {
  const { text } = useI18n();
  if (forecast.changes.length === 0) return null;
  return (
    <ul className="changes">
      {forecast.changes.map((change) => (
        <li key={change.label.en}>
          {text(change.label)}: <del>{change.from}</del> → <ins>{change.to}</ins>
        </li>
      ))}
    </ul>
  );
}
