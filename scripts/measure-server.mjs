#!/usr/bin/env node
// Measures a server with many case records: import, start, idle memory, and how long ten people at once wait for the first
// page of lists and for the situation screen. Prints Markdown; the figures in docs/performance.md come from here.
//
//   make build && node scripts/measure-server.mjs [--rows 1000000] [--users 10] [--seconds 10] [--keep DIR] [--in-two]
//
// With --in-two the list arrives as lists do in the middle of an epidemic: what had begun until MIDDLE became known then, the rest
// on the last day, together with corrections of a part of the first; lists as known in between read both.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { cpus, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { BIN, ROOT, option, serve, setUp, signIn, start } from "./lib/installation.mjs";

const ROWS = Number(option("rows", 1_000_000));
const USERS = Number(option("users", 10));
const SECONDS = Number(option("seconds", 10));
const keep = option("keep");
const IN_TWO = process.argv.includes("--in-two");
const DATA = keep ? resolve(keep) : mkdtempSync(join(tmpdir(), "wanquan-measure-"));
// The line list of make-line-list.mjs ends before this day.
const NOW = "2020-12-31T00:00:00Z";
const MIDDLE = "2020-04-15";
/** Between the two parts. */
const BETWEEN = "2020-05-10";
const MB = 2 ** 20;

process.on("exit", () => {
  if (!keep) rmSync(DATA, { recursive: true, force: true });
});

const status = (pid, field) => {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`^${field}:\\s+(\\d+) kB`, "m"));
  return (Number(line?.[1] ?? 0) * 1024) / MB;
};

/** Imports a table; seconds and peak memory of the command. */
async function importList(list, knownOn) {
  const before = process.hrtime.bigint();
  const known = ["--known-on", knownOn];
  const args = ["import", list, "--register", "case", "--data", DATA, "--time-zone", "+08:00", ...known];
  const { child, ended } = start(args, ["ignore", "inherit", "inherit"]);
  let peak = 0;
  const watch = setInterval(() => {
    if (existsSync(`/proc/${child.pid}/status`)) peak = Math.max(peak, status(child.pid, "VmHWM"));
  }, 100);
  // 4: some rows were refused; the generator makes such rows on purpose.
  const code = await ended;
  clearInterval(watch);
  if (code !== 4 && code !== 0) console.error(`the import ended with ${code}`);
  return { seconds: Number(process.hrtime.bigint() - before) / 1e9, peak };
}

/** The list in two parts by the day of onset, and the first part's open outcomes as they ended. */
function inTwo(list) {
  const [header, ...lines] = readFileSync(list, "utf8").trimEnd().split("\n");
  const [onset, outcome] = [header.split(",").indexOf("发病日期"), header.split(",").indexOf("转归")];
  const early = (line) => line.split(",")[onset] <= MIDDLE;
  const first = lines.filter(early);
  const ended = (line) => line.split(",").with(outcome, "痊愈").join(",");
  const corrected = first.filter((line) => line.split(",")[outcome] === "在治").map(ended);
  const parts = [first, [...lines.filter((line) => !early(line)), ...corrected]];
  return parts.map((part, i) => {
    const file = `${list}.${i}`;
    writeFileSync(file, `${[header, ...part].join("\n")}\n`);
    return file;
  });
}

async function importCases() {
  const list = join(DATA, "cases.csv");
  const out = openSync(list, "w");
  const made = spawnSync("node", [join(ROOT, "scripts/make-line-list.mjs"), String(ROWS)], { stdio: ["ignore", out, "inherit"] });
  if (made.status !== 0) process.exit(1);
  const days = IN_TWO ? [MIDDLE, NOW.slice(0, 10)] : [NOW.slice(0, 10)];
  const lists = IN_TWO ? inTwo(list) : [list];
  const done = { seconds: 0, peak: 0 };
  for (const [i, part] of lists.entries()) {
    const { seconds, peak } = await importList(part, days[i]);
    done.seconds += seconds;
    done.peak = Math.max(done.peak, peak);
  }
  for (const file of new Set([list, ...lists])) rmSync(file);
  return done;
}

const open = () => serve(DATA, ["--replay-from", NOW]);

function get(agent, url, path, cookie) {
  return new Promise((done, failed) => {
    const before = process.hrtime.bigint();
    const asked = httpRequest(`${url}/api/v1${path}`, { agent, headers: { cookie } }, (answer) => {
      let bytes = 0;
      answer.on("data", (part) => (bytes += part.length));
      answer.on("end", () => {
        if (answer.statusCode !== 200) failed(new Error(`${path}: ${answer.statusCode}`));
        else done({ ms: Number(process.hrtime.bigint() - before) / 1e6, bytes });
      });
    });
    asked.on("error", failed);
    asked.end();
  });
}

