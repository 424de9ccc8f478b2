#!/usr/bin/env node
// Writes the SYNTHETIC line list of the demonstration: an invented influenza season in the counties of Changzhi with a cluster
// in two towns of Xiangyuan, 1 January to 12 February 2020. No real person or event; the same output on every machine.
//
//   node scripts/make-demo-cases.mjs > crates/server/demo/synthetic/cases.csv

import { readFileSync } from "node:fs";

// A generator of numbers that is the same everywhere (mulberry32).
let state = 14_04_00;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = (list) => list[Math.floor(random() * list.length)];
function poisson(mean) {
  let [n, p] = [0, Math.exp(-mean)];
  for (let u = random(), sum = p; u > sum && n < 1000; sum += p) p *= mean / ++n;
  return n;
}

const table = readFileSync(new URL("../packs/changzhi/regions.csv", import.meta.url), "utf8");
const towns = new Map();
for (const [code, , level, parent] of table.split("\n").map((line) => line.split(","))) {
  if (level === "township" && parent.startsWith("1404")) towns.set(parent, [...(towns.get(parent) ?? []), code]);
}

const FIRST = Date.UTC(2020, 0, 1);
const LAST = 42; // 12 February
const day = (n) => new Date(FIRST + n * 86_400_000).toISOString().slice(0, 10);
// Days from onset to report: most within two days, some after five.
const DELAYS = [0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

// Cases a day of the season: rises to the middle of January and fades after the schools have closed.
const season = (n) => 0.35 + 0.75 * Math.exp(-(((n - 16) / 9) ** 2));
// A school cluster that is still growing at the end.
const cluster = (n) => (n < 27 ? 0 : 1.1 * Math.exp(0.14 * (n - 27)));

const cases = [];
function add(onset, town, clusterId) {
  const child = clusterId ? random() < 0.75 : random() < 0.4;
  const report = onset + pick(DELAYS);
  if (report > LAST) return;
  const confirmed = random() < (clusterId ? 0.6 : 0.45);
  const age = child ? 3 + Math.floor(random() * 14) : 18 + Math.floor(random() * 65);
  cases.push({ onset, report, town, confirmed, age, sex: random() < 0.5 ? "female" : "male", cluster: clusterId });
}
for (let n = 0; n <= LAST; n += 1) {
  for (const [county, list] of [...towns].sort()) {
    const weight = county === "140403" ? 2.2 : county === "140423" ? 0.9 : 0.8;
    for (let i = poisson(season(n) * weight); i > 0; i -= 1) add(n, pick(list), "");
  }
  for (let i = poisson(cluster(n)); i > 0; i -= 1) {
    add(n, random() < 0.7 ? "140423100" : "140423102", "SYN-XY-1");
  }
}
cases.sort((a, b) => a.report - b.report || a.onset - b.onset || a.town.localeCompare(b.town));

const COLUMNS =
  "case_id,name,sex,age_years,region,onset_date,report_date,confirmation_date,classification,cluster,reporting_unit,remark";
const rows = cases.map((c, i) => {
  const id = `SYN-${String(i + 1).padStart(4, "0")}`;
  const classification = c.confirmed ? "confirmed" : "suspected";
  const values = [
    id,
    `Synthetic ${i + 1}`,
    c.sex,
    c.age,
    c.town,
    day(c.onset),
    day(c.report),
    c.confirmed ? day(c.report) : "",
    classification,
    c.cluster,
    "SYNTHETIC / 合成数据",
    "Invented for the demonstration",
  ];
  return values.join(",");
});
process.stdout.write(`${[COLUMNS, ...rows].join("\n")}\n`);
