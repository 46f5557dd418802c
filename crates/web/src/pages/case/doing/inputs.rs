//! What an action needs: inputs for it, and the command that comes of what was sent.

use std::collections::BTreeMap;

use parvaneh_core::{
    Command, FieldId, PersonId, Term,
    decide::Possible,
    definition::Answer,
    event::{Owner, Urgency, Vote},
    form::{Field, FieldKind, Form, Given, PaperState, Required, checklist},
};
use parvaneh_store::PeopleFilter;
use serde_json::{Map, Value};

use super::{
    super::{Seen, documents::size, wording::urgency as urgency_word},
    Doing,
    sent::Sent,
};
use crate::{App, documents::HandIn, problem::Problem, say::Words};

/// An input of a form.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// Its name, by which what is typed is sent.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) kind: Kind,
    /// What stands in it.
    pub(super) value: String,
    pub(super) required: bool,
    /// What is wrong with what was typed.
    pub(super) fault: Option<String>,
}

/// What an input looks like.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A line; `ltr` for numbers and codes.
    Line { ltr: bool, numeric: bool },
    /// A day, in either calendar.
    Day,
    /// Several lines.
    Text,
    /// One of a few, by radio buttons.
    Choice(Vec<(String, String)>),
    /// One of many.
    Select(Vec<(String, String)>),
    /// A file; what was sent before, by its upload and its name, and as which types it is taken.
    File { before: Option<(String, String)>, accept: String },
}

impl Input {
    fn new(name: &str, label: impl Into<String>, kind: Kind) -> Self {
        let (name, label) = (name.to_owned(), label.into());
        let (hint, value, fault) = (None, String::new(), None);
        Self { name, label, hint, kind, value, required: false, fault }
    }

    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The attributes that join it with its hint and its fault. Names are made of identifiers, which
    /// need no escaping.
    pub(super) fn described(&self) -> String {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.name));
        let fault = self.fault.as_ref().map(|_| format!("{}-fault", self.name));
        let by: Vec<String> = hint.into_iter().chain(fault).collect();
        let mut told = match by.is_empty() {
            true => String::new(),
            false => format!(" aria-describedby=\"{}\"", by.join(" ")),
        };
        if self.required {
            told.push_str(" aria-required=\"true\"");
        }
        if self.fault.is_some() {
            told.push_str(" aria-invalid=\"true\"");
        }
        told
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }
}

