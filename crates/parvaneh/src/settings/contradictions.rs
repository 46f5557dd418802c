//! Settings that are each right and do not go together.

use std::net::SocketAddr;

use parvaneh_core::document::Problem;

use super::{file::problem, sources::Settings};

/// What does not go together, or is surely not meant. Warnings where the program would run.
pub(crate) fn contradictions(settings: &Settings) -> Vec<Problem> {
    let mut found = Vec::new();
    let value = |name: &str| settings.value(name);
    let mut tell = |name: &str, message: &str, help: &str| {
        let at = settings.given(name).map_or(0..0, |given| given.at.clone());
        let (file, text) = (settings.path_shown(), &settings.text);
        found.push(problem(&file, text, "contradiction", at, message.to_owned(), help));
        found.len() - 1
    };
    let mut warnings = Vec::new();
    match (value("smtp_url"), value("mail_from")) {
        (Some(url), Some(from)) => {
            if let Err(error) = parvaneh_worker::mail::Smtp::new(&url, &from) {
                tell("smtp_url", &format!("mails cannot be sent: {error}"), "see `mail_from` too");
            }
        }
        (Some(_), None) => {
            tell(
                "smtp_url",
                "a mail server is named, but no address to send from",
                "set mail_from",
            );
        }
        (None, Some(_)) => warnings.push(tell(
            "mail_from",
            "an address to send from is named, but no mail server: e-mail is off",
            "set smtp_url",
        )),
        (None, None) => {}
    }
    let (database, owner) = (value("database_url"), value("owner_database_url"));
    for (name, url) in [("database_url", &database), ("owner_database_url", &owner)] {
        if let Some(url) = url
            && crate::database::parse(url, name).is_err()
        {
            let help = "write postgres://user:password@host:5432/database";
            tell(name, &format!("'{name}' is not the address of a Postgres database"), help);
        }
    }
    if database.is_some() && database == owner {
        warnings.push(tell(
            "owner_database_url",
            "the program works as the owner of its tables",
            "the role in database_url should own nothing; see `parvaneh migrate --help`",
        ));
    }
    if database.is_none() && owner.is_some() {
        let message = "the owner's database is named, but not the application's";
        tell("owner_database_url", message, "set database_url to the same database");
    }
    if database.is_some() && settings.given("data_dir").is_some() {
        warnings.push(tell(
            "data_dir",
            "'data_dir' has no meaning where a database is named",
            "leave it out, or leave database_url out",
        ));
    }
    let said = settings.given("public_url").and_then(|_| value("public_url"));
    if let Some(url) = said {
        if let Err(failure) = crate::command::serve::public_url(&url) {
            tell("public_url", &failure.message, failure.help.as_deref().unwrap_or_default());
        }
    } else if let Some(listen) = value("listen").and_then(|text| text.parse::<SocketAddr>().ok())
        && !listen.ip().is_loopback()
    {
        warnings.push(tell(
            "listen",
            "others can reach the service, and 'public_url' does not say by which address",
            "set public_url to where people reach it, or their browsers are refused",
        ));
    }
    if let Some(issuer) = value("oidc_issuer") {
        let client_id = value("oidc_client_id").unwrap_or_default();
        let provider = parvaneh_web::OidcSettings { issuer, client_id, ..Default::default() };
        if let Err(error) = parvaneh_web::Oidc::new(provider) {
            let message = format!("nobody can log in by the identity provider: {error}");
            tell("oidc_issuer", &message, "see `oidc_client_id` too");
        }
    } else if value("oidc_client_id").is_some() {
        let message = "a client of an identity provider is named, but no provider";
        warnings.push(tell("oidc_client_id", message, "set oidc_issuer"));
    }
    for index in warnings {
        found[index].severity = parvaneh_core::document::Severity::Warning;
    }
    found
}
