//! The service as a whole.

use std::sync::Arc;

use axum::Router;
use parvaneh_core::{Case, Definition};
use parvaneh_store::{Store, Viewer};
use tokio::sync::Semaphore;

use crate::{
    Settings, api,
    api::Sender,
    auth::{Passwords, Principal},
    events::Hub,
    health::{self, Ending, Probe},
    layers,
    limits::Limiter,
    problem::Problem,
};

/// What every handler has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The cases.
    pub store: Store,
    /// How the service behaves.
    pub settings: Arc<Settings>,
    pub(crate) passwords: Passwords,
    pub(crate) limiter: Arc<Limiter>,
    /// When the service is about to end.
    pub(crate) ending: Ending,
    pub(crate) probe: Probe,
    /// Where everybody waits who wants to hear what changes.
    pub(crate) hub: Hub,
    /// As many as uploads are received at the same time.
    pub(crate) uploads: Arc<Semaphore>,
    /// What webhooks are sent by, where something is.
    pub(crate) sender: Option<Arc<dyn Sender>>,
}

impl App {
    /// The service over a store.
    pub fn new(store: Store, settings: Settings) -> Self {
        let uploads = Arc::new(Semaphore::new(settings.documents.at_once));
        Self {
            limiter: Arc::new(Limiter::new(settings.limits)),
            store,
            settings: Arc::new(settings),
            passwords: Passwords::new(),
            ending: Ending::new(),
            probe: Probe::default(),
            hub: Hub::new(),
            uploads,
            sender: None,
        }
    }

    /// The same, with what webhooks are sent by.
    #[must_use]
    pub fn with_sender(self, sender: Arc<dyn Sender>) -> Self {
        Self { sender: Some(sender), ..self }
    }

    /// The definition by which a case runs.
    pub(crate) async fn definition_of(&self, case: &Case) -> Result<Arc<Definition>, Problem> {
        Ok(self.store.definition(&case.workflow, Some(case.version)).await?)
    }

    /// What the caller is and sees now.
    pub(crate) async fn viewer(&self, caller: &Principal) -> Result<Viewer, Problem> {
        self.store.viewer(caller.person).await?.ok_or_else(Problem::unauthenticated)
    }
}

/// Every address of the service.
pub fn router(app: App) -> Router {
    let (api, _) = api::router().split_for_parts();
    let router = Router::new().merge(api).merge(api::description()).merge(health::router());
    layers::around(router, &app).with_state(app)
}
