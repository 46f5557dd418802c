//! The timeline of a case, the newest first: what happened, when, by whom.

use std::{collections::BTreeSet, sync::Arc};

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Calendar, Definition, Event, Fact, Instant, Organisation, PersonId, UnitId,
    calendar::CalendarChange,
    event::{By, Entry, MovedDeadline, Recipient, STATUTORY, Told, Urgency},
    sitting::OffAgenda,
};
use uuid::Uuid;

use super::{
    super::{Frame, page, visit::Visit},
    Seen, Tab,
    head::Head,
    names::Names,
    open,
    wording::{answer, term, urgency as urgency_word, vote},
};
use crate::{App, body::Path, problem::Problem, say::Words, shown::Moment, view::is_open};

/// Something that happened.
#[derive(Clone, Debug)]
pub(in crate::pages) struct Happened {
    pub(in crate::pages) no: u32,
    pub(in crate::pages) title: String,
    pub(in crate::pages) when: Moment,
    /// When it was recorded, where that was later than it counts.
    pub(in crate::pages) recorded: Option<Moment>,
    pub(in crate::pages) who: String,
    pub(in crate::pages) lines: Vec<String>,
    /// How it is marked: what moved the case, what was done by the program, what else was done.
    pub(in crate::pages) class: &'static str,
}

/// Where it is told, and to whom.
#[derive(Clone, Copy, Debug)]
pub(in crate::pages) struct Scene<'a> {
    pub(in crate::pages) words: Words,
    /// Whether the reader works on the case: to its applicant the office is one.
    pub(in crate::pages) inside: bool,
    /// The calendar of the unit that received the case.
    pub(in crate::pages) calendar: &'a Calendar,
    pub(in crate::pages) organisation: &'a Organisation,
}

impl Scene<'_> {
    fn words(&self) -> Words {
        self.words
    }

    fn inside(&self) -> bool {
        self.inside
    }

    pub(super) fn moment(&self, at: Instant) -> Moment {
        Moment::at(at, self.calendar, self.words)
    }

    pub(super) fn unit(&self, unit: &UnitId) -> String {
        let found = self.organisation.get(unit);
        found.map_or_else(|| unit.to_string(), |unit| self.words.of(&unit.title).to_owned())
    }
}

/// Everybody whom events name.
pub(in crate::pages) fn people<'e>(
    events: impl IntoIterator<Item = &'e Event>,
) -> BTreeSet<PersonId> {
    let mut people = BTreeSet::new();
    for event in events {
        people.extend(event.by.everybody());
        match &event.fact {
            Fact::Assigned { to, .. } | Fact::Informed { to, .. } => drop(people.insert(*to)),
            Fact::Recused { member, .. } => drop(people.insert(*member)),
            Fact::Escalated { tell, .. } | Fact::SittingLacking { tell, .. } => {
                people.extend(tell.iter().filter_map(|told| match &told.to {
                    Recipient::Person(person) => Some(*person),
                    Recipient::Holders { .. } => None,
                }));
            }
            _ => {}
        }
    }
    people
}

#[derive(Template)]
#[template(path = "case/story.html")]
struct Page {
    frame: Frame,
    head: Head,
    story: Vec<Happened>,
    /// Whether every event is there, and says what its hash says.
    whole: bool,
    /// Whether the reader works there: applicants export nothing.
    inside: bool,
    /// The page by which it is exported.
    export: String,
    /// The same, of its timeline on paper.
    paper: String,
}

pub(super) async fn story(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    let timeline =
        app.store.reading_as(&seen.visit.viewer).timeline(seen.seen.file.case.id).await?;
    let whole = timeline.broken_at.is_none();
    let events: Vec<Event> = timeline.entries.into_iter().map(|entry| entry.event).collect();
    let mut story = told(&app, &seen, &events).await?;
    story.reverse();
    let export = format!("/exports?case={case}");
    let paper = format!("{export}&format=pdf");
    let inside = seen.inside();
    let (frame, head) = (seen.frame(), seen.head(Tab::Story));
    let shown_page = Page { frame, head, story, whole, inside, export, paper };
    page(&seen.visit.look, &shown_page)
}

/// What the event of that number was, in short.
pub(super) async fn title_of(app: &App, seen: &Seen, seq: u32) -> Result<Option<String>, Problem> {
    let timeline =
        app.store.reading_as(&seen.visit.viewer).timeline(seen.seen.file.case.id).await?;
    let event = timeline.entries.into_iter().map(|entry| entry.event).find(|one| one.seq == seq);
    let Some(event) = event else { return Ok(None) };
    let told = told(app, seen, std::slice::from_ref(&event)).await?;
    Ok(told.into_iter().next().map(|happened| happened.title))
}