/// What something needs.
pub(super) async fn inputs(app: &App, seen: &Seen, doing: &Doing) -> Result<Vec<Input>, Problem> {
    let words = seen.words();
    let text = |name: &str, label: crate::say::Said| Input::new(name, label, Kind::Text);
    let why = || text("reason", words.t("input-reason"));
    Ok(match doing {
        Doing::Act(action) => {
            let case = &seen.seen.file.case;
            let step = seen.definition().steps.get(case.place.name());
            let Some((step, action)) =
                step.and_then(|step| Some((step, step.actions.get(action)?)))
            else {
                return Ok(Vec::new());
            };
            let mut inputs = Vec::new();
            let same = step.form == action.form;
            let forms = step.form.iter().chain(action.form.iter().filter(|_| !same));
            for form in forms.filter_map(|form| seen.definition().forms.get(form)) {
                inputs.extend(fields(seen, form));
            }
            inputs.extend(papers(seen, &checklist(step, Some(action))));
            let why = if action.needs_reason { why().required() } else { why() };
            inputs.push(why);
            if action.needs_citation {
                let line = Kind::Line { ltr: true, numeric: false };
                let cited = Input::new("citation", words.t("input-citation"), line);
                inputs.push(cited.required().hinted(words.t("input-citation-hint")));
            }
            inputs
        }
        Doing::Fill => {
            let step = seen.definition().steps.get(seen.seen.file.case.place.name());
            let form = step.and_then(|step| seen.definition().forms.get(step.form.as_ref()?));
            form.map(|form| fields(seen, form)).unwrap_or_default()
        }
        Doing::Attach(document) => {
            let kind = seen.definition().documents.get(document);
            let needs_day = kind.is_some_and(|kind| kind.valid_for.is_some());
            paper(seen, document.as_str(), words.t("input-file").into(), true, needs_day)
        }
        Doing::Verify(_) => vec![
            Input::new(
                "good",
                words.t("input-verdict"),
                Kind::Choice(vec![
                    ("yes".to_owned(), words.t("input-good").into()),
                    ("no".to_owned(), words.t("input-not-good").into()),
                ]),
            )
            .required(),
            why().hinted(words.t("input-verdict-hint")),
        ],
        Doing::Claim(_) | Doing::PutOnAgenda(_) => Vec::new(),
        Doing::Release(_) | Doing::Resume | Doing::Withdraw => vec![why()],
        Doing::Assign(task) => {
            let people = eligible(app, seen, *task).await?;
            let to = Input::new("person", words.t("input-person"), Kind::Select(people));
            vec![
                to.required(),
                text("reason", words.t("input-note")).hinted(words.t("input-note-hint")),
                how_soon(words),
            ]
        }
        Doing::Inform => {
            let people = who_takes_part(app, seen).await?;
            let to = Input::new("person", words.t("input-person"), Kind::Select(people));
            vec![
                to.required(),
                text("reason", words.t("input-note")).hinted(words.t("input-note-hint")),
                how_soon(words),
            ]
        }
        Doing::Answer(_) => vec![
            Input::new(
                "answer",
                words.t("input-answer"),
                Kind::Choice(vec![
                    ("positive".to_owned(), words.t("case-answer-positive").into()),
                    ("negative".to_owned(), words.t("case-answer-negative").into()),
                ]),
            )
            .required(),
            Input::new(
                "reference",
                words.t("input-letter"),
                Kind::Line { ltr: true, numeric: false },
            ),
            why(),
        ],
        Doing::Vote => vec![
            Input::new(
                "vote",
                words.t("input-vote"),
                Kind::Choice(vec![
                    ("for".to_owned(), words.t("case-vote-for").into()),
                    ("against".to_owned(), words.t("case-vote-against").into()),
                    ("abstain".to_owned(), words.t("case-vote-abstain").into()),
                ]),
            )
            .required(),
            why(),
        ],
        Doing::TakeOffAgenda | Doing::Recuse => vec![why().required()],
        Doing::Suspend => {
            let line = Kind::Line { ltr: false, numeric: false };
            let basis = Input::new("basis", words.t("input-basis"), line);
            vec![why().required(), basis.hinted(words.t("input-basis-hint"))]
        }
        Doing::Extend(clock) => {
            let term = seen.seen.file.case.clock(*clock).map(|clock| clock.ledger.term);
            let unit = term.map(|term| super::super::wording::counted(1, term.unit, words));
            let line = Kind::Line { ltr: true, numeric: true };
            let by = Input::new("count", words.t("input-extension"), line).required();
            let by = match unit {
                Some(unit) => by.hinted(words.t("input-extension-hint").s("unit", unit)),
                None => by,
            };
            vec![by, why().required()]
        }
        Doing::ReleaseSilence(_) => vec![
            Input::new(
                "effect",
                words.t("input-silence"),
                Kind::Choice(vec![
                    ("yes".to_owned(), words.t("input-silence-yes").into()),
                    ("no".to_owned(), words.t("input-silence-no").into()),
                ]),
            )
            .required(),
            why().required(),
        ],
        Doing::Comment => vec![text("text", words.t("input-comment")).required()],
    })
}

/// The fields of a form that somebody fills in, with what they hold.
fn fields(seen: &Seen, form: &Form) -> Vec<Input> {
    let fields = form.fields.iter().filter(|(_, field)| field.computed.is_none());
    fields.map(|(name, field)| input_of(seen, name, field)).collect()
}

fn input_of(seen: &Seen, name: &FieldId, field: &Field) -> Input {
    let words = seen.words();
    let held = seen.seen.file.case.data.get(name);
    let kind = match &field.kind {
        FieldKind::Text { max, .. } if max.is_none_or(|max| max > 200) => Kind::Text,
        FieldKind::Text { .. } => Kind::Line { ltr: false, numeric: false },
        FieldKind::Number { .. } | FieldKind::Money { .. } => {
            Kind::Line { ltr: true, numeric: true }
        }
        FieldKind::NationalId | FieldKind::LegalId | FieldKind::Phone => {
            Kind::Line { ltr: true, numeric: true }
        }
        FieldKind::Date { .. } => Kind::Day,
        FieldKind::Choice { choices } => {
            let choices = choices.iter();
            Kind::Choice(
                choices.map(|(id, title)| (id.clone(), words.of(title).to_owned())).collect(),
            )
        }
        FieldKind::YesNo => Kind::Choice(vec![
            ("yes".to_owned(), words.t("input-yes").into()),
            ("no".to_owned(), words.t("input-no").into()),
        ]),
        FieldKind::File => Kind::File { before: None, accept: String::new() },
    };
    let value = match (held, &field.kind) {
        (None, _) | (Some(_), FieldKind::File) => String::new(),
        // Erased: it is asked for anew.
        (Some(parvaneh_core::form::Value::Personal(_)), _) => String::new(),
        (Some(parvaneh_core::form::Value::Choice(chosen)), _) => chosen.clone(),
        (Some(parvaneh_core::form::Value::YesNo(yes)), _) => {
            if *yes { "yes" } else { "no" }.to_owned()
        }
        // What is shown can be typed in again.
        (Some(value), _) => words.of(&value.shown(Some(field))).to_owned(),
    };
    let input = Input::new(&format!("v.{name}"), words.of(&field.title), kind);
    let input = Input { value, required: field.required == Required::Always, ..input };
    match (&field.kind, &field.required) {
        (FieldKind::Date { .. }, _) => input.hinted(words.t("input-date-hint")),
        (FieldKind::Money { .. }, _) => input.hinted(words.t("input-money-hint")),
        (_, Required::If(_)) => input.hinted(words.t("input-if-hint")),
        _ => input,
    }
}

