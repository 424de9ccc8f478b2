#!/usr/bin/env node
// Measures the public portal with many articles and comments beside nginx: import, requests a second of the first page and
// of an article against the same bytes as a static file, latency at half that load, how soon a publication and a comment are
// seen, search, the weight of a page. Prints Markdown; the figures in docs/performance.md come from here. Needs nginx and
// wrk (Debian packages). `--priority` runs nginx, wrk and the server alike before whatever else the machine does (`chrt`).
//
//   cargo build --release && node scripts/measure-portal.mjs [--articles 100000] [--comments 1000000] [--seconds 10]
//     [--turns 5] [--connections 64] [--priority] [--keep DIR]
//
// With `--keep`, what was made stays in the folder and is not made again.

import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, get, request } from "node:http";
import { createServer } from "node:net";
import { cpus, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { ask, flag, option, run, serve, setUp, signIn } from "./lib/installation.mjs";

const ARTICLES = Number(option("articles", 100_000));
const COMMENTS = Number(option("comments", 1_000_000));
const SECONDS = Number(option("seconds", 10));
const TURNS = Number(option("turns", 5));
const CONNECTIONS = Number(option("connections", 64));
const PRIORITY = flag("priority");
const keep = option("keep");
const DATA = keep ? resolve(keep) : mkdtempSync(join(tmpdir(), "wanquan-portal-"));
const IS_MADE = existsSync(join(DATA, "wanquan.db"));
const COMMENTED = join(DATA, "commented");
const ROWS = [];
const children = [];

process.on("exit", () => {
  for (const child of children) child.kill("SIGTERM");
  if (!keep) rmSync(DATA, { recursive: true, force: true });
});

const row = (what, value) => {
  ROWS.push([what, value]);
  console.error(`${what}: ${value}`);
};
const at = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
const whole = (n) => Math.round(n).toLocaleString("en");
const first = (args) => (PRIORITY ? ["chrt", "-r", "1", ...args] : args);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Words of notices, put together by a generator whose seed is fixed: the same articles in every run.
const WORDS =
  "疫情 防控 通知 社区 居民 口罩 消毒 检测 复工 复产 学校 开学 医院 门诊 隔离 报备 来长 返长 交通 物资 供应 市场 超市 志愿者 疫苗 接种 健康 监测 体温 登记 街道 村委会 企业 员工 出行 聚集 通风 洗手 咨询 热线".split(
    " ",
  );
const ENGLISH = "notice school hospital vaccine testing clinic travel market supply volunteer health mask".split(" ");
let seed = 20200212;
const random = (n) => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return (seed >> 8) % n;
};
const phrase = (n) => Array.from({ length: n }, () => WORDS[random(WORDS.length)]).join("");

function makeArticles(folder) {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < ARTICLES; i++) {
    const day = new Date(Date.UTC(2015, 0, 1) + Math.floor((i / ARTICLES) * 1800) * 86_400_000);
    const channel = ["gsyl", "tongbao", "laichang", "kepu", "xianqu", "bianmin"][random(6)];
    const paragraphs = Array.from({ length: 4 + random(6) }, () => `${phrase(30 + random(40))}。`);
    const tags = [WORDS[random(WORDS.length)], WORDS[random(WORDS.length)]];
    const head = [
      `title = "${phrase(4)} ${ENGLISH[random(ENGLISH.length)]} ${i}"`,
      `channel = "${channel}"`,
      `region = "${["140400", "140403", "140423"][random(3)]}"`,
      `tags = ["${tags.join('", "')}"]`,
      `date = "${day.toISOString()}"`,
    ];
    const file = join(folder, `${i}.md`);
    writeFileSync(file, `+++\n${head.join("\n")}\n+++\n## ${phrase(3)}\n\n${paragraphs.join("\n\n")}\n`);
  }
}

function freePort() {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** nginx with the same bytes as files, set up for speed. */
async function nginx(files) {
  const root = join(DATA, "nginx");
  mkdirSync(join(root, "html"), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, "html", name), bytes);
  const port = await freePort();
  writeFileSync(
    join(root, "nginx.conf"),
    // Its workers read the folder of this script, which is closed to others.
    `user ${userInfo().username}; worker_processes ${cpus().length}; pid ${root}/nginx.pid; error_log ${root}/error.log; daemon off;
events { worker_connections 4096; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=100 inactive=60s;
  types { text/html html; } gzip_static on; client_body_temp_path ${root}/a; proxy_temp_path ${root}/b;
  fastcgi_temp_path ${root}/c; uwsgi_temp_path ${root}/d; scgi_temp_path ${root}/e;
  server { listen 127.0.0.1:${port}; root ${root}/html; } }`,
  );
  const [command, ...args] = first(["nginx", "-c", join(root, "nginx.conf"), "-p", root]);
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  for (let i = 0; i < 50; i++) {
    if (await fetch(`http://127.0.0.1:${port}/home.html`).then((r) => r.ok, () => false)) break;
    await sleep(100);
  }
  return `http://127.0.0.1:${port}`;
}

