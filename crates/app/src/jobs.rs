//! The worker: takes jobs from the database, one at a time, and does them; survives their errors and its own restarts.
//!
//! A job is leased, and the lease renewed while the worker lives. One that dies leaves the lease to run out, and the job
//! is done again; every job may be done twice. A job that fails waits and is tried again with growing pauses.

use crate::app::App;
use crate::detect;
use crate::error::Error;
use crate::{desk, dispatch, life, person, portal, supervise};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};
use wanquan_store::job::{self, Failure, Job};

/// A worker that is not heard of for so long has lost its job to another one.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How often a worker is heard of while it does a job.
const HEARD_EVERY: Duration = Duration::from_secs(20);
/// Pause between looks at the database: another process (an import from the command line) may have left jobs.
const POLL: Duration = Duration::from_secs(5);
/// Finished jobs are kept so long, for whoever asks what happened.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Pause between two clearings of finished jobs.
const CLEARED_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Does jobs until [`App::stop`] is called; a job that runs then is finished first.
pub async fn run_worker(app: App) {
    take_over(&app).await;
    seal_what_is_plain(&app).await;
    let mut cleared: Option<Timestamp> = None;
    loop {
        match run_due(&app).await {
            Ok(_) => {}
            // An import may hold the database for a minute; the jobs wait as well as it does.
            Err(Error::Busy) => tracing::debug!("The worker waits for the database"),
            Err(error) => tracing::error!(error = %chain(&error), "The worker could not look for jobs"),
        }
        match portal::keep_views(&app).await {
            Ok(()) | Err(Error::Busy) => {}
            Err(error) => {
                tracing::error!(error = %chain(&error), "Counts of readers could not be written down")
            }
        }
        for looked in [supervise::sweep(&app).await.map(|_| ()), supervise::run_daily(&app).await] {
            match looked {
                Ok(()) | Err(Error::Busy) => {}
                Err(error) => {
                    tracing::error!(error = %chain(&error), "The worker could not look at deadlines")
                }
            }
        }
        if cleared.is_none_or(|at| app.now().duration_since(at) > CLEARED_EVERY) && clear(&app).await.is_ok()
        {
            cleared = Some(app.now());
        }
        let pause = until_next(&app).await;
        tokio::select! {
            () = app.stopped() => return,
            () = app.worker_woken() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// How long to wait for the next job: no longer than to the time that it was set for, such as that of a scheduled
/// article.
async fn until_next(app: &App) -> Duration {
    let next = async { job::next_due(&mut app.read().await?).await.map_err(Error::from) };
    match next.await {
        Ok(Some(at)) => {
            let left = at.duration_since(app.now());
            // One that is due and was not done is held by somebody else or has failed just now.
            Duration::try_from(left).map_or(POLL, |left| left.clamp(Duration::from_millis(50), POLL))
        }
        _ => POLL,
    }
}

/// What a worker before this one left unfinished is done now, and not when its lease runs out: an embedded database has
/// one worker, and that one is gone.
async fn take_over(app: &App) {
    if app.store().path().is_none() {
        return;
    }
    let ended = async {
        let mut tx = app.write().await?;
        let ended = job::end_leases(&mut tx, app.now()).await?;
        tx.commit().await?;
        Ok::<_, Error>(ended)
    };
    match ended.await {
        Ok(0) => {}
        Ok(jobs) => tracing::info!(jobs, "Jobs that were interrupted are taken up again"),
        Err(error) => {
            tracing::warn!(error = %chain(&error), "Interrupted jobs wait for their lease to run out")
        }
    }
}

/// Does the jobs that are due, until none is or [`App::stop`] is called. Returns how many succeeded.
///
/// # Errors
/// If the database cannot be read or written; a job that fails is no error.
pub async fn run_due(app: &App) -> Result<usize, Error> {
    let mut done = 0;
    while !app.is_stopping() {
        // Looking is a read, which does not wait behind a long import.
        let mut tx = app.read().await?;
        let due = job::next_due(&mut tx).await?.is_some_and(|at| at <= app.now());
        drop(tx);
        if !due {
            break;
        }
        let mut tx = app.write().await?;
        let claimed = job::claim(&mut tx, app.now(), LEASE).await?;
        tx.commit().await?;
        let Some(job) = claimed else { continue };
        // In a task of its own a panic ends the job and not the worker.
        let outcome = held(app, &job, tokio::spawn(execute(app.clone(), job.clone()))).await;
        let outcome = outcome.map_err(|panic| panic.to_string()).and_then(|o| o.map_err(|e| chain(&e)));
        let mut tx = app.write().await?;
        match outcome {
            Ok(()) => {
                if job::complete(&mut tx, &job, app.now()).await? {
                    done += 1;
                }
            }
            Err(error) => {
                let failure = job::fail(&mut tx, &job, &error, app.now()).await?;
                report(&job, &error, failure);
            }
        }
        tx.commit().await?;
    }
    Ok(done)
}

/// Waits for a job and renews its lease meanwhile.
async fn held(
    app: &App,
    job: &Job,
    mut work: JoinHandle<Result<(), Error>>,
) -> Result<Result<(), Error>, JoinError> {
    loop {
        if let Ok(done) = tokio::time::timeout(HEARD_EVERY, &mut work).await {
            return done;
        }
        // The job itself may hold the database; then the next renewal is in time as well.
        let renewed = async {
            let mut tx = app.write().await?;
            job::renew(&mut tx, job, app.now(), LEASE).await?;
            Ok::<_, Error>(tx.commit().await?)
        };
        if let Err(error) = renewed.await {
            tracing::debug!(error = %chain(&error), job = job.name, "A lease could not be renewed");
        }
    }
}

/// Asks for the sealing of personal values that an earlier release left in plain text.
async fn seal_what_is_plain(app: &App) {
    match person::ask_to_seal(app).await {
        Ok(false) => {}
        Ok(true) => tracing::info!("Personal values written by an earlier release are being sealed"),
        Err(error) => {
            tracing::error!(error = %chain(&error), "It is not known whether personal values are sealed");
        }
    }
}

async fn execute(app: App, job: Job) -> Result<(), Error> {
    match job.name.as_str() {
        detect::JOB => {
            let work = serde_json::from_value(job.payload)
                .map_err(|e| Error::Internal(format!("the job does not say what to do: {e}")))?;
            detect::detect(&app, work).await.map(|_| ())
        }
        dispatch::JOB => {
            let work = serde_json::from_value(job.payload)
                .map_err(|e| Error::Internal(format!("the job does not say what to do: {e}")))?;
            dispatch::run(&app, work).await
        }
        life::JOB => {
            let work = serde_json::from_value(job.payload)
                .map_err(|e| Error::Internal(format!("the job does not say what to do: {e}")))?;
            life::adopt(&app, work).await
        }
        portal::review::JOB => portal::review::release_due(&app).await.map(|_| ()),
        portal::channels::JOB => {
            let work = serde_json::from_value(job.payload)
                .map_err(|e| Error::Internal(format!("the job does not say what to do: {e}")))?;
            portal::channels::readdress(&app, work).await.map(|_| ())
        }
        person::JOB => person::seal(&app).await,
        other => Err(Error::Internal(format!("no job is called `{other}`"))),
    }
}

fn report(job: &Job, error: &str, failure: Failure) {
    match failure {
        Failure::GivenUp => {
            tracing::error!(job.id = %job.id, job.name, error, "Job `{}` is given up", job.name);
        }
        Failure::RetryAt(at) => {
            tracing::warn!(job.id = %job.id, job.name, error, "Job `{}` is tried again at {at}", job.name);
        }
        // Somebody else answers for it.
        Failure::Superseded | Failure::Lost => {}
    }
}

async fn clear(app: &App) -> Result<(), Error> {
    let mut tx = app.write().await?;
    job::delete_finished(&mut tx, app.now() - KEPT).await?;
    tx.commit().await?;
    desk::clear(app).await
}

/// An error with what caused it, for the log.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
