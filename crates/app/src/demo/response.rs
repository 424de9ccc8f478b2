//! The response part of the demonstration: ledgers of a city that prevents and controls, all of them invented, and a
//! morning's work that is under way when the visitor comes.

use super::sheet::{Dice, Sheet, samples};
use super::{CITY, COUNTY, SYNTHETIC_DISEASE, imported};
use crate::app::App;
use crate::error::Error;
use crate::life::{Bulk, StepInput, take_step, take_steps};
use crate::{jobs, records, supervise};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};
use wanquan_domain::actor::Actor;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::{Region, RegionCode};

/// Records of each register for which nothing better is invented than its schema says.
const SAMPLES: u64 = 12;
/// Registers that are filled elsewhere, or by acts.
const FILLED: [&str; 5] = ["case", "count_report", "directive", "task", "duty"];

/// Places of the city that the tables name.
struct Places<'a> {
    counties: Vec<&'a Region>,
    townships: Vec<&'a Region>,
    today: Date,
}

impl<'a> Places<'a> {
    fn of(app: &'a App) -> Self {
        let regions = &app.packs().regions;
        let counties = regions.children(&RegionCode::new(CITY));
        let townships = counties.iter().flat_map(|county| regions.children(&county.code)).collect();
        Self { counties, townships, today: app.today() }
    }

    /// The day so many days before today.
    fn ago(&self, days: u64) -> String {
        self.today.saturating_sub(i64::try_from(days).unwrap_or(0).days()).to_string()
    }

    fn ahead(&self, days: u64) -> String {
        self.today.saturating_add(i64::try_from(days).unwrap_or(0).days()).to_string()
    }
}

fn s(text: impl ToString) -> String {
    text.to_string()
}

/// Fills every register of the response.
pub(super) async fn fill(app: &App, maker: &Actor) -> Result<(), Error> {
    let places = Places::of(app);
    let sheets = [
        organisations(&places),
        duties(&places),
        sites(&places),
        gates(&places),
        arrivals(&places),
        orders(&places),
        contacts(&places),
        follow_ups(&places),
        stocks(&places),
        target_groups(&places),
        doses(&places),
        sessions(&places),
        roster(&places),
        inspections(&places),
        findings(&places),
        clinics(&places),
        staff(&places),
        reports(&places),
    ];
    let broken = |table: &str, e: csv::Error| Error::Internal(format!("the invented table `{table}`: {e}"));
    for sheet in &sheets {
        let rows = sheet.csv().map_err(|e| broken(sheet.register, e))?;
        imported(app, maker, sheet.register, rows, None).await?;
    }
    let regions: Vec<String> = places.townships.iter().map(|region| region.code.to_string()).collect();
    let registers: Vec<_> = app.packs().registers().to_vec();
    for register in registers {
        let filled = FILLED.iter().chain(&super::portal::FILLED);
        let is_filled = filled.into_iter().any(|id| *id == register.id);
        if is_filled || sheets.iter().any(|sheet| sheet.register == register.id) {
            continue;
        }
        let rows = samples(&register, &regions, places.today, SYNTHETIC_DISEASE, SAMPLES)
            .map_err(|e| broken(&register.id, e))?;
        imported(app, maker, &register.id, rows, None).await?;
    }
    Ok(())
}

const DEPARTMENTS: [(&str, &str); 6] = [
    ("health", "卫生健康局"),
    ("cdc", "疾病预防控制中心"),
    ("public_security", "公安局"),
    ("transport", "交通运输局"),
    ("market", "市场监督管理局"),
    ("education", "教育局"),
];

fn organisations(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "organisation",
        &["code", "name", "category", "region", "responsible", "staff", "competent", "registered_on"],
    );
    let mut dice = Dice::of("organisation");
    for county in &p.counties {
        for (id, name) in DEPARTMENTS {
            sheet.row([
                format!("SYN-{}-{id}", county.code),
                format!("{}{name}（合成）", county.name),
                s("department"),
                s(&county.code),
                s("合成人员"),
                s(dice.from(12, 90)),
                s(id),
                s("2019-01-02"),
            ]);
        }
    }
    sheet
}

