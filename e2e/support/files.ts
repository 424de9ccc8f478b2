import { readFileSync } from "node:fs";
import { join } from "node:path";
import writeExcelFile from "write-excel-file/node";

/** A table as it might come from somewhere: the first row holds the headers. */
export type Table = string[][];

const TIANJIN = join(import.meta.dirname, "../../packs/covid-19/archive/tianjin_2020.csv");

/** Headers as a Chinese office writes them, for the columns of the line list that it would have. */
const HEADERS: Record<string, string> = {
  case_id: "病例编号",
  sex: "性别",
  age_years: "年龄",
  region: "现住地区",
  onset_date: "发病日期",
  confirmation_date: "确诊日期",
  classification: "病例分类",
  severity: "临床严重程度",
};
const WORDS: Record<string, string> = {
  female: "女",
  male: "男",
  confirmed: "确诊病例",
  mild: "轻型",
  moderate: "普通型",
  severe: "重型",
  "120000": "天津市",
};

/** The outbreak in Tianjin of 2020 (Tindale et al. 2020) as an office would have sent it; 135 cases. */
export function tianjin(): Table {
  const [header = [], ...rows] = readFileSync(TIANJIN, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const columns = header.map((name, i) => ({ name, i })).filter(({ name }) => name in HEADERS);
  const cell = (name: string, value: string) => {
    // 2020-01-24 becomes 2020年1月24日.
    if (name.endsWith("_date")) return value.replace(/^(\d{4})-0?(\d+)-0?(\d+)$/, "$1年$2月$3日");
    return WORDS[value] ?? value;
  };
  return [
    columns.map(({ name }) => HEADERS[name] ?? name),
    ...rows.map((row) => columns.map(({ name, i }) => cell(name, row[i] ?? ""))),
  ];
}

/** Semicolons and GB18030, as exported by older systems. */
export function asGb18030(table: Table): Buffer {
  return gb18030(`${table.map((row) => row.join(";")).join("\r\n")}\r\n`);
}

/** A workbook with one sheet, in which dates and numbers are what spreadsheets make of them. */
export async function asXlsx([header = [], ...rows]: Table): Promise<Buffer> {
  const cell = (name: string, value: string) => {
    const [, year, month, day] = value.match(/^(\d{4})年(\d+)月(\d+)日$/) ?? [];
    if (year) {
      const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
      return { value: date, type: Date, format: "yyyy/m/d" };
    }
    if (name === "年龄" && value) return { value: Number(value), type: Number };
    return { value, type: String };
  };
  const sheet = [
    header.map((value) => ({ value, type: String })),
    ...rows.map((row) => row.map((value, i) => cell(header[i] ?? "", value))),
  ];
  return await writeExcelFile(sheet).toBuffer();
}

let codes: Map<string, [number, number]> | undefined;

/** Node decodes GB18030 and does not encode it: the table is turned round. */
function gb18030(text: string): Buffer {
  if (!codes) {
    codes = new Map();
    const decoder = new TextDecoder("gb18030");
    for (let lead = 0x81; lead <= 0xfe; lead += 1) {
      for (let trail = 0x40; trail <= 0xfe; trail += 1) {
        if (trail === 0x7f) continue;
        const character = decoder.decode(Uint8Array.of(lead, trail));
        if ([...character].length === 1) codes.set(character, [lead, trail]);
      }
    }
  }
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x80) bytes.push(code);
    else bytes.push(...(codes.get(character) ?? raise(character)));
  }
  return Buffer.from(bytes);
}

function raise(character: string): never {
  throw new Error(`no two-byte code for ${character}`);
}
