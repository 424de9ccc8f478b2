//! `wanquan chains`: who infected whom, clusters, and how uneven transmission is.

use super::cells;
use super::days::{Calendar, Day, Days};
use super::tables::{self, DateArgs, Form, Output};
use anyhow::{Context, ensure};
use clap::Args;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_app::ingest::read::Table;
use wanquan_epi::chains::{
    CaseOnset, Contact, InferConfig, InferredInfector, OffspringFit, TransmissionTree, fit_offspring,
    infer_infectors, most_likely_tree,
};
use wanquan_epi::delay::{DelayDistribution, DelayFamily};

/// Arguments of `wanquan chains`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan chains linelist.csv --id case_id --infector infector_id --onset onset_date
  wanquan chains linelist.csv --onset onset_date --contacts contacts.csv --si-mean 5 --si-sd 3 --format json

With a column of infectors the tree is as recorded. Otherwise each candidate's probability follows from the serial interval \
and the contacts (columns from, to, and weight if they differ), and the tree takes the most likely one. Answers a row \
a case: case, onset, infector, prob, interval_days, contact, generation, offspring, cluster, cluster_size. Onsets may be \
day numbers (whole numbers) instead of dates; the answer then has them too. JSON holds \
the candidates, the clusters and R with dispersion k as well; they are printed to standard error for CSV. \
docs/methods/infector_likelihood.md and offspring_distribution.md say what is computed.")]
pub struct ChainsArgs {
    /// Line list: CSV, TSV, XLSX, each also gzipped; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Column that identifies a case.
    #[arg(long, value_name = "COL")]
    id: Option<String>,
    /// Column with the infector's identifier.
    #[arg(long, value_name = "COL")]
    infector: Option<String>,
    /// Column with the date of onset, or with its day number.
    #[arg(long, value_name = "COL")]
    onset: Option<String>,
    /// Column that says that a case was infected elsewhere (1/0, yes/no).
    #[arg(long, value_name = "COL")]
    imported: Option<String>,
    /// Infer the infectors even if the table names them.
    #[arg(long)]
    infer: bool,
    /// Contacts: from, to, weight.
    #[arg(long, value_name = "FILE")]
    contacts: Option<PathBuf>,
    /// Mean of the serial interval, days.
    #[arg(long, value_name = "DAYS")]
    si_mean: Option<f64>,
    /// Standard deviation of the serial interval, days.
    #[arg(long, value_name = "DAYS")]
    si_sd: Option<f64>,
    /// Weight of a pair without contact against one with, 0 to 1; otherwise 0.01 with --contacts, 1 without.
    #[arg(long, value_name = "WEIGHT")]
    no_contact_weight: Option<f64>,
    /// Weight of a source outside the list.
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.001)]
    outside_weight: f64,
    /// Leave cases with onset after this day out of R and k: their offspring are still to come.
    #[arg(long, value_name = "DATE|DAY", allow_negative_numbers = true)]
    offspring_until: Option<Day>,
    /// Probability of the intervals of R and k, 0 to 1.
    #[arg(long, value_name = "PROB", default_value_t = 0.95)]
    interval: f64,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    output: Output,
    /// Page with the tree over time.
    #[arg(long, value_name = "OUT.html")]
    plot: Option<PathBuf>,
}

/// The line list as far as chains need it.
struct List {
    calendar: Calendar,
    ids: Vec<String>,
    onsets: Vec<Option<Date>>,
    imported: Vec<bool>,
    infectors: Vec<Option<String>>,
    rows: Vec<u64>,
}

#[derive(Serialize)]
struct Line {
    case: String,
    onset: Option<Day>,
    infector: Option<String>,
    prob: Option<f64>,
    interval_days: Option<i32>,
    contact: Option<bool>,
    generation: usize,
    offspring: u32,
    cluster: usize,
    cluster_size: usize,
}

#[derive(Serialize)]
struct Answer {
    cases: Vec<Line>,
    cluster_sizes: Vec<usize>,
    offspring: Option<OffspringFit>,
    candidates: Option<Vec<InferredInfector>>,
}

