//! `parvaneh case timeline`: what happened to a case.

use std::fmt::Write;

use chrono::TimeDelta;
use chrono_tz::Tz;
use clap::Args;
use parvaneh_core::{
    CaseId, Definition, Event, Fact, FieldId,
    calendar::CalendarChange,
    definition::Answer,
    event::{By, Entry, MovedDeadline, Recipient, STATUTORY, Told, Urgency, Vote},
    migration::{Counted, Migrated},
    sitting::OffAgenda,
};
use parvaneh_store::Store;
use serde_json::json;

use super::parse_case;
use crate::{
    command::licence::{about_in_words, change_in_words},
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, minute},
};

/// Show what happened to a case, and whether its timeline is whole
///
/// Every event chains the hash of the one before it. A timeline that is not whole is told, and the
/// exit code is 1.
#[derive(Debug, Args)]
pub(crate) struct Timeline {
    /// The case's identifier
    #[arg(value_parser = parse_case)]
    case: CaseId,
}

impl Timeline {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let timeline = store.timeline(self.case).await?;
        if out.json {
            let events: Vec<_> = timeline
                .entries
                .iter()
                .map(|entry| {
                    let hash = entry.hash.iter().fold(String::new(), |mut hex, byte| {
                        // Writing to a String cannot fail.
                        let _ = write!(hex, "{byte:02x}");
                        hex
                    });
                    json!({ "event": entry.event, "actor": entry.actor, "hash": hash })
                })
                .collect();
            out.document(&json!({
                "case": self.case,
                "whole": timeline.broken_at.is_none(),
                "broken_at": timeline.broken_at,
                "events": events,
            }))?;
        } else {
            let names = Names::open(store, out).await?;
            let case = store.case(self.case).await?;
            let definition = names.definition_of(&case).await?;
            let zone = store.calendars(&case.calendar).await?.national().zone();
            let events: Vec<Event> =
                timeline.entries.iter().map(|entry| entry.event.clone()).collect();
            out.line(table(&events, &definition, &names, zone, out).await?)?;
        }
        match timeline.broken_at {
            None => Ok(()),
            Some(seq) => Err(Failure::no(
                "timeline-broken",
                format!("the timeline is not whole: event {seq} is missing or was changed"),
            )
            .help("somebody wrote to the database past the program: compare with a backup")),
        }
    }
}

/// Events as a table, each in the words of the version by which the case ran then. `definition` is
/// that by which it runs after them.
///
/// # Errors
/// The database, where names are looked up.
pub(crate) async fn table(
    events: &[Event],
    definition: &Definition,
    names: &Names,
    zone: Tz,
    out: &Output,
) -> Result<String, Failure> {
    let columns =
        [("no", Align::Right), ("when", Align::Left), ("who", Align::Left), ("what", Align::Left)];
    let mut table = Table::new(out, &columns);
    let moves = |event: &Event| match &event.fact {
        Fact::Migrated(moved) => Some(moved.clone()),
        _ => None,
    };
    let mut then = match events.iter().find_map(moves) {
        Some(first) => Some(names.definition(&definition.id, first.from.version).await?),
        None => None,
    };
    for event in events {
        if let Some(moved) = moves(event) {
            then = Some(names.definition(&definition.id, moved.to.version).await?);
        }
        let definition = then.as_deref().unwrap_or(definition);
        let who = match &event.by {
            By::System => "the program".to_owned(),
            By::Applicant(person) => names.person(*person).await?,
            By::Officer { person, role, on_behalf_of, .. } => {
                let behalf = match on_behalf_of {
                    Some(one) => format!(" on behalf of {}", names.person(one.person).await?),
                    None => String::new(),
                };
                let role = names.role(definition, role);
                format!("{}{behalf}, {role}", names.person(*person).await?)
            }
        };
        let mut when = minute(event.effective_at, zone, out.dates);
        if event.recorded_at - event.effective_at > TimeDelta::minutes(1) {
            let recorded = minute(event.recorded_at, zone, out.dates);
            when.push_str(&format!(" (recorded {recorded})"));
        }
        let what = Words { definition, names, zone, out }.fact(&event.fact).await?;
        table.row([event.seq.to_string(), when, who, what]);
    }
    Ok(table.render("nothing was changed"))
}

struct Words<'a> {
    definition: &'a Definition,
    names: &'a Names,
    zone: Tz,
    out: &'a Output,
}

