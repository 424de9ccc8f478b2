//! `wanquan rates`: rates with their intervals, standardised for age, and case fatality corrected for delay.

use super::cells;
use super::measures::{self, Measure};
use super::tables::{self, Output};
use anyhow::{Context, bail, ensure};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::ingest::panel::{PanelOptions, read_panel};
use wanquan_app::ingest::read::Table;
use wanquan_epi::association::{
    Interval, Rate, Stratum, estimate_case_fatality, rate_byar, rate_exact, standardise_directly,
    standardise_indirectly,
};
use wanquan_epi::delay::{DelayDistribution, DelayFamily};

/// Longest delay from onset to death that is looked at, steps.
const DEATH_STEPS_MAX: usize = 400;

/// Arguments of `wanquan rates`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan rates 7 1200
  wanquan rates strata.csv --by county --per 100000
  wanquan rates cases.csv --deaths 41 --delay-mean 17.8 --delay-sd 8

The two numbers are events and person-time. A table has a row a stratum (age group): cases, population and, to \
standardise, standard_population and standard_cases; its answers are the rate with exact and with Byar's interval, the \
directly standardised rate and, with standard_cases, the standardised ratio. With --deaths the table holds daily or \
weekly cases by onset as `wanquan detect` reads them, in one series, and the answer is the case fatality ratio, as counted \
and corrected for deaths still to come. Answers: group, measure, estimate, lower, upper. docs/methods/two_by_two.md and \
case_fatality.md say what is computed.")]
pub struct RatesArgs {
    /// Events and person-time, or a file: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE|EVENTS TIME", required = true, num_args = 1..=2)]
    input: Vec<String>,
    /// Column whose values are told apart, such as a place; otherwise all rows are one group.
    #[arg(long, value_name = "COL")]
    by: Option<String>,
    /// Persons (or units of person-time) to which rates refer.
    #[arg(long, value_name = "PERSONS", default_value_t = 1.0)]
    per: f64,
    /// Deaths so far among the cases of the table: asks for the case fatality ratio.
    #[arg(long, value_name = "DEATHS", requires_all = ["delay_mean", "delay_sd"], conflicts_with_all = ["by", "per"])]
    deaths: Option<u32>,
    /// Mean delay from onset to death, days.
    #[arg(long, value_name = "DAYS", requires = "deaths")]
    delay_mean: Option<f64>,
    /// Standard deviation of that delay, days.
    #[arg(long, value_name = "DAYS", requires = "deaths")]
    delay_sd: Option<f64>,
    /// Confidence of the intervals, 0 to 1.
    #[arg(long, value_name = "PROB", default_value_t = 0.95)]
    confidence: f64,
    #[command(flatten)]
    output: Output,
}

/// Strata of a group, and what their table holds of the standard.
struct Group {
    name: String,
    strata: Vec<Stratum>,
}

