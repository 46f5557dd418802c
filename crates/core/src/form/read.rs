//! Reads one value as somebody typed it, or as a program gave it.

use chrono::NaiveDate;
use serde_json::Value as Json;

use super::{
    DateBound, FaultCode, FieldKind, FileReference, Number, NumberError, Value,
    amount::{self, AmountError},
    identity::{is_legal_id, is_national_id},
    shown::{amount_text, number_text},
    typed::{folded, is_folded_like, kept, latin, persian_digits, quoted},
};
use crate::{
    JalaliDate,
    decide::LONGEST_TEXT,
    definition::Text,
    jalali::{DateError, FIRST_GREGORIAN_YEAR, parse_date},
};

/// Why a value cannot be taken.
pub(super) type Wrong = (FaultCode, Text);

fn wrong<T>(code: FaultCode, fa: impl Into<String>, en: impl Into<String>) -> Result<T, Wrong> {
    Err((code, Text { fa: fa.into(), en: en.into() }))
}

/// The first day that is not taken for a Jalali one when it is read again.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(1700, 1, 1);

/// Reads a value that a program gave (JSON), or that somebody typed (a JSON text), and holds it to
/// its bounds. `today` is the day that a bound may speak of.
///
/// # Errors
/// The code and the text of what is wrong.
pub fn read(kind: &FieldKind, raw: &Json, today: NaiveDate) -> Result<Value, (FaultCode, Text)> {
    match (kind, raw) {
        (FieldKind::File, Json::Object(_)) => file(raw),
        (FieldKind::YesNo, Json::Bool(yes)) => Ok(Value::YesNo(*yes)),
        (_, Json::String(text)) => read_text(kind, text, today),
        (FieldKind::YesNo | FieldKind::File | FieldKind::Choice { .. }, _) => {
            read_text(kind, "", today)
        }
        // A spreadsheet or a program hands numbers over as numbers.
        (_, Json::Number(number)) => read_text(kind, &number.to_string(), today),
        _ => {
            wrong(FaultCode::NotText, "مقدار باید یک متن یا عدد باشد", "a single value is expected")
        }
    }
}

/// Reads a value as somebody typed it, and holds it to its bounds.
///
/// # Errors
/// As [`read()`].
pub fn read_text(
    kind: &FieldKind,
    text: &str,
    today: NaiveDate,
) -> Result<Value, (FaultCode, Text)> {
    match kind {
        FieldKind::Text { min, max } => self::text(text, *min, *max),
        FieldKind::Number { min, max, decimals } => number(text, *min, *max, *decimals),
        FieldKind::Money { min, max } => money(text, *min, *max),
        FieldKind::Date { min, max } => date(
            text,
            min.map(|bound| bound_on(bound, today)),
            max.map(|bound| bound_on(bound, today)),
        ),
        FieldKind::Choice { choices } => {
            // Programs write the name as it is, people one of its titles.
            let named = choices.get_key_value(text).or_else(|| {
                let wanted = folded(text);
                choices.iter().find(|(id, title)| {
                    **id == wanted
                        || is_folded_like(&title.fa, &wanted)
                        || is_folded_like(&title.en, &wanted)
                })
            });
            match named {
                Some((id, _)) => Ok(Value::Choice(id.clone())),
                None => {
                    let fa: Vec<_> = choices.values().map(|title| title.fa.as_str()).collect();
                    let en: Vec<_> = choices.keys().map(String::as_str).collect();
                    wrong(
                        FaultCode::NoSuchChoice,
                        format!("«{}» یکی از این‌ها نیست: {}", quoted(text), fa.join("، ")),
                        format!("'{}' is not one of {}", quoted(text), en.join(", ")),
                    )
                }
            }
        }
        FieldKind::NationalId => national_id(text),
        FieldKind::LegalId => legal_id(text),
        FieldKind::Phone => phone(text),
        FieldKind::File => match serde_json::from_str::<Json>(text) {
            Ok(raw @ Json::Object(_)) => file(&raw),
            _ => no_file(),
        },
        FieldKind::YesNo => match folded(text).as_str() {
            "yes" | "true" | "بله" | "بلی" | "آری" => Ok(Value::YesNo(true)),
            "no" | "false" | "خیر" | "نه" => Ok(Value::YesNo(false)),
            _ => wrong(FaultCode::NotYesOrNo, "پاسخ باید «بله» یا «خیر» باشد", "answer yes or no"),
        },
    }
}

