//! Links by which a body without a system answers an inquiry itself: made, shown once, taken back.

use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{BranchId, LinkId, decide::Possible};
use parvaneh_store::InquiryLinkRow;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{see, shown, visit::Visit},
    Seen,
    inquiries::{Page, page_of},
    open,
};
use crate::{
    App,
    api::inquiry_links::{LinkMade, USUAL_DAYS, make_link, revoke_link},
    body::Path,
    pages::form::Form,
    problem::Problem,
    shown::Moment,
};

/// A link that was made, as those who work on the case see it.
#[derive(Clone, Debug)]
pub(super) struct LinkShown {
    /// In whose name the body answers by it.
    pub(super) name: String,
    pub(super) until: Moment,
    pub(super) state: LinkState,
    /// Where it is taken back, while it opens something.
    pub(super) revoke: Option<String>,
}

/// How it stands with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkState {
    /// It opens the inquiry.
    Open,
    /// The answer came by it.
    Used,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Over,
}

/// A link that has just been made.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    /// Shown now, and never again.
    pub(super) link: String,
    pub(super) name: String,
    pub(super) until: Moment,
}

/// Whether the reader may record the answer of that body, and let it answer itself.
pub(super) fn may_record(seen: &Seen, branch: &BranchId) -> bool {
    let answers = |one: &Possible| matches!(one, Possible::Answer { branch: of } if of == branch);
    seen.seen.possible.iter().any(answers)
}

/// Where links of an inquiry are made.
pub(super) fn address(seen: &Seen, branch: &BranchId) -> String {
    seen.address(&format!("/inquiries/{branch}/links"))
}

/// The links that were made for an inquiry.
///
/// # Errors
/// The store's.
pub(super) async fn links_of(
    app: &App,
    seen: &Seen,
    branch: &BranchId,
) -> Result<Vec<LinkShown>, Problem> {
    let case = seen.seen.file.case.id;
    let rows = app.store.reading_as(&seen.visit.viewer).inquiry_links(case, branch).await?;
    let people: Vec<_> = rows.iter().map(|row| row.person).collect();
    let names = app.store.names_of(&people).await?;
    let shown = |row: &InquiryLinkRow| {
        let state = match row {
            InquiryLinkRow { used_at: Some(_), .. } => LinkState::Used,
            InquiryLinkRow { revoked_at: Some(_), .. } => LinkState::Revoked,
            row if row.expires_at <= seen.seen.file.now => LinkState::Over,
            _ => LinkState::Open,
        };
        let open = state == LinkState::Open && may_record(seen, branch);
        LinkShown {
            name: names.get(&row.person).cloned().unwrap_or_default(),
            until: seen.moment(row.expires_at),
            state,
            revoke: open.then(|| format!("{}/{}/revoke", address(seen, branch), row.id)),
        }
    };
    Ok(rows.iter().map(shown).collect())
}

/// A form that says nothing but that it was sent.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn make(
    State(app): State<App>,
    visit: Visit,
    Path((case, branch)): Path<(Uuid, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    let branch = BranchId::from(branch);
    if !may_record(&seen, &branch) {
        return Err(Problem::not_found());
    }
    let case = seen.seen.file.case.id;
    let made = make_link(&app, &seen.visit.viewer, case, branch.clone(), USUAL_DAYS).await?;
    let LinkMade { link, name, expires_at, .. } = made;
    let fresh = Fresh { link, name, until: seen.moment(expires_at) };
    // Not by another address, as after other changes: the link stands in none, and is shown once.
    let page: Page = page_of(&app, &seen, Some((branch, fresh))).await?;
    shown(StatusCode::CREATED, &seen.visit.look, &page)
}

pub(super) async fn revoke(
    State(app): State<App>,
    visit: Visit,
    Path((case, branch, link)): Path<(Uuid, String, Uuid)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    let branch = BranchId::from(branch);
    if !may_record(&seen, &branch) {
        return Err(Problem::not_found());
    }
    let case = seen.seen.file.case.id;
    revoke_link(&app, &seen.visit.viewer, case, branch, LinkId(link)).await?;
    Ok(see(&seen.address("/inquiries")))
}
