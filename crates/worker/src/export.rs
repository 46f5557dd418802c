//! Writes exports: those that wait, into the place where contents are kept, and one that goes straight to who asks.
//!
//! An export is written in one go from one snapshot. What is lost with its process is written again from the beginning
//! by whoever finds it silent; its bytes have another name then, so that two who both think it theirs never mix.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use chrono_tz::Tz;
use parvaneh_contents::{Arriving, Contents};
use parvaneh_export::{ExportError, Format, Options, Totals, Writer};
use parvaneh_store::{
    ExportDone, ExportMade, ExportMaker, ExportOrder, ExportRow, NotMade, Store, StoreError, Viewer,
};
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use crate::Shutdown;

/// How often it is said how far one has come.
const TOLD: Duration = Duration::from_secs(1);
/// How long nobody looks whether there is another: a person waits for it.
const IDLE: Duration = Duration::from_secs(1);
/// How many are thrown away in one round.
const BATCH: u32 = 100;
/// How often it is looked what is kept no longer.
const CLEARING: Duration = Duration::from_secs(60);

/// How long an export can be fetched, where nobody says otherwise.
pub const EXPORTS_STAY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many pieces of what somebody makes wait to be taken.
const WAITING: usize = 2;

/// Who makes the formats that are no list of events.
#[derive(Clone, Debug, Default)]
pub struct Makers(BTreeMap<Format, Arc<dyn ExportMaker>>);

impl Makers {
    /// With one more.
    #[must_use]
    pub fn with(mut self, format: Format, maker: Arc<dyn ExportMaker>) -> Self {
        self.0.insert(format, maker);
        self
    }
}

/// Where the bytes of an export go.
pub trait Sink: Send {
    /// Takes the next of them.
    ///
    /// # Errors
    /// Why it cannot; then nothing more comes.
    fn put(&mut self, piece: Vec<u8>) -> impl Future<Output = Result<(), String>> + Send;
}

/// Why an export was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is recorded, or its form.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// There is no such file of that; why.
    #[error("{0}")]
    Refused(String),
    /// Where it was to go.
    #[error("{0}")]
    Sink(String),
    /// Whoever asked for it sees no case at work any more.
    #[error("whoever asked for it may not export anything")]
    NotPermitted,
    /// Nobody wants it any more, or somebody else writes it.
    #[error("it was cancelled")]
    Cancelled,
    /// The program ends.
    #[error("the program ends")]
    Ending,
}

impl From<NotMade> for Unwritten {
    fn from(why: NotMade) -> Self {
        match why {
            NotMade::Store(error) => Self::Store(error),
            NotMade::NotPermitted => Self::NotPermitted,
            NotMade::Unwanted => Self::Cancelled,
            NotMade::Refused(why) => Self::Refused(why),
        }
    }
}

/// Where instants are told: the zone of the calendar of the country.
///
/// # Errors
/// The database.
pub async fn zone(store: &Store) -> Result<Tz, StoreError> {
    match store.calendars(&"ir".into()).await {
        Ok(calendars) => Ok(calendars.national().zone()),
        Err(StoreError::NoSuchCalendar(_)) => Ok(chrono_tz::Asia::Tehran),
        Err(error) => Err(error),
    }
}

/// Writes an export that somebody has begun, and says from time to time how far it has come.
///
/// # Errors
/// See [`Unwritten`]; what was written is no export then.
pub async fn write(
    store: &Store,
    makers: &Makers,
    export: &ExportRow,
    sink: &mut impl Sink,
    shutdown: &Shutdown,
    mut told: impl FnMut(&ExportRow) + Send,
) -> Result<ExportDone, Unwritten> {
    let viewer = store.viewer(export.asker).await?.ok_or(Unwritten::NotPermitted)?;
    if viewer.reach.jurisdictions.is_empty() {
        return Err(Unwritten::NotPermitted);
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        let why = error.to_string();
        StoreError::Unreadable { what: format!("export {}", export.id), why }
    };
    let format: Format = export.format.parse().map_err(|error| unreadable(&error))?;
    let options: Options =
        serde_json::from_value(export.options.clone()).map_err(|error| unreadable(&error))?;
    if let Some(maker) = makers.0.get(&format) {
        let order = ExportOrder { store, viewer: &viewer, export };
        return made(maker.as_ref(), order, sink, shutdown).await;
    }
    let mut writer = Writer::new(format, options, zone(store).await?)?;
    let mut recorded = store.recorded(&viewer, &export.scope).await?;
    let mut export = export.clone();
    export.cases_total = recorded.total();
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut last: Option<Instant> = None;
    while let Some(batch) = recorded.next().await? {
        for event in batch.events() {
            writer.event(&event?)?;
            if writer.is_full() {
                give(&mut writer, sink, &mut hash, &mut size).await?;
            }
        }
        if shutdown.has_begun() {
            return Err(Unwritten::Ending);
        }
        if last.is_none_or(|last| last.elapsed() >= TOLD) {
            last = Some(Instant::now());
            let Totals { events, cases } = writer.totals();
            (export.cases_done, export.events, export.cases) = (batch.cases_done(), events, cases);
            let wanted = store.export_advances(&export, batch.cases_done(), events, cases).await?;
            if !wanted {
                return Err(Unwritten::Cancelled);
            }
            told(&export);
        }
    }
    writer.end()?;
    while writer.more()? {
        give(&mut writer, sink, &mut hash, &mut size).await?;
    }
    let Totals { events, cases } = writer.totals();
    let sha256 = hash.finalize().into();
    Ok(ExportDone { reach: reach(&viewer), events, cases, size, sha256 })
}

