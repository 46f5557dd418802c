//! What people see in a browser and what other programs ask: pages and API.
//!
//! **Invariant.** No SQL: it calls the store's one write path and its read models, and knows no
//! worker. Nothing is shown or changed before [`policy`] has been asked.

pub mod api;
mod app;
pub mod auth;
mod body;
mod change;
mod compression;
mod documents;
mod events;
mod health;
mod known_texts;
mod language;
mod layers;
mod limits;
mod looks;
mod observe;
mod once;
mod page;
mod pages;
pub mod policy;
pub mod problem;
mod say;
mod server;
mod settings;
mod shown;
mod view;

pub use api::Sender;
pub use api::password_link;
pub use app::{App, router};
pub use auth::{Oidc, OidcSettings, OidcUnusable};
pub use documents::DocumentSettings;
pub use events::Streams;
pub use health::Ending;
pub use ipnet::IpNet;
pub use limits::{Limits, Rates};
pub use looks::LookSettings;
pub use pages::addresses as pages;
pub use pages::{LicenceTypesetter, Papers, Typesetter};
pub use server::{Connections, serve};
pub use settings::Settings;
