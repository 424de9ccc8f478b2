//! Which column of a file is which field of a register: by what the person says, else by identifier, label and
//! synonym. What matches two fields is left to the person.

use super::mapping::{Mapping, Target};
use super::report::ColumnReport;
use super::survey::{Survey, columns_of_dates, survey};
use super::{Layout, Refusal};
use crate::ingest::dates::{DateRule, header_days};
use crate::ingest::meaning::{Meaning, of_name};
use crate::ingest::read::{Row, Table};
use crate::ingest::series::Counting;
use jiff::civil::Date;
use serde_json::Value as Json;
use std::collections::HashMap;
use wanquan_domain::kind::{Kind, Role};
use wanquan_domain::pack::Packs;
use wanquan_domain::region::{RegionCode, Resolution};
use wanquan_domain::register::{Field, FieldType, Register, fold};
use wanquan_domain::value::TextContext;

/// How a table becomes records.
#[derive(Debug)]
pub(super) struct Plan {
    pub layout: Layout,
    /// Columns that fill a field each.
    pub cells: Vec<Cell>,
    /// Columns of the region, wide to narrow.
    pub region: Vec<usize>,
    /// Columns that each make a record of a row; empty if a row is one record.
    pub counts: Vec<CountColumn>,
    /// Values for fields that a row leaves empty.
    pub defaults: Vec<(usize, Json)>,
    /// Region below which names are looked up.
    pub within: Option<RegionCode>,
    /// Rows of regions whose parts stand in the file too are refused.
    pub parts_only: bool,
    /// Columns of the header.
    pub header: Vec<String>,
    /// Every column as the report shows it.
    pub reports: Vec<ColumnReport>,
    /// Position of the fields that the code has to know.
    pub known: Known,
    /// The outcome that a date of death says, where no column says it: field and choice.
    pub death: Option<(usize, String)>,
}

/// A column that fills a field.
#[derive(Debug)]
pub(super) struct Cell {
    pub column: usize,
    /// Position of the field in the register.
    pub field: usize,
    pub dates: DateRule,
    /// A value that cannot be understood refuses the row; otherwise it is left out with a warning.
    pub essential: bool,
}

/// A column of counts of one indicator, or of one day.
#[derive(Debug)]
pub(super) struct CountColumn {
    pub column: usize,
    /// Choice of the indicator; from another column or the defaults if absent.
    pub indicator: Option<String>,
    /// Day; from another column if absent.
    pub day: Option<Date>,
    /// Running totals, of which the differences are taken.
    pub cumulative: bool,
}

/// Positions of fields by role; only registers of counts have all of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub region: Option<usize>,
    pub date: Option<usize>,
    pub indicator: Option<usize>,
    pub count: Option<usize>,
    pub place_written: Option<usize>,
}

impl Plan {
    /// How counts are read.
    pub fn counting(&self) -> Option<Counting> {
        self.known.count?;
        let cumulative = self.counts.iter().any(|count| count.cumulative);
        Some(if cumulative { Counting::Cumulative } else { Counting::Incident })
    }

    /// Column and cell of the business key that tell a row from others; none if the value is a person's.
    pub fn key_cell<'r>(&self, register: &Register, row: &'r Row) -> Option<(&str, &'r str)> {
        let fields =
            register.key.iter().rev().filter_map(|id| register.fields.iter().position(|f| f.id == *id));
        let mut cells = fields.filter_map(|at| self.cells.iter().find(|cell| cell.field == at));
        let cell = cells.find(|cell| {
            let field = &register.fields[cell.field];
            !field.personal && field.role != Some(Role::Disease)
        })?;
        Some((self.header[cell.column].as_str(), row.get(cell.column)))
    }

    /// Name of the column that fills a field.
    pub fn column_of(&self, register: &Register, field: &str) -> Option<&str> {
        let position = register.fields.iter().position(|f| f.id == field)?;
        let column = if self.known.region == Some(position) {
            self.region.last().copied()
        } else {
            self.cells.iter().find(|cell| cell.field == position).map(|cell| cell.column)
        };
        column.map(|column| self.header[column].as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Mapping,
    Id,
    Label,
    Synonym,
}

impl How {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::Id => "id",
            Self::Label => "label",
            Self::Synonym => "synonym",
        }
    }
}

/// What a column was found to be.
#[derive(Debug, Clone)]
enum Use {
    Unmatched,
    Ambiguous,
    Ignored,
    Field { field: usize, how: How, rank: usize },
    Indicator { choice: String, cumulative: bool, how: How },
    Day(Date),
}

