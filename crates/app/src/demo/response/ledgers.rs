//! Places, supplies, vaccination, care and supervision: ledgers that a city keeps every day; all invented.

use super::{Places, s};
use crate::demo::SYNTHETIC_DISEASE;
use crate::demo::sheet::{Dice, Sheet};
use jiff::ToSpan;
use wanquan_domain::region::Region;

const DEPARTMENTS: [(&str, &str); 6] = [
    ("health", "卫生健康局"),
    ("cdc", "疾病预防控制中心"),
    ("public_security", "公安局"),
    ("transport", "交通运输局"),
    ("market", "市场监督管理局"),
    ("education", "教育局"),
];

pub(super) fn organisations(p: &Places<'_>) -> Sheet {
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

pub(super) fn duties(p: &Places<'_>) -> Sheet {
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

pub(super) fn sites(p: &Places<'_>) -> Sheet {
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

pub(super) fn gates(p: &Places<'_>) -> Sheet {
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

pub(super) fn stocks(p: &Places<'_>) -> Sheet {
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

pub(super) fn target_groups(p: &Places<'_>) -> Sheet {
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

pub(super) fn doses(p: &Places<'_>) -> Sheet {
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

pub(super) fn sessions(p: &Places<'_>) -> Sheet {
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

pub(super) fn roster(p: &Places<'_>) -> Sheet {
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

pub(super) fn inspections(p: &Places<'_>) -> Sheet {
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

pub(super) fn findings(p: &Places<'_>) -> Sheet {
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

pub(super) fn clinics(p: &Places<'_>) -> Sheet {
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

pub(super) fn staff(p: &Places<'_>) -> Sheet {
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

pub(super) fn reports(p: &Places<'_>) -> Sheet {
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
