import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Segmented } from "antd";
import { Suspense } from "react";
import { Outlet, useNavigate } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useUrlState } from "../../../shared/urlState";
import { ExportButton } from "../../../shared/work/ExportButton";
import { workRegisterQuery } from "../../../shared/work/queries";
import { paths } from "../../paths";
import { Board } from "./Board";
import { League } from "./League";

const VIEWS = ["findings", "visits", "league"] as const;
type View = (typeof VIEWS)[number];
const REGISTER: Record<View, string> = { findings: "finding", visits: "inspection", league: "inspection" };

/** Visits, what they found and who puts it right, and how the counties compare. */
export function SupervisionPage() {
  const { t, text } = useI18n();
  const session = useSession();
  const navigate = useNavigate();
  const url = useUrlState();
  const view = VIEWS.find((candidate) => candidate === url.get("view")) ?? "findings";
  const region = url.get("region") ?? session.home_region.code;
  const id = REGISTER[view];
  const register = useQuery(workRegisterQuery(id)).data;
  return (
    <>
      <PageHeader
        title={t("supervision.title")}
        note={t("supervision.note")}
        actions={
          <>
            <ExportButton register={id} region={region} />
            <ReasonedButton
              type="primary"
              icon={<PlusOutlined />}
              disabledReason={
                register && !register.actions.includes("record.write") && t("common.not_allowed")
              }
              onClick={() => void navigate(paths.recordNew(id, paths.supervision()))}
            >
              {t("supervision.new", { register: text(register?.title) })}
            </ReasonedButton>
          </>
        }
      />
      <div className="filters" role="search" aria-label={t("supervision.view")}>
        <Segmented<View>
          aria-label={t("supervision.view")}
          value={view}
          options={VIEWS.map((value) => ({ value, label: t(`supervision.view.${value}`) }))}
          onChange={(value) => url.set({ view: value })}
        />
        <RegionSelect
          ariaLabel={t("supervision.region")}
          value={region}
          width={260}
          onChange={(value) => url.set({ region: value })}
        />
      </div>
      {view === "league" ? (
        <League region={region} />
      ) : (
        register && <Board key={id} register={register} region={region} />
      )}
      <Suspense>
        <Outlet />
      </Suspense>
    </>
  );
}
