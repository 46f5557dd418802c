//! Reads numbers and amounts as people write them.

use super::{Number, NumberError, typed::latin};

/// The largest amount, in rials: what JSON can say exactly in every program.
pub(super) const MOST_RIALS: u64 = (1 << 53) - 1;

/// Why a text is not an amount of rials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AmountError {
    /// Not a whole number of rials, or a negative one.
    Form,
    /// Given in tomans, which are ten rials each: too often mistaken to be guessed at.
    Toman,
    /// More than can be kept.
    Size,
}

/// Reads a decimal number: Latin, Persian or Arabic digits, with or without thousands separators.
pub(super) fn number(text: &str) -> Result<Number, NumberError> {
    let text = latin(text);
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = parts(digits).ok_or(NumberError::Form)?;
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let decimals = u8::try_from(fraction.len()).map_err(|_| NumberError::Size)?;
    if decimals > Number::MOST_DECIMALS || whole.len() + fraction.len() > 15 {
        return Err(NumberError::Size);
    }
    let digits = format!("0{whole}{fraction}");
    let units: i64 = digits.parse().map_err(|_| NumberError::Size)?;
    Number::new(if negative { -units } else { units }, decimals)
}

/// Reads an amount of whole rials, with or without thousands separators and `ریال`.
pub(super) fn rials(text: &str) -> Result<u64, AmountError> {
    let text = latin(text).to_lowercase();
    if ["تومان", "تومن", "toman", "tomans"].iter().any(|word| text.ends_with(word)) {
        return Err(AmountError::Toman);
    }
    let units = ["ریال", "ريال", "﷼", "rials", "rial", "irr"];
    let amount = units.iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(&text).trim_end();
    let (whole, fraction) = parts(amount).ok_or(AmountError::Form)?;
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err(AmountError::Form);
    }
    match whole.trim_start_matches('0') {
        "" => Ok(0),
        digits if digits.len() > 16 => Err(AmountError::Size),
        digits => match digits.parse() {
            Ok(rials) if rials <= MOST_RIALS => Ok(rials),
            _ => Err(AmountError::Size),
        },
    }
}

/// The digits before and after the point. Separators must part the digits before it into threes:
/// `1,5` is not guessed at.
fn parts(text: &str) -> Option<(String, &str)> {
    let (whole, fraction) = match text.split_once(['.', '٫']) {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    let grouped = match separator {
        None => !whole.is_empty(),
        Some(separator) if is_separator(separator) => {
            let mut groups = whole.split(separator);
            let first = groups.next().unwrap_or_default();
            (1..=3).contains(&first.len())
                && digits(first)
                && groups.all(|group| group.len() == 3 && digits(group))
        }
        Some(_) => false,
    };
    let whole = whole.chars().filter(char::is_ascii_digit).collect();
    (grouped && digits(fraction)).then_some((whole, fraction))
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | '٬' | '،' | '_' | '\'' | '’' | ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// The digits of a whole number in groups of three.
pub(super) fn grouped(digits: &str, separator: char) -> String {
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}
