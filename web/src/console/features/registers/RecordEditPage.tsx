import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Form, Input, Skeleton } from "antd";
import { lazy, Suspense, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { keys } from "../../../api/keys";
import { asProblem } from "../../../api/problem";
import type { Data, Duplicates, Register, RegisterRecord } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { paths } from "../../paths";
import { DuplicatesDialog } from "./DuplicatesDialog";
import {
  createRecord,
  findDuplicates,
  recordQuery,
  registerQuery,
  updateRecord,
  type Whose,
} from "./queries";
import { changedFields, useValueText } from "../../../shared/records/values";

const RecordForm = lazy(async () => ({ default: (await import("./RecordForm")).RecordForm }));

export function RecordNewPage() {
  const { t, text } = useI18n();
  const { register: id = "" } = useParams();
  const navigate = useNavigate();
  const tellSaved = useTellSaved();
  const client = useQueryClient();
  const register = useQuery(registerQuery(id));
  // Whoever sent the person here may want to show what was made; it names a page of the console, nothing else.
  const then = useSearchParams()[0].get("then");
  // A retry after a lost answer must not make a second record.
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  const [asked, setAsked] = useState<{ data: Data; found: Duplicates } | null>(null);
  const create = useMutation({
    mutationFn: ({ data, whose }: { data: Data; whose: Whose }) =>
      createRecord(id, data, whose, idempotencyKey),
    onSuccess: async (record) => {
      tellSaved(register.data, record);
      const next = then?.match(/^\/[a-z]+$/) ? `${then}/${record.id}` : paths.record(id, record.id);
      await navigate(next, { replace: true });
      await client.invalidateQueries({ queryKey: keys.records });
    },
  });
  // Before a person is entered a second time: who may it be? Whoever may not see persons enters without asking.
  const check = useMutation({
    mutationFn: async (data: Data) => {
      const named = register.data?.fields.some(
        (field) => field.personal && ["name", "document_number", "phone"].includes(field.role ?? ""),
      );
      if (!named) return { data, found: { items: [], elsewhere: 0 } };
      try {
        return { data, found: await findDuplicates(id, data) };
      } catch (error) {
        if (asProblem(error).status !== 403) throw error;
        return { data, found: { items: [], elsewhere: 0 } };
      }
    },
    onSuccess: ({ data, found }) => {
      if (found.items.length) setAsked({ data, found });
      else create.mutate({ data, whose: {} });
    },
  });
  return (
    <>
      <PageHeader
        title={t("registers.new_title", { register: text(register.data?.title) || id })}
        trail={<Trail register={register.data} id={id} />}
      />
      <ProblemAlert error={register.error} />
      <section className="card card-body form-card" aria-label={t("registers.form")}>
        <Suspense fallback={<Skeleton active />}>
          {register.data && (
            <RecordForm
              register={register.data}
              initial={{}}
              error={create.error ?? check.error}
              busy={create.isPending || check.isPending}
              onSubmit={(data) => check.mutate(data)}
            />
          )}
        </Suspense>
      </section>
      {asked && (
        <DuplicatesDialog
          found={asked.found}
          onCancel={() => setAsked(null)}
          onDecide={(whose) => {
            create.mutate({ data: asked.data, whose });
            setAsked(null);
          }}
        />
      )}
    </>
  );
}

export function RecordEditPage() {
  const { t } = useI18n();
  const { register: registerId = "", id = "" } = useParams();
  const register = useQuery(registerQuery(registerId));
  // The form works on the version it was opened with; news from the server show as a conflict, not under the fingers.
  const record = useQuery({ ...recordQuery(id), staleTime: Number.POSITIVE_INFINITY });
  return (
    <>
      <PageHeader
        title={t("registers.edit_title")}
        trail={<Trail register={register.data} id={registerId} />}
      />
      <ProblemAlert error={record.error ?? register.error} />
      {record.data && register.data ? (
        <Editor key={record.data.id} register={register.data} record={record.data} />
      ) : (
        <Skeleton active />
      )}
    </>
  );
}

/** Says that a record is saved, and what about it a person should look at although it was accepted. */
function useTellSaved() {
  const { t, lang, text } = useI18n();
  const { message, notification } = App.useApp();
  return (register: Register | undefined, { issues = [] }: RegisterRecord) => {
    if (!issues.length) return void message.success(t("registers.saved"));
    const label = (id?: string | null) => text(register?.fields.find((field) => field.id === id)?.label);
    notification.warning({
      title: t("registers.saved_please_check"),
      duration: 0,
      description: (
        <ul className="changes">
          {issues.map((issue) => (
            <li key={`${issue.code} ${issue.field}`}>
              {label(issue.field)}: {lang === "zh" ? issue.message_zh : issue.message_en} ({issue.code})
            </li>
          ))}
        </ul>
      ),
    });
  };
}

function Editor({ register, record }: { register: Register; record: RegisterRecord }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const tellSaved = useTellSaved();
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const [base, setBase] = useState(record);
  const [draft, setDraft] = useState<Data>(record.data);
  const [current, setCurrent] = useState<RegisterRecord | null>(null);
  const update = useMutation({
    mutationFn: (data: Data) => updateRecord(record.id, base.version, data, reason.trim()),
    onSuccess: async (saved) => {
      tellSaved(register, saved);
      await navigate(paths.record(register.id, record.id), { replace: true });
      await client.invalidateQueries({ queryKey: keys.records });
    },
    onError: async (error) => {
      if (![409, 412].includes(asProblem(error).status)) return;
      setCurrent(await client.fetchQuery({ ...recordQuery(record.id), staleTime: 0 }));
    },
  });
  const takeTheirs = (theirs: RegisterRecord) => {
    // Only what the person really changed is kept on top of the newer version.
    const mine = Object.fromEntries(changedFields(base.data, draft).map((id) => [id, draft[id]]));
    setDraft({ ...theirs.data, ...mine });
    setBase(theirs);
    setCurrent(null);
    update.reset();
  };
  return (
    <section className="card card-body form-card" aria-label={t("registers.form")}>
      {current && (
        <Conflict register={register} base={base} current={current} onTake={() => takeTheirs(current)} />
      )}
      <Suspense fallback={<Skeleton active />}>
        <RecordForm
          key={base.version}
          register={register}
          initial={draft}
          locked={base.redacted}
          error={current ? null : update.error}
          busy={update.isPending}
          onChange={setDraft}
          onSubmit={(data) => update.mutate(data)}
        >
          <Form.Item label={t("registers.reason")} htmlFor="change-reason" layout="vertical">
            <Input.TextArea
              id="change-reason"
              rows={2}
              maxLength={2000}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
              placeholder={t("registers.change_reason_placeholder")}
            />
          </Form.Item>
        </RecordForm>
      </Suspense>
    </section>
  );
}

interface ConflictProps {
  register: Register;
  base: RegisterRecord;
  current: RegisterRecord;
  onTake: () => void;
}

/** Someone else saved first: what they changed, before anything is overwritten. */
function Conflict({ register, base, current, onTake }: ConflictProps) {
  const { t, text, format } = useI18n();
  const valueText = useValueText();
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={t("registers.conflict", {
        by: current.changed_by,
        at: format.instant(current.known_at),
        version: current.version,
      })}
      description={
        <ul className="changes">
          {changedFields(base.data, current.data).map((id) => {
            const field = register.fields.find((f) => f.id === id);
            return (
              field && (
                <li key={id}>
                  {text(field.label)}: <del>{valueText(field, base.data[id])}</del> →{" "}
                  <ins>{valueText(field, current.data[id])}</ins>
                </li>
              )
            );
          })}
        </ul>
      }
      action={<Button onClick={onTake}>{t("registers.take_current")}</Button>}
    />
  );
}

function Trail({ register, id }: { register: Register | undefined; id: string }) {
  const { t, text } = useI18n();
  return (
    <>
      <Link to={paths.registers}>{t("registers.title")}</Link> /{" "}
      <Link to={paths.register(id)}>{text(register?.title) || id}</Link>
    </>
  );
}
