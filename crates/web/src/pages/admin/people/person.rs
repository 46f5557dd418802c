//! A person: what he holds, by what he comes in, what happened to his account, what he lends.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::Grant;
use parvaneh_store::{DelegationFilter, Person};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{permitted, what_and_where};
use crate::{
    App,
    api::{
        accounts::{
            AddRole, GiveLogin, give_login, give_role, link_for, looked_after, set_disabled,
            take_role,
        },
        identities::{LinkIdentity, link_by, unlink},
        second_factor::reset_of,
    },
    auth::ClientAddress,
    body::{Path, Query, checked},
    pages::{
        Frame,
        form::Form,
        frame::role as role_shown,
        own::{
            ByProvider, Done, Happened,
            lending::{Away, Lent, away_shown, lent, names},
        },
        page,
        problem::status,
        routes::Pages,
        see,
        sheet::{Confirm, Field, Kind, Sheet},
        shown,
        times::{Times, When},
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin/people/{id}", asked)
        .post("/admin/people/{id}/roles", give)
        .post("/admin/people/{id}/roles/take", take)
        .post("/admin/people/{id}/account", login)
        .post("/admin/people/{id}/password-link", link)
        .post("/admin/people/{id}/disable", disable)
        .post("/admin/people/{id}/enable", enable)
        .post("/admin/people/{id}/second-factor/reset", reset)
        .post("/admin/people/{id}/identities", identify)
        .post("/admin/people/{id}/identities/{identity}/remove", forget)
}

/// How many of the latest events of an account are shown.
const MOST_EVENTS: u32 = 50;

/// A role that somebody holds.
struct Held {
    role: String,
    unit: String,
    unit_id: String,
    take: Confirm,
}

/// An account as an administrator sees it.
struct Account {
    login: String,
    disabled: Option<When>,
    has_password: bool,
    last_login: Option<When>,
    second_factor: Option<When>,
    link: Confirm,
    /// Disables it, or lets it in again.
    turn: Confirm,
    reset: Option<Confirm>,
}

#[derive(Template)]
#[template(path = "admin/person.html")]
struct Page {
    frame: Frame,
    absent_until: Option<When>,
    done: Option<Said>,
    /// A link by which he sets a password, shown once.
    link: Option<String>,
    held: Vec<Held>,
    give: Sheet,
    /// With what he logs in: said the first time, or changed.
    login: Sheet,
    account: Option<Account>,
    identities: Vec<(ByProvider, Confirm)>,
    /// None where people come in by passwords only.
    identify: Option<Sheet>,
    lent: Vec<Lent>,
    away: Vec<Away>,
    /// Where the reader lends for him and says that he is away, if he may.
    stand_in: Option<String>,
    events: Vec<Happened>,
}

fn address(id: Uuid, rest: &str) -> String {
    format!("/admin/people/{id}{rest}")
}

fn gives(visit: &Visit, id: Uuid, chosen: (&str, &str)) -> Sheet {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let sheet = Sheet::new(address(id, "/roles"), words.t("people-give"));
    what_and_where(sheet, viewer, chosen, words)
}

fn logs_in(id: Uuid, login: &str, words: Words) -> Sheet {
    Sheet::new(address(id, "/account"), words.t("people-login-give")).with(
        Field::new("login", words.t("people-login"), Kind::Code)
            .required()
            .hinted(words.t("people-login-hint"))
            .holding(login)
            .at_most(200),
    )
}

fn identifies(id: Uuid, sent: &Identify, words: Words) -> Sheet {
    Sheet::new(address(id, "/identities"), words.t("people-identify"))
        .with(
            Field::new("email", words.t("people-identity-email"), Kind::Code)
                .hinted(words.t("people-identity-email-hint"))
                .holding(&sent.email)
                .at_most(320),
        )
        .with(
            Field::new("subject", words.t("people-identity-subject"), Kind::Code)
                .hinted(words.t("people-identity-subject-hint"))
                .holding(&sent.subject)
                .at_most(255),
        )
}

fn held(visit: &Visit, person: &Person) -> Vec<Held> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let held = person.grants.iter().map(|grant: &Grant| {
        let shown = role_shown(viewer, grant, words);
        let take = Confirm::new(
            address(person.id.0, "/roles/take"),
            words.t("people-take"),
            words.t("people-take-will"),
            words.t("people-take-do"),
        );
        let about = words.t("lending-role-at").s("role", &shown.role).s("unit", &shown.unit);
        Held {
            take: take
                .about(about)
                .hiding("role", grant.role.to_string())
                .hiding("unit", grant.unit.to_string()),
            role: shown.role,
            unit: shown.unit,
            unit_id: grant.unit.to_string(),
        }
    });
    held.collect()
}

