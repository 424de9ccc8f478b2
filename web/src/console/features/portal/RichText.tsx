import {
  BoldOutlined,
  FontSizeOutlined,
  ItalicOutlined,
  LinkOutlined,
  OrderedListOutlined,
  PictureOutlined,
  RedoOutlined,
  TableOutlined,
  UndoOutlined,
  UnorderedListOutlined,
} from "@ant-design/icons";
import { Image } from "@tiptap/extension-image";
import { TableKit } from "@tiptap/extension-table";
import { Markdown } from "@tiptap/markdown";
import { EditorContent, useEditor, useEditorState, type Editor } from "@tiptap/react";
import { StarterKit } from "@tiptap/starter-kit";
import { Button } from "antd";
import { useRef, type ReactNode } from "react";
import { useI18n } from "../../../shared/i18n/i18n";
import { cleanPasted } from "./cleanPasted";
import { fileForWriters } from "./files";

interface Props {
  markdown: string;
  label: string;
  disabled?: boolean;
  onChange: (markdown: string) => void;
  /** Keeps a picture; the address under which the article shows it. */
  onPicture: (file: File) => Promise<string | null>;
}

/**
 * A picture is shown by the address that writers may read; the article keeps the one that readers will have. One from
 * elsewhere is not shown: readers will not see it either, and its server would learn who writes.
 */
const Picture = Image.extend({
  renderHTML({ HTMLAttributes }) {
    const { src = "", ...rest } = HTMLAttributes as { src?: string };
    const isOwn = /^(\/(?!\/)|data:image\/)/.test(src);
    return ["img", isOwn ? { ...rest, src: fileForWriters(src) } : rest];
  },
});

/** Text with its form on the screen, Markdown underneath. */
export default function RichText({ markdown, label, disabled, onChange, onPicture }: Props) {
  const insert = (editor: Editor, files: File[]) => {
    for (const file of files.filter((candidate) => candidate.type.startsWith("image/"))) {
      void onPicture(file).then((src) => {
        if (src)
          editor
            .chain()
            .focus()
            .setImage({ src, alt: file.name.replace(/\.\w+$/, "") })
            .run();
      });
    }
  };
  const editor = useEditor({
    extensions: [
      StarterKit.configure({ heading: { levels: [2, 3, 4] }, link: { openOnClick: false } }),
      Picture,
      TableKit,
      Markdown,
    ],
    content: markdown,
    contentType: "markdown",
    editable: !disabled,
    editorProps: {
      attributes: { "aria-label": label, role: "textbox", "aria-multiline": "true", class: "rich-text" },
      transformPastedHTML: cleanPasted,
      handlePaste: (_, event) => {
        const files = [...(event.clipboardData?.files ?? [])];
        // Word puts a picture of the text beside the text.
        if (!files.length || event.clipboardData?.types.includes("text/html")) return false;
        if (editor) insert(editor, files);
        return true;
      },
      handleDrop: (_, event) => {
        const files = [...(event.dataTransfer?.files ?? [])];
        if (!files.length) return false;
        event.preventDefault();
        if (editor) insert(editor, files);
        return true;
      },
    },
    onUpdate: ({ editor: changed }) => onChange(changed.getMarkdown()),
  });
  if (!editor) return null;
  return (
    <div className="rich-frame">
      <Toolbar editor={editor} disabled={disabled} onFiles={(files) => insert(editor, files)} />
      <EditorContent editor={editor} />
    </div>
  );
}

function Toolbar({
  editor,
  disabled,
  onFiles,
}: {
  editor: Editor;
  disabled?: boolean;
  onFiles: (files: File[]) => void;
}) {
  const { t } = useI18n();
  const picker = useRef<HTMLInputElement>(null);
  const on = useEditorState({
    editor,
    selector: ({ editor: e }) => ({
      bold: e.isActive("bold"),
      italic: e.isActive("italic"),
      heading: e.isActive("heading"),
      bullets: e.isActive("bulletList"),
      numbers: e.isActive("orderedList"),
      quote: e.isActive("blockquote"),
      link: e.isActive("link"),
    }),
  });
  const link = () => {
    const given = window.prompt(t("portal.format.link_question"), "https://");
    if (given === null) return;
    const chain = editor.chain().focus().extendMarkRange("link");
    if (given.trim()) chain.setLink({ href: given.trim() }).run();
    else chain.unsetLink().run();
  };
  return (
    <div className="rich-tools" role="toolbar" aria-label={t("portal.format")}>
      <Tool
        label={t("portal.format.bold")}
        icon={<BoldOutlined />}
        active={on.bold}
        disabled={disabled}
        onRun={() => editor.chain().focus().toggleBold().run()}
      />
      <Tool
        label={t("portal.format.italic")}
        icon={<ItalicOutlined />}
        active={on.italic}
        disabled={disabled}
        onRun={() => editor.chain().focus().toggleItalic().run()}
      />
      <Tool
        label={t("portal.format.heading")}
        icon={<FontSizeOutlined />}
        active={on.heading}
        disabled={disabled}
        onRun={() => editor.chain().focus().toggleHeading({ level: 2 }).run()}
      />
      <Tool
        label={t("portal.format.bullets")}
        icon={<UnorderedListOutlined />}
        active={on.bullets}
        disabled={disabled}
        onRun={() => editor.chain().focus().toggleBulletList().run()}
      />
      <Tool
        label={t("portal.format.numbers")}
        icon={<OrderedListOutlined />}
        active={on.numbers}
        disabled={disabled}
        onRun={() => editor.chain().focus().toggleOrderedList().run()}
      />
      <Tool
        label={t("portal.format.quote")}
        icon={<span aria-hidden>❝</span>}
        active={on.quote}
        disabled={disabled}
        onRun={() => editor.chain().focus().toggleBlockquote().run()}
      />
      <Tool
        label={t("portal.format.link")}
        icon={<LinkOutlined />}
        active={on.link}
        disabled={disabled}
        onRun={link}
      />
      <Tool
        label={t("portal.format.image")}
        icon={<PictureOutlined />}
        disabled={disabled}
        onRun={() => picker.current?.click()}
      />
      <Tool
        label={t("portal.format.table")}
        icon={<TableOutlined />}
        disabled={disabled}
        onRun={() => editor.chain().focus().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run()}
      />
      <Tool
        label={t("portal.format.undo")}
        icon={<UndoOutlined />}
        disabled={disabled}
        onRun={() => editor.chain().focus().undo().run()}
      />
      <Tool
        label={t("portal.format.redo")}
        icon={<RedoOutlined />}
        disabled={disabled}
        onRun={() => editor.chain().focus().redo().run()}
      />
      <input
        ref={picker}
        type="file"
        accept="image/png,image/jpeg,image/webp"
        aria-label={t("portal.format.image")}
        hidden
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </div>
  );
}

function Tool({
  label,
  icon,
  active,
  disabled,
  onRun,
}: {
  label: string;
  icon: ReactNode;
  active?: boolean;
  disabled?: boolean;
  onRun: () => void;
}) {
  return (
    <Button
      size="small"
      type={active ? "primary" : "text"}
      icon={icon}
      disabled={disabled}
      aria-label={label}
      aria-pressed={active}
      title={label}
      onClick={onRun}
    />
  );
}
