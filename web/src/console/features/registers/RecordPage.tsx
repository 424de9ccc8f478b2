import { DeleteOutlined, EditOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Descriptions, Form, Input, Modal, Skeleton, Tag, Timeline } from "antd";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { keys } from "../../../api/keys";
import type { RecordVersion, Register, RegisterRecord } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { paths } from "../../paths";
import { recordQuery, registerQuery, versionsQuery, withdrawRecord } from "./queries";
import { useValueText } from "../../../shared/records/values";

/** One record with everything that was ever known about it. */
export function RecordPage() {
  const { t, text, format } = useI18n();
  const { register: registerId = "", id = "" } = useParams();
  const navigate = useNavigate();
  const register = useQuery(registerQuery(registerId));
  const record = useQuery(recordQuery(id));
  const versions = useQuery(versionsQuery(id));
  const [withdrawing, setWithdrawing] = useState(false);
  const title = record.data && register.data ? titleOf(register.data, record.data) : t("registers.record");
  const mayWrite = record.data?.actions.includes("record.write");
  const closed = record.data && !mayWrite && t("common.not_allowed");
  return (
    <>
      <PageHeader
        title={title}
        trail={
          <>
            <Link to={paths.registers}>{t("registers.title")}</Link> /{" "}
            <Link to={paths.register(registerId)}>{text(register.data?.title) || registerId}</Link>
          </>
        }
        note={
          record.data && (
            <>
              {record.data.withdrawn && <Tag color="red">{t("registers.withdrawn")}</Tag>}
              {record.data.erased && <Tag>{t("persons.erased")}</Tag>}
              {t("registers.version_note", {
                version: record.data.version,
                by: record.data.changed_by,
                at: format.instant(record.data.known_at),
              })}
            </>
          )
        }
        actions={
          <>
            {record.data?.person && (
              <Button
                icon={<UserOutlined />}
                onClick={() => void navigate(paths.person(record.data.person ?? ""))}
              >
                {t("persons.person")}
              </Button>
            )}
            <ReasonedButton
              icon={<DeleteOutlined />}
              disabledReason={closed || (record.data?.withdrawn && t("registers.withdrawn"))}
              onClick={() => setWithdrawing(true)}
            >
              {t("registers.withdraw")}
            </ReasonedButton>
            <ReasonedButton
              type="primary"
              icon={<EditOutlined />}
              disabledReason={closed}
              onClick={() => void navigate(paths.recordEdit(registerId, id))}
            >
              {t("registers.edit")}
            </ReasonedButton>
          </>
        }
      />
      <ProblemAlert error={record.error ?? register.error} retry={() => void record.refetch()} />
      {(record.isPending || register.isPending) && !record.error && <Skeleton active />}
      {record.data && register.data && (
        <div className="record-columns">
          <section className="card" aria-label={t("registers.values")}>
            <Values register={register.data} record={record.data} />
          </section>
          <section className="card" aria-labelledby="versions-heading">
            <div className="card-head">
              <h2 id="versions-heading">{t("registers.versions")}</h2>
            </div>
            <div className="card-body">
              <ProblemAlert error={versions.error} />
              <Versions register={register.data} versions={versions.data?.items ?? []} />
            </div>
          </section>
        </div>
      )}
      {withdrawing && record.data && (
        <WithdrawDialog
          record={record.data}
          onClose={() => setWithdrawing(false)}
          onDone={() => void navigate(paths.register(registerId))}
        />
      )}
    </>
  );
}

export function titleOf(register: Register, record: RegisterRecord): string {
  const title = register.title_field ? record.data[register.title_field] : undefined;
  return title == null || title === "" ? record.id.slice(0, 8) : String(title);
}

function Values({ register, record }: { register: Register; record: RegisterRecord }) {
  const { t, text } = useI18n();
  const valueText = useValueText();
  return (
    <Descriptions
      bordered
      size="small"
      column={{ xs: 1, md: 2 }}
      items={register.fields.map((field) => ({
        key: field.id,
        label: (
          <>
            {text(field.label)} {field.personal && <Tag className="personal">{t("registers.personal")}</Tag>}
          </>
        ),
        children: record.redacted.includes(field.id) ? (
          <span className="muted">{t("registers.redacted")}</span>
        ) : field.role === "region" ? (
          `${record.region.name} (${record.region.code})`
        ) : (
          valueText(field, record.data[field.id])
        ),
      }))}
    />
  );
}

function Versions({ register, versions }: { register: Register; versions: RecordVersion[] }) {
  const { t, text, format } = useI18n();
  const valueText = useValueText();
  const newestFirst = [...versions].sort((a, b) => b.version - a.version);
  return (
    <Timeline
      items={newestFirst.map((version, i) => {
        const before = newestFirst[i + 1];
        return {
          key: version.version,
          color: i === 0 ? "blue" : "gray",
          content: (
            <div className="version">
              <b>{t("registers.version", { n: version.version })}</b> · {version.changed_by} ·{" "}
              <span className="muted">{format.instant(version.known_at)}</span>
              {version.reason && <p className="history-reason">{version.reason}</p>}
              {before && (
                <ul className="changes">
                  {version.changes.map((id) => {
                    const field = register.fields.find((f) => f.id === id);
                    if (!field) return <li key={id}>{id}</li>;
                    return (
                      <li key={id}>
                        {text(field.label)}: <del>{valueText(field, before.data[id])}</del> →{" "}
                        <ins>{valueText(field, version.data[id])}</ins>
                      </li>
                    );
                  })}
                </ul>
              )}
            </div>
          ),
        };
      })}
    />
  );
}

interface WithdrawProps {
  record: RegisterRecord;
  onClose: () => void;
  onDone: () => void;
}

function WithdrawDialog({ record, onClose, onDone }: WithdrawProps) {
  const { t } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [form] = Form.useForm<{ reason: string }>();
  const withdraw = useMutation({
    mutationFn: (reason: string) => withdrawRecord(record.id, record.version, reason),
    onSuccess: async () => {
      void message.success(t("registers.withdrawn"));
      onDone();
      await client.invalidateQueries({ queryKey: keys.records });
    },
  });
  return (
    <Modal
      open
      title={t("registers.withdraw")}
      okText={t("registers.withdraw")}
      okButtonProps={{ danger: true, loading: withdraw.isPending }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p>{t("registers.withdraw_note")}</p>
      <Form form={form} layout="vertical" onFinish={({ reason }) => withdraw.mutate(reason.trim())}>
        <Form.Item
          name="reason"
          label={t("registers.reason")}
          rules={[{ required: true, whitespace: true, message: t("registers.reason_required") }]}
        >
          <Input.TextArea rows={3} maxLength={2000} />
        </Form.Item>
      </Form>
      <ProblemAlert error={withdraw.error} />
    </Modal>
  );
}
