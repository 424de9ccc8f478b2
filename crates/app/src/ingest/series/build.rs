//! From rows to a dense matrix of counts.

use super::calendar::{Calendar, Entry, YearParts, period};
use super::choose::{Plan, When};
use super::people::People;
use super::{ColumnsUsed, Counting, Layout, Place, Remark, SeriesError, SeriesOptions, SeriesSet, Step};
use crate::ingest::dates::DateRule;
use crate::ingest::limits::VALUES_MAX;
use crate::ingest::meaning::{Meaning, count, date_rules, is_total};
use crate::ingest::read::{Row, Rows, Table};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use wanquan_domain::date::to_epoch_day;
use wanquan_domain::text::Text;
use wanquan_domain::value::is_missing;

/// Counts of what was met on the way; becomes remarks.
#[derive(Default)]
pub(super) struct Tally {
    ragged: u64,
    undated: u64,
    unread_dates: u64,
    wider: u64,
    negative: u64,
    unread_counts: u64,
    /// Place and day of rows whose count is missing or cannot be read.
    silent: Vec<(u32, i32)>,
    indicators: u64,
    totals: u64,
    repeated: u64,
    /// Of repeated running totals the last stands; repeated counts are added up.
    totals_stand: bool,
    pub age_classes: u64,
    /// Several rows of one place and day, at different hours.
    snapshots: bool,
}

/// Places by what the row says.
struct Places<'a> {
    plan: &'a Plan,
    by_key: HashMap<String, u32>,
    places: Vec<Place>,
    key: String,
    level: Option<String>,
    leave_out_wider: bool,
}

pub(super) fn build(table: &Table, plan: Plan, options: &SeriesOptions) -> Result<SeriesSet, SeriesError> {
    let mut tally = Tally::default();
    let level = plan.level.map(|column| narrowest_level(table, &plan, column)).transpose()?.flatten();
    let mut places = Places {
        plan: &plan,
        by_key: HashMap::new(),
        places: Vec::new(),
        key: String::new(),
        level,
        leave_out_wider: plan.layout == Layout::LongCounts && plan.names.len() > 1,
    };
    let mut remarks = Vec::new();
    let (mut set, rows_used) = match &plan.when {
        When::Header { first, days } => wide(table, *first, days, &mut places, &mut tally)?,
        _ => long(table, &plan, options, &mut places, &mut tally, &mut remarks)?,
    };
    set.rows_used = rows_used;
    set.layout = plan.layout;
    set.columns = columns_used(table, &plan);
    if plan.layout == Layout::WidePlaces {
        let name = |i: &usize| Place { code: None, name: table.header[*i].clone() };
        set.places = plan.counts.iter().map(name).collect();
    } else {
        set.places = places.places;
    }
    if plan.layout != Layout::LineList {
        count_running_totals(&mut set, &plan, options, tally.snapshots, &mut remarks);
    }
    set.rows_read = table.info.rows;
    tally.remarks(&mut remarks);
    set_aside(table, &plan, &mut remarks);
    let missing = set.counts.iter().filter(|n| n.is_none()).count() as u64;
    if missing > 0 {
        remarks.push(remark(
            "Q117",
            missing,
            format!("{missing} of {} values are not reported; they are no zeros", set.counts.len()),
            format!("{} 个值中有 {missing} 个未报告，不作为零", set.counts.len()),
        ));
    }
    set.remarks.append(&mut remarks);
    Ok(set)
}

/// Names the columns that are not counted, and why.
fn set_aside(table: &Table, plan: &Plan, remarks: &mut Vec<Remark>) {
    let mut say = |code, columns: &[usize], en: &str, zh: &str| {
        if columns.is_empty() {
            return;
        }
        let names: Vec<&str> = columns.iter().map(|i| table.header[*i].as_str()).collect();
        let names = names.join(", ");
        remarks.push(remark(code, columns.len() as u64, format!("{en}: {names}"), format!("{zh}：{names}")));
    };
    let beside = &plan.beside;
    say("Q112", &beside.totals, "columns of totals are left out", "合计列未计入");
    say(
        "Q119",
        &beside.parts,
        "columns that by their names are parts of a column that is counted are left out (--count takes one)",
        "按名称属于已计入列之一部分的列未计入（可用 --count 指定）",
    );
    say(
        "Q120",
        &beside.others,
        "columns that by their names count something else than the others are left out (--count takes one)",
        "按名称所计与其他列不同的列未计入（可用 --count 指定）",
    );
}

pub(super) fn remark(code: &'static str, n: u64, en: String, zh: String) -> Remark {
    Remark { code, text: Text::new(en, zh), n }
}

