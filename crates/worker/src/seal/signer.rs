//! Asks the signer, who has the key and runs apart, over a Unix socket.
//!
//! One question a connection, ended by closing the sending side: `key`, or what
//! [`parvaneh_core::log::notary::Asked`] says. Answers: `key VKEY`; `signed` and the note below it;
//! `refused CODE SIZE` with the reason below it, SIZE being `-` where no size is why.

use std::{io, path::PathBuf, time::Duration};

use parvaneh_core::log::{notary::Asked, note::Verifier};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

/// How long the signer may take: he writes to disk before he answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer.
const LONGEST: u64 = 64 * 1024;

/// Whoever has the key of the log, at his socket.
#[derive(Clone, Debug)]
pub struct SignerClient {
    socket: PathBuf,
}

/// What the signer says to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The signed note.
    Signed(String),
    /// He doesn't sign it.
    Refused {
        /// Why: a stable code.
        code: String,
        /// The size that he signed last, where that is why.
        last: Option<u64>,
    },
}

/// The signer doesn't answer, or not as a signer.
#[derive(Debug, thiserror::Error)]
pub enum Away {
    /// There is no connection.
    #[error("the signer cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    /// It took too long.
    #[error("the signer has not answered within {} s", PATIENCE.as_secs())]
    Late,
    /// It is no answer.
    #[error("this is not an answer of a signer: {0}")]
    Garbled(String),
}

impl SignerClient {
    /// The signer at that socket.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// His public key; its name is that of the log.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn key(&self) -> Result<Verifier, Away> {
        let said = self.ask("key\n").await?;
        let key = said.strip_prefix("key ").map(str::trim_end);
        key.and_then(|key| Verifier::parse(key).ok()).ok_or_else(|| garbled(&said))
    }

    /// Has a checkpoint signed.
    ///
    /// # Errors
    /// [`Away`].
    pub async fn sign(&self, asked: &Asked) -> Result<Answer, Away> {
        let said = self.ask(&asked.text()).await?;
        if let Some(note) = said.strip_prefix("signed\n") {
            return Ok(Answer::Signed(note.to_owned()));
        }
        let line = said.lines().next().unwrap_or_default();
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("refused"), Some(code), Some(last), None) => {
                Ok(Answer::Refused { code: code.to_owned(), last: last.parse().ok() })
            }
            _ => Err(garbled(&said)),
        }
    }

    async fn ask(&self, text: &str) -> Result<String, Away> {
        let asking = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await?;
            let mut said = String::new();
            stream.take(LONGEST).read_to_string(&mut said).await?;
            Ok(said)
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(said) => said,
            Err(_) => Err(Away::Late),
        }
    }
}

fn garbled(said: &str) -> Away {
    Away::Garbled(said.lines().next().unwrap_or_default().chars().take(80).collect())
}
