//! What a column is likely to hold, from its name and its cells, when no register says so.

use crate::ingest::dates::{DateColumn, DateOrder, DateRule};
use crate::ingest::read::{ReadError, Row, Table};
use wanquan_domain::register::fold;
use wanquan_domain::value::is_missing;

/// Meaning of a column name. Order within a family: earlier is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    Onset,
    Report,
    Confirmation,
    Admission,
    /// A day of counts, not of one person.
    Day,
    OtherDate,
    Year,
    Week,
    Period,
    RegionCode,
    /// A named place; the number orders from narrow (0) to wide.
    Place(u8),
    /// Place of a hospital, an infection or a journey: not where the case is counted.
    OtherPlace,
    PlaceLevel,
    Indicator,
    Incident,
    Cumulative,
    Population,
    Index,
    PersonId,
    Sex,
    Age,
    Outcome,
    Death,
    Imported,
    /// Describes a person and is not used.
    Personal,
    Coordinate,
    Unknown,
}

/// Narrow to wide. An administrative unit of a given name is narrower or wider in different countries; what counts
/// is the order within one table.
const PLACES: [(&str, u8); 58] = [
    ("社区", 0),
    ("村", 0),
    ("village", 0),
    ("community", 0),
    ("responsiblecommunity", 0),
    ("personaddresscommunity", 0),
    ("responsibledistrict", 2),
    ("personaddressdistrict", 2),
    ("responsibleregion", 4),
    ("personaddressregion", 4),
    ("乡镇(街道)", 1),
    ("区", 2),
    ("县(市、区)", 2),
    ("地级市", 3),
    ("市(州)", 3),
    ("省(区、市)", 4),
    ("township", 1),
    ("乡镇", 1),
    ("街道", 1),
    ("county", 2),
    ("district", 2),
    ("municipality", 2),
    ("lga", 2),
    ("admin3", 2),
    ("县区", 2),
    ("区县", 2),
    ("县市区", 2),
    ("县", 2),
    ("city", 3),
    ("prefecture", 3),
    ("admin2", 3),
    ("地市", 3),
    ("城市", 3),
    ("市", 3),
    ("place", 3),
    ("name", 3),
    ("location", 3),
    ("area", 3),
    ("orgunit", 3),
    ("地区", 3),
    ("地名", 3),
    ("名称", 3),
    ("geolocation", 3),
    ("province", 4),
    ("provinceen", 4),
    ("state", 4),
    ("admin1", 4),
    ("canton", 4),
    ("省", 4),
    ("省份", 4),
    ("province/state", 4),
    ("region", 5),
    ("department", 4),
    ("country", 6),
    ("country/region", 6),
    ("reportingctry", 6),
    ("国家", 6),
    ("nation", 6),
];

/// Names of counts of new persons.
const INCIDENT: [&str; 28] = [
    "newconfirmed",
    "newcases",
    "confirmed",
    "cases",
    "case",
    "count",
    "n",
    "counts",
    "incidence",
    "i",
    "onset",
    "value",
    "number",
    "observed",
    "infections",
    "newinfections",
    "confirmedcases",
    "casesnew",
    "dailycases",
    "新增",
    "新增确诊",
    "新增病例",
    "病例数",
    "确诊",
    "例数",
    "人数",
    "发病数",
    "数量",
];

