//! `parvaneh config check`.

use std::{path::PathBuf, time::Duration};

use clap::CommandFactory;
use parvaneh_core::document::has_errors;
use parvaneh_store::{Store, StoreOptions};
use parvaneh_worker::mail::{NotSent, Smtp};
use serde_json::{Value, json};

use crate::{
    cli::Cli,
    config::{Options, variable},
    database,
    failure::Failure,
    lifecycle::block_on,
    output::{Output, Problems},
    settings::{Settings, contradictions, masked},
};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tell whether the configuration can be right: exit 0, or 1 with every problem and its place
///
/// Names keys that are none (and the nearest that is), values that cannot be, secrets that every
/// account of the machine may read, and settings that do not go together; the environment is looked
/// at as well. Changes nothing, and prints no secret.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The file; if left out, the one that the program would use
    file: Option<PathBuf>,
    /// Also ask whether the database and the mail server answer
    #[arg(long)]
    connect: bool,
}

impl Check {
    pub(crate) fn run(
        self,
        settings: &Settings,
        _options: &Options,
        out: &Output,
    ) -> Result<(), Failure> {
        let named = self.file.map(|file| Settings::read(&Cli::command(), Some(file), &variable));
        let settings = named.as_ref().unwrap_or(settings);
        let mut problems = settings.problems.clone();
        problems.extend(settings.faults_outside_the_file());
        problems.extend(contradictions(settings));
        let mut answers = Vec::new();
        if self.connect {
            block_on(async {
                answers = vec![database_answers(settings).await, mail_answers(settings).await];
                Ok(())
            })?;
        }
        let unanswered = answers.iter().any(|answer| answer["answers"] == false);
        if out.json {
            out.document(&json!({
                "file": settings.path, "problems": problems, "servers": answers,
            }))?;
        } else {
            if !problems.is_empty() {
                let text = masked(&settings.text, &settings.keys);
                let shown = Problems { problems: &problems, source: Some(&text) };
                out.line(format!("{}\n", shown.render(out.colour)))?;
            }
            for answer in &answers {
                let said = answer["said"].as_str().unwrap_or_default();
                out.line(format!("{}: {said}", answer["server"].as_str().unwrap_or_default()))?;
            }
            let verdict = if has_errors(&problems) { "not sound" } else { "sound" };
            out.line(format!("{verdict}: {}", settings.path_shown()))?;
        }
        if has_errors(&problems) || unanswered { Err(Failure::answered()) } else { Ok(()) }
    }
}

fn answer(server: &str, done: Result<String, String>) -> Value {
    match done {
        Ok(said) => json!({ "server": server, "answers": true, "said": said }),
        Err(said) => json!({ "server": server, "answers": false, "said": said }),
    }
}

async fn database_answers(settings: &Settings) -> Value {
    let name = "database";
    let Some(url) = settings.value("database_url") else {
        return json!({ "server": name, "answers": null, "said": "none is named: a private Postgres" });
    };
    let answered = async {
        let connect = database::parse(&url, "DATABASE_URL").map_err(|failure| failure.message)?;
        let how = StoreOptions { patience: PATIENCE, ..StoreOptions::default() };
        let store = tokio::time::timeout(PATIENCE, Store::connect(connect, how)).await;
        let store = store.map_err(|_| "does not answer".to_owned())?;
        store.map_err(|error| error.to_string())?.close().await;
        Ok("answers, and is up to date".to_owned())
    };
    answer(name, answered.await)
}

async fn mail_answers(settings: &Settings) -> Value {
    let name = "mail server";
    let (Some(url), Some(from)) = (settings.value("smtp_url"), settings.value("mail_from")) else {
        return json!({ "server": name, "answers": null, "said": "e-mail is off" });
    };
    let answered = async {
        let smtp = Smtp::new(&url, &from).map_err(|error| error.to_string())?;
        match smtp.answers().await {
            Ok(()) => Ok(format!("{} answers, and takes our password", smtp.place())),
            Err(NotSent::NotNow(said) | NotSent::Never(said) | NotSent::Unknown(said)) => Err(said),
        }
    };
    answer(name, answered.await)
}
