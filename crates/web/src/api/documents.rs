//! Documents: uploading a content, handing in a paper, looking at it, and getting it back.

use axum::{
    Json,
    body::Body as Raw,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    Case, CaseId, DocumentId,
    decide::Command,
    form::{DocumentKind, HandedIn, Verdict},
    reach::Sight,
};
use parvaneh_store::{Brought, CaseContent, ExecuteError, Request, UPLOAD_LASTS, Upload, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::{Comer, Principal},
    body::{Body, Path, Query},
    change::{Changed, Terms, answer, asked, change},
    documents::{HandIn, Purpose, discard, paper_of, receive, room_for, serve},
    policy,
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        .routes(routes!(content, attach, hand_in))
        .routes(routes!(verify))
}

/// The addresses that take a content as their body: as long as documents may be, and as slowly as
/// they come.
pub(crate) const TAKE_CONTENTS: [&str; 4] = [
    "/api/v1/documents",
    "/api/v1/cases/{case}/documents/{document}",
    crate::pages::TAKES_CONTENTS,
    crate::pages::DRAFTS_TAKE_CONTENTS,
];

/// A content that has been uploaded.
#[derive(Debug, Serialize, ToSchema)]
struct UploadView {
    /// Its identifier, by which its uploader hands it in.
    id: Uuid,
    /// What it is called.
    #[schema(example = "charter.pdf")]
    name: String,
    /// What it is, by its bytes.
    #[schema(example = "application/pdf")]
    media_type: String,
    /// Its length in bytes.
    size: u64,
    /// Its SHA-256, in hexadecimal digits.
    sha256: String,
    /// Whether a virus scanner has looked at it and found nothing; `false` where there is none.
    scanned: bool,
    /// For how many hours it can be handed in.
    #[schema(example = 24)]
    hours: i32,
}

impl From<Upload> for UploadView {
    fn from(upload: Upload) -> Self {
        let file = upload.reference();
        Self {
            id: upload.id,
            name: file.name,
            media_type: file.media_type,
            size: file.size,
            sha256: file.sha256,
            scanned: upload.arrived.clean,
            hours: UPLOAD_LASTS,
        }
    }
}

/// Upload a content, to be handed in with an application, an action or values
///
/// Only its uploader can hand it in, within a day; what nobody hands in is thrown away. The body is
/// the file as it is. `Content-Disposition` says what it is called, `Content-Type` what it is; what
/// counts is what its bytes say.
#[utoipa::path(
    post, path = "/documents", tag = "documents",
    params(
        ("Content-Disposition" = Option<String>, Header, description = "The file's name (RFC 6266)", example = "attachment; filename*=UTF-8''charter.pdf"),
    ),
    request_body(content_type = "application/octet-stream", description = "The file: PDF, PNG, JPEG, TIFF, docx, xlsx or text in UTF-8, unless the service takes fewer"),
    responses(
        (status = 201, description = "Uploaded", body = UploadView),
        (status = 413, description = "`body_too_long`: longer than a document may be"),
        (status = 415, description = "`document_type`, `document_mislabelled`"),
        (status = 422, description = "`document_infected`"),
        (status = 429, description = "`too_many_uploads`"),
        (status = 503, description = "`scanner_unavailable`, `documents_unavailable`"),
    )
)]
async fn upload(
    State(app): State<App>,
    caller: Principal,
    headers: HeaderMap,
    body: Raw,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    let upload = receive(&app, caller.person, None, &headers, body).await?;
    Ok((StatusCode::CREATED, Json(upload.into())))
}

/// A kind of paper of a case.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
struct Paper {
    /// The case
    case: Uuid,
    /// The kind of paper
    document: String,
}

