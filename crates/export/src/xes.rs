//! An event log for process mining: XES, IEEE 1849-2016.
//!
//! A case is a trace. What is done in a task is named by the step (and, of an inquiry, by its branch), so that claiming
//! and acting are one activity with its beginning and its end (`lifecycle:transition`); what else happens is an activity
//! of its own, named by its kind.

use std::{collections::HashMap, fmt::Write};

use parvaneh_core::{RecordedCase, RecordedEvent};

use crate::{
    ExportError,
    json_lines::{hexadecimal, identifier},
    said::Said,
    times::Times,
};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<string key="lifecycle:transition" value="complete"/>
<date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
</global>
<classifier name="Activity" keys="concept:name"/>
<classifier name="Activity and lifecycle" keys="concept:name lifecycle:transition"/>
<string key="lifecycle:model" value="standard"/>
"#;

/// The log.
#[derive(Debug)]
pub(crate) struct Xes {
    times: Times,
    activities: Activities,
    is_open: bool,
}

/// As what the tasks of a case are known.
#[derive(Debug, Default)]
pub(crate) struct Activities {
    tasks: HashMap<u32, String>,
}

impl Activities {
    /// Another case begins.
    pub(crate) fn forget(&mut self) {
        self.tasks.clear();
    }

    /// What an event is an activity of, and which moment of it.
    pub(crate) fn of(&self, event: &RecordedEvent<'_>, said: &Said<'_>) -> (String, &'static str) {
        let task = said.fact.task.and_then(|task| self.tasks.get(&task));
        let moment = match event.kind {
            "assigned" => "assign",
            "released" => "withdraw",
            "claimed" => "start",
            "suspended" => "suspend",
            "resumed" => "resume",
            "withdrawn" => "ate_abort",
            _ => "complete",
        };
        let name = match (event.kind, task) {
            ("claimed" | "released" | "assigned" | "acted" | "answered", Some(step)) => step,
            // One activity that pauses and goes on.
            ("suspended" | "resumed", _) => return ("suspension".to_owned(), moment),
            (kind, _) => return (kind.to_owned(), moment),
        };
        (name.clone(), moment)
    }

    /// Remembers the tasks that an event has opened.
    pub(crate) fn note(&mut self, said: &Said<'_>) {
        for task in said.opened() {
            let step = said.step().unwrap_or("task");
            let name = match &task.branch {
                Some(branch) => format!("{step}/{}", &**branch),
                None => step.to_owned(),
            };
            self.tasks.insert(task.no, name);
        }
    }
}

impl Xes {
    pub(crate) fn begin(times: Times, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(HEAD.as_bytes());
        Self { times, activities: Activities::default(), is_open: false }
    }

    pub(crate) fn event(
        &mut self,
        event: &RecordedEvent<'_>,
        first: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        if first {
            self.close(out);
            self.is_open = true;
            self.activities.forget();
            self.trace(event.case, out);
        }
        let said = Said::of(event)?;
        let (name, moment) = self.activities.of(event, &said);
        out.extend_from_slice(b"<event>\n");
        string("concept:name", &name, out);
        string("lifecycle:transition", moment, out);
        out.extend_from_slice(b"<date key=\"time:timestamp\" value=\"");
        self.times.iso(event.effective_at, out);
        out.extend_from_slice(b"\"/>\n<date key=\"parvaneh:recorded_at\" value=\"");
        self.times.iso(event.recorded_at, out);
        out.extend_from_slice(b"\"/>\n");
        if let Some(task) = said.fact.task {
            string("concept:instance", &task.to_string(), out);
        }
        if let Some(person) = said.person() {
            string("org:resource", person, out);
        }
        string("org:role", said.role(), out);
        let others = [
            ("org:group", said.officer().map(|officer| &*officer.unit)),
            ("parvaneh:kind", Some(event.kind)),
            ("parvaneh:action", said.action()),
            ("parvaneh:branch", said.fact.branch.as_deref()),
            ("parvaneh:document", said.fact.document.as_deref()),
            ("parvaneh:on_behalf_of", said.on_behalf_of()),
            ("parvaneh:step", said.step()),
            ("parvaneh:outcome", said.outcome()),
            ("parvaneh:reason", said.reason()),
        ];
        for (key, value) in others {
            if let Some(value) = value {
                string(key, value, out);
            }
        }
        int("parvaneh:seq", event.seq, out);
        out.extend_from_slice(b"<string key=\"parvaneh:hash\" value=\"");
        hexadecimal(&event.hash, out);
        out.extend_from_slice(b"\"/>\n</event>\n");
        self.activities.note(&said);
        Ok(())
    }

    fn trace(&mut self, case: &RecordedCase, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<trace>\n<string key=\"concept:name\" value=\"");
        identifier(case.case.0, out);
        out.extend_from_slice(b"\"/>\n");
        string("parvaneh:workflow", case.workflow.as_str(), out);
        int("parvaneh:version", case.version, out);
        string("parvaneh:unit", case.unit.as_str(), out);
        string("parvaneh:subject", &case.subject, out);
        out.extend_from_slice(b"<date key=\"parvaneh:received_at\" value=\"");
        self.times.iso(case.opened_at, out);
        out.extend_from_slice(b"\"/>\n");
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.is_open {
            out.extend_from_slice(b"</trace>\n");
        }
    }

    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        out.extend_from_slice(b"</log>\n");
    }
}

fn string(key: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<string key=\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\" value=\"");
    escaped(value, out);
    out.extend_from_slice(b"\"/>\n");
}

fn int(key: &str, value: u32, out: &mut Vec<u8>) {
    let mut line = String::with_capacity(48);
    // A String takes all that is written.
    let _ = writeln!(line, "<int key=\"{key}\" value=\"{value}\"/>");
    out.extend_from_slice(line.as_bytes());
}

/// A text as the value of an attribute. What XML 1.0 cannot say at all becomes the mark for that.
fn escaped(text: &str, out: &mut Vec<u8>) {
    for sign in text.chars() {
        let said: &[u8] = match sign {
            '&' => b"&amp;",
            '<' => b"&lt;",
            '>' => b"&gt;",
            '"' => b"&quot;",
            '\t' => b"&#9;",
            '\n' => b"&#10;",
            '\r' => b"&#13;",
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}".as_bytes(),
            other => {
                let mut bytes = [0; 4];
                out.extend_from_slice(other.encode_utf8(&mut bytes).as_bytes());
                continue;
            }
        };
        out.extend_from_slice(said);
    }
}
