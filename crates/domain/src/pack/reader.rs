//! Reads a TOML file key by key and collects every problem with its line, instead of stopping at the first.

use super::issue::{PackIssue, PackIssueCode};
use crate::text::Text;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use toml_edit::{Document, Item, TableLike, Value};

/// One table of a file being read.
pub struct Reader<'a> {
    file: &'a str,
    source: &'a str,
    table: &'a dyn TableLike,
    line: usize,
    read: BTreeSet<String>,
    issues: &'a mut Vec<PackIssue>,
}

/// Parses a file and hands its root table to `read`; keys that were not read are reported.
pub fn read_toml(
    file: &str,
    content: &[u8],
    issues: &mut Vec<PackIssue>,
    read: &mut dyn FnMut(&mut Reader<'_>),
) {
    let Ok(source) = std::str::from_utf8(content) else {
        issues.push(PackIssue::new(PackIssueCode::Syntax, file, 0, "the file is not UTF-8"));
        return;
    };
    match Document::parse(source) {
        Err(error) => {
            let line = error.span().map_or(0, |span| line_of(source, span.start));
            let text = error.message().trim().replace('\n', "; ");
            issues.push(PackIssue::new(PackIssueCode::Syntax, file, line, &text));
        }
        Ok(document) => {
            let mut reader =
                Reader { file, source, table: document.as_table(), line: 1, read: BTreeSet::new(), issues };
            read(&mut reader);
            reader.finish();
        }
    }
}

fn line_of(source: &str, offset: usize) -> usize {
    source.as_bytes().iter().take(offset).filter(|&&b| b == b'\n').count() + 1
}

impl Reader<'_> {
    /// Reports a problem at a key (at the table if the key is absent).
    pub fn problem(&mut self, code: PackIssueCode, key: &str, message: &str) {
        let line = self.line_of_key(key);
        self.issues.push(PackIssue::new(code, self.file, line, &format!("`{key}`: {message}")));
    }

    fn line_of_key(&self, key: &str) -> usize {
        let span = self.table.get_key_value(key).and_then(|(k, item)| k.span().or_else(|| item.span()));
        span.map_or(self.line, |span| line_of(self.source, span.start))
    }

    fn item(&mut self, key: &str) -> Option<&Item> {
        self.read.insert(key.to_owned());
        self.table.get(key).filter(|item| !item.is_none())
    }

    fn value<T>(&mut self, key: &str, what: &str, convert: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let item = self.item(key)?;
        let converted = item.as_value().and_then(convert);
        if converted.is_none() {
            self.problem(PackIssueCode::WrongType, key, &format!("{what} is needed"));
        }
        converted
    }

    fn missing(&mut self, key: &str) {
        if self.table.get(key).is_none() {
            self.problem(PackIssueCode::MissingKey, key, "the key is required");
        }
    }

    /// True if the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// An optional text.
    pub fn optional_text(&mut self, key: &str) -> Option<String> {
        self.value(key, "a text", |v| v.as_str().map(str::to_owned))
    }

    /// A required text, empty after a problem.
    pub fn text(&mut self, key: &str) -> String {
        let text = self.optional_text(key);
        self.missing(key);
        if text.as_deref().is_some_and(|t| t.trim().is_empty()) {
            self.problem(PackIssueCode::WrongValue, key, "must not be empty");
        }
        text.unwrap_or_default()
    }

    /// A required identifier: a letter, then letters, digits, `_`.
    pub fn identifier(&mut self, key: &str) -> String {
        let id = self.text(key);
        let well_formed = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !id.is_empty() && !well_formed {
            self.problem(PackIssueCode::WrongValue, key, "must be lower-case letters, digits and `_`");
        }
        id
    }

    /// A required text out of a list.
    pub fn one_of(&mut self, key: &str, allowed: &[&str]) -> String {
        let text = self.text(key);
        if !text.is_empty() && !allowed.contains(&text.as_str()) {
            let list = allowed.join(", ");
            self.problem(PackIssueCode::WrongValue, key, &format!("`{text}` is not one of: {list}"));
        }
        text
    }

    /// A list of texts, empty if absent.
    pub fn texts(&mut self, key: &str) -> Vec<String> {
        let texts = self.value(key, "a list of texts", |v| {
            v.as_array()?.iter().map(|t| t.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.unwrap_or_default()
    }

    /// A list of numbers, empty if absent.
    pub fn numbers(&mut self, key: &str) -> Vec<f64> {
        let numbers = self.value(key, "a list of numbers", |v| {
            v.as_array()?.iter().map(number).collect::<Option<Vec<_>>>()
        });
        numbers.unwrap_or_default()
    }

    /// An optional yes or no, no if absent.
    pub fn flag(&mut self, key: &str) -> bool {
        self.value(key, "true or false", Value::as_bool).unwrap_or(false)
    }

    /// An optional whole number.
    pub fn integer(&mut self, key: &str) -> Option<i64> {
        self.value(key, "a whole number", Value::as_integer)
    }

    /// An optional number.
    pub fn optional_number(&mut self, key: &str) -> Option<f64> {
        self.value(key, "a number", number)
    }

    /// A required number.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        let number = self.optional_number(key);
        self.missing(key);
        number
    }

    /// An optional text in every language.
    pub fn optional_label(&mut self, key: &str) -> Option<Text> {
        let item = self.item(key)?;
        let Some(table) = item.as_table_like() else {
            self.problem(
                PackIssueCode::WrongType,
                key,
                "a text per language is needed: { en = \"…\", zh = \"…\" }",
            );
            return None;
        };
        let part = |lang: &str| table.get(lang).and_then(Item::as_str).unwrap_or_default().trim().to_owned();
        let text = Text::new(part("en"), part("zh"));
        for (lang, part) in [("en", &text.en), ("zh", &text.zh)] {
            if part.is_empty() {
                self.problem(PackIssueCode::MissingTranslation, key, &format!("the text lacks `{lang}`"));
            }
        }
        Some(text)
    }

    /// A required text in every language.
    pub fn label(&mut self, key: &str) -> Text {
        let label = self.optional_label(key);
        self.missing(key);
        label.unwrap_or_default()
    }

    /// Any value as JSON, null if absent.
    pub fn json(&mut self, key: &str) -> Json {
        self.item(key).map_or(Json::Null, to_json)
    }

    /// An optional table, read by `read`.
    pub fn table<T>(&mut self, key: &str, mut read: impl FnMut(&mut Reader<'_>) -> T) -> Option<T> {
        self.read.insert(key.to_owned());
        let table = self.table;
        let item = table.get(key)?;
        match item.as_table_like() {
            Some(inner) => Some(self.inside(inner, item.span(), &mut read)),
            None => {
                self.problem(PackIssueCode::WrongType, key, "a table is needed");
                None
            }
        }
    }

    /// A list of tables, each read by `read`; empty if absent.
    pub fn tables<T>(&mut self, key: &str, mut read: impl FnMut(&mut Reader<'_>) -> T) -> Vec<T> {
        self.read.insert(key.to_owned());
        let table = self.table;
        match table.get(key) {
            None => Vec::new(),
            Some(Item::ArrayOfTables(list)) => {
                list.iter().map(|inner| self.inside(inner, inner.span(), &mut read)).collect()
            }
            Some(Item::Value(Value::Array(list))) if list.iter().all(Value::is_inline_table) => list
                .iter()
                .filter_map(|value| value.as_inline_table())
                .map(|inner| self.inside(inner, inner.span(), &mut read))
                .collect(),
            Some(_) => {
                self.problem(PackIssueCode::WrongType, key, "a list of tables is needed");
                Vec::new()
            }
        }
    }

    fn inside<T>(
        &mut self,
        table: &dyn TableLike,
        span: Option<std::ops::Range<usize>>,
        read: &mut impl FnMut(&mut Reader<'_>) -> T,
    ) -> T {
        let line = span.map_or(self.line, |span| line_of(self.source, span.start));
        let mut reader = Reader {
            file: self.file,
            source: self.source,
            table,
            line,
            read: BTreeSet::new(),
            issues: &mut *self.issues,
        };
        let result = read(&mut reader);
        reader.finish();
        result
    }

    /// Identifier, type and identifiers of the choices of each table of a list of fields, without reporting anything.
    pub fn peek_fields(&self, key: &str) -> Vec<(String, String, Vec<String>)> {
        let text =
            |table: &dyn TableLike, key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
        let choices = |table: &toml_edit::Table| match table.get("choice") {
            Some(Item::ArrayOfTables(list)) => list.iter().filter_map(|choice| text(choice, "id")).collect(),
            Some(Item::Value(Value::Array(list))) => list
                .iter()
                .filter_map(Value::as_inline_table)
                .filter_map(|choice| text(choice, "id"))
                .collect(),
            _ => Vec::new(),
        };
        match self.table.get(key) {
            Some(Item::ArrayOfTables(list)) => list
                .iter()
                .filter_map(|table| Some((text(table, "id")?, text(table, "type")?, choices(table))))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The texts under a key of each table of a list, without reporting anything.
    pub fn peek_texts(&self, list: &str, key: &str) -> Vec<String> {
        let text = |table: &dyn TableLike| table.get(key).and_then(Item::as_str).map(str::to_owned);
        match self.table.get(list) {
            Some(Item::ArrayOfTables(tables)) => tables.iter().filter_map(|table| text(table)).collect(),
            _ => Vec::new(),
        }
    }

    /// The keys of a table, without reporting anything.
    pub fn keys(&self) -> Vec<String> {
        self.table.iter().map(|(key, _)| key.to_owned()).collect()
    }

    fn finish(mut self) {
        let unknown: Vec<String> =
            self.table.iter().map(|(key, _)| key.to_owned()).filter(|key| !self.read.contains(key)).collect();
        for key in unknown {
            self.problem(PackIssueCode::UnknownKey, &key, "nothing reads this key");
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "declared figures are small")]
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64))
}

fn to_json(item: &Item) -> Json {
    if let Some(table) = item.as_table_like() {
        return Json::Object(table.iter().map(|(key, item)| (key.to_owned(), to_json(item))).collect());
    }
    match item.as_value() {
        Some(Value::String(s)) => Json::from(s.value().as_str()),
        Some(Value::Integer(i)) => Json::from(*i.value()),
        Some(Value::Float(f)) => Json::from(*f.value()),
        Some(Value::Boolean(b)) => Json::from(*b.value()),
        Some(Value::Array(items)) => {
            Json::Array(items.iter().map(|value| to_json(&Item::Value(value.clone()))).collect())
        }
        _ => Json::Null,
    }
}
