//! The queries of lists, for the current versions and for the superseded ones.

use super::super::{NO_DAY, RecordRow};
use super::{Cursor, FieldTest, Filter, apart, as_of_day};
use crate::dialect::{Bind, Tx, bind_all, on_db};
use crate::error::Error;
use crate::time;
use sqlx::AssertSqlSafe;
use wanquan_domain::region::subtree_bounds;

/// One of the two tables that hold versions, under a filter.
pub(super) struct Source<'a> {
    pub(super) filter: &'a Filter,
    pub(super) table: &'static str,
    pub(super) id: &'static str,
    columns: &'static str,
    pub(super) superseded: bool,
    /// Scopes, none below another; the root where everywhere is meant.
    pub(super) paths: Vec<String>,
    /// Last day of an event that can have been known on the day as known on.
    pub(super) latest: Option<i64>,
}

/// Persons whose records one query looks for.
const PERSONS_MAX: usize = 1_000;

/// Column order of lists.
pub(super) fn order(id: &str) -> String {
    format!("event_day desc, region_path desc, {id} desc")
}

impl<'a> Source<'a> {
    pub(super) fn current(filter: &'a Filter) -> Self {
        let paths = scopes(filter);
        Self {
            filter,
            table: "record",
            id: "id",
            columns: columns!(),
            superseded: false,
            paths,
            latest: None,
        }
    }

    pub(super) fn superseded(filter: &'a Filter) -> Self {
        Self {
            filter,
            table: "record_version",
            id: "record_id",
            columns: version_columns!(),
            superseded: true,
            paths: scopes(filter),
            latest: None,
        }
    }