fn duties(p: &Places<'_>) -> Sheet {
    let mut sheet =
        Sheet::new("duty", &["title", "duty", "organisation", "region", "responsible", "since", "basis"]);
    for county in &p.counties {
        for (duty, title) in [("prevention", "疫情防控主体责任"), ("supplies", "防疫物资保障")]
        {
            sheet.row([
                format!("{title}（合成）"),
                s(duty),
                format!("{}卫生健康局（合成）", county.name),
                s(&county.code),
                s("合成人员"),
                s("2020-01-20"),
                s("《传染病防治法》"),
            ]);
        }
    }
    sheet
}

const SITES: [(&str, &str, u64); 7] = [
    ("checkpoint", "高速口卡口", 0),
    ("station", "汽车客运站", 800),
    ("fever_clinic", "人民医院发热门诊", 40),
    ("quarantine", "集中隔离点", 60),
    ("cold_store", "冷链仓库", 30),
    ("mall", "购物中心", 1_500),
    ("school", "第一中学", 2_400),
];

fn site_code(county: &Region, kind: &str) -> String {
    format!("SYN-{}-{kind}", county.code)
}

fn sites(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "site",
        &["code", "name", "type", "region", "address", "closed_space", "capacity", "opened_on", "state"],
    );
    for county in &p.counties {
        for (kind, name, capacity) in SITES {
            let state = match kind {
                "school" => "closed",
                "mall" => "limited",
                _ => "open",
            };
            sheet.row([
                site_code(county, kind),
                format!("{}{name}（合成）", county.name),
                s(kind),
                s(&county.code),
                format!("{}合成路1号", county.name),
                s(kind == "mall"),
                if capacity == 0 { String::new() } else { s(capacity) },
                s("2015-05-01"),
                s(state),
            ]);
        }
    }
    sheet
}

fn gates(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "gate_observation",
        &["site", "region", "date", "from_hour", "to_hour", "persons", "vehicles", "without_mask", "fever"],
    );
    let mut dice = Dice::of("gate_observation");
    for county in &p.counties {
        for kind in ["checkpoint", "station"] {
            for day in 1..=3 {
                for hour in [8, 12, 16] {
                    let persons = dice.from(40, 420);
                    sheet.row([
                        site_code(county, kind),
                        s(&county.code),
                        p.ago(day),
                        s(hour),
                        s(hour + 4),
                        s(persons),
                        s(persons / 3),
                        s(dice.below(persons / 30 + 2)),
                        s(u64::from(dice.percent(12))),
                    ]);
                }
            }
        }
    }
    sheet
}

fn arrivals(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "arrival",
        &[
            "declaration_number",
            "name",
            "origin",
            "transport",
            "voyage",
            "arrived_on",
            "landing_region",
            "region",
            "risk",
            "risk_basis",
            "symptoms",
            "state",
        ],
    );
    let mut dice = Dice::of("arrival");
    // Hubei, Beijing, Henan, Guangdong, Taiyuan: from where people came home in those weeks.
    let origins = [
        ("420000", "high"),
        ("110000", "medium"),
        ("410000", "medium"),
        ("440000", "low"),
        ("140100", "low"),
    ];
    for i in 1..=260_u64 {
        let township = *dice.pick(&p.townships);
        let county = RegionCode::new(&township.code.as_str()[..6]);
        let (origin, risk) = *dice.pick(&origins);
        let days = dice.below(14);
        let state = match days {
            0..=1 => "declared",
            2..=5 => *dice.pick(&["found", "managed", "managed", "not_found"]),
            _ => *dice.pick(&["managed", "released", "released"]),
        };
        let transport = *dice.pick(&["train", "coach", "car"]);
        sheet.row([
            format!("SYN-A-{i:04}"),
            format!("合成人员{i:04}"),
            s(origin),
            s(transport),
            if transport == "train" { format!("K{}", dice.from(200, 999)) } else { String::new() },
            p.ago(days),
            s(&county),
            s(&township.code),
            s(risk),
            if risk == "high" { s("来自疫情重点地区") } else { String::new() },
            s(dice.percent(3)),
            s(state),
        ]);
    }
    sheet
}

