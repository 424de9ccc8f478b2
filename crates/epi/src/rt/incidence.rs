//! Daily cases split into those infected here and those brought in.

use crate::{CountSeries, Error, Step};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Daily counts by onset date. Imported cases infect others but were not infected here, so they count
/// as infectors only. The cases of day 0 are imported by definition: nobody before them is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(CountSeries, CountSeries)", into = "(CountSeries, CountSeries)")]
pub struct Incidence {
    local: CountSeries,
    imported: CountSeries,
}

impl Incidence {
    /// All cases after day 0 were infected here.
    ///
    /// # Errors
    /// `InvalidParameter` for a series that is not daily, `TooShort` for one of fewer than 2 days.
    pub fn all_local(cases: &CountSeries) -> Result<Self, Error> {
        let none = cases.counts().iter().map(|y| y.map(|_| 0)).collect();
        let imported = CountSeries::new(cases.start(), cases.step(), none)?;
        Self::with_imported(cases, &imported)
    }

    /// Local and imported cases apart; local cases of day 0 are moved to the imported ones.
    ///
    /// # Errors
    /// `InvalidParameter` for series that are not daily or start on different days or a day 0 whose sum
    /// passes 2^32; `LengthMismatch`; `TooShort` for fewer than 2 days.
    pub fn with_imported(local: &CountSeries, imported: &CountSeries) -> Result<Self, Error> {
        if local.step() != Step::Day || imported.step() != Step::Day {
            return Err(Error::parameter("step", "not daily", "incidence is daily"));
        }
        if local.start() != imported.start() {
            return Err(Error::parameter(
                "start",
                imported.start(),
                "local and imported must start together",
            ));
        }
        if local.len() != imported.len() {
            return Err(Error::LengthMismatch {
                left: "local cases",
                left_len: local.len(),
                right: "imported cases",
                right_len: imported.len(),
            });
        }
        if local.len() < 2 {
            return Err(Error::TooShort { what: "incidence", got: local.len(), need: 2 });
        }
        let mut here = local.counts().to_vec();
        let mut brought = imported.counts().to_vec();
        if let (Some(a), Some(b)) = (here[0], brought[0]) {
            here[0] = Some(0);
            let sum = a.checked_add(b);
            brought[0] = Some(sum.ok_or_else(|| Error::parameter("day 0", a, "more than 2^32 cases"))?);
        }
        Ok(Self {
            local: CountSeries::new(local.start(), Step::Day, here)?,
            imported: CountSeries::new(local.start(), Step::Day, brought)?,
        })
    }

    /// Cases infected here, per day.
    pub fn local(&self) -> &[Option<u32>] {
        self.local.counts()
    }

    /// Cases infected elsewhere, per day.
    pub fn imported(&self) -> &[Option<u32>] {
        self.imported.counts()
    }

    /// All cases of a day; `None` if either part was not reported.
    pub fn total(&self, day: usize) -> Option<f64> {
        Some(f64::from(self.local()[day]?) + f64::from(self.imported()[day]?))
    }

    /// Number of days.
    pub fn len(&self) -> usize {
        self.local.len()
    }

    /// Never true: an incidence has at least two days.
    pub fn is_empty(&self) -> bool {
        self.local.is_empty()
    }

    /// Date of day `i`.
    pub fn date(&self, i: usize) -> Date {
        self.local.date(i)
    }
}

impl TryFrom<(CountSeries, CountSeries)> for Incidence {
    type Error = Error;
    fn try_from((local, imported): (CountSeries, CountSeries)) -> Result<Self, Error> {
        Self::with_imported(&local, &imported)
    }
}

impl From<Incidence> for (CountSeries, CountSeries) {
    fn from(incidence: Incidence) -> Self {
        (incidence.local, incidence.imported)
    }
}
