//! From the declared fields of a register to a form: JSON Schema (2020-12) for the values, and hints for drawing it.

use serde_json::{Map, Value as Json, json};
use wanquan_domain::kind::Role;
use wanquan_domain::pack::Packs;
use wanquan_domain::register::{Field, FieldType, Register};
use wanquan_domain::text::{Lang, Text};

/// Texts longer than this are typed into several lines.
const ONE_LINE_CHARS_MAX: usize = 300;

/// JSON Schema of a register's values, with its names in a language. A field that is required only where it applies
/// (`show_if`) is not listed as required: whether it applies is for the server to say. What the program sets is no
/// part of a form.
pub fn json_schema(register: &Register, packs: &Packs, lang: Lang) -> Json {
    let properties: Map<String, Json> =
        entered(register).map(|field| (field.id.clone(), property(field, packs, lang))).collect();
    let always = |field: &&Field| field.required && field.show_if.is_none();
    let required: Vec<&str> = entered(register).filter(always).map(|field| field.id.as_str()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": register.title.get(lang),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Fields that a person fills in.
fn entered(register: &Register) -> impl Iterator<Item = &Field> {
    register.fields.iter().filter(|field| !field.managed)
}

fn property(field: &Field, packs: &Packs, lang: Lang) -> Json {
    let mut property = match &field.field_type {
        FieldType::Number => json!({ "type": "number" }),
        FieldType::Integer => json!({ "type": "integer" }),
        FieldType::Date => json!({ "type": "string", "format": "date" }),
        FieldType::Datetime => json!({ "type": "string", "format": "date-time" }),
        FieldType::Boolean => json!({ "type": "boolean", "oneOf": yes_and_no(lang) }),
        FieldType::Choice => json!({ "type": "string", "oneOf": choices(field, lang) }),
        FieldType::MultiChoice => {
            let items = json!({ "type": "string", "oneOf": choices(field, lang) });
            json!({ "type": "array", "items": items, "uniqueItems": true })
        }
        _ if field.role == Some(Role::Disease) => {
            let diseases = packs.diseases.iter().map(|disease| option(&disease.id, &disease.label, lang));
            json!({ "type": "string", "oneOf": diseases.collect::<Vec<_>>() })
        }
        FieldType::Text | FieldType::Site | FieldType::Person | FieldType::Record { .. } => {
            json!({ "type": "string", "maxLength": field.max_length })
        }
        FieldType::Region => json!({ "type": "string" }),
    };
    let mut set = |key: &str, value: Json| {
        property.as_object_mut().expect("every arm makes an object").insert(key.to_owned(), value);
    };
    set("title", Json::from(field.label.get(lang)));
    if let Some(min) = field.min {
        set("minimum", number(min));
    }
    if let Some(max) = field.max {
        set("maximum", number(max));
    }
    property
}

/// Bounds without a fraction are written as people wrote them.
fn number(bound: f64) -> Json {
    wanquan_domain::value::canonical_number(bound).unwrap_or(Json::Null)
}

fn option(id: &str, label: &Text, lang: Lang) -> Json {
    json!({ "const": id, "title": label.get(lang) })
}

fn choices(field: &Field, lang: Lang) -> Vec<Json> {
    field.choices.iter().map(|choice| option(&choice.id, &choice.label, lang)).collect()
}

fn yes_and_no(lang: Lang) -> Json {
    let (yes, no) = match lang {
        Lang::En => ("Yes", "No"),
        Lang::Zh => ("是", "否"),
    };
    json!([{ "const": true, "title": yes }, { "const": false, "title": no }])
}

/// Hints for drawing the form (react-jsonschema-form): order of the fields, and widgets where the type does not say.
pub fn ui_schema(register: &Register) -> Json {
    let mut ui = Map::new();
    let order: Vec<&str> = entered(register).map(|field| field.id.as_str()).collect();
    ui.insert("ui:order".to_owned(), json!(order));
    for field in entered(register) {
        let widget = match field.field_type {
            FieldType::Region => "region",
            FieldType::Date => "date",
            FieldType::MultiChoice => "checkboxes",
            // A check box cannot say that nothing is known.
            FieldType::Boolean => "select",
            FieldType::Text if field.max_length > ONE_LINE_CHARS_MAX => "textarea",
            _ => continue,
        };
        ui.insert(field.id.clone(), json!({ "ui:widget": widget }));
    }
    Json::Object(ui)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_becomes_a_form_in_both_languages() {
        let packs = crate::packs::load(None).unwrap();
        for register in packs.registers() {
            for lang in [Lang::En, Lang::Zh] {
                let schema = json_schema(register, &packs, lang);
                assert_eq!(schema["properties"].as_object().unwrap().len(), entered(register).count());
                for field in entered(register) {
                    let property = &schema["properties"][&field.id];
                    assert_eq!(property["title"], field.label.get(lang), "{}.{}", register.id, field.id);
                    if field.field_type == FieldType::Choice {
                        assert_eq!(property["oneOf"].as_array().unwrap().len(), field.choices.len());
                    }
                }
            }
            assert_eq!(ui_schema(register)["ui:order"].as_array().unwrap().len(), entered(register).count());
        }
    }

    #[test]
    fn ranges_lengths_and_diseases_are_said() {
        let packs = crate::packs::load(None).unwrap();
        let schema = json_schema(packs.register("case").unwrap(), &packs, Lang::En);
        assert_eq!(schema["properties"]["age_years"]["maximum"], 125);
        assert_eq!(schema["properties"]["case_id"]["maxLength"], 80);
        let diseases = schema["properties"]["disease"]["oneOf"].as_array().unwrap();
        assert!(diseases.iter().any(|disease| disease["const"] == "measles"));
        assert_eq!(schema["required"], json!(["disease", "region"]));
    }
}
