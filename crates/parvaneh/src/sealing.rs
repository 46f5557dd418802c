//! By whom the log is signed and confirmed: its settings, and the signer beside a private Postgres.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use parvaneh_core::log::note::Checkpoint;
use parvaneh_store::Store;
use parvaneh_worker::{
    Shutdown,
    seal::{self, MapSigning, Pushed, Sealing, SignerClient, Signing, Witness, Witnesses},
};
use tokio::process::Command;

use crate::{database::Database, failure::Failure};

/// The folder of the signer beside a private Postgres, and his socket in it.
const FOLDER: &str = "signer";
const SOCKET: &str = "socket";
/// How long one that has just been started may take until it answers.
const STARTS: Duration = Duration::from_secs(5);

/// Where the signer is asked.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The log of all timelines")]
pub(crate) struct SignerSocket {
    /// The Unix socket of the signer (`parvaneh signer run`), who has the key of the log. Beside a private
    /// Postgres a signer is started by itself; on a named database without one, events are sealed and
    /// not signed
    #[arg(long, env = "PARVANEH_SIGNER_SOCKET", value_name = "PATH")]
    pub(crate) signer_socket: Option<PathBuf>,
}

/// The settings, from the command line, the environment or the configuration file.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The log of all timelines")]
pub(crate) struct SealingOptions {
    #[command(flatten)]
    socket: SignerSocket,
    /// Witnesses that confirm what the log has become, each as its address and its key with a space
    /// between: https://witness.example NAME+ID+KEY
    #[arg(
        long = "witness",
        env = "PARVANEH_WITNESSES",
        value_name = "WITNESSES",
        value_delimiter = ','
    )]
    witnesses: Vec<Witness>,
}

/// The sealing of one process, with the signer that it has started.
#[derive(Debug)]
pub(crate) struct Log {
    sealing: Sealing,
    /// Where a signer runs beside it.
    beside: Option<PathBuf>,
}

impl SealingOptions {
    /// Who signs, as these settings and this database say.
    pub(crate) fn signer(&self, database: &Database) -> Option<Arc<SignerClient>> {
        let path = socket(self.socket.signer_socket.clone(), database)?;
        Some(Arc::new(SignerClient::new(path)))
    }

    /// By whom it is signed and confirmed.
    ///
    /// # Errors
    /// When no certificates can be found to reach witnesses by.
    pub(crate) fn log(&self, database: &Database) -> Result<Log, Failure> {
        let witnesses = match self.witnesses.is_empty() {
            true => Witnesses::default(),
            false => Witnesses::new(self.witnesses.clone()).map_err(|error| {
                Failure::internal(format!("witnesses cannot be reached: {error}"))
            })?,
        };
        let log = Log::of(self.socket.signer_socket.clone(), database);
        Ok(Log { sealing: Sealing { witnesses: Arc::new(witnesses), ..log.sealing }, ..log })
    }
}

/// Where the signer is, as these settings and this database say.
pub(crate) fn socket(named: Option<PathBuf>, database: &Database) -> Option<PathBuf> {
    let named = named.filter(|path| !path.as_os_str().is_empty());
    named.or_else(|| Some(database.data_dir()?.join(FOLDER).join(SOCKET)))
}

impl Log {
    /// With the signer at that socket, or with one beside the private Postgres.
    pub(crate) fn of(named: Option<PathBuf>, database: &Database) -> Self {
        let named = named.filter(|path| !path.as_os_str().is_empty());
        let beside = match named {
            Some(_) => None,
            None => database.data_dir().map(|folder| folder.join(FOLDER)),
        };
        if named.is_none() && beside.is_none() {
            tracing::warn!(
                "PARVANEH_SIGNER_SOCKET is not set: events are sealed, and nobody signs what the \
                 log has become"
            );
        }
        let signer = socket(named, database).map(|path| Arc::new(SignerClient::new(path)));
        Self { sealing: Sealing { signer, ..Sealing::default() }, beside }
    }

    /// Who signs.
    pub(crate) fn signer(&self) -> Option<Arc<SignerClient>> {
        self.sealing.signer.clone()
    }

    /// Seals, signs and has confirmed until shutdown begins.
    pub(crate) async fn run(&self, store: &Store, shutdown: Shutdown) {
        tokio::select! {
            // Before the signer ends, so that the last round is signed.
            () = seal::run(store, &self.sealing, shutdown) => {}
            () = self.keep_signer() => {}
        }
    }

