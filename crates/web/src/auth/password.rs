//! Passwords: what makes one good enough, and how one is kept and checked.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

/// The shortest password (NIST SP 800-63B-4 asks for 15 where it stands alone, and for 8 beside a
/// second factor).
const SHORTEST: usize = 12;
/// The longest: hashing takes as long as a password is.
const LONGEST: usize = 256;

/// Of the 20,000 passwords that were most often found among stolen ones, those that are long enough to be
/// taken otherwise.
const STOLEN: &str = include_str!("stolen.txt");

/// Why a password is not good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// It is too short.
    #[error("a password has at least {SHORTEST} characters")]
    Short,
    /// It is too long.
    #[error("a password has at most {LONGEST} characters")]
    Long,
    /// It is among those that were stolen and published, or can be guessed by what is known of its
    /// owner.
    #[error("this password is among the first that somebody would try")]
    Guessable,
}

/// Checks and makes hashes: Argon2id with 19 MiB, two passes, one lane (OWASP), only so many at a
/// time as there are processors, and never on the threads that answer requests.
#[derive(Clone, Debug)]
pub struct Passwords {
    room: Arc<Semaphore>,
    /// What is checked for a login that nobody has, so that it takes as long as one that somebody
    /// has.
    nobody: Arc<str>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// With room for as many as there are processors.
    pub fn new() -> Self {
        let room = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let nobody = Argon2::default().hash_password(b"nobody");
        let nobody = nobody.map_or_else(|_| String::new(), |hash| hash.to_string());
        Self { room: Arc::new(Semaphore::new(room)), nobody: nobody.into() }
    }

    /// Whether a password is good enough for somebody of whom this is known.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(password: &str, known: &[&str]) -> Result<(), Weak> {
        let length = password.chars().count();
        if length < SHORTEST {
            return Err(Weak::Short);
        }
        if length > LONGEST {
            return Err(Weak::Long);
        }
        let small = password.to_lowercase();
        if STOLEN.lines().any(|stolen| stolen == small) {
            return Err(Weak::Guessable);
        }
        // Its lists are of stolen passwords; what it cannot read in time, nobody guesses in time.
        let beginning: String = password.chars().take(64).collect();
        let score = zxcvbn::zxcvbn(&beginning, known).score();
        if score < zxcvbn::Score::Three { Err(Weak::Guessable) } else { Ok(()) }
    }

    /// The hash of a password, in the PHC form.
    ///
    /// # Errors
    /// When the system has no randomness or no memory to give.
    pub async fn hash(&self, password: String) -> Result<String, String> {
        self.work(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
        })
        .await
    }

    /// Whether that is the password of this hash; without one it is not, after as long.
    pub async fn is(&self, password: String, hash: Option<String>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let matches = self.work(move || {
            let matches = PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
            });
            Ok(matches)
        });
        matches.await.unwrap_or(false) && known
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let room = self.room.clone().acquire_owned().await.map_err(|error| error.to_string())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(room);
            done
        });
        done.await.map_err(|error| error.to_string())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_password_good_enough() {
        let known = ["sara.ahmadi", "Sara Ahmadi"];
        for (password, verdict) in [
            ("short", Err(Weak::Short)),
            ("password1234", Err(Weak::Guessable)),
            ("sara.ahmadi1", Err(Weak::Guessable)),
            ("qwertyuiop12", Err(Weak::Guessable)),
            ("پروانه‌ای بر گل سرخ", Ok(())),
            ("correct horse battery staple", Ok(())),
        ] {
            assert_eq!(Passwords::check(password, &known), verdict, "{password}");
        }
        assert_eq!(Passwords::check(&"ab1".repeat(100), &[]), Err(Weak::Long));
    }

    #[test]
    fn what_was_stolen_and_published_is_refused() {
        let mut by_shape_alone = 0;
        for stolen in STOLEN.lines() {
            assert!(stolen.chars().count() >= SHORTEST, "{stolen}");
            assert_eq!(stolen, stolen.to_lowercase());
            for written in [stolen.to_owned(), stolen.to_uppercase()] {
                assert_eq!(Passwords::check(&written, &[]), Err(Weak::Guessable), "{written}");
            }
            by_shape_alone +=
                usize::from(zxcvbn::zxcvbn(stolen, &[]).score() < zxcvbn::Score::Three);
        }
        // What the list is for: the estimate alone lets many of them pass.
        assert!(STOLEN.lines().count() > by_shape_alone + 20, "{by_shape_alone}");
    }

    #[tokio::test]
    async fn a_hash_opens_for_its_password_alone() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.is("correct horse".to_owned(), Some(hash.clone())).await);
        assert!(!passwords.is("correct house".to_owned(), Some(hash)).await);
        assert!(!passwords.is("nobody".to_owned(), None).await);
    }
}
