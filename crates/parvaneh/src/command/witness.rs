//! `parvaneh witness`: an auditor's own witness of a log.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};
use parvaneh_core::log::note::{Purpose, Verifier};
use tokio::net::TcpListener;

use super::signer::tell_key;
use crate::{
    failure::Failure,
    lifecycle::{block_on, until_signal},
    notary::{
        Lock, Seat,
        witness::{LogWitness, router},
    },
    output::Output,
};

/// A witness, which an auditor runs himself: confirms what a log says of itself
///
/// It keeps the latest checkpoint that it has confirmed, and confirms only what has grown out of that. So a log that
/// was set back or written anew finds no confirmation, whoever signs it. By C2SP tlog-witness: POST /add-checkpoint;
/// GET /checkpoint shows the latest.
#[derive(Debug, Subcommand)]
pub(crate) enum Witness {
    /// Make the witness' key, and print the public one: give that to whoever runs the log
    Init(Init),
    /// Print the public key
    Key(Folder),
    /// Confirm, until SIGINT or SIGTERM
    Run(Box<Run>),
}

/// Where the witness keeps its key and what it confirmed last.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The witness' folder: its key, and what it confirmed last
    #[arg(long, default_value = "/var/lib/parvaneh-witness", value_name = "DIR")]
    witness_dir: PathBuf,
}

/// What `init` is told.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  parvaneh witness init --name auditor.example.org")]
pub(crate) struct Init {
    /// What the witness is called: like an address without its scheme
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    folder: Folder,
}

/// What `run` is told.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    folder: Folder,
    /// The key of the log, as its signer prints it
    #[arg(long, value_name = "KEY", value_parser = log_key)]
    log: Verifier,
    /// The address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDRESS")]
    address: SocketAddr,
}

fn log_key(text: &str) -> Result<Verifier, String> {
    let key = Verifier::parse(text.trim()).map_err(|error| error.to_string())?;
    match key.purpose() {
        Purpose::Log => Ok(key),
        Purpose::Witness => Err("this is the key of a witness".to_owned()),
    }
}

impl Witness {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Init(Init { name, folder }) => {
                tell_key(&Seat::make(&folder.witness_dir, &name, Purpose::Witness)?, out)
            }
            Self::Key(folder) => tell_key(&Seat::open(&folder.witness_dir, Purpose::Witness)?, out),
            Self::Run(run) => block_on(run.run(out)),
        }
    }
}

impl Run {
    async fn run(self, out: &Output) -> Result<(), Failure> {
        let folder = self.folder.witness_dir;
        let _lock = Lock::take(&folder)?;
        let witness = LogWitness::new(Seat::open(&folder, Purpose::Witness)?, self.log);
        let taken = |error| {
            Failure::no("address-taken", format!("{} cannot be had: {error}", self.address))
                .help("name another one with --address")
        };
        let listener = TcpListener::bind(self.address).await.map_err(taken)?;
        let address = listener.local_addr().unwrap_or(self.address);
        out.line(format!("confirming at http://{address}/"))?;
        until_signal(async {
            if let Err(error) = axum::serve(listener, router(Arc::new(witness))).await {
                tracing::error!(%error, "the witness no longer answers");
            }
        })
        .await
    }
}
