//! Says what has changed, to whoever waits for it: which cases, and whose tasks.
//!
//! A notification takes a lock that all commits of the server share (see `hint`), so it never is part of
//! a transition: what was written is gathered, and a task of its own tells it, at most once in [`PAUSE`].
//! What would not fit is told as *many*. News can be lost with a connection: who needs to know looks now
//! and then ([`Store::seqs`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use parvaneh_core::{CaseId, PersonId, RoleId, UnitId, WorkflowId, event::Owner};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Row, postgres::PgListener};
use tokio::sync::mpsc::{self, error::TrySendError};
use uuid::Uuid;

use crate::{Store, StoreError, batch::Decision};

/// The channel on which it is told.
const CHANNEL: &str = "parvaneh_news";
const PAUSE: Duration = Duration::from_millis(200);
/// So many cases, owners and people are told by name.
const MOST: usize = 40;
/// Postgres takes no longer payload, in bytes.
const LONGEST: usize = 7_900;

/// The role at a unit, in a workflow, whose tasks have changed.
pub type Office = (WorkflowId, RoleId, UnitId);

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Whether more has changed than is named: everybody should look.
    pub many: bool,
    /// The cases, and how many events each has.
    pub cases: BTreeMap<CaseId, u32>,
    /// By whom tasks are done that were opened, changed or closed.
    pub offices: BTreeSet<Office>,
    /// Applicants and those who have tasks in hand.
    pub people: BTreeSet<PersonId>,
}

impl News {
    /// Anything may have changed.
    pub fn many() -> Self {
        Self { many: true, ..Self::default() }
    }

    fn gather(&mut self, decision: &Decision) {
        if self.many {
            return;
        }
        let case = &decision.decided.case;
        self.cases.insert(case.id, case.seq);
        for record in &decision.decided.tasks {
            let task = &record.task;
            self.people.extend(task.assignee);
            match &task.owner {
                Owner::Role(role) => {
                    let office = (case.workflow.clone(), role.clone(), task.unit.clone());
                    self.offices.insert(office);
                }
                Owner::Applicant => {
                    self.people.insert(case.applicant);
                }
            }
        }
        let most = self.cases.len().max(self.offices.len()).max(self.people.len());
        if most > MOST {
            *self = Self::many();
        }
    }

    fn told(&self) -> String {
        // The keys of a map are texts in JSON, and so are these.
        let text = serde_json::to_string(self).unwrap_or_default();
        match text.len() {
            1..=LONGEST => text,
            _ => serde_json::to_string(&Self::many()).unwrap_or_default(),
        }
    }
}

/// The way to the task that tells it.
#[derive(Debug)]
pub(crate) struct Newsroom {
    gathered: Arc<Mutex<News>>,
    ask: mpsc::Sender<()>,
}

impl Newsroom {
    pub(crate) fn start(writers: PgPool) -> Self {
        let (ask, asked) = mpsc::channel(1);
        let gathered = Arc::<Mutex<News>>::default();
        tokio::spawn(tell(writers, gathered.clone(), asked));
        Self { gathered, ask }
    }

    /// That has been written, and is committed.
    pub(crate) fn written<'a>(&self, decisions: impl IntoIterator<Item = &'a Decision>) {
        let mut gathered = held(&self.gathered);
        for decision in decisions {
            gathered.gather(decision);
        }
        let nothing = *gathered == News::default();
        drop(gathered);
        if nothing {
            return;
        }
        match self.ask.try_send(()) {
            // One waits already, and takes this along.
            Ok(()) | Err(TrySendError::Full(())) => {}
            // The store is being closed.
            Err(TrySendError::Closed(())) => {}
        }
    }
}

fn held(gathered: &Mutex<News>) -> MutexGuard<'_, News> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn tell(writers: PgPool, gathered: Arc<Mutex<News>>, mut asked: mpsc::Receiver<()>) {
    while asked.recv().await.is_some() {
        let news = mem::take(&mut *held(&gathered));
        if news == News::default() {
            continue;
        }
        let sent = sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(news.told());
        match sent.execute(&writers).await {
            Ok(_) => {}
            Err(sqlx::Error::PoolClosed) => break,
            Err(error) => {
                tracing::warn!(%error, "what has changed was not told");
                *held(&gathered) = News::many();
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Hears what has changed, in this process and in others.
#[derive(Debug)]
pub struct NewsListener {
    listener: PgListener,
}

impl NewsListener {
    /// Waits for the next news; after the connection was lost, for its return: then much may have
    /// changed.
    ///
    /// # Errors
    /// The database.
    pub async fn recv(&mut self) -> Result<News, StoreError> {
        let told = self.listener.try_recv().await?;
        let read = |text: &str| serde_json::from_str(text).ok();
        Ok(told.and_then(|told| read(told.payload())).unwrap_or_else(News::many))
    }
}

impl Store {
    /// Hears what has changed. It keeps a connection.
    ///
    /// # Errors
    /// The database.
    pub async fn listen_news(&self) -> Result<NewsListener, StoreError> {
        let mut listener = PgListener::connect_with(&self.engine.readers).await?;
        listener.listen(CHANNEL).await?;
        Ok(NewsListener { listener })
    }

    /// How many events each of these cases has, whoever may see them.
    ///
    /// # Errors
    /// The database.
    pub async fn seqs(&self, cases: &[CaseId]) -> Result<BTreeMap<CaseId, u32>, StoreError> {
        let ids: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
        let rows = sqlx::query("select id, seq from cases where id = any($1)")
            .bind(ids)
            .fetch_all(&self.engine.readers)
            .await?;
        rows.iter()
            .map(|row| Ok((CaseId(row.try_get(0)?), row.try_get::<i32, _>(1)? as u32)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_read_as_they_were_told_and_what_does_not_fit_is_many() {
        let id = |number: u128| CaseId(Uuid::from_u128(number));
        let office =
            |name: &str| (WorkflowId::from("w"), RoleId::from(name.to_owned()), UnitId::from("u"));
        let news = News {
            many: false,
            cases: (0..40).map(|number| (id(number), 7)).collect(),
            offices: [office("officer")].into(),
            people: [PersonId(Uuid::from_u128(1))].into(),
        };
        let read: News = serde_json::from_str(&news.told()).unwrap();
        assert_eq!(read, news);
        let long = (0..40).map(|number| office(&format!("{number}{}", "x".repeat(200)))).collect();
        let told = News { offices: long, ..news }.told();
        assert!(told.len() <= LONGEST);
        assert_eq!(serde_json::from_str::<News>(&told).unwrap(), News::many());
    }
}
