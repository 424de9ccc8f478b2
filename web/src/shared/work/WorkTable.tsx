import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { Table } from "antd";
import type { ColumnsType } from "antd/es/table";
import { Link, useNavigate } from "react-router";
import type { WorkItem } from "../../api/types";
import { useI18n } from "../i18n/i18n";
import { MoreButton } from "../ui/MoreButton";
import { ProblemAlert } from "../ui/ProblemAlert";
import { StateTag } from "./StateTag";

type Props = {
  list: Pick<
    UseInfiniteQueryResult<{ pages: { items: WorkItem[] }[] }>,
    "data" | "error" | "refetch" | "isPending" | "hasNextPage" | "isFetchingNextPage" | "fetchNextPage"
  >;
  /** Name of the list, heading of its first column, and what stands there when it is empty. */
  label: string;
  title: string;
  none: string;
  /** Between what it is and its state. */
  middle?: ColumnsType<WorkItem>;
  /** Behind the deadline. */
  last?: ColumnsType<WorkItem>;
  address: (item: WorkItem) => string;
  /** The record that is open beside the list. */
  opened?: string;
};

/** Records with a life: what, in which state, until when. A row opens its record. */
export function WorkTable({ list, label, title, none, middle = [], last = [], address, opened }: Props) {
  const { t, format } = useI18n();
  const navigate = useNavigate();
  const columns: ColumnsType<WorkItem> = [
    {
      title,
      render: (_, item) => (
        <>
          <Link to={address(item)} onClick={(event) => event.stopPropagation()}>
            {item.title || item.register}
          </Link>
          <small className="muted path">{item.region?.name}</small>
        </>
      ),
    },
    ...middle,
    { title: t("tasks.column.state"), render: (_, item) => <StateTag work={item} />, width: 250 },
    { title: t("tasks.column.due"), dataIndex: "due_at", render: format.instant, width: 180 },
    ...last,
  ];
  return (
    <>
      <ProblemAlert error={list.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={label}>
        <Table<WorkItem>
          rowKey="record"
          size="small"
          columns={columns}
          dataSource={list.data?.pages.flatMap((page) => page.items) ?? []}
          loading={list.isPending}
          pagination={false}
          locale={{ emptyText: none }}
          rowClassName={(item) => (item.record === opened ? "row-open" : "row-link")}
          onRow={(item) => ({ onClick: () => void navigate(address(item)) })}
        />
        <div className="more">
          <MoreButton list={list} />
        </div>
      </section>
    </>
  );
}
