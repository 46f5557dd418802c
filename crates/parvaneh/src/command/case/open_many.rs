//! `parvaneh case open-many`: a case for every row of a CSV file, each once however often it is run.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use csv::StringRecord;
use parvaneh_core::{
    CaseId, Definition, Given, PersonId, UnitId, WorkflowId, calendar::Calendars, decide,
    document::did_you_mean,
};
use parvaneh_store::{Ask, ExecuteError, Request, Requester, Store};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    failure::{Exit, Failure},
    moment,
    output::{Align, Output, Progress, Table},
    who::person,
};

/// The columns that are no fields of the application form.
const COLUMNS: [&str; 6] = ["applicant", "unit", "subject", "received", "reason", "key"];
/// The longest file: 64 MiB.
const LONGEST: u64 = 64 << 20;
/// The most rows.
const MOST: usize = 100_000;
/// How many requests are under way at once: they are written together.
const AT_ONCE: usize = 32;

/// Open a case for every row of a CSV file
///
/// The header names the columns: applicant (name or identifier), unit, subject, received and reason
/// (where the paper was handed in earlier), key, and the fields of the application form. Each row is a
/// request of its own, with an answer of its own; one that is refused keeps no other up. A row is known
/// by the name of the batch and its key (if there is none, by applicant and subject): when the command
/// was interrupted, or rows have been mended, the same person runs it again, and nothing is opened twice.
#[derive(Debug, Args)]
#[command(after_help = "Example: the evaluations of a year
  parvaneh case open-many evaluation centres.csv --batch evaluation-1403 --as Secretary
  where centres.csv begins with
  applicant,unit,subject,institution,evaluation_year
  Omid,2301,Evaluation of Omid,Omid,1403")]
pub(crate) struct OpenMany {
    /// The workflow
    workflow: String,
    /// The CSV file, in UTF-8 with a header; - is stdin
    file: PathBuf,
    /// The name of the batch: run again with it, nothing is opened twice
    #[arg(long, value_name = "NAME")]
    batch: String,
    /// The unit that receives the cases, for rows without one
    #[arg(long)]
    unit: Option<String>,
    /// What they are about, for rows without a subject
    #[arg(long)]
    subject: Option<String>,
    /// The version (default: the latest in use)
    #[arg(long)]
    version: Option<u32>,
    /// Who opens them: name or identifier
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    actor: String,
    /// As whose delegate: name or identifier
    #[arg(long, value_name = "PERSON")]
    on_behalf_of: Option<String>,
}

/// What holds for every row.
struct Batch {
    store: Store,
    name: String,
    actor: PersonId,
    on_behalf_of: Option<PersonId>,
    workflow: WorkflowId,
    version: Option<u32>,
    calendars: Arc<Calendars>,
}

/// A row, as it stands in the file.
#[derive(Clone, Debug)]
struct Row {
    line: u64,
    /// By which it is known within the batch.
    key: String,
    applicant: String,
    unit: String,
    subject: String,
    received: Option<String>,
    reason: Option<String>,
    values: BTreeMap<String, Value>,
}

/// What became of a row.
#[derive(Debug)]
enum Answer {
    Opened(CaseId),
    /// It was opened by an earlier run.
    Known(CaseId),
    Refused(Failure),
}

/// What became of the rows: by their lines, each with its key.
type Answers = BTreeMap<u64, (String, Answer)>;