/// The events that the reader is shown, in their order, each in the words of the version by which the
/// case ran then.
async fn told(app: &App, seen: &Seen, events: &[Event]) -> Result<Vec<Happened>, Problem> {
    let names = Names::named(app, people(events)).await?;
    let mut then = Arc::clone(&seen.seen.definition);
    if let Some(first) = events.iter().find_map(|event| match &event.fact {
        Fact::Migrated(moved) => Some(moved.from.version),
        _ => None,
    }) {
        then = app.store.definition(&then.id, Some(first)).await?;
    }
    let mut told = Vec::with_capacity(events.len());
    for event in events {
        if let Fact::Migrated(moved) = &event.fact {
            then = app.store.definition(&then.id, Some(moved.to.version)).await?;
        }
        if seen.inside() || is_open(event) {
            told.push(Wording { seen: seen.scene(), names: &names, definition: &then }.told(event));
        }
    }
    Ok(told)
}

/// Tells events in the words of a definition.
pub(in crate::pages) struct Wording<'a> {
    pub(in crate::pages) seen: Scene<'a>,
    pub(in crate::pages) names: &'a Names,
    pub(in crate::pages) definition: &'a Definition,
}

impl Wording<'_> {
    /// What happened, when and by whom.
    pub(in crate::pages) fn told(&self, event: &Event) -> Happened {
        let late = event.recorded_at - event.effective_at > chrono::TimeDelta::minutes(1);
        let (title, mut lines) = self.fact(&event.fact);
        if let Some(entry) = event.fact.entry() {
            lines.extend(self.entered(entry));
        }
        Happened {
            no: event.seq,
            title,
            when: self.seen.moment(event.effective_at),
            recorded: late.then(|| self.seen.moment(event.recorded_at)),
            who: self.who(&event.by),
            lines,
            class: match (&event.fact, &event.by) {
                (fact, _) if fact.entry().is_some() => "moved",
                (_, By::System) => "by-itself",
                _ => "by-hand",
            },
        }
    }

    fn person(&self, person: PersonId) -> String {
        self.names.person(person)
    }

    fn who(&self, by: &By) -> String {
        let words = self.seen.words();
        match by {
            By::System => words.t("story-system").into(),
            By::Applicant(person) => {
                words.t("story-by-applicant").s("name", self.person(*person)).into()
            }
            By::Officer { role, .. } if !self.seen.inside() => self.role(role),
            By::Officer { person, role, on_behalf_of, .. } => {
                let (name, role) = (self.person(*person), self.role(role));
                match on_behalf_of {
                    None => words.t("story-by").s("name", name).s("role", role).into(),
                    Some(one) => words
                        .t("story-by-for")
                        .s("name", name)
                        .s("role", role)
                        .s("for", self.person(one.person))
                        .into(),
                }
            }
        }
    }

    fn role(&self, role: &parvaneh_core::RoleId) -> String {
        let found = self.definition.roles.get(role);
        found.map_or_else(|| role.to_string(), |role| self.seen.words().of(&role.title).to_owned())
    }

    fn place(&self, place: &parvaneh_core::StepId) -> String {
        let title = self.definition.title_of(place);
        title.map_or_else(|| place.to_string(), |title| self.seen.words().of(title).to_owned())
    }

    /// Where the case went.
    fn entered(&self, entry: &Entry) -> Vec<String> {
        let words = self.seen.words();
        let mut lines = Vec::new();
        for passed in &entry.through {
            lines.push(words.t("story-through").s("step", self.place(&passed.step)).into());
        }
        let place = self.place(&entry.step);
        lines.push(match &entry.end {
            None => words.t("story-to").s("step", place).into(),
            Some(_) => words.t("story-ended").s("end", place).into(),
        });
        lines
    }

    fn document(&self, document: &parvaneh_core::DocumentId) -> String {
        let kind = self.definition.documents.get(document);
        kind.map_or_else(
            || document.to_string(),
            |kind| self.seen.words().of(&kind.title).to_owned(),
        )
    }

    /// What a clock counts.
    pub(in crate::pages) fn clock(&self, clock: u32) -> String {
        let words = self.seen.words();
        match clock {
            STATUTORY => words.t("clock-statutory").into(),
            _ => words.t("clock-task").into(),
        }
    }

    fn branch(&self, branch: &parvaneh_core::BranchId) -> String {
        let title = self.definition.steps.values().find_map(|step| match &step.kind {
            parvaneh_core::definition::StepKind::Parallel(parallel) => {
                parallel.branches.get(branch).map(|branch| &branch.title)
            }
            _ => None,
        });
        title.map_or_else(|| branch.to_string(), |title| self.seen.words().of(title).to_owned())
    }

    fn plain(&self, at: Instant) -> String {
        self.seen.moment(at).plain()
    }

    /// What happened: a title, and a line or two.
    fn fact(&self, fact: &Fact) -> (String, Vec<String>) {
        let words = self.seen.words();
        let reason = |reason: &Option<String>| -> Vec<String> {
            let told = reason.as_ref();
            told.map(|why| words.t("story-reason").s("reason", why).into()).into_iter().collect()
        };
        let note = |note: &Option<String>, urgency: Option<Urgency>| -> Vec<String> {
            let soon = urgency.map(|one| {
                let urgency = urgency_word(one, words);
                words.t("story-urgency").s("urgency", urgency).into()
            });
            let told = note.as_ref().map(|note| words.t("story-note").s("note", note).into());
            soon.into_iter().chain(told).collect()
        };
        let because = |why: &String| vec![words.t("story-reason").s("reason", why).into()];
        let (title, lines): (crate::say::Said, Vec<String>) = match fact {
            Fact::Opened { unit, received_reason, .. } => {
                let unit = self.seen.unit(unit);
                (words.t("story-opened").s("unit", unit), reason(received_reason))
            }
            Fact::Claimed { .. } => (words.t("story-claimed"), Vec::new()),
            Fact::Released { reason: why, .. } => (words.t("story-released"), reason(why)),
            Fact::Assigned { to, reason: why, urgency, .. } => {
                (words.t("story-assigned").s("to", self.person(*to)), note(why, *urgency))
            }
            Fact::Informed { to, note: why, urgency } => {
                (words.t("story-informed").s("to", self.person(*to)), note(why, *urgency))
            }
            Fact::Commented { text } => (words.t("story-commented"), vec![text.clone()]),
            Fact::Filled { values, cleared } => {
                let title = |name: &parvaneh_core::FieldId| {
                    let field = self.definition.field(name.as_str());
                    let title = field.map(|field| words.of(&field.title).to_owned());
                    (field, title.unwrap_or_else(|| name.to_string()))
                };
                let told = values.iter().map(|(name, value)| {
                    let (field, title) = title(name);
                    let value = words.of(&value.shown(field)).to_owned();
                    words.t("story-value").s("field", title).s("value", value).into()
                });
                let gone = cleared
                    .iter()
                    .map(|name| words.t("story-cleared").s("field", title(name).1).into());
                (words.t("story-filled"), told.chain(gone).collect())
            }
            Fact::DocumentAttached { document, file, .. } => {
                let title = words.t("story-attached").s("document", self.document(document));
                (title, vec![file.name.clone()])
            }
            Fact::DocumentVerified { document, refused: None } => {
                (words.t("story-verified").s("document", self.document(document)), Vec::new())
            }
            Fact::DocumentVerified { document, refused: Some(why) } => {
                (words.t("story-refused").s("document", self.document(document)), because(why))
            }
            Fact::Acted { action, reason: why, citation, heard, .. } => {
                let title =
                    self.definition.steps.values().find_map(|step| step.actions.get(action));
                let title = title.map_or_else(
                    || action.to_string(),
                    |action| words.of(&action.title).to_owned(),
                );
                let mut lines = reason(why);
                lines.extend(citation.as_ref().map(|number| {
                    words.t("story-citation").s("number", words.digits(number)).into()
                }));
                lines.extend(heard.as_ref().map(|heard| {
                    words.t("story-minutes").s("number", words.digits(&heard.minutes)).into()
                }));
                return (title, lines);
            }
            Fact::Answered {
                branch, answer: given, reason: why, reference, silence, link, ..
            } => {
                let told = answer(*given, words);
                let title = words.t("story-answered").s("inquiry", self.branch(branch));
                let mut lines = reason(why);
                lines.extend(reference.as_ref().map(|number| {
                    words.t("story-letter").s("number", words.digits(number)).into()
                }));
                if silence.is_some() {
                    lines.push(words.t("story-by-silence").into());
                }
                if link.is_some() {
                    lines.push(words.t("story-by-link").into());
                }
                (title.s("answer", told), lines)
            }
            Fact::Voted { vote: cast, reason: why } => {
                (words.t("story-voted").s("vote", vote(*cast, words)), reason(why))
            }
            Fact::PutOnAgenda { at, .. } => {
                (words.t("story-on-agenda").s("at", self.plain(*at)), Vec::new())
            }
            Fact::TakenOffAgenda { why, reason: told, .. } => {
                let title = match why {
                    OffAgenda::TakenOff => words.t("story-off-agenda"),
                    OffAgenda::Moved => words.t("story-agenda-moved"),
                    OffAgenda::Cancelled => words.t("story-sitting-cancelled"),
                    OffAgenda::NoQuorum => words.t("story-no-quorum"),
                    OffAgenda::Tie => words.t("story-tie"),
                };
                (title, reason(told))
            }
            Fact::Recused { member, reason: why, .. } => {
                (words.t("story-recused").s("name", self.person(*member)), because(why))
            }
            Fact::SittingLacking { deadline, tell, .. } => {
                let title = words.t("story-no-sitting").s("deadline", self.plain(*deadline));
                (title, self.tell(tell).into_iter().collect())
            }
            Fact::Suspended { reason: why, basis, .. } => {
                let mut lines = because(why);
                lines.extend(
                    basis.as_ref().map(|basis| words.t("story-basis").s("basis", basis).into()),
                );
                (words.t("story-suspended"), lines)
            }
            Fact::Resumed { reason: why, deadlines } => {
                let mut lines = reason(why);
                lines.extend(deadlines.iter().map(|new| self.deadline(new.clock, new.deadline)));
                (words.t("story-resumed"), lines)
            }
            Fact::Extended { clock, by, deadline, reason: why, .. } => {
                let mut lines = because(why);
                lines.extend(deadline.map(|deadline| self.deadline(*clock, deadline)));
                let by = term(*by, words);
                (words.t("story-extended").s("clock", self.clock(*clock)).s("by", by), lines)
            }
            Fact::Rescheduled { change, deadlines, .. } => {
                let title = match change {
                    CalendarChange::Published => words.t("story-calendar"),
                    CalendarChange::Closed { reason, .. } => {
                        words.t("story-closed").s("reason", reason)
                    }
                    CalendarChange::Reopened { reason, .. } => {
                        words.t("story-reopened").s("reason", reason)
                    }
                };
                (title, deadlines.iter().map(|moved| self.moved(moved)).collect())
            }
            Fact::Migrated(moved) => {
                let title = words
                    .t("story-migrated")
                    .s("from", words.number(moved.from.version))
                    .s("to", words.number(moved.to.version));
                (title, vec![words.t("story-to").s("step", self.place(&moved.step)).into()])
            }
            Fact::Withdrawn { reason: why, .. } => (words.t("story-withdrawn"), reason(why)),
            Fact::Escalated { clock, number, warning, deadline, tell, reassigned, .. } => {
                let number = words.number(*number);
                let clock = self.clock(*clock);
                let title = match warning {
                    true => words.t("story-warned").s("number", number).s("clock", clock),
                    false => words.t("story-escalated").s("number", number).s("clock", clock),
                };
                let mut lines =
                    vec![words.t("story-deadline").s("deadline", self.plain(*deadline)).into()];
                lines.extend(self.tell(tell));
                lines.extend(
                    reassigned.as_ref().map(|gone| {
                        words.t("story-reassigned").s("role", self.role(&gone.to)).into()
                    }),
                );
                (title, lines)
            }
            Fact::SilenceHeld { clock, due } => {
                let line = words.t("story-silence-due").s("due", self.plain(*due)).into();
                (words.t("story-silence-held").s("clock", self.clock(*clock)), vec![line])
            }
            Fact::SilenceWaived { clock, reason: why } => {
                (words.t("story-silence-waived").s("clock", self.clock(*clock)), because(why))
            }
            Fact::SilenceTookEffect { clock, reason: why, .. } => {
                (words.t("story-silence").s("clock", self.clock(*clock)), reason(why))
            }
        };
        (title.into(), lines)
    }

    fn deadline(&self, clock: u32, deadline: Instant) -> String {
        let words = self.seen.words();
        let (clock, deadline) = (self.clock(clock), self.plain(deadline));
        words.t("story-new-deadline").s("clock", clock).s("deadline", deadline).into()
    }

    fn moved(&self, moved: &MovedDeadline) -> String {
        let words = self.seen.words();
        let (clock, from) = (self.clock(moved.clock), self.plain(moved.from));
        match moved.to {
            Some(to) => {
                let to = self.plain(to);
                words.t("story-moved").s("clock", clock).s("from", from).s("to", to).into()
            }
            None => words.t("story-stands").s("clock", clock).into(),
        }
    }

    fn tell(&self, tell: &[Told]) -> Option<String> {
        let words = self.seen.words();
        let told: Vec<String> = tell
            .iter()
            .map(|one| match &one.to {
                Recipient::Person(person) => self.person(*person),
                Recipient::Holders { role, .. } => self.role(role),
            })
            .collect();
        let told = told.join(if words.is_persian() { "، " } else { ", " });
        (!told.is_empty()).then(|| words.t("story-told").s("names", told).into())
    }
}
