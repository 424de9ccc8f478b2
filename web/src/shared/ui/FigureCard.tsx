import { TableOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useId, useState, type ReactNode } from "react";
import { useI18n } from "../i18n/i18n";

interface Props {
  title: ReactNode;
  extra?: ReactNode;
  children: ReactNode;
  /** The same numbers as a table, for those who cannot or do not want to read the drawing. */
  table?: () => ReactNode;
  className?: string;
}

/** A framed figure with its heading; the drawing can be swapped for its numbers. */
export function FigureCard({ title, extra, children, table, className }: Props) {
  const { t } = useI18n();
  const [asTable, setAsTable] = useState(false);
  const heading = useId();
  return (
    <section className={`card ${className ?? ""}`} aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>{title}</h2>
        <div className="card-extra">
          {extra}
          {table && (
            <Button
              type="text"
              size="small"
              icon={<TableOutlined />}
              aria-pressed={asTable}
              onClick={() => setAsTable(!asTable)}
            >
              {asTable ? t("figure.as_chart") : t("figure.as_table")}
            </Button>
          )}
        </div>
      </div>
      <div className="card-body">{asTable && table ? table() : children}</div>
    </section>
  );
}
