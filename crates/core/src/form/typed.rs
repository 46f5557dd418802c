//! What comes along when people type and copy Persian text, and what is meant by it.

use std::borrow::Cow;

use crate::document::is_refused;

/// Latin digits for Persian and Arabic ones, without the marks of writing direction that come
/// along when a number is copied out of Persian text, and without white space around it.
pub(super) fn latin(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    latin.extend(text.chars().filter(|c| !is_direction_mark(*c)).map(latin_digit));
    let trimmed = latin.trim();
    if trimmed.len() == latin.len() { latin } else { trimmed.to_owned() }
}

/// The text as it is kept: Persian letters for the Arabic ones of some keyboards (ISIRI 6219), line
/// breaks as `\n`, nothing around it.
///
/// # Errors
/// The first character that cannot stand in a text: a control, or a mark that overrides the
/// direction of writing and can make a text look like another.
pub(super) fn kept(text: &str) -> Result<String, char> {
    let text = match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n")),
        false => Cow::Borrowed(text),
    };
    if let Some(refused) = text.chars().find(|c| is_refused(*c) || *c == '\r') {
        return Err(refused);
    }
    let edge = |c: char| c.is_whitespace() || is_direction_mark(c);
    let text = text.trim_matches(edge);
    let mut kept = String::with_capacity(text.len());
    kept.extend(text.chars().map(persian_letter));
    Ok(kept)
}

/// A word as it is compared: folded, in lower case, with its white space as single spaces.
pub(super) fn folded(text: &str) -> String {
    letters(text).collect()
}

/// Whether a word is that one, which is folded already. Nothing is copied for it.
pub(super) fn is_folded_like(word: &str, folded: &str) -> bool {
    letters(word).eq(folded.chars())
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    // The half-space is left out or typed as a space as often as not.
    let words = text.split(|c: char| c.is_whitespace() || c == '\u{200c}');
    let words = words.filter(|word| !word.chars().all(is_direction_mark));
    words.enumerate().flat_map(|(place, word)| {
        let letters = word.chars().filter(|c| !is_direction_mark(*c));
        let folded = letters.map(|c| persian_letter(latin_digit(c))).flat_map(char::to_lowercase);
        (place > 0).then_some(' ').into_iter().chain(folded)
    })
}

/// A number in Persian digits.
pub(super) fn persian_digits(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0'..='9' => {
                char::from_u32(u32::from(c) - u32::from('0') + u32::from('۰')).unwrap_or(c)
            }
            other => other,
        })
        .collect()
}

/// What stands in a message of what somebody typed: not too long, on one line.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
    Cow::Owned(crate::document::short(text.trim()))
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn latin_digit(c: char) -> char {
    let zero = match c {
        '۰'..='۹' => '۰',
        '٠'..='٩' => '٠',
        other => return other,
    };
    char::from_u32(u32::from(c) - u32::from(zero) + u32::from('0')).unwrap_or(c)
}

fn persian_letter(c: char) -> char {
    match c {
        'ي' | 'ى' => 'ی',
        'ك' => 'ک',
        other => other,
    }
}