/// The papers that are asked for and not there in good order.
fn papers(seen: &Seen, asked: &[(&parvaneh_core::DocumentId, bool)]) -> Vec<Input> {
    let case = &seen.seen.file.case;
    let today = seen.own_calendar().local_date(seen.seen.file.now);
    let mut inputs = Vec::new();
    for (document, required) in asked {
        let Some(kind) = seen.definition().documents.get(*document) else { continue };
        let state = kind.state_of(case.documents.get(*document), today);
        if matches!(state, PaperState::Good | PaperState::Unverified) {
            continue;
        }
        let title = seen.words().of(&kind.title).to_owned();
        inputs.extend(paper(seen, document.as_str(), title, *required, kind.valid_for.is_some()));
    }
    inputs
}

/// As long as a file may be whose paper sets no bound of its own, as the hint of all files says it.
const MOST_BYTES: u64 = 20_000_000;

fn paper(seen: &Seen, name: &str, title: String, required: bool, needs_day: bool) -> Vec<Input> {
    let words = seen.words();
    let kind = seen.definition().documents.get(name);
    let types = kind.map(|kind| kind.types.as_slice()).unwrap_or_default();
    let accept: Vec<&str> = types.iter().map(|one| one.media_type()).collect();
    let bounded = kind.filter(|kind| !kind.types.is_empty() || kind.longest.is_some());
    let hint: String = match bounded {
        None => words.t("input-file-hint").into(),
        Some(kind) => {
            let taken = match kind.types.is_empty() {
                true => words.t("input-file-types").into(),
                false => kind.taken_types(),
            };
            let most = kind.longest.unwrap_or(MOST_BYTES);
            words.t("input-paper-hint").s("types", taken).s("size", size(most, words)).into()
        }
    };
    let file = Kind::File { before: None, accept: accept.join(",") };
    let file = Input::new(&format!("p.{name}"), title, file);
    let file = Input { required, ..file }.hinted(hint);
    let mut inputs = vec![file];
    if needs_day {
        let day = Input::new(&format!("issued.{name}"), words.t("input-issued"), Kind::Day);
        inputs.push(Input { required, ..day }.hinted(words.t("input-date-hint")));
    }
    inputs
}

/// How soon something is wanted: in the ordinary course, if nothing else is said.
fn how_soon(words: Words) -> Input {
    let mut choices = vec![(String::new(), words.t("urgency-normal").into())];
    choices
        .extend(Urgency::ALL.map(|one| (one.as_str().to_owned(), urgency_word(one, words).into())));
    Input::new("urgency", words.t("input-urgency"), Kind::Choice(choices))
}

/// More holders of a role are not looked at in one part of the organisation.
const MOST_PEOPLE: u32 = 2_000;

/// Who can be given a task: the holders of its role at its unit or above.
async fn eligible(app: &App, seen: &Seen, task: u32) -> Result<Vec<(String, String)>, Problem> {
    let Some(task) = seen.seen.file.case.task(task) else { return Ok(Vec::new()) };
    let Owner::Role(role) = &task.owner else { return Ok(Vec::new()) };
    let organisation = &seen.visit.viewer.organisation;
    let mut people: BTreeMap<(String, PersonId), ()> = BTreeMap::new();
    for unit in organisation.path(&task.unit) {
        let filter = PeopleFilter {
            role: Some(role.clone()),
            within: Some(unit.clone()),
            limit: MOST_PEOPLE,
            ..PeopleFilter::default()
        };
        let holds = |grant: &parvaneh_core::Grant| {
            grant.role == *role && organisation.contains(&grant.unit, &task.unit)
        };
        for person in app.store.people(&filter).await? {
            if person.absent_until.is_none() && person.grants.iter().any(holds) {
                people.insert((person.name, person.id), ());
            }
        }
    }
    Ok(people.into_keys().map(|(name, id)| (id.to_string(), name)).collect())
}

