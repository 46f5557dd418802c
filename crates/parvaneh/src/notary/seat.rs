//! The folder of somebody who signs: his key, and what he signed last.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use parvaneh_core::log::note::{Checkpoint, Note, Purpose, Signer, Verifier};
use rand::TryRng as _;

use crate::failure::Failure;

/// The secret key; its owner alone reads it.
const KEY: &str = "key";
/// The public key, for convenience.
const PUBLIC: &str = "key.pub";
/// Held by who signs: one process at a time.
const LOCK: &str = "lock";

/// That one process alone signs here. Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: fs::File,
}

/// Somebody who signs.
#[derive(Debug)]
pub(crate) struct Seat {
    folder: PathBuf,
    pub(crate) signer: Signer,
}

impl Lock {
    /// Takes the folder, if nobody has it.
    ///
    /// # Errors
    /// `signer-folder`; `signer-in-use`.
    pub(crate) fn take(folder: &Path) -> Result<Self, Failure> {
        let file = Self::file(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => {
                let message = format!("another process signs in {}", folder.display());
                Err(Failure::no("signer-in-use", message)
                    .help("one is enough, and two would be one too many"))
            }
            Err(fs::TryLockError::Error(error)) => Err(unusable(folder, &error)),
        }
    }

    /// Waits until the folder is free.
    ///
    /// # Errors
    /// `signer-folder`.
    pub(crate) fn wait(folder: &Path) -> Result<Self, Failure> {
        let file = Self::file(folder)?;
        file.lock().map_err(|error| unusable(folder, &error))?;
        Ok(Self { _file: file })
    }

    fn file(folder: &Path) -> Result<fs::File, Failure> {
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        options.open(folder.join(LOCK)).map_err(|error| unusable(folder, &error))
    }
}

impl Seat {
    /// Makes the key of a new seat.
    ///
    /// # Errors
    /// `signer-has-key` where there is one; `bad-name`; `signer-folder`.
    pub(crate) fn make(folder: &Path, name: &str, purpose: Purpose) -> Result<Self, Failure> {
        let mut seed = [0; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut seed)
            .map_err(|_| Failure::internal("no random numbers can be had"))?;
        let signer = Signer::new(name, purpose, &seed).map_err(|error| {
            Failure::no("bad-name", format!("'{name}': {error}"))
                .help("write it like an address: parvaneh.example.org/timelines")
        })?;
        let placed = (|| {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            write_new(folder, KEY, 0o600, &format!("{}\n", signer.secret()))?;
            write_new(folder, PUBLIC, 0o644, &format!("{}\n", signer.public()))
        })();
        match placed {
            Ok(()) => Ok(Self { folder: folder.to_owned(), signer }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::no("signer-has-key", format!("{} holds a key", folder.display()))
                    .help("a log keeps its key: another one would be another log"))
            }
            Err(error) => Err(unusable(folder, &error)),
        }
    }

    /// Whether a key was made there.
    pub(crate) fn exists(folder: &Path) -> bool {
        folder.join(KEY).exists()
    }

    /// The seat in that folder.
    ///
    /// # Errors
    /// `signer-folder`, `signer-key`.
    pub(crate) fn open(folder: &Path, purpose: Purpose) -> Result<Self, Failure> {
        let path = folder.join(KEY);
        let text = fs::read_to_string(&path).map_err(|error| {
            unusable(folder, &error).help(format!("`init` makes the key in {}", path.display()))
        })?;
        let wrong = |why: String| Failure::no("signer-key", format!("{}: {why}", path.display()));
        let signer = Signer::parse(text.trim()).map_err(|error| wrong(error.to_string()))?;
        if signer.public().purpose() != purpose {
            return Err(wrong("it is a key for something else".to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), signer })
    }

    /// His public key.
    pub(crate) fn key(&self) -> &Verifier {
        self.signer.public()
    }

    /// What he keeps under that name; `None` where he has signed nothing yet.
    ///
    /// # Errors
    /// Where it cannot be read: then nothing may be signed.
    pub(crate) fn kept(&self, name: &str) -> io::Result<Option<(Note, Checkpoint)>> {
        let text = match fs::read_to_string(self.folder.join(name)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let wrong = |error| io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {error}"));
        let note = Note::parse(&text).map_err(wrong)?;
        // What somebody else has put there was not signed here.
        note.verify(self.key()).map_err(wrong)?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(wrong)?;
        Ok(Some((note, checkpoint)))
    }

    /// Keeps what is about to be given out: on disk, whole, before anybody sees it.
    ///
    /// # Errors
    /// Where it cannot be written; then it is not given out.
    pub(crate) fn keep(&self, name: &str, note: &Note) -> io::Result<()> {
        let new = self.folder.join(format!("{name}.new"));
        let mut options = fs::OpenOptions::new();
        let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(note.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.folder.join(name))?;
        fs::File::open(&self.folder)?.sync_all()
    }
}

fn write_new(folder: &Path, name: &str, mode: u32, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.create_new(true).write(true).mode(mode).open(folder.join(name))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::File::open(folder)?.sync_all()
}

fn unusable(folder: &Path, error: &io::Error) -> Failure {
    Failure::no("signer-folder", format!("{}: {error}", folder.display()))
}
