//! What a form has sent, with or without files.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::FromRequest,
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header},
};
use futures_util::StreamExt as _;
use parvaneh_core::{Definition, form::DocumentKind};
use uuid::Uuid;

use crate::{App, auth, auth::Principal, documents::receive, pages::form::Form, problem::Problem};

/// As long as all that is typed may be; files are apart.
const LONGEST_TEXT: usize = 1 << 20;

/// What was typed and chosen, and the files.
#[derive(Clone, Debug, Default)]
pub(in crate::pages) struct Sent {
    /// By the name of the input; of several of a name the last.
    texts: BTreeMap<String, String>,
    /// The files that cannot be taken: by which input, and why.
    refused: Vec<(String, Problem)>,
}

impl Sent {
    /// What was typed, without spaces around it; nothing where nothing was.
    pub(in crate::pages) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// Whether the form has that input.
    pub(super) fn has(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// The upload that an input has brought, now or before.
    pub(in crate::pages) fn upload(&self, name: &str) -> Option<Uuid> {
        self.text(&format!("upload.{name}"))?.parse().ok()
    }

    /// The first file that cannot be taken: by which input, and why.
    pub(in crate::pages) fn refused(&self) -> Option<&(String, Problem)> {
        self.refused.first()
    }

    /// As if this had been typed.
    pub(super) fn supposing(texts: &[(&str, &str)]) -> Self {
        let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self { texts: texts.collect(), ..Self::default() }
    }

    /// Reads a form. Its files are kept as uploads of the caller's, as the API keeps them, within the
    /// bounds that the definition sets a paper.
    ///
    /// # Errors
    /// Those of a form of another site, of one that cannot be read, and of an upload.
    pub(super) async fn read(
        app: &App,
        caller: &Principal,
        definition: &Definition,
        request: Request<Body>,
    ) -> Result<Self, Problem> {
        let paper = |name: &str| definition.documents.get(name.strip_prefix("p.")?).cloned();
        Self::read_papers(app, caller, request, paper).await
    }

    /// The same, where it is known as which paper the file of an input is taken.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(in crate::pages) async fn read_papers(
        app: &App,
        caller: &Principal,
        request: Request<Body>,
        paper_of: impl Fn(&str) -> Option<DocumentKind>,
    ) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let Ok(boundary) = multer::parse_boundary(&kind) else {
            let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, app).await?;
            return Ok(Self { texts: pairs.into_iter().collect(), ..Self::default() });
        };
        auth::same_site(app, request.headers())?;
        let stream = request.into_body().into_data_stream();
        let mut parts = multer::Multipart::new(stream, boundary);
        let (mut sent, mut length) = (Self::default(), 0);
        while let Some(part) = parts.next_field().await.map_err(|error| unreadable(&error))? {
            let Some(name) = part.name().map(str::to_owned) else { continue };
            if let Some(file) = part.file_name().map(str::to_owned) {
                match uploaded(app, caller, paper_of(&name), &file, part).await {
                    Ok(None) => {}
                    Ok(Some(upload)) => {
                        sent.texts.insert(format!("upload.{name}"), upload.to_string());
                        sent.texts.insert(format!("name.{name}"), file);
                    }
                    // It is told beside its input; the rest of the form is kept.
                    Err(problem) if (400..500).contains(&problem.status) => {
                        sent.refused.push((name, problem));
                    }
                    Err(problem) => return Err(problem),
                }
                continue;
            }
            let mut text = Vec::new();
            let mut part = part;
            while let Some(piece) = part.chunk().await.map_err(|error| unreadable(&error))? {
                length += piece.len();
                if length > LONGEST_TEXT {
                    return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_long"));
                }
                text.extend_from_slice(&piece);
            }
            let text = String::from_utf8(text);
            let text =
                text.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "body_unreadable"))?;
            // A file that is sent now goes before the one that was sent before.
            sent.texts.entry(name).or_insert(text);
        }
        Ok(sent)
    }
}

fn unreadable(error: &multer::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "body_unreadable").because(error.to_string())
}

/// Keeps a file; nothing where none was chosen.
async fn uploaded(
    app: &App,
    caller: &Principal,
    paper: Option<DocumentKind>,
    name: &str,
    part: multer::Field<'static>,
) -> Result<Option<Uuid>, Problem> {
    if name.is_empty() {
        return Ok(None);
    }
    let mut headers = HeaderMap::new();
    let said = part.content_type().map(ToString::to_string).unwrap_or_default();
    let told = format!("attachment; filename*=UTF-8''{}", crate::pages::look::in_query(name));
    for (header, value) in [(header::CONTENT_TYPE, said), (header::CONTENT_DISPOSITION, told)] {
        put(&mut headers, header, &value);
    }
    let pieces = part.map(|piece| piece.map_err(std::io::Error::other));
    let upload =
        receive(app, caller.person, paper.as_ref(), &headers, Body::from_stream(pieces)).await?;
    Ok(Some(upload.id))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
