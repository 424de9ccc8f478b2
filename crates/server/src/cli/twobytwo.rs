//! `wanquan twobytwo`: measures of association of one table or of strata.

use super::{cells, tables};
use crate::report::forest::{self, Ratio};
use anyhow::{Context, ensure};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_app::ingest::read::Table;
use wanquan_epi::association::{Interval, TwoByTwo, mantel_haenszel};

/// Arguments of `wanquan twobytwo`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan twobytwo 43 11 3 18
  wanquan twobytwo oswego.csv --exposed vanilla --ill ill
  wanquan twobytwo cohort.csv --exposed vaccinated --ill case --stratum age_group --format json

The four numbers are persons: exposed and ill, exposed and well, unexposed and ill, unexposed and well. A line list has \
a column with the exposure and one with the illness (1/0, yes/no). With --stratum the table is pooled by Mantel and \
Haenszel as well. Answers: stratum, measure, estimate, lower, upper; an empty cell is not defined for these numbers. \
docs/methods/two_by_two.md says what is computed.")]
pub struct TwoByTwoArgs {
    /// Four numbers, or a file: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE|A B C D", required = true, num_args = 1..=4)]
    input: Vec<String>,
    /// Column with the exposure (1/0, yes/no).
    #[arg(long, value_name = "COL")]
    exposed: Option<String>,
    /// Column with the illness (1/0, yes/no).
    #[arg(long, value_name = "COL")]
    ill: Option<String>,
    /// Column with the stratum of a confounder.
    #[arg(long, value_name = "COL")]
    stratum: Option<String>,
    /// Confidence of the intervals, 0 to 1.
    #[arg(long, value_name = "PROB", default_value_t = 0.95)]
    confidence: f64,
    /// Form of the answer.
    #[arg(long, value_enum, default_value_t = super::Form::Csv)]
    format: super::Form,
    /// File to write; otherwise standard output.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Page with the ratios and their intervals.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
}

