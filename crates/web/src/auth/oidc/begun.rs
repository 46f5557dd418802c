//! A login that has begun: what a browser keeps while its person is at the provider.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parvaneh_store::SecretHash;
use sha2::{Digest, Sha256};

use crate::auth::Secret;

/// How long somebody may take at the provider.
pub(crate) const LASTS: Duration = Duration::from_secs(10 * 60);

/// The longest path to which somebody returns.
const LONGEST: usize = 500;

/// A login that has begun in one browser. Its cookie holds a random secret; state, nonce and verifier
/// follow from it, so that nothing is kept for whoever never comes back, and what one browser has
/// begun no other can end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    cookie: String,
    /// To which path of ours the browser returns.
    pub(crate) to: String,
}

impl Begun {
    /// Begins one at `now` (seconds since 1970), which returns to a path of ours.
    pub(crate) fn new(secret: &Secret, to: String, now: u64) -> Self {
        let cookie = format!("{}.{now}.{}", secret.reveal(), URL_SAFE_NO_PAD.encode(&to));
        Self { cookie, to }
    }

    /// The one that a cookie holds; none for what is none, and for one that began too long ago.
    pub(crate) fn read(cookie: &str, now: u64) -> Option<Self> {
        let mut parts = cookie.split('.');
        let (secret, at, to) = (parts.next()?, parts.next()?, parts.next()?);
        Secret::read(secret)?;
        let at: u64 = at.parse().ok()?;
        let to = String::from_utf8(URL_SAFE_NO_PAD.decode(to).ok()?).ok()?;
        let fresh = at <= now && now - at <= LASTS.as_secs();
        (parts.next().is_none() && fresh && is_local(&to))
            .then(|| Self { cookie: cookie.to_owned(), to })
    }

    /// What the cookie holds.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// By which the provider's answer is known to belong to this browser (RFC 6749, 10.12).
    pub(crate) fn state(&self) -> String {
        self.derived("state")
    }

    /// By which a token is known to belong to this login (OpenID Connect Core, 15.5.2).
    pub(crate) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// By which a code is worth nothing to whoever else has it (RFC 7636).
    pub(crate) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// By which this login is known to have begun a session.
    pub(crate) fn nonce_hash(&self) -> SecretHash {
        Sha256::digest(self.nonce()).into()
    }

    fn derived(&self, what: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(what);
        hash.update([0]);
        hash.update(&self.cookie);
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

/// Whether that is a path on our own site, whatever a browser makes of it: `//host` and `/\host` are
/// none, and browsers leave out tabs and line ends.
pub(crate) fn is_local(path: &str) -> bool {
    let mut bytes = path.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.len() <= LONGEST
        && path.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn begun() -> Begun {
        Begun::new(&Secret::new().unwrap(), "/worklist?hands=mine".to_owned(), NOW)
    }

    #[test]
    fn only_paths_of_ours_are_returned_to() {
        for path in ["/", "/worklist", "/cases?text=%D8%A7", "/a//b", "/@x"] {
            assert!(is_local(path), "{path}");
        }
        let long = format!("/{}", "a".repeat(LONGEST));
        for path in [
            "",
            "worklist",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a b",
            "/ا",
            "/a\\b",
            &long,
        ] {
            assert!(!is_local(path), "{path}");
        }
    }

    #[test]
    fn a_cookie_is_the_login_that_it_began_for_ten_minutes() {
        let begun = begun();
        for later in [0, 1, 600] {
            assert_eq!(Begun::read(begun.cookie(), NOW + later).as_ref(), Some(&begun));
        }
        assert_eq!(Begun::read(begun.cookie(), NOW + 601), None);
        assert_eq!(Begun::read(begun.cookie(), NOW - 1), None);
        for wrong in ["", "..", "a.1.b", &format!("{}.x", begun.cookie())] {
            assert_eq!(Begun::read(wrong, NOW), None, "{wrong}");
        }
        let elsewhere = Begun::new(&Secret::new().unwrap(), "//evil.example".to_owned(), NOW);
        assert_eq!(Begun::read(elsewhere.cookie(), NOW), None);
    }

    #[test]
    fn nothing_that_leaves_tells_of_anything_else() {
        let (one, other) = (begun(), begun());
        let all = [
            one.state(),
            one.nonce(),
            one.verifier(),
            other.state(),
            other.nonce(),
            other.verifier(),
        ];
        for (place, value) in all.iter().enumerate() {
            assert_eq!(value.len(), 43);
            assert!(!all[..place].contains(value));
            assert!(!one.cookie().contains(value.as_str()));
        }
        // Another path or another time is another login.
        let (secret, _) = one.cookie().split_once('.').unwrap();
        let (path, later) = (URL_SAFE_NO_PAD.encode("/cases"), NOW + 1);
        let changed = Begun::read(&format!("{secret}.{NOW}.{path}"), NOW).unwrap();
        assert_ne!(changed.state(), one.state());
        let path = URL_SAFE_NO_PAD.encode("/worklist?hands=mine");
        let changed = Begun::read(&format!("{secret}.{later}.{path}"), later).unwrap();
        assert_ne!(changed.state(), one.state());
    }
}
