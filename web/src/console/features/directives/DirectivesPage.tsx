import { PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Checkbox } from "antd";
import { useNavigate } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { useUrlState } from "../../../shared/urlState";
import { ExportButton } from "../../../shared/work/ExportButton";
import { WorkTable } from "../../../shared/work/WorkTable";
import { standingsQuery, workQuery, workRegisterQuery } from "../../../shared/work/queries";
import { paths } from "../../paths";
import { Progress } from "./Progress";
import { summary } from "./standings";

const REGISTER = "directive";

/** What was ordered, and how far the units are with it. */
export function DirectivesPage() {
  const { t } = useI18n();
  const session = useSession();
  const navigate = useNavigate();
  const url = useUrlState();
  const region = url.get("region") ?? session.home_region.code;
  const finished = url.get("finished") === "true";
  const register = useQuery(workRegisterQuery(REGISTER)).data;
  const list = useInfiniteQuery(
    workQuery({ whose: "region", region, register: REGISTER, open: finished ? undefined : true }),
  );
  return (
    <>
      <PageHeader
        title={t("directives.title")}
        note={t("directives.note")}
        actions={
          <>
            <ExportButton register={REGISTER} region={region} />
            <ReasonedButton
              type="primary"
              icon={<PlusOutlined />}
              disabledReason={
                register && !register.actions.includes("record.write") && t("common.not_allowed")
              }
              onClick={() => void navigate(paths.recordNew(REGISTER, paths.directives()))}
            >
              {t("directives.new")}
            </ReasonedButton>
          </>
        }
      />
      <div className="filters" role="search" aria-label={t("directives.filter")}>
        <RegionSelect
          ariaLabel={t("directives.region")}
          value={region}
          width={260}
          onChange={(value) => url.set({ region: value })}
        />
        <Checkbox
          checked={finished}
          onChange={(e) => url.set({ finished: e.target.checked ? "true" : undefined })}
        >
          {t("tasks.finished_too")}
        </Checkbox>
      </div>
      <WorkTable
        list={list}
        label={t("directives.title")}
        title={t("directives.column.title")}
        none={t("directives.none")}
        last={[
          {
            title: t("directives.column.progress"),
            render: (_, item) => <Row id={item.record} />,
            width: 380,
          },
        ]}
        address={(item) => paths.directive(item.record)}
      />
    </>
  );
}

function Row({ id }: { id: string }) {
  const { t } = useI18n();
  const units = useQuery(standingsQuery(id)).data?.items;
  if (!units) return null;
  if (units.length === 0) return <span className="muted">{t("directives.not_out")}</span>;
  return <Progress of={summary(units)} />;
}
