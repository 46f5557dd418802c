//! Second accounts, delegations and absences against a real database.

use chrono::TimeDelta;
use parvaneh_core::{
    Case, Command, DelegationId, Grant, PersonId, WorkflowId,
    event::{By, Owner},
};
use parvaneh_store::{
    DelegationFilter, ExecuteError, NewAbsence, NewDelegation, Request, Store, StoreError,
    WorklistQuery,
};
use sqlx::Row;
use uuid::Uuid;

use crate::{
    store_execute::assert_sound,
    store_fixture::{COUNTY, Office, PROVINCE, act, comment, holder, start, workflow},
};

fn grant(role: &str, unit: &str) -> Grant {
    Grant { role: role.into(), unit: unit.into() }
}

fn id(number: u128) -> DelegationId {
    DelegationId(Uuid::from_u128(number))
}

/// The county's officer lends his role for ten days.
fn lend(number: u128, to: PersonId) -> NewDelegation {
    NewDelegation {
        id: id(number),
        by: holder("county_officer"),
        from: holder("county_officer"),
        to,
        grant: grant("county_officer", COUNTY),
        workflows: Vec::new(),
        starts: None,
        until: start() + TimeDelta::days(10),
        reason: "leave".to_owned(),
    }
}

fn away(number: u128, person: &str) -> NewAbsence {
    NewAbsence {
        id: Uuid::from_u128(number),
        by: holder(person),
        person: holder(person),
        starts: None,
        until: start() + TimeDelta::days(10),
        reason: "ill".to_owned(),
        substitute: None,
    }
}

/// People who hold no role: a clerk, and others by number.
async fn clerks(store: &Store, names: &[&str]) -> Vec<PersonId> {
    let people: Vec<_> = names.iter().map(|name| (holder(name), (*name).to_owned())).collect();
    let ids = people.iter().map(|(id, _)| *id).collect();
    store.save_people(people).await.unwrap();
    ids
}

fn code<T: std::fmt::Debug>(verdict: Result<T, StoreError>) -> &'static str {
    verdict.expect_err("an error").code()
}

async fn claims(office: &Office, person: PersonId, case: &Case) -> Result<By, &'static str> {
    let request = Request::command(person, case.id, comment("here"));
    match office.store.execute(request).await {
        Ok(done) => Ok(done.events.last().expect("an event").by.clone()),
        Err(error) => Err(error.code()),
    }
}

#[tokio::test]
async fn a_delegation_gives_power_in_its_period_and_at_no_other_time() {
    let office = Office::sandbox().await;
    let [clerk] = clerks(&office.store, &["clerk"]).await[..] else { panic!() };
    let case = office.opened().await;
    let starts = Some(start() + TimeDelta::hours(2));
    let made = office.store.delegate(NewDelegation { starts, ..lend(1, clerk) }).await.unwrap();
    assert!(!made.in_force);
    assert_eq!(claims(&office, clerk, &case).await, Err("not_permitted"));
    office.advance(TimeDelta::hours(2) - TimeDelta::microseconds(1)).await;
    assert_eq!(claims(&office, clerk, &case).await, Err("not_permitted"));
    office.advance(TimeDelta::microseconds(1)).await;
    let by = claims(&office, clerk, &case).await.unwrap();
    let behalf = by.on_behalf_of().expect("a delegate");
    assert_eq!((by.person(), behalf.person), (Some(clerk), holder("county_officer")));
    assert_eq!(behalf.delegation, id(1));
    // The lender can do everything as before.
    assert_eq!(
        claims(&office, holder("county_officer"), &case).await.unwrap().on_behalf_of(),
        None
    );
    // What the lender loses his delegate loses, at once.
    let role = grant("county_officer", COUNTY);
    office.store.revoke(holder("county_officer"), role.clone()).await.unwrap();
    assert_eq!(claims(&office, clerk, &case).await, Err("not_permitted"));
    assert!(!office.store.delegation(id(1)).await.unwrap().in_force);
    office.store.grant(vec![(holder("county_officer"), role)]).await.unwrap();
    claims(&office, clerk, &case).await.unwrap();
    // It ends by itself.
    let until = made.until - office.store.now().await.unwrap();
    office.advance(until - TimeDelta::microseconds(1)).await;
    claims(&office, clerk, &case).await.unwrap();
    office.advance(TimeDelta::microseconds(1)).await;
    assert_eq!(claims(&office, clerk, &case).await, Err("not_permitted"));
    assert_eq!(office.store.delegations(&DelegationFilter::default()).await.unwrap(), []);
    assert_sound(&mut office.as_admin().await).await;
}

