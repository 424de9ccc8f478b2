#!/usr/bin/env node
// Kills a working server at random moments and looks at what it left: nothing that was acknowledged may be lost, nothing
// may be there half or twice, and the audit log must be whole. People enter and correct cases, upload lists, issue directives
// to all townships of a county, confirm receipts and decide levels; whatever was not acknowledged is tried again, as a client
// would.
//
//   node scripts/pull-the-plug.mjs [--rounds 200] [--bin target/release/wanquan] [--seed 1] [--keep DIR]

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ask, option, run, serve, setUp, signIn } from "./lib/installation.mjs";

const ROUNDS = Number(option("rounds", 200));
const keep = option("keep");
const DATA = keep ? resolve(keep) : mkdtempSync(join(tmpdir(), "wanquan-plug-"));
const COUNTY = "140423";
const ROWS = 300;
const TODAY = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
const DAY_AFTER = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 19) + "Z";
process.on("exit", () => {
  if (!keep) rmSync(DATA, { recursive: true, force: true });
});

// A generator of numbers that is the same everywhere (mulberry32).
let state = Number(option("seed", 1));
function random(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}

const faults = [];
const done = { creates: 0, updates: 0, imports: 0, directives: 0, receipts: 0, levels: 0, retried: 0, made_before_the_answer: 0 };
function check(holds, what) {
  if (!holds) faults.push(what);
}

/** What was acknowledged, and what was under way. */
const cases = new Map(); // case_id -> { id, version, age }
const lists = new Map(); // prefix -> "stored" or "unknown"
const directives = new Map(); // number -> { id, issued }
const received = new Set(); // tasks
const decided = new Set(); // evidence of decisions
let townships = 0;
let serial = 0;

/** Something that a person wants done, which may break off before the answer; it is wanted until it is answered. */
let wanted = [];
let stopping = false;

async function attempt(server, act) {
  wanted.push(act);
  try {
    await act.perform(server);
  } catch (error) {
    if (error.status) faults.push(`${act.name} was refused: ${error.message}`);
    else return false;
  }
  wanted = wanted.filter((other) => other !== act);
  return true;
}

function creation(cookie) {
  const name = `C-${(serial += 1)}`;
  const key = randomUUID();
  const age = random(90);
  const data = { case_id: name, disease: "covid-19", region: COUNTY, onset_date: TODAY, classification: "confirmed", age_years: age };
  return {
    name: `creating ${name}`,
    perform: async (server) => {
      const headers = { "idempotency-key": key };
      const { body } = await ask(server, "POST", "/registers/case/records", { json: { data }, cookie: cookie(), headers });
      cases.set(name, { id: body.id, version: body.version, age, data });
      done.creates += 1;
    },
  };
}

function correction(cookie, name) {
  const before = cases.get(name);
  const age = (before.age + 1 + random(30)) % 90;
  return {
    name: `correcting ${name}`,
    perform: async (server) => {
      const headers = { "if-match": `"${before.version}"` };
      const json = { data: { ...before.data, age_years: age }, reason: "telephone" };
      let saved;
      try {
        saved = (await ask(server, "PUT", `/records/${before.id}`, { json, cookie: cookie(), headers })).body;
      } catch (error) {
        // The first attempt was stored although its answer was lost: the client reads it again and finds its own value.
        if (error.status !== 409 && error.status !== 412) throw error;
        saved = (await ask(server, "GET", `/records/${before.id}`, { cookie: cookie() })).body;
        check(saved.data.age_years === age && saved.version === before.version + 1, `${name}: a correction that nobody made`);
        done.made_before_the_answer += 1;
      }
      cases.set(name, { ...before, version: saved.version, age });
      done.updates += 1;
    },
  };
}