impl OpenMany {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let workflow = WorkflowId::from(self.workflow.as_str());
        let definition = store.definition(&workflow, self.version).await?;
        if self.batch.trim().is_empty() || self.batch.chars().count() > 80 {
            let message = "--batch: a name of 1 to 80 characters is needed";
            return Err(Failure::no("not-a-name", message));
        }
        let on_behalf_of = match &self.on_behalf_of {
            Some(text) => Some(person(store, text).await?.id),
            None => None,
        };
        let batch = Arc::new(Batch {
            store: store.clone(),
            name: self.batch.trim().to_owned(),
            actor: person(store, &self.actor).await?.id,
            on_behalf_of,
            workflow,
            version: self.version,
            calendars: store.calendars(&definition.calendar).await?,
        });
        let (rows, mut answers) = self.rows(&definition)?;
        opened(&batch, rows, &mut answers).await?;
        let count = |of: fn(&Answer) -> bool| answers.values().filter(|(_, it)| of(it)).count();
        let new = count(|answer| matches!(answer, Answer::Opened(_)));
        let known = count(|answer| matches!(answer, Answer::Known(_)));
        let refused = count(|answer| matches!(answer, Answer::Refused(_)));
        if out.json {
            let rows: Vec<_> =
                answers.iter().map(|(line, (key, it))| document(*line, key, it)).collect();
            let totals = json!({ "opened": new, "known": known, "refused": refused });
            out.document(&json!({ "batch": batch.name, "totals": totals, "rows": rows }))?;
        } else {
            if refused > 0 {
                let columns =
                    [("line", Align::Right), ("row", Align::Left), ("not opened", Align::Left)];
                let mut table = Table::new(out, &columns);
                for (line, (key, answer)) in &answers {
                    if let Answer::Refused(failure) = answer {
                        table.row([line.to_string(), key.clone(), reason(failure)]);
                    }
                }
                out.line(table.render(""))?;
            }
            let before =
                if known > 0 { format!(", {known} were open before") } else { String::new() };
            out.line(format!("opened {new} cases{before}"))?;
        }
        if refused == 0 {
            return Ok(());
        }
        let rows = if refused == 1 { "row was" } else { "rows were" };
        Err(Failure::no("bad-rows", format!("{refused} {rows} not opened"))
            .help("mend them and run the same command again: what is open is not opened twice"))
    }

    /// The rows of the file, and the answers to those that cannot be read.
    ///
    /// # Errors
    /// A file or a header that cannot be read: then nothing is opened.
    fn rows(&self, definition: &Definition) -> Result<(Vec<Row>, Answers), Failure> {
        let bytes = read(&self.file)?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
        let header = reader.headers().map_err(|error| not_csv(&error))?.clone();
        let header: StringRecord =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        self.known(&header, definition)?;
        let (mut rows, mut answers) = (Vec::new(), BTreeMap::new());
        let mut seen: HashMap<String, u64> = HashMap::new();
        let mut record = StringRecord::new();
        loop {
            let line = match reader.read_record(&mut record) {
                Ok(false) => return Ok((rows, answers)),
                Ok(true) => record.position().map_or(0, csv::Position::line),
                Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    let failure = Failure::no("not-utf8", "the row is not text in UTF-8");
                    answers.insert(line, (String::new(), Answer::Refused(failure)));
                    continue;
                }
                Err(error) => return Err(not_csv(&error)),
            };
            if rows.len() + answers.len() >= MOST {
                let message = format!("the file has more than {MOST} rows");
                return Err(Failure::no("too-large", message).help("make several files of it"));
            }
            let row = self.row(line, &record, &header);
            let first = row.as_ref().ok().and_then(|row| seen.insert(row.key.clone(), line));
            match (row, first) {
                (Ok(row), None) => rows.push(row),
                (Ok(row), Some(first)) => {
                    seen.insert(row.key.clone(), first);
                    let message = format!("line {first} has the same key");
                    let help = "give each row of an applicant a key of its own";
                    let failure = Failure::no("given-twice", message).help(help);
                    answers.insert(line, (row.key, Answer::Refused(failure)));
                }
                (Err(failure), _) => {
                    answers.insert(line, (String::new(), Answer::Refused(failure)));
                }
            }
        }
    }

    /// Refuses columns that mean nothing, because a slip in a name would leave a value out in
    /// silence.
    fn known(&self, header: &StringRecord, definition: &Definition) -> Result<(), Failure> {
        let form = definition.application.as_ref().and_then(|form| definition.forms.get(form));
        let fields = form.into_iter().flat_map(|form| &form.fields);
        let fields = fields.filter(|(_, field)| field.computed.is_none());
        let fields: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
        let all = || COLUMNS.iter().chain(&fields).copied();
        let columns = || format!("the columns are {}", all().collect::<Vec<_>>().join(", "));
        for (place, name) in header.iter().enumerate() {
            if !all().any(|known| known == name) {
                let hint = match did_you_mean(name, all()) {
                    Some(meant) => format!(": did you mean '{meant}'?"),
                    None => String::new(),
                };
                let message = format!("the file has an unknown column '{name}'{hint}");
                return Err(Failure::no("unknown-column", message).help(columns()));
            }
            if header.iter().take(place).any(|earlier| earlier == name) {
                let message = format!("the file has the column '{name}' twice");
                return Err(Failure::no("duplicate-column", message).help(columns()));
            }
        }
        let options = [("applicant", &None), ("unit", &self.unit), ("subject", &self.subject)];
        for (column, otherwise) in options {
            if otherwise.is_none() && !header.iter().any(|name| name == column) {
                let message = format!("the file has no column '{column}'");
                return Err(Failure::no("missing-column", message).help(columns()));
            }
        }
        Ok(())
    }

    fn row(&self, line: u64, record: &StringRecord, header: &StringRecord) -> Result<Row, Failure> {
        if record.len() != header.len() {
            let message =
                format!("the row has {} values, the header {}", record.len(), header.len());
            return Err(Failure::no("not-csv", message));
        }
        let value = |column: &str| {
            let place = header.iter().position(|name| name == column)?;
            record.get(place).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let needed = |column: &str, otherwise: &Option<String>| {
            value(column)
                .or_else(|| otherwise.clone())
                .ok_or_else(|| Failure::no("missing-value", format!("the row has no '{column}'")))
        };
        let applicant = needed("applicant", &None)?;
        let subject = needed("subject", &self.subject)?;
        let key = value("key").unwrap_or_else(|| format!("{applicant} | {subject}"));
        let fields = header.iter().filter(|name| !COLUMNS.contains(name));
        let values = fields.filter_map(|name| Some((name.to_owned(), Value::String(value(name)?))));
        Ok(Row {
            line,
            key,
            applicant,
            unit: needed("unit", &self.unit)?,
            subject,
            received: value("received"),
            reason: value("reason"),
            values: values.collect(),
        })
    }
}

