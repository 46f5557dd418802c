//! The register of licences in a real database: what ends of cases make of it, at the same time too.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use parvaneh_core::{
    Case, CaseId, Event, Given, JalaliDate, LicenceNumber, Open, PersonId, Place, RefusalCode,
    UnitId, WorkflowId,
    register::{LicenceState, Reference, RegisteredLicence, fold},
};
use parvaneh_store::{ExecuteError, LicencesQuery, Request, Standing, Store};
use sqlx::{PgConnection, Row};

use crate::store_fixture::{COUNTY, Office, PROVINCE, act, applicant, holder, new_case, start};

const HEAD: &str = "
version: 1
title: { fa: پروانه, en: Licence }
opens_at: county
calendar: ir
statutory: { term: 30 d, starts: opened, basis: assumption, SILENCE }
roles:
  county_officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open] }
steps:
  decision:
    title: { fa: تصمیم, en: Decision }
    owner: county_officer
    term: 5 d
    basis: assumption
    actions:
";

/// A procedure of one step: its name, what it is about, and each action with what it does to a licence.
pub(crate) fn procedure(name: &str, about: &str, ends: &[(&str, &str)]) -> String {
    let silence = format!("silence: {{ to: {}, basis: assumption }}", ends[0].0);
    let mut source = format!("workflow: {name}{}", HEAD.replace("SILENCE", &silence));
    if !about.is_empty() {
        source = source.replace("opens_at", &format!("about: {{ {about} }}\nopens_at"));
    }
    for (end, _) in ends {
        source += &format!("      to_{end}: {{ title: {{ fa: الف, en: A }}, to: {end} }}\n");
    }
    source += "ends:\n";
    for (end, licence) in ends {
        let licence =
            if licence.is_empty() { String::new() } else { format!(", licence: {{ {licence} }}") };
        source += &format!(
            "  {end}: {{ title: {{ fa: الف, en: A }}, decision: yes, outcome: granted{licence} }}\n"
        );
    }
    source + "  withdrawn: { title: { fa: انصراف, en: W }, decision: no, outcome: withdrawn }\n"
}

pub(crate) async fn office() -> Office {
    let office = Office::sandbox().await;
    publish(&office).await;
    office
}

/// Procedures that grant and change licences.
pub(crate) async fn publish(office: &Office) {
    let about = "licence: activity, one_at_a_time: yes, stays_in_force: yes";
    let procedures = [
        ("establish", procedure("establish", "", &[("granted", "kind: activity, valid: 36 mo")])),
        (
            "extend",
            procedure(
                "extend",
                about,
                &[("renewed", "change: renew, valid: 12 mo, mark: silence")],
            ),
        ),
        (
            "measure",
            procedure(
                "measure",
                "licence: activity, applicant: anybody, state: any",
                &[
                    ("suspended", "change: suspend"),
                    ("reinstated", "change: reinstate"),
                    ("revoked", "change: revoke"),
                ],
            ),
        ),
        (
            "hasten",
            procedure(
                "hasten",
                "case: establish, state: late, one_at_a_time: yes",
                &[("heard", "")],
            ),
        ),
    ];
    for (name, source) in procedures {
        office.store.publish_definition(&WorkflowId::from(name), 1, &source).await.unwrap();
    }
}

pub(crate) fn opening(workflow: &str, about: Option<Reference>) -> Request {
    let application = Open {
        case: new_case(),
        unit: UnitId::from(COUNTY),
        applicant: applicant(),
        subject: "مهد کودک یاس".to_owned(),
        received_at: None,
        reason: None,
        about,
        given: Given::default(),
    };
    Request::open(holder("county_officer"), WorkflowId::from(workflow), application)
}

pub(crate) async fn opened(store: &Store, workflow: &str, about: Option<&LicenceNumber>) -> CaseId {
    let about = about.cloned().map(Reference::Licence);
    store.execute(opening(workflow, about)).await.unwrap().case.id
}

pub(crate) async fn decide(store: &Store, case: CaseId, end: &str) -> Result<Case, ExecuteError> {
    let command = act(&format!("to_{end}"));
    let done = store.execute(Request::command(holder("county_officer"), case, command)).await;
    done.map(|executed| executed.case)
}

pub(crate) async fn granted(office: &Office) -> RegisteredLicence {
    let case = opened(&office.store, "establish", None).await;
    let case = decide(&office.store, case, "granted").await.unwrap();
    let Place::End { change: Some(change), .. } = case.place else { panic!("it has ended") };
    change.licence
}

