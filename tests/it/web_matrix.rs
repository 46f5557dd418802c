//! Who may do what where: every operation of the API, asked by everybody, from everywhere.
//!
//! The operations come from the description of the API itself: one without a row here fails. Whoever
//! may not is answered as the row says, and the database is as it was.

use std::collections::{BTreeMap, BTreeSet};

use parvaneh_core::{CaseId, PersonId};
use parvaneh_store::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use crate::{
    store_fixture::{COUNTY, PROVINCE, act, applicant, holder, new_case},
    web_fixture::{Answer, Service, answered, with_json},
    web_matrix_resources,
};

/// Another county of the same province.
const SIBLING: &str = "2302";
/// Another province.
const ELSEWHERE: &str = "08";

/// Everybody who asks: a name, and what he holds where (nothing: no role at all).
const CALLERS: &[(&str, &str, &str)] = &[
    ("own officer", "county_officer", COUNTY),
    ("own head", "county_head", COUNTY),
    ("sibling officer", "county_officer", SIBLING),
    ("sibling head", "county_head", SIBLING),
    ("own province", "secretariat", PROVINCE),
    ("other province", "secretariat", ELSEWHERE),
    ("the nation", "national_monitor", "ir"),
    ("own police", "agency.police", COUNTY),
    ("sibling police", "agency.police", SIBLING),
    ("own auditor", "auditor", PROVINCE),
    ("other auditor", "auditor", ELSEWHERE),
    ("own manager", "manager", PROVINCE),
    ("other manager", "manager", ELSEWHERE),
    ("own administrator", "administrator", PROVINCE),
    ("other administrator", "administrator", ELSEWHERE),
    ("the administrator", "administrator", "ir"),
    ("own keeper", "calendar_keeper", PROVINCE),
    ("other keeper", "calendar_keeper", ELSEWHERE),
    ("stranger", "", ""),
    ("applicant", "", ""),
];

/// Who sees the case.
const SEE: &[&str] = &[
    "own officer",
    "own head",
    "own province",
    "the nation",
    "own auditor",
    "own manager",
    "applicant",
];

/// Who is answered with success, of those who are let in at all.
pub(crate) enum Let {
    /// Everybody who has come in.
    Everybody,
    /// Who sees the case.
    Seers,
    /// These; whoever else sees the case is refused (403), to all others it is not there (404).
    OfCase(&'static [&'static str]),
    /// These; all others are refused (403).
    Only(&'static [&'static str]),
    /// The same, but the first of them may have done it already.
    Once(&'static [&'static str]),
    /// These; to all others it is not there (404).
    Hidden(&'static [&'static str]),
    /// The first, where things stand so; the second see it and are refused (403); to all others it is
    /// not there (404).
    Of(&'static [&'static str], &'static [&'static str]),
    /// Whatever comes of it, only those who see the case learn anything: 404 for all others.
    Seen,
}

/// A row of the matrix: the operation, the body, and who is let.
pub(crate) struct Cells {
    pub(crate) operation: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) lets: Let,
}

