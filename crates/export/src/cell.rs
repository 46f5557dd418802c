//! Cells of comma-separated values that no spreadsheet takes for a formula.
//!
//! Spreadsheets run what a cell begins with `=`, `+`, `-` or `@`, also behind spaces and in full width; where their
//! separator is another than ours, a cell begins wherever that stands in ours. So a quotation mark, by which they know
//! a text, is set before such a sign wherever a cell can begin. A number is a number, and stays.

/// Whether a sign makes a formula of a cell that begins with it.
fn begins_formula(sign: char) -> bool {
    matches!(
        sign,
        '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '−' | '﹢' | '﹣' | '﹦' | '﹫'
    )
}

/// Whether it is not seen: then what stands behind it may be what the cell begins with.
fn is_blank(sign: char) -> bool {
    sign.is_whitespace()
        || matches!(sign, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || sign.is_control()
}

/// Whether another cell may begin behind it.
fn ends_cell(sign: char) -> bool {
    matches!(sign, ';' | '؛' | '\t' | '\n' | '\r')
}

/// `-12.5`, and nothing around it.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|sign| sign.is_ascii_digit());
    digits(whole) && digits(part)
}

/// The text, with a mark wherever a spreadsheet would see a formula begin.
pub fn guarded(text: &str) -> std::borrow::Cow<'_, str> {
    if !needs_guard(text) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 4);
    // What a cell begins with and nobody sees.
    let mut beginning = true;
    for (place, sign) in text.char_indices() {
        let starts = place == 0 && (matches!(sign, '\t' | '\r' | '\n'));
        if starts || (beginning && begins_formula(sign)) {
            safe.push('\'');
        }
        beginning = ends_cell(sign) || (beginning && is_blank(sign));
        safe.push(sign);
    }
    safe.into()
}

fn needs_guard(text: &str) -> bool {
    let mut beginning = true;
    for (place, sign) in text.char_indices() {
        if place == 0 && matches!(sign, '\t' | '\r' | '\n') {
            return true;
        }
        if beginning && begins_formula(sign) {
            return !is_number(text);
        }
        beginning = ends_cell(sign) || (beginning && is_blank(sign));
    }
    false
}

/// Writes a text as a cell.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    let safe = guarded(text);
    let quoted =
        safe.bytes().any(|byte| matches!(byte, b'"' | b',' | b';' | b'\n' | b'\r' | b'\t'))
            || safe.starts_with(' ')
            || safe.ends_with(' ');
    if !quoted {
        out.extend_from_slice(safe.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in safe.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        for (given, safe) in [
            ("=1+1", "'=1+1"),
            ("+98 21", "'+98 21"),
            ("+982112345", "'+982112345"),
            ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\rx", "'\rx"),
            ("\n@x", "'\n'@x"),
            ("  =1", "  '=1"),
            ("\u{3000}=1", "\u{3000}'=1"),
            ("\u{a0}\u{200f}=1", "\u{a0}\u{200f}'=1"),
            ("\u{feff}=1", "\u{feff}'=1"),
            ("\u{7}=1", "\u{7}'=1"),
            ("＝HYPERLINK(1)", "'＝HYPERLINK(1)"),
            ("－1", "'－1"),
            ("ساز;=1+1", "ساز;'=1+1"),
            ("a\n=1", "a\n'=1"),
            ("a;\u{200c} @x", "a;\u{200c} '@x"),
            ("--5", "'--5"),
            ("-5-5", "'-5-5"),
            ("-", "'-"),
        ] {
            assert_eq!(guarded(given), safe, "{given:?}");
        }
        for same in ["", "-5", "-12.50", "12", "a=b", "سمن", "۱۲-۳", "2024-04-20", "a-b;c", "'=1"]
        {
            assert_eq!(guarded(same), same);
        }
    }

    #[test]
    fn a_cell_reads_back_as_it_was_guarded() {
        for given in
            ["a,b", "say \"x\"", "two\nlines", " lead", "trail ", "a;b", "=\"x\",1", "plain"]
        {
            let mut out = Vec::new();
            text(given, &mut out);
            out.extend_from_slice(b",end\r\n");
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
            let row = reader.records().next().unwrap().unwrap();
            assert_eq!(&row[0], guarded(given));
            assert_eq!((&row[1], row.len()), ("end", 2));
        }
    }
}
