//! Giving a content out: as a file to be kept, never as something that a browser shows or runs.

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

/// The content of a case, or the part of it that is asked for, compared with what the timeline says of it
/// before anything is given out.
///
/// # Errors
/// `document_damaged`, `documents_unavailable`.
pub(crate) async fn serve(
    app: &App,
    content: &CaseContent,
    wanted: &HeaderMap,
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
    let headers = [
        (header::CONTENT_TYPE, header_value(media_type)),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CONTENT_DISPOSITION, header_value(&name::attachment(&file.name))),
        (header::ETAG, header_value(&tag)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
        ),
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