const at = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;

/** So many people ask one after the other, each as soon as the answer before is there. */
async function load(url, cookie, paths) {
  const agent = new Agent({ keepAlive: true, maxSockets: USERS });
  const times = [];
  let bytes = 0;
  let turn = 0;
  const until = Date.now() + SECONDS * 1000;
  const person = async () => {
    while (Date.now() < until) {
      const answer = await get(agent, url, paths[turn++ % paths.length], cookie);
      times.push(answer.ms);
      bytes += answer.bytes;
    }
  };
  await Promise.all(Array.from({ length: USERS }, person));
  agent.destroy();
  times.sort((a, b) => a - b);
  return { n: times.length, kb: bytes / times.length / 1024, p50: at(times, 0.5), p95: at(times, 0.95), p99: at(times, 0.99) };
}

const regions = ["140000", "140100", "140400", "140403", "140423", "140423100"];
const each = (list, path) => list.map(path);
// In one part, everything became known on the day of the import; on the day before, a list finds nothing after looking everywhere.
const DAYS = [IN_TWO ? BETWEEN : NOW.slice(0, 10)];
const KINDS = {
  "list of cases, first page": ["/registers/case/records?limit=50"],
  "list of cases of a region": each(regions, (r) => `/registers/case/records?limit=50&region=${r}`),
  "list of cases, filtered by disease and date": each(
    regions,
    (r) => `/registers/case/records?limit=50&region=${r}&disease=covid-19&from=2020-02-01&to=2020-02-12`,
  ),
  "list of cases, found by the beginning of the number": each(regions, (r) => `/registers/case/records?limit=50&region=${r}&q=SYN-01`),
  "list of cases, filtered by a choice": each(regions, (r) => `/registers/case/records?limit=50&region=${r}&f.outcome=died`),
  "list of cases, as known on that day": DAYS.flatMap((d) => each(regions, (r) => `/registers/case/records?limit=50&region=${r}&as_of=${d}`)),
  "list of cases, as known before any was": each(regions, (r) => `/registers/case/records?limit=50&region=${r}&as_of=${IN_TWO ? "2020-04-14" : "2020-06-01"}`),
  "list of registers": ["/registers"],
  "list of signals": ["/signals?limit=50", "/signals?limit=50&status=open"],
  "situation, now": each(regions, (r) => `/situation?region=${r}&disease=covid-19&measure=case.onset`),
  "situation, as known on that day": regions.flatMap((r) =>
    DAYS.map((d) => `/situation?region=${r}&disease=covid-19&measure=case.onset&as_of=${d}`),
  ),
  "timeline of the replay": each(regions, (r) => `/situation/timeline?region=${r}&disease=covid-19&measure=case.onset`),
};

const rows = [];
if (!existsSync(join(DATA, "wanquan.db"))) {
  const imported = await importCases();
  rows.push(["import of the line list, seconds", imported.seconds.toFixed(1)], ["import, peak resident MB", imported.peak.toFixed(0)]);
}
let server = await open();
// An epidemiologist of the province.
if (server.token) await setUp(server, [["epi", "epidemiologist", "140000"]]);
await server.stop();
const starts = [];
for (let i = 0; i < 5; i += 1) {
  server = await open();
  starts.push(server.ms);
  if (i < 4) await server.stop();
}
starts.sort((a, b) => a - b);
const cookie = await signIn(server, "epi");
await new Promise((rest) => setTimeout(rest, 5000));
const idle = status(server.child.pid, "VmRSS");

console.log(`${ROWS} case records, ${USERS} people at once, ${SECONDS} s each; ${cpus().length} x ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GB\n`);
console.log("| asked for | answers | kB each | p50 ms | p95 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: | ---: |");
for (const [kind, paths] of Object.entries(KINDS)) {
  const r = await load(server.url, cookie, paths);
  console.log(`| ${kind} | ${r.n} | ${r.kb.toFixed(1)} | ${r.p50.toFixed(1)} | ${r.p95.toFixed(1)} | ${r.p99.toFixed(1)} |`);
}
await new Promise((rest) => setTimeout(rest, 5000));
rows.push(
  ["start to first answer, ms (median of 5)", starts[2].toFixed(0)],
  ["start to first answer, ms (slowest of 5)", starts[4].toFixed(0)],
  ["idle resident MB after the start", idle.toFixed(0)],
  ["idle resident MB after the load", status(server.child.pid, "VmRSS").toFixed(0)],
  ["executable MB", (statSync(BIN).size / MB).toFixed(1)],
  ["database file MB", (statSync(join(DATA, "wanquan.db")).size / MB).toFixed(0)],
);
await server.stop();
console.log("\n| measured | value |\n| --- | ---: |");
for (const [name, value] of rows) console.log(`| ${name} | ${value} |`);