fn empty(start: Date, step: Step, steps: usize, counts: Vec<Option<i32>>) -> SeriesSet {
    SeriesSet {
        layout: Layout::LongCounts,
        counting: Counting::Incident,
        columns: ColumnsUsed::default(),
        places: Vec::new(),
        start,
        step,
        steps,
        counts,
        cases: Vec::new(),
        rows_read: 0,
        rows_used: 0,
        remarks: Vec::new(),
    }
}

fn columns_used(table: &Table, plan: &Plan) -> ColumnsUsed {
    let name = |i: &usize| table.header[*i].clone();
    ColumnsUsed {
        region: if plan.layout == Layout::WidePlaces {
            Vec::new()
        } else {
            plan.code.iter().chain(&plan.names).map(name).collect()
        },
        date: match &plan.when {
            When::Column(at) | When::Period(at) => vec![name(at)],
            When::YearAnd { year, part } => vec![name(year), name(part)],
            When::Header { .. } => Vec::new(),
        },
        count: plan.counts.iter().map(name).collect(),
    }
}

impl Places<'_> {
    /// The place of a row, or the reason why the row counts for none.
    fn of(&mut self, row: &Row, tally: &mut Tally) -> Option<u32> {
        if let (Some(column), Some(level)) = (self.plan.level, &self.level)
            && row.get(column).trim() != level
        {
            tally.wider += 1;
            return None;
        }
        let name = |i: &usize| Some(row.get(*i).trim()).filter(|name| !is_missing(name));
        let code = self.plan.code.as_ref().and_then(name);
        let mut names = self.plan.names.iter().map(name);
        let narrow = names.next().flatten();
        if self.leave_out_wider && narrow.is_none() {
            tally.wider += 1;
            return None;
        }
        if narrow.or(code).is_some_and(is_total) {
            tally.totals += 1;
            return None;
        }
        self.key.clear();
        for part in self.plan.code.iter().chain(&self.plan.names) {
            self.key.push_str(row.get(*part).trim());
            self.key.push('\u{1f}');
        }
        if let Some(place) = self.by_key.get(&self.key) {
            return Some(*place);
        }
        let wider = names.flatten().next();
        let name = match (narrow, wider) {
            (Some(narrow), Some(wider)) if narrow != wider => format!("{narrow}, {wider}"),
            (Some(name), _) | (None, Some(name)) => name.to_owned(),
            (None, None) if self.plan.names.is_empty() && code.is_none() => "all".to_owned(),
            (None, None) => code.unwrap_or("?").to_owned(),
        };
        let place = u32::try_from(self.places.len()).ok()?;
        self.places.push(Place { code: code.map(str::to_owned), name });
        self.by_key.insert(self.key.clone(), place);
        Some(place)
    }
}

/// Of several levels of places in one table, the one with most places: counting them all would count twice.
fn narrowest_level(table: &Table, plan: &Plan, column: usize) -> Result<Option<String>, SeriesError> {
    let mut levels: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    let place = plan.code.or(plan.names.first().copied());
    while rows.read(&mut row)? {
        let level = row.get(column).trim();
        if !levels.contains_key(level) {
            if levels.len() > 20 {
                return Ok(None);
            }
            levels.insert(level.to_owned(), HashSet::new());
        }
        if let (Some(places), Some(place)) = (levels.get_mut(level), place)
            && !places.contains(row.get(place))
        {
            places.insert(row.get(place).to_owned());
        }
    }
    let several = levels.len() > 1;
    let most = levels.into_iter().max_by_key(|(_, places)| places.len());
    Ok(most.filter(|_| several).map(|(level, _)| level))
}

fn next(rows: &mut Rows, row: &mut Row, tally: &mut Tally) -> Result<bool, SeriesError> {
    while rows.read(row)? {
        if rows.fits(row) {
            return Ok(true);
        }
        tally.ragged += 1;
    }
    Ok(false)
}

/// A count of a cell; `None` if missing or unreadable.
fn number(cell: &str, tally: &mut Tally) -> Option<i64> {
    match count(cell).filter(|n| n.unsigned_abs() <= 2_000_000_000) {
        Some(n) => {
            tally.negative += u64::from(n < 0);
            Some(n)
        }
        None => {
            tally.unread_counts += u64::from(!is_missing(cell));
            None
        }
    }
}

/// Sums and differences of persons stay below two thousand million by [`number`]; beyond, the ends of the range.
fn small(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })
}

