import { useMutation } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { Link } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { paths } from "../../paths";
import { findPersons, type AskedPerson } from "./queries";

/** Finds persons by a document or a telephone: for whoever comes and asks what is known about them. */
export function PersonsPage() {
  const { t } = useI18n();
  const found = useMutation({ mutationFn: findPersons });
  const send = ({ document, phone }: AskedPerson) =>
    found.mutate({ document: document?.trim() || undefined, phone: phone?.trim() || undefined });
  return (
    <>
      <PageHeader
        title={t("persons.find")}
        note={t("persons.find_note")}
        trail={<Link to={paths.registers}>{t("registers.title")}</Link>}
      />
      <section className="card">
        <div className="card-body">
          <Form layout="vertical" onFinish={send} style={{ maxWidth: 460 }}>
            <Form.Item name="document" label={t("persons.document")}>
              <Input autoComplete="off" />
            </Form.Item>
            <Form.Item name="phone" label={t("persons.phone")}>
              <Input autoComplete="off" inputMode="tel" />
            </Form.Item>
            <Button type="primary" htmlType="submit" loading={found.isPending}>
              {t("persons.find")}
            </Button>
          </Form>
          <ProblemAlert error={found.error} />
          <div role="status">
            {found.data && !found.data.items.length && <p>{t("persons.found_nobody")}</p>}
          </div>
          <ul className="changes">
            {found.data?.items.map((id) => (
              <li key={id}>
                <Link to={paths.person(id)}>
                  {t("persons.person")} {id.slice(-6)}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      </section>
    </>
  );
}
