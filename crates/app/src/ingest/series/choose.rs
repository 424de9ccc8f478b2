//! Which columns of a table mean what.

use super::beside::{Beside, set_aside};
use super::{Layout, SeriesError, SeriesOptions};
use crate::ingest::dates::header_days;
use crate::ingest::meaning::{Meaning, Profile, incident_rank, of_name, profile};
use crate::ingest::read::Table;
use jiff::civil::Date;

/// How the date of a row is found.
#[derive(Debug)]
pub(super) enum When {
    /// One column of dates.
    Column(usize),
    /// Columns of year and of week, month or period within it.
    YearAnd { year: usize, part: usize },
    /// One column of whole periods such as 2020-W05 or 202001.
    Period(usize),
    /// Every column from here is a date.
    Header { first: usize, days: Vec<Date> },
}

/// The columns by meaning.
#[derive(Debug)]
pub(super) struct Plan {
    pub layout: Layout,
    pub when: When,
    pub code: Option<usize>,
    /// Names of the place, narrow to wide.
    pub names: Vec<usize>,
    /// Columns of counts; several where each is a series of its own.
    pub counts: Vec<usize>,
    /// True if the names of the count columns say that they are running totals.
    pub cumulative: bool,
    pub level: Option<usize>,
    pub indicator: Option<usize>,
    pub person: Person,
    /// Dated columns of persons by meaning.
    pub dated: Vec<(Meaning, usize)>,
    /// Columns that count again what those of places count.
    pub beside: Beside,
}

/// Columns that describe a person.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub sex: Option<usize>,
    pub age: Option<usize>,
    pub outcome: Option<usize>,
    pub death: Option<usize>,
    pub imported: Option<usize>,
}

struct Columns<'a> {
    table: &'a Table,
    meanings: Vec<Meaning>,
    profiles: Vec<Profile>,
}

impl Columns<'_> {
    fn of(&self, wanted: Meaning) -> impl Iterator<Item = usize> + '_ {
        self.meanings.iter().enumerate().filter(move |(_, m)| **m == wanted).map(|(i, _)| i)
    }

    fn named(&self, name: &str) -> Result<usize, SeriesError> {
        self.table
            .column(name)
            .ok_or_else(|| SeriesError::NoColumn { name: name.to_owned(), available: available(self.table) })
    }

    /// Columns of dates with a meaning: of several, the one with most cells that speak for themselves.
    fn dated(&self, wanted: Meaning) -> Option<usize> {
        self.of(wanted)
            .filter(|i| self.profiles[*i].is_date())
            .max_by_key(|i| (self.profiles[*i].dates.plain, std::cmp::Reverse(*i)))
    }
}

fn available(table: &Table) -> String {
    let mut names: Vec<&str> = table.header.iter().take(20).map(String::as_str).collect();
    if table.header.len() > names.len() {
        names.push("…");
    }
    names.join(", ")
}

/// Finds the layout and the columns.
pub(super) fn choose(table: &Table, options: &SeriesOptions) -> Result<Plan, SeriesError> {
    let meanings = table.header.iter().map(|name| of_name(name)).collect();
    let columns = Columns { table, meanings, profiles: profile(table)? };
    let (mut code, mut names) = places(&columns, options)?;
    let mut plan = Plan {
        layout: Layout::LongCounts,
        when: When::Column(0),
        code: None,
        names: Vec::new(),
        counts: Vec::new(),
        cumulative: false,
        level: columns.of(Meaning::PlaceLevel).next(),
        indicator: columns.of(Meaning::Indicator).next(),
        person: Person::default(),
        dated: Vec::new(),
        beside: Beside::default(),
    };
    if options.date.is_none()
        && options.count.is_none()
        && let Some((first, days)) = trailing_days(table)
    {
        plan.layout = Layout::WideDates;
        code = code.filter(|i| *i < first);
        names.retain(|i| *i < first);
        if names.is_empty() && code.is_none() && first > 0 {
            names.push(first - 1);
        }
        plan.when = When::Header { first, days };
    } else {
        let given = options.count.as_deref().map(|name| columns.named(name)).transpose()?;
        let person = is_list_of_persons(&columns) && given.is_none();
        plan.when = when(&columns, options, person)?;
        if person {
            plan.layout = Layout::LineList;
            plan.person = persons(&columns);
            plan.dated = [Meaning::Onset, Meaning::Report, Meaning::Confirmation, Meaning::Admission]
                .into_iter()
                .filter_map(|meaning| Some((meaning, columns.dated(meaning)?)))
                .collect();
            if options.region.is_none() {
                let several = |i: &usize| columns.profiles[*i].distinct.len() > 1;
                // Few persons share a narrow place: the widest unit that tells places apart is the default. A
                // country that nearly all rows share does not.
                let tells = |i: &usize| several(i) && !columns.profiles[*i].is_nearly_constant();
                let widest =
                    names.iter().rev().find(|i| tells(i)).or(names.iter().rev().find(|i| several(i)));
                names = widest.copied().into_iter().collect();
                code = None;
            }
        } else {
            // A unit that most rows leave empty belongs to another table's kind of row.
            let rows = columns.profiles.iter().map(|profile| profile.filled).max().unwrap_or(0);
            let narrow = names.clone();
            names.retain(|i| columns.profiles[*i].filled * 2 >= rows || options.region.is_some());
            if names.is_empty() {
                names = narrow;
            }
            choose_counts(&columns, given, !names.is_empty() || code.is_some(), &mut plan)?;
        }
    }
    plan.code = code;
    plan.names = names;
    Ok(plan)
}

