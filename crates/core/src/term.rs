//! Lengths of time as definitions write them: `3 wd`, `10 wh`, `30 d`, `48 h`, `1 mo`, `1 w`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a term counts. See `docs/SEMANTICS.md`, section "Terms".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TermUnit {
    /// Working days: closes of business after the day of the start.
    #[serde(rename = "wd")]
    WorkingDays,
    /// Calendar days as the law counts them: the day of the start is not counted, and a last day
    /// that is not a working day rolls forward.
    #[serde(rename = "d")]
    Days,
    /// Working time, in hours.
    #[serde(rename = "wh")]
    WorkingHours,
    /// Elapsed time, in hours.
    #[serde(rename = "h")]
    Hours,
}

impl TermUnit {
    /// The abbreviation in a definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WorkingDays => "wd",
            Self::Days => "d",
            Self::WorkingHours => "wh",
            Self::Hours => "h",
        }
    }
}

/// A length of time: a whole number of one [`TermUnit`].
///
/// `1 mo` is read as 30 `d` and `1 w` as 7 `d` (Civil Procedure Act, art. 443), so that two terms
/// that mean the same are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// How many units; 0 only where a rule means "at once".
    pub count: u32,
    /// What is counted.
    pub unit: TermUnit,
}

/// Why a text is not a term.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// Not `<number> <unit>`.
    #[error("'{0}' is not a term: write a whole number and a unit, such as '3 wd'")]
    Form(String),
    /// The unit is not one of the six.
    #[error("'{0}' is not a unit of time: write wd, d, wh, h, w or mo")]
    Unit(String),
    /// The number is larger than a term can be.
    #[error("'{0}' is too long for a term: at most {max} of any unit", max = Term::MAX)]
    TooLong(String),
}

impl Term {
    /// The largest count of a term: about 270 years of days.
    pub const MAX: u32 = 100_000;

    /// A term of `count` working days.
    pub fn working_days(count: u32) -> Self {
        Self { count, unit: TermUnit::WorkingDays }
    }

    /// A term of `count` calendar days.
    pub fn days(count: u32) -> Self {
        Self { count, unit: TermUnit::Days }
    }
}

impl FromStr for Term {
    type Err = TermError;

    fn from_str(text: &str) -> Result<Self, TermError> {
        let trimmed = text.trim();
        let digits = trimmed.len() - trimmed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = trimmed.split_at(digits);
        if number.is_empty() {
            return Err(TermError::Form(text.to_owned()));
        }
        let count: u32 = number.parse().map_err(|_| TermError::TooLong(text.to_owned()))?;
        let (times, unit) = match unit.trim() {
            "wd" => (1, TermUnit::WorkingDays),
            "d" => (1, TermUnit::Days),
            "w" => (7, TermUnit::Days),
            "mo" => (30, TermUnit::Days),
            "wh" => (1, TermUnit::WorkingHours),
            "h" => (1, TermUnit::Hours),
            "" => return Err(TermError::Form(text.to_owned())),
            other => return Err(TermError::Unit(other.to_owned())),
        };
        match count.checked_mul(times) {
            Some(count) if count <= Self::MAX => Ok(Self { count, unit }),
            _ => Err(TermError::TooLong(text.to_owned())),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.unit.as_str())
    }
}

impl Serialize for Term {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
