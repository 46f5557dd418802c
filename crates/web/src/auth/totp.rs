//! Codes that change every half minute (RFC 6238): SHA-1, six digits, as every app reads them.

use ring::hmac;

/// For how many seconds a code stands.
const STEP: u64 = 30;
/// A clock may be so many steps before or behind ours.
const DRIFT: u64 = 1;
/// How many bytes a secret has (RFC 4226, 4, R6: as many as the hash).
pub(crate) const SECRET: usize = 20;

/// The step in which a second since 1970 lies.
fn step_of(second: u64) -> u64 {
    second / STEP
}

/// The code of a step (RFC 4226, 5.3).
fn code(secret: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
    let part = bytes.get(offset..offset + 4).and_then(|part| part.try_into().ok());
    (u32::from_be_bytes(part.unwrap_or_default()) & 0x7fff_ffff) % 1_000_000
}

/// The six digits that somebody typed, in Latin, Persian or Arabic figures.
pub(crate) fn read(text: &str) -> Option<u32> {
    let digits = text.chars().filter(|letter| !letter.is_whitespace()).map(|letter| {
        let figure = match letter {
            '۰'..='۹' => u32::from(letter) - u32::from('۰'),
            '٠'..='٩' => u32::from(letter) - u32::from('٠'),
            _ => letter.to_digit(10)?,
        };
        Some(figure)
    });
    let digits: Vec<u32> = digits.collect::<Option<_>>()?;
    (digits.len() == 6).then(|| digits.iter().fold(0, |code, digit| code * 10 + digit))
}

/// The step for which that is the code, near a second since 1970.
pub(crate) fn matching(secret: &[u8], typed: u32, second: u64) -> Option<u64> {
    let now = step_of(second);
    // Every step is looked at, whichever fits: nothing is learnt from how long it takes.
    let steps = now.saturating_sub(DRIFT)..=now + DRIFT;
    steps.fold(None, |found, step| if code(secret, step) == typed { Some(step) } else { found })
}

/// What an app reads, usually from a picture (the key URI format).
pub(crate) fn uri(secret: &[u8], site: &str, login: &str) -> String {
    let (site, login) = (escaped(site), escaped(login));
    let secret = base32(secret);
    format!(
        "otpauth://totp/{site}:{login}?secret={secret}&issuer={site}&algorithm=SHA1&digits=6&period=30"
    )
}

/// RFC 4648, 6, without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(LETTERS[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(LETTERS[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// RFC 3986, 2.1: everything that is not unreserved.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B (the last six of its eight digits).
    #[test]
    fn the_codes_of_the_standard() {
        let secret = b"12345678901234567890";
        for (second, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code(secret, step_of(second)), expected, "{second}");
            assert_eq!(matching(secret, expected, second), Some(step_of(second)));
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_off_and_no_more() {
        let secret = b"12345678901234567890";
        let typed = code(secret, 1000);
        for (second, found) in [
            (999 * STEP, true),
            (1000 * STEP + 29, true),
            (1001 * STEP + 29, true),
            (998 * STEP + 29, false),
            (1002 * STEP, false),
        ] {
            assert_eq!(matching(secret, typed, second).is_some(), found, "{second}");
        }
    }

    #[test]
    fn six_digits_of_any_script() {
        for (typed, read_as) in [
            ("012345", Some(12_345)),
            ("۰۱۲ ۳۴۵", Some(12_345)),
            ("٠١٢٣٤٥", Some(12_345)),
            ("12345", None),
            ("1234567", None),
            ("12345a", None),
            ("ABCD-EFGH-IJKL-MNOP", None),
            ("", None),
        ] {
            assert_eq!(read(typed), read_as, "{typed}");
        }
    }

    /// RFC 4648, 10.
    #[test]
    fn base32_as_in_the_standard() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let uri = uri(b"12345678901234567890", "licences.example", "سارا:a&b");
        assert_eq!(
            uri,
            "otpauth://totp/licences.example:%D8%B3%D8%A7%D8%B1%D8%A7%3Aa%26b\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=licences.example\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
