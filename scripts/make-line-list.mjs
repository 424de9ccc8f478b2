#!/usr/bin/env node
// Writes a synthetic line list to standard output: the same for the same number of rows, of no real person.
// Twelve columns; 200 rows are wrong on purpose, spread evenly, eight kinds in turn.
//
//   node scripts/make-line-list.mjs 1000000 > line-list.csv

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const rows = Number(process.argv[2] ?? 1_000_000);
const wrong = Math.min(200, rows);
if (!Number.isInteger(rows) || rows < 1) {
  console.error("usage: make-line-list.mjs ROWS");
  process.exit(2);
}

// A generator of numbers that is the same everywhere (mulberry32).
let state = 20200124;
function random(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}

// Codes of the townships of Changzhi and of the counties of Shanxi.
const table = readFileSync(fileURLToPath(new URL("../packs/changzhi/regions.csv", import.meta.url)), "utf8");
const regions = table
  .split("\n")
  .map((line) => line.split(","))
  .filter(([code, , level]) => (level === "township" && code.startsWith("1404")) || (level === "county" && code.startsWith("14")))
  .map(([code]) => code);

const FIRST = Date.UTC(2019, 11, 1);
const day = (n) => new Date(FIRST + n * 86_400_000).toISOString().slice(0, 10);
const pick = (list) => list[random(list.length)];
const CLASSES = ["确诊病例", "确诊病例", "确诊病例", "疑似病例", "临床诊断病例", "无症状感染者"];
const OUTCOMES = ["治愈", "治愈", "在治", "死亡", ""];
const JOBS = ["农民", "工人", "学生", "教师", "医务人员", "干部职员", "离退人员", "家务及待业"];

const WRONG = [
  (r) => (r[5] = "不存在的县"), // no such region
  (r) => (r[6] = "2020-02-30"), // no such day
  (r) => (r[1] = "没有这种病"), // no such disease
  (r) => (r[5] = ""), // a required value is missing
  (r) => (r[4] = "250"), // beyond the admissible age
  (r) => (r[7] = "3/4"), // no year
  (r) => r.pop(), // a cell is missing
  (r) => (r[6] = "2199-01-01"), // in the future
];

const every = Math.floor(rows / wrong);
let part = "病例编号,病种,姓名,性别,年龄,地区编码,发病日期,报告日期,确诊日期,病例分类,转归,职业\n";
for (let i = 0; i < rows; i++) {
  const onset = random(365);
  const report = onset + random(8);
  const row = [
    `SYN-${String(i + 1).padStart(7, "0")}`,
    "新冠肺炎",
    `合成${i + 1}`,
    random(2) ? "男" : "女",
    String(random(95)),
    pick(regions),
    day(onset),
    day(report),
    day(report + random(3)),
    pick(CLASSES),
    pick(OUTCOMES),
    pick(JOBS),
  ];
  if (i % every === every - 1 && Math.floor(i / every) < wrong) {
    WRONG[Math.floor(i / every) % WRONG.length](row);
  }
  part += row.join(",") + "\n";
  if (part.length > 1 << 20) {
    if (!process.stdout.write(part)) await new Promise((resolve) => process.stdout.once("drain", resolve));
    part = "";
  }
}
process.stdout.write(part);
