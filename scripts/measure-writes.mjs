#!/usr/bin/env node
// Measures how many single writes with changes of state a server takes in a minute while people read. Writers enter sites,
// limit, close and reopen them, each as soon as the answer before is there; readers look at lists, the situation and inboxes,
// each half a second after the answer before. Prints Markdown; the figures in docs/performance.md come from here.
//
//   make build && node scripts/measure-writes.mjs [--seconds 60] [--writers 16] [--readers 20] [--bin FILE]

import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { ask, option, run, serve, setUp, signIn } from "./lib/installation.mjs";

const SECONDS = Number(option("seconds", 60));
const WRITERS = Number(option("writers", 16));
const READERS = Number(option("readers", 20));
const COUNTY = "140423";
const DATA = mkdtempSync(join(tmpdir(), "wanquan-writes-"));
process.on("exit", () => rmSync(DATA, { recursive: true, force: true }));

const server = await serve(DATA);
await setUp(server, [["commander", "commander", COUNTY]]);
const cookie = await signIn(server, "commander");
const until = Date.now() + SECONDS * 1000;
let serial = 0;

/** Milliseconds that an act took. */
async function timed(times, act) {
  const before = process.hrtime.bigint();
  const result = await act();
  times.push(Number(process.hrtime.bigint() - before) / 1e6);
  return result;
}

async function write(times) {
  while (Date.now() < until) {
    const code = `S-${(serial += 1)}`;
    const data = { code, name: `Site ${code}`, type: "mall", region: COUNTY, address: "1", opened_on: "2020-01-01" };
    const make = () => ask(server, "POST", "/registers/site/records", { json: { data }, cookie });
    const { body } = await timed(times, make);
    for (const step of ["limit", "close", "reopen"]) {
      if (Date.now() >= until) return;
      await timed(times, () => ask(server, "POST", `/records/${body.id}/steps/${step}`, { json: { reason: "measuring" }, cookie }));
    }
  }
}

const LOOKS = [
  "/registers/site/records?limit=50",
  `/registers/site/records?limit=50&region=${COUNTY}`,
  `/situation?region=${COUNTY}&disease=covid-19&measure=case.onset`,
  `/work?whose=unit&region=${COUNTY}&limit=50`,
  "/registers",
];
async function read(times, n) {
  await new Promise((rest) => setTimeout(rest, (n * 500) / READERS));
  for (let turn = n; Date.now() < until; turn += 1) {
    await timed(times, () => ask(server, "GET", LOOKS[turn % LOOKS.length], { cookie }));
    await new Promise((rest) => setTimeout(rest, 500));
  }
}

const written = [];
const looked = [];
await Promise.all([
  ...Array.from({ length: WRITERS }, () => write(written)),
  ...Array.from({ length: READERS }, (_, n) => read(looked, n)),
]);
await server.stop();
const verified = run(["audit", "verify", "--data", DATA]);

const at = (times, p) => times.toSorted((a, b) => a - b)[Math.ceil(p * times.length) - 1] ?? Number.NaN;
const row = (name, times) =>
  console.log(`| ${name} | ${times.length} | ${((times.length * 60) / SECONDS).toFixed(0)} | ${[0.5, 0.95, 0.99].map((p) => at(times, p).toFixed(1)).join(" | ")} |`);
console.log(`${WRITERS} writers, ${READERS} readers, ${SECONDS} s; ${cpus().length} x ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GB\n`);
console.log("| | answers | a minute | p50 ms | p95 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: | ---: |");
row("writes, each with its audit entry, three quarters of them steps", written);
row("looks", looked);
console.log(`\n${verified.out.trim()}`);
process.exitCode = verified.code;
