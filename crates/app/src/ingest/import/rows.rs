//! From one row to records and issues. Pure and without order, so that rows are read on many threads.

use super::columns::{CountColumn, Plan};
use super::running::Differences;
use crate::app::App;
use crate::authorize::Scope;
use crate::ingest::meaning::is_total;
use crate::ingest::read::{Row, plain_cell};
use crate::validation::validate;
use jiff::civil::Date;
use rustc_hash::FxHashSet;
use serde_json::{Map, Value as Json};
use wanquan_domain::date::to_iso;
use wanquan_domain::issue::{Issue, IssueCode, Severity};
use wanquan_domain::kind::{Kind, Role};
use wanquan_domain::pack::Packs;
use wanquan_domain::record::IdSequence;
use wanquan_domain::region::{RegionCode, Resolution};
use wanquan_domain::register::{Field, Register};
use wanquan_domain::value::{TextContext, is_missing};
use wanquan_store::record::NewRecord;

/// What reading needs besides the row.
pub(super) struct Reader<'a> {
    pub register: &'a Register,
    pub app: &'a App,
    pub packs: &'a Packs,
    pub plan: &'a Plan,
    pub today: Date,
    /// Where the person may act.
    pub scope: &'a Scope,
    pub ids: IdSequence,
    /// Regions whose parts stand in the file too, where their rows are to be refused.
    pub wider: FxHashSet<RegionCode>,
    /// Differences of running totals over the whole file, for tables of one row a day.
    pub differences: Differences,
}

/// What a row became.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Records; none if refused.
    pub records: Vec<Made>,
    /// Issues, with their row.
    pub issues: Vec<Issue>,
    pub refused: bool,
}

/// A record made of a row.
#[derive(Debug)]
pub(super) struct Made {
    pub record: NewRecord,
    /// Region of a count.
    pub region: Option<RegionCode>,
    /// The business key is not complete: an equal row is another record.
    pub keyless: bool,
}

/// The values that all records of a row share.
pub(super) struct Shared {
    pub values: Map<String, Json>,
    pub issues: Vec<Issue>,
}

impl Shared {
    pub fn refused(&self) -> bool {
        self.issues.iter().any(|issue| issue.severity == Severity::Error)
    }

    pub fn text(&self, field: Option<&Field>) -> Option<&str> {
        self.values.get(&field?.id)?.as_str()
    }
}

impl<'a> Reader<'a> {
    /// Records that one row makes at most.
    pub fn records_per_row(&self) -> usize {
        self.plan.counts.len().max(1)
    }

    /// Reads a row; `position` is its place among the rows of the file.
    pub fn read(&self, row: &Row, fits: bool, position: usize) -> Outcome {
        let mut outcome = self.records(row, fits, position);
        outcome.refused = outcome.issues.iter().any(|issue| issue.severity == Severity::Error);
        if outcome.refused {
            outcome.records.clear();
        }
        for issue in &mut outcome.issues {
            issue.row = Some(row.number());
        }
        outcome
    }

    fn records(&self, row: &Row, fits: bool, position: usize) -> Outcome {
        if !fits {
            let issue = self.ragged(row);
            return Outcome { issues: vec![issue], ..Outcome::default() };
        }
        let shared = self.shared(row);
        let mut outcome = Outcome { issues: Vec::new(), records: Vec::new(), refused: false };
        let first = position * self.records_per_row();
        if self.plan.counts.is_empty() {
            outcome.issues = shared.issues;
            self.make(shared.values, None, first, &mut outcome);
            return outcome;
        }
        let refused = shared.refused();
        outcome.issues = shared.issues;
        let mut filled = 0;
        let mut before = None;
        for (i, count) in self.plan.counts.iter().enumerate() {
            let written = plain_cell(row.get(count.column)).trim();
            if is_missing(written) {
                continue;
            }
            filled += 1;
            let n = match self.count(count, written, row, &mut before, &mut outcome.issues) {
                Some(n) if !refused => n,
                _ => continue,
            };
            let mut values = shared.values.clone();
            self.set_count(&mut values, count, n);
            self.make(values, Some(count), first + i, &mut outcome);
        }
        if filled == 0 {
            let mut issue = Issue::error(IssueCode::RequiredMissing);
            issue.field = self.field(self.plan.known.count).map(|field| field.id.clone());
            issue.column = self.plan.counts.first().map(|count| self.name(count.column).to_owned());
            outcome.issues.push(issue);
        }
        outcome
    }