    /// Finds the last event that can have been known on the day as known on, in two steps of an index. False if nothing
    /// was known then.
    pub(super) async fn begin_at_known(&mut self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        let Some(day) = as_of_day(self.filter) else { return Ok(true) };
        let (sql, query) = self.known_sql();
        let (first, lead): (Option<i64>, Option<i64>) =
            on_db!(tx, |conn| bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &query.binds).fetch_one(conn))?;
        self.latest = lead.map(|lead| day.saturating_add(lead));
        Ok(first.is_some_and(|first| first <= day))
    }

    /// When the first record became known, and by how many days at most one was known before its event.
    pub(super) fn known_sql(&self) -> (String, Query) {
        let mut query = Query::default();
        let register = query.text(&self.filter.register);
        let of = |what: &str| {
            format!("(select {what} from {} where register = {register} and not deleted)", self.table)
        };
        (format!("select {}, {}", of("min(known_day)"), of("max(event_day - known_day)")), query)
    }

    pub(super) fn has_tests(&self) -> bool {
        !self.filter.fields.is_empty() || self.filter.title_prefix.is_some()
    }

    /// Register, disease, what was known, not withdrawn; without days and paths.
    pub(super) fn always(&self, query: &mut Query) -> String {
        let mut condition = format!("register = {}", query.text(&self.filter.register));
        if let Some(disease) = &self.filter.disease {
            condition.push_str(&format!(" and disease = {}", query.text(disease)));
        }
        if let Some(day) = as_of_day(self.filter) {
            let day = query.int(day);
            // With the sign it is no column: the planner cannot leave the days of the events for those of knowing.
            condition.push_str(&format!(" and +known_day <= {day}"));
            if self.superseded {
                condition.push_str(&format!(" and known_until > {day}"));
            }
        }
        condition.push_str(" and not deleted");
        condition
    }

    /// Days of the event.
    pub(super) fn days(&self, query: &mut Query) -> String {
        let mut condition = self.first_day(query);
        if let Some(last) = self.last_day() {
            condition.push_str(&format!(" and event_day <= {}", query.int(last)));
        }
        condition
    }

    /// The last day of the event.
    pub(super) fn last_day(&self) -> Option<i64> {
        self.filter.to.map(time::to_day).into_iter().chain(self.latest).min()
    }

    /// The first day of the event; records without a day are left out where the other end is given.
    pub(super) fn first_day(&self, query: &mut Query) -> String {
        let filter = self.filter;
        if filter.from.is_none() && filter.to.is_none() {
            return String::new();
        }
        let from = query.int(filter.from.map_or(NO_DAY + 1, time::to_day));
        format!(" and event_day >= {from}")
    }

    /// One subtree.
    pub(super) fn path(&self, query: &mut Query, path: &str) -> String {
        let (low, high) = subtree_bounds(path);
        format!(" and region_path >= {} and region_path < {}", query.text(&low), query.text(&high))
    }

    /// Tests that no index answers, each beginning with ` and `.
    pub(super) fn tests(&self, tx: &Tx<'_>, query: &mut Query) -> Result<String, Error> {
        let mut condition = String::new();
        if let Some(prefix) = &self.filter.title_prefix {
            // An expression is no column: the planner cannot leave the order of the list for the index of titles.
            condition.push_str(&title_range(query, "(title || '')", prefix));
        }
        for (field, test) in &self.filter.fields {
            condition.push_str(&field_test(tx, query, field, test)?);
        }
        Ok(condition)
    }

    fn after(&self, query: &mut Query, cursor: Option<&Cursor>) -> String {
        let Some(cursor) = cursor else { return String::new() };
        let (day, path) = (query.int(cursor.event_day), query.text(&cursor.region_path));
        let id = query.bind(Bind::Id(cursor.id));
        format!(" and (event_day, region_path, {}) < ({day}, {path}, {id})", self.id)
    }

    pub(super) async fn count_titles(&self, tx: &mut Tx<'_>, max: i64) -> Result<i64, Error> {
        let mut query = Query::default();
        let register = query.text(&self.filter.register);
        let titles =
            title_range(&mut query, "title", self.filter.title_prefix.as_deref().unwrap_or_default());
        let max = query.int(max);
        let sql = format!(
            "select count(*) from
                (select 1 from {} where register = {register}{titles} and not deleted limit {max}) counted",
            self.table
        );
        query.one(tx, sql).await
    }

    /// Rows of the scope without tests, counted up to `max`.
    pub(super) async fn count_scope(&self, tx: &mut Tx<'_>, max: i64) -> Result<i64, Error> {
        let mut counted = 0;
        for path in &self.paths {
            let (sql, query) = self.count_sql(path, max - counted);
            counted += query.one(tx, sql).await?;
            if counted >= max {
                break;
            }
        }
        Ok(counted)
    }

    pub(super) fn count_sql(&self, path: &str, max: i64) -> (String, Query) {
        let mut query = Query::default();
        let (always, days, path) =
            (self.always(&mut query), self.days(&mut query), self.path(&mut query, path));
        let max = query.int(max);
        let sql = format!(
            "select count(*) from (select 1 from {} where {always}{days}{path} limit {max}) counted",
            self.table
        );
        (sql, query)
    }

    /// Everywhere, without tests.
    pub(super) async fn in_order(
        &self,
        tx: &mut Tx<'_>,
        cursor: Option<&Cursor>,
        need: usize,
    ) -> Result<Vec<RecordRow>, Error> {
        let (sql, query) = self.in_order_sql(cursor, need);
        query.rows(tx, sql).await
    }

    pub(super) fn in_order_sql(&self, cursor: Option<&Cursor>, need: usize) -> (String, Query) {
        let mut query = Query::default();
        let always = self.always(&mut query);
        let (days, after) = (self.days(&mut query), self.after(&mut query, cursor));
        let need = query.count(need);
        let sql = format!(
            "select {} from {} where {always}{days}{after} order by {} limit {need}",
            self.columns,
            self.table,
            order(self.id)
        );
        (sql, query)
    }

    /// A narrow scope: found by its path, sorted, and only then read.
    pub(super) async fn by_path(
        &self,
        tx: &mut Tx<'_>,
        cursor: Option<&Cursor>,
        need: usize,
    ) -> Result<Vec<RecordRow>, Error> {
        let mut query = Query::default();
        let tests = self.tests(tx, &mut query)?;
        let always = self.always(&mut query);
        let (days, after) = (self.days(&mut query), self.after(&mut query, cursor));
        let need = query.count(need);
        let version = if self.superseded { ", version as hit_version" } else { "" };
        let hits: Vec<String> = self
            .paths
            .iter()
            .map(|path| {
                let path = self.path(&mut query, path);
                format!(
                    "select {} as hit{version}, event_day as hit_day, region_path as hit_path from {}
                     where {always}{days}{after}{path}",
                    self.id, self.table
                )
            })
            .collect();
        // With tests every hit has to be looked into; without, the page is known before a row is read.
        let first = if tests.is_empty() {
            format!(" order by hit_day desc, hit_path desc, hit desc limit {need}")
        } else {
            String::new()
        };
        self.read_hits(tx, query, &format!("{}{first}", hits.join(" union all ")), &tests, &need).await
    }

    /// The records of few persons, whatever the scope.
    pub(super) async fn by_person(
        &self,
        tx: &mut Tx<'_>,
        cursor: Option<&Cursor>,
        need: usize,
    ) -> Result<Vec<RecordRow>, Error> {
        let persons = self.filter.persons.as_deref().unwrap_or_default();
        if persons.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Query::default();
        let tests = self.all_tests(tx, &mut query, cursor)?;
        let register = query.text(&self.filter.register);
        let persons: Vec<String> =
            persons.iter().take(PERSONS_MAX).map(|id| query.bind(Bind::Id(*id))).collect();
        let version = if self.superseded { ", version as hit_version" } else { "" };
        let hits = format!(
            "select {} as hit{version} from {} where person_id in ({}) and register = {register}",
            self.id,
            self.table,
            persons.join(", ")
        );
        let need = query.count(need);
        self.read_hits(tx, query, &hits, &tests, &need).await
    }

    /// Every condition of the filter, for rows that were found by something rarer.
    fn all_tests(&self, tx: &Tx<'_>, query: &mut Query, cursor: Option<&Cursor>) -> Result<String, Error> {
        let mut tests = self.tests(tx, query)?;
        let always = self.always(query);
        tests.push_str(&self.days(query));
        tests.push_str(&self.after(query, cursor));
        if !self.filter.paths.is_empty() {
            let paths: Vec<String> =
                self.paths.iter().map(|path| self.path(query, path).replacen(" and ", "", 1)).collect();
            tests.push_str(&format!(" and ({})", paths.join(" or ")));
        }
        tests.push_str(&format!(" and {always}"));
        Ok(tests)
    }

    /// Few records with such a title, whatever the scope.
    pub(super) async fn by_title(
        &self,
        tx: &mut Tx<'_>,
        cursor: Option<&Cursor>,
        need: usize,
    ) -> Result<Vec<RecordRow>, Error> {
        let mut query = Query::default();
        let tests = self.all_tests(tx, &mut query, cursor)?;
        let register = query.text(&self.filter.register);
        let titles =
            title_range(&mut query, "title", self.filter.title_prefix.as_deref().unwrap_or_default());
        let version = if self.superseded { ", version as hit_version" } else { "" };
        let hits = format!(
            "select {} as hit{version} from {} where register = {register}{titles} and not deleted",
            self.id, self.table
        );
        let need = query.count(need);
        self.read_hits(tx, query, &hits, &tests, &need).await
    }

    async fn read_hits(
        &self,
        tx: &mut Tx<'_>,
        query: Query,
        hits: &str,
        tests: &str,
        need: &str,
    ) -> Result<Vec<RecordRow>, Error> {
        let version = if self.superseded { " and version = hit_version" } else { "" };
        // SQLite keeps the order of a cross join: the hits first, then each row by its key.
        let sql = format!(
            "select {} from (select * from ({hits}) found) hits cross join {} where {} = hit{version}{tests}
             order by {} limit {need}",
            self.columns,
            self.table,
            self.id,
            order(self.id)
        );
        query.rows(tx, sql).await
    }

    pub(super) fn columns(&self) -> &'static str {
        self.columns
    }
}

