//! Which account the server runs as when root starts it: PostgreSQL refuses to run as root.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use super::EmbeddedError;

/// An account of the operating system, other than root, that runs the server on root's behalf.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// The account for the data in `data_dir`: nobody else's than our own (`None`) for an ordinary
    /// user; for root the owner of what is already there, else `postgres`, else `nobody`.
    pub(super) fn for_data_dir(data_dir: &Path) -> Result<Option<Self>, EmbeddedError> {
        let me = rustix::process::geteuid();
        let owner = |path: &Path| fs::metadata(path).ok().map(|meta| (meta.uid(), meta.gid()));
        if !me.is_root() {
            return match owner(data_dir) {
                Some((owner, _)) if owner != me.as_raw() => {
                    Err(EmbeddedError::NotYours { path: data_dir.to_owned(), owner })
                }
                _ => Ok(None),
            };
        }
        let existing = [data_dir.join(super::layout::CLUSTER), data_dir.to_owned()];
        if let Some((uid, gid)) =
            existing.iter().filter_map(|path| owner(path)).find(|(uid, _)| *uid != 0)
        {
            return Ok(Some(Self { name: format!("uid {uid}"), uid, gid }));
        }
        let passwd =
            fs::read_to_string("/etc/passwd").map_err(EmbeddedError::io("read", "/etc/passwd"))?;
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Self::named(&passwd, name))
            .map(Some)
            .ok_or(EmbeddedError::NoAccount)
    }

    /// The account called `name` in a text in the form of `/etc/passwd`; never one with root's id.
    fn named(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (uid != 0).then(|| Self { name: name.to_owned(), uid, gid })
        })
    }

    /// The first folder on the way down to and including `path` that this account may not enter.
    /// What does not exist yet is not judged.
    pub(super) fn closed_folder(&self, path: &Path) -> Option<PathBuf> {
        let mut folders: Vec<&Path> = path.ancestors().collect();
        folders.reverse();
        folders
            .into_iter()
            .find(|folder| {
                fs::metadata(folder).is_ok_and(|meta| {
                    let enter = if meta.uid() == self.uid {
                        0o100
                    } else if meta.gid() == self.gid {
                        0o010
                    } else {
                        0o001
                    };
                    meta.mode() & enter == 0
                })
            })
            .map(Path::to_owned)
    }

    /// Lets `command` run as this account, without any of root's groups.
    pub(super) fn run(&self, command: &mut Command) {
        // With root's uid the standard library drops the supplementary groups before `setuid`.
        command.uid(self.uid).gid(self.gid);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn accounts_are_read_by_name_and_never_have_roots_id() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:7::/:/bin/sh\n\
                      postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n\
                      nobody:x:0:0:odd:/:/bin/sh\nbroken:x\n";
        let postgres = Account::named(passwd, "postgres").unwrap();
        assert_eq!((postgres.uid, postgres.gid), (101, 104));
        for name in ["nobody", "root", "broken", "absent"] {
            assert!(Account::named(passwd, name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_folder_closed_to_the_account_is_found_wherever_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let closed = dir.path().join("closed");
        let below = closed.join("below");
        fs::create_dir_all(&below).unwrap();
        let stranger = Account { name: "stranger".into(), uid: 4_000_001, gid: 4_000_001 };
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(stranger.closed_folder(&below.join("not/there")), None);
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(stranger.closed_folder(&below.join("not/there")), Some(closed.clone()));
        let meta = fs::metadata(&closed).unwrap();
        let owner = Account { name: "owner".into(), uid: meta.uid(), gid: meta.gid() };
        assert_eq!(owner.closed_folder(&below), None);
    }
}
