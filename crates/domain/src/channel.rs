//! Channels: the tree in which readers find articles, and the addresses that follow from it.

use crate::text::Text;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Longest segment of an address.
pub const SLUG_CHARS_MAX: usize = 40;
/// Deepest channel; deeper trees are lost on readers.
pub const DEPTH_MAX: usize = 5;

/// First segments of addresses that belong to the server itself.
const RESERVED: [&str; 30] = [
    "about",
    "advisories",
    "altcha",
    "api",
    "archive",
    "areas",
    "captcha",
    "comments",
    "console",
    "desk",
    "docs",
    "feed",
    "feeds",
    "field",
    "figures",
    "files",
    "health",
    "me",
    "portal",
    "preferences",
    "preview",
    "regions",
    "rights",
    "risk",
    "search",
    "services",
    "static",
    "tags",
    "takedown",
    "travel",
];

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Identifier; never changes.
    pub id: String,
    /// The channel that it belongs to; `None` at the top.
    pub parent: Option<String>,
    /// Its segment in addresses.
    pub slug: String,
    /// Shown name.
    pub title: Text,
    /// Place among its siblings, ascending.
    pub position: i64,
    /// No longer offered to writers and readers; its articles keep their addresses.
    pub closed: bool,
    /// Version, from 1.
    pub version: u32,
}

/// Why a channel is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadChannel {
    /// The segment does not fit in an address.
    #[error("`{0}` is no segment of an address: lower-case letters, digits and hyphens")]
    Slug(String),
    /// The address belongs to the server.
    #[error("`/{0}/` belongs to the server itself")]
    Reserved(String),
    /// A sibling has the segment.
    #[error("a channel beside it has the address `{0}` already")]
    Taken(String),
    /// There is no such parent.
    #[error("no channel `{0}`")]
    UnknownParent(String),
    /// A channel cannot belong to itself.
    #[error("a channel cannot belong to itself or to one below it")]
    Circle,
    /// Too deep.
    #[error("channels are at most {DEPTH_MAX} deep")]
    TooDeep,
}

/// True if a text can be a segment of an address.
pub fn is_slug(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= SLUG_CHARS_MAX
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The segment that a name in Latin letters makes; empty if it has none.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && !c.is_ascii_punctuation() {
            slug.push('-');
        }
    }
    slug.truncate(SLUG_CHARS_MAX);
    slug.trim_matches('-').to_owned()
}

/// Every channel.
#[derive(Debug, Clone, Default)]
pub struct ChannelTree {
    channels: Vec<Channel>,
    by_id: HashMap<String, usize>,
}

impl ChannelTree {
    /// A tree of channels as stored.
    pub fn new(mut channels: Vec<Channel>) -> Self {
        channels.sort_by(|a, b| (a.position, &a.slug).cmp(&(b.position, &b.slug)));
        let by_id = channels.iter().enumerate().map(|(i, c)| (c.id.clone(), i)).collect();
        Self { channels, by_id }
    }

    /// Every channel in order of position.
    pub fn all(&self) -> &[Channel] {
        &self.channels
    }

    /// The channel of an identifier.
    pub fn get(&self, id: &str) -> Option<&Channel> {
        self.by_id.get(id).map(|&i| &self.channels[i])
    }

    /// The channels below one (at the top, of `None`) that are not closed, in order.
    pub fn children(&self, parent: Option<&str>) -> impl Iterator<Item = &Channel> {
        let parent = parent.map(str::to_owned);
        self.channels.iter().filter(move |c| !c.closed && c.parent == parent)
    }

    /// A channel and those above it, the nearest first; ends at a circle, which [`ChannelTree::check`] prevents.
    pub fn line(&self, id: &str) -> Vec<&Channel> {
        let mut line: Vec<&Channel> = Vec::new();
        let mut next = self.get(id);
        while let Some(channel) = next.filter(|c| !line.iter().any(|seen| seen.id == c.id)) {
            line.push(channel);
            next = channel.parent.as_deref().and_then(|parent| self.get(parent));
        }
        line
    }

    /// Identifiers of a channel and everything below it.
    pub fn below(&self, id: &str) -> Vec<&str> {
        self.channels
            .iter()
            .map(|c| c.id.as_str())
            .filter(|c| self.line(c).iter().any(|l| l.id == id))
            .collect()
    }

    /// The segments of a channel from the top, joined: `gsyl/changzhi`.
    pub fn path(&self, id: &str) -> String {
        let mut slugs: Vec<&str> = self.line(id).iter().map(|c| c.slug.as_str()).collect();
        slugs.reverse();
        slugs.join("/")
    }

    /// The address of a channel's page: `/gsyl/changzhi/`.
    pub fn address(&self, id: &str) -> String {
        format!("/{}/", self.path(id))
    }

    /// Whether a new or changed channel fits into the tree.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, channel: &Channel) -> Result<(), BadChannel> {
        if !is_slug(&channel.slug) {
            return Err(BadChannel::Slug(channel.slug.clone()));
        }
        match &channel.parent {
            None if RESERVED.contains(&channel.slug.as_str()) => {
                return Err(BadChannel::Reserved(channel.slug.clone()));
            }
            None => {}
            Some(parent) => {
                if self.get(parent).is_none() {
                    return Err(BadChannel::UnknownParent(parent.clone()));
                }
                let line = self.line(parent);
                if line.iter().any(|c| c.id == channel.id) {
                    return Err(BadChannel::Circle);
                }
                if line.len() >= DEPTH_MAX {
                    return Err(BadChannel::TooDeep);
                }
            }
        }
        let is_twin =
            |c: &Channel| c.id != channel.id && c.parent == channel.parent && c.slug == channel.slug;
        if self.channels.iter().any(is_twin) {
            return Err(BadChannel::Taken(channel.slug.clone()));
        }
        Ok(())
    }
}