const MS = { us: 0.001, ms: 1, s: 1000 };

/** What wrk says: requests a second, and how long 99 of 100 took at most, in milliseconds. */
function wrk(url, { gzip, connections = CONNECTIONS, script } = {}) {
  const more = [...(gzip ? ["-H", "Accept-Encoding: gzip"] : []), ...(script ? ["-s", script] : [])];
  const [command, ...args] = first(["wrk", "-t2", `-c${connections}`, `-d${SECONDS}s`, "--latency", ...more, url]);
  const { stdout } = spawnSync(command, args, { encoding: "utf8" });
  const errors = stdout.match(/Non-2xx or 3xx responses: (\d+)/)?.[1] ?? stdout.match(/Socket errors: (.*)/)?.[1];
  if (errors) throw new Error(`${url}: ${errors} errors`);
  const [, p99, unit] = stdout.match(/99%\s+([\d.]+)(us|ms|s)/) ?? [];
  return { rate: Number(stdout.match(/Requests\/sec:\s+([\d.]+)/)?.[1]), p99: Number(p99) * MS[unit] };
}

/** wrk at about a rate: each of many connections waits between an answer and its next request. */
function paced(url, rate) {
  const connections = 256;
  const script = join(DATA, "pace.lua");
  const ms = (connections / rate) * 1000;
  const [low, share] = [Math.floor(ms), ms - Math.floor(ms)];
  writeFileSync(script, `function delay() return ${low} + (math.random() < ${share.toFixed(4)} and 1 or 0) end\n`);
  return wrk(url, { connections, script });
}

/** Asks at a fixed rate, whether or not answers are late, and counts from when each should have been asked. */
async function atRate(url, rate, seconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const times = [];
  const begin = performance.now();
  let asked = 0;
  const pending = [];
  while (performance.now() - begin < seconds * 1000) {
    const due = Math.floor(((performance.now() - begin) / 1000) * rate);
    for (; asked < due; asked++) {
      const planned = begin + (asked / rate) * 1000;
      pending.push(
        new Promise((done) => {
          const ask = request(url, { agent }, (answer) => {
            answer.resume();
            answer.on("end", () => done(times.push(performance.now() - planned)));
          });
          ask.on("error", done);
          ask.end();
        }),
      );
    }
    await sleep(1);
  }
  await Promise.all(pending);
  agent.destroy();
  return { p99: at(times.sort((a, b) => a - b), 0.99), n: times.length };
}

for (const tool of ["nginx", "wrk"]) {
  if (spawnSync("which", [tool]).status !== 0) throw new Error(`${tool} is not installed`);
}

/** An identifier of comments (UUIDv7). */
function identifier(ms) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(ms, 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Comments as `wanquan portal export` writes them; those of one article wait for a moderator. */
async function makeComments(folder, articles, waiting) {
  for (const part of ["articles", "files"]) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, "portal.json"), JSON.stringify({ form: "wanquan-portal-1", channels: [] }));
  const out = createWriteStream(join(folder, "comments.jsonl"));
  const begun = Date.UTC(2020, 0, 1);
  const line = (article, ms, status) => {
    const done = status === "shown" ? { decided_by: "reviewer", decided_at: new Date(ms + 60_000).toISOString() } : {};
    return `${JSON.stringify({
      id: identifier(ms), article: article.id, region: "140400", region_path: "/100000/140000/140400/", parent: null,
      name: random(3) === 0 ? "" : phrase(2), text: `${phrase(5 + random(20))}。`, official: false, status, doubt: null,
      reports: 0, sent_at: new Date(ms).toISOString(), decided_by: null, decided_at: null, reason: null, version: 1, ...done,
    })}\n`;
  };
  for (let i = 0; i < COMMENTS; i++) {
    const article = articles[random(articles.length)];
    if (!out.write(line(article, begun + i * 5_000, "shown"))) await once(out, "drain");
  }
  for (let i = 0; i < 5; i++) out.write(line(waiting, begun + (COMMENTS + i) * 5_000, "waiting"));
  out.end();
  await once(out, "finish");
}