fn bound_on(bound: DateBound, today: NaiveDate) -> NaiveDate {
    bound.on(today)
}

fn text(text: &str, min: Option<u32>, max: Option<u32>) -> Result<Value, Wrong> {
    let text = match kept(text) {
        Ok(text) => text,
        Err(refused) => {
            let point = u32::from(refused);
            return wrong(
                FaultCode::BadCharacter,
                format!("نویسهٔ U+{point:04X} در متن پذیرفته نیست"),
                format!("the character U+{point:04X} cannot stand in a text"),
            );
        }
    };
    let length = text.chars().count();
    let longest = max.map_or(LONGEST_TEXT, |max| max as usize);
    if length > longest {
        let most = persian_digits(&longest.to_string());
        return wrong(
            FaultCode::TooLong,
            format!("حداکثر {most} نویسه پذیرفته است"),
            format!("at most {longest} characters"),
        );
    }
    match min {
        Some(least) if length < least as usize => wrong(
            FaultCode::TooShort,
            format!("دست‌کم {} نویسه لازم است", persian_digits(&least.to_string())),
            format!("at least {least} characters"),
        ),
        _ => Ok(Value::Text(text)),
    }
}

fn number(
    text: &str,
    min: Option<Number>,
    max: Option<Number>,
    decimals: u8,
) -> Result<Value, Wrong> {
    let number: Number = match text.parse() {
        Ok(number) => number,
        Err(NumberError::Size) => {
            return wrong(
                FaultCode::TooLarge,
                "این عدد بیش از اندازه بزرگ یا ریز است",
                NumberError::Size.to_string(),
            );
        }
        Err(NumberError::Form) => {
            return wrong(
                FaultCode::NotANumber,
                format!("«{}» عدد نیست", quoted(text)),
                format!("'{}' is not a number", quoted(text)),
            );
        }
    };
    if number.decimals() > decimals {
        return match decimals {
            0 => wrong(
                FaultCode::TooManyDecimals,
                "عدد باید صحیح باشد",
                "a whole number is expected",
            ),
            most => wrong(
                FaultCode::TooManyDecimals,
                format!("حداکثر {} رقم اعشار پذیرفته است", persian_digits(&most.to_string())),
                format!("at most {most} digits after the point"),
            ),
        };
    }
    if number.units_at(decimals).is_none() {
        // What is computed with it counts in the last digit that the field has.
        return wrong(
            FaultCode::TooLarge,
            format!(
                "حداکثر {} رقم پیش از ممیز پذیرفته است",
                persian_digits(&(15 - decimals).to_string())
            ),
            format!("at most {} digits before the point", 15 - decimals),
        );
    }
    within(number, min, max, number_text)?;
    Ok(Value::Number(number))
}

fn money(text: &str, min: Option<u64>, max: Option<u64>) -> Result<Value, Wrong> {
    let rials = match amount::rials(text) {
        Ok(rials) => rials,
        Err(AmountError::Toman) => {
            return wrong(
                FaultCode::NotInRials,
                "مبلغ را به ریال بنویسید، نه به تومان",
                "write the amount in rials, not in tomans",
            );
        }
        Err(AmountError::Size) => {
            return wrong(
                FaultCode::TooLarge,
                "این مبلغ بیش از اندازه بزرگ است",
                "the amount is too large",
            );
        }
        Err(AmountError::Form) => {
            return wrong(
                FaultCode::NotAnAmount,
                format!("«{}» مبلغی به ریال نیست", quoted(text)),
                format!("'{}' is not a whole amount of rials", quoted(text)),
            );
        }
    };
    within(rials, min, max, amount_text)?;
    Ok(Value::Money(rials))
}

