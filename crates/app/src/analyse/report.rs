//! The report on one table: totals, signals, reproduction number, growth, quality, and where each comes from.
//!
//! The serialised form is the product's stable JSON (`docs/analyze-report.md`, schema in `docs/schema/`); fields are
//! added, never renamed, without a new [`SCHEMA_VERSION`].

use super::people::{Delay, Outcomes, counted_by_onset, delay, last_known, outcomes};
use super::{
    Detector, NoteCode, RtStep, SerialInterval, SeriesAnalysis, analyse_series, leave_out_incomplete,
    recommended_detectors, spread_corrections,
};
use crate::ingest::read::FileInfo;
use crate::ingest::series::{Counting, SeriesSet};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use rayon::prelude::*;
use serde::Serialize;
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::disease::Disease;
use wanquan_domain::pack::Packs;
use wanquan_domain::region::{Region, Resolution};
use wanquan_domain::text::Text;
use wanquan_epi::rt::RtConfig;
use wanquan_epi::rt::growth::{Growth, GrowthConfig};
use wanquan_epi::{CountSeries, Error as EpiError, Step};

/// Version of the serialised form.
pub const SCHEMA_VERSION: u32 = 1;

/// What the person said about the analysis.
#[derive(Debug, Clone, Copy)]
pub struct ReportOptions<'a> {
    /// Regions with populations.
    pub packs: &'a Packs,
    /// The disease, if said.
    pub disease: Option<&'a Disease>,
    /// A serial interval that stands before the disease's own.
    pub serial_interval: Option<&'a SerialInterval>,
    /// Last day that counts; the last day of the table if `None`.
    pub as_of: Option<Date>,
}

/// The file a report speaks of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileSection {
    /// Name as given.
    pub name: String,
    /// Kind of file.
    pub format: &'static str,
    /// Encoding of text.
    pub encoding: Option<&'static str>,
    /// BLAKE3 of the bytes, hexadecimal.
    pub digest: String,
    /// Size, bytes.
    pub bytes: u64,
    /// Rows of the table.
    pub rows_read: u64,
    /// Rows that went into the series.
    pub rows_used: u64,
    /// Form of the table.
    pub layout: &'static str,
    /// `incident` or `cumulative`.
    pub counting: &'static str,
    /// Columns of the place, of the date, of the count.
    pub region_columns: Vec<String>,
    /// Columns of the date.
    pub date_columns: Vec<String>,
    /// Columns of the count.
    pub count_columns: Vec<String>,
}

/// The disease with its serial interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiseaseSection {
    /// Identifier of the pack; `None` if only a serial interval was given.
    pub id: Option<String>,
    /// Name.
    pub label: Option<Text>,
    /// Serial interval used.
    pub serial_interval: Option<SerialInterval>,
}

/// What the table covers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// First day of the first step.
    pub first: Date,
    /// First day of the last step.
    pub last: Date,
    /// `day`, `week` or `month`.
    pub step: Step,
    /// Number of steps.
    pub steps: usize,
    /// First step whose reports are still coming in, by the reporting delay; `None` if not known.
    pub incomplete_from: Option<Date>,
}

/// Sums over the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// Persons counted.
    pub cases: i64,
    /// Places.
    pub places: usize,
    /// Places with at least one case.
    pub places_with_cases: usize,
    /// Persons of the line list whose date is missing and who are in no step.
    pub undated: u64,
    /// Outcomes of a line list that states them.
    pub outcomes: Option<Outcomes>,
    /// Inhabitants of the places whose population is known.
    pub population: Option<u64>,
    /// Cases per 100,000 inhabitants of those places.
    pub attack_rate_per_100k: Option<f64>,
}

/// Growth, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recent {
    /// Reproduction number of the last window that has one.
    pub rt: Option<RtStep>,
    /// Why there is none in any window.
    pub rt_note: Option<NoteCode>,
    /// Growth over the last 14 complete steps.
    pub growth: Option<Growth>,
    /// Why there is none.
    pub growth_note: Option<NoteCode>,
}

