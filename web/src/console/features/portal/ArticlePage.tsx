import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Card, Skeleton } from "antd";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Article, ArticleContent } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useMay, useSession } from "../../../shared/session";
import { PageHeader } from "../../../shared/ui/PageHeader";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { ReasonedButton } from "../../../shared/ui/ReasonedButton";
import { paths } from "../../paths";
import { ArticleForm, type Manuscript } from "./ArticleForm";
import { ArticleStatus } from "./ArticleStatus";
import { ArticleSteps } from "./ArticleSteps";
import { articleQuery } from "./queries";

const EMPTY: ArticleContent = {
  title: "",
  subtitle: "",
  summary: "",
  author: "",
  editor: "",
  source: "",
  place: "",
  lang: "zh",
  tags: [],
  cover: null,
  body: "",
  attachments: [],
  comments_open: false,
};

/** A new article: its channel and region are chosen here and changed by moving it later. */
export function ArticleNewPage() {
  const { t, lang } = useI18n();
  const session = useSession();
  const navigate = useNavigate();
  const client = useQueryClient();
  const mayWrite = useMay("article.write");
  const [manuscript, setManuscript] = useState<Manuscript>({
    channel: "",
    region: session.home_region.code,
    content: { ...EMPTY, lang },
  });
  const create = useMutation({
    mutationFn: () => request<Article>("POST", "/articles", { json: manuscript }),
    onSuccess: async (article) => {
      await client.invalidateQueries({ queryKey: keys.articles });
      void navigate(paths.article(article.summary.id), { replace: true });
    },
  });
  const ready = manuscript.channel && manuscript.content.title.trim();
  return (
    <>
      <PageHeader
        title={t("portal.new")}
        trail={<Link to={paths.articles()}>{t("portal.title")}</Link>}
        actions={
          <ReasonedButton
            type="primary"
            loading={create.isPending}
            disabledReason={
              (!mayWrite && t("common.not_allowed")) ||
              (!ready && `${t("portal.heading")}, ${t("portal.channel")}`)
            }
            onClick={() => create.mutate()}
          >
            {t("portal.save")}
          </ReasonedButton>
        }
      />
      <ProblemAlert error={create.error} />
      <ArticleForm manuscript={manuscript} onChange={setManuscript} placeable />
    </>
  );
}

/** An article: its working copy, its steps, and what readers have seen of it. */
export function ArticlePage() {
  const { id = "" } = useParams();
  const found = useQuery(articleQuery(id));
  return (
    <>
      <ProblemAlert error={found.error} retry={() => void found.refetch()} />
      {found.isPending && <Skeleton active />}
      {/* Another version starts the form anew; what was typed on an older one is kept until it is saved. */}
      {found.data && <Opened key={found.data.summary.id} article={found.data} />}
    </>
  );
}

function Opened({ article }: { article: Article }) {
  const { t, format } = useI18n();
  const { message } = App.useApp();
  const client = useQueryClient();
  const { summary } = article;
  const [content, setContent] = useState(article.content);
  const [base, setBase] = useState({ content: article.content, version: summary.version });
  const changed = JSON.stringify(content) !== JSON.stringify(base.content);
  const keep = (next: Article) => {
    client.setQueryData(articleQuery(summary.id).queryKey, next);
    void client.invalidateQueries({ queryKey: [...keys.articles, "list"] });
    setContent(next.content);
    setBase({ content: next.content, version: next.summary.version });
  };
  const save = useMutation({
    mutationFn: () =>
      request<Article>("PUT", `/articles/${encodeURIComponent(summary.id)}`, {
        json: { version: base.version, content },
      }),
    onSuccess: (next) => {
      keep(next);
      void message.success(t("portal.saved"));
    },
  });
  return (
    <>
      <PageHeader
        title={base.content.title}
        trail={<Link to={paths.articles()}>{t("portal.title")}</Link>}
        note={
          <>
            <ArticleStatus status={summary.status} /> {summary.region.name} · {summary.changed_by} ·{" "}
            {format.instant(summary.changed_at)} · {t("portal.views", { n: article.views })}
            {summary.publish_at && <> · {format.instant(summary.publish_at)}</>}
          </>
        }
        actions={
          <>
            {summary.public && summary.address && (
              <Button href={summary.address} target="_blank">
                {t("portal.open")}
              </Button>
            )}
            <ReasonedButton
              type={changed ? "primary" : "default"}
              loading={save.isPending}
              disabledReason={!summary.actions.edit && t("common.not_allowed")}
              onClick={() => save.mutate()}
            >
              {t("portal.save")}
            </ReasonedButton>
          </>
        }
      />
      <ProblemAlert error={save.error} />
      {article.remark && (
        <Alert type="warning" showIcon title={t("portal.remark_of_reviewer", { text: article.remark })} />
      )}
      {article.withdrawn && (
        <Alert type="error" showIcon title={t("portal.withdrawn_because", { text: article.withdrawn })} />
      )}
      <ArticleSteps article={article} unsaved={changed} onDone={keep} />
      <ArticleForm
        key={base.version}
        manuscript={{ channel: summary.channel, region: summary.region.code, content }}
        disabled={!summary.actions.edit}
        onChange={(next) => setContent(next.content)}
      />
      {article.versions.length > 0 && (
        <Card size="small" title={t("portal.versions")}>
          <ul>
            {article.versions.map((version) => (
              <li key={version.n}>
                {t("portal.version", { n: version.n })} · {format.instant(version.published_at)} ·{" "}
                {version.approved_by}
                {version.correction && <> · {version.correction}</>}
              </li>
            ))}
            {article.addresses.map((address) => (
              <li key={address}>
                <code>{address}</code>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}
