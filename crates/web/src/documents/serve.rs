//! Giving a content out: as a file to be kept, never as something that a browser shows or runs.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use parvaneh_contents::Kept;
use parvaneh_store::CaseContent;

use super::name;
use crate::{App, problem::Problem};

/// The content of a case, compared with what the timeline says of it before anything is given out.
///
/// # Errors
/// `document_damaged`, `documents_unavailable`.
pub(crate) async fn serve(app: &App, content: &CaseContent) -> Result<Response, Problem> {
    let file = &content.file;
    let damaged = || {
        tracing::error!(content.id = %content.id, "the timeline says no hash of a document");
        Problem::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "document_damaged")
    };
    let sha256 = bytes_of(&file.sha256).ok_or_else(damaged)?;
    let kept = Kept { size: file.size, sha256 };
    let pieces = app.settings.documents.contents.read_checked(content.id, kept).await?;
    let media_type = match file.media_type.as_str() {
        "text/plain" => "text/plain; charset=utf-8",
        other => other,
    };
    let headers = [
        (header::CONTENT_TYPE, header_value(media_type)),
        (header::CONTENT_LENGTH, HeaderValue::from(file.size)),
        (header::CONTENT_DISPOSITION, header_value(&name::attachment(&file.name))),
        (header::ETAG, header_value(&format!("\"{}\"", file.sha256))),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
        ),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
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
