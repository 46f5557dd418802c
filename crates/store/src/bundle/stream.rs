//! Writing a bundle from the database to whoever reads it.

use std::{borrow::Cow, collections::HashSet};

use parvaneh_core::{
    CaseId, Instant, UnitId,
    audit::{
        BundleLine, CaseLine, EventLine, FORMAT, Kind, LeftOutLine, StateLine, UnitLine, Writer,
        hashes, hex,
    },
    log::{
        note::{Checkpoint, Note},
        tiles::Tiles,
    },
    timeline::Hash,
};
use serde_json::Value;
use sqlx::Row;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Bundle, BundleWritten, Extent, rules};
use crate::{Proven, StoreError};

/// So many cases are read at once.
const PORTION: usize = 200;
/// When so many tiles have been read (8 KB each), they are forgotten.
const MOST_TILES: usize = 2_000;
/// Lines are handed on in portions of about so many bytes.
const HANDED_ON: usize = 256 * 1024;

pub(super) struct Stream {
    bundle: Bundle,
    writer: Writer,
    buffer: Vec<u8>,
    out: mpsc::Sender<Vec<u8>>,
    tiles: Tiles,
    written: BundleWritten,
}

struct Stored {
    state: Value,
    deadline: Option<Instant>,
    raw_deadline: Option<Instant>,
}

struct Event {
    case: CaseId,
    seq: u32,
    body: String,
    hash: Hash,
}

impl Stream {
    pub(super) fn new(bundle: Bundle, out: mpsc::Sender<Vec<u8>>) -> Self {
        let (writer, buffer, tiles) = (Writer::new(), Vec::new(), Tiles::default());
        Self { bundle, writer, buffer, out, tiles, written: BundleWritten::default() }
    }

    pub(super) async fn write(
        mut self,
        map_note: String,
        made_at: Instant,
    ) -> Result<BundleWritten, StoreError> {
        self.head(map_note, made_at).await?;
        let within = self.within().await?;
        let (units, complete) = match &self.bundle.scope.extent {
            Extent::Cases(cases) => {
                (self.bundle.map.units_of(&cases.iter().copied().collect()), false)
            }
            _ => (self.bundle.units(), true),
        };
        for unit in units {
            self.unit(&unit, complete, within.as_ref()).await?;
        }
        let mut end = Vec::new();
        std::mem::take(&mut self.writer).end(&mut end);
        self.buffer.append(&mut end);
        self.hand_on(true).await;
        Ok(self.written)
    }

