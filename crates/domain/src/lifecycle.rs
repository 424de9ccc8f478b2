//! The life of a record: states, the steps between them, who may take a step, and by when.

use crate::calendar::{Calendar, Period};
use crate::condition::{Condition, Scope};
use crate::text::Text;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use serde_json::{Map, Value as Json};

/// Where a deadline begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadlineStart {
    /// When the state was entered.
    Entered,
    /// At the beginning of the day, or the instant, in a field of the record.
    Field(String),
    /// The field holds the deadline itself (a day counts to its end).
    At(String),
}

/// By when a record must have left a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// Where it begins.
    pub start: DeadlineStart,
    /// How long it is; absent where the field holds the deadline itself.
    pub within: Option<Period>,
    /// How long before its end the responsible unit is warned.
    pub warn_before: Option<Period>,
    /// After its end, each further period raises it one level up the tree.
    pub escalate_every: Option<Period>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Identifier.
    pub id: String,
    /// Shown name.
    pub label: Text,
    /// Nothing is left to do.
    pub is_final: bool,
    /// By when it must be left.
    pub deadline: Option<Deadline>,
}

/// Where a role must be held for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// For the record's region, or one that contains it.
    Region,
    /// For a region above the record's.
    Above,
    /// For the responsible unit: its region (or one that contains it), or being the person it is.
    Responsible,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Region, Self::Above, Self::Responsible];

    /// The name used in packs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Above => "above",
            Self::Responsible => "responsible",
        }
    }

    /// The place of a name used in packs.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == text)
    }
}

/// Who may take a step: holders of a role somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Role as declared in packs.
    pub role: String,
    /// Where it must be held.
    pub place: Place,
}

/// A step from one state to another.
#[derive(Debug)]
pub struct Step {
    /// Identifier.
    pub id: String,
    /// Shown name, an imperative.
    pub label: Text,
    /// States from which it can be taken.
    pub from: Vec<String>,
    /// State to which it leads.
    pub to: String,
    /// Who may take it.
    pub allowed: Vec<Allowed>,
    /// What must hold of the record with the values that the step brings.
    pub when: Option<Condition>,
    /// Said when the condition does not hold.
    pub when_message: Option<Text>,
    /// Fields that must be filled when the step is taken.
    pub required: Vec<String>,
    /// A reason must be given.
    pub reason: bool,
    /// Two persons must agree: the first proposes, another confirms.
    pub two_persons: bool,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// The register has no such step.
    #[error("no step `{0}`")]
    Unknown(String),
    /// The step does not begin in the record's state.
    #[error("step `{step}` cannot be taken in state `{state}`")]
    NotFromHere {
        /// The step.
        step: String,
        /// The record's state.
        state: String,
    },
    /// Fields that must be filled are empty.
    #[error("these fields must be filled first: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// The condition of the step does not hold.
    #[error("{}", .0.en)]
    Condition(Text),
    /// No reason was given.
    #[error("a reason must be given")]
    NoReason,
}

/// The life of the records of a register.
#[derive(Debug)]
pub struct Lifecycle {
    /// States; a new record enters the first.
    pub states: Vec<State>,
    /// Steps.
    pub steps: Vec<Step>,
}

impl Lifecycle {
    /// State of a new record.
    pub fn initial(&self) -> &State {
        &self.states[0]
    }

