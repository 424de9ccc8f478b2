import { useLocation, useParams } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { DrawerPage } from "../../../shared/ui/DrawerPage";
import { LifePanel } from "../../../shared/work/LifePanel";
import { paths } from "../../paths";

/** What one unit has done about the directive. */
export function UnitDrawer() {
  const { t } = useI18n();
  const { id = "", task = "" } = useParams();
  const { search } = useLocation();
  return (
    <DrawerPage title={t("directives.unit")} back={paths.directive(id, search)}>
      <LifePanel id={task} />
    </DrawerPage>
  );
}
