//! Reads a scenario out of its file.

use chrono::{NaiveTime, TimeZone};
use chrono_tz::Tz;

use super::{
    At, Deed, Due, Entry, Expect, Scenario, Setting, Who, code, register::Told as Held,
    run::applicant, sittings::Told,
};
use crate::{
    RefusalCode, UnitId,
    clock::Instant,
    definition::{Answer, Definition, Outcome, StepKind},
    document::{self, Fields, Node, Place, Reader, did_you_mean},
    event::Vote,
    jalali,
};

const KEYS: &[&str] = &[
    "at",
    "as",
    "of",
    "do",
    "claim",
    "release",
    "set",
    "fill",
    "attach",
    "verify",
    "assign",
    "to",
    "to_of",
    "answer",
    "vote",
    "agenda",
    "off_agenda",
    "recuse",
    "member",
    "suspend",
    "resume",
    "withdraw",
    "comment",
    "extend",
    "silence",
    "system_down_until",
    "received",
    "subject",
    "about",
    "reason",
    "cite",
    "letter",
    "basis",
    "expect",
];

/// The keys that say what is done; an entry has at most one of them.
const DEEDS: &[&str] = &[
    "do",
    "claim",
    "release",
    "fill",
    "attach",
    "verify",
    "assign",
    "answer",
    "vote",
    "agenda",
    "off_agenda",
    "recuse",
    "suspend",
    "resume",
    "withdraw",
    "comment",
    "extend",
    "silence",
    "system_down_until",
];

const EXPECTATIONS: &[&str] = &[
    "refused",
    "step",
    "outcome",
    "counted",
    "mark",
    "licence",
    "statutory",
    "due",
    "open",
    "owners",
    "holders",
    "answers",
    "escalated",
    "passed",
    "suspended",
    "held",
    "faults",
    "data",
    "agenda",
    "lacking",
    "proposed",
];

const COUNTED: &[&str] = &["on_time", "late", "by_silence", "given_up_late", "overdue", "not"];

const ANSWERS: &[(&str, Answer)] =
    &[("positive", Answer::Positive), ("negative", Answer::Negative)];

/// Reads a scenario; `None`, or a part of it, if it has problems.
pub(super) fn scenario(
    reader: &mut Reader<'_>,
    setting: &Setting<'_>,
    root: &Node,
) -> Option<Scenario> {
    let start = Place { start: root.place.start, end: root.place.start };
    let keys = ["scenario", "unit", "sittings", "licences", "cases", "steps"];
    let top = reader.mapping(root, start, "a scenario", &keys)?;
    let title = reader.required(&top, "scenario", "a scenario").and_then(|node| {
        let at = node.place;
        reader.text(node, at, "the scenario's title")
    });
    let unit = reader.required(&top, "unit", "a scenario");
    let zone = setting.calendars.national().zone();
    let mut reading = Reading { reader, setting, zone, told: Vec::new(), held: Held::default() };
    let unit = unit.and_then(|node| reading.unit(node));
    if let (Some(node), Some(unit)) = (top.get("sittings"), &unit) {
        reading.told = reading.sittings(node, unit);
    }
    if let Some(unit) = &unit {
        let (licences, cases) = (top.get("licences"), top.get("cases"));
        reading.held = reading.register(licences, cases, applicant(), unit);
    }
    let steps = reading.reader.required(&top, "steps", "a scenario")?;
    let nodes = reading.reader.list(steps, "the steps");
    let mut entries: Vec<Entry> = Vec::with_capacity(nodes.len());
    for (number, node) in nodes.iter().enumerate() {
        let Some(entry) = reading.entry(node, number == 0) else { continue };
        if entries.last().is_some_and(|last| entry.at < last.at) {
            let message = "this lies before the entry above it";
            reading.reader.error(code::OUT_OF_ORDER, entry.place, message);
        }
        entries.push(entry);
    }
    let (sittings, held) = (reading.told, reading.held);
    Some(Scenario { title: title?, unit: unit?, sittings, held, entries })
}

pub(super) struct Reading<'r, 's, 'a> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) setting: &'r Setting<'a>,
    zone: Tz,
    /// The sittings of the scenario.
    told: Vec<Told>,
    /// The licences and cases of which its case can speak.
    pub(super) held: Held,
}

