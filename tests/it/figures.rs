//! Figures are read from sums, from what has still to be added to them and from the cases. Whatever of each is there,
//! they are those of a plain loop over the cases.

use std::{collections::BTreeMap, ops::Range};

use chrono::{DateTime, TimeDelta, Utc};
use parvaneh_core::{
    Organisation, UnitId, WorkflowId,
    definition::Level,
    measure::{Judged, Tally},
    reach::{Jurisdiction, Reach},
};
use parvaneh_store::{OnTimeBy, OnTimeKey, OnTimeQuery, StandingQuery, StoreError, UnitRow};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::store_fixture::{Office, start, units};

pub(crate) type At = DateTime<Utc>;

/// A small generator whose numbers are always the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as i64
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as i64) as usize]
    }

    /// An instant within some days of that one: often midnight in Tehran, or right beside it.
    pub(crate) fn instant(&mut self, from: At, days: Range<i64>) -> At {
        let midnight: At = "2024-04-19T20:30:00Z".parse().unwrap();
        let day = (from - midnight).num_days() + days.start + self.below(days.end - days.start);
        let beside = match self.below(4) {
            0 => TimeDelta::zero(),
            1 => TimeDelta::microseconds(self.below(3) - 1),
            _ => TimeDelta::seconds(self.below(86_400)),
        };
        midnight + TimeDelta::days(day) + beside
    }
}

pub(crate) const UNITS: [&str; 8] = ["2301", "2302", "2303", "23", "0801", "0802", "08", "ir"];
pub(crate) const WORKFLOWS: [(&str, i32); 3] =
    [("ngo-establishment", 1), ("ngo-establishment", 2), ("other", 1)];

/// A case, as far as figures know it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) unit_id: String,
    pub(crate) workflow: String,
    pub(crate) version: i32,
    pub(crate) opened_at: At,
    pub(crate) deadline_at: Option<At>,
    pub(crate) raw_deadline_at: Option<At>,
    pub(crate) ended_at: Option<At>,
    pub(crate) decision: Option<bool>,
    pub(crate) by_silence: Option<bool>,
}

const COLUMNS: &str = "id, unit_id, workflow, version, opened_at, deadline_at, raw_deadline_at,
    ended_at, decision, by_silence";

pub(crate) async fn rows(admin: &mut PgConnection) -> Vec<Row> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from cases order by id"));
    sqlx::query_as(sql).fetch_all(admin).await.unwrap()
}

/// A case of that day or one of the days before, running or ended in some way.
pub(crate) fn made(dice: &mut Dice, id: Uuid, now: At) -> Row {
    let opened_at = dice.instant(now, -90..1).min(now);
    let (workflow, version) = *dice.one(&WORKFLOWS);
    let ends = dice.below(3) == 0;
    let decision = dice.below(3) > 0;
    // Before its clock begins a case has no deadline, and while it stands still only the raw one.
    let begun = dice.below(6) > 0;
    let held = dice.below(5) == 0;
    Row {
        id,
        unit_id: (*dice.one(&UNITS)).to_owned(),
        workflow: workflow.to_owned(),
        version,
        opened_at,
        deadline_at: (begun && !held).then(|| dice.instant(now, -60..60)),
        raw_deadline_at: begun.then(|| dice.instant(now, -60..60)),
        ended_at: ends.then(|| dice.instant(now, -70..1).min(now)),
        decision: ends.then_some(decision),
        by_silence: ends.then(|| decision && dice.below(4) == 0),
    }
}

pub(crate) async fn write(admin: &mut PgConnection, row: &Row) {
    sqlx::query(
        "insert into cases (id, unit_id, workflow, version, opened_at, deadline_at, raw_deadline_at, ended_at,
             decision, by_silence, applicant, subject, seq, prev_seq, head_hash, state, step, suspended,
             recorded_at, outcome)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $1, 'subject', 1, 0,
             decode(repeat('00', 32), 'hex'), json_build_object('calendar', 'ir'), 'step', false, $5, case when $8 is null then null else 'granted' end)
         on conflict (id) do update set
             version = excluded.version, deadline_at = excluded.deadline_at, seq = cases.seq + 1, prev_seq = cases.seq,
             raw_deadline_at = excluded.raw_deadline_at, ended_at = excluded.ended_at, outcome = excluded.outcome,
             decision = excluded.decision, by_silence = excluded.by_silence",
    )
    .bind(row.id)
    .bind(&row.unit_id)
    .bind(&row.workflow)
    .bind(row.version)
    .bind(row.opened_at)
    .bind(row.deadline_at)
    .bind(row.raw_deadline_at)
    .bind(row.ended_at)
    .bind(row.decision)
    .bind(row.by_silence)
    .execute(admin)
    .await
    .unwrap();
}

