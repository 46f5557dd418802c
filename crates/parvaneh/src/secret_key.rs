//! The key by which secrets are sealed: named, or kept in a file beside the private Postgres.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use parvaneh_store::{KeyChanged, KeyUnchanged, SecretKey, Store, StoreError};

use crate::{config::Options, database::Database, failure::Failure};

/// The file of the key, in the folder of the private Postgres.
const FILE: &str = "secret.key";
/// The file of a key that takes its place, while it does.
const NEXT: &str = "secret.key.next";

impl Database {
    /// Says so where nothing is sealed, for want of a key: for whoever serves others.
    pub(crate) fn warn_of_no_key(&self) {
        if !self.store.has_key() {
            tracing::warn!(
                "PARVANEH_SECRET_KEY is not set: nobody can set up a second factor, and the \
                 secrets of webhooks and the keys of personal data stand in the database as they are"
            );
        }
    }

    /// Lets the store seal and open secrets: by the key that is named, or by the one that is kept
    /// beside the private Postgres, made when it is first needed. On a named database without a named
    /// key it does neither.
    ///
    /// # Errors
    /// `secret-key` when it is none; `secret_key_wrong` when it is another one than before.
    pub(crate) async fn unlock(&self, options: &Options) -> Result<(), Failure> {
        let (key, place) = match (named(options), self.data_dir()) {
            (Some(text), _) => (read(text, NAME)?, NAME.to_owned()),
            (None, Some(folder)) => {
                let path = folder.join(FILE);
                let key = kept(&path)?;
                match self.store.use_key(&key).await {
                    Ok(()) => return Ok(()),
                    // A change of the key was cut off after the database had taken the other one.
                    Err(StoreError::WrongKey) if folder.join(NEXT).exists() => {
                        let next = folder.join(NEXT);
                        let key = kept(&next)?;
                        self.store.use_key(&key).await.map_err(|error| refused(error, &path))?;
                        return in_place(&next, &path).map_err(|error| unreadable(&path, &error));
                    }
                    Err(error) => return Err(refused(error, &path)),
                }
            }
            (None, None) => return Ok(()),
        };
        self.store.use_key(&key).await.map_err(|error| refused(error, place))
    }
}

/// Where a key is named.
const NAME: &str = "PARVANEH_SECRET_KEY";

fn named(options: &Options) -> Option<&str> {
    options.secret_key.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn refused(error: StoreError, place: impl AsRef<Path>) -> Failure {
    let place = place.as_ref().display();
    match error {
        StoreError::WrongKey => Failure::no(
            "secret_key_wrong",
            format!("the secrets of this database are sealed by another key than {place}"),
        )
        .help(
            "give the key with which it was used before (docs/IDENTITY.md tells what to do when it \
             is lost)",
        ),
        error => error.into(),
    }
}

/// Lets another key take the place of the one by which secrets are sealed: one that is named, or a new one
/// in the file of the former. Tells where it is.
///
/// # Errors
/// As [`Database::unlock`]; `secret_key_in_use` while a service runs. Nothing has changed then.
pub(crate) async fn replaced(
    options: &Options,
    other: Option<&str>,
) -> Result<(KeyChanged, String), Failure> {
    const OTHER: &str = "PARVANEH_NEW_SECRET_KEY";
    let other = other.map(str::trim).filter(|text| !text.is_empty());
    Database::as_owner(options, async |owner, folder| match (named(options), folder, other) {
        (Some(former), _, Some(other)) => {
            let (former, other) = (read(former, NAME)?, read(other, OTHER)?);
            let changed = Store::change_key(owner, &former, &other).await;
            Ok((changed.map_err(|error| unchanged(error, NAME))?, OTHER.to_owned()))
        }
        (None, Some(folder), None) => {
            let (path, next) = (folder.join(FILE), folder.join(NEXT));
            let former = kept(&path)?;
            // One that is left over from a change that came to nothing is as good as another.
            let other = kept(&next)?;
            match Store::change_key(owner, &former, &other).await {
                Ok(changed) => {
                    in_place(&next, &path).map_err(|error| unreadable(&path, &error))?;
                    Ok((changed, path.display().to_string()))
                }
                Err(error) => Err(unchanged(error, path)),
            }
        }
        (None, Some(_), Some(_)) => {
            Err(Failure::usage("the key is kept in a file, whose place no named key takes")
                .help(format!("leave {OTHER} out, or name the former key by {NAME}")))
        }
        (_, _, None) | (None, None, _) => {
            Err(Failure::usage("the keys are not named").help(format!(
                "name the former key by {NAME} and the other by {OTHER} (openssl rand -base64 32)"
            )))
        }
    })
    .await
}

fn unchanged(error: KeyUnchanged, place: impl AsRef<Path>) -> Failure {
    match error {
        KeyUnchanged::InUse(_) => Failure::no("secret_key_in_use", error.to_string())
            .help("processes that know only the former key would go on sealing by it"),
        KeyUnchanged::Store(error) => refused(error, place),
    }
}

/// The one file takes the place of the other, durably.
fn in_place(next: &Path, path: &Path) -> io::Result<()> {
    fs::rename(next, path)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
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
