//! The writer of whichever format.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use chrono_tz::Tz;
use parvaneh_core::{CaseId, RecordedEvent};

use crate::{
    ExportError, Format, Options, csv::Csv, json_lines, ocel::Ocel, times::Times, xes::Xes,
    xlsx::Xlsx,
};

/// How much of a file is handed on at once.
const PIECE: usize = 256 * 1024;

/// How much was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many events.
    pub events: u64,
    /// Of how many cases.
    pub cases: u64,
}

/// Turns events into a file: give it events, and take what is ready.
#[derive(Debug)]
pub struct Writer {
    shape: Shape,
    out: Vec<u8>,
    last: Option<CaseId>,
    totals: Totals,
    /// What is left to be handed on at the end.
    spool: Option<File>,
}

#[derive(Debug)]
enum Shape {
    Csv(Csv),
    Jsonl,
    Xlsx(Box<Xlsx>),
    Xes(Xes),
    Ocel(Box<Ocel>),
}

impl Writer {
    /// A file of that format, in which instants are those of that zone.
    ///
    /// # Errors
    /// [`ExportError::Spool`], [`ExportError::Workbook`], [`ExportError::NoList`].
    pub fn new(format: Format, options: Options, zone: Tz) -> Result<Self, ExportError> {
        let mut out = Vec::with_capacity(PIECE + PIECE / 4);
        let times = Times::new(zone);
        let shape = match format {
            Format::Csv => Shape::Csv(Csv::begin(options, times, &mut out)),
            Format::Jsonl => Shape::Jsonl,
            Format::Xlsx => Shape::Xlsx(Box::new(Xlsx::begin(options, times)?)),
            Format::Xes => Shape::Xes(Xes::begin(times, &mut out)),
            Format::Ocel => Shape::Ocel(Box::new(Ocel::begin(&mut out)?)),
            Format::Pdf | Format::Bundle => return Err(ExportError::NoList(format)),
        };
        Ok(Self { shape, out, last: None, totals: Totals::default(), spool: None })
    }

    /// Writes an event. Those of a case come together, in their order.
    ///
    /// # Errors
    /// See [`ExportError`]; then nothing of the file is good for anything.
    pub fn event(&mut self, event: &RecordedEvent<'_>) -> Result<(), ExportError> {
        let first = self.last != Some(event.case.case);
        if first {
            self.last = Some(event.case.case);
            self.totals.cases += 1;
        }
        self.totals.events += 1;
        match &mut self.shape {
            Shape::Csv(csv) => csv.event(event, first, &mut self.out),
            Shape::Jsonl => {
                json_lines::event(event, &mut self.out);
                Ok(())
            }
            Shape::Xlsx(xlsx) => xlsx.event(event),
            Shape::Xes(xes) => xes.event(event, first, &mut self.out),
            Shape::Ocel(ocel) => ocel.event(event, first, &mut self.out),
        }
    }

    /// How many bytes are ready.
    pub fn ready(&self) -> usize {
        self.out.len()
    }

    /// Whether it is time to take what is ready.
    pub fn is_full(&self) -> bool {
        self.out.len() >= PIECE
    }

