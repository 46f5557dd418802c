//! How somebody wants to be told of what he is told anyway in the program itself.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::NaiveTime;
use parvaneh_store::{Choice, Language, NoticeKind, Preferences, Wishes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App,
    auth::Principal,
    body::Body,
    once::{Key, once},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preferences, choose))
}

/// How somebody is told of a kind of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ChoiceName {
    /// By a mail of its own.
    AtOnce,
    /// In the mail that comes once a working day.
    Digest,
    /// By no mail; the program itself shows it all the same.
    Off,
}

impl From<ChoiceName> for Choice {
    fn from(name: ChoiceName) -> Self {
        match name {
            ChoiceName::AtOnce => Self::AtOnce,
            ChoiceName::Digest => Self::Digest,
            ChoiceName::Off => Self::Off,
        }
    }
}

impl From<Choice> for ChoiceName {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::AtOnce => Self::AtOnce,
            Choice::Digest => Self::Digest,
            Choice::Off => Self::Off,
        }
    }
}

/// In which language somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LanguageName {
    /// Persian, with Jalali dates.
    Fa,
    /// English.
    En,
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::Fa => Self::Fa,
            LanguageName::En => Self::En,
        }
    }
}

impl From<Language> for LanguageName {
    fn from(language: Language) -> Self {
        match language {
            Language::Fa => Self::Fa,
            Language::En => Self::En,
        }
    }
}

/// What somebody has chosen; what he leaves out is as it is without a choice.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Choices {
    /// A deadline comes near.
    warning: Option<ChoiceName>,
    /// Somebody else's deadline has passed, and it is mine to see to it.
    escalation: Option<ChoiceName>,
    /// The deadline of a task of my own has passed: never `off`.
    own_escalation: Option<ChoiceName>,
    /// What lies on my worklist and is late, or soon will be: never `at_once`.
    worklist: Option<ChoiceName>,
    /// Somebody has brought a case to my notice.
    information: Option<ChoiceName>,
    /// To an applicant: the application was received.
    received: Option<ChoiceName>,
    /// To an applicant: the case waits for him.
    turn: Option<ChoiceName>,
    /// To an applicant: the case has ended.
    decision: Option<ChoiceName>,
}

impl Choices {
    fn of(choice: impl Fn(NoticeKind) -> Option<Choice>) -> Self {
        let of = |kind| choice(kind).map(ChoiceName::from);
        Self {
            warning: of(NoticeKind::Warning),
            escalation: of(NoticeKind::Escalation),
            own_escalation: of(NoticeKind::OwnEscalation),
            worklist: of(NoticeKind::Worklist),
            information: of(NoticeKind::Information),
            received: of(NoticeKind::Received),
            turn: of(NoticeKind::Turn),
            decision: of(NoticeKind::Decision),
        }
    }

    fn get(&self, kind: NoticeKind) -> Option<Choice> {
        let name = match kind {
            NoticeKind::Warning => self.warning,
            NoticeKind::Escalation => self.escalation,
            NoticeKind::OwnEscalation => self.own_escalation,
            NoticeKind::Worklist => self.worklist,
            NoticeKind::Information => self.information,
            NoticeKind::Received => self.received,
            NoticeKind::Turn => self.turn,
            NoticeKind::Decision => self.decision,
        };
        name.map(Choice::from)
    }
}

/// How somebody wants to be told.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "language": "fa", "digest_at": "08:00", "choices": { "warning": "at_once", "escalation": "digest" } }))]
struct ChoosePreferences {
    /// In which language he is written to.
    language: LanguageName,
    /// When on a working day the digest comes, by the local time of his calendar.
    #[schema(example = "08:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    digest_at: String,
    /// What he has chosen.
    #[serde(default)]
    choices: Choices,
}

/// How somebody is told.
#[derive(Debug, Serialize, ToSchema)]
struct PreferencesView {
    /// To which address he is written; without one he gets no mail. Who looks after accounts sets it.
    email: Option<String>,
    /// In which language.
    language: LanguageName,
    /// When on a working day the digest comes.
    #[schema(example = "08:00")]
    digest_at: String,
    /// What holds for each kind, chosen or not.
    choices: Choices,
    /// What he has chosen himself.
    chosen: Choices,
}

impl From<Preferences> for PreferencesView {
    fn from(preferences: Preferences) -> Self {
        let chosen = |kind: NoticeKind| {
            let found = preferences.choices.iter().find(|(chosen, _)| *chosen == kind);
            found.map(|(_, choice)| *choice)
        };
        Self {
            language: preferences.language.into(),
            digest_at: preferences.digest_at.format("%H:%M").to_string(),
            choices: Choices::of(|kind| Some(preferences.choice(kind))),
            chosen: Choices::of(chosen),
            email: preferences.email.clone(),
        }
    }
}

/// How I am told
#[utoipa::path(
    get, path = "/notice-preferences", tag = "notices",
    responses((status = 200, body = PreferencesView))
)]
async fn preferences(
    State(app): State<App>,
    caller: Principal,
) -> Result<Json<PreferencesView>, Problem> {
    Ok(Json(app.store.preferences(caller.person).await?.into()))
}

/// Choose how I am told
///
/// By a mail of its own, in the daily digest, or by no mail. It takes the place of everything that was
/// chosen before. The program itself shows every notice all the same, and nobody can choose not to be
/// written to when a task of his own is late. What waits to be sent already is sent as it was chosen then.
#[utoipa::path(
    put, path = "/notice-preferences", tag = "notices",
    params(Key),
    request_body = ChoosePreferences,
    responses((status = 200, description = "Chosen", body = PreferencesView))
)]
async fn choose(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<ChoosePreferences>,
) -> Result<Response, Problem> {
    let wishes = wishes(&body)?;
    let (store, person) = (app.store.clone(), caller.person);
    once(&app, &caller, key, "notice preferences", &body, async move {
        store.choose_notices(person, wishes).await?;
        Ok((StatusCode::OK, PreferencesView::from(store.preferences(person).await?)))
    })
    .await
}

fn wishes(body: &ChoosePreferences) -> Result<Wishes, Problem> {
    let choice = |kind| body.choices.get(kind);
    checked(body.language.into(), &body.digest_at, choice)
}

/// What somebody wishes, if he can have it.
///
/// # Errors
/// `body_invalid`: `/digest_at` is no time of the day, or a kind cannot be had like that.
pub(crate) fn checked(
    language: Language,
    digest_at: &str,
    choice: impl Fn(NoticeKind) -> Option<Choice>,
) -> Result<Wishes, Problem> {
    let mut faults = Vec::new();
    let time = Some(digest_at).filter(|text| text.len() == 5);
    let time = time.and_then(|text| NaiveTime::parse_from_str(text, "%H:%M").ok());
    if time.is_none() {
        faults.push(Fault::new("/digest_at", "invalid", "is a time of the day: 08:00"));
    }
    let mut choices = Vec::new();
    for kind in NoticeKind::ALL {
        let Some(choice) = choice(kind) else { continue };
        if kind.allows(choice) {
            choices.push((kind, choice));
        } else {
            let why = format!("'{}' cannot be had '{}'", kind.as_str(), choice.as_str());
            let pointer = format!("/choices/{}", kind.as_str());
            faults.push(Fault::new(pointer, "choice_not_allowed", why));
        }
    }
    match time {
        Some(digest_at) if faults.is_empty() => Ok(Wishes { language, digest_at, choices }),
        _ => Err(Problem::faulty(faults)),
    }
}