fn wide(
    table: &Table,
    first: usize,
    days: &[Date],
    places: &mut Places<'_>,
    tally: &mut Tally,
) -> Result<(SeriesSet, u64), SeriesError> {
    let days: Vec<i32> = days.iter().map(|day| to_epoch_day(*day)).collect();
    let calendar = Calendar::of(&days);
    let steps = calendar.steps(days[days.len() - 1]);
    let positions: Vec<usize> = days.iter().map(|day| calendar.position(*day)).collect();
    let mut counts: Vec<Option<i32>> = Vec::new();
    let (mut rows, mut row) = (table.rows()?, Row::default());
    let mut used = 0;
    while next(&mut rows, &mut row, tally)? {
        let Some(place) = places.of(&row, tally) else { continue };
        let start = place as usize * steps;
        let again = counts.len() > start;
        if !again {
            if start + steps > VALUES_MAX {
                return Err(SeriesError::TooLarge { places: place as usize + 1, steps });
            }
            counts.resize(start + steps, None);
        }
        tally.repeated += u64::from(again);
        for (i, at) in positions.iter().enumerate() {
            if let Some(n) = number(row.get(first + i), tally) {
                let cell = &mut counts[start + at];
                *cell = Some(small(cell.map_or(0, i64::from) + n));
            }
        }
        used += 1;
    }
    if counts.is_empty() {
        return Err(SeriesError::NoRows);
    }
    Ok((empty(calendar.start, calendar.step, steps, counts), used))
}

fn long(
    table: &Table,
    plan: &Plan,
    options: &SeriesOptions,
    places: &mut Places<'_>,
    tally: &mut Tally,
    remarks: &mut Vec<Remark>,
) -> Result<(SeriesSet, u64), SeriesError> {
    let mut dated: Vec<usize> = plan.dated.iter().map(|(_, column)| *column).collect();
    if let When::Column(main) = plan.when {
        dated.push(main);
    }
    let rules = date_rules(table, &dated, options.date_order)?;
    let main = match plan.when {
        When::Column(column) => {
            let (found, rule) = &rules[rules.len() - 1];
            if rule.ambiguous {
                return Err(SeriesError::AmbiguousDates { column: table.header[column].clone() });
            }
            if plan.layout == Layout::LineList {
                said_date(table, plan, column, found.missing, remarks);
            }
            Some((column, *rule))
        }
        _ => None,
    };
    let people = People::new(plan, &rules, table, remarks);
    let mut parts = YearParts::default();
    let mut entries: Vec<Entry> = Vec::new();
    let mut cases = Vec::new();
    let mut indicator: Option<String> = None;
    let mut periods = None;
    let mut timed = 0;
    let (mut rows, mut row) = (table.rows()?, Row::default());
    let mut used = 0;
    while next(&mut rows, &mut row, tally)? {
        if let Some(column) = plan.indicator {
            let value = row.get(column).trim();
            if indicator.get_or_insert_with(|| value.to_owned()) != value {
                tally.indicators += 1;
                continue;
            }
        }
        let day = match (&plan.when, &main) {
            (When::Column(_), Some((column, rule))) => day_of(row.get(*column), rule, &mut timed, tally),
            (When::Period(column), _) => {
                let cell = row.get(*column);
                let read = period(cell);
                tally.undated += u64::from(read.is_none() && is_missing(cell));
                tally.unread_dates += u64::from(read.is_none() && !is_missing(cell));
                read.map(|(date, step)| {
                    periods = Some(step);
                    to_epoch_day(date)
                })
            }
            (When::YearAnd { year, part }, _) => {
                let read = parts.add(row.get(*year), row.get(*part));
                tally.unread_dates += u64::from(read.is_none());
                read
            }
            _ => None,
        };
        let Some(place) = places.of(&row, tally) else { continue };
        if plan.layout == Layout::LineList {
            cases.push(people.case(&row, place, tally));
        }
        let Some(day) = day else { continue };
        used += 1;
        match plan.layout {
            Layout::LineList => entries.push(Entry { place, day, n: 1 }),
            Layout::WidePlaces => {
                for (series, column) in plan.counts.iter().enumerate() {
                    if let Some(n) = number(row.get(*column), tally) {
                        entries.push(Entry { place: u32::try_from(series).unwrap_or(u32::MAX), day, n });
                    }
                }
            }
            _ => {
                let column = plan.counts.first().copied();
                match column.map_or(Some(1), |column| number(row.get(column), tally)) {
                    Some(n) => entries.push(Entry { place, day, n }),
                    None => tally.silent.push((place, day)),
                }
            }
        }
    }
    if let When::YearAnd { part, .. } = plan.when {
        parts.resolve(&mut entries, &table.header[part], remarks);
    }
    let n = if plan.layout == Layout::WidePlaces { plan.counts.len() } else { places.places.len() };
    if let When::YearAnd { part, .. } = plan.when {
        periods = Some(if parts.months(&table.header[part]) { Step::Month } else { Step::Week });
    }
    tally.snapshots = plan.layout == Layout::LongCounts
        && options.counting.is_none()
        && timed * 2 > used
        && repeats_a_day(&entries);
    tally.totals_stand = match options.counting {
        Some(counting) => counting == Counting::Cumulative,
        None => plan.cumulative || tally.snapshots,
    };
    let mut set = dense(entries, n, plan, periods, tally, remarks)?;
    set.cases = cases;
    Ok((set, used))
}