/// Whether a reach lets a case be seen.
pub(crate) fn seen(organisation: &Organisation, reach: Option<&Reach>, row: &Row) -> bool {
    reach.is_none_or(|reach| {
        let (workflow, unit) = (WorkflowId::from(&*row.workflow), UnitId::from(&*row.unit_id));
        let applicant = parvaneh_core::PersonId(row.id);
        reach.sees(organisation, &workflow, &unit, applicant).is_some()
    })
}

type Figures = BTreeMap<OnTimeKey, (Tally, Tally)>;

/// On-time figures by a plain loop.
fn on_time(organisation: &Organisation, cases: &[&Row], query: &OnTimeQuery, now: At) -> Figures {
    let mut figures = Figures::new();
    for row in cases {
        let unit = UnitId::from(&*row.unit_id);
        let wanted = query.workflow.as_ref().is_none_or(|only| only.as_str() == row.workflow)
            && query.within.as_ref().is_none_or(|within| organisation.contains(within, &unit));
        if !wanted {
            continue;
        }
        let judged = |deadline: Option<At>, raw: Option<At>| {
            // What never had a clock is not judged when it has ended.
            let raw_deadline = raw.or(row.ended_at.is_none().then_some(DateTime::UNIX_EPOCH))?;
            Some(Judged {
                stopped_at: row.ended_at,
                deadline,
                raw_deadline,
                decision: row.decision.unwrap_or(false),
                by_silence: row.by_silence.unwrap_or(false),
            })
        };
        let key = |at: At| match &query.by {
            OnTimeBy::Whole => Some(OnTimeKey::Whole),
            OnTimeBy::Slices(slices) => slices
                .iter()
                .filter(|slice| **slice <= at)
                .count()
                .checked_sub(1)
                .map(OnTimeKey::Slice),
            OnTimeBy::Province => {
                Some(OnTimeKey::Unit(organisation.at_level(&unit, Level::Province).cloned()))
            }
            OnTimeBy::Unit => Some(OnTimeKey::Unit(Some(unit.clone()))),
            OnTimeBy::Definition => {
                Some(OnTimeKey::Definition(WorkflowId::from(&*row.workflow), row.version as u32))
            }
        };
        let known = judged(row.deadline_at, row.raw_deadline_at);
        if let Some(counts) = known.and_then(|judged| judged.counts(&query.period, now))
            && let Some(key) = row.ended_at.or(row.deadline_at).and_then(key)
        {
            figures.entry(key).or_default().0.add(counts);
        }
        if let Some(raw) = row.raw_deadline_at
            && let Some(counts) = known.and_then(|judged| judged.counts_raw(&query.period, now))
            && let Some(key) = key(row.ended_at.unwrap_or(raw))
        {
            figures.entry(key).or_default().1.add(counts);
        }
    }
    figures
}

/// The first days of months in Tehran, and instants that are none.
pub(crate) fn edge(dice: &mut Dice, now: At) -> At {
    const MONTHS: [&str; 7] = [
        "2024-02-19T20:30:00Z",
        "2024-03-19T20:30:00Z",
        "2024-04-19T20:30:00Z",
        "2024-05-20T20:30:00Z",
        "2024-06-20T20:30:00Z",
        "2024-07-21T20:30:00Z",
        "2025-03-20T20:30:00Z",
    ];
    match dice.below(3) {
        0 => dice.instant(now, -80..40),
        _ => dice.one(&MONTHS).parse().unwrap(),
    }
}