#[tokio::test]
async fn a_delegation_can_be_revoked_narrowed_and_named() {
    let office = Office::sandbox().await;
    let [clerk, other] = clerks(&office.store, &["clerk", "other"]).await[..] else { panic!() };
    let case = office.opened().await;
    let renewal = vec![WorkflowId::from("renewal")];
    let unknown = NewDelegation { workflows: renewal, ..lend(1, clerk) };
    assert_eq!(code(office.store.delegate(unknown).await), "unknown");
    let narrow = NewDelegation { workflows: vec![workflow()], ..lend(1, clerk) };
    office.store.delegate(narrow).await.unwrap();
    claims(&office, clerk, &case).await.unwrap();
    let revoke = |by, why| office.store.revoke_delegation(id(1), by, why);
    assert_eq!(code(revoke(other, "no").await), "not_permitted");
    assert_eq!(code(revoke(clerk, " ").await), "reason_needed");
    let row = revoke(clerk, "too much work").await.unwrap();
    assert_eq!(row.revoked, Some((start(), clerk)));
    assert_eq!(code(revoke(holder("county_head"), "again").await), "already_over");
    assert_eq!(claims(&office, clerk, &case).await, Err("not_permitted"));
    // A colleague acts by his own right first, and otherwise only when he says so.
    let colleague = other;
    office.store.grant(vec![(colleague, grant("county_officer", PROVINCE))]).await.unwrap();
    office.store.delegate(lend(2, colleague)).await.unwrap();
    assert_eq!(claims(&office, colleague, &case).await.unwrap().on_behalf_of(), None);
    let request = || Request::command(colleague, case.id, act("accept")).with_key("one");
    let named = request().on_behalf_of(holder("county_officer"));
    let done = office.store.execute(named.clone()).await.unwrap();
    assert_eq!(done.events[0].by.on_behalf_of().unwrap().delegation, id(2));
    assert!(office.store.execute(named).await.unwrap().repeated);
    // The same without the name is another request.
    let other = office.store.execute(request()).await;
    assert!(matches!(other, Err(ExecuteError::KeyReused)), "{other:?}");
    let wrong = Request::command(colleague, case.id, comment("x")).on_behalf_of(clerk);
    assert_eq!(office.store.execute(wrong).await.unwrap_err().code(), "no_delegation");
    let text: String = sqlx::query_scalar(
        "select body::text from case_events where body->'by'->'officer'->'on_behalf_of' is not null
         order by recorded_at desc, seq desc limit 1",
    )
    .fetch_one(&mut office.as_admin().await)
    .await
    .unwrap();
    assert!(text.contains(&id(2).to_string()), "{text}");
}

