//! Plans (预案): on this trigger, when this condition holds, do these things. Plans are data; the rules of what they
//! may say, and what becomes of them for given facts, stand here.

use crate::calendar::Period;
use crate::condition::{Condition, SchemaField, Scope};
use crate::kind::Role;
use crate::level::ResponseLevel;
use crate::region::{Level, RegionCode, RegionTree};
use crate::text::Text;
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// What sets a plan off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A record of a register enters a state.
    RecordEnters {
        /// Register.
        register: String,
        /// State; any new record if the register has no states.
        state: String,
    },
    /// A detector raised a signal.
    Signal,
    /// A person raised a signal to an alarm.
    Alarm,
    /// The response level of a region was decided.
    LevelDecided,
    /// At a time of every day.
    Daily {
        /// Civil time at the place of the installation.
        at: jiff::civil::Time,
    },
    /// A person runs it.
    Manual,
}

impl Trigger {
    /// The name used in packs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::RecordEnters { .. } => "record_enters",
            Self::Signal => "signal",
            Self::Alarm => "alarm",
            Self::LevelDecided => "level_decided",
            Self::Daily { .. } => "daily",
            Self::Manual => "manual",
        }
    }
}

/// For whom an action is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The region of the trigger.
    Itself,
    /// The region above it.
    Parent,
    /// The regions one level below it.
    Children,
    /// Every region of a level below it.
    Descendants(Level),
    /// The region at a level at or above it.
    AtLevel(Level),
    /// The unit responsible for the record that triggered.
    Responsible,
    /// Every organisation in the region that holds a duty.
    Organisations {
        /// Duty.
        duty: String,
    },
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Create a record of a register for every target.
    Create {
        /// Register.
        register: String,
        /// Values by field; texts may hold `{facts}`.
        set: BTreeMap<String, Json>,
        /// Field that gets the end of this period, counted from the trigger.
        due: Option<(String, Period)>,
    },
    /// Tell every target's people who hold a role.
    Notify {
        /// Role.
        role: String,
        /// What is said; may hold `{facts}`.
        text: Text,
    },
    /// Propose a response level; a person decides.
    ProposeLevel {
        /// The level.
        level: ResponseLevel,
    },
    /// Draft a publication; a person approves.
    DraftPublication {
        /// Title; may hold `{facts}`.
        title: Text,
        /// Text; may hold `{facts}`.
        body: Text,
    },
}

/// One action of a plan.
#[derive(Debug)]
pub struct PlanAction {
    /// Identifier within the plan.
    pub id: String,
    /// For whom.
    pub target: Target,
    /// What.
    pub act: Act,
    /// Which targets; all if absent. Facts of the trigger.
    pub when: Option<Condition>,
}

/// A plan.
#[derive(Debug)]
pub struct Plan {
    /// Identifier.
    pub id: String,
    /// Pack that declares it.
    pub pack: String,
    /// Shown name.
    pub title: Text,
    /// What it is for.
    pub purpose: Text,
    /// Version; a run records it.
    pub version: u32,
    /// Where the plan comes from: regulation, protocol.
    pub source: String,
    /// What sets it off.
    pub trigger: Trigger,
    /// Which triggers count; all if absent.
    pub when: Option<Condition>,
    /// Open only from this response level on.
    pub from_level: ResponseLevel,
    /// Actions in order.
    pub actions: Vec<PlanAction>,
    /// What conditions and texts may name; a condition's slots are positions in it.
    pub facts: Vec<SchemaField>,
}

impl Plan {
    /// Binds the facts of a trigger for the conditions of the plan.
    pub fn scope<'a>(&self, facts: &'a Map<String, Json>, today: Date) -> Scope<'a> {
        Scope::bind(facts, self.facts.len(), today, |id| {
            self.facts.iter().position(|fact| fact.id == id).map(|index| (index, self.facts[index].kind))
        })
    }
}

