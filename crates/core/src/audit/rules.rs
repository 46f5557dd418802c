//! What the events of a bundle are checked by: definitions, the states of calendars, the organisation.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

use sha2::{Digest, Sha256};

use super::{
    code::Code,
    format::{CalendarFileLine, CalendarLine, DefinitionLine, OrganisationLine, hex},
};
use crate::{
    CalendarId, CalendarSource, Calendars, Definition, Organisation, WorkflowId,
    calendar::{Calendar, CalendarChange, DecidedClosure, Revision, closed_version},
    clock::Instant,
};

/// What is wrong, and what helps to find it.
pub(super) type Wrong = (Code, String);

/// A state of a calendar, compiled when it is first needed.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) revision: u32,
    since: Instant,
    pub(super) version: String,
    file: String,
    closures: Vec<DecidedClosure>,
    /// Shared by the copies of a verifier.
    compiled: Arc<OnceLock<Option<Calendars>>>,
}

/// What has been read so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    organisation: Option<Organisation>,
    definitions: HashMap<(WorkflowId, u32), (String, Arc<Definition>)>,
    files: HashMap<(CalendarId, String), Arc<CalendarSource>>,
    /// In the order of their numbers.
    states: BTreeMap<CalendarId, Vec<State>>,
}

fn hashes_to(text: &str, hash: &str) -> Result<(), Wrong> {
    let found = hex(&Sha256::digest(text.as_bytes()).into());
    if found == hash { Ok(()) } else { Err((Code::WrongRules, format!("{hash} ≠ {found}"))) }
}

impl Rules {
    pub(super) fn organisation(&mut self, line: OrganisationLine<'_>) -> Result<(), Wrong> {
        let tree = Organisation::new(line.units.into_owned());
        let tree = tree.map_err(|error| (Code::UnreadableRules, error.to_string()))?;
        self.organisation = Some(tree);
        Ok(())
    }

    pub(super) fn definition(&mut self, line: DefinitionLine<'_>) -> Result<(), Wrong> {
        let named = format!("{}@{}", line.workflow, line.version);
        hashes_to(&line.text, &line.hash)?;
        let read = Definition::parse(&named, &line.text);
        let read = read.map_err(|_| (Code::UnreadableRules, named.clone()))?;
        if read.id != line.workflow || read.version != line.version {
            let found = format!("{named} ≠ {}@{}", read.id, read.version);
            return Err((Code::WrongRules, found));
        }
        let key = (line.workflow, line.version);
        self.definitions.insert(key, (line.hash.into_owned(), read.into()));
        Ok(())
    }

    pub(super) fn file(&mut self, line: CalendarFileLine<'_>) -> Result<(), Wrong> {
        hashes_to(&line.text, &line.hash)?;
        let read = CalendarSource::parse(line.calendar.as_str(), &line.text);
        let read = read.map_err(|_| (Code::UnreadableRules, line.calendar.to_string()))?;
        if *read.id() != line.calendar {
            return Err((Code::WrongRules, format!("{} ≠ {}", line.calendar, read.id())));
        }
        self.files.insert((line.calendar, line.hash.into_owned()), read.into());
        Ok(())
    }

    /// A state; they come in the order of their numbers.
    pub(super) fn state(&mut self, line: CalendarLine<'_>) -> Result<(), Wrong> {
        let named = format!("{}#{}", line.calendar, line.revision);
        if !self.files.contains_key(&(line.calendar.clone(), line.file.to_string())) {
            return Err((Code::MissingRules, format!("{named}: {}", line.file)));
        }
        let version = closed_version(&line.file, &line.closures);
        if version != line.version {
            return Err((Code::WrongRules, format!("{named}: {} ≠ {version}", line.version)));
        }
        let states = self.states.entry(line.calendar).or_default();
        if states.last().is_some_and(|last| last.revision >= line.revision) {
            return Err((Code::OutOfOrder, named));
        }
        states.push(State {
            revision: line.revision,
            since: line.since,
            version,
            file: line.file.into_owned(),
            closures: line.closures,
            compiled: Arc::default(),
        });
        Ok(())
    }

    /// The definition of that version, if it has that hash.
    pub(super) fn definition_of(
        &self,
        workflow: &WorkflowId,
        version: u32,
        hash: Option<&str>,
    ) -> Result<&Definition, Wrong> {
        let named = || format!("{workflow}@{version} {}", hash.unwrap_or_default());
        match self.definitions.get(&(workflow.clone(), version)) {
            Some((has, read)) if hash.is_none_or(|hash| hash == has) => Ok(read),
            Some((has, _)) => Err((Code::WrongRules, format!("{} ≠ {has}", named()))),
            None => Err((Code::MissingRules, named())),
        }
    }

    /// Whether the state of that number is what an event calls it.
    pub(super) fn check_state(
        &self,
        calendar: &CalendarId,
        revision: u32,
        version: &str,
    ) -> Result<(), Wrong> {
        let states = self.states.get(calendar).map_or(&[][..], Vec::as_slice);
        let named = || format!("{calendar}#{revision} {version}");
        match states.iter().find(|state| state.revision == revision) {
            Some(state) if state.version == version => Ok(()),
            Some(state) => Err((Code::WrongRules, format!("{} ≠ {}", named(), state.version))),
            None => Err((Code::MissingRules, named())),
        }
    }

    /// The states by which something may have been computed that a case records: from the one by which
    /// it had its deadlines to the one in force when it was recorded; the likeliest first.
    pub(super) fn states_between(
        &self,
        calendar: &CalendarId,
        first: u32,
        effective_at: Instant,
        recorded_at: Instant,
    ) -> impl Iterator<Item = &State> {
        let states = self.states.get(calendar).map_or(&[][..], Vec::as_slice);
        let known = move |state: &&State| {
            state.revision == first || state.revision > first && state.since <= recorded_at
        };
        let then = states.iter().filter(known).rfind(|state| state.since <= effective_at);
        let others = states.iter().filter(known).rev();
        let others =
            others.filter(move |state| then.is_none_or(|then| then.revision != state.revision));
        then.into_iter().chain(others)
    }

    /// The calendar of a unit by a state; `None` where the bundle's files do not make one.
    pub(super) fn calendar<'r>(
        &'r self,
        id: &CalendarId,
        state: &'r State,
        unit: &crate::UnitId,
    ) -> Option<&'r Calendar> {
        let organisation = self.organisation.as_ref()?;
        let compiled = state.compiled.get_or_init(|| {
            let source = self.files.get(&(id.clone(), state.file.clone()))?;
            let source = source.with_closures(&state.closures, organisation);
            let revision = Revision {
                no: state.revision,
                since: state.since,
                change: CalendarChange::Published,
                version: state.version.clone(),
            };
            Some(Calendars::compile(source).as_revision(revision))
        });
        Some(compiled.as_ref()?.for_unit(organisation.path(unit)))
    }
}
