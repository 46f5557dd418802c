//! The language and the theme, as somebody chooses them. His browser keeps them.

use std::time::Duration;

use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{
    Look,
    form::Form,
    look::{LANGUAGE, THEME, Theme},
    routes::Pages,
    see_keeping,
};
use crate::{
    App,
    auth::{self, is_local},
    problem::Problem,
};

/// For how long.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn pages() -> Pages {
    Pages::default().post("/preferences", choose)
}

#[derive(Debug, Deserialize)]
struct Chosen {
    language: Option<String>,
    theme: Option<String>,
    /// Where he was.
    to: Option<String>,
}

async fn choose(
    State(app): State<App>,
    _look: Look,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    let mut cookies = Vec::new();
    if let Some(language) = &chosen.language {
        if !["fa", "en"].contains(&language.as_str()) {
            return Err(Problem::parameter("language", "is fa or en"));
        }
        cookies.push(auth::cookie(&app, LANGUAGE, language, YEAR));
    }
    if let Some(theme) = &chosen.theme {
        let theme = Theme::named(theme)
            .ok_or_else(|| Problem::parameter("theme", "is system, light or dark"))?;
        cookies.push(auth::cookie(&app, THEME, theme.name(), YEAR));
    }
    let to = chosen.to.filter(|to| is_local(to)).unwrap_or_else(|| "/".to_owned());
    let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
    Ok(see_keeping(&without_language(&to), &cookies))
}

/// The address without the language that it asks for: the choice shall count.
fn without_language(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("lang=")).collect();
    match rest.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", rest.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_counts_more_than_the_address_on_which_it_was_made() {
        for (before, after) in [
            ("/", "/"),
            ("/a?lang=en", "/a"),
            ("/a?x=1&lang=en&y=2", "/a?x=1&y=2"),
            ("/a?language=1", "/a?language=1"),
        ] {
            assert_eq!(without_language(before), after);
        }
    }
}