    fn ragged(&self, row: &Row) -> Issue {
        let (here, header) = (row.len(), self.plan.header.len());
        Issue::error(IssueCode::RaggedRow).detail(format!("{here} of {header}"), format!("{here}/{header}"))
    }

    fn field(&self, position: Option<usize>) -> Option<&'a Field> {
        position.map(|at| &self.register.fields[at])
    }

    fn name(&self, column: usize) -> &str {
        &self.plan.header[column]
    }

    /// The values of a row apart from counts, with the defaults where it is silent.
    pub fn shared(&self, row: &Row) -> Shared {
        let mut shared = Shared { values: Map::new(), issues: Vec::new() };
        for cell in &self.plan.cells {
            let field = &self.register.fields[cell.field];
            let read = |text: &str| cell.dates.read(text);
            let context = TextContext {
                tree: &self.packs.regions,
                within: self.plan.within.as_ref(),
                date: &read,
                diseases: &|name| self.packs.disease_by_name(name).map(|disease| disease.id.clone()),
            };
            match field.parse_text(plain_cell(row.get(cell.column)), &context) {
                Ok(read) => {
                    if let Some(code) = read.note {
                        let issue = Issue::warning(code).field(&field.id).column(self.name(cell.column));
                        shared.issues.push(if field.personal {
                            issue
                        } else {
                            issue.value(row.get(cell.column))
                        });
                    }
                    if let Some(value) = read.value {
                        shared.values.insert(field.id.clone(), value);
                    }
                }
                Err(issue) => {
                    let issue = issue.column(self.name(cell.column));
                    shared.issues.push(if cell.essential { issue } else { kept_out(issue) });
                }
            }
        }
        self.place(row, &mut shared);
        for (at, value) in &self.plan.defaults {
            let field = &self.register.fields[*at];
            // A value that was refused is not replaced by another one.
            let refused = shared.issues.iter().any(|issue| issue.field.as_deref() == Some(&field.id));
            if !refused && !shared.values.contains_key(&field.id) {
                shared.values.insert(field.id.clone(), value.clone());
            }
        }
        if let Some((at, died)) = &self.plan.death {
            let date = self.register.role(Role::OutcomeDate).map(|field| field.id.as_str());
            let outcome = &self.register.fields[*at].id;
            if date.is_some_and(|date| shared.values.contains_key(date))
                && !shared.values.contains_key(outcome)
            {
                shared.values.insert(outcome.clone(), Json::from(died.as_str()));
            }
        }
        if !self.plan.counts.is_empty() {
            self.require(&mut shared);
        }
        shared
    }

    /// Reports what every record of the row would lack, once for the row and before totals are compared.
    fn require(&self, shared: &mut Shared) {
        let known = &self.plan.known;
        let given = |at: usize| {
            Some(at) == known.count
                || (Some(at) == known.indicator
                    && self.plan.counts.iter().all(|count| count.indicator.is_some()))
                || (Some(at) == known.date && self.by_day())
        };
        for (at, field) in self.register.fields.iter().enumerate() {
            let unconditional = field.required && field.show_if.is_none();
            if !unconditional || given(at) || shared.values.contains_key(&field.id) {
                continue;
            }
            if !shared.issues.iter().any(|issue| issue.field.as_deref() == Some(&field.id)) {
                let mut issue = Issue::error(IssueCode::RequiredMissing).field(&field.id);
                issue.column = self.plan.column_of(self.register, &field.id).map(str::to_owned);
                shared.issues.push(issue);
            }
        }
    }

    /// The region, narrowed level by level.
    fn place(&self, row: &Row, shared: &mut Shared) {
        let Some(field) = self.field(self.plan.known.region) else { return };
        let tree = &self.packs.regions;
        let mut found: Option<RegionCode> = None;
        let mut issue = None;
        for &column in &self.plan.region {
            let text = plain_cell(row.get(column)).trim();
            if is_missing(text) {
                continue;
            }
            if is_total(text) {
                issue = Some(Issue::error(IssueCode::TotalsRow).value(text).column(self.name(column)));
                break;
            }
            let scope = found.as_ref().or(self.plan.within.as_ref());
            let mut resolution = tree.resolve(text, scope);
            if resolution == Resolution::Unknown
                && let Some(wide) = &found
                && let Resolution::Found(code) = tree.resolve(text, self.plan.within.as_ref())
            {
                // The wide place over again, the whole path, or a contradiction.
                if tree.contains(&code, wide) {
                    continue;
                }
                if !tree.contains(wide, &code) {
                    let name = tree.get(wide).map_or("", |region| &region.name);
                    let refused =
                        Issue::error(IssueCode::UnknownRegion).value(text).column(self.name(column));
                    issue = Some(refused.detail(format!("not in {name}"), format!("不在{name}内")));
                    found = None;
                    break;
                }
                resolution = Resolution::Found(code);
            }
            if resolution == Resolution::Unknown && self.register.kind != Kind::CountReport {
                // A person is counted in the wider region for certain; a count of a part is not its count.
                let partly = tree.resolve_partly(text, found.as_ref().or(self.plan.within.as_ref()));
                found = partly.or(found);
                if found.is_some() {
                    issue =
                        Some(Issue::warning(IssueCode::PlacedWider).value(text).column(self.name(column)));
                    break;
                }
            }
            match resolution {
                Resolution::Found(code) => found = Some(code),
                Resolution::Unknown => {
                    issue =
                        Some(Issue::error(IssueCode::UnknownRegion).value(text).column(self.name(column)));
                    break;
                }
                Resolution::Ambiguous(codes) => {
                    let named: Vec<String> = codes
                        .iter()
                        .take(5)
                        .filter_map(|code| tree.get(code))
                        .map(|region| format!("{} {}", region.code, region.name))
                        .collect();
                    let named = named.join(", ");
                    let found =
                        Issue::error(IssueCode::AmbiguousRegion).value(text).column(self.name(column));
                    issue = Some(found.detail(named.clone(), named));
                    break;
                }
            }
        }
        if let (None, Some(column), Some(code)) = (&issue, self.plan.region.last(), &found)
            && self.wider.contains(code)
        {
            issue =
                Some(Issue::error(IssueCode::WiderRegion).value(code.as_str()).column(self.name(*column)));
        }
        if let Some(issue) = issue {
            if issue.severity == Severity::Warning {
                self.keep_place_as_written(row, shared);
            }
            shared.issues.push(issue.field(&field.id));
        }
        if let Some(code) = found {
            shared.values.insert(field.id.clone(), Json::from(code.as_str()));
        }
    }

    fn keep_place_as_written(&self, row: &Row, shared: &mut Shared) {
        let Some(field) = self.field(self.plan.known.place_written) else { return };
        if shared.values.contains_key(&field.id) {
            return;
        }
        let parts: Vec<&str> = self
            .plan
            .region
            .iter()
            .map(|column| plain_cell(row.get(*column)).trim())
            .filter(|text| !is_missing(text))
            .collect();
        let written: String = parts.join("/").chars().take(field.max_length).collect();
        shared.values.insert(field.id.clone(), Json::from(written));
    }

    /// The count of a cell, or of the step to it where it is a running total.
    fn count(
        &self,
        count: &CountColumn,
        written: &str,
        row: &Row,
        before: &mut Option<i64>,
        issues: &mut Vec<Issue>,
    ) -> Option<i64> {
        let field = self.field(self.plan.known.count)?;
        let locate = |issue: Issue| issue.field(&field.id).column(self.name(count.column)).value(written);
        let Some(n) = crate::ingest::meaning::count(written) else {
            issues.push(locate(Issue::error(IssueCode::NotAnInteger)));
            return None;
        };
        if !count.cumulative {
            return Some(n);
        }
        let (step, first) = if count.day.is_some() {
            let step = before.map(|before| n - before);
            *before = Some(n);
            (step.unwrap_or(n), step.is_none())
        } else {
            self.differences.get(row.number(), count.column)?
        };
        if first && n != 0 {
            issues.push(locate(Issue::warning(IssueCode::FirstTotal)));
        }
        Some(step)
    }

    fn set_count(&self, values: &mut Map<String, Json>, count: &CountColumn, n: i64) {
        let known = &self.plan.known;
        let mut set = |at: Option<usize>, value: Json| {
            if let Some(field) = self.field(at) {
                values.insert(field.id.clone(), value);
            }
        };
        set(known.count, Json::from(n));
        if let Some(day) = count.day {
            set(known.date, Json::from(to_iso(day)));
        }
        if let Some(indicator) = &count.indicator {
            set(known.indicator, Json::from(indicator.as_str()));
        }
    }

    /// Validates values and makes a record of them.
    fn make(
        &self,
        values: Map<String, Json>,
        count: Option<&CountColumn>,
        position: usize,
        outcome: &mut Outcome,
    ) {
        let validated = validate(self.app, self.register, values, self.today);
        for mut issue in validated.issues {
            let field = issue.field.as_deref();
            // A missing value that could not be understood has its issue already.
            let known = issue.code == IssueCode::RequiredMissing
                && outcome
                    .issues
                    .iter()
                    .any(|i| i.severity == Severity::Error && i.field.as_deref() == field);
            if known {
                continue;
            }
            let in_count = count.filter(|_| {
                let count_field = self.field(self.plan.known.count).map(|f| f.id.as_str());
                let date_field = self.field(self.plan.known.date).map(|f| f.id.as_str());
                field.is_some() && (field == count_field || field == date_field && self.by_day())
            });
            issue.column = match in_count {
                Some(count) => Some(self.name(count.column).to_owned()),
                None => field.and_then(|f| self.plan.column_of(self.register, f)).map(str::to_owned),
            };
            outcome.issues.push(issue);
        }
        let Some(draft) = validated.draft else { return };
        if !self.scope.covers(&draft.region_path) {
            let mut issue = Issue::error(IssueCode::OutOfArea).value(draft.region.as_str());
            if let Some(field) = self.field(self.plan.known.region) {
                issue.column = self.plan.column_of(self.register, &field.id).map(str::to_owned);
                issue = issue.field(&field.id);
            }
            outcome.issues.push(issue);
            return;
        }
        let keyless = !self.register.has_key(draft.data.as_map());
        let region = (self.register.kind == Kind::CountReport).then(|| draft.region.clone());
        let id = self.ids.get(u32::try_from(position).unwrap_or(u32::MAX));
        match NewRecord::new(self.register, draft, id) {
            Ok(mut record) => {
                // Here, on every core, and not in the one writer of the load, which does it where this fails.
                let sealed = record.seal(self.app.store().keys(), self.app.now());
                debug_assert!(sealed.is_ok());
                outcome.records.push(Made { record, region, keyless });
            }
            // Validation refuses control characters, NUL among them; a field that it lets through is refused here.
            Err(_) => outcome.issues.push(Issue::error(IssueCode::ControlCharacter)),
        }
    }

    fn by_day(&self) -> bool {
        self.plan.counts.iter().any(|count| count.day.is_some())
    }
}

/// An issue of an optional value: the value is left out, the row stays.
fn kept_out(issue: Issue) -> Issue {
    let text = issue.code.text();
    let mut kept = Issue::warning(IssueCode::ValueKeptOut).detail(text.en, text.zh);
    kept.field = issue.field;
    kept.column = issue.column;
    kept.value = issue.value;
    kept
}
