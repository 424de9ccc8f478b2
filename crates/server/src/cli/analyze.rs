//! `wanquan analyze`: a report on files, without a server.

use super::tables::{self, CountArgs, DateArgs};
use crate::packs;
use crate::report::{self, Output, html, text};
use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use wanquan_app::analyse::SerialInterval;
use wanquan_app::analyse::report::{Report, ReportOptions, report as analyse};
use wanquan_app::ingest::read::Table;
use wanquan_app::ingest::series::{SeriesOptions, read_series};
use wanquan_domain::disease::Disease;
use wanquan_domain::pack::Packs;
use wanquan_domain::text::Lang;

/// Arguments of `wanquan analyze`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan analyze cases.csv --disease measles
  wanquan analyze counts.xlsx --region county --date day --count n --format html -o report.html

Files of any layout that the import reads: line lists, counts by place and date, one column per date or per place. \
Several files give one report each. docs/analyze.md explains every figure.")]
pub struct AnalyzeArgs {
    /// Line lists or counts: CSV, TSV, semicolons, XLSX, XLS, each also gzipped; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Column that names the place.
    #[arg(long, value_name = "COL")]
    region: Option<String>,
    /// Column with the date to count by.
    #[arg(long, value_name = "COL")]
    date: Option<String>,
    /// Column with the count.
    #[arg(long, value_name = "COL")]
    count: Option<String>,
    #[command(flatten)]
    dates: DateArgs,
    #[command(flatten)]
    counts: CountArgs,
    /// Sheet of a workbook; otherwise the first one with rows.
    #[arg(long)]
    sheet: Option<String>,
    /// Disease of a pack (`wanquan pack list`); its serial interval makes Rt possible.
    #[arg(long, value_name = "ID")]
    disease: Option<String>,
    /// Serial interval in days, in place of the disease's own.
    #[arg(long, value_name = "MEAN,SD", value_parser = serial_interval)]
    serial_interval: Option<SerialInterval>,
    /// Last day that counts; otherwise the last day of the file.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Language of text and HTML.
    #[arg(long, value_enum, default_value_t = ReportLang::En)]
    lang: ReportLang,
    /// File to write; otherwise standard output.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    Html,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportLang {
    En,
    Zh,
}

fn serial_interval(text: &str) -> Result<SerialInterval, String> {
    let wrong = || "say mean and standard deviation in days, such as 4.7,2.9".to_owned();
    let (mean, sd) = text.split_once(',').ok_or_else(wrong)?;
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(wrong);
    let interval =
        SerialInterval { mean_days: number(mean)?, sd_days: number(sd)?, source: "as given".to_owned() };
    // Refused here, where the person can see which option it was.
    interval.discretised().map_err(|error| error.to_string())?;
    Ok(interval)
}

impl AnalyzeArgs {
    /// Reads, analyses and writes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let packs = packs::load(None)?;
        let disease = self.disease.as_deref().map(|id| disease(&packs, id)).transpose()?;
        let mut reports = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let read = |table: &Table| self.one(table, &packs, disease);
            reports.push(tables::read_sheet(file, self.sheet.as_deref(), read)?);
        }
        let lang = if self.lang == ReportLang::Zh { Lang::Zh } else { Lang::En };
        let written = match self.format {
            Form::Text => {
                let colours = self.output.is_none()
                    && std::io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
                reports
                    .iter()
                    .map(|report| text::render(report, lang, colours))
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            Form::Json => {
                let mut json = serde_json::to_string(&Output::of(&reports))?;
                json.push('\n');
                json
            }
            Form::Html => html::render(&reports, &packs, lang),
        };
        tables::write(self.output.as_deref(), written.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }

    fn one(&self, table: &Table, packs: &Packs, disease: Option<&Disease>) -> anyhow::Result<Report> {
        let options = SeriesOptions {
            region: self.region.clone(),
            date: self.date.clone(),
            count: self.count.clone(),
            date_order: self.dates.order,
            counting: self.counts.counting,
        };
        let set =
            read_series(table, &options).map_err(|error| anyhow::anyhow!("{} [{}]", error, error.code()))?;
        if let Some(as_of) = self.as_of {
            ensure!(set.start <= as_of, "the first day of the file, {}, is after --as-of {as_of}", set.start);
        }
        let options = ReportOptions {
            packs,
            disease,
            serial_interval: self.serial_interval.as_ref(),
            as_of: self.as_of,
        };
        Ok(analyse(&table.info, &set, options)?)
    }
}

fn disease<'a>(packs: &'a Packs, id: &str) -> anyhow::Result<&'a Disease> {
    if let Some(disease) = packs.disease(id).or_else(|| packs.disease_by_name(id)) {
        return Ok(disease);
    }
    let known: Vec<&str> = packs.diseases.iter().map(|disease| disease.id.as_str()).collect();
    bail!("no pack has the disease `{}`; there are: {}", report::plain(id), known.join(", "))
}
