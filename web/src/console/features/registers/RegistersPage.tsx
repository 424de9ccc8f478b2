import {
  CarryOutOutlined,
  ContactsOutlined,
  ExperimentOutlined,
  FileTextOutlined,
  NotificationOutlined,
  NumberOutlined,
  SafetyOutlined,
  UserOutlined,
} from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Input, Skeleton } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import type { RegisterSummary } from "../../../api/types";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { useMay } from "../../../shared/session";
import { useUrlState } from "../../../shared/urlState";
import { paths } from "../../paths";
import { registersQuery } from "./queries";

/** Kinds that the code knows; they stand first. Every other register is a ledger. */
const ICONS: Record<string, ReactNode> = {
  case: <FileTextOutlined />,
  count_report: <NumberOutlined />,
  lab_sample: <ExperimentOutlined />,
  contact: <ContactsOutlined />,
  task: <CarryOutOutlined />,
  directive: <NotificationOutlined />,
  order: <SafetyOutlined />,
};

export function RegistersPage() {
  const { t, text } = useI18n();
  const url = useUrlState();
  const navigate = useNavigate();
  const mayFind = useMay("record.read_personal");
  const registers = useQuery(registersQuery);
  const sought = (url.get("q") ?? "").trim().toLowerCase();
  const found = (registers.data?.items ?? []).filter(
    ({ id, title }) =>
      !sought || [id, title.en, title.zh].some((name) => name.toLowerCase().includes(sought)),
  );
  const known = Object.keys(ICONS);
  const special = found
    .filter(({ kind }) => kind in ICONS)
    .sort((a, b) => known.indexOf(a.kind) - known.indexOf(b.kind));
  const ledgers = found
    .filter(({ kind }) => !(kind in ICONS))
    .sort((a, b) => text(a.title).localeCompare(text(b.title)));
  return (
    <>
      <PageHeader
        title={t("registers.title")}
        note={t("registers.note")}
        actions={
          <>
            <ReasonedButton
              icon={<UserOutlined />}
              disabledReason={!mayFind && t("common.not_allowed")}
              onClick={() => void navigate(paths.persons)}
            >
              {t("persons.find")}
            </ReasonedButton>
            <Input.Search
              aria-label={t("registers.find")}
              placeholder={t("registers.find")}
              allowClear
              defaultValue={url.get("q")}
              onChange={(event) => url.set({ q: event.target.value }, { replace: true })}
              style={{ width: 240 }}
            />
          </>
        }
      />
      <ProblemAlert error={registers.error} retry={() => void registers.refetch()} />
      {registers.isPending && <Skeleton active />}
      {registers.data && found.length === 0 && <p className="muted">{t("registers.none_found")}</p>}
      {special.length > 0 && (
        <ul className="register-cards" aria-label={t("registers.title")}>
          {special.map((register) => (
            <RegisterCard key={register.id} register={register} />
          ))}
        </ul>
      )}
      {ledgers.length > 0 && (
        <section className="card" aria-labelledby="ledgers-heading">
          <div className="card-head">
            <h2 id="ledgers-heading">{t("registers.ledgers")}</h2>
          </div>
          <ul className="ledgers">
            {ledgers.map((register) => (
              <li key={register.id}>
                <Link to={paths.register(register.id)}>{text(register.title)}</Link>
                <RecordCount register={register} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function RegisterCard({ register }: { register: RegisterSummary }) {
  const { t, text } = useI18n();
  const kind = messageKey(`registers.kind.${register.kind}`);
  return (
    <li className="card">
      <span className="register-icon" aria-hidden>
        {ICONS[register.kind]}
      </span>
      <div>
        <h2>
          <Link to={paths.register(register.id)}>{text(register.title)}</Link>
        </h2>
        {kind && <p className="muted">{t(kind)}</p>}
      </div>
      <RecordCount register={register} />
    </li>
  );
}

function RecordCount({ register }: { register: RegisterSummary }) {
  const { t, format } = useI18n();
  if (register.record_count == null) return null;
  return (
    <span className={register.record_count > 0 ? "register-count" : "register-count none"}>
      <b>
        {format.count(register.record_count)}
        {register.record_count_more && "+"}
      </b>{" "}
      {t("registers.records")}
    </span>
  );
}