/// Finds the columns of `table` for `register`.
pub(super) fn plan(
    table: &Table,
    register: &Register,
    packs: &Packs,
    mapping: &Mapping,
) -> Result<Plan, Refusal> {
    let known = Known {
        region: position(register, Role::Region),
        date: position(register, Role::ReportDate),
        indicator: position(register, Role::Indicator),
        count: position(register, Role::Count),
        place_written: position(register, Role::PlaceWritten),
    };
    let counted = register.kind == Kind::CountReport;
    if !counted && matches!(mapping.layout, Some(Layout::Long | Layout::Wide)) {
        return Err(Refusal::LayoutOfCounts { register: register.id.clone() });
    }
    if counted && mapping.layout == Some(Layout::LineList) {
        return Err(Refusal::LayoutOfPersons { register: register.id.clone() });
    }
    let within = mapping.within.as_deref().map(|text| region(packs, text)).transpose()?;
    let defaults = defaults(register, packs, mapping, within.as_ref())?;
    let mut uses = Matcher::new(register).uses(table, mapping)?;
    let mut layout = if counted { Layout::Long } else { Layout::LineList };
    if counted {
        let long = uses.iter().any(|u| matches!(u, Use::Field { field, .. } if Some(*field) == known.date));
        let days = day_columns(&table.header, &uses);
        match (mapping.layout, days) {
            (Some(Layout::Wide), None) => return Err(Refusal::NoDayColumns),
            (None, None) | (Some(Layout::Long | Layout::LineList), _) => {}
            (None, Some(_)) if long => {}
            (_, Some((first, days))) => {
                layout = Layout::Wide;
                for (i, day) in days.iter().enumerate() {
                    uses[first + i] = Use::Day(*day);
                }
            }
        }
        if layout == Layout::Long {
            indicators(register, table, &defaults, &known, mapping, &mut uses);
        }
    }
    dates_of_death(table, register, &mut uses)?;
    one_column_a_field(&mut uses, &known);
    let region = region_columns(table, &uses, &known);
    let survey = survey(table, &date_columns(register, &uses), mapping.date_order)?;
    let plan = Plan {
        layout,
        death: death(table, register, &uses),
        cells: cells(register, &uses, &known, &survey),
        counts: counts(layout, &uses, &known, mapping, table),
        reports: reports(table, register, &uses, &region, &survey),
        header: table.header.clone(),
        region,
        defaults,
        within,
        parts_only: mapping.parts_only,
        known,
    };
    check(register, &plan)?;
    Ok(plan)
}

fn position(register: &Register, role: Role) -> Option<usize> {
    register.fields.iter().position(|field| field.role == Some(role))
}

/// The region that an option names.
pub(super) fn region(packs: &Packs, text: &str) -> Result<RegionCode, Refusal> {
    match packs.regions.resolve(text, None) {
        Resolution::Found(code) => Ok(code),
        Resolution::Unknown => Err(Refusal::NoRegion { name: text.to_owned(), several: String::new() }),
        Resolution::Ambiguous(codes) => {
            let several: Vec<String> = codes.iter().take(5).map(ToString::to_string).collect();
            Err(Refusal::NoRegion { name: text.to_owned(), several: several.join(", ") })
        }
    }
}

fn defaults(
    register: &Register,
    packs: &Packs,
    mapping: &Mapping,
    within: Option<&RegionCode>,
) -> Result<Vec<(usize, Json)>, Refusal> {
    let mut defaults: Vec<(usize, Json)> = Vec::new();
    let diseases = |name: &str| packs.disease_by_name(name).map(|disease| disease.id.clone());
    let context = TextContext {
        tree: &packs.regions,
        within,
        date: &|text| DateRule::default().read(text),
        diseases: &diseases,
    };
    for (id, text) in &mapping.defaults {
        let at = register.fields.iter().position(|field| field.id == *id);
        let at = at.ok_or_else(|| no_field(register, id))?;
        let wrong = |issue| Refusal::WrongDefault { field: id.clone(), issue: Box::new(issue) };
        let read = register.fields[at].parse_text(text, &context).map_err(wrong)?;
        defaults.retain(|(field, _)| *field != at);
        defaults.extend(read.value.map(|value| (at, value)));
    }
    Ok(defaults)
}

