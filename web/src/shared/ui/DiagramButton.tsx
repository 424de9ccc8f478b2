import { DownloadOutlined, ForkOutlined } from "@ant-design/icons";
import { Button, Modal } from "antd";
import { useState } from "react";
import { apiUrl } from "../../api/client";
import { useI18n } from "../i18n/i18n";

interface Props {
  /** Address of what is drawn, below the API. */
  path: string;
  title: string;
}

/** Opens the diagram that the server draws of a register's life or of a plan. */
export function DiagramButton({ path, title }: Props) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<ForkOutlined />} onClick={() => setOpen(true)}>
        {t("diagram.open")}
      </Button>
      <Modal
        open={open}
        title={title}
        width="min(96vw, 1500px)"
        footer={null}
        onCancel={() => setOpen(false)}
      >
        <Diagram path={path} title={title} />
      </Modal>
    </>
  );
}

/** The diagram itself; wide ones scroll. */
export function Diagram({ path, title }: Props) {
  const { t, lang } = useI18n();
  const address = apiUrl(path, { lang });
  return (
    <div className="diagram">
      {/* A wide drawing scrolls, also by keys. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="diagram-paper" tabIndex={0} role="group" aria-label={t("diagram.alt", { title })}>
        <img src={address} alt={t("diagram.alt", { title })} />
      </div>
      <Button type="link" size="small" icon={<DownloadOutlined />} href={address} download>
        {t("diagram.download")}
      </Button>
    </div>
  );
}
