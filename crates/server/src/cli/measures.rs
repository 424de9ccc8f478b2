//! Answers that are a list of measures: name, estimate and interval.

use super::{cells, tables};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use wanquan_app::forecast::hub::csv_cell;
use wanquan_epi::association::Interval;
use wanquan_epi::rt::growth::Interval as Known;

/// One measure.
#[derive(Debug, Clone, Serialize)]
pub struct Measure {
    group: String,
    measure: String,
    estimate: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
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

/// Writes them; `group` names the first column of the table.
pub fn write(
    measures: &[Measure],
    (schema, group): (&'static str, &str),
    format: super::Form,
    output: Option<&Path>,
) -> anyhow::Result<()> {
    let answer = match format {
        super::Form::Json => super::json(schema, &measures)?,
        super::Form::Csv => {
            let mut out = format!("{group},measure,estimate,lower,upper\n");
            for m in measures {
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
        }
    };
    tables::write(output, answer.as_bytes())
}