/** Every public article. */
async function articlesOf(server, cookie) {
  const all = [];
  for (let cursor = ""; cursor !== null; ) {
    const after = cursor ? `&cursor=${cursor}` : "";
    const { body } = await ask(server, "GET", `/articles?status=published&limit=200${after}`, { cookie });
    all.push(...body.items);
    cursor = body.next_cursor ?? null;
  }
  return all;
}

function imported(what, folder, count, more = []) {
  const before = performance.now();
  const done = run(["portal", "import", folder, ...more, "--data", DATA, "--time-zone", "+08:00"]);
  if (done.code !== 0) throw new Error(done.out);
  const took = (performance.now() - before) / 1000;
  row(`import of ${whole(count)} ${what}`, `${took.toFixed(1)} s (${whole(count / took)}/s)`);
  rmSync(folder, { recursive: true });
}

const served = async () => {
  const server = await serve(DATA, ["--replay-from", "2020-03-01T00:00:00Z"]);
  if (PRIORITY) spawnSync("chrt", ["-a", "-r", "-p", "1", String(server.child.pid)]);
  return server;
};
const resident = () => {
  const rss = readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1];
  return `${Math.round(Number(rss) / 1024)} MB`;
};

let server;
if (!IS_MADE) {
  server = await served();
  await setUp(server, [
    ["editor", "portal_editor", "140400"],
    ["reviewer", "portal_reviewer", "140400"],
  ]);
  await server.stop();
  const folder = join(DATA, "made");
  makeArticles(folder);
  imported("Markdown files", folder, ARTICLES, ["--channel", "gsyl", "--region", "140400", "--publish"]);
}
if (COMMENTS > 0 && !existsSync(COMMENTED)) {
  server = await served();
  const articles = await articlesOf(server, await signIn(server, "editor"));
  await server.stop();
  const folder = join(DATA, "made");
  await makeComments(folder, articles, articles[0]);
  imported("comments", folder, COMMENTS);
  writeFileSync(COMMENTED, "");
}
row("database", `${Math.round(statSync(join(DATA, "wanquan.db")).size / 1e6)} MB`);

if (!IS_MADE) rmSync(join(DATA, "search"), { recursive: true, force: true });
const before = performance.now();
server = await served();
const word = encodeURIComponent("疫情");
const indexed = async () => {
  const html = await (await fetch(`${server.url}/search?q=${word}&lang=en`)).text();
  return Number((html.match(/Results: ([\d,]+)/)?.[1] ?? "0").replaceAll(",", ""));
};
let count = -1;
for (let same = 0; same < 8; ) {
  const now = await indexed();
  same = now === count && now > 0 ? same + 1 : 0;
  count = now;
  await sleep(500);
}
if (!IS_MADE) row("search index made from nothing", `${((performance.now() - before) / 1000 - 4).toFixed(0)} s`);
row("memory of the server then", resident());

const pages = { home: "/", article: `/${(await (await fetch(`${server.url}/feed.json`)).json()).items[0].url.split("/").slice(3).join("/")}` };
const files = {};
for (const [name, path] of Object.entries(pages)) {
  const plain = Buffer.from(await (await fetch(server.url + path, { headers: { "accept-encoding": "identity" } })).arrayBuffer());
  const packed = await new Promise((done) => {
    get(server.url + path, { headers: { "accept-encoding": "gzip" } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => done(Buffer.concat(parts)));
    });
  });
  if (!gunzipSync(packed).equals(plain)) throw new Error(`${path} is not the same in both codings`);
  files[`${name}.html`] = plain;
  files[`${name}.html.gz`] = packed;
  row(`weight of the page "${name}"`, `${(plain.length / 1000).toFixed(1)} kB, ${(packed.length / 1000).toFixed(1)} kB as gzip`);
}
const css = await fetch(`${server.url}/portal/style.css`);
row("style sheet, the only other file of a page", `${((await css.arrayBuffer()).byteLength / 1000).toFixed(1)} kB`);

