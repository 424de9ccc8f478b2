import { useInfiniteQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { Link, useLocation } from "react-router";
import type { Register, WorkItem } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { MoreButton } from "../../../shared/ui/MoreButton";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { StateTag } from "../../../shared/work/StateTag";
import { workQuery } from "../../../shared/work/queries";
import { paths } from "../../paths";

/** A column for every state that the register declares, the earliest deadline on top. */
export function Board({ register, region }: { register: Register; region: string }) {
  return (
    <div className="board">
      {register.states.map((state) => (
        <Column key={state.id} register={register} state={state.id} region={region} />
      ))}
    </div>
  );
}

function Column({ register, state, region }: { register: Register; state: string; region: string }) {
  const { text, format } = useI18n();
  const declared = register.states.find((candidate) => candidate.id === state);
  const list = useInfiniteQuery(workQuery({ whose: "region", region, register: register.id, state }));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const n = list.data?.pages[0]?.counts[state]?.n ?? 0;
  const heading = `board-${state}`;
  return (
    <section className="board-column" aria-labelledby={heading}>
      <h2 id={heading}>
        {text(declared?.label)} <span className="muted">{format.count(n)}</span>
      </h2>
      {declared?.deadline && <small className="muted">{text(declared.deadline)}</small>}
      <ProblemAlert error={list.error} retry={() => void list.refetch()} />
      {list.isPending && <Skeleton active />}
      <ul>
        {items.map((item) => (
          <Card key={item.record} item={item} />
        ))}
      </ul>
      <MoreButton list={list} size="small" />
    </section>
  );
}

function Card({ item }: { item: WorkItem }) {
  const { t, format } = useI18n();
  const { search } = useLocation();
  return (
    <li className="board-card">
      <Link to={paths.finding(item.record, search)}>{item.title}</Link>
      <small className="muted">
        {item.unit.name}
        {item.due_at && ` · ${t("tasks.column.due")} ${format.instant(item.due_at)}`}
      </small>
      {item.late && <StateTag work={item} />}
    </li>
  );
}
