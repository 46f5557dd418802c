//! Giving a content out: as a file to be kept, or, of the few kinds that no browser runs, to be looked
//! at in the page of its case.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parvaneh_contents::Kept;
use parvaneh_store::CaseContent;

use super::{
    name,
    part::{Part, asked},
};
use crate::{App, problem::Problem};

/// For what a content is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be kept: nothing shows or runs it.
    Keeping,
    /// To be looked at in a frame of our own pages: only what [`can_be_looked_at`].
    Looking,
}

/// What a browser shows without running anything of it that could reach our pages: pictures, and PDF,
/// whose viewer is apart from the page that it stands in. That a content is what it is called was seen
/// by its bytes when it came, and `nosniff` keeps the browser from thinking again.
pub(crate) fn can_be_looked_at(media_type: &str) -> bool {
    matches!(media_type, "application/pdf" | "image/png" | "image/jpeg")
}

/// Nothing of it is run, it loads nothing, and only our own pages frame it. A viewer of PDF does not
/// work in a sandbox; a picture needs no more.
fn policy_of(purpose: Purpose, media_type: &str) -> &'static str {
    match purpose {
        Purpose::Keeping => "default-src 'none'; frame-ancestors 'none'; sandbox",
        Purpose::Looking if media_type == "application/pdf" => {
            "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; form-action 'none'; \
             base-uri 'none'; frame-ancestors 'self'"
        }
        Purpose::Looking => "default-src 'none'; frame-ancestors 'self'; sandbox",
    }
}

/// The content of a case, or the part of it that is asked for, compared with what the timeline says of it
/// before anything is given out.
///
/// # Errors
/// `document_damaged`, `documents_unavailable`.
pub(crate) async fn serve(
    app: &App,
    content: &CaseContent,
    wanted: &HeaderMap,
    purpose: Purpose,
) -> Result<Response, Problem> {
    let file = &content.file;
    let damaged = || {
        tracing::error!(content.id = %content.id, "the timeline says no hash of a document");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "document_damaged")
    };
    let sha256 = bytes_of(&file.sha256).ok_or_else(damaged)?;
    let kept = Kept { size: file.size, sha256 };
    let contents = &app.settings.documents.contents;
    let tag = format!("\"{}\"", file.sha256);
    let (part, pieces) = match asked(wanted, &tag, file.size) {
        Part::Nothing => return Ok(beyond(file.size)),
        Part::Whole => (None, contents.read_checked(content.id, kept).await?),
        Part::Bytes(part) => {
            let pieces = contents.read_part(content.id, kept, part.clone()).await?;
            (Some(part), pieces)
        }
    };
    let length = part.as_ref().map_or(file.size, |part| part.end - part.start);
    let media_type = match file.media_type.as_str() {
        "text/plain" => "text/plain; charset=utf-8",
        other => other,
    };
    let attachment = name::attachment(&file.name);
    let (disposition, framed) = match purpose {
        Purpose::Keeping => (attachment, "DENY"),
        Purpose::Looking => (attachment.replacen("attachment", "inline", 1), "SAMEORIGIN"),
    };
    let headers = [
        (header::CONTENT_TYPE, header_value(media_type)),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CONTENT_DISPOSITION, header_value(&disposition)),
        (header::ETAG, header_value(&tag)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy_of(purpose, &file.media_type)),
        ),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static(framed)),
    ];
    let mut response = (headers, Body::from_stream(pieces)).into_response();
    if let Some(part) = part {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let said = format!("bytes {}-{}/{}", part.start, part.end - 1, file.size);
        response.headers_mut().insert(header::CONTENT_RANGE, header_value(&said));
    }
    Ok(response)
}

/// A part is asked for that begins behind the end.
fn beyond(size: u64) -> Response {
    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_unsatisfiable");
    let problem = problem.because(format!("the file has {size} bytes"));
    let said = header_value(&format!("bytes */{size}"));
    ([(header::CONTENT_RANGE, said)], problem).into_response()
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// A SHA-256 that is written in hexadecimal digits.
fn bytes_of(hexadecimal: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hexadecimal.len() != 64 {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        let digits = hexadecimal.get(2 * place..2 * place + 2)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}