/// One step of the total.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurveStep {
    /// First day.
    pub date: Date,
    /// New cases as the table says, corrections included; `null` = not reported.
    pub n: Option<i64>,
    /// Expected count.
    pub expected: Option<f64>,
    /// Upper bound.
    pub upper: Option<f64>,
    /// Methods in alarm.
    pub methods: Vec<String>,
}

/// The sum of all places over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TotalSection {
    /// Every step.
    pub curve: Vec<CurveStep>,
    /// Reproduction number by window end.
    pub rt: Vec<RtStep>,
    /// The latest state.
    pub recent: Recent,
    /// Digest of the series.
    pub input_digest: String,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceSection {
    /// Name as the table gives it.
    pub name: String,
    /// Code as the table gives it.
    pub code: Option<String>,
    /// Region of the built-in tree, if the place is one.
    pub region: Option<String>,
    /// Sum of the counts.
    pub cases: i64,
    /// Sum of the last seven steps (of a daily table; otherwise of the last step).
    pub last: i64,
    /// The same one period before.
    pub previous: i64,
    /// Inhabitants.
    pub population: Option<u64>,
    /// Cases per 100,000 inhabitants.
    pub attack_rate_per_100k: Option<f64>,
    /// New cases by step, from the first step of the period.
    pub counts: Vec<Option<i32>>,
    /// Number of signals.
    pub signals: usize,
    /// The latest state.
    pub recent: Recent,
    /// Digest of the series.
    pub input_digest: String,
}

/// A run of steps in alarm, one after the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalSection {
    /// Position in `places`; `None` for the total.
    pub place: Option<usize>,
    /// Name of the place; empty for the total.
    pub place_name: String,
    /// Length of the steps that were tested.
    pub step: Step,
    /// First step of the run.
    pub first: Date,
    /// Last step of the run.
    pub last: Date,
    /// Steps of the run.
    pub steps: usize,
    /// Methods that raised it.
    pub methods: Vec<String>,
    /// The step with the largest count.
    pub peak: Date,
    /// Count of that step.
    pub observed: i64,
    /// Expected there, by the first method that has an expectation.
    pub expected: Option<f64>,
    /// Bound there.
    pub upper: Option<f64>,
}

/// What a reader of the numbers should know about the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualityIssue {
    /// Stable code.
    pub code: String,
    /// How many rows, cells or places it concerns; 0 = the table.
    pub n: u64,
    /// What it is.
    pub text: Text,
}

/// A method with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodSection {
    /// `id/version`.
    pub method: String,
    /// Parameters; `None` where the recommended ones have no further settings.
    pub params: Option<serde_json::Value>,
}

/// The report on one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The file.
    pub file: FileSection,
    /// The disease.
    pub disease: DiseaseSection,
    /// Last day that counts.
    pub as_of: Date,
    /// What is covered.
    pub period: Period,
    /// Sums.
    pub totals: Totals,
    /// All places together.
    pub total: TotalSection,
    /// Places in the order of the file.
    pub places: Vec<PlaceSection>,
    /// Signals, the total first, then by date, latest first.
    pub signals: Vec<SignalSection>,
    /// Place-steps that were tested.
    pub tested: u64,
    /// Reporting delay.
    pub delay: Option<Delay>,
    /// Data quality.
    pub quality: Vec<QualityIssue>,
    /// What was assumed, in sentences.
    pub assumptions: Vec<Text>,
    /// Methods with parameters.
    pub methods: Vec<MethodSection>,
}

/// One series with everything that the report takes from it.
struct Analysed {
    analysis: SeriesAnalysis,
    signals: Vec<SignalSection>,
    tested: u64,
    recent: Recent,
}

/// Places up to which every detector looks at every step; with more, the costly ones look at the newest.
const PLACES_IN_FULL: usize = 20;
/// With more places, half as many are looked at: thousands of counties stay a matter of seconds.
const PLACES_IN_PART: usize = 500;

/// The detectors that a series of this length can use, and on which steps.
struct Methods {
    direct: Vec<Detector>,
    weekly: Vec<Detector>,
}

