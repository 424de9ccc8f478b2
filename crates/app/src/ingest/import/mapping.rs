//! What a person says about a file: which column is which field, what stands where the file is silent, how to read
//! dates and counts. Given by options or by a mapping file (TOML), kept with a source that sends the same form again.

use super::Layout;
use crate::ingest::dates::DateOrder;
use crate::ingest::series::Counting;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a person says about a file; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Targets of columns by name; the later entry of a column stands.
    pub columns: Vec<(String, Target)>,
    /// Values of fields, as they would be written in a cell, where the file has none.
    pub defaults: Vec<(String, String)>,
    /// Region below which names of places are looked up.
    pub within: Option<String>,
    /// Which of day and month comes first where the year comes last.
    pub date_order: Option<DateOrder>,
    /// Form of the table.
    pub layout: Option<Layout>,
    /// Whether counts are new persons or running totals.
    pub counting: Option<Counting>,
    /// Day on which the content became known; the day of the import if absent.
    pub known_on: Option<Date>,
    /// Refuse rows of regions whose parts stand in the file too: they are totals.
    pub parts_only: bool,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
}

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A field of the register. Several columns may be the region: from wide to narrow.
    Field(String),
    /// Counts of one indicator.
    Indicator(String),
    /// Nothing.
    Ignore,
}

impl Target {
    /// The target as options and files write it: `onset_date`, `indicator:confirmed`, `-`.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.split_once(':') {
            _ if text.is_empty() || text == "-" => Self::Ignore,
            Some(("indicator", choice)) => Self::Indicator(choice.trim().to_owned()),
            _ => Self::Field(text.to_owned()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    defaults: BTreeMap<String, toml::Value>,
    within: Option<String>,
    date_order: Option<String>,
    layout: Option<String>,
    counting: Option<String>,
    known_on: Option<String>,
    #[serde(default)]
    parts_only: bool,
    sheet: Option<String>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// What is wrong, with the line where it can be told.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        fn known<T>(
            key: &str,
            text: Option<String>,
            parse: impl Fn(&str) -> Option<T>,
            forms: &str,
        ) -> Result<Option<T>, String> {
            let wrong = |text: &str| format!("{key} = \"{text}\": write {forms}");
            text.map(|text| parse(&text).ok_or_else(|| wrong(&text))).transpose()
        }
        let default = |(field, value): (String, toml::Value)| match value {
            toml::Value::String(text) => Ok((field, text)),
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_) => Ok((field, value.to_string())),
            _ => Err(format!("defaults.{field}: write one value")),
        };
        // The year in front needs no order: it is accepted as a word for "as written".
        let date_order = written.date_order.filter(|order| order != "ymd");
        Ok(Self {
            columns: written.columns.into_iter().map(|(name, to)| (name, Target::parse(&to))).collect(),
            defaults: written.defaults.into_iter().map(default).collect::<Result<_, _>>()?,
            within: written.within,
            date_order: known("date_order", date_order, DateOrder::parse, "ymd, dmy or mdy")?,
            layout: known("layout", written.layout, Layout::parse, "line_list, long or wide")?,
            counting: known("counting", written.counting, Counting::parse, "incident or cumulative")?,
            known_on: known(
                "known_on",
                written.known_on,
                |text| text.parse().ok(),
                "a date such as 2020-01-24",
            )?,
            parts_only: written.parts_only,
            sheet: written.sheet,
        })
    }

    /// Puts what `other` says on top.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.columns.extend(other.columns);
        self.defaults.extend(other.defaults);
        Self {
            columns: self.columns,
            defaults: self.defaults,
            within: other.within.or(self.within),
            date_order: other.date_order.or(self.date_order),
            layout: other.layout.or(self.layout),
            counting: other.counting.or(self.counting),
            known_on: other.known_on.or(self.known_on),
            parts_only: other.parts_only || self.parts_only,
            sheet: other.sheet.or(self.sheet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_file_says_columns_defaults_and_forms() {
        let mapping = Mapping::parse(
            "within = \"140400\"\ndate_order = \"dmy\"\ncounting = \"cumulative\"\n\
             [columns]\n\"发病\" = \"onset_date\"\n\"死亡数\" = \"indicator:dead\"\n\"备注2\" = \"-\"\n\
             [defaults]\ndisease = \"covid-19\"\nage_years = 40\n",
        )
        .unwrap();
        assert_eq!(mapping.within.as_deref(), Some("140400"));
        assert_eq!(
            (mapping.date_order, mapping.counting),
            (Some(DateOrder::DayFirst), Some(Counting::Cumulative))
        );
        assert_eq!(mapping.columns.len(), 3);
        assert!(mapping.columns.contains(&("死亡数".into(), Target::Indicator("dead".into()))));
        assert!(mapping.columns.contains(&("备注2".into(), Target::Ignore)));
        assert!(mapping.defaults.contains(&("age_years".into(), "40".into())));
    }

    #[test]
    fn what_a_mapping_file_does_not_know_is_refused_with_its_line() {
        let error = Mapping::parse("within = \"1\"\nregion = \"x\"\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("region"), "{error}");
        assert!(Mapping::parse("layout = \"sideways\"").unwrap_err().contains("line_list, long or wide"));
    }
}
