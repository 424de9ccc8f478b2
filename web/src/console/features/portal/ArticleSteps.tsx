import { useMutation } from "@tanstack/react-query";
import { Form, Input, Modal, Select, type ButtonProps } from "antd";
import { useState } from "react";
import { request } from "../../../api/client";
import type { Article } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import type { MessageKey } from "../../../shared/i18n/messages";
import { InstantField } from "../../../shared/ui/InstantField";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useChannelOptions } from "./queries";

type StepName = "submit" | "approve" | "schedule" | "return" | "withdraw" | "move";

interface Asked {
  text?: string;
  publish_at?: string;
  channel?: string;
  region?: string;
}

interface Props {
  article: Article;
  unsaved: boolean;
  onDone: (next: Article) => void;
}

/** The steps that an article can take; those that it cannot take now say why. */
export function ArticleSteps({ article, unsaved, onDone }: Props) {
  const { t } = useI18n();
  const { actions, id, version } = article.summary;
  const [asking, setAsking] = useState<StepName | null>(null);
  const step = useMutation({
    mutationFn: ({ name, asked }: { name: StepName; asked: Asked }) => {
      const verb = name === "schedule" ? "approve" : name;
      return request<Article>("POST", `/articles/${encodeURIComponent(id)}/${verb}`, {
        json: { version, ...body(name, asked) },
      });
    },
    onSuccess: (next) => {
      setAsking(null);
      onDone(next);
    },
  });
  const start = (name: StepName) => {
    step.reset();
    // A first submission and an approval ask nothing.
    if (name === "approve" || (name === "submit" && !article.summary.public))
      step.mutate({ name, asked: {} });
    else setAsking(name);
  };
  const approveBlocked = actions.approve_blocked === "own_work" ? t("portal.own_work") : t("portal.not_now");
  const button = (
    name: StepName,
    label: MessageKey,
    allowed: boolean,
    why: string,
    props: ButtonProps = {},
  ) => (
    <ReasonedButton
      {...props}
      loading={step.isPending && step.variables.name === name}
      disabledReason={!allowed ? why : unsaved && name !== "return" ? t("portal.unsaved") : null}
      onClick={() => start(name)}
    >
      {t(label)}
    </ReasonedButton>
  );
  return (
    <section className="step-buttons" aria-label={t("common.actions")}>
      {button("submit", "portal.submit", actions.submit, t("portal.not_now"), { type: "primary" })}
      {button("approve", "portal.approve", actions.approve, approveBlocked, { type: "primary" })}
      {button("schedule", "portal.schedule", actions.approve, approveBlocked)}
      {button("return", "portal.return", actions.return, t("portal.not_now"))}
      {button("move", "portal.move", actions.move, t("common.not_allowed"))}
      {button("withdraw", "portal.withdraw", actions.withdraw, t("portal.not_now"), { danger: true })}
      {!asking && <ProblemAlert error={step.error} />}
      {asking && (
        <Question
          name={asking}
          article={article}
          busy={step.isPending}
          error={step.error}
          onCancel={() => setAsking(null)}
          onAnswer={(asked) => step.mutate({ name: asking, asked })}
        />
      )}
    </section>
  );
}

function body(name: StepName, asked: Asked): Record<string, unknown> {
  switch (name) {
    case "submit":
      return { correction: asked.text ?? "" };
    case "schedule":
      return { publish_at: asked.publish_at };
    case "move":
      return { channel: asked.channel, region: asked.region };
    case "return":
    case "withdraw":
      return { text: asked.text ?? "" };
    case "approve":
      return {};
  }
}

const TITLE: Record<StepName, MessageKey> = {
  submit: "portal.submit",
  approve: "portal.approve",
  schedule: "portal.schedule",
  return: "portal.return",
  withdraw: "portal.withdraw",
  move: "portal.move",
};
const WORDS: Partial<Record<StepName, MessageKey>> = {
  submit: "portal.correction",
  return: "portal.remark",
  withdraw: "portal.reason",
};

function Question({
  name,
  article,
  busy,
  error,
  onCancel,
  onAnswer,
}: {
  name: StepName;
  article: Article;
  busy: boolean;
  error: unknown;
  onCancel: () => void;
  onAnswer: (asked: Asked) => void;
}) {
  const { t, text } = useI18n();
  const [form] = Form.useForm<Asked>();
  const channels = useChannelOptions(text);
  const required = [{ required: true, message: t("form.required") }];
  const words = WORDS[name];
  return (
    <Modal
      open
      title={t(TITLE[name])}
      okText={t(TITLE[name])}
      okButtonProps={{ loading: busy }}
      onOk={() => form.submit()}
      onCancel={onCancel}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{ channel: article.summary.channel, region: article.summary.region.code }}
        onFinish={onAnswer}
      >
        {words && (
          <Form.Item name="text" label={t(words)} rules={[{ ...required[0], whitespace: true }]}>
            <Input.TextArea rows={3} maxLength={1000} />
          </Form.Item>
        )}
        {name === "schedule" && (
          <Form.Item name="publish_at" label={t("portal.publish_at")} rules={required}>
            <TimeOfPublication />
          </Form.Item>
        )}
        {name === "move" && (
          <>
            <p className="muted">{t("portal.move_note")}</p>
            <Form.Item name="channel" label={t("portal.channel")} rules={required}>
              <Select options={channels} showSearch={{ optionFilterProp: "label" }} />
            </Form.Item>
            <Form.Item name="region" label={t("portal.region")} rules={required}>
              <RegionOfArticle />
            </Form.Item>
          </>
        )}
      </Form>
      <ProblemAlert error={error} />
    </Modal>
  );
}

interface FieldProps {
  id?: string;
  value?: string;
  onChange?: (value?: string) => void;
}

function TimeOfPublication({ id, value, onChange }: FieldProps) {
  return <InstantField id={id} value={value} onChange={(iso) => onChange?.(iso)} />;
}

function RegionOfArticle({ id, value, onChange }: FieldProps) {
  const { t } = useI18n();
  return (
    <RegionSelect
      id={id}
      ariaLabel={t("portal.region")}
      value={value}
      allowClear={false}
      onChange={(code) => onChange?.(code)}
    />
  );
}
