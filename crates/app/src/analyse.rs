//! One series, analysed: signals of detectors, reproduction number, growth, with what is needed to repeat it.
//!
//! Pure functions over a [`CountSeries`]; the situation screen, the automatic detectors and the command line share
//! them, so that all three show the same numbers.

pub mod people;
pub mod report;

use serde::{Deserialize, Serialize};
use wanquan_domain::disease::{DetectorSetting, Disease};
use wanquan_epi::detect::{DetectorSpec, detect};
use wanquan_epi::rt::growth::{
    self, Growth, GrowthConfig, estimate_growth_negative_binomial, estimate_growth_poisson,
};
use wanquan_epi::rt::serial_interval::discretise_gamma;
use wanquan_epi::rt::{Incidence, NoEstimate, RtConfig, estimate_rt};
use wanquan_epi::{CountSeries, Error as EpiError, Pmf, Step};

use jiff::civil::Date;

/// Mean and standard deviation of a serial interval in days, with its source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SerialInterval {
    /// Mean, days.
    pub mean_days: f64,
    /// Standard deviation, days.
    pub sd_days: f64,
    /// Publication, or who gave it.
    pub source: String,
}

impl SerialInterval {
    /// The serial interval that a disease pack publishes, if it publishes a mean and a standard deviation.
    pub fn of(disease: &Disease) -> Option<Self> {
        let parameter = disease.parameters.iter().find(|p| p.name == "serial_interval" && p.sd.is_some())?;
        Some(Self { mean_days: parameter.mean, sd_days: parameter.sd?, source: parameter.source.clone() })
    }

    /// The distribution in whole days, long enough that less than one in a thousand lies beyond.
    ///
    /// # Errors
    /// For a mean of one day or less, or a standard deviation that is not positive.
    pub fn discretised(&self) -> Result<Pmf, EpiError> {
        // Mean + 6 sd leaves far less than 0.1 % of a gamma distribution with the shapes met here.
        let longest = (self.mean_days + 6.0 * self.sd_days).ceil().clamp(1.0, 400.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=400")]
        discretise_gamma(self.mean_days, self.sd_days, longest as usize)
    }
}

/// A detector with the smallest count that is worth a person's time.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    /// Method and parameters.
    pub spec: DetectorSpec,
    /// Counts below this raise no signal.
    pub min_count: i64,
    /// Newest steps that it looks at; all if `None`.
    pub newest_steps: Option<usize>,
}

impl Detector {
    /// A detector that looks at as many steps as a screen or a table of many places can afford: the regression scan
    /// learns its baseline anew for every week, so that years of days would take a second a series.
    fn new(spec: DetectorSpec, step: Step, min_count: i64) -> Self {
        let newest_steps = match (&spec, step) {
            (DetectorSpec::RegressionScan(_), Step::Day) => Some(14),
            (DetectorSpec::RegressionScan(_), _) => Some(8),
            _ => None,
        };
        Self { spec, min_count, newest_steps }
    }
}

/// The detectors that a disease pack sets for a measure, by step.
///
/// # Errors
/// The name of a method that `wanquan-epi` does not have, or parameters that it does not take.
pub fn detectors(disease: &Disease, measure: &str, step: Step) -> Result<Vec<Detector>, String> {
    let wanted = match step {
        Step::Day => "day",
        Step::Week => "week",
        Step::Month => "month",
    };
    disease
        .detectors
        .iter()
        .filter(|d| d.measure == measure && d.step == wanted)
        .map(|d| detector(d, step))
        .collect()
}

fn detector(setting: &DetectorSetting, step: Step) -> Result<Detector, String> {
    let recommended = DetectorSpec::recommended_for(&setting.method, step)
        .ok_or_else(|| format!("unknown detection method `{}`", setting.method))?;
    let mut json = serde_json::to_value(&recommended).map_err(|e| e.to_string())?;
    if let (Some(given), Some(all)) = (setting.params.as_object(), json.as_object_mut()) {
        for (key, value) in given {
            all.insert(key.clone(), value.clone());
        }
    }
    let spec = serde_json::from_value(json).map_err(|e| format!("method `{}`: {e}", setting.method))?;
    Ok(Detector::new(spec, step, setting.min_count))
}