pub(crate) fn rows(case: CaseId, person: PersonId) -> Vec<Cells> {
    let row = |operation: &'static str, path: &str, body: Value, lets: Let| {
        let path =
            path.replace("{case}", &case.to_string()).replace("{person}", &person.to_string());
        Cells { operation, path, body: Some(body).filter(|body| !body.is_null()), lets }
    };
    let reason = || json!({ "reason": "because" });
    let none = Value::Null;
    let role = || json!({ "role": "county_head", "unit": COUNTY });
    let own = &["own administrator"];
    let mut rows = vec![
        row("get /session", "/session", none.clone(), Let::Everybody),
        row("get /sessions", "/sessions", none.clone(), Let::Everybody),
        row("get /tokens", "/tokens", none.clone(), Let::Everybody),
        row("get /worklist", "/worklist", none.clone(), Let::Everybody),
        row("get /inquiries", "/inquiries", none.clone(), Let::Everybody),
        row("get /cases", "/cases", none.clone(), Let::Everybody),
        row("get /units", "/units", none.clone(), Let::Everybody),
        row("get /workflows", "/workflows", none.clone(), Let::Everybody),
        row(
            "get /workflows/{id}/{version}",
            "/workflows/ngo-establishment/1",
            none.clone(),
            Let::Everybody,
        ),
        row("get /cases/{case}", "/cases/{case}", none.clone(), Let::Seers),
        row("get /cases/{case}/events", "/cases/{case}/events", none.clone(), Let::Seers),
        row("get /worklist/events", "/worklist/events", none.clone(), Let::Everybody),
        row("get /cases/{case}/timeline", "/cases/{case}/timeline", none.clone(), Let::Seers),
        row(
            "get /cases/{case}/clocks/{no}/explanation",
            "/cases/{case}/clocks/0/explanation",
            none.clone(),
            Let::Seers,
        ),
        row(
            "get /figures/on-time",
            &format!("/figures/on-time?period=1403&unit={COUNTY}"),
            none.clone(),
            Let::Only(&["own auditor", "own manager", "own administrator"]),
        ),
        row("get /people", &format!("/people?unit={COUNTY}"), none.clone(), Let::Only(own)),
        row("get /people/{id}", "/people/{person}", none.clone(), Let::Hidden(own)),
        row(
            "put /people/{id}/account",
            "/people/{person}/account",
            json!({ "login": "looked.after" }),
            Let::Hidden(own),
        ),
        row(
            "post /people/{id}/password-link",
            "/people/{person}/password-link",
            none.clone(),
            Let::Hidden(own),
        ),
        row(
            "get /people/{id}/erasures",
            "/people/{person}/erasures",
            none.clone(),
            Let::Only(&["the administrator"]),
        ),
        row(
            "post /people/{id}/erasures",
            "/people/{person}/erasures",
            reason(),
            Let::Once(&["the administrator"]),
        ),
        row(
            "put /people/{id}/disabled",
            "/people/{person}/disabled",
            none.clone(),
            Let::Hidden(own),
        ),
        row(
            "delete /people/{id}/disabled",
            "/people/{person}/disabled",
            none.clone(),
            Let::Hidden(own),
        ),
        row(
            "get /people/{id}/identities",
            "/people/{person}/identities",
            none.clone(),
            Let::Hidden(own),
        ),
        row(
            "post /people/{id}/identities",
            "/people/{person}/identities",
            json!({ "email": "looked.after@office.example" }),
            Let::Hidden(own),
        ),
        row(
            "delete /people/{id}/identities/{identity}",
            "/people/{person}/identities/{case}",
            none.clone(),
            Let::Hidden(&[]),
        ),
        row("post /people/{id}/roles", "/people/{person}/roles", role(), Let::Hidden(own)),
        row("delete /people/{id}/roles", "/people/{person}/roles", role(), Let::Hidden(own)),
        row(
            "post /people",
            "/people",
            json!({ "name": "N", "login": "new.person", "roles": [role()] }),
            Let::Only(own),
        ),
        // A token does not beget tokens, whosever it is.
        row(
            "post /tokens",
            "/tokens",
            json!({ "name": "t", "scopes": ["read"], "days": 1 }),
            Let::Only(&[]),
        ),
        // Nor does it look after what sessions are begun by.
        row("get /second-factor", "/second-factor", none.clone(), Let::Everybody),
        row(
            "post /second-factor",
            "/second-factor",
            json!({ "password": "a butterfly" }),
            Let::Only(&[]),
        ),
        row(
            "put /password",
            "/password",
            json!({ "current": "a butterfly", "password": "another butterfly" }),
            Let::Only(&[]),
        ),
        row("get /account-events", "/account-events", none.clone(), Let::Everybody),
        row(
            "get /people/{id}/account-events",
            "/people/{person}/account-events",
            none.clone(),
            Let::Hidden(own),
        ),
        row("put /second-factor", "/second-factor", json!({ "code": "123456" }), Let::Only(&[])),
        row(
            "delete /second-factor",
            "/second-factor",
            json!({ "password": "a butterfly", "code": "123456" }),
            Let::Only(&[]),
        ),
        row(
            "post /second-factor/recovery-codes",
            "/second-factor/recovery-codes",
            json!({ "password": "a butterfly", "code": "123456" }),
            Let::Only(&[]),
        ),
        row(
            "delete /people/{id}/second-factor",
            "/people/{person}/second-factor",
            none.clone(),
            Let::Hidden(own),
        ),
        row("delete /tokens/{id}", "/tokens/{case}", none.clone(), Let::Hidden(&[])),
        row("delete /sessions/{id}", "/sessions/{case}", none.clone(), Let::Hidden(&[])),
        row("delete /sessions", "/sessions", none.clone(), Let::Everybody),
        row("delete /session", "/session", none.clone(), Let::Everybody),
        row(
            "post /cases",
            "/cases",
            json!({ "workflow": "ngo-establishment", "unit": COUNTY, "subject": "S", "applicant": applicant().to_string() }),
            Let::Only(&["own officer", "own head", "applicant"]),
        ),
        row(
            "put /cases/{case}/tasks/{no}/holder",
            "/cases/{case}/tasks/1/holder",
            json!({}),
            Let::OfCase(&["own officer"]),
        ),
        row(
            "delete /cases/{case}/tasks/{no}/holder",
            "/cases/{case}/tasks/1/holder",
            json!({}),
            Let::Seen,
        ),
        row(
            "put /cases/{case}/values",
            "/cases/{case}/values",
            json!({ "values": { "a": 1 } }),
            Let::Seen,
        ),
        row(
            "post /cases/{case}/comments",
            "/cases/{case}/comments",
            json!({ "text": "seen" }),
            Let::Seen,
        ),
        row(
            "post /cases/{case}/information",
            "/cases/{case}/information",
            json!({ "person": person, "note": "for information" }),
            Let::Seen,
        ),
        row("put /cases/{case}/suspension", "/cases/{case}/suspension", reason(), Let::Seen),
        row("delete /cases/{case}/suspension", "/cases/{case}/suspension", json!({}), Let::Seen),
        row(
            "post /cases/{case}/clocks/{no}/extensions",
            "/cases/{case}/clocks/0/extensions",
            json!({ "by": "5 d", "reason": "r" }),
            Let::Seen,
        ),
        row(
            "post /cases/{case}/clocks/{no}/silence",
            "/cases/{case}/clocks/0/silence",
            json!({ "take_effect": false, "reason": "r" }),
            Let::Seen,
        ),
        row("put /cases/{case}/vote", "/cases/{case}/vote", json!({ "vote": "for" }), Let::Seen),
        row(
            "put /cases/{case}/agenda",
            "/cases/{case}/agenda",
            json!({ "sitting": case.to_string() }),
            Let::Seen,
        ),
        row("delete /cases/{case}/agenda", "/cases/{case}/agenda", reason(), Let::Seen),
        row("post /cases/{case}/recusals", "/cases/{case}/recusals", reason(), Let::Seen),
        row(
            "post /cases/{case}/inquiries/{branch}/answer",
            "/cases/{case}/inquiries/police/answer",
            json!({ "answer": "positive" }),
            Let::Seen,
        ),
        row(
            "get /cases/{case}/inquiries/{branch}/links",
            "/cases/{case}/inquiries/police/links",
            none.clone(),
            Let::Of(
                &[
                    "own officer",
                    "own head",
                    "own province",
                    "the nation",
                    "own auditor",
                    "own manager",
                ],
                &["applicant"],
            ),
        ),
        row(
            "post /cases/{case}/inquiries/{branch}/links",
            "/cases/{case}/inquiries/police/links",
            json!({ "days": 3 }),
            Let::OfCase(&["own officer", "own head", "own province"]),
        ),
        // No link of that number.
        row(
            "delete /cases/{case}/inquiries/{branch}/links/{id}",
            "/cases/{case}/inquiries/police/links/{case}",
            none,
            Let::Of(&[], &["applicant"]),
        ),
        row(
            "post /inquiries/{case}/{branch}",
            "/inquiries/{case}/police",
            json!({ "answer": "positive" }),
            Let::Hidden(&["own police"]),
        ),
        row(
            "post /cases/{case}/actions",
            "/cases/{case}/actions",
            json!({ "action": "accept" }),
            Let::Seen,
        ),
        row("post /cases/{case}/withdrawal", "/cases/{case}/withdrawal", json!({}), Let::Seen),
        // A body that is a text is sent as it is.
        row("post /documents", "/documents", json!("a letter"), Let::Everybody),
        row(
            "post /cases/{case}/documents/{document}",
            "/cases/{case}/documents/charter",
            json!("a letter"),
            Let::Seen,
        ),
        row(
            "put /cases/{case}/documents/{document}",
            "/cases/{case}/documents/charter",
            json!({ "upload": case.to_string() }),
            Let::Seen,
        ),
        row(
            "put /cases/{case}/documents/{document}/verdict",
            "/cases/{case}/documents/charter/verdict",
            json!({ "good": true }),
            Let::Seen,
        ),
        // This case has none; who gets those of another is in web_documents.rs.
        row(
            "get /cases/{case}/documents/{document}",
            "/cases/{case}/documents/charter",
            Value::Null,
            Let::Hidden(&[]),
        ),
    ];
    rows.extend(web_matrix_resources::rows());
    rows
}