    /// The state of an identifier.
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|state| state.id == id)
    }

    /// The step of an identifier.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Steps that begin in a state, in order of declaration.
    pub fn steps_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.from.iter().any(|from| from == state))
    }

    /// True if a state waits for somebody other than the responsible unit to decide: no step of the unit leads out of
    /// it, no moment is set until which the unit works, and one of these roles takes a step.
    pub fn awaits_decision(&self, state: &State, roles: &[&str]) -> bool {
        let works_until = matches!(state.deadline.as_ref().map(|d| &d.start), Some(DeadlineStart::At(_)));
        if state.is_final || works_until {
            return false;
        }
        let allowed = || self.steps_from(&state.id).flat_map(|step| &step.allowed);
        let is_theirs = |a: &Allowed| a.place != Place::Responsible && roles.contains(&a.role.as_str());
        allowed().all(|a| a.place != Place::Responsible) && allowed().any(is_theirs)
    }

    /// Whether a step can be taken by a record in `state` with these values (those that the step brings included):
    /// the step and the state to which it leads. Who takes it is not asked here.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn take(
        &self,
        state: &str,
        step: &str,
        data: &Map<String, Json>,
        scope: &Scope<'_>,
        reason: Option<&str>,
    ) -> Result<(&Step, &State), StepRefused> {
        let found = self.step(step).ok_or_else(|| StepRefused::Unknown(step.to_owned()))?;
        if !found.from.iter().any(|from| from == state) {
            return Err(StepRefused::NotFromHere { step: step.to_owned(), state: state.to_owned() });
        }
        let missing: Vec<String> =
            found.required.iter().filter(|field| !data.contains_key(field.as_str())).cloned().collect();
        if !missing.is_empty() {
            return Err(StepRefused::Missing(missing));
        }
        if let Some(when) = &found.when
            && when.holds(scope) != Some(true)
        {
            let text = || {
                Text::new(
                    format!("`{}` does not hold", when.source()),
                    format!("条件不成立：{}", when.source()),
                )
            };
            return Err(StepRefused::Condition(found.when_message.clone().unwrap_or_else(text)));
        }
        if found.reason && reason.is_none_or(|reason| reason.trim().is_empty()) {
            return Err(StepRefused::NoReason);
        }
        let to = self.state(&found.to).expect("the loader checked that every step leads to a state");
        Ok((found, to))
    }
}

/// When a deadline warns, ends and escalates, in civil time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When the responsible unit is warned; at the end if no warning is declared.
    pub warn_at: DateTime,
    /// When it ends.
    pub due_at: DateTime,
}

impl Deadline {
    /// When the deadline of a record that entered the state at `entered` ends; `None` where the field from which it
    /// is counted is empty.
    /// `civil` converts an instant to civil time at the place of the installation.
    pub fn due(
        &self,
        entered: DateTime,
        data: &Map<String, Json>,
        calendar: &Calendar,
        civil: impl Fn(Timestamp) -> DateTime,
    ) -> Option<Due> {
        let (start, whole_day) = match &self.start {
            DeadlineStart::Entered => (entered, false),
            DeadlineStart::Field(field) => (moment(data.get(field)?, civil)?.0, false),
            DeadlineStart::At(field) => moment(data.get(field)?, civil)?,
        };
        let due_at = match self.within {
            Some(period) => calendar.end_of(start, period),
            None if whole_day => start.date().tomorrow().ok()?.to_datetime(Time::midnight()),
            None => start,
        };
        let warn_at = self.warn_before.map_or(due_at, |before| earlier(due_at, before).max(entered));
        Some(Due { warn_at, due_at })
    }
}

/// A date (its beginning, and that it is a whole day) or an instant as civil time.
fn moment(value: &Json, civil: impl Fn(Timestamp) -> DateTime) -> Option<(DateTime, bool)> {
    let text = value.as_str()?;
    match crate::date::parse_iso(text) {
        Some(date) => Some((date.to_datetime(Time::midnight()), true)),
        None => text.parse::<Timestamp>().ok().map(|at| (civil(at), false)),
    }
}