impl Methods {
    fn of(step: Step, steps: usize, places: usize) -> Self {
        let enough = |detector: &Detector, step, steps| steps > detector.spec.history_steps_min(step);
        // The season of Farrington flexible is laid out for weeks; no method here takes months.
        let mut direct = if step == Step::Month { Vec::new() } else { recommended_detectors(step) };
        direct.retain(|detector| enough(detector, step, steps));
        let mut weekly = if step == Step::Day { recommended_detectors(Step::Week) } else { Vec::new() };
        weekly.retain(|detector| enough(detector, Step::Week, steps / 7));
        for detector in direct.iter_mut().chain(&mut weekly) {
            if places <= PLACES_IN_FULL {
                detector.newest_steps = None;
            } else if places > PLACES_IN_PART {
                detector.newest_steps = detector.newest_steps.map(|steps| steps / 2);
            }
        }
        Self { direct, weekly }
    }

    fn sections(&self, analysis: &SeriesAnalysis) -> Vec<MethodSection> {
        let mut sections: Vec<MethodSection> = self
            .direct
            .iter()
            .chain(&self.weekly)
            .map(|detector| {
                let method = detector.spec.method();
                let mut params = serde_json::to_value(&detector.spec).unwrap_or_default();
                if let Some(params) = params.as_object_mut() {
                    params.insert("min_count".to_owned(), detector.min_count.into());
                }
                MethodSection { method: format!("{}/{}", method.id, method.version), params: Some(params) }
            })
            .collect();
        for method in &analysis.methods {
            if !sections.iter().any(|section| section.method == *method) {
                let params = if method.starts_with("rt_") {
                    serde_json::to_value(RtConfig::recommended()).ok()
                } else if method.starts_with("growth") {
                    serde_json::to_value(GrowthConfig::recommended()).ok()
                } else {
                    None
                };
                sections.push(MethodSection { method: method.clone(), params });
            }
        }
        sections
    }
}

/// Makes the report on the series of a table.
///
/// # Errors
/// Where a method refuses the series: a calendar that runs out of the years that dates have.
pub fn report(info: &FileInfo, set: &SeriesSet, options: ReportOptions<'_>) -> Result<Report, EpiError> {
    let kept = steps_until(set, options.as_of);
    let date = |step: usize| step_date(set.start, set.step, step);
    let last_counted = last_day(date(kept.saturating_sub(1)), set.step);
    let as_of = options.as_of.unwrap_or_else(|| last_known(&set.cases, last_counted));
    let delay = delay(&set.cases);
    // By onset, the steps of the last days still grow for as long as 95 of 100 reports take.
    let late = match &delay {
        Some(delay) if set.step == Step::Day && counted_by_onset(set) => {
            let settled = to_epoch_day(as_of) - delay.q95_days;
            usize::try_from(to_epoch_day(last_counted) - settled).unwrap_or(0).min(kept)
        }
        _ => 0,
    };
    let complete = kept - late;
    let serial_interval =
        options.serial_interval.cloned().or_else(|| options.disease.and_then(SerialInterval::of));
    let methods = Methods::of(set.step, kept, set.places.len());
    let analyse = |counts: &[Option<i64>], place: Option<usize>| {
        analyse_place(set, counts, place, &methods, serial_interval.as_ref(), complete)
    };

    let total_counts = &set.total()[..kept];
    let total = analyse(total_counts, None)?;
    let mut quality = quality(info, set, kept, &total);
    let regions = regions_of(set, options.packs, &mut quality);
    let analysed: Vec<(PlaceSection, Vec<SignalSection>, u64)> = (0..set.places.len())
        .into_par_iter()
        .map(|place| {
            let raw = &set.series(place)[..kept];
            let counts: Vec<Option<i64>> = raw.iter().map(|n| n.map(i64::from)).collect();
            let one = analyse(&counts, Some(place))?;
            Ok((place_section(set, place, raw, &one, regions[place]), one.signals, one.tested))
        })
        .collect::<Result<_, EpiError>>()?;

    // With one place the total is that place; telling both would tell every signal twice.
    let single = set.places.len() == 1;
    let mut tested = if single { 0 } else { total.tested };
    let mut signals = if single { Vec::new() } else { total.signals };
    signals.sort_by_key(|signal| std::cmp::Reverse(signal.last));
    let mut places = Vec::with_capacity(analysed.len());
    let mut of_places = Vec::new();
    for (place, own, n) in analysed {
        places.push(place);
        of_places.extend(own);
        tested += n;
    }
    of_places
        .sort_by(|a, b| b.last.cmp(&a.last).then(b.observed.cmp(&a.observed)).then(a.place.cmp(&b.place)));
    signals.extend(of_places);

    let curve = total.analysis.steps.iter().zip(total_counts).map(|(step, n)| CurveStep {
        date: step.date,
        n: *n,
        expected: step.expected,
        upper: step.upper,
        methods: step.methods.clone(),
    });
    Ok(Report {
        file: file_section(info, set),
        disease: DiseaseSection {
            id: options.disease.map(|disease| disease.id.clone()),
            label: options.disease.map(|disease| disease.label.clone()),
            serial_interval: serial_interval.clone(),
        },
        as_of,
        period: Period {
            first: set.start,
            last: date(kept.saturating_sub(1)),
            step: set.step,
            steps: kept,
            incomplete_from: (late > 0).then(|| date(complete)),
        },
        totals: totals(set, total_counts, &places),
        assumptions: assumptions(set, &methods, serial_interval.as_ref(), options, kept, late),
        methods: methods.sections(&total.analysis),
        total: TotalSection {
            curve: curve.collect(),
            rt: total.analysis.rt,
            recent: total.recent,
            input_digest: total.analysis.input_digest,
        },
        places,
        signals,
        tested,
        delay,
        quality,
    })
}

