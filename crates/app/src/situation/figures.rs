//! The figures of a region as known on a day, computed from tallies in memory. Pure functions.

use super::series::{Cells, Frame, count_series, date};
use crate::analyse::{
    AnalysedStep, Detector, NoteCode, RtStep, SerialInterval, analyse_series, leave_out_incomplete,
};
use crate::error::Error;
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;
use wanquan_domain::region::RegionCode;
use wanquan_domain::register::Measure;
use wanquan_epi::rt::growth::Growth;

/// Days of the small curve beside a region.
const SPARK_DAYS: i32 = 28;
/// Days shown before the first case of the region.
const LEAD_DAYS: i32 = 14;
/// Days shown of a region that has no case.
const EMPTY_DAYS: i32 = 60;
/// Totals of the last days end with the last reported day if it is at most so many days ago, otherwise today.
const REPORT_LAG_DAYS: i32 = 3;

/// One day of an epidemic curve.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveDay {
    /// Day.
    pub date: Date,
    /// Count, corrections included.
    pub n: i64,
    /// Expected by the first detector that has an expectation.
    pub expected: Option<f64>,
    /// Largest count that is not unusual, by the first detector that has a bound.
    pub upper: Option<f64>,
    /// Methods in alarm.
    pub methods: Vec<String>,
    /// Reports of this day are still coming in.
    pub incomplete: bool,
}

impl From<AnalysedStep> for CurveDay {
    fn from(step: AnalysedStep) -> Self {
        Self {
            date: step.date,
            n: step.n.unwrap_or(0),
            expected: step.expected,
            upper: step.upper,
            methods: step.methods,
            incomplete: false,
        }
    }
}

/// Sums over a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Everything counted so far.
    pub cumulative: i64,
    /// The last 7 days.
    pub last_7: i64,
    /// The 7 days before.
    pub previous_7: i64,
    /// The last day.
    pub today: i64,
    /// Of the last 7 days, per 100,000 inhabitants; `None` where the population is not known.
    pub per_100k_7d: Option<f64>,
}

/// A region below, in short.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildFigures {
    /// Region.
    pub region: RegionCode,
    /// Sums.
    pub totals: Totals,
    /// Counts of the last 28 days of the curve.
    pub spark: Vec<i64>,
}

/// The figures of a region, without what differs from reader to reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Sums.
    pub totals: Totals,
    /// Every day.
    pub curve: Vec<CurveDay>,
    /// Reproduction number by window end, over complete days.
    pub rt: Vec<RtStep>,
    /// Code of why there is none: that of a [`NoteCode`], or `not_infections` for counts of something else.
    pub rt_note: Option<&'static str>,
    /// Growth over the last complete two weeks.
    pub growth: Option<Growth>,
    /// Code of why there is none.
    pub growth_note: Option<&'static str>,
    /// Regions directly below, in the order of the tree.
    pub children: Vec<ChildFigures>,
    /// Of everything counted, what was reported for the region as a whole and for none below; 0 without regions below.
    pub undivided: i64,
    /// First and last day on which something became known, whatever the day asked for.
    pub known: Option<(Date, Date)>,
    /// Methods used, as `id/version`.
    pub methods: Vec<String>,
    /// Digest of the analysed series; empty where nothing is counted.
    pub input_digest: String,
}

impl Figures {
    /// Memory that the figures take, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let methods: usize = self.curve.iter().map(|day| day.methods.len() * 32).sum();
        let children: usize = self.children.iter().map(|c| 128 + c.spark.len() * 8).sum();
        512 + self.curve.len() * size_of::<CurveDay>() + methods + self.rt.len() * 40 + children
    }
}

/// A region with its population and its tallies.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) region: RegionCode,
    pub(crate) population: Option<u64>,
    pub(crate) cells: Arc<Cells>,
}

/// Everything that figures are computed from.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) measure: &'a Measure,
    /// First and last event of the whole tree, as known on the day.
    pub(crate) events: Option<(i32, i32)>,
    pub(crate) place: Place,
    pub(crate) children: Vec<Place>,
    pub(crate) detectors: &'a [Detector],
    /// The serial interval, or why there is no reproduction number.
    pub(crate) serial_interval: Result<SerialInterval, &'static str>,
    pub(crate) as_of: i32,
}

/// Cases per 100,000; `None` where corrections leave fewer than no cases.
#[expect(clippy::cast_precision_loss, reason = "numbers of persons stay far below 2^53")]
pub(crate) fn per_100k(cases: i64, population: Option<u64>) -> Option<f64> {
    let population = population.filter(|n| *n > 0 && cases >= 0)?;
    Some(cases as f64 / population as f64 * 100_000.0)
}

