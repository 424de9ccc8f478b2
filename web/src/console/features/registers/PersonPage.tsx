import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Dropdown, Form, Input, Modal, Skeleton, Tag } from "antd";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { keys } from "../../../api/keys";
import type { Duplicate, Person } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { paths } from "../../paths";
import { DuplicateItem, Elsewhere } from "./DuplicateItem";
import { alikeQuery, erasePerson, knownUrl, mergePersons, personQuery, unmergePersons } from "./queries";

/** What is about to be said of a person. */
type Asked = { act: "erase" } | { act: "merge"; other: Duplicate };

/** A person: every record, the entries that were said to be one, what is known, and its end. */
export function PersonPage() {
  const { t, lang } = useI18n();
  const { id = "" } = useParams();
  const person = useQuery(personQuery(id));
  const [asked, setAsked] = useState<Asked | null>(null);
  const closed = (may: boolean | undefined) => !may && t("common.not_allowed");
  const forms = (["html", "csv", "json"] as const).map((form) => ({
    key: form,
    label: (
      <a href={knownUrl(id, form, lang)} download>
        {form.toUpperCase()}
      </a>
    ),
  }));
  const erased = person.data?.erased_at;
  return (
    <>
      <PageHeader
        title={`${t("persons.person")} ${id.slice(-6)}`}
        trail={<Link to={paths.registers}>{t("registers.title")}</Link>}
        note={erased && <Tag>{t("persons.erased")}</Tag>}
        actions={
          <>
            {person.data?.may_export ? (
              <Dropdown trigger={["click"]} menu={{ items: forms }}>
                <Button>{t("persons.known")}</Button>
              </Dropdown>
            ) : (
              <ReasonedButton disabledReason={t("common.not_allowed")}>{t("persons.known")}</ReasonedButton>
            )}
            <ReasonedButton
              danger
              disabledReason={closed(person.data?.may_erase) || (erased && t("persons.erased"))}
              onClick={() => setAsked({ act: "erase" })}
            >
              {t("persons.erase")}
            </ReasonedButton>
          </>
        }
      />
      <ProblemAlert error={person.error} retry={() => void person.refetch()} />
      {person.isPending && <Skeleton active />}
      {person.data && (
        <div className="record-columns">
          <Records person={person.data} />
          <div>
            <Alike person={person.data} onSame={(item) => setAsked({ act: "merge", other: item })} />
            <Merges person={person.data} />
          </div>
        </div>
      )}
      {asked && <ActDialog id={id} asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Records({ person }: { person: Person }) {
  const { t, format } = useI18n();
  return (
    <section className="card" aria-labelledby="person-records">
      <div className="card-head">
        <h2 id="person-records">{t("persons.records")}</h2>
      </div>
      <div className="card-body">
        <ul className="changes">
          {person.records.map((record) => (
            <li key={record.id}>
              <Link to={paths.record(record.register, record.id)}>
                {record.title || record.id.slice(0, 8)}
              </Link>{" "}
              · {record.register} · {record.region.name}
              {record.event_date && ` · ${format.date(record.event_date)}`}{" "}
              {record.withdrawn && <Tag color="red">{t("registers.withdrawn")}</Tag>}
            </li>
          ))}
        </ul>
        {person.more_elsewhere && <p>{t("persons.more_elsewhere")}</p>}
      </div>
    </section>
  );
}

function Merges({ person }: { person: Person }) {
  const { t, format } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const undo = useMutation({
    mutationFn: (merge: string) => unmergePersons(person.id, merge),
    onSuccess: async () => {
      void message.success(t("persons.done"));
      await client.invalidateQueries({ queryKey: keys.persons });
    },
  });
  return (
    <section className="card" aria-labelledby="person-merges">
      <div className="card-head">
        <h2 id="person-merges">{t("persons.merges")}</h2>
      </div>
      <div className="card-body">
        <ProblemAlert error={undo.error} />
        {!person.merges.length && <p className="muted">{t("persons.no_merges")}</p>}
        <ul className="changes">
          {person.merges.map((merge) => (
            <li key={merge.id}>
              <Link to={paths.person(merge.merged)}>{merge.merged.slice(-6)}</Link> · {merge.by} ·{" "}
              {format.instant(merge.at)} · {merge.reason}{" "}
              {merge.undone_at ? (
                <span className="muted">
                  {t("persons.undone", { by: merge.undone_by ?? "", at: format.instant(merge.undone_at) })}
                </span>
              ) : (
                <ReasonedButton
                  size="small"
                  disabledReason={!person.may_merge && t("common.not_allowed")}
                  onClick={() => undo.mutate(merge.id)}
                >
                  {t("persons.unmerge")}
                </ReasonedButton>
              )}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

/** Entries that are like this person and were not yet said to be. */
function Alike({ person, onSame }: { person: Person; onSame: (item: Duplicate) => void }) {
  const { t } = useI18n();
  const alike = useQuery({ ...alikeQuery(person.id), enabled: !person.erased_at });
  const items = alike.data?.items ?? [];
  return (
    <section className="card" aria-labelledby="person-alike">
      <div className="card-head">
        <h2 id="person-alike">{t("persons.alike")}</h2>
      </div>
      <div className="card-body">
        <ProblemAlert error={alike.error} retry={() => void alike.refetch()} />
        {!items.length && <p className="muted">{t("persons.no_alike")}</p>}
        <ul className="changes">
          {items.map((item) => (
            <DuplicateItem key={item.person} item={item} to={paths.person(item.person)}>
              <ReasonedButton
                size="small"
                disabledReason={!person.may_merge && t("common.not_allowed")}
                onClick={() => onSame(item)}
              >
                {t("persons.same")}
              </ReasonedButton>
            </DuplicateItem>
          ))}
        </ul>
        <Elsewhere n={alike.data?.elsewhere ?? 0} />
      </div>
    </section>
  );
}

function ActDialog({ id, asked, onClose }: { id: string; asked: Asked; onClose: () => void }) {
  const { t } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [form] = Form.useForm<{ reason: string }>();
  const done = useMutation({
    mutationFn: ({ reason }: { reason: string }) =>
      asked.act === "merge"
        ? mergePersons(id, asked.other.person, reason.trim())
        : erasePerson(id, reason.trim()),
    onSuccess: async () => {
      void message.success(t("persons.done"));
      onClose();
      await client.invalidateQueries({ queryKey: keys.persons });
      await client.invalidateQueries({ queryKey: keys.records });
    },
  });
  const title = t(asked.act === "merge" ? "persons.same" : "persons.erase");
  return (
    <Modal
      open
      title={title}
      okText={title}
      okButtonProps={{ danger: asked.act === "erase", loading: done.isPending }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p>{t(asked.act === "merge" ? "persons.merge_note" : "persons.erase_note")}</p>
      {asked.act === "merge" && (
        <ul className="changes">
          <DuplicateItem item={asked.other} to={paths.person(asked.other.person)} />
        </ul>
      )}
      <Form form={form} layout="vertical" onFinish={(values) => done.mutate(values)}>
        <Form.Item
          name="reason"
          label={t("persons.reason")}
          rules={[{ required: true, whitespace: true, message: t("persons.reason_required") }]}
        >
          <Input.TextArea rows={3} maxLength={2000} />
        </Form.Item>
      </Form>
      <ProblemAlert error={done.error} />
    </Modal>
  );
}
