//! All that the typesetter can reach: the template, the paper, the QR code and one font.

use std::sync::LazyLock;

use fast_qr::{ECL, QRBuilder};
use serde_json::Value;
use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult},
    foundations::{Bytes, Datetime, Duration},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};

use crate::{PdfError, letters::settable};

/// The font of the pages: one copy in the repository.
const FONT: &[u8] = include_bytes!("../../web/assets/vazirmatn.woff2");
/// What makes pages of a timeline.
pub(crate) const TIMELINE: &str = include_str!("timeline.typ");
/// What makes a page of a licence.
pub(crate) const LICENCE: &str = include_str!("licence.typ");

static VAZIRMATN: LazyLock<Option<Font>> = LazyLock::new(|| {
    let font = wuff::decompress_woff2(FONT).ok()?;
    Font::new(Bytes::new(font), 0)
});

/// What lies on the desk for one paper.
#[derive(Debug)]
pub(crate) struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    font: Font,
    template: Source,
    paper: (FileId, Bytes),
    code: (FileId, Bytes),
}

impl Desk {
    pub(crate) fn with(
        template: &str,
        paper: serde_json::Result<Value>,
        address: &str,
    ) -> Result<Self, PdfError> {
        let unset = |why: &str| PdfError::Unset(why.to_owned());
        let font = VAZIRMATN.clone().ok_or_else(|| unset("the font cannot be read"))?;
        let mut data = paper.map_err(|why| unset(&why.to_string()))?;
        let coverage = &font.info().coverage;
        settle(&mut data, &|letter| coverage.contains(u32::from(letter)));
        let file = |name: &str| {
            let path = VirtualPath::new(name).map_err(|_| unset(name))?;
            Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
        };
        let code = svg(address)?;
        Ok(Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts([&font])),
            font,
            template: Source::new(file("paper.typ")?, template.to_owned()),
            paper: (file("paper.json")?, Bytes::from_string(data.to_string())),
            code: (file("code.svg")?, Bytes::from_string(code)),
        })
    }
}

/// Makes every text of the data one that can be set.
fn settle(data: &mut Value, has: &impl Fn(char) -> bool) {
    match data {
        Value::String(text) => *text = settable(text, has),
        Value::Array(list) => list.iter_mut().for_each(|one| settle(one, has)),
        Value::Object(fields) => fields.values_mut().for_each(|one| settle(one, has)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The code as a drawing, with the quiet zone around it.
fn svg(address: &str) -> Result<String, PdfError> {
    let code = QRBuilder::new(address).ecl(ECL::M).build();
    let code = code.map_err(|_| PdfError::Address(address.to_owned()))?;
    let mut path = String::new();
    for row in 0..code.size {
        let mut column = 0;
        while column < code.size {
            let dark = (column..code.size).take_while(|at| code[row][*at].value()).count();
            if dark > 0 {
                path.push_str(&format!("M{} {}h{dark}v1h-{dark}z", column + 4, row + 4));
            }
            column += dark + 1;
        }
    }
    let side = code.size + 8;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\"><path d=\"{path}\"/></svg>"
    ))
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        match id == self.template.id() {
            true => Ok(self.template.clone()),
            false => Err(FileError::AccessDenied),
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = [&self.paper, &self.code].into_iter().find(|(known, _)| *known == id);
        found.map(|(_, bytes)| bytes.clone()).ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        (index == 0).then(|| self.font.clone())
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
