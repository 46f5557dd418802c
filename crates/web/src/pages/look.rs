//! How somebody wants to see pages: the language and the theme, and where he is.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Uri, request::Parts},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{App, auth, language::Language, say::Words};

/// The cookie in which the language is kept.
pub(super) const LANGUAGE: &str = "parvaneh-language";
/// The cookie in which the theme is kept.
pub(super) const THEME: &str = "parvaneh-theme";

/// Light or dark, where somebody has chosen; else as his system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// As it is kept and written into a page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name)
    }
}

/// How a page is to be shown, and which it is.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// The language.
    pub(crate) words: Words,
    /// The theme.
    pub(crate) theme: Theme,
    /// Where the reader is, with its query: to come back to.
    pub(crate) here: String,
    /// Whether htmx asks, for a part of a page.
    pub(crate) partial: bool,
}

impl Look {
    /// What a request asks for. The language is the address' (`?lang=fa`), else the one that was
    /// chosen, else the browser's, else Persian.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let named = |name: &str| match name {
            "fa" => Some(Language::Persian),
            "en" => Some(Language::English),
            _ => None,
        };
        let query = uri.query().unwrap_or_default();
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(named);
        let kept = || auth::cookie_named(LANGUAGE, headers).and_then(named);
        let language = asked.or_else(kept).or_else(|| Language::preferred(headers));
        let theme = auth::cookie_named(THEME, headers).and_then(Theme::named);
        let here = uri.path_and_query().map_or("/", |here| here.as_str());
        // Where a browser comes through on its way: nobody wants to come back there.
        let here = if here.starts_with("/api/") { "/" } else { here };
        Self {
            words: Words(language.unwrap_or(Language::Persian)),
            theme: theme.unwrap_or_default(),
            here: here.to_owned(),
            partial: headers.contains_key("hx-request"),
        }
    }

    /// The address of the page for who has to log in before he sees this one.
    pub(crate) fn login(&self) -> String {
        match self.here.as_str() {
            "/" => "/login".to_owned(),
            here => format!("/login?to={}", in_query(here)),
        }
    }
}

impl FromRequestParts<App> for Look {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

/// What stands as it is in the value of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/');

/// A text as the value of a query.
pub(crate) fn in_query(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    #[test]
    fn the_language_is_the_address_then_the_choice_then_the_browsers_then_persian() {
        for (address, cookie, accept, spoken) in [
            ("/", "", "", "fa"),
            ("/", "", "de", "fa"),
            ("/", "", "en-GB", "en"),
            ("/", "parvaneh-language=fa", "en", "fa"),
            ("/?a=1&lang=en", "parvaneh-language=fa", "fa", "en"),
            ("/?lang=de", "parvaneh-language=en", "fa", "en"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(accept).unwrap());
            let look = Look::of(&address.parse().unwrap(), &headers);
            assert_eq!(look.words.tag(), spoken, "{address} {cookie} {accept}");
        }
    }

    #[test]
    fn whoever_must_log_in_comes_back() {
        let look = Look::of(&"/worklist?text=%D8%A2&tab=late".parse().unwrap(), &HeaderMap::new());
        assert_eq!(look.login(), "/login?to=/worklist%3Ftext%3D%25D8%25A2%26tab%3Dlate");
    }
}
