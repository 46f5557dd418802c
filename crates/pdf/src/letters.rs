//! Letters as they can be set: none that the font lacks, none that turns the line around.

/// As many letters without a place to break stay together.
const LONGEST_WORD: usize = 40;

/// A text with only what can be set. What the font has no letter for becomes its code point (`[1F600]`): a blank would hide
/// that something was written.
pub(crate) fn settable(text: &str, has: &impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut isolates, mut word) = (0_usize, 0_usize);
    for letter in text.chars() {
        match letter {
            '\n' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\t' => out.push(' '),
            // Those that need no end are known to end with their line; those that turn what follows around are not let in.
            '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' => continue,
            '\u{2066}'..='\u{2068}' => {
                isolates += 1;
                out.push(letter);
            }
            '\u{2069}' => {
                if isolates == 0 {
                    continue;
                }
                isolates -= 1;
                out.push(letter);
            }
            // Joins and parts letters: Persian is not written without.
            '\u{200c}' | '\u{200d}' => out.push(letter),
            // Is seen nowhere: byte order marks, soft hyphens, the colour of an emoji.
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => continue,
            _ if letter.is_control() => {}
            // An arrow says where something leads, and the font has none.
            '→' | '←' if !has(letter) => out.push('›'),
            _ if has(letter) => out.push(letter),
            _ => out.push_str(&format!("[{:04X}]", u32::from(letter))),
        }
        word = if letter.is_whitespace() { 0 } else { word + 1 };
        if word > LONGEST_WORD {
            // A place to break.
            out.push('\u{200b}');
            word = 0;
        }
    }
    out.extend(std::iter::repeat_n('\u{2069}', isolates));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_set_is_told_and_nothing_turns_the_line_around() {
        let has = |letter: char| letter.is_ascii() || ('\u{600}'..'\u{700}').contains(&letter);
        for (text, set) in [
            ("می\u{200c}شود", "می\u{200c}شود"),
            ("a\u{202e}b\u{2069}c", "abc"),
            ("\u{2068}a", "\u{2068}a\u{2069}"),
            ("😀!", "[1F600]!"),
            ("a\u{0}\tb\nc", "a b\nc"),
        ] {
            assert_eq!(settable(text, &has), set);
        }
        let long = settable(&"x".repeat(100), &has);
        assert!(long.split('\u{200b}').all(|part| part.len() <= LONGEST_WORD + 1));
    }
}