/// Meaning of a name.
pub(crate) fn of_name(name: &str) -> Meaning {
    use Meaning::*;
    let name = fold(name);
    // A qualified name (`person.sex`, `symptoms.onsetDate`) was folded without its points.
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let is = |names: &[&str]| names.contains(&name.as_str());
    if is(&["lat", "lon", "long", "latitude", "longitude", "lng", "x", "y", "xloc", "yloc", "xkm", "ykm"]) {
        return Coordinate;
    }
    if is(&["year", "年", "年份", "isoyear", "epiyear"]) {
        return Year;
    }
    if is(&["week", "epiweek", "isoweek", "weekno", "weeknumber", "wk", "周", "周次"]) {
        return Week;
    }
    if is(&["period", "month", "月", "月份"]) {
        return Period;
    }
    if is(&["sex", "gender", "性别", "personsex"]) {
        return Sex;
    }
    if is(&["age", "ageyears", "年龄", "年龄（岁）", "年龄(岁)", "personapproximateage"]) {
        return Age;
    }
    if is(&["outcome", "outcomeid", "转归", "结局", "personpresentcondition"]) {
        return Outcome;
    }
    if is(&["imported", "import", "输入性病例", "是否输入"]) {
        return Imported;
    }
    if is(&["population", "pop", "persons", "人口", "poptotal", "populationfraction"])
        || name.starts_with("pop")
    {
        return Population;
    }
    if has(&[
        "birth",
        "travel",
        "exp",
        "start",
        "end",
        "followup",
        "lastcontact",
        "infected",
        "dataentry",
        "出生",
    ]) && !has(&["report", "cases"])
    {
        return OtherDate;
    }
    if has(&["death", "dead", "died", "discharge", "outcome", "recover", "死亡", "治愈", "出院"]) {
        return if name.starts_with("cum") { Cumulative } else { Death };
    }
    if name.starts_with("cum") || has(&["cumulative", "累计"]) {
        return Cumulative;
    }
    if has(&["onsettime", "ifonset", "onsetapprox", "difference", "diff"]) {
        return Personal;
    }
    if has(&["onset", "prodrome", "发病"]) && !is(&["onset", "发病数"]) || is(&["pro"]) {
        return Onset;
    }
    if is(&["date", "day", "dateiso", "日期", "统计日期", "weekstart", "weekending", "asof"]) {
        return Day;
    }
    if has(&["reportingctry"]) {
        return Place(6);
    }
    if has(&["weekreport"]) {
        return Personal;
    }
    if has(&["report", "notif", "报告日", "报告时间", "上报"]) && !has(&["reporter", "report_no"]) {
        return Report;
    }
    if (has(&["confirm", "diag", "tested", "确诊日", "确诊时间", "诊断日", "诊断时间"])
        && !is(&["confirmed"]))
        && !has(&["new", "cases", "diagnosis"])
        || is(&["diagnosisdate"])
    {
        return Confirmation;
    }
    if has(&["hosp", "admission", "admitted", "入院", "住院"]) {
        return if has(&["loc"]) { OtherPlace } else { Admission };
    }
    if is(&[
        "code",
        "fips",
        "regioncode",
        "citycode",
        "provincecode",
        "countycode",
        "adcode",
        "geoid",
        "nuts",
        "代码",
        "编码",
        "地区编码",
        "行政区划代码",
        "locationcode",
        "regionid",
        "locationid",
        "地区代码",
    ]) {
        return RegionCode;
    }
    if has(&["placeinfect", "infectionsource", "geores", "visiting", "from", "livesin"]) {
        return OtherPlace;
    }
    if is(&["level", "级别"]) {
        return PlaceLevel;
    }
    if is(&["indicator", "dataelement", "measure", "variable", "指标"]) {
        return Indicator;
    }
    if is(&["index", "situationreport", "t", "nr", "序号"]) {
        return Index;
    }
    if is(&[
        "id",
        "caseid",
        "caseno",
        "编号",
        "病例编号",
        "pn",
        "patientid",
        "uuid",
        "recordid",
        "externalid",
    ]) {
        return PersonId;
    }
    if INCIDENT.contains(&name.as_str()) {
        return Incident;
    }
    if let Some((_, level)) = PLACES.iter().find(|(place, _)| *place == name) {
        return Place(*level);
    }
    if has(&[
        "symptom",
        "症状",
        "姓名",
        "firstname",
        "lastname",
        "occupation",
        "职业",
        "infector",
        "ageclass",
    ]) {
        return Personal;
    }
    Unknown
}

/// Rank of a count column among several that count something; smaller is preferred.
pub(crate) fn incident_rank(name: &str) -> usize {
    INCIDENT.iter().position(|known| *known == fold(name)).unwrap_or(INCIDENT.len())
}

/// What the cells of one column look like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    pub dates: DateColumn,
    pub integers: u64,
    pub numbers: u64,
    pub filled: u64,
    pub distinct: std::collections::BTreeMap<String, u64>,
}

/// More different values than this are not told apart: a column of names of places has fewer.
const DISTINCT_MAX: usize = 4_000;

impl Profile {
    fn add(&mut self, cell: &str) {
        if is_missing(cell) {
            self.dates.missing += 1;
            return;
        }
        self.filled += 1;
        let cell = cell.trim();
        if count(cell).is_some() {
            self.integers += 1;
            self.numbers += 1;
        } else if cell.parse::<f64>().is_ok() {
            self.numbers += 1;
        }
        self.dates.add(cell);
        if let Some(n) = self.distinct.get_mut(cell) {
            *n += 1;
        } else if self.distinct.len() <= DISTINCT_MAX {
            self.distinct.insert(cell.to_owned(), 1);
        }
    }

    /// Dates stand in at least four of five filled cells.
    pub fn is_date(&self) -> bool {
        self.filled > 0 && self.dates.dates() * 5 >= self.filled * 4
    }

    /// Whole numbers only.
    pub fn is_count(&self) -> bool {
        self.filled > 0 && self.integers * 100 >= self.filled * 98 && self.dates.plain < self.filled
    }