fn within<T: Ord + Copy>(
    value: T,
    min: Option<T>,
    max: Option<T>,
    shown: impl Fn(T) -> Text,
) -> Result<(), Wrong> {
    if let Some(least) = min.filter(|least| value < *least) {
        let Text { fa, en } = shown(least);
        return wrong(FaultCode::TooSmall, format!("دست‌کم {fa}"), format!("at least {en}"));
    }
    if let Some(most) = max.filter(|most| value > *most) {
        let Text { fa, en } = shown(most);
        return wrong(FaultCode::TooLarge, format!("حداکثر {fa}"), format!("at most {en}"));
    }
    Ok(())
}

fn date(text: &str, min: Option<NaiveDate>, max: Option<NaiveDate>) -> Result<Value, Wrong> {
    let day = parse_date(text).and_then(|day| {
        let year = chrono::Datelike::year(&day);
        let known = FIRST_DAY.is_none_or(|first| day >= first)
            && JalaliDate::from(day).year() < FIRST_GREGORIAN_YEAR;
        let text = text.trim().to_owned();
        if known { Ok(day) } else { Err(DateError::Year { text, year }) }
    });
    let day = match day {
        Ok(day) => day,
        Err(error) => {
            let fa = match &error {
                DateError::Form(_) | DateError::Period(_) => {
                    format!("«{}» تاریخ نیست؛ مانند ۱۴۰۳/۱۲/۳۰ بنویسید", quoted(text))
                }
                _ => format!("روز «{}» در تقویم نیست", quoted(text)),
            };
            let en = match &error {
                DateError::Form(_) | DateError::Period(_) => {
                    format!("'{}' is not a date: write 1403/12/30 or 2025-03-20", quoted(text))
                }
                other => other.to_string(),
            };
            return wrong(FaultCode::NotADate, fa, en);
        }
    };
    if let Some(first) = min.filter(|first| day < *first) {
        let Text { fa, en } = super::shown::day_text(first);
        return wrong(
            FaultCode::TooEarly,
            format!("زودتر از {fa} پذیرفته نیست"),
            format!("not before {en}"),
        );
    }
    if let Some(last) = max.filter(|last| day > *last) {
        let Text { fa, en } = super::shown::day_text(last);
        return wrong(
            FaultCode::TooLate,
            format!("دیرتر از {fa} پذیرفته نیست"),
            format!("not after {en}"),
        );
    }
    Ok(Value::Date(day))
}

/// The digits of a number that people part by spaces and hyphens.
fn bare(text: &str) -> String {
    latin(text)
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '.' | '/'))
        .collect()
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn national_id(text: &str) -> Result<Value, Wrong> {
    let bare = bare(text);
    // A spreadsheet drops the zeros at the front.
    if !all_digits(&bare) || !(8..=10).contains(&bare.len()) {
        return wrong(
            FaultCode::NotANationalId,
            "کد ملی ده رقم است",
            "the number of a natural person has ten digits",
        );
    }
    let number = format!("{bare:0>10}");
    match is_national_id(&number) {
        true => Ok(Value::NationalId(number)),
        false => wrong(
            FaultCode::WrongCheckDigit,
            "کد ملی درست نیست؛ رقم‌ها را بازبینی کنید",
            "no such number of a natural person: the check digit does not fit",
        ),
    }
}

