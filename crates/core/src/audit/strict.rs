//! Whether bytes are canonical JSON (RFC 8785) with whole numbers only: looked at once, without
//! building anything of them.

use std::cmp::Ordering;

/// Arrays and objects may stand in each other so deep.
const DEEPEST: usize = 64;
/// The greatest whole number that every reader of JSON keeps exactly: 2^53 - 1.
const GREATEST: u64 = (1 << 53) - 1;

/// Whether `text` is one JSON value in its canonical form, and holds no number with a fraction or
/// beyond ±(2^53 - 1).
pub fn is_canonical(text: &str) -> bool {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    scan.value(0).is_some() && scan.at == text.len()
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Scan<'t> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(|_| ()),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        let mut before: Option<&[u8]> = None;
        loop {
            let name = self.string()?;
            if before.is_some_and(|before| order(before, name) != Ordering::Less) {
                return None;
            }
            before = Some(name);
            self.take(b':')?;
            self.value(depth + 1)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => return self.take(b'}'),
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => return self.take(b']'),
                _ => return None,
            }
        }
    }

    /// A string; what stands between its quotes, with its escapes.
    fn string(&mut self) -> Option<&'t [u8]> {
        self.take(b'"')?;
        let from = self.at;
        loop {
            // Most of a bundle are long strings in which nothing is escaped: sixteen bytes at a time.
            let (chunks, _) = self.bytes[self.at..].as_chunks::<16>();
            self.at += 16 * chunks.iter().take_while(|chunk| is_plain(chunk)).count();
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Some(&self.bytes[from..self.at - 1]);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// Only what must be escaped is, and in the shortest way.
    fn escape(&mut self) -> Option<()> {
        let escaped = *self.bytes.get(self.at + 1)?;
        self.at += 2;
        match escaped {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let code = self.bytes.get(self.at..self.at + 4)?;
                self.at += 4;
                let has_a_letter = matches!(code, b"0008" | b"0009" | b"000a" | b"000c" | b"000d");
                let is_control = code.starts_with(b"00")
                    && matches!(code[2], b'0' | b'1')
                    && matches!(code[3], b'0'..=b'9' | b'a'..=b'f');
                (is_control && !has_a_letter).then_some(())
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let negative = self.take(b'-').is_some();
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.bytes[from..self.at];
        if digits.is_empty() || digits.len() > 16 {
            return None;
        }
        let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        let alone = digits.len() == 1 || digits[0] != b'0';
        (alone && number <= GREATEST && !(negative && number == 0)).then_some(())
    }
}

/// Whether neither the end of a string nor anything that would have to be escaped is among them.
fn is_plain(chunk: &[u8; 16]) -> bool {
    chunk
        .iter()
        .fold(true, |plain, byte| plain & (*byte != b'"') & (*byte != b'\\') & (*byte > 0x1f))
}

/// The order of two names: by the UTF-16 of what they say.
fn order(one: &[u8], other: &[u8]) -> Ordering {
    let plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
    if plain(one) && plain(other) {
        return one.cmp(other);
    }
    units(one).cmp(&units(other))
}

fn units(name: &[u8]) -> Vec<u16> {
    let quoted: Vec<u8> = [b"\"", name, b"\""].concat();
    let text: String = serde_json::from_slice(&quoted).unwrap_or_default();
    text.encode_utf16().collect()
}

#[cfg(test)]
mod tests {
    use super::is_canonical;

    #[test]
    fn what_is_canonical_is_and_what_is_not_is_not() {
        for good in [
            "null",
            "0",
            "-1",
            "9007199254740991",
            r#""""#,
            r#"{"a":1,"b":[true,false,{}]}"#,
            r#""\u0000\u001f\n\t\"\\ / é سلام""#,
            "\"\u{7f}\"",
            // By UTF-16, U+1F600 (D83D …) stands before U+FB33.
            "{\"\u{1f600}\":1,\"\u{fb33}\":2}",
        ] {
            assert!(is_canonical(good), "{good}");
        }
        for bad in [
            "",
            " 1",
            "1 ",
            "01",
            "-0",
            "1.0",
            "1e3",
            "9007199254740992",
            "99999999999999999999999",
            "[1, 2]",
            "[1,]",
            "{}}",
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":2}"#,
            r#""\/""#,
            r#""\u000a""#,
            r#""\u001F""#,
            r#""\u0041""#,
            r#""\ud83d\ude00""#,
            "\"\u{1}\"",
            "{\"\u{fb33}\":1,\"\u{1f600}\":2}",
            "nul",
            "\"a",
        ] {
            assert!(!is_canonical(bad), "{bad}");
        }
        assert!(!is_canonical(&"[".repeat(100_000)), "deep nesting is refused, not followed");
    }
}
