//! What somebody fills in, in the words of a scenario.

use serde_json::Value as Json;

use super::{Deed, Expect, code, read::Reading, run::Life};
use crate::{
    DocumentId, Given, Refusal,
    definition::Definition,
    document::{Fields, Node, Place, Value, did_you_mean},
    form::{FaultCode, FileReference, HandedIn},
};

impl Reading<'_, '_, '_> {
    /// What comes with a deed: `set: { capital: 500,000,000 }`, `attach: { charter: 1403/01/15 }`.
    pub(super) fn given(&mut self, fields: &Fields<'_>) -> Given {
        let mut given = match fields.entry("set") {
            Some(entry) => self.values(&entry.value, entry.key_place),
            None => Given::default(),
        };
        if let Some(entry) = fields.entry("attach") {
            let papers = self.reader.entries(&entry.value, entry.key_place, "the papers");
            for paper in papers.unwrap_or_default() {
                let issued = self.issued(&paper.value);
                let known = self.paper(&paper.key, paper.key_place);
                if let (Some(issued), Some(())) = (issued, known) {
                    let document = DocumentId::from(paper.key.as_str());
                    let handed_in = handed_in(self.setting.definition, &document, issued);
                    given.papers.insert(document, handed_in);
                }
            }
        }
        given
    }

    /// Values by field, as somebody types them. A name that no form has is not checked here: what
    /// becomes of it may be what the scenario tells.
    pub(super) fn values(&mut self, node: &Node, at: Place) -> Given {
        let entries = self.reader.entries(node, at, "the values").unwrap_or_default();
        let values = entries.iter().map(|entry| (entry.key.clone(), json(&entry.value)));
        Given { values: values.collect(), ..Given::default() }
    }

    /// The day of issue of a paper, or `undated`.
    fn issued(&mut self, node: &Node) -> Option<Option<String>> {
        let issued = self.reader.string(node, "the day of its issue")?;
        Some((issued != "undated").then(|| issued.to_owned()))
    }

    /// `{ charter: 1403/01/15 }`, `{ photos: undated }`.
    pub(super) fn attach(&mut self, node: &Node) -> Option<Deed> {
        let (name, place, node) = self.pair(node, "a paper")?;
        self.paper(&name, place)?;
        let issued = self.issued(node)?;
        let document = DocumentId::from(name);
        let paper = handed_in(self.setting.definition, &document, issued);
        Some(Deed::Attach { document, paper })
    }

    /// `{ charter: good }`, `{ charter: refused }`.
    pub(super) fn verify(&mut self, node: &Node, reason: Option<String>) -> Option<Deed> {
        let (name, place, node) = self.pair(node, "a paper")?;
        self.paper(&name, place)?;
        let choices = [("good", true), ("refused", false)];
        let good = self.reader.choice(node, "what is said of a paper", &choices)?;
        Some(Deed::Verify { document: name.into(), good, reason })
    }

    fn paper(&mut self, name: &str, place: Place) -> Option<()> {
        let documents = &self.setting.definition.documents;
        let known: Vec<String> = documents.keys().map(ToString::to_string).collect();
        self.known("document", name, place, &known)
    }

    /// `[capital too_small, founders required]`.
    pub(super) fn faults(&mut self, node: &Node) -> Expect {
        let items = self.reader.list_or_one(node, "the faults");
        let mut faults = Vec::with_capacity(items.len());
        for item in items {
            let Some(text) = self.reader.string(item, "a fault") else { continue };
            let known = |code: &str| FaultCode::ALL.iter().any(|known| known.as_str() == code);
            match text.split_whitespace().collect::<Vec<_>>()[..] {
                [of, code] if known(code) => faults.push(format!("{of} {code}")),
                [_, code] => {
                    let codes = FaultCode::ALL.iter().map(|code| code.as_str());
                    let hint = match did_you_mean(code, codes) {
                        Some(meant) => format!(": did you mean '{meant}'?"),
                        None => String::new(),
                    };
                    let message = format!("unknown fault '{code}'{hint}");
                    self.reader.error(code::UNKNOWN_NAME, item.place, message);
                }
                _ => {
                    let message = format!("'{text}' is no fault");
                    let help = "write a field and a code: 'capital too_small'";
                    let code = code::UNKNOWN_NAME;
                    self.reader.error_with_help(code, item.place, message, help);
                }
            }
        }
        Expect::Faults(faults)
    }

    /// `{ capital: '500,000,000 rials', founded: none }`.
    pub(super) fn data(&mut self, node: &Node, place: Place) -> Vec<Expect> {
        let entries = self.reader.entries(node, place, "the data").unwrap_or_default();
        let definition = self.setting.definition;
        let known: Vec<String> = definition.fields().map(|(name, _)| name.to_string()).collect();
        let mut expected = Vec::with_capacity(entries.len());
        for entry in entries {
            let shown = self.reader.string(&entry.value, "a value").map(str::to_owned);
            let known = self.known("field", &entry.key, entry.key_place, &known);
            if let (Some(shown), Some(())) = (shown, known) {
                expected.push(Expect::Data(entry.key.clone(), shown));
            }
        }
        expected
    }
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { .. } if node.is_null() => Json::Null,
        Value::Scalar { text, .. } => Json::String(text.clone()),
        Value::Sequence(items) => items.iter().map(json).collect(),
        Value::Mapping(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect()
        }
        Value::Refused => Json::Null,
    }
}

/// The faults of a refusal, as a scenario writes them.
pub(super) fn faults_of(refusal: &Refusal) -> Vec<String> {
    let told = refusal.faults.iter().map(|fault| {
        let document = fault.document.as_ref().map(DocumentId::as_str);
        let of = fault.field.as_deref().or(document).unwrap_or_default();
        format!("{of} {}", fault.code)
    });
    told.collect()
}

/// A paper that somebody hands in: in as many copies as are asked for.
fn handed_in(definition: &Definition, document: &DocumentId, issued: Option<String>) -> HandedIn {
    let kind = definition.documents.get(document);
    let file = FileReference {
        name: format!("{document}.pdf"),
        media_type: "application/pdf".to_owned(),
        size: 1,
        sha256: "0".repeat(64),
    };
    HandedIn { file, issued, copies: kind.map_or(1, |kind| kind.copies) }
}

/// What a field holds, as people read it.
pub(super) fn held(life: &Life<'_>, field: &str) -> String {
    let value = life.case.data.get(field);
    let declared = life.definition().field(field);
    value.map_or_else(|| "none".to_owned(), |value| value.shown(declared).en)
}
