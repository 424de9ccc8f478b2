import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import type { Data, Field } from "../../../api/types";
import { daysBetween } from "../../../shared/format/format";

type Shown = Pick<Field, "id" | "type" | "show_if">;

/**
 * Fields that apply to what is entered so far. The conditions are the ones the server judges by (CEL); as there, a
 * condition that an absent value leaves open does not hold, and a value that does not apply is only warned about.
 */
export function visibleFields(fields: Shown[], data: Data, today: string): Set<string> {
  const environment = new Environment({ unlistedVariablesAreDyn: true })
    .registerFunction("days_since(dyn): int", (date: unknown) => BigInt(daysBetween(String(date), today)))
    .registerFunction("days_between(dyn, dyn): int", (a: unknown, b: unknown) =>
      BigInt(daysBetween(String(a), String(b))),
    )
    .registerFunction("has_value(dyn): bool", (value: unknown) => value !== null)
    .registerFunction("today(): string", () => today);
  const record = Object.fromEntries(fields.map((field) => [field.id, bound(field, data[field.id])]));
  return new Set(fields.filter((f) => !f.show_if || holds(environment, f.show_if, record)).map((f) => f.id));
}

function holds(environment: Environment, condition: string, record: Data): boolean {
  try {
    const program: ParseResult = environment.parse(condition);
    return program({ record }) === true;
  } catch {
    return false;
  }
}

/** Whole numbers are CEL ints, which JavaScript writes as BigInt. */
function bound(field: Shown, value: unknown): unknown {
  if (value === undefined || value === "") return null;
  if (field.type === "integer" && Number.isInteger(value)) return BigInt(value as number);
  return value;
}
