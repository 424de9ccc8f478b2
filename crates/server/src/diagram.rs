//! Diagrams of what packs declare, drawn on the server: the life of a register's records, and plans.
//!
//! A life is drawn with its states side by side and each step in a row of its own, from where it begins to where it
//! leads. No two lines can cross a text, however many steps a register has, and the row has room for who may take the
//! step and what it asks for.

mod plan;
mod svg;

pub use plan::draw_plan;

use crate::describe;
use svg::{Anchor, Ink, LINE, Paper, wrap};
use wanquan_domain::actor::Roles;
use wanquan_domain::lifecycle::{Lifecycle, State, Step};
use wanquan_domain::register::Register;
use wanquan_domain::text::{Lang, Text};

const MARGIN: u32 = 16;
/// Width of the column with the names of the steps.
const NAMES: u32 = 360;
/// Width of the column of a state.
const COLUMN: u32 = 172;
const BOX: u32 = 156;

/// Both languages of a name, the reader's first.
fn both(text: &Text, lang: Lang) -> (&str, &str) {
    match lang {
        Lang::Zh => (&text.zh, &text.en),
        Lang::En => (&text.en, &text.zh),
    }
}

fn pixels(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The life of a register's records as SVG; `None` for a register without states. Names stand in both languages,
/// notes in the reader's.
pub fn draw_life(register: &Register, roles: &Roles, lang: Lang) -> Option<String> {
    let life = register.lifecycle.as_ref()?;
    let mut paper = Paper::default();
    let width = MARGIN + NAMES + COLUMN * pixels(life.states.len()) + MARGIN;
    let (title, other) = both(&register.title, lang);
    paper.lines(MARGIN, 30, &[format!("{title} · {other}")], Ink::Bold, Anchor::Start);
    let heads: Vec<Vec<String>> = life.states.iter().map(|state| notes_of(register, state, lang)).collect();
    let names: Vec<Vec<String>> = life.states.iter().map(|state| names_of(&state.label, lang)).collect();
    let names_most = pixels(names.iter().map(Vec::len).max().unwrap_or(1));
    let notes_most = pixels(heads.iter().map(Vec::len).max().unwrap_or(0));
    let (top, height) = (46, 18 + names_most * LINE);
    let mut y = top + height + 8 + notes_most * LINE + 6;
    let rows: Vec<(&Step, Row)> =
        life.steps.iter().map(|step| (step, Row::of(register, step, roles, lang))).collect();
    let bottom = y + rows.iter().map(|(_, row)| row.height()).sum::<u32>();
    for (i, (_, row)) in rows.iter().enumerate() {
        if i % 2 == 0 {
            paper.rect(MARGIN / 2, y, width - MARGIN, row.height(), "row");
        }
        let next = paper.lines(MARGIN, y + 20, &row.name, Ink::Bold, Anchor::Start);
        paper.lines(MARGIN, next, &row.notes, Ink::Small, Anchor::Start);
        y += row.height();
    }
    for (i, state) in life.states.iter().enumerate() {
        let x = column(i);
        let class = if state.is_final {
            "box end"
        } else if i == 0 {
            "box first"
        } else {
            "box"
        };
        let (bold, small) =
            if state.is_final { (Ink::BoldLight, Ink::SmallLight) } else { (Ink::Bold, Ink::Small) };
        paper.rect(x - BOX / 2, top, BOX, height, class);
        let next = paper.lines(x, top + 21, &names[i][..1], bold, Anchor::Middle);
        paper.lines(x, next, &names[i][1..], small, Anchor::Middle);
        let notes = top + height + 8;
        paper.lines(x, notes + 10, &heads[i], Ink::Small, Anchor::Middle);
        paper.line((x, notes + pixels(heads[i].len()) * LINE + 2), (x, bottom), "life");
    }
    // Arrows come last: nothing may cover them.
    let mut y = bottom - rows.iter().map(|(_, row)| row.height()).sum::<u32>();
    for (step, row) in &rows {
        draw_step(&mut paper, life, step, y + 22);
        y += row.height();
    }
    Some(paper.finish(width, bottom + MARGIN, &format!("{title} {other}")))
}

/// Middle of a state's column.
fn column(index: usize) -> u32 {
    MARGIN + NAMES + COLUMN * pixels(index) + COLUMN / 2
}

fn names_of(label: &Text, lang: Lang) -> Vec<String> {
    let (first, second) = both(label, lang);
    let mut lines = wrap(first, BOX - 12);
    lines.truncate(1);
    lines.extend(wrap(second, BOX - 12));
    lines
}

fn notes_of(register: &Register, state: &State, lang: Lang) -> Vec<String> {
    let deadline = state.deadline.as_ref().map(|deadline| describe::deadline(register, deadline));
    deadline.map_or_else(Vec::new, |text| wrap(text.get(lang), COLUMN - 10))
}

/// What stands beside the arrow of a step.
struct Row {
    name: Vec<String>,
    notes: Vec<String>,
}

impl Row {
    fn of(register: &Register, step: &Step, roles: &Roles, lang: Lang) -> Self {
        let (first, second) = both(&step.label, lang);
        let mut notes = wrap(describe::allowed(&step.allowed, roles).get(lang), NAMES - 20);
        if let Some(demands) = describe::demands(register, step) {
            notes.extend(wrap(demands.get(lang), NAMES - 20));
        }
        Self { name: wrap(&format!("{first} · {second}"), NAMES - 20), notes }
    }

    fn height(&self) -> u32 {
        pixels(self.name.len() + self.notes.len()) * LINE + 16
    }
}

/// A dot where the step may begin, an arrow to where it leads; a loop where it leads back to the same state.
fn draw_step(paper: &mut Paper, life: &Lifecycle, step: &Step, y: u32) {
    let place = |id: &str| life.states.iter().position(|state| state.id == id);
    let Some(to) = place(&step.to).map(column) else { return };
    let from: Vec<u32> = step.from.iter().filter_map(|id| place(id)).map(column).collect();
    for &x in &from {
        paper.dot(x, y);
    }
    if from.contains(&to) {
        paper.arrow(&format!("M{to} {y}c34 -14 34 26 4 12"));
    }
    let left = from.iter().copied().filter(|x| *x < to).min();
    let right = from.iter().copied().filter(|x| *x > to).max();
    // An arrow from either side ends a little before the line of the state, where its head is seen.
    if let Some(x) = left {
        paper.arrow(&format!("M{x} {y}H{}", to - 3));
    }
    if let Some(x) = right {
        paper.arrow(&format!("M{x} {y}H{}", to + 3));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_with_states_and_every_plan_is_drawn_in_both_languages() {
        let packs = crate::packs::load(None).unwrap();
        for register in packs.registers() {
            for lang in [Lang::En, Lang::Zh] {
                let svg = draw_life(register, &packs.roles, lang);
                assert_eq!(svg.is_some(), register.lifecycle.is_some(), "{}", register.id);
                let (Some(svg), Some(life)) = (svg, &register.lifecycle) else { continue };
                // An arrow or a loop at least for every step, a dot for every place where it begins.
                assert!(svg.matches("class='arrow'").count() >= life.steps.len(), "{}", register.id);
                let begins: usize = life.steps.iter().map(|step| step.from.len()).sum();
                assert_eq!(svg.matches("<circle").count(), begins, "{}", register.id);
                for state in &life.states {
                    let first = state.label.zh.chars().next().unwrap();
                    assert!(svg.contains(first), "{}.{}", register.id, state.id);
                }
            }
        }
        for plan in packs.plans() {
            for lang in [Lang::En, Lang::Zh] {
                let svg = draw_plan(plan, &packs, lang);
                assert_eq!(svg.matches("class='arrow'").count(), plan.actions.len(), "{}", plan.id);
            }
        }
    }
}
