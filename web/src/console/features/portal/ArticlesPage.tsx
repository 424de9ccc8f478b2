import { PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Segmented, Table, Tag } from "antd";
import { Link, useNavigate } from "react-router";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { ArticleSummary, Page } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useMay } from "../../../shared/session";
import { MoreButton } from "../../../shared/ui/MoreButton";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { useUrlState } from "../../../shared/urlState";
import { paths } from "../../paths";
import { ArticleStatus, STATUSES } from "./ArticleStatus";
import { useChannelOptions } from "./queries";

/** Articles of the reader's regions by status; the review queue is one of these lists. */
export function ArticlesPage() {
  const { t, text, format } = useI18n();
  const navigate = useNavigate();
  const url = useUrlState();
  const status = url.get("status") ?? "";
  const mayWrite = useMay("article.write");
  const channels = new Map(useChannelOptions(text).map((option) => [option.value, option.label]));
  const list = useInfiniteQuery({
    queryKey: [...keys.articles, "list", status],
    queryFn: ({ signal, pageParam }) =>
      request<Page<ArticleSummary>>("GET", "/articles", { signal, query: { status, cursor: pageParam } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <>
      <PageHeader
        title={t("portal.title")}
        note={t("portal.note")}
        actions={
          <>
            <Button href={paths.portal} target="_blank">
              {t("nav.portal")}
            </Button>
            <Button onClick={() => void navigate(paths.channels)}>{t("portal.channels")}</Button>
            <Button onClick={() => void navigate(paths.links())}>{t("links.title")}</Button>
            <ReasonedButton
              type="primary"
              icon={<PlusOutlined />}
              disabledReason={!mayWrite && t("common.not_allowed")}
              onClick={() => void navigate(paths.articleNew)}
            >
              {t("portal.new")}
            </ReasonedButton>
          </>
        }
      />
      <ProblemAlert error={list.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={t("portal.title")}>
        <div className="card-body">
          <Segmented
            aria-label={t("portal.status")}
            value={status}
            onChange={(value) => url.set({ status: value })}
            options={[
              { value: "", label: t("portal.all") },
              ...STATUSES.map((value) => ({ value, label: t(`portal.status.${value}`) })),
            ]}
          />
        </div>
        <Table
          size="small"
          rowKey="id"
          loading={list.isPending}
          dataSource={list.data?.pages.flatMap((page) => page.items) ?? []}
          pagination={false}
          scroll={{ x: "max-content" }}
          locale={{ emptyText: t("portal.none") }}
          columns={[
            {
              title: t("portal.status"),
              dataIndex: "status",
              render: (value: string, article) => (
                <>
                  <ArticleStatus status={value} />
                  {article.public && value !== "published" && <Tag color="green">{t("portal.public")}</Tag>}
                </>
              ),
            },
            {
              title: t("portal.heading"),
              dataIndex: "title",
              render: (title: string, article) => <Link to={paths.article(article.id)}>{title}</Link>,
            },
            { title: t("portal.channel"), render: (_, a) => channels.get(a.channel) ?? a.channel },
            { title: t("portal.region"), render: (_, a) => a.region.name },
            {
              title: t("portal.changed"),
              render: (_, a) => `${a.changed_by} · ${format.instant(a.changed_at)}`,
            },
          ]}
        />
        <MoreButton list={list} />
      </section>
    </>
  );
}
