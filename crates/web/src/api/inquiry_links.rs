//! Links for bodies that have no system: each opens one inquiry without a login, and answers it once.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use chrono::{DateTime, TimeDelta, Utc};
use parvaneh_core::{
    BranchId, CaseId, LinkId, PersonId,
    decide::Command,
    event::{Owner, Purpose},
};
use parvaneh_store::{Inquiry, InquiryLink, InquiryLinkRow, NewInquiryLink, Request, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::inquiries::{Answered, OwnAnswer, title};
use crate::{
    App,
    auth::Principal,
    body::{Body, Path},
    policy,
    problem::Problem,
};

/// The header in which a link comes: in an address it would stand in histories and logs.
const HEADER: &str = "inquiry-link";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(links, make))
        .routes(routes!(revoke))
        .routes(routes!(linked, answer_by_link))
}

/// A link that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "days": 14 }))]
struct MakeLink {
    /// For how many days it opens the inquiry; 14 when nothing is said.
    #[schema(minimum = 1, maximum = 90)]
    days: Option<u16>,
}

/// A link that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkMade {
    /// Its number.
    id: Uuid,
    /// The link, shown once: it goes to the body, and to nobody else.
    #[schema(example = "https://licences.example/inquiry#pvi_…")]
    pub(crate) link: String,
    /// In whose name the body answers by it.
    person: Uuid,
    /// His name.
    pub(crate) name: String,
    /// Until when it opens the inquiry.
    pub(crate) expires_at: DateTime<Utc>,
}

