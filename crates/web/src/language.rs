//! In which language somebody wants to be answered.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header::ACCEPT_LANGUAGE, request::Parts},
};

use crate::App;

/// A language of the product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// Persian.
    Persian,
    /// English.
    #[default]
    English,
}

impl Language {
    /// Its tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Persian => "fa",
            Self::English => "en",
        }
    }

    /// What `Accept-Language` asks for (RFC 9110, 12.5.4); English where it asks for nothing that
    /// the product speaks.
    pub(crate) fn asked(headers: &HeaderMap) -> Self {
        Self::preferred(headers).unwrap_or_default()
    }

    /// The same; none where it asks for nothing that the product speaks.
    pub(crate) fn preferred(headers: &HeaderMap) -> Option<Self> {
        let ranges =
            headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let mut best = (0.0, None);
        for range in ranges.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(1.0, |text| text.parse::<f32>().unwrap_or(0.0));
            let primary = tag.split('-').next().unwrap_or_default();
            let language = match primary.to_ascii_lowercase().as_str() {
                "fa" => Self::Persian,
                "en" => Self::English,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, Some(language));
            }
        }
        best.1
    }
}

impl FromRequestParts<App> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        Ok(Self::asked(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_language_that_the_product_speaks() {
        for (asked, spoken) in [
            ("", "en"),
            ("fa", "fa"),
            ("fa-IR,fa;q=0.9,en;q=0.8", "fa"),
            ("en-GB,fa;q=0.5", "en"),
            ("en;q=0.3, FA;q=0.4", "fa"),
            ("de, fr;q=0.9", "en"),
            ("fa;q=0", "en"),
            ("fa;q=x,en;q=0.1", "en"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(asked).unwrap());
            assert_eq!(Language::asked(&headers).tag(), spoken, "{asked}");
        }
    }
}
