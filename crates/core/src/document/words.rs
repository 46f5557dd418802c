//! Words of a file in messages: what was probably meant, and how it is quoted.

use std::fmt::Display;

use super::tree::is_refused;

/// Among how many words a near one is looked for.
const MOST_CANDIDATES: usize = 400;

/// The candidate that is so near to `text` that it was probably meant. It is looked for among the
/// first few hundred only: a hostile file could make that slow.
pub fn did_you_mean<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if text.len() > 64 {
        return None;
    }
    let lower = text.to_lowercase();
    // One slip in a short word, two or more in a longer one; never so many that all is different.
    let allowed = (text.chars().count() / 3).max(1);
    candidates
        .take(MOST_CANDIDATES)
        .filter(|candidate| candidate.len().abs_diff(text.len()) <= 2 * allowed)
        .filter(|candidate| candidate.len() <= 64 && *candidate != text)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `'a', 'b' and 'c'`, or the first dozen of them.
pub(crate) fn listed(words: impl Iterator<Item = impl Display>) -> String {
    let mut words: Vec<_> = words.map(|word| format!("'{word}'")).collect();
    if words.len() > 12 {
        let more = words.len() - 11;
        words.truncate(11);
        return format!("{} and {more} more", words.join(", "));
    }
    match words.pop() {
        None => "nothing".to_owned(),
        Some(only) if words.is_empty() => only,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}

/// A text of the file as it can stand in a message: not too long, without line breaks.
pub(crate) fn short(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(40)
        .map(|c| if c.is_control() || is_refused(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}
