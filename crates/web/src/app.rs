//! The service as a whole.

use std::{ops::Deref, sync::Arc};

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
    known_texts::KnownTexts,
    layers,
    limits::Limiter,
    looks::Looks,
    pages,
    problem::Problem,
};

/// As many papers are set at the same time as leave others room to work.
const TYPESET_AT_ONCE: usize = 2;

/// The service, which every handler has at hand. Cheap to clone: every layer around it does, for every
/// request.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// What the service consists of.
#[derive(Debug)]
pub struct Parts {
    /// The cases.
    pub store: Store,
    /// How the service behaves.
    pub settings: Settings,
    pub(crate) passwords: Passwords,
    pub(crate) limiter: Limiter,
    /// When the service is about to end.
    pub(crate) ending: Ending,
    pub(crate) probe: Probe,
    /// Who has looked at what.
    pub(crate) looks: Looks,
    /// Where everybody waits who wants to hear what changes.
    pub(crate) hub: Hub,
    /// As many as uploads are received at the same time.
    pub(crate) uploads: Arc<Semaphore>,
    /// As many as papers are set at the same time.
    pub(crate) typesetting: Semaphore,
    /// What webhooks are sent by, where something is.
    pub(crate) sender: Option<Arc<dyn Sender>>,
    /// What was found out about published definitions.
    pub(crate) known_texts: KnownTexts,
    /// Whether this is a sandbox: it never changes.
    sandbox: OnceCell<bool>,
    /// Whose days pages count by that belong to no case.
    calendar: OnceCell<Option<CalendarId>>,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// The service over a store, which sends no webhooks.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self::made(store, settings, None)
    }

    /// The service over a store, with what its webhooks are sent by.
    pub fn sending(store: Store, settings: Settings, sender: Arc<dyn Sender>) -> Self {
        Self::made(store, settings, Some(sender))
    }

    fn made(store: Store, settings: Settings, sender: Option<Arc<dyn Sender>>) -> Self {
        let uploads = Arc::new(Semaphore::new(settings.documents.at_once));
        Self(Arc::new(Parts {
            limiter: Limiter::new(settings.limits),
            looks: Looks::new(store.clone(), settings.looks),
            store,
            settings,
            passwords: Passwords::new(),
            ending: Ending::new(),
            probe: Probe::default(),
            hub: Hub::new(),
            uploads,
            typesetting: Semaphore::new(TYPESET_AT_ONCE),
            sender,
            known_texts: KnownTexts::default(),
            sandbox: OnceCell::new(),
            calendar: OnceCell::new(),
        }))
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
