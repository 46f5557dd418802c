//! What the top bar offers beside the name: a search, and what its reader was told.

use parvaneh_store::Viewer;

use super::frame::{is_body, works_on_cases};
use crate::{App, problem::Problem, say::Words};

/// The most that is counted of what is not read: more say nothing more.
const MOST: u32 = 99;

/// What the top bar offers.
#[derive(Clone, Debug)]
pub(crate) struct Top {
    /// Where a search leads, with `?text=`; none for who has nothing to search in.
    pub(super) search: Option<&'static str>,
    /// What the reader was told, where there is a page of it.
    pub(super) told: Option<Told>,
}

/// What somebody was told and has not read.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// So many; none where everything is read.
    pub(super) count: Option<String>,
    /// The same in words.
    pub(super) said: String,
}

impl Top {
    /// What is offered to somebody.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(app: &App, viewer: &Viewer, words: Words) -> Result<Self, Problem> {
        let told = match is_there("get /notices") {
            true => Some(Told::of(app, viewer, words).await?),
            false => None,
        };
        Ok(Self { search: search(viewer), told })
    }
}

/// Where somebody searches: in all cases that he sees, and where he only has a worklist, in that.
fn search(viewer: &Viewer) -> Option<&'static str> {
    let sees = viewer.actor.grants.iter().any(|grant| !is_body(viewer, grant));
    match () {
        () if sees && is_there("get /cases") => Some("/cases"),
        () if works_on_cases(viewer) => Some("/worklist"),
        () => None,
    }
}

/// Whether there is that page.
fn is_there(address: &str) -> bool {
    static ADDRESSES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(super::addresses);
    ADDRESSES.iter().any(|one| one == address)
}

impl Told {
    async fn of(app: &App, viewer: &Viewer, words: Words) -> Result<Self, Problem> {
        let reads = app.store.reading_as(viewer);
        let unread = reads.unread_notices(viewer.actor.person, MOST + 1).await?;
        Ok(match unread {
            0 => Self { count: None, said: words.t("bell-none").into() },
            1..=MOST => Self {
                count: Some(words.number(unread)),
                said: words.t("bell-unread").n("count", unread).into(),
            },
            _ => Self {
                count: Some(words.t("bell-more").n("most", MOST).into()),
                said: words.t("bell-unread-more").n("most", MOST).into(),
            },
        })
    }
}