async fn account(
    app: &App,
    person: &Person,
    times: &Times,
    words: Words,
) -> Result<Option<Account>, Problem> {
    let Some(account) = app.store.account(person.id).await? else { return Ok(None) };
    let id = person.id.0;
    let second_factor = app.store.second_factor(person.id).await?.map(|one| times.day(one.since));
    let turn = match account.disabled_at {
        Some(_) => Confirm::new(
            address(id, "/enable"),
            words.t("people-enable"),
            words.t("people-enable-will"),
            words.t("people-enable-do"),
        ),
        None => Confirm::new(
            address(id, "/disable"),
            words.t("people-disable"),
            words.t("people-disable-will"),
            words.t("people-disable-do"),
        ),
    };
    let reset = Confirm::new(
        address(id, "/second-factor/reset"),
        words.t("people-reset"),
        words.t("people-reset-will"),
        words.t("people-reset-do"),
    );
    Ok(Some(Account {
        login: account.login,
        disabled: account.disabled_at.map(|at| times.moment(at)),
        has_password: account.has_password,
        last_login: account.last_login_at.map(|at| times.moment(at)),
        reset: second_factor.is_some().then_some(reset),
        second_factor,
        link: Confirm::new(
            address(id, "/password-link"),
            words.t("people-link"),
            words.t("people-link-will"),
            words.t("people-link-do"),
        ),
        turn,
    }))
}

async fn page_of(app: &App, visit: &Visit, id: Uuid) -> Result<Page, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    permitted(viewer)?;
    let person = looked_after(app, viewer, id).await?;
    let times = Times::of(app, words).await?;
    let filter =
        DelegationFilter { person: Some(person.id), limit: 200, ..DelegationFilter::default() };
    let rows = app.store.delegations(&filter).await?;
    let absent = app.store.absences(Some(person.id), None).await?;
    let names = names(app, &rows, &absent).await?;
    let identities = app.store.identities_of(person.id).await?.into_iter().map(|one| {
        let remove = Confirm::new(
            address(id, &format!("/identities/{}/remove", one.id)),
            words.t("people-identity-remove"),
            words.t("people-identity-remove-will"),
            words.t("people-identity-remove-do"),
        );
        (ByProvider::of(one, &times), remove)
    });
    let identities = identities.collect();
    let events = app.store.account_events(person.id, MOST_EVENTS).await?;
    let account = account(app, &person, &times, words).await?;
    let may_stand_in = app.store.may_stand_for(viewer.actor.person, person.id).await?;
    let may_identify = app.settings.oidc.is_some() && account.is_some();
    Ok(Page {
        frame: visit.frame(&person.name),
        absent_until: person.absent_until.map(|at| times.day(at)),
        done: None,
        link: None,
        held: held(visit, &person),
        give: gives(visit, id, ("", "")),
        login: logs_in(id, account.as_ref().map_or("", |account| &account.login), words),
        account,
        identities,
        identify: may_identify.then(|| identifies(id, &Identify::default(), words)),
        lent: lent(rows, viewer, &names, &times, words),
        away: away_shown(absent, &names, &times),
        stand_in: may_stand_in.then(|| format!("/people/{}/lending", person.id)),
        events: events.into_iter().map(|row| Happened::of(row, person.id, &times, words)).collect(),
    })
}

async fn asked(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let done = match done.done.as_str() {
        "given" => Some(words.t("people-given")),
        "taken" => Some(words.t("people-taken")),
        "login" => Some(words.t("people-login-given")),
        "disabled" => Some(words.t("people-disabled")),
        "enabled" => Some(words.t("people-enabled")),
        "reset" => Some(words.t("people-was-reset")),
        "linked" => Some(words.t("people-identity-linked")),
        "removed" => Some(words.t("people-identity-removed")),
        _ => None,
    };
    page(&visit.look, &Page { done, ..page_of(&app, &visit, id).await? })
}

#[derive(Debug, Deserialize)]
struct Role {
    #[serde(default)]
    role: String,
    #[serde(default)]
    unit: String,
}

