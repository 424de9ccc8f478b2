//! What only the whole file tells, looked up before records are made of counts: the increase of running totals, whose
//! rows may stand anywhere, and the regions whose parts are counted too.

use super::rows::Reader;
use crate::ingest::meaning::count;
use crate::ingest::read::{ReadError, Row, Table, plain_cell};
use rustc_hash::FxHashSet;
use std::collections::HashMap;
use wanquan_domain::date::{parse_iso, to_epoch_day};
use wanquan_domain::region::{RegionCode, RegionTree};

/// Cells of running totals that fit in memory; beyond it a table is better given as new cases.
pub(super) const CELLS_MAX: usize = 8_000_000;

/// Increase since the total before, by row and column.
#[derive(Debug, Default)]
pub(super) struct Differences(HashMap<(u64, usize), (i64, bool)>);

impl Differences {
    /// The increase, and whether there was no total before; `None` if the row took no part.
    pub fn get(&self, row: u64, column: usize) -> Option<(i64, bool)> {
        self.0.get(&(row, column)).copied()
    }
}

/// Regions of the table that contain other regions of the table.
pub(super) fn wider_regions(table: &Table, reader: &Reader<'_>) -> Result<FxHashSet<RegionCode>, ReadError> {
    let Some(field) = reader.plan.known.region.map(|at| &reader.register.fields[at]) else {
        return Ok(FxHashSet::default());
    };
    let mut met = FxHashSet::default();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        if rows.fits(&row)
            && let Some(code) = reader.shared(&row).text(Some(field))
            && !met.contains(code)
        {
            met.insert(code.to_owned());
        }
    }
    let codes = met.iter().map(|code| RegionCode::new(code)).collect();
    Ok(with_parts(&reader.packs.regions, &codes))
}

/// The regions of a set that contain others of it.
pub(super) fn with_parts(tree: &RegionTree, regions: &FxHashSet<RegionCode>) -> FxHashSet<RegionCode> {
    let above = regions.iter().flat_map(|code| tree.ancestors(code));
    above.map(|region| &region.code).filter(|code| regions.contains(*code)).cloned().collect()
}

struct Total {
    series: u32,
    day: i32,
    row: u64,
    column: usize,
    n: i64,
}

/// Takes the differences of every series of the table. Refused rows take no part.
pub(super) fn differences(table: &Table, reader: &Reader<'_>) -> Result<Option<Differences>, ReadError> {
    let mut totals: Vec<Total> = Vec::new();
    let mut names: HashMap<String, u32> = HashMap::new();
    let known = &reader.plan.known;
    let field = |at: Option<usize>| at.map(|at| &reader.register.fields[at]);
    let disease = reader.register.role(wanquan_domain::kind::Role::Disease);
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        if !rows.fits(&row) {
            continue;
        }
        let shared = reader.shared(&row);
        let day = shared.text(field(known.date)).and_then(parse_iso);
        let (Some(day), false) = (day, shared.refused()) else { continue };
        for column in reader.plan.counts.iter().filter(|count| count.cumulative) {
            let Some(n) = count(plain_cell(row.get(column.column))) else { continue };
            let indicator = column.indicator.as_deref().or(shared.text(field(known.indicator)));
            let parts = [shared.text(field(known.region)), shared.text(disease), indicator];
            let name = parts.map(Option::unwrap_or_default).join("\0");
            let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
            let series = *names.entry(name).or_insert(next);
            totals.push(Total {
                series,
                day: to_epoch_day(day),
                row: row.number(),
                column: column.column,
                n,
            });
        }
        if totals.len() > CELLS_MAX {
            return Ok(None);
        }
    }
    totals.sort_by_key(|total| (total.series, total.day, total.row));
    let mut differences = HashMap::with_capacity(totals.len());
    let mut before: Option<&Total> = None;
    let mut base: Option<i64> = None;
    for total in &totals {
        match before {
            // A second total of the same day is compared with the day before, as the first one was.
            Some(last) if last.series == total.series && last.day == total.day => {}
            Some(last) if last.series == total.series => {
                base = Some(last.n);
                before = Some(total);
            }
            _ => {
                base = None;
                before = Some(total);
            }
        }
        let step = base.map_or(total.n, |base| total.n - base);
        differences.insert((total.row, total.column), (step, base.is_none()));
    }
    Ok(Some(Differences(differences)))
}
