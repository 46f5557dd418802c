//! Puts events into the log, behind whoever writes them: those of cases, and those of exports, whose timelines are
//! entries like a case's.
//!
//! An event can go in as soon as it is committed. What is new since the last time is what that
//! time's snapshot did not show: transactions that have begun since (`below` and after), and those
//! that were under way then (`pending`). So an event that is committed late is found whenever that
//! is, nobody waits for a transaction that stays open, and the write path does nothing for it but
//! write its transaction's number.
//!
//! The row of `log_state` is locked while somebody seals, and moves in the transaction that adds the
//! leaves: of several who seal one does, and of one who is killed nothing stays.

use std::collections::{BTreeMap, BTreeSet};

use parvaneh_core::{
    Instant,
    log::{Frontier, entry, leaf, tiles::Tile},
    timeline::Hash,
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{broken, stored};
use crate::{Store, StoreError, store::undisturbed};

/// How many events one transaction takes at most.
const PORTION: usize = 4_096;

/// What a round of sealing has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// How many entries the log has now.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// How many came to it.
    pub added: u64,
    /// When the oldest of them was recorded.
    pub oldest: Option<Instant>,
    /// Whether there is more to do at once.
    pub more: bool,
    /// Whether somebody else is sealing; then nothing was done.
    pub elsewhere: bool,
}

/// Every look-up is one by a key or an index: tables may be of any size.
const PLAN: &str = "
    set local enable_nestloop = on;
    set local enable_hashjoin = off;
    set local enable_mergejoin = off;
    set local enable_bitmapscan = off";

const LOCK: &str = "
    select size, peaks, below::text, pending::text[], walk_case, walk_seq,
           server is distinct from (select system_identifier from pg_control_system())
               or below > pg_snapshot_xmax(pg_current_snapshot())
    from log_state for update skip locked";

const LOOK: &str = "select size, peaks from log_state";

/// From now on everything is looked through by its key; what commits later is found by its transaction.
const BEGIN_WALK: &str = "
    update log_state
    set server = (select system_identifier from pg_control_system()),
        below = pg_snapshot_xmax(pg_current_snapshot()),
        pending = array(select pg_snapshot_xip(pg_current_snapshot())),
        walk_case = '00000000-0000-0000-0000-000000000000', walk_seq = 0";

/// The next keys, and which of them stand in the log already.
const WALK: &str = "
    select n.case_id, n.seq, n.hash, n.recorded_at,
           exists (select from log_leaves l where l.case_id = n.case_id and l.seq = n.seq)
    from ((select case_id, seq, hash, recorded_at from case_events
           where (case_id, seq) > ($1, $2) order by case_id, seq limit $3)
          union all
          (select export_id, seq, hash, recorded_at from export_events
           where (export_id, seq) > ($1, $2) order by export_id, seq limit $3)
          order by case_id, seq limit $3) n
    order by n.case_id, n.seq";

/// What the snapshot of the last time did not show and this one does, with this one. Two ranges of one index,
/// each in its order: what is taken is bounded, however much waits.
const FRESH: &str = "
    select pg_snapshot_xmax(s.now)::text,
           array(select pg_snapshot_xip(s.now))::text[], n.*
    from (select pg_current_snapshot() as now) s
    left join lateral (
        (select e.case_id, e.seq, e.hash, e.recorded_at, e.xid::text
         from case_events e
         where e.xid = any ($2::text[]::xid8[])
           and not exists (select from log_leaves l where l.case_id = e.case_id and l.seq = e.seq)
         order by e.xid limit $3)
        union all
        (select e.case_id, e.seq, e.hash, e.recorded_at, e.xid::text
         from case_events e
         where e.xid >= $1::text::xid8
           and not exists (select from log_leaves l where l.case_id = e.case_id and l.seq = e.seq)
         order by e.xid limit $3)
        union all
        (select e.export_id, e.seq, e.hash, e.recorded_at, e.xid::text
         from export_events e
         where (e.xid = any ($2::text[]::xid8[]) or e.xid >= $1::text::xid8)
           and not exists (select from log_leaves l where l.case_id = e.export_id and l.seq = e.seq)
         order by e.xid limit $3)
    ) n on true";