function upload(cookie) {
  const prefix = `L-${(serial += 1)}-`;
  const row = (n) => `${prefix}${n},covid-19,${COUNTY},${TODAY},confirmed`;
  const body = ["case_id,disease,region,onset_date,classification", ...Array.from({ length: ROWS }, (_, n) => row(n))].join("\n");
  return {
    name: `uploading ${prefix}`,
    perform: async (server) => {
      lists.set(prefix, "unknown");
      const headers = { "content-type": "application/octet-stream" };
      const path = "/registers/case/imports?filename=list.csv";
      const { body: report } = await ask(server, "POST", path, { body: `${body}\n`, cookie: cookie(), headers });
      check(report.accepted === ROWS, `${prefix}: ${report.accepted} of ${ROWS} rows accepted`);
      check(report.created === ROWS || report.unchanged === ROWS, `${prefix}: ${report.created} new, ${report.unchanged} known`);
      if (report.unchanged === ROWS) done.made_before_the_answer += 1;
      lists.set(prefix, "stored");
      done.imports += 1;
    },
  };
}

function directive(cookie) {
  const number = `D-${(serial += 1)}`;
  const key = randomUUID();
  const data = { number, title: "Look", text: "Look again", region: COUNTY, addressee_level: "township", due: DAY_AFTER, issued_on: TODAY };
  return {
    name: `issuing ${number}`,
    perform: async (server) => {
      const headers = { "idempotency-key": key };
      const { body } = await ask(server, "POST", "/registers/directive/records", { json: { data }, cookie: cookie(), headers });
      directives.set(number, { id: body.id, issued: false });
      try {
        await ask(server, "POST", `/records/${body.id}/steps/issue`, { json: {}, cookie: cookie() });
      } catch (error) {
        if (error.status !== 409) throw error;
        const { body: now } = await ask(server, "GET", `/records/${body.id}`, { cookie: cookie() });
        check(now.data.state === "issued", `${number}: refused and not issued: ${error.message}`);
        done.made_before_the_answer += 1;
      }
      directives.set(number, { id: body.id, issued: true });
      done.directives += 1;
    },
  };
}

function receipt(cookie, task) {
  return {
    name: `receiving ${task}`,
    perform: async (server) => {
      try {
        await ask(server, "POST", `/records/${task}/steps/receive`, { json: {}, cookie: cookie() });
      } catch (error) {
        if (error.status !== 409) throw error;
        const { body: now } = await ask(server, "GET", `/records/${task}`, { cookie: cookie() });
        check(now.data.state === "received", `${task}: refused and not received: ${error.message}`);
        done.made_before_the_answer += 1;
      }
      received.add(task);
      done.receipts += 1;
    },
  };
}

function decision(cookie) {
  const evidence = `E-${(serial += 1)}`;
  const level = ["routine", "iii"][serial % 2];
  return {
    name: `deciding ${evidence}`,
    perform: async (server) => {
      await ask(server, "POST", `/regions/${COUNTY}/levels`, { json: { level, evidence }, cookie: cookie() });
      decided.add(evidence);
      done.levels += 1;
    },
  };
}

const cookies = {};
const clerk = () => cookies.clerk;
const commander = () => cookies.commander;

/** People at work until the server is gone. */
async function work(server) {
  const entering = async () => {
    while (!stopping) {
      const known = [...cases.keys()];
      const free = known.filter((name) => !wanted.some((act) => act.name.endsWith(` ${name}`)));
      const act = random(3) === 0 && free.length > 0 ? correction(clerk, free[random(free.length)]) : creation(clerk);
      if (!(await attempt(server, act))) return;
    }
  };
  const uploading = async () => {
    while (!stopping) if (!(await attempt(server, upload(clerk)))) return;
  };
  const commanding = async () => {
    while (!stopping) {
      if (!(await attempt(server, directive(commander)))) return;
      if (!(await attempt(server, decision(commander)))) return;
      const issued = [...directives.values()].filter((one) => one.issued);
      const one = issued[random(issued.length)];
      const units = await standings(server, one.id).catch(() => null);
      const open = (units ?? []).filter((unit) => unit.state === "assigned").slice(0, 3);
      for (const unit of open) {
        if (stopping || !(await attempt(server, receipt(commander, unit.record)))) return;
      }
    }
  };
  await Promise.all([entering(), entering(), uploading(), commanding()]);
}

async function standings(server, id) {
  return (await ask(server, "GET", `/records/${id}/standings`, { cookie: commander() })).body.items;
}

async function list(server, q) {
  const found = [];
  let cursor;
  do {
    const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { body } = await ask(server, "GET", `/registers/case/records?limit=1000&q=${q}${more}`, { cookie: clerk() });
    found.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor);
  return found;
}

