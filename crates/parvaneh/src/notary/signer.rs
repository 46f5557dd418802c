//! Signs the log's checkpoints at a Unix socket. The other side, with the form of questions and answers, is
//! `parvaneh_worker::seal::SignerClient`.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use parvaneh_core::log::{
    notary::{Asked, MAP, Refusal, may_sign, may_sign_map},
    note::{Checkpoint, Note},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
};

use super::Seat;
use crate::failure::Failure;

/// How long somebody may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest question.
const LONGEST: u64 = 64 * 1024;
/// What was signed last, and the last map of cases.
const LAST: &str = "checkpoint";
const LAST_MAP: &str = "cases";

/// The signer of one log.
#[derive(Debug)]
pub(crate) struct LogSigner {
    seat: Seat,
    /// Only while it is held is anything signed.
    turn: Mutex<()>,
}

/// Why there is no signature.
enum Refused {
    By(Refusal),
    Disk(io::Error),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::By(refusal)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl LogSigner {
    pub(crate) fn new(seat: Seat) -> Self {
        Self { seat, turn: Mutex::default() }
    }

    /// The answer to a question.
    pub(crate) fn answer(&self, question: &str) -> String {
        if question.trim_end() == "key" {
            return format!("key {}\n", self.seat.key());
        }
        match self.signed(question) {
            Ok(note) => format!("signed\n{note}"),
            Err(Refused::By(refusal)) => {
                // Whoever asked says it where it matters.
                tracing::info!(code = refusal.code(), %refusal, "a checkpoint is not signed");
                let last = refusal.last().map_or_else(|| "-".to_owned(), |last| last.to_string());
                format!("refused {} {last}\n{refusal}\n", refusal.code())
            }
            Err(Refused::Disk(error)) => {
                tracing::error!(%error, "what was signed last cannot be read or written");
                format!("refused signer_state -\n{error}\n")
            }
        }
    }

    fn signed(&self, question: &str) -> Result<Note, Refused> {
        let asked = Asked::parse(question)?;
        let new = Checkpoint::parse(&asked.checkpoint)
            .map_err(|_| Refusal::Unreadable("it is not the text of a checkpoint"))?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.seat.kept(LAST)?;
        let name = if new.origin == self.seat.key().name() {
            if !new.extensions.is_empty() {
                return Err(Refusal::Unreadable("a checkpoint of a log has three lines").into());
            }
            let last = last.as_ref().map(|last| &last.1);
            may_sign(last, asked.old, &asked.proof, &new)?;
            LAST
        } else if new.origin.strip_suffix(MAP) == Some(self.seat.key().name()) {
            let before = self.seat.kept(LAST_MAP)?;
            let (last, before) = (last.as_ref().map(|l| &l.1), before.as_ref().map(|b| &b.1));
            may_sign_map(last, before, &asked.proof, &new)?;
            LAST_MAP
        } else {
            return Err(Refusal::OtherLog(new.origin).into());
        };
        let note = new
            .sign(&self.seat.signer)
            .map_err(|_| Refusal::Unreadable("it cannot stand in a note"))?;
        self.seat.keep(name, &note)?;
        Ok(note)
    }
}

/// Takes the socket. Whoever is in its group may ask.
///
/// # Errors
/// `signer-socket`.
pub(crate) fn listen(socket: &Path) -> Result<UnixListener, Failure> {
    let failed = |error: io::Error| {
        Failure::no("signer-socket", format!("{}: {error}", socket.display()))
            .help("name another place with --signer-socket; its path has up to 107 bytes")
    };
    // One that is left over from a process that was killed; who holds the folder's lock is alone.
    if fs::symlink_metadata(socket).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(socket).map_err(failed)?;
    }
    let listener = UnixListener::bind(socket).map_err(failed)?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

/// Answers at the socket for as long as it is let.
pub(crate) async fn serve(signer: Arc<LogSigner>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let signer = signer.clone();
                tokio::spawn(async move {
                    match tokio::time::timeout(PATIENCE, converse(signer, stream)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => tracing::debug!(%error, "whoever asked is gone"),
                        Err(_) => tracing::debug!("whoever asked took too long"),
                    }
                });
            }
            Err(error) => {
                tracing::error!(%error, "nobody can ask for a moment");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn converse(signer: Arc<LogSigner>, mut stream: UnixStream) -> io::Result<()> {
    let mut question = String::new();
    (&mut stream).take(LONGEST).read_to_string(&mut question).await?;
    let answer = tokio::task::spawn_blocking(move || signer.answer(&question)).await?;
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use parvaneh_core::{
        log::{Frontier, leaf, note::Purpose},
        timeline::Hash,
    };

    use super::*;

    fn grown(entries: &[&str]) -> (u64, Hash) {
        let mut log = Frontier::default();
        entries.iter().for_each(|entry| log.push(leaf(entry.as_bytes())));
        (log.size(), log.root())
    }

    #[test]
    fn what_was_signed_last_is_known_again_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("signer");
        let key = Seat::make(&folder, "example.org/log", Purpose::Log).unwrap().key().clone();
        assert_eq!(
            Seat::make(&folder, "example.org/log", Purpose::Log).unwrap_err().code,
            "signer-has-key"
        );
        let mode =
            |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("key"), mode("")), (0o600, 0o700));
        let signer = || LogSigner::new(Seat::open(&folder, Purpose::Log).unwrap());
        assert_eq!(signer().answer("key\n"), format!("key {key}\n"));
        let ask = |old, entries: &[&str], proof: Vec<Hash>| {
            let (size, root) = grown(entries);
            let (origin, extensions) = ("example.org/log".to_owned(), Vec::new());
            let checkpoint = Checkpoint { origin, size, root, extensions }.text();
            signer().answer(&Asked { old, proof, checkpoint }.text())
        };
        let answer = ask(0, &["a"], Vec::new());
        let note = answer.strip_prefix("signed\n").unwrap();
        assert_eq!(Checkpoint::signed(note, &key).unwrap().size, 1);
        assert_eq!(fs::read_to_string(folder.join("checkpoint")).unwrap(), note);
        assert_eq!(mode("checkpoint"), 0o600);
        let grown_by_b = vec![leaf(b"b")];
        assert!(ask(1, &["a", "b"], grown_by_b.clone()).starts_with("signed\n"));
        for (old, entries, proof, refused) in [
            (1, &["a"][..], vec![], "checkpoint_rolled_back 2"),
            (0, &["a", "b", "c"], vec![], "checkpoint_stale 2"),
            (2, &["a", "x"], vec![], "checkpoint_fork 2"),
            (2, &["a", "x", "c"], vec![leaf(b"c")], "checkpoint_fork 2"),
        ] {
            let answer = ask(old, entries, proof);
            assert!(answer.starts_with(&format!("refused {refused}\n")), "{answer}");
        }
        assert!(signer().answer("nonsense").starts_with("refused checkpoint_unreadable -\n"));
        // Whoever takes away what was signed last, or puts something else there, gets no signature by it.
        let kept = fs::read(folder.join("checkpoint")).unwrap();
        fs::write(folder.join("checkpoint"), note.replacen("\n1\n", "\n9\n", 1)).unwrap();
        let answer = ask(2, &["a", "b", "c"], vec![leaf(b"c")]);
        assert!(answer.starts_with("refused signer_state -\n"), "{answer}");
        fs::write(folder.join("checkpoint"), kept).unwrap();
        assert!(ask(2, &["a", "b", "c"], vec![leaf(b"c")]).starts_with("signed\n"));
    }
}
