#!/usr/bin/env node
// Gives the commands that read tables tables of all kinds, made from good ones by random changes: bytes, cells, rows, columns,
// lengths. Each must be answered or refused with a sentence, within two minutes, and an answer holds numbers only. What breaks that
// is written to a folder with the command that repeats it.
//
//   cargo build --workspace --bin wanquan
//   node scripts/fuzz-tables.mjs --seconds 300 [--seed 1] [--bin target/debug/wanquan] [--out FOLDER]

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    bin: { type: "string", default: "target/debug/wanquan" },
    out: { type: "string", default: join(tmpdir(), "wanquan-fuzz") },
  },
});

// A generator of numbers that is the same everywhere (mulberry32).
let state = Number(options.seed) | 0;
function random(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
const pick = (list) => list[random(list.length)];

// Good tables are the seeds of the search that coverage guides (docs/extending.md): a line of arguments, and the table below it.
const here = (path) => fileURLToPath(new URL(`../fuzz/${path}`, import.meta.url));
const files = { TABLE: "-", PLOT: join(mkdtempSync(join(tmpdir(), "wanquan-tables-")), "plot.html") };
for (const name of readdirSync(here("beside"))) files[name] = here(`beside/${name}`);
const subjects = readdirSync(here("seeds/commands")).map((name) => {
  const [command, header, ...body] = readFileSync(here(`seeds/commands/${name}`), "utf8").trimEnd().split("\n");
  const words = command.split(" ").map((word) => {
    const [file, model] = word.split(":");
    return file in files ? [files[file], ...(model ? [model] : [])].join(":") : word;
  });
  return [words.join(" "), header ?? "", body.map((row) => row.split(","))];
});

// What programs and people leave in cells. Numbers that are none are spelled otherwise than answers spell them, so that a name
// repeated in an answer is not taken for one.
const CELLS = [
  "", " ", "NA", "nan", "-", "0", "-1", "1e9", "1e308", "infinity", "-Infinity", "4294967296", "999999999999999999999", "0.5", "1,5", "3.0",
  "2024-02-30", "0001-01-01", "9999-12-31", "24/01/2020", "01/24/2020", "2024-W05", "202401", "43831", "yes", "是", "=1+1", '"', "''",
  "\u0000", "\ufeff", "é".repeat(50), "x".repeat(300), "a\nb", "town", "p0", "c0", "-999999", "999999", "1000000",
];

function spoil(header, body) {
  let table = [header.split(","), ...body.map((row) => [...row])];
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(table.length);
    const row = table[at];
    const column = random(row.length || 1);
    switch (random(9)) {
      case 0: row[column] = pick(CELLS); break;
      case 1: { const cell = pick(CELLS); table.slice(1).forEach((r) => (r[column] = cell)); break; }
      case 2: table.splice(at, 1 + random(5)); break;
      case 3: table.splice(at, 0, [...pick(table)]); break;
      case 4: table.forEach((r) => r.splice(column, 1)); break;
      case 5: table = table.slice(0, 1 + random(8)); break;
      case 6: row.push(pick(CELLS)); break;
      case 7: { const other = random(table.length); [table[at], table[other]] = [table[other], table[at]]; break; }
      default: table.slice(1).forEach((r) => { if (random(4) === 0) r[column] = pick(CELLS); });
    }
    if (table.length === 0) table = [[""]];
  }
  let bytes = Buffer.from(table.map((row) => row.join(",")).join(pick(["\n", "\n", "\r\n", "\r"])) + pick(["\n", ""]));
  for (let n = random(3) === 0 ? 1 + random(8) : 0; n > 0; n--) {
    const at = random(bytes.length || 1);
    if (random(3) === 0) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(20))]);
    else if (bytes.length) bytes[at] = random(256);
  }
  if (random(20) === 0) bytes = gzipSync(bytes);
  if (random(40) === 0) bytes = bytes.subarray(0, random(bytes.length || 1));
  return bytes;
}

const end = Date.now() + 1000 * Number(options.seconds);
let [tables, answered, found] = [0, 0, 0];
while (Date.now() < end) {
  const [command, header, body] = pick(subjects);
  const table = spoil(header, body);
  const done = spawnSync(options.bin, command.split(" "), { input: table, timeout: 120_000, maxBuffer: 1 << 28 });
  tables += 1;
  const [out, err] = [String(done.stdout), String(done.stderr)];
  const words = done.status === 0 ? out.split(/[\n,:[\]{}]/).map((cell) => cell.trim().replace(/^-/, "")) : [];
  answered += done.status === 0;
  const wrong =
    ![0, 1, 2].includes(done.status) ? `ended with ${done.status ?? done.signal}`
    : err.includes("panicked") ? "panicked"
    : done.status !== 0 && err.trim() === "" ? "refused without a word"
    : words.some((cell) => cell === "NaN" || cell === "inf") ? "answered with what is no number"
    : null;
  if (wrong) {
    found += 1;
    mkdirSync(options.out, { recursive: true });
    const file = join(options.out, `${options.seed}-${tables}.csv`);
    writeFileSync(file, table);
    console.log(`${wrong}: ${options.bin} ${command} < ${file}\n${err.trim().split("\n").slice(0, 3).join("\n")}`);
  }
}
console.log(`${tables} tables, ${answered} answered, the others refused; ${found} findings`);
process.exit(found > 0 ? 1 : 0);
