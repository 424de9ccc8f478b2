//! Articles: written by one person, approved by another, frozen version by version.
//!
//! An article has a working copy, which goes from draft over review to publication, and public versions, which nobody
//! changes any more. A published article that is edited again keeps its public version until the next one is approved,
//! and that next one carries a note of what was corrected.

use crate::region::RegionCode;
use crate::text::Lang;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest title, subtitle, author and so on, in characters.
pub const LINE_CHARS_MAX: usize = 200;
/// Longest body, in bytes of Markdown: about 100,000 Chinese characters.
pub const BODY_BYTES_MAX: usize = 300_000;
/// Longest summary, correction note, remark or reason, in characters.
pub const NOTE_CHARS_MAX: usize = 1_000;
/// Most tags of one article.
pub const TAGS_MAX: usize = 12;
/// Longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 40;
/// Most attachments of one article.
pub const ATTACHMENTS_MAX: usize = 20;

/// Where the working copy of an article stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArticleStatus {
    /// Being written.
    Draft,
    /// Waits for somebody who did not write it.
    InReview,
    /// Approved; becomes public at its time.
    Scheduled,
    /// The same as the public version.
    Published,
    /// Taken back; its address says so.
    Withdrawn,
}

impl ArticleStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::InReview, Self::Scheduled, Self::Published, Self::Withdrawn];

    /// The name used in storage and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Scheduled => "scheduled",
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The status of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A file that readers may download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Digest of the file.
    pub file: String,
    /// Name under which it is saved.
    pub name: String,
}

/// What an article says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleContent {
    /// Title.
    pub title: String,
    /// Line below the title; may be empty.
    #[serde(default)]
    pub subtitle: String,
    /// What lists and feeds show; the beginning of the body if empty.
    #[serde(default)]
    pub summary: String,
    /// Who wrote it, as shown; may be empty.
    #[serde(default)]
    pub author: String,
    /// Who edited it, as shown; may be empty.
    #[serde(default)]
    pub editor: String,
    /// Where it was taken from, as shown; may be empty.
    #[serde(default)]
    pub source: String,
    /// Place that it reports from, as shown; may be empty.
    #[serde(default)]
    pub place: String,
    /// Language of the text.
    pub lang: Lang,
    /// Tags, in the order given.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Digest of the cover image.
    #[serde(default)]
    pub cover: Option<String>,
    /// Body in Markdown.
    pub body: String,
    /// Files to download.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Whether readers may comment.
    #[serde(default)]
    pub comments_open: bool,
}

/// Why content is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadContent {
    /// The field.
    pub field: &'static str,
    /// What is wrong.
    pub message: String,
}

impl ArticleContent {
    /// An article without anything but a title and a body.
    pub fn new(title: &str, body: &str, lang: Lang) -> Self {
        Self {
            title: title.to_owned(),
            subtitle: String::new(),
            summary: String::new(),
            author: String::new(),
            editor: String::new(),
            source: String::new(),
            place: String::new(),
            lang,
            tags: Vec::new(),
            cover: None,
            body: body.to_owned(),
            attachments: Vec::new(),
            comments_open: false,
        }
    }