/// Columns of places: a code, and names from narrow to wide.
fn places(
    columns: &Columns<'_>,
    options: &SeriesOptions,
) -> Result<(Option<usize>, Vec<usize>), SeriesError> {
    if let Some(name) = &options.region {
        return Ok((None, vec![columns.named(name)?]));
    }
    let mut names: Vec<(u8, usize)> = columns
        .meanings
        .iter()
        .enumerate()
        .filter_map(|(i, meaning)| match meaning {
            Meaning::Place(level) if columns.profiles[i].is_place() => Some((*level, i)),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup_by_key(|(level, _)| *level);
    // Of several codes the one of the narrowest unit comes last in every table met.
    let code = columns.of(Meaning::RegionCode).filter(|i| columns.profiles[*i].filled > 0).last();
    Ok((code, names.into_iter().map(|(_, i)| i).collect()))
}

/// The run of date columns at the end of the header; three at least, for two could be dates of something else.
fn trailing_days(table: &Table) -> Option<(usize, Vec<Date>)> {
    let names: Vec<&str> = table.header.iter().map(String::as_str).collect();
    let digits = |name: &&&str| name.bytes().filter(u8::is_ascii_digit).count() >= 3;
    let run = names.iter().rev().take_while(digits).count();
    let first = names.len() - run;
    (run >= 3).then(|| header_days(&names[first..])).flatten().map(|days| (first, days))
}

/// Rows are persons if a date of persons stands in the table and nothing counts them.
fn is_list_of_persons(columns: &Columns<'_>) -> bool {
    let counted = columns.meanings.iter().zip(&columns.profiles).any(|(meaning, profile)| {
        matches!(meaning, Meaning::Incident | Meaning::Cumulative) && profile.is_count()
    });
    let described = columns
        .meanings
        .iter()
        .any(|m| matches!(m, Meaning::Sex | Meaning::Age | Meaning::PersonId | Meaning::Outcome));
    let dated = [Meaning::Onset, Meaning::Report, Meaning::Confirmation, Meaning::Admission]
        .into_iter()
        .any(|meaning| columns.dated(meaning).is_some());
    let any_count = columns.profiles.iter().enumerate().any(|(i, profile)| {
        profile.is_count() && matches!(columns.meanings[i], Meaning::Unknown | Meaning::Death)
    });
    !counted && (described || (dated && !any_count))
}

fn persons(columns: &Columns<'_>) -> Person {
    let first = |meaning| columns.of(meaning).find(|i| columns.profiles[*i].filled > 0);
    Person {
        sex: first(Meaning::Sex),
        age: first(Meaning::Age),
        outcome: first(Meaning::Outcome),
        // `death` or a date of death; a date of any outcome says nothing about which.
        death: columns.of(Meaning::Death).find(|i| {
            let name = columns.table.header[*i].to_lowercase();
            !name.contains("outcome") && !name.contains("discharge") && !name.contains("recover")
        }),
        imported: first(Meaning::Imported),
    }
}

fn when(columns: &Columns<'_>, options: &SeriesOptions, person: bool) -> Result<When, SeriesError> {
    if let Some(name) = &options.date {
        let column = columns.named(name)?;
        let is_period =
            !columns.profiles[column].is_date() && super::calendar::is_period(&columns.profiles[column]);
        return Ok(if is_period { When::Period(column) } else { When::Column(column) });
    }
    if person && let Some(column) = date_of_persons(columns) {
        return Ok(When::Column(column));
    }
    let counted = [Meaning::Day, Meaning::Report, Meaning::Confirmation, Meaning::Onset, Meaning::Admission];
    if let Some(column) = counted.into_iter().find_map(|meaning| columns.dated(meaning)) {
        return Ok(When::Column(column));
    }
    let part = columns.of(Meaning::Week).chain(columns.of(Meaning::Period)).next();
    if let (Some(year), Some(part)) = (columns.of(Meaning::Year).next(), part) {
        return Ok(When::YearAnd { year, part });
    }
    if let Some(part) = part.filter(|i| super::calendar::is_period(&columns.profiles[*i])) {
        return Ok(When::Period(part));
    }
    let any = (0..columns.profiles.len()).find(|i| {
        columns.profiles[*i].is_date()
            && columns.profiles[*i].dates.serials == 0
            && !matches!(columns.meanings[*i], Meaning::OtherDate | Meaning::Death)
    });
    any.map(When::Column).ok_or_else(|| SeriesError::NoDate { available: available(columns.table) })
}

/// Onset if at least half as many persons have one as have the best filled date; else that date.
fn date_of_persons(columns: &Columns<'_>) -> Option<usize> {
    let candidates: Vec<usize> =
        [Meaning::Onset, Meaning::Report, Meaning::Confirmation, Meaning::Admission, Meaning::Day]
            .into_iter()
            .filter_map(|meaning| columns.dated(meaning))
            .collect();
    let dates = |i: &usize| columns.profiles[*i].dates.dates();
    let most = candidates.iter().map(dates).max()?;
    candidates.into_iter().find(|i| dates(i) * 2 >= most)
}

fn choose_counts(
    columns: &Columns<'_>,
    given: Option<usize>,
    placed: bool,
    plan: &mut Plan,
) -> Result<(), SeriesError> {
    let is_count = |i: &usize| columns.profiles[*i].is_count();
    if let Some(column) = given {
        plan.counts = vec![column];
        plan.cumulative = columns.meanings[column] == Meaning::Cumulative;
        return Ok(());
    }
    let incident = columns
        .of(Meaning::Incident)
        .filter(is_count)
        .min_by_key(|i| (incident_rank(&columns.table.header[*i]), *i));
    if let Some(column) = incident {
        plan.counts = vec![column];
        return Ok(());
    }
    if let Some(column) = columns.of(Meaning::Cumulative).find(is_count) {
        plan.counts = vec![column];
        plan.cumulative = true;
        return Ok(());
    }
    // Counts without a name that says so: each column is a series of its own, unless a column names the places.
    let used = |i: usize| match plan.when {
        When::Column(at) | When::Period(at) => i == at,
        When::YearAnd { year, part } => i == year || i == part,
        When::Header { .. } => false,
    };
    let free: Vec<usize> = (0..columns.meanings.len())
        .filter(|i| {
            !used(*i)
                && is_count(i)
                && !matches!(
                    columns.meanings[*i],
                    Meaning::Year
                        | Meaning::Week
                        | Meaning::Period
                        | Meaning::RegionCode
                        | Meaning::Population
                        | Meaning::Index
                        | Meaning::PersonId
                        | Meaning::Age
                        | Meaning::Death
                        | Meaning::Day
                        | Meaning::Coordinate
                        | Meaning::PlaceLevel
                        | Meaning::Place(_)
                )
        })
        .collect();
    if placed {
        plan.counts = free.into_iter().take(1).collect();
        return Ok(());
    }
    plan.layout = Layout::WidePlaces;
    let sums = |i: &usize| {
        let name = columns.table.header[*i].to_lowercase();
        ["region", "global", "total", "world", "合计", "总"].iter().any(|word| name.contains(word))
    };
    let (totals, counts): (Vec<usize>, Vec<usize>) = free.into_iter().partition(sums);
    plan.counts = if counts.is_empty() { totals.clone() } else { counts };
    plan.beside = set_aside(columns.table, &mut plan.counts)?;
    plan.beside.totals.extend(totals.iter().filter(|i| !plan.counts.contains(i)));
    plan.indicator = None;
    Ok(())
}
