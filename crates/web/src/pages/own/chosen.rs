//! How one wants to be told: at once, once a day, or in the program only.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_store::{Choice, Language, NoticeKind, Preferences};
use serde::Deserialize;

use super::{Done, Part, parts};
use crate::{
    App,
    api::notice_preferences::checked,
    body::Query,
    pages::{
        Frame,
        form::Form,
        page,
        routes::Pages,
        see,
        sheet::{Field, Kind, Pick, Sheet},
        shown,
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
    shown::digits::latin,
};

const HERE: &str = "/account/notices";

pub(super) fn pages() -> Pages {
    Pages::default().get(HERE, asked).post(HERE, choose)
}

#[derive(Template)]
#[template(path = "own/chosen.html")]
struct Page {
    frame: Frame,
    parts: Vec<Part>,
    done: Option<Said>,
    email: Option<String>,
    sheet: Sheet,
}

/// Each kind with the name of its input and what it is called.
fn kinds(words: Words) -> [(NoticeKind, &'static str, Said); 8] {
    [
        (NoticeKind::OwnEscalation, "own_escalation", words.t("notice-own-escalation")),
        (NoticeKind::Escalation, "escalation", words.t("notice-escalation")),
        (NoticeKind::Warning, "warning", words.t("notice-warning")),
        (NoticeKind::Worklist, "worklist", words.t("notice-worklist")),
        (NoticeKind::Information, "information", words.t("notice-information")),
        (NoticeKind::Received, "received", words.t("notice-received")),
        (NoticeKind::Turn, "turn", words.t("notice-turn")),
        (NoticeKind::Decision, "decision", words.t("notice-decision")),
    ]
}

fn choice(choice: Choice, words: Words) -> Said {
    match choice {
        Choice::AtOnce => words.t("notice-at-once"),
        Choice::Digest => words.t("notice-digest"),
        Choice::Off => words.t("notice-off"),
    }
}

const CHOICES: [Choice; 3] = [Choice::AtOnce, Choice::Digest, Choice::Off];

/// What was sent, or what holds: the choice of each kind by its name, `""` for none.
struct Held {
    language: String,
    digest_at: String,
    choices: BTreeMap<String, String>,
}

impl Held {
    fn of(preferences: &Preferences, words: Words) -> Self {
        let chosen = preferences.choices.iter();
        let chosen =
            chosen.map(|(kind, choice)| (kind.as_str().to_owned(), choice.as_str().to_owned()));
        Self {
            language: preferences.language.as_str().to_owned(),
            digest_at: words.digits(preferences.digest_at.format("%H:%M")),
            choices: chosen.collect(),
        }
    }
}

fn sheet(held: &Held, words: Words) -> Sheet {
    let languages = [("fa", words.t("language-persian")), ("en", words.t("language-english"))];
    let languages = languages.map(|(tag, name)| Pick::new(tag, name).chosen(held.language == tag));
    let mut sheet = Sheet::new(HERE, words.t("notice-keep"))
        .with(Field::new("language", words.t("notice-language"), Kind::Select(languages.to_vec())))
        .with(
            Field::new("digest_at", words.t("notice-digest-at"), Kind::Code)
                .hinted(words.t("notice-digest-hint"))
                .holding(&held.digest_at)
                .at_most(5),
        );
    for (kind, name, title) in kinds(words) {
        let usual = choice(kind.default_choice(), words);
        let chosen = held.choices.get(name).map(String::as_str).unwrap_or_default();
        let mut picks = vec![Pick::new("", words.t("notice-usual").s("choice", usual))];
        for one in CHOICES.into_iter().filter(|one| kind.allows(*one)) {
            picks.push(Pick::new(one.as_str(), choice(one, words)).chosen(chosen == one.as_str()));
        }
        sheet = sheet.with(Field::new(name, title, Kind::Select(picks)));
    }
    sheet
}

fn page_of(visit: &Visit, preferences: &Preferences, sheet: Sheet) -> Page {
    let words = visit.look.words;
    Page {
        frame: visit.frame(words.t("own-notices")),
        parts: parts(words, HERE),
        done: None,
        email: preferences.email.clone(),
        sheet,
    }
}

async fn asked(
    State(app): State<App>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let preferences = app.store.preferences(visit.caller.person).await?;
    let sheet = sheet(&Held::of(&preferences, words), words);
    let done = (done.done == "kept").then(|| words.t("notice-kept"));
    page(&visit.look, &Page { done, ..page_of(&visit, &preferences, sheet) })
}

#[derive(Deserialize)]
struct Sent {
    language: String,
    digest_at: String,
    #[serde(flatten)]
    choices: BTreeMap<String, String>,
}

async fn choose(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let language = match sent.language.as_str() {
        "fa" => Language::Fa,
        "en" => Language::En,
        _ => return Err(Problem::parameter("language", "is fa or en")),
    };
    let held = Held { language: sent.language, digest_at: sent.digest_at, choices: sent.choices };
    let digest_at = latin(held.digest_at.trim());
    let wishes = checked(language, &digest_at, |kind| {
        let name = held.choices.get(kind.as_str())?;
        CHOICES.into_iter().find(|one| one.as_str() == name)
    });
    match wishes {
        Ok(wishes) => {
            app.store.choose_notices(visit.caller.person, wishes).await?;
            Ok(see("/account/notices?done=kept"))
        }
        Err(problem) => {
            let mut sheet = sheet(&held, words);
            for fault in &problem.faults {
                let why = match fault.pointer.as_str() {
                    "/digest_at" => words.t("fault-time"),
                    _ => words.t("fault-choice"),
                };
                sheet = sheet.faulted(fault.pointer.rsplit('/').next().unwrap_or_default(), why);
            }
            let preferences = app.store.preferences(visit.caller.person).await?;
            let page = page_of(&visit, &preferences, sheet);
            shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
        }
    }
}
