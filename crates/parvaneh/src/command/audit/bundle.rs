//! `parvaneh audit bundle`: the timelines that an auditor asks for, with everything by which he verifies them.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use parvaneh_core::{CaseId, Instant, UnitId};
use parvaneh_store::{BundleScope, BundleWritten, Extent, Store};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    calendars,
    command::case::parse_case,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    moment,
    output::Output,
    sealing::{Log, SignerSocket},
    who::find_unit,
};

/// Portions that may wait to be written.
const WAITING: usize = 8;

/// Write a bundle: timelines with everything by which an auditor verifies them offline
///
/// Each event comes with the proof that it was sealed, and a signed map of all timelines shows that none is left out.
/// What was not sealed yet is sealed first. The bundle holds what the database holds, whatever was done to it: it is the
/// verifier that judges. It is everything, a unit with what is below it, or single cases.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  parvaneh audit bundle 1403.jsonl
  parvaneh audit bundle fars.jsonl --unit 07 --from 1403/01/01 --until 1404/01/01 --since checkpoint.txt
  parvaneh audit bundle one.jsonl --case 0190f1a2-0000-7000-8000-3f8a21bc90de")]
pub(crate) struct Bundle {
    /// The file to write; it must not exist yet
    file: PathBuf,
    /// Only this case; can be repeated. That another is missing does not show then
    #[arg(long, value_name = "CASE", value_parser = parse_case, conflicts_with_all = ["unit", "from", "until"])]
    case: Vec<CaseId>,
    /// A unit with everything below it, by identifier or name; can be repeated
    #[arg(long)]
    unit: Vec<String>,
    /// Of these units only cases that were received from then on
    #[arg(long, requires = "unit", value_name = "WHEN")]
    from: Option<String>,
    /// And before then
    #[arg(long, requires = "unit", value_name = "WHEN")]
    until: Option<String>,
    /// The checkpoint that the auditor kept: a file with its note. The bundle proves that the log has only grown since
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerSocket,
}

impl Bundle {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        if self.file.exists() {
            let message = format!("{} is there already", self.file.display());
            return Err(Failure::no("file-exists", message).help("name another file"));
        }
        let since = self.since.as_deref().map(fs::read_to_string).transpose();
        let since = since.map_err(|error| {
            Failure::usage(format!("the checkpoint of --since cannot be read: {error}"))
        })?;
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let extent = self.extent(store).await?;
            let log = Log::of(self.signer.signer_socket.clone(), database);
            // Who refuses has a reason, which the bundle is to show: it is made from what was signed last.
            if let Err(refused) = log.drain(store).await {
                tracing::warn!(code = %refused.code, "{}", refused.message);
            }
            let Some(bundle) = store.bundle(BundleScope { extent, since }).await? else {
                return Err(Failure::no("no-checkpoint", "nothing has been signed yet")
                    .help("where there is no event yet, or no signer: docs/OPERATIONS.md"));
            };
            let note = log.sign_map(store, &bundle.map(), bundle.size()).await?;
            let size = bundle.size();
            let (portions, coming) = mpsc::channel(WAITING);
            let part = part(&self.file);
            let writing = tokio::task::spawn_blocking({
                let part = part.clone();
                move || written(&part, coming)
            });
            let done = bundle.write(note, store.now().await?, portions).await;
            let written = writing
                .await
                .map_err(|error| Failure::internal(format!("writing has ended: {error}")))?;
            let finished = match (done, written) {
                (Ok(done), Ok(())) => fs::rename(&part, &self.file).map(|()| done),
                (Err(error), _) => {
                    fs::remove_file(&part).ok();
                    return Err(error.into());
                }
                (_, Err(error)) => Err(error),
            };
            let BundleWritten { cases, events } = finished.map_err(|error| {
                fs::remove_file(&part).ok();
                let message = format!("{} cannot be written: {error}", self.file.display());
                Failure::no("file-unwritable", message)
            })?;
            match out.json {
                true => out.document(&json!({
                    "file": self.file, "cases": cases, "events": events, "size": size,
                })),
                false => out.line(format!(
                    "{cases} cases with {events} events, at {size} entries of the log: {}",
                    self.file.display()
                )),
            }
        })
    }

    async fn extent(&self, store: &Store) -> Result<Extent, Failure> {
        if !self.case.is_empty() {
            return Ok(Extent::Cases(self.case.clone()));
        }
        if self.unit.is_empty() {
            return Ok(Extent::Everything);
        }
        let organisation = store.organisation().await?;
        let mut units: Vec<UnitId> = Vec::new();
        for text in &self.unit {
            units.push(find_unit(&organisation, text)?);
        }
        let calendars = calendars::load("ir")?;
        let calendar = calendars.calendars.national();
        let at = |text: &Option<String>| -> Result<Option<Instant>, Failure> {
            text.as_deref().map(|text| moment::parse(text, calendar)).transpose()
        };
        Ok(Extent::Units { units, from: at(&self.from)?, until: at(&self.until)? })
    }
}

/// Where it is written until it is whole.
fn part(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Writes what comes, until nothing comes any more. Nobody else can read it: timelines hold personal data.
fn written(path: &Path, mut coming: mpsc::Receiver<Vec<u8>>) -> std::io::Result<()> {
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let mut file = BufWriter::new(file);
    while let Some(portion) = coming.blocking_recv() {
        file.write_all(&portion)?;
    }
    file.into_inner()?.sync_all()
}