/// Steps that are over by the last day that counts.
fn steps_until(set: &SeriesSet, as_of: Option<Date>) -> usize {
    let Some(as_of) = as_of else { return set.steps };
    (0..set.steps).take_while(|i| last_day(step_date(set.start, set.step, *i), set.step) <= as_of).count()
}

fn step_date(start: Date, step: Step, i: usize) -> Date {
    let i = i64::try_from(i).unwrap_or(i64::MAX);
    let span = match step {
        Step::Day => i.days(),
        Step::Week => i.weeks(),
        Step::Month => i.months(),
    };
    start.saturating_add(span)
}

fn last_day(first: Date, step: Step) -> Date {
    match step {
        Step::Day => first,
        Step::Week => first.saturating_add(6.days()),
        Step::Month => first.last_of_month(),
    }
}

fn analyse_place(
    set: &SeriesSet,
    counts: &[Option<i64>],
    place: Option<usize>,
    methods: &Methods,
    serial_interval: Option<&SerialInterval>,
    complete: usize,
) -> Result<Analysed, EpiError> {
    let series = CountSeries::new(set.start, set.step, spread_corrections(counts))?;
    let mut analysis = analyse_series(&series, &methods.direct, serial_interval, None)?;
    leave_out_incomplete(&mut analysis, &series, complete)?;
    let name = place.map_or(String::new(), |place| set.places[place].name.clone());
    let mut signals = runs(&analysis, set.step, place, &name);
    let evaluated = |a: &SeriesAnalysis| a.steps.iter().filter(|step| step.upper.is_some()).count() as u64;
    let mut tested = evaluated(&analysis);
    if !methods.weekly.is_empty()
        && let Some(weeks) = weekly(&series)?
    {
        let of_weeks = analyse_series(&weeks, &methods.weekly, None, None)?;
        signals.extend(runs(&of_weeks, Step::Week, place, &name));
        tested += evaluated(&of_weeks);
    }
    let recent = Recent {
        rt: analysis.rt.last().cloned(),
        rt_note: analysis.rt_note.or_else(|| analysis.rt.is_empty().then_some(NoteCode::TooFewCases)),
        growth: analysis.growth,
        growth_note: analysis.growth_note,
    };
    Ok(Analysed { analysis, signals, tested, recent })
}

