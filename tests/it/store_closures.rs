//! Closing offices while people work: the register, the preview, the job, and its interruptions.

use std::{collections::BTreeMap, time::Duration};

use chrono::{NaiveDate, TimeDelta};
use parvaneh_core::{Case, CaseId, Fact, Grant, Instant, UnitId, event::STATUTORY};
use parvaneh_store::{
    Change, ClosedDay, Closing, ClosureError, ClosuresQuery, Executed, PreviewPage, Reopening,
    Store,
};
use parvaneh_worker::{Shutdown, WorkerOptions, drain};

use crate::{
    fault_audit::audit,
    fault_process::{WorkerProcess, eventually},
    store_fixture::{COUNTY, Office, PROVINCE, act, comment, holder, new_case, open_request},
};

/// The last day of the first step, of a case that is opened when the office's clock begins:
/// Tuesday, 1403/02/04.
fn last_day() -> NaiveDate {
    "2024-04-23".parse().unwrap()
}

fn day(unit: &str, date: NaiveDate, hours: Option<&str>) -> ClosedDay {
    let hours = hours.map(|hours| hours.parse().unwrap());
    ClosedDay { calendar: "ir".into(), unit: unit.into(), date, hours }
}

fn close(unit: &str, date: NaiveDate) -> Change {
    let day = day(unit, date, None);
    Change::Close(Closing { day, reason: "snow".to_owned(), by: None })
}

fn reopen(unit: &str, date: NaiveDate) -> Change {
    let day = day(unit, date, None);
    Change::Reopen(Reopening { day, reason: "no snow".to_owned(), by: None })
}

