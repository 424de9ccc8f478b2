import type { Api } from "./fixtures.ts";

const DAY_MS = 86_400_000;
/** Daily counts that are quiet for three weeks and then jump. */
const COUNTS = [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 9];

/** Reports those counts day by day, the last on `until`, so that a signal is raised. */
export async function raiseSignal(api: Api, region = "140423", until = "2020-02-29"): Promise<void> {
  for (const [i, count] of COUNTS.entries()) {
    const date = new Date(Date.parse(until) - (COUNTS.length - 1 - i) * DAY_MS).toISOString().slice(0, 10);
    await api.request("POST", "/registers/count_report/records", {
      data: { disease: "covid-19", region, date, indicator: "confirmed", count },
    });
  }
}
