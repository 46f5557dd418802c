//! An auditor's search, over an office at work, against a plain loop over all timelines.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use parvaneh_core::{
    CaseId, DelegationId, Event, Fact, Grant, Organisation, UnitId,
    reach::{Jurisdiction, Reach},
};
use parvaneh_store::{NewDelegation, Request, Store, TrailQuery};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{
    store_fixture::{COUNTY, Office, PROVINCE, comment, holder, start, workflow},
    store_read::busy_office,
};

/// All events of those cases, the latest first.
async fn everything(office: &Office, ids: &[CaseId]) -> Vec<(CaseId, Event)> {
    let mut all = Vec::new();
    for id in ids {
        let timeline = office.store.timeline(*id).await.unwrap();
        all.extend(timeline.entries.into_iter().map(|entry| (*id, entry.event)));
    }
    all.sort_by_key(|(case, event)| (event.recorded_at, *case, event.seq));
    all.reverse();
    all
}

/// Every page of a search, put together.
async fn found(store: &Store, query: TrailQuery) -> Vec<(CaseId, u32)> {
    let (mut all, mut query) = (Vec::new(), TrailQuery { limit: 7, ..query });
    loop {
        let page = store.trail(&query).await.unwrap();
        assert!(page.rows.len() <= 7);
        all.extend(page.rows.into_iter().map(|row| (row.case, row.event.seq)));
        match page.next {
            // As the address has it.
            Some(next) => query.after = Some(next.to_string().parse().unwrap()),
            None => return all,
        }
    }
}

fn reading(store: &Store, organisation: &Organisation, unit: &str) -> Store {
    let jurisdictions = vec![Jurisdiction { workflow: None, unit: unit.into() }];
    let reach = Reach { jurisdictions, ..Reach::default() };
    store.reading_within(organisation, &reach)
}

