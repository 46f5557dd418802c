//! The simulation's hands: the store's write path, the worker's rounds and the sandbox clock.

use parvaneh_core::{Instant, WorkflowId};
use parvaneh_store::{
    ExecuteError, Executed, Request as StoreRequest, SandboxClock, Store, StoreError,
};

use super::{
    country::Person,
    year::{Asks, Changed, Engine, Request},
};

/// How many due cases a round of the worker takes.
const ROUND: usize = 500;

/// A sandbox database, lived in by simulated people.
pub(crate) struct Sandbox<'s> {
    store: &'s Store,
    clock: SandboxClock,
    workflow: WorkflowId,
}

impl<'s> Sandbox<'s> {
    pub(crate) fn new(store: &'s Store, workflow: WorkflowId) -> Self {
        Self { store, clock: store.sandbox_clock(), workflow }
    }

    fn request(&self, request: Request) -> StoreRequest {
        match request.asks {
            Asks::Open(application) => {
                StoreRequest::open(request.by, self.workflow.clone(), application)
            }
            Asks::Do(command) => StoreRequest::command(request.by, request.case, command),
        }
    }
}

impl Engine for Sandbox<'_> {
    type Error = ExecuteError;

    async fn set_clock(&self, at: Instant) -> Result<(), ExecuteError> {
        self.clock.set_frozen(at).await.map_err(store)?;
        Ok(())
    }

    async fn work(&self) -> Result<Vec<Changed>, ExecuteError> {
        let mut changed = Vec::new();
        loop {
            let round = parvaneh_worker::escalate::once(self.store, ROUND).await.map_err(store)?;
            let full = round.claimed >= ROUND;
            changed.extend(
                round.done.into_iter().filter(|done| !done.events.is_empty()).map(changed_case),
            );
            if !full {
                return Ok(changed);
            }
        }
    }

    async fn execute(&self, requests: Vec<Request>) -> Result<Vec<Option<Changed>>, ExecuteError> {
        let requests = requests.into_iter().map(|request| self.request(request)).collect();
        let answers = self.store.execute_batch(requests).await;
        let case = |answer: Result<Executed, ExecuteError>| match answer {
            Ok(executed) => Ok(Some(changed_case(executed))),
            Err(ExecuteError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        };
        answers.into_iter().map(case).collect()
    }

    async fn register(&self, people: &[Person]) -> Result<(), ExecuteError> {
        let grants = people
            .iter()
            .flat_map(|person| person.grants.iter().map(|grant| (person.id, grant.clone())));
        let named = people.iter().map(|person| (person.id, person.name.clone())).collect();
        self.store.save_people(named).await.map_err(store)?;
        self.store.grant(grants.collect()).await.map_err(store)
    }
}

fn changed_case(executed: Executed) -> Changed {
    Changed { case: executed.case, next_due: executed.next_due }
}

fn store(error: StoreError) -> ExecuteError {
    error.into()
}
