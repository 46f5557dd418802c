//! That a process uses the server: finding or making it, waiting for it, leaving it.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::{fs::OpenOptionsExt, net::UnixStream, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use sqlx::{Connection, PgConnection};
use tokio::process::Child;

use super::{
    ADMIN_ROLE, EmbeddedError, ServerSearch, connect_options,
    layout::{Layout, Secret, unless_absent},
    process::{self, Postmaster},
    search,
};

/// For how long a server may say nothing while it starts.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// For how long a server may recover after a crash; it then says that it is starting.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(900);
/// For how long processes of a killed server may take to notice that it is gone.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(10);
/// How often the state of the server is looked at while waiting.
const POLL: Duration = Duration::from_millis(5);

/// Written once into a new cluster's configuration; an operator may change it there.
const SETTINGS: &str = "
# --- Parvaneh's defaults for a new cluster; change them freely ---
max_connections = 100
shared_buffers = 128MB
wal_level = replica
max_wal_size = 2GB
checkpoint_timeout = 15min
synchronous_commit = on
idle_in_transaction_session_timeout = 60s
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
log_checkpoints = off
";

/// That this process uses the server, from the shared lock on `users` until it leaves.
pub(super) struct Presence {
    layout: Layout,
    /// Locked while starting and stopping, so that a failure or a cancelled future in the middle
    /// still finds it when it cleans up.
    door: Option<File>,
    /// Holds the shared lock; `None` after leaving.
    users: Option<File>,
    /// The server, when it was started here. Not killed when dropped: others may use it.
    child: Option<Child>,
    /// Whether leaving as the last one stops the server.
    stops: bool,
}

impl Presence {
    /// Waits for the door, locks it, and becomes a user.
    pub(super) async fn begin(layout: Layout) -> Result<Self, EmbeddedError> {
        let door = layout.lock_door().await?;
        let users = layout.open("users")?;
        // Only somebody with the door takes this lock alone, so there is nothing to wait for.
        users.lock_shared().map_err(EmbeddedError::io("lock", layout.root.join("users")))?;
        Ok(Self { layout, door: Some(door), users: Some(users), child: None, stops: true })
    }

    /// Lets others start and stop again, once the server can be used.
    pub(super) fn open_door(&mut self) {
        self.door = None;
    }

    /// From now on leaving never stops the server: somebody else watches over it.
    pub(super) fn never_stop(&mut self) {
        self.stops = false;
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.layout.root
    }

    pub(super) fn started_here(&self) -> bool {
        self.child.is_some()
    }

    /// With the door locked: attaches to the living server or starts one, and waits for it.
    pub(super) async fn bring_up(
        &mut self,
        search: &ServerSearch,
    ) -> Result<(Secret, Postmaster), EmbeddedError> {
        let cluster = self.layout.cluster();
        let begun = Instant::now();
        loop {
            if let Some(pid) = process::live(&cluster) {
                let secret = self.layout.read_secret()?;
                // It may be stopping just now; then it is started again.
                match self.wait_until_ready(pid, &secret, 0).await? {
                    Some(server) => return Ok((secret, server)),
                    None => continue,
                }
            }
            let left = process::all(&cluster);
            if left.is_empty() {
                break;
            }
            if begun.elapsed() > ORPHAN_PATIENCE {
                return Err(EmbeddedError::StillRunning { data: cluster, pids: left });
            }
            tokio::time::sleep(POLL).await;
        }

        let data = fs::read_to_string(cluster.join("PG_VERSION"))
            .ok()
            .and_then(|text| Some((cluster.as_path(), text.trim().parse().ok()?)));
        let bin_dir = search::find(search, self.layout.account.as_ref(), data)?.bin_dir;
        let secret = if cluster.exists() {
            self.layout.read_secret()?
        } else {
            let secret = self.layout.create_secret()?;
            self.initdb(&bin_dir, &secret).await?;
            secret
        };
        let server = self.spawn(&bin_dir, &secret).await?;
        Ok((secret, server))
    }

    /// Makes the cluster under another name first, so that a half-made one is never mistaken.
    async fn initdb(&self, bin_dir: &Path, secret: &Secret) -> Result<(), EmbeddedError> {
        let draft = self.layout.root.join("postgres.new");
        fs::remove_dir_all(&draft)
            .or_else(unless_absent)
            .map_err(EmbeddedError::io("remove", &draft))?;
        self.layout.make_server_dir(&draft)?;
        let password_file = self.layout.root.join("initdb.password");
        let io = |what| EmbeddedError::io(what, &password_file);
        fs::remove_file(&password_file).or_else(unless_absent).map_err(io("remove"))?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password_file)
            .and_then(|mut file| writeln!(file, "{}", secret.password(ADMIN_ROLE)))
            .map_err(io("write"))?;
        self.layout.give_to_server(&password_file)?;

