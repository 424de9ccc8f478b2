//! Making the report: which methods look at which steps, places one by one and together.

use super::remarks::{assumptions, quality};
use super::{
    DiseaseSection, FileSection, MethodSection, Period, PlaceSection, QualityIssue, Recent, Report,
    ReportOptions, SignalSection, TotalSection, Totals,
};
use crate::analyse::people::{counted_by_onset, delay, last_known, outcomes};
use crate::analyse::{
    AnalysedStep, Detector, NoteCode, SerialInterval, SeriesAnalysis, analyse_series, leave_out_incomplete,
    recommended_detectors, spread_corrections,
};
use crate::ingest::read::FileInfo;
use crate::ingest::series::{Counting, SeriesSet};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use rayon::prelude::*;
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::pack::Packs;
use wanquan_domain::region::{Region, Resolution};
use wanquan_domain::text::Text;
use wanquan_epi::rt::RtConfig;
use wanquan_epi::rt::growth::GrowthConfig;
use wanquan_epi::{CountSeries, Error as EpiError, Step};

/// One series with everything that the report takes from it.
pub(super) struct Analysed {
    pub(super) analysis: SeriesAnalysis,
    signals: Vec<SignalSection>,
    tested: u64,
    recent: Recent,
}

/// Places up to which every detector looks at every step; with more, the costly ones look at the newest.
const PLACES_IN_FULL: usize = 20;
/// With more places, half as many are looked at: thousands of counties stay a matter of seconds.
const PLACES_IN_PART: usize = 500;

/// The detectors that a series of this length can use, and on which steps.
pub(super) struct Methods {
    pub(super) direct: Vec<Detector>,
    pub(super) weekly: Vec<Detector>,
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

    let curve = total.analysis.steps.iter().zip(total_counts).map(|(step, n)| AnalysedStep {
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
