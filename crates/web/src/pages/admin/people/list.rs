//! Who is there: searched, filtered, ordered; and somebody new.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::RoleId;
use parvaneh_store::{DirectoryOrder, DirectoryQuery, DirectoryRow, Viewer};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{permitted, roles, units, what_and_where, within};
use crate::{
    App,
    api::{
        accounts::{AddPerson, add_person},
        plain,
    },
    body::{Query, checked},
    page::cut,
    pages::{
        Frame,
        form::Form,
        frame::{RoleShown, role as role_shown},
        page,
        problem::status,
        routes::Pages,
        sheet::{Field, Kind, Pick, Sheet},
        shown,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::Words,
};

/// How many stand on a page.
const LENGTH: u32 = 50;
/// So many pages are gone through; whoever looks for somebody searches.
const MOST_PAGES: u32 = 1_000;

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin/people", list)
        .get("/admin/people/new", new)
        .post("/admin/people", add)
}

/// What is shown: as the address has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Wanted {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    role: String,
    /// `active`, `disabled`, or everybody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    state: String,
    /// `name`, `login` or `last_login`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    order: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    page: String,
}

impl Wanted {
    fn address(&self) -> String {
        match serde_html_form::to_string(self).unwrap_or_default() {
            query if query.is_empty() => "/admin/people".to_owned(),
            query => format!("/admin/people?{query}"),
        }
    }

    fn order(&self) -> DirectoryOrder {
        match self.order.as_str() {
            "login" => DirectoryOrder::Login,
            "last_login" => DirectoryOrder::LastLogin,
            _ => DirectoryOrder::Name,
        }
    }

    fn page(&self) -> u32 {
        self.page.parse().unwrap_or(1).clamp(1, MOST_PAGES)
    }

    fn is_filtered(&self) -> bool {
        [&self.text, &self.unit, &self.role, &self.state].iter().any(|one| !one.is_empty())
    }
}

/// Somebody in the list.
struct Row {
    id: parvaneh_core::PersonId,
    name: String,
    login: Option<String>,
    roles: Vec<RoleShown>,
    last_login: Option<When>,
    disabled: bool,
    absent_until: Option<When>,
}

#[derive(Template)]
#[template(path = "admin/people.html")]
struct Page {
    frame: Frame,
    wanted: Wanted,
    rows: Vec<Row>,
    roles: Vec<Pick>,
    units: Vec<Pick>,
    previous: Option<String>,
    next: Option<String>,
}

impl Page {
    fn ordered(&self, order: &str) -> String {
        let (order, page) = (order.to_owned(), String::new());
        Wanted { order, page, ..self.wanted.clone() }.address()
    }

    fn is_by(&self, order: &str) -> bool {
        match self.wanted.order() {
            DirectoryOrder::Name => order == "name",
            DirectoryOrder::Login => order == "login",
            DirectoryOrder::LastLogin => order == "last_login",
        }
    }
}

fn row(found: DirectoryRow, viewer: &Viewer, times: &Times, words: Words) -> Row {
    // What he holds elsewhere is the business of others.
    let grants = found.grants.iter();
    let grants = grants.filter(|grant| policy::may(viewer, Task::AdministerPeople, &grant.unit));
    Row {
        id: found.id,
        roles: grants.map(|grant| role_shown(viewer, grant, words)).collect(),
        name: found.name,
        login: found.login,
        last_login: found.last_login_at.map(|at| times.day(at)),
        disabled: found.disabled_at.is_some(),
        absent_until: found.absent_until.map(|at| times.day(at)),
    }
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    plain(&[&given(&wanted.text), &given(&wanted.role), &given(&wanted.unit)])?;
    let at = wanted.page();
    let query = DirectoryQuery {
        within: within(viewer, &wanted.unit)?,
        role: given(&wanted.role).map(RoleId::from),
        text: given(&wanted.text),
        disabled: match wanted.state.as_str() {
            "active" => Some(false),
            "disabled" => Some(true),
            _ => None,
        },
        order: wanted.order(),
        offset: (at - 1) * LENGTH,
        limit: LENGTH + 1,
    };
    let (found, more) = cut(app.store.directory(&query).await?, LENGTH);
    let times = Times::of(&app, words).await?;
    let turned = |page: u32| Wanted { page: page.to_string(), ..wanted.clone() }.address();
    let shown = Page {
        frame: visit.frame(words.t("people-title")),
        rows: found.into_iter().map(|one| row(one, viewer, &times, words)).collect(),
        roles: roles(viewer, &wanted.role, words),
        units: units(viewer, &wanted.unit, words),
        previous: (at > 1).then(|| turned(at - 1)),
        next: more.then(|| turned(at + 1)),
        wanted,
    };
    page(&visit.look, &shown)
}

#[derive(Template)]
#[template(path = "admin/person_new.html")]
struct New {
    frame: Frame,
    sheet: Option<Sheet>,
    /// Somebody who has just been added: who, and the link that is shown once.
    added: Option<(parvaneh_core::PersonId, String, String)>,
}

#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default)]
    name: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    unit: String,
}

fn sheet(viewer: &Viewer, sent: &Sent, words: Words) -> Sheet {
    let sheet = Sheet::new("/admin/people", words.t("people-add"))
        .with(Field::new("name", words.t("people-name"), Kind::Line).required().holding(&sent.name))
        .with(
            Field::new("login", words.t("people-login"), Kind::Code)
                .required()
                .hinted(words.t("people-login-hint"))
                .holding(&sent.login),
        );
    what_and_where(sheet, viewer, (&sent.role, &sent.unit), words)
}

async fn new(visit: Visit, Query(sent): Query<Sent>) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    permitted(viewer)?;
    let sheet = Some(sheet(viewer, &sent, words));
    page(&visit.look, &New { frame: visit.frame(words.t("people-new")), sheet, added: None })
}

async fn add(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    permitted(viewer)?;
    let (name, login) = (sent.name.trim(), sent.login.trim());
    let roles = json!([{ "role": sent.role, "unit": sent.unit }]);
    let body = json!({ "name": name, "login": login, "roles": roles });
    let added = async {
        let asked: AddPerson = checked(body).map_err(|problem| problem.within("/roles/0"))?;
        add_person(&app, viewer, asked).await
    };
    let frame = visit.frame(words.t("people-new"));
    match added.await {
        Ok((person, link)) => {
            let added = Some((person, name.to_owned(), link));
            page(&visit.look, &New { frame, sheet: None, added })
        }
        Err(problem) if status(&problem) == StatusCode::FORBIDDEN => Err(problem),
        Err(problem) if status(&problem).is_client_error() => {
            let status = status(&problem);
            let sheet = sheet(viewer, &sent, words);
            let sheet = match problem.code.as_str() {
                "login_taken" => sheet.faulted("login", words.t("people-login-taken")),
                _ => sheet.refused(problem, words),
            };
            shown(status, &visit.look, &New { frame, sheet: Some(sheet), added: None })
        }
        Err(problem) => Err(problem),
    }
}
