//! The response part of the demonstration: ledgers of a city that prevents and controls, all of them invented, and a
//! morning's work that is under way when the visitor comes.

mod ledgers;
mod morning;
mod people;

pub(super) use morning::begin_morning;

use super::sheet::samples;
use super::{CITY, SYNTHETIC_DISEASE, imported};
use crate::app::App;
use crate::error::Error;
use jiff::ToSpan;
use jiff::civil::Date;
use ledgers::{
    clinics, doses, duties, findings, gates, inspections, organisations, reports, roster, sessions, sites,
    staff, stocks, target_groups,
};
use people::{arrivals, contacts, follow_ups, orders};
use wanquan_domain::actor::Actor;
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