fn questions(dice: &mut Dice, now: At) -> (OnTimeQuery, StandingQuery) {
    let mut edges: Vec<At> = (0..5).map(|_| edge(dice, now)).collect();
    edges.sort_unstable();
    edges.dedup();
    let period = edges[0]..*edges.last().unwrap();
    let by = match dice.below(5) {
        0 => OnTimeBy::Whole,
        1 => OnTimeBy::Slices(edges[..edges.len() - 1].to_vec()),
        2 => OnTimeBy::Province,
        3 => OnTimeBy::Unit,
        _ => OnTimeBy::Definition,
    };
    let workflow = (dice.below(3) == 0).then(|| WorkflowId::from(dice.one(&WORKFLOWS).0));
    let within = (dice.below(4) > 0).then(|| UnitId::from(*dice.one(&UNITS)));
    let midnight = |dice: &mut Dice| {
        let day = TimeDelta::days(dice.below(80) - 50);
        "2024-05-20T20:30:00Z".parse::<At>().unwrap() + day
    };
    let ends = |dice: &mut Dice, behind: i64| {
        let odd = dice.below(6) == 0;
        let mut ends: Vec<At> = (0..dice.below(5))
            .map(|_| {
                if odd {
                    dice.instant(now, -50..30)
                } else {
                    midnight(dice) + TimeDelta::microseconds(behind)
                }
            })
            .collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    };
    let standing = StandingQuery {
        within: within.clone().unwrap_or_else(|| "ir".into()),
        workflow: workflow.clone(),
        due: ends(dice, 1),
        received: ends(dice, 0),
    };
    (OnTimeQuery { period, by, workflow, within }, standing)
}

/// Somebody's reach: whole, of some units, of some workflows there, or with cases of his own.
pub(crate) fn reach(dice: &mut Dice, cases: &[Row]) -> Option<Reach> {
    if dice.below(4) == 0 {
        return None;
    }
    let held = (0..=dice.below(3)).map(|_| Jurisdiction {
        workflow: (dice.below(4) == 0).then(|| WorkflowId::from(dice.one(&WORKFLOWS).0)),
        unit: UnitId::from(*dice.one(&UNITS)),
    });
    let mut reach = Reach { jurisdictions: held.collect(), ..Reach::default() };
    if dice.below(5) == 0 && !cases.is_empty() {
        reach.accounts = [parvaneh_core::PersonId(dice.one(cases).id)].into_iter().collect();
    }
    Some(reach)
}

async fn agree(office: &Office, admin: &mut PgConnection, dice: &mut Dice, told: &mut usize) {
    let store = &office.store;
    let cases = rows(admin).await;
    let (now, organisation) = (store.now().await.unwrap(), store.organisation().await.unwrap());
    for _ in 0..6 {
        let reach = reach(dice, &cases);
        let reading = match &reach {
            Some(reach) => store.reading_within(&organisation, reach),
            None => store.clone(),
        };
        let cases: Vec<&Row> =
            cases.iter().filter(|row| seen(&organisation, reach.as_ref(), row)).collect();
        let (query, standing) = questions(dice, now);
        let found = reading.on_time(&query).await.unwrap();
        let figures: Figures =
            found.rows.into_iter().map(|row| (row.key, (row.tally, row.raw))).collect();
        assert_eq!(figures, on_time(&organisation, &cases, &query, now), "{query:?} for {reach:?}");
        *told += figures.len();

        let open: Vec<_> = cases
            .iter()
            .filter(|row| row.ended_at.is_none())
            .filter(|row| {
                standing.workflow.as_ref().is_none_or(|only| only.as_str() == row.workflow)
            })
            .filter(|row| organisation.contains(&standing.within, &UnitId::from(&*row.unit_id)))
            .collect();
        let part = |ends: &[At], at: At| ends.iter().filter(|end| **end <= at).count();
        let (mut due, mut received) = (BTreeMap::new(), BTreeMap::new());
        for row in &open {
            let (all, held): &mut (u64, u64) =
                received.entry(part(&standing.received, row.opened_at)).or_default();
            *all += 1;
            match row.deadline_at {
                Some(at) => *due.entry((part(&standing.due, at), at < now)).or_default() += 1,
                None => *held += 1,
            }
        }
        let found = reading.standing(&standing).await.unwrap();
        let found_due: BTreeMap<_, u64> =
            found.due.iter().map(|one| ((one.part, one.late), one.cases)).collect();
        let found_received: BTreeMap<_, (u64, u64)> =
            found.received.iter().map(|one| (one.part, (one.cases, one.held))).collect();
        assert_eq!(
            (found_due.len(), found_received.len()),
            (found.due.len(), found.received.len())
        );
        assert_eq!(
            (found_due, found_received),
            (due, received),
            "{standing:?} for {reach:?} at {now}"
        );
        *told += open.len().min(1);
    }
}

/// The organisation with that county in one province or another.
pub(crate) fn moved(county: &str, province: &str) -> Vec<UnitRow> {
    let mut units = units();
    for row in units.iter_mut().filter(|row| row.unit.id.as_str() == county) {
        row.unit.parent = Some(province.into());
    }
    units
}

