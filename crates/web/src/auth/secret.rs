//! Random secrets: what a cookie, a token or a link holds.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parvaneh_store::SecretHash;
use sha2::{Digest, Sha256};

/// 256 random bits. Whoever has them is let in: only their hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The secret of that text.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix("pv_").unwrap_or(text);
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    /// What is kept of it. A hash without salt is enough for what nobody can guess.
    pub fn hash(&self) -> SecretHash {
        Sha256::digest(self.0).into()
    }

    /// As text, for its holder alone.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