/// Something that a plan does for one target.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Create a record.
    Create {
        /// Register.
        register: String,
        /// Values by field, the region and the organisation of the target among them.
        values: Map<String, Json>,
        /// Field that gets the end of this period, counted from the trigger.
        due: Option<(String, Period)>,
    },
    /// Tell people who hold a role for a region.
    Notify {
        /// Role.
        role: String,
        /// What is said.
        text: Text,
    },
    /// Propose a response level.
    ProposeLevel {
        /// The level.
        level: ResponseLevel,
    },
    /// Draft a publication.
    DraftPublication {
        /// Title.
        title: Text,
        /// Text.
        body: Text,
    },
}

/// One deed with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Action of the plan.
    pub action: String,
    /// Region for which it is done.
    pub region: RegionCode,
    /// Organisation for which it is done, where the target is organisations.
    pub organisation: Option<String>,
    /// What.
    pub deed: Deed,
}

/// An organisation that holds a duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyHolder {
    /// Organisation.
    pub organisation: String,
    /// Its region.
    pub region: RegionCode,
    /// Duty.
    pub duty: String,
}

/// What a trigger brings to a plan.
#[derive(Debug)]
pub struct Occasion<'a> {
    /// Facts by name.
    pub facts: &'a Map<String, Json>,
    /// Region of the trigger.
    pub region: &'a RegionCode,
    /// Region of the unit responsible for the record that triggered.
    pub responsible: Option<&'a RegionCode>,
    /// Organisations with duties in the region.
    pub duties: &'a [DutyHolder],
    /// The present civil day.
    pub today: Date,
}

impl Plan {
    /// What the plan does on an occasion, in order; nothing if its condition does not hold. `role_field` tells the
    /// field of a register that plays a role.
    pub fn expand(
        &self,
        occasion: &Occasion<'_>,
        tree: &RegionTree,
        role_field: impl Fn(&str, Role) -> Option<String>,
    ) -> Vec<Planned> {
        let scope = self.scope(occasion.facts, occasion.today);
        let holds = |when: &Option<Condition>| when.as_ref().is_none_or(|c| c.holds(&scope) == Some(true));
        if !holds(&self.when) {
            return Vec::new();
        }
        let mut planned = Vec::new();
        for action in self.actions.iter().filter(|action| holds(&action.when)) {
            for (region, organisation) in targets(action, occasion, tree) {
                let deed = deed(&action.act, &region, organisation.as_deref(), occasion.facts, &role_field);
                planned.push(Planned { action: action.id.clone(), region, organisation, deed });
            }
        }
        planned
    }
}

fn targets(
    action: &PlanAction,
    occasion: &Occasion<'_>,
    tree: &RegionTree,
) -> Vec<(RegionCode, Option<String>)> {
    if let Target::Organisations { duty } = &action.target {
        let held = occasion
            .duties
            .iter()
            .filter(|holder| holder.duty == *duty && tree.contains(occasion.region, &holder.region));
        return held.map(|holder| (holder.region.clone(), Some(holder.organisation.clone()))).collect();
    }
    let regions = target_regions(&action.target, occasion.region, occasion.responsible, tree);
    regions.into_iter().map(|region| (region, None)).collect()
}

fn deed(
    act: &Act,
    region: &RegionCode,
    organisation: Option<&str>,
    facts: &Map<String, Json>,
    role_field: &impl Fn(&str, Role) -> Option<String>,
) -> Deed {
    let both = |text: &Text| Text::new(fill(&text.en, facts), fill(&text.zh, facts));
    match act {
        Act::Create { register, set, due } => {
            let mut values: Map<String, Json> =
                set.iter().map(|(field, value)| (field.clone(), filled(value, facts))).collect();
            values.retain(|_, value| !value.is_null());
            if let Some(field) = role_field(register, Role::Region) {
                values.insert(field, Json::from(region.as_str()));
            }
            if let (Some(organisation), Some(field)) =
                (organisation, role_field(register, Role::Organisation))
            {
                values.insert(field, Json::from(organisation));
            }
            Deed::Create { register: register.clone(), values, due: due.clone() }
        }
        Act::Notify { role, text } => Deed::Notify { role: role.clone(), text: both(text) },
        Act::ProposeLevel { level } => Deed::ProposeLevel { level: *level },
        Act::DraftPublication { title, body } => {
            Deed::DraftPublication { title: both(title), body: both(body) }
        }
    }
}

