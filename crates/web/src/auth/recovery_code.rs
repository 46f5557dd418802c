//! Codes for whoever has lost his device: 80 random bits each, written so that they can be copied by
//! hand.

use parvaneh_store::SecretHash;
use sha2::{Digest, Sha256};

use super::totp::base32;

/// How many somebody gets.
const COUNT: usize = 10;

/// A code that is good for once. Nobody can guess it, so that a hash without salt is enough.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RecoveryCode(String);

impl RecoveryCode {
    /// A new set.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub(crate) fn set() -> Result<Vec<Self>, getrandom::Error> {
        (0..COUNT)
            .map(|_| {
                let mut bytes = [0; 10];
                getrandom::fill(&mut bytes)?;
                Ok(Self(base32(&bytes)))
            })
            .collect()
    }

    /// What somebody typed: hyphens, blanks and the case of letters mean nothing.
    pub(crate) fn read(text: &str) -> Self {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        Self(letters.map(|letter| letter.to_ascii_uppercase()).collect())
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> SecretHash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// As its holder sees it: `ABCD-EFGH-IJKL-MNOP`.
    pub(crate) fn reveal(&self) -> String {
        let parts: Vec<&str> =
            (0..self.0.len()).step_by(4).filter_map(|from| self.0.get(from..from + 4)).collect();
        parts.join("-")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_known_again_however_it_is_typed() {
        let codes = RecoveryCode::set().unwrap();
        let shown: BTreeSet<String> = codes.iter().map(RecoveryCode::reveal).collect();
        assert_eq!(shown.len(), COUNT);
        for code in &codes {
            let text = code.reveal();
            assert_eq!((text.len(), text.matches('-').count()), (19, 3), "{text}");
            for typed in [text.clone(), text.to_lowercase(), text.replace('-', " ")] {
                assert_eq!(RecoveryCode::read(&typed).hash(), code.hash(), "{typed}");
            }
        }
    }
}
