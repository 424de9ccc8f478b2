//! Validation with what the installation knows: one way for forms, scripts and files.

use crate::app::App;
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use wanquan_domain::register::Register;
use wanquan_domain::validate::{Context, Validated};

/// Checks values (already of the fields' JSON types) against a register, its regions and diseases on a day.
///
/// The digest of a key that is made of personal values is keyed: nobody who has the database alone can try names and
/// numbers against it.
pub fn validate(app: &App, register: &Register, values: Map<String, Json>, today: Date) -> Validated {
    let packs = app.packs();
    let is_disease = |id: &str| packs.disease(id).is_some();
    let context = Context { tree: &packs.regions, is_disease: &is_disease, today };
    let mut validated = register.validate(values, &context);
    if let Some(draft) = &mut validated.draft
        && register.key_is_personal(draft.data.as_map())
    {
        draft.key = app.store().keys().digest("key", &draft.key);
    }
    validated
}
