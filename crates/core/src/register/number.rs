//! Numbers of licences: unique, readable on paper and over the telephone.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{CaseId, JalaliDate, UnitId};

/// The number of a licence: the Jalali year and the unit of its grant, and ten signs of its own:
/// `1403-2301-7K3M9-QX2TV`.
///
/// The signs follow from the case: nobody counts. A running number would be a row that every grant
/// of a unit must lock, it would have gaps all the same (a grant that is not written in the end has
/// taken its number along), and whoever has two of them could tell how many lie between. There are
/// 2^50 for each unit and year. Should two cases ever come to the same, the register refuses the
/// second, and after any further event of its case it has another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LicenceNumber(String);

/// Without I, L, O and U, which look like others or make words (Crockford's base 32).
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many signs follow the unit, in two groups.
const LENGTH: usize = 10;

/// A text that is no number of a licence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no number of a licence: it has a year, a unit and ten signs, such as 1403-2301-7K3M9-QX2TV"
)]
pub struct NotANumber(pub String);

impl LicenceNumber {
    /// The number of the licence that a case is granted on a day, after `seq` events.
    pub(crate) fn of(case: CaseId, seq: u32, unit: &UnitId, day: NaiveDate) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"parvaneh licence");
        hash.update(case.0.as_bytes());
        hash.update(seq.to_be_bytes());
        let hash = hash.finalize();
        let mut bits = [0; 8];
        bits.copy_from_slice(&hash[..8]);
        let bits = u64::from_be_bytes(bits);
        let sign = |place: usize| char::from(SIGNS[(bits >> (5 * place) & 31) as usize]);
        let signs = |places: std::ops::Range<usize>| places.map(sign).collect::<String>();
        let year = JalaliDate::from(day).year();
        let (first, second) = (signs(0..LENGTH / 2), signs(LENGTH / 2..LENGTH));
        Self(format!("{year}-{unit}-{first}-{second}"))
    }

    /// A number as somebody types it: in either case, with Persian digits, with I and L for 1 and O
    /// for 0, with or without the last hyphen.
    ///
    /// # Errors
    /// What cannot be one.
    pub fn parse(text: &str) -> Result<Self, NotANumber> {
        let refuse = || NotANumber(text.chars().take(80).collect());
        let latin: String = text.trim().chars().map(latin_digit).collect();
        let mut parts = latin.split('-').collect::<Vec<_>>();
        if parts.len() < 3 {
            return Err(refuse());
        }
        let year = parts.remove(0);
        // The unit may have a hyphen itself: the signs are taken from the end.
        let mut signs = parts.pop().unwrap_or_default().to_owned();
        if signs.chars().count() == LENGTH / 2 {
            signs = parts.pop().unwrap_or_default().to_owned() + &signs;
        }
        let signs: Option<Vec<u8>> = signs.chars().map(sign).collect();
        let signs = signs.ok_or_else(refuse)?;
        let unit = parts.join("-");
        let year_is_one = year.len() == 4 && year.bytes().all(|digit| digit.is_ascii_digit());
        if !year_is_one || unit.is_empty() || signs.len() != LENGTH {
            return Err(refuse());
        }
        let group = |signs: &[u8]| signs.iter().map(|sign| char::from(*sign)).collect::<String>();
        let (first, second) = signs.split_at(LENGTH / 2);
        Ok(Self(format!("{year}-{unit}-{}-{}", group(first), group(second))))
    }

    /// The same as somebody copies it from paper or from another page: also with Arabic digits, with
    /// spaces or any dash instead of hyphens, with marks of direction that nobody sees.
    ///
    /// # Errors
    /// What cannot be one.
    pub fn typed(text: &str) -> Result<Self, NotANumber> {
        let plain: String = text.chars().filter(|char| !is_unseen(*char)).map(hyphen).collect();
        let hyphened = plain.split_whitespace().fold(String::new(), |mut number, part| {
            if !number.is_empty() && !number.ends_with('-') && !part.starts_with('-') {
                number.push('-');
            }
            number + part
        });
        Self::parse(&hyphened)
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn latin_digit(char: char) -> char {
    match char {
        '۰'..='۹' => char::from(b'0' + (char as u32 - '۰' as u32) as u8),
        '٠'..='٩' => char::from(b'0' + (char as u32 - '٠' as u32) as u8),
        '‐' | '‑' | '–' | '−' => '-',
        other => other,
    }
}

/// Hyphens and dashes, the minus, the stroke that lengthens Arabic letters, and the wide ones.
fn hyphen(char: char) -> char {
    match char {
        '\u{2010}'..='\u{2015}' | '−' | 'ـ' | '﹘' | '﹣' | '－' => '-',
        other => other,
    }
}

/// Joiners, and marks that turn the direction of a text: they come along when a number is copied.
fn is_unseen(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{61c}' | '\u{feff}')
}

fn sign(char: char) -> Option<u8> {
    let sign = match char.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    let sign = u8::try_from(sign).ok()?;
    SIGNS.contains(&sign).then_some(sign)
}

impl fmt::Display for LicenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for LicenceNumber {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for LicenceNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
