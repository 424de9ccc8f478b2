import { describe, expect, it } from "vitest";
import { fromCivil, toCivil } from "./zone";

describe("civil time of the installation", () => {
  it("is the same whatever the zone of the browser, by offset and by name", () => {
    for (const zone of ["+08:00", "Asia/Shanghai"]) {
      expect(toCivil("2020-02-12T00:30:00Z", zone)).toBe("2020-02-12T08:30");
      expect(fromCivil("2020-02-12T08:30", zone)).toBe("2020-02-12T00:30:00.000Z");
    }
  });

  it("follows the change of summer time", () => {
    expect(fromCivil("2021-03-27T12:00", "Europe/Berlin")).toBe("2021-03-27T11:00:00.000Z");
    expect(fromCivil("2021-03-28T12:00", "Europe/Berlin")).toBe("2021-03-28T10:00:00.000Z");
  });

  it("makes nothing of nothing", () => {
    expect(toCivil(undefined, "+08:00")).toBe("");
    expect(fromCivil("", "+08:00")).toBeUndefined();
  });
});