    /// The content with control and direction characters removed, lines trimmed and tags told apart, or what is wrong
    /// with it. Only a title is required: a draft may be far from finished.
    ///
    /// # Errors
    /// For the first field that is too long, or a missing title.
    pub fn checked(mut self) -> Result<Self, BadContent> {
        self.title = checked_line("title", &self.title)?;
        if self.title.is_empty() {
            return Err(BadContent { field: "title", message: "an article has a title".to_owned() });
        }
        self.subtitle = checked_line("subtitle", &self.subtitle)?;
        self.author = checked_line("author", &self.author)?;
        self.editor = checked_line("editor", &self.editor)?;
        self.source = checked_line("source", &self.source)?;
        self.place = checked_line("place", &self.place)?;
        self.summary = checked_note("summary", &self.summary)?;
        self.body = clean_text(&self.body);
        if self.body.len() > BODY_BYTES_MAX {
            let message = format!("at most {BODY_BYTES_MAX} bytes");
            return Err(BadContent { field: "body", message });
        }
        let mut tags: Vec<String> = Vec::new();
        for tag in &self.tags {
            // A slash would be a step in the address of the tag's page.
            let tag = clean_line(&tag.replace(['/', '\\'], " "));
            if tag.chars().count() > TAG_CHARS_MAX {
                let message = format!("a tag has at most {TAG_CHARS_MAX} characters");
                return Err(BadContent { field: "tags", message });
            }
            if !tag.is_empty() && tag != "." && tag != ".." && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        if tags.len() > TAGS_MAX {
            return Err(BadContent { field: "tags", message: format!("at most {TAGS_MAX} tags") });
        }
        self.tags = tags;
        if self.attachments.len() > ATTACHMENTS_MAX {
            let message = format!("at most {ATTACHMENTS_MAX} attachments");
            return Err(BadContent { field: "attachments", message });
        }
        for attachment in &mut self.attachments {
            attachment.name = checked_line("attachments", &attachment.name)?;
        }
        Ok(self)
    }
}

/// Characters that reorder text without being seen: with them a name can be made to look like another one.
pub fn is_direction_trick(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

/// A line without control and direction characters, its white space joined.
pub fn clean_line(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !is_direction_trick(*c) && *c != '\u{feff}')
        .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
        .collect();
    kept.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A text of several lines without control and direction characters other than line feeds and tabs.
pub fn clean_text(text: &str) -> String {
    let kept = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = kept
        .chars()
        .filter(|c| !is_direction_trick(*c) && *c != '\u{feff}')
        .filter(|c| !c.is_control() || *c == '\n' || *c == '\t')
        .collect();
    kept.trim_end().to_owned()
}

fn checked_line(field: &'static str, text: &str) -> Result<String, BadContent> {
    let line = clean_line(text);
    if line.chars().count() > LINE_CHARS_MAX {
        return Err(BadContent { field, message: format!("at most {LINE_CHARS_MAX} characters") });
    }
    Ok(line)
}

/// A note (summary, correction, reason): cleaned and not too long.
///
/// # Errors
/// If it is too long.
pub fn checked_note(field: &'static str, text: &str) -> Result<String, BadContent> {
    let note = clean_text(text).trim().to_owned();
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(BadContent { field, message: format!("at most {NOTE_CHARS_MAX} characters") });
    }
    Ok(note)
}

/// An article with its working copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Number in addresses; never given twice.
    pub number: i64,
    /// Channel.
    pub channel: String,
    /// Region that it is about and in which its editors are responsible.
    pub region: RegionCode,
    /// Path of the region, for scoping.
    pub region_path: String,
    /// Status of the working copy.
    pub status: ArticleStatus,
    /// The working copy.
    pub content: ArticleContent,
    /// What the working copy corrects in the public version.
    pub correction: Option<String>,
    /// What the last reviewer wanted changed.
    pub remark: Option<String>,
    /// Accounts that wrote the working copy since the last publication; none of them may approve it.
    pub writers: Vec<Uuid>,
    /// When the approved working copy becomes public.
    pub publish_at: Option<Timestamp>,
    /// Who approved it last.
    pub approved_by: Option<String>,
    /// Number of the public version.
    pub live: Option<u32>,
    /// Number of the last frozen version; 0 if there is none.
    pub frozen: u32,
    /// When it became public first, which is its place in lists.
    pub published_at: Option<Timestamp>,
    /// Its address from the first publication on.
    pub address: Option<String>,
    /// Why it was withdrawn.
    pub withdrawn: Option<String>,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
    /// Version of the row, from 1.
    pub version: u32,
}

