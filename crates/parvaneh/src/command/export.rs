//! `parvaneh export`: timelines into a file.

use std::{
    fs::File,
    io::{BufWriter, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use parvaneh_core::{CaseId, Instant, JalaliPeriod, PersonId, StepId, WorkflowId, reach::Sight};
use parvaneh_export::{Format, Naming, Options as Form};
use parvaneh_store::{
    EXPORT_REASON, ExportDone, ExportScope, Look, NewExport, Span, Store, StoreError,
};
use parvaneh_worker::{
    Shutdown,
    export::{self, Sink, Unwritten},
};
use serde_json::json;
use uuid::Uuid;

use super::{case::parse_case, report::sla::span, serve::public_url};
use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    makers,
    output::{Output, Progress},
    who::{find_unit, person},
};

/// Write timelines into a file: CSV, JSON Lines, a workbook, a log for process mining, or one case as PDF
///
/// An export holds what its person sees because he works there: an auditor everything at his unit and below it, an
/// officer the cases of his procedures. Who exported what, when, why, how many events and with which SHA-256 is
/// recorded, and stays so. Without --case, --workflow and the like it is everything that he sees.
///
/// The file is there when it is whole: until then it is called FILE.part. Memory is bounded, however many events there
/// are. With --output - it goes to stdout.
#[derive(Debug, Args)]
#[command(after_help = "Formats:
  csv    a table, one event a row; no cell is a formula for a spreadsheet
  jsonl  each event's recorded bytes, with its case and its hash: what proofs are made over
  xlsx   a workbook, right to left with --persian
  xes    IEEE 1849-2016: an event log for process mining
  ocel   OCEL 2.0 (JSON): an event log of cases, tasks, people and units
  pdf    the timeline of one --case on paper, in Persian or with --english
docs/EXPORTS.md tells their columns. A bundle with proofs is made by `parvaneh audit bundle`.

Examples:
  parvaneh export --as 'Maryam Rezaei' --reason 'annual audit' --received 1403 -o 1403.csv
  parvaneh export --as auditor --reason 'file 123' --case 0190f1a2-0000-7000-8000-3f8a21bc90de --format jsonl -o -
  parvaneh export --as auditor --reason 'file 123' --case 0190f1a2-0000-7000-8000-3f8a21bc90de --format pdf -o case.pdf
  parvaneh export --as auditor --reason mining --workflow ngo-establishment --ended --format xes -o log.xes")]
pub(crate) struct Export {
    /// Whose export it is: name or identifier
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    person: String,
    /// What for; it is recorded
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The format
    #[arg(long, value_enum, default_value = "csv")]
    format: FormatName,
    /// The file, or - for stdout
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file, if there is one
    #[arg(long)]
    force: bool,
    /// Only this case
    #[arg(long, value_parser = parse_case, help_heading = "Which events")]
    case: Option<CaseId>,
    /// Only cases of this workflow
    #[arg(long, help_heading = "Which events")]
    workflow: Option<String>,
    /// Only cases received by this unit or one below it: identifier or name
    #[arg(long, help_heading = "Which events")]
    unit: Option<String>,
    /// Only cases that stand in this step or at this end
    #[arg(long, help_heading = "Which events")]
    step: Option<String>,
    /// Only cases in whose subject, applicant or code this occurs
    #[arg(long, help_heading = "Which events")]
    text: Option<String>,
    /// Only cases that have not ended
    #[arg(long, conflicts_with_all = ["ended", "ended_in"], help_heading = "Which events")]
    open: bool,
    /// Only cases that have not ended and whose statutory deadline has passed
    #[arg(long, conflicts_with_all = ["ended", "ended_in", "held"], help_heading = "Which events")]
    late: bool,
    /// Only cases that have not ended and whose statutory clock does not run
    #[arg(long, conflicts_with_all = ["ended", "ended_in"], help_heading = "Which events")]
    held: bool,
    /// Only cases that have ended
    #[arg(long, help_heading = "Which events")]
    ended: bool,
    /// Only cases received in a Jalali year or month: 1403, 1403/07
    #[arg(long, value_name = "PERIOD", help_heading = "Which events")]
    received: Option<JalaliPeriod>,
    /// Only cases that ended in a Jalali year or month
    #[arg(long, value_name = "PERIOD", help_heading = "Which events")]
    ended_in: Option<JalaliPeriod>,
    /// Of all these only the events recorded in a Jalali year or month
    #[arg(long, value_name = "PERIOD", help_heading = "Which events")]
    recorded: Option<JalaliPeriod>,
    /// Columns in Persian, with the kinds of events named; a workbook from right to left
    #[arg(long, help_heading = "How tables are written")]
    persian: bool,
    /// Jalali dates beside the others
    #[arg(long, help_heading = "How tables are written")]
    jalali: bool,
    /// Begin CSV with a byte order mark: without it Excel does not read Persian
    #[arg(long, help_heading = "How tables are written")]
    bom: bool,
    /// In English, and not in Persian
    #[arg(long, help_heading = "How a PDF is written")]
    english: bool,
    /// Where people reach the service: its QR code leads to the case there
    #[arg(
        long,
        env = "PARVANEH_PUBLIC_URL",
        value_name = "URL",
        default_value = "http://localhost:8080",
        help_heading = "How a PDF is written"
    )]
    public_url: String,
}

