//! Figures of each region as they were published: an index, a page for each region, and the same figures as CSV.

use super::frame::Frame;
use super::page::{self, Kept};
use super::reader::Reader;
use super::words::{Words, place_name};
use super::{Shown, shown};
use crate::api::Api;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use wanquan_app::publish::{PublicFigures, read_published};
use wanquan_domain::publication::Publication;
use wanquan_domain::region::RegionCode;

struct Row {
    href: String,
    name: String,
    disease: String,
    as_of: String,
    published: String,
    cumulative: String,
    last_7: String,
}

#[derive(Template)]
#[template(path = "figures.html")]
struct Index {
    f: Frame,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "figures_region.html")]
struct Page {
    f: Frame,
    w: Words,
    p: Shown,
    csv: String,
}

fn figures_of(publication: &Publication) -> Option<PublicFigures> {
    serde_json::from_value(publication.figures.clone()).ok()
}

/// Every region with its latest published figures.
pub async fn index(State(api): State<Api>, reader: Reader) -> Response {
    let w = reader.w;
    let published = match read_published(&api.app, None).await {
        Ok(published) => published,
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let rows = published.all.iter().filter_map(|publication| {
        let figures = figures_of(publication)?;
        let at = publication.published_at?;
        Some(Row {
            href: w.link(&format!("/figures/{}", publication.region), &[]),
            name: place_name(&figures.region, w.0).to_owned(),
            disease: figures.disease.get(w.0).to_owned(),
            as_of: w.date(figures.as_of),
            published: w.date(api.app.day_of(at)),
            cumulative: w.count(figures.totals.cumulative),
            last_7: w.count(figures.totals.last_7),
        })
    });
    let rows = rows.collect();
    let page = Index { f: Frame::new(&api, &reader, "/figures", w.t("Figures", "疫情数据")), rows };
    page::public(&api, &reader, page::drawn(&page, &page.f, Kept::Ready)).await
}

async fn current(api: &Api, reader: &Reader, region: &str) -> Result<Publication, Response> {
    match read_published(&api.app, Some(&RegionCode::new(region))).await {
        Ok(published) => published.shown.ok_or_else(|| page::not_found(api, reader)),
        Err(error) => Err(page::failed(api, reader, &error)),
    }
}

/// The figures of one region.
pub async fn show(State(api): State<Api>, reader: Reader, Path(region): Path<String>) -> Response {
    let w = reader.w;
    let publication = match current(&api, &reader, &region).await {
        Ok(publication) => publication,
        Err(response) => return response,
    };
    let path = format!("/figures/{}", publication.region);
    let drawn = {
        let api = api.clone();
        // Drawing a map costs some milliseconds.
        tokio::task::spawn_blocking(move || shown(&api, &publication, w)).await
    };
    let Ok(Some(p)) = drawn else { return page::not_found(&api, &reader) };
    let title = format!("{} · {}", p.region, w.t("Figures", "疫情数据"));
    let f = Frame::new(&api, &reader, &path, &title);
    let page = Page { f, w, p, csv: w.link(&format!("{path}/data.csv"), &[]) };
    page::public(&api, &reader, page::drawn(&page, &page.f, Kept::Ready)).await
}

/// The same figures as a table: one row a day, then one a region; what is not published stays empty.
pub async fn download(State(api): State<Api>, reader: Reader, Path(region): Path<String>) -> Response {
    let publication = match current(&api, &reader, &region).await {
        Ok(publication) => publication,
        Err(response) => return response,
    };
    let Some(figures) = figures_of(&publication) else { return page::not_found(&api, &reader) };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"figures-{}.csv\"", file_name(&region))),
        (header::CACHE_CONTROL, "public, max-age=60".to_owned()),
    ];
    (headers, csv_of(&publication, &figures)).into_response()
}

/// A region's code as part of a file name: an address may hold anything.
fn file_name(region: &str) -> String {
    region.chars().filter(char::is_ascii_alphanumeric).take(20).collect()
}

fn csv_of(publication: &Publication, figures: &PublicFigures) -> String {
    let published = publication.published_at.map_or_else(String::new, |at| at.to_string());
    let head = [
        figures.disease.en.clone(),
        figures.measure.en.clone(),
        figures.as_of.to_string(),
        published,
        publication.id.to_string(),
    ];
    let head = head.map(|cell| quoted(&cell)).join(",");
    let mut out = String::from(
        "row,region,region_name,date,count,incomplete,cumulative,last_7_days,disease,measure,as_of,published_at,publication\r\n",
    );
    let mut line = |cells: [String; 8]| {
        out.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        out.push(',');
        out.push_str(&head);
        out.push_str("\r\n");
    };
    let count = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
    let (code, name) = (&figures.region.code, &figures.region.name);
    let total = |kind: &str, code: &str, name: &str, cumulative, last_7| {
        [
            kind.to_owned(),
            code.to_owned(),
            name.to_owned(),
            String::new(),
            String::new(),
            String::new(),
            count(cumulative),
            count(last_7),
        ]
    };
    line(total("total", code, name, figures.totals.cumulative, figures.totals.last_7));
    for day in &figures.curve {
        line([
            "day".to_owned(),
            code.clone(),
            name.clone(),
            day.date.to_string(),
            day.n.to_string(),
            if day.incomplete { "yes" } else { "no" }.to_owned(),
            String::new(),
            String::new(),
        ]);
    }
    for row in &figures.regions {
        line(total("region", &row.place.code, &row.place.name, row.cumulative, row.last_7));
    }
    out
}

/// A cell of CSV that no spreadsheet takes for a formula.
fn quoted(cell: &str) -> String {
    let is_number = cell.parse::<i64>().is_ok();
    let risky = !is_number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if risky { format!("'{cell}") } else { cell.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_keeps_its_commas() {
        let cells = ["=1+1", "-5", "a,b", "say \"no\"", "@x"].map(quoted);
        assert_eq!(cells, ["'=1+1", "-5", "\"a,b\"", "\"say \"\"no\"\"\"", "'@x"]);
        assert_eq!(file_name("14\"\r\n0400"), "140400");
    }
}
