//! What is to be done about a record: its state, the unit that answers for it, its deadline, and what happened.

use crate::record::RecordId;
use crate::unit::Unit;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// How far a deadline has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Raised(pub u32);

impl Raised {
    /// Nothing was said yet.
    pub const QUIET: Self = Self(0);
    /// The responsible unit was warned.
    pub const WARNED: Self = Self(1);
    /// The deadline has passed.
    pub const LATE: Self = Self(2);

    /// True once the deadline has passed.
    pub fn is_late(self) -> bool {
        self >= Self::LATE
    }

    /// Levels up the tree to which the lateness was raised.
    pub fn levels_up(self) -> u32 {
        self.0.saturating_sub(Self::LATE.0)
    }
}

/// A step that waits for a second person.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The step.
    pub step: String,
    /// Who proposed it.
    pub by: String,
    /// Values that it brings.
    pub values: Map<String, Json>,
    /// Why, where a person said so.
    pub reason: Option<String>,
}

/// What is to be done about a record of a register with states.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The record.
    pub record: RecordId,
    /// Its register.
    pub register: String,
    /// Path of the record's region.
    pub region_path: String,
    /// State.
    pub state: String,
    /// False in a final state.
    pub is_open: bool,
    /// Who answers for it.
    pub unit: Unit,
    /// Path of the unit's region; of the record's region for organisations and persons.
    pub unit_path: String,
    /// Record from which it was made.
    pub parent: Option<RecordId>,
    /// When the state was entered.
    pub entered_at: Timestamp,
    /// When the deadline of the state ends.
    pub due_at: Option<Timestamp>,
    /// When the deadline is looked at next: to warn, to call it late, to raise it a level.
    pub next_at: Option<Timestamp>,
    /// How far it has gone.
    pub raised: Raised,
    /// Unit to which it was offered and that has not accepted yet; the present unit answers until then.
    pub offered_to: Option<Unit>,
    /// A step that waits for a second person.
    pub pending: Option<Pending>,
    /// A rehearsal.
    pub drill: bool,
}

/// What happened to a record's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkAct {
    /// It was made.
    Made,
    /// A step was taken.
    Step,
    /// A step was proposed and waits for a second person.
    Proposed,
    /// It was offered to another unit.
    Offered,
    /// The other unit accepted.
    Accepted,
    /// The other unit declined, or the offer was taken back.
    Declined,
    /// The responsible unit was warned.
    Warned,
    /// The deadline passed.
    Late,
    /// It was raised a level up the tree.
    Escalated,
    /// The deadline was put off.
    Snoozed,
}

impl WorkAct {
    /// Every act.
    pub const ALL: [Self; 10] = [
        Self::Made,
        Self::Step,
        Self::Proposed,
        Self::Offered,
        Self::Accepted,
        Self::Declined,
        Self::Warned,
        Self::Late,
        Self::Escalated,
        Self::Snoozed,
    ];

    /// The name used in storage and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Step => "step",
            Self::Proposed => "proposed",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Warned => "warned",
            Self::Late => "late",
            Self::Escalated => "escalated",
            Self::Snoozed => "snoozed",
        }
    }

    /// The act of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

/// One entry of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub act: WorkAct,
    /// The step, of steps.
    pub step: Option<String>,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Unit concerned, of hand-overs and escalations.
    pub unit: Option<Unit>,
    /// Why, where a person said so.
    pub reason: Option<String>,
}