/// The definitions of [`WORKFLOWS`].
pub(crate) async fn publish(admin: &mut PgConnection) {
    sqlx::raw_sql(
        "insert into definitions select w, v, hash, source, title_fa, title_en, published_at
         from definitions, (values ('ngo-establishment', 2), ('other', 1), ('other', 2)) as other (w, v) where version = 1
         on conflict do nothing",
    )
    .execute(admin)
    .await
    .unwrap();
}

async fn walk(seed: u64, steps: usize) -> Result<(), StoreError> {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    publish(&mut admin).await;
    let mut dice = Dice(seed);
    let (mut ids, mut told, mut folded) = (Vec::new(), 0, 0);
    for step in 0..steps {
        let now = office.store.now().await?;
        for _ in 0..dice.below(12) {
            let id = match dice.below(3) {
                0 if !ids.is_empty() => *dice.one(&ids),
                _ => Uuid::from_u128(ids.len() as u128 + 1),
            };
            if !ids.contains(&id) {
                ids.push(id);
            }
            write(&mut admin, &made(&mut dice, id, now)).await;
        }
        match dice.below(8) {
            0..3 => folded += office.store.fold_figures(dice.below(15) as usize).await?,
            3 => {
                while office.store.fold_figures(1_000).await? > 0 {
                    folded += 1
                }
            }
            4 => {
                let province = *dice.one(&["23", "08"]);
                office.store.save_units(moved("2302", province)).await?;
            }
            5 => {
                let to = dice.instant(now, 0..4).max(now);
                office.store.sandbox_clock().set_frozen(to).await?;
            }
            6 => {
                let sql = "delete from cases where id = (select id from cases order by md5(id::text || $1::text) limit 1)";
                sqlx::query(sql).bind(step as i32).execute(&mut admin).await.unwrap();
            }
            // What does not change how it counts, as most that is done to a case.
            _ => {
                let sql =
                    "update cases set seq = seq + 1, prev_seq = seq, suspended = not suspended";
                sqlx::query(sql).execute(&mut admin).await.unwrap();
            }
        }
        agree(&office, &mut admin, &mut dice, &mut told).await;
    }
    assert!(told > 5 * steps && folded > 0, "{told} figures, {folded} folded");
    // Everything in the sums, they hold what they say and nothing that is empty.
    while office.store.fold_figures(1_000).await? > 0 {}
    let empty: i64 = sqlx::query_scalar("select count(*) from case_figures where cases <= 0")
        .fetch_one(&mut admin)
        .await
        .unwrap();
    assert_eq!(empty, 0);
    agree(&office, &mut admin, &mut dice, &mut told).await;
    Ok(())
}

/// How many offices are walked through, each with other dice.
const WALKS: u64 = 2;

#[tokio::test]
async fn figures_from_sums_are_those_of_the_cases() {
    for walked in 0..WALKS {
        walk(107 + 0x9e37_79b9 * walked, 25).await.unwrap();
    }
}

#[tokio::test]
async fn the_cases_of_before_are_summed() {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    let mut dice = Dice(99);
    for number in 1..=60 {
        let row = Row {
            workflow: "ngo-establishment".into(),
            version: 1,
            ..made(&mut dice, Uuid::from_u128(number), start())
        };
        write(&mut admin, &row).await;
        if number == 40 {
            // As if the sums came into being here: what is there, and afterwards the changes.
            sqlx::raw_sql("delete from case_changes; delete from case_figures")
                .execute(&mut admin)
                .await
                .unwrap();
        }
    }
    let backfill = include_str!("../../migrations/0047_case_figures_of_before.sql");
    let mut in_tx = admin.begin().await.unwrap();
    sqlx::raw_sql(backfill).execute(&mut *in_tx).await.unwrap();
    in_tx.commit().await.unwrap();
    let mut told = 0;
    for _ in 0..4 {
        agree(&office, &mut admin, &mut dice, &mut told).await;
        office.store.fold_figures(7).await.unwrap();
    }
    assert!(told > 20, "{told}");
}

#[tokio::test]
async fn the_database_knows_the_months_of_the_calendar() {
    let office = Office::sandbox().await;
    let months: Vec<At> = sqlx::query_scalar("select starts_at from figure_months order by 1")
        .fetch_all(&mut office.as_admin().await)
        .await
        .unwrap();
    let expected: Vec<At> = (1369..1480)
        .flat_map(|year| parvaneh_core::JalaliPeriod::of_year(year).unwrap().months())
        .map(|month| {
            month.start().and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::minutes(210)
        })
        .collect();
    assert_eq!(months.len(), expected.len());
    for (month, expected) in months.iter().zip(&expected) {
        assert_eq!(month, expected);
    }
}
