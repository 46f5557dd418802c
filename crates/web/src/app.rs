//! The service as a whole.

use std::sync::Arc;

use axum::Router;
use parvaneh_core::{CalendarId, Calendars, Case, Definition};
use parvaneh_store::{Store, StoreError, Viewer};
use tokio::sync::{OnceCell, Semaphore};

use crate::{
    Settings, api,
    api::Sender,
    auth::{Passwords, Principal},
    events::Hub,
    health::{self, Ending, Probe},
    layers,
    limits::Limiter,
    pages,
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
    /// Whether this is a sandbox: it never changes.
    sandbox: Arc<OnceCell<bool>>,
    /// Whose days pages count by that belong to no case.
    calendar: Arc<OnceCell<Option<CalendarId>>>,
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
            sandbox: Arc::default(),
            calendar: Arc::default(),
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

    /// Whether this is a sandbox, whose clock can be moved.
    pub(crate) async fn is_sandbox(&self) -> Result<bool, Problem> {
        let asked = self
            .sandbox
            .get_or_try_init(async || Ok::<_, StoreError>(self.store.clock().await?.sandbox));
        Ok(*asked.await?)
    }

    /// The calendar of what belongs to no case: the first by its name; none where none is published.
    pub(crate) async fn calendar(&self) -> Result<Option<Arc<Calendars>>, Problem> {
        let first = self.calendar.get_or_try_init(async || {
            Ok::<_, StoreError>(self.store.calendar_ids().await?.into_iter().next())
        });
        match first.await? {
            Some(id) => Ok(Some(self.store.calendars(id).await?)),
            None => Ok(None),
        }
    }

    /// What the caller is and saw when he came in.
    pub(crate) async fn viewer(&self, caller: &Principal) -> Result<Viewer, Problem> {
        match &caller.viewer {
            Some(viewer) => Ok((**viewer).clone()),
            None => self.viewer_now(caller).await,
        }
    }

    /// What the caller is and sees now: for what lasts longer than a request.
    pub(crate) async fn viewer_now(&self, caller: &Principal) -> Result<Viewer, Problem> {
        self.store.viewer(caller.person).await?.ok_or_else(Problem::unauthenticated)
    }
}

/// Every address of the service.
pub fn router(app: App) -> Router {
    let (api, _) = api::router().split_for_parts();
    let router = Router::new()
        .merge(api)
        .merge(api::description())
        .merge(health::router())
        .merge(pages::router());
    layers::around(router, &app).with_state(app)
}