    /// What is ready; the writer begins another piece.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.out, Vec::with_capacity(PIECE + PIECE / 4))
    }

    /// How much was written so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Ends the file. What is left of it is then taken piece by piece, as long as [`Self::more`] says so.
    ///
    /// # Errors
    /// [`ExportError::Spool`], [`ExportError::Workbook`].
    pub fn end(&mut self) -> Result<(), ExportError> {
        self.spool = match &mut self.shape {
            Shape::Csv(_) | Shape::Jsonl => None,
            Shape::Xes(xes) => {
                xes.end(&mut self.out);
                None
            }
            Shape::Xlsx(xlsx) => Some(xlsx.end()?),
            Shape::Ocel(ocel) => Some(ocel.end(&mut self.out)?),
        };
        if let Some(spool) = &mut self.spool {
            spool.seek(SeekFrom::Start(0))?;
        }
        Ok(())
    }

    /// After the end: whether there is another piece to take.
    ///
    /// # Errors
    /// [`ExportError::Spool`].
    pub fn more(&mut self) -> Result<bool, ExportError> {
        if self.out.is_empty()
            && let Some(spool) = &mut self.spool
        {
            spool.take(PIECE as u64).read_to_end(&mut self.out)?;
            if self.out.is_empty() {
                self.spool = None;
            }
        }
        Ok(!self.out.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quick_xml::{Reader, events::Event as Xml};
    use serde_json::Value;

    use super::*;
    use crate::{
        Naming, guarded,
        testing::{Story, story, written},
    };

    const PERSIAN: &str = "انجمن «مهر»، شعبهٔ ۲ <&> \"نو\"\n=1+1";

    fn rows(bytes: &[u8]) -> (Vec<String>, Vec<Vec<String>>) {
        let mut reader = ::csv::Reader::from_reader(bytes);
        let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let row = |row: ::csv::StringRecord| row.iter().map(str::to_owned).collect();
        (header, reader.records().map(|record| row(record.unwrap())).collect())
    }

    #[test]
    fn a_table_reads_back_as_what_was_recorded() {
        let story = story(PERSIAN);
        let (header, rows) = rows(&written(Format::Csv, Options::default(), &story));
        let at = |name: &str| header.iter().position(|column| column == name).expect(name);
        assert_eq!(rows.len(), story.events().count());
        for (row, event) in rows.iter().zip(story.events()) {
            assert_eq!(row[at("case")], event.case.case.to_string());
            assert_eq!(row[at("code")], event.case.code());
            assert_eq!(row[at("subject")], guarded(PERSIAN));
            assert_eq!(row[at("seq")], event.seq.to_string());
            assert_eq!(row[at("event")], event.kind);
            let told: chrono::DateTime<chrono::FixedOffset> =
                row[at("effective_at")].parse().unwrap();
            assert_eq!(told, event.effective_at);
            assert_eq!(row[at("hash")].len(), 64);
        }
        let acted = &rows[4];
        for (name, value) in [
            ("task", "1"),
            ("action", "grant"),
            ("step", "granted"),
            ("outcome", "granted"),
            ("role", "county_officer"),
            ("role_unit", "2301"),
            ("person", "00000000-0000-0000-0000-000000000005"),
            ("on_behalf_of", "00000000-0000-0000-0000-000000000006"),
        ] {
            assert_eq!(acted[at(name)], value, "{name}");
        }
        assert_eq!(
            (rows[3][at("action")].as_str(), rows[3][at("branch")].as_str()),
            ("positive", "police")
        );
        assert_eq!((rows[5][at("role")].as_str(), rows[5][at("person")].as_str()), ("system", ""));
    }

    #[test]
    fn a_table_in_persian_has_a_mark_and_jalali_dates() {
        let options = Options { naming: Naming::Persian, bom: true, jalali: true, english: false };
        let bytes = written(Format::Csv, options, &story("نمونه"));
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
        let (header, rows) = rows(bytes);
        let at = |name: &str| header.iter().position(|column| column == name).expect(name);
        assert_eq!(rows[0][at("تاریخ اثر (هجری شمسی)")], "1403/02/01 10:00");
        assert_eq!(rows[0][at("عنوان رویداد")], "ثبت درخواست");
    }

    #[test]
    fn a_line_is_the_recorded_bytes_with_their_case_and_hash() {
        let story = story(PERSIAN);
        let bytes = written(Format::Jsonl, Options::default(), &story);
        let text = String::from_utf8(bytes).unwrap();
        for (line, event) in text.lines().zip(story.events()) {
            assert!(line.contains(event.body), "verbatim");
            let read: Value = serde_json::from_str(line).unwrap();
            assert_eq!(parvaneh_core::timeline::canonical_json(&read), line);
            assert_eq!(read["case"], event.case.case.to_string());
            assert_eq!(read["event"]["seq"], event.seq);
        }
        assert_eq!(text.lines().count(), story.events().count());
    }

    #[test]
    fn an_event_log_is_xml_with_an_activity_for_each_task() {
        let story = story("a\u{1}\t<&>\"'\nب");
        let bytes = written(Format::Xes, Options::default(), &story);
        let mut reader = Reader::from_reader(bytes.as_slice());
        reader.config_mut().check_end_names = true;
        let (mut path, mut names, mut counts) = (Vec::new(), Vec::new(), [0; 2]);
        let mut subjects = BTreeSet::new();
        let mut buffer = Vec::new();
        loop {
            match reader.read_event_into(&mut buffer).expect("XML") {
                Xml::Start(tag) => {
                    path.push(tag.name().as_ref().to_vec());
                    match path.last().unwrap().as_slice() {
                        b"trace" => counts[0] += 1,
                        b"event" => counts[1] += 1,
                        _ => {}
                    }
                }
                Xml::End(_) => {
                    path.pop();
                }
                Xml::Empty(tag) => {
                    let value = |name: &str| {
                        let found = tag.attributes().map(Result::unwrap);
                        let mut found = found.filter(|one| one.key.as_ref() == name.as_bytes());
                        found.next().map(|one| {
                            one.normalized_value(quick_xml::XmlVersion::Implicit1_0)
                                .unwrap()
                                .into_owned()
                        })
                    };
                    let inside = path.last().is_some_and(|last| last == b"event");
                    match value("key").as_deref() {
                        Some("concept:name") if inside => names.push(value("value").unwrap()),
                        Some("parvaneh:subject") => {
                            subjects.insert(value("value").unwrap());
                        }
                        _ => {}
                    }
                }
                Xml::Eof => break,
                _ => {}
            }
            buffer.clear();
        }
        assert!(path.is_empty());
        assert_eq!(counts, [2, story.events().count()]);
        let one = ["opened", "review", "commented", "review/police", "review", "silence_waived"];
        assert_eq!(names, [one, one].concat());
        assert_eq!(subjects.into_iter().collect::<Vec<_>>(), ["a\u{fffd}\t<&>\"'\nب"]);
    }

    #[test]
    fn a_log_of_objects_names_no_object_that_it_does_not_have() {
        let story = story(PERSIAN);
        let bytes = written(Format::Ocel, Options::default(), &story);
        let log: Value = serde_json::from_slice(&bytes).expect("JSON");
        let list = |name: &str| log[name].as_array().expect(name).clone();
        let names = |of: &str, key: &str| -> Vec<String> {
            list(of).iter().map(|one| one[key].as_str().expect(key).to_owned()).collect()
        };
        let objects = names("objects", "id");
        let known: BTreeSet<&String> = objects.iter().collect();
        assert_eq!(known.len(), objects.len(), "each once");
        let types: BTreeSet<String> = names("objectTypes", "name").into_iter().collect();
        assert!(list("objects").iter().all(|one| types.contains(one["type"].as_str().unwrap())));
        let kinds: BTreeSet<String> = names("eventTypes", "name").into_iter().collect();
        for event in list("events") {
            assert!(kinds.contains(event["type"].as_str().unwrap()));
            let relations = event["relationships"].as_array().unwrap();
            assert!(!relations.is_empty());
            for relation in relations {
                let object = relation["objectId"].as_str().unwrap().to_owned();
                assert!(known.contains(&object), "{object}");
            }
        }
        assert_eq!(list("events").len(), story.events().count());
        assert_eq!(objects.iter().filter(|id| id.starts_with("task:")).count(), 4);
    }

    #[test]
    fn nothing_at_all_is_a_sound_file_too() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            if !format.is_list() {
                let none = Writer::new(format, Options::default(), chrono_tz::Asia::Tehran);
                assert_eq!(none.unwrap_err().code(), "not_made_here");
                continue;
            }
            let bytes = written(format, Options::default(), &Story::empty());
            match format {
                Format::Csv => assert!(rows(&bytes).1.is_empty()),
                Format::Jsonl => assert!(bytes.is_empty()),
                Format::Xlsx => assert!(bytes.starts_with(b"PK")),
                Format::Xes => assert!(bytes.ends_with(b"</log>\n")),
                Format::Ocel => {
                    let log: Value = serde_json::from_slice(&bytes).expect("JSON");
                    assert_eq!(log["objects"], serde_json::json!([]));
                }
                Format::Pdf | Format::Bundle => unreachable!("no list"),
            }
        }
        assert!("docx".parse::<Format>().is_err());
    }
}
