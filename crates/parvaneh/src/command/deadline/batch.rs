//! `parvaneh deadline --batch`: an answer for every row of a CSV file.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

use csv::StringRecord;
use parvaneh_core::{UnitId, calendar::DayEnds, document::did_you_mean};
use serde_json::json;

use super::question::{Answer, Question};
use crate::{
    calendars::Shelf,
    failure::Failure,
    output::{Output, rfc3339, written},
};

/// The columns that mean something, and those that are passed through.
const COLUMNS: [&str; 9] =
    ["calendar", "term", "start", "suspend", "extend", "day_ends", "unit", "id", "note"];
/// What is added to each row.
const ANSWERS: [&str; 4] = ["deadline", "status", "code", "message"];

/// Answers every row; the columns of `defaults` count where a row has none.
pub(super) fn run(
    file: &Path,
    defaults: &Question,
    shelf: &mut Shelf,
    out: &Output,
) -> Result<(), Failure> {
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(file).map_err(|error| {
            Failure::no("cannot-read", format!("{}: {error}", file.display()))
                .help("name a CSV file, or - for stdin")
        })?)
    };
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let header = rows.headers().map_err(|error| not_csv(&error))?.clone();
    let header: StringRecord =
        header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
    known(&header)?;
    let mut answers = Answers::new(out, &header)?;
    let mut bad = 0_usize;
    let mut record = StringRecord::new();
    loop {
        match rows.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                let answer = answer(&record, &header, defaults, shelf);
                bad += usize::from(answer.is_err());
                answers.row(line, &record, &answer)?;
            }
            // A row that is not UTF-8: its neighbours are read all the same.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                let line = error.position().map_or(0, csv::Position::line);
                bad += 1;
                let failure = Failure::no("not-utf8", "the row is not text in UTF-8");
                answers.row(line, &StringRecord::new(), &Err(failure))?;
            }
            Err(error) => return Err(not_csv(&error)),
        }
    }
    answers.finish()?;
    if bad == 0 {
        return Ok(());
    }
    let message = format!("{bad} row{} could not be answered", if bad == 1 { "" } else { "s" });
    Err(Failure::no("bad-rows", message)
        .help("each such row says why, in the columns code and message"))
}

fn not_csv(error: &csv::Error) -> Failure {
    Failure::no("not-csv", format!("the batch cannot be read: {error}"))
        .help("it must be CSV in UTF-8 with a header: see --help")
}

/// Refuses columns that mean nothing, because a slip in a name would change deadlines in silence.
fn known(header: &StringRecord) -> Result<(), Failure> {
    let all = || format!("the columns are {}", COLUMNS.join(", "));
    for (place, name) in header.iter().enumerate() {
        if !COLUMNS.contains(&name) {
            let hint = match did_you_mean(name, COLUMNS.into_iter()) {
                Some(meant) => format!(": did you mean '{meant}'?"),
                None => String::new(),
            };
            let message = format!("the batch has an unknown column '{name}'{hint}");
            return Err(Failure::no("unknown-column", message).help(all()));
        }
        if header.iter().take(place).any(|earlier| earlier == name) {
            let message = format!("the batch has the column '{name}' twice");
            return Err(Failure::no("duplicate-column", message).help(all()));
        }
    }
    Ok(())
}

fn answer(
    record: &StringRecord,
    header: &StringRecord,
    defaults: &Question,
    shelf: &mut Shelf,
) -> Result<(Answer, chrono_tz::Tz), Failure> {
    if record.len() != header.len() {
        let message = format!("the row has {} values, the header {}", record.len(), header.len());
        return Err(Failure::no("not-csv", message));
    }
    let value = |column: &str| {
        let place = header.iter().position(|name| name == column)?;
        record.get(place).map(str::trim).filter(|value| !value.is_empty())
    };
    let list = |column: &str, default: &[String]| match value(column) {
        Some(values) => values.split(';').map(|value| value.trim().to_owned()).collect(),
        None => default.to_vec(),
    };
    let day_ends = match value("day_ends") {
        Some(text) => Some(
            text.parse::<DayEnds>()
                .map_err(|error| Failure::no("not-a-day-end", format!("day_ends: {error}")))?,
        ),
        None => defaults.day_ends,
    };
    let or_default = |column: &str, default: &str| value(column).unwrap_or(default).to_owned();
    let question = Question {
        calendar: or_default("calendar", &defaults.calendar),
        term: or_default("term", &defaults.term),
        start: or_default("start", &defaults.start),
        suspend: list("suspend", &defaults.suspend),
        extend: list("extend", &defaults.extend),
        day_ends,
        unit: value("unit").map(UnitId::from).or_else(|| defaults.unit.clone()),
    };
    let answer = question.answer(shelf)?;
    let calendar = shelf.get(&question.calendar, question.unit.as_ref(), question.day_ends)?;
    Ok((answer, calendar.zone()))
}

/// The answers on stdout: CSV, or one JSON object a line.
enum Answers {
    Csv(Box<csv::Writer<std::io::Stdout>>, usize),
    Json(std::io::BufWriter<std::io::Stdout>, StringRecord),
}

type RowAnswer = Result<(Answer, chrono_tz::Tz), Failure>;

impl Answers {
    fn new(out: &Output, header: &StringRecord) -> Result<Self, Failure> {
        if out.json {
            let stdout = std::io::BufWriter::new(std::io::stdout());
            return Ok(Self::Json(stdout, header.clone()));
        }
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(std::io::stdout());
        let names = header.iter().chain(ANSWERS);
        csv.write_record(names).map_err(cannot_write)?;
        Ok(Self::Csv(Box::new(csv), header.len()))
    }

    fn row(&mut self, line: u64, row: &StringRecord, answer: &RowAnswer) -> Result<(), Failure> {
        let deadline = answer
            .as_ref()
            .ok()
            .and_then(|(answer, zone)| answer.deadline.map(|deadline| rfc3339(deadline, *zone)));
        let status = match (answer, &deadline) {
            (Err(_), _) => "error",
            (Ok(_), None) => "suspended",
            (Ok(_), Some(_)) => "ok",
        };
        match self {
            Self::Csv(csv, columns) => {
                let (code, message) = match answer {
                    Ok(_) => ("", ""),
                    Err(failure) => (&*failure.code, &*failure.message),
                };
                let deadline = deadline.as_deref().unwrap_or_default();
                let added = [deadline, status, code, message];
                // A row of another length keeps its place all the same.
                let values = row.iter().chain(std::iter::repeat("")).take(*columns);
                csv.write_record(values.chain(added)).map_err(cannot_write)
            }
            Self::Json(stdout, header) => {
                let mut object = json!({
                    "line": line,
                    "deadline": deadline,
                    "status": status,
                    "error": answer.as_ref().err().map(Failure::to_json),
                });
                for column in ["id", "note"] {
                    let place = header.iter().position(|name| name == column);
                    if let Some(value) = place.and_then(|place| row.get(place)) {
                        object[column] = json!(value);
                    }
                }
                written(writeln!(stdout, "{object}"))
            }
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Csv(mut csv, _) => written(csv.flush()),
            Self::Json(mut stdout, _) => written(stdout.flush()),
        }
    }
}

fn cannot_write(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => match written(Err(error)) {
            Err(failure) => failure,
            Ok(()) => Failure::closed(),
        },
        other => Failure::internal(format!("{other:?}")),
    }
}