/// The detectors used where no disease pack says otherwise: EARS C1, C2, C3 on days, Farrington flexible on weeks, and
/// on both the one recommended by default.
pub fn recommended_detectors(step: Step) -> Vec<Detector> {
    let ids: &[&str] = match step {
        Step::Day => &["ears_c1", "ears_c2", "ears_c3", DetectorSpec::DEFAULT_ID],
        Step::Week => &["farrington_flexible", DetectorSpec::DEFAULT_ID],
        Step::Month => &["farrington_flexible"],
    };
    // A count below 3 exceeds the bound of an all-zero week by its nature; one case of a rare disease is the
    // business of a case rule, not of a detector of excess.
    ids.iter()
        .filter_map(|id| DetectorSpec::recommended_for(id, step))
        .map(|spec| Detector::new(spec, step, 3))
        .collect()
}

/// One exceedance.
#[derive(Debug, Clone, PartialEq)]
pub struct Exceedance {
    /// Position of the detector in the list given.
    pub detector: usize,
    /// Method.
    pub method: String,
    /// Version of the method.
    pub method_version: u32,
    /// First day of the step.
    pub date: Date,
    /// Count.
    pub observed: i64,
    /// Expected count.
    pub expected: Option<f64>,
    /// Largest count that is not unusual.
    pub upper: Option<f64>,
    /// Statistic of the method.
    pub score: Option<f64>,
    /// p value of the method.
    pub p_value: Option<f64>,
}

/// One step of an analysed series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnalysedStep {
    /// First day of the step.
    pub date: Date,
    /// Count; `None` = not reported.
    pub n: Option<i64>,
    /// Expected count of the first detector that has one.
    pub expected: Option<f64>,
    /// Upper bound of the first detector that has one.
    pub upper: Option<f64>,
    /// Methods that raise an alarm on this step.
    pub methods: Vec<String>,
}

/// Reproduction number at the end of a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RtStep {
    /// Last day of the window.
    pub date: Date,
    /// Posterior mean.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub lower: f64,
    /// Upper end of the 95 % interval.
    pub upper: f64,
}

/// Why there is no estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteCode {
    /// The disease has no published serial interval, or no disease is given.
    NoSerialInterval,
    /// Too few cases in every window.
    TooFewCases,
    /// The series is too short.
    TooShort,
    /// The method needs daily counts.
    NotDaily,
    /// The fit did not converge.
    NoFit,
}

impl NoteCode {
    /// The name used in serialised forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSerialInterval => "no_serial_interval",
            Self::TooFewCases => "too_few_cases",
            Self::TooShort => "too_short",
            Self::NotDaily => "not_daily",
            Self::NoFit => "no_fit",
        }
    }
}

/// What a series says.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesAnalysis {
    /// Every step with expectation and alarms.
    pub steps: Vec<AnalysedStep>,
    /// Exceedances in order of date.
    pub exceedances: Vec<Exceedance>,
    /// Reproduction number by window end, where there is an estimate.
    pub rt: Vec<RtStep>,
    /// Why there is none at all.
    pub rt_note: Option<NoteCode>,
    /// Growth over the last two weeks.
    pub growth: Option<Growth>,
    /// Why there is none.
    pub growth_note: Option<NoteCode>,
    /// Methods with versions, as `id/version`.
    pub methods: Vec<String>,
    /// Digest of the series (start, step, counts), hexadecimal.
    pub input_digest: String,
}

/// Steps over which recent growth is estimated: two weeks follow a change within a serial interval or two and
/// average every weekday twice.
const GROWTH_STEPS: usize = 14;

/// Counts of a series with corrections: negative steps cannot be counts, they are taken back from the steps before
/// them (latest first), so that the total stays what the source says.
pub fn spread_corrections(counts: &[Option<i64>]) -> Vec<Option<u32>> {
    let mut spread: Vec<Option<i64>> = counts.to_vec();
    for i in 0..spread.len() {
        let Some(n) = spread[i].filter(|n| *n < 0) else { continue };
        spread[i] = Some(0);
        let mut owed = -n;
        for earlier in spread[..i].iter_mut().rev() {
            if owed == 0 {
                break;
            }
            if let Some(value) = earlier.filter(|v| *v > 0) {
                let taken = value.min(owed);
                *earlier = Some(value - taken);
                owed -= taken;
            }
        }
    }
    spread.into_iter().map(|n| n.map(|n| u32::try_from(n).unwrap_or(u32::MAX))).collect()
}