#[tokio::test]
async fn nobody_lends_what_is_not_his_or_in_a_circle() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let people = clerks(store, &["a", "b", "c"]).await;
    for person in &people {
        store.grant(vec![(*person, grant("county_officer", COUNTY))]).await.unwrap();
    }
    let edge = |number, from: usize, to: usize, days: (i64, i64)| NewDelegation {
        by: people[from],
        from: people[from],
        starts: Some(start() + TimeDelta::days(days.0)),
        until: start() + TimeDelta::days(days.1),
        ..lend(number, people[to])
    };
    store.delegate(edge(1, 0, 1, (0, 4))).await.unwrap();
    store.delegate(edge(2, 1, 2, (3, 8))).await.unwrap();
    assert_eq!(code(store.delegate(edge(3, 1, 0, (3, 5))).await), "delegation_circle");
    assert_eq!(code(store.delegate(edge(3, 2, 0, (2, 9))).await), "delegation_circle");
    let refused = store.delegate(edge(3, 2, 0, (2, 9))).await.unwrap_err();
    assert!(refused.to_string().contains("circle"), "{refused}");
    // Where the three never meet, there is no circle.
    store.delegate(edge(3, 2, 0, (4, 9))).await.unwrap();
    store.revoke_delegation(id(2), people[1], "over").await.unwrap();
    store.delegate(edge(4, 2, 0, (2, 4))).await.unwrap();
    // Two accounts of one person are one person.
    let refused = store.link(people[1], Some(people[2])).await;
    assert_eq!(code(refused), "delegation_circle");
    assert_eq!(code(store.link(people[0], Some(people[1])).await), "delegation_circle");
    let [second] = clerks(store, &["second of a"]).await[..] else { panic!() };
    assert_eq!(store.link(second, Some(people[0])).await.unwrap(), people[0]);
    assert_eq!(code(store.delegate(edge(5, 0, 0, (0, 1))).await), "delegation_to_himself");
    let to_himself = NewDelegation { to: second, ..edge(5, 0, 0, (0, 1)) };
    assert_eq!(code(store.delegate(to_himself).await), "delegation_to_himself");
    // Not what he holds only by delegation, not what others hold, not for too long.
    let on = NewDelegation { grant: grant("county_head", COUNTY), ..edge(5, 0, 2, (0, 1)) };
    assert_eq!(code(store.delegate(on).await), "role_not_held");
    let foreign = NewDelegation { by: people[2], ..edge(5, 0, 2, (0, 1)) };
    assert_eq!(code(store.delegate(foreign).await), "not_permitted");
    let managed = NewDelegation { by: holder("county_head"), ..edge(5, 0, 2, (20, 21)) };
    store.delegate(managed).await.unwrap();
    assert_eq!(code(store.delegate(edge(6, 0, 2, (0, 400))).await), "bad_period");
    assert_eq!(code(store.delegate(edge(6, 0, 2, (-9, 0))).await), "bad_period");
    let stranger = NewDelegation { to: holder("nobody"), ..edge(6, 0, 2, (0, 1)) };
    assert_eq!(code(store.delegate(stranger).await), "unknown");
    let rows = store.delegations(&DelegationFilter::default()).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id(1), id(4), id(3), id(5)]);
    let mine = DelegationFilter { person: Some(second), ..DelegationFilter::default() };
    assert_eq!(store.delegations(&mine).await.unwrap().len(), 4, "by any of his accounts");
}

