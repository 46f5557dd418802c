//! What a form of the administration has sent: what was typed and chosen, and files, which are read as
//! texts.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::FromRequest,
    http::{Request, StatusCode, header},
};
use parvaneh_core::document::{self, Reader};

use crate::{App, auth, pages::form::Form, problem::Problem};

/// What a form has sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// In the order in which it came; a name may come more than once.
    texts: Vec<(String, String)>,
    /// Files that were chosen.
    files: BTreeMap<String, Vec<u8>>,
}

impl Sent {
    /// Reads a form of our own pages.
    ///
    /// # Errors
    /// Those of a form of another site, of one that cannot be read, `body_too_long`.
    pub(super) async fn read(app: &App, request: Request<Body>) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let Ok(boundary) = multer::parse_boundary(&kind) else {
            let Form(texts) = Form::<Vec<(String, String)>>::from_request(request, app).await?;
            return Ok(Self { texts, ..Self::default() });
        };
        auth::same_site(app, request.headers())?;
        let most = app.settings.longest_body;
        let mut parts = multer::Multipart::new(request.into_body().into_data_stream(), boundary);
        let (mut sent, mut length) = (Self::default(), 0);
        while let Some(mut part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
            let Some(name) = part.name().map(str::to_owned) else { continue };
            let file = part.file_name().map(str::to_owned);
            let mut bytes = Vec::new();
            while let Some(piece) = part.chunk().await.map_err(|error| unreadable(&error))? {
                length += piece.len();
                if length > most {
                    return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_long"));
                }
                bytes.extend_from_slice(&piece);
            }
            match file {
                None => sent.texts.push((name, String::from_utf8_lossy(&bytes).into_owned())),
                // Where none was chosen, a browser sends one without a name.
                Some(file) if file.is_empty() => {}
                Some(_) => drop(sent.files.insert(name, bytes)),
            }
        }
        Ok(sent)
    }

    /// What was typed, without spaces around it; nothing where nothing was.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut of = self.texts.iter().rev().filter(|(known, _)| known == name);
        of.find_map(|(_, text)| Some(text.trim()).filter(|text| !text.is_empty()))
    }

    /// Everything of that name that is not empty.
    pub(super) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let of = self.texts.iter().filter(move |(known, _)| known == name);
        of.map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }

    /// As if this had been typed.
    #[cfg(test)]
    pub(super) fn of(texts: &[(&str, &str)]) -> Self {
        let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self { texts: texts.collect(), ..Self::default() }
    }

    /// A text of many lines: of the file that was chosen, else what was typed. Browsers send their own
    /// ends of lines for what is typed; here a line ends as in the files of this project.
    ///
    /// # Errors
    /// Where the file is no text.
    pub(super) fn source(&self, name: &str, file: &str) -> Result<String, Box<document::Problem>> {
        let typed = || self.texts.iter().rfind(|(known, _)| known == name);
        let text = match self.files.get(file) {
            Some(bytes) => Reader::decode("source", bytes)?.to_owned(),
            None => typed().map(|(_, text)| text.clone()).unwrap_or_default(),
        };
        Ok(text.replace("\r\n", "\n"))
    }
}

fn unreadable(error: &multer::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "body_unreadable").because(error.to_string())
}
