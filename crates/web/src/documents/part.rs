//! Which part of a file is asked for (RFC 9110, 14): one part of its bytes, or all of it.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// What of a file goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes, of which there is one at least.
    Bytes(Range<u64>),
    /// None of it: what is asked for lies behind its end.
    Nothing,
}

/// What is asked for of a file with that entity tag and so many bytes. What cannot be read, several parts
/// at once, and a part of another file than this (`If-Range`) are answered with all of it, as the
/// standard has it.
pub(super) fn asked(headers: &HeaderMap, tag: &str, size: u64) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(header::RANGE) else { return Part::Whole };
    if headers.contains_key(header::IF_RANGE) && text(header::IF_RANGE) != Some(tag) {
        return Part::Whole;
    }
    let Some((unit, range)) = range.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    let Some((first, last)) = range.trim().split_once('-') else { return Part::Whole };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Part::Whole,
        (Some(first), _) if first >= size => Part::Nothing,
        (Some(first), Some(last)) => Part::Bytes(first..last.saturating_add(1).min(size)),
        (Some(first), None) if last.is_empty() => Part::Bytes(first..size),
        (None, Some(0)) if first.is_empty() => Part::Nothing,
        (None, Some(count)) if first.is_empty() => Part::Bytes(size.saturating_sub(count)..size),
        _ => Part::Whole,
    }
}

/// Digits only; what is longer than any file is as long as any.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str, if_range: Option<&str>) -> Part {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        if let Some(tag) = if_range {
            headers.insert(header::IF_RANGE, tag.parse().unwrap());
        }
        asked(&headers, "\"tag\"", 100)
    }

    #[test]
    fn one_part_is_given_and_everything_else_is_all_or_nothing() {
        for (range, part) in [
            ("bytes=0-0", Part::Bytes(0..1)),
            ("bytes=10-19", Part::Bytes(10..20)),
            ("Bytes = 10-19", Part::Bytes(10..20)),
            ("bytes=10-", Part::Bytes(10..100)),
            ("bytes=99-500", Part::Bytes(99..100)),
            ("bytes=0-18446744073709551615", Part::Bytes(0..100)),
            ("bytes=0-99999999999999999999999", Part::Bytes(0..100)),
            ("bytes=-1", Part::Bytes(99..100)),
            ("bytes=-500", Part::Bytes(0..100)),
            ("bytes=100-", Part::Nothing),
            ("bytes=100-200", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=20-10", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("bytes", Part::Whole),
        ] {
            assert_eq!(of(range, None), part, "{range}");
        }
        assert_eq!(asked(&HeaderMap::new(), "\"tag\"", 100), Part::Whole);
        assert_eq!(of("bytes=0-1", Some("\"tag\"")), Part::Bytes(0..2));
        for other in ["\"another\"", "W/\"tag\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(of("bytes=0-1", Some(other)), Part::Whole, "{other}");
        }
    }
}