/// A period before a moment, by the clock: a warning that waits for working time would come too late.
fn earlier(at: DateTime, before: Period) -> DateTime {
    use crate::calendar::PeriodUnit as U;
    let hours = i64::from(before.n);
    let time = match before.unit {
        U::Minutes => jiff::SignedDuration::from_mins(hours),
        U::Hours | U::WorkingHours => jiff::SignedDuration::from_hours(hours),
        U::Days | U::WorkingDays => jiff::SignedDuration::from_hours(24 * hours),
    };
    at.checked_sub(time).unwrap_or(DateTime::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;
    use serde_json::json;

    fn check(start: DeadlineStart, within: Option<&str>, data: Json, due: Option<(DateTime, DateTime)>) {
        let deadline = Deadline {
            start,
            within: within.map(|text| Period::parse(text).unwrap()),
            warn_before: Period::parse("30 min"),
            escalate_every: None,
        };
        let entered = datetime(2020, 2, 12, 9, 0, 0, 0);
        let civil = |at: Timestamp| jiff::tz::TimeZone::fixed(jiff::tz::offset(8)).to_datetime(at);
        let found = deadline.due(entered, data.as_object().unwrap(), &Calendar::default(), civil);
        assert_eq!(found.map(|d| (d.warn_at, d.due_at)), due);
    }

    #[test]
    fn a_deadline_counts_from_the_state_or_from_a_field() {
        use DeadlineStart::{At, Entered, Field};
        let at = |day, hour, minute| datetime(2020, 2, day, hour, minute, 0, 0);
        check(Entered, Some("2 h"), json!({}), Some((at(12, 10, 30), at(12, 11, 0))));
        check(
            Field("seen".into()),
            Some("24 h"),
            json!({ "seen": "2020-02-13" }),
            Some((at(13, 23, 30), at(14, 0, 0))),
        );
        check(Field("seen".into()), Some("24 h"), json!({}), None);
        check(At("by".into()), None, json!({ "by": "2020-02-13" }), Some((at(13, 23, 30), at(14, 0, 0))));
        check(
            At("by".into()),
            None,
            json!({ "by": "2020-02-13T02:00:00Z" }),
            Some((at(13, 9, 30), at(13, 10, 0))),
        );
        // A deadline that lies in the past when the state is entered warns at once.
        check(
            At("by".into()),
            None,
            json!({ "by": "2020-02-11T02:00:00Z" }),
            Some((at(12, 9, 0), at(11, 10, 0))),
        );
    }

    #[test]
    fn a_state_waits_for_a_decision_when_the_unit_has_nothing_left_to_do() {
        let text = |t: &str| Text::new(t, t);
        let state = |id: &str, is_final| State { id: id.into(), label: text(id), is_final, deadline: None };
        let step = |from: &str, to: &str, role: &str, place| Step {
            id: format!("{from}-{to}"),
            label: text(to),
            from: vec![from.into()],
            to: to.into(),
            allowed: vec![Allowed { role: role.into(), place }],
            when: None,
            when_message: None,
            required: Vec::new(),
            reason: false,
            two_persons: false,
        };
        let life = Lifecycle {
            states: vec![state("open", false), state("done", false), state("closed", true)],
            steps: vec![
                step("open", "done", "officer", Place::Responsible),
                step("open", "closed", "commander", Place::Region),
                step("done", "closed", "commander", Place::Region),
            ],
        };
        let waits = |state: &str, role: &str| life.awaits_decision(life.state(state).unwrap(), &[role]);
        assert!(!waits("open", "commander"), "the unit is at it");
        assert!(waits("done", "commander"));
        assert!(!waits("done", "officer"), "it is not theirs to decide");
        assert!(!waits("closed", "commander"));
    }

    #[test]
    fn a_step_is_refused_with_the_reason_that_helps() {
        let text = |t: &str| Text::new(t, t);
        let state = |id: &str, is_final| State { id: id.into(), label: text(id), is_final, deadline: None };
        let step = Step {
            id: "close".into(),
            label: text("Close"),
            from: vec!["open".into()],
            to: "closed".into(),
            allowed: Vec::new(),
            when: None,
            when_message: None,
            required: vec!["evidence".into()],
            reason: true,
            two_persons: false,
        };
        let life = Lifecycle { states: vec![state("open", false), state("closed", true)], steps: vec![step] };
        let nothing = Map::new();
        let scope = Scope::bind(&nothing, 0, jiff::civil::date(2020, 2, 12), |_| None);
        let take = |state: &str, step: &str, data: Json, reason| {
            life.take(state, step, data.as_object().unwrap(), &scope, reason).map(|(_, to)| to.id.clone())
        };
        assert_eq!(take("open", "fly", json!({}), None), Err(StepRefused::Unknown("fly".into())));
        let elsewhere = StepRefused::NotFromHere { step: "close".into(), state: "closed".into() };
        assert_eq!(take("closed", "close", json!({}), None), Err(elsewhere));
        assert_eq!(
            take("open", "close", json!({}), None),
            Err(StepRefused::Missing(vec!["evidence".into()]))
        );
        assert_eq!(take("open", "close", json!({ "evidence": "x" }), Some(" ")), Err(StepRefused::NoReason));
        assert_eq!(take("open", "close", json!({ "evidence": "x" }), Some("done")), Ok("closed".to_owned()));
    }
}