/// What needs nobody to have come in.
const OPEN: &[&str] = &[
    "get /oidc",
    "get /oidc/login",
    "get /oidc/callback",
    "get /oidc/logout",
    "post /session",
    "post /session/second-factor",
    "post /password",
    "post /password/recovery",
    // By a link alone.
    "get /linked-inquiry",
    "post /linked-inquiry",
];

/// Where the case stands when everybody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In its first step.
    Reception,
    /// Other bodies are asked.
    Inquiries,
    /// Withdrawn while they were asked.
    Ended,
}

/// Whether a caller is among them. What the administrator of the province may there, that of the
/// whole organisation may too.
fn names(them: &[&str], caller: &str) -> bool {
    let too = caller == "the administrator" && them.contains(&"own administrator");
    them.contains(&caller) || too
}

/// Whether that answer is the right one for that caller.
fn is_right(lets: &Let, home: bool, caller: &str, answer: &Answer) -> bool {
    let sees = SEE.contains(&caller);
    let done = (200..300).contains(&answer.status);
    let hidden = answer.status == 404 && answer.code() == "not_found";
    // Who only reads changes nothing, wherever the case stands.
    let reads_only = ["own auditor", "own manager"].contains(&caller);
    // What stands in the way is the state of the case, or what was sent, or who it is.
    let refused = [403, 409, 422].contains(&answer.status);
    // He comes after the administrator of the province, and finds it done.
    if let Let::Only(them) | Let::Hidden(them) | Let::Of(them, _) = lets
        && caller == "the administrator"
        && them.contains(&"own administrator")
    {
        return done || [404, 409].contains(&answer.status);
    }
    match lets {
        Let::Everybody => done,
        Let::Seers => {
            if sees {
                done
            } else {
                hidden
            }
        }
        Let::OfCase(them) if home && names(them, caller) => done,
        Let::OfCase(_) | Let::Seen if sees && reads_only => refused,
        Let::OfCase(_) | Let::Seen => {
            if sees {
                done || refused
            } else {
                hidden
            }
        }
        Let::Only(them) => {
            if names(them, caller) {
                done
            } else {
                answer.status == 403
            }
        }
        Let::Once(them) if names(them, caller) => done || answer.status == 409,
        Let::Once(_) => answer.status == 403,
        Let::Hidden(them) if names(them, caller) => {
            if home {
                done
            } else {
                done || refused
            }
        }
        Let::Hidden(_) => hidden,
        Let::Of(them, _) if names(them, caller) => done || [409, 422].contains(&answer.status),
        Let::Of(_, seers) if names(seers, caller) => answer.status == 403,
        Let::Of(..) => hidden,
    }
}