    /// Seals all there is, and has it signed and confirmed.
    ///
    /// # Errors
    /// The database; the code of the signer, or `witness-refused`, when the log is not what it was.
    pub(crate) async fn drain(&self, store: &Store) -> Result<(), Failure> {
        tokio::select! {
            drained = async {
                self.await_signer().await;
                seal::drain(store, &self.sealing).await
            } => judge(drained?),
            () = self.keep_signer() => Ok(()),
        }
    }

    /// Has the map of a bundle signed.
    ///
    /// # Errors
    /// The database; `no-signer`, `signer-away`, or the signer's own code.
    pub(crate) async fn sign_map(
        &self,
        store: &Store,
        map: &Checkpoint,
        size: u64,
    ) -> Result<String, Failure> {
        let Some(signer) = &self.sealing.signer else {
            return Err(Failure::no("no-signer", "nobody signs the map of all timelines")
                .help("name the signer's socket: --signer-socket or PARVANEH_SIGNER_SOCKET"));
        };
        let signing = tokio::select! {
            signing = async {
                self.await_signer().await;
                seal::sign_map(store, signer, map, size).await
            } => signing?,
            () = self.keep_signer() => return Err(Failure::internal("the signer has ended")),
        };
        match signing {
            MapSigning::Signed(note) => Ok(note),
            MapSigning::Refused(code) => {
                let message = "the signer does not sign the map of all timelines";
                Err(Failure::no(code, message).help(SEE))
            }
            MapSigning::Away(why) => Err(Failure::no("signer-away", why).help(SEE)),
        }
    }

    /// Waits a little for a signer that was just started.
    async fn await_signer(&self) {
        let Some(signer) = self.sealing.signer.as_ref().filter(|_| self.beside.is_some()) else {
            return;
        };
        let answers = async {
            while signer.key().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let _ = tokio::time::timeout(STARTS, answers).await;
    }

    /// Keeps a signer running beside the private Postgres; never ends.
    async fn keep_signer(&self) {
        let Some(folder) = &self.beside else { return std::future::pending().await };
        loop {
            match run_signer(folder).await {
                Ok(status) => tracing::warn!(%status, "the signer has ended and is started again"),
                Err(error) => tracing::warn!(%error, "the signer cannot be started"),
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

/// Where what a signer or a witness says is explained.
const SEE: &str = "docs/OPERATIONS.md says what each code means, and what to do";

fn judge((signing, told): (Signing, Vec<(String, Pushed)>)) -> Result<(), Failure> {
    if let Signing::Refused { code, .. } = signing {
        let message = "the signer refuses to sign what the log has become";
        return Err(Failure::no(code, message).help(SEE));
    }
    if signing == Signing::Away {
        tracing::warn!("the signer does not answer: events are sealed and not signed");
    }
    for (witness, pushed) in told {
        match pushed {
            Pushed::Refused { status, said } => {
                let message = format!("{witness} does not confirm the log: {status} {said}");
                return Err(Failure::no("witness-refused", message.trim_end()).help(SEE));
            }
            Pushed::Away(error) => {
                tracing::warn!(witness, error, "a witness does not answer");
            }
            Pushed::UpToDate | Pushed::Confirmed { .. } => {}
        }
    }
    Ok(())
}

/// A signer of its own process, which ends when this one does. Where another process has one running
/// already, it waits for that to end.
async fn run_signer(folder: &Path) -> std::io::Result<std::process::ExitStatus> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["signer", "run", "--beside", "--signer-dir"])
        .arg(folder)
        .arg("--signer-socket")
        .arg(folder.join(SOCKET))
        // It is ended by us, not by who ends us from a terminal.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    // Waiting would close it, and then the signer ends.
    let _held = child.stdin.take();
    child.wait().await
}

/// Makes the next signer beside this private Postgres one of a new log: its sandbox was replaced.
///
/// # Errors
/// When what is there cannot be removed.
pub(crate) fn forget_signer(data_dir: &Path) -> Result<(), Failure> {
    let folder = data_dir.join(FOLDER);
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(Failure::internal(format!("{} cannot be removed: {error}", folder.display())))
        }
    }
}
