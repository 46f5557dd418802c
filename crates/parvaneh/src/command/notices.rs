//! `parvaneh notices`: what a person was told, and how people and programs are told.

mod failed;
mod preferences;
mod test;
mod webhooks;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table, minute},
    who::person,
};

/// Show what a person was told, the latest first; and set how people and programs are told
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  parvaneh notices --as 'Maryam Rezaei' --unread
  parvaneh notices preferences 'Maryam Rezaei' --email maryam@example.org --set warning=at-once
  parvaneh notices webhooks add https://hooks.example.org/parvaneh --kind opened --unit 23
  parvaneh notices failed"
)]
pub(crate) struct Notices {
    #[command(subcommand)]
    ask: Option<Ask>,
    /// Who: name or identifier
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS", required = true)]
    person: Option<String>,
    /// Only what has not been read
    #[arg(long)]
    unread: bool,
    /// Mark what is shown, and all that is older, as read
    #[arg(long)]
    mark_read: bool,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum Ask {
    Preferences(preferences::Preferences),
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    Failed(failed::Failed),
    Retry(failed::Retry),
    Test(test::Test),
}

impl Notices {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self.ask {
            Some(Ask::Preferences(preferences)) => preferences.run(options, out),
            Some(Ask::Webhooks(webhooks)) => webhooks.run(options, out),
            Some(Ask::Failed(failed)) => failed.run(options, out),
            Some(Ask::Retry(retry)) => retry.run(options, out),
            Some(Ask::Test(test)) => test.run(options, out),
            None => self.show(options, out),
        }
    }

    fn show(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let person = person(store, self.person.as_deref().unwrap_or_default()).await?.id;
            let notices = store.notices(person, self.unread, self.limit).await?;
            if out.json {
                let notices: Vec<_> = notices
                    .iter()
                    .map(|notice| {
                        json!({
                            "case": notice.case,
                            "subject": notice.subject,
                            "seq": notice.seq,
                            "kind": notice.kind,
                            "created_at": notice.created_at,
                            "read_at": notice.read_at,
                        })
                    })
                    .collect();
                out.document(&notices)?;
            } else {
                let columns = [
                    ("told", Align::Left),
                    ("kind", Align::Left),
                    ("subject", Align::Left),
                    ("case", Align::Left),
                    ("event", Align::Right),
                ];
                let mut table = Table::new(out, &columns);
                for notice in &notices {
                    let unread = if notice.read_at.is_none() { "* " } else { "" };
                    let told = minute(notice.created_at, chrono_tz::Asia::Tehran, out.dates);
                    table.row([
                        format!("{unread}{told}"),
                        notice.kind.clone(),
                        notice.subject.clone(),
                        notice.case.to_string(),
                        notice.seq.to_string(),
                    ]);
                }
                out.line(table.render("no notices"))?;
            }
            if let Some(latest) = notices.first().filter(|_| self.mark_read) {
                store.mark_notices_read(person, latest.created_at, None).await?;
            }
            Ok(())
        })
    }
}
