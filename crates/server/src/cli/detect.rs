//! `wanquan detect`: any detector on one series or a panel of them.

use super::cells;
use super::tables::{self, DateArgs, Output, Progress};
use crate::report::{detections, plain};
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_app::ingest::panel::{PanelOptions, PanelSeries, read_panel};
use wanquan_app::ingest::series::Step;
use wanquan_epi::detect::{
    DetectionSeries, DetectionStep, DetectorSpec, NotEvaluated, detect_panel,
    farrington_flexible_with_population,
};
use wanquan_epi::{CountSeries, Error as EpiError, Step as EpiStep};

/// Series given to the threads at once, between two looks at the progress.
const CHUNK: usize = 64;

/// Arguments of `wanquan detect`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan detect panel.csv -o signals.csv --plot signals.html
  zcat panel.csv.gz | wanquan detect - --method farrington-flexible --steps 52
  wanquan detect counts.csv --method ears-c2 --param baseline_steps=14 --alpha 0.001
  wanquan detect --explain regression-scan

A panel has the columns series, date, cases; or date and a column a series; or a name and a column a date. A step \
without a row or with an empty cell was not reported. Answers have the columns series, date, observed, expected, upper, \
score, p, alarm; cells are empty where the method has no such number or no verdict (JSON says why).

Methods: regression-scan (recommended), ears-c1, ears-c2, ears-c3, farrington-flexible, farrington, rki-1 to rki-3, \
bayes-1 to bayes-3, cusum, glr-poisson, glr-negative-binomial, outbreak-p.")]
pub struct DetectArgs {
    /// Counts by series and date: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    file: Option<PathBuf>,
    /// Method; the list is below.
    #[arg(long, value_name = "METHOD", default_value = "regression-scan", value_parser = method)]
    method: MethodArg,
    /// Parameter of the method as its page names it (--explain METHOD), with a dot before one within another:
    /// baseline_steps=14, windows.years_back=3, holidays='[\"2024-01-01\"]'. May be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    param: Vec<(String, Value)>,
    /// Probability of an alarm without an outbreak, 0 to 1; short for --param alpha_prob.
    #[arg(long, value_name = "PROB")]
    alpha: Option<f64>,
    /// Steps from which EARS takes its mean, and the charts learn theirs: days, weeks or months.
    #[arg(long, value_name = "STEPS")]
    baseline: Option<usize>,
    /// Years of history that the method looks back (Farrington, RKI, Bayes, regression-scan).
    #[arg(long, value_name = "YEARS")]
    years_back: Option<usize>,
    /// Steps on either side of the same step of earlier years (Farrington, RKI, Bayes).
    #[arg(long, value_name = "STEPS")]
    half_window: Option<usize>,
    /// Fewest recent cases for an alarm (regression-scan, Farrington).
    #[arg(long, value_name = "CASES")]
    cases_min: Option<u32>,
    /// Days on which reports differ, with commas (regression-scan).
    #[arg(long, value_name = "DATES", value_delimiter = ',')]
    holidays: Option<Vec<Date>>,
    /// Share, above 0 and not above 1, of the newest step that is reported by now, of the one before it, and so on, with
    /// commas (regression-scan).
    #[arg(long, value_name = "SHARES", value_delimiter = ',')]
    completeness: Option<Vec<f64>>,
    /// Newest steps to evaluate; otherwise every step.
    #[arg(long, value_name = "STEPS", conflicts_with = "from")]
    steps: Option<usize>,
    /// First day to evaluate; otherwise every step.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Column that names the series.
    #[arg(long, value_name = "COL")]
    series: Option<String>,
    /// Column with the date.
    #[arg(long, value_name = "COL")]
    date: Option<String>,
    /// Column with the count; several, with commas, where each is a series.
    #[arg(long, value_name = "COLS", value_delimiter = ',')]
    count: Vec<String>,
    /// Column with the persons at risk (farrington-flexible only).
    #[arg(long, value_name = "COL")]
    population: Option<String>,
    #[command(flatten)]
    dates: DateArgs,
    /// Length of a step; otherwise found from the dates.
    #[arg(long, value_enum)]
    step: Option<StepArg>,
    #[command(flatten)]
    output: Output,
    /// Page with a chart a series.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
    /// Print what a method does and its parameters, and end.
    #[arg(long, value_name = "METHOD", value_parser = method)]
    explain: Option<MethodArg>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StepArg {
    Day,
    Week,
    Month,
}

/// Pages of the methods, by id.
const PAGES: [(&str, &str); 12] = [
    ("regression_scan", include_str!("../../../../docs/methods/regression_scan.md")),
    ("ears_c1", include_str!("../../../../docs/methods/ears_c1.md")),
    ("ears_c2", include_str!("../../../../docs/methods/ears_c2.md")),
    ("ears_c3", include_str!("../../../../docs/methods/ears_c3.md")),
    ("farrington_flexible", include_str!("../../../../docs/methods/farrington_flexible.md")),
    ("farrington", include_str!("../../../../docs/methods/farrington.md")),
    ("rki", include_str!("../../../../docs/methods/rki.md")),
    ("bayes", include_str!("../../../../docs/methods/bayes.md")),
    ("cusum", include_str!("../../../../docs/methods/cusum.md")),
    ("glr_poisson", include_str!("../../../../docs/methods/glr_poisson.md")),
    ("glr_negative_binomial", include_str!("../../../../docs/methods/glr_negative_binomial.md")),
    ("outbreak_p", include_str!("../../../../docs/methods/outbreak_p.md")),
];

/// A method as it was named; its parameters depend on the length of a step.
#[derive(Clone)]
struct MethodArg(String);

fn method(text: &str) -> Result<MethodArg, String> {
    let named = MethodArg(text.replace('-', "_").to_ascii_lowercase());
    named.recommended(EpiStep::Week).map(|_| named)
}

impl MethodArg {
    fn recommended(&self, step: EpiStep) -> Result<DetectorSpec, String> {
        recommended(&self.0, step)
    }
}

fn recommended(id: &str, step: EpiStep) -> Result<DetectorSpec, String> {
    let windows = |years_back: u64, half_window_steps: u64, current_year: &str| {
        serde_json::json!({ "years_back": years_back, "half_window_steps": half_window_steps,
            "current_year": current_year, "years": "calendar" })
    };
    // The variants as they are numbered in the literature.
    let (base, change) = match id {
        "rki_1" | "bayes_1" => (&id[..id.len() - 2], Some(windows(0, 6, "included"))),
        "rki_2" | "bayes_2" => (&id[..id.len() - 2], Some(windows(1, 6, "included"))),
        "rki_3" | "bayes_3" => (&id[..id.len() - 2], Some(windows(2, 4, "excluded"))),
        other => (other, None),
    };
    let spec = DetectorSpec::recommended_for(base, step)
        .ok_or_else(|| format!("there is no such method; there are {}", DetectorSpec::IDS.join(", ")))?;
    let Some(change) = change else { return Ok(spec) };
    changed(&spec, &[("windows".to_owned(), change)]).map_err(|error| error.to_string())
}

fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "say NAME=VALUE".to_owned())?;
    // What is no number, list or quoted text is a word, such as `calendar`.
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.trim().to_owned(), value))
}

