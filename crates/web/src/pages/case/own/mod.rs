//! What an applicant sees of his own: where each of his cases stands in few plain words, what waits for
//! him and until when, what came out, and a receipt to keep. What he does, he does on the pages of the
//! case, by the same commands as everybody.

mod follow;
mod list;
mod one;
mod receipt;
mod state;
mod track;

use std::collections::HashMap;

use parvaneh_core::CaseId;
use uuid::Uuid;

use super::{
    super::{routes::Pages, visit::Visit},
    Names, Seen,
};
use crate::{App, problem::Problem};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/my", list::list)
        .get("/track", track::ask)
        .post("/track", track::look)
        .get("/my/{case}", one::one)
        .get("/my/{case}/receipt", receipt::receipt)
        .get("/my/{case}/proof", receipt::proof)
}

/// A case, if it is the reader's own.
///
/// # Errors
/// `not_found` for who does not see it.
async fn open_own(app: &App, visit: Visit, case: Uuid) -> Result<Own, Problem> {
    let seen = app.store.case_file_for(&visit.viewer, CaseId(case)).await?;
    let seen = seen.ok_or_else(Problem::not_found)?;
    match visit.viewer.reach.accounts.contains(&seen.file.case.applicant) {
        true => Ok(Own::His(Box::new(Seen {
            visit,
            seen,
            obstacles: Vec::new(),
            held: Vec::new(),
            names: Names::default(),
            sittings: HashMap::new(),
        }))),
        false => Ok(Own::Others(format!("/cases/{case}"))),
    }
}

/// Whose a case is that somebody sees.
enum Own {
    /// His.
    His(Box<Seen>),
    /// Another's: where he sees it.
    Others(String),
}
