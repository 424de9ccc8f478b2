//! People who come, are looked after, or were near somebody who is ill; all invented.

use super::{Places, s};
use crate::demo::sheet::{Dice, Sheet};
use crate::demo::{COUNTY, SYNTHETIC_DISEASE};
use jiff::ToSpan;
use wanquan_domain::region::{Region, RegionCode};

pub(super) fn arrivals(p: &Places<'_>) -> Sheet {
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

pub(super) fn orders(p: &Places<'_>) -> Sheet {
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

pub(super) fn contacts(p: &Places<'_>) -> Sheet {
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

pub(super) fn follow_ups(p: &Places<'_>) -> Sheet {
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