/// Where somebody sees cases at work, as it is recorded.
fn reach(viewer: &Viewer) -> Vec<String> {
    let told = viewer.reach.jurisdictions.iter().map(|held| {
        let workflow = held.workflow.as_ref().map_or("*", |workflow| workflow.as_str());
        format!("{workflow}@{}", held.unit)
    });
    told.collect()
}

/// Has an export made, and gives on what comes. Says meanwhile that somebody works on it.
async fn made(
    maker: &dyn ExportMaker,
    order: ExportOrder<'_>,
    sink: &mut impl Sink,
    shutdown: &Shutdown,
) -> Result<ExportDone, Unwritten> {
    let (pieces, mut coming) = mpsc::channel::<Vec<u8>>(WAITING);
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut making = pin!(maker.make(order, pieces));
    let mut done: Option<ExportMade> = None;
    let mut told = tokio::time::interval(TOLD);
    loop {
        tokio::select! {
            result = &mut making, if done.is_none() => done = Some(result?),
            piece = coming.recv() => match (piece, done) {
                (Some(piece), _) => {
                    hash.update(&piece);
                    size += piece.len() as u64;
                    sink.put(piece).await.map_err(Unwritten::Sink)?;
                }
                (None, Some(ExportMade { events, cases })) => {
                    let sha256 = hash.finalize().into();
                    let reach = reach(order.viewer);
                    return Ok(ExportDone { reach, events, cases, size, sha256 });
                }
                // Whoever makes it has nothing more to give, and has not said so yet.
                (None, None) => done = Some((&mut making).await?),
            },
            _ = told.tick() => {
                if shutdown.has_begun() {
                    return Err(Unwritten::Ending);
                }
                if !order.store.export_advances(order.export, 0, 0, 0).await? {
                    return Err(Unwritten::Cancelled);
                }
            }
        }
    }
}

async fn give(
    writer: &mut Writer,
    sink: &mut impl Sink,
    hash: &mut Sha256,
    size: &mut u64,
) -> Result<(), Unwritten> {
    let piece = writer.take();
    hash.update(&piece);
    *size += piece.len() as u64;
    sink.put(piece).await.map_err(Unwritten::Sink)
}

/// The name of the bytes of an export: another one for each attempt.
pub fn content_of(export: &ExportRow) -> Uuid {
    parvaneh_store::export_content(export.id, export.attempt)
}

struct Kept(Option<Arriving>);

impl Sink for Kept {
    async fn put(&mut self, piece: Vec<u8>) -> Result<(), String> {
        match &mut self.0 {
            Some(arriving) => arriving.push(piece.into()).await.map_err(|error| error.to_string()),
            None => Err("it has ended".to_owned()),
        }
    }
}

/// Writes the next export that waits, if there is one.
///
/// # Errors
/// The database.
pub async fn once(
    store: &Store,
    makers: &Makers,
    contents: &Contents,
    keep: Duration,
    shutdown: &Shutdown,
) -> Result<bool, StoreError> {
    let Some(export) = store.claim_export().await? else { return Ok(false) };
    let mut kept = Kept(Some(contents.begin(content_of(&export))));
    let written = write(store, makers, &export, &mut kept, shutdown, |_| {}).await;
    let arriving = kept.0.take();
    let written = match (written, arriving) {
        (Ok(done), Some(arriving)) => match arriving.finish().await {
            Ok(_) => Ok(done),
            Err(error) => Err(Unwritten::Sink(error.to_string())),
        },
        (written, arriving) => {
            if let Some(arriving) = arriving
                && let Err(error) = arriving.abort().await
            {
                tracing::warn!(export.id = %export.id, %error, "what was written is left behind");
            }
            written
        }
    };
    match written {
        Ok(done) => {
            if !store.end_export(&export, done, Some(keep)).await? {
                discard(contents, content_of(&export)).await;
            }
            metrics::counter!("parvaneh_exports_total", "result" => "done").increment(1);
        }
        Err(Unwritten::Cancelled) => {}
        Err(Unwritten::Ending) => store.release_export(&export).await?,
        Err(Unwritten::Store(error @ StoreError::Database(_))) => {
            // Somebody begins again when it has been silent for a while.
            return Err(error);
        }
        Err(error) => {
            tracing::warn!(export.id = %export.id, %error, "an export cannot be made");
            metrics::counter!("parvaneh_exports_total", "result" => "failed").increment(1);
            store.fail_export(&export, &error.to_string()).await?;
        }
    }
    Ok(true)
}

async fn discard(contents: &Contents, id: Uuid) -> bool {
    match contents.remove(id).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(content.id = %id, %error, "an export that cannot be thrown away");
            false
        }
    }
}

/// Throws away the bytes of exports that are kept no longer. Says how many.
///
/// # Errors
/// The database.
pub async fn clear(store: &Store, contents: &Contents) -> Result<usize, StoreError> {
    let stale = store.stale_exports(BATCH).await?;
    let mut gone = 0;
    for (id, attempt) in stale {
        if discard(contents, parvaneh_store::export_content(id, attempt)).await {
            store.forget_export(id).await?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// Writes exports, and throws away what is old, until shutdown begins.
pub async fn run(
    store: &Store,
    makers: &Makers,
    contents: &Contents,
    keep: Duration,
    mut shutdown: Shutdown,
) {
    let mut cleared: Option<Instant> = None;
    while !shutdown.has_begun() {
        if cleared.is_none_or(|last| last.elapsed() >= CLEARING) {
            cleared = Some(Instant::now());
            if let Err(error) = clear(store, contents).await {
                tracing::warn!(%error, error.code = error.code(), "old exports are not thrown away yet");
            }
        }
        match once(store, makers, contents, keep, &shutdown).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "the round failed and is tried again");
            }
        }
        let idle = pin!(tokio::time::sleep(IDLE));
        tokio::select! {
            () = shutdown.begins() => break,
            () = idle => {}
        }
    }
}
