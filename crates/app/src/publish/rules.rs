//! Travel rules of real notices, as packs document them: which notice named which origin, with its source.
//!
//! They are history and hold nowhere by being shown; what holds is in the register of travel rules.

use crate::app::App;
use jiff::civil::Date;
use serde::Deserialize;
use wanquan_domain::date::parse_iso;
use wanquan_domain::region::{Region, RegionCode};
use wanquan_domain::text::Text;

/// A notice that a pack documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Day of the notice.
    pub date: Date,
    /// Region that issued it.
    pub region: RegionCode,
    /// Days of travel history that it asks for, if it says so.
    pub lookback_days: Option<u32>,
    /// What it asks for.
    pub measures: Vec<Text>,
    /// Where it was published.
    pub source: String,
    /// Origins that it names, with the day from which a stay counts; none where it speaks of everybody from elsewhere.
    pub origins: Vec<(RegionCode, Option<Date>)>,
}

#[derive(Deserialize)]
struct NoticeRow {
    notice_id: String,
    date: String,
    region: String,
    lookback_days: Option<u32>,
    measures: String,
    source: String,
}

#[derive(Deserialize)]
struct AreaRow {
    notice_id: String,
    region: String,
    since_date: String,
}

#[derive(Deserialize)]
struct MeasureRow {
    id: String,
    en: String,
    zh: String,
}

/// The documented notices, latest first. A row that makes no sense is left out: packs are checked when they are made.
pub fn documented_notices(app: &App) -> Vec<Notice> {
    let measures: Vec<MeasureRow> = rows(app, "/measures.csv");
    let areas: Vec<AreaRow> = rows(app, "/notice_areas.csv");
    let label = |id: &str| {
        let found = measures.iter().find(|measure| measure.id == id);
        found.map_or_else(|| Text::new(id, id), |measure| Text::new(&measure.en, &measure.zh))
    };
    let notices = rows::<NoticeRow>(app, "/notices.csv").into_iter().filter_map(|row| {
        let named = areas.iter().filter(|area| area.notice_id == row.notice_id);
        Some(Notice {
            date: parse_iso(&row.date)?,
            region: RegionCode::new(&row.region),
            lookback_days: row.lookback_days,
            measures: row.measures.split(';').filter(|id| !id.is_empty()).map(label).collect(),
            source: row.source,
            origins: named.map(|area| (RegionCode::new(&area.region), parse_iso(&area.since_date))).collect(),
        })
    });
    let mut notices: Vec<Notice> = notices.collect();
    notices.sort_by_key(|notice| std::cmp::Reverse(notice.date));
    notices
}

fn rows<T: serde::de::DeserializeOwned>(app: &App, name: &str) -> Vec<T> {
    let files = app.packs().data_files("policy").filter(|(path, _)| path.ends_with(name));
    let read = files.flat_map(|(path, content)| {
        let mut reader = csv::Reader::from_reader(&content[..]);
        let rows: Vec<T> = reader
            .deserialize()
            .filter_map(|row| {
                row.inspect_err(|error| tracing::warn!(path, %error, "A row of a pack makes no sense")).ok()
            })
            .collect();
        rows
    });
    read.collect()
}

impl Notice {
    /// The origin of the notice that concerns a region, with the day from which a stay counts: the region itself, one
    /// that contains it, or one within it.
    pub fn names<'a>(&'a self, app: &App, region: &Region) -> Option<&'a (RegionCode, Option<Date>)> {
        self.origins.iter().find(|(code, _)| {
            let named = app.packs().regions.get(code);
            named.is_some_and(|named| related(&named.path, &region.path))
        })
    }
}

/// Whether one region lies in the other.
pub fn related(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