/// A public version, frozen when approved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArticleVersion {
    /// The article.
    pub article: Uuid,
    /// Number, from 1.
    pub n: u32,
    /// What it says.
    pub content: ArticleContent,
    /// What lists and feeds show of the body.
    pub summary: String,
    /// The body as readers get it: rendered and sanitised.
    pub html: String,
    /// What it corrects; empty for the first one.
    pub correction: Option<String>,
    /// Who approved it.
    pub approved_by: String,
    /// When it became public.
    pub published_at: Timestamp,
}

/// Why an article does not take a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArticleRefusal {
    /// The step does not lead on from this status.
    #[error("the article is {}", .0.as_str())]
    Status(ArticleStatus),
    /// Whoever wrote it does not approve it.
    #[error("somebody who did not write the article approves it")]
    OwnWork,
    /// A correction says what it corrects.
    #[error("a correction of a published article needs a note for readers")]
    NoteNeeded,
    /// An empty body is nothing to review.
    #[error("the article has no text")]
    Empty,
    /// A schedule lies in the future.
    #[error("the time of publication has passed")]
    PastTime,
    /// It was never public.
    #[error("the article is not public")]
    NotPublic,
}

impl ArticleRefusal {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Status(_) => "wrong_status",
            Self::OwnWork => "own_work",
            Self::NoteNeeded => "note_needed",
            Self::Empty => "no_text",
            Self::PastTime => "past_time",
            Self::NotPublic => "not_public",
        }
    }
}

impl Article {
    /// True if readers can see a version.
    pub fn is_public(&self) -> bool {
        self.live.is_some()
    }

    fn stepped(mut self, by: &str, now: Timestamp) -> Self {
        by.clone_into(&mut self.changed_by);
        self.changed_at = now;
        self.version += 1;
        self
    }

    /// The working copy with other content. Whatever was approved of it has to be approved again.
    pub fn edit(mut self, content: ArticleContent, by: (Uuid, &str), now: Timestamp) -> Self {
        self.content = content;
        self.status = ArticleStatus::Draft;
        self.publish_at = None;
        if !self.writers.contains(&by.0) {
            self.writers.push(by.0);
        }
        self.stepped(by.1, now)
    }

    /// The working copy handed to reviewers. `correction` is the note for readers, required if a version is public.
    ///
    /// # Errors
    /// `Status`, `NoteNeeded`, `Empty`.
    pub fn submit(mut self, correction: &str, by: &str, now: Timestamp) -> Result<Self, ArticleRefusal> {
        if self.status != ArticleStatus::Draft {
            return Err(ArticleRefusal::Status(self.status));
        }
        if self.content.body.trim().is_empty() {
            return Err(ArticleRefusal::Empty);
        }
        self.correction = match (self.is_public(), correction.trim()) {
            (true, "") => return Err(ArticleRefusal::NoteNeeded),
            (true, note) => Some(note.to_owned()),
            (false, _) => None,
        };
        self.status = ArticleStatus::InReview;
        self.remark = None;
        Ok(self.stepped(by, now))
    }

    /// Back to its writers, with what is to be changed.
    ///
    /// # Errors
    /// `Status`.
    pub fn send_back(mut self, remark: &str, by: &str, now: Timestamp) -> Result<Self, ArticleRefusal> {
        if !matches!(self.status, ArticleStatus::InReview | ArticleStatus::Scheduled) {
            return Err(ArticleRefusal::Status(self.status));
        }
        self.status = ArticleStatus::Draft;
        self.publish_at = None;
        self.remark = Some(remark.to_owned());
        Ok(self.stepped(by, now))
    }

