//! Totals of measures over regions: what a league table ranks.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use jiff::civil::Date;
use std::collections::BTreeMap;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::region::RegionCode;
use wanquan_store::tally;

/// Measures of one question.
const MEASURES_MAX: usize = 12;

/// Which totals.
#[derive(Debug, Clone, Copy)]
pub struct TotalsAsked<'a> {
    /// Region.
    pub region: &'a RegionCode,
    /// Measures.
    pub measures: &'a [&'a str],
    /// Disease; empty for measures without one.
    pub disease: &'a str,
    /// First day of the events; every one if absent.
    pub from: Option<Date>,
}

/// Totals of a region and of those one level below it, as known now. A measure that counted nothing is absent: nobody
/// inspected is not the same as a score of 0.
///
/// # Errors
/// `Forbidden`; `NotFound` for a region; `BadInput` for too many measures.
pub async fn totals(
    app: &App,
    actor: &Actor,
    wanted: &TotalsAsked<'_>,
) -> Result<Vec<(RegionCode, BTreeMap<String, i64>)>, Error> {
    authorize(app, actor, Action::SituationRead, Subject::At(wanted.region))?;
    if wanted.measures.len() > MEASURES_MAX {
        let message = format!("at most {MEASURES_MAX} measures");
        return Err(Error::BadInput { field: "measures", message });
    }
    let children = app.packs().regions.children(wanted.region);
    let regions: Vec<RegionCode> = std::iter::once(wanted.region.clone())
        .chain(children.iter().map(|child| child.code.clone()))
        .collect();
    let mut tx = app.read().await?;
    let mut rows: Vec<(RegionCode, BTreeMap<String, i64>)> =
        regions.iter().map(|region| (region.clone(), BTreeMap::new())).collect();
    for measure in wanted.measures {
        let found = tally::totals_of_regions(
            &mut tx,
            measure,
            wanted.disease,
            &regions,
            wanted.from,
            None,
            app.today(),
        )
        .await?;
        for (region, totals) in &mut rows {
            if let Some(n) = found.get(region) {
                totals.insert((*measure).to_owned(), *n);
            }
        }
    }
    Ok(rows)
}
