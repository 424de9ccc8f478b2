import type { ReactNode } from "react";
import { useDocumentTitle } from "./useDocumentTitle";

interface Props {
  title: string;
  /** What stands above the title, for example the way back. */
  trail?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
}

/** Heading of a page: one `h1`, its note, and the page's actions on the right. */
export function PageHeader({ title, trail, note, actions }: Props) {
  useDocumentTitle(title);
  return (
    <header className="page-header">
      <div>
        {trail && <div className="page-trail">{trail}</div>}
        <h1>{title}</h1>
        {note && <p className="page-note">{note}</p>}
      </div>
      {actions && <div className="page-actions">{actions}</div>}
    </header>
  );
}
