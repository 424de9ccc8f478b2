/** The only place where numbers, dates and instants become text. */

export type Lang = "zh" | "en";

const LOCALE: Record<Lang, string> = { zh: "zh-CN", en: "en-GB" };
const NONE = "–";

type Maybe<T> = T | null | undefined;

export interface Format {
  /** Whole number with thousands separators. */
  count: (n: Maybe<number>) => string;
  /** Number with a fixed number of decimals. */
  decimal: (n: Maybe<number>, digits?: number) => string;
  /** Number with its sign, for differences. */
  signed: (n: Maybe<number>) => string;
  /** Fraction as a percentage. */
  percent: (fraction: Maybe<number>, digits?: number) => string;
  /** `lower – upper`. */
  interval: (lower: Maybe<number>, upper: Maybe<number>, digits?: number) => string;
  /** Civil date as it is written in the language. */
  date: (iso: Maybe<string>) => string;
  /** Month and day, for axes. */
  dayOfYear: (iso: Maybe<string>) => string;
  /** Instant in the time zone of the installation, to the minute. */
  instant: (iso: Maybe<string>) => string;
  /** Size of a file. */
  bytes: (n: Maybe<number>) => string;
  /** First characters of a digest. */
  digest: (hex: Maybe<string>) => string;
}

/** `timeZone`: name or offset in which days begin and end; that of the browser if not given. */
export function formatFor(lang: Lang, timeZone?: string): Format {
  const locale = LOCALE[lang];
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const sign = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, signDisplay: "exceptZero" });
  const instant = instantFormat(timeZone);
  const decimals = (digits: number) =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

  const decimal = (n: Maybe<number>, digits = 1) =>
    n == null || !Number.isFinite(n) ? NONE : withMinus(decimals(digits).format(n));
  const date = (iso: Maybe<string>) => {
    const parts = civil(iso);
    if (!parts) return NONE;
    // A civil date has no time zone: it must never pass through the browser's.
    if (lang === "zh") return `${parts.year}年${parts.month}月${parts.day}日`;
    return `${parts.day} ${MONTHS[parts.month - 1] ?? ""} ${parts.year}`;
  };
  return {
    count: (n) => (n == null ? NONE : withMinus(whole.format(n))),
    decimal,
    signed: (n) => (n == null ? NONE : withMinus(sign.format(n))),
    percent: (fraction, digits = 0) => (fraction == null ? NONE : `${decimal(fraction * 100, digits)}%`),
    interval: (lower, upper, digits = 1) => `${decimal(lower, digits)} – ${decimal(upper, digits)}`,
    date,
    dayOfYear: (iso) => {
      const parts = civil(iso);
      if (!parts) return NONE;
      return lang === "zh" ? `${parts.month}/${parts.day}` : `${parts.day} ${MONTHS[parts.month - 1] ?? ""}`;
    },
    instant: (iso) => {
      if (!iso) return NONE;
      const at = new Date(iso);
      if (Number.isNaN(at.getTime())) return NONE;
      const part = Object.fromEntries(instant.formatToParts(at).map(({ type, value }) => [type, value]));
      return `${date(`${part.year}-${part.month}-${part.day}`)} ${part.hour}:${part.minute}`;
    },
    bytes: (n) => {
      if (n == null) return NONE;
      if (n < 1024) return `${whole.format(n)} B`;
      if (n < 1024 * 1024) return `${decimal(n / 1024, 1)} kB`;
      return `${decimal(n / 1024 / 1024, 1)} MB`;
    },
    digest: (hex) => (hex ? hex.slice(0, 12) : NONE),
  };
}

/** A true minus: a hyphen breaks at the end of a line and is as short as the dash between two numbers. */
function withMinus(text: string): string {
  return text.replace("-", "\u2212");
}

function instantFormat(timeZone: string | undefined): Intl.DateTimeFormat {
  const parts = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  } as const;
  try {
    return new Intl.DateTimeFormat("en-GB", { ...parts, hourCycle: "h23", timeZone });
  } catch {
    // An older browser may not know offsets as zones; its own zone is then better than no time at all.
    return new Intl.DateTimeFormat("en-GB", { ...parts, hourCycle: "h23" });
  }
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function civil(iso: Maybe<string>): { year: number; month: number; day: number } | null {
  const match = iso?.match(/^(\d{4})-(\d{2})-(\d{2})/);
  if (!match) return null;
  return { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) };
}

const DAY_MS = 86_400_000;

/** The civil date `days` after `iso`. */
export function addDays(iso: string, days: number): string {
  return new Date(Date.parse(`${iso}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Days from `from` to `to`; negative if `to` is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}