fn orders(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "order",
        &[
            "order_number",
            "disease",
            "region",
            "name",
            "type",
            "reason",
            "evidence",
            "legal_basis",
            "starts_on",
            "ends_on",
            "place",
            "state",
        ],
    );
    let mut dice = Dice::of("order");
    for i in 1..=64_u64 {
        let township = *dice.pick(&p.townships);
        let days = dice.below(18);
        let kind =
            *dice.pick(&["central_quarantine", "home_quarantine", "home_monitoring", "health_monitoring"]);
        let state = if days > 14 {
            "ended"
        } else if days == 0 {
            "proposed"
        } else {
            "in_force"
        };
        sheet.row([
            format!("SYN-O-{i:04}"),
            s(SYNTHETIC_DISEASE),
            s(&township.code),
            format!("合成人员{:04}", 1_000 + i),
            s(kind),
            s("密切接触者（合成）"),
            s("流调报告（合成）"),
            s("《传染病防治法》第三十九条"),
            p.ago(days),
            s(p.today.saturating_add((14 - i64::try_from(days).unwrap_or(0)).days())),
            if kind == "central_quarantine" {
                s("集中隔离点（合成）")
            } else {
                s("居家（合成）")
            },
            s(state),
        ]);
    }
    sheet
}

fn contact_id(i: u64) -> String {
    format!("SYN-C-{i:04}")
}

fn contacts(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "contact",
        &[
            "contact_id",
            "disease",
            "region",
            "name",
            "source_case",
            "relation",
            "last_contact_date",
            "report_date",
            "category",
            "status",
        ],
    );
    let mut dice = Dice::of("contact");
    let near: Vec<&&Region> = p.townships.iter().filter(|t| t.code.as_str().starts_with(COUNTY)).collect();
    for i in 1..=48_u64 {
        let days = dice.from(1, 9);
        sheet.row([
            contact_id(i),
            s(SYNTHETIC_DISEASE),
            s(&dice.pick(&near).code),
            format!("合成人员{:04}", 2_000 + i),
            format!("SYN-{:04}", dice.from(100, 180)),
            s(*dice.pick(&["家庭成员", "同事", "同学", "邻居"])),
            p.ago(days + 1),
            p.ago(days),
            s(*dice.pick(&["close", "close", "secondary", "general"])),
            s(if days > 7 { "released" } else { "active" }),
        ]);
    }
    sheet
}

fn follow_ups(p: &Places<'_>) -> Sheet {
    let mut sheet =
        Sheet::new("follow_up", &["contact_id", "disease", "region", "date", "day", "outcome", "sampled"]);
    let mut dice = Dice::of("follow_up");
    for i in 1..=48_u64 {
        for day in 1..=3_u64 {
            sheet.row([
                contact_id(i),
                s(SYNTHETIC_DISEASE),
                s(COUNTY),
                p.ago(4 - day),
                s(day),
                s(if dice.percent(92) { "well" } else { *dice.pick(&["symptoms", "not_reached"]) }),
                s(day == 1),
            ]);
        }
    }
    sheet
}

fn stocks(p: &Places<'_>) -> Sheet {
    let mut sheet =
        Sheet::new("stock", &["site", "region", "item", "date", "quantity", "daily_use", "minimum_days"]);
    let mut dice = Dice::of("stock");
    for county in &p.counties {
        for kind in ["fever_clinic", "quarantine"] {
            for (item, use_a_day) in
                [("mask_n95", 60), ("mask_surgical", 400), ("gown", 45), ("test_kit", 80)]
            {
                for day in 0..=1 {
                    sheet.row([
                        site_code(county, kind),
                        s(&county.code),
                        s(item),
                        p.ago(day),
                        s(use_a_day * dice.from(2, 16)),
                        s(use_a_day),
                        s(7),
                    ]);
                }
            }
        }
    }
    sheet
}

