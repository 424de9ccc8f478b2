//! Running the server: open, listen, answer, stop in order.

use crate::api::{Api, system::DemoAccount};
use crate::clock::{ReplayClock, WallClock};
use crate::config::Config;
use crate::front::Front;
use crate::portal::pages::Pages;
use crate::{packs, upload};
use anyhow::{Context as _, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use wanquan_app::demo::{self, State};
use wanquan_app::portal::links::run_links;
use wanquan_app::{App, Clock, KeySource, Options, access, forms, jobs, portal};

/// Opens the installation of a set-up.
///
/// # Errors
/// If the folder, the packs or the database are unusable.
pub async fn open(config: &Config, clock: Arc<dyn Clock>, demo: bool) -> anyhow::Result<App> {
    std::fs::create_dir_all(&config.data).with_context(|| format!("making {}", config.data.display()))?;
    let packs = packs::load(Some(&config.data.join("packs")))?;
    let options = Options { time_zone: config.time_zone.clone(), demo };
    let key = KeySource::File(config.key_file.clone());
    App::open_with_key(&config.database, key, packs, clock, options).await.context("opening the database")
}

/// `wanquan serve`: opens the installation, prints where it is and, until there is an account, the one-time link.
///
/// # Errors
/// If the installation cannot be opened or the address is taken.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = match config.replay_from {
        Some(from) => Arc::new(ReplayClock::starting_at(from)),
        None => Arc::new(WallClock),
    };
    let app = open(&config, clock, false).await?;
    if matches!(demo::state(&app).await?, State::Demonstration { .. }) {
        bail!(
            "{} holds a demonstration, whose passwords are published; serve it with `wanquan demo --data`",
            config.data.display()
        );
    }
    upload::forget(&config).context("removing what was left of uploads")?;
    let listener = listen(config.listen).await?;
    let base = config.public_url.clone().unwrap_or(format!("http://{}", listener.local_addr()?));
    println!("Wanquan is ready: {base}/console/");
    if let Some(secret) = access::begin_setup(&app).await? {
        println!(
            "Make the first administrator (works once, for 24 hours):\n  {base}/console/setup?token={secret}"
        );
    }
    println!("Press Ctrl-C to stop.");
    run(app, config, listener, Vec::new()).await
}

/// Listens on an address.
///
/// # Errors
/// If it is taken or not of this machine.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

/// Answers until the process is asked to stop.
///
/// # Errors
/// If the listener fails.
pub async fn run(
    app: App,
    mut config: Config,
    listener: TcpListener,
    demo_accounts: Vec<DemoAccount>,
) -> anyhow::Result<()> {
    // The system chose a port if none was asked for.
    config.listen = listener.local_addr()?;
    let (data, links) = (config.data.clone(), config.links.clone());
    let form_key = forms::form_key(&app).await.context("reading the key of forms")?;
    let api = Api::new(app.clone(), config, demo_accounts, form_key);
    portal::channels::prepare(&app).await.context("preparing the portal")?;
    portal::search::open(&app, &data.join("search")).context("opening the search index")?;
    let worker = tokio::spawn(jobs::run_worker(app.clone()));
    let watcher = tokio::spawn(watch_public(app.clone(), Arc::clone(&api.pages)));
    let links = links.map(|check| tokio::spawn(run_links(app.clone(), check.outbound, check.schedule)));
    let stop = {
        let app = app.clone();
        async move {
            asked_to_stop().await;
            // Ends the streams of live changes as well, which would keep the server waiting.
            app.stop();
        }
    };
    axum::serve(listener, Front::new(api)).with_graceful_shutdown(stop).await?;
    app.stop();
    worker.await.context("the worker of jobs")?;
    watcher.await.context("the watcher of the portal")?;
    if let Some(links) = links {
        links.await.context("the check of links")?;
    }
    // Reads that were counted since the worker looked last.
    portal::keep_views(&app).await.context("writing down counts of readers")?;
    app.close().await;
    Ok(())
}

/// Notices what other processes of the installation change in public pages, and lets search follow. Asking for one
/// number costs some microseconds; a page is at most this old, plus the time of the question.
async fn watch_public(app: App, pages: Arc<Pages>) {
    const EVERY: Duration = Duration::from_millis(300);
    /// Times after which pages are made anew although nothing public changed: counts of readers stand on them.
    const RENEWED: u32 = 400;
    let mut followed = 0;
    for turn in 1_u32.. {
        if turn.is_multiple_of(RENEWED) {
            pages.forget();
        }
        match portal::look_for_changes(&app).await {
            Ok(generation) if generation != followed => match portal::search::follow(&app).await {
                Ok(_) => followed = generation,
                Err(error) => tracing::error!(%error, "Search could not follow what changed"),
            },
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "It could not be seen whether public pages changed"),
        }
        tokio::select! {
            () = app.stopped() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Returns on Ctrl-C, and on the signal with which a service manager stops a program.
async fn asked_to_stop() {
    let interrupt = async {
        // Without a handler for the signal the process ends by it, which is what it is for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! { () = interrupt => {}, () = terminate => {} }
}
