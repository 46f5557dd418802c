//! Figures of work are read from sums, from what has still to be added to them and from the tasks. Whatever of each is
//! there, they are those of a plain loop over the tasks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use parvaneh_core::{
    Organisation, UnitId, WorkflowId,
    calendar::Calendars,
    measure::{Responsible, TaskSpan, days_lost},
};
use parvaneh_store::{StoreError, Workload, WorkloadBy, WorkloadQuery};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    figures::{Dice, Row, UNITS, WORKFLOWS, edge, made, moved, publish, reach, rows, seen, write},
    store_fixture::{Office, start},
};

type At = DateTime<Utc>;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Task {
    case_id: Uuid,
    no: i32,
    step: String,
    branch: Option<String>,
    purpose: String,
    owner_role: Option<String>,
    unit_id: String,
    opened_at: At,
    claimed_at: Option<At>,
    due_at: Option<At>,
    closed_at: Option<At>,
    outcome: Option<String>,
    waited: Option<i64>,
    handled: Option<i64>,
    untouched: Option<i64>,
    late_waiting: Option<i64>,
    late_handling: Option<i64>,
}

async fn tasks(admin: &mut PgConnection) -> Vec<Task> {
    sqlx::query_as("select * from tasks order by case_id, no").fetch_all(admin).await.unwrap()
}

/// A task of a case: done, given up, a vote, or open still.
fn made_task(dice: &mut Dice, case: &Row, no: i32, now: At) -> Task {
    let opened_at = dice.instant(now, -80..1).min(now);
    let step = *dice.one(&["review", "inquiry", "visit"]);
    // What is open when a case has ended has no part in it: none is written here.
    let closed = dice.below(3) > 0 || case.ended_at.is_some();
    let closed_at = closed.then(|| dice.instant(now, -75..1).min(now));
    let length = |dice: &mut Dice| Some(dice.below(90_000_000_000));
    let known = closed_at.is_some() && dice.below(6) > 0;
    let mut lengths = [None; 5];
    if known {
        lengths = [(); 5].map(|()| length(dice));
    }
    let [waited, handled, untouched, late_waiting, late_handling] = lengths;
    Task {
        case_id: case.id,
        no,
        step: step.to_owned(),
        branch: (step == "inquiry").then(|| (*dice.one(&["police", "court"])).to_owned()),
        purpose: if dice.below(8) == 0 { "vote" } else { "act" }.to_owned(),
        owner_role: (dice.below(5) > 0).then(|| (*dice.one(&["expert", "manager"])).to_owned()),
        unit_id: (*dice.one(&UNITS)).to_owned(),
        opened_at,
        claimed_at: (dice.below(2) == 0).then(|| dice.instant(now, -80..1).min(now)),
        due_at: (dice.below(4) > 0).then(|| dice.instant(now, -70..10)),
        closed_at,
        outcome: closed_at.map(|_| {
            let outcomes = ["accept", "accept", "refuse", "not_needed", "withdrawn"];
            (*dice.one(&outcomes)).to_owned()
        }),
        waited,
        handled,
        untouched,
        late_waiting,
        late_handling,
    }
}

