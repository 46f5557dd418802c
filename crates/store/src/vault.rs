//! Secrets that must be read again: sealed by a key that is not in the database.
//!
//! Whoever gets hold of the database, or of a copy of it, has none of them without that key. Each is
//! sealed together with what it belongs to, so that a row that is copied to another place does not
//! open there.

use std::fmt;

use base64::{
    Engine as _,
    engine::{
        GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    },
};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::{Store, StoreError, personal::of_key, store::undisturbed};

/// How sealed bytes begin: what comes after it is a nonce and what ChaCha20-Poly1305 (RFC 8439) made.
const VERSION: u8 = 1;
/// How a secret begins that stands sealed in a column for text.
const AS_TEXT: &str = "sealed:";
/// What is sealed to know a key again.
pub(crate) const KNOWN: &[u8] = b"parvaneh";

/// The key of an installation: 256 random bits.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret key is the base64 of 32 random bytes")]
pub struct NotAKey;

impl SecretKey {
    /// The key of these bytes, which must be random.
    pub fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, NotAKey> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NotAKey)?;
        Ok(Self(bytes))
    }

    /// The key of a text in base64, of either alphabet, with or without padding.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn read(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim().trim_end_matches('=');
        let config = GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone);
        let standard = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
        let bytes = standard.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text));
        bytes.map_err(|_| NotAKey)?.try_into().map(Self).map_err(|_| NotAKey)
    }

    /// As text, for a file that only its owner can read.
    pub fn reveal(&self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// Seals and opens.
pub(crate) struct Vault {
    key: LessSafeKey,
    /// What is mixed into hashes of what could be guessed.
    pepper: [u8; 32],
    /// What signs links.
    links: hmac::Key,
    random: SystemRandom,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    pub(crate) fn new(key: &SecretKey) -> Result<Self, StoreError> {
        let of = |what: &str| -> [u8; 32] {
            let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.0), what.as_bytes());
            let mut bytes = [0; 32];
            bytes.copy_from_slice(derived.as_ref());
            bytes
        };
        let sealing = UnboundKey::new(&CHACHA20_POLY1305, &of("parvaneh sealing 1"));
        let sealing = sealing.map_err(|_| StoreError::WrongKey)?;
        let pepper = of("parvaneh logins 1");
        let links = hmac::Key::new(hmac::HMAC_SHA256, &of("parvaneh links 1"));
        Ok(Self { key: LessSafeKey::new(sealing), pepper, links, random: SystemRandom::new() })
    }

    /// What is mixed into hashes of what could be guessed.
    pub(crate) fn pepper(&self) -> &[u8; 32] {
        &self.pepper
    }

    /// A signature: HMAC-SHA-256.
    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        hmac::sign(&self.links, text).as_ref().to_vec()
    }

    /// What follows from this key and a text, and from nothing less: HMAC-SHA-256 under a key of its own.
    pub(crate) fn sign_32(&self, text: &[u8]) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.links, text).as_ref());
        bytes
    }

    /// Whether it is ours. How long that takes tells nothing.
    pub(crate) fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.links, text, signature).is_ok()
    }

    /// Seals a secret with what it belongs to.
    pub(crate) fn seal(&self, of: &str, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| StoreError::Closed)?;
        let mut sealed = secret.to_vec();
        let aad = Aad::from(of.as_bytes());
        let nonced = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(nonced, aad, &mut sealed)
            .map_err(|_| StoreError::Closed)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed with what it belongs to.
    pub(crate) fn open(&self, of: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (Some((&VERSION, rest)), true) = (sealed.split_first(), sealed.len() > NONCE_LEN)
        else {
            return Err(StoreError::WrongKey);
        };
        let (nonce, sealed) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| StoreError::WrongKey)?;
        let mut opened = sealed.to_vec();
        let secret = self.key.open_in_place(nonce, Aad::from(of.as_bytes()), &mut opened);
        Ok(secret.map_err(|_| StoreError::WrongKey)?.to_vec())
    }
}

/// A secret for a column of text: sealed where there is a key, else as it is.
pub(crate) fn seal_text(
    vault: Option<&Vault>,
    of: &str,
    secret: &str,
) -> Result<String, StoreError> {
    let Some(vault) = vault else { return Ok(secret.to_owned()) };
    Ok(format!("{AS_TEXT}{}", STANDARD.encode(vault.seal(of, secret.as_bytes())?)))
}

/// What [`seal_text`] made, or what was kept as it is.
pub(crate) fn open_text(
    vault: Option<&Vault>,
    of: &str,
    kept: String,
) -> Result<String, StoreError> {
    let Some(sealed) = kept.strip_prefix(AS_TEXT) else { return Ok(kept) };
    let vault = vault.ok_or(StoreError::NoKey)?;
    let sealed = STANDARD.decode(sealed).map_err(|_| StoreError::WrongKey)?;
    String::from_utf8(vault.open(of, &sealed)?).map_err(|_| StoreError::WrongKey)
}

/// What the secret of a webhook is sealed with.
pub(crate) fn of_webhook(id: uuid::Uuid) -> String {
    format!("webhook {id}")
}