fn totals(place: &Place, frame: Frame, as_of: i32) -> Totals {
    let last = if as_of - frame.last <= REPORT_LAG_DAYS { frame.last } else { as_of };
    let cells = &place.cells;
    let last_7 = cells.sum(last - 6, last, as_of);
    Totals {
        cumulative: cells.total(as_of),
        last_7,
        previous_7: cells.sum(last - 13, last - 7, as_of),
        today: cells.sum(last, last, as_of),
        per_100k_7d: per_100k(last_7, place.population),
    }
}

/// Computes the figures.
///
/// # Errors
/// Where a method refuses its parameters, which come from packs.
pub(crate) fn figures(input: &Input<'_>) -> Result<Figures, Error> {
    let as_of = input.as_of;
    let known = input.place.cells.known().map(|(first, last)| (date(first), date(last)));
    let few = NoteCode::TooFewCases.as_str();
    let Some(frame) = Frame::of(input.events, input.measure, as_of) else {
        // Nothing is counted anywhere: an empty stretch up to the day, so that no screen is blank.
        let nothing = Frame { first: as_of - EMPTY_DAYS + 1, last: as_of };
        return Ok(Figures {
            totals: totals(&input.place, nothing, as_of),
            curve: Vec::new(),
            rt: Vec::new(),
            rt_note: Some(few),
            growth: None,
            growth_note: Some(few),
            children: input.children.iter().map(|child| child_figures(child, nothing, as_of)).collect(),
            undivided: 0,
            known,
            methods: Vec::new(),
            input_digest: String::new(),
        });
    };
    let daily = input.place.cells.daily(frame.first, frame.last, as_of);
    let late = input.place.cells.complete_after_days(as_of).unwrap_or(0);
    let complete = usize::try_from((as_of - late + 1 - frame.first).max(0)).unwrap_or(0).min(frame.len());
    let analyse = || -> Result<_, wanquan_epi::Error> {
        let series = count_series(frame.first, &daily)?;
        let interval = input.serial_interval.as_ref().ok();
        let mut analysis = analyse_series(&series, input.detectors, interval, None)?;
        leave_out_incomplete(&mut analysis, &series, complete)?;
        Ok(analysis)
    };
    let analysis = analyse().map_err(|e| Error::Internal(format!("the series was not analysed: {e}")))?;
    let shown_from = match input.place.cells.events(as_of) {
        Some((first, _)) => frame.first.max(first - LEAD_DAYS).min(frame.last - EMPTY_DAYS / 2),
        None => frame.last - EMPTY_DAYS + 1,
    };
    let skipped = usize::try_from(shown_from - frame.first).unwrap_or(0);
    let curve =
        analysis.steps.into_iter().zip(&daily).enumerate().skip(skipped).map(|(i, (step, n))| CurveDay {
            date: step.date,
            n: *n,
            expected: step.expected,
            upper: step.upper,
            methods: step.methods,
            incomplete: i >= complete,
        });
    let children: Vec<ChildFigures> =
        input.children.iter().map(|child| child_figures(child, frame, as_of)).collect();
    let rt_note = analysis.rt_note.map(NoteCode::as_str).or(analysis.rt.is_empty().then_some(few));
    Ok(Figures {
        totals: totals(&input.place, frame, as_of),
        curve: curve.collect(),
        rt_note: input.serial_interval.as_ref().err().copied().or(rt_note),
        rt: analysis.rt,
        growth: analysis.growth,
        growth_note: analysis.growth_note.map(NoteCode::as_str),
        undivided: undivided(&children, input.place.cells.total(as_of)),
        children,
        known,
        methods: analysis.methods,
        input_digest: analysis.input_digest,
    })
}

fn undivided(children: &[ChildFigures], total: i64) -> i64 {
    if children.is_empty() { 0 } else { total - children.iter().map(|c| c.totals.cumulative).sum::<i64>() }
}

fn child_figures(child: &Place, frame: Frame, as_of: i32) -> ChildFigures {
    ChildFigures {
        region: child.region.clone(),
        totals: totals(child, frame, as_of),
        spark: child.cells.daily(frame.last - SPARK_DAYS + 1, frame.last, as_of),
    }
}

/// Versions of the methods by identifier, from `id/version`.
pub fn method_versions(methods: &[String]) -> HashMap<String, String> {
    let pair =
        |method: &String| method.split_once('/').map(|(id, version)| (id.to_owned(), version.to_owned()));
    methods.iter().filter_map(pair).collect()
}
