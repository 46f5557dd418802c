//! Who may come in: accounts, sessions, tokens of machines, one-time links.
//!
//! Secrets are kept as what a caller made of them (a password's Argon2id hash, the SHA-256 of a random
//! secret); those that must be read again, sealed by the key of the installation. All times are the server's, not the engine's: moving the clock
//! of a sandbox must not log anybody out.

mod account;
mod attempt;
mod entry_code;
mod event;
mod inquiry_link;
mod link;
mod linked;
mod recovery;
mod second_factor;
mod session;
mod token;

pub use account::Account;
pub use attempt::{Attempt, Attempts, Credentials};
pub use entry_code::{EntryMail, EntryProof, NewApplicant};
pub use event::{AccountEvent, AccountEventRow, Doer};
pub use inquiry_link::{InquiryLink, InquiryLinkRow, NewInquiryLink};
pub use link::{LinkPurpose, NewLink};
pub use linked::{ByIdentity, Identity, KnownBy, NewIdentity, Newcomer, Proved};
pub use recovery::RecoveryMail;
pub use second_factor::SecondFactor;
pub(crate) use second_factor::of_person;
pub use session::{NewSession, Session, SessionRow};
pub use token::{NewToken, Scope, Token, TokenRow};

/// SHA-256 of a random secret.
pub type SecretHash = [u8; 32];
