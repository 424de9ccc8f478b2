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

/// Why a publication is not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the publication is already {}", .0.as_str())]
pub struct NotADraft(pub PublicationStatus);

impl Publication {
    /// The draft, published.
    ///
    /// # Errors
    /// If it is no draft any more.
    pub fn publish(mut self, by: &str, at: Timestamp) -> Result<Self, NotADraft> {
        if self.status != PublicationStatus::Draft {
            return Err(NotADraft(self.status));
        }
        self.status = PublicationStatus::Published;
        self.published_by = Some(by.to_owned());
        self.published_at = Some(at);
        self.version += 1;
        Ok(self)
    }

    /// A published one that a later one replaces.
    #[must_use]
    pub fn supersede(mut self) -> Self {
        self.status = PublicationStatus::Superseded;
        self.version += 1;
        self
    }
}

/// Counts from 1 up to this one are not published for regions below a county: they could point at a person.
pub const SMALL_CELL_MAX: i64 = 4;

/// A count as it may be published: `None` where it is suppressed, as are sums that corrections left below zero.
pub fn publishable(count: i64, below_county: bool) -> Option<i64> {
    if below_county && count != 0 && count <= SMALL_CELL_MAX { None } else { Some(count) }
}

/// The counts of a table of regions whose sum is published as well.
///
/// One suppressed cell could be found by subtraction, so the smallest other one goes with it; where there is no other
/// one, the zeros of the rest would tell, and the whole table is suppressed.
pub fn publishable_table(counts: &[i64], below_county: bool) -> Vec<Option<i64>> {
    let mut cells: Vec<Option<i64>> = counts.iter().map(|n| publishable(*n, below_county)).collect();
    if cells.iter().filter(|cell| cell.is_none()).count() == 1 {
        let smallest =
            (0..cells.len()).filter(|i| cells[*i].is_some_and(|n| n > 0)).min_by_key(|i| cells[*i]);
        match smallest {
            Some(i) => cells[i] = None,
            None => cells.fill(None),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppressed_count_is_not_found_by_subtraction() {
        let of = |counts: &[i64]| publishable_table(counts, true);
        assert_eq!(of(&[12, 3, 7, 0]), [Some(12), None, None, Some(0)]);
        assert_eq!(of(&[12, 3, 1, 0]), [Some(12), None, None, Some(0)]);
        assert_eq!(of(&[3, 0, 0]), [None; 3]);
        assert_eq!(of(&[12, 0]), [Some(12), Some(0)]);
        assert_eq!(publishable_table(&[3, 0], false), [Some(3), Some(0)]);
    }

    #[test]
    fn small_counts_of_small_places_are_suppressed() {
        assert_eq!(publishable(3, true), None);
        assert_eq!(publishable(0, true), Some(0));
        assert_eq!(publishable(5, true), Some(5));
        assert_eq!(publishable(3, false), Some(3));
    }
}