/// Sums of whole weeks from Monday; a week with an unreported day is unreported.
pub(crate) fn weekly(series: &CountSeries) -> Result<Option<CountSeries>, EpiError> {
    let lead = (0..7).find(|i| series.len() > *i && series.date(*i).weekday() == Weekday::Monday);
    let Some(lead) = lead else { return Ok(None) };
    let weeks: Vec<Option<u32>> = series.counts()[lead..]
        .chunks_exact(7)
        .map(|week| week.iter().try_fold(0_u32, |sum, n| n.map(|n| sum.saturating_add(n))))
        .collect();
    if weeks.is_empty() {
        return Ok(None);
    }
    CountSeries::new(series.date(lead), Step::Week, weeks).map(Some)
}

/// Steps in alarm that follow one another, as one signal.
fn runs(analysis: &SeriesAnalysis, step: Step, place: Option<usize>, name: &str) -> Vec<SignalSection> {
    let mut signals: Vec<SignalSection> = Vec::new();
    let mut open = false;
    for at in &analysis.steps {
        if at.methods.is_empty() {
            open = false;
            continue;
        }
        let observed = at.n.unwrap_or(0);
        // The bound that was exceeded: that of C1 says nothing about an alarm of C3.
        let by = analysis.exceedances.iter().find(|exceedance| exceedance.date == at.date);
        let (expected, upper) = (by.and_then(|by| by.expected), by.and_then(|by| by.upper));
        match signals.last_mut().filter(|_| open) {
            Some(run) => {
                run.last = at.date;
                run.steps += 1;
                for method in &at.methods {
                    if !run.methods.contains(method) {
                        run.methods.push(method.clone());
                    }
                }
                if observed > run.observed {
                    (run.peak, run.observed) = (at.date, observed);
                    (run.expected, run.upper) = (expected, upper);
                }
            }
            None => signals.push(SignalSection {
                place,
                place_name: name.to_owned(),
                step,
                first: at.date,
                last: at.date,
                steps: 1,
                methods: at.methods.clone(),
                peak: at.date,
                observed,
                expected,
                upper,
            }),
        }
        open = true;
    }
    signals
}

fn sum(counts: &[Option<i32>]) -> i64 {
    counts.iter().flatten().map(|n| i64::from(*n)).sum()
}

/// Cases per 100,000; `None` where corrections leave fewer than no cases.
#[expect(clippy::cast_precision_loss, reason = "numbers of persons stay far below 2^53")]
fn per_100k(cases: i64, population: u64) -> Option<f64> {
    (cases >= 0 && population > 0).then(|| cases as f64 / population as f64 * 100_000.0)
}

fn place_section(
    set: &SeriesSet,
    place: usize,
    raw: &[Option<i32>],
    analysed: &Analysed,
    region: Option<&Region>,
) -> PlaceSection {
    let window = if set.step == Step::Day { 7 } else { 1 };
    let last_from = raw.len().saturating_sub(window);
    let previous_from = last_from.saturating_sub(window);
    let cases = sum(raw);
    let population = region.and_then(|region| region.population.as_ref()).map(|population| population.n);
    PlaceSection {
        name: set.places[place].name.clone(),
        code: set.places[place].code.clone(),
        region: region.map(|region| region.code.as_str().to_owned()),
        cases,
        last: sum(&raw[last_from..]),
        previous: sum(&raw[previous_from..last_from]),
        population,
        attack_rate_per_100k: population.and_then(|population| per_100k(cases, population)),
        counts: raw.to_vec(),
        signals: analysed.signals.len(),
        recent: analysed.recent.clone(),
        input_digest: analysed.analysis.input_digest.clone(),
    }
}