        let mut command = self.command(&bin_dir.join("initdb"));
        command
            .args(["-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "--data-checksums"])
            .args(["-U", ADMIN_ROLE])
            .arg(format!("--pwfile={}", password_file.display()))
            .arg("-D")
            .arg(&draft);
        let program = bin_dir.join("initdb");
        let output = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .output()
            .await
            .map_err(EmbeddedError::io("run", program));
        fs::remove_file(&password_file).map_err(io("remove"))?;
        let output = output?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            return Err(EmbeddedError::Initdb {
                status: output.status.to_string(),
                output: String::from_utf8_lossy(&said).into_owned(),
            });
        }
        let settings = draft.join("postgresql.conf");
        let cluster = self.layout.cluster();
        OpenOptions::new()
            .append(true)
            .open(&settings)
            .and_then(|mut file| {
                file.write_all(SETTINGS.as_bytes())?;
                file.sync_all()
            })
            .map_err(EmbeddedError::io("write", settings))?;
        fs::rename(&draft, &cluster)
            .and_then(|()| File::open(&self.layout.root)?.sync_all())
            .map_err(EmbeddedError::io("put in place", cluster))
    }

    /// Starts the server, when no process of one is alive on these data, and waits for it.
    async fn spawn(
        &mut self,
        bin_dir: &Path,
        secret: &Secret,
    ) -> Result<Postmaster, EmbeddedError> {
        let cluster = self.layout.cluster();
        let socket_dir = self.layout.socket_dir()?;
        let socket = socket_dir.join(".s.PGSQL.5432");
        if UnixStream::connect(&socket).is_ok() {
            return Err(EmbeddedError::Invisible { socket });
        }
        // Stale by now. Postgres itself refuses to start when the id in such a file was given to
        // another process of the same user, as happens in containers and after a reboot.
        for stale in [cluster.join("postmaster.pid"), socket_dir.join(".s.PGSQL.5432.lock")] {
            fs::remove_file(&stale)
                .or_else(unless_absent)
                .map_err(EmbeddedError::io("remove", stale))?;
        }

        let log = self.layout.open_log()?;
        let io = EmbeddedError::io("use", self.layout.log());
        let (log_start, log_too) =
            log.metadata().and_then(|meta| Ok((meta.len(), log.try_clone()?))).map_err(io)?;
        let program = bin_dir.join("postgres");
        let mut command = self.command(&program);
        command.arg("-D").arg(&cluster).arg("-k").arg(&socket_dir);
        // What must hold is on the command line, where no configuration file can change it.
        for setting in [
            "listen_addresses=",
            "port=5432",
            "unix_socket_permissions=0700",
            "fsync=on",
            "full_page_writes=on",
            "logging_collector=off",
            "log_destination=stderr",
        ] {
            command.arg("-c").arg(setting);
        }
        // A group of its own: Ctrl-C at the terminal must not reach it. It would enter its data by
        // itself, but only after a moment in which nobody could tell whose server it is.
        command.process_group(0).current_dir(&cluster).stdout(log).stderr(log_too);
        let child = tokio::process::Command::from(command)
            .spawn()
            .map_err(EmbeddedError::io("run", program))?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        self.child = Some(child);
        let started = self.layout.started();
        fs::remove_file(&started)
            .or_else(unless_absent)
            .map_err(EmbeddedError::io("remove", &started))?;
        self.layout.open("started").and_then(|mut file| {
            writeln!(file, "{pid}").map_err(EmbeddedError::io("write", &started))
        })?;
        match self.wait_until_ready(pid, secret, log_start).await? {
            Some(server) => Ok(server),
            None => Err(EmbeddedError::StartFailed {
                status: "it is gone".to_owned(),
                log: self.layout.log_since(log_start),
            }),
        }
    }