    /// Approved by somebody who did not write it: public now (without `at`) or at a time to come. An article that is
    /// to be public now is `Scheduled` for now; [`Article::release`] publishes it.
    ///
    /// # Errors
    /// `Status`, `OwnWork`, `PastTime`.
    pub fn approve(
        mut self,
        by: (Uuid, &str),
        at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, ArticleRefusal> {
        if self.status != ArticleStatus::InReview {
            return Err(ArticleRefusal::Status(self.status));
        }
        if self.writers.contains(&by.0) {
            return Err(ArticleRefusal::OwnWork);
        }
        if at.is_some_and(|at| at <= now) {
            return Err(ArticleRefusal::PastTime);
        }
        self.status = ArticleStatus::Scheduled;
        self.publish_at = Some(at.unwrap_or(now));
        self.approved_by = Some(by.1.to_owned());
        Ok(self.stepped(by.1, now))
    }

    /// The scheduled working copy as the public version, if its time has come.
    ///
    /// # Errors
    /// `Status`; also before its time.
    pub fn release(
        mut self,
        html: String,
        summary: String,
        by: &str,
        now: Timestamp,
    ) -> Result<(Self, ArticleVersion), ArticleRefusal> {
        if self.status != ArticleStatus::Scheduled || self.publish_at.is_none_or(|at| at > now) {
            return Err(ArticleRefusal::Status(self.status));
        }
        self.frozen += 1;
        self.live = Some(self.frozen);
        self.status = ArticleStatus::Published;
        self.publish_at = None;
        self.withdrawn = None;
        self.published_at = Some(self.published_at.unwrap_or(now));
        self.writers.clear();
        let version = ArticleVersion {
            article: self.id,
            n: self.frozen,
            content: self.content.clone(),
            summary,
            html,
            correction: self.correction.take(),
            approved_by: self.approved_by.clone().unwrap_or_default(),
            published_at: now,
        };
        Ok((self.stepped(by, now), version))
    }

    /// Taken back from readers; its address says that there was something, and no more.
    ///
    /// # Errors
    /// `NotPublic`.
    pub fn withdraw(mut self, reason: &str, by: &str, now: Timestamp) -> Result<Self, ArticleRefusal> {
        if !self.is_public() {
            return Err(ArticleRefusal::NotPublic);
        }
        self.live = None;
        self.status = ArticleStatus::Withdrawn;
        self.publish_at = None;
        self.withdrawn = Some(reason.to_owned());
        Ok(self.stepped(by, now))
    }

    /// Under another channel or about another region. What it says stays, so nothing has to be approved again.
    #[must_use]
    pub fn moved(mut self, channel: &str, region: (&RegionCode, &str), by: &str, now: Timestamp) -> Self {
        channel.clone_into(&mut self.channel);
        self.region = region.0.clone();
        region.1.clone_into(&mut self.region_path);
        self.stepped(by, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITER: Uuid = Uuid::from_u128(1);
    const REVIEWER: Uuid = Uuid::from_u128(2);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn draft() -> Article {
        Article {
            id: Uuid::from_u128(9),
            number: 1,
            channel: "news".into(),
            region: RegionCode::new("140400"),
            region_path: "/140400/".into(),
            status: ArticleStatus::Draft,
            content: ArticleContent::new("Title", "Text", Lang::En),
            correction: None,
            remark: None,
            writers: vec![WRITER],
            publish_at: None,
            approved_by: None,
            live: None,
            frozen: 0,
            published_at: None,
            address: None,
            withdrawn: None,
            changed_by: "w".into(),
            changed_at: at(0),
            version: 1,
        }
    }

    fn public() -> Article {
        let approved =
            draft().submit("", "w", at(1)).and_then(|a| a.approve((REVIEWER, "r"), None, at(2))).unwrap();
        approved.release("<p>Text</p>".into(), "Text".into(), "r", at(2)).unwrap().0
    }

    #[test]
    fn nobody_approves_what_they_wrote() {
        let waiting = draft().submit("", "w", at(1)).unwrap();
        assert_eq!(waiting.clone().approve((WRITER, "w"), None, at(2)), Err(ArticleRefusal::OwnWork));
        // Whoever improves it on the way is one of its writers from then on.
        let edited = waiting.edit(ArticleContent::new("T", "B", Lang::En), (REVIEWER, "r"), at(2));
        assert_eq!(edited.status, ArticleStatus::Draft);
        let again = edited.submit("", "r", at(3)).unwrap();
        assert_eq!(again.clone().approve((REVIEWER, "r"), None, at(4)), Err(ArticleRefusal::OwnWork));
        assert!(again.approve((Uuid::from_u128(3), "x"), None, at(4)).is_ok());
    }

    #[test]
    fn a_correction_says_what_it_corrects_and_leaves_the_public_version_until_it_is_approved() {
        let edited = public().edit(ArticleContent::new("T", "Better", Lang::En), (WRITER, "w"), at(5));
        assert_eq!((edited.live, edited.status), (Some(1), ArticleStatus::Draft));
        assert_eq!(edited.clone().submit(" ", "w", at(6)), Err(ArticleRefusal::NoteNeeded));
        let waiting = edited.submit("A figure was wrong", "w", at(6)).unwrap();
        assert_eq!(waiting.live, Some(1));
        let approved = waiting.approve((REVIEWER, "r"), None, at(7)).unwrap();
        let (article, version) =
            approved.release("<p>Better</p>".into(), "Better".into(), "r", at(7)).unwrap();
        assert_eq!((article.live, version.n), (Some(2), 2));
        assert_eq!(version.correction.as_deref(), Some("A figure was wrong"));
        assert_eq!((article.published_at, version.published_at), (Some(at(2)), at(7)));
    }

    #[test]
    fn a_scheduled_article_waits_for_its_time() {
        let waiting = draft().submit("", "w", at(1)).unwrap();
        assert_eq!(
            waiting.clone().approve((REVIEWER, "r"), Some(at(2)), at(2)),
            Err(ArticleRefusal::PastTime)
        );
        let scheduled = waiting.approve((REVIEWER, "r"), Some(at(9)), at(2)).unwrap();
        assert!(scheduled.clone().release(String::new(), String::new(), "job", at(8)).is_err());
        let (article, _) = scheduled.release(String::new(), String::new(), "job", at(9)).unwrap();
        assert_eq!(article.published_at, Some(at(9)));
    }

    #[test]
    fn every_step_is_refused_where_it_does_not_lead_on() {
        assert!(matches!(draft().approve((REVIEWER, "r"), None, at(1)), Err(ArticleRefusal::Status(_))));
        assert!(matches!(draft().send_back("", "r", at(1)), Err(ArticleRefusal::Status(_))));
        assert_eq!(draft().withdraw("x", "r", at(1)), Err(ArticleRefusal::NotPublic));
        assert!(matches!(public().submit("n", "w", at(3)), Err(ArticleRefusal::Status(_))));
        let gone = public().withdraw("wrong", "r", at(3)).unwrap();
        assert_eq!((gone.live, gone.status), (None, ArticleStatus::Withdrawn));
        let mut empty = draft();
        empty.content.body = " \n".into();
        assert_eq!(empty.submit("", "w", at(1)), Err(ArticleRefusal::Empty));
    }

    #[test]
    fn content_is_cleaned_of_what_deceives_the_eye() {
        let mut content = ArticleContent::new("  a\u{202e}b\u{7}\tc ", "x\u{2066}\r\ny\0", Lang::Zh);
        content.tags = vec!["疫情/通报".into(), "疫情 通报".into(), " ".into(), "..".into()];
        let checked = content.checked().unwrap();
        assert_eq!((checked.title.as_str(), checked.body.as_str()), ("ab c", "x\ny"));
        assert_eq!(checked.tags, ["疫情 通报"]);
        let long = ArticleContent::new(&"字".repeat(LINE_CHARS_MAX + 1), "", Lang::Zh);
        assert_eq!(long.checked().unwrap_err().field, "title");
        assert_eq!(ArticleContent::new(" ", "", Lang::Zh).checked().unwrap_err().field, "title");
    }
}
