//! Publications: frozen, approved, public content. The portal reads nothing else.

use crate::region::RegionCode;
use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

/// Where a publication stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicationStatus {
    /// Being prepared; not public.
    Draft,
    /// Public.
    Published,
    /// Replaced by a later publication of the same region; kept, no longer shown first.
    Superseded,
}

impl PublicationStatus {
    /// The name used in storage and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Superseded => "superseded",
        }
    }

    /// The status of a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Draft, Self::Published, Self::Superseded].into_iter().find(|s| s.as_str() == text)
    }
}

/// Figures of a region, frozen when drafted.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Region that the figures are about.
    pub region: RegionCode,
    /// Path of the region, for scoping.
    pub region_path: String,
    /// Title as shown.
    pub title: String,
    /// Text of the bulletin, plain paragraphs.
    pub body: String,
    /// The frozen figures.
    pub figures: Json,
    /// Status.
    pub status: PublicationStatus,
    /// Who drafted it.
    pub drafted_by: String,
    /// When.
    pub drafted_at: Timestamp,
    /// Who approved and published it.
    pub published_by: Option<String>,
    /// When.
    pub published_at: Option<Timestamp>,
    /// Version, from 1.
    pub version: u32,
}

/// Counts from 1 up to this one are not published for regions below a county: they could point at a person.
pub const SMALL_CELL_MAX: i64 = 4;

/// A count as it may be published: `None` where it is suppressed.
pub fn publishable(count: i64, below_county: bool) -> Option<i64> {
    if below_county && (1..=SMALL_CELL_MAX).contains(&count) { None } else { Some(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_of_small_places_are_suppressed() {
        assert_eq!(publishable(3, true), None);
        assert_eq!(publishable(0, true), Some(0));
        assert_eq!(publishable(5, true), Some(5));
        assert_eq!(publishable(3, false), Some(3));
    }
}
