//! Answers that are a list of measures: name, estimate and interval.

use super::cells;
use super::tables::Output;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt::Write;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_epi::association::Interval;
use wanquan_epi::rt::growth::Interval as Known;

/// One measure.
#[derive(Debug, Clone)]
pub struct Measure {
    pub group: String,
    pub measure: String,
    pub estimate: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

impl Measure {
    /// With an interval of which any part may be undefined.
    pub fn new(group: &str, measure: &str, interval: Interval) -> Self {
        let Interval { estimate, lower, upper } = interval;
        Self { group: group.to_owned(), measure: measure.to_owned(), estimate, lower, upper }
    }

    /// With an interval that is known, or not at all.
    pub fn known(group: &str, measure: &str, interval: Option<Known>) -> Self {
        let interval = interval.map_or(Interval { estimate: None, lower: None, upper: None }, |i| Interval {
            estimate: Some(i.estimate),
            lower: Some(i.lower),
            upper: Some(i.upper),
        });
        Self::new(group, measure, interval)
    }

    /// A number without an interval.
    pub fn number(group: &str, measure: &str, estimate: Option<f64>) -> Self {
        Self::new(group, measure, Interval { estimate, lower: None, upper: None })
    }
}

/// Writes them; `group` is what tells the measures of one name apart: a series, a stratum, a family.
pub fn write(
    to: &Output,
    schema: &'static str,
    group: &'static str,
    measures: &[Measure],
) -> anyhow::Result<()> {
    let told: Vec<Told<'_>> = measures.iter().map(|measure| Told { group, measure }).collect();
    to.write(schema, told.as_slice(), |told| {
        let mut out = format!("{group},measure,estimate,lower,upper\n");
        for Told { measure: m, .. } in told {
            let _ = writeln!(
                out,
                "{},{},{},{},{}",
                csv_cell(&m.group),
                m.measure,
                cells::written(m.estimate),
                cells::written(m.lower),
                cells::written(m.upper)
            );
        }
        out
    })
}

/// A measure whose group goes by the name that the command gives it.
struct Told<'a> {
    group: &'static str,
    measure: &'a Measure,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Measure { group, measure, estimate, lower, upper } = self.measure;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry(self.group, group)?;
        map.serialize_entry("measure", measure)?;
        map.serialize_entry("estimate", estimate)?;
        map.serialize_entry("lower", lower)?;
        map.serialize_entry("upper", upper)?;
        map.end()
    }
}
