import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Descriptions, Form, Input, Menu, Skeleton, Tag } from "antd";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Page, Plan, PlanRun } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { Diagram } from "../../../shared/ui/DiagramButton";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { PlanReport } from "../../../shared/work/PlanReport";
import { useUrlState } from "../../../shared/urlState";

const MODES = ["preview", "drill", "run"] as const;
type Mode = (typeof MODES)[number];

/** Facts that follow from the region and the day; the server fills them in. */
const GIVEN = ["region", "region_name", "region_level", "today"];

/** Plans as text and as a diagram; trying one out, rehearsing it, running it. */
export function PlansPage() {
  const { t, text } = useI18n();
  const url = useUrlState();
  const plans = useQuery({
    queryKey: keys.plans,
    queryFn: ({ signal }) => request<Page<Plan>>("GET", "/plans", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const items = plans.data?.items ?? [];
  const plan = items.find((candidate) => candidate.id === url.get("plan")) ?? items[0];
  return (
    <>
      <PageHeader title={t("plans.title")} note={t("plans.note")} />
      <ProblemAlert error={plans.error} retry={() => void plans.refetch()} />
      {plans.isPending && <Skeleton active />}
      <div className="plan-columns">
        <nav className="card" aria-label={t("plans.list")}>
          <Menu
            selectedKeys={plan ? [plan.id] : []}
            items={items.map((candidate) => ({ key: candidate.id, label: text(candidate.title) }))}
            onClick={({ key }) => url.set({ plan: key })}
          />
        </nav>
        {plan && (
          <div>
            <PlanText plan={plan} />
            <section className="card card-body" aria-label={t("plans.diagram")}>
              <Diagram path={`/plans/${encodeURIComponent(plan.id)}/diagram`} title={text(plan.title)} />
            </section>
            <TryOut key={plan.id} plan={plan} />
          </div>
        )}
      </div>
    </>
  );
}

function PlanText({ plan }: { plan: Plan }) {
  const { t, text } = useI18n();
  return (
    <section className="card" aria-labelledby="plan-heading">
      <div className="card-head">
        <h2 id="plan-heading">{text(plan.title)}</h2>
        <span className="muted">{t("plans.version", { n: plan.version })}</span>
      </div>
      <div className="card-body">
        <p>{text(plan.purpose)}</p>
        <Descriptions
          size="small"
          column={1}
          items={[
            { key: "trigger", label: t("plans.trigger"), children: text(plan.trigger_label) },
            ...(plan.when
              ? [{ key: "when", label: t("plans.when"), children: <code>{plan.when}</code> }]
              : []),
            { key: "level", label: t("plans.from_level"), children: text(plan.from_level_label) },
            { key: "source", label: t("plans.source"), children: plan.source },
          ]}
        />
        <ol className="plan-actions">
          {plan.actions.map((action) => (
            <li key={action.id}>
              {text(action.act)} <span className="muted">({text(action.target)})</span>
              {action.when && (
                <>
                  {" "}
                  <code>{action.when}</code>
                </>
              )}
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}

interface Tried {
  mode: Mode;
  region: string;
  facts: Record<string, unknown>;
}

function TryOut({ plan }: { plan: Plan }) {
  const { t } = useI18n();
  const session = useSession();
  const run = useMutation({
    mutationFn: (tried: Tried) =>
      request<PlanRun>("POST", `/plans/${encodeURIComponent(plan.id)}/runs`, { json: tried }),
  });
  const facts = plan.facts.filter((fact) => !GIVEN.includes(fact));
  const [form] = Form.useForm<{ region: string; facts?: Record<string, string | undefined> }>();
  const start = async (mode: Mode) => {
    const values = await form.validateFields();
    const given = Object.entries(values.facts ?? {}).filter(([, value]) => value);
    run.mutate({ mode, region: values.region, facts: Object.fromEntries(given.map(typed)) });
  };
  return (
    <section className="card" aria-labelledby="plan-try">
      <div className="card-head">
        <h2 id="plan-try">{t("plans.try")}</h2>
      </div>
      <div className="card-body">
        <p className="muted">{t("plans.try_note")}</p>
        <Form form={form} layout="vertical" initialValues={{ region: session.home_region.code }}>
          <div className="fact-grid">
            <Form.Item
              name="region"
              label={t("plans.region")}
              rules={[{ required: true, message: t("form.required") }]}
            >
              <RegionField label={t("plans.region")} />
            </Form.Item>
            {facts.map((fact) => (
              <Form.Item key={fact} name={["facts", fact]} label={<code>{fact}</code>}>
                <Input />
              </Form.Item>
            ))}
          </div>
        </Form>
        <div className="step-buttons">
          {MODES.map((mode) => (
            <ModeButton
              key={mode}
              mode={mode}
              allowed={plan.modes.includes(mode)}
              busy={run.isPending && run.variables.mode === mode}
              onStart={() => void start(mode)}
            />
          ))}
        </div>
        <ProblemAlert error={run.error} />
        {run.data && (
          <div role="status" aria-label={t("plans.outcome")}>
            {run.variables?.mode === "drill" && <Tag color="orange">{t("tasks.drill")}</Tag>}
            <PlanReport run={run.data} />
          </div>
        )}
      </div>
    </section>
  );
}

/** Numbers of facts are numbers: a condition compares them. */
function typed([name, value]: [string, string | undefined]): [string, unknown] {
  return [name, value && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value];
}

function ModeButton(props: { mode: Mode; allowed: boolean; busy: boolean; onStart: () => void }) {
  const { t } = useI18n();
  const label = t(`plans.mode.${props.mode}`);
  if (props.mode === "preview" && props.allowed)
    return (
      <Button type="primary" loading={props.busy} onClick={props.onStart}>
        {label}
      </Button>
    );
  return (
    <ReasonedButton
      loading={props.busy}
      disabledReason={!props.allowed && t(props.mode === "run" ? "plans.not_manual" : "common.not_allowed")}
      onClick={props.onStart}
    >
      {label}
    </ReasonedButton>
  );
}

interface FieldProps {
  id?: string;
  label: string;
  value?: string;
  onChange?: (value: string | undefined) => void;
}

function RegionField({ id, label, value, onChange }: FieldProps) {
  return <RegionSelect id={id} ariaLabel={label} value={value} onChange={(code) => onChange?.(code)} />;
}
