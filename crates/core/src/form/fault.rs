//! What is wrong with what was given.

use serde::Serialize;

use crate::{DocumentId, definition::Text};

/// One thing that is wrong with what was given, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The field, as the caller named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The kind of paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentId>,
    /// A stable code for programs.
    pub code: FaultCode,
    /// What is wrong, in Persian.
    pub fa: String,
    /// What is wrong, in English.
    pub en: String,
}

impl Fault {
    /// A fault of a field.
    pub(crate) fn of_field(field: &str, code: FaultCode, text: Text) -> Self {
        let Text { fa, en } = text;
        Self { field: Some(field.to_owned()), document: None, code, fa, en }
    }

    /// A fault of a paper, in the words of its kind.
    pub(crate) fn of_document(
        document: &DocumentId,
        title: &Text,
        code: FaultCode,
        fa: &str,
        en: &str,
    ) -> Self {
        let (fa, en) = (format!("{}: {fa}", title.fa), format!("{}: {en}", title.en));
        Self { field: None, document: Some(document.clone()), code, fa, en }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let document = self.document.as_ref().map(DocumentId::as_str);
        let of = self.field.as_deref().or(document).unwrap_or_default();
        write!(f, "{of}: {} ({})", self.en, self.code)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The stable codes of faults.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FaultCode { $($(#[$doc])* $name,)* }

        impl FaultCode {
            /// Every code, in the order of `docs/WORKFLOWS.md`.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as programs see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// A value is missing.
    Required = "required",
    /// No form has that field.
    UnknownField = "unknown_field",
    /// The field is not filled in here.
    NotHere = "not_here",
    /// The field follows from others, and nobody fills it in.
    Computed = "computed",
    /// Not a text.
    NotText = "not_text",
    /// A character that cannot stand in a text.
    BadCharacter = "bad_character",
    /// The text is too short.
    TooShort = "too_short",
    /// The text is too long.
    TooLong = "too_long",
    /// Not a number.
    NotANumber = "not_a_number",
    /// More digits after the point than are kept there.
    TooManyDecimals = "too_many_decimals",
    /// Not a whole amount of rials.
    NotAnAmount = "not_an_amount",
    /// An amount in tomans: it is given in rials.
    NotInRials = "not_in_rials",
    /// The number or the amount is too small.
    TooSmall = "too_small",
    /// The number or the amount is too large.
    TooLarge = "too_large",
    /// Not a date, or a day that does not exist.
    NotADate = "not_a_date",
    /// The day lies too early.
    TooEarly = "too_early",
    /// The day lies too late.
    TooLate = "too_late",
    /// Not one of what can be chosen.
    NoSuchChoice = "no_such_choice",
    /// Not ten digits.
    NotANationalId = "not_a_national_id",
    /// Not eleven digits.
    NotALegalId = "not_a_legal_id",
    /// The check digit does not fit: a digit is wrong.
    WrongCheckDigit = "wrong_check_digit",
    /// Not a telephone number.
    NotAPhone = "not_a_phone",
    /// Not a file with name, type, size and hash.
    NotAFile = "not_a_file",
    /// Neither yes nor no.
    NotYesOrNo = "not_yes_or_no",
    /// The procedure asks for no such paper.
    UnknownDocument = "unknown_document",
    /// The paper was not handed in.
    NotAttached = "not_attached",
    /// Nobody has looked at the paper yet.
    NotVerified = "not_verified",
    /// Who looked at the paper refused it.
    PaperRefused = "paper_refused",
    /// It is too long since the paper was issued.
    Expired = "expired",
    /// The paper needs the day of its issue.
    IssueDayNeeded = "issue_day_needed",
    /// The paper is handed in in more copies.
    TooFewCopies = "too_few_copies",
    /// The paper is not taken as a file of that type.
    PaperType = "paper_type",
    /// The file is longer than the paper may be.
    PaperTooLong = "paper_too_long",
}

impl std::fmt::Display for FaultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FaultCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