async fn write_task(admin: &mut PgConnection, task: &Task) {
    sqlx::query(
        "insert into tasks (case_id, no, step, branch, purpose, owner_role, owner_person, unit_id, opened_at, claimed_at,
             due_at, closed_at, outcome, waited, handled, untouched, late_waiting, late_handling)
         values ($1, $2, $3, $4, $5, $6, case when $6::text is null then $1 end, $7, $8, $9, $10, $11, $12, $13, $14,
             $15, $16, $17)
         on conflict (case_id, no) do update set
             step = excluded.step, branch = excluded.branch, purpose = excluded.purpose,
             owner_role = excluded.owner_role, owner_person = excluded.owner_person, unit_id = excluded.unit_id,
             opened_at = excluded.opened_at, claimed_at = excluded.claimed_at, due_at = excluded.due_at,
             closed_at = excluded.closed_at, outcome = excluded.outcome, waited = excluded.waited,
             handled = excluded.handled, untouched = excluded.untouched, late_waiting = excluded.late_waiting,
             late_handling = excluded.late_handling",
    )
    .bind(task.case_id)
    .bind(task.no)
    .bind(&task.step)
    .bind(&task.branch)
    .bind(&task.purpose)
    .bind(&task.owner_role)
    .bind(&task.unit_id)
    .bind(task.opened_at)
    .bind(task.claimed_at)
    .bind(task.due_at)
    .bind(task.closed_at)
    .bind(&task.outcome)
    .bind(task.waited)
    .bind(task.handled)
    .bind(task.untouched)
    .bind(task.late_waiting)
    .bind(task.late_handling)
    .execute(admin)
    .await
    .unwrap();
}

/// Workflow, step, branch, owner, unit.
type Key = (String, String, Option<String>, String, String);
/// Closed, late, late in the queue; the five lengths; held up; days lost in hundredths.
type Figures = BTreeMap<Key, ([u64; 3], [i64; 5], u64, [i64; 2])>;

fn key(by: WorkloadBy, workflow: &str, whose: &Responsible) -> Key {
    let (workflow, owner) = (workflow.to_owned(), whose.owner.clone());
    match by {
        WorkloadBy::Step => {
            let branch = whose.branch.as_ref().map(|branch| branch.to_string());
            (workflow, whose.step.to_string(), branch, owner, String::new())
        }
        WorkloadBy::Owner => (workflow, String::new(), None, owner, whose.unit.to_string()),
    }
}

fn whose(task: &Task) -> Responsible {
    Responsible {
        step: (&*task.step).into(),
        branch: task.branch.as_deref().map(Into::into),
        owner: task.owner_role.clone().unwrap_or_else(|| "applicant".to_owned()),
        unit: (&*task.unit_id).into(),
    }
}

/// The same by a plain loop.
fn plain(
    organisation: &Organisation,
    calendars: &Calendars,
    cases: &[&Row],
    tasks: &[Task],
    query: &WorkloadQuery,
    now: At,
) -> Figures {
    let mut figures = Figures::new();
    let mut days: BTreeMap<Key, [f64; 2]> = BTreeMap::new();
    for case in cases {
        let unit = UnitId::from(&*case.unit_id);
        let wanted = query.workflow.as_ref().is_none_or(|only| only.as_str() == case.workflow)
            && query.within.as_ref().is_none_or(|within| organisation.contains(within, &unit));
        if !wanted {
            continue;
        }
        let of_case: Vec<&Task> =
            tasks.iter().filter(|task| task.case_id == case.id && task.purpose != "vote").collect();
        for task in &of_case {
            let Some(closed) = task.closed_at.filter(|at| query.period.contains(at)) else {
                continue;
            };
            if task.outcome.as_deref().is_some_and(|one| ["not_needed", "withdrawn"].contains(&one))
            {
                continue;
            }
            let late = task.due_at.is_some_and(|due| closed > due);
            let in_queue = late && task.due_at < Some(task.claimed_at.unwrap_or(closed));
            let (counts, lengths, ..) =
                figures.entry(key(query.by, &case.workflow, &whose(task))).or_default();
            counts[0] += 1;
            counts[1] += u64::from(late);
            counts[2] += u64::from(in_queue);
            let known =
                [task.waited, task.handled, task.untouched, task.late_waiting, task.late_handling];
            lengths.iter_mut().zip(known).for_each(|(sum, one)| *sum += one.unwrap_or(0));
        }
        let Some(deadline) = case.deadline_at else { continue };
        let (at, stopped) = (case.ended_at.unwrap_or(deadline), case.ended_at.unwrap_or(now));
        if !query.period.contains(&at) || stopped <= deadline {
            continue;
        }
        let spans: Vec<TaskSpan> = of_case
            .iter()
            .filter(|task| {
                task.opened_at < stopped && task.closed_at.is_none_or(|at| at > deadline)
            })
            .map(|task| TaskSpan {
                whose: whose(task),
                from: task.opened_at,
                claimed_at: task.claimed_at,
                until: task.closed_at,
            })
            .collect();
        if query.by == WorkloadBy::Step {
            let held: BTreeSet<Key> =
                spans.iter().map(|span| key(query.by, &case.workflow, &span.whose)).collect();
            held.into_iter().for_each(|key| figures.entry(key).or_default().2 += 1);
        }
        let calendar = calendars.for_unit(organisation.path(&unit));
        for (whose, lost) in days_lost(&spans, deadline, stopped, calendar) {
            let days = days.entry(key(query.by, &case.workflow, &whose)).or_default();
            days[0] += lost.waiting;
            days[1] += lost.handling;
        }
    }
    for (key, days) in days {
        figures.entry(key).or_default().3 = days.map(hundredths);
    }
    figures
}