/// A format by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// Comma-separated values
    Csv,
    /// JSON Lines, canonical
    Jsonl,
    /// A workbook
    Xlsx,
    /// IEEE 1849-2016
    Xes,
    /// OCEL 2.0 in JSON
    Ocel,
    /// The timeline of one case on paper
    Pdf,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Csv => Self::Csv,
            FormatName::Jsonl => Self::Jsonl,
            FormatName::Xlsx => Self::Xlsx,
            FormatName::Xes => Self::Xes,
            FormatName::Ocel => Self::Ocel,
            FormatName::Pdf => Self::Pdf,
        }
    }
}

impl Export {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        if !EXPORT_REASON.contains(&self.reason.trim().chars().count()) {
            return Err(Failure::usage("--reason is what is recorded: 3 to 1000 letters"));
        }
        with_database(options, OnSignal::Finish, async |database, shutdown| {
            self.export(&database.store, &shutdown, out).await
        })
    }

    async fn export(
        &self,
        store: &Store,
        shutdown: &Shutdown,
        out: &Output,
    ) -> Result<(), Failure> {
        let asker = person(store, &self.person).await?;
        let scope = self.scope(store).await?;
        let format = Format::from(self.format);
        if format == Format::Pdf && scope.single().is_none() {
            return Err(Failure::no("pdf-of-one-case", "a PDF is the timeline of one case")
                .help("name it with --case, and nothing else that narrows it"));
        }
        let makers = makers::makers(&public_url(&self.public_url)?, None);
        if let Some(case) = scope.case {
            look(store, asker.id, case, format).await?;
        }
        let mut target = Target::open(&self.output, self.force)?;
        let form = Form {
            naming: if self.persian { Naming::Persian } else { Naming::Plain },
            bom: self.bom,
            jalali: self.jalali,
            english: self.english,
        };
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let id = Uuid::now_v7();
        let new = NewExport {
            id,
            asker: asker.id,
            scope,
            format: format.name().to_owned(),
            options: json!(form),
            reason: self.reason.trim().to_owned(),
            streamed: true,
        };
        let row = store.begin_export(new).await?;
        let mut progress: Option<Progress> = None;
        let told = |row: &parvaneh_store::ExportRow| {
            let bar = progress.get_or_insert_with(|| Progress::new("cases", row.cases_total));
            bar.at(row.cases_done);
        };
        let written = export::write(store, &makers, &row, &mut target, shutdown, told).await;
        drop(progress);
        let done = match written.and_then(|done| target.keep().map(|()| done)) {
            Ok(done) => done,
            Err(error) => {
                let failure = failure(&error);
                store.fail_export(&row, &failure.message).await?;
                return Err(failure);
            }
        };
        store.end_export(&row, done.clone(), None).await?;
        self.tell(id, &done, out)
    }

    fn tell(&self, id: Uuid, done: &ExportDone, out: &Output) -> Result<(), Failure> {
        let sha256: String = done.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        if self.is_stdout() {
            return Ok(());
        }
        if out.json {
            return out.document(&json!({
                "export": id, "file": self.output, "events": done.events, "cases": done.cases,
                "bytes": done.size, "sha256": sha256,
            }));
        }
        let file = self.output.display();
        out.line(format!(
            "{file}: {} events of {} cases, {} bytes\nsha256  {sha256}\nexport  {id}",
            done.events, done.cases, done.size
        ))
    }

    fn is_stdout(&self) -> bool {
        self.output.as_os_str() == "-"
    }

    async fn scope(&self, store: &Store) -> Result<ExportScope, Failure> {
        let organisation = store.organisation().await?;
        let unit = self.unit.as_deref().map(|unit| find_unit(&organisation, unit)).transpose()?;
        let periods = [self.received, self.ended_in, self.recorded];
        let calendars = match periods.iter().any(Option::is_some) {
            true => Some(store.calendars(&"ir".into()).await?),
            false => None,
        };
        let [received, ended_in, recorded] = periods.map(|period| {
            let range: Range<Instant> = span(period?, calendars.as_ref()?.national());
            Some(Span::from(range))
        });
        Ok(ExportScope {
            case: self.case,
            workflow: self.workflow.as_deref().map(WorkflowId::from),
            unit,
            step: self.step.as_deref().map(StepId::from),
            ended: (self.open || self.ended || self.late || self.held).then_some(self.ended),
            overdue: self.late,
            held: self.held,
            text: self.text.clone(),
            received,
            ended_in,
            recorded,
            ..ExportScope::default()
        })
    }
}

