//! Paper for diagrams: boxes, lines and wrapped texts as SVG, on whole pixels.

use crate::report::escape;
use std::fmt::Write as _;

/// Height of a line of text.
pub const LINE: u32 = 17;
/// Width of a narrow character; a wide one (a Chinese one) has two of them.
const HALF: u32 = 7;

const STYLE: &str = "text{font-family:'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC',\
    system-ui,sans-serif;font-size:13px;fill:#1c2530}.b{font-weight:600}.s{font-size:12px;fill:#5b6876}\
    .i{fill:#fff}.box{fill:#fff;stroke:#33506e;stroke-width:1.4}.first{fill:#e5eef8}.end{fill:#33506e}\
    .life{stroke:#c3ccd6;stroke-dasharray:3 4}.row{fill:#f6f8fa}.arrow{stroke:#2f6497;stroke-width:1.8;fill:none}\
    .dot{fill:#2f6497}.act{fill:#fbf7ee;stroke:#a8842c;stroke-width:1.2}";

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// As a name.
    Bold,
    /// As a note.
    Small,
    /// As a name on dark ground.
    BoldLight,
    /// As a note on dark ground.
    SmallLight,
}

impl Ink {
    fn class(self) -> &'static str {
        match self {
            Self::Bold => "b",
            Self::Small => "s",
            Self::BoldLight => "b i",
            Self::SmallLight => "s i",
        }
    }
}

/// Where a text is anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// At its beginning.
    Start,
    /// At its middle.
    Middle,
}

/// A drawing under way.
#[derive(Debug, Default)]
pub struct Paper {
    body: String,
}

impl Paper {
    /// Lines of text below each other, the first with its baseline at `y`. Returns the baseline after the last.
    pub fn lines(&mut self, x: u32, mut y: u32, lines: &[String], ink: Ink, anchor: Anchor) -> u32 {
        let anchor = if anchor == Anchor::Middle { " text-anchor='middle'" } else { "" };
        for line in lines {
            let (class, line) = (ink.class(), escape(line));
            let _ = write!(self.body, "<text x='{x}' y='{y}' class='{class}'{anchor}>{line}</text>");
            y += LINE;
        }
        y
    }

    /// A box with round corners.
    pub fn rect(&mut self, x: u32, y: u32, width: u32, height: u32, class: &str) {
        let _ = write!(
            self.body,
            "<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='6' class='{class}'/>"
        );
    }

    /// A straight line.
    pub fn line(&mut self, from: (u32, u32), to: (u32, u32), class: &str) {
        let _ = write!(
            self.body,
            "<line x1='{}' y1='{}' x2='{}' y2='{}' class='{class}'/>",
            from.0, from.1, to.0, to.1
        );
    }

    /// An arrow along a path of the SVG language.
    pub fn arrow(&mut self, path: &str) {
        let _ = write!(self.body, "<path d='{path}' class='arrow' marker-end='url(#head)'/>");
    }

    /// A filled dot.
    pub fn dot(&mut self, x: u32, y: u32) {
        let _ = write!(self.body, "<circle cx='{x}' cy='{y}' r='4.5' class='dot'/>");
    }

    /// The finished drawing.
    pub fn finish(self, width: u32, height: u32, title: &str) -> String {
        let title = escape(title);
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}' \
             role='img' aria-label='{title}'><title>{title}</title><style>{STYLE}</style><defs><marker id='head' \
             viewBox='0 0 10 10' refX='9' refY='5' markerWidth='7' markerHeight='7' orient='auto-start-reverse'>\
             <path d='M0 0L10 5L0 10z' fill='#2f6497'/></marker></defs><rect width='{width}' height='{height}' \
             fill='#fff'/>{}</svg>\n",
            self.body
        )
    }
}

fn halves(c: char) -> u32 {
    if u32::from(c) >= 0x2e80 { 2 } else { 1 }
}

/// Breaks a text into lines of at most so many pixels: between Chinese characters anywhere, otherwise at spaces.
pub fn wrap(text: &str, width: u32) -> Vec<String> {
    let room = (width / HALF).max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in words(text) {
        let needed: u32 = word.chars().map(halves).sum();
        if used + needed > room && !line.trim().is_empty() {
            lines.push(line.trim().to_owned());
            (line, used) = (String::new(), 0);
        }
        line.push_str(word);
        used += needed;
    }
    if !line.trim().is_empty() {
        lines.push(line.trim().to_owned());
    }
    lines
}

/// Pieces between which a line may be broken; punctuation stays with what it follows.
fn words(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let closes = matches!(c, '，' | '；' | '。' | '、' | '：' | '）' | '”' | '…');
        let opened = matches!(before, Some('（' | '“'));
        let breaks = before.is_some_and(|b| b == ' ' || halves(b) == 2 || halves(c) == 2);
        if breaks && !closes && !opened && at > start {
            pieces.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_at_spaces_and_between_chinese_characters_only() {
        assert_eq!(wrap("Confirm receipt now", 70), ["Confirm", "receipt", "now"]);
        assert_eq!(wrap("报告办结，待核查", 56), ["报告办", "结，待核", "查"]);
        assert_eq!(wrap("Unbreakableword", 20), ["Unbreakableword"]);
        assert!(wrap("", 100).is_empty());
    }
}