/// Up to which event each case is sealed.
const SEALED: &str = "
    select n.id, coalesce((select max(l.seq) from log_leaves l where l.case_id = n.id), 0)
    from unnest($1::uuid[]) as n (id)";

/// Events by their keys.
const BETWEEN: &str = "
    select e.case_id, e.seq, e.hash, e.recorded_at
    from unnest($1::uuid[], $2::int[]) as n (case_id, seq)
    join case_events e on e.case_id = n.case_id and e.seq = n.seq
    union all
    select e.export_id, e.seq, e.hash, e.recorded_at
    from unnest($1::uuid[], $2::int[]) as n (case_id, seq)
    join export_events e on e.export_id = n.case_id and e.seq = n.seq";

const ADD_LEAVES: &str = "
    insert into log_leaves (position, case_id, seq)
    select * from unnest($1::bigint[], $2::uuid[], $3::int[])";

const ADD_TILES: &str = "
    insert into log_tiles as t (level, no, hashes)
    select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
    on conflict (level, no) do update set hashes = t.hashes || excluded.hashes
    returning level, no, octet_length(hashes)";

const MOVE: &str = "
    update log_state set size = $1, peaks = $2, below = $3::text::xid8,
        pending = $4::text[]::xid8[], walk_case = $5, walk_seq = $6";

/// An event on its way into the log.
#[derive(Debug)]
struct Fresh {
    case: Uuid,
    seq: i32,
    hash: Hash,
    recorded_at: Instant,
    /// Of its transaction; 0 where that says nothing.
    xid: u64,
}

impl Fresh {
    fn read(row: &PgRow, from: usize) -> Result<Self, sqlx::Error> {
        Ok(Self {
            case: row.try_get(from)?,
            seq: row.try_get(from + 1)?,
            hash: row.try_get(from + 2)?,
            recorded_at: row.try_get(from + 3)?,
            xid: 0,
        })
    }
}

/// The row of the log.
struct State {
    frontier: Frontier,
    below: u64,
    pending: Vec<u64>,
    walk: Option<(Uuid, i32)>,
}

impl Store {
    /// Seals what has been committed since the last time, a portion of it at most. Any number of
    /// programs may do this; one does at a time.
    ///
    /// # Errors
    /// The database; [`StoreError::LogBroken`] when what is kept of the log doesn't fit together.
    pub async fn seal_once(&self) -> Result<Sealed, StoreError> {
        self.seal_up_to(PORTION).await
    }

    /// The same with a portion of so many events.
    ///
    /// # Errors
    /// As [`Store::seal_once`].
    pub async fn seal_up_to(&self, portion: usize) -> Result<Sealed, StoreError> {
        let engine = self.engine.clone();
        let portion = portion.max(1);
        undisturbed(async move {
            let mut transaction = engine.writers.begin().await?;
            let sealed = seal(&mut transaction, portion).await?;
            if sealed.elsewhere {
                transaction.rollback().await?;
            } else {
                transaction.commit().await?;
            }
            Ok(sealed)
        })
        .await
    }
}

async fn seal(connection: &mut PgConnection, portion: usize) -> Result<Sealed, StoreError> {
    sqlx::raw_sql(PLAN).execute(&mut *connection).await?;
    let Some(row) = sqlx::query(LOCK).fetch_optional(&mut *connection).await? else {
        let row = sqlx::query(LOOK).fetch_one(connection).await?;
        let frontier = frontier(&row)?;
        return Ok(Sealed { elsewhere: true, ..sealed(&frontier, &[], false) });
    };
    let elsewhere_numbered: bool = row.try_get(6)?;
    let mut state = State::read(&row)?;
    if elsewhere_numbered {
        sqlx::query(BEGIN_WALK).execute(&mut *connection).await?;
        let Some(row) = sqlx::query(LOCK).fetch_optional(&mut *connection).await? else {
            return Err(broken("the row of the log is gone"));
        };
        state = State::read(&row)?;
    }
    let (mut fresh, more) = match state.walk {
        Some(from) => walk(connection, &mut state, from, portion).await?,
        None => take(connection, &mut state, portion).await?,
    };
    if fresh.is_empty() && !more && state.walk.is_none() && !elsewhere_numbered {
        return Ok(sealed(&state.frontier, &fresh, more));
    }
    fill_gaps(connection, &mut fresh).await?;
    append(connection, &mut state, &fresh).await?;
    Ok(sealed(&state.frontier, &fresh, more))
}

