//! `wanquan demo`: a running city on real history, replayed to a day of February 2020.

use super::serve::runtime;
use crate::api::system::DemoAccount;
use crate::clock::ReplayClock;
use crate::config::{CodesConfig, Config, PortalConfig, UPLOAD_BYTES_MAX};
use crate::{packs, serve};
use anyhow::{Context as _, bail};
use clap::Args;
use jiff::civil::{DateTime, date};
use jiff::tz::{Offset, TimeZone};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use wanquan_app::demo::{self, State};
use wanquan_app::{App, Options};

/// Eight in the morning of the day after the count of Shanxi had passed its height.
const MORNING: DateTime = date(2020, 2, 12).at(8, 0, 0, 0);
/// Tried first, so that the address of a demonstration is easily remembered.
const PORT: u16 = 8080;

/// Arguments of `wanquan demo`.
#[derive(Args)]
#[command(
    after_help = "Counts of COVID-19 are real history. Accounts, persons, and everything that is called synthetic are
invented. The sample accounts exist in demonstrations only; a demonstration is refused by `wanquan serve`."
)]
pub struct DemoArgs {
    /// Folder to keep the demonstration in: an empty one, or one that holds a demonstration. Otherwise a temporary
    /// folder, which is removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on; otherwise port 8080 of this machine, or another one if it is taken.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Local date and time at which it opens, such as 2020-02-12T18:30: for going on where hours have passed. Not
    /// before the morning of 12 February 2020, at which it opens otherwise.
    #[arg(long, value_name = "DATETIME", default_value_t = MORNING, hide_default_value = true, value_parser = moment)]
    at: DateTime,
    /// Open the console in the browser.
    #[arg(long)]
    open: bool,
}

/// A moment of the demonstration, which nobody has lived through before its morning.
fn moment(text: &str) -> Result<DateTime, String> {
    let at: DateTime =
        text.parse().map_err(|_| "it is no date and time such as 2020-02-12T18:30".to_owned())?;
    if at < MORNING { Err(format!("the demonstration begins at {MORNING}")) } else { Ok(at) }
}

impl DemoArgs {
    /// Makes the demonstration, unless it is there already, and serves it until asked to stop.
    ///
    /// # Errors
    /// If the folder holds something else, or the server cannot run.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let temporary = match self.data {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("wanquan-demo-").tempdir()?),
        };
        let folder =
            temporary.as_ref().map_or_else(|| self.data.clone(), |temporary| Some(temporary.path().into()));
        let result = runtime()?.block_on(self.serve(&folder.context("a folder is given or made")?));
        if let Some(temporary) = temporary {
            temporary.close().context("removing the temporary folder")?;
        }
        result.map(|()| ExitCode::SUCCESS)
    }

    async fn serve(&self, folder: &Path) -> anyhow::Result<()> {
        let listener = match self.listen {
            Some(address) => serve::listen(address).await?,
            None => match serve::listen(SocketAddr::from(([127, 0, 0, 1], PORT))).await {
                Ok(listener) => listener,
                Err(_) => serve::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?,
            },
        };
        let address = listener.local_addr()?;
        let time_zone = TimeZone::fixed(Offset::constant(8));
        let config = Config {
            data: folder.to_owned(),
            database: folder.join("wanquan.db").to_string_lossy().into_owned(),
            key_file: folder.join("wanquan.key"),
            time_zone: time_zone.clone(),
            listen: address,
            public_url: None,
            portal: PortalConfig {
                region: Some(demo::CITY.to_owned()),
                codes: CodesConfig::File { path: None },
            },
            mailer: None,
            links: None,
            replay_from: Some(time_zone.to_timestamp(self.at)?),
            upload_bytes_max: UPLOAD_BYTES_MAX,
        };
        let app = open(&config).await?;
        match demo::state(&app).await? {
            State::Empty => {
                println!("Making a demonstration from the history of 2020 ...");
                demo::furnish(&app, packs::DEMO_CASES).await.context("making the demonstration")?;
            }
            State::Demonstration { complete: true } => {}
            State::Demonstration { complete: false } => {
                bail!("the demonstration in {} was left unfinished; remove the folder", folder.display())
            }
            State::Real => bail!(
                "{} holds an installation that is no demonstration; sample accounts do not belong there",
                folder.display()
            ),
        }
        let base = format!("http://{address}");
        greet(&base, &app);
        if self.open {
            open_browser(&format!("{base}/console/"));
        }
        let accounts = sample_accounts(&app);
        serve::run(app, config, listener, accounts).await
    }
}

async fn open(config: &Config) -> anyhow::Result<App> {
    let from = config.replay_from.context("a demonstration replays")?;
    std::fs::create_dir_all(&config.data).with_context(|| format!("making {}", config.data.display()))?;
    let packs = packs::load_demo(Some(&config.data.join("packs")))?;
    let options = Options { time_zone: config.time_zone.clone(), demo: true };
    let clock = Arc::new(ReplayClock::starting_at(from));
    App::open(&config.database, packs, clock, options).await.context("opening the database")
}

/// The sample accounts as the sign-in page offers them.
fn sample_accounts(app: &App) -> Vec<DemoAccount> {
    demo::ACCOUNTS
        .iter()
        .map(|account| DemoAccount {
            username: account.username.to_owned(),
            password: demo::PASSWORD.to_owned(),
            role: app.packs().roles.label(account.role).into(),
        })
        .collect()
}

fn greet(base: &str, app: &App) {
    println!("Changzhi, {}, eight in the morning. Counts of COVID-19 are real history;", app.today());
    println!("accounts, persons and everything called synthetic are invented.\n");
    println!("  console        {base}/console/");
    println!("  public portal  {base}/\n");
    println!("  {:<16} {:<16} role", "account", "password");
    for account in &demo::ACCOUNTS {
        let region = app.packs().regions.get(&wanquan_domain::region::RegionCode::new(account.region));
        let place = region.map_or(account.region, |region| region.name.as_str());
        let role = app.packs().roles.label(account.role).en;
        println!("  {:<16} {:<16} {role}, {place}", account.username, demo::PASSWORD);
    }
    println!("\nPress Ctrl-C to stop.");
}

/// Asks the desktop to show the console. Without a desktop nothing happens: the address is printed anyway.
fn open_browser(url: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/c", "start", ""]);
        command
    } else {
        Command::new("xdg-open")
    };
    let quiet = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = quiet.spawn() {
        tracing::info!(error = %error, "No browser could be opened");
    }
}
