import { Drawer } from "antd";
import { useLocation, useNavigate, useParams } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { useDocumentTitle } from "../../../shared/ui/useDocumentTitle";
import { LifePanel } from "../../../shared/work/LifePanel";
import { paths } from "../../paths";

/** One piece of work beside the list. */
export function TaskDrawer() {
  const { t } = useI18n();
  const { id = "" } = useParams();
  const { search } = useLocation();
  const navigate = useNavigate();
  const title = t("tasks.one");
  useDocumentTitle(title);
  return (
    <Drawer
      open
      size={720}
      title={title}
      aria-label={title}
      onClose={() => void navigate(`${paths.tasks()}${search}`)}
    >
      <LifePanel id={id} />
    </Drawer>
  );
}
