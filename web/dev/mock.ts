/** Answers the API from SYNTHETIC data, so that the console can be worked on without a server. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Plugin } from "vite";

const PACKS = process.env.WANQUAN_PACKS ?? join(import.meta.dirname, "../../packs");
const day = (iso: string, n: number) => new Date(Date.parse(iso) + n * 864e5).toISOString().slice(0, 10);
const TODAY = "2020-02-12";
const label = (en: string, zh: string) => ({ en, zh });

interface R {
  code: string;
  name: string;
  level: string;
  parent: string | null;
}
const regions = new Map<string, R>();
const tiles = new Map<string, { col: number; row: number }>();
const shapes = new Map<string, { label: number[]; rings: number[][]; scale: number }>();
function load() {
  const base = join(PACKS, "changzhi");
  if (!existsSync(base)) return;
  for (const line of readFileSync(join(base, "regions.csv"), "utf8").trim().split("\n").slice(1)) {
    const [code = "", name = "", level = "", parent = ""] = line.split(",");
    regions.set(code, { code, name, level, parent: parent || null });
  }
  for (const line of readFileSync(join(base, "tiles.csv"), "utf8").trim().split("\n").slice(1)) {
    const [code = "", col, row] = line.split(",");
    tiles.set(code, { col: Number(col), row: Number(row) });
  }
  for (const f of readdirSync(join(base, "boundaries"))) {
    const j = JSON.parse(readFileSync(join(base, "boundaries", f), "utf8"));
    for (const [code, s] of Object.entries<any>(j.shapes)) shapes.set(code, { ...s, scale: j.scale });
  }
}
const rand = (s: string) => {
  let h = 7;
  for (const c of s) h = (h * 31 + c.charCodeAt(0)) >>> 0;
  return () => (h = (h * 1664525 + 1013904223) >>> 0) / 2 ** 32;
};
const children = (code: string) => [...regions.values()].filter((r) => r.parent === code);
function ancestors(code: string): R[] {
  const out: R[] = [];
  let p = regions.get(code)?.parent;
  while (p) {
    const r = regions.get(p);
    if (!r) break;
    out.unshift(r);
    p = r.parent;
  }
  return out;
}
const SCALE: Record<string, number> = {
  nation: 900,
  province: 40,
  prefecture: 8,
  county: 2.2,
  township: 0.5,
  community: 0.1,
  grid: 0.1,
};
function series(code: string, asOf: string): { date: string; n: number }[] {
  const r = regions.get(code);
  const next = rand(code);
  const peak = (SCALE[r?.level ?? "county"] ?? 1) * (0.3 + next() * 1.6);
  const out = [];
  const first = "2020-01-15";
  for (let i = 0; day(first, i) <= asOf; i += 1) {
    const shape = Math.exp(-(((i - 18) / 8) ** 2));
    const date = day(first, i);
    const late = Math.max(0, 3 - (Date.parse(asOf) - Date.parse(date)) / 864e5) * 0.25;
    out.push({ date, n: Math.max(0, Math.round(peak * shape * (0.5 + next()) * (1 - late))) });
  }
  return out;
}
const sum = (l: { n: number }[]) => l.reduce((a, b) => a + b.n, 0);
const signals: any[] = [];
const users: any[] = [];
const tokens: any[] = [];
const publications: any[] = [];
const records: any[] = [];
let signedIn = true;
const clients = new Set<ServerResponse>();
const emit = (type: string, data: unknown) => {
  for (const c of clients) c.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
};
function situation(q: URLSearchParams) {
  const code = q.get("region") ?? "140400",
    asOf = q.get("as_of") ?? TODAY,
    r = regions.get(code)!;
  const s = series(code, asOf);
  const curve = s.map((d, i) => {
    const b = s.slice(Math.max(0, i - 7), i);
    const e = b.length > 2 ? sum(b) / b.length : null;
    const upper = e === null ? null : e + 2 + 1.5 * Math.sqrt(e + 1);
    const alarm = upper !== null && d.n > upper;
    return {
      ...d,
      expected: e,
      upper,
      alarm,
      methods: alarm ? ["ears_c1"] : [],
      incomplete: d.date > day(asOf, -4),
    };
  });
  const kids = children(code).map((k) => {
    const ks = series(k.code, asOf);
    return {
      code: k.code,
      name: k.name,
      level: k.level,
      cumulative: sum(ks),
      last_7: sum(ks.slice(-7)),
      previous_7: sum(ks.slice(-14, -7)),
      per_100k_7d: (sum(ks.slice(-7)) / 3) * 0.1,
      open_signals: rand(k.code)() > 0.86 ? 1 : 0,
      has_children: children(k.code).length > 0,
      spark: ks.slice(-28).map((d) => d.n),
    };
  });
  const rt = s.slice(8, -3).map((d, i) => {
    const m = 2.6 * Math.exp(-i / 14) + 0.3;
    return { date: d.date, mean: m, lower: m * 0.75, upper: m * 1.3 };
  });
  return {
    region: {
      ...r,
      path: "",
      population: r.level === "community" ? null : { n: 3200000, as_of: "2020-11-01", source: "synthetic" },
    },
    ancestors: ancestors(code),
    as_of: asOf,
    disease: { id: q.get("disease"), label: label("COVID-19", "新型冠状病毒感染") },
    measure: {
      id: q.get("measure"),
      label: label("Confirmed cases reported", "报告确诊病例"),
      unit: "persons",
    },
    step: "day",
    totals: {
      cumulative: sum(s),
      last_7: sum(s.slice(-7)),
      previous_7: sum(s.slice(-14, -7)),
      today: s.at(-1)?.n ?? 0,
      incidence_per_100k_7d: sum(s.slice(-7)) / 32,
      deaths: 1,
      cured: 12,
    },
    curve,
    rt: sum(s) > 10 ? rt : [],
    rt_note: null,
    growth:
      sum(s) > 10
        ? {
            rate_per_day: -0.09,
            lower: -0.13,
            upper: -0.04,
            doubling_time_days: -7.7,
            doubling_lower: -17,
            doubling_upper: -5,
            note: null,
          }
        : { note: null },
    signals: { open: 3, alarms: 1 },
    regions: kids,
    undivided: 0,
    known_dates: { first: "2020-01-15", last: TODAY },
    provenance: {
      method_versions: { ears_c1: "1", cori: "1" },
      input_digest: "3f9a".repeat(16),
      sources: ["synthetic"],
    },
  };
}
function map(code: string) {
  const kids = children(code);
  const drawn = kids.length ? kids : [regions.get(code)!];
  const out: any = { kind: "boundary", shapes: [], tiles: [] };
  let i = 0;
  const side = Math.ceil(Math.sqrt(drawn.length));
  for (const k of drawn) {
    const s = shapes.get(k.code);
    if (s)
      out.shapes.push({
        code: k.code,
        name: k.name,
        label: s.label,
        polygons: s.rings.map((ring) => {
          let x = 0,
            y = 0;
          const pts = [];
          for (let j = 0; j + 1 < ring.length; j += 2) {
            x += ring[j]!;
            y += ring[j + 1]!;
            pts.push([x / s.scale, y / s.scale]);
          }
          return [pts];
        }),
      });
    else {
      const t = tiles.get(k.code) ?? { col: i % side, row: Math.floor(i / side) };
      i += 1;
      out.tiles.push({ code: k.code, name: k.name, ...t });
    }
  }
  out.kind = out.tiles.length ? (out.shapes.length ? "mixed" : "tiles") : "boundary";
  return out;
}
const fields = [
  {
    id: "case_id",
    type: "text",
    label: label("Case number", "病例编号"),
    required: true,
    personal: false,
    choices: [],
    role: "case_id",
  },
  {
    id: "disease",
    type: "text",
    label: label("Disease", "病种"),
    required: true,
    personal: false,
    choices: [],
    role: "disease",
  },
  {
    id: "region",
    type: "region",
    label: label("Region", "地区"),
    required: true,
    personal: false,
    choices: [],
    role: "region",
  },
  {
    id: "onset_date",
    type: "date",
    label: label("Onset date", "发病日期"),
    required: false,
    personal: false,
    choices: [],
    role: "onset_date",
  },
  {
    id: "classification",
    type: "choice",
    label: label("Classification", "分类"),
    required: true,
    personal: false,
    choices: [
      { id: "confirmed", label: label("Confirmed", "确诊") },
      { id: "suspected", label: label("Suspected", "疑似") },
    ],
    role: "classification",
  },
  {
    id: "age",
    type: "integer",
    label: label("Age", "年龄"),
    required: false,
    personal: false,
    choices: [],
    min: 0,
    max: 120,
  },
  {
    id: "name",
    type: "text",
    label: label("Name", "姓名"),
    required: false,
    personal: true,
    choices: [],
    role: "name",
  },
  {
    id: "outcome_date",
    type: "date",
    label: label("Outcome date", "转归日期"),
    required: false,
    personal: false,
    choices: [],
    show_if: "record.classification == 'confirmed'",
  },
];
const schema = (lang: "en" | "zh") => ({
  type: "object",
  properties: Object.fromEntries(
    fields.map((f) => [
      f.id,
      {
        title: f.label[lang],
        type: f.type === "integer" ? "integer" : "string",
        ...(f.choices.length ? { oneOf: f.choices.map((c) => ({ const: c.id, title: c.label[lang] })) } : {}),
      },
    ]),
  ),
  required: fields.filter((f) => f.required).map((f) => f.id),
  additionalProperties: false,
});
const register = (id: string) => ({
  id,
  kind: id,
  title: (
    {
      case: label("Cases", "病例"),
      count_report: label("Count reports", "统计报告"),
      lab_sample: label("Laboratory samples", "检测标本"),
      contact: label("Contacts", "密切接触者"),
    } as any
  )[id],
  title_field: "case_id",
  columns: ["case_id", "disease", "region", "onset_date", "classification", "age"],
  fields,
  json_schema: { en: schema("en"), zh: schema("zh") },
  ui_schema: {
    "ui:order": fields.map((f) => f.id),
    region: { "ui:widget": "region" },
    onset_date: { "ui:widget": "date" },
    outcome_date: { "ui:widget": "date" },
  },
  actions: ["record.read", "record.write", "record.import", "record.export"],
  record_count: 1234,
});
function seed() {
  load();
  const all = children("140400");
  all.forEach((r, i) =>
    signals.push({
      id: `s${i}`,
      region: { code: r.code, name: r.name, path_names: ["中国", "山西省", "长治市", r.name] },
      disease: "covid-19",
      measure: "count_report.confirmed",
      date: day(TODAY, -i),
      step: "day",
      method: "ears_c1",
      method_version: 1,
      method_label: label("EARS C1", "EARS C1"),
      params: { baseline_days: 7, threshold: 3 },
      observed: 4 + i,
      expected: 0.6,
      upper: 2.4,
      score: 3.7,
      p_value: null,
      status: i < 8 ? "open" : i === 8 ? "alarm" : "dismissed",
      raised_at: `${TODAY}T01:30:00Z`,
      known_on: day(TODAY, -i),
      input_digest: "ab12".repeat(16),
      version: 1,
      explanation: label(
        `${4 + i} observed where 0.6 were expected from the 7 days before; the threshold is 2.4.`,
        `观测到 ${4 + i} 例；按此前 7 天期望 0.6 例，上限为 2.4 例。`,
      ),
      actions: { assess: { allowed: i < 8, blocked: i < 8 ? null : "alarm" } },
      history: [{ at: `${TODAY}T01:30:00Z`, by: "detector", act: "raised", reason: null }],
    }),
  );
  for (let i = 0; i < 60; i += 1) {
    const r = all[i % Math.max(1, all.length)];
    records.push({
      id: `r${i}`,
      register: "case",
      version: 2,
      region: { code: r?.code, name: r?.name },
      disease: "covid-19",
      event_date: day(TODAY, -i % 20),
      data: {
        case_id: `CZ-2020-${String(i).padStart(4, "0")}`,
        disease: "covid-19",
        region: r?.code,
        onset_date: day(TODAY, -(i % 20)),
        classification: i % 4 ? "confirmed" : "suspected",
        age: 20 + (i % 50),
      },
      known_at: `${TODAY}T02:10:00Z`,
      created_at: `${TODAY}T02:00:00Z`,
      changed_by: "李医生",
      withdrawn: false,
      redacted: ["name"],
      actions: ["record.write"],
    });
  }
  users.push(
    {
      id: "u1",
      username: "commander",
      display_name: "指挥员（演示）",
      disabled: false,
      grants: [
        {
          id: "g1",
          role: "commander",
          role_label: label("Commander", "指挥员"),
          region: "140400",
          region_name: "长治市",
        },
      ],
    },
    {
      id: "u2",
      username: "epidemiologist",
      display_name: "流调员（演示）",
      disabled: false,
      grants: [
        {
          id: "g2",
          role: "epidemiologist",
          role_label: label("Epidemiologist", "流行病学调查员"),
          region: "140423",
          region_name: "襄垣县",
        },
      ],
    },
  );
}
const session = () => ({
  user: { id: "u1", username: "commander", display_name: "指挥员（演示）" },
  grants: users[0].grants,
  actions: [
    "situation.read",
    "record.read",
    "record.write",
    "record.import",
    "record.export",
    "signal.read",
    "signal.assess",
    "publication.draft",
    "publication.publish",
    "user.manage",
  ],
  home_region: { ...regions.get("140400"), path: "" },
  today: TODAY,
  time_zone: "Asia/Shanghai",
  demo: true,
  synthetic_notice: true,
});
const body = async (req: IncomingMessage) => {
  const parts: Buffer[] = [];
  for await (const p of req) parts.push(p as Buffer);
  return Buffer.concat(parts).toString();
};
async function answer(req: IncomingMessage, res: ServerResponse) {
  const url = new URL(req.url!, "http://mock"),
    q = url.searchParams,
    p = url.pathname.slice("/api/v1".length),
    m = req.method!;
  const ok = (v: unknown, status = 200) => {
    res.statusCode = status;
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify(v));
  };
  const bad = (status: number, code: string, more = {}) =>
    ok({ status, code, title: code, detail: code, ...more }, status);
  const none = () => {
    res.statusCode = 204;
    res.end();
  };
  let k;
  if (p === "/health")
    return ok({
      status: "ok",
      version: "0",
      now: "",
      demo: true,
      demo_accounts: [
        { username: "commander", password: "demo-commander", role: label("Commander", "指挥员") },
        { username: "epidemiologist", password: "demo-epi", role: label("Epidemiologist", "流行病学调查员") },
      ],
    });
  if (p === "/session") {
    if (m === "POST") {
      const c = JSON.parse(await body(req));
      if (c.password === "wrong") return bad(401, "bad_credentials");
      signedIn = true;
    }
    if (m === "DELETE") {
      signedIn = false;
      return none();
    }
    return signedIn ? ok(session()) : bad(401, "not_signed_in");
  }
  if (!signedIn) return bad(401, "not_signed_in");
  if (p === "/events") {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(": hello\n\n");
    clients.add(res);
    req.on("close", () => clients.delete(res));
    return;
  }
  if (p === "/regions")
    return ok({
      items: [...regions.values()]
        .filter((r) => r.name.includes(q.get("q") ?? ""))
        .slice(0, 30)
        .map((r) => ({ ...r, ancestors: ancestors(r.code) })),
    });
  if ((k = p.match(/^\/regions\/(\w+)\/map$/))) return ok(map(k[1]!));
  if ((k = p.match(/^\/regions\/(\w+)$/)))
    return ok({ ...regions.get(k[1]!), ancestors: ancestors(k[1]!), has_children: true });
  if (p === "/diseases")
    return ok({
      items: [
        {
          id: "covid-19",
          label: label("COVID-19", "新型冠状病毒感染"),
          main_measure: "count_report.confirmed",
          parameters: [],
        },
        { id: "measles", label: label("Measles", "麻疹"), main_measure: "case.onset", parameters: [] },
      ],
    });
  if (p === "/measures")
    return ok({
      items: [
        {
          id: "count_report.confirmed",
          register: "count_report",
          label: label("Confirmed cases reported", "报告确诊病例"),
          unit: "persons",
        },
        {
          id: "case.onset",
          register: "case",
          label: label("Cases by onset", "按发病日期的病例"),
          unit: "persons",
        },
      ],
    });
  if (p === "/situation") return ok(situation(q));
  if (p === "/situation/timeline") return ok({ first: "2020-01-15", last: TODAY, days: [] });
  if (p === "/signals")
    return ok({
      items: signals.filter((s) => !q.get("status") || s.status === q.get("status")),
      next_cursor: null,
    });
  if ((k = p.match(/^\/signals\/(\w+)(\/assess)?$/))) {
    const s = signals.find((x) => x.id === k![1]);
    if (!s) return bad(404, "not_found");
    if (k[2]) {
      const a = JSON.parse(await body(req));
      s.status = a.decision === "dismiss" ? "dismissed" : "alarm";
      s.version += 1;
      s.actions = { assess: { allowed: false, blocked: s.status } };
      s.history.push({
        at: new Date().toISOString(),
        by: "指挥员（演示）",
        act: a.decision,
        reason: a.reason,
      });
      emit("signal", { id: s.id, status: s.status });
    }
    return ok({
      ...s,
      curve: situation(new URLSearchParams({ region: s.region.code, as_of: s.known_on })).curve,
    });
  }
  if (p === "/registers")
    return ok({ items: ["case", "count_report", "lab_sample", "contact"].map(register) });
  if ((k = p.match(/^\/registers\/(\w+)$/))) return ok(register(k[1]!));
  if ((k = p.match(/^\/registers\/(\w+)\/records$/))) {
    if (m === "POST") {
      const d = JSON.parse(await body(req)).data;
      if (!d.case_id)
        return bad(422, "invalid_record", {
          issues: [
            {
              code: "E101",
              severity: "error",
              field: "case_id",
              message_en: "a required value is missing",
              message_zh: "缺少必填值",
            },
          ],
        });
      const r = { ...records[0], id: `r${records.length}`, version: 1, data: d };
      records.unshift(r);
      return ok(r, 201);
    }
    return ok({ items: records, next_cursor: null, total_estimate: records.length });
  }
  if ((k = p.match(/^\/registers\/(\w+)\/imports$/))) {
    if (m === "GET") return ok({ items: [] });
    const text = await body(req);
    const dry = q.get("dry_run") === "true";
    return ok({
      batch_id: dry ? null : "b1",
      dry_run: dry,
      register: k[1],
      file: {
        name: q.get("filename"),
        format: "csv",
        encoding: "GB18030",
        delimiter: ";",
        compression: null,
        sheet: null,
        bytes: text.length,
      },
      layout: "line_list",
      columns: [
        { column: "病例编号", field: "case_id", how: "label", date_format: null },
        { column: "发病日期", field: "onset_date", how: "label", date_format: "%Y-%m-%d" },
        { column: "备注", field: null, how: "unmatched", date_format: null },
      ],
      rows_read: 136,
      accepted: 134,
      refused: 2,
      created: 134,
      changed: 0,
      unchanged: 0,
      warnings: 1,
      issue_counts: [
        { code: "E106", severity: "error", count: 2, message_en: "not a date", message_zh: "不是日期" },
        { code: "W205", severity: "warning", count: 1, message_en: "left out", message_zh: "已略去" },
      ],
      issues: [
        {
          code: "E106",
          severity: "error",
          row: 12,
          column: "发病日期",
          field: "onset_date",
          value: "32/1",
          message_en: "not a date",
          message_zh: "不是日期",
        },
      ],
      refusal: null,
    });
  }
  if ((k = p.match(/^\/records\/(\w+)\/versions$/))) {
    const r = records.find((x) => x.id === k![1]);
    return ok({
      items: [
        {
          version: 1,
          known_at: r.created_at,
          changed_by: "王护士",
          data: { ...r.data, classification: "suspected" },
          changes: [],
          withdrawn: false,
          reason: null,
        },
        {
          version: 2,
          known_at: r.known_at,
          changed_by: r.changed_by,
          data: r.data,
          changes: ["classification"],
          withdrawn: false,
          reason: "核酸阳性",
        },
      ],
    });
  }
  if ((k = p.match(/^\/records\/(\w+)$/))) {
    const r = records.find((x) => x.id === k![1]);
    if (!r) return bad(404, "not_found");
    if (m === "PUT") {
      if (req.headers["if-match"] !== `"${r.version}"`)
        return bad(409, "version_conflict", { current_version: r.version });
      r.data = JSON.parse(await body(req)).data;
      r.version += 1;
    }
    if (m === "DELETE") {
      if (req.headers["if-match"] !== `"${r.version}"`)
        return bad(409, "version_conflict", { current_version: r.version });
      records.splice(records.indexOf(r), 1);
      return none();
    }
    return ok(r);
  }
  if (p === "/users") {
    if (m === "POST") {
      const u = { id: `u${users.length + 1}`, disabled: false, grants: [], ...JSON.parse(await body(req)) };
      users.push(u);
      return ok(u, 201);
    }
    return ok({ items: users });
  }
  if ((k = p.match(/^\/users\/(\w+)$/))) {
    const u = users.find((x) => x.id === k![1]);
    Object.assign(u, JSON.parse(await body(req)));
    return ok(u);
  }
  if ((k = p.match(/^\/users\/(\w+)\/grants/))) {
    const u = users.find((x) => x.id === k![1]);
    if (m === "POST") {
      const g = JSON.parse(await body(req));
      u.grants.push({
        id: `g${Date.now()}`,
        ...g,
        role_label: label(g.role, g.role),
        region_name: regions.get(g.region)?.name,
      });
    } else u.grants = u.grants.filter((g: any) => g.id !== p.split("/").at(-1));
    return ok(u);
  }
  if (p === "/roles")
    return ok({
      items: [
        {
          id: "commander",
          label: label("Commander", "指挥员"),
          grants: ["situation.read", "signal.read", "signal.assess"],
        },
        {
          id: "epidemiologist",
          label: label("Epidemiologist", "流行病学调查员"),
          grants: ["situation.read", "record.read", "record.write"],
        },
      ],
    });
  if (p === "/tokens") {
    if (m === "POST") {
      const t = {
        id: `t${tokens.length}`,
        name: JSON.parse(await body(req)).name,
        created_at: `${TODAY}T01:00:00Z`,
      };
      tokens.push(t);
      return ok({ ...t, token: "wq_synthetic_0123456789" }, 201);
    }
    return ok({ items: tokens });
  }
  if (p.startsWith("/tokens/")) {
    tokens.length = 0;
    return none();
  }
  if (p === "/publications") {
    if (m === "POST") {
      const d = JSON.parse(await body(req));
      publications.unshift({
        id: `p${publications.length}`,
        region: { code: d.region, name: regions.get(d.region)?.name },
        title: d.title,
        text: d.text,
        status: "draft",
        figures: {},
        drafted_by: "编辑",
        drafted_at: `${TODAY}T03:00:00Z`,
        version: 1,
      });
      return ok(publications[0], 201);
    }
    return ok({ items: publications });
  }
  if ((k = p.match(/^\/publications\/(\w+)\/publish$/))) {
    const x = publications.find((y) => y.id === k![1]);
    x.status = "published";
    x.published_by = "指挥员";
    x.published_at = `${TODAY}T04:00:00Z`;
    return ok(x);
  }
  return bad(404, "not_found");
}
export function mockApi(): Plugin {
  return {
    name: "mock-api",
    configureServer(server) {
      seed();
      server.middlewares.use((req, res, next) => {
        if (req.url?.startsWith("/api/v1"))
          void answer(req, res).catch((e) => {
            res.statusCode = 500;
            res.end(String(e));
          });
        else next();
      });
    },
  };
}