fn sealed(frontier: &Frontier, fresh: &[Fresh], more: bool) -> Sealed {
    Sealed {
        size: frontier.size(),
        root: frontier.root(),
        added: fresh.len() as u64,
        oldest: fresh.iter().map(|event| event.recorded_at).min(),
        more,
        elsewhere: false,
    }
}

/// The log as its row keeps it: `size` and `peaks` first.
pub(super) fn frontier(row: &PgRow) -> Result<Frontier, StoreError> {
    let (size, peaks): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
    let (peaks, _) = peaks.as_chunks::<32>();
    Ok(Frontier::new(size.unsigned_abs(), peaks.to_vec())?)
}

impl State {
    fn read(row: &PgRow) -> Result<Self, StoreError> {
        let pending: Vec<String> = row.try_get(3)?;
        let case: Option<Uuid> = row.try_get(4)?;
        let seq: Option<i32> = row.try_get(5)?;
        Ok(Self {
            frontier: frontier(row)?,
            below: number(row.try_get(2)?)?,
            pending: pending.into_iter().map(number).collect::<Result<_, _>>()?,
            walk: case.zip(seq),
        })
    }
}

/// The number of a transaction.
fn number(text: String) -> Result<u64, StoreError> {
    text.parse().map_err(|_| broken(format!("{text} is not the number of a transaction")))
}

/// The next events by their keys.
async fn walk(
    connection: &mut PgConnection,
    state: &mut State,
    (case, seq): (Uuid, i32),
    portion: usize,
) -> Result<(Vec<Fresh>, bool), StoreError> {
    let walk = sqlx::query(WALK).bind(case).bind(seq).bind(portion as i64);
    let rows = walk.fetch_all(connection).await?;
    let mut fresh = Vec::new();
    state.walk = None;
    for row in &rows {
        let event = Fresh::read(row, 0)?;
        if rows.len() == portion {
            state.walk = Some((event.case, event.seq));
        }
        if !row.try_get::<bool, _>(4)? {
            fresh.push(event);
        }
    }
    // What was written meanwhile comes after it.
    Ok((fresh, true))
}

/// What the last snapshot did not show; moves it as far as that was taken.
async fn take(
    connection: &mut PgConnection,
    state: &mut State,
    portion: usize,
) -> Result<(Vec<Fresh>, bool), StoreError> {
    let pending: Vec<String> = state.pending.iter().map(u64::to_string).collect();
    let rows = sqlx::query(FRESH)
        .bind(state.below.to_string())
        .bind(pending)
        .bind(portion as i64)
        .fetch_all(connection)
        .await?;
    let Some(first) = rows.first() else { return Err(broken("no snapshot")) };
    let end = number(first.try_get(0)?)?;
    let under_way: Vec<String> = first.try_get(1)?;
    let under_way: BTreeSet<u64> = under_way.into_iter().map(number).collect::<Result<_, _>>()?;
    let mut fresh = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get::<Option<Uuid>, _>(2)?.is_none() {
            continue;
        }
        let xid = number(row.try_get(6)?)?;
        fresh.push(Fresh { xid, ..Fresh::read(row, 2)? });
    }
    fresh.sort_unstable_by_key(|event| (event.xid, event.case, event.seq));
    // A portion that is full may have left something of either range.
    let more = fresh.len() >= portion;
    fresh.truncate(portion);
    let reached = match fresh.last() {
        Some(last) if more => last.xid,
        _ => end,
    };
    if reached >= state.below {
        let old = state.pending.iter().copied().filter(|xid| under_way.contains(xid));
        let new = under_way.iter().copied().filter(|xid| (state.below..reached).contains(xid));
        state.pending = old.chain(new).collect();
        state.below = reached;
    }
    Ok((fresh, more))
}

