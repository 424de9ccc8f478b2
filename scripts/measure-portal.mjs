#!/usr/bin/env node
// Measures the public portal with many articles beside nginx: import, requests a second of the first page and of an article
// against the same bytes as a static file, latency at half that load, how soon a publication is seen, search, page weight.
// Prints Markdown; the figures in docs/performance.md come from here. Needs nginx and wrk (Debian packages).
//
//   cargo build --release && node scripts/measure-portal.mjs [--articles 100000] [--seconds 10] [--connections 64] [--keep DIR]

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { option, run, serve, setUp, signIn, ask } from "./lib/installation.mjs";

const ARTICLES = Number(option("articles", 100_000));
const SECONDS = Number(option("seconds", 10));
const CONNECTIONS = Number(option("connections", 64));
const keep = option("keep");
const DATA = keep ? resolve(keep) : mkdtempSync(join(tmpdir(), "wanquan-portal-"));
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
  const child = spawn("nginx", ["-c", join(root, "nginx.conf"), "-p", root], { stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  for (let i = 0; i < 50; i++) {
    if (await fetch(`http://127.0.0.1:${port}/home.html`).then((r) => r.ok, () => false)) break;
    await sleep(100);
  }
  return `http://127.0.0.1:${port}`;
}

function wrk(url, { gzip } = {}) {
  const header = gzip ? ["-H", "Accept-Encoding: gzip"] : [];
  const args = ["-t2", `-c${CONNECTIONS}`, `-d${SECONDS}s`, "--latency", ...header, url];
  const { stdout } = spawnSync("wrk", args, { encoding: "utf8" });
  const errors = stdout.match(/Non-2xx or 3xx responses: (\d+)/)?.[1];
  if (errors) throw new Error(`${url}: ${errors} errors`);
  return {
    rate: Number(stdout.match(/Requests\/sec:\s+([\d.]+)/)?.[1]),
    p99: stdout.match(/99%\s+(\S+)/)?.[1],
  };
}

/** Asks at a fixed rate, whether or not answers are late, and counts from when each should have been asked. */
async function atRate(url, rate, seconds) {
  const { Agent, request } = await import("node:http");
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

const more = ["--replay-from", "2020-03-01T00:00:00Z"];
let server = await serve(DATA, more);
await setUp(server, [
  ["editor", "portal_editor", "140400"],
  ["reviewer", "portal_reviewer", "140400"],
]);
await server.stop();
const folder = join(DATA, "made");
makeArticles(folder);
let before = performance.now();
const imported = run([
  "portal", "import", folder, "--channel", "gsyl", "--region", "140400", "--publish",
  "--data", DATA, "--time-zone", "+08:00",
]);
if (imported.code !== 0) throw new Error(imported.out);
const took = (performance.now() - before) / 1000;
row(`import of ${ARTICLES.toLocaleString("en")} Markdown files`, `${took.toFixed(1)} s (${Math.round(ARTICLES / took).toLocaleString("en")}/s)`);
row("database", `${Math.round(statSync(join(DATA, "wanquan.db")).size / 1e6)} MB`);
rmSync(folder, { recursive: true });

before = performance.now();
server = await serve(DATA, more);
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
row("search index made from nothing", `${((performance.now() - before) / 1000 - 4).toFixed(0)} s`);

const pages = { home: "/", article: `/${(await (await fetch(`${server.url}/feed.json`)).json()).items[0].url.split("/").slice(3).join("/")}` };
const files = {};
for (const [name, path] of Object.entries(pages)) {
  const plain = Buffer.from(await (await fetch(server.url + path, { headers: { "accept-encoding": "identity" } })).arrayBuffer());
  const { default: http } = await import("node:http");
  const packed = await new Promise((done) => {
    http.get(server.url + path, { headers: { "accept-encoding": "gzip" } }, (answer) => {
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
for (const [name, path] of Object.entries(pages)) {
  for (const gzip of [false, true]) {
    // In turns, so that what else the machine does weighs on both.
    const rates = { nginx: [], wanquan: [] };
    let p99 = "";
    for (let turn = 0; turn < 3; turn++) {
      rates.nginx.push(wrk(`${other}/${name}.html`, { gzip }).rate);
      const own = wrk(server.url + path, { gzip });
      rates.wanquan.push(own.rate);
      p99 = own.p99;
    }
    const median = (list) => [...list].sort((a, b) => a - b)[1];
    const [theirs, ours] = [median(rates.nginx), median(rates.wanquan)];
    row(
      `${name}, ${gzip ? "gzip" : "identity"}`,
      `${Math.round(ours).toLocaleString("en")}/s; nginx ${Math.round(theirs).toLocaleString("en")}/s: ${((ours / theirs) * 100).toFixed(0)} % (p99 ${p99})`,
    );
  }
}
// Node asks no more than some thousand times a second; half of what the server can do is more than that.
const half = Math.min(4_000, wrk(server.url + pages.article).rate / 2);
const calm = await atRate(server.url + pages.article, half, SECONDS);
row(`article at ${Math.round(half).toLocaleString("en")}/s`, `p99 ${calm.p99.toFixed(1)} ms (${calm.n} answers)`);

const times = [];
for (let i = 0; i < 400; i++) {
  const asked = i % 3 === 0 ? ENGLISH[random(ENGLISH.length)] : phrase(1 + random(2));
  const started = performance.now();
  const answer = await fetch(`${server.url}/search?q=${encodeURIComponent(asked)}`);
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`search: ${answer.status}`);
  times.push(performance.now() - started);
}
times.sort((a, b) => a - b);
row("search, one after the other", `p50 ${at(times, 0.5).toFixed(1)} ms, p95 ${at(times, 0.95).toFixed(1)} ms`);

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
if (existsSync(`/proc/${server.child.pid}/status`)) {
  const { readFileSync } = await import("node:fs");
  const rss = readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1];
  row("memory of the server at the end", `${Math.round(Number(rss) / 1024)} MB`);
}
await server.stop();

console.log(`| what | measured |\n| --- | --- |`);
for (const [what, value] of ROWS) console.log(`| ${what} | ${value} |`);

// nginx would keep the script waiting.
process.exit(0);
