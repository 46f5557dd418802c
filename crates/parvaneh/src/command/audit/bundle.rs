//! `parvaneh audit bundle`: the timelines that an auditor asks for, with everything by which he verifies them.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use parvaneh_core::{CaseId, Instant, PersonId, UnitId, timeline::Hash};
use parvaneh_export::Format;
use parvaneh_store::{
    BundleScope, BundleWritten, EXPORT_REASON, ExportDone, ExportRow, ExportScope, Extent, Look,
    NewExport, Store,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    calendars,
    command::case::parse_case,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    moment,
    output::Output,
    sealing::{Log, SignerSocket},
    who::{find_unit, person},
};

/// Portions that may wait to be written.
const WAITING: usize = 8;

/// Write a bundle: timelines with everything by which an auditor verifies them offline
///
/// Each event comes with the proof that it was sealed, and a signed map of all timelines shows that none is left out.
/// What was not sealed yet is sealed first. The bundle holds what the database holds, whatever was done to it: it is the
/// verifier that judges. It is everything, a unit with what is below it, or single cases.
///
/// Who made it, when, what for, and its SHA-256 is recorded, and stays so. Whoever may use the database may have all of
/// it; on the pages and by the API a bundle is of what its person sees (format `bundle`, docs/EXPORTS.md).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  parvaneh audit bundle 1403.jsonl --as 'Maryam Rezaei' --reason 'annual audit'
  parvaneh audit bundle fars.jsonl --as auditor --reason 'annual audit' --unit 07 --from 1403/01/01 --since checkpoint.txt
  parvaneh audit bundle one.jsonl --as auditor --reason 'file 123' --case 0190f1a2-0000-7000-8000-3f8a21bc90de")]
pub(crate) struct Bundle {
    /// The file to write; it must not exist yet
    file: PathBuf,
    /// Who makes it: name or identifier
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    person: String,
    /// What for; it is recorded
    #[arg(long, value_name = "TEXT")]
    reason: String,
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
        if !EXPORT_REASON.contains(&self.reason.trim().chars().count()) {
            return Err(Failure::usage("--reason is what is recorded: 3 to 1000 letters"));
        }
        let since = self.since.as_deref().map(fs::read_to_string).transpose();
        let since = since.map_err(|error| {
            Failure::usage(format!("the checkpoint of --since cannot be read: {error}"))
        })?;
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let maker = person(store, &self.person).await?.id;
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
            let row = self.begin(store, maker).await?;
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
                (Ok(done), Ok(file)) => fs::rename(&part, &self.file)
                    .map(|()| (done, file))
                    .map_err(|error| self.unwritable(&error)),
                (Err(error), _) => Err(error.into()),
                (_, Err(error)) => Err(self.unwritable(&error)),
            };
            let (BundleWritten { cases, events }, (bytes, sha256)) = match finished {
                Ok(finished) => finished,
                Err(failure) => {
                    fs::remove_file(&part).ok();
                    store.fail_export(&row, &failure.message).await?;
                    return Err(failure);
                }
            };
            let organisation = store.organisation().await?;
            let root = organisation.units().find(|unit| unit.parent.is_none());
            let reach = root.map(|root| format!("*@{}", root.id)).into_iter().collect();
            let done = ExportDone { reach, events, cases, size: bytes, sha256 };
            store.end_export(&row, done, None).await?;
            match out.json {
                true => out.document(&json!({
                    "file": self.file, "cases": cases, "events": events, "size": size, "export": row.id,
                })),
                false => out.line(format!(
                    "{cases} cases with {events} events, at {size} entries of the log: {}",
                    self.file.display()
                )),
            }
        })
    }

    /// Records that it is made. That of single cases is a look at each.
    #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
    async fn begin(&self, store: &Store, maker: PersonId) -> Result<ExportRow, Failure> {
        let at = store.now().await?;
        let look = |case: &CaseId| Look {
            person: maker,
            case: Some(*case),
            what: "export".to_owned(),
            detail: Some(Format::Bundle.name().to_owned()),
            at,
        };
        store.record_looks(self.case.iter().map(look).collect()).await?;
        let scope = match self.case.as_slice() {
            [case] => ExportScope::of_case(*case),
            _ => ExportScope::default(),
        };
        let new = NewExport {
            id: Uuid::now_v7(),
            asker: maker,
            scope,
            format: Format::Bundle.name().to_owned(),
            options: json!({
                "cases": self.case, "units": self.unit, "from": self.from, "until": self.until,
            }),
            reason: self.reason.trim().to_owned(),
            streamed: true,
        };
        Ok(store.begin_export(new).await?)
    }

    fn unwritable(&self, error: &std::io::Error) -> Failure {
        let message = format!("{} cannot be written: {error}", self.file.display());
        Failure::no("file-unwritable", message)
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

/// Writes what comes, until nothing comes any more; how many bytes it was, and their SHA-256. Nobody else can read it:
/// timelines hold personal data.
fn written(path: &Path, mut coming: mpsc::Receiver<Vec<u8>>) -> std::io::Result<(u64, Hash)> {
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let (mut file, mut hash, mut size) = (BufWriter::new(file), Sha256::new(), 0);
    while let Some(portion) = coming.blocking_recv() {
        file.write_all(&portion)?;
        hash.update(&portion);
        size += portion.len() as u64;
    }
    file.into_inner()?.sync_all()?;
    Ok((size, hash.finalize().into()))
}
