import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BIN = process.env.WANQUAN_BIN;

/** A server of the real executable on a port of the system's choosing, with its data in a folder of its own. */
export interface Server {
  /** Address without a slash at the end. */
  url: string;
  /** The one-time link for the first administrator. */
  setupLink: string | null;
  /** What it printed so far. */
  lines: string[];
  data: string;
  /** Ends it; its folder is removed unless it is to be kept for another start. */
  stop: (options?: { keep?: boolean }) => Promise<void>;
}

const READY = /(http:\/\/127\.0\.0\.1:\d+)\/console\//;
const SETUP = /http:\/\/\S+\/console\/setup\?token=[0-9a-f]+/;

/** Starts `wanquan COMMAND`, in a new folder or an earlier one, and waits until it says where it is. */
export async function start(
  command: "serve" | "demo",
  args: string[] = [],
  folder?: string,
): Promise<Server> {
  if (!BIN) throw new Error("WANQUAN_BIN names no executable; run scripts/browser-tests");
  const data = folder ?? (await mkdtemp(join(tmpdir(), "wanquan-e2e-")));
  const child = spawn(BIN, [command, "--data", data, "--listen", "127.0.0.1:0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, WANQUAN_LOG: "warn" },
  });
  const lines: string[] = [];
  try {
    const url = await ready(child, lines);
    return {
      url,
      setupLink: lines.map((line) => line.match(SETUP)?.[0]).find((link) => link) ?? null,
      lines,
      data,
      stop: async ({ keep } = {}) => {
        await ended(child);
        if (!keep) await rm(data, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await ended(child);
    if (!folder) await rm(data, { recursive: true, force: true });
    throw error;
  }
}

/** The address, once the last line of the greeting is there. */
function ready(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let url: string | undefined;
    const errors: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      url ??= line.match(READY)?.[1];
      if (line === "Press Ctrl-C to stop." && url) resolve(url);
    };
    if (child.stdout) createInterface({ input: child.stdout }).on("line", onLine);
    if (child.stderr) createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the server ended with ${code}:\n${[...lines, ...errors].join("\n")}`)),
    );
  });
}

/** Asks the process to stop as a service manager does, and waits until it has. */
function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("the server did not stop within ten seconds of being asked"));
    }, 10_000);
    child.once("exit", () => {
      clearTimeout(late);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

/** Runs a command of the executable beside a server; its exit code and what it printed. */
export function command(args: string[]): { code: number | null; out: string } {
  if (!BIN) throw new Error("WANQUAN_BIN names no executable; run scripts/browser-tests");
  const done = spawnSync(BIN, args, { encoding: "utf8", env: { ...process.env, WANQUAN_LOG: "warn" } });
  return { code: done.status, out: `${done.stdout}${done.stderr}` };
}
