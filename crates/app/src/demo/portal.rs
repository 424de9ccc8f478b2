//! The public side of the demonstration: services, risk areas, rules and advice. Names and numbers are invented and say so;
//! the hotlines 12345, 12320 and 120 are real ones of the country.

use super::sheet::{Dice, Sheet};
use super::{CITY, imported};
use crate::app::App;
use crate::error::Error;
use crate::life::{StepInput, take_step};
use crate::records;
use jiff::ToSpan;
use wanquan_domain::actor::Actor;
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::STATE;

/// Where the seat of each county lies, rounded to some kilometres.
const SEATS: [(&str, f64, f64); 12] = [
    ("140403", 36.19, 113.12),
    ("140404", 36.05, 113.05),
    ("140405", 36.32, 112.89),
    ("140406", 36.33, 113.22),
    ("140423", 36.53, 113.05),
    ("140425", 36.20, 113.44),
    ("140426", 36.50, 113.39),
    ("140427", 36.11, 113.21),
    ("140428", 36.12, 112.88),
    ("140429", 36.84, 112.86),
    ("140430", 36.76, 112.70),
    ("140431", 36.50, 112.34),
];

/// Category, name, department, hours: what every county has.
const PLACES: [(&str, &str, &str, &str); 6] = [
    ("testing", "核酸检测点", "卫生健康局", "每日 08:00–18:00"),
    ("vaccination", "预防接种门诊", "疾病预防控制中心", "周一至周五 08:00–11:30，14:30–17:30"),
    ("fever_clinic", "人民医院发热门诊", "卫生健康局", "24 小时"),
    ("quarantine_hotel", "集中隔离酒店", "疫情防控办公室", "24 小时"),
    ("counter", "政务服务大厅", "行政审批服务管理局", "工作日 09:00–17:00"),
    ("supplies", "生活物资保供点", "商务局", "每日 07:00–20:00"),
];

/// Registers that this part fills.
pub(super) const FILLED: [&str; 4] = ["service_place", "risk_area", "advisory", "travel_rule"];

fn services(app: &App) -> Sheet {
    let mut sheet = Sheet::new(
        "service_place",
        &[
            "code",
            "category",
            "name",
            "department",
            "region",
            "address",
            "phone",
            "hours",
            "latitude",
            "longitude",
            "accessible",
            "note",
        ],
    );
    let hotlines = [
        ("HOT-12345", "12345 政务服务便民热线", "12345", "城市政务服务与疫情防控咨询"),
        ("HOT-12320", "12320 卫生热线", "12320", "健康咨询与疫情举报"),
        ("HOT-120", "120 急救电话", "120", "危急情况请立即拨打"),
    ];
    for (code, name, phone, note) in hotlines {
        sheet.row([
            code.to_owned(),
            "hotline".to_owned(),
            name.to_owned(),
            String::new(),
            CITY.to_owned(),
            String::new(),
            phone.to_owned(),
            "24 小时".to_owned(),
            String::new(),
            String::new(),
            String::new(),
            note.to_owned(),
        ]);
    }
    let regions = &app.packs().regions;
    let mut dice = Dice::of("service_place");
    for (county, latitude, longitude) in SEATS {
        let Some(region) = regions.get(&RegionCode::new(county)) else { continue };
        let townships = regions.children(&region.code);
        for (n, (category, name, department, hours)) in PLACES.iter().enumerate() {
            // Each place lies in a township of its own, some kilometres from the seat.
            let township = townships.get(n % townships.len().max(1)).copied().unwrap_or(region);
            let off = |dice: &mut Dice| f64::from(u32::try_from(dice.below(80)).unwrap_or(0)) / 1000.0 - 0.04;
            let number = dice.from(1, 180);
            sheet.row([
                format!("SYN-{county}-{category}"),
                (*category).to_owned(),
                format!("{}{name}（合成）", region.name),
                format!("{}{department}", region.name),
                township.code.to_string(),
                format!("{}合成路{number}号", township.name),
                // Numbers of an area code, an exchange that is not given out, and the county: nobody answers.
                format!("0355-000{}", dice.from(1000, 9999)),
                (*hours).to_owned(),
                format!("{:.3}", latitude + off(&mut dice)),
                format!("{:.3}", longitude + off(&mut dice)),
                (*dice.pick(&["yes", "partly", "no"])).to_owned(),
                "合成数据，仅供演示。".to_owned(),
            ]);
        }
    }
    sheet
}