/// The detector with other parameters.
fn changed(spec: &DetectorSpec, parameters: &[(String, Value)]) -> anyhow::Result<DetectorSpec> {
    let id = spec.method().id;
    let mut json = serde_json::to_value(spec)?;
    for (name, value) in parameters {
        let mut at = &mut json;
        for part in name.split('.') {
            let fields =
                at.as_object_mut().with_context(|| format!("parameter {name}: {id} has no such part"))?;
            let known = fields.keys().filter(|key| *key != "id").cloned().collect::<Vec<_>>().join(", ");
            at = match fields.get_mut(part) {
                Some(field) if part != "id" => field,
                _ => bail!("{id} has no parameter `{}`; there are: {known}", plain(name)),
            };
        }
        at.clone_from(value);
    }
    serde_json::from_value(json).with_context(|| format!("parameters of {id}"))
}

impl DetectArgs {
    /// Reads, detects and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(spec) = &self.explain {
            return explain(spec);
        }
        let Some(path) = &self.file else { bail!("name a file") };
        let options = PanelOptions {
            series: self.series.clone(),
            date: self.date.clone(),
            counts: self.count.clone(),
            population: self.population.clone(),
            date_order: self.dates.order,
            step: self.step.map(|step| match step {
                StepArg::Day => Step::Day,
                StepArg::Week => Step::Week,
                StepArg::Month => Step::Month,
            }),
        };
        let panel = tables::read(path, |table| Ok(read_panel(table, &options)?))?;
        let step = panel.first().map_or(EpiStep::Week, |series| series.counts.step());
        if self.step.is_none() && step == EpiStep::Day {
            remark_sparse(&panel);
        }
        let spec = self.spec(step)?;
        let found = self.detect(&spec, &panel)?;
        let results: Vec<(String, CountSeries, DetectionSeries)> =
            panel.into_iter().zip(found).map(|(series, found)| (series.name, series.counts, found)).collect();
        self.remark(&spec, &results);
        self.output.write_either(|| csv(&results), || json(&spec, &results))?;
        if let Some(path) = &self.plot {
            tables::write(Some(path), detections::render(spec.method().id, &results).as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn spec(&self, step: EpiStep) -> anyhow::Result<DetectorSpec> {
        let recommended = self.method.recommended(step).map_err(|why| anyhow::anyhow!(why))?;
        let json = serde_json::to_value(&recommended)?;
        let has = |name: &str| name.split('.').try_fold(&json, |at, part| at.get(part)).is_some();
        let mut parameters = self.param.clone();
        // A short form stands for the parameter of that meaning, under whatever name the method has it.
        let short: [(&str, Option<Value>, &[&str]); 7] = [
            ("--alpha", self.alpha.map(Value::from), &["alpha_prob", "ears.alpha_prob"]),
            (
                "--baseline",
                self.baseline.map(Value::from),
                &["baseline_steps", "ears.baseline_steps", "training_steps", "chart.training_steps"],
            ),
            (
                "--years-back",
                self.years_back.map(Value::from),
                &["years_back", "windows.years_back", "history_years"],
            ),
            (
                "--half-window",
                self.half_window.map(Value::from),
                &["half_window_steps", "windows.half_window_steps"],
            ),
            ("--cases-min", self.cases_min.map(Value::from), &["cases_min", "recent_cases_min"]),
            (
                "--holidays",
                self.holidays.as_ref().map(|days| days.iter().map(Date::to_string).collect()),
                &["holidays"],
            ),
            ("--completeness", self.completeness.clone().map(Value::from), &["completeness"]),
        ];
        for (flag, value, names) in short {
            let Some(value) = value else { continue };
            let id = recommended.method().id;
            let name = names
                .iter()
                .find(|name| has(name))
                .with_context(|| format!("{id} has no {flag}; --explain {id} tells what it has"))?;
            parameters.push(((*name).to_owned(), value));
        }
        changed(&recommended, &parameters)
    }

    fn detect(&self, spec: &DetectorSpec, panel: &[PanelSeries]) -> anyhow::Result<Vec<DetectionSeries>> {
        let Some(first) = panel.first().map(|series| &series.counts) else { return Ok(Vec::new()) };
        // The series of a panel share a calendar.
        let steps = match (self.steps, self.from) {
            (Some(steps), _) => steps.min(first.len()),
            (None, Some(from)) => (0..first.len()).filter(|t| first.date(*t) >= from).count(),
            (None, None) => first.len(),
        };
        if let Some(from) = self.from {
            ensure!(steps > 0, "no step begins on or after {from}");
        }
        let progress = Progress::new("series", panel.len());
        let mut results = Vec::with_capacity(panel.len());
        for chunk in panel.chunks(CHUNK) {
            let found = if self.population.is_some() {
                chunk
                    .iter()
                    .map(|series| with_population(spec, series, steps))
                    .collect::<anyhow::Result<_>>()?
            } else {
                let counts: Vec<CountSeries> = chunk.iter().map(|series| series.counts.clone()).collect();
                detect_panel(spec, &counts, steps)
            };
            for (series, found) in chunk.iter().zip(found) {
                results.push(match found {
                    Ok(found) => found,
                    Err(why @ EpiError::InvalidParameter { .. }) => return Err(why.into()),
                    Err(why) => {
                        eprintln!("wanquan: `{}` is not evaluated: {why}", plain(&series.name));
                        unanswered(spec, &series.counts, steps)
                    }
                });
                progress.step();
            }
        }
        progress.end();
        Ok(results)
    }

    /// Says so where nothing could be evaluated: an empty answer looks like a quiet one.
    fn remark(&self, spec: &DetectorSpec, results: &[(String, CountSeries, DetectionSeries)]) {
        let silent: Vec<&str> = results
            .iter()
            .filter(|(_, _, found)| found.steps.iter().all(|step| step.verdict.is_err()))
            .map(|(name, _, _)| name.as_str())
            .collect();
        if silent.is_empty() {
            return;
        }
        let shown = silent.iter().take(5).map(|name| plain(name)).collect::<Vec<_>>().join(", ");
        let more = if silent.len() > 5 { ", ..." } else { "" };
        let reasons = results
            .iter()
            .filter(|(name, _, _)| silent.contains(&name.as_str()))
            .filter_map(|(_, _, found)| found.steps.last()?.verdict.err());
        let mut by_reason: BTreeMap<String, usize> = BTreeMap::new();
        for reason in reasons {
            *by_reason.entry(why_not(spec, reason)).or_default() += 1;
        }
        // Of several reasons the most frequent one: JSON has them all.
        let why =
            by_reason.into_iter().max_by_key(|(_, times)| *times).map_or_else(String::new, |(why, _)| why);
        eprintln!("wanquan: no step could be evaluated in {} series: {shown}{more}; {why}", silent.len());
    }
}

/// Why a method has no verdict on a step, as a person would say it.
fn why_not(spec: &DetectorSpec, reason: NotEvaluated) -> String {
    let id = spec.method().id;
    match reason {
        NotEvaluated::NotReported => "the newest step was not reported".to_owned(),
        NotEvaluated::HistoryTooShort { need, .. } => format!("{id} asks for {need} steps of history"),
        NotEvaluated::TooFewReported { need, .. } => {
            format!("{id} asks for {need} reported steps in its baseline")
        }
        NotEvaluated::TooFewCases { need, .. } => {
            format!("{id} asks for {need} cases in the newest steps (--explain {id})")
        }
        NotEvaluated::NoFit => format!("{id} found no fit of its baseline"),
    }
}

/// Says so where nearly all days are without a row: one date in a panel of weeks that is off by a day makes it days.
fn remark_sparse(panel: &[PanelSeries]) {
    let all = panel.iter().flat_map(|series| series.counts.counts());
    let (reported, steps) =
        all.fold((0_usize, 0_usize), |(n, all), count| (n + usize::from(count.is_some()), all + 1));
    if reported > 1 && steps / reported >= 4 {
        eprintln!(
            "wanquan: the dates are taken as days, of which {reported} in {steps} have a count; if they are weeks or months, say \
             --step week or --step month, which names the date that is off"
        );
    }
}

fn with_population(
    spec: &DetectorSpec,
    series: &PanelSeries,
    steps: usize,
) -> anyhow::Result<Result<DetectionSeries, EpiError>> {
    let DetectorSpec::FarringtonFlexible(config) = spec else {
        bail!("only farrington-flexible takes --population, {} does not", spec.method().id);
    };
    let population = series.population.as_deref().context("the population was not read")?;
    let range = series.counts.len() - steps..series.counts.len();
    Ok(farrington_flexible_with_population(&series.counts, population, config, range))
}

fn unanswered(spec: &DetectorSpec, series: &CountSeries, steps: usize) -> DetectionSeries {
    let method = spec.method();
    let step = |index| DetectionStep {
        index,
        date: series.date(index),
        observed: series.counts()[index],
        verdict: Err(NotEvaluated::NoFit),
    };
    DetectionSeries {
        method: method.id.to_owned(),
        method_version: method.version,
        steps: (series.len() - steps..series.len()).map(step).collect(),
    }
}

fn explain(method: &MethodArg) -> anyhow::Result<ExitCode> {
    let spec = &method.recommended(EpiStep::Week).map_err(|why| anyhow::anyhow!(why))?;
    let id = spec.method().id;
    let page = PAGES.iter().find(|(page, _)| *page == id).map_or("", |(_, text)| text);
    let parameters = serde_json::to_string_pretty(spec)?;
    tables::write(None, format!("{page}\nParameters as recommended for weeks:\n{parameters}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn csv(results: &[(String, CountSeries, DetectionSeries)]) -> String {
    let mut out = "series,date,observed,expected,upper,score,p,alarm\n".to_owned();
    for (name, _, found) in results {
        let name = csv_cell(name);
        for step in &found.steps {
            let observed = step.observed.map_or_else(String::new, |n| n.to_string());
            let _ = writeln!(
                out,
                "{name},{},{observed},{},{},{},{},{}",
                step.date,
                cells::written(step.expected()),
                cells::written(step.upper()),
                cells::written(step.score()),
                cells::written(step.p_value()),
                step.alarm()
            );
        }
    }
    out
}

fn json(spec: &DetectorSpec, results: &[(String, CountSeries, DetectionSeries)]) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Answer<'a> {
        schema: &'static str,
        schema_version: u32,
        method: &'static str,
        method_version: u32,
        parameters: &'a DetectorSpec,
        series: Vec<Series<'a>>,
    }
    #[derive(Serialize)]
    struct Series<'a> {
        series: &'a str,
        steps: Vec<StepOut>,
    }
    #[derive(Serialize)]
    struct StepOut {
        date: Date,
        observed: Option<u32>,
        expected: Option<f64>,
        upper: Option<f64>,
        score: Option<f64>,
        p: Option<f64>,
        alarm: bool,
        /// Why there is no verdict.
        #[serde(skip_serializing_if = "Option::is_none")]
        not_evaluated: Option<NotEvaluated>,
    }
    let step = |step: &DetectionStep| StepOut {
        date: step.date,
        observed: step.observed,
        expected: step.expected(),
        upper: step.upper(),
        score: step.score(),
        p: step.p_value(),
        alarm: step.alarm(),
        not_evaluated: step.verdict.err(),
    };
    let method = spec.method();
    let answer = Answer {
        schema: "wanquan.detections",
        schema_version: 1,
        method: method.id,
        method_version: method.version,
        parameters: spec,
        series: results
            .iter()
            .map(|(name, _, found)| Series { series: name, steps: found.steps.iter().map(step).collect() })
            .collect(),
    };
    let mut text = serde_json::to_string(&answer).context("writing JSON")?;
    text.push('\n');
    Ok(text)
}
