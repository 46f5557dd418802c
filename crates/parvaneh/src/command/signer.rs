//! `parvaneh signer`: who has the key of the log.

use std::{io::Read as _, path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};
use parvaneh_core::log::note::Purpose;
use rand::TryRng as _;
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    failure::Failure,
    lifecycle::{block_on, until_signal},
    notary::{
        Lock, Seat,
        signer::{LogSigner, listen, serve},
    },
    output::Output,
    sealing::SignerSocket,
};

/// The signer: has the key of the log of all timelines, apart from the service
///
/// He signs what the log has become, and only what has grown out of what he signed last: not a database that was set
/// back, nor one whose past is another one. Let him be an account of his own, on this machine, whose folder nobody
/// else reads: whoever rules the database must not rule the key.
#[derive(Debug, Subcommand)]
pub(crate) enum Signer {
    /// Make the key, and print the public one: give that to auditors, on paper
    Init(Init),
    /// Print the public key
    Key(Folder),
    /// Sign, until SIGINT or SIGTERM
    Run(Run),
}

/// Where he keeps his key and what he signed last.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// His folder: the key, and what he signed last
    #[arg(
        long,
        env = "PARVANEH_SIGNER_DIR",
        default_value = "/var/lib/parvaneh-signer",
        value_name = "DIR"
    )]
    signer_dir: PathBuf,
}

/// What `init` is told.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  parvaneh signer init --origin licences.example.org/timelines")]
pub(crate) struct Init {
    /// What the log is called, for ever: like an address without its scheme
    #[arg(long, value_name = "NAME")]
    origin: String,
    #[command(flatten)]
    folder: Folder,
}

/// What `run` is told.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    socket: SignerSocket,
    /// Beside another process, which holds our stdin for as long as it lives
    #[arg(long, hide = true)]
    beside: bool,
}

impl Signer {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Init(Init { origin, folder }) => {
                let seat = Seat::make(&folder.signer_dir, &origin, Purpose::Log)?;
                tell_key(&seat, out)
            }
            Self::Key(folder) => tell_key(&Seat::open(&folder.signer_dir, Purpose::Log)?, out),
            Self::Run(run) => block_on(run.run(out)),
        }
    }
}

pub(super) fn tell_key(seat: &Seat, out: &Output) -> Result<(), Failure> {
    if out.json {
        return out.document(&json!({ "key": seat.key().to_string(), "name": seat.key().name() }));
    }
    out.line(seat.key().to_string())
}

impl Run {
    async fn run(self, out: &Output) -> Result<(), Failure> {
        let folder = self.folder.signer_dir;
        let socket = match self.socket.signer_socket {
            Some(socket) => socket,
            None => folder.join("socket"),
        };
        if !self.beside {
            let _lock = Lock::take(&folder)?;
            let signer = LogSigner::new(Seat::open(&folder, Purpose::Log)?);
            let listener = listen(&socket)?;
            out.line(format!("signing at {}", socket.display()))?;
            return until_signal(serve(Arc::new(signer), listener)).await;
        }
        let signing = async {
            if !Seat::exists(&folder) {
                match Seat::make(&folder, &own_origin()?, Purpose::Log) {
                    Ok(_) => {}
                    // Another process was quicker.
                    Err(_) if Seat::exists(&folder) => {}
                    Err(failure) => return Err(failure),
                }
            }
            let place = folder.clone();
            let lock = tokio::task::spawn_blocking(move || Lock::wait(&place)).await;
            let _lock = lock.map_err(|error| Failure::internal(error.to_string()))??;
            let signer = LogSigner::new(Seat::open(&folder, Purpose::Log)?);
            serve(Arc::new(signer), listen(&socket)?).await;
            Ok(())
        };
        tokio::select! {
            signed = signing => signed,
            // Whoever started us is gone.
            () = stdin_ends() => Ok(()),
        }
    }
}

/// Waits until nobody holds the other end of our stdin any more.
async fn stdin_ends() {
    let (tell, ended) = oneshot::channel();
    // It may wait for ever: the end of the process is not held up by such a thread.
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        let _ = tell.send(());
    });
    let _ = ended.await;
}

/// The name of a log that nobody has named.
fn own_origin() -> Result<String, Failure> {
    let mut bytes = [0; 4];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| Failure::internal("no random numbers can be had"))?;
    Ok(format!("parvaneh.private/{:08x}", u32::from_be_bytes(bytes)))
}