impl Words<'_> {
    /// What happened, in words.
    async fn fact(&self, fact: &Fact) -> Result<String, Failure> {
        let names = self.names;
        Ok(match fact {
            Fact::Opened { subject, unit, entry, received_reason, about, .. } => format!(
                "opened at {}: {subject}{}{}{}",
                names.unit(unit),
                about
                    .as_ref()
                    .map_or(String::new(), |about| format!(", about {}", about_in_words(about))),
                because(received_reason),
                self.entered(entry)
            ),
            Fact::Claimed { task } => format!("took task {task}"),
            Fact::Released { task, reason } => {
                format!("put task {task} back{}", because(reason))
            }
            Fact::Assigned { task, to, reason, urgency } => format!(
                "gave task {task} to {}{}{}",
                names.person(*to).await?,
                how_soon(*urgency),
                because(reason)
            ),
            Fact::Informed { to, note, urgency } => format!(
                "told {} of the case{}{}",
                names.person(*to).await?,
                how_soon(*urgency),
                because(note)
            ),
            Fact::Commented { text } => format!("remarked: {text}"),
            Fact::DocumentAttached { document, file, .. } => {
                format!("handed in {} ({})", names.document(self.definition, document), file.name)
            }
            Fact::DocumentVerified { document, refused } => match refused {
                None => format!("verified {}", names.document(self.definition, document)),
                Some(why) => {
                    format!("refused {}: {why}", names.document(self.definition, document))
                }
            },
            Fact::Filled { values, cleared } => {
                let value = |field: &FieldId| values.get(field);
                let fields = values.keys().chain(cleared);
                let told: Vec<_> =
                    fields.map(|field| names.value(self.definition, field, value(field))).collect();
                format!("filled in {}", told.join("; "))
            }
            Fact::Acted { action, reason, citation, heard, entry, .. } => format!(
                "{}{}{}{}{}",
                names.action(self.definition, action),
                heard
                    .as_ref()
                    .map_or(String::new(), |heard| format!(" [minutes {}]", heard.minutes)),
                because(reason),
                citation.as_ref().map_or(String::new(), |number| format!(" [condition {number}]")),
                self.entered(entry)
            ),
            Fact::Answered { branch, answer, reason, reference, silence, link, entry, .. } => {
                let title = self
                    .definition
                    .steps
                    .keys()
                    .map(|step| names.branch(self.definition, step, branch))
                    .find(|title| title != branch.as_str())
                    .unwrap_or_else(|| branch.to_string());
                let how = match answer {
                    Answer::Positive => "positive",
                    Answer::Negative => "negative",
                };
                let by = match (silence, link) {
                    (Some(_), _) => " by silence",
                    (None, Some(_)) => " by a link",
                    (None, None) => "",
                };
                let letter = reference
                    .as_ref()
                    .map_or(String::new(), |number| format!(" [letter {number}]"));
                let entered = entry.as_ref().map_or(String::new(), |entry| self.entered(entry));
                format!("{title}: {how}{by}{letter}{}{entered}", because(reason))
            }
            Fact::Voted { vote, reason } => {
                let vote = match vote {
                    Vote::For => "for",
                    Vote::Against => "against",
                    Vote::Abstain => "to abstain",
                };
                format!("voted {vote}{}", because(reason))
            }
            Fact::PutOnAgenda { at, closes_at, .. } => format!(
                "put on the agenda of the sitting on {} (open until {})",
                self.when(*at),
                self.when(*closes_at)
            ),
            Fact::TakenOffAgenda { why, reason, .. } => {
                let why = match why {
                    OffAgenda::TakenOff => "taken off the agenda",
                    OffAgenda::Moved => "taken off the agenda for another sitting",
                    OffAgenda::Cancelled => "off the agenda: the sitting is cancelled",
                    OffAgenda::NoQuorum => "put off to another sitting: too few members voted",
                    OffAgenda::Tie => "put off to another sitting: a tie",
                };
                format!("{why}{}", because(reason))
            }
            Fact::Recused { member, reason, .. } => {
                format!("{} takes no part: {reason}", names.person(*member).await?)
            }
            Fact::SittingLacking { clock, deadline, extra, tell } => {
                let extra = match extra {
                    None => "no extra sitting would do any more".to_owned(),
                    Some(extra) => format!(
                        "an extra sitting from {} to {} would do",
                        self.when(extra.earliest.at),
                        self.when(extra.latest.at)
                    ),
                };
                let told = self.told(tell).await?;
                let of = clock_name(*clock);
                let deadline = self.when(*deadline);
                format!("no sitting has room before the deadline {deadline} of {of}; {extra}{told}")
            }
            Fact::Suspended { reason, basis, .. } => {
                let by = basis.as_ref().map_or(String::new(), |basis| format!(" [{basis}]"));
                format!("suspended the clocks: {reason}{by}")
            }
            Fact::Resumed { reason, deadlines } => {
                let statutory = deadlines.iter().find(|new| new.clock == STATUTORY);
                let until = statutory.map_or(String::new(), |new| {
                    format!("; statutory deadline {}", self.when(new.deadline))
                });
                format!("resumed the clocks{}{until}", because(reason))
            }
            Fact::Extended { clock, by, deadline, reason, .. } => {
                let until = deadline
                    .map_or(String::new(), |deadline| format!(" to {}", self.when(deadline)));
                format!("extended {} by {by}{until}: {reason}", clock_name(*clock))
            }
            Fact::Rescheduled { change, deadlines, .. } => self.rescheduled(change, deadlines),
            Fact::Migrated(moved) => self.migrated(moved),
            Fact::Withdrawn { reason, entry } => {
                format!("withdrew{}{}", because(reason), self.entered(entry))
            }
            Fact::Escalated { clock, number, warning, deadline, tell, reassigned, .. } => {
                let kind = if *warning { "warning" } else { "escalation, level" };
                let told = self.told(tell).await?;
                let gone = reassigned.as_ref().map_or(String::new(), |gone| {
                    format!("; reassigned to {}", names.role(self.definition, &gone.to))
                });
                let of = clock_name(*clock);
                let deadline = self.when(*deadline);
                format!("{kind} {number} of {of}, deadline {deadline}{told}{gone}")
            }
            Fact::SilenceHeld { clock, due } => format!(
                "silence of {} was due {}: held for a manager",
                clock_name(*clock),
                self.when(*due)
            ),
            Fact::SilenceWaived { clock, reason } => {
                format!("waived the silence of {}: {reason}", clock_name(*clock))
            }
            Fact::SilenceTookEffect { clock, reason, entry, .. } => format!(
                "silence of {} took effect{}{}",
                clock_name(*clock),
                because(reason),
                self.entered(entry)
            ),
        })
    }

    /// Who was told.
    async fn told(&self, tell: &[Told]) -> Result<String, Failure> {
        let mut told = Vec::with_capacity(tell.len());
        for one in tell {
            told.push(match &one.to {
                Recipient::Person(person) => self.names.person(*person).await?,
                Recipient::Holders { role, .. } => self.names.role(self.definition, role),
            });
        }
        Ok(match told.as_slice() {
            [] => String::new(),
            told => format!("; told: {}", told.join(", ")),
        })
    }

    fn rescheduled(&self, change: &CalendarChange, deadlines: &[MovedDeadline]) -> String {
        let why = match change {
            CalendarChange::Published => "the calendar was published anew".to_owned(),
            CalendarChange::Closed { closure, reason } => format!("closure {closure}: {reason}"),
            CalendarChange::Reopened { closure, reason } => {
                format!("closure {closure} taken back: {reason}")
            }
        };
        let moved = deadlines.iter().map(|moved| {
            let to = moved.to.map_or("none while it stands still".to_owned(), |to| self.when(to));
            format!("{} from {} to {to}", clock_name(moved.clock), self.when(moved.from))
        });
        format!("{why}; deadlines moved: {}", moved.collect::<Vec<_>>().join(", "))
    }

    /// In both languages: it is not an officer who did it, and he must understand it.
    fn migrated(&self, moved: &Migrated) -> String {
        let lang = self.out.lang;
        let counted = |counted: &Option<Counted>| match counted {
            None => lang.of("ندارد", "none").to_owned(),
            Some(Counted { term, deadline: None }) => {
                format!("{} ({term})", lang.of("متوقف", "suspended"))
            }
            Some(Counted { term, deadline: Some(at) }) => format!("{} ({term})", self.when(*at)),
        };
        let clocks = moved.clocks.iter().map(|clock| {
            let name = match clock.clock {
                STATUTORY => lang.of("مهلت قانونی", "the statutory clock").to_owned(),
                task => format!("{} {task}", lang.of("کار", "task")),
            };
            if clock.before == clock.after {
                return format!("{name} {}", lang.of("بدون تغییر", "unchanged"));
            }
            let (before, after) = (counted(&clock.before), counted(&clock.after));
            match lang.of("fa", "en") {
                "fa" => format!("{name} از {before} به {after}"),
                _ => format!("{name} from {before} to {after}"),
            }
        });
        let clocks = clocks.collect::<Vec<_>>().join(lang.of("، ", ", "));
        let (from, to) = (moved.from.version, moved.to.version);
        let step = self.names.step(self.definition, &moved.step);
        match lang.of("fa", "en") {
            "fa" => format!("انتقال از نسخه {from} به نسخه {to} → {step}؛ {clocks}"),
            _ => format!("moved from version {from} to version {to} → {step}; {clocks}"),
        }
    }

    fn when(&self, at: parvaneh_core::Instant) -> String {
        minute(at, self.zone, self.out.dates)
    }

    fn entered(&self, entry: &Entry) -> String {
        let places = entry.through.iter().map(|passed| &passed.step).chain([&entry.step]);
        let way: String =
            places.map(|place| format!(" → {}", self.names.step(self.definition, place))).collect();
        match entry.end.as_ref().and_then(|end| end.change.as_ref()) {
            Some(change) => format!("{way}; {}", change_in_words(change, self.out)),
            None => way,
        }
    }
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"))
}

fn how_soon(urgency: Option<Urgency>) -> String {
    urgency.map_or(String::new(), |urgency| format!(" ({})", urgency.as_str()))
}

fn clock_name(clock: u32) -> String {
    if clock == STATUTORY { "the statutory clock".to_owned() } else { format!("task {clock}") }
}