    /// Names or codes of places: a bare figure below 1,000 is a class or a score (0 and 1 in a column called `state`).
    pub fn is_place(&self) -> bool {
        self.filled > 0
            && !self.is_date()
            && (self.numbers * 2 < self.filled || self.distinct.keys().all(|cell| cell.len() >= 4))
    }

    /// True if one value fills more than nine of ten cells.
    pub fn is_nearly_constant(&self) -> bool {
        self.distinct.values().max().is_some_and(|most| most * 10 > self.filled * 9)
    }
}

/// A whole number as files write it: sign, thousands in groups, a point with zeros behind it.
pub(crate) fn count(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if !bytes.is_empty() && bytes.len() <= 9 && bytes.iter().all(u8::is_ascii_digit) {
        return Some(bytes.iter().fold(0, |n, b| 10 * n + i64::from(b - b'0')));
    }
    let text = text.trim();
    if let Ok(n) = text.parse() {
        return Some(n);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b == b'0') {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let grouped = groups.clone().all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()));
    if groups.clone().next().is_none() {
        return first.parse().ok();
    }
    (grouped && !first.is_empty() && first.trim_start_matches('-').len() <= 3)
        .then(|| whole.replace(',', "").parse().ok())
        .flatten()
}

/// Looks at the first rows of every column.
pub(crate) fn profile(table: &Table) -> Result<Vec<Profile>, ReadError> {
    // A wide table needs few rows to tell its columns; a long list may begin with rows that lack their dates.
    let rows_max = (600_000 / table.header.len().max(1)).clamp(200, 8_000);
    let mut profiles = vec![Profile::default(); table.header.len()];
    let (mut rows, mut row) = (table.rows()?, Row::default());
    let mut n = 0;
    while n < rows_max && rows.read(&mut row)? {
        n += 1;
        profiles.iter_mut().enumerate().for_each(|(i, profile)| profile.add(row.get(i)));
    }
    Ok(profiles)
}

/// How the dates of the given columns are read, decided over every row.
pub(crate) fn date_rules(
    table: &Table,
    columns: &[usize],
    order: Option<DateOrder>,
) -> Result<Vec<(DateColumn, DateRule)>, ReadError> {
    let mut found = vec![DateColumn::default(); columns.len()];
    let (mut rows, mut row) = (table.rows()?, Row::default());
    while rows.read(&mut row)? {
        for (column, found) in columns.iter().zip(&mut found) {
            found.add(row.get(*column));
        }
    }
    Ok(found.into_iter().map(|column| (column.clone(), column.decide(order))).collect())
}

/// Names under which rows of totals stand.
pub(crate) fn is_total(text: &str) -> bool {
    let name = fold(text);
    matches!(
        name.as_str(),
        "合计" | "总计" | "小计" | "共计" | "总和" | "total" | "totals" | "grandtotal" | "sum" | "all"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_published_lists_are_understood() {
        use Meaning::*;
        for (name, meaning) in [
            ("date_of_onset", Onset),
            ("dt_onset", Onset),
            ("symptom_onset", Onset),
            ("onset_iso", Onset),
            ("date_of_prodrome", Onset),
            ("发病日期", Onset),
            ("symptoms.onsetDate", Onset),
            ("onset", Incident),
            ("reporting date", Report),
            ("dReport", Report),
            ("reported", Report),
            ("dt_report", Report),
            ("confirm_date", Confirmation),
            ("date_confirmation", Confirmation),
            ("dt_diag", Confirmation),
            ("date_of_hospitalisation", Admission),
            ("hospitalised", Admission),
            ("loc_hosp", OtherPlace),
            ("date_of_outcome", Death),
            ("dt_death", Death),
            ("dt_start_exp", OtherDate),
            ("start_source", OtherDate),
            ("birth_date", OtherDate),
            ("date", Day),
            ("day", Day),
            ("province", Place(4)),
            ("county", Place(2)),
            ("place_infect", OtherPlace),
            ("fips", RegionCode),
            ("cum_confirmed", Cumulative),
            ("new_confirmed", Incident),
            ("cases", Incident),
            ("population", Population),
            ("gender", Sex),
            ("week_report", Personal),
            ("If_onset_approximated", Personal),
            ("cases_travel", Unknown),
        ] {
            assert_eq!(of_name(name), meaning, "{name}");
        }
    }

    #[test]
    fn counts_are_read_with_groups_and_signs() {
        for (text, n) in
            [("12", 12), ("-3", -3), ("1,234", 1234), ("-1,234,567", -1_234_567), ("7.0", 7), (" 5 ", 5)]
        {
            assert_eq!(count(text), Some(n), "{text}");
        }
        for text in ["", "1,23", "3.5", "40-49", "a", "1,2345"] {
            assert_eq!(count(text), None, "{text}");
        }
    }
}