/// Opens the rows, many at once.
///
/// # Errors
/// Where the database cannot be reached any more: what was opened stays so.
async fn opened(batch: &Arc<Batch>, rows: Vec<Row>, answers: &mut Answers) -> Result<(), Failure> {
    let progress = Progress::new("opening", rows.len() as u64);
    let mut under_way = JoinSet::new();
    let mut waiting = rows.into_iter();
    let mut done = 0;
    loop {
        while under_way.len() < AT_ONCE {
            let Some(row) = waiting.next() else { break };
            let batch = batch.clone();
            under_way.spawn(async move {
                let answer = batch.open(&row).await;
                (row, answer)
            });
        }
        let Some(finished) = under_way.join_next().await else { return Ok(()) };
        let (row, answer) = finished.map_err(|error| Failure::internal(error.to_string()))?;
        done += 1;
        progress.at(done);
        let answer = match answer {
            Err(failure) if failure.exit != Exit::No => {
                return Err(failure
                    .at(&format!("line {}, after {done} rows", row.line))
                    .help("run the same command again: what is open is not opened twice"));
            }
            Err(failure) => Answer::Refused(failure),
            Ok(answer) => answer,
        };
        answers.insert(row.line, (row.key, answer));
    }
}

impl Batch {
    async fn open(&self, row: &Row) -> Result<Answer, Failure> {
        let key = self.key(&row.key);
        // The same request has the same identifier: the one that the case got when it was opened.
        let known = self.store.case_of_key(self.actor, &key).await?;
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let case = known.unwrap_or_else(|| CaseId(Uuid::now_v7()));
        let received_at = match &row.received {
            Some(text) => Some(moment::parse(text, self.calendars.national())?),
            None => None,
        };
        let application = decide::Open {
            case,
            unit: UnitId::from(row.unit.as_str()),
            applicant: person(&self.store, &row.applicant).await?.id,
            subject: row.subject.clone(),
            received_at,
            reason: row.reason.clone(),
            about: None,
            given: Given { values: row.values.clone(), ..Given::default() },
        };
        let ask = Ask::Open { workflow: self.workflow.clone(), version: self.version, application };
        let request = Request {
            key: Some(key),
            on_behalf_of: self.on_behalf_of,
            ..Request::new(Requester::Person(self.actor), ask)
        };
        match self.store.execute(request).await {
            Ok(executed) if executed.repeated => Ok(Answer::Known(executed.case.id)),
            Ok(executed) => Ok(Answer::Opened(executed.case.id)),
            Err(ExecuteError::KeyReused) => {
                let opened = known.map_or(String::new(), |case| format!(": case {case}"));
                let message = format!("the row was opened before, with other values{opened}");
                Err(Failure::no("opened-otherwise", message)
                    .help("change that case, or give the row another key"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The key of a row's request: bounded, whatever the row says.
    fn key(&self, row: &str) -> String {
        use sha2::{Digest, Sha256};
        let hash = Sha256::digest(row.as_bytes());
        let hash: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("open-many/{}/{hash}", self.name)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| {
        Failure::no("cannot-read", format!("{shown}: {error}"))
            .help("name a CSV file, or - for stdin")
    };
    let input: Box<dyn Read> = match file.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(File::open(file).map_err(unreadable)?),
    };
    let mut bytes = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        let message = format!("{shown} is longer than {} MiB", LONGEST >> 20);
        return Err(Failure::no("too-large", message).help("make several files of it"));
    }
    Ok(bytes)
}

fn not_csv(error: &csv::Error) -> Failure {
    Failure::no("not-csv", format!("the file cannot be read: {error}"))
        .help("it must be CSV in UTF-8 with a header: see --help")
}

/// Why a row was not opened, with everything that is wrong with it.
fn reason(failure: &Failure) -> String {
    match failure.faults.as_slice() {
        [] => format!("{} [{}]", failure.message, failure.code),
        faults => {
            let told: Vec<_> =
                faults.iter().map(|fault| format!("{} [{}]", fault.en, fault.code)).collect();
            told.join("; ")
        }
    }
}

fn document(line: u64, key: &str, answer: &Answer) -> Value {
    let (status, case, error) = match answer {
        Answer::Opened(case) => ("opened", Some(case), None),
        Answer::Known(case) => ("known", Some(case), None),
        Answer::Refused(failure) => ("refused", None, Some(failure.to_json())),
    };
    json!({ "line": line, "row": key, "status": status, "case": case, "error": error })
}
