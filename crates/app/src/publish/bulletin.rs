//! The words of a bulletin, written from the figures that may be public: a proposal that a person reads, changes and
//! approves. What is suppressed in the figures cannot be in the words, which are made of nothing else.

use super::figures::{PublicFigures, PublicPlace};
use super::{Draft, prepare};
use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use std::fmt::Write as _;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::region::RegionCode;

/// Regions named one by one at most.
const NAMED_MAX: usize = 20;

/// A title and a text, proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulletin {
    /// Title.
    pub title: String,
    /// Text in Chinese, then in English.
    pub text: String,
}

/// Writes the bulletin of a region from its figures of now; nothing is stored.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown region, disease or measure.
pub async fn propose_bulletin(
    app: &App,
    actor: &Actor,
    region: RegionCode,
    disease: Option<String>,
    measure: Option<String>,
) -> Result<Bulletin, Error> {
    authorize(app, actor, Action::PublicationDraft, Subject::At(&region))?;
    let draft = Draft { region, title: "·".to_owned(), text: String::new(), disease, measure };
    let prepared = prepare(app, actor, draft).await?;
    let figures: PublicFigures =
        serde_json::from_value(prepared.figures).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(bulletin_of(&figures))
}

fn english(place: &PublicPlace) -> &str {
    place.name_en.as_deref().unwrap_or(&place.name)
}

/// The words of the figures.
pub(super) fn bulletin_of(figures: &PublicFigures) -> Bulletin {
    let day = figures.as_of;
    let zh_day = format!("{}年{}月{}日", day.year(), day.month(), day.day());
    let place = &figures.region;
    let totals = &figures.totals;
    let (disease, measure) = (&figures.disease, &figures.measure);
    let mut zh = format!("截至{zh_day}，{}{}（{}）", place.name, disease.zh, measure.zh);
    let mut en = format!("As known on {day}, {} ({}) in {}: ", disease.en, measure.en, english(place));
    match totals.cumulative {
        Some(n) => {
            let _ = write!(zh, "累计{n}例");
            let _ = write!(en, "{n} so far");
        }
        None => {
            zh.push_str("累计数较小，不予公布");
            en.push_str("the total is small and not published");
        }
    }
    if let (Some(last), Some(before)) = (totals.last_7, totals.previous_7) {
        let _ = write!(zh, "，近7天{last}例（前7天{before}例）");
        let _ = write!(en, ", {last} in the last 7 days ({before} in the 7 days before)");
    }
    if let Some(deaths) = totals.deaths {
        let _ = write!(zh, "；累计死亡{deaths}例");
        let _ = write!(en, "; {deaths} deaths");
    }
    if let Some(cured) = totals.cured {
        let _ = write!(zh, "；累计治愈{cured}例");
        let _ = write!(en, "; {cured} recovered");
    }
    zh.push('。');
    en.push('.');
    let mut named: Vec<_> =
        figures.regions.iter().filter_map(|row| row.last_7.filter(|n| *n > 0).map(|n| (row, n))).collect();
    named.sort_by_key(|(row, n)| (std::cmp::Reverse(*n), row.place.code.clone()));
    named.truncate(NAMED_MAX);
    if !named.is_empty() {
        let list: Vec<String> = named.iter().map(|(row, n)| format!("{}{n}例", row.place.name)).collect();
        let _ = write!(zh, "\n\n近7天各地：{}。", list.join("，"));
        let list: Vec<String> = named.iter().map(|(row, n)| format!("{} {n}", english(&row.place))).collect();
        let _ = write!(en, "\n\nLast 7 days by region: {}.", list.join(", "));
    }
    if figures.regions.iter().any(|row| row.cumulative.is_none() || row.last_7.is_none()) {
        zh.push_str("小范围地区的小数字不予公布。");
        en.push_str(" Small numbers of small places are not published.");
    }
    let open = figures.curve.iter().filter(|day| day.incomplete).count();
    if open > 0 {
        let _ = write!(zh, "最近{open}天的报告尚未收齐，数字可能上调。");
        let _ = write!(en, " Reports of the last {open} days are still coming in.");
    }
    Bulletin {
        title: format!("{}{}通报（{zh_day}）", place.name, disease.zh), text: format!("{zh}\n\n{en}")
    }
}
