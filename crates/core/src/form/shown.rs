//! Values as people read them, in both languages. What is shown can be typed in again.

use chrono::NaiveDate;

use super::{Field, FieldKind, Number, Value, amount::grouped, typed::persian_digits};
use crate::{JalaliDate, definition::Text};

impl Value {
    /// The value as people read it: in Persian with Persian digits and Jalali dates, in English with
    /// Latin digits and Gregorian ones. `field` knows what a choice is called.
    /// What stands for a personal value that cannot be read any more says that it was erased.
    pub fn shown(&self, field: Option<&Field>) -> Text {
        let same = |text: &str| Text { fa: text.to_owned(), en: text.to_owned() };
        let digits = |text: &str| Text { fa: persian_digits(text), en: text.to_owned() };
        match self {
            Self::Text(text) => same(text),
            Self::Number(number) => number_text(*number),
            Self::Money(rials) => amount_text(*rials),
            Self::Date(day) => day_text(*day),
            Self::Choice(chosen) => match field.map(|field| &field.kind) {
                Some(FieldKind::Choice { choices }) => {
                    choices.get(chosen).cloned().unwrap_or_else(|| same(chosen))
                }
                _ => same(chosen),
            },
            Self::NationalId(number) | Self::LegalId(number) => digits(number),
            Self::Phone(number) => match number.strip_prefix("+98") {
                Some(rest) => digits(&format!("0{rest}")),
                None => digits(number),
            },
            Self::File(file) => same(&file.name),
            Self::YesNo(true) => Text { fa: "بله".to_owned(), en: "yes".to_owned() },
            Self::YesNo(false) => Text { fa: "خیر".to_owned(), en: "no".to_owned() },
            // Whoever may read it has it in its place.
            Self::Personal(_) => Text { fa: "پاک شده".to_owned(), en: "erased".to_owned() },
        }
    }
}

/// `12,500.5`, `۱۲٬۵۰۰٫۵`.
pub(super) fn number_text(number: Number) -> Text {
    let text = number.to_string();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (en, fa) = (grouped(whole, ','), grouped(whole, '٬'));
    let join = |whole: String, point: &str| match fraction {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}{point}{fraction}"),
    };
    Text { fa: persian_digits(&join(fa, "٫")), en: join(en, ".") }
}

/// `500,000 rials`, `۵۰۰٬۰۰۰ ریال`.
pub(super) fn amount_text(rials: u64) -> Text {
    let digits = rials.to_string();
    Text {
        fa: format!("{} ریال", persian_digits(&grouped(&digits, '٬'))),
        en: format!("{} rials", grouped(&digits, ',')),
    }
}

/// `2025-03-20`, `۱۴۰۳/۱۲/۳۰`.
pub(super) fn day_text(day: NaiveDate) -> Text {
    Text { fa: persian_digits(&JalaliDate::from(day).to_string()), en: day.to_string() }
}
