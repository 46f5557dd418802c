//! The contents of documents: where they are kept, what they are, and whether a scanner finds
//! something in them.
//!
//! **Invariant.** Nothing here knows Postgres, an HTTP server, or what a case is. A content has an
//! identifier that the program made; what somebody calls his file never reaches this crate.

mod keep;
mod kind;
mod office;
mod s3;
mod scan;

pub use keep::{Arriving, Content, Contents, ContentsError, Kept, Sha256Hash};
pub use kind::{Kind, Sniffer, WrongKind};
pub use s3::S3;
pub use scan::{ScanError, Scanner, Verdict};
