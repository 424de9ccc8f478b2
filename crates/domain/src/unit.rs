//! The responsible unit: every record has exactly one, a region's unit, an organisation or a person.

use crate::region::{Level, RegionCode, RegionTree};
use serde_json::{Map, Value as Json};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Who answers for a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// The unit of a region: its command, its centre for disease control.
    Region(RegionCode),
    /// An organisation, by the business key of its record.
    Organisation(String),
    /// A person with an account.
    Person(Uuid),
}

impl fmt::Display for Unit {
    /// `region:140423`, `organisation:…`, `person:…`: the form in storage and in the API.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(code) => write!(f, "region:{code}"),
            Self::Organisation(key) => write!(f, "organisation:{key}"),
            Self::Person(id) => write!(f, "person:{id}"),
        }
    }
}

/// A text that names no unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no unit; write region:CODE, organisation:KEY or person:ID")]
pub struct NotAUnit(pub String);

impl FromStr for Unit {
    type Err = NotAUnit;

    fn from_str(text: &str) -> Result<Self, NotAUnit> {
        let not = || NotAUnit(text.to_owned());
        match text.split_once(':').ok_or_else(not)? {
            ("region", code) if !code.is_empty() => Ok(Self::Region(RegionCode::new(code))),
            ("organisation", key) if !key.is_empty() => Ok(Self::Organisation(key.to_owned())),
            ("person", id) => id.parse().map(Self::Person).map_err(|_| not()),
            _ => Err(not()),
        }
    }
}

/// One way to find the unit of a record. A register lists several; the first that finds one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responsibility {
    /// Field that names a region (residence, first landing point, site's region) or an organisation.
    pub field: String,
    /// For regions: the unit at this level, at or above the region named; the region's own if absent.
    pub level: Option<Level>,
    /// The field names an organisation, not a region.
    pub organisation: bool,
}

/// The unit that answers for a record: by the first rule that finds one, else the unit of the record's region.
///
/// A region that is wider than the level asked for answers itself: a case of a city whose county is not known is the
/// city's.
pub fn responsible_unit(
    rules: &[Responsibility],
    data: &Map<String, Json>,
    region: &RegionCode,
    tree: &RegionTree,
) -> Unit {
    let found = rules.iter().find_map(|rule| {
        let value = data.get(&rule.field)?.as_str()?;
        if rule.organisation {
            return Some(Unit::Organisation(value.to_owned()));
        }
        let named = tree.get_by_text(value)?;
        Some(Unit::Region(at_level(&named.code, rule.level, tree)))
    });
    found.unwrap_or_else(|| Unit::Region(region.clone()))
}

/// The region at a level, at or above a region; the region itself where it is wider or no level is asked for.
pub fn at_level(code: &RegionCode, level: Option<Level>, tree: &RegionTree) -> RegionCode {
    let Some(level) = level else { return code.clone() };
    let above = tree.ancestors(code);
    above
        .iter()
        .find(|region| region.level == level)
        .map_or_else(|| code.clone(), |region| region.code.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::RegionRow;
    use serde_json::json;

    fn tree() -> RegionTree {
        let row = |code: &str, level, parent: Option<&str>| RegionRow {
            code: code.into(),
            name: code.into(),
            name_en: None,
            level,
            parent: parent.map(str::to_owned),
        };
        let rows = vec![
            row("1", Level::Prefecture, None),
            row("11", Level::County, Some("1")),
            row("111", Level::Township, Some("11")),
        ];
        RegionTree::build(rows).0
    }

    fn check(rules: &[Responsibility], data: Json, unit: &str) {
        let data = data.as_object().unwrap().clone();
        let found = responsible_unit(rules, &data, &RegionCode::new("111"), &tree());
        assert_eq!(found.to_string(), unit);
        assert_eq!(unit.parse::<Unit>().unwrap(), found);
    }

    #[test]
    fn the_first_rule_that_finds_a_unit_counts() {
        let rule =
            |field: &str, level, organisation| Responsibility { field: field.into(), level, organisation };
        let rules = [rule("organisation", None, true), rule("landing", Some(Level::County), false)];
        check(&rules, json!({ "organisation": "mall-1", "landing": "111" }), "organisation:mall-1");
        check(&rules, json!({ "landing": "111" }), "region:11");
        check(&rules, json!({ "landing": "1" }), "region:1");
        check(&rules, json!({ "landing": "unknown" }), "region:111");
        check(&[], json!({}), "region:111");
    }
}