fn refused(result: Result<parvaneh_store::Executed, ExecuteError>) -> RefusalCode {
    match result {
        Err(ExecuteError::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

fn day(jalali: (i32, u32, u32)) -> NaiveDate {
    JalaliDate::new(jalali.0, jalali.1, jalali.2).unwrap().into()
}

fn today() -> NaiveDate {
    day((1403, 2, 1))
}

/// The register as the table has it, and its changes, each as `number no effect`.
async fn table(
    owner: &mut PgConnection,
) -> (BTreeMap<LicenceNumber, RegisteredLicence>, Vec<String>) {
    let rows = sqlx::query("select * from licences").fetch_all(&mut *owner).await.unwrap();
    let licence = |row: &sqlx::postgres::PgRow| {
        let number = LicenceNumber::parse(row.get("number")).unwrap();
        let state = match row.get("state") {
            "suspended" => LicenceState::Suspended,
            "revoked" => LicenceState::Revoked,
            _ => LicenceState::Active,
        };
        let licence = RegisteredLicence {
            number: number.clone(),
            kind: row.get("kind"),
            holder: PersonId(row.get("holder")),
            unit: UnitId::from(row.get::<String, _>("unit_id")),
            valid_from: row.get("valid_from"),
            valid_until: row.get("valid_until"),
            state,
            mark: row.get("mark"),
            changes: row.get::<i32, _>("changes") as u32,
        };
        (number, licence)
    };
    let licences = rows.iter().map(licence).collect();
    let changes = "select number || ' ' || no || ' ' || effect from licence_changes
        order by number, no";
    let changes = sqlx::query_scalar(changes).fetch_all(owner).await.unwrap();
    (licences, changes)
}

/// The same from timelines.
fn folded(events: &[&Event]) -> (BTreeMap<LicenceNumber, RegisteredLicence>, Vec<String>) {
    let mut changes: Vec<(String, u32, &str)> = events
        .iter()
        .filter_map(|event| event.licence_change())
        .filter(|change| !change.without_effect)
        .map(|it| (it.licence.number.to_string(), it.licence.changes, it.effect.as_str()))
        .collect();
    changes.sort();
    let changes = changes.iter().map(|(number, no, effect)| format!("{number} {no} {effect}"));
    (fold(events.iter().copied()), changes.collect())
}

/// Panics where the register is not what these timelines, all that there are, make of it.
pub(crate) async fn audit_register<'e>(
    connection: &mut PgConnection,
    events: impl Iterator<Item = &'e Event>,
) -> BTreeMap<LicenceNumber, RegisteredLicence> {
    let found = table(connection).await;
    assert_eq!(found, folded(&events.collect::<Vec<_>>()));
    found.0
}

/// The register is what the timelines make of it.
async fn audited(office: &Office) -> BTreeMap<LicenceNumber, RegisteredLicence> {
    let mut owner = office.as_admin().await;
    // In an order in which nothing happened.
    let bodies = "select body::text from case_events order by hash";
    let bodies: Vec<String> = sqlx::query_scalar(bodies).fetch_all(&mut owner).await.unwrap();
    let events: Vec<Event> =
        bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    audit_register(&mut owner, events.iter()).await
}

#[tokio::test]
async fn a_licence_is_granted_renewed_suspended_and_revoked() {
    let office = office().await;
    let licence = granted(&office).await;
    let number = &licence.number;
    assert!(number.as_str().starts_with("1403-2301-"), "{number}");
    assert_eq!(licence.valid_until, day((1406, 2, 1)));

    let renewal = opened(&office.store, "extend", Some(number)).await;
    decide(&office.store, renewal, "renewed").await.unwrap();
    let mut last = licence.clone();
    for (end, state) in [
        ("suspended", LicenceState::Suspended),
        ("reinstated", LicenceState::Active),
        ("revoked", LicenceState::Revoked),
    ] {
        let case = opened(&office.store, "measure", Some(number)).await;
        let case = decide(&office.store, case, end).await.unwrap();
        let Place::End { change: Some(change), .. } = case.place else { panic!("it has ended") };
        assert_eq!((change.licence.state, change.without_effect), (state, false));
        last = change.licence;
    }
    assert_eq!((last.changes, last.valid_until), (5, day((1407, 2, 1))));
    // What is done to a revoked licence ends its case and changes nothing.
    let case = opened(&office.store, "measure", Some(number)).await;
    let case = decide(&office.store, case, "reinstated").await.unwrap();
    let Place::End { change: Some(change), .. } = case.place else { panic!("it has ended") };
    assert!(change.without_effect);
    assert_eq!(audited(&office).await.get(number), Some(&last));

    let file = office.store.licence(number, today()).await.unwrap().unwrap();
    assert_eq!((file.row.standing, &file.row.licence), (Standing::Revoked, &last));
    let effects: Vec<_> = file.changes.iter().map(|change| change.effect.as_str()).collect();
    assert_eq!(effects, ["granted", "renewed", "suspended", "reinstated", "revoked"]);
    assert_eq!(file.changes[1].case, renewal);
    assert_eq!(file.changes[1].mark.as_deref(), Some("silence"));
    assert_eq!((file.cases.len(), file.cases[0].case), (5, case.id));
    assert!(file.cases.iter().all(|case| case.ended_at.is_some()));
    let refusal = refused(
        office.store.execute(opening("extend", Some(Reference::Licence(number.clone())))).await,
    );
    assert_eq!(refusal, RefusalCode::LicenceRevoked);
    let unknown = LicenceNumber::parse("1403-2301-00000-00000").unwrap();
    assert_eq!(office.store.licence(&unknown, today()).await.unwrap(), None);
    let refusal =
        refused(office.store.execute(opening("extend", Some(Reference::Licence(unknown)))).await);
    assert_eq!(refusal, RefusalCode::UnknownLicence);
}

#[tokio::test]
async fn of_two_renewals_at_once_one_is_opened() {
    let office = office().await;
    let other = office.another().await;
    for _ in 0..8 {
        let licence = granted(&office).await;
        let about = || Some(Reference::Licence(licence.number.clone()));
        let (one, two) = tokio::join!(
            office.store.execute(opening("extend", about())),
            other.execute(opening("extend", about())),
        );
        let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
        let renewal = won.unwrap().case.id;
        assert_eq!(refused(lost), RefusalCode::AnotherRunning);
        // A batch in which both stand.
        let both = vec![opening("extend", about()), opening("extend", about())];
        for answer in office.store.execute_batch(both).await {
            assert_eq!(refused(answer), RefusalCode::AnotherRunning);
        }
        decide(&office.store, renewal, "renewed").await.unwrap();
        opened(&office.store, "extend", Some(&licence.number)).await;
    }
    audited(&office).await;
}

#[tokio::test]
async fn both_of_a_batch_are_not_opened() {
    let office = office().await;
    let licence = granted(&office).await;
    let about = || Some(Reference::Licence(licence.number.clone()));
    let both = vec![opening("extend", about()), opening("extend", about())];
    let answers = office.store.execute_batch(both).await;
    let opened = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(opened, 1, "{answers:?}");
    let lost = answers.into_iter().find(Result::is_err).unwrap();
    assert_eq!(refused(lost), RefusalCode::AnotherRunning);
}

#[tokio::test]
async fn cases_that_change_one_licence_at_the_same_time_come_one_after_the_other() {
    let office = office().await;
    let other = office.another().await;
    for round in 0..6 {
        let licence = granted(&office).await;
        let number = &licence.number;
        let renewal = opened(&office.store, "extend", Some(number)).await;
        let mut measures = Vec::new();
        for _ in 0..4 {
            measures.push(opened(&office.store, "measure", Some(number)).await);
        }
        let ends = ["suspended", "reinstated", "suspended", "revoked"];
        let (renewed, first, second, third, fourth) = tokio::join!(
            decide(&other, renewal, "renewed"),
            decide(&office.store, measures[0], ends[0]),
            decide(&other, measures[1], ends[1]),
            decide(&office.store, measures[2], ends[2]),
            decide(&other, measures[3], ends[round % 4]),
        );
        for done in [renewed, first, second, third, fourth] {
            let case = done.unwrap();
            assert!(case.is_ended());
        }
    }
    let register = audited(&office).await;
    assert_eq!(register.len(), 6);
    // However the revocation came, nothing came after it.
    for licence in register.values() {
        assert!((2..=6).contains(&licence.changes), "{licence:?}");
    }
}

#[tokio::test]
async fn silence_renews_like_a_decision_and_meets_what_others_have_done() {
    let office = office().await;
    let mut numbers = Vec::new();
    for _ in 0..5 {
        let licence = granted(&office).await;
        opened(&office.store, "extend", Some(&licence.number)).await;
        numbers.push(licence.number);
    }
    // Two licences change while their renewal runs; one is revoked.
    for (number, end) in [(&numbers[0], "suspended"), (&numbers[1], "revoked")] {
        let case = opened(&office.store, "measure", Some(number)).await;
        decide(&office.store, case, end).await.unwrap();
    }
    office.advance(TimeDelta::days(60)).await;
    let other = office.another().await;
    let (one, two) = tokio::join!(office.store.tick_due(100), other.tick_due(100));
    let parked = [one.unwrap().parked, two.unwrap().parked].concat();
    assert!(parked.is_empty(), "{parked:?}");
    let register = audited(&office).await;
    let of = |at: usize| {
        let licence = &register[&numbers[at]];
        (licence.state, licence.valid_until, licence.changes)
    };
    assert_eq!(of(0), (LicenceState::Suspended, day((1407, 2, 1)), 3));
    assert_eq!(of(1), (LicenceState::Revoked, day((1406, 2, 1)), 2));
    assert_eq!(of(2), (LicenceState::Active, day((1407, 2, 1)), 2));
}

/// The end of a case and the register are one write: where the second fails, the first has not
/// happened.
#[tokio::test]
async fn an_end_without_its_licence_is_not_written() {
    let office = office().await;
    let case = opened(&office.store, "establish", None).await;
    let mut owner = office.as_admin().await;
    for statement in [
        "create function broken() returns trigger language plpgsql as
         $$ begin raise exception 'the disk is full' using errcode = '23000'; end $$",
        "create trigger broken before insert on licence_changes for each row execute function broken()",
    ] {
        sqlx::query(statement).execute(&mut owner).await.unwrap();
    }
    let failed = decide(&office.store, case, "granted").await;
    assert!(matches!(failed, Err(ExecuteError::Store(_))), "{failed:?}");
    let before = office.store.case(case).await.unwrap();
    assert!(!before.is_ended());
    assert!(audited(&office).await.is_empty());
    sqlx::query("drop trigger broken on licence_changes").execute(&mut owner).await.unwrap();
    decide(&office.store, case, "granted").await.unwrap();
    assert_eq!(audited(&office).await.len(), 1);
}

/// Whenever the connection dies: a case has ended with its licence, or neither is there.
#[tokio::test]
async fn killed_in_between_neither_is_there_without_the_other() {
    let office = office().await;
    let mut admin = office.as_admin().await;
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    let mut cases = Vec::new();
    for _ in 0..30 {
        cases.push(opened(&office.store, "establish", None).await);
    }
    let grants: Vec<_> = cases
        .iter()
        .map(|case| {
            let (store, case) = (office.store.clone(), *case);
            tokio::spawn(async move { decide(&store, case, "granted").await })
        })
        .collect();
    for _ in 0..10 {
        sqlx::query(kill).execute(&mut admin).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut told = 0;
    for grant in grants {
        told += usize::from(grant.await.unwrap().is_ok());
    }
    let register = audited(&office).await;
    let mut ended = 0;
    for case in cases {
        ended += usize::from(office.store.case(case).await.unwrap().is_ended());
    }
    assert_eq!(register.len(), ended);
    assert!(told <= ended, "{told} were told of a grant, {ended} are there");
}

#[tokio::test]
async fn a_licence_stays_in_force_while_its_renewal_runs() {
    let office = office().await;
    let licence = granted(&office).await;
    let expired = granted(&office).await;
    let last = licence.valid_until;
    // On its last day it is valid; the renewal is asked on that day.
    office.store.sandbox_clock().set_frozen(start() + (last - today())).await.unwrap();
    let renewal = opened(&office.store, "extend", Some(&licence.number)).await;
    let tomorrow = last.succ_opt().unwrap();
    let listed = async |standing: Standing, day: NaiveDate| {
        let query = LicencesQuery { standing: Some(standing), ..LicencesQuery::default() };
        let rows = office.store.licences(&query, day).await.unwrap();
        assert!(rows.iter().all(|row| row.standing == standing));
        rows.into_iter().map(|row| row.licence.number).collect::<Vec<_>>()
    };
    assert_eq!(listed(Standing::InForce, last).await.len(), 2);
    assert_eq!(listed(Standing::InForce, tomorrow).await, std::slice::from_ref(&licence.number));
    assert_eq!(listed(Standing::Expired, tomorrow).await, std::slice::from_ref(&expired.number));
    let file = office.store.licence(&licence.number, tomorrow).await.unwrap().unwrap();
    assert_eq!((file.row.standing, file.row.stays_for), (Standing::InForce, Some(renewal)));
    office.advance(TimeDelta::days(1)).await;
    let refusal = refused(
        office.store.execute(opening("extend", Some(Reference::Licence(expired.number)))).await,
    );
    assert_eq!(refusal, RefusalCode::LicenceExpired);
    let command = parvaneh_core::Command::Withdraw { reason: None };
    office.store.execute(Request::command(applicant(), renewal, command)).await.unwrap();
    assert_eq!(listed(Standing::InForce, tomorrow).await, []);
    assert_eq!(listed(Standing::Expired, tomorrow).await.len(), 2);
}

#[tokio::test]
async fn licences_are_listed_by_what_is_known_of_them_page_by_page() {
    let office = office().await;
    let mut numbers = Vec::new();
    for _ in 0..5 {
        let licence = granted(&office).await;
        numbers.push((licence.valid_until, licence.number));
        office.advance(TimeDelta::days(3)).await;
    }
    let all = |query: LicencesQuery| {
        let store = office.store.clone();
        async move {
            let rows = store.licences(&query, today()).await.unwrap();
            let key =
                |row: parvaneh_store::LicenceRow| (row.licence.valid_until, row.licence.number);
            rows.into_iter().map(key).collect::<Vec<_>>()
        }
    };
    let everything = LicencesQuery::default;
    assert_eq!(all(everything()).await, numbers);
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = all(LicencesQuery { after: after.clone(), limit: 2, ..everything() }).await;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        paged.extend(page);
    }
    assert_eq!(paged, numbers);
    let from = Some(numbers[1].0);
    let until = Some(numbers[3].0);
    let between = LicencesQuery { expires_from: from, expires_until: until, ..everything() };
    assert_eq!(all(between).await, numbers[1..4]);
    let within = |unit: &str| LicencesQuery { within: Some(unit.into()), ..everything() };
    assert_eq!(all(within(PROVINCE)).await.len(), 5);
    assert_eq!(all(within("08")).await, []);
    let kind = |kind: &str| LicencesQuery { kind: Some(kind.to_owned()), ..everything() };
    assert_eq!((all(kind("activity")).await.len(), all(kind("plan")).await.len()), (5, 0));
    let holder = |holder| LicencesQuery { holder: Some(holder), ..everything() };
    assert_eq!(all(holder(applicant())).await.len(), 5);
    assert_eq!(all(holder(crate::store_fixture::holder("county_head"))).await.len(), 0);
}

#[tokio::test]
async fn a_case_can_be_about_a_case_that_is_late() {
    let office = office().await;
    let delayed = opened(&office.store, "establish", None).await;
    let about = || Some(Reference::Case(delayed));
    assert_eq!(
        refused(office.store.execute(opening("hasten", about())).await),
        RefusalCode::WrongCaseState
    );
    let nothing = Some(Reference::Case(new_case()));
    assert_eq!(
        refused(office.store.execute(opening("hasten", nothing)).await),
        RefusalCode::UnknownCase
    );
    let mut owner = office.as_admin().await;
    // Silence is held up, so that the case is late.
    sqlx::query("update cases set next_due_at = null where id = $1")
        .bind(delayed.0)
        .execute(&mut owner)
        .await
        .unwrap();
    office.advance(TimeDelta::days(60)).await;
    let other = office.another().await;
    let (one, two) = tokio::join!(
        office.store.execute(opening("hasten", about())),
        other.execute(opening("hasten", about())),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(won.unwrap().case.about.is_some());
    assert_eq!(refused(lost), RefusalCode::AnotherRunning);
}

#[tokio::test]
async fn the_application_only_adds_to_the_history_of_licences() {
    let office = office().await;
    granted(&office).await;
    let mut app = office.as_application().await;
    for statement in [
        "update licence_changes set no = 2",
        "delete from licence_changes",
        "delete from licences",
        "truncate licences",
        "delete from cases_about",
    ] {
        let refused = sqlx::query(statement).execute(&mut app).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{statement}");
    }
}