impl ChainsArgs {
    /// Reads, builds the tree and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(self.interval > 0.0 && self.interval < 1.0, "--interval must lie between 0 and 1");
        let list = tables::read(&self.file, |table| self.list(table))?;
        ensure!(!list.ids.is_empty(), "the table has no case");
        let index: BTreeMap<&str, usize> =
            list.ids.iter().enumerate().map(|(i, id)| (id.as_str(), i)).collect();
        let recorded = list.infectors.iter().any(Option::is_some) && !self.infer;
        let (tree, candidates) = if recorded {
            (self.recorded(&list, &index)?, None)
        } else {
            let inferred = self.inferred(&list, &index)?;
            (most_likely_tree(&inferred)?, Some(inferred))
        };
        let answer = self.answer(&list, &tree, candidates)?;
        if self.output.format == Form::Csv {
            eprintln!("wanquan: {}", summary(&answer));
        }
        self.output.write("wanquan.chains", &answer, |answer| csv(&answer.cases))?;
        if let Some(path) = &self.plot {
            let say = |date| list.calendar.say(date).to_string();
            let page =
                crate::report::tree::page(&list.ids, &list.onsets, tree.infectors(), &summary(&answer), &say);
            tables::write(Some(path), page.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, table: &Table) -> anyhow::Result<List> {
        let id = cells::need(table, self.id.as_deref(), &["case_id", "id", "case"], "--id")?;
        let infector = cells::find(table, self.infector.as_deref(), &["infector_id", "infector"])?;
        let onset = cells::find(
            table,
            self.onset.as_deref(),
            &["onset_date", "onset", "symptom_onset", "dt_onset", "date_of_onset", "date_onset"],
        )?;
        let imported = cells::find(table, self.imported.as_deref(), &["imported"])?;
        let days = onset.map(|at| Days::of(table, at, self.dates.order)).transpose()?;
        let mut list = List {
            calendar: days.map_or(Calendar::Dates, Days::calendar),
            ids: Vec::new(),
            onsets: Vec::new(),
            imported: Vec::new(),
            infectors: Vec::new(),
            rows: Vec::new(),
        };
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        cells::each(table, |row| {
            let case = cells::text(row, id).to_owned();
            ensure!(!case.is_empty(), "row {}, column `{}`: no identifier", row.number(), table.header[id]);
            if let Some(before) = seen.insert(case.clone(), row.number()) {
                anyhow::bail!("row {}: case `{case}` is there already in row {before}", row.number());
            }
            list.onsets.push(match (onset, &days) {
                (Some(at), Some(days)) => days.read(table, row, at)?,
                _ => None,
            });
            let brought = imported.map(|at| cells::flag(table, row, at)).transpose()?.flatten();
            list.imported.push(brought.unwrap_or(false));
            let from = infector.map(|at| cells::text(row, at).to_owned()).filter(|s| !s.is_empty());
            list.infectors.push(from);
            list.ids.push(case);
            list.rows.push(row.number());
            Ok(())
        })?;
        Ok(list)
    }

    fn recorded(&self, list: &List, index: &BTreeMap<&str, usize>) -> anyhow::Result<TransmissionTree> {
        let mut infectors = Vec::with_capacity(list.ids.len());
        for (name, row) in list.infectors.iter().zip(&list.rows) {
            infectors.push(match name {
                None => None,
                Some(name) => Some(*index.get(name.as_str()).with_context(|| {
                    format!("row {row}: infector `{}` is not a case of the table", crate::report::plain(name))
                })?),
            });
        }
        TransmissionTree::new(infectors).map_err(|error| match error {
            wanquan_epi::Error::InvalidData { position, why, .. } => {
                anyhow::anyhow!("row {}, case `{}`: {why}", list.rows[position], list.ids[position])
            }
            other => other.into(),
        })
    }

    fn inferred(&self, list: &List, index: &BTreeMap<&str, usize>) -> anyhow::Result<Vec<InferredInfector>> {
        ensure!(
            list.onsets.iter().any(Option::is_some),
            "the table names no infectors, and no column of onset dates to infer them from; name one with --onset"
        );
        let (Some(mean), Some(sd)) = (self.si_mean, self.si_sd) else {
            anyhow::bail!("the table names no infectors; say --si-mean and --si-sd to infer them");
        };
        let spread = (mean + 12.0 * sd).ceil().clamp(1.0, 10_000.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10,000")]
        let lags = spread as usize;
        let interval = DelayDistribution::from_mean_sd(DelayFamily::Gamma, mean, sd)?.discretise(lags)?;
        let contacts = match &self.contacts {
            None => Vec::new(),
            Some(path) => tables::read(path, |table| contacts(table, index))?,
        };
        let usual = if self.contacts.is_some() { 0.01 } else { 1.0 };
        let config = InferConfig {
            no_contact_weight: self.no_contact_weight.unwrap_or(usual),
            outside_weight: self.outside_weight,
            ..InferConfig::recommended()
        };
        let cases: Vec<CaseOnset> = list
            .onsets
            .iter()
            .zip(&list.imported)
            .map(|(&onset, &imported)| CaseOnset { onset, imported })
            .collect();
        Ok(infer_infectors(&cases, &contacts, &interval, &config)?)
    }

    fn answer(
        &self,
        list: &List,
        tree: &TransmissionTree,
        candidates: Option<Vec<InferredInfector>>,
    ) -> anyhow::Result<Answer> {
        let until =
            self.offspring_until.map(|day| list.calendar.date("--offspring-until", day)).transpose()?;
        let (generations, offspring, clusters) = (tree.generations(), tree.offspring(), tree.clusters());
        let mut cluster_of = vec![0; list.ids.len()];
        for (number, cluster) in clusters.iter().enumerate() {
            for &case in &cluster.cases {
                cluster_of[case] = number;
            }
        }
        let line = |i: usize| {
            let infector = tree.infectors()[i];
            let best =
                candidates.as_ref().and_then(|c| c[i].candidates.first()).filter(|_| infector.is_some());
            let days = infector.and_then(|j| Some((list.onsets[i]? - list.onsets[j]?).get_days()));
            Line {
                case: list.ids[i].clone(),
                onset: list.onsets[i].map(|date| list.calendar.say(date)),
                infector: infector.map(|j| list.ids[j].clone()),
                prob: best.map(|c| c.prob),
                interval_days: days,
                contact: best.map(|c| c.contact),
                generation: generations[i],
                offspring: offspring[i],
                cluster: cluster_of[i] + 1,
                cluster_size: clusters[cluster_of[i]].cases.len(),
            }
        };
        let settled: Vec<u32> = (0..list.ids.len())
            .filter(|&i| match (until, list.onsets[i]) {
                (Some(until), Some(onset)) => onset <= until,
                (Some(_), None) => false,
                (None, _) => true,
            })
            .map(|i| offspring[i])
            .collect();
        Ok(Answer {
            cases: (0..list.ids.len()).map(line).collect(),
            cluster_sizes: clusters.iter().map(|c| c.cases.len()).collect(),
            offspring: fit_offspring(&settled, self.interval).ok(),
            candidates,
        })
    }
}

fn contacts(table: &Table, index: &BTreeMap<&str, usize>) -> anyhow::Result<Vec<Contact>> {
    let from = cells::need(table, None, &["from", "infector_id", "source"], "the name from")?;
    let to = cells::need(table, None, &["to", "case_id", "target"], "the name to")?;
    let weight = cells::find(table, None, &["weight"])?;
    let mut found = Vec::new();
    cells::each(table, |row| {
        let case = |at: usize| {
            let known = index.get(cells::text(row, at)).copied();
            known.ok_or_else(|| cells::wrong(table, row, at, "a case of the line list"))
        };
        let weight = match weight {
            None => 1.0,
            Some(at) => cells::number(table, row, at)?.unwrap_or(1.0),
        };
        found.push(Contact { from: case(from)?, to: case(to)?, weight });
        Ok(())
    })?;
    Ok(found)
}

fn summary(answer: &Answer) -> String {
    let linked = answer.cases.iter().filter(|c| c.infector.is_some()).count();
    let largest: Vec<String> =
        answer.cluster_sizes.iter().filter(|n| **n > 1).take(5).map(ToString::to_string).collect();
    let mut out = format!("{} cases, {linked} with an infector", answer.cases.len());
    if !largest.is_empty() {
        let _ = write!(out, "; largest clusters {}", largest.join(", "));
    }
    if let Some(fit) = &answer.offspring {
        let k = fit.k.map_or_else(|| "none (Poisson)".to_owned(), |k| format!("{k:.3}"));
        let upper = fit.k_upper.map_or_else(|| "unbounded".to_owned(), |k| format!("{k:.3}"));
        let _ = write!(
            out,
            "; offspring: R {:.3} ({:.3} to {:.3}), k {k} ({:.3} to {upper}), {:.0} % of cases cause 80 %",
            fit.r,
            fit.r_lower,
            fit.r_upper,
            fit.k_lower,
            100.0 * fit.share_causing_80_percent
        );
    }
    out
}

fn csv(lines: &[Line]) -> String {
    let mut out = String::from(
        "case,onset,infector,prob,interval_days,contact,generation,offspring,cluster,cluster_size\n",
    );
    let or_empty = |x: Option<String>| x.unwrap_or_default();
    for l in lines {
        let _ = writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{}",
            csv_cell(&l.case),
            or_empty(l.onset.map(|d| d.to_string())),
            csv_cell(l.infector.as_deref().unwrap_or("")),
            or_empty(l.prob.map(|p| p.to_string())),
            or_empty(l.interval_days.map(|d| d.to_string())),
            or_empty(l.contact.map(|c| c.to_string())),
            l.generation,
            l.offspring,
            l.cluster,
            l.cluster_size
        );
    }
    out
}