/// How the address of an article is made of what is known of it: `/{channel}/{county}/{number}.html`.
///
/// `{channel}` is the path of the channel, `{county}` the name of the region, `{year}`, `{month}` and `{day}` the day
/// on which it became public, `{number}` its number, without which addresses would not differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPattern(String);

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

impl Default for AddressPattern {
    fn default() -> Self {
        Self("/{channel}/{county}/{number}.html".to_owned())
    }
}

impl AddressPattern {
    const NAMES: [&str; 6] = ["channel", "county", "year", "month", "day", "number"];

    /// A pattern as declared.
    ///
    /// # Errors
    /// If it does not begin with a slash, lacks `{number}`, ends with a slash, or names something unknown.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let refuse = |why: &str| Err(BadPattern(format!("`{text}`: {why}")));
        if !text.starts_with('/') || text.ends_with('/') {
            return refuse("an address begins with a slash and does not end with one");
        }
        if text.matches("{number}").count() != 1 {
            return refuse("`{number}` stands in it once");
        }
        let mut plain = text.to_owned();
        for name in Self::NAMES {
            plain = plain.replace(&format!("{{{name}}}"), "");
        }
        if plain.contains(['{', '}']) {
            return refuse("the names are channel, county, year, month, day, number");
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        if !plain.chars().all(fits) || plain.contains("..") {
            return refuse("only letters, digits, `-`, `_`, `.` and `/` stand in an address");
        }
        Ok(Self(text.to_owned()))
    }

    /// The pattern as declared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address; segments that come out empty are left out.
    pub fn fill(&self, channel_path: &str, county: &str, date: Date, number: i64) -> String {
        let filled = self
            .0
            .replace("{channel}", channel_path)
            .replace("{county}", county)
            .replace("{year}", &format!("{:04}", date.year()))
            .replace("{month}", &format!("{:02}", date.month()))
            .replace("{day}", &format!("{:02}", date.day()))
            .replace("{number}", &number.to_string());
        let segments: Vec<&str> = filled.split('/').filter(|segment| !segment.is_empty()).collect();
        format!("/{}", segments.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(id: &str, parent: Option<&str>) -> Channel {
        Channel {
            id: id.into(),
            parent: parent.map(str::to_owned),
            slug: id.into(),
            title: Text::new(id, id),
            position: 0,
            closed: false,
            version: 1,
        }
    }

    fn tree() -> ChannelTree {
        ChannelTree::new(vec![
            channel("gsyl", None),
            channel("city", Some("gsyl")),
            channel("county", Some("city")),
            channel("help", None),
        ])
    }

    #[test]
    fn an_address_follows_the_tree() {
        let tree = tree();
        assert_eq!(tree.address("county"), "/gsyl/city/county/");
        assert_eq!(tree.below("gsyl"), ["city", "county", "gsyl"]);
        let pattern = AddressPattern::default();
        let day = jiff::civil::date(2020, 2, 12);
        assert_eq!(pattern.fill("gsyl", "changzhi", day, 389), "/gsyl/changzhi/389.html");
        assert_eq!(pattern.fill("gsyl", "", day, 389), "/gsyl/389.html");
        let dated = AddressPattern::parse("/{year}/{month}/{number}").unwrap();
        assert_eq!(dated.fill("gsyl", "x", day, 7), "/2020/02/7");
    }

    #[test]
    fn patterns_that_make_no_addresses_are_refused() {
        for text in [
            "{number}",
            "/{number}/",
            "/{channel}.html",
            "/{number}{number}",
            "/{slug}/{number}",
            "/a b{number}",
        ] {
            assert!(AddressPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_channel_fits_into_the_tree_or_is_refused() {
        let tree = tree();
        let with = |id: &str, parent: Option<&str>, slug: &str| {
            tree.check(&Channel { slug: slug.into(), ..channel(id, parent) })
        };
        assert_eq!(with("new", Some("gsyl"), "topic"), Ok(()));
        assert_eq!(with("new", None, "api"), Err(BadChannel::Reserved("api".into())));
        assert_eq!(with("new", None, "help"), Err(BadChannel::Taken("help".into())));
        assert_eq!(with("help", None, "help"), Ok(()), "it is not its own twin");
        assert_eq!(with("gsyl", Some("county"), "gsyl"), Err(BadChannel::Circle));
        assert_eq!(with("new", Some("none"), "x"), Err(BadChannel::UnknownParent("none".into())));
        for slug in ["", "Abc", "a/b", "-a", "长治", "a.b"] {
            assert_eq!(with("new", None, slug), Err(BadChannel::Slug(slug.into())));
        }
    }

    #[test]
    fn a_slug_is_made_of_a_name() {
        assert_eq!(slug_of("Lu'an Town (North)"), "luan-town-north");
        assert_eq!(slug_of("长治"), "");
    }
}
