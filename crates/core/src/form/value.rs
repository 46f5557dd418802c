//! What a field holds, once it has been read.

use std::{cmp::Ordering, fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::amount;
use crate::personal::Commitment;

/// What a field holds.
///
/// Its JSON form names the type, so that a timeline can be read without its definition:
/// `{"money":500000000}`, `{"date":"2024-04-20"}`, `{"number":"12.5"}`. No number in it has a
/// fraction or is 2^53 or more: canonical bytes rest on that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A text, in Persian letters where Arabic ones were typed for them.
    Text(String),
    /// A number.
    Number(Number),
    /// Whole rials, below 2^53.
    Money(u64),
    /// A day from 1700-01-01 to 1699/12/29 (2321): written in either calendar, it is never taken for
    /// one of the other.
    Date(NaiveDate),
    /// The identifier of what was chosen.
    Choice(String),
    /// Ten digits whose last one checks the others.
    NationalId(String),
    /// Eleven digits whose last one checks the others.
    LegalId(String),
    /// `+` and at most 15 digits (ITU-T E.164).
    Phone(String),
    /// A file that is kept elsewhere.
    File(FileReference),
    /// Yes or no.
    YesNo(bool),
    /// What stands for a personal value in events and states, and wherever its key was destroyed.
    Personal(Commitment),
}

impl Value {
    /// The name of its type, as definitions write it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "number",
            Self::Money(_) => "money",
            Self::Date(_) => "date",
            Self::Choice(_) => "choice",
            Self::NationalId(_) => "national_id",
            Self::LegalId(_) => "legal_id",
            Self::Phone(_) => "phone",
            Self::File(_) => "file",
            Self::YesNo(_) => "yes_no",
            Self::Personal(_) => "personal",
        }
    }

    /// The value as a program would give it: [`read`](fn@super::read) reads it back, but for a commitment.
    pub fn plain(&self) -> serde_json::Value {
        match self {
            Self::Text(text)
            | Self::Choice(text)
            | Self::NationalId(text)
            | Self::LegalId(text)
            | Self::Phone(text) => text.as_str().into(),
            Self::Number(number) => number.to_string().into(),
            Self::Money(rials) => (*rials).into(),
            Self::Date(day) => day.to_string().into(),
            Self::File(file) => serde_json::json!({
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "sha256": file.sha256,
            }),
            Self::YesNo(yes) => (*yes).into(),
            Self::Personal(commitment) => serde_json::json!({ "personal": commitment }),
        }
    }
}

/// A file that is kept elsewhere. The core knows what it is, never its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReference {
    /// Its name, without a folder; at most 255 characters.
    pub name: String,
    /// Its type: `application/pdf`.
    pub media_type: String,
    /// Its length in bytes, below 2^53.
    pub size: u64,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
}

/// A decimal number, exact: `units` divided by ten to the power of `decimals`.
///
/// It is kept without trailing zeros, so that equal numbers are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    units: i64,
    decimals: u8,
}

/// Why a text is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a number at all.
    #[error("not a number")]
    Form,
    /// More digits than can be kept.
    #[error("a number has at most 15 digits, {max} of them after the point", max = Number::MOST_DECIMALS)]
    Size,
}

impl Number {
    /// How many digits can stand after the point.
    pub const MOST_DECIMALS: u8 = 6;
    /// The largest value of its digits, without the point.
    pub(crate) const MOST_UNITS: i64 = 999_999_999_999_999;

    /// `units` divided by ten to the power of `decimals`.
    ///
    /// # Errors
    /// [`NumberError::Size`] when there are more than 15 digits, or more than six after the point.
    pub fn new(units: i64, decimals: u8) -> Result<Self, NumberError> {
        let (mut units, mut decimals) = (units, decimals);
        while decimals > 0 && units % 10 == 0 {
            units /= 10;
            decimals -= 1;
        }
        let fits = units.unsigned_abs() <= Self::MOST_UNITS.unsigned_abs();
        match fits && decimals <= Self::MOST_DECIMALS {
            true => Ok(Self { units, decimals }),
            false => Err(NumberError::Size),
        }
    }

    /// How many digits stand after the point; trailing zeros are not kept.
    pub fn decimals(self) -> u8 {
        self.decimals
    }

    /// Its digits, without the point.
    pub(crate) fn units(self) -> i64 {
        self.units
    }

    /// Its digits with so many after the point; `None` where it has more of them, or 15 digits are
    /// not enough.
    pub(crate) fn units_at(self, decimals: u8) -> Option<i64> {
        let by = 10_i64.checked_pow(decimals.checked_sub(self.decimals)?.into())?;
        let units = self.units.checked_mul(by)?;
        (units.unsigned_abs() <= Self::MOST_UNITS.unsigned_abs()).then_some(units)
    }

    /// The number, if it is whole.
    pub fn whole(self) -> Option<i64> {
        (self.decimals == 0).then_some(self.units)
    }

    /// The nearest floating-point number.
    pub fn as_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 15 digits: nothing is lost")]
        let units = self.units as f64;
        units / 10_f64.powi(self.decimals.into())
    }

    fn scaled(self) -> i128 {
        i128::from(self.units) * 10_i128.pow(u32::from(Self::MOST_DECIMALS - self.decimals))
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self { units: number.into(), decimals: 0 }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.scaled().cmp(&other.scaled())
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    /// `-12.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = self.units.unsigned_abs();
        if self.decimals == 0 {
            return write!(f, "{sign}{digits}");
        }
        let one = 10_u64.pow(self.decimals.into());
        let (whole, rest) = (digits / one, digits % one);
        write!(f, "{sign}{whole}.{rest:0width$}", width = usize::from(self.decimals))
    }
}

impl FromStr for Number {
    type Err = NumberError;

    /// Reads `1403`, `-12.5`, `1,250,000`, also in Persian and Arabic digits and separators.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        amount::number(text)
    }
}

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
