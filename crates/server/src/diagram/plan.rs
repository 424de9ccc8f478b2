//! A plan as a diagram: what sets it off on the left, what it does on the right.

use super::svg::{Anchor, Ink, LINE, Paper, wrap};
use super::{MARGIN, both, pixels};
use crate::describe;
use wanquan_domain::level::ResponseLevel;
use wanquan_domain::pack::Packs;
use wanquan_domain::plan::{Plan, PlanAction};
use wanquan_domain::text::{Lang, Text};

const TRIGGER: u32 = 250;
const GAP: u32 = 210;
const ACTION: u32 = 500;

/// A plan as SVG. Names stand in both languages, notes in the reader's.
pub fn draw_plan(plan: &Plan, packs: &Packs, lang: Lang) -> String {
    let mut paper = Paper::default();
    let (title, other) = both(&plan.title, lang);
    paper.lines(MARGIN, 30, &[format!("{title} · {other}")], Ink::Bold, Anchor::Start);
    let texts: Vec<Vec<String>> =
        plan.actions.iter().map(|action| wrap(describe::act(action, packs).get(lang), ACTION - 24)).collect();
    let conditions: Vec<Vec<String>> = plan.actions.iter().map(condition_of).collect();
    let heights: Vec<u32> = texts.iter().map(|lines| pixels(lines.len() + 1) * LINE + 18).collect();
    let steps: Vec<u32> = heights
        .iter()
        .zip(&conditions)
        .map(|(height, condition)| (*height).max(pixels(condition.len() + 1) * LINE + 10) + 14)
        .collect();
    let (trigger, notes) = trigger_lines(plan, packs, lang);
    let height = pixels(trigger.len() + notes.len()) * LINE + 20;
    let right: u32 = steps.iter().sum();
    let top = 48;
    let whole = right.max(height);
    let middle = top + whole / 2;
    let box_top = middle - height / 2;
    paper.rect(MARGIN, box_top, TRIGGER, height, "box first");
    let next = paper.lines(MARGIN + 12, box_top + 22, &trigger, Ink::Bold, Anchor::Start);
    paper.lines(MARGIN + 12, next, &notes, Ink::Small, Anchor::Start);

    let trunk = MARGIN + TRIGGER + 20;
    let left = MARGIN + TRIGGER + GAP;
    let mut y = top + (whole - right) / 2;
    for (i, action) in plan.actions.iter().enumerate() {
        let at = y + steps[i] / 2;
        paper.arrow(&format!("M{} {middle}H{trunk}V{at}H{}", MARGIN + TRIGGER, left - 2));
        let above = pixels(conditions[i].len()) * LINE;
        paper.lines(
            trunk + 8,
            (at + LINE).saturating_sub(above + 6).max(12),
            &conditions[i],
            Ink::Small,
            Anchor::Start,
        );
        paper.rect(left, at - heights[i] / 2, ACTION, heights[i], "act");
        let to = describe::target(&action.target);
        let head = arrow_text(&to, lang);
        let next = paper.lines(left + 12, at - heights[i] / 2 + 22, &[head], Ink::Small, Anchor::Start);
        paper.lines(left + 12, next, &texts[i], Ink::Bold, Anchor::Start);
        y += steps[i];
    }
    paper.finish(left + ACTION + MARGIN, top + whole + MARGIN, &format!("{title} {other}"))
}

fn arrow_text(to: &Text, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("对象：{}", to.zh),
        Lang::En => format!("for {}", to.en),
    }
}

fn condition_of(action: &PlanAction) -> Vec<String> {
    let source = action.when.as_ref().map(|when| when.source().replace("record.", ""));
    source.map_or_else(Vec::new, |source| wrap(&source, GAP - 34))
}

fn trigger_lines(plan: &Plan, packs: &Packs, lang: Lang) -> (Vec<String>, Vec<String>) {
    let room = TRIGGER - 24;
    let mut notes = Vec::new();
    if let Some(when) = &plan.when {
        let source = when.source().replace("record.", "");
        let text = match lang {
            Lang::Zh => format!("条件：{source}"),
            Lang::En => format!("if {source}"),
        };
        notes.extend(wrap(&text, room));
    }
    if plan.from_level > ResponseLevel::Routine {
        let label = packs.level(plan.from_level).map(|profile| profile.label.clone()).unwrap_or_default();
        let text = match lang {
            Lang::Zh => format!("{}及以上启用", label.zh),
            Lang::En => format!("open from {} on", label.en),
        };
        notes.extend(wrap(&text, room));
    }
    (wrap(describe::trigger(plan, packs).get(lang), room), notes)
}
