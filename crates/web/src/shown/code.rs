//! The tracking code of a case: the end of its identifier, as it can be read out and typed.

use std::fmt::{self, Display};

use parvaneh_core::CaseId;

/// The last twelve digits of a case's identifier: `3F8A-21BC-90DE`. They are drawn at random, so that
/// two cases hardly ever share them, and a search finds a case by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code(String);

impl Code {
    /// Of a case.
    pub(crate) fn of(case: CaseId) -> Self {
        let digits = case.0.simple().to_string().to_uppercase();
        let digits = &digits[digits.len() - 12..];
        Self(format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..]))
    }

    /// Without mark-up.
    pub(crate) fn plain(&self) -> &str {
        &self.0
    }
}

impl Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hexadecimal digits and hyphens: nothing to escape.
        write!(f, "<bdi class=\"code\">{}</bdi>", self.0)
    }
}

impl askama::filters::HtmlSafe for Code {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_end_of_the_identifier_in_fours() {
        let case = CaseId("0190f1a2-0000-7000-8000-3f8a21bc90de".parse().unwrap());
        assert_eq!(Code::of(case).plain(), "3F8A-21BC-90DE");
        assert_eq!(Code::of(case).to_string(), "<bdi class=\"code\">3F8A-21BC-90DE</bdi>");
    }
}