impl Paper {
    /// That the procedure of the case asks for it and what it asks for, and how the caller sees the case.
    ///
    /// # Errors
    /// `not_found` as [`policy::see`], `unknown_document`, `too_many_documents`.
    async fn wanted(
        self,
        app: &App,
        caller: &Principal,
    ) -> Result<(Sight, DocumentId, DocumentKind), Problem> {
        let (viewer, case) = (app.viewer(caller).await?, CaseId(self.case));
        let sight = policy::see(app, &viewer, case).await?;
        let stands = app.store.reading_as(&viewer).case(case).await?;
        let (kind, definition) =
            (DocumentId::from(self.document), app.definition_of(&stands).await?);
        let Some(asked_for) = definition.documents.get(&kind) else {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_document")
                .because("the procedure asks for no such paper"));
        };
        room_for(app, case, [&kind]).await?;
        Ok((sight, kind, asked_for.clone()))
    }
}

/// What is said of a paper whose content is the body.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Said {
    /// The day of its issue, in either calendar.
    #[param(max_length = 40, example = "1403/05/01")]
    issued: Option<String>,
    /// How many copies of the paper are handed in.
    #[param(minimum = 1, maximum = 1000)]
    copies: Option<u32>,
}

/// Hand in a paper; the body is the file as it is
///
/// It takes the place of an earlier one of its kind, which stays on the timeline.
#[utoipa::path(
    post, path = "/cases/{case}/documents/{document}", tag = "documents",
    params(
        Paper,
        ("Content-Disposition" = Option<String>, Header, description = "The file's name (RFC 6266)", example = "attachment; filename*=UTF-8''charter.pdf"),
        Said,
        Terms,
    ),
    request_body(content_type = "application/octet-stream", description = "The file"),
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 409, description = "`too_many_documents`"),
        (status = 413, description = "`body_too_long`, `paper_too_long`: longer than a document, or this paper, may be"),
        (status = 415, description = "`document_type`, `paper_type`, `document_mislabelled`"),
        (status = 422, description = "`unknown_document`, `document_invalid`, `document_infected`"),
        (status = 429, description = "`too_many_uploads`"),
        (status = 503, description = "`scanner_unavailable`, `documents_unavailable`"),
    )
)]
async fn attach(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(paper): Path<Paper>,
    Query(said): Query<Said>,
    headers: HeaderMap,
    body: Raw,
) -> Result<Response, Problem> {
    let case = CaseId(paper.case);
    // What can be refused at once is refused before it has been sent.
    let (sight, kind, asked_for) = paper.wanted(&app, &caller).await?;
    if said.copies.is_some_and(|copies| !(1..=1000).contains(&copies)) {
        return Err(Problem::parameter("copies", "is 1 to 1000"));
    }
    let upload = receive(&app, caller.person, Some(&asked_for), &headers, body).await?;
    let (issued, copies) = (said.issued, said.copies.unwrap_or(1));
    let paper = HandedIn { file: upload.reference(), issued, copies };
    let command = Command::AttachDocument { document: kind, paper };
    let request = asked(terms, Request::command(caller.person, case, command));
    let request = request.bringing(vec![Brought::from(&upload)]);
    // Whoever breaks off now leaves either a paper of the case or nothing.
    let done = tokio::spawn(hand_over(app.clone(), request, upload.id)).await;
    let executed = done.map_err(|error| {
        tracing::error!(%error, "a paper");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    })??;
    answer(&app, executed, sight, StatusCode::OK).await
}

/// Hands a content over to a case. What the case certainly does not hold is taken away.
async fn hand_over(
    app: App,
    request: Request,
    content: Uuid,
) -> Result<parvaneh_store::Executed, Problem> {
    let executed = app.store.execute(request).await;
    let is_held = match &executed {
        Ok(executed) => !executed.repeated,
        // It may have been written, and only the answer lost.
        Err(ExecuteError::Store(_) | ExecuteError::Poisoned(_)) => true,
        Err(_) => false,
    };
    if !is_held {
        discard(&app, content).await;
    }
    Ok(executed?)
}

