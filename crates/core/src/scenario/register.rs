//! The licences and cases of which the case of a scenario can speak.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{At, Expect, code, read::Reading, run::Life};
use crate::{
    CaseId, JalaliDate, PersonId, UnitId,
    case::Place as Stands,
    clock::Instant,
    document::{Fields, Node, Place},
    jalali,
    register::{
        Effect, Found, FoundCase, FoundLicence, LicenceNumber, LicenceState, Reference,
        RegisteredLicence, Running,
    },
};

const OF_LICENCE: &[&str] =
    &["kind", "valid_from", "valid_until", "holder", "unit", "suspended", "revoked", "running"];

const OF_CASE: &[&str] =
    &["workflow", "applicant", "unit", "past_norm", "late", "ended", "running"];

const EXPECTED: &[&str] = &["change", "kind", "valid_until", "state", "mark"];

const EFFECTS: &[Effect] = &[
    Effect::Granted,
    Effect::Renewed,
    Effect::Amended,
    Effect::Suspended,
    Effect::Reinstated,
    Effect::Revoked,
];

const STATES: &[LicenceState] =
    &[LicenceState::Active, LicenceState::Suspended, LicenceState::Revoked];

/// What the register, and the organisation's other cases, hold in a scenario.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    licences: Vec<ToldLicence>,
    cases: Vec<ToldCase>,
}

#[derive(Clone, Debug)]
struct ToldLicence {
    name: String,
    licence: RegisteredLicence,
    suspended: Option<Instant>,
    revoked: Option<Instant>,
    running: Vec<Running>,
}

#[derive(Clone, Debug)]
struct ToldCase {
    name: String,
    case: FoundCase,
    past_norm: Option<Instant>,
    late: Option<Instant>,
    ended: Option<Instant>,
}

impl Told {
    /// How somebody speaks of the licence or case of that name.
    pub(super) fn reference(&self, name: &str) -> Option<Reference> {
        let licence = self.licences.iter().find(|told| told.name == name);
        let case = self.cases.iter().find(|told| told.name == name);
        let licence = licence.map(|told| Reference::Licence(told.licence.number.clone()));
        licence.or_else(|| case.map(|told| Reference::Case(told.case.case)))
    }

    /// What is found of it at an instant.
    pub(super) fn found(&self, what: &Reference, now: Instant) -> Option<Found> {
        let since = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        match what {
            Reference::Licence(number) => {
                let told = self.licences.iter().find(|told| told.licence.number == *number)?;
                let mut licence = told.licence.clone();
                for (at, state) in [
                    (told.suspended, LicenceState::Suspended),
                    (told.revoked, LicenceState::Revoked),
                ] {
                    if since(at) {
                        licence.state = state;
                        licence.changes += 1;
                    }
                }
                Some(Found::Licence(FoundLicence { licence, running: told.running.clone() }))
            }
            Reference::Case(case) => {
                let told = self.cases.iter().find(|told| told.case.case == *case)?;
                let late = since(told.late);
                Some(Found::Case(FoundCase {
                    running: !since(told.ended),
                    late,
                    past_norm: late || since(told.past_norm),
                    ..told.case.clone()
                }))
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let licences = self.licences.iter().map(|told| told.name.clone());
        licences.chain(self.cases.iter().map(|told| told.name.clone())).collect()
    }
}

impl Reading<'_, '_, '_> {
    /// `licences:` and `cases:` of a scenario.
    pub(super) fn register(
        &mut self,
        licences: Option<&Node>,
        cases: Option<&Node>,
        applicant: PersonId,
        unit: &UnitId,
    ) -> Told {
        let mut told = Told::default();
        for (name, node) in self.named(licences, "the licences") {
            if let Some(licence) = self.licence(name, node, applicant, unit) {
                told.licences.push(licence);
            }
        }
        for (name, node) in self.named(cases, "the cases") {
            if let Some(case) = self.case(name, node, applicant, unit) {
                told.cases.push(case);
            }
        }
        told
    }

    fn named<'n>(&mut self, node: Option<&'n Node>, what: &str) -> Vec<(&'n str, &'n Node)> {
        let Some(node) = node else { return Vec::new() };
        let named = self.reader.named(node, node.place, what);
        named.into_iter().map(|(name, node)| (name.text, node)).collect()
    }

    fn licence(
        &mut self,
        name: &str,
        node: &Node,
        applicant: PersonId,
        unit: &UnitId,
    ) -> Option<ToldLicence> {
        let fields = self.reader.mapping(node, node.place, "a licence", OF_LICENCE)?;
        let kind = self.reader.required(&fields, "kind", "a licence")?;
        let kind = self.reader.name(kind, "the kind")?.text.to_owned();
        let last = self.reader.required(&fields, "valid_until", "a licence")?;
        let valid_until = self.day(last)?;
        let valid_from = fields.get("valid_from").and_then(|node| self.day(node));
        let unit = self.unit_or(&fields, unit);
        let number = LicenceNumber::of(CaseId(id("licence", name)), 1, &unit, valid_until);
        let licence = RegisteredLicence {
            number,
            kind,
            holder: self.person(&fields, "holder", applicant),
            unit,
            valid_from: valid_from.unwrap_or(valid_until),
            valid_until,
            state: LicenceState::Active,
            mark: None,
            changes: 1,
        };
        let suspended = fields.get("suspended").and_then(|node| self.moment(node));
        let revoked = fields.get("revoked").and_then(|node| self.moment(node));
        let running = self.running(&fields);
        Some(ToldLicence { name: name.to_owned(), licence, suspended, revoked, running })
    }