/// Everything that a denied request must leave as it is.
pub(crate) async fn fingerprint(owner: &mut PgConnection) -> String {
    let row = sqlx::query(
        "select concat_ws(' ',
            (select md5(string_agg(concat(id, seq, encode(head_hash, 'hex')), ' ' order by id)) from cases),
            (select count(*) from case_events),
            (select md5(string_agg(concat(case_id, no, assignee, closed_at), ' ' order by case_id, no)) from tasks),
            (select count(*) from idempotency_keys),
            (select count(*) from inquiry_links where revoked_at is null),
            (select count(*) from answered_requests),
            (select md5(string_agg(concat(id, state, taken), ' ' order by id)) from sittings),
            (select md5(string_agg(concat(no, reopened_at), ' ' order by no)) from closures),
            (select md5(string_agg(concat(id, revoked_at), ' ' order by id)) from delegations),
            (select md5(string_agg(concat(id, ended_at), ' ' order by id)) from absences),
            (select count(*) from jobs),
            (select md5(string_agg(concat(id, state), ' ' order by id)) from exports),
            (select count(*) from export_events),
            (select count(*) from parked_cases),
            (select md5(string_agg(concat(id, disabled_at), ' ' order by id)) from webhooks),
            (select count(*) from deliveries where state = 'failed'),
            (select count(*) from units),
            (select md5(string_agg(concat(workflow, version, retired_at), ' ' order by workflow, version)) from definitions),
            (select md5(string_agg(concat(person, role, unit_id), ' ' order by person, role, unit_id)) from grants),
            (select md5(string_agg(concat(person, login, password_hash, disabled_at), ' ' order by person)) from accounts),
            (select md5(string_agg(concat(person, confirmed_at, last_step, failures), ' ' order by person)) from second_factors),
            (select count(*) from account_events),
            (select count(*) from people),
            (select count(*) from identities),
            (select count(*) from sessions where revoked_at is null),
            (select count(*) from api_tokens where revoked_at is null),
            (select count(*) from one_time_links where used_at is null),
            (select count(*) from person_keys where key is null),
            (select count(*) from contents))",
    );
    row.fetch_one(owner).await.unwrap().get(0)
}

