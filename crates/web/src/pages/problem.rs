//! What went wrong, as a page.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{Frame, Look, see, shown};
use crate::{
    problem::Problem,
    say::{Said, Words},
};

#[derive(Template)]
#[template(path = "problem.html", blocks = ["told"])]
struct Page {
    frame: Frame,
    status: u16,
    /// What the code means.
    title: String,
    /// What can be done.
    advice: Said,
    /// Which request it was, as the logs have it.
    request_id: String,
}

/// Whether a browser asks, for a page: programs name JSON, or anything.
pub(crate) fn asks_for_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut html = false;
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let kind = parts.next().unwrap_or_default();
        let taken = !parts.any(|part| part == "q=0");
        match kind.as_str() {
            "application/json" | "application/problem+json" if taken => return false,
            "text/html" => html = taken,
            _ => {}
        }
    }
    html
}

/// A problem as a page; nobody who has come in is led to where he can. htmx shows it in the place of
/// messages, and leaves the page as it is.
pub(crate) fn told(problem: Problem, look: &Look, request_id: &str) -> Response {
    if problem.code == "unauthenticated" {
        return to_login(look);
    }
    let problem = problem.in_language(look.words.0);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let words = look.words;
    let advice = match (status, problem.retry_after) {
        (_, Some(seconds)) => words.t("problem-again").n("seconds", seconds),
        (StatusCode::NOT_FOUND | StatusCode::GONE, _) => words.t("problem-not-there"),
        (StatusCode::FORBIDDEN, _) => words.t("problem-forbidden"),
        _ if status.is_server_error() => words.t("problem-ours"),
        _ => words.t("problem-yours"),
    };
    let page = Page {
        frame: Frame::outside(look.clone(), problem.title.clone()),
        status: problem.status,
        title: problem.title.clone(),
        advice,
        request_id: request_id.to_owned(),
    };
    let answer = match look.partial {
        true => shown(status, look, &page.as_told()),
        false => shown(status, look, &page),
    };
    let Ok(mut answer) = answer else { return problem.told(look.words.0, Some(request_id)) };
    let headers = answer.headers_mut();
    if look.partial {
        headers.insert("hx-retarget", HeaderValue::from_static("#told"));
        headers.insert("hx-reselect", HeaderValue::from_static(".problem"));
        headers.insert("hx-reswap", HeaderValue::from_static("innerHTML"));
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// What went wrong with what was typed, in a line above its form.
pub(super) fn in_short(problem: Problem, words: Words) -> String {
    let problem = problem.in_language(words.0);
    match problem.retry_after {
        Some(seconds) => {
            let again = words.t("problem-again").n("seconds", seconds);
            words.t("problem-with-advice").s("problem", &problem.title).s("advice", again).into()
        }
        None => problem.title.clone(),
    }
}

/// The status with which it is told.
pub(super) fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn to_login(look: &Look) -> Response {
    if !look.partial {
        return see(&look.login());
    }
    // A redirection would be followed unseen, and the login swapped into a part of the page.
    let there = HeaderValue::from_static("/login");
    (StatusCode::UNAUTHORIZED, [("hx-redirect", there)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_ask_for_pages_and_programs_do_not() {
        for (accept, pages) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html;q=0, */*", false),
            ("text/html,application/json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            assert_eq!(asks_for_pages(&headers), pages, "{accept}");
        }
    }
}
