use chrono::NaiveDate;
use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::definition::Text;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// 1403/05/01.
fn today() -> NaiveDate {
    day("2024-07-22")
}

fn title(fa: &str, en: &str) -> Text {
    Text { fa: fa.to_owned(), en: en.to_owned() }
}

fn text(min: u32, max: u32) -> FieldKind {
    FieldKind::Text { min: Some(min), max: Some(max) }
}

fn whole(min: u32, max: u32) -> FieldKind {
    FieldKind::Number { min: Some(min.into()), max: Some(max.into()), decimals: 0 }
}

fn decimal(decimals: u8) -> FieldKind {
    FieldKind::Number { min: None, max: None, decimals }
}

fn money(min: u64) -> FieldKind {
    FieldKind::Money { min: Some(min), max: Some(50_000_000_000) }
}

fn date(min: Option<&str>, max: Option<DateBound>) -> FieldKind {
    FieldKind::Date { min: min.map(|text| DateBound::Day(day(text))), max }
}

fn choice() -> FieldKind {
    let choices = [
        ("county", title("شهرستانی", "County")),
        ("several", title("چند استان", "Several provinces")),
        ("ali", title("علی یک", "Ali one")),
    ];
    let choices: IndexMap<_, _> =
        choices.into_iter().map(|(id, title)| (id.to_owned(), title)).collect();
    FieldKind::Choice { choices }
}

/// What is typed, and the value that it is read as, or the code of its fault.
type Row<'a> = (&'a str, Result<Value, FaultCode>);

