//! `wanquan export`: records of a register into a file, without a server.

use super::serve::runtime;
use crate::clock::WallClock;
use crate::config::{Config, DataArgs, ServeArgs};
use crate::serve;
use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use wanquan_app::App;
use wanquan_app::export::{Form, Names, export};
use wanquan_app::records::Query;
use wanquan_domain::actor::Actor;
use wanquan_domain::region::{RegionCode, Resolution};
use wanquan_domain::text::Lang;

/// Arguments of `wanquan export`.
#[derive(Args)]
#[command(after_help = "Examples:
  wanquan export --register case -o cases.xlsx --region 长治 --from 2020-01-01 --labels zh
  wanquan export --register count_report -o - --disease covid-19 --as-of 2020-02-12

Importing the file again, here or in another installation, gives the same records.")]
pub struct ExportArgs {
    /// Register.
    #[arg(short, long, value_name = "ID")]
    register: String,
    /// File to write, .csv or .xlsx; `-` for CSV on standard output.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Only in this region (code or name) and below.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Only of this disease.
    #[arg(long, value_name = "ID")]
    disease: Option<String>,
    /// First day of the event.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last day of the event.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// As known at the end of this day.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Only records with this value in a field (texts: that contain it); several times.
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = super::import::pair)]
    fields: Vec<(String, String)>,
    /// Name columns and choices by label in this language, in place of identifiers.
    #[arg(long, value_enum)]
    labels: Option<LabelLang>,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LabelLang {
    En,
    Zh,
}

impl ExportArgs {
    /// Exports.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let to_pipe = self.output.as_os_str() == "-";
        let form = match self.output.extension().and_then(|end| Form::parse(&end.to_string_lossy())) {
            _ if to_pipe => Form::Csv,
            Some(form) => form,
            None => bail!("{}: name a file that ends in .csv or .xlsx", self.output.display()),
        };
        let config = Config::read(&ServeArgs { data: self.data.clone(), ..ServeArgs::default() })?;
        let names = match self.labels {
            None => Names::Ids,
            Some(LabelLang::En) => Names::Labels(Lang::En),
            Some(LabelLang::Zh) => Names::Labels(Lang::Zh),
        };
        // Written beside the target and moved there when whole: what has the name is a finished file.
        let part = part_of(&self.output);
        let out: Box<dyn Write + Send> = if to_pipe {
            Box::new(std::io::stdout())
        } else {
            let file = File::create(&part).with_context(|| format!("making {}", part.display()))?;
            Box::new(BufWriter::new(file))
        };
        let written = runtime()?.block_on(async {
            let app = serve::open(&config, Arc::new(WallClock), false).await?;
            let query = self.query(&app)?;
            let written =
                export(&app, &Actor::system("export"), &self.register, &query, form, names, out).await;
            app.close().await;
            anyhow::Ok(written?)
        });
        if to_pipe {
            written?;
            return Ok(ExitCode::SUCCESS);
        }
        let moved = written.and_then(|n| {
            std::fs::rename(&part, &self.output)
                .with_context(|| format!("moving the file to {}", self.output.display()))?;
            Ok(n)
        });
        match moved {
            Ok(n) => println!("{n} records in {}", self.output.display()),
            Err(error) => {
                // What is not whole must not lie about; if it cannot be removed, the first error says more.
                let _ = std::fs::remove_file(&part);
                return Err(error);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn query(&self, app: &App) -> anyhow::Result<Query> {
        let region = self.region.as_deref().map(|text| region(app, text)).transpose()?;
        Ok(Query {
            region,
            disease: self.disease.clone(),
            from: self.from,
            to: self.to,
            title: None,
            fields: self.fields.clone(),
            as_of: self.as_of,
        })
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn region(app: &App, text: &str) -> anyhow::Result<RegionCode> {
    match app.packs().regions.resolve(text, None) {
        Resolution::Found(code) => Ok(code),
        Resolution::Unknown => bail!("no region is called `{text}`"),
        Resolution::Ambiguous(codes) => {
            let codes: Vec<String> = codes.iter().take(5).map(ToString::to_string).collect();
            bail!("several regions are called `{text}`: {}", codes.join(", "))
        }
    }
}
