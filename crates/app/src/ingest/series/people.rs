//! What a line list says of each person.

use super::build::{Tally, remark};
use super::choose::Plan;
use super::{Case, Remark, Sex};
use crate::ingest::dates::{DateColumn, DateRule, Written, examine};
use crate::ingest::meaning::Meaning;
use crate::ingest::read::{Row, Table};
use wanquan_domain::value::is_missing;

/// Reads what a list says of persons.
pub(super) struct People<'a> {
    plan: &'a Plan,
    dated: Vec<(Meaning, usize, DateRule)>,
}

impl<'a> People<'a> {
    pub fn new(
        plan: &'a Plan,
        rules: &[(DateColumn, DateRule)],
        table: &Table,
        remarks: &mut Vec<Remark>,
    ) -> Self {
        let mut dated = Vec::new();
        for ((meaning, column), (_, rule)) in plan.dated.iter().zip(rules) {
            if rule.ambiguous {
                let name = &table.header[*column];
                remarks.push(remark(
                    "Q116",
                    0,
                    format!("in `{name}` day and month cannot be told apart; such cells are left out"),
                    format!("“{name}”中无法区分日和月，相关单元格未使用"),
                ));
            }
            dated.push((*meaning, *column, *rule));
        }
        Self { plan, dated }
    }

    pub fn case(&self, row: &Row, place: u32, tally: &mut Tally) -> Case {
        let date = |wanted: Meaning| {
            let (_, column, rule) = self.dated.iter().find(|(meaning, ..)| *meaning == wanted)?;
            Some(rule.read(row.get(*column)).ok()??.date)
        };
        let person = &self.plan.person;
        let text = |column: Option<usize>| {
            column
                .map(|column| row.get(column).trim())
                .filter(|cell| !is_missing(cell))
                .map(str::to_lowercase)
        };
        let died_of = text(person.death).map(|cell| {
            !matches!(cell.as_str(), "0" | "no" | "n" | "false" | "否" | "alive")
                || matches!(examine(&cell), Written::Date(_))
        });
        let outcome = text(person.outcome).filter(|o| !matches!(o.as_str(), "unknown" | "结局不详"));
        let outcome = outcome.map(|o| {
            o == "d"
                || ["death", "dead", "died", "deceased", "fatal", "死亡"].iter().any(|word| o.contains(word))
        });
        Case {
            place,
            onset: date(Meaning::Onset),
            report: date(Meaning::Report),
            confirmation: date(Meaning::Confirmation),
            admission: date(Meaning::Admission),
            imported: text(person.imported).and_then(|cell| match cell.as_str() {
                "1" | "yes" | "y" | "true" | "imported" | "是" | "输入" => Some(true),
                "0" | "no" | "n" | "false" | "local" | "否" | "本地" => Some(false),
                _ => None,
            }),
            sex: text(person.sex).and_then(|cell| match cell.as_str() {
                "f" | "female" | "女" | "女性" | "woman" => Some(Sex::Female),
                "m" | "male" | "男" | "男性" | "man" => Some(Sex::Male),
                _ => None,
            }),
            age_years: text(person.age).and_then(|cell| age(&cell, tally)),
            died: match (died_of, outcome) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), _) | (_, Some(false)) => Some(false),
                (None, None) => None,
            },
        }
    }
}

fn age(cell: &str, tally: &mut Tally) -> Option<f32> {
    let plausible = |age: &f32| (0.0..=125.0).contains(age);
    let cell = cell.trim_end_matches('岁');
    if let Ok(age) = cell.parse() {
        return Some(age).filter(plausible);
    }
    let (low, high) = cell.split_once(['-', '–', '~'])?;
    let (low, high): (f32, f32) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    tally.age_classes += 1;
    Some((low + high + 1.0) / 2.0).filter(plausible)
}
