//! What a content is: by its bytes, whatever it is called.

use crate::office::Archive;

/// How much of its beginning is looked at.
const HEAD: usize = 16 * 1024;
/// How much of its end is looked at: the list of what is in an office document stands there.
const TAIL: usize = 64 * 1024;

/// A kind of content that can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// PDF.
    Pdf,
    /// A picture in PNG.
    Png,
    /// A picture in JPEG.
    Jpeg,
    /// A picture in TIFF, as scanners write.
    Tiff,
    /// A text of Word and of others, without macros.
    Docx,
    /// A table of Excel and of others, without macros.
    Xlsx,
    /// Text in UTF-8.
    Text,
}

/// Why a content cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongKind {
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// It is none of the kinds that are known.
    #[error("the file is {}", found.as_deref().unwrap_or("of no known type"))]
    Unknown {
        /// What it looks like.
        found: Option<String>,
    },
    /// It does not end as its kind ends: cut off, or something else hangs behind it.
    #[error(
        "the file begins as {kind} and does not end as one: it is cut off, or holds something else"
    )]
    Broken {
        /// As what it begins.
        kind: Kind,
    },
    /// An office document with programs in it.
    #[error("the document holds macros")]
    Macros,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Pdf, Self::Png, Self::Jpeg, Self::Tiff, Self::Docx, Self::Xlsx, Self::Text];

    /// What it is called in settings; the end of a file's name, too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Tiff => "tiff",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Text => "txt",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Text => "text/plain",
        }
    }

    /// Whether a media type says that a content is of this kind, or says nothing at all.
    pub fn can_be_declared(self, media_type: &str) -> bool {
        let said = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        said.is_empty()
            || said == "application/octet-stream"
            || said == self.media_type()
            || (self == Self::Jpeg && said == "image/jpg")
    }
}

/// Looks at a content while it comes. Holds no more than some 80 KB of it.
#[derive(Debug, Default)]
pub struct Sniffer {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
    text: Text,
}

impl Sniffer {
    /// The next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&piece[..room.min(piece.len())]);
        let last = &piece[piece.len().saturating_sub(TAIL)..];
        let before = TAIL - last.len();
        if self.tail.len() > before {
            self.tail.drain(..self.tail.len() - before);
        }
        self.tail.extend_from_slice(last);
        self.text.push(piece);
    }

    /// What it is.
    ///
    /// # Errors
    /// See [`WrongKind`].
    pub fn finish(self) -> Result<Kind, WrongKind> {
        let Self { head, tail, size, text } = self;
        if size == 0 {
            return Err(WrongKind::Empty);
        }
        let holds = |part: &[u8], within: usize| {
            let last = &tail[tail.len().saturating_sub(within)..];
            last.windows(part.len()).any(|window| window == part)
        };
        let ends = |kind: Kind, well: bool| well.then_some(kind).ok_or(WrongKind::Broken { kind });
        let found = infer::get(&head).map(|found| found.mime_type().to_owned());
        match head.as_slice() {
            [b'%', b'P', b'D', b'F', b'-', ..] => ends(Kind::Pdf, holds(b"%%EOF", 1024)),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => {
                ends(Kind::Png, tail.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"))
            }
            // Cameras write something of their own behind the picture.
            [0xff, 0xd8, 0xff, ..] => ends(Kind::Jpeg, holds(&[0xff, 0xd9], TAIL)),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Ok(Kind::Tiff),
            [b'P', b'K', 3, 4, ..] => match Archive::read(&tail, size) {
                None => Err(WrongKind::Unknown { found }),
                Some(archive) => archive.kind().ok_or(WrongKind::Unknown { found })?,
            },
            _ => {
                // Some words are also the beginning of a picture; mark-up and scripts are no words.
                let is_markup = found
                    .as_deref()
                    .is_some_and(|found| found.starts_with("text/") || found == "application/pdf");
                let begins = head.trim_ascii_start().first();
                match text.is_plain() && !is_markup && begins != Some(&b'<') {
                    true => Ok(Kind::Text),
                    false => Err(WrongKind::Unknown { found }),
                }
            }
        }
    }
}

/// Whether everything is text: UTF-8, without controls.
#[derive(Debug, Default)]
struct Text {
    /// The beginning of a character whose end is still to come.
    open: Vec<u8>,
    broken: bool,
}