async fn finish(store: &Store, job: u32) -> parvaneh_store::Job {
    loop {
        match store.advance_job(Some(job), 4).await.unwrap() {
            Some(job) if job.finished_at.is_none() => {}
            Some(job) => return job,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

fn deadline_of_task(case: &Case) -> Instant {
    let clock = case.tasks[0].clock.as_ref().expect("the first step has a term");
    clock.deadline.expect("it runs")
}

fn rescheduled(done: &Executed) -> usize {
    done.events.iter().filter(|event| event.fact.kind() == "rescheduled").count()
}

async fn case(office: &Office, case: CaseId) -> Case {
    office.store.case(case).await.unwrap()
}

#[tokio::test]
async fn a_closure_moves_what_lies_in_its_unit_and_its_end_puts_it_back() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let opened = office.opened().await;
    // In a county of another province.
    let mut elsewhere = open_request(new_case());
    if let parvaneh_store::Ask::Open { application, .. } = &mut elsewhere.ask {
        application.unit = UnitId::from("0801");
    }
    let elsewhere = store.execute(elsewhere).await.unwrap().case;
    let before = deadline_of_task(&opened);

    let change = close(PROVINCE, last_day());
    let preview =
        store.preview_closures(&change, &PreviewPage::first(10), |_, _| {}).await.unwrap();
    assert_eq!((preview.looked_at, preview.cases), (1, 1));
    let told = &preview.first[0];
    let task = told.clocks.iter().find(|one| one.clock != STATUTORY).unwrap();
    assert_eq!((told.case, task.from), (opened.id, before));
    assert_eq!(case(&office, opened.id).await, opened, "a preview changes nothing");
    assert_eq!(store.closures(&"ir".into(), &ClosuresQuery::default()).await.unwrap(), []);

    let version = store.calendars(&"ir".into()).await.unwrap().version().to_owned();
    let settled = store.change_closures(change.clone()).await.unwrap();
    let job = finish(store, settled.job.unwrap()).await;
    assert_eq!((job.total, job.done, job.changed, job.failed), (1, 1, 1, 0));
    let moved = case(&office, opened.id).await;
    assert_eq!(Some(deadline_of_task(&moved)), task.to, "as the preview told");
    assert_eq!(case(&office, elsewhere.id).await, elsewhere);
    let timeline = store.timeline(opened.id).await.unwrap();
    let event = &timeline.entries.last().unwrap().event;
    let Fact::Rescheduled { calendar_version, .. } = &event.fact else { panic!("{event:?}") };
    assert_ne!(*calendar_version, version);
    assert_eq!(event.effective_at, settled.closure.closed_at);
    // In the worklist, too.
    let file = store.case_file(opened.id).await.unwrap();
    assert_eq!(file.tasks[0].due_at, Some(deadline_of_task(&moved)));
    // The raw deadline follows: without suspensions and extensions it is the same.
    assert_eq!(file.raw_deadline, moved.statutory.as_ref().unwrap().deadline);

    // The same once more is no second closure; with another reason it is refused.
    assert_eq!(store.change_closures(change).await.unwrap().job, None);
    let other =
        Closing { day: day(PROVINCE, last_day(), None), reason: "heat".to_owned(), by: None };
    let refused = store.change_closures(Change::Close(other)).await.unwrap_err();
    assert_eq!(refused.code(), "closed_before");

    office.advance(TimeDelta::hours(1)).await;
    let settled = store.change_closures(reopen(PROVINCE, last_day())).await.unwrap();
    assert_eq!(finish(store, settled.job.unwrap()).await.changed, 1);
    assert_eq!(deadline_of_task(&case(&office, opened.id).await), before);
    assert_eq!(store.calendars(&"ir".into()).await.unwrap().version(), version);
    let refused = store.change_closures(reopen(PROVINCE, last_day())).await.unwrap_err();
    assert_eq!(refused.code(), "not_closed");
    // What it was at any time can be told.
    let then = store.calendars_at(&"ir".into(), settled.closure.closed_at).await.unwrap();
    assert_eq!(then.version(), *calendar_version);
    let mut admin = office.as_admin().await;
    let audit = audit(store, &mut admin).await;
    assert_eq!(audit.count("rescheduled"), 2);
}

#[tokio::test]
async fn some_hours_of_a_county_and_of_the_nation_can_be_closed() {
    let office = Office::sandbox().await;
    let opened = office.opened().await;
    let hours = Change::Close(Closing {
        day: day(COUNTY, last_day(), Some("12:00-14:30")),
        reason: "smog".to_owned(),
        by: None,
    });
    office.store.change_closures(hours).await.unwrap();
    let settled = office.store.change_closures(close("ir", last_day())).await.unwrap();
    for job in office.store.unfinished_jobs().await.unwrap() {
        finish(&office.store, job.id).await;
    }
    let calendars = office.store.calendars(&"ir".into()).await.unwrap();
    let organisation = office.store.organisation().await.unwrap();
    let at =
        |unit: &str| calendars.for_unit(organisation.path(&unit.into())).day(last_day()).is_open();
    assert_eq!([at(COUNTY), at("0801"), at("ir")], [false; 3]);
    let case = case(&office, opened.id).await;
    assert!(deadline_of_task(&case) > deadline_of_task(&opened));
    let mine = ClosuresQuery { unit: Some("2302".into()), ..ClosuresQuery::default() };
    let mine = office.store.closures(&"ir".into(), &mine).await.unwrap();
    assert_eq!(mine, [settled.closure], "another county's closure does not bear on this one");
}

/// The raw rate would judge by a day that was closed.
#[tokio::test]
async fn the_raw_deadline_follows_the_statutory_one() {
    let office = Office::sandbox().await;
    let opened = office.opened().await;
    let raw = async || office.store.case_file(opened.id).await.unwrap().raw_deadline;
    let before = opened.statutory.unwrap().deadline;
    assert_eq!(raw().await, before);
    let last = before.unwrap().date_naive();
    let settled = office.store.change_closures(close(COUNTY, last)).await.unwrap();
    finish(&office.store, settled.job.unwrap()).await;
    let moved = case(&office, opened.id).await.statutory.unwrap().deadline;
    assert_ne!(moved, before);
    assert_eq!(raw().await, moved);
    let settled = office.store.change_closures(reopen(COUNTY, last)).await.unwrap();
    finish(&office.store, settled.job.unwrap()).await;
    assert_eq!(raw().await, before);
}

#[tokio::test]
async fn who_keeps_the_calendar_closes_where_he_keeps_it() {
    let office = Office::sandbox().await;
    let (keeper, stranger) = (holder("county_head"), holder("county_officer"));
    let grant = Grant { role: "calendar_keeper".into(), unit: PROVINCE.into() };
    office.store.grant(vec![(keeper, grant)]).await.unwrap();
    let by = |by, unit: &str| {
        let day = day(unit, last_day(), None);
        Change::Close(Closing { day, reason: "snow".to_owned(), by: Some(by) })
    };
    let refused = async |change| {
        let preview = office
            .store
            .preview_closures(&change, &PreviewPage::first(1), |_, _| {})
            .await
            .unwrap_err();
        let refused = office.store.change_closures(change).await.unwrap_err();
        assert_eq!(preview.code(), refused.code());
        refused
    };
    assert!(matches!(refused(by(stranger, COUNTY)).await, ClosureError::NotPermitted(_)));
    assert!(matches!(refused(by(keeper, "0801")).await, ClosureError::OutOfJurisdiction(_)));
    assert!(matches!(refused(by(keeper, "ir")).await, ClosureError::OutOfJurisdiction(_)));
    assert!(matches!(refused(close("tehran", last_day())).await, ClosureError::UnknownUnit(_)));
    let far = "2350-01-01".parse().unwrap();
    assert!(matches!(refused(close(COUNTY, far)).await, ClosureError::OutOfReach { .. }));
    let blank = Closing { day: day(COUNTY, last_day(), None), reason: " ".to_owned(), by: None };
    assert!(matches!(refused(Change::Close(blank)).await, ClosureError::Reason));
    assert_eq!(office.store.unfinished_jobs().await.unwrap(), []);
    let settled = office.store.change_closures(by(keeper, COUNTY)).await.unwrap();
    assert_eq!(settled.closure.closed_by, Some(keeper));
}

#[tokio::test]
async fn nothing_fires_for_a_deadline_that_a_closure_has_moved() {
    let office = Office::sandbox().await;
    let (moved, told) = (office.opened().await, office.opened().await);
    // The term of the first step is over on its deadline; the day of it is closed just before.
    let deadline = deadline_of_task(&moved);
    office.store.sandbox_clock().set_frozen(deadline - TimeDelta::hours(2)).await.unwrap();
    let (_stop, shutdown) = Shutdown::new();
    drain(&office.store, WorkerOptions::default(), &shutdown).await.unwrap();
    let calendars = office.store.calendars(&"ir".into()).await.unwrap();
    let date = calendars.national().local_date(deadline);
    let settled = office.store.change_closures(close(PROVINCE, date)).await.unwrap();
    office.store.sandbox_clock().set_frozen(deadline + TimeDelta::hours(2)).await.unwrap();
    // An officer is quicker than the worker, and the worker than the job.
    let done = office.does("county_officer", told.id, comment("closed today")).await.unwrap();
    assert_eq!(rescheduled(&done), 1, "{:?}", done.events);
    let ticked = office.store.tick_due(100).await.unwrap();
    assert!(ticked.done.iter().all(|done| rescheduled(done) == 1), "{ticked:?}");
    let job = finish(&office.store, settled.job.unwrap()).await;
    assert_eq!((job.done, job.changed), (2, 0), "both had it already");
    for id in [moved.id, told.id] {
        let timeline = office.store.timeline(id).await.unwrap();
        let breach = timeline.entries.iter().find(|entry| match &entry.event.fact {
            Fact::Escalated { warning, deadline: of, .. } => !warning && *of == deadline,
            _ => false,
        });
        assert_eq!(breach, None);
    }
}

#[tokio::test]
async fn a_calendar_that_is_published_again_reaches_running_cases_the_same_way() {
    let office = Office::sandbox().await;
    let opened = office.opened().await;
    let file = include_str!("../../workflows/calendars/ir.yaml");
    let closure = "closures:
  - { name: { fa: تعطیل, en: Closed }, date: 2024-04-23, certainty: assumption }
";
    let changed = file.replacen("closures: []\n", closure, 1);
    assert_ne!(changed, file);
    office.store.publish_calendar(&"ir".into(), &changed).await.unwrap();
    let (_stop, shutdown) = Shutdown::new();
    let totals = drain(&office.store, WorkerOptions::default(), &shutdown).await.unwrap();
    assert_eq!(totals.jobs, 1);
    let case = case(&office, opened.id).await;
    assert!(deadline_of_task(&case) > deadline_of_task(&opened));
    assert_eq!(office.store.unfinished_jobs().await.unwrap(), []);
}

#[tokio::test]
async fn officers_go_on_while_a_job_runs_and_a_killed_worker_loses_nothing() {
    let office = Office::sandbox().await;
    let requests = (0..150).map(|_| open_request(new_case())).collect();
    let cases: Vec<CaseId> = office
        .store
        .execute_batch(requests)
        .await
        .into_iter()
        .map(|done| done.unwrap().case.id)
        .collect();
    let settled = office.store.change_closures(close(PROVINCE, last_day())).await.unwrap();
    let job = settled.job.unwrap();
    let progress = async || office.store.job(job).await.unwrap().unwrap();
    // Some portions by this process, then by a worker that is killed in one.
    for _ in 0..3 {
        office.store.advance_job(Some(job), 10).await.unwrap();
    }
    assert_eq!(progress().await.done, 30);
    // While this is open everybody can read, and nobody can write an event: the job stands still in
    // the middle of a portion.
    let mut gate = office.as_admin().await;
    sqlx::raw_sql("begin; lock table case_events in share mode").execute(&mut gate).await.unwrap();
    let worker = WorkerProcess::start(&office.database.app_options()).await.ready().await;
    let mut admin = office.as_admin().await;
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%written%'";
    eventually("the worker waits at the gate", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut admin).await.unwrap();
        (waiting > 0).then_some(())
    })
    .await;
    assert_eq!(office.store.advance_job(Some(job), 10).await.unwrap(), None, "the worker has it");
    worker.kill().await;
    sqlx::raw_sql("rollback").execute(&mut gate).await.unwrap();
    // What it had in hand when it died is not counted, and is done again.
    eventually("the job is free again", async || {
        office.store.advance_job(Some(job), 10).await.unwrap()
    })
    .await;
    assert!(progress().await.done >= 40 && progress().await.finished_at.is_none());

    // Another worker, while officers work on the same cases.
    let worker = WorkerProcess::start(&office.database.app_options()).await.ready().await;
    let (mut taken, mut worked) = (0, 0);
    for id in &cases {
        let done = office.does("county_officer", *id, comment("looked at")).await.unwrap();
        taken += rescheduled(&done);
        let done = office.does("county_officer", *id, act("accept")).await;
        worked += usize::from(done.is_ok());
    }
    eventually("the job is done", async || progress().await.finished_at).await;
    worker.finish().await;
    let end = progress().await;
    assert_eq!((end.done, end.total, end.failed, worked > 0), (150, 150, 0, true), "{end:?}");
    assert!(end.changed <= 150);
    // Each had its deadlines moved once, by whoever came first, and stands as its timeline says.
    let audit = audit(&office.store, &mut admin).await;
    assert_eq!(audit.count("rescheduled"), 150, "{taken} by officers");
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for id in &cases {
        for entry in office.store.timeline(*id).await.unwrap().entries {
            if let Fact::Rescheduled { change, .. } = entry.event.fact {
                *reasons.entry(format!("{change:?}")).or_default() += 1;
            }
        }
    }
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}
