//! `parvaneh people login`.

use clap::Args;
use parvaneh_store::Store;
use parvaneh_web::{App, Settings, password_link};
use serde_json::json;

use crate::{command::serve::public_url, failure::Failure, output::Output, who::person};

/// Let a person log in, or let him choose a new password; prints a link that works once
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Name or identifier
    person: String,
    /// With what he logs in (needed the first time)
    #[arg(long, value_name = "LOGIN")]
    name: Option<String>,
    /// Where people reach the service
    #[arg(
        long,
        default_value = "http://127.0.0.1:8080",
        env = "PARVANEH_PUBLIC_URL",
        value_name = "URL"
    )]
    public_url: String,
}

impl Login {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let public_url = public_url(&self.public_url)?;
        let person = person(store, &self.person).await?;
        let known = store.account(person.id).await?;
        let login = match (self.name, known) {
            (Some(login), _) => {
                let login = login.trim().to_owned();
                if login.is_empty() || login.len() > 200 || login.chars().any(char::is_control) {
                    return Err(Failure::no("bad-login", "a login has 1 to 200 characters"));
                }
                store.save_account(person.id, &login).await?;
                login
            }
            (None, Some(account)) => account.login,
            (None, None) => {
                return Err(Failure::usage(format!("{} cannot log in yet", person.name))
                    .help("say with what he logs in: --name LOGIN"));
            }
        };
        let app = App::new(store.clone(), Settings { public_url, ..Settings::default() });
        let link = password_link(&app, person.id).await;
        let link =
            link.map_err(|problem| Failure::internal(format!("no link: {}", problem.code)))?;
        if out.json {
            return out.document(&json!({ "person": person.id, "login": login, "link": link }));
        }
        out.line(format!(
            "{} logs in as {login}, after choosing a password at\n  {link}\nIt works once, for three days.",
            out.isolate(&person.name)
        ))
    }
}
