// A Wanquan for scripts that measure and try: started on a port of its own, spoken to over HTTP, stopped or killed.

import { spawn, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const PASSWORD = "measuring is knowing";

/** Value of `--name` on the command line. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

/** True if `--name` stands on the command line. */
export function flag(name) {
  return process.argv.includes(`--${name}`);
}

/** The executable: `--bin`, otherwise the release build. */
export const BIN = resolve(option("bin", process.env.WANQUAN_BIN ?? join(ROOT, "target/release/wanquan")));

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const environment = { ...process.env, WANQUAN_LOG: process.env.WANQUAN_LOG ?? "warn" };

/** Runs a command to its end: its exit code and what it wrote. */
export function run(args) {
  const done = spawnSync(BIN, args, { env: environment, encoding: "utf8" });
  return { code: done.status, out: `${done.stdout}${done.stderr}` };
}

/** Starts a command that goes on beside the script. */
export function start(args, stdio) {
  const child = spawn(BIN, args, { stdio, env: environment });
  running.add(child);
  const ended = new Promise((done) =>
    child.once("exit", (code) => {
      running.delete(child);
      done(code);
    }),
  );
  return { child, ended };
}

/** Starts a server and waits for its first answer. `ms` is how long that took. */
export async function serve(data, more = []) {
  const before = process.hrtime.bigint();
  const args = ["serve", "--data", data, "--listen", "127.0.0.1:0", "--time-zone", "+08:00", ...more];
  const { child, ended } = start(args, ["ignore", "pipe", "inherit"]);
  const lines = [];
  const url = await new Promise((found, failed) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const address = lines.join("\n").match(/(http:\/\/127\.0\.0\.1:\d+)\/console\//)?.[1];
      if (address && line === "Press Ctrl-C to stop.") found(address);
    });
    void ended.then((code) => failed(new Error(`the server ended with ${code}`)));
  });
  await (await fetch(`${url}/api/v1/health`)).arrayBuffer();
  const ms = Number(process.hrtime.bigint() - before) / 1e6;
  const end = (signal) => {
    child.kill(signal);
    return ended;
  };
  return {
    url,
    child,
    ms,
    /** Of the one-time link, while there is no account. */
    token: lines.join("\n").match(/token=([0-9a-f]+)/)?.[1],
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** Asks the API; an answer that is no success is an error with its status. */
export async function ask(server, method, path, { json, body, cookie, headers, signal } = {}) {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method,
    signal,
    headers: {
      ...(json ? { "content-type": "application/json" } : {}),
      ...(method === "GET" ? {} : { "x-wanquan-request": "1" }),
      ...(cookie ? { cookie } : {}),
      ...headers,
    },
    body: json ? JSON.stringify(json) : body,
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${text}`), { status: answer.status });
  }
  return { body: text ? JSON.parse(text) : null, cookie: answer.headers.getSetCookie()[0]?.split(";")[0] };
}

/** Makes the first administrator and accounts `[username, role, region]`. */
export async function setUp(server, accounts) {
  const admin = { username: "admin", display_name: "Administrator", password: PASSWORD };
  const { cookie } = await ask(server, "POST", "/setup", { json: { token: server.token, ...admin } });
  for (const [username, role, region] of accounts) {
    const json = { username, display_name: username, password: PASSWORD };
    const { body } = await ask(server, "POST", "/users", { json, cookie });
    await ask(server, "POST", `/users/${body.id}/grants`, { json: { role, region }, cookie });
  }
}

/** Signs in: the cookie of the session. */
export async function signIn(server, username) {
  return (await ask(server, "POST", "/session", { json: { username, password: PASSWORD } })).cookie;
}