fn legal_id(text: &str) -> Result<Value, Wrong> {
    let number = bare(text);
    if !all_digits(&number) || number.len() != 11 {
        return wrong(
            FaultCode::NotALegalId,
            "شناسهٔ ملی اشخاص حقوقی یازده رقم است",
            "the number of a legal person has eleven digits",
        );
    }
    match is_legal_id(&number) {
        true => Ok(Value::LegalId(number)),
        false => wrong(
            FaultCode::WrongCheckDigit,
            "شناسهٔ ملی درست نیست؛ رقم‌ها را بازبینی کنید",
            "no such number of a legal person: the check digit does not fit",
        ),
    }
}

/// An Iranian number with its area code (or of a mobile), or any number in international form.
fn phone(text: &str) -> Result<Value, Wrong> {
    let bare: String = bare(text).chars().filter(|c| !matches!(c, '(' | ')')).collect();
    let (international, digits) = match bare.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => match bare.strip_prefix("00") {
            Some(digits) => (true, digits),
            None => (false, bare.as_str()),
        },
    };
    // `0` and ten digits at home; `+98` and the same ten from abroad, the `0` often left in.
    let national = match (international, digits.strip_prefix("98"), digits.strip_prefix('0')) {
        (true, Some(rest), _) => Some(rest.strip_prefix('0').unwrap_or(rest)),
        (false, Some(rest), _) if rest.len() == 10 => Some(rest),
        (false, _, Some(rest)) => Some(rest),
        _ => None,
    };
    let number = match national {
        Some(rest) if rest.len() == 10 && !rest.starts_with('0') => Some(format!("+98{rest}")),
        Some(_) => None,
        None if international && (8..=15).contains(&digits.len()) && !digits.starts_with('0') => {
            Some(format!("+{digits}"))
        }
        None => None,
    };
    match number.filter(|_| all_digits(digits)) {
        Some(number) => Ok(Value::Phone(number)),
        None => wrong(
            FaultCode::NotAPhone,
            "شماره را با پیش‌شماره بنویسید، مانند ۰۹۱۲۳۴۵۶۷۸۹ یا ۰۲۱۸۸۷۷۶۶۵۵",
            "write the number with its area code, such as 09123456789 or +442071234567",
        ),
    }
}

fn file(raw: &Json) -> Result<Value, Wrong> {
    let mut raw = raw.clone();
    // A form's texts, and a scenario's: the size is a number all the same.
    if let Some(size) = raw.get("size").and_then(Json::as_str).and_then(|text| text.parse().ok()) {
        raw["size"] = Json::Number(u64::into(size));
    }
    let reference: FileReference = match serde_json::from_value(raw) {
        Ok(reference) => reference,
        Err(_) => return no_file(),
    };
    match reference.checked() {
        Some(reference) => Ok(Value::File(reference)),
        None => no_file(),
    }
}

fn no_file<T>() -> Result<T, Wrong> {
    wrong(
        FaultCode::NotAFile,
        "پرونده با نام، نوع، اندازه و درهم‌سازی SHA-256 داده می‌شود",
        "a file is given by its name, media_type, size in bytes and sha256 (64 hexadecimal digits)",
    )
}

impl FileReference {
    /// The reference with its hash in small letters, if each part of it can be kept.
    pub(crate) fn checked(&self) -> Option<Self> {
        let name = kept(&self.name).ok()?;
        let named = !name.is_empty()
            && name.chars().count() <= 255
            && !name.contains(['/', '\\', '\n', '\t'])
            && !matches!(name.as_str(), "." | "..");
        let sha256 = self.sha256.to_ascii_lowercase();
        let hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let media_type = self.media_type.to_ascii_lowercase();
        let typed = media_type.len() <= 127 && is_media_type(&media_type);
        let sized = self.size <= amount::MOST_RIALS;
        (named && hash && typed && sized).then_some(Self {
            name,
            media_type,
            size: self.size,
            sha256,
        })
    }
}

/// `application/pdf`: two names of RFC 6838, without parameters.
fn is_media_type(text: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, rest)| name(kind) && name(rest))
}
