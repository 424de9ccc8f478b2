//! Public entries: what of a record the public may read, frozen by the step that published it.

use crate::region::RegionCode;
use crate::register::PublicView;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// What the public reads of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicEntry {
    /// Identifier of the record, which is part of the public address.
    pub id: Uuid,
    /// Register.
    pub register: String,
    /// Region.
    pub region: RegionCode,
    /// Path of the region.
    pub region_path: String,
    /// The public fields as they were when it was published.
    pub data: Map<String, Json>,
    /// Who published it.
    pub published_by: String,
    /// When it was published first.
    pub first_published_at: Timestamp,
    /// When this version was published.
    pub changed_at: Timestamp,
    /// Version of the entry, from 1: it grows each time that it is published or taken away.
    pub version: u32,
}

impl PublicEntry {
    /// The value of a field as text; empty where there is none.
    pub fn text(&self, field: &str) -> &str {
        self.data.get(field).and_then(Json::as_str).unwrap_or_default()
    }

    /// The value of a field as a number.
    pub fn number(&self, field: &str) -> Option<f64> {
        self.data.get(field)?.as_f64()
    }

    /// The value of a field as a date.
    pub fn date(&self, field: &str) -> Option<Date> {
        crate::date::parse_iso(self.text(field))
    }

    /// Whether it holds on a day, by the dates that its register declares.
    pub fn holds_on(&self, view: &PublicView, day: Date) -> bool {
        let date = |field: &Option<String>| field.as_ref().and_then(|field| self.date(field));
        date(&view.from).is_none_or(|from| from <= day) && date(&view.until).is_none_or(|until| until >= day)
    }
}

impl PublicView {
    /// The public part of a record's values.
    pub fn freeze(&self, data: &Map<String, Json>) -> Map<String, Json> {
        let shown = self.fields.iter().filter_map(|id| data.get(id).map(|value| (id.clone(), value.clone())));
        shown.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view() -> PublicView {
        PublicView {
            states: vec!["published".into()],
            fields: vec!["name".into(), "since".into(), "until".into()],
            from: Some("since".into()),
            until: Some("until".into()),
        }
    }

    #[test]
    fn only_the_declared_fields_are_frozen() {
        let data = json!({ "name": "A", "note": "inside", "until": "2020-02-12" });
        let frozen = view().freeze(data.as_object().unwrap());
        assert_eq!(Json::from(frozen), json!({ "name": "A", "until": "2020-02-12" }));
    }

    #[test]
    fn an_entry_holds_from_its_first_to_its_last_day() {
        let holds = |data: Json, day: i8| {
            let entry = PublicEntry {
                id: Uuid::nil(),
                register: "risk_area".into(),
                region: RegionCode::new("1"),
                region_path: "/1/".into(),
                data: data.as_object().unwrap().clone(),
                published_by: String::new(),
                first_published_at: Timestamp::UNIX_EPOCH,
                changed_at: Timestamp::UNIX_EPOCH,
                version: 1,
            };
            entry.holds_on(&view(), jiff::civil::date(2020, 2, day))
        };
        let data = json!({ "since": "2020-02-10", "until": "2020-02-12" });
        assert_eq!([9, 10, 12, 13].map(|day| holds(data.clone(), day)), [false, true, true, false]);
        assert!(holds(json!({}), 1));
    }
}