/** Looks at everything that was acknowledged. */
async function inspect(server) {
  const stored = new Map((await list(server, "C-")).map((record) => [record.data.case_id, record]));
  for (const [name, { id, version, age }] of cases) {
    const now = stored.get(name);
    check(now?.id === id, `${name} is lost`);
    check(now?.version === version, `${name}: version ${now?.version}, acknowledged ${version}`);
    check(now?.data.age_years === undefined || now.data.age_years === age, `${name}: another value than the one acknowledged`);
  }
  check(stored.size === cases.size, `${stored.size} cases entered by hand, ${cases.size} acknowledged`);
  const uploaded = await list(server, "L-");
  const byList = new Map();
  for (const { data } of uploaded) {
    const prefix = data.case_id.slice(0, data.case_id.lastIndexOf("-") + 1);
    byList.set(prefix, (byList.get(prefix) ?? 0) + 1);
  }
  for (const prefix of lists.keys()) check(byList.get(prefix) === ROWS, `${prefix}: ${byList.get(prefix) ?? 0} of ${ROWS} rows`);
  const path = `/situation?region=${COUNTY}&disease=covid-19&measure=case.onset`;
  const { body: situation } = await ask(server, "GET", path, { cookie: clerk() });
  const total = cases.size + uploaded.length;
  check(situation.totals.cumulative === total, `the tally says ${situation.totals.cumulative}, there are ${total} cases`);
  const { body: levels } = await ask(server, "GET", `/regions/${COUNTY}/levels`, { cookie: commander() });
  const told = new Set(levels.history.map((one) => one.evidence));
  // The history that is shown ends at a thousand decisions.
  const lost = [...decided].filter((evidence) => !told.has(evidence));
  check(lost.length === 0 || levels.history.length >= 1_000, `decisions are lost: ${lost.slice(0, 5).join(", ")}`);
  for (const [number, { id }] of directives) {
    const until = Date.now() + 30_000;
    let units = await standings(server, id);
    while (units.length < townships && Date.now() < until) {
      await new Promise((rest) => setTimeout(rest, 50));
      units = await standings(server, id);
    }
    const regions = new Set(units.map((unit) => unit.region.code));
    check(units.length === townships && regions.size === townships, `${number}: ${units.length} tasks for ${regions.size} of ${townships} townships`);
    for (const unit of units) {
      const expected = received.has(unit.record) ? "received" : "assigned";
      check(unit.state === expected, `${number}: the task of ${unit.region.code} is ${unit.state}, acknowledged ${expected}`);
    }
  }
}

let server = await serve(DATA);
await setUp(server, [
  ["clerk", "epidemiologist", COUNTY],
  ["commander", "commander", COUNTY],
]);
cookies.clerk = await signIn(server, "clerk");
cookies.commander = await signIn(server, "commander");
const county = await ask(server, "GET", `/situation?region=${COUNTY}&disease=covid-19`, { cookie: clerk() });
townships = county.body.regions.length;
check(townships > 5, `the county has ${townships} townships`);

const before = Date.now();
for (let round = 1; round <= ROUNDS && faults.length === 0; round += 1) {
  stopping = false;
  const working = work(server);
  await new Promise((rest) => setTimeout(rest, 30 + random(1_200)));
  await server.kill();
  stopping = true;
  await working;
  const verified = run(["audit", "verify", "--data", DATA]);
  check(verified.code === 0, `the audit log does not verify:\n${verified.out}`);
  server = await serve(DATA);
  // What was not answered is asked again.
  const again = wanted;
  wanted = [];
  for (const act of again) {
    done.retried += 1;
    check(await attempt(server, act), `${act.name}: no answer after the start`);
  }
  // A look at everything takes longer with every round.
  if (round % 10 === 0 || round === ROUNDS || ROUNDS <= 10) {
    await inspect(server);
    console.log(`${round} of ${ROUNDS}: ${JSON.stringify(done)}`);
  }
}
await server.stop();
console.log(`${((Date.now() - before) / 1000).toFixed(0)} s`);
for (const fault of faults.slice(0, 20)) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