const other = await nginx(files);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
for (const [name, path] of Object.entries(pages)) {
  for (const gzip of [false, true]) {
    // In turns, so that what else the machine does weighs on both.
    const turns = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const theirs = wrk(`${other}/${name}.html`, { gzip });
      const ours = wrk(server.url + path, { gzip });
      turns.push({ theirs, ours, share: (ours.rate / theirs.rate) * 100 });
    }
    const of = (pick) => median(turns.map(pick));
    const shares = turns.map((turn) => turn.share).sort((a, b) => a - b);
    row(
      `${name}, ${gzip ? "gzip" : "identity"}`,
      `${whole(of((t) => t.ours.rate))}/s; nginx ${whole(of((t) => t.theirs.rate))}/s: ${median(shares).toFixed(0)} % ` +
        `(${shares[0].toFixed(0)} to ${shares.at(-1).toFixed(0)} in ${TURNS} turns)`,
    );
    if (!gzip) continue;
    const half = of((t) => t.ours.rate) / 2;
    const runs = Array.from({ length: 3 }, () => paced(server.url + path, half));
    row(
      `${name} at half that load`,
      `p99 ${Math.max(...runs.map((r) => r.p99)).toFixed(1)} ms at ${whole(median(runs.map((r) => r.rate)))}/s on 256 connections, the worst of 3`,
    );
  }
}
if (PRIORITY) spawnSync("chrt", ["-a", "-r", "-p", "1", String(process.pid)]);
// Node asks no more than some thousand times a second, but counts from when each request was due.
const calm = await atRate(server.url + pages.article, 4_000, SECONDS);
row("article at 4,000/s, counted from when each was due", `p99 ${calm.p99.toFixed(1)} ms (${calm.n} answers)`);

for (const readers of [1, 4]) {
  const times = [];
  const reader = async () => {
    for (let i = 0; i < 400 / readers; i++) {
      const asked = i % 3 === 0 ? ENGLISH[random(ENGLISH.length)] : phrase(1 + random(2));
      const started = performance.now();
      const answer = await fetch(`${server.url}/search?q=${encodeURIComponent(asked)}`);
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`search: ${answer.status}`);
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: readers }, reader));
  times.sort((a, b) => a - b);
  row(
    `search, ${readers === 1 ? "one after the other" : `${readers} at a time`}`,
    `p50 ${at(times, 0.5).toFixed(1)} ms, p95 ${at(times, 0.95).toFixed(1)} ms of ${times.length}`,
  );
}

const editor = await signIn(server, "editor");
const reviewer = await signIn(server, "reviewer");
const seen = [];
const found = [];
for (let i = 0; i < 5; i++) {
  const content = { title: `Measured ${i}`, body: `marker${i}word`, lang: "en" };
  const draft = await ask(server, "POST", "/articles", { json: { channel: "gsyl", region: "140400", content }, cookie: editor });
  const path = `/articles/${draft.body.summary.id}`;
  await ask(server, "POST", `${path}/submit`, { json: {}, cookie: editor });
  const started = performance.now();
  await ask(server, "POST", `${path}/approve`, { json: {}, cookie: reviewer });
  for (;;) {
    if ((await (await fetch(`${server.url}/`)).text()).includes(`Measured ${i}`)) break;
    await sleep(5);
  }
  seen.push(performance.now() - started);
  for (;;) {
    if ((await (await fetch(`${server.url}/search?q=marker${i}word`)).text()).includes(`Measured ${i}`)) break;
    await sleep(20);
  }
  found.push(performance.now() - started);
}
row("from the approval to the first page", `at most ${Math.max(...seen).toFixed(0)} ms of 5`);
row("from the approval to search", `at most ${Math.max(...found).toFixed(0)} ms of 5`);
const { body: queue } = await ask(server, "GET", "/comments?queue=waiting", { cookie: reviewer });
const counted = [];
for (const comment of queue.items.slice(0, 5)) {
  const path = `/comments/${comment.article}?lang=en`;
  // On its page, and counted on the first page, where its article is one of the latest.
  const list = async () => {
    const [own, home] = await Promise.all([path, "/?lang=en"].map(async (of) => (await fetch(server.url + of)).text()));
    return [own.includes(`c-${comment.id}`), home.match(new RegExp(`/comments/${comment.article}[^>]*>([^<]*)`))?.[1]];
  };
  const [, was] = await list();
  const started = performance.now();
  await ask(server, "POST", `/comments/${comment.id}/decide`, { json: { decision: "show" }, cookie: reviewer });
  for (;;) {
    const [shown, now] = await list();
    if (shown && now !== undefined && now !== was) break;
    await sleep(5);
  }
  counted.push(performance.now() - started);
}
if (counted.length > 0) row("from the approval of a comment to its page and the count on the first page", `at most ${Math.max(...counted).toFixed(0)} ms of ${counted.length}`);
row("memory of the server at the end", resident());
await server.stop();

console.log(`| what | measured |\n| --- | --- |`);
for (const [what, value] of ROWS) console.log(`| ${what} | ${value} |`);

// nginx would keep the script waiting.
process.exit(0);