/// Two who lend to each other at the same time: one of them is refused, whoever is first.
#[tokio::test]
async fn two_delegations_at_once_are_never_a_circle() {
    let office = Office::sandbox().await;
    let another = office.another().await;
    let (mut made, mut refused) = (0, 0);
    for round in 0..12 {
        let names = [format!("a{round}"), format!("b{round}"), format!("c{round}")];
        let people = clerks(&office.store, &names.each_ref().map(String::as_str)).await;
        for person in &people {
            let role = grant("county_officer", COUNTY);
            office.store.grant(vec![(*person, role)]).await.unwrap();
        }
        let edge = |number: u128, from: usize, to: usize| NewDelegation {
            by: people[from],
            from: people[from],
            ..lend(round * 10 + number, people[to])
        };
        let (one, two, three) = tokio::join!(
            office.store.delegate(edge(1, 0, 1)),
            another.delegate(edge(2, 1, 2)),
            office.store.delegate(edge(3, 2, 0)),
        );
        for verdict in [one, two, three] {
            match verdict {
                Ok(_) => made += 1,
                Err(error) => {
                    assert_eq!(error.code(), "delegation_circle");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((made, refused), (24, 12));
}

const WATCHED: &str = "ngo-establishment";

/// The shipped procedure in a version in which whoever took in an application does not forward it,
/// nor does the applicant.
async fn watched(office: &Office) {
    let source = office.store.definition_source(&WATCHED.into(), 1).await.unwrap();
    let step = "  expert_review:\n";
    assert!(source.contains(step), "the shipped definition has changed");
    let source = source.replace("\nversion: 1\n", "\nversion: 99\n");
    let source = source.replace(step, &format!("{step}    not_by: [reception, applicant]\n"));
    office.store.publish_definition(&WATCHED.into(), 99, &source).await.unwrap();
}

/// A case that came back from the inquiries with an objection, accepted by the given person.
async fn reviewed(office: &Office, accepted_by: Request) -> Case {
    let case = accepted_by.ask.case();
    office.store.execute(accepted_by).await.unwrap();
    for (role, branch) in [
        ("agency.police", "police"),
        ("agency.judiciary", "judiciary"),
        ("agency.intelligence", "intelligence"),
        ("agency.specialist_agency", "specialist_agency"),
    ] {
        let answer = parvaneh_core::definition::Answer::Negative;
        let (reason, reference) = (None, None);
        let command = Command::Answer { branch: branch.into(), answer, reason, reference };
        office.does(role, case, command).await.unwrap();
    }
    let case = office.store.case(case).await.unwrap();
    assert_eq!(case.place.name().as_str(), "expert_review");
    case
}

#[tokio::test]
async fn four_eyes_are_kept_by_natural_persons() {
    let office = Office::sandbox().await;
    let store = &office.store;
    watched(&office).await;
    let [clerk, second, third] = clerks(store, &["clerk", "second", "third"]).await[..] else {
        panic!()
    };
    store.delegate(lend(1, clerk)).await.unwrap();
    let opened = office.opened().await;
    let case = reviewed(&office, Request::command(clerk, opened.id, act("accept"))).await;
    let task = case.tasks[0].no;
    let Owner::Role(role) = &case.tasks[0].owner else { panic!("{case:?}") };
    let unit = case.tasks[0].unit.clone();
    let owns = Grant { role: role.clone(), unit };
    let refused = async |person| {
        let request = Request::command(person, case.id, Command::Claim { task });
        store.execute(request).await.expect_err("four eyes").code()
    };
    // The delegate, the one for whom he did it, a second account of either, and their delegates.
    for person in [clerk, holder("county_officer"), second] {
        store.grant(vec![(person, owns.clone())]).await.unwrap();
    }
    assert_eq!(refused(clerk).await, "four_eyes");
    assert_eq!(refused(holder("county_officer")).await, "four_eyes");
    assert!(store.possible(case.id, second).await.unwrap().len() > 3);
    // Known as one person only now: it counts for what was done before, whichever way it is said.
    store.link(second, Some(clerk)).await.unwrap();
    assert_eq!(refused(second).await, "four_eyes");
    store.link(second, None).await.unwrap();
    store.link(clerk, Some(second)).await.unwrap();
    assert_eq!(refused(second).await, "four_eyes");
    let from = |number, from: PersonId, to| NewDelegation {
        by: from,
        from,
        grant: owns.clone(),
        ..lend(number, to)
    };
    store.delegate(from(2, second, third)).await.unwrap();
    assert_eq!(refused(third).await, "four_eyes");
    let error = store
        .execute(Request::command(third, case.id, Command::Claim { task }))
        .await
        .unwrap_err()
        .to_string();
    assert!(!error.contains(&clerk.to_string()), "another account is told: {error}");
    // Nor is it given to any of them; and to nobody who is away.
    let assigner = clerks(store, &["assigner"]).await[0];
    let heads = ["county_head", "provincial_director"];
    for head in heads {
        store.grant(vec![(assigner, grant(head, PROVINCE))]).await.unwrap();
    }
    let assign = async |to| {
        let command = Command::Assign { task, to, reason: None, urgency: None };
        store.execute(Request::command(assigner, case.id, command)).await
    };
    for person in [clerk, second, third, holder("county_officer")] {
        assert_eq!(assign(person).await.unwrap_err().code(), "four_eyes");
    }
    let fresh = clerks(store, &["fresh"]).await[0];
    store.grant(vec![(fresh, owns.clone())]).await.unwrap();
    let absent = NewAbsence { by: fresh, person: fresh, ..away(9, "county_head") };
    store.absent(absent).await.unwrap();
    assert_eq!(assign(fresh).await.unwrap_err().code(), "assignee_absent");
    store.back(fresh, fresh).await.unwrap();
    assert_eq!(assign(fresh).await.unwrap().case.tasks[0].assignee, Some(fresh));
    assert_sound(&mut office.as_admin().await).await;
}

#[tokio::test]
async fn a_worklist_shows_what_is_lent_and_marks_what_four_eyes_forbid() {
    let office = Office::sandbox().await;
    let store = &office.store;
    watched(&office).await;
    let [clerk] = clerks(store, &["clerk"]).await[..] else { panic!() };
    let case = office.opened().await;
    let list = async |person| store.worklist(&WorklistQuery::of(person)).await.unwrap();
    assert_eq!(list(clerk).await.total, 0);
    store.delegate(NewDelegation { workflows: vec![workflow()], ..lend(1, clerk) }).await.unwrap();
    let page = list(clerk).await;
    assert_eq!((page.total, page.items.len()), (1, 1));
    let item = &page.items[0];
    assert_eq!((item.case, item.on_behalf_of), (case.id, Some(holder("county_officer"))));
    assert_eq!(item.barred, None);
    assert_eq!(list(holder("county_officer")).await.items[0].on_behalf_of, None);
    // What a role of one's own reaches is there once, also when it is lent in addition.
    store.delegate(lend(2, holder("county_head"))).await.unwrap();
    store.grant(vec![(holder("county_head"), grant("county_officer", PROVINCE))]).await.unwrap();
    let page = list(holder("county_head")).await;
    assert_eq!((page.total, page.items.len(), page.items[0].on_behalf_of), (1, 1, None));
    // Of another workflow nothing is lent.
    let source = store.definition_source(&workflow(), 1).await.unwrap();
    let other = source.replace("\nworkflow: ngo-establishment\n", "\nworkflow: other\n");
    let other =
        if other == source { source.replacen("ngo-establishment", "other", 1) } else { other };
    store.publish_definition(&"other".into(), 1, &other).await.unwrap();
    store.revoke_delegation(id(1), clerk, "narrower").await.unwrap();
    assert_eq!(list(clerk).await.total, 0);
    let only = vec![WorkflowId::from("other")];
    store.delegate(NewDelegation { workflows: only, ..lend(3, clerk) }).await.unwrap();
    assert_eq!(list(clerk).await.total, 0);
    let both = vec![WorkflowId::from("other"), workflow()];
    store.delegate(NewDelegation { workflows: both, ..lend(4, clerk) }).await.unwrap();
    assert_eq!(list(clerk).await.items.len(), 1);
    // Whoever accepted it sees the review, marked as none of his; a colleague sees it plainly.
    let case = reviewed(&office, Request::command(clerk, case.id, act("accept"))).await;
    let Owner::Role(role) = &case.tasks[0].owner else { panic!("{case:?}") };
    let owns = Grant { role: role.clone(), unit: case.tasks[0].unit.clone() };
    let fresh = clerks(store, &["fresh"]).await[0];
    store.grant(vec![(clerk, owns.clone()), (fresh, owns)]).await.unwrap();
    let marked = list(clerk).await;
    let barred = marked.items.iter().find(|item| item.case == case.id).unwrap().barred.as_ref();
    assert_eq!(barred.unwrap().code.as_str(), "four_eyes");
    assert_eq!(list(fresh).await.items[0].barred, None);
    office.advance(TimeDelta::days(20)).await;
    let late = list(clerk).await;
    assert!(late.items.iter().all(|item| item.on_behalf_of.is_none()), "it is over: {late:?}");
}

#[tokio::test]
async fn the_tasks_of_who_is_away_go_to_his_substitute_or_back() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let [clerk] = clerks(store, &["clerk"]).await[..] else { panic!() };
    let mut cases = Vec::new();
    for _ in 0..5 {
        let case = office.opened().await;
        office.does("county_officer", case.id, Command::Claim { task: 1 }).await.unwrap();
        cases.push(case.id);
    }
    let officer = holder("county_officer");
    let by_another = NewAbsence { by: holder("secretariat"), ..away(1, "county_officer") };
    assert_eq!(code(store.absent(by_another).await), "not_permitted");
    let to_come = NewAbsence {
        by: holder("county_head"),
        starts: Some(start() + TimeDelta::days(1)),
        ..away(1, "county_officer")
    };
    let row = store.absent(to_come).await.unwrap();
    assert!(!row.now && row.substitute.is_none());
    assert!(!store.hand_back(2).await.unwrap().more, "it has not begun");
    assert_eq!(code(store.absent(away(2, "county_officer")).await), "already_absent");
    office.advance(TimeDelta::days(1)).await;
    assert!(store.absences(Some(officer), None).await.unwrap()[0].now);
    // In batches of two, as a worker does; broken off and taken up again by another.
    let another = office.another().await;
    let mut total = parvaneh_store::HandedBack::default();
    for (round, store) in [store, &another, store].into_iter().enumerate() {
        let done = store.hand_back(2).await.unwrap();
        assert_eq!(done.released, if round < 2 { 2 } else { 1 });
        total += done;
    }
    assert_eq!((total.released, total.assigned, total.failed), (5, 0, 0));
    assert!(!store.hand_back(2).await.unwrap().more);
    for case in &cases {
        let case = store.case(*case).await.unwrap();
        assert_eq!(case.tasks[0].assignee, None);
    }
    let timeline = store.timeline(cases[0]).await.unwrap();
    let last = &timeline.entries.last().unwrap().event;
    assert_eq!((last.fact.kind(), &last.by), ("released", &By::System));
    assert!(timeline.entries.last().unwrap().bytes.contains("\"ill\""));
    // Back, and away again, with somebody who stands in.
    assert_eq!(code(store.back(officer, clerk).await), "not_permitted");
    assert!(store.back(officer, officer).await.unwrap().ended_at.is_some());
    assert_eq!(code(store.back(officer, officer).await), "already_over");
    office.does("county_officer", cases[0], Command::Claim { task: 1 }).await.unwrap();
    let with = NewAbsence { substitute: Some(clerk), ..away(3, "county_officer") };
    store.absent(with).await.unwrap();
    let done = parvaneh_worker::stand_in::once(store, 100).await.unwrap();
    assert_eq!((done.assigned, done.released), (1, 0));
    assert_eq!(store.case(cases[0]).await.unwrap().tasks[0].assignee, Some(clerk));
    let done = store.execute(Request::command(clerk, cases[0], act("accept"))).await.unwrap();
    assert_eq!(done.events[0].by.on_behalf_of().unwrap().person, officer);
    // With the absence ends what was lent for it.
    store.back(officer, holder("county_head")).await.unwrap();
    let refused = store.execute(Request::command(clerk, cases[1], comment("x"))).await;
    assert_eq!(refused.unwrap_err().code(), "not_permitted");
    assert_sound(&mut office.as_admin().await).await;
}

#[tokio::test]
async fn a_substitute_who_cannot_be_one_leaves_nothing_behind() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let officer = holder("county_officer");
    let with =
        |substitute| NewAbsence { substitute: Some(substitute), ..away(1, "county_officer") };
    assert_eq!(code(store.absent(with(officer)).await), "delegation_to_himself");
    assert_eq!(code(store.absent(with(holder("nobody"))).await), "unknown");
    let blank = NewAbsence { reason: " ".to_owned(), ..away(1, "county_officer") };
    assert_eq!(code(store.absent(blank).await), "reason_needed");
    assert_eq!(store.absences(None, None).await.unwrap(), []);
    assert_eq!(store.delegations(&DelegationFilter::default()).await.unwrap(), []);
    store.absent(with(holder("county_head"))).await.unwrap();
    assert_eq!(store.delegations(&DelegationFilter::default()).await.unwrap().len(), 1);
}

/// Where tables are large, each look-up of the reading statement is made by a key.
#[tokio::test]
async fn who_somebody_is_costs_a_few_look_ups_whatever_there_is() {
    let office = Office::sandbox().await;
    let mut owner = office.as_admin().await;
    sqlx::raw_sql(
        "insert into people (id, name)
             select gen_random_uuid(), 'p' || n from generate_series(1, 20000) n;
         create temp table numbered as
             select id, row_number() over (order by id) as n from people where name like 'p%';
         insert into grants (person, role, unit_id)
             select id, 'county_officer', '2301' from numbered;
         update people p set natural_person = b.id
             from numbered a join numbered b on b.n = a.n - 1
             where a.n % 10 = 9 and p.id = a.id;
         insert into delegations (id, from_person, to_person, role, unit_id, starts_at, ends_at,
                 reason, given_by, given_at)
             select gen_random_uuid(), a.id, b.id, 'county_officer', '2301',
                    timestamptz '2024-04-20' - a.n % 400 * interval '1 day',
                    timestamptz '2024-04-22' - a.n % 400 * interval '1 day', 'x', a.id, now()
             from numbered a join numbered b on b.n = a.n + 7;
         insert into absences (id, person, starts_at, ends_at, reason, recorded_by, recorded_at)
             select gen_random_uuid(), id, timestamptz '2024-04-01' - n % 400 * interval '1 day',
                    timestamptz '2024-04-25' - n % 400 * interval '1 day', 'x', id, now()
             from numbered;
         analyze people; analyze grants; analyze delegations; analyze absences;",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let case = office.opened().await;
    sqlx::raw_sql("select pg_stat_reset()").execute(&mut office.as_admin().await).await.unwrap();
    for round in 0..20 {
        let to = holder("county_officer");
        let command = match round % 2 {
            0 => Command::Assign { task: 1, to, reason: None, urgency: None },
            _ => Command::Release { task: 1, reason: None },
        };
        office.does("county_head", case.id, command).await.unwrap();
    }
    // Statistics come when a connection ends, or a second later.
    office.store.close().await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let rows = sqlx::query(
        "select t.relname::text, t.seq_scan,
                (select coalesce(sum(i.idx_tup_read), 0)::bigint from pg_stat_user_indexes i
                 where i.relid = t.relid)
         from pg_stat_user_tables t
         where t.relname in ('people', 'grants', 'delegations', 'absences', 'unit_closure')",
    )
    .fetch_all(&mut office.as_admin().await)
    .await
    .unwrap();
    let mut read = 0;
    for row in rows {
        let (table, scans, entries): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(scans, 0, "{table} is read from its beginning");
        assert!(entries <= 20 * 10, "{table}: {entries} entries for 20 commands");
        read += entries;
    }
    assert!(read > 20, "nothing was counted");
}

#[tokio::test]
async fn a_store_that_is_closed_lets_nobody_in_and_keeps_no_connection() {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    let person = holder("county_officer");
    assert!(office.store.viewer(person).await.unwrap().is_some());
    office.store.close().await;
    let others = "select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    // The server takes a moment to see that they have gone.
    let mut left = i64::MAX;
    for _ in 0..50 {
        left = sqlx::query_scalar(others).fetch_one(&mut admin).await.unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(left, 0);
    assert_eq!(office.store.viewer(person).await.unwrap_err().code(), "store_closed");
}