/// Puts the events into the order of the log: by case, and within a case by number, without a gap. The number of a
/// transaction is not the order of its events: a case can have been written by a transaction that began earlier than
/// the one whose event stands before.
async fn fill_gaps(
    connection: &mut PgConnection,
    fresh: &mut Vec<Fresh>,
) -> Result<(), StoreError> {
    let mut cases: BTreeMap<Uuid, BTreeSet<i32>> = BTreeMap::new();
    for event in &*fresh {
        cases.entry(event.case).or_default().insert(event.seq);
    }
    let begun: Vec<Uuid> = cases
        .iter()
        .filter(|(_, seqs)| seqs.first() != Some(&1) || seqs.last() != Some(&(seqs.len() as i32)))
        .map(|(case, _)| *case)
        .collect();
    let rows = sqlx::query(SEALED).bind(&begun).fetch_all(&mut *connection).await?;
    let (mut lacking, mut numbers) = (Vec::new(), Vec::new());
    for row in &rows {
        let (case, sealed): (Uuid, i32) = (row.try_get(0)?, row.try_get(1)?);
        let seqs = &cases[&case];
        let last = seqs.last().copied().unwrap_or_default();
        for seq in (sealed + 1..last).filter(|seq| !seqs.contains(seq)) {
            lacking.push(case);
            numbers.push(seq);
        }
    }
    if !lacking.is_empty() {
        let rows =
            sqlx::query(BETWEEN).bind(lacking).bind(numbers).fetch_all(&mut *connection).await?;
        for row in &rows {
            fresh.push(Fresh::read(row, 0)?);
        }
    }
    fresh.sort_unstable_by_key(|event| (event.case, event.seq));
    Ok(())
}

/// Adds the leaves with what follows from them, and moves the row of the log.
async fn append(
    connection: &mut PgConnection,
    state: &mut State,
    fresh: &[Fresh],
) -> Result<(), StoreError> {
    let before = state.frontier.size();
    let mut tiles: BTreeMap<Tile, Vec<u8>> = BTreeMap::new();
    for event in fresh {
        let leaf = leaf(&entry(event.case, event.seq.unsigned_abs(), &event.hash));
        state.frontier.push_telling(leaf, |node, hash| {
            if let Some((tile, _)) = Tile::place(node) {
                tiles.entry(tile).or_default().extend_from_slice(&hash);
            }
        });
    }
    let size = state.frontier.size();
    if size > before {
        let positions: Vec<i64> = (stored(before)?..stored(size)?).collect();
        let cases: Vec<Uuid> = fresh.iter().map(|event| event.case).collect();
        let seqs: Vec<i32> = fresh.iter().map(|event| event.seq).collect();
        let add = sqlx::query(ADD_LEAVES).bind(positions).bind(cases).bind(seqs);
        add.execute(&mut *connection).await?;
        append_tiles(connection, &tiles, size).await?;
    }
    let pending: Vec<String> = state.pending.iter().map(u64::to_string).collect();
    let moved = sqlx::query(MOVE)
        .bind(stored(size)?)
        .bind(state.frontier.peaks().concat())
        .bind(state.below.to_string())
        .bind(pending)
        .bind(state.walk.map(|walk| walk.0))
        .bind(state.walk.map(|walk| walk.1));
    moved.execute(connection).await?;
    Ok(())
}

async fn append_tiles(
    connection: &mut PgConnection,
    tiles: &BTreeMap<Tile, Vec<u8>>,
    size: u64,
) -> Result<(), StoreError> {
    let levels: Vec<i16> = tiles.keys().map(|tile| tile.level.into()).collect();
    let nos = tiles.keys().map(|tile| stored(tile.no)).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<&[u8]> = tiles.values().map(Vec::as_slice).collect();
    let add = sqlx::query(ADD_TILES).bind(levels).bind(nos).bind(hashes);
    for row in add.fetch_all(connection).await? {
        let (level, no, bytes): (i16, i64, i32) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let tile = Tile { level: level.unsigned_abs() as u8, no: no.unsigned_abs() };
        if tile.filled(size) * 32 != u64::from(bytes.unsigned_abs()) {
            return Err(broken(format!(
                "tile {no} of level {level} holds {} hashes in a log of {size}",
                bytes / 32
            )));
        }
    }
    Ok(())
}
