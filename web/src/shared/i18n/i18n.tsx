import { useQuery } from "@tanstack/react-query";
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Label } from "../../api/types";
import { formatFor, type Format, type Lang } from "../format/format";
import { sessionQuery } from "../session";
import { messages, type MessageKey } from "./messages";

export type Values = Record<string, string | number>;
export type Translate = (key: MessageKey, values?: Values) => string;

interface I18n {
  lang: Lang;
  setLang: (lang: Lang) => void;
  /** The text of a key, with `{name}` replaced. */
  t: Translate;
  /** The text that a pack or the server gives in both languages. */
  text: (label: Label | null | undefined) => string;
  format: Format;
}

const STORAGE_KEY = "wanquan.lang";
const Context = createContext<I18n | null>(null);

export function translate(lang: Lang, key: MessageKey, values: Values = {}): string {
  return messages[key][lang].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The key if it is one; for codes that come from the server. */
export function messageKey(candidate: string): MessageKey | null {
  return Object.hasOwn(messages, candidate) ? (candidate as MessageKey) : null;
}

function initialLang(): Lang {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored === "zh" || stored === "en") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Language is global because every component speaks it; it outlives the session, so the browser keeps it. */
export function I18nProvider({ children }: { children: ReactNode }) {
  const [lang, setLang] = useState<Lang>(initialLang);
  // Only watched here; whoever needs the session asks for it.
  const timeZone = useQuery({ ...sessionQuery, enabled: false }).data?.time_zone;
  useEffect(() => {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  }, [lang]);
  const value = useMemo<I18n>(
    () => ({
      lang,
      setLang: (next) => {
        localStorage.setItem(STORAGE_KEY, next);
        setLang(next);
      },
      t: (key, values) => translate(lang, key, values),
      text: (label) => label?.[lang] || label?.en || label?.zh || "",
      format: formatFor(lang, timeZone),
    }),
    [lang, timeZone],
  );
  return <Context value={value}>{children}</Context>;
}

export function useI18n(): I18n {
  const value = use(Context);
  if (!value) throw new Error("useI18n outside of I18nProvider");
  return value;
}
