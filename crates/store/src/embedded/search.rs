//! Where a PostgreSQL server may be installed, and which of them is used.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{EmbeddedError, account::Account};

/// The oldest major version that the schema works with.
pub const MINIMUM_VERSION: u32 = 15;

/// The places at which a PostgreSQL server is looked for, in this order.
#[derive(Clone, Debug, Default)]
pub struct ServerSearch {
    /// The folder with `postgres` and `initdb`, as configured. When given, nothing else counts.
    pub bin_dir: Option<PathBuf>,
    /// Folders that hold one folder per major version, each with a `bin`; the newest comes first.
    pub system_dirs: Vec<PathBuf>,
    /// A list of folders in the form of the variable `PATH`.
    pub path: Option<OsString>,
    /// The user's cache folder: `parvaneh/postgres/<version>/bin` below it, newest first.
    pub cache_dir: Option<PathBuf>,
}

impl ServerSearch {
    /// The places of a Debian-like system, with `PARVANEH_PG_BIN`, `PATH` and the cache folder of
    /// this process's environment (`/var/cache` for root). Call it at the edge of the program, or
    /// in tests.
    #[expect(clippy::disallowed_methods, reason = "called at the edge, as its name says")]
    pub fn from_env() -> Self {
        Self {
            bin_dir: env::var_os("PARVANEH_PG_BIN")
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
            system_dirs: vec![PathBuf::from("/usr/lib/postgresql")],
            path: env::var_os("PATH"),
            cache_dir: base_dir("/var/cache", "XDG_CACHE_HOME", ".cache"),
        }
    }
}

/// Where the data are when nobody says otherwise: `/var/lib/parvaneh` for root (whose own folder
/// is closed to the account that must run the server), else the user's data folder. `None` for a
/// user without a home. Reads the environment: call it at the edge of the program.
pub fn default_data_dir() -> Option<PathBuf> {
    Some(base_dir("/var/lib", "XDG_DATA_HOME", ".local/share")?.join("parvaneh"))
}

/// A base folder as the XDG base directory specification has it; the system's own for root.
#[expect(clippy::disallowed_methods, reason = "only for what is called at the edge")]
fn base_dir(of_root: &str, variable: &str, below_home: &str) -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from(of_root));
    }
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(below_home)))
}

/// A server that is installed and new enough.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) bin_dir: PathBuf,
    pub(super) major: u32,
}

/// Finds the folder with the programs of a PostgreSQL server, version [`MINIMUM_VERSION`] or newer.
///
/// # Errors
/// [`EmbeddedError::ServerNotFound`] with every place that was looked at;
/// [`EmbeddedError::ServerTooOld`] when the configured one is too old.
pub fn find_server(search: &ServerSearch) -> Result<PathBuf, EmbeddedError> {
    Ok(find(search, None, None)?.bin_dir)
}

/// As [`find_server`], but of the major version that wrote the data, when there are any, and one
/// that `account` can reach.
pub(super) fn find(
    search: &ServerSearch,
    account: Option<&Account>,
    data: Option<(&Path, u32)>,
) -> Result<Server, EmbeddedError> {
    let (servers, looked_at) = installed(search, account)?;
    let Some(newest) = servers.first() else {
        return Err(EmbeddedError::ServerNotFound { minimum: MINIMUM_VERSION, looked_at });
    };
    let Some((path, needed)) = data else { return Ok(newest.clone()) };
    servers.iter().find(|server| server.major == needed).cloned().ok_or_else(|| {
        let mut found: Vec<_> = servers.iter().map(|server| server.major).collect();
        found.dedup();
        EmbeddedError::ServerMismatch { data: path.to_owned(), needed, found }
    })
}