    async fn head(&mut self, map_note: String, made_at: Instant) -> Result<(), StoreError> {
        let bundle = &self.bundle;
        let since = bundle.scope.since.as_deref();
        let kept = since.and_then(|note| Note::parse(note).ok());
        let kept = kept.and_then(|note| Checkpoint::parse(&note.text).ok());
        // Where there can be no proof, the bundle has none: that is for the verifier to say.
        let grown = match kept {
            Some(kept) if kept.size <= bundle.log.size => {
                bundle.store.log_consistency(kept.size, bundle.log.size).await.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let line = BundleLine {
            kind: Kind::Bundle,
            format: FORMAT.into(),
            made_at,
            scope: bundle.told(),
            checkpoint: bundle.checkpoint.note.as_str().into(),
            map: map_note.into(),
            since: since.map(Cow::from),
            consistency: hashes(&grown).into(),
            key: bundle.store.signer_key().await?.map(Cow::from),
        };
        self.writer.line(&line, &mut self.buffer);
        let pool = bundle.store.all().clone();
        rules::write(&pool, &bundle.organisation, &mut self.writer, &mut self.buffer).await
    }

    /// The cases that follow with their events; `None` where all do.
    async fn within(&self) -> Result<Option<HashSet<CaseId>>, StoreError> {
        let (from, until) = match &self.bundle.scope.extent {
            Extent::Cases(cases) => return Ok(Some(cases.iter().copied().collect())),
            Extent::Everything | Extent::Units { from: None, until: None, .. } => return Ok(None),
            Extent::Units { from, until, .. } => (*from, *until),
        };
        let units: Vec<String> =
            self.bundle.units().iter().map(|unit| unit.as_str().to_owned()).collect();
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select id from cases where unit_id = any ($1)
             and ($2::timestamptz is null or opened_at >= $2)
             and ($3::timestamptz is null or opened_at < $3)",
        )
        .bind(units)
        .bind(from)
        .bind(until)
        .fetch_all(self.bundle.store.all())
        .await?;
        Ok(Some(ids.into_iter().map(CaseId).collect()))
    }

    async fn unit(
        &mut self,
        unit: &UnitId,
        complete: bool,
        within: Option<&HashSet<CaseId>>,
    ) -> Result<(), StoreError> {
        let map = &self.bundle.map;
        let (from, to) = map.range(unit);
        let before = match from.checked_sub(1).filter(|_| complete) {
            Some(index) => map.neighbour(index)?,
            None => None,
        };
        let after = if complete { map.neighbour(to)? } else { None };
        let line = UnitLine {
            kind: Kind::Unit,
            unit: unit.as_str().into(),
            complete,
            from: from as u64,
            to: to as u64,
            before,
            after,
        };
        self.writer.line(&line, &mut self.buffer);
        // Under no unit stands nothing that could follow: exports, and what is lost.
        let follows = |case: &CaseId| {
            !unit.as_str().is_empty() && within.is_none_or(|within| within.contains(case))
        };
        let mut next = from;
        while next < to {
            let portion = next..to.min(next + PORTION);
            next = portion.end;
            let map = &self.bundle.map;
            let ids: Vec<Uuid> = portion
                .clone()
                .map(|index| map.at(index).case)
                .filter(follows)
                .map(|case| case.0)
                .collect();
            let mut events = self.events(&ids).await?.into_iter().peekable();
            let mut states = self.states(&ids).await?;
            for index in portion {
                let entry = self.bundle.map.at(index);
                let (case, count) = (entry.case, entry.count);
                let (head, proof) = (hex(&entry.head).into(), self.bundle.map.proof(index)?.into());
                let index = index as u64;
                if !follows(&case) {
                    if complete {
                        let kind = Kind::LeftOut;
                        let line = LeftOutLine { kind, case, count, head, index, proof };
                        self.writer.line(&line, &mut self.buffer);
                    }
                    continue;
                }
                let line = CaseLine { kind: Kind::Case, case, count, head, index, proof };
                self.writer.line(&line, &mut self.buffer);
                self.written.cases += 1;
                let mut later = 0;
                while let Some((event, proven)) = events.next_if(|(event, _)| event.case == case) {
                    if event.seq > count {
                        later += 1;
                        continue;
                    }
                    self.event(&event, proven);
                }
                let stored = states.remove(&case).filter(|_| later == 0);
                let line = StateLine {
                    kind: Kind::State,
                    case,
                    later,
                    deadline: stored.as_ref().and_then(|stored| stored.deadline),
                    raw_deadline: stored.as_ref().and_then(|stored| stored.raw_deadline),
                    state: stored.map(|stored| Cow::Owned(stored.state)),
                };
                self.writer.line(&line, &mut self.buffer);
            }
            self.hand_on(false).await;
            if self.out.is_closed() {
                break;
            }
        }
        Ok(())
    }

    /// An event that the log does not have in its place is written without a proof.
    fn event(&mut self, event: &Event, proven: Option<Proven>) {
        let (position, proof) =
            proven.map_or((0, String::new()), |proven| (proven.position, hashes(&proven.proof)));
        let line = EventLine {
            kind: Kind::Event,
            case: event.case,
            seq: event.seq,
            position,
            body: event.body.as_str().into(),
            hash: hex(&event.hash).into(),
            proof: proof.into(),
        };
        self.writer.event(&line, &mut self.buffer);
        self.written.events += 1;
    }

    async fn events(&mut self, ids: &[Uuid]) -> Result<Vec<(Event, Option<Proven>)>, StoreError> {
        let rows = sqlx::query(
            "select case_id, seq, body::text, hash from case_events
             where case_id = any ($1) order by case_id, seq",
        );
        let rows = rows.bind(ids).fetch_all(self.bundle.store.all()).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            events.push(Event {
                case: CaseId(row.try_get(0)?),
                seq: row.try_get::<i32, _>(1)? as u32,
                body: row.try_get(2)?,
                hash: row.try_get(3)?,
            });
        }
        if self.tiles.len() > MOST_TILES {
            self.tiles.clear();
        }
        let asked: Vec<_> = events.iter().map(|event| (event.case.0, event.seq)).collect();
        let size = self.bundle.log.size;
        let proofs = match self.bundle.store.proofs(&asked, size, &mut self.tiles).await {
            Ok(proofs) => proofs,
            Err(error @ StoreError::Database(_)) => return Err(error),
            // The log itself is broken.
            Err(_) => vec![None; events.len()],
        };
        Ok(events.into_iter().zip(proofs).collect())
    }

    async fn states(
        &self,
        ids: &[Uuid],
    ) -> Result<std::collections::HashMap<CaseId, Stored>, StoreError> {
        let rows = sqlx::query(
            "select id, state::text, deadline_at, raw_deadline_at from cases where id = any ($1)",
        );
        let rows = rows.bind(ids).fetch_all(self.bundle.store.all()).await?;
        let read = |row: &sqlx::postgres::PgRow| {
            let state = serde_json::from_str(row.try_get(1)?).unwrap_or_default();
            let (deadline, raw_deadline) = (row.try_get(2)?, row.try_get(3)?);
            Ok((CaseId(row.try_get(0)?), Stored { state, deadline, raw_deadline }))
        };
        rows.iter().map(read).collect()
    }

    async fn hand_on(&mut self, all: bool) {
        if all || self.buffer.len() >= HANDED_ON {
            // Whoever has gone away wants no more.
            let _ = self.out.send(std::mem::take(&mut self.buffer)).await;
        }
    }
}
