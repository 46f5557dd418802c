//! Digits and figures as each language writes them.

use crate::language::Language;

/// The same text with the language's digits in place of Latin ones.
pub(crate) fn written(text: &str, language: Language) -> String {
    match language {
        Language::English => text.to_owned(),
        Language::Persian => text.chars().map(persian).collect(),
    }
}

fn persian(letter: char) -> char {
    match letter.to_digit(10) {
        Some(digit) if letter.is_ascii() => char::from_u32('۰' as u32 + digit).unwrap_or(letter),
        _ => letter,
    }
}

/// What somebody typed, with Latin digits in place of Persian and Arabic ones.
pub(crate) fn latin(text: &str) -> String {
    let digit = |letter: char| match letter {
        '۰'..='۹' => char::from_digit(u32::from(letter) - u32::from('۰'), 10),
        '٠'..='٩' => char::from_digit(u32::from(letter) - u32::from('٠'), 10),
        _ => None,
    };
    text.chars().map(|letter| digit(letter).unwrap_or(letter)).collect()
}

/// A figure: its thousands told apart, its fraction and its sign as the language writes them.
pub(crate) fn number(text: &str, language: Language) -> String {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("\u{2212}", rest),
        None => ("", text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (thousands, point) = match language {
        Language::Persian => ("٬", "٫"),
        Language::English => (",", "."),
    };
    let mut told = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            told.push_str(thousands);
        }
        told.push(digit);
    }
    if !fraction.is_empty() {
        told.push_str(point);
        told.push_str(fraction);
    }
    // A minus stands before its figure, whichever way the text runs.
    let told = written(&told, language);
    if sign.is_empty() { told } else { format!("\u{200e}{told}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_as_each_language_writes_them() {
        for (figure, fa, en) in [
            ("0", "۰", "0"),
            ("999", "۹۹۹", "999"),
            ("1000", "۱٬۰۰۰", "1,000"),
            ("1234567", "۱٬۲۳۴٬۵۶۷", "1,234,567"),
            ("98.25", "۹۸٫۲۵", "98.25"),
            ("-1500", "\u{200e}−۱٬۵۰۰", "\u{200e}−1,500"),
        ] {
            assert_eq!(number(figure, Language::Persian), fa);
            assert_eq!(number(figure, Language::English), en);
        }
        assert_eq!(written("1405/08/30 و ۷", Language::Persian), "۱۴۰۵/۰۸/۳۰ و ۷");
        assert_eq!(latin("۰۸:٣0 ب"), "08:30 ب");
    }
}
