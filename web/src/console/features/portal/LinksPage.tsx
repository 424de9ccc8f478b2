import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Segmented, Table } from "antd";
import { Link } from "react-router";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { LinkList, PortalLink } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { MoreButton } from "../../../shared/ui/MoreButton";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { useUrlState } from "../../../shared/urlState";
import { paths } from "../../paths";

const STATUSES = ["broken", "unclear", "works", "waiting"] as const;
type Status = (typeof STATUSES)[number];

/** Pages of others to which the portal leads, and whether they answer. */
export function LinksPage() {
  const { t, format } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const url = useUrlState();
  const status: Status = STATUSES.find((known) => known === url.get("status")) ?? "broken";
  const list = useInfiniteQuery({
    queryKey: [...keys.links, status],
    queryFn: ({ signal, pageParam }) =>
      request<LinkList>("GET", "/portal/links", { signal, query: { status, cursor: pageParam } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const recheck = useMutation({
    mutationFn: (link: PortalLink) =>
      request<PortalLink>("POST", "/portal/links/recheck", { json: { address: link.address } }),
    onSuccess: async () => {
      void message.success(t("links.recheck_done"));
      await client.invalidateQueries({ queryKey: keys.links });
    },
  });
  const isOff = list.data?.pages[0]?.is_checked === false;
  return (
    <>
      <PageHeader title={t("links.title")} note={t("links.note")} />
      {isOff && <Alert type="info" showIcon title={t("links.off")} />}
      <ProblemAlert error={list.error ?? recheck.error} retry={() => void list.refetch()} />
      <section className="card" aria-label={t("links.title")}>
        <div className="card-body">
          <Segmented<Status>
            aria-label={t("links.status")}
            value={status}
            options={STATUSES.map((value) => ({ value, label: t(`links.status.${value}`) }))}
            onChange={(value) => url.set({ status: value })}
          />
        </div>
        <Table
          size="small"
          rowKey="address"
          loading={list.isPending}
          dataSource={list.data?.pages.flatMap((page) => page.items) ?? []}
          pagination={false}
          scroll={{ x: "max-content" }}
          locale={{ emptyText: t("links.none") }}
          columns={[
            {
              title: t("links.address"),
              render: (_, link) => (
                <>
                  <a href={link.address} target="_blank" rel="noreferrer">
                    <bdi>{link.address}</bdi>
                  </a>
                  {link.moved_to && <p className="muted">{t("links.moved", { address: link.moved_to })}</p>}
                </>
              ),
            },
            { title: t("links.found"), render: (_, link) => <Found link={link} /> },
            {
              title: t("links.checked"),
              render: (_, link) => (link.checked_at ? format.instant(link.checked_at) : ""),
            },
            {
              title: t("links.used_in"),
              render: (_, link) => (
                <ul className="plain">
                  {link.uses.map((use) => (
                    <li key={`${use.kind}/${use.subject}`}>
                      <Link
                        to={
                          use.kind === "article"
                            ? paths.article(use.subject)
                            : paths.record(use.kind, use.subject)
                        }
                      >
                        <bdi>{use.title}</bdi>
                      </Link>
                    </li>
                  ))}
                </ul>
              ),
            },
            {
              title: t("common.actions"),
              render: (_, link) => (
                <Button size="small" loading={recheck.isPending} onClick={() => recheck.mutate(link)}>
                  {t("links.recheck")}
                </Button>
              ),
            },
          ]}
        />
        <MoreButton list={list} />
      </section>
    </>
  );
}

const PROBLEMS = [
  "bad_address",
  "bad_port",
  "not_public",
  "no_such_host",
  "no_connection",
  "bad_certificate",
  "bad_answer",
  "too_many_redirects",
  "late",
] as const;

function Found({ link }: { link: PortalLink }) {
  const { t, format } = useI18n();
  const problem = PROBLEMS.find((known) => known === link.problem);
  return (
    <>
      {problem ? t(`links.problem.${problem}`) : link.answer && t("links.answer", { status: link.answer })}
      {link.broken_since && (
        <p className="muted">
          {t("links.broken_since", { at: format.instant(link.broken_since), n: link.failures })}
        </p>
      )}
    </>
  );
}