/// A value with facts put in. A text that is one fact alone becomes that fact, whatever its type; an absent one null.
fn filled(value: &Json, facts: &Map<String, Json>) -> Json {
    let Some(text) = value.as_str() else { return value.clone() };
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) if !name.contains(['{', '}']) => facts.get(name).cloned().unwrap_or(Json::Null),
        _ => Json::from(fill(text, facts)),
    }
}

/// The regions for which an action is done; `responsible` is the region of the responsible unit, where there is one.
/// Organisations are found by the caller, who holds their records.
pub fn target_regions(
    target: &Target,
    region: &RegionCode,
    responsible: Option<&RegionCode>,
    tree: &RegionTree,
) -> Vec<RegionCode> {
    match target {
        Target::Itself | Target::Organisations { .. } => vec![region.clone()],
        Target::Parent => tree.get(region).and_then(|r| r.parent.clone()).into_iter().collect(),
        Target::Children => tree.children(region).into_iter().map(|r| r.code.clone()).collect(),
        Target::Descendants(level) => descendants(region, *level, tree),
        Target::AtLevel(level) => vec![crate::unit::at_level(region, Some(*level), tree)],
        Target::Responsible => vec![responsible.unwrap_or(region).clone()],
    }
}

fn descendants(region: &RegionCode, level: Level, tree: &RegionTree) -> Vec<RegionCode> {
    let mut found = Vec::new();
    let mut open = tree.children(region);
    open.reverse();
    while let Some(next) = open.pop() {
        if next.level == level {
            found.push(next.code.clone());
        } else if next.level < level {
            open.extend(tree.children(&next.code).into_iter().rev());
        }
    }
    found
}

/// Puts facts into a text: `{name}` becomes the fact, an unknown name stays as it is.
pub fn fill(text: &str, facts: &Map<String, Json>) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let tail = &rest[open + 1..];
        let Some(close) = tail.find('}') else {
            rest = &rest[open..];
            break;
        };
        match facts.get(&tail[..close]) {
            Some(Json::String(value)) => out.push_str(value),
            Some(Json::Null) => {}
            Some(value) => out.push_str(&value.to_string()),
            None => out.push_str(&rest[open..open + close + 2]),
        }
        rest = &tail[close + 1..];
    }
    out.push_str(rest);
    out
}

/// The names in braces of a text.
pub fn names_in(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::RegionRow;
    use serde_json::json;

    #[test]
    fn facts_are_put_into_texts_and_unknown_names_stay() {
        let facts = json!({ "region": "襄垣县", "n": 3, "gone": null }).as_object().unwrap().clone();
        assert_eq!(fill("{region}: {n} cases{gone} {other} {", &facts), "襄垣县: 3 cases {other} {");
        assert_eq!(names_in("{region}: {n} {"), ["region", "n"]);
    }

    #[test]
    fn targets_are_found_down_the_tree_in_order() {
        let row = |code: &str, level, parent: Option<&str>| RegionRow {
            code: code.into(),
            name: code.into(),
            name_en: None,
            level,
            parent: parent.map(str::to_owned),
        };
        let tree = RegionTree::build(vec![
            row("1", Level::Prefecture, None),
            row("11", Level::County, Some("1")),
            row("12", Level::County, Some("1")),
            row("111", Level::Township, Some("11")),
            row("121", Level::Township, Some("12")),
            row("122", Level::Township, Some("12")),
        ])
        .0;
        let check = |target: Target, region: &str, expected: &[&str]| {
            let found = target_regions(&target, &RegionCode::new(region), None, &tree);
            assert_eq!(found.iter().map(RegionCode::as_str).collect::<Vec<_>>(), expected, "{target:?}");
        };
        check(Target::Descendants(Level::Township), "1", &["111", "121", "122"]);
        check(Target::Children, "1", &["11", "12"]);
        check(Target::Parent, "11", &["1"]);
        check(Target::Parent, "1", &[]);
        check(Target::AtLevel(Level::County), "121", &["12"]);
    }
}
