//! Who may come in: accounts, sessions, tokens of machines, one-time links.
//!
//! Secrets never reach this crate: it keeps what a caller made of them (a password's Argon2id hash,
//! the SHA-256 of a random secret). All times are the server's, not the engine's: moving the clock
//! of a sandbox must not log anybody out.

mod account;
mod link;
mod session;
mod token;

pub use account::{Account, Attempts, Credentials};
pub use link::{LinkPurpose, NewLink};
pub use session::{NewSession, Session, SessionRow};
pub use token::{NewToken, Scope, Token, TokenRow};

/// SHA-256 of a random secret.
pub type SecretHash = [u8; 32];