fn scopes(filter: &Filter) -> Vec<String> {
    if filter.paths.is_empty() { vec!["/".to_owned()] } else { apart(&filter.paths) }
}

fn title_range(query: &mut Query, column: &str, prefix: &str) -> String {
    let (low, high) = (query.text(prefix), query.text(&format!("{prefix}\u{10ffff}")));
    format!(" and {column} >= {low} and {column} < {high}")
}

fn field_test(tx: &Tx<'_>, query: &mut Query, field: &str, test: &FieldTest) -> Result<String, Error> {
    let field = query.text(field);
    // The JSON text of a value is the same on both engines; the plain value is not (true is 1 on SQLite).
    let json = format!("cast(data -> cast({field} as text) as text)");
    Ok(match test {
        FieldTest::Equals(value) => format!(" and {json} = {}", query.text(&value.to_string())),
        // Not `like`, which SQLite compares without case.
        FieldTest::Holds(value) => {
            format!(" and replace({json}, {}, '') <> {json}", query.text(&value.to_string()))
        }
        FieldTest::Contains(text) => {
            // As it stands in JSON, without the quotation marks around it.
            let text = serde_json::to_string(&text.to_ascii_lowercase())?;
            let text = text.get(1..text.len() - 1).unwrap_or_default();
            let pattern = query.text(&format!("%{}%", escape_like(text)));
            format!(" and {} like {pattern} escape '\\'", tx.ascii_lower(&json))
        }
    })
}

fn escape_like(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The values of a query under construction.
#[derive(Default)]
pub(super) struct Query {
    pub(super) binds: Vec<Bind>,
}

impl Query {
    pub(super) fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    pub(super) fn text(&mut self, value: &str) -> String {
        self.bind(Bind::Text(value.to_owned()))
    }

    pub(super) fn int(&mut self, value: i64) -> String {
        self.bind(Bind::Int(value))
    }

    pub(super) fn count(&mut self, value: usize) -> String {
        self.int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub(super) async fn one(self, tx: &mut Tx<'_>, sql: String) -> Result<i64, Error> {
        on_db!(tx, |conn| {
            bind_all!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)), &self.binds).fetch_one(conn)
        })
    }

    pub(super) async fn rows(self, tx: &mut Tx<'_>, sql: String) -> Result<Vec<RecordRow>, Error> {
        on_db!(tx, |conn| {
            bind_all!(sqlx::query_as::<_, RecordRow>(AssertSqlSafe(sql)), &self.binds).fetch_all(conn)
        })
    }
}
