//! An event log of several kinds of objects: OCEL 2.0 in JSON.
//!
//! Of the three forms of the standard JSON is the one that can be written as it comes and read by whatever reads JSON;
//! SQLite would be a C library and a file that grows in the middle, XML says the same in twice the bytes. Objects stand
//! behind the events that speak of them, so they wait in a temporary file; people and units, which many cases share, are
//! remembered, and there are as many as work there.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufWriter, Write},
};

use parvaneh_core::{Fact, RecordedCase, RecordedEvent};
use serde_json::{Value, json};

use crate::{ExportError, json_lines::hexadecimal, said::Said, times::Utc, xes::Activities};

/// What an event can say of itself.
const SAID: [&str; 10] = [
    "activity", "moment", "role", "action", "branch", "document", "step", "outcome", "reason",
    "hash",
];

/// The log.
#[derive(Debug)]
pub(crate) struct Ocel {
    objects: BufWriter<File>,
    any_object: bool,
    any_event: bool,
    /// Those that many cases share.
    shared: BTreeSet<(&'static str, String)>,
    /// The tasks of the case that are among the objects.
    tasks: BTreeSet<u32>,
    activities: Activities,
}

impl Ocel {
    pub(crate) fn begin(out: &mut Vec<u8>) -> Result<Self, ExportError> {
        let attribute = |name: &&str| json!({ "name": name, "type": "string" });
        let said: Vec<Value> = SAID.iter().map(attribute).collect();
        let kinds = Fact::kinds().iter();
        let kinds: Vec<Value> =
            kinds.map(|kind| json!({ "name": kind, "attributes": said })).collect();
        let known = ["workflow", "version", "subject", "received_at"];
        let known: Vec<Value> = known.iter().map(attribute).collect();
        let objects = json!([
            { "name": "case", "attributes": known },
            { "name": "task", "attributes": [{ "name": "no", "type": "string" }] },
            { "name": "person", "attributes": [] },
            { "name": "unit", "attributes": [] },
        ]);
        out.extend_from_slice(b"{\"eventTypes\":");
        put(&json!(kinds), out);
        out.extend_from_slice(b",\n\"objectTypes\":");
        put(&objects, out);
        out.extend_from_slice(b",\n\"events\":[");
        Ok(Self {
            objects: BufWriter::new(tempfile::tempfile()?),
            any_object: false,
            any_event: false,
            shared: BTreeSet::new(),
            tasks: BTreeSet::new(),
            activities: Activities::default(),
        })
    }

    pub(crate) fn event(
        &mut self,
        event: &RecordedEvent<'_>,
        first: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        let case = event.case;
        if first {
            self.tasks.clear();
            self.activities.forget();
            self.case(case)?;
        }
        let said = Said::of(event)?;
        let (activity, moment) = self.activities.of(event, &said);
        let mut hash = Vec::with_capacity(64);
        hexadecimal(&event.hash, &mut hash);
        let hash = String::from_utf8_lossy(&hash);
        let told = [
            Some(activity.as_str()),
            Some(moment),
            Some(said.role()),
            said.action(),
            said.fact.branch.as_deref(),
            said.fact.document.as_deref(),
            said.step(),
            said.outcome(),
            said.reason(),
            Some(&*hash),
        ];
        let told = SAID.iter().zip(told);
        let told = told.filter_map(|(name, value)| Some(json!({ "name": name, "value": value? })));
        let mut relations = vec![relation(&format!("case:{}", case.case), "case")];
        // An applicant is told by his case: there are as many of them as cases.
        if let Some(officer) = said.officer() {
            relations.push(relation(&self.shared("person", &officer.person)?, "by"));
            relations.push(relation(&self.shared("unit", &officer.unit)?, "at"));
        }
        if let Some(person) = said.on_behalf_of() {
            relations.push(relation(&self.shared("person", person)?, "on behalf of"));
        }
        if let Some(task) = said.fact.task {
            relations.push(relation(&self.task(case, task)?, "in"));
        }
        for opened in said.opened() {
            relations.push(relation(&self.task(case, opened.no)?, "opens"));
        }
        let line = json!({
            "id": format!("{}/{}", case.case, event.seq),
            "type": event.kind,
            "time": Utc(event.effective_at).to_string(),
            "attributes": told.collect::<Vec<_>>(),
            "relationships": relations,
        });
        out.extend_from_slice(if self.any_event { b",\n" } else { b"\n" });
        self.any_event = true;
        put(&line, out);
        self.activities.note(&said);
        Ok(())
    }

    /// Ends the events; the objects and the end of the file are what it gives back.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) -> Result<File, ExportError> {
        out.extend_from_slice(b"],\n\"objects\":[");
        self.objects.write_all(b"]}\n")?;
        self.objects.flush()?;
        Ok(self.objects.get_ref().try_clone()?)
    }

    fn case(&mut self, case: &RecordedCase) -> Result<(), ExportError> {
        let received = Utc(case.opened_at).to_string();
        let attribute =
            |name: &str, value: &str| json!({ "name": name, "time": received, "value": value });
        let unit = self.shared("unit", case.unit.as_str())?;
        let object = json!({
            "id": format!("case:{}", case.case),
            "type": "case",
            "attributes": [
                attribute("workflow", case.workflow.as_str()),
                attribute("version", &case.version.to_string()),
                attribute("subject", &case.subject),
                attribute("received_at", &received),
            ],
            "relationships": [relation(&unit, "received by")],
        });
        self.object(&object)
    }

    /// A task of the case, which is among the objects then.
    fn task(&mut self, case: &RecordedCase, no: u32) -> Result<String, ExportError> {
        let id = format!("task:{}/{no}", case.case);
        if self.tasks.insert(no) {
            let no = json!({
                "name": "no", "time": Utc(case.opened_at).to_string(), "value": no.to_string(),
            });
            let of = relation(&format!("case:{}", case.case), "of");
            self.object(&json!({
                "id": id, "type": "task", "attributes": [no], "relationships": [of],
            }))?;
        }
        Ok(id)
    }

    /// What many cases share, which is among the objects then.
    fn shared(&mut self, kind: &'static str, name: &str) -> Result<String, ExportError> {
        let id = format!("{kind}:{name}");
        if self.shared.insert((kind, name.to_owned())) {
            self.object(&json!({ "id": id, "type": kind, "attributes": [], "relationships": [] }))?;
        }
        Ok(id)
    }

    fn object(&mut self, object: &Value) -> Result<(), ExportError> {
        self.objects.write_all(if self.any_object { b",\n" } else { b"\n" })?;
        self.any_object = true;
        self.objects.write_all(object.to_string().as_bytes())?;
        Ok(())
    }
}

fn relation(object: &str, qualifier: &str) -> Value {
    json!({ "objectId": object, "qualifier": qualifier })
}

fn put(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}
