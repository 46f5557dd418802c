//! Moving running cases to another version while people work: the preview, the job, and its
//! interruptions.

use std::time::Duration;

use chrono::TimeDelta;
use parvaneh_core::{Case, CaseId, Command, Fact, Given, Instant, Mapping, event::STATUTORY};
use parvaneh_store::{Ask, ExecuteError, Job, Request, Requester, Store, StoreError};

use crate::{
    fault_audit::audit,
    fault_process::{WorkerProcess, eventually},
    store_fixture::{
        Office, PROVINCE, act, applicant, comment, holder, new_case, open_request, workflow,
    },
};

const FIRST: &str = include_str!("../../workflows/ngo-establishment/v1.yaml");

/// The second version: reception is called intake and takes longer, its ladder begins at the breach,
/// and the whole takes 50 days.
fn second() -> String {
    let mut text = FIRST.to_owned();
    let breach = "    - { after: 0 wd, tell: [owner, county_head] }\n";
    let warned = format!("    - {{ warn: 1 wd, tell: [owner] }}\n{breach}");
    for (from, to) in [
        ("version: 1\n", "version: 2\n"),
        ("  reception:\n", "  intake:\n"),
        ("to: reception", "to: intake"),
        ("  term: 60 d\n", "  term: 50 d\n"),
        ("    term: 3 d\n", "    term: 10 d\n"),
        (&warned, breach),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

const LINES: &str = "from: ngo-establishment@1
to: ngo-establishment@2
steps: { reception: intake }
";

async fn published(office: &Office) {
    office.store.publish_definition(&workflow(), 2, &second()).await.unwrap();
}

async fn mapping(office: &Office, more: &str) -> (Mapping, String) {
    let text = format!("{LINES}{more}");
    let checked = office.store.check_mapping("mapping.yaml", &text).await.unwrap();
    let told: String = checked.problems.iter().map(|problem| problem.render(&text)).collect();
    (checked.mapping.unwrap_or_else(|| panic!("{told}")), text)
}

async fn finish(store: &Store, job: u32) -> Job {
    loop {
        match store.advance_job(Some(job), 4).await.unwrap() {
            Some(job) if job.finished_at.is_none() => {}
            Some(job) => return job,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Opens a case by the first version.
async fn opened(office: &Office) -> Case {
    office.store.execute(by_the_first(new_case())).await.unwrap().case
}

fn by_the_first(case: CaseId) -> Request {
    let mut request = open_request(case);
    if let Ask::Open { version, .. } = &mut request.ask {
        *version = Some(1);
    }
    request
}

async fn case(office: &Office, case: CaseId) -> Case {
    office.store.case(case).await.unwrap()
}

fn deadline(case: &Case, clock: u32) -> Option<Instant> {
    case.clock(clock)?.deadline
}

#[tokio::test]
async fn a_dry_run_tells_what_would_come_of_it_and_the_job_does_just_that() {
    let office = Office::sandbox().await;
    published(&office).await;
    let store = &office.store;
    let (waits, returned, ended) =
        (opened(&office).await, opened(&office).await, opened(&office).await);
    let back = Command::Act {
        action: "return".into(),
        reason: Some("a paper is missing".to_owned()),
        citation: None,
        given: Given::default(),
    };
    let returned = office.does("county_officer", returned.id, back).await.unwrap().case;
    let withdraw = Request::command(applicant(), ended.id, Command::Withdraw { reason: None });
    let ended = store.execute(withdraw).await.unwrap().case;
    // The task of the first is late, and it was told.
    office.advance(TimeDelta::days(5)).await;
    store.tick_due(100).await.unwrap();
    let waits = case(&office, waits.id).await;
    assert!(waits.clock(1).unwrap().fired >= 2);

    let (mapping, text) = mapping(&office, "statutory: recount\n").await;
    let mut told = Vec::new();
    let seen = |seen, of| told.push((seen, of));
    let preview = store.preview_migration(&mapping, None, 10, seen).await.unwrap();
    assert_eq!(told, [(2, 2)]);
    assert_eq!((preview.looked_at, preview.cases, preview.refused), (2, 2, 0));
    assert_eq!((preview.moved_deadlines, preview.become_late), (1, 0));
    let of = |id| preview.first.iter().find(|one| one.case == id).unwrap();
    let told = of(waits.id);
    assert_eq!((told.step.as_str(), told.to.as_str()), ("reception", "intake"));
    let clock = |no| told.clocks.iter().find(|clock| clock.clock == no).unwrap();
    assert_eq!(clock(1).from, deadline(&waits, 1));
    assert!(clock(1).late_before && !clock(1).late_after);
    // While it waits for the applicant the statutory clock stands still; his own term is kept.
    let his = &of(returned.id).clocks;
    assert_eq!((his[0].to, his[1].to), (None, deadline(&returned, 2)));
    assert_eq!(case(&office, waits.id).await, waits, "a dry run changes nothing");
    assert_eq!(store.unfinished_jobs().await.unwrap(), []);

    let job = store.begin_migration(&mapping, &text, None).await.unwrap();
    let job = finish(store, job).await;
    assert_eq!((job.kind.as_str(), job.total, job.changed), ("migrate", 2, 2));
    assert_eq!((job.done, job.failed, job.error), (2, 0, None));
    let moved = case(&office, waits.id).await;
    assert_eq!((moved.version, moved.place.name().as_str()), (2, "intake"));
    assert_eq!(deadline(&moved, 1), clock(1).to, "as the dry run told");
    assert_eq!(deadline(&moved, STATUTORY), clock(STATUTORY).to);
    let timeline = store.timeline(waits.id).await.unwrap();
    let event = &timeline.entries.last().unwrap().event;
    let Fact::Migrated(fact) = &event.fact else { panic!("{event:?}") };
    assert_eq!((&fact.mapping, event.by.person()), (&mapping.hash, None));
    // On worklists and in reports, too.
    let file = store.case_file(waits.id).await.unwrap();
    assert_eq!((file.tasks[0].step.as_str(), file.tasks[0].due_at), ("intake", clock(1).to));
    let calendars = store.calendars(&"ir".into()).await.unwrap();
    let raw = moved.statutory.as_ref().unwrap().ledger.raw_deadline(calendars.national()).unwrap();
    assert_eq!(file.raw_deadline, Some(raw));
    assert_eq!(case(&office, ended.id).await, ended, "what has ended stays as it is");
    // It goes on by the new version; its ladder has another round.
    office.advance(TimeDelta::days(30)).await;
    store.tick_due(100).await.unwrap();
    office.does("county_officer", waits.id, comment("late again")).await.unwrap();
    let mut admin = office.as_admin().await;
    let audit = audit(store, &mut admin).await;
    assert_eq!(audit.count("migrated"), 2);
    let rounds = "select count(distinct round) from escalations where case_id = $1 and clock = 1";
    let rounds: i64 =
        sqlx::query_scalar(rounds).bind(waits.id.0).fetch_one(&mut admin).await.unwrap();
    assert_eq!(rounds, 2, "levels have fired before and after");
    // There is nothing left to move.
    let again = store.begin_migration(&mapping, &text, None).await.unwrap();
    assert_eq!(finish(store, again).await.total, 0);
}

#[tokio::test]
async fn what_cannot_move_stays_and_is_told_and_a_unit_moves_alone() {
    let office = Office::sandbox().await;
    published(&office).await;
    let store = &office.store;
    let waits = opened(&office).await;
    let asked = opened(&office).await;
    office.does("county_officer", asked.id, act("accept")).await.unwrap();
    let mut elsewhere = by_the_first(new_case());
    if let Ask::Open { application, .. } = &mut elsewhere.ask {
        application.unit = "0801".into();
    }
    let elsewhere = store.execute(elsewhere).await.unwrap().case;

    let (mapping, text) = mapping(&office, "stay: [inquiries]\n").await;
    let unit = PROVINCE.into();
    let preview = store.preview_migration(&mapping, Some(&unit), 1, |_, _| {}).await.unwrap();
    assert_eq!((preview.looked_at, preview.cases, preview.refused), (2, 1, 1));
    let why = ("not_mapped".to_owned(), "inquiries".into());
    assert_eq!(preview.reasons, [(why, 1)].into());
    assert_eq!(preview.first_refused[0].case, asked.id);
    let job = store.begin_migration(&mapping, &text, Some(&unit)).await.unwrap();
    let job = finish(store, job).await;
    assert_eq!((job.total, job.done, job.changed, job.failed), (2, 2, 1, 1));
    assert!(job.error.as_ref().unwrap().contains("not_mapped"), "{job:?}");
    for (id, version) in [(waits.id, 2), (asked.id, 1), (elsewhere.id, 1)] {
        assert_eq!(case(&office, id).await.version, version);
    }
    assert_eq!(store.left_behind(&mapping, Some(&unit)).await.unwrap(), 1);
    assert_eq!(store.left_behind(&mapping, None).await.unwrap(), 2);
    let parked = "select count(*) from parked_cases";
    let parked: i64 =
        sqlx::query_scalar(parked).fetch_one(&mut office.as_admin().await).await.unwrap();
    assert_eq!(parked, 0);
}

#[tokio::test]
async fn a_migration_needs_published_versions_and_a_unit_that_is_there() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let missing = store.check_mapping("mapping.yaml", LINES).await.unwrap_err();
    assert_eq!(missing.code(), "no_such_definition");
    published(&office).await;
    let broken = store.check_mapping("mapping.yaml", "from: ngo-establishment\n").await.unwrap();
    assert!(broken.mapping.is_none() && broken.problems.len() == 2, "{:?}", broken.problems);
    let (mapping, text) = mapping(&office, "").await;
    let nowhere = "tehran".into();
    let unknown = store.begin_migration(&mapping, &text, Some(&nowhere)).await.unwrap_err();
    assert!(matches!(unknown, StoreError::Unknown(_)), "{unknown}");
    // The old version may be retired; the new one is to be in use.
    store.set_retired(&workflow(), 1, true).await.unwrap();
    store.preview_migration(&mapping, None, 1, |_, _| {}).await.unwrap();
    store.set_retired(&workflow(), 2, true).await.unwrap();
    let retired = store.begin_migration(&mapping, &text, None).await.unwrap_err();
    assert_eq!(retired.code(), "definition_retired");
    assert_eq!(store.unfinished_jobs().await.unwrap(), []);
    // Nobody but the program moves a case.
    store.set_retired(&workflow(), 1, false).await.unwrap();
    let case = opened(&office).await;
    let ask = Ask::Migrate { case: case.id, mapping: mapping.into() };
    let by = Requester::Person(holder("provincial_director"));
    let request = Request::new(by, ask);
    let Err(ExecuteError::Refused(refusal)) = store.execute(request).await else { panic!() };
    assert_eq!(refusal.code.as_str(), "not_permitted");
}

#[tokio::test]
async fn officers_go_on_and_cases_are_opened_while_it_runs_and_a_killed_worker_loses_nothing() {
    let office = Office::sandbox().await;
    published(&office).await;
    let requests = (0..150).map(|_| by_the_first(new_case())).collect();
    let opening = office.store.execute_batch(requests).await;
    let cases: Vec<CaseId> = opening.into_iter().map(|done| done.unwrap().case.id).collect();
    let (mapping, text) = mapping(&office, "").await;
    let job = office.store.begin_migration(&mapping, &text, None).await.unwrap();
    let progress = async || office.store.job(job).await.unwrap().unwrap();
    for _ in 0..3 {
        office.store.advance_job(Some(job), 10).await.unwrap();
    }
    assert_eq!((progress().await.done, progress().await.changed), (30, 30));
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
    eventually("the job is free again", async || {
        office.store.advance_job(Some(job), 10).await.unwrap()
    })
    .await;
    assert!(progress().await.finished_at.is_none());

    // Another worker, while officers work on the same cases and others are opened by the old version.
    let mut late = Vec::new();
    for _ in 0..5 {
        late.push(opened(&office).await.id);
    }
    let worker = WorkerProcess::start(&office.database.app_options()).await.ready().await;
    for id in &cases {
        office.does("county_officer", *id, comment("looked at")).await.unwrap();
        office.does("county_officer", *id, act("accept")).await.unwrap();
    }
    eventually("the job is done", async || progress().await.finished_at).await;
    worker.finish().await;
    let end = progress().await;
    assert_eq!((end.total, end.failed), (150, 0), "{end:?}");
    assert_eq!(office.store.left_behind(&mapping, None).await.unwrap(), 0);
    // Each has moved once, and stands as its timeline says.
    let audit = audit(&office.store, &mut admin).await;
    assert_eq!(audit.count("migrated"), 155, "{end:?}");
    for id in cases.iter().chain(&late) {
        let moved = audit.timelines[id].iter().filter(|one| one.fact.kind() == "migrated").count();
        assert_eq!((moved, case(&office, *id).await.version), (1, 2), "{id}");
    }
}

#[tokio::test]
async fn what_is_opened_by_the_old_version_behind_the_job_is_found_by_a_further_pass() {
    let office = Office::sandbox().await;
    published(&office).await;
    let mut ids: Vec<CaseId> = (0..6).map(|_| new_case()).collect();
    ids.sort_unstable();
    let behind = ids.remove(0);
    for id in &ids {
        office.store.execute(by_the_first(*id)).await.unwrap();
    }
    let (mapping, text) = mapping(&office, "").await;
    let job = office.store.begin_migration(&mapping, &text, None).await.unwrap();
    office.store.advance_job(Some(job), 2).await.unwrap();
    office.store.execute(by_the_first(behind)).await.unwrap();
    let job = finish(&office.store, job).await;
    assert_eq!((job.total, job.done, job.changed, job.failed), (5, 6, 6, 0));
    assert_eq!(case(&office, behind).await.version, 2);
}