#[tokio::test]
async fn a_search_finds_what_a_plain_loop_finds_page_by_page() {
    let (office, ids) = busy_office(23, 25).await;
    let organisation = office.store.organisation().await.unwrap();
    let store = reading(&office.store, &organisation, PROVINCE);
    let all = everything(&office, &ids).await;
    assert!(all.len() > 150, "{}", all.len());
    let middle = all[all.len() / 2].1.recorded_at;
    let person = holder("county_officer");
    type Keeps<'a> = &'a dyn Fn(CaseId, &Event) -> bool;
    let cases: BTreeSet<CaseId> = ids.iter().copied().take(3).collect();
    let query = TrailQuery::default;
    let rows: [(&str, TrailQuery, Keeps<'_>); 8] = [
        ("everything", query(), &|_, _| true),
        ("a kind", TrailQuery { kinds: vec!["claimed".to_owned()], ..query() }, &|_, event| {
            matches!(event.fact, Fact::Claimed { .. })
        }),
        ("a person", TrailQuery { person: Some(person), ..query() }, &|_, event| {
            event.by.person() == Some(person)
        }),
        (
            "a person and a kind",
            TrailQuery { person: Some(person), kinds: vec!["acted".to_owned()], ..query() },
            &|_, event| event.by.person() == Some(person) && event.fact.kind() == "acted",
        ),
        (
            "a period",
            TrailQuery {
                since: Some(middle - TimeDelta::days(20)),
                until: Some(middle),
                ..query()
            },
            &|_, event| (middle - TimeDelta::days(20)..middle).contains(&event.recorded_at),
        ),
        (
            "some cases and a person",
            TrailQuery {
                cases: Some(cases.iter().copied().collect()),
                person: Some(person),
                ..query()
            },
            &|case, event| cases.contains(&case) && event.by.person() == Some(person),
        ),
        (
            "a reason",
            TrailQuery { reason: Some("FLO od".to_owned()), ..query() },
            &|_, event| matches!(&event.fact, Fact::Suspended { reason, .. } if reason == "flood"),
        ),
        (
            "a unit and a workflow",
            TrailQuery {
                within: Some(UnitId::from(COUNTY)),
                workflow: Some(workflow()),
                ..query()
            },
            &|_, _| true,
        ),
    ];
    for (name, query, keeps) in rows {
        let expected: Vec<_> = all
            .iter()
            .filter(|(case, event)| keeps(*case, event))
            .map(|(case, event)| (*case, event.seq))
            .collect();
        assert!(!expected.is_empty(), "{name}: nothing to be found");
        assert_eq!(found(&store, query).await, expected, "{name}");
    }
    // What is not his is not there, whatever he asks.
    let elsewhere = reading(&office.store, &organisation, "08");
    assert_eq!(found(&elsewhere, query()).await, []);
    assert_eq!(found(&elsewhere, TrailQuery { cases: Some(ids.clone()), ..query() }).await, []);
    let none = TrailQuery { workflow: Some("another".into()), ..query() };
    assert_eq!(found(&store, none).await, []);
    // A case by its code, as it is read out.
    let code = ids[0].0.simple().to_string()[20..].to_uppercase();
    let code = format!("{}-{} {}", &code[..4], &code[4..8], &code[8..]);
    assert_eq!(store.cases_of_code(&code).await.unwrap(), [ids[0]]);
    assert_eq!(elsewhere.cases_of_code(&code).await.unwrap(), []);
    assert_eq!(store.cases_of_code("beef").await.unwrap(), []);
}

#[tokio::test]
async fn what_was_done_on_somebodys_behalf_is_found_as_his() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    let clerk = holder("clerk");
    office.store.save_people(vec![(clerk, "clerk".to_owned())]).await.unwrap();
    let lender = holder("county_officer");
    let delegation = NewDelegation {
        id: DelegationId(Uuid::from_u128(1)),
        by: lender,
        from: lender,
        to: clerk,
        grant: Grant { role: "county_officer".into(), unit: COUNTY.into() },
        workflows: Vec::new(),
        starts: None,
        until: start() + TimeDelta::days(10),
        reason: "leave".to_owned(),
    };
    office.store.delegate(delegation).await.unwrap();
    office.store.execute(Request::command(clerk, case, comment("for him"))).await.unwrap();
    office.does("county_officer", case, comment("himself")).await.unwrap();
    // Nobody lends it to this one, who does something of his own.
    office.does("county_head", case, comment("somebody else")).await.unwrap();
    let of = |person| TrailQuery { person: Some(person), ..TrailQuery::default() };
    assert_eq!(found(&office.store, of(lender)).await, [(case, 3), (case, 2)]);
    assert_eq!(found(&office.store, of(clerk)).await, [(case, 2)]);
    assert_eq!(found(&office.store, of(holder("nobody"))).await, []);
}

#[tokio::test]
async fn a_search_that_finds_little_says_how_far_it_has_come() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    office.does("county_officer", case, comment("the needle")).await.unwrap();
    let mut admin = office.as_admin().await;
    // 50,000 remarks of later, as many hours as it takes.
    let many = format!(
        "insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
         select e.case_id, 2 + n, e.kind, e.effective_at + n * interval '1 minute',
                e.recorded_at + n * interval '1 minute', e.actor,
                replace(replace(e.body::text, 'the needle', 'hay'), '\"seq\":2', '\"seq\":' || 2 + n)::json,
                e.hash
         from case_events e, generate_series(1, 50000) n where e.case_id = '{case}' and e.seq = 2"
    );
    sqlx::raw_sql(AssertSqlSafe(many)).execute(&mut admin).await.unwrap();
    office.advance(TimeDelta::days(60)).await;
    let query = TrailQuery {
        kinds: vec!["commented".to_owned()],
        reason: Some("needle".to_owned()),
        ..TrailQuery::default()
    };
    let first = office.store.trail(&query).await.unwrap();
    assert!(first.stopped && first.rows.is_empty(), "{} found", first.rows.len());
    let next = first.next.expect("there is more to be looked at");
    let rest = TrailQuery { after: Some(next), ..query };
    let second = office.store.trail(&rest).await.unwrap();
    assert_eq!(second.rows.len(), 1);
    assert!(!second.stopped && second.next.is_none());
}
