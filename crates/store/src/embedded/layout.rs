//! The files of one private Postgres, and who may be at them at the same time.
//!
//! ```text
//! DATA_DIR/           ours; 0700, or 0711 when root runs the server as another account
//!   postgres/         the server's data (PGDATA), 0700, owned by the account that runs it
//!   socket/           its Unix socket, 0700 (elsewhere when the path would be too long)
//!   secret            what the roles' passwords are derived from, 0600
//!   door              locked while somebody starts or stops the server
//!   users             everybody who uses the server holds a shared lock on it
//!   started           the process id of the server that a program of ours started
//!   postgres.log      what the server says
//! ```

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{Read, Seek, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::{EmbeddedError, account::Account};

/// The folder with the server's own data, below the data directory.
pub(super) const CLUSTER: &str = "postgres";

/// The longest path of a socket's folder: the kernel takes 107 bytes with `/.s.PGSQL.5432.lock`.
const LONGEST_SOCKET_DIR: usize = 107 - "/.s.PGSQL.5432.lock".len();

/// For how long somebody else may be starting or stopping the server.
const DOOR_PATIENCE: Duration = Duration::from_secs(120);

/// When the log is put aside at a start, in bytes.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;

/// The places of one private Postgres and the account that runs it.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
    pub(super) account: Option<Account>,
}

impl Layout {
    /// Makes the data directory if need be, and checks that the server's account can reach it.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let wanted = std::path::absolute(data_dir).map_err(EmbeddedError::io("find", data_dir))?;
        let root = resolve_existing(&wanted)?;
        let account = Account::for_data_dir(&root)?;
        // Judge before anything is made. The last folder may still be opened below if it is ours.
        if let (Some(account), Some(parent)) = (&account, root.parent()) {
            refuse_closed(account, parent)?;
        }
        let io = |what| EmbeddedError::io(what, &root);
        let new = !root.exists();
        if new {
            if let Some(parent) = root.parent() {
                let mut builder = DirBuilder::new();
                builder.recursive(true).mode(0o755).create(parent).map_err(io("create"))?;
            }
            DirBuilder::new()
                .mode(0o700)
                .create(&root)
                .or_else(unless_exists)
                .map_err(io("create"))?;
        }
        if let Some(account) = &account {
            let meta = fs::metadata(&root).map_err(io("read"))?;
            let empty = fs::read_dir(&root).map_err(io("read"))?.next().is_none();
            if meta.uid() == 0 && meta.mode() & 0o001 == 0 && (new || empty) {
                fs::set_permissions(&root, Permissions::from_mode(0o711)).map_err(io("open"))?;
            }
            refuse_closed(account, &root)?;
        }
        Ok(Self { root, account })
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join(CLUSTER)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub(super) fn started(&self) -> PathBuf {
        self.root.join("started")
    }

    /// Opens (and makes) one of our own small files; never through a symbolic link.
    pub(super) fn open(&self, name: &str) -> Result<File, EmbeddedError> {
        let path = self.root.join(name);
        let mut options = OpenOptions::new();
        options
            .read(true)
            .append(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        match options.clone().create_new(true).open(&path) {
            Ok(file) => {
                self.give_to_owner(&file).map_err(EmbeddedError::io("own", path))?;
                Ok(file)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                options.open(&path).map_err(EmbeddedError::io("open", path))
            }
            Err(error) => Err(EmbeddedError::io("create", path)(error)),
        }
    }

    /// When root works in an ordinary user's data directory, what it makes there is the user's.
    fn give_to_owner(&self, file: &File) -> std::io::Result<()> {
        if self.account.is_some() {
            let meta = fs::metadata(&self.root)?;
            if meta.uid() != 0 {
                fchown(file, Some(meta.uid()), Some(meta.gid()))?;
            }
        }
        Ok(())
    }

    /// Makes a folder of the server's account, closed to everybody else.
    pub(super) fn make_server_dir(&self, path: &Path) -> Result<(), EmbeddedError> {
        DirBuilder::new().mode(0o700).create(path).map_err(EmbeddedError::io("create", path))?;
        self.give_to_server(path)
    }

    /// Makes the server's account own `path`.
    pub(super) fn give_to_server(&self, path: &Path) -> Result<(), EmbeddedError> {
        let Some(account) = &self.account else { return Ok(()) };
        lchown(path, Some(account.uid), Some(account.gid)).map_err(EmbeddedError::io("own", path))
    }

    /// The folder of the socket, made if need be. It is below the data directory when that path is
    /// short and plain, otherwise below `/tmp` under a name that only this directory has.
    pub(super) fn socket_dir(&self) -> Result<PathBuf, EmbeddedError> {
        let beside = self.root.join("socket");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
        let bytes = beside.as_os_str().as_encoded_bytes();
        let dir = if bytes.len() <= LONGEST_SOCKET_DIR && bytes.iter().copied().all(plain) {
            beside
        } else {
            let uid = rustix::process::geteuid().as_raw();
            let hash = hex(&Sha256::digest(self.root.as_os_str().as_encoded_bytes()));
            PathBuf::from(format!("/tmp/parvaneh-{uid}-{}", &hash[..16]))
        };
        match fs::symlink_metadata(&dir) {
            Err(_) => self.make_server_dir(&dir)?,
            // In /tmp anybody may have put something under this name.
            Ok(meta) => {
                let server = self
                    .account
                    .as_ref()
                    .map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
                if !meta.is_dir() || meta.uid() != server || meta.mode() & 0o077 != 0 {
                    return Err(EmbeddedError::NotYours { path: dir, owner: meta.uid() });
                }
            }
        }
        Ok(dir)
    }

    /// Waits until nobody else is starting or stopping the server, and keeps others out.
    pub(super) async fn lock_door(&self) -> Result<File, EmbeddedError> {
        let door = self.open("door")?;
        let begun = Instant::now();
        loop {
            match door.try_lock() {
                Ok(()) => return Ok(door),
                Err(TryLockError::WouldBlock) if begun.elapsed() < DOOR_PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(EmbeddedError::Busy { path: self.root.join("door") });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(EmbeddedError::io("lock", self.root.join("door"))(error));
                }
            }
        }
    }

