//! One's own account, for everybody who has come in: who he is here, by what he comes in, what acts for him,
//! how he is told, what he lends; and what he was told.

mod chosen;
pub(super) mod lending;
mod notices;
mod password;
mod second_factor;
mod sessions;
mod tokens;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_store::{AccountEventRow, Identity};
use serde::Deserialize;

use super::{
    Frame,
    frame::RoleShown,
    page,
    routes::Pages,
    times::{Times, When},
    visit::Visit,
};
use crate::{
    App,
    problem::Problem,
    say::{Said, Words},
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/account", overview)
        .merge(password::pages())
        .merge(second_factor::pages())
        .merge(sessions::pages())
        .merge(tokens::pages())
        .merge(chosen::pages())
        .merge(lending::pages())
        .merge(notices::pages())
}

/// A page of the account in the list of them.
struct Part {
    address: &'static str,
    name: Said,
    current: bool,
}

/// The pages of the account; which one is open.
fn parts(words: Words, here: &str) -> Vec<Part> {
    let part = |address, name| Part { address, name, current: address == here };
    vec![
        part("/account", words.t("own-overview")),
        part("/account/password", words.t("own-password")),
        part("/account/second-factor", words.t("own-second-factor")),
        part("/account/sessions", words.t("own-sessions")),
        part("/account/tokens", words.t("own-tokens")),
        part("/account/notices", words.t("own-notices")),
        part("/account/lending", words.t("own-lending")),
    ]
}

/// What the address reports: what has just been done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    pub(super) done: String,
}

/// How many of the latest events of an account are shown.
const MOST_EVENTS: u32 = 20;

/// Something that happened to an account.
pub(super) struct Happened {
    pub(super) at: When,
    pub(super) what: String,
    /// By whom, where it was somebody else.
    pub(super) by: Option<String>,
    pub(super) address: Option<String>,
}

impl Happened {
    /// As it is told to `reader`.
    pub(super) fn of(
        row: AccountEventRow,
        reader: parvaneh_core::PersonId,
        times: &Times,
        words: Words,
    ) -> Self {
        Self {
            at: times.moment(row.at),
            what: kind(&row.kind, words),
            by: row.by.filter(|(by, _)| *by != reader).map(|(_, name)| name),
            address: row.address,
        }
    }
}

/// What a kind of event of an account is called.
fn kind(kind: &str, words: Words) -> String {
    match kind {
        "second_factor_set" => words.t("account-event-second-factor-set"),
        "second_factor_removed" => words.t("account-event-second-factor-removed"),
        "second_factor_reset" => words.t("account-event-second-factor-reset"),
        "recovery_code_used" => words.t("account-event-recovery-code-used"),
        "recovery_codes_renewed" => words.t("account-event-recovery-codes-renewed"),
        "password_set" => words.t("account-event-password-set"),
        "password_changed" => words.t("account-event-password-changed"),
        "password_recovery_asked" => words.t("account-event-password-recovery-asked"),
        "account_disabled" => words.t("account-event-disabled"),
        "account_enabled" => words.t("account-event-enabled"),
        "login_given" => words.t("account-event-login-given"),
        "identity_linked" => words.t("account-event-identity-linked"),
        "identity_bound" => words.t("account-event-identity-bound"),
        "identity_removed" => words.t("account-event-identity-removed"),
        other => return other.replace('_', " "),
    }
    .into()
}

/// A login by a provider.
pub(super) struct ByProvider {
    pub(super) issuer: String,
    /// The provider's name of the person, or the address with which he is expected.
    pub(super) known_as: String,
    /// Whether he has not come by it yet.
    pub(super) expected: bool,
    pub(super) last: Option<When>,
}

impl ByProvider {
    pub(super) fn of(identity: Identity, times: &Times) -> Self {
        Self {
            expected: identity.subject.is_none(),
            known_as: identity.email.or(identity.subject).unwrap_or_default(),
            issuer: identity.issuer,
            last: identity.last_login_at.map(|at| times.moment(at)),
        }
    }
}

#[derive(Template)]
#[template(path = "own/overview.html")]
struct Overview {
    frame: Frame,
    parts: Vec<Part>,
    name: String,
    login: Option<String>,
    last_login: Option<When>,
    second_factor: bool,
    roles: Vec<RoleShown>,
    lent: Vec<RoleShown>,
    identities: Vec<ByProvider>,
    events: Vec<Happened>,
}

async fn overview(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let (words, me) = (visit.look.words, visit.caller.person);
    let times = Times::of(&app, words).await?;
    let account = app.store.account(me).await?;
    let identities = app.store.identities_of(me).await?;
    let events = app.store.account_events(me, MOST_EVENTS).await?;
    let inside = visit.inside();
    let shown = Overview {
        frame: visit.frame(words.t("own-title")),
        parts: parts(words, "/account"),
        name: inside.name.clone(),
        last_login: account.as_ref().and_then(|one| one.last_login_at).map(|at| times.moment(at)),
        login: account.map(|account| account.login),
        second_factor: app.store.second_factor(me).await?.is_some(),
        roles: inside.roles.clone(),
        lent: inside.lent.clone(),
        identities: identities.into_iter().map(|one| ByProvider::of(one, &times)).collect(),
        events: events.into_iter().map(|row| Happened::of(row, me, &times, words)).collect(),
    };
    page(&visit.look, &shown)
}
