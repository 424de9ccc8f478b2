#!/usr/bin/env node
// Measures the response on the embedded database: how many records a minute are entered and taken through their states while
// twenty people read, and how long a directive takes until it stands in every inbox: of 2,628 villages, and of 10,000 units that
// a pack written for the purpose adds elsewhere. Prints Markdown; the figures in docs/performance.md come from here.
//
//   make build && node scripts/measure-response.mjs [--writes 50000] [--seconds 60] [--readers 20] [--bin FILE]

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { ask as plainAsk, option, serve, setUp, signIn } from "./lib/installation.mjs";

const WRITES_A_MINUTE = Number(option("writes", 50_000));
const SECONDS = Number(option("seconds", 60));
const READERS = Number(option("readers", 20));
/** Records of one act on a selection; the server takes up to 10,000. */
const SELECTION = Number(option("selection", 500));
const DATA = mkdtempSync(join(tmpdir(), "wanquan-measure-"));
const PROVINCE = "140000";
const CITY = "140400";
process.on("exit", () => rmSync(DATA, { recursive: true, force: true }));

/** A district of another city, to which the pack adds a hundred townships with a hundred villages each. */
const WIDE = "140302";
function writeWidePack() {
  const folder = join(DATA, "packs", "wide");
  mkdirSync(folder, { recursive: true });
  const text = (en, zh) => `{ en = "${en}", zh = "${zh}" }`;
  const about = [
    'id = "wide"', `title = ${text("Ten thousand units", "一万个单位")}`, 'version = "1.0.0"', 'kind = "place"',
    'requires = ["base", "changzhi"]', 'licence = "Apache-2.0"',
    "[[source]]", 'id = "made"', 'title = "Made up for measuring"', 'licence = "Apache-2.0"',
  ];
  writeFileSync(join(folder, "pack.toml"), `${about.join("\n")}\n`);
  const rows = ["code,name,level,parent,name_en"];
  const digits = (n) => String(n).padStart(3, "0");
  for (let town = 0; town < 100; town += 1) {
    const code = `140399${digits(town)}`;
    rows.push(`${code},乡${town},township,${WIDE},`);
    for (let village = 0; village < 100; village += 1) rows.push(`${code}${digits(village)},村${town}-${village},community,${code},`);
  }
  writeFileSync(join(folder, "regions.csv"), `${rows.join("\n")}\n`);
}

writeWidePack();
const server = await serve(DATA, ["--replay-from", "2020-02-12T00:00:00Z"]);
await setUp(server, [["chief", "commander", PROVINCE]]);
const cookie = await signIn(server, "chief");

/** One request; the answer with the milliseconds that it took. */
async function ask(method, path, json) {
  const before = process.hrtime.bigint();
  const { body } = await plainAsk(server, method, path, { json, cookie });
  return { body, ms: Number(process.hrtime.bigint() - before) / 1e6 };
}

const at = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
const summary = (times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return { n: sorted.length, p50: at(sorted, 0.5).toFixed(1), p95: at(sorted, 0.95).toFixed(1), max: (sorted.at(-1) ?? Number.NaN).toFixed(1) };
};

/** A directive, issued; how long until the last unit has its task. */
async function directive(number, region, units) {
  const data = {
    number, title: `逐户排查 ${number}`, text: "当日完成并反馈。", region, addressee_level: "community",
    due: "2020-02-13T10:00:00Z", issued_on: "2020-02-12",
  };
  const before = process.hrtime.bigint();
  const { body } = await ask("POST", "/registers/directive/records", { data });
  await ask("POST", `/records/${body.id}/steps/issue`, {});
  for (;;) {
    const { body: standings } = await ask("GET", `/records/${body.id}/standings`);
    if (standings.items.length >= units) {
      return { ms: Number(process.hrtime.bigint() - before) / 1e6, records: standings.items.map((unit) => unit.record) };
    }
    await new Promise((rest) => setTimeout(rest, 10));
  }
}

const villages = [];
for (let i = 1; i <= 3; i += 1) villages.push((await directive(`村${i}`, CITY, 2628)).ms);
const wide = [];
for (let i = 1; i <= 3; i += 1) wide.push((await directive(`万${i}`, WIDE, 10_000)).ms);

// Tasks of directives to every village are taken through their states in acts on selections, and one of each alone: each is a write
// with a new version, an entry of its history and a change of its state.
const STEPS = [
  ["receive", {}],
  ["start", { progress: "已排查" }],
  ["start", { progress: "再次排查" }],
  ["finish", { result: "已办结" }],
];
const READS = [
  `/work?whose=region&region=${CITY}&open=true&limit=50`,
  `/work?whose=unit&region=140423100&limit=50`,
  `/work?whose=region&region=140423&late=true&limit=50`,
  `/registers/task/records?limit=50&region=140423`,
  `/regions/140423/levels`,
  `/work/regions?region=${CITY}`,
  `/regions/140423/chronicle?limit=100`,
];
let written = 0;
let running = true;
const writes = { selection: [], single: [] };
const reads = new Map(READS.map((path) => [path, []]));
const until = Date.now() + SECONDS * 1000;

async function writer() {
  const begun = Date.now();
  let n = 0;
  while (Date.now() < until) {
    n += 1;
    const made = await directive(`压测${n}`, CITY, 2628);
    written += made.records.length + 2;
    for (const [step, values] of STEPS) {
      for (let i = 0; i < made.records.length && Date.now() < until; i += SELECTION) {
        const part = made.records.slice(i, i + SELECTION);
        const [alone, ...records] = part;
        const single = await ask("POST", `/records/${alone}/steps/${step}`, { values });
        writes.single.push(single.ms);
        const taken = await ask("POST", "/work/steps", { records, step, values, together: true });
        writes.selection.push(taken.ms);
        written += part.length;
        // No faster than what is to be shown: the readers get what is left of the machine.
        const ahead = (written / WRITES_A_MINUTE) * 60_000 - (Date.now() - begun);
        if (ahead > 0) await new Promise((rest) => setTimeout(rest, ahead));
      }
    }
  }
  running = false;
  return (written * 60_000) / (Date.now() - begun);
}

async function reader(i) {
  for (let turn = i; running; turn += 1) {
    const path = READS[turn % READS.length];
    reads.get(path).push((await ask("GET", path)).ms);
    // A person looks at what came before asking for more.
    await new Promise((rest) => setTimeout(rest, 250));
  }
}

const [rate] = await Promise.all([writer(), ...Array.from({ length: READERS }, (_, i) => reader(i))]);
console.log(`${READERS} readers, ${SECONDS} s; ${cpus().length} x ${cpus()[0]?.model.trim()}, load average ${loadavg()[0].toFixed(1)}\n`);
const each = (times) => times.map((ms) => ms.toFixed(0)).join(", ");
console.log(`Directive to 2,628 villages, from sending it until every unit has its task: ${each(villages)} ms; to 10,000: ${each(wide)} ms\n`);
console.log(`Writes with a change of state: ${Math.round(rate).toLocaleString("en")} a minute (asked for ${WRITES_A_MINUTE.toLocaleString("en")})\n`);
console.log("| what | answers | p50 ms | p95 ms | slowest ms |\n| --- | ---: | ---: | ---: | ---: |");
const line = (what, times) => {
  const s = summary(times);
  console.log(`| ${what} | ${s.n} | ${s.p50} | ${s.p95} | ${s.max} |`);
};
line("single step", writes.single);
line(`act on ${SELECTION - 1} records`, writes.selection);
for (const [path, times] of reads) line(`\`${path}\``, times);
line("**all reads**", [...reads.values()].flat());
await server.kill();