impl Store {
    /// Seals and opens secrets by that key from now on, and seals the secrets of webhooks and the
    /// keys of people that still stand as they are. The first key that a database meets is its key, until [`Store::change_key`].
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] when the secrets of this database are sealed by another one.
    pub async fn use_key(&self, key: &SecretKey) -> Result<(), StoreError> {
        let (engine, vault) = (self.engine.clone(), Vault::new(key)?);
        undisturbed(async move {
            const KEPT: &str = "select sealed from secret_key";
            let kept: Option<Vec<u8>> =
                sqlx::query_scalar(KEPT).fetch_optional(&engine.writers).await?;
            let sealed = match kept {
                Some(sealed) => sealed,
                // Where others come at the same time, the key of the first counts.
                None => {
                    sqlx::query("insert into secret_key (sealed) values ($1) on conflict do nothing")
                        .bind(vault.seal("key", KNOWN)?)
                        .execute(&engine.writers)
                        .await?;
                    sqlx::query_scalar(KEPT).fetch_one(&engine.writers).await?
                }
            };
            vault.open("key", &sealed)?;
            let plain: Vec<(uuid::Uuid, String)> =
                sqlx::query_as("select id, secret from webhooks where not starts_with(secret, $1)")
                    .bind(AS_TEXT)
                    .fetch_all(&engine.writers)
                    .await?;
            for (id, secret) in plain {
                let sealed = seal_text(Some(&vault), &of_webhook(id), &secret)?;
                sqlx::query("update webhooks set secret = $3 where id = $1 and secret = $2")
                    .bind(id)
                    .bind(secret)
                    .bind(sealed)
                    .execute(&engine.writers)
                    .await?;
            }
            let plain: Vec<(uuid::Uuid, String)> = sqlx::query_as(
                "select id, key from person_keys where key is not null and not starts_with(key, $1)",
            )
            .bind(AS_TEXT)
            .fetch_all(&engine.writers)
            .await?;
            for (id, key) in plain {
                let sealed = seal_text(Some(&vault), &of_key(id), &key)?;
                sqlx::query("update person_keys set key = $3 where id = $1 and key = $2")
                    .bind(id)
                    .bind(key)
                    .bind(sealed)
                    .execute(&engine.writers)
                    .await?;
            }
            // A second call with the same key changes nothing.
            let _ = engine.vault.set(vault);
            Ok(())
        })
        .await
    }

    /// Whether there is a key to seal secrets by.
    pub fn has_key(&self) -> bool {
        self.engine.vault.get().is_some()
    }

    pub(crate) fn vault(&self) -> Result<&Vault, StoreError> {
        self.engine.vault.get().ok_or(StoreError::NoKey)
    }

    /// What is mixed into the hash of a login: nothing where there is no key.
    pub(crate) fn pepper(&self) -> Vec<u8> {
        self.engine.vault.get().map_or_else(Vec::new, |vault| vault.pepper.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&SecretKey::of([byte; 32])).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_by_its_key_in_its_place_alone() {
        let sealed = vault(1).seal("webhook 7", b"whsec_x").unwrap();
        assert_eq!(vault(1).open("webhook 7", &sealed).unwrap(), b"whsec_x");
        assert!(!sealed.windows(5).any(|part| part == b"whsec"));
        assert_ne!(vault(1).seal("webhook 7", b"whsec_x").unwrap(), sealed, "another nonce");
        for (key, of) in [(2, "webhook 7"), (1, "webhook 8"), (1, "")] {
            assert!(
                matches!(vault(key).open(of, &sealed), Err(StoreError::WrongKey)),
                "{key} {of}"
            );
        }
        for place in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[place] ^= 1;
            assert!(vault(1).open("webhook 7", &broken).is_err(), "byte {place}");
            assert!(vault(1).open("webhook 7", &sealed[..place]).is_err(), "{place} bytes");
        }
    }

    #[test]
    fn a_text_is_sealed_where_there_is_a_key_and_readable_from_before() {
        let sealed = seal_text(Some(&vault(1)), "a", "secret").unwrap();
        assert!(sealed.starts_with(AS_TEXT), "{sealed}");
        assert_eq!(open_text(Some(&vault(1)), "a", sealed.clone()).unwrap(), "secret");
        assert!(matches!(open_text(None, "a", sealed), Err(StoreError::NoKey)));
        assert_eq!(open_text(Some(&vault(1)), "a", "plain".to_owned()).unwrap(), "plain");
        assert_eq!(seal_text(None, "a", "plain").unwrap(), "plain");
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = SecretKey::of([251; 32]);
        let text = key.reveal();
        for text in [text.clone(), text.replace('+', "-").replace('/', "_"), format!(" {text}\n")] {
            assert_eq!(SecretKey::read(&text).unwrap().0, key.0, "{text}");
        }
        for wrong in ["", "short", &"A".repeat(44), &"!".repeat(43)] {
            assert_eq!(SecretKey::read(wrong).unwrap_err(), NotAKey, "{wrong}");
        }
        assert_ne!(SecretKey::new().unwrap().0, SecretKey::new().unwrap().0);
        assert_eq!(format!("{key:?}"), "SecretKey(…)");
    }
}
