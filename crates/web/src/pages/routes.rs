//! The addresses of pages, so that none is served that no test knows.

use axum::{
    Router,
    handler::Handler,
    routing::{get, post},
};

use crate::App;

/// Pages and where they are.
#[derive(Default)]
pub(super) struct Pages {
    router: Router<App>,
    addresses: Vec<String>,
}

impl Pages {
    /// A page that is shown.
    pub(super) fn get<H: Handler<T, App>, T: 'static>(mut self, path: &str, handler: H) -> Self {
        self.addresses.push(format!("get {path}"));
        Self { router: self.router.route(path, get(handler)), ..self }
    }

    /// A form that is sent.
    pub(super) fn post<H: Handler<T, App>, T: 'static>(mut self, path: &str, handler: H) -> Self {
        self.addresses.push(format!("post {path}"));
        Self { router: self.router.route(path, post(handler)), ..self }
    }

    /// These and those.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.addresses.extend(other.addresses);
        Self { router: self.router.merge(other.router), ..self }
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().map(String::as_str)
    }

    pub(super) fn router(self) -> Router<App> {
        self.router
    }
}
