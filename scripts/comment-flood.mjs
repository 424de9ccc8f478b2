// Reads an article's comments while a flood of comments comes in: `node scripts/comment-flood.mjs --article UUID --url URL
// [--rate 1000] [--seconds 20]`. Prints how many pages a second were read, and how long they took, without and with the flood,
// and what the flood was answered. The server is one that serves already, with an article that is open to comments.

import { Agent, request } from "node:http";
import { option } from "./lib/installation.mjs";

const base = new URL(option("url", "http://127.0.0.1:8080"));
const article = option("article");
const path = option("path", `/comments/${article}`);
const rate = Number(option("rate", "1000"));
const seconds = Number(option("seconds", "20"));
const readers = Number(option("readers", "4"));
if (!article) throw new Error("say which article: --article UUID");

function ask(agent, method, path, headers = {}, body = "") {
  return new Promise((done) => {
    const sent = request({ host: base.hostname, port: base.port, agent, method, path, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => done(answer.statusCode));
    });
    sent.on("error", () => done(0));
    sent.end(body);
  });
}

async function read(until, agent) {
  const took = [];
  while (performance.now() < until) {
    const from = performance.now();
    const status = await ask(agent, "GET", path);
    if (status !== 200) throw new Error(`the page answered ${status}`);
    took.push(performance.now() - from);
  }
  return took;
}

async function reading(title) {
  const agent = new Agent({ keepAlive: true, maxSockets: readers });
  const until = performance.now() + seconds * 1000;
  const took = (await Promise.all(Array.from({ length: readers }, () => read(until, agent)))).flat();
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1);
  console.log(`${title}: ${(took.length / seconds).toFixed(0)} pages/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  agent.destroy();
}

await reading("without a flood");

const flood = new Agent({ keepAlive: true, maxSockets: 200 });
const answers = new Map();
let sent = 0;
const from = performance.now();
const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - from) / 1000) * rate);
  for (; sent < due; sent++) {
    const body = new URLSearchParams({ token: "x.1.y", text: `flood ${sent}`, altcha: "e30=" }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": body.length };
    void ask(flood, "POST", `/comments/${article}`, headers, body).then((status) => {
      answers.set(status, (answers.get(status) ?? 0) + 1);
    });
  }
}, 5);
await reading(`with ${rate} comments/s`);
clearInterval(timer);
const took = (performance.now() - from) / 1000;
console.log(`sent ${(sent / took).toFixed(0)} comments/s; answered ${[...answers].map(([s, n]) => `${s}: ${n}`).join(", ")}`);
flood.destroy();
