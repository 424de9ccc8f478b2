import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Checkbox, Form, Input, InputNumber, Modal, Select, Table, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Channel, ChannelArrangement } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useMay } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { paths } from "../../paths";
import { channelsQuery, useChannelOptions } from "./queries";

/** The tree of channels with the addresses that follow from it. */
export function ChannelsPage() {
  const { t, text } = useI18n();
  const mayManage = useMay("channel.manage");
  const [editing, setEditing] = useState<Channel | "new" | null>(null);
  const channels = useQuery(channelsQuery);
  const items = [...(channels.data?.items ?? [])].sort((a, b) => a.address.localeCompare(b.address));
  const blocked = !mayManage && t("common.not_allowed");
  return (
    <>
      <PageHeader
        title={t("portal.channels")}
        note={t("portal.channels.note")}
        trail={<Link to={paths.articles()}>{t("portal.title")}</Link>}
        actions={
          <ReasonedButton
            type="primary"
            icon={<PlusOutlined />}
            disabledReason={blocked}
            onClick={() => setEditing("new")}
          >
            {t("portal.channel.new")}
          </ReasonedButton>
        }
      />
      <ProblemAlert error={channels.error} retry={() => void channels.refetch()} />
      <section className="card" aria-label={t("portal.channels")}>
        <Table
          size="small"
          rowKey="id"
          loading={channels.isPending}
          dataSource={items}
          pagination={false}
          scroll={{ x: "max-content" }}
          columns={[
            { title: t("portal.channel"), render: (_, channel) => text(channel.title) },
            {
              title: t("portal.channel.address"),
              render: (_, channel) => (
                <>
                  <code>{channel.address}</code> {channel.closed && <Tag>{t("portal.channel.closed")}</Tag>}
                </>
              ),
            },
            {
              title: t("common.actions"),
              render: (_, channel) => (
                <ReasonedButton
                  size="small"
                  aria-label={`${t("portal.channel.edit")}: ${text(channel.title)}`}
                  disabledReason={blocked}
                  onClick={() => setEditing(channel)}
                >
                  {t("portal.channel.edit")}
                </ReasonedButton>
              ),
            },
          ]}
        />
      </section>
      {editing && (
        <ChannelDialog channel={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
      )}
    </>
  );
}

function ChannelDialog({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const { t, text } = useI18n();
  const client = useQueryClient();
  const [form] = Form.useForm<ChannelArrangement>();
  const parents = useChannelOptions(text).filter((option) => option.value !== channel?.id);
  const save = useMutation({
    mutationFn: (json: ChannelArrangement) =>
      channel
        ? request<Channel>("PUT", `/channels/${encodeURIComponent(channel.id)}`, {
            json: { ...json, version: channel.version },
          })
        : request<Channel>("POST", "/channels", { json }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.articles });
      onClose();
    },
  });
  const required = [{ required: true, whitespace: true, message: t("form.required") }];
  const title = channel ? t("portal.channel.edit") : t("portal.channel.new");
  return (
    <Modal
      open
      title={title}
      okText={t("common.save")}
      okButtonProps={{ loading: save.isPending }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{
          parent: channel?.parent ?? undefined,
          slug: channel?.slug ?? "",
          title: channel?.title ?? { en: "", zh: "" },
          position: channel?.position ?? 100,
          closed: channel?.closed ?? false,
        }}
        onFinish={(values) => save.mutate(values)}
      >
        <Form.Item name={["title", "zh"]} label={t("portal.channel.zh")} rules={required}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name={["title", "en"]} label={t("portal.channel.en")} rules={required}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="slug" label={t("portal.channel.slug")} rules={required}>
          <Input maxLength={40} />
        </Form.Item>
        <Form.Item name="parent" label={t("portal.channel.parent")}>
          <Select allowClear options={parents} />
        </Form.Item>
        <Form.Item name="position" label={t("portal.channel.position")}>
          <InputNumber precision={0} />
        </Form.Item>
        <Form.Item name="closed" valuePropName="checked">
          <Checkbox>{t("portal.channel.closed")}</Checkbox>
        </Form.Item>
      </Form>
      <ProblemAlert error={save.error} />
    </Modal>
  );
}
