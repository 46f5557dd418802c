//! The files of pages: style, script, font, mark. They stand in the program itself; a change of one
//! changes its address, so that browsers keep each for ever.

use std::{borrow::Cow, sync::LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::{App, problem::Problem};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

pub(super) fn router() -> Router<App> {
    Router::new().route("/assets/{version}/{name}", get(asset))
}

/// Where a file is: its address has the beginning of a hash over all files, so that files find each
/// other beside themselves.
///
/// A name that is none of a file is a mistake that the tests of the pages find.
pub(super) fn address(name: &str) -> String {
    debug_assert!(Assets::get(name).is_some(), "there is no file '{name}' in assets/");
    format!("/assets/{}/{name}", version())
}

fn version() -> Cow<'static, str> {
    static VERSION: LazyLock<String> = LazyLock::new(hash);
    match cfg!(debug_assertions) {
        // Whoever works on them sees what he has changed.
        true => Cow::Owned(hash()),
        false => Cow::Borrowed(&VERSION),
    }
}

fn hash() -> String {
    let mut names: Vec<_> = Assets::iter().collect();
    names.sort_unstable();
    let files = names.iter().filter_map(|name| Some((name, Assets::get(name)?)));
    let hash = files.fold(Sha256::new(), |hash, (name, file)| {
        hash.chain_update(name.as_bytes())
            .chain_update([0])
            .chain_update(file.metadata.sha256_hash())
    });
    hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whatever version is asked for gets the file as it is; only the one that it has is kept.
async fn asset(Path((version, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let file = Assets::get(&name).ok_or_else(Problem::not_found)?;
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
    let keep = match version == self::version() {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
    ];
    Ok((headers, file.data).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What others have made is as they have made it: see NOTICE for its sources.
    #[test]
    fn what_comes_from_others_is_what_was_looked_at() {
        for (name, hash) in [
            ("d3.min.js", "7c5954d1bc44c6702b2b74021dbefe5edb97973a6ae92e62dee4d9b47714be00"),
            ("htmx.min.js", "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"),
            ("vazirmatn.woff2", "e4a00578f72608c71c23ed1c2f6b0b71fbf4c8d72b9a511a950c3598964fb044"),
        ] {
            let file = Assets::get(name).unwrap();
            let found: String =
                Sha256::digest(&file.data).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found, hash, "{name}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for name in Assets::iter().filter(|name| name.ends_with(".css")) {
            let text = String::from_utf8(Assets::get(&name).unwrap().data.into_owned()).unwrap();
            assert!(!text.contains("http"), "{name} names another host");
            assert!(!text.contains("@import"), "{name} imports");
        }
    }
}
