//! What of the figures may be public, frozen in a publication.
//!
//! - Counts of places below a county are small numbers of neighbours: 1 to 4 are suppressed, with what would give
//!   them away (`domain::publication`).
//! - A place below a county has no daily curve: its days are small counts themselves, and sum up to its total.
//! - Names of persons, signals and whatever is not a count of a region never get in.

use crate::situation::{Situation, source_title};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wanquan_domain::pack::Packs;
use wanquan_domain::publication::{publishable, publishable_table};
use wanquan_domain::region::{Level, Population, Region};
use wanquan_domain::text::Text;

/// Version of the frozen form; a portal shows every version that was ever frozen.
const VERSION: u32 = 1;

/// A region as named in a publication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublicPlace {
    /// Code.
    pub code: String,
    /// Official name.
    pub name: String,
    /// English name, where one is established.
    pub name_en: Option<String>,
    /// Administrative level.
    pub level: Level,
}

impl From<&Region> for PublicPlace {
    fn from(region: &Region) -> Self {
        Self {
            code: region.code.to_string(),
            name: region.name.clone(),
            name_en: region.name_en.clone(),
            level: region.level,
        }
    }
}

/// Sums. Absent where suppressed or not counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublicTotals {
    /// Everything counted so far.
    pub cumulative: Option<i64>,
    /// The last 7 days.
    pub last_7: Option<i64>,
    /// The 7 days before.
    pub previous_7: Option<i64>,
    /// Of the last 7 days, per 100,000 inhabitants.
    pub per_100k_7d: Option<f64>,
    /// Deaths.
    pub deaths: Option<i64>,
    /// Recoveries.
    pub cured: Option<i64>,
}

/// A day of the curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublicDay {
    /// Day.
    pub date: Date,
    /// Count.
    pub n: i64,
    /// Reports of this day were still coming in.
    pub incomplete: bool,
}

/// A region below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublicRegion {
    /// The region.
    #[serde(flatten)]
    pub place: PublicPlace,
    /// Everything counted so far; absent where suppressed.
    pub cumulative: Option<i64>,
    /// The last 7 days; absent where suppressed.
    pub last_7: Option<i64>,
}

/// The frozen figures of a publication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublicFigures {
    /// Version of the form.
    pub version: u32,
    /// Region.
    pub region: PublicPlace,
    /// Inhabitants, with the title of the source.
    pub population: Option<Population>,
    /// Day as known on.
    pub as_of: Date,
    /// Disease.
    pub disease: Text,
    /// What is counted.
    pub measure: Text,
    /// Sums.
    pub totals: PublicTotals,
    /// Epidemic curve; empty for a place below a county.
    pub curve: Vec<PublicDay>,
    /// Regions directly below; empty where everything was reported for the region as a whole.
    pub regions: Vec<PublicRegion>,
    /// Counted for the region as a whole and for none below; absent where that would give a suppressed count away.
    pub undivided: Option<i64>,
    /// Digest of the series, which ties the publication to its input.
    pub input_digest: String,
}

fn is_below_county(level: Level) -> bool {
    level > Level::County
}

impl PublicFigures {
    /// What of a situation may be public.
    pub fn new(packs: &Packs, situation: &Situation<'_>) -> Self {
        let figures = &situation.figures;
        let small = is_below_county(situation.region.level);
        let own = |n: i64| publishable(n, small);
        let last_7 = own(figures.totals.last_7);
        // Where nothing was reported by region below, zeros would say that nobody fell ill there.
        let whole = figures.undivided != 0 && figures.undivided == figures.totals.cumulative;
        let children: Vec<_> = situation.regions().filter(|_| !whole).collect();
        let small_children = children.iter().any(|(region, ..)| is_below_county(region.level));
        let table = |of: &dyn Fn(usize) -> i64| {
            let counts: Vec<i64> = (0..children.len()).map(of).collect();
            publishable_table(&counts, small_children)
        };
        let cumulative = table(&|i| children[i].1.totals.cumulative);
        let lately = table(&|i| children[i].1.totals.last_7);
        let suppressed = cumulative.iter().chain(&lately).any(Option::is_none);
        let regions = children.iter().zip(cumulative.into_iter().zip(lately)).map(
            |((region, ..), (cumulative, last_7))| PublicRegion {
                place: PublicPlace::from(*region),
                cumulative,
                last_7,
            },
        );
        let curve = figures.curve.iter().map(|day| PublicDay {
            date: day.date,
            n: day.n,
            incomplete: day.incomplete,
        });
        Self {
            version: VERSION,
            region: PublicPlace::from(situation.region),
            population: situation.region.population.as_ref().map(|population| Population {
                source: source_title(packs, &population.source).to_owned(),
                ..population.clone()
            }),
            as_of: situation.as_of,
            disease: situation.disease.label.clone(),
            measure: situation.measure.label.clone(),
            totals: PublicTotals {
                cumulative: own(figures.totals.cumulative),
                last_7,
                previous_7: own(figures.totals.previous_7),
                per_100k_7d: figures.totals.per_100k_7d.filter(|_| last_7.is_some()),
                deaths: situation.deaths.and_then(own),
                cured: situation.cured.and_then(own),
            },
            curve: if small { Vec::new() } else { curve.collect() },
            undivided: Some(figures.undivided).filter(|_| !suppressed && !small),
            regions: regions.collect(),
            input_digest: figures.input_digest.clone(),
        }
    }
}
