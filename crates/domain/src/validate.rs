//! From raw values to a draft that holds: types, required fields, ranges, rules, region, key.

use crate::date::parse_iso;
use crate::issue::{Issue, IssueCode};
use crate::kind::Role;
use crate::record::{Data, Draft, KeyDigest};
use crate::region::{RegionCode, RegionTree};
use crate::register::{Choice, Field, FieldType, Register, STATE, first_date};
use crate::value::{canonical_number, has_control_characters};
use jiff::civil::Date;
use serde_json::{Map, Value as Json};

/// What validation needs to know besides the values.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The administrative tree.
    pub tree: &'a RegionTree,
    /// Whether a disease of this identifier is loaded.
    pub is_disease: &'a dyn Fn(&str) -> bool,
    /// The present civil day.
    pub today: Date,
}

/// What validation found.
#[derive(Debug)]
pub struct Validated {
    /// The draft, unless an error refuses it.
    pub draft: Option<Draft>,
    /// Errors and warnings.
    pub issues: Vec<Issue>,
}

impl Register {
    /// Checks values (already of the fields' JSON types) and makes a draft.
    ///
    /// Text is trimmed, absent values are dropped, dates and instants are normalised, choices must be identifiers.
    pub fn validate(&self, values: Map<String, Json>, context: &Context<'_>) -> Validated {
        let mut issues = Vec::new();
        let mut data = Map::new();
        for (id, value) in values {
            let Some(field) = self.field(&id) else {
                issues.push(Issue::error(IssueCode::UnknownField).field(&id));
                continue;
            };
            match field.check(value, context) {
                Ok(Some(value)) => {
                    data.insert(id, value);
                }
                Ok(None) => {}
                Err(issue) => issues.push(issue),
            }
        }
        if let Some(life) = &self.lifecycle {
            data.entry(STATE).or_insert_with(|| Json::from(life.initial().id.as_str()));
        }
        let scope = self.scope(&data, context.today);
        for field in self.ruled_fields() {
            let applies = field.show_if.as_ref().is_none_or(|c| c.holds(&scope) == Some(true));
            let given = data.get(&field.id);
            // A value that was refused has its issue already.
            let refused = || issues.iter().any(|i| i.field.as_deref() == Some(&field.id));
            match given {
                None if field.required && applies && !refused() => {
                    issues.push(Issue::error(IssueCode::RequiredMissing).field(&field.id));
                }
                Some(value) if !applies => {
                    let issue = Issue::warning(IssueCode::NotApplicable).field(&field.id);
                    issues.push(field.repeat(issue, value));
                }
                Some(value) if field.role == Some(Role::Count) && value.as_i64().is_some_and(|n| n < 0) => {
                    let issue = Issue::warning(IssueCode::NegativeCount).field(&field.id);
                    issues.push(field.repeat(issue, value));
                }
                Some(value) => {
                    if let Some(rule) = &field.valid_if
                        && rule.condition.holds(&scope) == Some(false)
                    {
                        let issue = if rule.doubtful_only {
                            Issue::warning(IssueCode::RuleDoubtful)
                        } else {
                            Issue::error(IssueCode::RuleBroken)
                        };
                        let (en, zh) = (rule.message.en.as_str(), rule.message.zh.as_str());
                        issues.push(field.repeat(issue.field(&field.id), value).detail(en, zh));
                    }
                }
                None => {}
            }
        }
        let refused = issues.iter().any(|i| i.severity == crate::issue::Severity::Error);
        if refused {
            return Validated { draft: None, issues };
        }
        let contributions = self.contributions(&data, &scope);
        let draft = self.draft(data, contributions, context);
        if draft.is_none() {
            issues.push(Issue::error(IssueCode::RequiredMissing).detail("region", "地区"));
        }
        Validated { draft, issues }
    }

    fn draft(
        &self,
        data: Map<String, Json>,
        contributions: Vec<crate::register::Contribution>,
        context: &Context<'_>,
    ) -> Option<Draft> {
        let region = RegionCode::new(self.text_of(Role::Region, &data)?);
        let region_path = context.tree.get(&region)?.path.clone();
        let disease = self.text_of(Role::Disease, &data).unwrap_or_default().to_owned();
        let event_date = first_date(&self.event_date, &data);
        let known_on = self.text_of(Role::KnownOn, &data).and_then(parse_iso);
        let key = self.key_digest(&data);
        Some(Draft {
            region,
            region_path,
            disease,
            event_date,
            known_on,
            key,
            data: Data::from_validated(data),
            contributions,
        })
    }

    /// Digest of the business key; of the whole content where the key is not complete.
    fn key_digest(&self, data: &Map<String, Json>) -> KeyDigest {
        let mut hasher = blake3::Hasher::new();
        if self.has_key(data) {
            hasher.update(b"key\0");
            for value in self.key.iter().filter_map(|field| data.get(field)) {
                hasher.update(value.to_string().as_bytes());
                hasher.update(b"\0");
            }
        } else {
            hasher.update(b"content\0");
            hasher.update(&Data::from_validated(data.clone()).digest());
        }
        shortened(&hasher)
    }

    /// True if the values fill every field of the business key.
    pub fn has_key(&self, data: &Map<String, Json>) -> bool {
        !self.key.is_empty() && self.key.iter().all(|field| data.contains_key(field))
    }
}

