//! Office documents (ISO/IEC 29500): archives whose list of contents tells what they are.
//!
//! Nothing is unpacked here: the list stands uncompressed at the end (APPNOTE.TXT 4.3.12, 4.3.16).

use crate::{Kind, WrongKind};

/// The names in an archive.
#[derive(Debug)]
pub(crate) struct Archive<'a> {
    names: Vec<&'a [u8]>,
}

/// How long the end of the list is, when no remark follows it.
const END: usize = 22;
/// How long an entry is without its name.
const ENTRY: usize = 46;

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes: [u8; N] = bytes.get(at..at + N)?.try_into().ok()?;
    let mut wide = [0; 8];
    wide[..N].copy_from_slice(&bytes);
    Some(u64::from_le_bytes(wide))
}

impl<'a> Archive<'a> {
    /// The list of an archive of that length that ends like this; `None` where there is none, where
    /// the end does not hold all of it, or where something else stands before or behind.
    pub(crate) fn read(tail: &'a [u8], size: u64) -> Option<Self> {
        let end = tail.get(tail.len().checked_sub(END)?..)?;
        let no_remark = number::<2>(end, 20)? == 0;
        let one_disk = number::<2>(end, 4)? == 0 && number::<2>(end, 6)? == 0;
        if !end.starts_with(b"PK\x05\x06") || !no_remark || !one_disk {
            return None;
        }
        let (count, length, offset) =
            (number::<2>(end, 10)?, number::<4>(end, 12)?, number::<4>(end, 16)?);
        if offset + length + END as u64 != size {
            return None;
        }
        let list = tail.get(tail.len().checked_sub(END + length as usize)?..tail.len() - END)?;
        let (mut names, mut at) = (Vec::new(), 0);
        for _ in 0..count {
            let entry = list.get(at..)?;
            if !entry.starts_with(b"PK\x01\x02") {
                return None;
            }
            let name = number::<2>(entry, 28)? as usize;
            let more = (number::<2>(entry, 30)? + number::<2>(entry, 32)?) as usize;
            names.push(entry.get(ENTRY..ENTRY + name)?);
            at += ENTRY + name + more;
        }
        (at == list.len()).then_some(Self { names })
    }

    /// Which office document it is; `None` for another archive.
    pub(crate) fn kind(&self) -> Option<Result<Kind, WrongKind>> {
        let has = |name: &str| self.names.contains(&name.as_bytes());
        if !has("[Content_Types].xml") {
            return None;
        }
        let kind = match (has("word/document.xml"), has("xl/workbook.xml")) {
            (true, false) => Kind::Docx,
            (false, true) => Kind::Xlsx,
            _ => return None,
        };
        let is_program = |name: &&[u8]| {
            let name = name.to_ascii_lowercase();
            name.ends_with(b"vbaproject.bin") || name.ends_with(b".exe") || name.ends_with(b".dll")
        };
        Some(match self.names.iter().any(is_program) {
            true => Err(WrongKind::Macros),
            false => Ok(kind),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An archive with those names, each with nothing in it.
    pub(crate) fn archive(names: &[&str]) -> Vec<u8> {
        let (mut files, mut list) = (Vec::new(), Vec::new());
        for name in names {
            let offset = (files.len() as u32).to_le_bytes();
            let length = (name.len() as u16).to_le_bytes();
            files.extend_from_slice(b"PK\x03\x04\x14\0");
            files.extend_from_slice(&[0; 20]);
            files.extend_from_slice(&length);
            files.extend_from_slice(&[0; 2]);
            files.extend_from_slice(name.as_bytes());
            list.extend_from_slice(b"PK\x01\x02\x14\0\x14\0");
            list.extend_from_slice(&[0; 20]);
            list.extend_from_slice(&length);
            list.extend_from_slice(&[0; 12]);
            list.extend_from_slice(&offset);
            list.extend_from_slice(name.as_bytes());
        }
        let (count, length, offset) =
            (names.len() as u16, (list.len() as u32).to_le_bytes(), files.len() as u32);
        let end = [
            b"PK\x05\x06\0\0\0\0".as_slice(),
            &count.to_le_bytes(),
            &count.to_le_bytes(),
            &length,
            &offset.to_le_bytes(),
            &[0, 0],
        ];
        [files, list, end.concat()].concat()
    }

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        let bytes = archive(&["[Content_Types].xml", "word/document.xml"]);
        let read = |bytes: &[u8]| Archive::read(bytes, bytes.len() as u64).map(|it| it.names.len());
        assert_eq!(read(&bytes), Some(2));
        // Something before it, something behind it, and a list that is cut off.
        assert_eq!(read(&[b"before".as_slice(), &bytes].concat()), None);
        assert_eq!(read(&[bytes.as_slice(), b"behind"].concat()), None);
        assert!(Archive::read(&bytes[bytes.len() - 60..], bytes.len() as u64).is_none());
    }
}
