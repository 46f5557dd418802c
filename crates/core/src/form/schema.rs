//! What a definition says about forms.

use chrono::NaiveDate;
use indexmap::IndexMap;

use super::{Number, Value};
use crate::{FieldId, definition::Text, expression::Formula};

/// A form: fields that are filled in together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The fields, in the order of the file. A field's name is unique within the definition.
    pub fields: IndexMap<FieldId, Field>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What stands beside it.
    pub title: Text,
    /// What it holds.
    pub kind: FieldKind,
    /// When it must be filled in.
    pub required: Required,
    /// How a number follows from other fields; nobody fills it in then.
    pub computed: Option<Formula>,
    /// Whether what it holds belongs to a person and stays outside the timeline ([`crate::personal`]). No rule
    /// reads it.
    pub personal: bool,
}

/// When a field must be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// Never.
    No,
    /// Always.
    Always,
    /// When each of these conditions holds.
    If(Vec<Condition>),
}

/// A field has one of some values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The field.
    pub field: FieldId,
    /// The values; never empty.
    pub values: Vec<Value>,
}

/// What a field holds, and within which bounds (both ends included).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A text; its length in characters.
    Text {
        /// The shortest.
        min: Option<u32>,
        /// The longest.
        max: Option<u32>,
    },
    /// A number.
    Number {
        /// The smallest.
        min: Option<Number>,
        /// The largest.
        max: Option<Number>,
        /// How many digits may stand after the point; 0 for whole numbers.
        decimals: u8,
    },
    /// An amount of whole rials, not negative.
    Money {
        /// The smallest.
        min: Option<u64>,
        /// The largest.
        max: Option<u64>,
    },
    /// A day.
    Date {
        /// The earliest.
        min: Option<DateBound>,
        /// The latest.
        max: Option<DateBound>,
    },
    /// One of a few.
    Choice {
        /// What can be chosen, and what it is called.
        choices: IndexMap<String, Text>,
    },
    /// The number of a natural person (کد ملی).
    NationalId,
    /// The number of a legal person (شناسه ملی اشخاص حقوقی).
    LegalId,
    /// A telephone number.
    Phone,
    /// A file that is kept elsewhere, by its name and the hash of its content.
    File,
    /// Yes or no.
    YesNo,
}

/// A bound of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateBound {
    /// That day.
    Day(NaiveDate),
    /// The day on which the form is filled in, by the calendar of the case's unit.
    Today,
}

impl DateBound {
    /// The day, when today is `today`.
    pub fn on(self, today: NaiveDate) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Today => today,
        }
    }
}

impl FieldKind {
    /// The names of all types, as definitions write them.
    pub const NAMES: &'static [&'static str] = &[
        "text",
        "number",
        "money",
        "date",
        "choice",
        "national_id",
        "legal_id",
        "phone",
        "file",
        "yes_no",
    ];

    /// The type's name in a definition.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Number { .. } => "number",
            Self::Money { .. } => "money",
            Self::Date { .. } => "date",
            Self::Choice { .. } => "choice",
            Self::NationalId => "national_id",
            Self::LegalId => "legal_id",
            Self::Phone => "phone",
            Self::File => "file",
            Self::YesNo => "yes_no",
        }
    }
}

impl Required {
    /// Whether the field must be filled in, given what the other fields hold.
    pub fn holds<'v>(&self, value: impl Fn(&FieldId) -> Option<&'v Value>) -> bool {
        match self {
            Self::No => false,
            Self::Always => true,
            Self::If(conditions) => conditions.iter().all(|condition| {
                value(&condition.field).is_some_and(|value| condition.values.contains(value))
            }),
        }
    }
}
