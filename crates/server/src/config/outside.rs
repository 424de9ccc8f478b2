//! What the installation asks of other servers: the tables `[outbound]` and `[links]`.

use jiff::SignedDuration;
use serde::Deserialize;
use wanquan_app::outbound::{Outbound, OutboundConfig};
use wanquan_app::portal::links::LinkSchedule;

/// Where the installation may go: the table `[outbound]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundTable {
    /// Networks that may be asked although they are not of the open internet.
    #[serde(default)]
    allow: Vec<String>,
    /// Ports that may be asked besides 80 and 443.
    #[serde(default)]
    ports: Vec<u16>,
}

impl OutboundTable {
    fn client(&self) -> Result<Outbound, String> {
        let allow: Result<Vec<_>, String> = self.allow.iter().map(|network| network.parse()).collect();
        let mut config = OutboundConfig { allow: allow?, ..OutboundConfig::recommended() };
        config.ports.extend(&self.ports);
        Ok(Outbound::new(config))
    }
}

/// Whether and how often links of the portal are looked at: the table `[links]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinksTable {
    /// Whether they are. Off, because it asks servers elsewhere.
    #[serde(default)]
    check: bool,
    /// Hours between two looks at a link that works.
    every_hours: Option<u32>,
    /// Hours between two looks at a broken one.
    broken_every_hours: Option<u32>,
    /// Days after which readers are told of a broken link.
    public_after_days: Option<u32>,
}

/// The check of links, as set up.
#[derive(Debug, Clone)]
pub struct LinkCheck {
    /// Who asks.
    pub outbound: Outbound,
    /// When.
    pub schedule: LinkSchedule,
}

/// The check of links; `None` if nothing is to be asked.
///
/// # Errors
/// What is wrong with the two tables.
pub fn link_check(outbound: &OutboundTable, links: &LinksTable) -> Result<Option<LinkCheck>, String> {
    let client = outbound.client().map_err(|problem| format!("[outbound]: {problem}"))?;
    let recommended = LinkSchedule::recommended();
    let hours = |given: Option<u32>, name: &str, usual: SignedDuration| match given {
        Some(0) => Err(format!("[links]: `{name}` is at least 1")),
        Some(hours) => Ok(SignedDuration::from_hours(i64::from(hours))),
        None => Ok(usual),
    };
    let after = links.public_after_days.map(|days| SignedDuration::from_hours(i64::from(days) * 24));
    let schedule = LinkSchedule {
        every: hours(links.every_hours, "every_hours", recommended.every)?,
        broken_every: hours(links.broken_every_hours, "broken_every_hours", recommended.broken_every)?,
        public_after: after.unwrap_or(recommended.public_after),
        ..recommended
    };
    Ok(links.check.then_some(LinkCheck { outbound: client, schedule }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(outbound: &str, links: &str) -> Result<Option<LinkCheck>, String> {
        link_check(&toml::from_str(outbound).unwrap(), &toml::from_str(links).unwrap())
    }

    #[test]
    fn nothing_is_asked_unless_somebody_said_so() {
        assert!(read("", "").unwrap().is_none());
        let check =
            read("allow = [\"10.1.0.0/16\"]\nports = [8443]", "check = true\nevery_hours = 12").unwrap();
        assert_eq!(check.unwrap().schedule.every, SignedDuration::from_hours(12));
        assert!(read("allow = [\"here\"]", "").unwrap_err().contains("`here`"));
        assert!(read("", "check = true\nevery_hours = 0").unwrap_err().contains("every_hours"));
    }
}
