//! The receipt of an application: what was received when, by what it is found again, until when there is an
//! answer, and the hash by which nobody can change afterwards what was handed in.

use std::fmt::Write as _;

use askama::Template;
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use parvaneh_core::CaseId;
use parvaneh_store::{Proven, SignedCheckpoint};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::Seen,
    super::{
        super::{Frame, page, see, visit::Visit},
        Tab,
        head::{Head, Until, until},
        names::Names,
        wording::term,
    },
    Own, open_own,
};
use crate::{App, body::Path, problem::Problem, shown::Moment};

/// A paper that came with it.
#[derive(Clone, Debug)]
struct Paper {
    title: String,
    name: String,
    hash: String,
}

#[derive(Template)]
#[template(path = "mine/receipt.html")]
struct Receipt {
    frame: Frame,
    head: Head,
    name: String,
    back: String,
    received: Moment,
    term: String,
    /// As it was when it was received; what stands on the page of the case may have moved.
    until: Option<Until>,
    /// SHA-256 of the first event, in groups as it is read out.
    hash: String,
    papers: Vec<Paper>,
    /// Where it stands in the log that is sealed and signed: its number there, from 1, and how many there were.
    sealed: Option<(String, String, Moment)>,
    /// Where the proof of that is.
    proof: String,
}

pub(super) async fn receipt(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let seen = match open_own(&app, visit, case).await? {
        Own::His(seen) => seen,
        Own::Others(there) => return Ok(see(&there)),
    };
    let (words, case) = (seen.words(), &seen.seen.file.case);
    let timeline = app.store.reading_as(&seen.visit.viewer).timeline(case.id).await?;
    let first = timeline.entries.first().ok_or_else(Problem::not_found)?;
    let names = Names::named(&app, [case.applicant].into()).await?;
    let papers = timeline.entries.iter().filter_map(|entry| match &entry.event.fact {
        parvaneh_core::Fact::DocumentAttached { document, file, .. }
            if entry.event.effective_at == first.event.effective_at =>
        {
            let kind = seen.definition().documents.get(document);
            Some(Paper {
                title: kind
                    .map_or_else(|| document.to_string(), |kind| words.of(&kind.title).to_owned()),
                name: file.name.clone(),
                hash: file.sha256.chars().take(16).collect(),
            })
        }
        _ => None,
    });
    let shown = Receipt {
        head: seen.head(Tab::Beside),
        name: names.person(case.applicant),
        back: format!("/my/{}", case.id),
        received: seen.moment(case.opened_at),
        term: term(seen.definition().statutory.term, words).into(),
        until: case.statutory.as_ref().map(|clock| until(&seen, clock)),
        hash: grouped(&first.hash),
        papers: papers.collect(),
        sealed: sealed(&app, &seen, case.id).await?.map(|(checkpoint, proven)| {
            let at = seen.moment(checkpoint.signed_at);
            (words.number(proven.position + 1), words.number(checkpoint.size), at)
        }),
        proof: format!("/my/{}/proof", case.id),
        frame: seen.visit.frame(words.t("receipt-title")),
    };
    page(&seen.visit.look, &shown)
}

/// Where the first event stands in the log as it was signed last; `None` as long as it is not.
async fn sealed(
    app: &App,
    seen: &Seen,
    case: CaseId,
) -> Result<Option<(SignedCheckpoint, Proven)>, Problem> {
    let Some(checkpoint) = app.store.checkpoint().await? else { return Ok(None) };
    let store = app.store.reading_as(&seen.visit.viewer);
    let proven = store.inclusion(case.0, 1, checkpoint.size).await?;
    Ok(proven.map(|proven| (checkpoint, proven)))
}

/// What proves that the application was sealed as it was received: docs/PROOF.md, `parvaneh audit receipt`.
pub(super) async fn proof(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let seen = match open_own(&app, visit, case).await? {
        Own::His(seen) => seen,
        Own::Others(there) => return Ok(see(&there)),
    };
    let timeline = app.store.reading_as(&seen.visit.viewer).timeline(CaseId(case)).await?;
    let first = timeline.entries.first().ok_or_else(Problem::not_found)?;
    let sealed = sealed(&app, &seen, CaseId(case)).await?;
    let mut receipt = json!({
        "format": "parvaneh-receipt/1",
        "case": case,
        "seq": 1,
        "body": first.bytes,
        "hash": grouped(&first.hash).replace(' ', ""),
        "sealed": sealed.is_some(),
    });
    if let Some((checkpoint, proven)) = sealed {
        receipt["position"] = proven.position.into();
        receipt["proof"] = STANDARD.encode(proven.proof.concat()).into();
        receipt["checkpoint"] = checkpoint.note.into();
        receipt["key"] = app.store.signer_key().await?.into();
    }
    let name = format!("attachment; filename=\"receipt-{case}.json\"");
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(receipt)).into_response())
}

/// A hash in hexadecimal digits, eight at a time.
fn grouped(hash: &[u8]) -> String {
    let mut text = String::with_capacity(72);
    for (place, byte) in hash.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
