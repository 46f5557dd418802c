//! What a file is called: read from `Content-Disposition` (RFC 6266), cleaned, and told again. It
//! names nothing on our side.

use axum::http::HeaderValue;
use parvaneh_contents::Kind;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// As many characters as a name has at most.
const LONGEST: usize = 255;

/// What stands in an `ext-value` as it is (RFC 8187, 3.2.1).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The name in a `Content-Disposition`; `filename*` before `filename`.
pub(super) fn told(header: Option<&HeaderValue>) -> Option<String> {
    let text = std::str::from_utf8(header?.as_bytes()).ok()?;
    let mut plain = None;
    for (name, value) in parameters(text) {
        if name.eq_ignore_ascii_case("filename*") {
            // UTF-8''%D8%A7.pdf
            let mut parts = value.splitn(3, '\'');
            let (charset, encoded) = (parts.next()?, parts.nth(1)?);
            let decoded = percent_decode_str(encoded).decode_utf8().ok();
            if let (true, Some(name)) = (charset.eq_ignore_ascii_case("utf-8"), decoded) {
                return Some(name.into_owned());
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain = Some(value);
        }
    }
    plain
}

/// The parameters behind the type, their quotes taken off.
fn parameters(text: &str) -> Vec<(&str, String)> {
    let mut all = Vec::new();
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let mut read = String::new();
        rest = match value.strip_prefix('"') {
            None => {
                let (value, rest) = value.split_once(';').unwrap_or((value, ""));
                read.push_str(value.trim());
                rest
            }
            Some(quoted) => {
                let mut characters = quoted.char_indices();
                let mut end = quoted.len();
                while let Some((place, character)) = characters.next() {
                    match character {
                        '"' => {
                            end = place + 1;
                            break;
                        }
                        '\\' => read.extend(characters.next().map(|(_, character)| character)),
                        other => read.push(other),
                    }
                }
                quoted[end..].split_once(';').map_or("", |(_, rest)| rest)
            }
        };
        all.push((name.trim(), read));
    }
    all
}

/// The name as it is kept: without folders, and without what could make it look like another one.
pub(super) fn cleaned(name: Option<String>, kind: Kind) -> String {
    let name = name.unwrap_or_default();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|character| !is_hidden(*character)).collect();
    let kept: String = kept.trim().chars().take(LONGEST).collect();
    match kept.trim_end() {
        "" | "." | ".." => format!("document.{}", kind.name()),
        kept => kept.to_owned(),
    }
}

/// Controls, marks of direction, and what is no character. The half-space of Persian stays.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The `Content-Disposition` of an answer: a file to be kept, never a page to be shown.
pub(super) fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' })
        .collect();
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, ENCODED)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_and_cleaned() {
        for (header, expected) in [
            ("attachment; filename=charter.pdf", "charter.pdf"),
            ("attachment; filename=\"a; b=c.pdf\"; size=3", "a; b=c.pdf"),
            ("attachment; filename=\"say \\\"no\\\".pdf\"", "say \"no\".pdf"),
            (
                "attachment; filename=x.pdf; filename*=UTF-8''%D8%A7%D8%B3%D8%A7%D8%B3.pdf",
                "اساس.pdf",
            ),
            ("attachment; FileName*=utf-8'fa'%DB%8C%DA%A9.pdf", "یک.pdf"),
            ("attachment; filename=\"اساسنامه.pdf\"", "اساسنامه.pdf"),
            ("attachment; filename=\"../../etc/passwd\"", "passwd"),
            ("attachment; filename=\"C:\\\\Users\\\\me\\\\a.pdf\"", "a.pdf"),
            ("attachment; filename=\"..\"", "document.pdf"),
            ("attachment; filename=\"a/\"", "document.pdf"),
            ("attachment; filename*=UTF-8''harm%E2%80%AEfdp.exe", "harmfdp.exe"),
            ("attachment; filename*=UTF-8''a%00b%0D%0Ac.pdf", "abc.pdf"),
            ("attachment; filename*=UTF-8''%FF.pdf", "document.pdf"),
            ("attachment; filename*=nothing", "document.pdf"),
            ("attachment; filename=\"never closed", "never closed"),
            ("attachment", "document.pdf"),
            ("", "document.pdf"),
        ] {
            let header = HeaderValue::from_bytes(header.as_bytes()).unwrap();
            assert_eq!(cleaned(told(Some(&header)), Kind::Pdf), expected, "{header:?}");
        }
        assert_eq!(cleaned(None, Kind::Text), "document.txt");
        assert_eq!(cleaned(Some("ن".repeat(300)), Kind::Pdf).chars().count(), 255);
    }

    #[test]
    fn a_name_is_told_so_that_every_browser_understands_it() {
        let told_back = |name: &str| {
            let header = HeaderValue::from_str(&attachment(name)).unwrap();
            told(Some(&header)).unwrap()
        };
        for name in ["charter.pdf", "اساسنامهٔ انجمن.pdf", "a\"b;c=d%.pdf", "it's 100%.pdf"]
        {
            assert_eq!(told_back(name), name);
        }
        let plain = attachment("a\"\r\nset-cookie: x.pdf");
        assert!(plain.starts_with("attachment; filename=\"a___set-cookie_ x.pdf\";"), "{plain}");
    }
}
