//! Which answers are compressed, and for whom.
//!
//! **Why not all.** The length of a compressed answer tells whether something that was sent with the
//! request stands in it a second time (BREACH, 2013). Whoever can make another's browser ask again
//! and again, with his guesses in the address, and sees how long each encrypted answer is, can read
//! pages that way. Pages hold no secret that opens anything (the session is a cookie that no page
//! shows; forms are told apart by where they come from and not by a secret in them), but they show
//! personal data beside what was searched for. So what another site makes a browser ask for with its
//! cookies is not compressed: `Sec-Fetch-Site` says who asks, and no page can forge it.

use axum::http::{HeaderMap, Response, header};
use tower_http::compression::predicate::Predicate;

/// What is smaller afterwards. Not pictures, fonts and archives, which are compressed already, and not
/// streams of events, which would wait until there is enough to compress.
const KINDS: [&str; 9] = [
    "text/html",
    "text/css",
    "text/javascript",
    "text/csv",
    "text/plain",
    "image/svg+xml",
    "application/json",
    "application/problem+json",
    "application/geo+json",
];

/// Below it, nothing is won: the answer fits into one packet in either case.
const SHORTEST: u64 = 1_000;

/// The answer to a request of which another site learns nothing by how long it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compressible(());

impl Compressible {
    /// None where another site may have made the browser ask, with what the browser keeps for us.
    pub(crate) fn asked_for_by(headers: &HeaderMap) -> Option<Self> {
        let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        let by_its_reader = matches!(site, Some(b"same-origin" | b"none"));
        // A program's request has no cookies, and neither has what a browser asks without them.
        let is_nobodys = !headers.contains_key(header::COOKIE);
        (by_its_reader || is_nobodys).then_some(Self(()))
    }
}

/// Answers that may be compressed, and are the smaller for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worthwhile;

impl Predicate for Worthwhile {
    fn should_compress<B>(&self, response: &Response<B>) -> bool
    where
        B: axum::body::HttpBody,
    {
        let headers = response.headers();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        let is_long = response.body().size_hint().exact().is_none_or(|length| length >= SHORTEST);
        response.extensions().get::<Compressible>().is_some()
            && KINDS.contains(&kind)
            && is_long
            // A document goes out byte for byte, as its hash and its parts say.
            && !headers.contains_key(header::ACCEPT_RANGES)
            // What an `If-Match` must name again says nothing of how it was sent.
            && !headers.contains_key(header::ETAG)
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::HeaderValue};

    use super::*;

    #[test]
    fn what_another_site_can_make_a_browser_ask_for_is_not_compressed() {
        for (site, cookie, compressed) in [
            ("same-origin", true, true),
            ("none", true, true),
            ("cross-site", true, false),
            ("same-site", true, false),
            // A browser that does not say.
            ("", true, false),
            ("", false, true),
            ("cross-site", false, true),
        ] {
            let mut headers = HeaderMap::new();
            if !site.is_empty() {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            if cookie {
                headers.insert(header::COOKIE, HeaderValue::from_static("session=1"));
            }
            assert_eq!(
                Compressible::asked_for_by(&headers).is_some(),
                compressed,
                "{site:?}, cookies: {cookie}"
            );
        }
    }

    #[test]
    fn only_texts_are_compressed_and_only_long_ones() {
        let answer = |kind: &'static str, length: usize, more: Option<&'static str>| {
            let mut answer = Response::new(Body::from("x".repeat(length)));
            answer.extensions_mut().insert(Compressible(()));
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            if let Some(more) = more {
                answer.headers_mut().insert(more, HeaderValue::from_static("bytes"));
            }
            answer
        };
        for (kind, length, more, compressed) in [
            ("text/html; charset=utf-8", 5_000, None, true),
            ("application/json", 5_000, None, true),
            ("text/html; charset=utf-8", 500, None, false),
            ("text/event-stream", 5_000, None, false),
            ("application/pdf", 5_000, None, false),
            ("font/woff2", 5_000, None, false),
            ("text/plain; charset=utf-8", 5_000, Some("accept-ranges"), false),
            ("application/json", 5_000, Some("etag"), false),
        ] {
            let answer = answer(kind, length, more);
            assert_eq!(Worthwhile.should_compress(&answer), compressed, "{kind} {length} {more:?}");
        }
        let mut unmarked = answer("text/html", 5_000, None);
        unmarked.extensions_mut().clear();
        assert!(!Worthwhile.should_compress(&unmarked));
    }
}
