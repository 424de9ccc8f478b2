//! `wanquan twobytwo`: measures of association of one table or of strata.

use super::cells;
use super::measures::{self, Measure};
use super::tables::{self, Output};
use crate::report::forest::{self, Ratio};
use anyhow::{Context, ensure};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::ingest::read::Table;
use wanquan_epi::association::{TwoByTwo, mantel_haenszel};

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
    #[command(flatten)]
    output: Output,
    /// Page with the ratios and their intervals.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
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
        measured("", TwoByTwo::new(a, b, c, d)?, self.confidence, &mut lines)?;
        if strata.len() > 1 {
            for (name, table) in &pooled {
                measured(name, *table, self.confidence, &mut lines)?;
            }
            let tables: Vec<TwoByTwo> = pooled.iter().map(|p| p.1).collect();
            let found = mantel_haenszel(&tables, self.confidence)?;
            lines.extend([
                Measure::new("pooled", "mantel_haenszel_odds_ratio", found.odds_ratio),
                Measure::number("pooled", "mantel_haenszel_risk_ratio", found.risk_ratio),
                Measure::number("pooled", "mantel_haenszel_chi_squared", found.chi_squared),
                Measure::number("pooled", "mantel_haenszel_p", found.p_value),
            ]);
        }
        measures::write(&self.output, "wanquan.twobytwo", "stratum", &lines)?;
        if let Some(path) = &self.plot {
            let page = forest::page("Association of exposure and illness", &ratios(&lines));
            tables::write(Some(path), page.as_bytes())?;
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

fn measured(stratum: &str, t: TwoByTwo, confidence: f64, lines: &mut Vec<Measure>) -> anyhow::Result<()> {
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
    lines.extend(found.into_iter().map(|(measure, interval)| Measure::new(stratum, measure, interval)));
    lines.extend([
        Measure::number(stratum, "fisher_p", Some(t.fisher_p())),
        Measure::number(stratum, "chi_squared", t.chi_squared()),
        Measure::number(stratum, "chi_squared_yates", t.chi_squared_yates()),
    ]);
    Ok(())
}

/// The lines that are ratios with an estimate, fit to be compared with 1.
fn ratios(lines: &[Measure]) -> Vec<Ratio> {
    let is_ratio = |l: &&Measure| l.measure.ends_with("_ratio") || l.measure.contains("odds_ratio_");
    let ratio = |l: &Measure| {
        let stratum = if l.group.is_empty() { String::new() } else { format!("{}: ", l.group) };
        let name = format!("{stratum}{}", l.measure.replace('_', " "));
        Some(Ratio { name, estimate: l.estimate?, interval: l.lower.zip(l.upper) })
    };
    lines.iter().filter(is_ratio).filter_map(ratio).collect()
}
