import { useMutation, useQuery } from "@tanstack/react-query";
import { App, Button, Checkbox, Form, Input, Segmented, Select, Skeleton, Upload } from "antd";
import { lazy, Suspense, useId, useState } from "react";
import { request } from "../../../api/client";
import type { ArticleContent, Preview } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useProblemText } from "../../../shared/ui/ProblemAlert";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { fileForWriters, pageForWriters, uploadFile } from "./files";
import { useChannelOptions } from "./queries";

// The editor is as large as the rest of the page; lists do without it.
const RichText = lazy(() => import("./RichText"));

export interface Manuscript {
  channel: string;
  region: string;
  content: ArticleContent;
}

interface Props {
  manuscript: Manuscript;
  onChange: (next: Manuscript) => void;
  disabled?: boolean;
  /** Channel and region can be chosen. */
  placeable?: boolean;
}

const MODES = ["rich", "markdown", "preview"] as const;

/** Everything that an article says. */
export function ArticleForm({ manuscript, onChange, disabled, placeable }: Props) {
  const { t, text } = useI18n();
  const { message } = App.useApp();
  const problemText = useProblemText();
  const id = useId();
  const { content } = manuscript;
  const [mode, setMode] = useState<(typeof MODES)[number]>("rich");
  const channels = useChannelOptions(text);
  const set = (patch: Partial<ArticleContent>) =>
    onChange({ ...manuscript, content: { ...content, ...patch } });
  const upload = useMutation({
    mutationFn: uploadFile,
    onError: (error) => void message.error(problemText(error)),
  });
  const line = (name: "title" | "subtitle" | "author" | "editor" | "source" | "place", label: string) => (
    <Form.Item label={label} htmlFor={`${id}-${name}`} required={name === "title"}>
      <Input
        id={`${id}-${name}`}
        value={content[name]}
        maxLength={200}
        disabled={disabled}
        onChange={(event) => set({ [name]: event.target.value })}
      />
    </Form.Item>
  );
  return (
    <Form layout="vertical" component="div" className="article-form">
      <section className="card card-body" aria-label={t("portal.body")}>
        {line("title", t("portal.heading"))}
        {line("subtitle", t("portal.subtitle"))}
        <Segmented
          aria-label={t("portal.body")}
          value={mode}
          onChange={setMode}
          options={MODES.map((value) => ({ value, label: t(`portal.mode.${value}`) }))}
        />
        {mode === "rich" && (
          <Suspense fallback={<Skeleton active />}>
            <RichText
              markdown={content.body ?? ""}
              label={t("portal.body")}
              disabled={disabled}
              onChange={(body) => set({ body })}
              onPicture={async (file) => (await upload.mutateAsync(file).catch(() => null))?.address ?? null}
            />
          </Suspense>
        )}
        {mode === "markdown" && (
          <Input.TextArea
            aria-label={t("portal.body")}
            value={content.body}
            autoSize={{ minRows: 14 }}
            disabled={disabled}
            onChange={(event) => set({ body: event.target.value })}
          />
        )}
        {mode === "preview" && <PreviewOf body={content.body ?? ""} />}
      </section>
      <section className="card card-body" aria-label={t("portal.tags")}>
        {placeable && (
          <>
            <Form.Item label={t("portal.channel")} htmlFor={`${id}-channel`} required>
              <Select
                id={`${id}-channel`}
                aria-label={t("portal.channel")}
                value={manuscript.channel || undefined}
                options={channels}
                showSearch={{ optionFilterProp: "label" }}
                onChange={(channel: string) => onChange({ ...manuscript, channel })}
              />
            </Form.Item>
            <Form.Item label={t("portal.region")} htmlFor={`${id}-region`} required>
              <RegionSelect
                id={`${id}-region`}
                ariaLabel={t("portal.region")}
                value={manuscript.region}
                allowClear={false}
                onChange={(region) => region && onChange({ ...manuscript, region })}
              />
            </Form.Item>
          </>
        )}
        <Form.Item label={t("portal.tags")} htmlFor={`${id}-tags`}>
          <Select
            id={`${id}-tags`}
            aria-label={t("portal.tags")}
            mode="tags"
            open={false}
            value={content.tags}
            disabled={disabled}
            tokenSeparators={[",", "，", "、"]}
            onChange={(tags: string[]) => set({ tags })}
          />
        </Form.Item>
        {line("author", t("portal.author"))}
        {line("editor", t("portal.editor"))}
        {line("source", t("portal.source"))}
        {line("place", t("portal.place"))}
        <Form.Item label={t("portal.summary")} htmlFor={`${id}-summary`}>
          <Input.TextArea
            id={`${id}-summary`}
            value={content.summary}
            maxLength={1000}
            autoSize={{ minRows: 2 }}
            disabled={disabled}
            onChange={(event) => set({ summary: event.target.value })}
          />
        </Form.Item>
        <Form.Item label={t("portal.lang")}>
          <Segmented
            aria-label={t("portal.lang")}
            value={content.lang}
            disabled={disabled}
            onChange={(lang) => set({ lang })}
            options={[
              { value: "zh", label: "中文" },
              { value: "en", label: "English" },
            ]}
          />
        </Form.Item>
        <Form.Item label={t("portal.cover")}>
          {content.cover && (
            <p>
              <img className="article-cover" src={fileForWriters(`/files/${content.cover}`)} alt="" />
              <Button size="small" disabled={disabled} onClick={() => set({ cover: null })}>
                {t("portal.remove")}
              </Button>
            </p>
          )}
          <FileButton
            disabled={disabled}
            accept="image/png,image/jpeg,image/webp"
            onFile={(file) => upload.mutate(file, { onSuccess: (kept) => set({ cover: kept.digest }) })}
          />
        </Form.Item>
        <Form.Item label={t("portal.attachments")}>
          <ul className="article-files">
            {(content.attachments ?? []).map((attachment) => (
              <li key={attachment.file}>
                {attachment.name}{" "}
                <Button
                  size="small"
                  disabled={disabled}
                  onClick={() =>
                    set({ attachments: content.attachments?.filter((other) => other !== attachment) })
                  }
                >
                  {t("portal.remove")}
                </Button>
              </li>
            ))}
          </ul>
          <FileButton
            disabled={disabled}
            onFile={(file) =>
              upload.mutate(file, {
                onSuccess: (kept) =>
                  set({
                    attachments: [...(content.attachments ?? []), { file: kept.digest, name: file.name }],
                  }),
              })
            }
          />
        </Form.Item>
        <Checkbox
          checked={content.comments_open}
          disabled={disabled}
          onChange={(event) => set({ comments_open: event.target.checked })}
        >
          {t("portal.comments_open")}
        </Checkbox>
      </section>
    </Form>
  );
}

function FileButton({
  disabled,
  accept,
  onFile,
}: {
  disabled?: boolean;
  accept?: string;
  onFile: (file: File) => void;
}) {
  const { t } = useI18n();
  return (
    <Upload
      accept={accept}
      showUploadList={false}
      disabled={disabled}
      beforeUpload={(file) => {
        onFile(file);
        return false;
      }}
    >
      <Button disabled={disabled}>{t("portal.add_file")}</Button>
    </Upload>
  );
}

/** What readers would get, made by the same renderer that publishes. */
function PreviewOf({ body }: { body: string }) {
  const { t } = useI18n();
  const preview = useQuery({
    queryKey: ["preview", body],
    queryFn: ({ signal }) => request<Preview>("POST", "/articles/preview", { json: { body }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (!preview.data) return <Skeleton active />;
  return (
    <iframe
      className="article-preview"
      title={t("portal.mode.preview")}
      // Rendered and sanitised by the server, and shut in besides: nothing in it runs.
      sandbox="allow-same-origin"
      srcDoc={`<!doctype html><link rel="stylesheet" href="/portal/style.css"><div class="prose card">${pageForWriters(preview.data.html)}</div>`}
    />
  );
}
