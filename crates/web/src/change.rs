//! Changes of cases: who asks, on what condition, under which key; and what is answered.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use parvaneh_core::{Case, CaseId, PersonId, decide::Command, reach::Sight};
use parvaneh_store::{Brought, ExecuteError, Executed, Request, Requester, Viewer};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    App,
    auth::{Comer, Principal},
    policy,
    problem::Problem,
    view::{CaseView, EventView},
};

/// What every change can bring in its headers.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct Terms {
    /// A repeat under the same key gets the same answer and changes nothing more
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 200)]
    pub(crate) key: Option<String>,
    /// Only if the case still has this entity tag
    #[param(rename = "If-Match", value_type = Option<String>, example = "\"12\"")]
    pub(crate) expected: Option<u32>,
    /// As the delegate of this person
    #[param(rename = "On-Behalf-Of", value_type = Option<Uuid>)]
    pub(crate) on_behalf_of: Option<PersonId>,
}

impl FromRequestParts<App> for Terms {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let text = |name: &str| -> Result<Option<&str>, Problem> {
            let value = parts.headers.get(name).map(|value| value.to_str());
            value.transpose().map_err(|_| Problem::parameter(name, "is not plain text"))
        };
        let on_behalf_of = text("on-behalf-of")?.map(|text| {
            let person = Uuid::parse_str(text.trim()).map(PersonId);
            person.map_err(|_| Problem::parameter("On-Behalf-Of", "is not the id of a person"))
        });
        Ok(Self {
            key: text("idempotency-key")?.map(str::to_owned),
            expected: expected(&parts.headers)?,
            on_behalf_of: on_behalf_of.transpose()?,
        })
    }
}

/// How many events the caller has seen: the number in the entity tag of the case.
fn expected(headers: &HeaderMap) -> Result<Option<u32>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    number.and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "precondition_invalid")
            .because("send the ETag of the case as you have seen it, for example \"12\"")
    })
}

/// What a change did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Changed {
    /// The case as it is now.
    pub(crate) case: CaseView,
    /// What happened; empty when there was nothing left to do.
    pub(crate) events: Vec<EventView>,
    /// Whether this is the answer to an earlier request under the same key.
    pub(crate) repeated: bool,
}

/// Does a command on a case that the caller sees.
///
/// # Errors
/// What the policy, the rules or the store say.
pub(crate) async fn change(
    app: &App,
    comer: Comer,
    terms: Terms,
    case: CaseId,
    command: Command,
) -> Result<Response, Problem> {
    let (person, credential) = comer.claims();
    let request = asked(terms, Request::command(person, case, command)).of_what_is_seen();
    let executed = match app.store.execute(request.clone().coming_by(credential)).await {
        Err(ExecuteError::NoLongerIn) => {
            let (person, _) = comer.again(app).await?.claims();
            app.store.execute(Request { by: Requester::Person(person), ..request }).await?
        }
        executed => executed?,
    };
    let sight = executed.sight.ok_or_else(Problem::not_found)?;
    answer(app, executed, sight, StatusCode::OK).await
}

/// The same with a command that is made only once the caller is known to see the case, and with the
/// contents that come with it.
///
/// # Errors
/// As [`change`], and those of making it.
pub(crate) async fn change_by(
    app: &App,
    caller: &Principal,
    terms: Terms,
    case: CaseId,
    command: impl AsyncFnOnce() -> Result<(Command, Vec<Brought>), Problem>,
) -> Result<Response, Problem> {
    let (executed, sight) = done_by(app, caller, terms, case, command).await?;
    answer(app, executed, sight, StatusCode::OK).await
}

/// Does a command on a case that the caller sees: what came of it, and why he sees the case.
///
/// # Errors
/// As [`change_by`].
pub(crate) async fn done_by(
    app: &App,
    caller: &Principal,
    terms: Terms,
    case: CaseId,
    command: impl AsyncFnOnce() -> Result<(Command, Vec<Brought>), Problem>,
) -> Result<(Executed, Sight), Problem> {
    let viewer = app.viewer(caller).await?;
    let sight = policy::see(app, &viewer, case).await?;
    let (command, brought) = command().await?;
    let request = asked(terms, Request::command(caller.person, case, command)).bringing(brought);
    Ok((app.store.execute(request).await?, sight))
}

/// What a command would do to a case that the viewer sees, without doing it.
///
/// # Errors
/// As [`change_by`].
pub(crate) async fn rehearsal_of(
    app: &App,
    viewer: &Viewer,
    terms: Terms,
    case: CaseId,
    command: Command,
) -> Result<Executed, Problem> {
    policy::see(app, viewer, case).await?;
    let request = asked(terms, Request::command(viewer.actor.person, case, command));
    Ok(app.store.rehearse(&request).await?)
}

/// A request on those terms.
pub(crate) fn asked(terms: Terms, request: Request) -> Request {
    Request {
        key: terms.key,
        expected_seq: terms.expected,
        on_behalf_of: terms.on_behalf_of,
        ..request
    }
}

/// The answer to somebody who sees the case like that.
///
/// # Errors
/// The store's.
pub(crate) async fn answer(
    app: &App,
    mut executed: Executed,
    sight: Sight,
    status: StatusCode,
) -> Result<Response, Problem> {
    app.store.open_values(&mut executed).await?;
    let definition = app.definition_of(&executed.case).await?;
    let tag = entity_tag(&executed.case);
    let changed = Changed {
        events: EventView::shown(&executed.events, sight),
        case: CaseView::of(&executed.case, &definition, sight),
        repeated: executed.repeated,
    };
    Ok((status, [(header::ETAG, tag)], Json(changed)).into_response())
}

/// The entity tag of a case: how many events it has.
pub(crate) fn entity_tag(case: &Case) -> String {
    format!("\"{}\"", case.seq)
}