impl Reading<'_, '_, '_> {
    fn definition(&self) -> &Definition {
        self.setting.definition
    }

    fn entry(&mut self, node: &Node, first: bool) -> Option<Entry> {
        let at = Place { start: node.place.start, end: node.place.start + 1 };
        let fields = self.reader.mapping(node, at, "an entry", KEYS)?;
        let moment = self.reader.required(&fields, "at", "an entry");
        let place = moment.map_or(at, |node| node.place);
        let moment = moment.and_then(|node| self.moment(node));
        // Papers can come with what is done.
        let along = |key: &str| key == "attach" && fields.get("do").is_some();
        let deeds = DEEDS.iter().filter(|key| !along(key));
        let mut deeds = deeds.filter_map(|key| fields.entry(key));
        let deed = deeds.next();
        if let (Some(_), Some(second)) = (deed, deeds.next()) {
            let message = "an entry says only one thing that is done: write another entry";
            self.reader.error(code::SEVERAL_THINGS, second.key_place, message);
        }
        let opens = |text: Option<&str>| text == Some("open");
        let opening = deed.filter(|deed| deed.key == "do" && opens(deed.value.as_str()));
        if first && opening.is_none() {
            let message = "the first entry opens the case: write 'do: open'";
            self.reader.error(code::NOT_OPENED, at, message);
        }
        let deed = deed.and_then(|entry| {
            let value = match first {
                true => self.opening(&fields),
                false => self.deed(&entry.key, &entry.value, &fields),
            };
            Some(At { value: value?, place: entry.value.place })
        });
        let who = self.who(&fields, "as", "of");
        let acts = deed.as_ref().filter(|deed| !matches!(deed.value, Deed::Down(_)));
        if let (Some(deed), None, false) = (acts, &who, first || fields.get("as").is_some()) {
            let help = "write 'as: county_officer', say, or 'as: applicant'";
            let message = "nobody is said to do this";
            self.reader.error_with_help(code::NOBODY, deed.place, message, help);
        }
        let expect = match fields.entry("expect") {
            Some(entry) => self.expectations(&entry.value, entry.key_place),
            None => Vec::new(),
        };
        Some(Entry { at: moment?, place, deed, who, expect })
    }

    fn opening(&mut self, fields: &Fields<'_>) -> Option<Deed> {
        Some(Deed::Open {
            received: fields.get("received").and_then(|node| self.moment(node)),
            reason: self.text(fields, "reason"),
            subject: self.text(fields, "subject"),
            about: self.about(fields),
            given: self.given(fields),
        })
    }

    fn deed(&mut self, key: &str, node: &Node, fields: &Fields<'_>) -> Option<Deed> {
        let reason = self.text(fields, "reason");
        Some(match key {
            "do" => {
                let name = self.reader.name(node, "the action")?;
                let actions = self.definition().steps.values().flat_map(|step| step.actions.keys());
                let actions: Vec<String> = actions.map(ToString::to_string).collect();
                self.known("action", name.text, name.place, &actions)?;
                let citation = self.text(fields, "cite");
                let given = self.given(fields);
                Deed::Act { action: name.text.into(), reason, citation, given }
            }
            "fill" => Deed::Fill(self.values(node, node.place)),
            "attach" => self.attach(node)?,
            "verify" => self.verify(node, reason)?,
            "claim" => Deed::Claim(self.task(node)?),
            "release" => Deed::Release { task: self.task(node)?, reason },
            "assign" => {
                let task = self.task(node)?;
                let Some(to) = self.who(fields, "to", "to_of") else {
                    if fields.get("to").is_none() {
                        let message = "to whom? write 'to: county_officer#2', say";
                        self.reader.error(code::NOBODY, node.place, message);
                    }
                    return None;
                };
                Deed::Assign { task, to, reason }
            }
            "answer" => {
                let (name, place, node) = self.pair(node, "an answer")?;
                let answer = self.reader.choice(node, "an answer", ANSWERS)?;
                let branches = self.branches();
                self.known("inquiry", &name, place, &branches)?;
                let letter = self.text(fields, "letter");
                Deed::Answer { branch: name.into(), answer, reason, letter }
            }
            "vote" => {
                let votes =
                    [("for", Vote::For), ("against", Vote::Against), ("abstain", Vote::Abstain)];
                Deed::Vote { vote: self.reader.choice(node, "a vote", &votes)?, reason }
            }
            "agenda" => Deed::PutOnAgenda(self.sitting_name(node)?),
            "off_agenda" => Deed::TakeOffAgenda(self.reader.string(node, "the reason")?.to_owned()),
            "recuse" => {
                let reason = self.reader.string(node, "the reason")?.to_owned();
                Deed::Recuse { member: self.who(fields, "member", "to_of"), reason }
            }
            "suspend" => {
                let reason = self.reader.string(node, "the reason")?.to_owned();
                Deed::Suspend { reason, basis: self.text(fields, "basis") }
            }
            "resume" => Deed::Resume(self.reader.string(node, "the reason")?.to_owned()),
            "withdraw" => Deed::Withdraw(self.reader.string(node, "the reason")?.to_owned()),
            "comment" => Deed::Comment(self.reader.string(node, "the remark")?.to_owned()),
            "extend" => {
                let (clock, place, node) = self.pair(node, "an extension")?;
                let by = self.reader.term(node, "an extension")?;
                self.clock(&clock, place)?;
                Deed::Extend { clock, by, reason: reason.unwrap_or_default() }
            }
            "silence" => {
                let (clock, place, node) = self.pair(node, "what becomes of silence")?;
                let choices = [("released", true), ("waived", false)];
                let release = self.reader.choice(node, "what becomes of silence", &choices)?;
                self.clock(&clock, place)?;
                Deed::Silence { clock, release, reason: reason.unwrap_or_default() }
            }
            _ => Deed::Down(self.moment(node)?),
        })
    }

    fn expectations(&mut self, node: &Node, at: Place) -> Vec<At<Expect>> {
        let Some(fields) = self.reader.mapping(node, at, "what is expected", EXPECTATIONS) else {
            return Vec::new();
        };
        let mut expected = Vec::new();
        for entry in fields.entries() {
            let place = if entry.value.place.end > entry.value.place.start {
                entry.value.place
            } else {
                entry.key_place
            };
            self.expectation(&entry.key, &entry.value, place, &mut expected);
        }
        expected
    }

    fn expectation(&mut self, key: &str, node: &Node, place: Place, to: &mut Vec<At<Expect>>) {
        let mut put = |value: Option<Expect>| {
            to.extend(value.map(|value| At { value, place }));
        };
        match key {
            "refused" => {
                let codes: Vec<_> =
                    RefusalCode::ALL.iter().map(|code| (code.as_str(), *code)).collect();
                let code = self.reader.choice(node, "the code of a refusal", &codes);
                put(code.map(Expect::Refused));
            }
            "step" => {
                let name = self.reader.name(node, "a step");
                let definition = self.definition();
                let places = definition.steps.keys().chain(definition.ends.keys());
                let places: Vec<String> = places.map(ToString::to_string).collect();
                let name = name
                    .filter(|name| self.known("step", name.text, name.place, &places).is_some());
                put(name.map(|name| Expect::Step(name.text.into())));
            }
            "outcome" => {
                let outcomes = [
                    ("granted", Outcome::Granted),
                    ("refused", Outcome::Refused),
                    ("lapsed", Outcome::Lapsed),
                    ("withdrawn", Outcome::Withdrawn),
                    ("settled", Outcome::Settled),
                ];
                put(self.reader.choice(node, "an outcome", &outcomes).map(Expect::Outcome));
            }
            "counted" => {
                let ways: Vec<_> = COUNTED.iter().map(|word| (*word, *word)).collect();
                let way = self.reader.choice(node, "how a case counts", &ways);
                put(way.map(|way| Expect::Counted(way.to_owned())));
            }
            "suspended" => put(self.reader.yes_or_no(node, "'suspended'").map(Expect::Suspended)),
            "mark" => {
                let mark = self.reader.string(node, "the licence's mark");
                put(mark.map(|mark| Expect::Mark(mark.to_owned())));
            }
            "licence" => self.licence_expected(node, place, to),
            "faults" => {
                let faults = self.faults(node);
                put(Some(faults));
            }
            "data" => self.data(node, place).into_iter().for_each(|data| put(Some(data))),
            "statutory" => put(self.due(node).map(Expect::Statutory)),
            "open" => {
                let names = self.names(node, |reading, node| reading.task(node));
                put(Some(Expect::Open(names)));
            }
            "escalated" => {
                let names = self.names(node, |reading, node| reading.level(node));
                put(Some(Expect::Escalated(names)));
            }
            "passed" => {
                let names = self.names(node, |reading, node| {
                    let name = reading.reader.name(node, "an automatic step")?;
                    let steps = reading.setting.definition.steps.iter();
                    let automatic = steps
                        .filter(|(_, step)| matches!(step.kind, StepKind::Automatic(_)))
                        .map(|(name, _)| name.to_string());
                    let known: Vec<String> = automatic.collect();
                    reading.known("automatic step", name.text, name.place, &known)?;
                    Some(name.text.to_owned())
                });
                put(Some(Expect::Passed(names)));
            }
            "held" => {
                let names = self.names(node, |reading, node| {
                    let name = reading.reader.name(node, "a clock")?;
                    reading.clock(name.text, name.place).map(|()| name.text.to_owned())
                });
                put(Some(Expect::Held(names)));
            }
            "agenda" => {
                let name = match node.as_str() {
                    Some("none") => Some("none".to_owned()),
                    _ => self.sitting_name(node),
                };
                put(name.map(Expect::Agenda));
            }
            "lacking" => {
                let names = self.names(node, |reading, node| {
                    let name = reading.reader.name(node, "a clock")?;
                    reading.clock(name.text, name.place).map(|()| name.text.to_owned())
                });
                put(Some(Expect::Lacking(names)));
            }
            "proposed" => put(self.due(node).map(Expect::Proposed)),
            "due" | "owners" | "holders" | "answers" => self.by_task(key, node, place, to),
            // An unknown key has been told.
            _ => {}
        }
    }

    /// What is expected of several tasks.
    fn by_task(&mut self, key: &str, node: &Node, place: Place, to: &mut Vec<At<Expect>>) {
        let Some(entries) = self.reader.entries(node, place, key) else { return };
        let tasks = self.tasks();
        for entry in entries {
            if self.known("task", &entry.key, entry.key_place, &tasks).is_none() {
                continue;
            }
            let name = entry.key.clone();
            let node = &entry.value;
            let value = match key {
                "due" => self.due(node).map(|due| Expect::Due(name, due)),
                "owners" => self.role(node).map(|who| Expect::Owner(name, who)),
                "holders" => {
                    let who = self.reader.string(node, "a person").map(str::to_owned);
                    who.map(|who| Expect::Holder(name, who))
                }
                _ => {
                    let answer = self.reader.choice(node, "an answer", ANSWERS);
                    answer.map(|answer| Expect::Answer(name, answer))
                }
            };
            to.extend(value.map(|value| At { value, place: node.place }));
        }
    }

    fn names(
        &mut self,
        node: &Node,
        one: impl Fn(&mut Self, &Node) -> Option<String>,
    ) -> Vec<String> {
        let items = self.reader.list_or_one(node, "the names");
        items.iter().filter_map(|item| one(self, item)).collect()
    }

    /// `reception warning 1` or `reception level 1`.
    fn level(&mut self, node: &Node) -> Option<String> {
        let text = self.reader.string(node, "a level")?;
        let words: Vec<_> = text.split_whitespace().collect();
        let number = |text: &str| text.parse::<u16>().is_ok();
        match words[..] {
            [clock, "warning" | "level", which] if number(which) => {
                self.clock(clock, node.place)?;
                Some(words.join(" "))
            }
            _ => {
                let message = format!("'{text}' is no warning and no level");
                let help = "write 'reception warning 1' or 'reception level 1'";
                self.reader.error_with_help(code::NOT_A_LEVEL, node.place, message, help);
                None
            }
        }
    }

    fn due(&mut self, node: &Node) -> Option<Due> {
        match node.as_str() {
            Some("suspended") => Some(Due::Suspended),
            Some("none") => Some(Due::None),
            _ => self.moment(node).map(Due::At),
        }
    }

    /// `1403/02/01 09:00`, by the calendar's own clock.
    pub(super) fn moment(&mut self, node: &Node) -> Option<Instant> {
        let text = self.reader.string(node, "a moment")?;
        let (date, time) = text.split_once(' ').unwrap_or((text, ""));
        let time = time.trim();
        let time = NaiveTime::parse_from_str(time, "%H:%M")
            .or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S"));
        let (date, time) = match (jalali::parse_date(date), time) {
            (Ok(date), Ok(time)) => (date, time),
            (Err(error), _) => {
                self.reader.error(code::NOT_A_MOMENT, node.place, error.to_string());
                return None;
            }
            (Ok(_), Err(_)) => {
                let message = format!("'{text}' is no moment");
                let help = "write a date and a time: '1403/02/01 09:00'";
                self.reader.error_with_help(code::NOT_A_MOMENT, node.place, message, help);
                return None;
            }
        };
        let local = self.zone.from_local_datetime(&date.and_time(time)).earliest();
        if local.is_none() {
            let message = format!("the clocks of {} never show {text}", self.zone.name());
            self.reader.error(code::NOT_A_MOMENT, node.place, message);
        }
        local.map(|local| local.to_utc())
    }

    fn who(&mut self, fields: &Fields<'_>, role: &str, unit: &str) -> Option<Who> {
        let unit = fields.get(unit).map(|node| self.unit(node));
        let node = fields.get(role)?;
        let text = self.role(node)?;
        let (role, number) = match text.split_once('#') {
            None => (text.as_str(), Some(1)),
            Some((role, number)) => (role, number.parse().ok().filter(|number| *number > 0)),
        };
        let Some(number) = number else {
            let message = format!("'{text}' is nobody: write 'county_officer#2', say");
            self.reader.error(code::NOBODY, node.place, message);
            return None;
        };
        Some(Who { role: role.to_owned(), number, unit: unit.flatten() })
    }

    /// A role or the applicant, perhaps with a number.
    fn role(&mut self, node: &Node) -> Option<String> {
        let text = self.reader.string(node, "a role")?;
        let name = text.split('#').next().unwrap_or_default();
        let mut roles: Vec<String> =
            self.definition().roles.keys().map(ToString::to_string).collect();
        roles.push("applicant".to_owned());
        self.known("role", name, node.place, &roles)?;
        Some(text.to_owned())
    }

    pub(super) fn unit(&mut self, node: &Node) -> Option<UnitId> {
        let text = self.reader.string(node, "a unit")?;
        let unit = UnitId::from(text);
        if self.setting.organisation.get(&unit).is_none() {
            let message = format!("there is no unit '{text}'");
            self.reader.error(code::UNKNOWN_UNIT, node.place, message);
            return None;
        }
        Some(unit)
    }

    fn sitting_name(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.name(node, "a sitting")?;
        let known: Vec<_> = self.told.iter().map(|sitting| sitting.name.clone()).collect();
        self.known("sitting", name.text, name.place, &known)?;
        Some(name.text.to_owned())
    }

    fn task(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.name(node, "a task")?;
        let tasks = self.tasks();
        self.known("task", name.text, name.place, &tasks)?;
        Some(name.text.to_owned())
    }

    fn clock(&mut self, name: &str, place: Place) -> Option<()> {
        let mut clocks = self.tasks();
        clocks.push("statutory".to_owned());
        self.known("clock", name, place, &clocks)
    }

    /// The only key of a mapping, where it stands, and its value.
    pub(super) fn pair<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
    ) -> Option<(String, Place, &'n Node)> {
        match self.reader.entries(node, node.place, what)? {
            [entry] => Some((entry.key.clone(), entry.key_place, &entry.value)),
            _ => {
                let message = format!("{what} names exactly one thing");
                self.reader.error(document::code::WRONG_KIND, node.place, message);
                None
            }
        }
    }

    fn text(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let node = fields.get(key)?;
        self.reader.string(node, "the text").map(str::to_owned)
    }

    fn branches(&self) -> Vec<String> {
        let of = |kind: &StepKind| match kind {
            StepKind::Parallel(parallel) => {
                parallel.branches.keys().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        };
        self.definition().steps.values().flat_map(|step| of(&step.kind)).collect()
    }

    fn tasks(&self) -> Vec<String> {
        let mut names = self.branches();
        names.extend(self.definition().steps.keys().map(ToString::to_string));
        names.push("votes".to_owned());
        names
    }

    pub(super) fn known(
        &mut self,
        what: &str,
        name: &str,
        place: Place,
        known: &[String],
    ) -> Option<()> {
        if known.iter().any(|known| known == name) {
            return Some(());
        }
        let hint = match did_you_mean(name, known.iter().map(String::as_str)) {
            Some(meant) => format!(": did you mean '{meant}'?"),
            None => String::new(),
        };
        let message = format!("unknown {what} '{name}'{hint}");
        self.reader.error(code::UNKNOWN_NAME, place, message);
        None
    }
}