fn hundredths(days: f64) -> i64 {
    (days * 100.0).round() as i64
}

fn told(by: WorkloadBy, rows: Vec<Workload>) -> Figures {
    let figures = rows.into_iter().map(|row| {
        let whose = Responsible {
            step: row.step.unwrap_or_else(|| "".into()),
            branch: row.branch,
            owner: row.owner,
            unit: row.unit.unwrap_or_else(|| "".into()),
        };
        let spent = row.spent;
        let lengths =
            [spent.waited, spent.handled, spent.untouched, spent.late_waiting, spent.late_handling];
        let lengths = lengths.map(|length| length.num_microseconds().unwrap());
        let days = [row.days_lost.waiting, row.days_lost.handling].map(hundredths);
        let counts = [row.closed, row.late, row.late_in_queue];
        (key(by, row.workflow.as_str(), &whose), (counts, lengths, row.held_up, days))
    });
    figures.collect()
}

async fn agree(office: &Office, admin: &mut PgConnection, dice: &mut Dice, count: &mut usize) {
    let store = &office.store;
    let (cases, tasks) = (rows(admin).await, tasks(admin).await);
    let (now, organisation) = (store.now().await.unwrap(), store.organisation().await.unwrap());
    let calendars = store.calendars(&"ir".into()).await.unwrap();
    for _ in 0..5 {
        let reach = reach(dice, &cases);
        let reading = match &reach {
            Some(reach) => store.reading_within(&organisation, reach),
            None => store.clone(),
        };
        let cases: Vec<&Row> =
            cases.iter().filter(|row| seen(&organisation, reach.as_ref(), row)).collect();
        let (one, other) = (edge(dice, now), edge(dice, now));
        let mut query = WorkloadQuery {
            period: one.min(other)..one.max(other),
            by: WorkloadBy::Step,
            workflow: (dice.below(3) == 0).then(|| WorkflowId::from(dice.one(&WORKFLOWS).0)),
            within: (dice.below(4) > 0).then(|| UnitId::from(*dice.one(&UNITS))),
        };
        let ways = [WorkloadBy::Step, WorkloadBy::Owner];
        let found = reading.workloads(&query, ways).await.unwrap();
        for (by, found) in ways.into_iter().zip(found) {
            query.by = by;
            let expected = plain(&organisation, &calendars, &cases, &tasks, &query, now);
            assert_eq!(told(by, found), expected, "{query:?} for {reach:?} at {now}");
            *count += expected.len();
        }
    }
}

