//! Takes what is to be sent and sends it, on every channel at once.
//!
//! Each delivery is sent by a task of its own, a bounded number at a time, and at most a few for one
//! webhook: a receiver that hangs holds up nobody but itself.

use std::{collections::HashMap, time::Duration};

use parvaneh_store::{Channel, Claimed, Outcome, Sent, Store, StoreError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    Shutdown, digest, mail, mail::Mailer, measure, pace::Pace, retry::Retry, webhook,
    webhook::Poster,
};

/// By what things are sent, and how.
#[derive(Debug)]
pub struct Channels {
    /// E-mail, where a server is named. Without one, mails wait (and are given up after three days).
    pub mail: Option<Mailer>,
    /// Webhooks.
    pub webhooks: Poster,
    /// When what failed is tried again.
    pub retry: Retry,
    /// For how long something is taken: whoever is killed keeps it that long. More than the longest
    /// sending takes.
    pub lease: Duration,
    /// How long to wait at most before looking again.
    pub idle: Duration,
    /// How many mails are under way at once.
    pub mails_at_once: usize,
    /// How many events are under way at once.
    pub events_at_once: usize,
    /// How many of them to one webhook.
    pub events_each: usize,
}

impl Channels {
    /// With the ordinary measures.
    pub fn new(mail: Option<Mailer>, webhooks: Poster) -> Self {
        Self {
            mail,
            webhooks,
            retry: Retry::default(),
            lease: Duration::from_secs(180),
            idle: Duration::from_secs(2),
            mails_at_once: 4,
            events_at_once: 32,
            events_each: 4,
        }
    }
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sendings {
    /// How many were taken by the other side.
    pub sent: u64,
    /// How many are to be tried again.
    pub again: u64,
    /// How many were given up, or may or may not have arrived.
    pub failed: u64,
}

impl std::ops::AddAssign for Sendings {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.again += other.again;
        self.failed += other.failed;
    }
}

/// Sends until shutdown begins, then waits for what is under way. Any number may do this side by
/// side. Survives a database that is away for a while.
pub async fn run(
    store: &Store,
    channels: &std::sync::Arc<Channels>,
    shutdown: Shutdown,
) -> Sendings {
    let digests = async {
        if channels.mail.is_some() {
            digest::run(store, channels.idle.max(Duration::from_secs(1)) * 10, shutdown.clone())
                .await;
        }
    };
    let mails = async {
        match channels.mail {
            Some(_) => Lane::new(store, channels, false).run(shutdown.clone()).await,
            None => Sendings::default(),
        }
    };
    let events = Lane::new(store, channels, true).run(shutdown.clone());
    let ((), mut mails, events) = tokio::join!(digests, mails, events);
    mails += events;
    mails
}

/// Sends what is to be sent now, and ends.
///
/// # Errors
/// The database.
pub async fn once(
    store: &Store,
    channels: &std::sync::Arc<Channels>,
    shutdown: &Shutdown,
) -> Result<Sendings, StoreError> {
    let mut total = Sendings::default();
    if channels.mail.is_some() {
        digest::plan(store).await?;
        total += Lane::new(store, channels, false).drain(shutdown).await?;
    }
    total += Lane::new(store, channels, true).drain(shutdown).await?;
    Ok(total)
}

/// Mails, or events for webhooks.
struct Lane<'a> {
    store: &'a Store,
    channels: &'a std::sync::Arc<Channels>,
    webhooks: bool,
    under_way: JoinSet<(Uuid, Outcome)>,
    busy: HashMap<Uuid, usize>,
    total: Sendings,
}

impl<'a> Lane<'a> {
    fn new(store: &'a Store, channels: &'a std::sync::Arc<Channels>, webhooks: bool) -> Self {
        let (under_way, busy) = (JoinSet::new(), HashMap::new());
        Self { store, channels, webhooks, under_way, busy, total: Sendings::default() }
    }