    fn case(
        &mut self,
        name: &str,
        node: &Node,
        applicant: PersonId,
        unit: &UnitId,
    ) -> Option<ToldCase> {
        let fields = self.reader.mapping(node, node.place, "a case", OF_CASE)?;
        let workflow = self.reader.required(&fields, "workflow", "a case")?;
        let workflow = self.reader.name(workflow, "the workflow")?.text.into();
        let case = FoundCase {
            case: CaseId(id("case", name)),
            workflow,
            applicant: self.person(&fields, "applicant", applicant),
            unit: self.unit_or(&fields, unit),
            running: true,
            late: false,
            past_norm: false,
            others: self.running(&fields),
        };
        let mut since = |key: &str| fields.get(key).and_then(|node| self.moment(node));
        let (past_norm, late, ended) = (since("past_norm"), since("late"), since("ended"));
        Some(ToldCase { name: name.to_owned(), case, past_norm, late, ended })
    }

    /// The applicant of the scenario, if nothing is written; else somebody else, by a name.
    fn person(&mut self, fields: &Fields<'_>, key: &str, applicant: PersonId) -> PersonId {
        let name = fields.get(key).and_then(|node| self.reader.name(node, "a person"));
        match name.map(|name| name.text) {
            None | Some("applicant") => applicant,
            Some(other) => PersonId(id("person", other)),
        }
    }

    fn unit_or(&mut self, fields: &Fields<'_>, unit: &UnitId) -> UnitId {
        let said = fields.get("unit").and_then(|node| self.unit(node));
        said.unwrap_or_else(|| unit.clone())
    }

    /// The workflows of the cases about it that run already.
    fn running(&mut self, fields: &Fields<'_>) -> Vec<Running> {
        let Some(node) = fields.get("running") else { return Vec::new() };
        let items = self.reader.list_or_one(node, "the workflows");
        let mut running = Vec::with_capacity(items.len());
        for (no, item) in items.iter().enumerate() {
            if let Some(name) = self.reader.name(item, "a workflow") {
                let case = CaseId(id("running", &format!("{} {no}", name.text)));
                running.push(Running { case, workflow: name.text.into() });
            }
        }
        running
    }

    fn day(&mut self, node: &Node) -> Option<NaiveDate> {
        let text = self.reader.string(node, "a day")?;
        match jalali::parse_date(text) {
            Ok(day) => Some(day),
            Err(error) => {
                self.reader.error(code::NOT_A_MOMENT, node.place, error.to_string());
                None
            }
        }
    }

    /// `about: centre`, beside `do: open`.
    pub(super) fn about(&mut self, fields: &Fields<'_>) -> Option<Reference> {
        let node = fields.get("about")?;
        let name = self.reader.name(node, "a licence or a case")?;
        let known = self.held.names();
        self.known("licence or case", name.text, name.place, &known)?;
        self.held.reference(name.text)
    }

    /// `licence: { change: renewed, valid_until: 1406/05/01 }`, or `none`.
    pub(super) fn licence_expected(&mut self, node: &Node, place: Place, to: &mut Vec<At<Expect>>) {
        if node.as_str() == Some("none") {
            let value = Expect::Licence("change".to_owned(), "none".to_owned());
            return to.push(At { value, place });
        }
        let Some(fields) = self.reader.mapping(node, place, "a licence", EXPECTED) else { return };
        for entry in fields.entries() {
            let value = match entry.key.as_str() {
                "valid_until" => {
                    self.day(&entry.value).map(|day| JalaliDate::from(day).to_string())
                }
                // What is without effect is no change.
                "change" if entry.value.as_str() == Some("none") => Some("none".to_owned()),
                "change" => {
                    let words: Vec<_> = EFFECTS.iter().map(|it| (it.as_str(), *it)).collect();
                    let effect = self.reader.choice(&entry.value, "a change of a licence", &words);
                    effect.map(|effect| effect.as_str().to_owned())
                }
                "state" => {
                    let words: Vec<_> = STATES.iter().map(|it| (it.as_str(), *it)).collect();
                    let state = self.reader.choice(&entry.value, "the state of a licence", &words);
                    state.map(|state| state.as_str().to_owned())
                }
                _ => self.reader.string(&entry.value, "a word").map(str::to_owned),
            };
            let expect = value.map(|value| Expect::Licence(entry.key.clone(), value));
            to.extend(expect.map(|value| At { value, place: entry.value.place }));
        }
    }
}

/// What the case's end made of a licence, in the words of a scenario.
pub(super) fn said_of_licence(life: &Life<'_>, key: &str) -> String {
    let Stands::End { change: Some(change), .. } = &life.case.place else {
        return "none".to_owned();
    };
    let licence = &change.licence;
    match key {
        // What is without effect is no change.
        "change" if change.without_effect => "none".to_owned(),
        "change" => change.effect.as_str().to_owned(),
        "kind" => licence.kind.clone(),
        "valid_until" => JalaliDate::from(licence.valid_until).to_string(),
        "state" => licence.state.as_str().to_owned(),
        _ => licence.mark.clone().unwrap_or_else(|| "none".to_owned()),
    }
}

fn id(what: &str, name: &str) -> Uuid {
    let hash = Sha256::digest(format!("{what} {name}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(bytes)
}