async fn case_in(service: &Service, state: State) -> CaseId {
    let office = &service.office;
    let case = office.opened().await.id;
    if state != State::Reception {
        office.does("county_officer", case, act("accept")).await.unwrap();
    }
    if state == State::Ended {
        let withdraw = parvaneh_core::Command::Withdraw { reason: None };
        let request = parvaneh_store::Request::command(applicant(), case, withdraw);
        office.store.execute(request).await.unwrap();
    }
    case
}

/// A provider with whose people accounts can be linked; nobody comes by it here.
fn provider() -> parvaneh_web::Oidc {
    let settings = parvaneh_web::OidcSettings {
        issuer: "https://id.example".to_owned(),
        client_id: "parvaneh".to_owned(),
        ..Default::default()
    };
    parvaneh_web::Oidc::new(settings).unwrap()
}

/// Everybody with a token, and a county officer who has an account and is looked after.
async fn everybody(service: &Service) -> (BTreeMap<&'static str, String>, PersonId) {
    let mut tokens = BTreeMap::new();
    for (name, role, unit) in CALLERS {
        let person = match (*name, *role) {
            ("applicant", _) => applicant(),
            (name, "") => {
                let person = holder(name);
                let people = vec![(person, name.to_owned())];
                service.office.store.save_people(people).await.unwrap();
                person
            }
            (name, role) => service.hires(name, role, unit).await,
        };
        tokens.insert(*name, service.token(person, name, &Scope::ALL).await);
    }
    let person = service.hires("looked after", "county_officer", COUNTY).await;
    service.office.store.save_account(person, "looked.after").await.unwrap();
    web_matrix_resources::furnish(&service.office).await;
    (tokens, person)
}

