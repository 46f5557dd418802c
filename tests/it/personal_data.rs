//! Personal values: readable to who sees the case, in no event and no state, and gone with the key of their person.

use std::{process::Stdio, time::Duration};

use parvaneh_core::{
    Case, CaseId, Command, Fact, Given, Grant, Open, PersonId, RoleId, UnitId, WorkflowId,
    form::Value, personal,
};
use parvaneh_store::{
    Ask, Erasure, ExecuteError, Executed, Extent, KeyUnchanged, NotErased, Request, Requester,
    SecretKey, Store, StoreError, StoreOptions, TrailQuery,
};
use sqlx::{AssertSqlSafe, Row};

use crate::{
    audit_attacks::{Audited, signer, verified},
    python::python,
    store_fixture::{COUNTY, Office, applicant, holder, new_case},
};

const DEFINITION: &str = include_str!("../../workflows/volunteer-enrolment/v1.yaml");
const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/proof/verify.py");
const NUMBER: &str = "0013542419";
const PHONE: &str = "09121234567";
const KEPT_PHONE: &str = "+989121234567";
const SKILLS: &str = "نقاشی روی سفال";

fn workflow() -> WorkflowId {
    WorkflowId::from("volunteer-enrolment")
}

fn other() -> PersonId {
    holder("another volunteer")
}

/// An office that enrols volunteers, with a key.
async fn enrolling() -> Office {
    let office = Office::sandbox().await;
    let store = &office.store;
    store.use_key(&SecretKey::of([7; 32])).await.unwrap();
    store.publish_definition(&workflow(), 1, DEFINITION).await.unwrap();
    let officer = holder("volunteer_officer");
    let people = [(other(), "Another".to_owned()), (officer, "The officer".to_owned())];
    store.save_people(people.into()).await.unwrap();
    let unit = UnitId::from(COUNTY);
    let role = RoleId::from("volunteer_officer");
    store.grant(vec![(officer, Grant { role, unit })]).await.unwrap();
    office
}

fn enrols(person: PersonId, case: CaseId, skills: &str) -> Request {
    let application = Open {
        case,
        unit: UnitId::from(COUNTY),
        applicant: person,
        subject: "enrolment".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: Given::default()
            .with("volunteer_id", NUMBER)
            .with("phone", PHONE)
            .with("service", "remote")
            .with("skills", skills),
    };
    let ask = Ask::Open { workflow: workflow(), version: None, application };
    Request::new(Requester::Person(person), ask)
}

async fn enrolled(store: &Store, person: PersonId) -> Executed {
    store.execute(enrols(person, new_case(), SKILLS)).await.unwrap()
}

async fn withdraws(store: &Store, person: PersonId, case: CaseId) {
    let withdraw = Command::Withdraw { reason: Some("moved away".to_owned()) };
    store.execute(Request::command(person, case, withdraw)).await.unwrap();
}

fn erasure(person: PersonId) -> Erasure {
    let reason = "decision 17 of the data protection officer".to_owned();
    Erasure { person, by: Some(holder("county_head")), reason, also_of_open_cases: false }
}

fn held<'c>(case: &'c Case, field: &str) -> &'c Value {
    &case.data[field]
}

fn is_plain(case: &Case) -> bool {
    assert_eq!(held(case, "service"), &Value::Choice("remote".to_owned()), "not personal");
    case.data.len() == 4
        && held(case, "volunteer_id") == &Value::NationalId(NUMBER.to_owned())
        && held(case, "phone") == &Value::Phone(KEPT_PHONE.to_owned())
        && held(case, "skills") == &Value::Text(SKILLS.to_owned())
}

fn is_sealed(case: &Case) -> bool {
    ["volunteer_id", "phone", "skills"]
        .iter()
        .all(|field| matches!(held(case, field), Value::Personal(_)))
}

/// Every row of every table, as text; bytes stand there as hexadecimal digits.
async fn everything(office: &Office) -> String {
    let mut admin = office.as_admin().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and n.nspname = 'public'",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert!(tables.len() > 40, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        let rows = format!("select t::text from {table} t");
        for row in sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut admin).await.unwrap() {
            all.push_str(row.get::<&str, _>(0));
            all.push('\n');
        }
    }
    all
}

fn holds_a_value(text: &str) -> bool {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let national = &PHONE[1..];
    [NUMBER, national, SKILLS].iter().any(|one| text.contains(one) || text.contains(&hex(one)))
}