/// Hand in a paper that has been uploaded
#[utoipa::path(
    put, path = "/cases/{case}/documents/{document}", tag = "documents",
    params(
        Paper,
        Terms,
    ),
    request_body = HandIn,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 409, description = "`too_many_documents`"),
        (status = 422, description = "`unknown_document`, `document_invalid`, `document_infected`"),
        (status = 503, description = "`scanner_unavailable`, `documents_unavailable`"),
    )
)]
async fn hand_in(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(paper): Path<Paper>,
    Body(body): Body<HandIn>,
) -> Result<Response, Problem> {
    let case = CaseId(paper.case);
    let (sight, kind, _) = paper.wanted(&app, &caller).await?;
    let within = format!("/documents/{kind}");
    let made = paper_of(&app, &caller, kind, body).await;
    let (command, brought) = made.map_err(|problem| problem.within(&within))?;
    let request = asked(terms, Request::command(caller.person, case, command)).bringing(brought);
    let executed = app.store.execute(request).await?;
    answer(&app, executed, sight, StatusCode::OK).await
}

/// What somebody says of a paper that he has looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "good": false, "reason": "The second page is not legible" }))]
struct Verify {
    /// Whether it is good.
    good: bool,
    /// Why it is not.
    #[schema(max_length = 10000)]
    reason: Option<String>,
}

/// Say of a paper that it is good, or why it is not
#[utoipa::path(
    put, path = "/cases/{case}/documents/{document}/verdict", tag = "documents",
    params(
        Paper,
        Terms,
    ),
    request_body = Verify,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 409, description = "`not_verifiable`, `not_handed_in`"),
        (status = 422, description = "`unknown_document`, `reason_needed`"),
    )
)]
async fn verify(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(Paper { case, document }): Path<Paper>,
    Body(Verify { good, reason }): Body<Verify>,
) -> Result<Response, Problem> {
    let command = Command::VerifyDocument { document: document.into(), good, reason };
    change(&app, comer, terms, CaseId(case), command).await
}

/// Get a document of a case
///
/// It is compared with the hash on the timeline before anything is given out, and is a file to be
/// kept, never a page to be shown. An applicant gets what came from him. `Range` gets one part of it
/// (`If-Range` with its `ETag`: only of the same file); several parts at once are answered with all of it.
#[utoipa::path(
    get, path = "/cases/{case}/documents/{document}", tag = "documents",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("document" = String, Path, description = "The content, as the file of the case names it; or a kind of paper: the latest"),
        ("Range" = Option<String>, Header, description = "Which bytes", example = "bytes=0-65535"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", headers(
            ("ETag" = String, description = "Its SHA-256"),
            ("Content-Disposition" = String, description = "`attachment`, and its name"),
            ("Accept-Ranges" = String, description = "`bytes`"),
        )),
        (status = 206, description = "The part of the file", content_type = "application/octet-stream", headers(
            ("Content-Range" = String, description = "Which bytes, of how many"),
        )),
        (status = 416, description = "`range_unsatisfiable`: it begins behind the end; the header Content-Range says how long the file is"),
        (status = 500, description = "`document_damaged`: it is not what was handed in"),
        (status = 503, description = "`documents_unavailable`"),
    )
)]
async fn content(
    State(app): State<App>,
    caller: Principal,
    Path((case, document)): Path<(Uuid, String)>,
    method: Method,
    mut headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let found = content_of(&app, &viewer, CaseId(case), &document).await?;
    if method != Method::GET {
        // Only who gets something gets a part of it.
        headers.remove(header::RANGE);
    }
    serve(&app, &found, &headers, Purpose::Keeping).await
}

/// The content of a case that somebody may get: by its identifier, or the latest of a kind of paper.
///
/// # Errors
/// `not_found`, also where it is only not for him.
pub(crate) async fn content_of(
    app: &App,
    viewer: &Viewer,
    case: CaseId,
    document: &str,
) -> Result<CaseContent, Problem> {
    let sight = policy::see(app, viewer, case).await?;
    let held = app.store.reading_as(viewer).contents_of(case).await?;
    let mut seen = held.into_iter().rev().filter(|content| policy::sees_content(sight, content));
    let found = match Uuid::parse_str(document) {
        Ok(id) => seen.find(|content| content.id == id),
        Err(_) => seen.find(|content| !content.is_field && content.name == document),
    };
    found.ok_or_else(Problem::not_found)
}