/// The region of each place, if most places are regions: a few chance namesakes make no map.
fn regions_of<'a>(
    set: &SeriesSet,
    packs: &'a Packs,
    quality: &mut Vec<QualityIssue>,
) -> Vec<Option<&'a Region>> {
    let resolve = |text: &str| match packs.regions.resolve(text, None) {
        Resolution::Found(code) => packs.regions.get(&code),
        _ => None,
    };
    let found: Vec<Option<&Region>> = set
        .places
        .iter()
        .map(|place| {
            let by_code = place.code.as_deref().and_then(|code| packs.regions.get_by_text(code.trim()));
            // "narrow, wide" is how a table with two columns of names reads.
            let narrow = || place.name.split(", ").next().and_then(resolve);
            by_code.or_else(|| resolve(&place.name)).or_else(narrow)
        })
        .collect();
    let known = found.iter().flatten().count();
    if known * 10 < set.places.len() * 6 {
        return vec![None; set.places.len()];
    }
    let unknown = (set.places.len() - known) as u64;
    if unknown > 0 {
        quality.push(QualityIssue {
            code: "Q201".to_owned(),
            n: unknown,
            text: Text::new(
                format!("{unknown} places are no region of the built-in tree; they are counted, not mapped"),
                format!("{unknown} 个地点不在内置区划中：计数但不上图"),
            ),
        });
    }
    found
}

fn totals(set: &SeriesSet, total: &[Option<i64>], places: &[PlaceSection]) -> Totals {
    let known: Vec<&PlaceSection> = places.iter().filter(|place| place.population.is_some()).collect();
    let population: u64 = known.iter().filter_map(|place| place.population).sum();
    let their_cases: i64 = known.iter().map(|place| place.cases).sum();
    let cases = total.iter().flatten().sum();
    let dated: i64 = set.counts.iter().flatten().map(|n| i64::from(*n)).sum();
    Totals {
        cases,
        places: places.len(),
        places_with_cases: places.iter().filter(|place| place.cases > 0).count(),
        undated: (set.cases.len() as u64).saturating_sub(u64::try_from(dated).unwrap_or(0)),
        outcomes: outcomes(&set.cases),
        population: (!known.is_empty()).then_some(population),
        attack_rate_per_100k: per_100k(their_cases, population),
    }
}

fn file_section(info: &FileInfo, set: &SeriesSet) -> FileSection {
    FileSection {
        name: info.name.clone(),
        format: info.format.as_str(),
        encoding: info.encoding.map(|encoding| encoding.as_str()),
        digest: info.digest.clone(),
        bytes: info.bytes,
        rows_read: set.rows_read,
        rows_used: set.rows_used,
        layout: set.layout.as_str(),
        counting: match set.counting {
            Counting::Incident => "incident",
            Counting::Cumulative => "cumulative",
        },
        region_columns: set.columns.region.clone(),
        date_columns: set.columns.date.clone(),
        count_columns: set.columns.count.clone(),
    }
}

fn quality(info: &FileInfo, set: &SeriesSet, kept: usize, total: &Analysed) -> Vec<QualityIssue> {
    let notes = info.notes.iter().map(|note| (note.code(), 0, note.text()));
    let remarks = set.remarks.iter().map(|remark| (remark.code, remark.n, remark.text.clone()));
    let mut issues: Vec<QualityIssue> =
        notes.chain(remarks).map(|(code, n, text)| QualityIssue { code: code.to_owned(), n, text }).collect();
    let present: Vec<&str> =
        set.columns.count.iter().map(String::as_str).filter(|name| counts_the_present(name)).collect();
    if !present.is_empty() {
        let names = present.join(", ");
        issues.push(QualityIssue {
            code: "Q204".to_owned(),
            n: present.len() as u64,
            text: Text::new(
                format!(
                    "by its name {names} counts persons present on a day, not new ones; sums, Rt and growth then count \
                     a person on every day of illness"
                ),
                format!("按列名 {names} 为当日在册人数而非新增；合计、Rt 与增长率会重复计入同一人"),
            ),
        });
    }
    let left = (set.steps - kept) as u64;
    if left > 0 {
        issues.push(QualityIssue {
            code: "Q202".to_owned(),
            n: left,
            text: Text::new(
                format!("{left} steps after the last day that counts are left out"),
                format!("截止日之后的 {left} 个时段未计入"),
            ),
        });
    }
    let silent = total.analysis.steps.iter().filter(|step| step.n.is_none()).count() as u64;
    if silent > 0 {
        issues.push(QualityIssue {
            code: "Q203".to_owned(),
            n: silent,
            text: Text::new(
                format!("on {silent} steps no place reported; the curves have gaps there"),
                format!("{silent} 个时段无任何地点报告，曲线留空"),
            ),
        });
    }
    issues
}

