import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Form, Input, Modal, Popconfirm, Table, Tag } from "antd";
import { useState } from "react";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Bulletin, Page, Publication } from "../../../api/types";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";
import { useMay, useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { paths } from "../../paths";

const TONE: Record<string, string> = { draft: "gold", published: "green", superseded: "default" };

/** What the public sees: figures are frozen when drafted, and shown on the portal once a person publishes them. */
export function PublicationsPage() {
  const { t, format } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [drafting, setDrafting] = useState(false);
  const mayDraft = useMay("publication.draft");
  const mayPublish = useMay("publication.publish");
  const list = useQuery({
    queryKey: keys.publications,
    queryFn: ({ signal }) => request<Page<Publication>>("GET", "/publications", { signal }),
  });
  const publish = useMutation({
    mutationFn: (id: string) =>
      request<Publication>("POST", `/publications/${encodeURIComponent(id)}/publish`, { json: {} }),
    onSuccess: async () => {
      void message.success(t("publications.published_done"));
      await client.invalidateQueries({ queryKey: keys.publications });
    },
  });
  return (
    <>
      <PageHeader
        title={t("publications.title")}
        note={t("publications.note")}
        actions={
          <>
            <Button href={paths.portal} target="_blank">
              {t("nav.portal")}
            </Button>
            <ReasonedButton
              type="primary"
              icon={<PlusOutlined />}
              disabledReason={!mayDraft && t("common.not_allowed")}
              onClick={() => setDrafting(true)}
            >
              {t("publications.new")}
            </ReasonedButton>
          </>
        }
      />
      <ProblemAlert error={list.error ?? publish.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={t("publications.title")}>
        <Table
          size="small"
          rowKey="id"
          loading={list.isPending}
          dataSource={list.data?.items ?? []}
          pagination={{ pageSize: 20, hideOnSinglePage: true }}
          locale={{ emptyText: t("publications.none") }}
          expandable={{ expandedRowRender: (p) => <p className="publication-text">{p.text || "–"}</p> }}
          columns={[
            {
              title: t("signals.column.status"),
              dataIndex: "status",
              width: 110,
              render: (status: string) => {
                const key = messageKey(`publications.status.${status}`);
                return <Tag color={TONE[status]}>{key ? t(key) : status}</Tag>;
              },
            },
            {
              title: t("publications.heading"),
              dataIndex: "title",
              render: (title: string) => <b>{title}</b>,
            },
            { title: t("registers.region"), render: (_, p) => p.region.name },
            {
              title: t("publications.drafted"),
              render: (_, p) => `${p.drafted_by} · ${format.instant(p.drafted_at)}`,
            },
            {
              title: t("publications.published"),
              render: (_, p) =>
                p.published_at ? `${p.published_by ?? ""} · ${format.instant(p.published_at)}` : "–",
            },
            {
              title: t("common.actions"),
              width: 120,
              render: (_, p) =>
                mayPublish && p.status === "draft" ? (
                  <Popconfirm
                    title={t("publications.publish_question")}
                    okText={t("publications.publish")}
                    cancelText={t("common.cancel")}
                    onConfirm={() => publish.mutate(p.id)}
                  >
                    <Button size="small" type="primary">
                      {t("publications.publish")}
                    </Button>
                  </Popconfirm>
                ) : (
                  <ReasonedButton
                    size="small"
                    disabledReason={
                      p.status === "draft" ? t("common.not_allowed") : t("publications.already")
                    }
                  >
                    {t("publications.publish")}
                  </ReasonedButton>
                ),
            },
          ]}
        />
      </section>
      {drafting && <DraftDialog onClose={() => setDrafting(false)} />}
    </>
  );
}

interface Draft {
  region: string;
  title: string;
  text: string;
}

function DraftDialog({ onClose }: { onClose: () => void }) {
  const { t, format } = useI18n();
  const session = useSession();
  const client = useQueryClient();
  const [form] = Form.useForm<Draft>();
  const draft = useMutation({
    mutationFn: (json: Draft) => request<Publication>("POST", "/publications", { json }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.publications });
      onClose();
    },
  });
  const propose = useMutation({
    mutationFn: () =>
      request<Bulletin>("POST", "/publications/propose", {
        json: { region: form.getFieldValue("region") as string },
      }),
    onSuccess: (bulletin) => form.setFieldsValue({ title: bulletin.title, text: bulletin.text }),
  });
  const required = { required: true, whitespace: true, message: t("form.required") };
  return (
    <Modal
      open
      width={640}
      title={t("publications.new")}
      okText={t("publications.draft")}
      okButtonProps={{ loading: draft.isPending }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p className="muted">{t("publications.draft_note")}</p>
      <Form<Draft>
        form={form}
        layout="vertical"
        initialValues={{
          region: session.home_region.code,
          title: t("publications.default_title", {
            region: session.home_region.name,
            date: format.date(session.today),
          }),
          text: "",
        }}
        onFinish={(input) => draft.mutate(input)}
      >
        <Form.Item name="region" label={t("registers.region")} rules={[required]}>
          <RegionField />
        </Form.Item>
        <Form.Item name="title" label={t("publications.heading")} rules={[required]}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="text" label={t("publications.text")}>
          <Input.TextArea rows={6} maxLength={20000} />
        </Form.Item>
        <Button loading={propose.isPending} onClick={() => propose.mutate()}>
          {t("publications.propose")}
        </Button>
      </Form>
      <ProblemAlert error={draft.error ?? propose.error} />
    </Modal>
  );
}

/** The region as a part of a form, which hands in identifier, value and change. */
function RegionField({
  id,
  value,
  onChange,
}: {
  id?: string;
  value?: string;
  onChange?: (code?: string) => void;
}) {
  const { t } = useI18n();
  return (
    <RegionSelect
      id={id}
      ariaLabel={t("registers.region")}
      value={value}
      allowClear={false}
      onChange={(code) => onChange?.(code)}
    />
  );
}