/// A document of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentView {
    /// Its content, for getting it; none where only its hash was recorded.
    pub(crate) id: Option<Uuid>,
    /// The kind of paper; none for a file that was filled in.
    #[schema(example = "charter")]
    pub(crate) kind: Option<String>,
    /// The field in which it was filled in.
    pub(crate) field: Option<String>,
    /// Whether it is the one that counts: no later one has taken its place.
    pub(crate) latest: bool,
    /// What the file is called.
    #[schema(example = "charter.pdf")]
    pub(crate) name: String,
    /// What it is.
    #[schema(example = "application/pdf")]
    pub(crate) media_type: String,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// Its SHA-256, as the timeline has it.
    pub(crate) sha256: String,
    /// When it was handed in.
    pub(crate) at: DateTime<Utc>,
    /// Whether a virus scanner has looked at it and found nothing.
    pub(crate) scanned: bool,
    /// What was said of it by whoever looked at it.
    pub(crate) verdict: Option<VerdictView>,
}

/// What somebody said of a paper.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerdictView {
    /// Whether it is good.
    pub(crate) good: bool,
    /// Why it is not.
    pub(crate) reason: Option<String>,
    /// When.
    at: DateTime<Utc>,
    /// Who; none where an applicant looks.
    person: Option<Uuid>,
}

impl VerdictView {
    fn of(verdict: &Verdict, sight: Sight) -> Self {
        Self {
            good: verdict.refused.is_none(),
            reason: verdict.refused.clone(),
            at: verdict.at,
            person: Some(verdict.by.0).filter(|_| sight == Sight::Office),
        }
    }
}

/// The documents of a case that somebody who sees it like that is shown.
pub(crate) fn documents(case: &Case, held: &[CaseContent], sight: Sight) -> Vec<DocumentView> {
    let latest = |content: &CaseContent| {
        let same = |other: &&CaseContent| {
            (other.is_field, &other.name) == (content.is_field, &content.name)
        };
        held.iter().rfind(same).is_some_and(|last| last.seq == content.seq)
    };
    let kept = held.iter().filter(|content| policy::sees_content(sight, content)).map(|content| {
        let paper = case.documents.get(content.name.as_str()).filter(|paper| {
            !content.is_field && latest(content) && paper.file.sha256 == content.file.sha256
        });
        let verdict = paper.and_then(|paper| paper.verdict.as_ref());
        let name = Some(content.name.clone());
        DocumentView {
            id: Some(content.id),
            kind: name.clone().filter(|_| !content.is_field),
            field: name.filter(|_| content.is_field),
            latest: latest(content),
            name: content.file.name.clone(),
            media_type: content.file.media_type.clone(),
            size: content.file.size,
            sha256: content.file.sha256.clone(),
            at: content.at,
            scanned: content.clean,
            verdict: verdict.map(|verdict| VerdictView::of(verdict, sight)),
        }
    });
    // Those of which only the hash was recorded, from the command line.
    let elsewhere = case.documents.iter().filter(|(kind, paper)| {
        let is_kept = |one: &CaseContent| {
            !one.is_field && one.name == kind.as_str() && one.file.sha256 == paper.file.sha256
        };
        sight == Sight::Office && !held.iter().any(is_kept)
    });
    let elsewhere = elsewhere.map(|(kind, paper)| DocumentView {
        id: None,
        kind: Some(kind.to_string()),
        field: None,
        latest: true,
        name: paper.file.name.clone(),
        media_type: paper.file.media_type.clone(),
        size: paper.file.size,
        sha256: paper.file.sha256.clone(),
        at: paper.at,
        scanned: false,
        verdict: paper.verdict.as_ref().map(|verdict| VerdictView::of(verdict, sight)),
    });
    kept.chain(elsewhere).collect()
}