/// A link, as those who work on the case see it.
#[derive(Debug, Serialize, ToSchema)]
struct LinkView {
    /// Its number.
    id: Uuid,
    /// In whose name the body answers by it.
    person: Uuid,
    /// Who made it.
    made_by: Uuid,
    /// When.
    made_at: DateTime<Utc>,
    /// Until when it opens the inquiry.
    expires_at: DateTime<Utc>,
    /// When the answer came by it.
    used_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<InquiryLinkRow> for LinkView {
    fn from(row: InquiryLinkRow) -> Self {
        Self {
            id: row.id.0,
            person: row.person.0,
            made_by: row.made_by.0,
            made_at: row.made_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// The links of an inquiry.
#[derive(Debug, Serialize, ToSchema)]
struct Links {
    /// The oldest first.
    items: Vec<LinkView>,
}

/// Links that were made for an inquiry
#[utoipa::path(
    get, path = "/cases/{case}/inquiries/{branch}/links", tag = "inquiries",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("branch" = String, Path, description = "The inquiry"),
    ),
    responses(
        (status = 200, body = Links),
        (status = 403, description = "`forbidden`: the applicant"),
    )
)]
async fn links(
    State(app): State<App>,
    caller: Principal,
    Path((case, branch)): Path<(Uuid, String)>,
) -> Result<Json<Links>, Problem> {
    let viewer = app.viewer(&caller).await?;
    policy::see_as_office(&app, &viewer, CaseId(case)).await?;
    let reads = app.store.reading_as(&viewer);
    let rows = reads.inquiry_links(CaseId(case), &BranchId::from(branch)).await?;
    Ok(Json(Links { items: rows.into_iter().map(LinkView::from).collect() }))
}

/// Make a link for a body without a system
///
/// Whoever may record the body's answer may make one: by it the body answers itself, in the name of whoever
/// holds its role at its unit, or next above. It answers once; it can be taken back.
#[utoipa::path(
    post, path = "/cases/{case}/inquiries/{branch}/links", tag = "inquiries",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("branch" = String, Path, description = "The inquiry"),
    ),
    request_body = MakeLink,
    responses(
        (status = 201, body = LinkMade),
        (status = 403, description = "`forbidden`: this needs the right to record the answer"),
        (status = 409, description = "`nobody_answers`: nobody stands for that body yet"),
        (status = 422, description = "`unknown_inquiry`"),
        (status = 503, description = "`secret_key_missing`"),
    )
)]
async fn make(
    State(app): State<App>,
    caller: Principal,
    Path((case, branch)): Path<(Uuid, String)>,
    Body(body): Body<MakeLink>,
) -> Result<(StatusCode, Json<LinkMade>), Problem> {
    let viewer = app.viewer(&caller).await?;
    let days = body.days.unwrap_or(USUAL_DAYS);
    let made = make_link(&app, &viewer, CaseId(case), BranchId::from(branch), days).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// For how many days a link opens its inquiry where nobody says.
pub(crate) const USUAL_DAYS: u16 = 14;

/// Makes a link for an inquiry that is open, in the viewer's name.
///
/// # Errors
/// Those that [`make`] names.
#[expect(clippy::disallowed_methods, reason = "the edge: a link has a number")]
pub(crate) async fn make_link(
    app: &App,
    viewer: &Viewer,
    case: CaseId,
    branch: BranchId,
    days: u16,
) -> Result<LinkMade, Problem> {
    policy::see_as_office(app, viewer, case).await?;
    let file = app.store.reading_as(viewer).case_file(case).await?;
    let open = file.tasks.iter().find(|task| {
        let asked = task.purpose == Purpose::Answer && task.branch.as_ref() == Some(&branch);
        asked && task.closed_at.is_none()
    });
    let task = open.ok_or_else(|| {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_inquiry");
        problem.because(format!("no inquiry '{branch}' is open"))
    })?;
    policy::record_answer(app, viewer, case, &branch).await?;
    let nobody = || Problem::new(StatusCode::CONFLICT, "nobody_answers");
    let Owner::Role(role) = &task.owner else { return Err(nobody()) };
    let answers = app.store.answers_for(role, &task.unit).await?;
    let (person, name) = answers.ok_or_else(|| {
        nobody().because(format!("nobody holds the role '{role}' at '{}' or above it", task.unit))
    })?;
    let new = NewInquiryLink {
        id: LinkId(Uuid::now_v7()),
        case,
        task: task.no,
        branch,
        person,
        made_by: viewer.actor.person,
        lasts: TimeDelta::days(days.into()).to_std().unwrap_or_default(),
    };
    let (made, text) = app.store.add_inquiry_link(new).await?;
    let link = format!("{}/inquiry#{text}", app.settings.public_url);
    let (id, person, expires_at) = (made.id.0, person.0, made.expires_at);
    Ok(LinkMade { id, link, person, name, expires_at })
}

/// Take a link back
#[utoipa::path(
    delete, path = "/cases/{case}/inquiries/{branch}/links/{id}", tag = "inquiries",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("branch" = String, Path, description = "The inquiry"),
        ("id" = Uuid, Path, description = "The link"),
    ),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 403, description = "`forbidden`: this needs the right to record the answer"),
        (status = 404, description = "`not_found`: no such link, or one that opens nothing already"),
    )
)]
async fn revoke(
    State(app): State<App>,
    caller: Principal,
    Path((case, branch, id)): Path<(Uuid, String, Uuid)>,
) -> Result<StatusCode, Problem> {
    let viewer = app.viewer(&caller).await?;
    revoke_link(&app, &viewer, CaseId(case), BranchId::from(branch), LinkId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a link back, in the viewer's name.
///
/// # Errors
/// Those that [`revoke`] names.
pub(crate) async fn revoke_link(
    app: &App,
    viewer: &Viewer,
    case: CaseId,
    branch: BranchId,
    link: LinkId,
) -> Result<(), Problem> {
    policy::see_as_office(app, viewer, case).await?;
    let made = app.store.reading_as(viewer).inquiry_links(case, &branch).await?;
    if !made.iter().any(|one| one.id == link) {
        return Err(Problem::not_found());
    }
    policy::record_answer(app, viewer, case, &branch).await?;
    match app.store.revoke_inquiry_link(case, &branch, link, viewer.actor.person).await? {
        true => Ok(()),
        false => Err(Problem::not_found()),
    }
}

/// A link that came with a request, and the inquiry that it opens.
#[derive(Debug)]
pub(crate) struct Opened {
    link: InquiryLink,
    person: PersonId,
    inquiry: Inquiry,
}

impl FromRequestParts<App> for Opened {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let value = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        let text = value.ok_or_else(|| Problem::parameter("Inquiry-Link", "is missing"))?;
        Self::by(app, text).await
    }
}

impl Opened {
    /// What a link opens.
    ///
    /// # Errors
    /// `link_spent`, `secret_key_missing`.
    pub(crate) async fn by(app: &App, text: &str) -> Result<Self, Problem> {
        // Whatever the reason why it opens nothing, nobody is told which.
        let spent = || Problem::new(StatusCode::GONE, "link_spent");
        let (link, person) = app.store.inquiry_link(text.trim()).await?.ok_or_else(spent)?;
        let viewer = app.store.viewer(person).await?.ok_or_else(spent)?;
        // As whoever the body has: who has lost the role answers for it no more.
        let inquiry = app.store.inquiry(&viewer, link.case, link.task).await?;
        let inquiry = inquiry.filter(|inquiry| inquiry.branch == link.branch).ok_or_else(spent)?;
        Ok(Self { link, person, inquiry })
    }
}

/// What a body is asked, as its link shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkedInquiry {
    /// What is asked, in Persian.
    pub(crate) title_fa: String,
    /// What is asked, in English.
    pub(crate) title_en: String,
    /// What the case is about.
    pub(crate) subject: String,
    /// The unit of the body that is asked.
    pub(crate) unit: String,
    /// When it was asked.
    pub(crate) asked_at: DateTime<Utc>,
    /// Until when an answer counts.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// Until when the link works.
    expires_at: DateTime<Utc>,
}