/// Who can be told of a case: whoever holds a role in its procedure at its unit or above, beside the reader.
async fn who_takes_part(app: &App, seen: &Seen) -> Result<Vec<(String, String)>, Problem> {
    let organisation = &seen.visit.viewer.organisation;
    let case = &seen.seen.file.case;
    let takes_part = |grant: &parvaneh_core::Grant| {
        let role = seen.definition().roles.get(&grant.role);
        role.is_some_and(|role| !role.agency) && organisation.contains(&grant.unit, &case.unit)
    };
    let mut people: BTreeMap<(String, PersonId), ()> = BTreeMap::new();
    for (role, known) in seen.definition().roles.iter().filter(|(_, role)| !role.agency) {
        let above = organisation.path(&case.unit);
        let mut above =
            above.filter(|unit| organisation.get(unit).is_some_and(|it| it.level == known.at));
        let Some(unit) = above.next() else { continue };
        let filter = PeopleFilter {
            role: Some(role.clone()),
            within: Some(unit.clone()),
            limit: MOST_PEOPLE,
            ..PeopleFilter::default()
        };
        for person in app.store.people(&filter).await? {
            let other = person.id != seen.visit.viewer.actor.person;
            if other && person.grants.iter().any(takes_part) {
                people.insert((person.name, person.id), ());
            }
        }
    }
    Ok(people.into_keys().map(|(name, id)| (id.to_string(), name)).collect())
}

fn urgency(sent: &Sent) -> Result<Option<Urgency>, &'static str> {
    match sent.text("urgency") {
        None => Ok(None),
        Some(name) => Urgency::named(name).map(Some).ok_or("urgency"),
    }
}

/// What was sent, as a command; and the papers that come with it.
///
/// # Errors
/// What can only be chosen and was not, by the name of its input.
pub(super) fn command(
    doing: &Doing,
    sent: &Sent,
    seen: &Seen,
) -> Result<(Command, BTreeMap<String, HandIn>), &'static str> {
    let owned = |name: &str| sent.text(name).map(str::to_owned);
    let reason = || owned("reason");
    let needed = || reason().unwrap_or_default();
    let mut papers = BTreeMap::new();
    let command = match doing {
        Doing::Act(action) => {
            papers = handed_in(seen, sent);
            Command::Act {
                action: action.clone(),
                reason: reason(),
                citation: owned("citation"),
                given: given(seen, sent),
            }
        }
        Doing::Fill => Command::Fill { given: given(seen, sent) },
        Doing::Attach(_) => {
            papers = handed_in(seen, sent);
            // The paper comes with it: `page.rs` hands it in as the API does.
            Command::Fill { given: Given::default() }
        }
        Doing::Verify(document) => Command::VerifyDocument {
            document: document.clone(),
            good: match sent.text("good") {
                Some("yes") => true,
                Some("no") => false,
                _ => return Err("good"),
            },
            reason: reason(),
        },
        Doing::Claim(task) => Command::Claim { task: *task },
        Doing::Release(task) => Command::Release { task: *task, reason: reason() },
        Doing::Assign(task) => {
            let to = sent.text("person").and_then(|person| person.parse().ok()).ok_or("person")?;
            Command::Assign { task: *task, to, reason: reason(), urgency: urgency(sent)? }
        }
        Doing::Inform => {
            let to = sent.text("person").and_then(|person| person.parse().ok()).ok_or("person")?;
            Command::Inform { to, note: reason(), urgency: urgency(sent)? }
        }
        Doing::Answer(branch) => Command::Answer {
            branch: branch.clone(),
            answer: match sent.text("answer") {
                Some("positive") => Answer::Positive,
                Some("negative") => Answer::Negative,
                _ => return Err("answer"),
            },
            reason: reason(),
            reference: owned("reference"),
        },
        Doing::Vote => Command::Vote {
            vote: match sent.text("vote") {
                Some("for") => Vote::For,
                Some("against") => Vote::Against,
                Some("abstain") => Vote::Abstain,
                _ => return Err("vote"),
            },
            reason: reason(),
        },
        Doing::PutOnAgenda(sitting) => Command::PutOnAgenda { sitting: *sitting },
        Doing::TakeOffAgenda => Command::TakeOffAgenda { reason: needed() },
        Doing::Recuse => Command::Recuse { member: None, reason: needed() },
        Doing::Suspend => Command::Suspend { reason: needed(), basis: owned("basis") },
        Doing::Resume => Command::Resume { reason: reason() },
        Doing::Extend(clock) => {
            let term = seen.seen.file.case.clock(*clock).map(|clock| clock.ledger.term);
            let unit = term.ok_or("count")?.unit;
            let count = sent.text("count").and_then(number).ok_or("count")?;
            Command::Extend { clock: *clock, by: Term { count, unit }, reason: needed() }
        }
        Doing::Withdraw => Command::Withdraw { reason: reason() },
        Doing::ReleaseSilence(clock) => Command::ReleaseSilence {
            clock: *clock,
            take_effect: match sent.text("effect") {
                Some("yes") => true,
                Some("no") => false,
                _ => return Err("effect"),
            },
            reason: needed(),
        },
        Doing::Comment => Command::Comment { text: owned("text").unwrap_or_default() },
    };
    Ok((command, papers))
}