impl Role {
    fn checked(&self) -> Result<AddRole, Problem> {
        checked(json!({ "role": self.role, "unit": self.unit }))
    }
}

async fn give(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(sent): Form<Role>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    let given = async { give_role(&app, &visit.viewer, id, sent.checked()?).await };
    match given.await {
        Ok(()) => Ok(see(&address(id, "?done=given"))),
        Err(problem) if status(&problem) == StatusCode::UNPROCESSABLE_ENTITY => {
            let give = gives(&visit, id, (&sent.role, &sent.unit));
            let give = give.refused(problem, visit.look.words);
            let page = Page { give, ..page_of(&app, &visit, id).await? };
            shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
        }
        Err(problem) => Err(problem),
    }
}

async fn take(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(sent): Form<Role>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    take_role(&app, &visit.viewer, id, sent.checked()?).await?;
    // Who holds nothing any more is looked after by every administrator, but not who applies.
    match looked_after(&app, &visit.viewer, id).await {
        Ok(_) => Ok(see(&address(id, "?done=taken"))),
        Err(_) => Ok(see("/admin/people")),
    }
}

#[derive(Debug, Deserialize)]
struct LoginSent {
    #[serde(default)]
    login: String,
}

async fn login(
    State(app): State<App>,
    visit: Visit,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Form(sent): Form<LoginSent>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    let words = visit.look.words;
    let given = async {
        let asked: GiveLogin = checked(json!({ "login": sent.login.trim() }))?;
        give_login(&app, &visit.viewer, from, id, asked).await
    };
    match given.await {
        Ok(()) => Ok(see(&address(id, "?done=login"))),
        Err(problem) if matches!(status(&problem).as_u16(), 409 | 422) => {
            let status = status(&problem);
            let sheet = logs_in(id, &sent.login, words);
            let login = match problem.code.as_str() {
                "login_taken" => sheet.faulted("login", words.t("people-login-taken")),
                _ => sheet.refused(problem, words),
            };
            let page = Page { login, ..page_of(&app, &visit, id).await? };
            shown(status, &visit.look, &page)
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Debug, Deserialize)]
struct Nothing {}

async fn link(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    let link = Some(link_for(&app, &visit.viewer, id).await?);
    page(&visit.look, &Page { link, ..page_of(&app, &visit, id).await? })
}

async fn disable(
    State(app): State<App>,
    visit: Visit,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    set_disabled(&app, &visit.viewer, from, id, true).await?;
    Ok(see(&address(id, "?done=disabled")))
}

async fn enable(
    State(app): State<App>,
    visit: Visit,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    set_disabled(&app, &visit.viewer, from, id, false).await?;
    Ok(see(&address(id, "?done=enabled")))
}

async fn reset(
    State(app): State<App>,
    visit: Visit,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    reset_of(&app, &visit.viewer, from, id).await?;
    Ok(see(&address(id, "?done=reset")))
}

#[derive(Debug, Default, Deserialize)]
struct Identify {
    #[serde(default)]
    email: String,
    #[serde(default)]
    subject: String,
}

async fn identify(
    State(app): State<App>,
    visit: Visit,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Form(sent): Form<Identify>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    let words = visit.look.words;
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let body = json!({ "email": given(&sent.email), "subject": given(&sent.subject) });
    let linked = async {
        let asked: LinkIdentity = checked(body)?;
        link_by(&app, &visit.viewer, from, id, asked).await
    };
    match linked.await {
        Ok(_) => Ok(see(&address(id, "?done=linked"))),
        Err(problem) if matches!(status(&problem).as_u16(), 409 | 422) => {
            let status = status(&problem);
            let sheet = identifies(id, &sent, words);
            let sheet = match problem.faults.iter().any(|fault| fault.code == "either") {
                true => sheet.faulted("email", words.t("people-identity-either")),
                false => sheet.refused(problem, words),
            };
            let page = Page { identify: Some(sheet), ..page_of(&app, &visit, id).await? };
            shown(status, &visit.look, &page)
        }
        Err(problem) => Err(problem),
    }
}

async fn forget(
    State(app): State<App>,
    visit: Visit,
    from: ClientAddress,
    Path((id, identity)): Path<(Uuid, Uuid)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    permitted(&visit.viewer)?;
    unlink(&app, &visit.viewer, from, id, identity).await?;
    Ok(see(&address(id, "?done=removed")))
}