/// Analyses a series. `evaluated`: how many of the last steps the detectors look at (all if `None`).
///
/// # Errors
/// Where a detector refuses its parameters.
pub fn analyse_series(
    series: &CountSeries,
    detectors: &[Detector],
    serial_interval: Option<&SerialInterval>,
    evaluated: Option<usize>,
) -> Result<SeriesAnalysis, EpiError> {
    let (steps, exceedances, mut methods) = run_detectors(series, detectors, evaluated)?;
    let (rt, rt_note, rt_method) = reproduction_number(series, serial_interval)?;
    methods.extend(rt_method);
    let (growth, growth_note) = recent_growth(series);
    if growth.is_some() {
        methods.push(format!("growth/{}", growth::VERSION));
    }
    Ok(SeriesAnalysis {
        steps,
        exceedances,
        rt,
        rt_note,
        growth,
        growth_note,
        methods,
        input_digest: input_digest(series),
    })
}

/// Steps, exceedances in order of date, and methods.
type Detected = (Vec<AnalysedStep>, Vec<Exceedance>, Vec<String>);

/// The detectors alone, over the last `evaluated` steps (all if `None`).
pub(crate) fn run_detectors(
    series: &CountSeries,
    detectors: &[Detector],
    evaluated: Option<usize>,
) -> Result<Detected, EpiError> {
    let mut steps: Vec<AnalysedStep> = series
        .counts()
        .iter()
        .enumerate()
        .map(|(i, n)| AnalysedStep {
            date: series.date(i),
            n: n.map(i64::from),
            expected: None,
            upper: None,
            methods: Vec::new(),
        })
        .collect();
    let mut methods = Vec::new();
    let mut exceedances = Vec::new();
    let from = evaluated.map_or(0, |steps| series.len().saturating_sub(steps));
    for (index, detector) in detectors.iter().enumerate() {
        let newest = detector.newest_steps.map_or(0, |steps| series.len().saturating_sub(steps));
        let result = detect(&detector.spec, series, from.max(newest)..series.len())?;
        methods.push(format!("{}/{}", result.method, result.method_version));
        for step in &result.steps {
            let shown = &mut steps[step.index];
            shown.expected = shown.expected.or(step.expected());
            shown.upper = shown.upper.or(step.upper());
            let observed = i64::from(step.observed.unwrap_or(0));
            if step.alarm() && observed >= detector.min_count {
                shown.methods.push(result.method.clone());
                exceedances.push(Exceedance {
                    detector: index,
                    method: result.method.clone(),
                    method_version: result.method_version,
                    date: step.date,
                    observed,
                    expected: step.expected(),
                    upper: step.upper(),
                    score: step.score(),
                    p_value: step.p_value(),
                });
            }
        }
    }
    exceedances.sort_by_key(|e| e.date);
    Ok((steps, exceedances, methods))
}

/// Takes the steps from `complete` on out of growth and reproduction number: while reports still come in, the last
/// days look like the end of every epidemic.
///
/// # Errors
/// Where the calendar runs out of the years that dates have.
pub fn leave_out_incomplete(
    analysis: &mut SeriesAnalysis,
    series: &CountSeries,
    complete: usize,
) -> Result<(), EpiError> {
    if complete < series.len() {
        let settled = CountSeries::new(series.start(), series.step(), series.counts()[..complete].to_vec())?;
        (analysis.growth, analysis.growth_note) = recent_growth(&settled);
        let end = series.date(complete);
        analysis.rt.retain(|point| point.date < end);
    }
    Ok(())
}

/// Estimates, why there is none, and the method.
type Reproduction = (Vec<RtStep>, Option<NoteCode>, Option<String>);