/// A whole number in Latin, Persian or Arabic digits.
fn number(text: &str) -> Option<u32> {
    let latin = text.chars().map(|letter| match letter {
        '۰'..='۹' => char::from_digit(letter as u32 - '۰' as u32, 10).unwrap_or(letter),
        '٠'..='٩' => char::from_digit(letter as u32 - '٠' as u32, 10).unwrap_or(letter),
        _ => letter,
    });
    latin.collect::<String>().parse().ok().filter(|count| (1..=Term::MAX).contains(count))
}

/// The values that were typed: those of fields that hold something are sent empty to be taken away.
fn given(seen: &Seen, sent: &Sent) -> Given {
    let mut values: Map<String, Value> = Map::new();
    for (name, field) in seen.definition().fields() {
        let input = format!("v.{name}");
        let held = seen.seen.file.case.data.get(name);
        // What was erased stays where nothing takes its place.
        let held =
            held.is_some_and(|held| !matches!(held, parvaneh_core::form::Value::Personal(_)));
        if field.kind == FieldKind::File {
            if let Some(upload) = sent.upload(&input) {
                values.insert(name.to_string(), serde_json::json!({ "upload": upload }));
            }
            continue;
        }
        match sent.text(&input) {
            Some(text) => drop(values.insert(name.to_string(), text.into())),
            None if held && sent.has(&input) => drop(values.insert(name.to_string(), Value::Null)),
            None => {}
        }
    }
    Given { values: values.into_iter().collect(), ..Given::default() }
}

fn handed_in(seen: &Seen, sent: &Sent) -> BTreeMap<String, HandIn> {
    let kinds = seen.definition().documents.iter();
    let papers = kinds.filter_map(|(document, kind)| {
        let upload = sent.upload(&format!("p.{document}"))?;
        let issued = sent.text(&format!("issued.{document}")).map(str::to_owned);
        Some((document.to_string(), HandIn { upload, issued, copies: Some(kind.copies) }))
    });
    papers.collect()
}

/// The same inputs with what was sent.
pub(super) fn kept(inputs: Vec<Input>, sent: &Sent) -> Vec<Input> {
    let kept = inputs.into_iter().map(|mut input| {
        if let Kind::File { before, .. } = &mut input.kind {
            let upload = sent.text(&format!("upload.{}", input.name));
            let name = sent.text(&format!("name.{}", input.name)).unwrap_or_default();
            *before = upload.map(|upload| (upload.to_owned(), name.to_owned()));
        } else if sent.has(&input.name) {
            input.value = sent.text(&input.name).unwrap_or_default().to_owned();
        }
        input
    });
    kept.collect()
}

/// The input of which a fault speaks, by its pointer.
pub(super) fn input_at(pointer: &str) -> Option<String> {
    let (_, rest) = pointer.split_once('/')?;
    let (part, name) = rest.split_once('/')?;
    let name = name.split('/').next()?.replace("~1", "/").replace("~0", "~");
    match part {
        "values" => Some(format!("v.{name}")),
        "documents" => Some(format!("p.{name}")),
        _ => None,
    }
}

/// Whether somebody may do it now.
pub(super) fn is_possible(seen: &Seen, doing: &Doing) -> bool {
    seen.seen.possible.iter().any(|possible: &Possible| Doing::of(possible) == *doing)
}
