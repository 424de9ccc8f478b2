//! Tables of invented records: a die that always falls the same way, and what a register's schema alone can say.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value as Json;
use wanquan_domain::kind::Role;
use wanquan_domain::register::{Field, FieldType, Register, STATE};

/// A die that falls the same way in every demonstration (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// A die of its own for each table, so that one table's length does not change another.
    pub(super) fn of(table: &str) -> Self {
        let digest = blake3::hash(table.as_bytes());
        let mut seed = [0; 8];
        seed.copy_from_slice(&digest.as_bytes()[..8]);
        Self(u64::from_le_bytes(seed))
    }

    /// A number below `n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }

    /// A number from `low` to `high`.
    pub(super) fn from(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

/// A table of one register, as a file that anybody could have sent.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Register.
    pub(super) register: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    pub(super) fn new(register: &'static str, columns: &[&'static str]) -> Self {
        Self { register, columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row<const N: usize>(&mut self, values: [String; N]) {
        debug_assert_eq!(N, self.columns.len(), "{}", self.register);
        self.rows.push(values.to_vec());
    }

    pub(super) fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        written(&self.columns, &self.rows)
    }
}

fn written(columns: &[impl AsRef<str>], rows: &[Vec<String>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(AsRef::as_ref))?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

/// A few records of a register from its schema alone, so that no list of the demonstration is empty.
pub(super) fn samples(
    register: &Register,
    regions: &[String],
    today: Date,
    disease: &str,
    n: u64,
) -> Result<Vec<u8>, csv::Error> {
    let mut dice = Dice::of(&register.id);
    let fields: Vec<&Field> = register.fields.iter().filter(|f| f.show_if.is_none()).collect();
    let columns: Vec<&str> = fields.iter().map(|field| field.id.as_str()).collect();
    let rows: Vec<Vec<String>> = (1..=n)
        .map(|i| {
            let day = today.saturating_sub(i64::try_from(dice.below(10)).unwrap_or(0).days());
            let region = dice.pick(regions).clone();
            fields.iter().map(|field| sample(field, register, i, day, &region, disease, &mut dice)).collect()
        })
        .collect();
    written(&columns, &rows)
}

fn sample(
    field: &Field,
    register: &Register,
    i: u64,
    day: Date,
    region: &str,
    disease: &str,
    dice: &mut Dice,
) -> String {
    if field.role == Some(Role::Disease) {
        return disease.to_owned();
    }
    match &field.field_type {
        FieldType::Region => region.to_owned(),
        FieldType::Date => day.to_string(),
        FieldType::Datetime => format!("{day}T09:00:00Z"),
        FieldType::Boolean => dice.percent(70).to_string(),
        FieldType::Choice if field.id == STATE => {
            let states = register.lifecycle.iter().flat_map(|life| &life.states).take(3);
            let states: Vec<&str> = states.map(|state| state.id.as_str()).collect();
            (*dice.pick(&states)).to_owned()
        }
        FieldType::Choice => dice.pick(&field.choices).id.clone(),
        FieldType::MultiChoice => field.choices.first().map(|c| c.id.clone()).unwrap_or_default(),
        FieldType::Integer | FieldType::Number => number(field, dice),
        FieldType::Record { .. } | FieldType::Person => String::new(),
        FieldType::Text | FieldType::Site if field.required || field.id == register.title_field => {
            if register.key.contains(&field.id) && field.id.ends_with("number") {
                format!("SYN-{}-{i:04}", register.id.to_uppercase())
            } else {
                format!("{}（合成）{i}", field.label.zh)
            }
        }
        FieldType::Text | FieldType::Site => String::new(),
    }
}

/// A small number within the bounds; fields that must not exceed others are left out rather than guessed.
fn number(field: &Field, dice: &mut Dice) -> String {
    if field.valid_if.is_some() {
        return if field.required { "0".to_owned() } else { String::new() };
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds of forms are small")]
    let bound = |bound: Option<f64>, otherwise: u64| bound.map_or(otherwise, |b| b.max(0.0) as u64);
    let low = bound(field.min, 0);
    let high = bound(field.max, low + 40).min(low + 40).max(low);
    Json::from(dice.from(low, high)).to_string()
}
