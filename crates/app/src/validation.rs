//! Validation with what the installation knows: one way for forms, scripts and files.

use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use wanquan_domain::pack::Packs;
use wanquan_domain::register::Register;
use wanquan_domain::validate::{Context, Validated};

/// Checks values (already of the fields' JSON types) against a register, its regions and diseases on a day.
pub fn validate(packs: &Packs, register: &Register, values: Map<String, Json>, today: Date) -> Validated {
    let is_disease = |id: &str| packs.disease(id).is_some();
    register.validate(values, &Context { tree: &packs.regions, is_disease: &is_disease, today })
}