fn no_field(register: &Register, id: &str) -> Refusal {
    let available: Vec<&str> = register.fields.iter().map(|field| field.id.as_str()).collect();
    Refusal::NoField { field: id.to_owned(), available: available.join(", ") }
}

/// Names of fields, folded.
struct Matcher<'a> {
    register: &'a Register,
    names: HashMap<String, Vec<(usize, How, usize)>>,
}

impl<'a> Matcher<'a> {
    fn new(register: &'a Register) -> Self {
        let mut names: HashMap<String, Vec<(usize, How, usize)>> = HashMap::new();
        for (at, field) in register.fields.iter().enumerate() {
            let mut add = |name: &str, how, rank| {
                let found = names.entry(fold(name)).or_default();
                if !found.iter().any(|(field, ..)| *field == at) {
                    found.push((at, how, rank));
                }
            };
            add(&field.id, How::Id, 0);
            add(&field.label.en, How::Label, 0);
            add(&field.label.zh, How::Label, 1);
            field.synonyms.iter().enumerate().for_each(|(rank, name)| add(name, How::Synonym, rank));
        }
        Self { register, names }
    }

    fn uses(&self, table: &Table, mapping: &Mapping) -> Result<Vec<Use>, Refusal> {
        let mut uses: Vec<Use> = table.header.iter().map(|name| self.of_name(name)).collect();
        for (name, target) in &mapping.columns {
            let column = table.column(name).ok_or_else(|| {
                let mut available: Vec<&str> = table.header.iter().take(30).map(String::as_str).collect();
                if table.header.len() > available.len() {
                    available.push("…");
                }
                Refusal::NoColumn { column: name.clone(), available: available.join(", ") }
            })?;
            uses[column] = self.target(target)?;
        }
        // What the person says of one column is not contradicted by the name of another.
        let said: Vec<usize> = uses.iter().filter_map(mapped).collect();
        for u in &mut uses {
            if matches!(u, Use::Field { field, how, .. } if *how != How::Mapping && said.contains(field)) {
                *u = Use::Unmatched;
            }
        }
        Ok(uses)
    }

    fn target(&self, target: &Target) -> Result<Use, Refusal> {
        match target {
            Target::Ignore => Ok(Use::Ignored),
            Target::Field(id) => {
                let field = self.register.fields.iter().position(|field| field.id == *id);
                let field = field.ok_or_else(|| no_field(self.register, id))?;
                Ok(Use::Field { field, how: How::Mapping, rank: 0 })
            }
            Target::Indicator(written) => {
                let field = self.register.role(Role::Indicator);
                let field = field.ok_or_else(|| no_field(self.register, "indicator"))?;
                let choice = field.choice(written).ok_or_else(|| Refusal::NoIndicator {
                    name: written.clone(),
                    available: choices(field),
                })?;
                Ok(Use::Indicator { choice: choice.id.clone(), cumulative: false, how: How::Mapping })
            }
        }
    }

    fn of_name(&self, name: &str) -> Use {
        let found = self.names.get(&fold(name)).map_or(&[][..], Vec::as_slice);
        let best = found.iter().map(|(_, how, _)| *how).min();
        let mut best = found.iter().filter(|(_, how, _)| Some(*how) == best);
        match (best.next(), best.next()) {
            (None, _) => Use::Unmatched,
            (Some(&(field, how, rank)), None) => Use::Field { field, how, rank },
            (Some(_), Some(_)) => Use::Ambiguous,
        }
    }
}

fn mapped(u: &Use) -> Option<usize> {
    match u {
        Use::Field { field, how: How::Mapping, .. } => Some(*field),
        _ => None,
    }
}

