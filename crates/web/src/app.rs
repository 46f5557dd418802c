//! The service as a whole.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use parvaneh_core::{Case, Definition};
use parvaneh_store::{Store, Viewer};
use tokio::net::TcpListener;

use crate::{
    Settings, api,
    auth::{Passwords, Principal},
    layers,
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
}

impl App {
    /// The service over a store.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self { store, settings: Arc::new(settings), passwords: Passwords::new() }
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
    let (api, document) = api::router().split_for_parts();
    let router = Router::new().merge(api).merge(api::description(document));
    layers::around(router, &app).with_state(app)
}

/// Answers on that socket until `stop` is ready; then finishes what has begun.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}