/// What the link asks
///
/// Without a login: the link is the part behind `#` of what the body was given.
#[utoipa::path(
    get, path = "/linked-inquiry", tag = "inquiries",
    params(("Inquiry-Link" = String, Header, description = "The link", max_length = 1000)),
    security(()),
    responses(
        (status = 200, body = LinkedInquiry),
        (status = 410, description = "`link_spent`: it was used, taken back or altered, its time is over, or the inquiry is closed"),
        (status = 503, description = "`secret_key_missing`"),
    )
)]
async fn linked(State(app): State<App>, opened: Opened) -> Result<Json<LinkedInquiry>, Problem> {
    Ok(Json(linked_inquiry(&app, &opened).await?))
}

/// What a body is asked.
///
/// # Errors
/// The store's.
pub(crate) async fn linked_inquiry(app: &App, opened: &Opened) -> Result<LinkedInquiry, Problem> {
    let Opened { link, inquiry, .. } = opened;
    let title = title(app, inquiry).await?;
    Ok(LinkedInquiry {
        title_fa: title.fa,
        title_en: title.en,
        subject: inquiry.subject.clone(),
        unit: inquiry.unit.to_string(),
        asked_at: inquiry.asked_at,
        due_at: inquiry.due_at,
        expires_at: link.expires_at,
    })
}

/// Answer by the link
///
/// Without a login, and once: then the link opens nothing any more.
#[utoipa::path(
    post, path = "/linked-inquiry", tag = "inquiries",
    params(("Inquiry-Link" = String, Header, description = "The link", max_length = 1000)),
    security(()),
    request_body = OwnAnswer,
    responses(
        (status = 200, description = "Recorded", body = Answered),
        (status = 403, description = "`not_permitted`, `four_eyes`"),
        (status = 409, description = "`case_ended`: meanwhile"),
        (status = 410, description = "`link_spent`: it was used, taken back or altered, its time is over, or the inquiry is closed"),
        (status = 412, description = "`conflict`: the case has been changed meanwhile"),
        (status = 422, description = "`reason_needed`, `text_invalid`"),
        (status = 503, description = "`secret_key_missing`"),
    )
)]
async fn answer_by_link(
    State(app): State<App>,
    opened: Opened,
    Body(body): Body<OwnAnswer>,
) -> Result<Json<Answered>, Problem> {
    Ok(Json(answer_linked(&app, opened, body).await?))
}

/// Records what a body answers by its link, once.
///
/// # Errors
/// Those that [`answer_by_link`] names.
pub(crate) async fn answer_linked(
    app: &App,
    opened: Opened,
    body: OwnAnswer,
) -> Result<Answered, Problem> {
    let Opened { link, person, .. } = opened;
    let command = Command::AnswerByLink {
        link: link.id,
        task: link.task,
        branch: link.branch,
        answer: body.answer.into(),
        reason: body.reason,
        reference: body.reference,
    };
    let request = Request::command(person, link.case, command);
    // The write path itself sees to it that a link answers once, whatever comes at the same time.
    let request = Request { key: Some(format!("inquiry-link {}", link.id)), ..request };
    let executed = app.store.execute(request).await.map_err(|error| {
        let problem = Problem::from(error).narrowed();
        match problem.code.as_str() {
            "idempotency_key_reused" | "unknown_inquiry" => {
                Problem::new(StatusCode::GONE, "link_spent")
            }
            _ => problem,
        }
    })?;
    app.store.use_inquiry_link(link.id).await?;
    Ok(Answered { repeated: executed.repeated })
}