fn target_groups(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new("target_group", &["disease", "region", "group", "as_of", "persons", "source"]);
    let mut dice = Dice::of("target_group");
    for township in &p.townships {
        for (group, low, high) in [("health_workers", 15, 160), ("age_60", 600, 4_200)] {
            sheet.row([
                s(SYNTHETIC_DISEASE),
                s(&township.code),
                s(group),
                s("2020-01-01"),
                s(dice.from(low, high)),
                s("合成数据"),
            ]);
        }
    }
    sheet
}

fn doses(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "dose",
        &[
            "dose_number",
            "disease",
            "region",
            "person_reference",
            "group",
            "vaccine",
            "lot",
            "dose",
            "date",
            "site",
        ],
    );
    let mut dice = Dice::of("dose");
    for i in 1..=320_u64 {
        let township = *dice.pick(&p.townships);
        sheet.row([
            format!("SYN-D-{i:05}"),
            s(SYNTHETIC_DISEASE),
            s(&township.code),
            format!("SYN-P-{i:05}"),
            s(*dice.pick(&["health_workers", "age_60", "age_60"])),
            s("合成流感疫苗"),
            format!("SYN-L{:02}", dice.from(1, 12)),
            s(1),
            p.ago(dice.below(30)),
            s("预防接种门诊（合成）"),
        ]);
    }
    sheet
}

fn sessions(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "vaccination_session",
        &[
            "site",
            "disease",
            "region",
            "date",
            "vaccine",
            "planned",
            "given",
            "stock",
            "stations",
            "staff",
            "emergency_care",
        ],
    );
    let mut dice = Dice::of("vaccination_session");
    for county in &p.counties {
        for day in 1..=2 {
            let planned = dice.from(80, 300);
            sheet.row([
                format!("{}接种点（合成）", county.name),
                s(SYNTHETIC_DISEASE),
                s(&county.code),
                p.ago(day),
                s("合成流感疫苗"),
                s(planned),
                s(planned - dice.below(planned / 5)),
                s(dice.from(100, 900)),
                s(dice.from(2, 8)),
                s(dice.from(6, 20)),
                s(true),
            ]);
        }
    }
    sheet
}

fn roster(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new("duty_roster", &["region", "organisation", "shift", "date", "duty", "name"]);
    let mut n = 0;
    for county in &p.counties {
        for day in 0..=2 {
            for shift in ["day", "night"] {
                for duty in ["leader", "officer", "epidemiologist"] {
                    n += 1;
                    sheet.row([
                        s(&county.code),
                        format!("{}防控指挥部（合成）", county.name),
                        s(shift),
                        p.ahead(day),
                        s(duty),
                        format!("合成人员{:04}", 3_000 + n),
                    ]);
                }
            }
        }
    }
    sheet
}

const INSPECTIONS: [(&str, &str); 5] = [
    ("checkpoint", "卡口督查"),
    ("mechanism", "工作机制督查"),
    ("facilities", "设施设备督查"),
    ("capacity", "一线能力督查"),
    ("logistics", "后勤保障督查"),
];

fn inspections(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "inspection",
        &[
            "title",
            "inspection",
            "self_inspection",
            "region",
            "site",
            "date",
            "answers",
            "score",
            "faults",
            "summary",
            "state",
        ],
    );
    let mut dice = Dice::of("inspection");
    for (i, county) in p.counties.iter().enumerate() {
        for (j, (kind, title)) in INSPECTIONS.into_iter().enumerate() {
            // The last round is still to come in every third county.
            let is_planned = j == 4 && i % 3 == 0;
            let own = j == 2;
            let faults = dice.below(6);
            sheet.row([
                format!("{}{title}（合成）", county.name),
                s(kind),
                s(own),
                s(&county.code),
                site_code(county, if kind == "checkpoint" { "checkpoint" } else { "quarantine" }),
                if is_planned { p.ago(0) } else { p.ago(dice.from(1, 8)) },
                if is_planned { String::new() } else { s("1: yes; 2: yes; 3: no; 4: n/a") },
                if is_planned { String::new() } else { s(100 - faults * 6 - dice.below(6)) },
                if is_planned { String::new() } else { s(faults) },
                if is_planned { String::new() } else { format!("发现问题{faults}项（合成）") },
                s(if is_planned { "planned" } else { "reported" }),
            ]);
        }
    }
    sheet
}