/// True for the names under which tables give who is ill at the moment.
fn counts_the_present(column: &str) -> bool {
    let name = column.to_lowercase();
    ["in_bed", "convalescent", "active", "prevalen", "current", "现存", "现有", "在院"]
        .iter()
        .any(|part| name.contains(part))
}

fn assumptions(
    set: &SeriesSet,
    methods: &Methods,
    serial_interval: Option<&SerialInterval>,
    options: ReportOptions<'_>,
    kept: usize,
    late: usize,
) -> Vec<Text> {
    let mut said = Vec::new();
    match serial_interval {
        Some(interval) => said.push(Text::new(
            format!(
                "Rt: serial interval of mean {} and sd {} days ({}), gamma-shaped; no case counts as imported.",
                interval.mean_days, interval.sd_days, interval.source
            ),
            format!(
                "Rt：序列间隔均值 {} 天、标准差 {} 天（{}），伽马分布；未区分输入病例。",
                interval.mean_days, interval.sd_days, interval.source
            ),
        )),
        None => said.push(Text::new(
            "No Rt: it needs a serial interval, which a table of counts does not hold. Name the disease with \
             --disease, or give --serial-interval MEAN,SD.",
            "未估计 Rt：缺少序列间隔。请用 --disease 指定病种，或用 --serial-interval 均值,标准差 给出。",
        )),
    }
    let farrington =
        methods.direct.iter().chain(&methods.weekly).any(|d| d.spec.method().id == "farrington_flexible");
    if set.step == Step::Month {
        said.push(Text::new(
            "No signals: the methods take days or weeks, and the table counts by month.",
            "无信号：检测方法需逐日或逐周数据，本表按月计数。",
        ));
    } else if !farrington {
        said.push(Text::new(
            format!("Farrington flexible needs five years of weeks and more; {kept} steps are too few."),
            format!("灵活 Farrington 方法需五年以上周数据；现有 {kept} 个时段不足。"),
        ));
    }
    said.push(Text::new(
        "Signals: each place is tested by itself on every step and no correction is made for the number of tests; \
         counts below 3 raise none; alarms on consecutive steps are one signal; C3 adds up the excess \
         of three days, so its count may lie below the bound. A signal is a reason to look, not an \
         outbreak.",
        "信号：逐地逐期检验，未作多重检验校正；计数小于 3 不报；连续报警合并为一个信号；C3 累计三日超额，当日计数可低于上限。信号仅提示需核查，不等于暴发。",
    ));
    said.push(Text::new(
        "Corrections below zero stay in the table and the totals; for the methods they are taken back from the steps \
         before them.",
        "负值更正保留在数据与合计中；计算方法时从此前时段扣除。",
    ));
    if late > 0 {
        said.push(Text::new(
            format!(
                "The last {late} days of the curve are incomplete by the reporting delay (95 of 100 reports); growth and Rt leave \
                 them out."
            ),
            format!("最近 {late} 天不完整（95% 的报告延迟在此之内），增长率与 Rt 不含这些天。"),
        ));
    } else if set.step == Step::Day {
        said.push(Text::new(
            "The table does not tell how late reports come in; the last days may be too low.",
            "数据未给出报告延迟，最近几天可能偏低。",
        ));
    }
    if options.as_of.is_some() {
        said.push(Text::new(
            "The last day cuts by the date that is counted; what was corrected later is not undone.",
            "截止日按计数日期截断，不撤销其后的更正。",
        ));
    }
    said
}
