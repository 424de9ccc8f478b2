import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Form, Input, InputNumber, Modal, Segmented, Space, Table, Tag } from "antd";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { CommentRules, Page, PublicComment } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useMay } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { paths } from "../../paths";

const QUEUES = ["waiting", "reported", "shown", "hidden"] as const;
type Queue = (typeof QUEUES)[number];

/** What readers wrote: shown once a person has read it, hidden with a reason, answered in the name of the editors. */
export function CommentsPage() {
  const { t, format } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const mayDecide = useMay("publication.publish");
  const [search, setSearch] = useSearchParams();
  const asked = search.get("queue");
  const queue: Queue = QUEUES.find((known) => known === asked) ?? "waiting";
  const [hiding, setHiding] = useState<PublicComment>();
  const [answering, setAnswering] = useState<PublicComment>();
  const [ruling, setRuling] = useState(false);
  const list = useQuery({
    queryKey: [...keys.comments, queue],
    queryFn: ({ signal }) =>
      request<Page<PublicComment>>("GET", `/comments?queue=${queue}&limit=200`, { signal }),
    enabled: mayDecide,
  });
  const again = () => client.invalidateQueries({ queryKey: keys.comments });
  const show = useMutation({
    mutationFn: (comment: PublicComment) =>
      request<PublicComment>("POST", `/comments/${comment.id}/decide`, {
        json: { decision: "show", version: comment.version },
      }),
    onSuccess: async () => {
      void message.success(t("comments.shown_done"));
      await again();
    },
  });
  const disabledReason = !mayDecide && t("common.not_allowed");
  return (
    <>
      <PageHeader
        title={t("comments.title")}
        note={t("comments.note")}
        actions={
          <ReasonedButton disabledReason={disabledReason} onClick={() => setRuling(true)}>
            {t("comments.rules")}
          </ReasonedButton>
        }
      />
      <Segmented<Queue>
        aria-label={t("comments.queue")}
        value={queue}
        options={QUEUES.map((value) => ({ value, label: t(`comments.queue.${value}`) }))}
        onChange={(value) => setSearch({ queue: value }, { replace: true })}
      />
      <ProblemAlert error={list.error ?? show.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={t("comments.title")}>
        <Table
          size="small"
          rowKey="id"
          loading={mayDecide && list.isPending}
          dataSource={list.data?.items ?? []}
          pagination={{ pageSize: 20, hideOnSinglePage: true }}
          locale={{ emptyText: t("comments.none") }}
          columns={[
            {
              title: t("comments.text"),
              render: (_, c) => (
                <>
                  <b>
                    <bdi>{c.official ? t("comments.official") : c.name || t("comments.reader")}</bdi>
                  </b>
                  <p className="publication-text">
                    <bdi>{c.text}</bdi>
                  </p>
                  {c.doubt && <Tag color="orange">{t("comments.doubt", { word: c.doubt })}</Tag>}
                  {c.reports > 0 && <Tag color="red">{t("comments.reports", { n: c.reports })}</Tag>}
                  {c.reason && <p className="muted">{c.reason}</p>}
                </>
              ),
            },
            {
              title: t("comments.sent"),
              width: 170,
              render: (_, c) => (
                <a href={`${paths.portal}comments/${c.article}`} target="_blank" rel="noreferrer">
                  {format.instant(c.sent_at)}
                </a>
              ),
            },
            {
              title: t("common.actions"),
              width: 260,
              render: (_, c) => (
                <Space wrap>
                  {(c.status !== "shown" || c.reports > 0) && (
                    <ReasonedButton
                      size="small"
                      type="primary"
                      disabledReason={disabledReason}
                      onClick={() => show.mutate(c)}
                    >
                      {t("comments.show")}
                    </ReasonedButton>
                  )}
                  {c.status !== "hidden" && (
                    <Button size="small" onClick={() => setHiding(c)}>
                      {t("comments.hide")}
                    </Button>
                  )}
                  {c.status === "shown" && (
                    <Button size="small" onClick={() => setAnswering(c)}>
                      {t("comments.reply")}
                    </Button>
                  )}
                </Space>
              ),
            },
          ]}
        />
      </section>
      {hiding && (
        <TextDialog
          title={t("comments.hide")}
          label={t("comments.reason")}
          send={(text) =>
            request("POST", `/comments/${hiding.id}/decide`, {
              json: { decision: "hide", reason: text, version: hiding.version },
            })
          }
          onDone={again}
          onClose={() => setHiding(undefined)}
        />
      )}
      {answering && (
        <TextDialog
          title={t("comments.reply")}
          label={t("comments.text")}
          send={(text) => request("POST", `/comments/${answering.id}/reply`, { json: { text } })}
          onDone={again}
          onClose={() => setAnswering(undefined)}
        />
      )}
      {ruling && <RulesDialog onClose={() => setRuling(false)} />}
    </>
  );
}

function TextDialog(props: {
  title: string;
  label: string;
  send: (text: string) => Promise<unknown>;
  onDone: () => Promise<void>;
  onClose: () => void;
}) {
  const { t } = useI18n();
  const [form] = Form.useForm<{ text: string }>();
  const send = useMutation({
    mutationFn: ({ text }: { text: string }) => props.send(text),
    onSuccess: async () => {
      await props.onDone();
      props.onClose();
    },
  });
  return (
    <Modal
      open
      title={props.title}
      okText={props.title}
      okButtonProps={{ loading: send.isPending }}
      onOk={() => form.submit()}
      onCancel={props.onClose}
    >
      <Form form={form} layout="vertical" onFinish={(input) => send.mutate(input)}>
        <Form.Item
          name="text"
          label={props.label}
          rules={[{ required: true, whitespace: true, message: t("form.required") }]}
        >
          <Input.TextArea rows={4} maxLength={1000} />
        </Form.Item>
      </Form>
      <ProblemAlert error={send.error} />
    </Modal>
  );
}

interface Rules {
  refused: string;
  doubtful: string;
  links: number;
}

const words = (text: string) =>
  text
    .split("\n")
    .map((word) => word.trim())
    .filter((word) => word !== "");

function RulesDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const [form] = Form.useForm<Rules>();
  const rules = useQuery({
    queryKey: [...keys.comments, "rules"],
    queryFn: ({ signal }) => request<CommentRules>("GET", "/comments/rules", { signal }),
  });
  const save = useMutation({
    mutationFn: (input: Rules) =>
      request<CommentRules>("PUT", "/comments/rules", {
        json: {
          refused_words: words(input.refused),
          doubtful_words: words(input.doubtful),
          links_max: input.links,
        },
      }),
    onSuccess: onClose,
  });
  return (
    <Modal
      open
      title={t("comments.rules")}
      okText={t("common.save")}
      okButtonProps={{ loading: save.isPending, disabled: !rules.data }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      {rules.data && (
        <Form<Rules>
          form={form}
          layout="vertical"
          initialValues={{
            refused: (rules.data.refused_words ?? []).join("\n"),
            doubtful: (rules.data.doubtful_words ?? []).join("\n"),
            links: rules.data.links_max ?? 0,
          }}
          onFinish={(input) => save.mutate(input)}
        >
          <Form.Item name="refused" label={t("comments.refused_words")}>
            <Input.TextArea rows={4} />
          </Form.Item>
          <Form.Item name="doubtful" label={t("comments.doubtful_words")}>
            <Input.TextArea rows={4} />
          </Form.Item>
          <Form.Item name="links" label={t("comments.links_max")}>
            <InputNumber min={0} max={20} />
          </Form.Item>
        </Form>
      )}
      <ProblemAlert error={rules.error ?? save.error} />
    </Modal>
  );
}