    /// Waits until the server `pid` accepts connections; `None` when one that was not started here
    /// goes away instead.
    async fn wait_until_ready(
        &mut self,
        pid: i32,
        secret: &Secret,
        log_start: u64,
    ) -> Result<Option<Postmaster>, EmbeddedError> {
        let cluster = self.layout.cluster();
        let begun = Instant::now();
        loop {
            let state = process::postmaster(&cluster).filter(|server| server.pid == pid);
            match &mut self.child {
                Some(child) => {
                    let status = child.try_wait().map_err(EmbeddedError::io("watch", &cluster))?;
                    if let Some(status) = status {
                        self.child = None;
                        let log = self.layout.log_since(log_start);
                        return Err(EmbeddedError::StartFailed { status: status.to_string(), log });
                    }
                }
                None if !process::serves(pid, &cluster) => return Ok(None),
                None => {}
            }
            // It writes the file early and says at once when it replays its log.
            let patience = if state.is_some() { RECOVERY_PATIENCE } else { START_PATIENCE };
            // What the file says is not enough: the server may just have been killed.
            if let Some(server) = state.filter(|server| server.ready)
                && accepts(&server, secret).await?
            {
                return Ok(Some(server));
            }
            if begun.elapsed() > patience {
                let log = self.layout.log_since(log_start);
                return Err(EmbeddedError::StartTimeout { seconds: patience.as_secs(), log });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// A program of the server, run as its account and without our environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
        command.current_dir("/").stdin(Stdio::null());
        if let Some(account) = &self.layout.account {
            account.run(&mut command);
        }
        command
    }

    /// Gives up the shared lock and, if nobody else holds it, stops the server.
    pub(super) async fn leave(&mut self) -> Result<(), EmbeddedError> {
        let Some(users) = &self.users else { return Ok(()) };
        let users_path = self.layout.root.join("users");
        users.unlock().map_err(EmbeddedError::io("unlock", users_path))?;
        if self.stops {
            self.door = Some(self.layout.lock_door().await?);
            if users.try_lock().is_ok()
                && let Some(pid) = self.our_server()
            {
                self.shut_down(pid).await?;
            }
        }
        self.users = None;
        self.door = None;
        Ok(())
    }

    /// The living server on these data, if it was started here or by another program of ours.
    fn our_server(&self) -> Option<i32> {
        let child = self.child.as_ref().and_then(|child| i32::try_from(child.id()?).ok());
        let noted = || fs::read_to_string(self.layout.started()).ok()?.trim().parse().ok();
        child.or_else(noted).filter(|pid| process::serves(*pid, &self.layout.cluster()))
    }

    /// Fast shutdown; if that takes too long an immediate one, from which the server recovers by
    /// its log; and a kill only if it does not even do that.
    async fn shut_down(&mut self, pid: i32) -> Result<(), EmbeddedError> {
        let cluster = self.layout.cluster();
        for (signal, patience) in [(Signal::INT, 60), (Signal::QUIT, 15), (Signal::KILL, 5)] {
            process::signal(pid, &cluster, signal)
                .map_err(EmbeddedError::io("stop the server on", &cluster))?;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(patience) {
                if !process::serves(pid, &cluster) {
                    if let Some(mut child) = self.child.take() {
                        // Only collects what has ended already.
                        child.wait().await.map_err(EmbeddedError::io("watch", &cluster))?;
                    }
                    let started = self.layout.started();
                    fs::remove_file(&started)
                        .or_else(unless_absent)
                        .map_err(EmbeddedError::io("remove", started))?;
                    tracing::info!(postgres.pid = pid, "private Postgres has stopped");
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
            tracing::warn!(postgres.pid = pid, ?signal, "private Postgres did not stop in time");
        }
        Err(EmbeddedError::StopFailed { pid })
    }
}

/// Whether a connection is accepted; `false` when the server is starting, stopping or gone.
async fn accepts(server: &Postmaster, secret: &Secret) -> Result<bool, EmbeddedError> {
    let options = connect_options(server, secret, ADMIN_ROLE, "postgres");
    match PgConnection::connect_with(&options).await {
        Ok(connection) => {
            connection.close().await?;
            Ok(true)
        }
        Err(sqlx::Error::Io(_)) => Ok(false),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("57P03") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Drop for Presence {
    /// As [`Presence::leave`], but waiting only briefly and never failing.
    fn drop(&mut self) {
        let Some(users) = &self.users else { return };
        if users.unlock().is_err() || !self.stops {
            return;
        }
        let in_time = |begun: Instant| begun.elapsed() < Duration::from_secs(2);
        if self.door.is_none() {
            let Ok(door) = self.layout.open("door") else { return };
            let begun = Instant::now();
            while door.try_lock().is_err() {
                if !in_time(begun) {
                    return;
                }
                std::thread::sleep(POLL);
            }
            self.door = Some(door);
        }
        if users.try_lock().is_err() {
            return;
        }
        let cluster = self.layout.cluster();
        if let Some(pid) = self.our_server()
            && process::signal(pid, &cluster, Signal::INT).is_ok()
        {
            let begun = Instant::now();
            while in_time(begun) && process::serves(pid, &cluster) {
                std::thread::sleep(POLL);
            }
        }
    }
}
