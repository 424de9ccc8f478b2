//! The portal as packs declare it: its name, how addresses are made, the channels that it begins with.

use super::issue::PackIssueCode;
use super::reader::Reader;
use crate::channel::{AddressPattern, Channel, ChannelTree};
use crate::text::Text;

/// What packs say of the portal.
#[derive(Debug, Clone, Default)]
pub struct PortalDeclaration {
    /// Shown name of the portal.
    pub title: Option<Text>,
    /// What stands under every article about its use.
    pub copyright: Option<Text>,
    /// How addresses of articles are made.
    pub address: AddressPattern,
    /// Channels that an installation begins with, parents first.
    pub channels: Vec<Channel>,
}

pub(super) fn read_portal(r: &mut Reader<'_>, portal: &mut PortalDeclaration) {
    if let Some(title) = r.optional_label("title") {
        portal.title = Some(title);
    }
    if let Some(copyright) = r.optional_label("copyright") {
        portal.copyright = Some(copyright);
    }
    if let Some(text) = r.optional_text("address") {
        match AddressPattern::parse(&text) {
            Ok(pattern) => portal.address = pattern,
            Err(error) => r.problem(PackIssueCode::WrongValue, "address", &error.to_string()),
        }
    }
    let known = &mut portal.channels;
    r.tables("channel", |r| {
        let id = r.text("id");
        let position = i64::try_from(known.len()).unwrap_or(i64::MAX) * 10;
        let channel = Channel {
            slug: r.optional_text("slug").unwrap_or_else(|| id.clone()),
            parent: r.optional_text("parent"),
            title: r.label("title"),
            position,
            closed: false,
            version: 1,
            id,
        };
        if let Err(error) = ChannelTree::new(known.clone()).check(&channel) {
            r.problem(PackIssueCode::WrongValue, "id", &error.to_string());
        } else if known.iter().any(|c| c.id == channel.id) {
            r.problem(PackIssueCode::Duplicate, "id", &format!("channel `{}` is declared twice", channel.id));
        } else {
            known.push(channel);
        }
    });
}