/// The second verifier passes a bundle.
async fn passes_the_second_verifier(bundle: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle");
    tokio::fs::write(&path, bundle).await.unwrap();
    let said = python("cryptography")
        .arg("-B")
        .arg(VERIFIER)
        .arg(&path)
        .arg("--key")
        .arg(signer().public().to_string())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let told = [said.stdout, said.stderr].concat();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&told));
    String::from_utf8_lossy(&told).contains("nothing is wrong")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_values_are_read_with_the_case_and_stand_in_no_timeline() {
    let office = enrolling().await;
    let store = &office.store;
    let mut executed =
        store.execute(enrols(applicant(), new_case(), SKILLS).with_key("mine")).await.unwrap();
    let case = executed.case.id;
    assert!(is_sealed(&executed.case), "{:?}", executed.case.data);
    assert!(!everything(&office).await.contains(NUMBER));
    assert!(!holds_a_value(&everything(&office).await));

    store.open_values(&mut executed).await.unwrap();
    assert!(is_plain(&executed.case), "{:?}", executed.case.data);
    let Fact::Opened { values, .. } = &executed.events[0].fact else { panic!() };
    assert_eq!(values, &executed.case.data);
    assert!(is_plain(&store.case(case).await.unwrap()));
    assert!(is_plain(&store.case_file(case).await.unwrap().case));
    let timeline = store.timeline(case).await.unwrap();
    assert_eq!(timeline.broken_at, None, "hashed with its commitments");
    assert!(holds_a_value(&format!("{:?}", timeline.entries[0].event)));
    assert!(!holds_a_value(&timeline.entries[0].bytes));
    let found = store.trail(&TrailQuery::default()).await.unwrap();
    assert!(found.rows.iter().any(|row| row.case == case && row.event == executed.events[0]));

    // What is computed from the events is what is stored, and the same again gets the same answer.
    let repeated =
        store.execute(enrols(applicant(), new_case(), SKILLS).with_key("mine")).await.unwrap();
    assert!(repeated.repeated && is_sealed(&repeated.case));
    let another = store.execute(enrols(applicant(), new_case(), "none").with_key("mine")).await;
    assert!(matches!(another, Err(ExecuteError::KeyReused)), "{another:?}");

    // Two people, two cases: no commitment is like another, and one's key opens nothing of the other.
    let second = enrolled(store, other()).await;
    let third = enrolled(store, applicant()).await;
    let all: Vec<_> = [&repeated.case, &second.case, &third.case]
        .iter()
        .flat_map(|case| personal::of_case(case))
        .collect();
    let mut different = all.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!((all.len(), different.len()), (9, 9));
    let mut admin = office.as_admin().await;
    let keys: i64 =
        sqlx::query_scalar("select count(*) from person_keys").fetch_one(&mut admin).await.unwrap();
    assert_eq!(keys, 2);
    sqlx::raw_sql(
        "update personal_values v set sealed = o.sealed from personal_values o
         where v.case_id <> o.case_id",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    let swapped = store.case(second.case.id).await;
    assert!(matches!(swapped, Err(StoreError::WrongKey)), "{swapped:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destroyed_key_leaves_every_proof_valid_and_nothing_to_read() {
    let audited = Audited { office: enrolling().await, cases: Vec::new() };
    let (office, store) = (&audited.office, &audited.office.store);
    let (case, kept) = (enrolled(store, applicant()).await.case.id, enrolled(store, other()).await);
    let sealed = audited.seals().await;
    let bundle = audited.bundle(Extent::Everything, None).await;
    assert_eq!(verified(&bundle, None).problems, []);
    assert!(!holds_a_value(&String::from_utf8(bundle).unwrap()));

    // Not while he waits for an answer, and not without a reason.
    let code = |refused: Result<_, NotErased>| {
        refused.map(|_: parvaneh_store::Erased| ()).unwrap_err().code()
    };
    assert_eq!(code(store.erase_person(erasure(applicant())).await), "open_cases");
    withdraws(store, applicant(), case).await;
    let silent = Erasure { reason: " ".to_owned(), ..erasure(applicant()) };
    assert_eq!(code(store.erase_person(silent).await), "reason_needed");
    let nobody = erasure(holder("nobody"));
    assert_eq!(code(store.erase_person(nobody).await), "unknown");
    assert!(is_plain(&store.case(case).await.unwrap()), "nothing has changed");

    let erased = store.erase_person(erasure(applicant())).await.unwrap();
    assert_eq!((erased.values, erased.cases, erased.drafts), (3, 1, 0));
    assert_eq!(code(store.erase_person(erasure(applicant())).await), "nothing_kept");
    let rows = store.erasures_of(applicant()).await.unwrap();
    let by = (holder("county_head"), "The county_head".to_owned());
    let row = parvaneh_store::ErasureRow {
        at: erased.at,
        by: Some(by),
        reason: erasure(applicant()).reason,
        values: 3,
    };
    assert_eq!(rows, [row]);

    // Nobody reads them, with all keys that there are; the other's are as they were.
    for store in [store, &with_key(office).await] {
        let case = store.case(case).await.unwrap();
        assert!(is_sealed(&case));
        assert_eq!(held(&case, "phone").shown(None).en, "erased");
        assert!(is_plain(&store.case(kept.case.id).await.unwrap()));
    }
    assert_eq!(store.timeline(case).await.unwrap().broken_at, None);
    assert!(!holds_a_value(&everything(office).await));

    // Every proof holds, against what the auditor kept from before too.
    audited.seals().await;
    let bundle = audited.bundle(Extent::Everything, Some(&sealed)).await;
    let report = verified(&bundle, Some(&sealed));
    assert_eq!((report.problems.as_slice(), report.summary.states), (&[][..], 2));
    assert!(passes_the_second_verifier(&bundle).await);
    assert!(!holds_a_value(&String::from_utf8(bundle).unwrap()));

    // What he fills in later is another thing.
    let later = enrolled(store, applicant()).await.case.id;
    assert!(is_plain(&store.case(later).await.unwrap()));
    assert!(is_sealed(&store.case(case).await.unwrap()));
    let also = Erasure { also_of_open_cases: true, ..erasure(applicant()) };
    assert_eq!(store.erase_person(also).await.unwrap().values, 3);
    assert_eq!(store.erasures_of(applicant()).await.unwrap().len(), 2);
    withdraws(store, applicant(), later).await;
}

/// Another process with the key.
async fn with_key(office: &Office) -> Store {
    let store = office.another().await;
    store.use_key(&SecretKey::of([7; 32])).await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_people_are_sealed_by_the_installations_and_move_with_it() {
    let office = Office::sandbox().await;
    let store = &office.store;
    store.publish_definition(&workflow(), 1, DEFINITION).await.unwrap();
    // Without a key of the installation they stand as they are, until there is one.
    let case = enrolled(store, applicant()).await.case.id;
    assert!(is_plain(&store.case(case).await.unwrap()));
    let first = SecretKey::of([7; 32]);
    let keyed = office.another().await;
    keyed.use_key(&first).await.unwrap();
    assert!(is_plain(&keyed.case(case).await.unwrap()));
    let mut admin = office.as_admin().await;
    let kept: String =
        sqlx::query_scalar("select key from person_keys").fetch_one(&mut admin).await.unwrap();
    assert!(kept.starts_with("sealed:"), "{kept}");
    let blind = store.case(case).await;
    assert!(matches!(blind, Err(StoreError::NoKey)), "{blind:?}");
    let refused = store.execute(enrols(applicant(), new_case(), SKILLS)).await;
    assert!(
        matches!(&refused, Err(ExecuteError::Store(error)) if matches!(**error, StoreError::NoKey)),
        "{refused:?}"
    );

    // Who reads for nobody sees none, the keys are read for nobody at all, and the record of a destroyed one stays.
    let mut reader = office.in_role("parvaneh_app").await;
    assert!(sqlx::query("select * from person_keys").fetch_all(&mut reader).await.is_err());
    let values = sqlx::query("select * from personal_values").fetch_all(&mut reader).await;
    assert_eq!(values.unwrap().len(), 0);
    keyed
        .erase_person(Erasure { also_of_open_cases: true, by: None, ..erasure(applicant()) })
        .await
        .unwrap();
    let mut engine = office.as_application().await;
    for undoing in [
        "update person_keys set key = 'x', destroyed_at = null, reason = null",
        "update person_keys set reason = 'another'",
        "update personal_values set sealed = ''",
        "delete from person_keys",
    ] {
        assert!(sqlx::query(undoing).execute(&mut engine).await.is_err(), "{undoing}");
    }
    drop((reader, engine, admin));
    let again = enrolled(&keyed, applicant()).await.case.id;

    // Another key of the installation seals the keys of people anew.
    let second = SecretKey::of([8; 32]);
    for store in [store, &keyed] {
        store.close().await;
    }
    // The server may notice a moment later that a connection has ended.
    let changed = loop {
        match Store::change_key(&office.database.owner_options(), &first, &second).await {
            Err(KeyUnchanged::InUse(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            changed => break changed.unwrap(),
        }
    };
    assert_eq!(changed.people, 1, "the destroyed one is none");
    let options = office.database.app_options();
    let store = Store::connect(options, StoreOptions::default()).await.unwrap();
    assert!(matches!(store.use_key(&first).await, Err(StoreError::WrongKey)));
    store.use_key(&second).await.unwrap();
    assert!(is_plain(&store.case(again).await.unwrap()));
    assert!(is_sealed(&store.case(case).await.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_make_one_key_for_each_person() {
    let office = enrolling().await;
    let requests = (0..40).map(|number| {
        let person = if number % 2 == 0 { applicant() } else { other() };
        enrols(person, new_case(), SKILLS)
    });
    let second = with_key(&office).await;
    let (mine, others): (Vec<_>, Vec<_>) =
        requests.enumerate().partition(|(number, _)| number % 4 < 2);
    let of = |some: Vec<(usize, Request)>| some.into_iter().map(|(_, one)| one).collect();
    let (mine, others) =
        tokio::join!(office.store.execute_batch(of(mine)), second.execute_batch(of(others)));
    for done in mine.into_iter().chain(others) {
        let case = done.unwrap().case.id;
        assert!(is_plain(&office.store.case(case).await.unwrap()));
    }
    let mut admin = office.as_admin().await;
    let counts: (i64, i64) = sqlx::query_as(
        "select (select count(*) from person_keys), (select count(*) from personal_values)",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!(counts, (2, 120));
}