async fn walk(seed: u64, steps: usize) -> Result<(), StoreError> {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    publish(&mut admin).await;
    let mut dice = Dice(seed);
    let (mut cases, mut count, mut folded): (Vec<Row>, _, _) = (Vec::new(), 0, 0);
    for step in 0..steps {
        let now = office.store.now().await?;
        for _ in 0..dice.below(8) {
            let mut row = made(&mut dice, Uuid::from_u128(cases.len() as u128 + 1), now);
            match dice.below(3) {
                // Another end, deadline or version: never another unit or workflow.
                0 if !cases.is_empty() => {
                    let place = dice.below(cases.len() as i64) as usize;
                    let known = cases[place].clone();
                    row = Row {
                        id: known.id,
                        unit_id: known.unit_id,
                        workflow: known.workflow,
                        opened_at: known.opened_at,
                        ..row
                    };
                    cases[place] = row.clone();
                }
                _ => cases.push(row.clone()),
            }
            write(&mut admin, &row).await;
        }
        for _ in 0..dice.below(25) {
            let Some(case) = (!cases.is_empty()).then(|| dice.one(&cases).clone()) else { break };
            let no = 1 + dice.below(4) as i32;
            let task = made_task(&mut dice, &case, no, now);
            write_task(&mut admin, &task).await;
        }
        match dice.below(8) {
            0..3 => folded += office.store.fold_figures(dice.below(25) as usize).await?,
            3 => {
                while office.store.fold_figures(1_000).await? > 0 {
                    folded += 1;
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
                let sql = "delete from tasks where (case_id, no) =
                    (select case_id, no from tasks order by md5(case_id::text || no || $1::text) limit 1)";
                sqlx::query(sql).bind(step as i32).execute(&mut admin).await.unwrap();
            }
            // What does not change how it counts, as most that is done to a task.
            _ => {
                let sql = "update tasks set first_touched_at = opened_at, urgency = 'urgent'";
                sqlx::query(sql).execute(&mut admin).await.unwrap();
            }
        }
        agree(&office, &mut admin, &mut dice, &mut count).await;
    }
    assert!(count > 10 * steps && folded > 0, "{count} figures, {folded} folded");
    // Everything in the sums, they hold nothing that is empty.
    while office.store.fold_figures(1_000).await? > 0 {}
    let (empty, wrong): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where (closed, held_up, lost_waiting, lost_handling) = (0, 0, 0, 0)),
                count(*) filter (where least(closed, late, late_in_queue, waited, held_up, lost_waiting) < 0)
         from task_figures",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!((empty, wrong), (0, 0));
    agree(&office, &mut admin, &mut dice, &mut count).await;
    Ok(())
}

#[tokio::test]
async fn figures_of_work_from_sums_are_those_of_the_tasks() {
    for walked in 0..2 {
        walk(211 + 0x9e37_79b9 * walked, 22).await.unwrap();
    }
}

#[tokio::test]
async fn the_tasks_of_before_are_summed() {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    let mut dice = Dice(77);
    for number in 1..=50 {
        let row = Row {
            workflow: "ngo-establishment".into(),
            version: 1,
            ..made(&mut dice, Uuid::from_u128(number), start())
        };
        write(&mut admin, &row).await;
        for no in 1..=3 {
            let task = made_task(&mut dice, &row, no, start());
            write_task(&mut admin, &task).await;
        }
        if number == 35 {
            // As if the sums came into being here: what is there, and afterwards the changes.
            let forget =
                "delete from task_changes; delete from task_figures; delete from late_changes";
            sqlx::raw_sql(forget).execute(&mut admin).await.unwrap();
        }
    }
    let backfill = include_str!("../../migrations/0062_task_figures_of_before.sql");
    let mut in_tx = admin.begin().await.unwrap();
    sqlx::raw_sql(backfill).execute(&mut *in_tx).await.unwrap();
    in_tx.commit().await.unwrap();
    let mut count = 0;
    for _ in 0..4 {
        agree(&office, &mut admin, &mut dice, &mut count).await;
        office.store.fold_figures(7).await.unwrap();
    }
    while office.store.fold_figures(1_000).await.unwrap() > 0 {}
    assert!(count > 40, "{count}");
    agree(&office, &mut admin, &mut dice, &mut count).await;
}