fn said_date(table: &Table, plan: &Plan, column: usize, missing: u64, remarks: &mut Vec<Remark>) {
    let name = &table.header[column];
    let onset = plan.dated.iter().find(|(meaning, _)| *meaning == Meaning::Onset);
    let instead = match onset {
        Some((_, onset)) if *onset != column => {
            let onset = &table.header[*onset];
            (format!(" (`{onset}` is filled for too few)"), format!("（“{onset}”填写过少）"))
        }
        _ => (String::new(), String::new()),
    };
    remarks.push(remark(
        "Q110",
        missing,
        format!("persons are counted by `{name}`{}; {missing} have none", instead.0),
        format!("按“{name}”计数{}；{missing} 人缺失", instead.1),
    ));
}

/// True if many places have several rows of one day.
fn repeats_a_day(entries: &[Entry]) -> bool {
    let days: HashSet<(u32, i32)> = entries.iter().map(|entry| (entry.place, entry.day)).collect();
    days.len() * 10 < entries.len() * 9
}

fn day_of(cell: &str, rule: &DateRule, timed: &mut u64, tally: &mut Tally) -> Option<i32> {
    match rule.read(cell) {
        Ok(Some(written)) => {
            *timed += u64::from(written.time_dropped);
            Some(to_epoch_day(written.date))
        }
        Ok(None) => {
            tally.undated += 1;
            None
        }
        Err(_) => {
            tally.unread_dates += 1;
            None
        }
    }
}

fn dense(
    entries: Vec<Entry>,
    places: usize,
    plan: &Plan,
    periods: Option<Step>,
    tally: &mut Tally,
    remarks: &mut Vec<Remark>,
) -> Result<SeriesSet, SeriesError> {
    let days: BTreeSet<i32> = entries.iter().map(|entry| entry.day).collect();
    let last = *days.last().ok_or(SeriesError::NoRows)?;
    let days: Vec<i32> = days.into_iter().collect();
    let mut calendar = Calendar::of(&days);
    if plan.layout == Layout::LineList {
        calendar.step = Step::Day;
    } else if let Some(step) = periods {
        calendar.step = step;
    }
    let steps = calendar.steps(last);
    if places.saturating_mul(steps) > VALUES_MAX {
        return Err(SeriesError::TooLarge { places, steps });
    }
    let persons = plan.layout == Layout::LineList;
    let totals = tally.totals_stand;
    let mut counts: Vec<Option<i32>> = vec![persons.then_some(0); places * steps];
    let mut zeros = false;
    for entry in &entries {
        let at = entry.place as usize * steps + calendar.position(entry.day);
        zeros |= entry.n == 0;
        match (&mut counts[at], totals) {
            (Some(n), false) => {
                tally.repeated += u64::from(!persons);
                *n = small(i64::from(*n) + entry.n);
            }
            // Of several running totals of a day the last one in the file stands.
            (cell, _) => {
                tally.repeated += u64::from(cell.is_some());
                *cell = Some(small(entry.n));
            }
        }
    }
    // A step that stands there without its count is not one that the table does not list.
    let span = days.first().copied().unwrap_or(last)..=last;
    let silent: BTreeSet<usize> = tally
        .silent
        .iter()
        .filter(|(_, day)| span.contains(day))
        .map(|(place, day)| *place as usize * steps + calendar.position(*day))
        .collect();
    let unlisted = |(at, n): &(usize, &Option<i32>)| n.is_none() && !silent.contains(at);
    let gaps = counts.iter().enumerate().filter(unlisted).count() as u64;
    if gaps > 0 && !zeros && plan.layout == Layout::LongCounts && !totals {
        for (_, n) in counts.iter_mut().enumerate().filter(|(at, _)| !silent.contains(at)) {
            *n = n.or(Some(0));
        }
        remarks.push(remark(
            "Q108",
            gaps,
            format!("the table lists no zero: {gaps} steps that it does not list count as zero"),
            format!("表中没有零值：未列出的 {gaps} 个时段按零计"),
        ));
    }
    Ok(empty(calendar.start, calendar.step, steps, counts))
}