/// Writes down that somebody looks at a case by exporting it, before he does.
async fn look(
    store: &Store,
    person: PersonId,
    case: CaseId,
    format: Format,
) -> Result<(), Failure> {
    let viewer = store.viewer(person).await?;
    let seen = match &viewer {
        Some(viewer) => store.case_file_for(viewer, case).await?,
        None => None,
    };
    if seen.is_none_or(|seen| seen.sight != Sight::Office) {
        return Err(Failure::no("no-such-case", "that person sees no such case at work")
            .help("name an auditor, or somebody with a role in its procedure"));
    }
    let (what, detail) = ("export".to_owned(), Some(format.name().to_owned()));
    let look = Look { person, case: Some(case), what, detail, at: store.now().await? };
    Ok(store.record_looks(vec![look]).await?)
}

fn failure(error: &Unwritten) -> Failure {
    match error {
        Unwritten::Store(StoreError::Database(_)) => {
            Failure::database("database", error.to_string())
        }
        Unwritten::NotPermitted => Failure::no("forbidden", "that person sees no case at work")
            .help("name an auditor, or somebody with a role in a procedure"),
        Unwritten::Ending => Failure::interrupted(),
        other => Failure::no("not-exported", other.to_string()),
    }
}

/// Where it goes: a file that gets its name when it is whole, or stdout.
enum Target {
    Stdout,
    File { file: BufWriter<File>, part: PathBuf, path: PathBuf, kept: bool },
}

impl Target {
    fn open(path: &Path, force: bool) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        if path.exists() && !force {
            let message = format!("{} is there already", path.display());
            return Err(Failure::no("file-exists", message)
                .help("name another file, or replace it with --force"));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = private(&part)
            .map_err(|error| Failure::no("cannot-write", format!("{}: {error}", part.display())))?;
        Ok(Self::File { file: BufWriter::new(file), part, path: path.to_owned(), kept: false })
    }

    /// Everything was written.
    fn keep(&mut self) -> Result<(), Unwritten> {
        let failed = |error: std::io::Error| Unwritten::Sink(error.to_string());
        match self {
            Self::Stdout => std::io::stdout().flush().map_err(failed),
            Self::File { file, part, path, kept } => {
                file.flush().map_err(failed)?;
                file.get_ref().sync_all().map_err(failed)?;
                std::fs::rename(&*part, &*path).map_err(failed)?;
                *kept = true;
                Ok(())
            }
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Self::File { part, kept: false, .. } = self {
            // It is no export, and may hold what others must not find.
            let _ = std::fs::remove_file(part);
        }
    }
}

/// A file that nobody else can read: timelines hold personal data.
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

impl Sink for Target {
    async fn put(&mut self, piece: Vec<u8>) -> Result<(), String> {
        let written = match self {
            Self::Stdout => std::io::stdout().write_all(&piece),
            Self::File { file, .. } => file.write_all(&piece),
        };
        written.map_err(|error| error.to_string())
    }
}
