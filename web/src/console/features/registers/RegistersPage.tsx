import { ContactsOutlined, ExperimentOutlined, FileTextOutlined, NumberOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { messageKey, useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { paths } from "../../paths";
import { registersQuery } from "./queries";

const ICONS: Record<string, ReactNode> = {
  case: <FileTextOutlined />,
  count_report: <NumberOutlined />,
  lab_sample: <ExperimentOutlined />,
  contact: <ContactsOutlined />,
};

export function RegistersPage() {
  const { t, text, format } = useI18n();
  const registers = useQuery(registersQuery);
  return (
    <>
      <PageHeader title={t("registers.title")} note={t("registers.note")} />
      <ProblemAlert error={registers.error} retry={() => void registers.refetch()} />
      {registers.isPending && <Skeleton active />}
      <ul className="register-cards">
        {registers.data?.items.map((register) => {
          const kind = messageKey(`registers.kind.${register.kind}`);
          return (
            <li key={register.id} className="card">
              <span className="register-icon" aria-hidden>
                {ICONS[register.kind] ?? <FileTextOutlined />}
              </span>
              <div>
                <h2>
                  <Link to={paths.register(register.id)}>{text(register.title)}</Link>
                </h2>
                <p className="muted">{kind ? t(kind) : register.kind}</p>
              </div>
              {register.record_count != null && (
                <span className="register-count">
                  <b>
                    {format.count(register.record_count)}
                    {register.record_count_more && "+"}
                  </b>{" "}
                  {t("registers.records")}
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}