    /// The log, to append to; an old long one is put aside first.
    pub(super) fn open_log(&self) -> Result<File, EmbeddedError> {
        let path = self.log();
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
            fs::rename(&path, self.root.join("postgres.log.1"))
                .map_err(EmbeddedError::io("put aside", &path))?;
        }
        self.open("postgres.log")
    }

    /// The last lines that the log got since it was `from` bytes long.
    pub(super) fn log_since(&self, from: u64) -> String {
        let mut text = Vec::new();
        let read = File::open(self.log()).and_then(|mut log| {
            log.seek(SeekFrom::Start(from))?;
            log.read_to_end(&mut text)
        });
        if let Err(error) = read {
            return format!("(the log could not be read: {error})");
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Draws a new secret and writes it so that either all of it is there or nothing.
    pub(super) fn create_secret(&self) -> Result<Secret, EmbeddedError> {
        let mut bytes = [0_u8; 32];
        File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut bytes))
            .map_err(EmbeddedError::io("read", "/dev/urandom"))?;
        let secret = Secret(hex(&bytes));
        let (draft, path) = (self.root.join("secret.new"), self.root.join("secret"));
        let io = |what| EmbeddedError::io(what, &path);
        fs::remove_file(&draft).or_else(unless_absent).map_err(io("replace"))?;
        let mut file = self.open("secret.new")?;
        writeln!(file, "{}", secret.0).and_then(|()| file.sync_all()).map_err(io("write"))?;
        fs::rename(&draft, &path).map_err(io("write"))?;
        Ok(secret)
    }

    /// The secret that the data were made with.
    pub(super) fn read_secret(&self) -> Result<Secret, EmbeddedError> {
        let path = self.root.join("secret");
        match fs::read_to_string(&path) {
            Ok(text) if text.trim().len() == 64 => Ok(Secret(text.trim().to_owned())),
            _ => Err(EmbeddedError::SecretMissing { path }),
        }
    }
}

/// What every role's password is derived from, so that one role's says nothing about another's.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    /// The password of a role: hexadecimal digits only, so it needs no quoting anywhere.
    pub(super) fn password(&self, role: &str) -> String {
        hex(&Sha256::digest(format!("{}:{role}", self.0)))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string can't fail");
        text
    })
}

fn refuse_closed(account: &Account, path: &Path) -> Result<(), EmbeddedError> {
    match account.closed_folder(path) {
        Some(folder) => Err(EmbeddedError::Unreachable { folder, account: account.name.clone() }),
        None => Ok(()),
    }
}

/// `path` with the links of that part of it which exists resolved.
fn resolve_existing(path: &Path) -> Result<PathBuf, EmbeddedError> {
    for existing in path.ancestors() {
        if existing.exists() {
            let real = fs::canonicalize(existing).map_err(EmbeddedError::io("find", existing))?;
            let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
            return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
        }
    }
    Ok(path.to_owned())
}

/// Not an error: it exists already.
fn unless_exists(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}

/// Not an error: it is not there.
pub(super) fn unless_absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
