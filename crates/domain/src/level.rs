//! Response levels (平战结合): two states of life, routine and emergency, in grades.

use crate::region::RegionCode;
use crate::text::Text;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// Grade of the response, from routine to the gravest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResponseLevel {
    /// Routine (常态化).
    Routine,
    /// Level IV.
    Iv,
    /// Level III.
    Iii,
    /// Level II.
    Ii,
    /// Level I.
    I,
}

impl ResponseLevel {
    /// Every level, from routine to the gravest.
    pub const ALL: [Self; 5] = [Self::Routine, Self::Iv, Self::Iii, Self::Ii, Self::I];

    /// The name used in packs, in storage and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Routine => "routine",
            Self::Iv => "iv",
            Self::Iii => "iii",
            Self::Ii => "ii",
            Self::I => "i",
        }
    }

    /// The level of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// What a level brings with it.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelProfile {
    /// The level.
    pub level: ResponseLevel,
    /// Shown name.
    pub label: Text,
    /// What it means, in a sentence.
    pub meaning: Text,
    /// Factor on the detectors' alarm thresholds; below 1 they fire sooner.
    pub threshold_factor: f64,
    /// How often units report, in hours.
    pub report_every_hours: u32,
    /// Days after which the level must be reviewed.
    pub review_after_days: u32,
    /// Plans that are open only from this level on.
    pub plans: Vec<String>,
    /// Registers whose forms are required at this level.
    pub forms: Vec<String>,
    /// Duty roster: persons on duty in each unit.
    pub duty_persons: u32,
}

/// A decision on the level of a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelDecision {
    /// Identifier (UUIDv7).
    pub id: Uuid,
    /// Region.
    pub region: RegionCode,
    /// Its path.
    pub region_path: String,
    /// The level decided.
    pub level: ResponseLevel,
    /// What speaks for it.
    pub evidence: String,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: Timestamp,
    /// First day on which it holds.
    pub start: Date,
    /// Day by which it is reviewed.
    pub review_on: Date,
    /// A rehearsal.
    pub drill: bool,
}

/// The level that holds for a region: the gravest of its own and those of the regions above it. Inherited down the
/// tree, raised locally, never lowered below what holds above.
pub fn effective_level(own_and_above: impl IntoIterator<Item = ResponseLevel>) -> ResponseLevel {
    own_and_above.into_iter().max().unwrap_or(ResponseLevel::Routine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_level_at_or_above_a_region_holds() {
        assert_eq!(effective_level([]), ResponseLevel::Routine);
        assert_eq!(effective_level([ResponseLevel::Iii, ResponseLevel::Routine]), ResponseLevel::Iii);
        assert_eq!(effective_level([ResponseLevel::Iv, ResponseLevel::I]), ResponseLevel::I);
    }
}