const FAULTS: [(&str, &str, &str, &str); 6] = [
    ("checkpoint", "夜间卡口无人值守", "22时后卡口无人测温登记。", "major"),
    ("mechanism", "日报迟报", "连续两日未按时限报送日报。", "minor"),
    ("facilities", "隔离点通道未分开", "清洁通道与污染通道共用一部电梯。", "critical"),
    ("capacity", "采样人员未培训", "抽查3名采样人员，2名未经考核上岗。", "major"),
    ("logistics", "防护服储备不足", "库存不足三日用量。", "major"),
    ("facilities", "测温设备未校准", "2台红外测温仪超过校准期。", "minor"),
];

fn findings(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "finding",
        &[
            "title",
            "text",
            "inspection",
            "gravity",
            "region",
            "found_on",
            "due",
            "remedy",
            "evidence",
            "recheck",
            "state",
        ],
    );
    let mut dice = Dice::of("finding");
    for county in &p.counties {
        let first = dice.below(6);
        for n in 0..dice.from(2, 5) {
            let fault = usize::try_from((first + n) % 6).unwrap_or(0);
            let (kind, title, text, gravity) = FAULTS[fault];
            let days = dice.from(1, 7);
            let state = *dice.pick(&["open", "open", "mended", "closed", "closed"]);
            let mended = state != "open";
            let due = p.today.saturating_add((3 - i64::try_from(days).unwrap_or(0)).days());
            sheet.row([
                format!("{title}（合成）"),
                format!("{}：{text}", county.name),
                s(kind),
                s(gravity),
                s(&county.code),
                p.ago(days),
                format!("{due}T10:00:00Z"),
                if mended { s("已整改（合成）") } else { String::new() },
                if mended { s("整改照片（合成）") } else { String::new() },
                if state == "closed" { s("mended") } else { String::new() },
                s(state),
            ]);
        }
    }
    sheet
}

fn clinics(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "fever_clinic_count",
        &["clinic", "region", "date", "visits", "respiratory", "sampled", "positive", "kept", "staff"],
    );
    let mut dice = Dice::of("fever_clinic_count");
    for county in &p.counties {
        for day in 1..=7 {
            let visits = dice.from(8, 46);
            sheet.row([
                site_code(county, "fever_clinic"),
                s(&county.code),
                p.ago(day),
                s(visits),
                s(visits / 2),
                s(visits / 3),
                s(0),
                s(dice.below(3)),
                s(dice.from(4, 10)),
            ]);
        }
    }
    sheet
}

fn staff(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "staff_on_duty",
        &["role", "region", "organisation", "date", "planned", "present", "trained", "reserve"],
    );
    let mut dice = Dice::of("staff_on_duty");
    for county in &p.counties {
        for role in ["epidemiologist", "sampler", "laboratory", "community"] {
            let planned = dice.from(6, 40);
            sheet.row([
                s(role),
                s(&county.code),
                format!("{}防控指挥部（合成）", county.name),
                p.ago(0),
                s(planned),
                s(planned - dice.below(3)),
                s(planned - dice.below(5)),
                s(dice.below(8)),
            ]);
        }
    }
    sheet
}

