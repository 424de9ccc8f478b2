//! What is known about a disease, each figure with its source.

use crate::text::Text;

/// A published parameter of a disease.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// For example `incubation_period`, `serial_interval`.
    pub name: String,
    /// Mean, in the unit.
    pub mean: f64,
    /// Standard deviation, in the unit, where published.
    pub sd: Option<f64>,
    /// Family of the distribution as published.
    pub distribution: String,
    /// Unit, usually `days`.
    pub unit: String,
    /// 95 % interval of the mean, where published.
    pub mean_ci95: Option<(f64, f64)>,
    /// Publication.
    pub source: String,
}

/// A detector that runs by itself on a measure of a disease.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorSetting {
    /// Full identifier of the measure.
    pub measure: String,
    /// `day` or `week`.
    pub step: String,
    /// Method identifier of `wanquan-epi`; where the pack names none, the one recommended by default.
    pub method: String,
    /// Parameters of the method that differ from its recommended ones.
    pub params: serde_json::Value,
    /// Smallest count that is worth a person's time.
    pub min_count: i64,
    /// Why this detector with these parameters.
    pub reason: String,
}

/// One class of a case definition, in the pack's own words with its source.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseDefinition {
    /// `suspected`, `probable` or `confirmed`.
    pub classification: String,
    /// The definition.
    pub text: Text,
    /// Source.
    pub source: String,
}

/// A disease.
#[derive(Debug, Clone, PartialEq)]
pub struct Disease {
    /// Identifier.
    pub id: String,
    /// Shown name.
    pub label: Text,
    /// ICD-10 code.
    pub icd10: String,
    /// Other names met in files.
    pub synonyms: Vec<String>,
    /// Measure that the situation screen opens with.
    pub main_measure: String,
    /// Case definition, class by class.
    pub case_definition: Vec<CaseDefinition>,
    /// Published parameters.
    pub parameters: Vec<Parameter>,
    /// Detectors.
    pub detectors: Vec<DetectorSetting>,
}

impl Disease {
    /// The first parameter of a name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }
}