#[derive(Serialize)]
struct Line {
    stratum: String,
    measure: &'static str,
    estimate: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl TwoByTwoArgs {
    /// Reads, computes and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let strata = match self.input.as_slice() {
            [file] => tables::read(&PathBuf::from(file), |table| self.strata(table))?,
            [_, _, _, _] => {
                let mut n = [0_u32; 4];
                for (n, text) in n.iter_mut().zip(&self.input) {
                    *n = text.parse().with_context(|| format!("`{text}` is no number of persons"))?;
                }
                BTreeMap::from([(String::new(), n)])
            }
            other => anyhow::bail!("name one file or four numbers, not {}", other.len()),
        };
        let mut lines = Vec::new();
        let mut pooled = Vec::new();
        let mut all = [0_u32; 4];
        for (name, n) in &strata {
            for (sum, n) in all.iter_mut().zip(n) {
                *sum = sum.checked_add(*n).context("more than 4,294,967,295 persons")?;
            }
            match TwoByTwo::new(n[0], n[1], n[2], n[3]) {
                Ok(table) => pooled.push((name, table)),
                Err(error) if strata.len() > 1 => {
                    eprintln!("wanquan: stratum {}: {error}; left out", crate::report::plain(name));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let [a, b, c, d] = all;
        measures("", TwoByTwo::new(a, b, c, d)?, self.confidence, &mut lines)?;
        if strata.len() > 1 {
            for (name, table) in &pooled {
                measures(name, *table, self.confidence, &mut lines)?;
            }
            let tables: Vec<TwoByTwo> = pooled.iter().map(|p| p.1).collect();
            let found = mantel_haenszel(&tables, self.confidence)?;
            let mut add = |measure, interval: Interval| lines.push(line("pooled", measure, interval));
            let value = |x| Interval { estimate: x, lower: None, upper: None };
            add("mantel_haenszel_odds_ratio", found.odds_ratio);
            add("mantel_haenszel_risk_ratio", value(found.risk_ratio));
            add("mantel_haenszel_chi_squared", value(found.chi_squared));
            add("mantel_haenszel_p", value(found.p_value));
        }
        let answer = match self.format {
            super::Form::Csv => csv(&lines),
            super::Form::Json => super::json("wanquan.twobytwo", &lines)?,
        };
        tables::write(self.output.as_deref(), answer.as_bytes())?;
        if let Some(path) = &self.plot {
            let page = forest::page("Association of exposure and illness", &ratios(&lines));
            std::fs::write(path, page).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn strata(&self, table: &Table) -> anyhow::Result<BTreeMap<String, [u32; 4]>> {
        let exposed = cells::need(table, self.exposed.as_deref(), &["exposed"], "--exposed")?;
        let ill = cells::need(table, self.ill.as_deref(), &["ill", "case"], "--ill")?;
        let stratum = cells::find(table, self.stratum.as_deref(), &[])?;
        let mut found: BTreeMap<String, [u32; 4]> = BTreeMap::new();
        let mut without = 0_u64;
        cells::each(table, |row| {
            let (Some(exposed), Some(ill)) =
                (cells::flag(table, row, exposed)?, cells::flag(table, row, ill)?)
            else {
                without += 1;
                return Ok(());
            };
            let name = stratum.map_or_else(String::new, |at| cells::text(row, at).to_owned());
            let cell = usize::from(!exposed) * 2 + usize::from(!ill);
            found.entry(name).or_default()[cell] += 1;
            Ok(())
        })?;
        if without > 0 {
            eprintln!("wanquan: {without} persons without exposure or illness are left out");
        }
        ensure!(!found.is_empty(), "no row has both exposure and illness");
        Ok(found)
    }
}

fn line(stratum: &str, measure: &'static str, interval: Interval) -> Line {
    let Interval { estimate, lower, upper } = interval;
    Line { stratum: stratum.to_owned(), measure, estimate, lower, upper }
}

fn measures(stratum: &str, t: TwoByTwo, confidence: f64, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let found = [
        ("attack_rate_exposed", t.attack_rate_exposed(confidence)?),
        ("attack_rate_unexposed", t.attack_rate_unexposed(confidence)?),
        ("risk_ratio", t.risk_ratio(confidence)?),
        ("odds_ratio", t.odds_ratio(confidence)?),
        ("odds_ratio_midp", t.odds_ratio_midp(confidence)?),
        ("odds_ratio_fisher", t.odds_ratio_fisher(confidence)?),
        ("attributable_risk", t.attributable_risk(confidence)?),
        ("attributable_fraction_exposed", t.attributable_fraction_exposed(confidence)?),
        ("population_attributable_fraction", t.population_attributable_fraction(confidence)?),
        ("vaccine_effectiveness", t.vaccine_effectiveness(confidence)?),
    ];
    lines.extend(found.into_iter().map(|(measure, interval)| line(stratum, measure, interval)));
    let value = |x| Interval { estimate: x, lower: None, upper: None };
    lines.push(line(stratum, "fisher_p", value(Some(t.fisher_p()))));
    lines.push(line(stratum, "chi_squared", value(t.chi_squared())));
    lines.push(line(stratum, "chi_squared_yates", value(t.chi_squared_yates())));
    Ok(())
}

/// The lines that are ratios with an estimate, fit to be compared with 1.
fn ratios(lines: &[Line]) -> Vec<Ratio> {
    let is_ratio = |l: &&Line| l.measure.ends_with("_ratio") || l.measure.contains("odds_ratio_");
    let ratio = |l: &Line| {
        let stratum = if l.stratum.is_empty() { String::new() } else { format!("{}: ", l.stratum) };
        let name = format!("{stratum}{}", l.measure.replace('_', " "));
        Some(Ratio { name, estimate: l.estimate?, interval: l.lower.zip(l.upper) })
    };
    lines.iter().filter(is_ratio).filter_map(ratio).collect()
}

fn csv(lines: &[Line]) -> String {
    let mut out = String::from("stratum,measure,estimate,lower,upper\n");
    for l in lines {
        let _ = writeln!(
            out,
            "{},{},{},{},{}",
            csv_cell(&l.stratum),
            l.measure,
            cells::written(l.estimate),
            cells::written(l.lower),
            cells::written(l.upper)
        );
    }
    out
}