/// Every usable server in the order of preference, and a note on every place.
fn installed(
    search: &ServerSearch,
    account: Option<&Account>,
) -> Result<(Vec<Server>, Vec<String>), EmbeddedError> {
    let mut servers = Vec::new();
    let mut notes = Vec::new();
    if let Some(bin_dir) = &search.bin_dir {
        match major_version(bin_dir) {
            Some(found) if found < MINIMUM_VERSION => {
                return Err(EmbeddedError::ServerTooOld {
                    bin_dir: bin_dir.clone(),
                    found,
                    minimum: MINIMUM_VERSION,
                });
            }
            Some(major) => servers.push(Server { bin_dir: bin_dir.clone(), major }),
            None => notes.push(format!("{} (configured; no server there)", bin_dir.display())),
        }
        return Ok((servers, notes));
    }

    let mut candidates = Vec::new();
    for dir in &search.system_dirs {
        notes.push(format!("{}/*/bin", dir.display()));
        candidates.extend(versioned(dir));
    }
    if let Some(path) = &search.path {
        notes.push("PATH".to_owned());
        // The program may be a link; its companions stand beside what it points to.
        candidates.extend(env::split_paths(path).filter_map(|dir| {
            fs::canonicalize(dir.join("postgres")).ok()?.parent().map(Path::to_owned)
        }));
    }
    if let Some(cache) = &search.cache_dir {
        let dir = cache.join("parvaneh/postgres");
        notes.push(format!("{}/*/bin", dir.display()));
        candidates.extend(versioned(&dir));
    }

    for bin_dir in candidates {
        let Some(major) = major_version(&bin_dir) else { continue };
        if major < MINIMUM_VERSION {
            notes.push(format!("{} (version {major}, too old)", bin_dir.display()));
        } else if let Some(folder) = account.and_then(|account| account.closed_folder(&bin_dir)) {
            notes.push(format!("{} (closed: {})", bin_dir.display(), folder.display()));
        } else {
            servers.push(Server { bin_dir, major });
        }
    }
    Ok((servers, notes))
}

/// `dir/<version>/bin` for every version below `dir`, newest first; 15 is newer than 9.6.
fn versioned(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(Vec<u32>, PathBuf)> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version: Vec<u32> =
                name.to_str()?.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0));
    found.into_iter().map(|(_, path)| path).collect()
}

/// The major version of the server in `bin_dir`; nothing when none is there that runs.
fn major_version(bin_dir: &Path) -> Option<u32> {
    if !bin_dir.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(bin_dir.join("postgres"))
        .arg("--version")
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    parse_version(std::str::from_utf8(&output.stdout).ok()?)
}

/// The major version out of `postgres (PostgreSQL) 17.2 (Debian …)`, `18beta1`, `19devel`.
fn parse_version(text: &str) -> Option<u32> {
    let version = text.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// An installation that says it is `version`.
    fn install(bin_dir: &Path, version: &str) {
        fs::create_dir_all(bin_dir).unwrap();
        for program in ["postgres", "initdb"] {
            let path = bin_dir.join(program);
            fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n"))
                .unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn versions_are_read_from_what_servers_say() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("mysqld 8", None),
            ("postgres (PostgreSQL) devel", None),
        ] {
            assert_eq!(parse_version(text), major, "{text}");
        }
    }

    #[test]
    fn the_configured_server_comes_first_then_the_newest_then_path_then_cache() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mut search = ServerSearch {
            bin_dir: None,
            system_dirs: vec![at("system")],
            path: Some(at("path").into_os_string()),
            cache_dir: Some(at("cache")),
        };

        let error = find_server(&search).unwrap_err();
        assert_eq!(error.code(), "postgres_not_found");
        let text = error.to_string();
        assert!(text.contains("apt-get install postgresql"), "{text}");
        assert!(text.contains("DATABASE_URL"), "{text}");

        let cached = at("cache/parvaneh/postgres/16.4/bin");
        install(&cached, "16.4");
        assert_eq!(find_server(&search).unwrap(), cached);
        install(&at("path"), "15.2");
        assert_eq!(find_server(&search).unwrap(), fs::canonicalize(at("path")).unwrap());
        // By the names' letters 9.6 would be newer than 15.
        install(&at("system/9.6/bin"), "9.6.24");
        install(&at("system/15/bin"), "15.14");
        install(&at("system/17/bin"), "17.2");
        assert_eq!(find_server(&search).unwrap(), at("system/17/bin"));

        install(&at("own"), "16.1");
        search.bin_dir = Some(at("own"));
        assert_eq!(find_server(&search).unwrap(), at("own"));
        install(&at("own"), "14.9");
        assert_eq!(find_server(&search).unwrap_err().code(), "postgres_too_old");
        search.bin_dir = Some(at("nowhere"));
        assert_eq!(find_server(&search).unwrap_err().code(), "postgres_not_found");
    }

    #[test]
    fn existing_data_choose_the_version_that_wrote_them() {
        let dir = tempfile::tempdir().unwrap();
        let search =
            ServerSearch { system_dirs: vec![dir.path().to_owned()], ..ServerSearch::default() };
        install(&dir.path().join("15/bin"), "15.14");
        install(&dir.path().join("17/bin"), "17.2");
        let data = Path::new("/data");
        assert_eq!(find(&search, None, Some((data, 15))).unwrap().major, 15);
        let error = find(&search, None, Some((data, 16))).unwrap_err();
        assert_eq!(error.code(), "postgres_version_mismatch");
    }
}
