//! What is no expression at all: too long, too deep, or not CEL.

use std::ops::Range;

use super::super::{Fault, MAX_BRACKETS, MAX_BYTES, code};
use crate::document::short;

/// What makes a text too much for the parser, which recurses: its length, and how deep brackets
/// stand in each other.
pub(super) fn bounded(what: &str, text: &str) -> Result<(), Fault> {
    let too_complex = |message: String| Fault {
        code: code::TOO_COMPLEX,
        range: 0..text.len(),
        message,
        help: Some("write several steps, or several guards".into()),
    };
    if text.len() > MAX_BYTES {
        let length = text.len();
        return Err(too_complex(format!("{what} has at most {MAX_BYTES} bytes, not {length}")));
    }
    let mut open = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for character in text.chars() {
        match (quote, character) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(with), c) if with == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            // A bracket that CEL opens in what looks like a text here (r'\', say) is counted by
            // nobody, but such prefixes are refused below.
            (None, '(' | '[' | '{') => open += 1,
            (None, ')' | ']' | '}') => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_BRACKETS {
            return Err(too_complex(format!("brackets stand deeper than {MAX_BRACKETS} levels")));
        }
    }
    // Raw, triple-quoted and byte texts would end elsewhere for CEL than for the count above; and
    // its conditional operator recurses without a bracket.
    let refused = |range: Range<usize>, message: &str, help: &str| Fault {
        code: code::NOT_ALLOWED,
        range,
        message: message.into(),
        help: Some(help.into()),
    };
    let mut quote = None;
    let mut before = ' ';
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(with) if with == character => quote = None,
            Some(_) => {}
            None => match character {
                '\'' | '"' => {
                    if before.is_ascii_alphanumeric() || before == '_' {
                        let message = "a text stands in plain quotes, without a letter before";
                        let help = "write 'text' or \"text\"";
                        return Err(refused(at - 1..at + 1, message, help));
                    }
                    if text[at..].starts_with("'''") || text[at..].starts_with("\"\"\"") {
                        let message = "a text stands in plain quotes, not in three";
                        return Err(refused(at..at + 3, message, "write 'text' or \"text\""));
                    }
                    quote = Some(character);
                }
                '?' => {
                    let message = &format!("{what} has no '?'");
                    let help = "write the two cases with && and ||";
                    return Err(refused(at..at + 1, message, help));
                }
                _ => {}
            },
        }
        before = character;
    }
    Ok(())
}

/// What the parser's words mean to somebody who writes a guard.
pub(super) fn syntax(what: &str, text: &str, (_, column): (isize, isize), message: &str) -> Fault {
    let skip = usize::try_from(column - 1).unwrap_or(0);
    let start = text.char_indices().nth(skip).map_or(text.trim_end().len(), |(at, _)| at);
    let quoted = |after: &str| {
        let rest = &message[message.find(after)? + after.len()..];
        rest.strip_prefix('\'').and_then(|rest| rest.split('\'').next()).map(str::to_owned)
    };
    let word = quoted("token recognition error at: ")
        .or_else(|| quoted("mismatched input "))
        .or_else(|| quoted("extraneous input "))
        .or_else(|| quoted("no viable alternative at input "));
    let (message, help) = match word.as_deref() {
        _ if message.contains("reserved identifier") => {
            let name = message.rsplit(' ').next().unwrap_or_default();
            (format!("'{name}' is a word of CEL"), Some(format!("name the field as data.`{name}`")))
        }
        _ if message.contains("has() macro") => {
            let message = "has() asks whether a field has been filled".to_owned();
            (message, Some("write has(data.<field>)".to_owned()))
        }
        Some("<EOF>") => {
            let help = "is something missing after an operator, or a closing bracket?";
            (format!("{what} ends too early here"), Some(help.to_owned()))
        }
        Some(word) => {
            let help = match word.trim() {
                "and" => Some("write && for 'and'"),
                "or" => Some("write || for 'or'"),
                "not" => Some("write ! for 'not'"),
                word if word.starts_with('=') => Some("write == to compare"),
                word if word.starts_with('&') => Some("write && for 'and'"),
                word if word.starts_with('|') => Some("write || for 'or'"),
                word if word.starts_with(['\'', '"']) => Some("is a closing quote missing?"),
                _ => None,
            };
            (format!("'{}' is not expected here", short(word)), help.map(str::to_owned))
        }
        None => ("this is not an expression".to_owned(), None),
    };
    // What is missing at the end is shown at the last character.
    let start = match text.get(start..).is_none_or(str::is_empty) {
        true => text.char_indices().next_back().map_or(0, |(at, _)| at),
        false => start,
    };
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    Fault { code: code::NOT_AN_EXPRESSION, range: start..start + length, message, help }
}
