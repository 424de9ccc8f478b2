import type { Api } from "./fixtures.ts";

const DAY_MS = 86_400_000;

/** Daily counts in one county that are quiet for three weeks and then jump, as a CSV file; the last day is `until`. */
export function quietThenMany(region: string, until: string): Uint8Array {
  const counts = [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 9];
  const rows = counts.map((n, i) => {
    const day = new Date(Date.parse(until) - (counts.length - 1 - i) * DAY_MS).toISOString().slice(0, 10);
    return `${region},covid-19,${day},confirmed,${n}`;
  });
  return new TextEncoder().encode(["region,disease,date,indicator,count", ...rows, ""].join("\n"));
}

/** Imports those counts, so that a signal is raised. */
export async function raiseSignal(api: Api, region = "140423", until = "2020-02-29"): Promise<void> {
  await api.request(
    "POST",
    "/registers/count_report/imports?filename=counts.csv&dry_run=false",
    quietThenMany(region, until),
  );
}