/// Asks for what a row says, with these headers.
pub(crate) async fn ask(service: &Service, row: &Cells, headers: &[(&str, &str)]) -> Answer {
    let method = row.operation.split(' ').next().unwrap().to_ascii_uppercase();
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = service.request(method, &row.path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answered(match &row.body {
        Some(Value::String(text)) => request.body(text.clone()),
        Some(body) => with_json(request, body),
        None => request,
    })
    .await
}

async fn everybody_asks_everything(state: State) {
    let service = Service::with(|settings| settings.oidc = Some(provider())).await;
    let (tokens, person) = everybody(&service).await;
    let mut owner = service.office.as_admin().await;
    let (mut cells, mut denied, mut wrong) = (0, 0, Vec::new());
    for place in 0..rows(CaseId(person.0), person).len() {
        let case = case_in(&service, state).await;
        let row = &rows(case, person)[place];
        let home = match row.operation {
            "post /inquiries/{case}/{branch}" | "post /cases/{case}/inquiries/{branch}/links" => {
                state == State::Inquiries
            }
            _ => state == State::Reception,
        };
        // Nobody has been asked yet.
        let unasked = row.operation.starts_with("post /inquiries") && state == State::Reception;
        let mut before = fingerprint(&mut owner).await;
        let anonymous = ask(&service, row, &[]).await;
        if anonymous.status != 401 || anonymous.code() != "unauthenticated" {
            wrong.push(format!("{}: nobody: {anonymous:?}", row.operation));
        }
        for (caller, ..) in CALLERS {
            let bearer = format!("Bearer {}", tokens[caller]);
            let answer = ask(&service, row, &[("authorization", &bearer)]).await;
            let right = match unasked {
                true => answer.status == 404,
                false => is_right(&row.lets, home, caller, &answer),
            };
            if !right {
                let Answer { status, body, .. } = &answer;
                wrong.push(format!("{state:?}: {}: {caller}: {status} {body}", row.operation));
            }
            cells += 1;
            let after = fingerprint(&mut owner).await;
            if answer.status >= 400 {
                denied += 1;
                if before != after {
                    wrong.push(format!(
                        "{state:?}: {}: {caller}: denied, and changed",
                        row.operation
                    ));
                }
            }
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
    assert!(denied > cells / 3, "{denied} of {cells} cells are denials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_asks_everything_of_a_case_in_its_first_step() {
    everybody_asks_everything(State::Reception).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_asks_everything_of_a_case_about_which_others_are_asked() {
    everybody_asks_everything(State::Inquiries).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_asks_everything_of_a_case_that_has_ended() {
    everybody_asks_everything(State::Ended).await;
}

/// The identifier in a batch: what somebody is told of an item is what he is told of it alone, and a
/// case that he does not see is one that is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_tells_nobody_more_than_its_items_would_alone() {
    let service = Service::start().await;
    let (tokens, _) = everybody(&service).await;
    let mut owner = service.office.as_admin().await;
    let commands = [
        (Method::PUT, "/suspension", json!({ "suspend": { "reason": "because" } })),
        (Method::POST, "/actions", json!({ "act": { "action": "nothing" } })),
        (Method::DELETE, "/agenda", json!({ "take_off_agenda": { "reason": "because" } })),
    ];
    for (caller, ..) in CALLERS {
        let case = case_in(&service, State::Reception).await.to_string();
        let before = fingerprint(&mut owner).await;
        for (method, path, doing) in &commands {
            let body = doing.as_object().unwrap().values().next().unwrap();
            let path = format!("/cases/{case}{path}");
            let alone = service.ask(method.clone(), &path, &tokens[caller], Some(body)).await;
            let missing = new_case().to_string();
            let items = json!({ "items": [
                { "case": case, "do": doing }, { "case": missing, "do": doing },
            ] });
            let batch = service.post("/cases/bulk", &tokens[caller], &items).await;
            assert_eq!(batch.status, 200, "{caller} {doing}: {batch:?}");
            let [item, absent] = [0, 1].map(|place| batch.body["items"][place].clone());
            let told = |one: &Value| (one["status"].clone(), one["problem"]["code"].clone());
            assert_eq!(told(&item), (json!(alone.status), json!(alone.code())), "{caller} {doing}");
            assert_eq!(told(&absent), (json!(404), json!("not_found")), "{caller}: {absent}");
            if !SEE.contains(caller) {
                assert_eq!(item["problem"], absent["problem"], "{caller} {doing}");
            }
        }
        assert_eq!(before, fingerprint(&mut owner).await, "{caller}: nothing of it can be done");
    }
}

#[test]
fn no_operation_is_without_a_row() {
    let document = serde_json::to_value(parvaneh_web::api::document()).unwrap();
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap();
        operations.extend(methods.as_object().unwrap().keys().map(|one| format!("{one} {path}")));
    }
    let nobody = PersonId(holder("nobody").0);
    let mut known: BTreeSet<_> =
        rows(CaseId(nobody.0), nobody).iter().map(|row| row.operation.to_owned()).collect();
    known.extend(OPEN.iter().map(|operation| (*operation).to_owned()));
    assert_eq!(operations, known);
}

/// Lists, counts, filters and searches tell nobody of what he does not see.
#[tokio::test]
async fn no_list_and_no_filter_betrays_a_case() {
    let service = Service::start().await;
    let (tokens, _) = everybody(&service).await;
    let case = service.office.opened().await.id.to_string();
    let applicant = applicant();
    for (caller, ..) in CALLERS {
        for filter in [
            String::new(),
            format!("?applicant={applicant}"),
            format!("?unit={COUNTY}"),
            "?unit=ir&workflow=ngo-establishment".to_owned(),
            "?text=%DB%8C%D8%A7%D8%B1%DB%8C".to_owned(),
            "?step=reception&ended=false".to_owned(),
        ] {
            let page = service.get(&format!("/cases{filter}"), &tokens[caller]).await;
            let found = page.body["items"].as_array().unwrap().iter().any(|one| one["id"] == case);
            assert_eq!(found, SEE.contains(caller), "{caller} {filter}: {page:?}");
            assert!(SEE.contains(caller) || page.body["next"].is_null());
        }
        let worklist = service.get("/worklist", &tokens[caller]).await;
        let works = ["own officer"].contains(caller);
        assert_eq!(worklist.body["total"], u32::from(works), "{caller}: {worklist:?}");
    }
}