pub(super) fn choices(field: &Field) -> String {
    field.choices.iter().map(|choice| choice.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// The longest run of column names that are days; two at least, and nothing else that says the day.
fn day_columns(header: &[String], uses: &[Use]) -> Option<(usize, Vec<Date>)> {
    let open = |i: usize| {
        matches!(uses[i], Use::Unmatched) && header[i].bytes().filter(u8::is_ascii_digit).count() >= 3
    };
    let mut best: Option<(usize, Vec<Date>)> = None;
    let mut first = 0;
    while first < header.len() {
        let run = (first..header.len()).take_while(|i| open(*i)).count();
        let names: Vec<&str> = header[first..first + run].iter().map(String::as_str).collect();
        if run >= 2
            && best.as_ref().is_none_or(|(_, days)| days.len() < run)
            && let Some(days) = header_days(&names)
        {
            best = Some((first, days));
        }
        first += run + 1;
    }
    best
}

/// Columns that count one indicator each, where no column and no default says what is counted.
fn indicators(
    register: &Register,
    table: &Table,
    defaults: &[(usize, Json)],
    known: &Known,
    mapping: &Mapping,
    uses: &mut [Use],
) {
    let Some(at) = known.indicator else { return };
    let told = uses.iter().any(|u| matches!(u, Use::Field { field, .. } if *field == at))
        || defaults.iter().any(|(field, _)| *field == at);
    if told {
        return;
    }
    let said = uses.iter().any(|u| matches!(u, Use::Indicator { .. }));
    let field = &register.fields[at];
    if !said {
        for (u, name) in uses.iter_mut().zip(&table.header) {
            let open = matches!(u, Use::Unmatched | Use::Ambiguous)
                || matches!(u, Use::Field { field, how: How::Synonym, .. } if Some(*field) == known.count);
            if let Some((choice, cumulative)) = indicator(field, name).filter(|_| open) {
                *u = Use::Indicator { choice, cumulative, how: How::Synonym };
            }
        }
        // Of an indicator that is given both ways, new persons are taken; running totals say the same.
        let cumulative = mapping.counting == Some(Counting::Cumulative);
        let both: Vec<String> = uses
            .iter()
            .filter_map(|u| match u {
                Use::Indicator { choice, cumulative: c, .. } if *c == cumulative => Some(choice.clone()),
                _ => None,
            })
            .collect();
        for u in uses.iter_mut() {
            if matches!(u, Use::Indicator { choice, cumulative: c, .. } if *c != cumulative && both.contains(choice))
            {
                *u = Use::Unmatched;
            }
        }
    }
    if uses.iter().any(|u| matches!(u, Use::Indicator { .. })) {
        // A count of nobody knows what, beside counts of known things.
        for u in uses.iter_mut() {
            if matches!(u, Use::Field { field, .. } if Some(*field) == known.count) {
                *u = Use::Unmatched;
            }
        }
    }
}

/// The indicator that a column name stands for, and whether the name speaks of running totals.
fn indicator(field: &Field, name: &str) -> Option<(String, bool)> {
    if let Some(choice) = field.choice(name) {
        return Some((choice.id.clone(), false));
    }
    let name = fold(name);
    let rest =
        ["cumulative", "cum", "total", "累计", "累积"].iter().find_map(|word| name.strip_prefix(word))?;
    field.choice(rest).map(|choice| (choice.id.clone(), true))
}

/// A column called `death` may hold a mark, a count, or the day: the day dates the outcome.
fn dates_of_death(table: &Table, register: &Register, uses: &mut [Use]) -> Result<(), Refusal> {
    let Some(field) = position(register, Role::OutcomeDate) else { return Ok(()) };
    let named = |name: &String| matches!(fold(name).as_str(), "death" | "died" | "死亡");
    let open = |column: &usize| matches!(uses[*column], Use::Unmatched) && named(&table.header[*column]);
    let columns: Vec<usize> = (0..uses.len()).filter(open).collect();
    for (column, found) in columns.iter().zip(columns_of_dates(table, &columns)?) {
        if found.filled() > 0 && found.dates() == found.filled() && found.serials == 0 {
            uses[*column] = Use::Field { field, how: How::Synonym, rank: usize::MAX };
        }
    }
    Ok(())
}

/// Of several columns for one field the best match fills it: what the person says, the identifier, the label, the
/// earlier synonym, the earlier column.
fn one_column_a_field(uses: &mut [Use], known: &Known) {
    let mut best: HashMap<usize, (How, usize, usize)> = HashMap::new();
    for (column, u) in uses.iter().enumerate() {
        if let Use::Field { field, how, rank } = u {
            let this = (*how, *rank, column);
            best.entry(*field).and_modify(|best| *best = this.min(*best)).or_insert(this);
        }
    }
    for (column, u) in uses.iter_mut().enumerate() {
        if let Use::Field { field, .. } = u
            && Some(*field) != known.region
            && best[field].2 != column
        {
            *u = Use::Unmatched;
        }
    }
}

/// Columns of the region, wide to narrow. Codes are the region by themselves; otherwise each level that names a column
/// narrows the one before, and a name that says no level stands alone.
fn region_columns(table: &Table, uses: &[Use], known: &Known) -> Vec<usize> {
    let found: Vec<(usize, How, usize)> = uses
        .iter()
        .enumerate()
        .filter_map(|(column, u)| match u {
            Use::Field { field, how, rank } if Some(*field) == known.region => Some((column, *how, *rank)),
            _ => None,
        })
        .collect();
    let Some(best) = found.iter().min_by_key(|(column, how, rank)| (*how, *rank, *column)) else {
        return Vec::new();
    };
    let meaning = |column: usize| of_name(&table.header[column]);
    let level = |column: usize| match meaning(column) {
        Meaning::Place(level) => Some(level),
        _ => None,
    };
    if best.1 != How::Mapping {
        // Tables that give several codes give them from wide to narrow.
        let codes = found.iter().map(|(column, ..)| *column);
        let codes: Vec<usize> = codes.filter(|column| meaning(*column) == Meaning::RegionCode).collect();
        if !codes.is_empty() && best.1 == How::Synonym {
            return codes;
        }
    } else if found.iter().any(|(column, ..)| level(*column).is_none()) {
        // The person named them all: where a word says no level, the order of the file does.
        return found.iter().map(|(column, ..)| *column).collect();
    }
    if level(best.0).is_none() {
        return vec![best.0];
    }
    let mut levels: Vec<(u8, How, usize, usize)> = found
        .iter()
        .filter_map(|&(column, how, rank)| level(column).map(|level| (level, how, rank, column)))
        .collect();
    levels
        .sort_unstable_by_key(|(level, how, rank, column)| (std::cmp::Reverse(*level), *how, *rank, *column));
    if best.1 != How::Mapping {
        levels.dedup_by_key(|(level, ..)| *level);
    }
    levels.into_iter().map(|(.., column)| column).collect()
}

/// The field and the choice for the dead, if the column of the outcome's date is one of deaths.
fn death(table: &Table, register: &Register, uses: &[Use]) -> Option<(usize, String)> {
    let date = position(register, Role::OutcomeDate)?;
    let column = uses.iter().position(|u| matches!(u, Use::Field { field, .. } if *field == date))?;
    let name = fold(&table.header[column]);
    let named = ["death", "died", "死亡"].iter().any(|word| name.contains(word));
    let other = ["discharge", "outcome", "recover", "出院", "治愈"].iter().any(|word| name.contains(word));
    let outcome = position(register, Role::Outcome)?;
    let choice = register.fields[outcome].choice("died")?;
    (named && !other).then(|| (outcome, choice.id.clone()))
}

fn date_columns(register: &Register, uses: &[Use]) -> Vec<usize> {
    let is_date = |u: &Use| matches!(u, Use::Field { field, .. } if register.fields[*field].field_type == FieldType::Date);
    uses.iter().enumerate().filter(|(_, u)| is_date(u)).map(|(column, _)| column).collect()
}

fn cells(register: &Register, uses: &[Use], known: &Known, survey: &Survey) -> Vec<Cell> {
    let melted = uses.iter().any(|u| matches!(u, Use::Day(_) | Use::Indicator { .. }));
    uses.iter()
        .enumerate()
        .filter_map(|(column, u)| match u {
            Use::Field { field, .. } if Some(*field) != known.region => Some((column, *field)),
            _ => None,
        })
        .filter(|(_, field)| !(melted && Some(*field) == known.count))
        .map(|(column, field)| Cell {
            column,
            field,
            dates: survey.rule(column),
            essential: essential(register, &register.fields[field]),
        })
        .collect()
}

/// True if a record without the value would be another record, or counted elsewhere: required fields, keys, dates that
/// place it in time.
fn essential(register: &Register, field: &Field) -> bool {
    let dates = register.event_date.iter().chain(register.measures.iter().flat_map(|m| &m.date));
    field.required
        || matches!(field.role, Some(Role::Region | Role::Disease | Role::Count | Role::KnownOn))
        || register.key.iter().chain(dates).any(|id| *id == field.id)
}

fn counts(layout: Layout, uses: &[Use], known: &Known, mapping: &Mapping, table: &Table) -> Vec<CountColumn> {
    let said = mapping.counting.map(|counting| counting == Counting::Cumulative);
    let column_of = |field: Option<usize>| {
        uses.iter().position(|u| matches!(u, Use::Field { field: f, .. } if Some(*f) == field))
    };
    let mut found: Vec<CountColumn> = uses
        .iter()
        .enumerate()
        .filter_map(|(column, u)| match u {
            Use::Indicator { choice, cumulative, .. } => Some(CountColumn {
                column,
                indicator: Some(choice.clone()),
                day: None,
                cumulative: said.unwrap_or(*cumulative),
            }),
            Use::Day(day) => Some(CountColumn {
                column,
                indicator: None,
                day: Some(*day),
                cumulative: said.unwrap_or(false),
            }),
            _ => None,
        })
        .collect();
    // A single column of running totals is read like several: its cells are not the values that are stored.
    if layout == Layout::Long
        && found.is_empty()
        && let Some(column) = known.count.and_then(|_| column_of(known.count))
    {
        let named = ["cum", "累计", "累积"].iter().any(|word| fold(&table.header[column]).starts_with(word));
        if said.unwrap_or(named) {
            found.push(CountColumn { column, indicator: None, day: None, cumulative: true });
        }
    }
    found
}

fn reports(
    table: &Table,
    register: &Register,
    uses: &[Use],
    region: &[usize],
    survey: &Survey,
) -> Vec<ColumnReport> {
    let field_id = |field: usize| Some(register.fields[field].id.clone());
    let report = |(column, name): (usize, &String)| {
        let (field, how) = match &uses[column] {
            Use::Unmatched => (None, "unmatched"),
            Use::Ignored => (None, "mapping"),
            Use::Ambiguous => (None, "ambiguous"),
            // A level of places beside the ones in use.
            Use::Field { field, .. }
                if register.fields[*field].role == Some(Role::Region) && !region.contains(&column) =>
            {
                (None, "unmatched")
            }
            Use::Field { field, how, .. } => (field_id(*field), how.as_str()),
            Use::Indicator { choice, cumulative, how } => {
                let running = if *cumulative { " (cumulative)" } else { "" };
                (Some(format!("indicator:{choice}{running}")), how.as_str())
            }
            Use::Day(day) => (Some(format!("day:{day}")), "label"),
        };
        let personal = matches!(&uses[column], Use::Field { field, .. } if register.fields[*field].personal);
        ColumnReport {
            column: if name.is_empty() { format!("({})", column + 1) } else { name.clone() },
            field,
            how: how.to_owned(),
            date_format: survey.date_format(column),
            samples: if personal { Vec::new() } else { survey.samples(column) },
        }
    };
    table.header.iter().enumerate().map(report).collect()
}

/// Refuses a file that cannot make a single record.
fn check(register: &Register, plan: &Plan) -> Result<(), Refusal> {
    if plan.cells.is_empty() && plan.region.is_empty() && plan.counts.is_empty() {
        let names: Vec<&str> = plan.header.iter().take(12).map(String::as_str).collect();
        return Err(Refusal::NoColumns {
            register: register.id.clone(),
            header: names.join(", "),
            reports: plan.reports.clone(),
            layout: plan.layout,
        });
    }
    let filled = |at: usize| {
        let known = &plan.known;
        let by_counts = |wanted: Option<usize>, has: &dyn Fn(&CountColumn) -> bool| {
            Some(at) == wanted && !plan.counts.is_empty() && plan.counts.iter().all(has)
        };
        plan.cells.iter().any(|cell| cell.field == at)
            || plan.defaults.iter().any(|(field, _)| *field == at)
            || (Some(at) == known.region && !plan.region.is_empty())
            || by_counts(known.count, &|_| true)
            || by_counts(known.indicator, &|count| count.indicator.is_some())
            || by_counts(known.date, &|count| count.day.is_some())
    };
    let missing: Vec<&Field> = register
        .fields
        .iter()
        .enumerate()
        .filter(|(at, field)| field.required && field.show_if.is_none() && !filled(*at))
        .map(|(_, field)| field)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = |text: fn(&Field) -> &str| missing.iter().map(|f| text(f)).collect::<Vec<_>>().join(", ");
    let example =
        missing.iter().map(|field| format!("--set {}={}", field.id, example(field))).collect::<Vec<_>>();
    Err(Refusal::MissingFields {
        fields: names(|f| &f.id),
        labels: names(|f| &f.label.zh),
        example: example.join(" "),
        reports: plan.reports.clone(),
        layout: plan.layout,
    })
}

fn example(field: &Field) -> String {
    match (&field.field_type, field.role) {
        (_, Some(Role::Disease)) => "covid-19".to_owned(),
        (FieldType::Region, _) => "140400".to_owned(),
        (FieldType::Date, _) => "2020-01-24".to_owned(),
        (FieldType::Choice, _) => field.choices.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join("|"),
        _ => "…".to_owned(),
    }
}
