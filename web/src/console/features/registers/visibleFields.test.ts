import { describe, expect, it } from "vitest";
import { visibleFields } from "./visibleFields";

const field = (id: string, type: string, show_if?: string) => ({ id, type, show_if });
const fields = [
  field("outcome", "choice"),
  field("age", "integer"),
  field("onset", "date"),
  field("outcome_date", "date", "record.outcome in ['died', 'recovered']"),
  field("school", "text", "record.age < 18"),
  field("late", "boolean", "days_since(record.onset) > 7"),
  field("any_onset", "text", "has_value(record.onset)"),
];
const shown = (data: Record<string, unknown>) => [...visibleFields(fields, data, "2020-02-12")];

describe("visibleFields", () => {
  it("hides what an absent value leaves open", () => {
    expect(shown({})).toEqual(["outcome", "age", "onset"]);
  });

  it("shows what the entered values call for", () => {
    expect(shown({ outcome: "died" })).toContain("outcome_date");
    expect(shown({ outcome: "ill" })).not.toContain("outcome_date");
    expect(shown({ age: 12 })).toContain("school");
    expect(shown({ age: 40 })).not.toContain("school");
  });

  it("counts days from the day of the installation, not of the computer", () => {
    expect(shown({ onset: "2020-02-01" })).toEqual(expect.arrayContaining(["late", "any_onset"]));
    expect(shown({ onset: "2020-02-10" })).not.toContain("late");
  });
});
