//! Comments of readers: plain text that waits for a person, unless it breaks a rule and is not taken at all.

use crate::region::RegionCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest comment, in characters.
pub const TEXT_CHARS_MAX: usize = 1_000;
/// Longest name under which somebody comments, in characters.
pub const NAME_CHARS_MAX: usize = 30;

/// Where a comment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentStatus {
    /// Waits for a moderator; not public.
    Waiting,
    /// Public.
    Shown,
    /// Not public, with a reason.
    Hidden,
}

impl CommentStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Shown, Self::Hidden];

    /// The name used in storage and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Shown => "shown",
            Self::Hidden => "hidden",
        }
    }

    /// The status of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Article.
    pub article: Uuid,
    /// Region of the article, whose editors moderate.
    pub region: RegionCode,
    /// Path of that region.
    pub region_path: String,
    /// Comment that it answers.
    pub parent: Option<Uuid>,
    /// Name as shown.
    pub name: String,
    /// Text.
    pub text: String,
    /// Whether the editors wrote it.
    pub official: bool,
    /// Status.
    pub status: CommentStatus,
    /// What a rule found doubtful, for the moderator.
    pub doubt: Option<String>,
    /// Readers who reported it since it was decided on last.
    pub reports: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Who decided last.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why it is hidden.
    pub reason: Option<String>,
    /// Version, from 1.
    pub version: u32,
}

/// What moderators have agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentRules {
    /// Words with which a comment is not taken at all, whatever the case and the spaces between.
    #[serde(default)]
    pub refused_words: Vec<String>,
    /// Words that are pointed out to the moderator.
    #[serde(default)]
    pub doubtful_words: Vec<String>,
    /// Addresses of pages that one comment may hold.
    #[serde(default)]
    pub links_max: u32,
}

/// Why a comment is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// No text.
    Empty,
    /// Text or name is too long.
    TooLong,
    /// It holds a word that is not taken.
    Word,
    /// It holds too many addresses of pages.
    Links,
}

/// A name and a text as they may be stored, with what is doubtful about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Name; empty for somebody without one.
    pub name: String,
    /// Text.
    pub text: String,
    /// What the moderator should look at.
    pub doubt: Option<String>,
}

impl CommentRules {
    /// Checks what somebody wrote. Control characters and those that reorder text unseen are taken out.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn check(&self, name: &str, text: &str) -> Result<Checked, NotTaken> {
        let name = cleaned(name, false);
        let text = cleaned(text, true);
        if text.is_empty() {
            return Err(NotTaken::Empty);
        }
        if text.chars().count() > TEXT_CHARS_MAX || name.chars().count() > NAME_CHARS_MAX {
            return Err(NotTaken::TooLong);
        }
        let folded = folded(&format!("{name} {text}"));
        let holds = |word: &&String| {
            let word = self::folded(word);
            !word.is_empty() && folded.contains(&word)
        };
        if self.refused_words.iter().any(|word| holds(&word)) {
            return Err(NotTaken::Word);
        }
        if links(&text) > self.links_max {
            return Err(NotTaken::Links);
        }
        let doubt = self.doubtful_words.iter().find(holds).cloned();
        Ok(Checked { name, text, doubt })
    }
}

/// Text without control characters, direction tricks and invisible characters; of white space, single line ends stay.
fn cleaned(text: &str, lines: bool) -> String {
    // Characters that reorder text without being seen, and others that are not seen: with them a word can be hidden, or a
    // name made to look like another one.
    let is_unseen = |c: char| {
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
            || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
    };
    let mut kept = String::new();
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' if lines => kept.push('\n'),
            c if c.is_whitespace() => kept.push(' '),
            c if c.is_control() || is_unseen(c) => {}
            c => kept.push(c),
        }
    }
    let lines = kept
        .lines()
        .map(|line| line.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "));
    let mut out = String::new();
    let mut blank = false;
    for line in lines {
        if line.is_empty() {
            blank = !out.is_empty();
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank { "\n\n" } else { "\n" });
        }
        out.push_str(&line);
        blank = false;
    }
    out
}

/// Letters and digits in lower case and of one width: what is left of a word whatever stands between its letters.
fn folded(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        })
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Addresses of pages in a text, by what announces one.
fn links(text: &str) -> u32 {
    let text = text.to_lowercase();
    let n = text.matches("://").count() + text.matches("www.").count();
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> CommentRules {
        CommentRules {
            refused_words: vec!["Casino".into(), "代开发票".into()],
            doubtful_words: vec!["封城".into()],
            links_max: 1,
        }
    }

    #[test]
    fn a_word_is_found_whatever_stands_between_its_letters() {
        for text in ["best CASINO", "c-a-s-i-n-o", "ｃａｓｉｎｏ", "代 开 发\u{200b}票", "代.开.发.票"]
        {
            assert_eq!(rules().check("", text), Err(NotTaken::Word), "{text}");
        }
        assert_eq!(rules().check("Casino", "hello"), Err(NotTaken::Word), "the name counts too");
        assert_eq!(rules().check("", "要封城吗").unwrap().doubt.as_deref(), Some("封城"));
    }

    #[test]
    fn tricks_are_taken_out_and_lines_stay() {
        let checked =
            rules().check(" 张\u{202e}三 \n", "one\r\n\r\n\r\n two \u{0}\u{2066}three\u{200b} ").unwrap();
        assert_eq!((checked.name.as_str(), checked.text.as_str()), ("张三", "one\n\ntwo three"));
        assert_eq!(checked.doubt, None);
    }

    #[test]
    fn what_is_empty_long_or_full_of_links_is_not_taken() {
        let check = |text: &str| rules().check("", text).map(|checked| checked.text);
        assert_eq!(check(" \n\u{200b} "), Err(NotTaken::Empty));
        assert_eq!(check(&"长".repeat(TEXT_CHARS_MAX + 1)), Err(NotTaken::TooLong));
        assert!(check(&"长".repeat(TEXT_CHARS_MAX)).is_ok());
        assert!(check("see https://example.org").is_ok());
        assert_eq!(check("http://a.example www.b.example"), Err(NotTaken::Links));
    }
}
