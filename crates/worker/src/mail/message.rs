//! A mail as bytes: headers that nobody can add to, a text and the same as HTML.

use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use parvaneh_store::Language;

use super::{message_id, text::Written};

/// Something to be mailed.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// Where to.
    pub to: &'a str,
    /// Why: the same reason gives the same `Message-ID`.
    pub reason: &'a str,
    /// In which language.
    pub language: Language,
    /// What it says.
    pub written: Written,
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an e-mail address that can be written to")]
pub struct BadAddress(pub String);

/// Whether a text is the address of one person: `name@host`, without a display name.
///
/// # Errors
/// [`BadAddress`].
pub fn check_address(text: &str) -> Result<Address, BadAddress> {
    let bad = || BadAddress(text.chars().filter(|c| !c.is_control()).collect());
    if text.len() > 254 || !text.is_ascii() || text.chars().any(char::is_control) {
        return Err(bad());
    }
    text.parse::<Address>().map_err(|_| bad())
}

/// A mail with its envelope.
#[derive(Clone, Debug)]
pub(super) struct Bytes {
    pub(super) envelope: Envelope,
    pub(super) content: Vec<u8>,
}

/// Tells other programs that nobody should answer by a program (RFC 3834).
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// In which language it is (RFC 3282).
#[derive(Clone, Debug)]
struct ContentLanguage(&'static str);

impl Header for ContentLanguage {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(if text == "en" { "en" } else { "fa" }))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}

pub(super) fn write(mail: &Mail<'_>, from: &Mailbox) -> Result<Bytes, BadAddress> {
    let to = check_address(mail.to)?;
    let Written { subject, text, html } = &mail.written;
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(one_line(subject))
        .message_id(Some(message_id(mail.reason, from.email.domain())))
        .header(AutoSubmitted)
        .header(ContentLanguage(mail.language.as_str()))
        .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
        .map_err(|_| BadAddress(mail.to.to_owned()))?;
    Ok(Bytes { envelope: message.envelope().clone(), content: message.formatted() })
}

/// What goes into a header comes from people: one line, without what is not text, and not endless.
fn one_line(text: &str) -> String {
    let clean = |c: char| if c.is_control() || is_direction(c) { ' ' } else { c };
    let words: String = text.chars().map(clean).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Marks that turn the direction of what follows, and line separators: by them a subject could show
/// what it does not say. (The joiners that Persian needs stay.)
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(subject: &str, to: &str) -> Result<String, BadAddress> {
        let written = Written {
            subject: subject.to_owned(),
            text: "یک خط\n.\nBcc: x@example.org\n".to_owned(),
            html: "<p>یک خط</p>".to_owned(),
        };
        let mail = Mail { to, reason: "email:1:2:3", language: Language::Fa, written };
        let from: Mailbox = "Parvaneh <parvaneh@example.org>".parse().unwrap();
        write(&mail, &from).map(|bytes| String::from_utf8(bytes.content).unwrap())
    }

    fn headers(mail: &str) -> Vec<String> {
        let head = mail.split("\r\n\r\n").next().unwrap();
        // Folded lines belong to the one before.
        let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        names.map(|line| line.split(':').next().unwrap().to_lowercase()).collect()
    }

    #[test]
    fn a_subject_adds_no_header_whatever_it_holds() {
        let plain = headers(&bytes("مجوز انجمن یاری کودکان", "a@example.org").unwrap());
        for subject in [
            "x\r\nBcc: thief@example.org",
            "x\nBcc: thief@example.org\n\n<script>",
            "x\rBcc: thief@example.org",
            "x\u{2028}Bcc: thief@example.org",
            "x\u{85}Bcc: thief@example.org",
            "\0\u{1b}[31m",
            "=?utf-8?q?=0D=0ABcc:_thief@example.org?=",
            &"دراز ".repeat(500),
            "\u{202e}moc.elpmaxe\u{2066}",
            "",
        ] {
            let mail = bytes(subject, "a@example.org").unwrap();
            assert_eq!(headers(&mail), plain, "{subject:?}: {mail}");
        }
        assert!(plain.contains(&"message-id".to_owned()), "{plain:?}");
        assert!(plain.contains(&"auto-submitted".to_owned()), "{plain:?}");
    }

    #[test]
    fn every_attempt_bears_the_same_identity() {
        let id = |mail: &str| {
            let line = mail.split("\r\n").find(|line| line.starts_with("Message-ID:"));
            line.unwrap().to_owned()
        };
        let (one, two) = (bytes("x", "a@example.org"), bytes("y", "a@example.org"));
        let (one, two) = (id(&one.unwrap()), id(&two.unwrap()));
        assert_eq!(one, two);
        assert!(one.ends_with("@example.org>"), "{one}");
        assert_ne!(message_id("a", "x"), message_id("b", "x"));
    }

    #[test]
    fn an_address_is_one_address() {
        for good in ["a@example.org", "maryam.rezaei+x@sub.example.org"] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b",
            "a@b@c",
            "a b@example.org",
            "a@example.org, b@example.org",
            "a@example.org\r\nRCPT TO:<b@example.org>",
            "A <a@example.org>",
            "a@exa mple.org",
            "a@example.org>",
            "م@example.org",
        ] {
            assert!(check_address(bad).is_err(), "{bad:?}");
            assert!(bytes("x", bad).is_err(), "{bad:?}");
        }
    }
}
