//! What people hear while they look on: streams of a real service.

use std::time::{Duration, Instant};

use parvaneh_core::{CaseId, Grant};
use parvaneh_store::Scope;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    store_fixture::{COUNTY, act, applicant, comment, holder},
    web_fixture::{Answer, Service, answered},
};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);
/// Nothing comes in this time: news take a fifth of a second.
const QUIET: Duration = Duration::from_millis(1_500);

/// A message of a stream.
#[derive(Clone, Debug, PartialEq)]
struct Message {
    name: String,
    id: Option<u32>,
    data: Value,
}

/// Somebody who listens.
struct Ear {
    response: Response,
    heard: String,
}

impl Ear {
    async fn at(service: &Service, path: &str, token: &str, last: Option<u32>) -> Self {
        let mut request =
            service.request(Method::GET, path).header("authorization", format!("Bearer {token}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, heard: String::new() }
    }

    async fn case(service: &Service, case: CaseId, token: &str) -> Self {
        Self::at(service, &format!("/cases/{case}/events"), token, None).await
    }

    /// The next message that is none of those which only keep the connection; none at the end.
    async fn next(&mut self) -> Option<Message> {
        timeout(LONG, self.message()).await.expect("a message within 20 seconds")
    }

    async fn message(&mut self) -> Option<Message> {
        loop {
            while let Some((block, rest)) = self.heard.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.heard = rest;
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
                };
                if let (Some(name), Some(data)) = (field("event"), field("data")) {
                    let id = field("id").map(|id| id.parse().unwrap());
                    let data = serde_json::from_str(data).unwrap();
                    return Some(Message { name: name.to_owned(), id, data });
                }
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Hears nothing for a while.
    async fn nothing(&mut self) {
        let heard = timeout(QUIET, self.message()).await;
        assert!(heard.is_err(), "{heard:?}");
    }

    /// How it ends.
    async fn end(&mut self) -> String {
        loop {
            let message = self.next().await.expect("it says why it ends");
            if message.name == "end" {
                assert_eq!(self.next().await, None);
                return message.data["reason"].as_str().unwrap().to_owned();
            }
        }
    }
}

/// A service where nobody waits long.
async fn quick() -> Service {
    Service::with(|settings| settings.streams.beat = Duration::from_millis(300)).await
}

async fn refused(service: &Service, path: &str, token: &str) -> Answer {
    let request = service.request(Method::GET, path);
    answered(request.header("authorization", format!("Bearer {token}"))).await
}

#[tokio::test]
async fn two_people_hear_what_happens_to_a_case_and_its_applicant_what_is_his() {
    let service = quick().await;
    let (officer, head) =
        (service.token_of("county_officer").await, service.token_of("secretariat").await);
    let his = service.token(applicant(), "applicant", &Scope::ALL).await;
    let case = service.office.opened().await;
    let mut ears = Vec::new();
    for token in [&officer, &head, &his] {
        let mut ear = Ear::case(&service, case.id, token).await;
        let first = ear.next().await.unwrap();
        assert_eq!(first.name, "case");
        assert_eq!(first.data["kinds"], json!([]));
        assert_eq!(first.data["case"], case.id.to_string());
        ears.push(ear);
    }
    // A remark inside: those of the office hear that there is one, and not what it says.
    service.office.does("county_officer", case.id, comment("secret")).await.unwrap();
    for ear in &mut ears[..2] {
        let message = ear.next().await.unwrap();
        let told =
            json!({ "case": case.id.to_string(), "seq": case.seq + 1, "kinds": ["commented"] });
        assert_eq!(message.data, told);
        assert_eq!(message.id, Some(case.seq + 1));
    }
    ears[2].nothing().await;
    // It moves on: that concerns all three.
    service.office.does("county_officer", case.id, act("accept")).await.unwrap();
    for ear in &mut ears {
        let message = ear.next().await.unwrap();
        assert_eq!(message.name, "case");
        assert!(!message.data["kinds"].as_array().unwrap().is_empty(), "{message:?}");
        assert!(!message.data["kinds"].as_array().unwrap().contains(&json!("commented")));
    }
    // Who was away hears what has come since.
    let path = format!("/cases/{}/events", case.id);
    let mut back = Ear::at(&service, &path, &officer, Some(case.seq)).await;
    let kinds = back.next().await.unwrap().data["kinds"].clone();
    assert_eq!(kinds[0], "commented");
    assert!(kinds.as_array().unwrap().len() > 1, "{kinds}");
    let faulty = service.request(Method::GET, &path).header("last-event-id", "x");
    let faulty = answered(faulty.header("authorization", format!("Bearer {officer}"))).await;
    assert_eq!((faulty.status, faulty.code()), (400, "parameter_invalid"));
}

#[tokio::test]
async fn a_worklist_tells_those_whose_tasks_have_changed_and_nobody_else() {
    let service = quick().await;
    let officer = service.token_of("county_officer").await;
    let police = service.hires("police", "agency.police", COUNTY).await;
    let police = service.token(police, "police", &Scope::ALL).await;
    let sibling = service.hires("sibling", "county_officer", "2302").await;
    let sibling = service.token(sibling, "sibling", &Scope::ALL).await;
    let mut ears = Vec::new();
    for token in [&officer, &police, &sibling] {
        let mut ear = Ear::at(&service, "/worklist/events", token, None).await;
        assert_eq!(ear.next().await.unwrap().name, "worklist");
        ears.push(ear);
    }
    let case = service.office.opened().await.id;
    let message = ears[0].next().await.unwrap();
    assert_eq!((message.name.as_str(), &message.data), ("worklist", &json!({})));
    ears[1].nothing().await;
    // Now they are asked.
    service.office.does("county_officer", case, act("accept")).await.unwrap();
    assert_eq!(ears[0].next().await.unwrap().name, "worklist");
    assert_eq!(ears[1].next().await.unwrap().name, "worklist");
    ears[2].nothing().await;
    // What is done by many at once is told once a second at most.
    let began = Instant::now();
    for _ in 0..30 {
        service.office.opened().await;
    }
    let mut told = 0;
    while let Ok(Some(_)) = timeout(QUIET, ears[0].message()).await {
        told += 1;
    }
    let most = began.elapsed().as_secs() + 2;
    assert!((1..=most).contains(&told), "{told} messages in {:?}", began.elapsed());
    // A role that is given brings tasks.
    let grant = Grant { role: "county_officer".into(), unit: COUNTY.into() };
    service.office.store.grant(vec![(holder("police"), grant)]).await.unwrap();
    assert_eq!(ears[1].next().await.unwrap().name, "worklist");
}

#[tokio::test]
async fn what_is_taken_away_is_heard_no_more() {
    let service = quick().await;
    let store = &service.office.store;
    let officer = service.token_of("county_officer").await;
    let case = service.office.opened().await.id;
    let path = format!("/cases/{case}/events");
    let role = || Grant { role: "county_officer".into(), unit: COUNTY.into() };
    // The role, at the next beat; then there is no such case.
    let mut ear = Ear::case(&service, case, &officer).await;
    let mut worklist = Ear::at(&service, "/worklist/events", &officer, None).await;
    worklist.next().await.unwrap();
    assert!(store.revoke(holder("county_officer"), role()).await.unwrap());
    assert_eq!(ear.end().await, "not_permitted");
    assert_eq!(refused(&service, &path, &officer).await.status, 404);
    // His worklist is empty now, and says so.
    assert_eq!(worklist.next().await.unwrap().name, "worklist");
    store.grant(vec![(holder("county_officer"), role())]).await.unwrap();
    // The account, and with it everything.
    let mut ear = Ear::case(&service, case, &officer).await;
    store.set_disabled(holder("county_officer"), true).await.unwrap();
    assert_eq!(ear.end().await, "not_permitted");
    assert_eq!(worklist.end().await, "not_permitted");
    assert_eq!(refused(&service, &path, &officer).await.status, 401);
}

#[tokio::test]
async fn a_role_taken_away_counts_at_the_next_event_also_between_two_beats() {
    let service = Service::with(|settings| settings.streams.beat = Duration::from_secs(3600)).await;
    let officer = service.token_of("county_officer").await;
    let case = service.office.opened().await.id;
    let mut ear = Ear::case(&service, case, &officer).await;
    ear.next().await.unwrap();
    service.office.does("county_officer", case, comment("before")).await.unwrap();
    assert_eq!(ear.next().await.unwrap().data["kinds"], json!(["commented"]));
    let grant = Grant { role: "county_officer".into(), unit: COUNTY.into() };
    service.office.store.revoke(holder("county_officer"), grant).await.unwrap();
    service.office.does("secretariat", case, comment("after")).await.unwrap();
    let message = ear.next().await.unwrap();
    assert_eq!(message.data, json!({ "reason": "not_permitted" }));
}

#[tokio::test]
async fn streams_are_bounded_and_outlast_the_time_of_a_request() {
    let service = Service::with(|settings| {
        settings.streams.of_one_person = 2;
        settings.streams.most = 3;
        settings.streams.beat = Duration::from_millis(100);
        settings.patience = Duration::from_millis(700);
    })
    .await;
    let (officer, head) =
        (service.token_of("county_officer").await, service.token_of("secretariat").await);
    let mut first = Ear::at(&service, "/worklist/events", &officer, None).await;
    first.next().await.unwrap();
    let second = Ear::at(&service, "/worklist/events", &officer, None).await;
    let third = refused(&service, "/worklist/events", &officer).await;
    assert_eq!((third.status, third.code()), (429, "streams_taken"));
    assert_eq!(third.header("retry-after"), "10");
    let others = Ear::at(&service, "/worklist/events", &head, None).await;
    let full = refused(&service, "/worklist/events", &head).await;
    assert_eq!((full.status, full.code()), (503, "streams_taken"));
    // All of them by one connection to the database.
    let listening = "select count(*) from pg_stat_activity
        where query ilike 'listen%parvaneh_news%' and datname = current_database()";
    let mut owner = service.office.as_owner().await;
    let count: i64 = sqlx::query_scalar(listening).fetch_one(&mut owner).await.unwrap();
    assert_eq!(count, 1);
    // The time of a request is over by far; the stream goes on.
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    service.office.opened().await;
    assert_eq!(first.next().await.unwrap().name, "worklist");
    // Who goes away leaves his place to others.
    drop((second, others));
    let began = Instant::now();
    while refused(&service, "/worklist/events", &officer).await.status != 200 {
        assert!(began.elapsed() < LONG, "the place is not free again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_loses_no_news() {
    let service = quick().await;
    let officer = service.token_of("county_officer").await;
    let case = service.office.opened().await;
    let mut ear = Ear::case(&service, case.id, &officer).await;
    ear.next().await.unwrap();
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where query ilike 'listen%parvaneh_news%' and datname = current_database()";
    let mut admin = service.office.as_admin().await;
    let killed: i64 = sqlx::query_scalar(kill).fetch_one(&mut admin).await.unwrap();
    assert_eq!(killed, 1);
    service.office.does("county_officer", case.id, comment("unheard")).await.unwrap();
    assert_eq!(ear.next().await.unwrap().data["kinds"], json!(["commented"]));
    service.office.does("county_officer", case.id, comment("heard")).await.unwrap();
    assert_eq!(ear.next().await.unwrap().data["kinds"], json!(["commented"]));
}

#[tokio::test]
async fn a_service_that_ends_ends_its_streams_first() {
    let mut service = quick().await;
    let officer = service.token_of("county_officer").await;
    let case = service.office.opened().await.id;
    let mut ears =
        [Ear::case(&service, case, &officer).await, Ear::case(&service, case, &officer).await];
    for ear in &mut ears {
        ear.next().await.unwrap();
    }
    let began = Instant::now();
    service.end();
    for ear in &mut ears {
        assert_eq!(ear.end().await, "closing");
    }
    service.ended().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