fn others(app: &App) -> [Sheet; 3] {
    let today = app.today();
    let ahead = |days: i64| today.saturating_add(days.days()).to_string();
    let since = today.saturating_sub(3.days()).to_string();
    let mut risk =
        Sheet::new("risk_area", &["code", "place", "region", "level", "basis", "advice", "since", "until"]);
    for (n, county, place, level, days) in [
        (1, "140423", "合成小区 3 号楼", "high", 11),
        (2, "140423", "合成小区（3 号楼以外）", "medium", 11),
        (3, "140403", "合成路农贸市场周边", "low", 4),
    ] {
        risk.row([
            format!("SYN-RISK-{n}"),
            place.to_owned(),
            county.to_owned(),
            level.to_owned(),
            "合成：流行病学调查结果，仅供演示".to_owned(),
            "减少外出，配合健康监测".to_owned(),
            since.clone(),
            ahead(days),
        ]);
    }
    let mut advice = Sheet::new("advisory", &["code", "title", "region", "level", "text", "source"]);
    let texts = [
        ("any", "有发热咳嗽请先去发热门诊", "佩戴口罩，尽量不乘公共交通；就诊时主动告知旅居史。"),
        ("I", "一级响应期间减少聚集", "不举办聚集性活动；公共场所佩戴口罩、测温、通风。"),
    ];
    for (level, title, text) in texts {
        advice.row([
            format!("SYN-ADV-{level}"),
            title.to_owned(),
            CITY.to_owned(),
            level.to_owned(),
            text.to_owned(),
            "合成示例".to_owned(),
        ]);
    }
    let mut rule = Sheet::new(
        "travel_rule",
        &["code", "title", "region", "origin", "lookback_days", "measures", "source", "since"],
    );
    rule.row([
        "SYN-RULE-1".to_owned(),
        "湖北来返人员（合成）".to_owned(),
        CITY.to_owned(),
        "420000".to_owned(),
        "14".to_owned(),
        "抵达后立即向社区报备\n居家健康监测 14 天".to_owned(),
        "合成示例，不是任何机关的规定".to_owned(),
        since,
    ]);
    [risk, advice, rule]
}

/// Fills the registers of the portal with drafts.
pub(super) async fn fill(app: &App, maker: &Actor) -> Result<(), Error> {
    for sheet in [services(app)].iter().chain(&others(app)) {
        let broken = |e: csv::Error| Error::Internal(format!("the invented table `{}`: {e}", sheet.register));
        imported(app, maker, sheet.register, sheet.csv().map_err(broken)?, None).await?;
    }
    Ok(())
}

/// Publishes the drafts. What asks for two persons is proposed by the maker of the demonstration first.
pub(super) async fn publish(app: &App, maker: &Actor, commander: &Actor) -> Result<(), Error> {
    for register in FILLED {
        let query = records::Query::default();
        let drafts = records::list(app, maker, register, &query, None, 1_000).await?;
        let two = app.packs().register(register).and_then(|r| r.lifecycle.as_ref()?.step("publish"));
        let two = two.is_some_and(|step| step.two_persons);
        for draft in drafts.items {
            if draft.record.data.get(STATE).is_none_or(|state| state != "draft") {
                continue;
            }
            let input = StepInput { step: "publish".to_owned(), ..StepInput::default() };
            if two {
                take_step(app, maker, draft.record.id, &input).await?;
            }
            take_step(app, commander, draft.record.id, &input).await?;
        }
    }
    Ok(())
}