    async fn run(mut self, mut shutdown: Shutdown) -> Sendings {
        let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(5));
        let mut settle = tokio::time::interval(self.channels.lease.min(Duration::from_secs(10)));
        while !shutdown.has_begun() {
            let filled = self.fill().await;
            measure::round(if self.webhooks { "webhooks" } else { "mail" }, &filled);
            let wait = match filled {
                Ok(_) => {
                    trouble.begin_anew();
                    self.channels.idle
                }
                Err(error) => {
                    tracing::warn!(%error, error.code = error.code(), "nothing could be taken to be sent");
                    trouble.pause()
                }
            };
            tokio::select! {
                () = shutdown.begins() => break,
                _ = settle.tick() => self.settle().await,
                Some(ended) = self.under_way.join_next(), if !self.under_way.is_empty() => self.ended(ended),
                () = tokio::time::sleep(wait) => {}
            }
        }
        while let Some(ended) = self.under_way.join_next().await {
            self.ended(ended);
        }
        self.total
    }

    async fn drain(mut self, shutdown: &Shutdown) -> Result<Sendings, StoreError> {
        self.store.settle_deliveries(self.webhooks).await?;
        while !shutdown.has_begun() {
            let taken = self.fill().await?;
            match self.under_way.join_next().await {
                Some(ended) => self.ended(ended),
                None if taken == 0 => break,
                None => {}
            }
        }
        while let Some(ended) = self.under_way.join_next().await {
            self.ended(ended);
        }
        Ok(self.total)
    }

    async fn settle(&self) {
        if let Err(error) = self.store.settle_deliveries(self.webhooks).await {
            tracing::warn!(%error, error.code = error.code(), "what was left behind was not settled");
        }
    }

    /// Takes as much as may be under way, and sends it.
    async fn fill(&mut self) -> Result<usize, StoreError> {
        let Channels { lease, mails_at_once, events_at_once, events_each, .. } = **self.channels;
        let most = if self.webhooks { events_at_once } else { mails_at_once };
        let free = most.saturating_sub(self.under_way.len());
        if free == 0 {
            return Ok(0);
        }
        let taken = if self.webhooks {
            let full = self.busy.iter().filter(|(_, count)| **count >= events_each);
            let full = full.map(|(target, _)| *target).collect();
            self.store.claim_events(free, events_each, full, lease).await?
        } else {
            self.store.claim_mails(free, lease).await?
        };
        let count = taken.len();
        for claimed in taken {
            *self.busy.entry(claimed.reason.target).or_default() += 1;
            let (store, channels) = (self.store.clone(), self.channels.clone());
            self.under_way.spawn(async move {
                let target = claimed.reason.target;
                (target, deliver(&store, &channels, &claimed).await)
            });
        }
        Ok(count)
    }

    fn ended(&mut self, ended: Result<(Uuid, Outcome), tokio::task::JoinError>) {
        let (target, outcome) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // It stays claimed until its lease ends; which one it was is not known here.
                tracing::error!(%error, "a sending ended with a defect");
                self.busy.clear();
                return;
            }
        };
        if let Some(count) = self.busy.get_mut(&target) {
            *count -= 1;
            if *count == 0 {
                self.busy.remove(&target);
            }
        }
        match outcome {
            Outcome::Sent => self.total.sent += 1,
            Outcome::Again { .. } => self.total.again += 1,
            Outcome::Failed(_) | Outcome::Uncertain(_) => self.total.failed += 1,
            Outcome::Skipped(_) => {}
        }
    }
}

/// Sends one thing and records how it went.
async fn deliver(store: &Store, channels: &Channels, claimed: &Claimed) -> Outcome {
    let sent = match (claimed.reason.channel, &channels.mail) {
        (Channel::Webhook, _) => {
            webhook::send(store, &channels.webhooks, &channels.retry, claimed).await
        }
        (_, Some(mailer)) => {
            mail::send(store, mailer, &channels.retry, channels.lease, claimed).await
        }
        (_, None) => Ok(Outcome::Failed("e-mail is off: no server is named".to_owned())),
    };
    let outcome = sent.unwrap_or_else(|error| {
        // Before anything left: it could not even be read.
        let error = error.to_string();
        match channels.retry.after(&claimed.reason.to_string(), claimed.attempt) {
            Some(after) => Outcome::Again { error, after },
            None => Outcome::Failed(error),
        }
    });
    let reason = claimed.reason;
    // What a mail server says may hold the person's address: it stands with the delivery only.
    let told = |error: &str| match reason.channel {
        Channel::Webhook => error.to_owned(),
        _ => "`parvaneh notices failed` tells why".to_owned(),
    };
    match &outcome {
        Outcome::Sent | Outcome::Skipped(_) => tracing::debug!(%reason, "sent"),
        Outcome::Again { error, after } => {
            let (error, attempt) = (told(error), claimed.attempt);
            tracing::info!(%reason, error, ?after, attempt, "not sent yet");
        }
        Outcome::Failed(error) => {
            tracing::warn!(%reason, error = told(error), "not sent, and given up");
        }
        Outcome::Uncertain(error) => {
            tracing::warn!(%reason, error = told(error), "perhaps not sent");
        }
    }
    measure::sent(reason.channel, &outcome);
    record(store, claimed, &outcome).await;
    outcome
}

/// A database that is away for a moment must not make a mail that was sent an uncertain one.
async fn record(store: &Store, claimed: &Claimed, outcome: &Outcome) {
    let mut trouble = Pace::new(Duration::from_millis(50), Duration::from_secs(2));
    for _ in 0..20 {
        match store.finish_sending(claimed, outcome).await {
            Ok(Sent::Recorded) => return,
            Ok(Sent::NoLongerOurs) => {
                let reason = claimed.reason;
                tracing::warn!(%reason, "the lease had ended before it could be recorded");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "how a sending went is not recorded yet");
                tokio::time::sleep(trouble.pause()).await;
            }
        }
    }
}
