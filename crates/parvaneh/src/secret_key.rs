//! The key by which secrets are sealed: named, or kept in a file beside the private Postgres.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use parvaneh_store::{SecretKey, StoreError};

use crate::{config::Options, database::Database, failure::Failure};

/// The file of the key, in the folder of the private Postgres.
const FILE: &str = "secret.key";

impl Database {
    /// Lets the store seal and open secrets: by the key that is named, or by the one that is kept
    /// beside the private Postgres, made when it is first needed. On a named database without a named
    /// key it does neither.
    ///
    /// # Errors
    /// `secret-key` when it is none; `secret_key_wrong` when it is another one than before.
    pub(crate) async fn unlock(&self, options: &Options) -> Result<(), Failure> {
        let named = options.secret_key.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let (key, place) = match (named, self.data_dir()) {
            (Some(text), _) => {
                (read(text, "PARVANEH_SECRET_KEY")?, "PARVANEH_SECRET_KEY".to_owned())
            }
            (None, Some(folder)) => {
                let path = folder.join(FILE);
                (kept(&path)?, path.display().to_string())
            }
            (None, None) => {
                tracing::warn!(
                    "PARVANEH_SECRET_KEY is not set: nobody can set up a second factor, and the \
                     secrets of webhooks stand in the database as they are"
                );
                return Ok(());
            }
        };
        self.store.use_key(&key).await.map_err(|error| match error {
            StoreError::WrongKey => Failure::no(
                "secret_key_wrong",
                format!("the secrets of this database are sealed by another key than {place}"),
            )
            .help(
                "give the key with which it was used before (docs/IDENTITY.md tells what to do when it \
                 is lost)",
            ),
            error => error.into(),
        })
    }
}

fn read(text: &str, place: &str) -> Result<SecretKey, Failure> {
    SecretKey::read(text).map_err(|error| {
        Failure::no("secret-key", format!("{place}: {error}"))
            .help("make one by `openssl rand -base64 32`, once for each installation")
    })
}

/// The key in that file; a new one where there is none.
fn kept(path: &Path) -> Result<SecretKey, Failure> {
    let place = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => return read(&text, &place),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unreadable(path, &error)),
    }
    let key = SecretKey::new().map_err(|_| Failure::internal("no random numbers can be had"))?;
    let made = path.with_extension(format!("{}.new", std::process::id()));
    let placed = place_new(&key, &made, path);
    let _ = fs::remove_file(&made);
    match placed {
        Ok(()) => Ok(key),
        // Another process was quicker: its key counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.exists() => {
            let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            read(&text, &place)
        }
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Whole or not at all: a key that is half written seals what nobody opens again.
fn place_new(key: &SecretKey, made: &PathBuf, path: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(made)?;
    file.write_all(format!("{}\n", key.reveal()).as_bytes())?;
    file.sync_all()?;
    fs::hard_link(made, path)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::no("secret-key", format!("{}: {error}", path.display()))
        .help("the key by which secrets are sealed is kept there; name one by PARVANEH_SECRET_KEY")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = kept(&path).unwrap();
        assert_eq!(kept(&path).unwrap().reveal(), first.reveal());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        fs::write(&path, "short").unwrap();
        assert_eq!(kept(&path).unwrap_err().code, "secret-key");
    }
}