impl Register {
    /// True if the key of a record with these values says something of a person: a field of the business key does, or,
    /// where there is none, any value.
    pub fn key_is_personal(&self, data: &Map<String, Json>) -> bool {
        let personal = |id: &str| self.field(id).is_some_and(|field| field.personal);
        if self.has_key(data) {
            self.key.iter().any(|id| personal(id))
        } else {
            data.keys().any(|id| personal(id))
        }
    }
}

/// The key of the `n`th repetition (from 1) of a record without a business key: equal rows of a file stay as many
/// records, and the same file imported again changes nothing.
pub fn repeated_key(first: &KeyDigest, n: u32) -> KeyDigest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"repeated\0");
    hasher.update(first);
    hasher.update(&n.to_be_bytes());
    shortened(&hasher)
}

fn shortened(hasher: &blake3::Hasher) -> KeyDigest {
    let mut key = KeyDigest::default();
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

/// A value as it is repeated in an issue.
fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Field {
    /// Repeats the value in the issue, unless it is a person's: issues travel further than records.
    fn repeat(&self, issue: Issue, value: &Json) -> Issue {
        if self.personal { issue } else { issue.value(&shown(value)) }
    }

    /// Checks one JSON value against type and range.
    fn check(&self, value: Json, context: &Context<'_>) -> Result<Option<Json>, Issue> {
        let refuse = |code: IssueCode, value: &Json| self.repeat(Issue::error(code).field(&self.id), value);
        let value = match value {
            Json::Null => return Ok(None),
            Json::String(text) => {
                let trimmed = text.trim();
                if trimmed.is_empty() {
                    return Ok(None);
                }
                if trimmed.len() == text.len() { Json::String(text) } else { Json::from(trimmed) }
            }
            other => other,
        };
        match &self.field_type {
            FieldType::Text | FieldType::Site | FieldType::Person | FieldType::Record { .. } => {
                let Some(text) = value.as_str() else { return Err(refuse(IssueCode::WrongType, &value)) };
                if self.role == Some(Role::Disease) && !(context.is_disease)(text) {
                    return Err(refuse(IssueCode::UnknownDisease, &value));
                }
                if text.len() > self.max_length && text.chars().count() > self.max_length {
                    return Err(refuse(IssueCode::TooLong, &value));
                }
                if has_control_characters(text) {
                    return Err(Issue::error(IssueCode::ControlCharacter).field(&self.id));
                }
                Ok(Some(value))
            }
            FieldType::Integer => {
                let whole = value.as_i64().or_else(|| canonical_number(value.as_f64()?)?.as_i64());
                let number = whole.ok_or_else(|| refuse(IssueCode::NotAnInteger, &value))?;
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "bounds are small; a rounded huge number stays outside"
                )]
                self.check_range(number as f64, &value)?;
                Ok(Some(Json::from(number)))
            }
            FieldType::Number => {
                let number = value.as_f64().filter(|n| n.is_finite());
                let number = number.ok_or_else(|| refuse(IssueCode::NotANumber, &value))?;
                self.check_range(number, &value)?;
                Ok(canonical_number(number))
            }
            FieldType::Date => {
                let date = value.as_str().and_then(parse_iso);
                let date = date.ok_or_else(|| refuse(IssueCode::NotADate, &value))?;
                if !self.future && date > context.today {
                    return Err(refuse(IssueCode::FutureDate, &value));
                }
                Ok(Some(value))
            }
            FieldType::Datetime => {
                let instant: Option<jiff::Timestamp> = value.as_str().and_then(|t| t.parse().ok());
                let instant = instant.ok_or_else(|| refuse(IssueCode::NotADatetime, &value))?;
                Ok(Some(Json::from(instant.to_string())))
            }
            FieldType::Boolean => match value {
                Json::Bool(_) => Ok(Some(value)),
                other => Err(refuse(IssueCode::NotABoolean, &other)),
            },
            FieldType::Choice => match value.as_str().and_then(|id| self.choice_by_id(id)) {
                Some(_) => Ok(Some(value)),
                None => Err(refuse(IssueCode::NotAChoice, &value)),
            },
            FieldType::MultiChoice => {
                let Json::Array(items) = &value else { return Err(refuse(IssueCode::WrongType, &value)) };
                let known =
                    items.iter().all(|i| i.as_str().is_some_and(|id| self.choice_by_id(id).is_some()));
                if !known {
                    return Err(refuse(IssueCode::NotAChoice, &value));
                }
                Ok((!items.is_empty()).then_some(value))
            }
            FieldType::Region => match value.as_str().and_then(|code| context.tree.get_by_text(code)) {
                Some(_) => Ok(Some(value)),
                None => Err(refuse(IssueCode::UnknownRegion, &value)),
            },
        }
    }

    fn choice_by_id(&self, id: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.id == id)
    }

    fn check_range(&self, number: f64, value: &Json) -> Result<(), Issue> {
        let low = self.min.is_some_and(|min| number < min);
        let high = self.max.is_some_and(|max| number > max);
        if !low && !high {
            return Ok(());
        }
        let bound = |b: Option<f64>| b.map_or_else(|| "…".to_owned(), |b| b.to_string());
        let range = format!("{} – {}", bound(self.min), bound(self.max));
        let issue = self.repeat(Issue::error(IssueCode::OutOfRange).field(&self.id), value);
        Err(issue.detail(range.clone(), range))
    }
}