impl RatesArgs {
    /// Reads, computes and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(self.per > 0.0 && self.per.is_finite(), "--per must be positive");
        let lines = match (self.input.as_slice(), self.deaths) {
            ([file], Some(deaths)) => self.fatality(&PathBuf::from(file), deaths)?,
            ([file], None) => tables::read(&PathBuf::from(file), |table| self.table(table))?,
            ([events, time], None) => {
                let events = events.parse().with_context(|| format!("`{events}` is no number of events"))?;
                let time = time.parse().with_context(|| format!("`{time}` is no person-time"))?;
                self.crude("", events, time)?
            }
            _ => bail!("name one file, or events and person-time"),
        };
        measures::write(&self.output, "wanquan.rates", "group", &lines)?;
        Ok(ExitCode::SUCCESS)
    }

    fn per(&self, interval: Interval) -> Interval {
        let scaled = |x: Option<f64>| x.map(|x| x * self.per);
        Interval {
            estimate: scaled(interval.estimate),
            lower: scaled(interval.lower),
            upper: scaled(interval.upper),
        }
    }

    fn crude(&self, group: &str, events: u32, person_time: f64) -> anyhow::Result<Vec<Measure>> {
        let rate = Rate::new(events, person_time)?;
        Ok(vec![
            Measure::new(group, "rate", self.per(rate_exact(rate, self.confidence)?)),
            Measure::new(group, "rate_byar", self.per(rate_byar(rate, self.confidence)?)),
        ])
    }

    fn table(&self, table: &Table) -> anyhow::Result<Vec<Measure>> {
        let cases = cells::need(table, None, &["cases", "count", "events"], "the name cases")?;
        let population =
            cells::need(table, None, &["population", "person_time", "persons"], "the name population")?;
        let standard = cells::find(table, None, &["standard_population", "std_population"])?;
        let standard_cases = cells::find(table, None, &["standard_cases", "std_cases"])?;
        ensure!(
            standard.is_some() || standard_cases.is_none(),
            "the table has standard_cases, but no column standard_population"
        );
        let by = cells::find(table, self.by.as_deref(), &[])?;
        let mut groups: Vec<Group> = Vec::new();
        cells::each(table, |row| {
            let count = |at: usize| {
                cells::count(table, row, at)?.ok_or_else(|| cells::wrong(table, row, at, "a number of cases"))
            };
            let persons = |at: usize| {
                let number = cells::number(table, row, at)?.filter(|n| *n > 0.0);
                number.ok_or_else(|| cells::wrong(table, row, at, "a positive number"))
            };
            let stratum = Stratum {
                cases: count(cases)?,
                population: persons(population)?,
                standard_cases: standard_cases.map_or(Ok(0), count)?,
                standard_population: standard.map_or(Ok(1.0), persons)?,
            };
            let name = by.map_or_else(|| Ok(String::new()), |at| cells::name(table, row, at))?;
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.strata.push(stratum),
                None => groups.push(Group { name, strata: vec![stratum] }),
            }
            Ok(())
        })?;
        ensure!(!groups.is_empty(), "the table has no row");
        let mut lines = Vec::new();
        for Group { name, strata } in &groups {
            let events = strata.iter().try_fold(0_u32, |sum, s| sum.checked_add(s.cases));
            let events = events.context("more than 4,294,967,295 cases")?;
            lines.extend(self.crude(name, events, strata.iter().map(|s| s.population).sum())?);
            if standard.is_some() {
                let direct = standardise_directly(strata, self.confidence)?;
                lines.push(Measure::new(name, "rate_standardised", self.per(direct.adjusted)));
            }
            if standard_cases.is_some() {
                let indirect = standardise_indirectly(strata, self.confidence)?;
                lines.push(Measure::number(name, "expected_cases", Some(indirect.expected)));
                lines.push(Measure::new(name, "standardised_ratio", indirect.ratio));
            }
        }
        Ok(lines)
    }

    fn fatality(&self, file: &std::path::Path, deaths: u32) -> anyhow::Result<Vec<Measure>> {
        let (Some(mean), Some(sd)) = (self.delay_mean, self.delay_sd) else {
            bail!("say --delay-mean and --delay-sd")
        };
        let panel = tables::read(file, |table| Ok(read_panel(table, &PanelOptions::default())?))?;
        let [series] = &panel[..] else { bail!("the table holds {} series; give one", panel.len()) };
        let days_a_step = match series.counts.step() {
            wanquan_epi::Step::Day => 1.0,
            wanquan_epi::Step::Week => 7.0,
            wanquan_epi::Step::Month => bail!("the table is monthly; deaths need days or weeks"),
        };
        let delay = DelayDistribution::from_mean_sd(DelayFamily::Gamma, mean / days_a_step, sd / days_a_step)
            .and_then(|delay| delay.discretise(DEATH_STEPS_MAX))
            .context("--delay-mean, --delay-sd")?;
        let found = estimate_case_fatality(&series.counts, deaths, &delay, self.confidence)?;
        let name = series.name.as_str();
        Ok(vec![
            Measure::new(name, "case_fatality_as_counted", found.naive),
            Measure::new(name, "case_fatality_corrected", found.corrected),
            Measure::number(name, "known_outcome_share", Some(found.known_outcome_share)),
        ])
    }
}
