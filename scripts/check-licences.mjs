#!/usr/bin/env node
// Checks the licence of every dependency against `[licenses]` in deny.toml: crates by `cargo metadata`, npm packages
// that are shipped by the lock file of web/. Needs nothing but cargo and Node; `cargo deny check`, where installed,
// reads the same list and does more.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const deny = readFileSync("deny.toml", "utf8").replace(/^\s*#.*$/gm, "");
const section = deny.match(/^\[licenses\]([\s\S]*?)(?=^\[[a-z])/m)?.[1] ?? "";
const strings = (text) => [...text.matchAll(/"([^"]+)"/g)].map((match) => match[1]);
const allowed = new Set(strings(section.match(/^allow = \[([\s\S]*?)^\]/m)?.[1] ?? ""));
const exceptions = new Map(
  [...section.matchAll(/\{ name = "([^"]+)", allow = \[([^\]]*)\] \}/g)].map((m) => [m[1], strings(m[2])]),
);
if (allowed.size === 0) {
  console.error("check-licences: no list `allow` in deny.toml");
  process.exit(1);
}

/** Whether an SPDX expression can be satisfied with the allowed licences; AND binds tighter than OR. */
function satisfied(expression, extra) {
  const tokens = expression.replaceAll("/", " OR ").match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const alternatives = () => {
    let result = conjunction();
    while (tokens[at]?.toUpperCase() === "OR") {
      at += 1;
      const right = conjunction();
      result = result || right;
    }
    return result;
  };
  const conjunction = () => {
    let result = term();
    while (tokens[at]?.toUpperCase() === "AND") {
      at += 1;
      const right = term();
      result = result && right;
    }
    return result;
  };
  const term = () => {
    if (tokens[at] === "(") {
      at += 1;
      const result = alternatives();
      if (tokens[at] !== ")") throw new Error("unbalanced");
      at += 1;
      return result;
    }
    let name = tokens[at];
    if (name === undefined) throw new Error("unexpected end");
    at += 1;
    if (tokens[at]?.toUpperCase() === "WITH") {
      name += ` WITH ${tokens[at + 1]}`;
      at += 2;
    }
    return allowed.has(name) || extra.includes(name);
  };
  try {
    const result = alternatives();
    return at === tokens.length && result;
  } catch {
    return false;
  }
}

const problems = [];
let checked = 0;
function check(kind, name, version, licence) {
  checked += 1;
  if (!licence) problems.push(`${kind} ${name} ${version}: states no licence`);
  else if (!satisfied(licence, exceptions.get(name) ?? []))
    problems.push(`${kind} ${name} ${version}: \`${licence}\` is not allowed by deny.toml`);
}

const metadata = JSON.parse(
  execFileSync("cargo", ["metadata", "--format-version", "1", "--locked"], {
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  }),
);
for (const crate of metadata.packages) check("crate", crate.name, crate.version, crate.license);

if (existsSync("web/package-lock.json")) {
  const lock = JSON.parse(readFileSync("web/package-lock.json", "utf8"));
  for (const [path, entry] of Object.entries(lock.packages)) {
    // Tools that only build or test are not shipped; the root entry is this project.
    if (path === "" || entry.dev || entry.link) continue;
    check("npm package", path.replace(/^.*node_modules\//, ""), entry.version, entry.license);
  }
}

for (const problem of problems) console.error(`check-licences: ${problem}`);
console.log(`check-licences: ${checked} dependencies, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
