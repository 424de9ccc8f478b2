import { describe, expect, it } from "vitest";
import { addDays, daysBetween, formatFor } from "./format";

const zh = formatFor("zh");
const en = formatFor("en");

describe("format", () => {
  it("writes civil dates without passing through a time zone", () => {
    expect(zh.date("2020-02-01")).toBe("2020年2月1日");
    expect(en.date("2020-02-01")).toBe("1 Feb 2020");
    expect(zh.dayOfYear("2020-12-31")).toBe("12/31");
  });

  it("shows what is missing as a dash, never as zero", () => {
    for (const format of [zh, en]) {
      expect(format.count(null)).toBe("–");
      expect(format.decimal(undefined)).toBe("–");
      expect(format.decimal(Number.NaN)).toBe("–");
      expect(format.date(null)).toBe("–");
      expect(format.instant("not an instant")).toBe("–");
    }
    expect(zh.count(0)).toBe("0");
  });

  it("groups thousands and keeps the asked decimals", () => {
    expect(en.count(1234567)).toBe("1,234,567");
    expect(en.decimal(1, 2)).toBe("1.00");
    expect(en.interval(0.5, 1.25, 2)).toBe("0.50 – 1.25");
    expect(en.signed(3)).toBe("+3");
    expect(en.signed(0)).toBe("0");
    expect(en.signed(-1234)).toBe("\u22121,234");
    expect(en.decimal(-0.5)).toBe("\u22120.5");
    expect(en.percent(0.256)).toBe("26%");
    expect(en.bytes(1536)).toBe("1.5 kB");
  });

  it("writes instants in the time zone of the installation", () => {
    expect(formatFor("en", "Asia/Shanghai").instant("2020-02-11T16:30:00Z")).toBe("12 Feb 2020 00:30");
    expect(formatFor("zh", "Asia/Shanghai").instant("2020-02-11T16:30:00Z")).toBe("2020年2月12日 00:30");
    expect(formatFor("en", "No/Where").instant("2020-02-11T16:30:00Z")).toMatch(/^1[12] Feb 2020 \d\d:\d\d$/);
  });

  it("counts days across a leap day and the end of a year", () => {
    expect(addDays("2020-02-28", 2)).toBe("2020-03-01");
    expect(addDays("2020-01-01", -1)).toBe("2019-12-31");
    expect(daysBetween("2020-02-28", "2020-03-01")).toBe(2);
    expect(daysBetween("2020-03-01", "2020-02-28")).toBe(-2);
  });
});
