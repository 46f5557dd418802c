//! Papers and files: which are asked for, which are there, and what was said of them.

use askama::Template;
use axum::{extract::State, http::HeaderMap, response::Response};
use parvaneh_core::{
    CaseId, DocumentId,
    decide::Possible,
    form::{PaperState, checklist},
};
use uuid::Uuid;

use super::{
    super::{Frame, page, visit::Visit},
    Seen, Tab,
    head::Head,
    open,
};
use crate::{
    App,
    api::documents::{DocumentView, content_of, documents as held_documents},
    body::Path,
    documents::{Purpose, can_be_looked_at, serve},
    problem::Problem,
    say::{Said, Words},
    shown::{Day, Mark, Moment},
};

/// A paper that the step asks for.
#[derive(Clone, Debug)]
struct Asked {
    title: String,
    required: bool,
    state: String,
    mark: Mark,
    /// Until when it is good.
    good_until: Option<Day>,
    /// Where it is handed in.
    attach: Option<String>,
    /// Where somebody says whether it is good.
    verify: Option<String>,
}

/// A file.
#[derive(Clone, Debug)]
struct Held {
    /// What it is here.
    title: String,
    name: String,
    size: String,
    at: Moment,
    /// Whether no later one has taken its place.
    latest: bool,
    scanned: bool,
    verdict: Option<(bool, Option<String>)>,
    /// Where it is got from; none where only its hash was recorded.
    address: Option<String>,
    /// Where it is looked at; none where no browser shows it.
    view: Option<String>,
    /// Whether it is a picture.
    picture: bool,
}

#[derive(Template)]
#[template(path = "case/documents.html")]
struct Page {
    frame: Frame,
    head: Head,
    asked: Vec<Asked>,
    held: Vec<Held>,
}

pub(super) async fn documents(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    let held = held_documents(&seen.seen.file.case, &seen.held, seen.seen.sight);
    let mut held: Vec<Held> = held.iter().map(|document| shown(&seen, document)).collect();
    held.reverse();
    let shown_page =
        Page { frame: seen.frame(), head: seen.head(Tab::Documents), asked: asked(&seen), held };
    page(&seen.visit.look, &shown_page)
}

/// A file of the case in a frame of its page, or in a tab of its own.
pub(super) async fn view(
    State(app): State<App>,
    visit: Visit,
    Path((case, document)): Path<(Uuid, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let content = content_of(&app, &visit.viewer, CaseId(case), &document).await?;
    if !can_be_looked_at(&content.file.media_type) {
        return Err(Problem::not_found());
    }
    serve(&app, &content, &headers, Purpose::Looking).await
}

fn asked(seen: &Seen) -> Vec<Asked> {
    let (case, words) = (&seen.seen.file.case, seen.words());
    let Some(step) = seen.definition().steps.get(case.place.name()) else { return Vec::new() };
    let today = seen.own_calendar().local_date(seen.seen.file.now);
    let list = checklist(step, None).into_iter().filter_map(|(document, required)| {
        let kind = seen.definition().documents.get(document)?;
        let paper = case.documents.get(document);
        let (state, mark) = state(kind.state_of(paper, today), required, words);
        let may = |possible: &Possible, document: &DocumentId| match possible {
            Possible::AttachDocument { document: of, .. } => of == document,
            _ => false,
        };
        let attach = seen.seen.possible.iter().any(|one| may(one, document));
        let verify = Possible::VerifyDocument { document: document.clone() };
        let verify = seen.seen.possible.contains(&verify);
        let good_until = paper.and_then(|paper| kind.good_until(paper.issued));
        Some(Asked {
            title: words.of(&kind.title).to_owned(),
            required,
            state: state.into(),
            mark,
            good_until: good_until.map(|day| Day::of(day, words)),
            attach: attach.then(|| seen.address(&format!("/do/attach.{document}"))),
            verify: verify.then(|| seen.address(&format!("/do/verify.{document}"))),
        })
    });
    list.collect()
}

fn state(state: PaperState, required: bool, words: Words) -> (Said, Mark) {
    match state {
        PaperState::Good => (words.t("paper-good"), Mark::Done),
        PaperState::Missing if required => (words.t("paper-missing"), Mark::Near),
        PaperState::Missing => (words.t("paper-missing"), Mark::Free),
        PaperState::Unverified => (words.t("paper-unverified"), Mark::Near),
        PaperState::Refused => (words.t("paper-refused"), Mark::Late),
        PaperState::Expired => (words.t("paper-expired"), Mark::Late),
    }
}

fn shown(seen: &Seen, document: &DocumentView) -> Held {
    let words = seen.words();
    let kind = document.kind.as_deref().and_then(|kind| seen.definition().documents.get(kind));
    let field = document.field.as_deref().and_then(|field| seen.definition().field(field));
    let title = kind.map(|kind| &kind.title).or(field.map(|field| &field.title));
    let name = document.kind.as_ref().or(document.field.as_ref());
    let api = format!("/api/v1/cases/{}/documents", seen.seen.file.case.id);
    Held {
        title: match title {
            Some(title) => words.of(title).to_owned(),
            None => name.cloned().unwrap_or_default(),
        },
        name: document.name.clone(),
        size: size(document.size, words),
        at: seen.moment(document.at),
        latest: document.latest,
        scanned: document.scanned,
        verdict: document.verdict.as_ref().map(|said| (said.good, said.reason.clone())),
        address: document.id.map(|id| format!("{api}/{id}")),
        view: document
            .id
            .filter(|_| can_be_looked_at(&document.media_type))
            .map(|id| seen.address(&format!("/documents/{id}/view"))),
        picture: matches!(document.media_type.as_str(), "image/png" | "image/jpeg"),
    }
}

/// A length in words.
pub(super) fn size(bytes: u64, words: Words) -> String {
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    match bytes {
        0..1_000 => words.t("size-bytes").n("count", whole(bytes)).into(),
        1_000..1_000_000 => {
            words.t("size-kilobytes").n("count", whole(bytes.div_ceil(1_000))).into()
        }
        _ => words.t("size-megabytes").n("count", whole(bytes.div_ceil(1_000_000))).into(),
    }
}