fn reports(p: &Places<'_>) -> Sheet {
    let mut sheet = Sheet::new(
        "daily_report",
        &["title", "region", "disease", "date", "new_confirmed", "observed_contacts", "text", "state"],
    );
    let mut dice = Dice::of("daily_report");
    for county in &p.counties {
        for day in 1..=2_u64 {
            let n = dice.below(5);
            let state = if day == 2 { "approved" } else { *dice.pick(&["draft", "review", "approved"]) };
            sheet.row([
                format!("{}日报（合成）", county.name),
                s(&county.code),
                s(SYNTHETIC_DISEASE),
                p.ago(day),
                s(n),
                s(dice.below(20)),
                format!("新增合成流感病例{n}例。"),
                s(state),
            ]);
        }
    }
    sheet
}

/// A morning that is under way: directives that some units have received, some carry out, some have not opened, and
/// deadlines that have passed.
pub(super) async fn begin_morning(app: &App, maker: &Actor, commander: &Actor) -> Result<(), Error> {
    let places = Places::of(app);
    let (today, tomorrow) = (places.ago(0), places.ahead(1));
    let everywhere = json!({
        "number": "合成〔2020〕11号", "title": "逐户排查来返人员（合成）",
        "text": "对1月25日以来来返人员逐户排查登记，落实居家健康监测，当日反馈进展。",
        "region": CITY, "addressee_level": "township", "due": format!("{tomorrow}T10:00:00Z"), "issued_on": today,
    });
    let tasks = issue(app, commander, everywhere).await?;
    let part = |of: usize| tasks.iter().enumerate().filter(move |(i, _)| i % 10 < of).map(|(_, id)| *id);
    advance(app, maker, part(7), "receive", json!({})).await?;
    advance(app, maker, part(5), "start", json!({ "progress": "已排查60户（合成）" })).await?;
    advance(app, maker, part(2), "finish", json!({ "result": "排查完毕，登记12人（合成）" })).await?;

    let late = json!({
        "number": "合成〔2020〕9号", "title": "核查隔离点设置（合成）",
        "text": "逐一核查集中隔离点的分区、通道与值守，附照片。",
        "region": CITY, "addressee_level": "county", "departments": ["health", "public_security"],
        "due": format!("{}T12:00:00Z", places.ago(1)), "issued_on": places.ago(1),
    });
    let tasks = issue(app, commander, late).await?;
    let most = || tasks.iter().skip(3).copied();
    advance(app, maker, most(), "receive", json!({})).await?;
    advance(app, maker, most(), "finish", json!({ "result": "已核查，见附件（合成）" })).await?;

    let draft = json!({
        "number": "合成〔2020〕12号", "title": "核酸采样点演练（合成）", "text": "各县选一处采样点开展演练。",
        "region": CITY, "addressee_level": "county", "due": format!("{tomorrow}T10:00:00Z"), "issued_on": today,
    });
    let draft = create(app, commander, "directive", draft).await?;
    take_step(app, commander, draft, &step("submit", json!({}))).await?;
    supervise::sweep(app).await?;
    Ok(())
}

fn values(value: Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

fn step(id: &str, of: Json) -> StepInput {
    StepInput { step: id.to_owned(), values: values(of), reason: None, expected: None }
}

async fn create(app: &App, actor: &Actor, register: &str, of: Json) -> Result<RecordId, Error> {
    Ok(records::create(app, actor, register, values(of), None).await?.record.id)
}

/// Issues a directive and returns the tasks that it made.
async fn issue(app: &App, commander: &Actor, directive: Json) -> Result<Vec<RecordId>, Error> {
    let id = create(app, commander, "directive", directive).await?;
    take_step(app, commander, id, &step("issue", json!({}))).await?;
    jobs::run_due(app).await?;
    let standings = supervise::standings(app, commander, id).await?;
    Ok(standings.into_iter().map(|unit| unit.record).collect())
}

async fn advance(
    app: &App,
    actor: &Actor,
    tasks: impl Iterator<Item = RecordId>,
    id: &str,
    of: Json,
) -> Result<(), Error> {
    let tasks: Vec<RecordId> = tasks.collect();
    take_steps(app, actor, &tasks, &step(id, of), Bulk::Together).await?;
    Ok(())
}
