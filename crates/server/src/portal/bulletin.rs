//! A bulletin: the figures and words of a publication as they stand on a page.

use super::words::{self, Words};
use super::{curve, map};
use crate::api::Api;
use jiff::Timestamp;
use wanquan_app::publish::{PublicFigures, Published};
use wanquan_domain::publication::Publication;

/// Days in the table below the curve.
const DAYS_IN_TABLE: usize = 28;

pub(super) struct KeyFigure {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) note: String,
}

pub(super) struct Map {
    pub(super) svg: String,
    pub(super) note: String,
}

pub(super) struct Link {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) date: String,
    pub(super) current: bool,
}

pub(super) struct Shown {
    pub(super) title: String,
    pub(super) region: String,
    pub(super) disease: String,
    pub(super) measure: String,
    pub(super) as_of: String,
    pub(super) as_of_iso: String,
    pub(super) published: String,
    pub(super) published_iso: String,
    pub(super) paragraphs: Vec<Vec<String>>,
    pub(super) key_figures: Vec<KeyFigure>,
    /// Whether the key figures stand above the news, and need not be said again.
    pub(super) key_above: bool,
    pub(super) curve: Option<String>,
    pub(super) any_incomplete: bool,
    pub(super) days: Vec<(String, String)>,
    pub(super) map: Option<Map>,
    pub(super) regions: Vec<(String, String, String)>,
    pub(super) any_suppressed: bool,
    pub(super) undivided: Option<String>,
    pub(super) sources: Option<String>,
}

/// Links to every published region.
pub(super) fn links(api: &Api, published: &Published, w: Words) -> Vec<Link> {
    let link = |publication: &Publication| Link {
        href: format!("/{}", w.query(Some(publication.region.as_str()))),
        name: name_of(api, publication, w),
        date: publication.published_at.map_or_else(String::new, |at| w.date(api.app.day_of(at))),
        current: published.shown.as_ref().is_some_and(|shown| shown.id == publication.id),
    };
    published.all.iter().map(link).collect()
}

fn name_of(api: &Api, publication: &Publication, w: Words) -> String {
    let region = api.app.packs().regions.get(&publication.region);
    region.map_or_else(|| publication.region.to_string(), |region| region.name_in(w.0).to_owned())
}

/// What is shown of a publication; `None` if its figures are of no form that was ever frozen.
pub(super) fn shown(api: &Api, publication: &Publication, w: Words) -> Option<Shown> {
    let figures: PublicFigures = match serde_json::from_value(publication.figures.clone()) {
        Ok(figures) => figures,
        Err(error) => {
            tracing::error!(publication.id = %publication.id, %error, "A publication cannot be shown");
            return None;
        }
    };
    let published_at = publication.published_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let blocks = publication.body.split("\n\n").map(|block| {
        block.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    });
    let days = figures.curve.iter().rev().take(DAYS_IN_TABLE);
    let regions = figures.regions.iter().map(|row| {
        let name = words::place_name(&row.place, w.0).to_owned();
        (name, w.count(row.cumulative), w.count(row.last_7))
    });
    let undivided = figures.undivided.filter(|n| *n != 0).map(|n| {
        let place = words::place_name(&figures.region, w.0);
        let n = words::integer(n);
        w.t(
            &format!("{n} more were reported for {place} as a whole and for no region below."),
            &format!("另有 {n} 例仅报告到{place}，未细分到下级地区。"),
        )
        .to_owned()
    });
    let sources = figures.population.as_ref().map(|population| {
        format!("{}: {} ({})", w.t("Population", "人口数据"), population.source, population.as_of)
    });
    Some(Shown {
        title: publication.title.clone(),
        region: words::place_name(&figures.region, w.0).to_owned(),
        disease: figures.disease.get(w.0).to_owned(),
        measure: figures.measure.get(w.0).to_owned(),
        as_of: w.date(figures.as_of),
        as_of_iso: figures.as_of.to_string(),
        published: w.date(api.app.day_of(published_at)),
        published_iso: published_at.to_string(),
        paragraphs: blocks.filter(|lines: &Vec<String>| !lines.is_empty()).collect(),
        key_above: false,
        key_figures: key_figures(&figures, w),
        curve: curve::draw(&figures.curve, w),
        any_incomplete: figures.curve.iter().any(|day| day.incomplete),
        days: days.map(|day| (w.date(day.date), words::integer(day.n))).collect(),
        map: map::draw(api.app.packs(), &figures, w).map(|(svg, note)| Map { svg, note }),
        any_suppressed: figures.regions.iter().any(|r| r.cumulative.is_none() || r.last_7.is_none()),
        regions: regions.collect(),
        undivided,
        sources,
    })
}

fn key_figures(figures: &PublicFigures, w: Words) -> Vec<KeyFigure> {
    let totals = &figures.totals;
    let figure =
        |label: &str, value: String, note: String| KeyFigure { label: label.to_owned(), value, note };
    let mut list = vec![
        figure(w.t("So far", "累计"), w.count(totals.cumulative), figures.measure.get(w.0).to_owned()),
        figure(
            w.t("Last 7 days", "近 7 天"),
            w.count(totals.last_7),
            format!("{} {}", w.t("7 days before:", "前 7 天："), w.count(totals.previous_7)),
        ),
    ];
    if let Some(rate) = totals.per_100k_7d {
        let population = figures.population.as_ref().map(|p| i64::try_from(p.n).unwrap_or(i64::MAX));
        let note = format!("{} {}", w.t("inhabitants:", "人口"), w.count(population));
        list.push(figure(w.t("Per 100,000 in 7 days", "7 天每十万人"), format!("{rate:.2}"), note));
    }
    if let Some(deaths) = totals.deaths {
        list.push(figure(w.t("Deaths", "死亡"), words::integer(deaths), w.t("so far", "累计").to_owned()));
    }
    if let Some(cured) = totals.cured {
        list.push(figure(w.t("Recovered", "治愈"), words::integer(cured), w.t("so far", "累计").to_owned()));
    }
    list
}
