//! Registers: what is declared, with everything that a list or a form needs to be drawn.

use super::{Api, ApiError, Caller, Label, form};
use crate::describe;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wanquan_app::records::{self, RegisterView};
use wanquan_domain::actor::Roles;
use wanquan_domain::lifecycle::{State as LifeState, Step};
use wanquan_domain::register::{Field, FieldType, Register};
use wanquan_domain::text::Lang;

/// A register in the list of registers.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisterSummary {
    /// Identifier.
    pub id: String,
    /// Kind that the epidemiology knows: `case`, `count_report`, `lab_sample`, `contact`.
    pub kind: &'static str,
    /// Name.
    pub title: Label,
    /// Records that the caller may see, counted up to a limit.
    pub record_count: u64,
    /// True if there are more than were counted.
    pub record_count_more: bool,
    /// What the caller may do somewhere with its records.
    pub actions: Vec<&'static str>,
}

/// The registers.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisterList {
    /// In order of identifier.
    pub items: Vec<RegisterSummary>,
}

/// A register with its schema.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisterBody {
    /// The same as in the list.
    #[serde(flatten)]
    pub summary: RegisterSummary,
    /// Field shown first.
    pub title_field: String,
    /// Columns of lists.
    pub columns: Vec<String>,
    /// Fields in order.
    pub fields: Vec<FieldBody>,
    /// States of its records in order; none if they have no life.
    pub states: Vec<StateBody>,
    /// Steps between states.
    pub steps: Vec<DeclaredStepBody>,
    /// JSON Schema of the values, by language.
    pub json_schema: FormSchemas,
    /// Hints for drawing the form.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub ui_schema: Value,
}

/// A state of a register's records.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateBody {
    /// Identifier.
    pub id: String,
    /// Name.
    pub label: Label,
    /// Nothing is left to do.
    pub is_final: bool,
    /// By when it must be left, in words.
    pub deadline: Option<Label>,
}

/// A step that a register declares.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclaredStepBody {
    /// Identifier.
    pub id: String,
    /// Name, an imperative.
    pub label: Label,
    /// States from which it can be taken.
    pub from: Vec<String>,
    /// State to which it leads.
    pub to: String,
    /// Who may take it, in words.
    pub allowed: Label,
    /// What else it asks for, in words.
    pub demands: Option<Label>,
}

fn states(register: &Register) -> Vec<StateBody> {
    let states = register.lifecycle.iter().flat_map(|life| &life.states);
    let body = |state: &LifeState| StateBody {
        id: state.id.clone(),
        label: Label::from(&state.label),
        is_final: state.is_final,
        deadline: state.deadline.as_ref().map(|deadline| describe::deadline(register, deadline).into()),
    };
    states.map(body).collect()
}

fn steps(register: &Register, roles: &Roles) -> Vec<DeclaredStepBody> {
    let steps = register.lifecycle.iter().flat_map(|life| &life.steps);
    let body = |step: &Step| DeclaredStepBody {
        id: step.id.clone(),
        label: Label::from(&step.label),
        from: step.from.clone(),
        to: step.to.clone(),
        allowed: describe::allowed(&step.allowed, roles).into(),
        demands: describe::demands(register, step).map(Label::from),
    };
    steps.map(body).collect()
}

/// JSON Schema by language of its titles.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormSchemas {
    /// English.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub en: Value,
    /// Chinese.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub zh: Value,
}

/// A field of a register.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldBody {
    /// Identifier.
    pub id: String,
    /// Type: `text`, `number`, `integer`, `date`, `datetime`, `choice`, `multi_choice`, `boolean`, `region`, `site`,
    /// `person`, `record`.
    #[serde(rename = "type")]
    pub field_type: &'static str,
    /// Name.
    pub label: Label,
    /// Whether a record needs it, where it applies.
    pub required: bool,
    /// Whether it identifies or describes a person.
    pub personal: bool,
    /// Set by the program: forms leave it out.
    pub managed: bool,
    /// Choices, in order.
    pub choices: Vec<ChoiceBody>,
    /// What the code that knows epidemiology finds it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// Smallest admissible number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest admissible number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Register that a link points to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// Condition (CEL) under which the field applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_if: Option<String>,
}

/// A choice of a field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChoiceBody {
    /// Stored value.
    pub id: String,
    /// Shown value.
    pub label: Label,
}

impl From<&RegisterView> for RegisterSummary {
    fn from(view: &RegisterView) -> Self {
        Self {
            id: view.register.id.clone(),
            kind: view.register.kind.as_str(),
            title: Label::from(&view.register.title),
            record_count: view.total.n,
            record_count_more: view.total.more,
            actions: view.actions.iter().map(|action| action.as_str()).collect(),
        }
    }
}

impl From<&Field> for FieldBody {
    fn from(field: &Field) -> Self {
        let choice = |c: &wanquan_domain::register::Choice| ChoiceBody {
            id: c.id.clone(),
            label: Label::from(&c.label),
        };
        Self {
            id: field.id.clone(),
            field_type: field.field_type.as_str(),
            label: Label::from(&field.label),
            required: field.required,
            personal: field.personal,
            managed: field.managed,
            choices: field.choices.iter().map(choice).collect(),
            role: field.role.map(|role| role.as_str()),
            min: field.min,
            max: field.max,
            register: match &field.field_type {
                FieldType::Record { register } => Some(register.clone()),
                _ => None,
            },
            show_if: field.show_if.as_ref().map(|condition| condition.source().to_owned()),
        }
    }
}

/// The registers that the caller may read.
#[utoipa::path(get, path = "/registers", tag = "registers", responses((status = 200, body = RegisterList),
    (status = 401, body = super::error::Problem), (status = 403, body = super::error::Problem)))]
pub async fn list_registers(State(api): State<Api>, caller: Caller) -> Result<Json<RegisterList>, ApiError> {
    let views = records::registers(&api.app, caller.actor()).await?;
    Ok(Json(RegisterList { items: views.iter().map(RegisterSummary::from).collect() }))
}

/// A register with its fields, and the form that it declares.
#[utoipa::path(get, path = "/registers/{register}", tag = "registers",
    params(("register" = String, Path, description = "Identifier")),
    responses((status = 200, body = RegisterBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem)))]
pub async fn read_register(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<RegisterBody>, ApiError> {
    let Path(id) = id?;
    let view = records::register(&api.app, caller.actor(), &id).await?;
    let (register, packs) = (&view.register, api.app.packs());
    Ok(Json(RegisterBody {
        title_field: register.title_field.clone(),
        columns: register.columns.clone(),
        fields: register.fields.iter().map(FieldBody::from).collect(),
        states: states(register),
        steps: steps(register, &packs.roles),
        json_schema: FormSchemas {
            en: form::json_schema(register, packs, Lang::En),
            zh: form::json_schema(register, packs, Lang::Zh),
        },
        ui_schema: form::ui_schema(register),
        summary: RegisterSummary::from(&view),
    }))
}