impl Text {
    fn push(&mut self, piece: &[u8]) {
        if self.broken {
            return;
        }
        let joined;
        let bytes = match self.open.is_empty() {
            true => piece,
            false => {
                joined = [&self.open, piece].concat();
                &joined
            }
        };
        let (text, rest) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, &[][..]),
            Err(error) if error.error_len().is_none() => {
                let (text, rest) = bytes.split_at(error.valid_up_to());
                (std::str::from_utf8(text).unwrap_or_default(), rest)
            }
            Err(_) => {
                self.broken = true;
                return;
            }
        };
        self.broken =
            text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c'));
        self.open = rest.to_vec();
    }

    fn is_plain(&self) -> bool {
        !self.broken && self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::tests::archive;

    fn sniffed(bytes: &[u8], piece: usize) -> Result<Kind, WrongKind> {
        let mut sniffer = Sniffer::default();
        bytes.chunks(piece).for_each(|piece| sniffer.push(piece));
        sniffer.finish()
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82";

    fn samples() -> Vec<(Kind, Vec<u8>)> {
        let word = archive(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"]);
        let table = archive(&["[Content_Types].xml", "xl/workbook.xml"]);
        vec![
            (Kind::Pdf, b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n".to_vec()),
            (Kind::Png, PNG.to_vec()),
            (Kind::Jpeg, b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\xff\xd9".to_vec()),
            (Kind::Tiff, b"II*\0\x08\0\0\0\0\0".to_vec()),
            (Kind::Tiff, b"MM\0*\0\0\0\x08\0\0".to_vec()),
            (Kind::Docx, word),
            (Kind::Xlsx, table),
            (Kind::Text, "اساسنامهٔ انجمن\r\n\tمادهٔ ۱".as_bytes().to_vec()),
            (Kind::Text, b"BM is also how a bitmap begins".to_vec()),
        ]
    }

    #[test]
    fn every_kind_is_told_however_it_comes() {
        for (kind, bytes) in samples() {
            for piece in [1, 2, 3, 7, 100, 100_000] {
                assert_eq!(sniffed(&bytes, piece), Ok(kind), "{kind} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_begins_or_ends_as_something_else_is_not_taken() {
        let wrong: &[(&str, Vec<u8>)] = &[
            ("nothing", Vec::new()),
            ("a program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0".to_vec()),
            ("a program of Windows", [b"MZ".to_vec(), vec![0; 200]].concat()),
            ("a page", b"<!DOCTYPE html><script>alert(1)</script>".to_vec()),
            ("a drawing that can run", b"<?xml version='1.0'?><svg onload='alert(1)'/>".to_vec()),
            ("a page before a PDF", b"<html><script>1</script>%PDF-1.7\n%%EOF".to_vec()),
            ("a script before a PDF", b"#!/bin/sh\n%PDF-1.7\n%%EOF".to_vec()),
            ("a picture before an archive", [PNG.to_vec(), archive(&["a.class"])].concat()),
            ("an archive", archive(&["META-INF/MANIFEST.MF", "Main.class"])),
            ("an archive that is called a document", archive(&["word/document.xml.exe", "a"])),
            (
                "macros",
                archive(&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"]),
            ),
            ("a text with controls", b"hello\x1b[31m".to_vec()),
            ("a text of another encoding", vec![0xc7, 0xd3, 0xc7, 0xd3, 0x0a]),
            ("half a letter", "سلام".as_bytes()[..7].to_vec()),
        ];
        for (what, bytes) in wrong {
            for piece in [1, 5, 100_000] {
                assert!(sniffed(bytes, piece).is_err(), "{what}: {:?}", sniffed(bytes, piece));
            }
        }
        let cut = |kind, bytes: &[u8]| {
            let cut = &bytes[..bytes.len() - 7];
            assert_eq!(sniffed(cut, 10), Err(WrongKind::Broken { kind }));
        };
        cut(Kind::Png, PNG);
        cut(Kind::Pdf, &samples()[0].1);
    }

    /// Whatever comes, it is told what it is or that it is nothing: no beginning and no single other
    /// byte makes the program fall.
    #[test]
    fn no_content_makes_it_fall() {
        for (_, bytes) in samples() {
            for length in 0..bytes.len() {
                let _ = sniffed(&bytes[..length], 64);
                let mut other = bytes.clone();
                other[length] ^= 0xff;
                let _ = sniffed(&other, 64);
                other[length] = 0;
                let _ = sniffed(&other, 64);
            }
        }
    }

    #[test]
    fn the_end_of_a_long_one_is_held_and_no_more() {
        let mut long = b"%PDF-1.7\n".to_vec();
        long.resize(3 * TAIL + 5, b' ');
        long.extend_from_slice(b"%%EOF");
        for piece in [1000, TAIL - 1, TAIL, TAIL + 1, 4 * TAIL] {
            let mut sniffer = Sniffer::default();
            for piece in long.chunks(piece) {
                sniffer.push(piece);
                assert!(sniffer.tail.len() <= TAIL && sniffer.head.len() <= HEAD);
            }
            assert_eq!(sniffer.tail, long[long.len() - TAIL..]);
            assert_eq!(sniffer.finish(), Ok(Kind::Pdf));
        }
    }

    #[test]
    fn what_is_declared_must_be_what_it_is() {
        assert!(Kind::Pdf.can_be_declared("application/PDF; charset=binary"));
        assert!(Kind::Pdf.can_be_declared("application/octet-stream"));
        assert!(Kind::Jpeg.can_be_declared("image/jpg"));
        assert!(!Kind::Text.can_be_declared("text/html"));
        assert!(!Kind::Pdf.can_be_declared("image/png"));
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
            assert!(kind.can_be_declared(kind.media_type()));
        }
    }
}
