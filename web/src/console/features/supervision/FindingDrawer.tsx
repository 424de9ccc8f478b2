import { useLocation, useParams } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { DrawerPage } from "../../../shared/ui/DrawerPage";
import { LifePanel } from "../../../shared/work/LifePanel";
import { paths } from "../../paths";

/** A visit or a finding beside the list: what was found, who puts it right, what is next. */
export function FindingDrawer() {
  const { t } = useI18n();
  const { id = "" } = useParams();
  const { search } = useLocation();
  return (
    <DrawerPage title={t("supervision.one")} back={`${paths.supervision()}${search}`}>
      <LifePanel id={id} />
    </DrawerPage>
  );
}