fn reproduction_number(
    series: &CountSeries,
    serial_interval: Option<&SerialInterval>,
) -> Result<Reproduction, EpiError> {
    let none = |note| Ok((Vec::new(), Some(note), None));
    if series.step() != Step::Day {
        return none(NoteCode::NotDaily);
    }
    let Some(interval) = serial_interval else { return none(NoteCode::NoSerialInterval) };
    // Days before the first case hold no information and would put the imported first case at the wrong day.
    let Some(first) = series.counts().iter().position(|n| n.is_some_and(|n| n > 0)) else {
        return none(NoteCode::TooFewCases);
    };
    let config = RtConfig::recommended();
    let tail = CountSeries::new(series.date(first), Step::Day, series.counts()[first..].to_vec())?;
    if tail.len() <= config.window_days {
        return none(NoteCode::TooShort);
    }
    let result = estimate_rt(&Incidence::all_local(&tail)?, &interval.discretised()?, &config)?;
    let rt: Vec<RtStep> = result
        .points
        .iter()
        .filter_map(|point| {
            let estimate = point.estimate.as_ref().ok()?;
            let (lower, upper) = (*estimate.quantiles.first()?, *estimate.quantiles.last()?);
            Some(RtStep { date: point.window_end, mean: estimate.mean, lower, upper })
        })
        .collect();
    let note = rt.is_empty().then(|| {
        let early = |e: &Result<_, NoEstimate>| matches!(e, Err(NoEstimate::BeforeFirstGeneration));
        if result.points.iter().all(|p| early(&p.estimate)) {
            NoteCode::TooShort
        } else {
            NoteCode::TooFewCases
        }
    });
    Ok((rt, note, Some(format!("{}/{}", result.method, result.method_version))))
}

fn recent_growth(series: &CountSeries) -> (Option<Growth>, Option<NoteCode>) {
    let config = GrowthConfig::recommended();
    let range = series.len().saturating_sub(GROWTH_STEPS)..series.len();
    let cases: u64 = series.counts()[range.clone()].iter().flatten().map(|&n| u64::from(n)).sum();
    if cases < u64::from(RtConfig::recommended().cases_min) {
        return (None, Some(NoteCode::TooFewCases));
    }
    let negative_binomial = estimate_growth_negative_binomial(series, range.clone(), &config);
    // Without overdispersion the negative binomial has no finite size; Poisson is then the right model.
    let fitted = negative_binomial.or_else(|_| estimate_growth_poisson(series, range, &config));
    match fitted {
        Ok(growth) => (Some(growth), None),
        Err(EpiError::TooShort { .. }) => (None, Some(NoteCode::TooShort)),
        Err(_) => (None, Some(NoteCode::NoFit)),
    }
}

/// Digest of start, step and counts, so that a result can be tied to its input.
pub fn input_digest(series: &CountSeries) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(series.start().to_string().as_bytes());
    hasher.update(format!("{:?}", series.step()).as_bytes());
    for n in series.counts() {
        hasher.update(&n.map_or(-1, i64::from).to_le_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn corrections_are_taken_back_from_the_days_before() {
        let counts = [Some(5), Some(2), Some(-4), Some(1), None];
        assert_eq!(spread_corrections(&counts), [Some(3), Some(0), Some(0), Some(1), None]);
        assert_eq!(spread_corrections(&[Some(-4), Some(2)]), [Some(0), Some(2)]);
    }

    #[test]
    fn a_jump_is_signalled_and_repeatable() {
        let counts: Vec<_> = [2, 3, 1, 2, 3, 2, 1, 2, 3, 2, 30].map(Some).to_vec();
        let series = CountSeries::new(date(2020, 1, 1), Step::Day, counts).unwrap();
        let interval = SerialInterval { mean_days: 4.7, sd_days: 2.9, source: "test".into() };
        let detectors = recommended_detectors(Step::Day);
        let once = analyse_series(&series, &detectors, Some(&interval), None).unwrap();
        assert!(once.exceedances.iter().any(|e| e.date == date(2020, 1, 11) && e.method == "ears_c1"));
        assert!(once.steps[10].methods.contains(&"ears_c1".to_owned()));
        assert_eq!(once, analyse_series(&series, &detectors, Some(&interval), None).unwrap());
        assert!(!once.rt.is_empty() && once.rt_note.is_none());
    }

    #[test]
    fn without_a_serial_interval_there_is_no_reproduction_number() {
        let series = CountSeries::new(date(2020, 1, 1), Step::Day, vec![Some(20); 30]).unwrap();
        let result = analyse_series(&series, &[], None, None).unwrap();
        assert_eq!(result.rt_note, Some(NoteCode::NoSerialInterval));
        let growth = result.growth.unwrap();
        assert!(growth.rate_per_day.lower < 0.0 && growth.rate_per_day.upper > 0.0);
    }
}
