//! Plans at work: what happened sets them off, and what they say is done, once, in one transaction.
//!
//! Whatever sets a plan off asks for a job in its own transaction, so that no trigger goes unseen; the job runs the
//! plan. A run is told by (plan, trigger): doing it again, after a crash for example, does nothing. Records that a plan
//! creates may set off other plans; a chain ends after [`DEPTH_MAX`] of them, so that two plans cannot feed each other.
//!
//! Imports of files set off no plans: a line list of last year is no reason to send people out.

mod facts;
mod run;

pub use run::{Rehearsal, RunReport, modes, preview, rehearse};

use crate::app::App;
use crate::error::Error;
use facts::facts_of_record;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wanquan_domain::plan::{Plan, Trigger};
use wanquan_domain::record::{Record, RecordId, new_uuid};
use wanquan_domain::region::RegionCode;
use wanquan_store::Tx;
use wanquan_store::job::{self, NewJob};

/// Name of the job.
pub(crate) const JOB: &str = "plan";
/// Longest chain of plans that set each other off.
pub const DEPTH_MAX: u32 = 4;
/// Attempts before a job is given up: with growing pauses, a day.
const ATTEMPTS_MAX: u32 = 30;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub(crate) enum Happening {
    /// A record entered a state.
    Record {
        /// The record.
        id: RecordId,
        /// Its version then.
        version: u32,
        /// The state; empty for a register without states.
        state: String,
    },
    /// A detector raised a signal.
    Signal {
        /// The signal.
        id: Uuid,
    },
    /// A person raised a signal to an alarm.
    Alarm {
        /// The signal.
        id: Uuid,
    },
    /// A response level was decided.
    Level {
        /// The decision.
        id: Uuid,
        /// The region.
        region: RegionCode,
        /// The level that held before.
        previous: String,
        /// The level decided.
        level: String,
    },
    /// The time of day came.
    Daily {
        /// The region.
        region: RegionCode,
        /// The day.
        day: Date,
    },
    /// A person ran it.
    Manual {
        /// The region.
        region: RegionCode,
        /// Tells one run from the next.
        nonce: Uuid,
    },
}

impl Happening {
    /// Tells this happening from every other; a plan runs once for it.
    fn key(&self) -> String {
        match self {
            Self::Record { id, version, state } => format!("record/{id}/{version}/{state}"),
            Self::Signal { id } => format!("signal/{id}"),
            Self::Alarm { id } => format!("alarm/{id}"),
            Self::Level { id, .. } => format!("level/{id}"),
            Self::Daily { region, day } => format!("daily/{region}/{day}"),
            Self::Manual { region, nonce } => format!("manual/{region}/{nonce}"),
        }
    }
}

/// What a job does: run a plan for what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunPlan {
    pub(crate) plan: String,
    pub(crate) happening: Happening,
    pub(crate) depth: u32,
    pub(crate) drill: bool,
}

/// Asks for the plans that a record sets off by entering a state, in the transaction in which it does.
pub(crate) async fn record_entered(
    app: &App,
    tx: &mut Tx<'_>,
    record: &Record,
    state: &str,
    depth: u32,
) -> Result<(), Error> {
    let enters = |plan: &Plan| {
        matches!(&plan.trigger, Trigger::RecordEnters { register, state: wanted }
            if *register == record.register && *wanted == state)
    };
    for plan in app.packs().plans().iter().filter(|plan| enters(plan)) {
        // Most records are none of a plan's business; asking its condition here saves the job.
        let facts = facts_of_record(app, plan, record);
        if plan.when.as_ref().is_some_and(|when| when.holds(&plan.scope(&facts, app.today())) != Some(true)) {
            continue;
        }
        let happening = Happening::Record { id: record.id, version: record.version, state: state.to_owned() };
        ask(app, tx, plan, happening, depth, record.drill).await?;
    }
    Ok(())
}

/// Asks for the plans that a happening other than a record sets off.
pub(crate) async fn happened(app: &App, tx: &mut Tx<'_>, happening: &Happening) -> Result<(), Error> {
    let sets_off = |trigger: &Trigger| match happening {
        Happening::Signal { .. } => *trigger == Trigger::Signal,
        Happening::Alarm { .. } => *trigger == Trigger::Alarm,
        Happening::Level { .. } => *trigger == Trigger::LevelDecided,
        Happening::Daily { .. } => matches!(trigger, Trigger::Daily { .. }),
        Happening::Record { .. } | Happening::Manual { .. } => false,
    };
    for plan in app.packs().plans().iter().filter(|plan| sets_off(&plan.trigger)) {
        ask(app, tx, plan, happening.clone(), 0, false).await?;
    }
    Ok(())
}

async fn ask(
    app: &App,
    tx: &mut Tx<'_>,
    plan: &Plan,
    happening: Happening,
    depth: u32,
    drill: bool,
) -> Result<(), Error> {
    if depth > DEPTH_MAX {
        tracing::warn!(plan = plan.id, trigger = happening.key(), "A chain of plans is cut at its longest");
        return Ok(());
    }
    let dedup_key = format!("{}/{}", plan.id, happening.key());
    let work = RunPlan { plan: plan.id.clone(), happening, depth, drill };
    let now = app.now();
    let new = NewJob {
        id: new_uuid(now),
        name: JOB.to_owned(),
        dedup_key,
        payload: serde_json::to_value(&work).map_err(|e| Error::Internal(e.to_string()))?,
        run_at: now,
        attempts_max: ATTEMPTS_MAX,
        created_at: now,
    };
    Ok(job::enqueue(tx, &new).await?)
}

/// Runs the plan of a job.
///
/// # Errors
/// If the store fails, or the plan makes a record that its register refuses.
pub(crate) async fn run(app: &App, work: RunPlan) -> Result<(), Error> {
    run::run(app, work).await.map(|_| ())
}
