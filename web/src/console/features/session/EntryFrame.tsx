import type { ReactNode } from "react";
import { useI18n } from "../../../shared/i18n/i18n";
import { Emblem } from "../../../shared/ui/Emblem";
import { LanguageSwitch } from "../../../shared/ui/LanguageSwitch";
import { useDocumentTitle } from "../../../shared/ui/useDocumentTitle";

/** Frame of the pages before the sign-in. */
export function EntryFrame({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  const { t } = useI18n();
  useDocumentTitle(title);
  return (
    <main className="entry">
      <section className="entry-brand">
        <Emblem size={56} />
        <p className="entry-name">{t("app.name")}</p>
        <p className="entry-claim">{t("app.claim")}</p>
        <ul>
          <li>{t("session.point_path")}</li>
          <li>{t("session.point_known")}</li>
          <li>{t("session.point_people")}</li>
        </ul>
      </section>
      <section className="entry-form">
        <div className="entry-language">
          <LanguageSwitch />
        </div>
        <div className="entry-card">
          <h1>{title}</h1>
          {note && <p className="muted">{note}</p>}
          {children}
        </div>
      </section>
    </main>
  );
}