fn check(kind: &FieldKind, rows: &[Row<'_>]) {
    for (typed, expected) in rows {
        let found = read_text(kind, typed, today()).map_err(|(code, _)| code);
        assert_eq!(found, *expected, "{kind:?}: {typed:?}");
    }
}

fn number(units: i64, decimals: u8) -> Result<Value, FaultCode> {
    Ok(Value::Number(Number::new(units, decimals).unwrap()))
}

#[test]
fn texts_are_kept_in_persian_letters() {
    let value = |text: &str| Ok(Value::Text(text.to_owned()));
    check(
        &text(3, 12),
        &[
            ("خيريه كودكان", value("خیریه کودکان")),
            ("  مهر\u{200c}آفرین \u{200f}", value("مهر\u{200c}آفرین")),
            ("two\r\nlines", value("two\nlines")),
            ("a\u{0}bcd", Err(FaultCode::BadCharacter)),
            ("abc\u{202e}def", Err(FaultCode::BadCharacter)),
            ("ab", Err(FaultCode::TooShort)),
            ("   a   ", Err(FaultCode::TooShort)),
            ("سیزده حرف اینجا", Err(FaultCode::TooLong)),
        ],
    );
    let long = "ن".repeat(4_001);
    let unbounded = FieldKind::Text { min: None, max: None };
    check(&unbounded, &[(&long, Err(FaultCode::TooLong)), (&long[2..], value(&long[2..]))]);
}

#[test]
fn numbers_are_read_as_they_are_written() {
    check(
        &whole(5, 2_000_000),
        &[
            ("7", number(7, 0)),
            ("007", number(7, 0)),
            ("۱۲۳", number(123, 0)),
            ("٤٥٦", number(456, 0)),
            ("\u{200e}1,234,567", number(1_234_567, 0)),
            ("۱٬۲۳۴٬۵۶۷", number(1_234_567, 0)),
            ("۱،۲۳۴", number(1_234, 0)),
            ("1 234 567", number(1_234_567, 0)),
            ("1,5", Err(FaultCode::NotANumber)),
            ("12,34,567", Err(FaultCode::NotANumber)),
            ("1,234.567,8", Err(FaultCode::NotANumber)),
            ("7.00", number(7, 0)),
            ("7.5", Err(FaultCode::TooManyDecimals)),
            ("4", Err(FaultCode::TooSmall)),
            ("-7", Err(FaultCode::TooSmall)),
            ("2000001", Err(FaultCode::TooLarge)),
            ("seven", Err(FaultCode::NotANumber)),
            ("1e3", Err(FaultCode::NotANumber)),
            ("0x10", Err(FaultCode::NotANumber)),
            (".", Err(FaultCode::NotANumber)),
            ("5.", Err(FaultCode::NotANumber)),
            ("9999999999999999", Err(FaultCode::TooLarge)),
        ],
    );
    check(
        &decimal(2),
        &[
            ("120.50", number(1_205, 1)),
            ("۱۲۰٫۵", number(1_205, 1)),
            ("-0.05", number(-5, 2)),
            ("\u{2212}3", number(-3, 0)),
            ("0.125", Err(FaultCode::TooManyDecimals)),
        ],
    );
}

#[test]
fn amounts_are_whole_rials() {
    check(
        &money(500_000_000),
        &[
            ("500000000", Ok(Value::Money(500_000_000))),
            ("500,000,000", Ok(Value::Money(500_000_000))),
            ("۲٬۰۰۰٬۰۰۰٬۰۰۰ ریال", Ok(Value::Money(2_000_000_000))),
            ("2,000,000,000 Rials", Ok(Value::Money(2_000_000_000))),
            ("500000000.00", Ok(Value::Money(500_000_000))),
            ("500000000.5", Err(FaultCode::NotAnAmount)),
            ("-500000000", Err(FaultCode::NotAnAmount)),
            ("۵۰٬۰۰۰٬۰۰۰ تومان", Err(FaultCode::NotInRials)),
            ("499,999,999", Err(FaultCode::TooSmall)),
            ("50,000,000,001", Err(FaultCode::TooLarge)),
            ("9007199254740992", Err(FaultCode::TooLarge)),
            ("500 million", Err(FaultCode::NotAnAmount)),
            ("ریال", Err(FaultCode::NotAnAmount)),
        ],
    );
}

#[test]
fn dates_are_read_in_either_calendar() {
    let value = |text: &str| Ok(Value::Date(day(text)));
    check(
        &date(Some("2021-03-21"), Some(DateBound::Today)),
        &[
            ("1403/01/31", value("2024-04-19")),
            ("۱۴۰۳/۱/۳۱", value("2024-04-19")),
            ("1403-02-01", value("2024-04-20")),
            ("2024-04-20", value("2024-04-20")),
            ("1403/05/01", value("2024-07-22")),
            ("1403/05/02", Err(FaultCode::TooLate)),
            ("1399/12/30", Err(FaultCode::TooEarly)),
            ("1402/12/30", Err(FaultCode::NotADate)),
            ("2023-02-29", Err(FaultCode::NotADate)),
            ("31/04/1403", Err(FaultCode::NotADate)),
            ("yesterday", Err(FaultCode::NotADate)),
        ],
    );
    // Not so early that it would be read otherwise when it is read again.
    check(&date(None, None), &[("1070/01/01", Err(FaultCode::NotADate))]);
}

#[test]
fn a_choice_is_named_or_described() {
    let value = |text: &str| Ok(Value::Choice(text.to_owned()));
    check(
        &choice(),
        &[
            ("county", value("county")),
            ("COUNTY", value("county")),
            ("Several  provinces", value("several")),
            ("چند استان", value("several")),
            ("چند\u{200c}استان", value("several")),
            ("علي يک", value("ali")),
            ("nation", Err(FaultCode::NoSuchChoice)),
            ("", Err(FaultCode::NoSuchChoice)),
        ],
    );
}

#[test]
fn numbers_of_natural_persons_have_a_check_digit() {
    let value = |text: &str| Ok(Value::NationalId(text.to_owned()));
    check(
        &FieldKind::NationalId,
        &[
            ("0084575948", value("0084575948")),
            ("0076229645", value("0076229645")),
            ("1583250689", value("1583250689")),
            ("008-457594-8", value("0084575948")),
            ("۰۰۸۴۵۷۵۹۴۸", value("0084575948")),
            // A spreadsheet took the zeros away.
            ("84575948", value("0084575948")),
            ("11537027", value("0011537027")),
            ("0084575947", Err(FaultCode::WrongCheckDigit)),
            ("0048575948", Err(FaultCode::WrongCheckDigit)),
            // Their sums are right, and yet nobody has them.
            ("1111111111", Err(FaultCode::WrongCheckDigit)),
            ("9999999999", Err(FaultCode::WrongCheckDigit)),
            ("0000000000", Err(FaultCode::WrongCheckDigit)),
            ("1230000003", Err(FaultCode::WrongCheckDigit)),
            ("12345", Err(FaultCode::NotANationalId)),
            ("00845759480", Err(FaultCode::NotANationalId)),
            ("008457594x", Err(FaultCode::NotANationalId)),
        ],
    );
    assert_eq!(
        read(&FieldKind::NationalId, &json!(84_575_948), today()),
        Ok(Value::NationalId("0084575948".to_owned()))
    );
}

#[test]
fn every_wrong_digit_of_a_natural_person_is_found() {
    let number = "0084575948";
    for place in 0..10 {
        for digit in '0'..='9' {
            let mut wrong: Vec<char> = number.chars().collect();
            wrong[place] = digit;
            let wrong: String = wrong.into_iter().collect();
            // Remainders 1 and 10 share a check digit; the remainder of this number is 3.
            assert_eq!(is_national_id(&wrong), wrong == number, "{wrong}");
        }
    }
}

#[test]
fn numbers_of_legal_persons_have_a_check_digit() {
    let value = |text: &str| Ok(Value::LegalId(text.to_owned()));
    check(
        &FieldKind::LegalId,
        &[
            ("10380284790", value("10380284790")),
            ("14007650912", value("14007650912")),
            ("103-8028-4790", value("10380284790")),
            ("۱۰۳۸۰۲۸۴۷۹۰", value("10380284790")),
            ("10380284791", Err(FaultCode::WrongCheckDigit)),
            ("10380284970", Err(FaultCode::WrongCheckDigit)),
            ("11111111111", Err(FaultCode::WrongCheckDigit)),
            ("00000000000", Err(FaultCode::WrongCheckDigit)),
            ("1038028479", Err(FaultCode::NotALegalId)),
            ("103802847900", Err(FaultCode::NotALegalId)),
            ("1038028479o", Err(FaultCode::NotALegalId)),
        ],
    );
}

#[test]
fn telephone_numbers_become_international() {
    let value = |text: &str| Ok(Value::Phone(text.to_owned()));
    check(
        &FieldKind::Phone,
        &[
            ("09123456789", value("+989123456789")),
            ("۰۹۱۲ ۳۴۵ ۶۷۸۹", value("+989123456789")),
            ("(021) 8877-6655", value("+982188776655")),
            ("+98 912 345 6789", value("+989123456789")),
            ("+9809123456789", value("+989123456789")),
            ("00989123456789", value("+989123456789")),
            ("989123456789", value("+989123456789")),
            ("+44 20 7123 4567", value("+442071234567")),
            ("88776655", Err(FaultCode::NotAPhone)),
            ("0912345678", Err(FaultCode::NotAPhone)),
            ("+98912345678", Err(FaultCode::NotAPhone)),
            ("+1234567", Err(FaultCode::NotAPhone)),
            ("+1234567890123456", Err(FaultCode::NotAPhone)),
            ("0912345678x", Err(FaultCode::NotAPhone)),
            ("", Err(FaultCode::NotAPhone)),
        ],
    );
}

#[test]
fn files_are_named_with_their_hash() {
    let hash = "ab".repeat(32);
    let raw = |name: &str, kind: &str, hash: &str| json!({ "name": name, "media_type": kind, "size": 12, "sha256": hash });
    let read = |raw| read(&FieldKind::File, &raw, today()).map_err(|(code, _)| code);
    let kept = FileReference {
        name: "اساسنامه.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 12,
        sha256: hash.clone(),
    };
    let upper = hash.to_uppercase();
    assert_eq!(read(raw("اساسنامه.pdf", "application/PDF", &upper)), Ok(Value::File(kept)));
    for wrong in [
        raw("", "application/pdf", &hash),
        raw("../x", "application/pdf", &hash),
        raw(&"x".repeat(256), "application/pdf", &hash),
        raw("x", "pdf", &hash),
        raw("x", "a/b/c", &hash),
        raw("x", "application/pdf", &hash[2..]),
        raw("x", "application/pdf", &"zz".repeat(32)),
        json!({ "name": "x" }),
        json!("x.pdf"),
        json!(7),
    ] {
        assert_eq!(read(wrong.clone()), Err(FaultCode::NotAFile), "{wrong}");
    }
}

#[test]
fn yes_and_no_are_said_in_both_languages() {
    let (yes, no) = (Ok(Value::YesNo(true)), Ok(Value::YesNo(false)));
    check(
        &FieldKind::YesNo,
        &[
            ("yes", yes.clone()),
            ("بله", yes.clone()),
            ("بلي", yes.clone()),
            ("TRUE", yes.clone()),
            ("خير", no.clone()),
            ("نه", no.clone()),
            ("No", no),
            ("maybe", Err(FaultCode::NotYesOrNo)),
            ("1", Err(FaultCode::NotYesOrNo)),
        ],
    );
    assert_eq!(read(&FieldKind::YesNo, &json!(true), today()), yes.map_err(|_| unreachable!()));
}

#[test]
fn a_program_may_give_numbers_and_nothing_nested() {
    let read = |kind: &FieldKind, raw| read(kind, &raw, today()).map_err(|(code, _)| code);
    let kinds = [text(1, 9), whole(0, 9), money(0), date(None, None), choice(), FieldKind::Phone];
    for kind in &kinds {
        for raw in [json!([]), json!({}), json!(true), json!([1])] {
            assert!(read(kind, raw.clone()).is_err(), "{kind:?} {raw}");
        }
    }
    assert_eq!(read(&text(1, 9), json!(12)), Ok(Value::Text("12".to_owned())));
    assert_eq!(read(&money(0), json!(1_500_000_000.0)), Ok(Value::Money(1_500_000_000)));
    assert_eq!(read(&money(0), json!(1e30)), Err(FaultCode::NotAnAmount));
    assert_eq!(read(&whole(0, 9), json!(7)), number(7, 0));
}

fn kinds() -> Vec<FieldKind> {
    vec![
        FieldKind::Text { min: None, max: None },
        decimal(6),
        FieldKind::Money { min: None, max: None },
        date(None, None),
        choice(),
        FieldKind::NationalId,
        FieldKind::LegalId,
        FieldKind::Phone,
        FieldKind::File,
        FieldKind::YesNo,
    ]
}

/// The digits before the check digit, with the one that fits; empty where none does.
fn with_check_digit(digits: &str, fits: impl Fn(&str) -> bool) -> String {
    let candidates = ('0'..='9').map(|last| format!("{digits}{last}"));
    candidates.into_iter().find(|number| fits(number)).unwrap_or_default()
}

fn any_value() -> impl Strategy<Value = Value> {
    let number = (-999_999_999_999_999..=999_999_999_999_999_i64, 0..=6_u8);
    let file = ("[a-zآ-ی ]{1,20}x", 0..1_u64 << 53, "[0-9a-f]{64}");
    prop_oneof![
        ".{0,40}".prop_filter_map("a text that can be kept", |text| {
            let kept = typed::kept(&text).ok()?;
            (!kept.is_empty()).then_some(Value::Text(kept))
        }),
        number.prop_map(|(units, decimals)| Value::Number(Number::new(units, decimals).unwrap())),
        (0..1_u64 << 53).prop_map(Value::Money),
        (0..226_000_u64)
            .prop_map(|days| { Value::Date(day("1700-01-01") + chrono::Days::new(days)) }),
        prop::sample::select(vec!["county", "several", "ali"])
            .prop_map(|id| Value::Choice(id.to_owned())),
        "[0-9]{9}".prop_filter_map("a number with a check digit", |digits| {
            let number = with_check_digit(&digits, is_national_id);
            (!number.is_empty()).then_some(Value::NationalId(number))
        }),
        "[0-9]{10}".prop_filter_map("a number with a check digit", |digits| {
            let number = with_check_digit(&digits, is_legal_id);
            (!number.is_empty()).then_some(Value::LegalId(number))
        }),
        "[1-9][0-9]{9}".prop_map(|digits| Value::Phone(format!("+98{digits}"))),
        "[1-7][0-9]{7,14}".prop_map(|digits| Value::Phone(format!("+{digits}"))),
        file.prop_map(|(name, size, sha256)| Value::File(FileReference {
            name: typed::kept(&name).unwrap(),
            media_type: "application/pdf".to_owned(),
            size,
            sha256,
        })),
        any::<bool>().prop_map(Value::YesNo),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_a_field_panic(text in any::<String>(), number in any::<f64>()) {
        for kind in kinds() {
            for raw in [json!(text), json!(number)] {
                if let Err((_, Text { fa, en })) = read(&kind, &raw, today()) {
                    prop_assert!(!fa.is_empty() && !en.is_empty());
                }
            }
        }
    }

    #[test]
    fn digits_and_marks_make_no_field_panic(text in "[-+0-9۰-۹٠-٩.,/٬٫،:() \u{200e}\u{200f}]{0,24}") {
        for kind in kinds() {
            let _ = read_text(&kind, &text, today());
        }
    }

    /// What is stored, what a program is told and what people read all mean the same value.
    #[test]
    fn a_value_is_read_back_as_it_was(value in any_value()) {
        let stored = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Value>(&stored).unwrap(), &value);
        let kind = match &value {
            // Fifteen digits in all: a field has as many after the point as this number.
            Value::Number(number) => decimal(number.decimals()),
            _ => kinds().into_iter().find(|kind| kind.name() == value.type_name()).unwrap(),
        };
        prop_assert_eq!(read(&kind, &value.plain(), today()), Ok(value.clone()));
        if matches!(value, Value::File(_)) {
            return Ok(());
        }
        let field = Field { title: title("ف", "F"), kind: kind.clone(), required: Required::No, computed: None, personal: false };
        let Text { fa, en } = value.shown(Some(&field));
        prop_assert_eq!(read_text(&kind, &fa, today()), Ok(value.clone()));
        prop_assert_eq!(read_text(&kind, &en, today()), Ok(value));
    }

    #[test]
    fn numbers_are_ordered_as_numbers(a in -9_999_i64..9_999, b in -9_999_i64..9_999, m in 0..4_u8, n in 0..4_u8) {
        let (x, y) = (Number::new(a, m).unwrap(), Number::new(b, n).unwrap());
        let by_float = x.as_f64().partial_cmp(&y.as_f64()).unwrap();
        prop_assert_eq!(x.cmp(&y), by_float);
    }
}

#[test]
fn every_fault_is_documented_and_nothing_else_is() {
    let manual = include_str!("../../../../docs/WORKFLOWS.md");
    let documented: Vec<_> = manual
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(code, _)| code)
        .skip_while(|code| *code != FaultCode::ALL[0].as_str())
        .take(FaultCode::ALL.len())
        .collect();
    let codes: Vec<_> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(documented, codes);
}