/// Takes differences of running totals where they are such: said, named so, or plain from their form.
fn count_running_totals(
    set: &mut SeriesSet,
    plan: &Plan,
    options: &SeriesOptions,
    snapshots: bool,
    remarks: &mut Vec<Remark>,
) {
    let (why_en, why_zh) = match options.counting {
        Some(Counting::Incident) => return,
        Some(Counting::Cumulative) => ("as was said", "按指定"),
        None if snapshots => ("several of one day are snapshots", "同日多次快照"),
        None if plan.cumulative => ("as their name says", "按列名判断"),
        None if rises_only(set) => ("since they practically never fall", "因其几乎从不下降"),
        None => return,
    };
    set.counting = Counting::Cumulative;
    let mut corrections = 0;
    for series in set.counts.chunks_exact_mut(set.steps.max(1)) {
        let mut before: Option<i64> = None;
        for (step, cell) in series.iter_mut().enumerate() {
            let Some(total) = cell.map(i64::from) else { continue };
            // A total on the first day of the table also holds what came before it.
            *cell = match before {
                Some(before) => Some(small(total - before)),
                None if step == 0 && total != 0 => None,
                None => Some(small(total)),
            };
            corrections += u64::from(cell.is_some_and(|n| n < 0));
            before = Some(total);
        }
    }
    remarks.push(remark(
        "Q107",
        corrections,
        format!(
            "counts are running totals ({why_en}): differences are taken, {corrections} of them negative corrections"
        ),
        format!("数值为累计数（{why_zh}）：已取差值，其中 {corrections} 个为负的更正"),
    ));
}

/// True if every longer series rises practically without a fall and ends at its height.
fn rises_only(set: &SeriesSet) -> bool {
    let (mut pairs, mut falls, mut long, mut high) = (0_u64, 0_u64, 0_u64, 0_u64);
    for series in set.counts.chunks_exact(set.steps.max(1)) {
        let seen: Vec<i32> = series.iter().flatten().copied().collect();
        let height = seen.iter().copied().max().unwrap_or(0);
        if seen.len() < 20 || height < 20 {
            continue;
        }
        long += 1;
        // A total that never rises is a count that does not change.
        let (first, last) = (i64::from(seen[0]), i64::from(seen[seen.len() - 1]));
        high += u64::from(last > first && last * 10 >= i64::from(height) * 9);
        pairs += seen.len() as u64 - 1;
        falls += seen.windows(2).filter(|pair| pair[1] < pair[0]).count() as u64;
    }
    long > 0 && falls * 100 <= pairs && high * 10 >= long * 9
}

impl Tally {
    fn remarks(&self, remarks: &mut Vec<Remark>) {
        let repeated = if self.totals_stand {
            (
                "rows repeat a place and date; the last total of a day stands",
                "行的地点和日期重复，取当日最后一个累计数",
            )
        } else {
            ("rows repeat a place and date; their counts are added up", "行的地点和日期重复，数值相加")
        };
        let met = [
            (
                "Q101",
                self.ragged,
                "rows have another number of cells than the header and are left out",
                "行的单元格数与表头不一致，未使用",
            ),
            (
                "Q102",
                self.undated,
                "rows have no date and are left out of the series",
                "行没有日期，未计入序列",
            ),
            (
                "Q103",
                self.unread_dates,
                "rows have a date that cannot be relied on and are left out of the series",
                "行的日期无法识别，未计入序列",
            ),
            (
                "Q104",
                self.wider,
                "rows of wider places would be counted twice and are left out",
                "行为上级地区合计，未计入以免重复",
            ),
            (
                "Q105",
                self.negative,
                "counts are negative: corrections of earlier ones, kept",
                "个计数为负，作为更正保留",
            ),
            (
                "Q106",
                self.unread_counts,
                "cells are no whole number and count as not reported",
                "个单元格不是整数，按未报告处理",
            ),
            (
                "Q109",
                self.indicators,
                "rows of other indicators than the first are left out",
                "行属于其他指标，未使用",
            ),
            ("Q111", self.totals, "rows of totals are left out", "行为合计行，未使用"),
            ("Q114", self.repeated, repeated.0, repeated.1),
            ("Q118", self.age_classes, "ages are classes; their middle is used", "人的年龄为年龄段，取中值"),
        ];
        for (code, n, en, zh) in met {
            if n > 0 {
                remarks.push(remark(code, n, format!("{n} {en}"), format!("{n} {zh}")));
            }
        }
    }
}
