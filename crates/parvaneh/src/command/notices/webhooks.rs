//! `parvaneh notices webhooks`: programs that are told of events.

use clap::{Args, Subcommand};
use parvaneh_core::{UnitId, WorkflowId};
use parvaneh_store::{NewWebhook, Store, Webhook};
use parvaneh_worker::webhook::Secret;
use rand::TryRng;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    channels::ChannelOptions,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table},
};

/// Add and list programs that are told of events
///
/// Each event of a case that a webhook wants is sent to it as a CloudEvent by POST, signed as
/// Standard Webhooks has it (docs/NOTICES.md). An event may come twice, with the same webhook-id.
#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    Add(Add),
    /// List webhooks
    List,
    /// Remove a webhook; what waits for it is given up
    Remove {
        /// Which
        id: Uuid,
    },
    /// Tell a webhook nothing more; what waits for it is given up
    Disable {
        /// Which
        id: Uuid,
    },
    /// Tell a webhook of what happens from now on again
    Enable {
        /// Which
        id: Uuid,
    },
}

/// Add a webhook; prints its secret, which is not shown again
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Where events are sent to: an https address on the public network
    url: String,
    /// Only events of this workflow
    #[arg(long)]
    workflow: Option<String>,
    /// Only events of cases at this unit or below it
    #[arg(long)]
    unit: Option<String>,
    /// Only events of this kind: opened, acted, escalated, …
    #[arg(long = "kind")]
    kinds: Vec<String>,
    /// Tell it also what people filled in, and what their papers are called (default: only which
    /// fields and papers)
    #[arg(long)]
    with_values: bool,
    /// The secret (default: a new one)
    #[arg(long, env = "PARVANEH_WEBHOOK_SECRET", value_name = "whsec_…")]
    secret: Option<String>,
    #[command(flatten)]
    channels: ChannelOptions,
}

impl Webhooks {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            database.warn_of_no_key();
            let store = &database.store;
            match self {
                Self::Add(add) => add.run(store, out).await,
                Self::List => list(&store.webhooks().await?, out),
                Self::Remove { id } => changed(store.remove_webhook(id).await?, id, out, "removed"),
                Self::Disable { id } => {
                    let because = Some("switched off by hand".to_owned());
                    changed(store.disable_webhook(id, because).await?, id, out, "disabled")
                }
                Self::Enable { id } => {
                    changed(store.disable_webhook(id, None).await?, id, out, "enabled")
                }
            }
        })
    }
}

impl Add {
    async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let url = self.channels.poster()?.check(&self.url).map_err(|error| {
            Failure::no("bad-webhook-address", error.to_string()).help(
                "name an https address on the public network, or allow its network by \
                 PARVANEH_WEBHOOK_ALLOW, also for `parvaneh worker`",
            )
        })?;
        if let Some(unit) = &self.unit
            && store.organisation().await?.get(&UnitId::from(unit.as_str())).is_none()
        {
            return Err(Failure::no("unknown-unit", format!("there is no unit '{unit}'"))
                .help("`parvaneh organisation list` tells the units"));
        }
        if let Some(workflow) = &self.workflow {
            store.definition(&WorkflowId::from(workflow.as_str()), None).await?;
        }
        for kind in &self.kinds {
            let kinds = parvaneh_core::Fact::kinds();
            if !kinds.contains(&kind.as_str()) {
                let hint = parvaneh_core::document::did_you_mean(kind, kinds.iter().copied());
                let hint = hint.map_or(String::new(), |meant| format!(": did you mean '{meant}'?"));
                let message = format!("no event is of the kind '{kind}'{hint}");
                return Err(Failure::no("unknown-kind", message)
                    .help(format!("the kinds are {}", kinds.join(", "))));
            }
        }
        let secret = match self.secret {
            Some(secret) => secret,
            None => Secret::write(random()?),
        };
        if let Err(error) = Secret::parse(&secret) {
            return Err(Failure::no("bad-secret", error.to_string())
                .help("leave it out, and a good one is made"));
        }
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let id = Uuid::now_v7();
        let webhook = NewWebhook {
            id,
            url: url.to_string(),
            secret: secret.clone(),
            workflow: self.workflow.map(WorkflowId::from),
            unit: self.unit.map(UnitId::from),
            kinds: self.kinds,
            with_values: self.with_values,
        };
        store.add_webhook(webhook).await?;
        if out.json {
            return out.document(&json!({ "id": id, "url": url.as_str(), "secret": secret }));
        }
        out.line(format!("webhook {id}\nsecret  {secret}\nKeep the secret: it is not shown again."))
    }
}

/// From the operating system: a secret must not be guessed.
fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    let filled = rand::rngs::SysRng.try_fill_bytes(&mut bytes);
    filled.map_err(|error| Failure::internal(format!("no random numbers can be had: {error}")))?;
    Ok(bytes)
}

/// That there is no such webhook.
pub(super) fn no_such(id: Uuid) -> Failure {
    Failure::no("unknown-webhook", format!("there is no webhook {id}"))
        .help("`parvaneh notices webhooks list` tells them")
}

fn changed(found: bool, id: Uuid, out: &Output, done: &str) -> Result<(), Failure> {
    if !found {
        return Err(no_such(id));
    }
    if out.json { out.document(&json!({ "id": id, "done": done })) } else { out.line(done) }
}

fn list(webhooks: &[Webhook], out: &Output) -> Result<(), Failure> {
    if out.json {
        let document = |webhook: &Webhook| -> Value {
            json!({
                "id": webhook.id,
                "url": webhook.url,
                "workflow": webhook.workflow,
                "unit": webhook.unit,
                "kinds": webhook.kinds,
                "with_values": webhook.with_values,
                "created_at": webhook.created_at,
                "disabled": webhook.disabled,
                "waiting": webhook.waiting,
                "failed": webhook.failed,
            })
        };
        return out.document(&webhooks.iter().map(document).collect::<Vec<_>>());
    }
    let columns = [
        ("identifier", Align::Left),
        ("address", Align::Left),
        ("events", Align::Left),
        ("waiting", Align::Right),
        ("failed", Align::Right),
        ("state", Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    for webhook in webhooks {
        let of = webhook.workflow.iter().map(|workflow| format!("of {workflow}"));
        let at = webhook.unit.iter().map(|unit| format!("at {unit}"));
        let only = webhook.kinds.iter().cloned().chain(of).chain(at).collect::<Vec<_>>();
        table.row([
            webhook.id.to_string(),
            webhook.url.clone(),
            if only.is_empty() { "all".to_owned() } else { only.join(", ") },
            webhook.waiting.to_string(),
            webhook.failed.to_string(),
            webhook.disabled.as_ref().map_or("on".to_owned(), |because| format!("off: {because}")),
        ]);
    }
    out.line(table.render("no webhooks"))
}
