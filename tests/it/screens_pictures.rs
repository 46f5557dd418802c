//! Every page as it is kept in `tests/pages/`: what it says, by language, and what it looks like, by language and
//! theme. `PARVANEH_UPDATE=1` keeps what is there now; then look at what has changed before it is committed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use parvaneh_core::{Place, WorkflowId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    browser::{Run, walk},
    licences,
    screens_applicant::with_kiosk,
    sittings::{HEARING, plan, put_on, waiting},
    store_fixture::{COUNTY, PROVINCE, applicant, start},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_links::asked_police,
    web_pages::{Browser, Opens, ROWS, Row, hired},
};

/// Where they are kept.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pages")
}

/// A page by the name of its files, and who looks at it; none where nobody sees it, and where nothing is kept yet.
fn shot(row: &Row) -> Option<(String, &'static str, Option<&'static str>)> {
    let Row(page, path, _, opens) = row;
    let address = page.strip_prefix("get /")?;
    // What is no page but a file to be kept.
    if address.ends_with("/proof") || address == "dashboard/table" {
        return None;
    }
    let who = match opens {
        // An applicant's own; whoever else sees the case is led to its page for the office.
        _ if address == "my" || address.starts_with("my/") => Some("an applicant"),
        Opens::Anybody => None,
        Opens::Everybody | Opens::Readers => Some("officer"),
        Opens::Only(them) | Opens::Doers(them) | Opens::There(them, 200) => Some(*them.first()?),
        _ => return None,
    };
    let plain = address.replace(['{', '}'], "").replace('/', "-");
    let name = if plain.is_empty() { "home".to_owned() } else { plain };
    Some((name, path, who))
}

/// Pages of what the rows have none of: a name, an address, who looks at it; nobody who has come in, where that is empty.
const MORE: &[(&str, &str, &str)] = &[
    ("sittings", "/sittings", "secretariat"),
    ("sittings-id", "/sittings/SITTING", "secretariat"),
    ("cases-case-vote", "/cases/HEARD/do/vote", "commission_member"),
    ("drafts-draft", "/drafts/DRAFT", "an applicant"),
    ("drafts-draft-line", "/drafts/DRAFT/ask/v.area", "an applicant"),
    ("drafts-draft-choice", "/drafts/DRAFT/ask/v.kind", "an applicant"),
    ("drafts-draft-file", "/drafts/DRAFT/ask/p.record", "an applicant"),
    ("drafts-draft-drop", "/drafts/DRAFT/drop", "an applicant"),
    ("check-number", "/check/LICENCE", ""),
    ("cases-case-granted", "/cases/GRANTED", "county_officer"),
    ("my-everything", "/my", "an applicant"),
    ("my-case-granted", "/my/GRANTED", "an applicant"),
    ("my-case-heard", "/my/HEARD", "an applicant"),
];

/// What another body sees.
const OF_BODY: &[(&str, &str, &str)] = &[
    ("inquiries", "/inquiries", "agency.police"),
    ("inquiries-case-task", "/inquiries/ASKED", "agency.police"),
];

/// The names of all that is kept.
fn names() -> BTreeSet<String> {
    let more = MORE.iter().chain(OF_BODY).map(|(name, ..)| (*name).to_owned());
    ROWS.iter().filter_map(shot).map(|(name, ..)| name).chain(more).collect()
}

#[test]
fn of_every_page_something_is_kept_and_nothing_else() {
    let names = names();
    let files = std::fs::read_dir(kept()).expect("tests/pages");
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.collect();
    let ends =
        ["fa.yaml", "en.yaml", "fa.light.webp", "fa.dark.webp", "en.light.webp", "en.dark.webp"];
    let wanted = names.iter().flat_map(|name| ends.map(|end| format!("{name}.{end}")));
    let wanted: BTreeSet<String> = wanted.collect();
    let missing: Vec<_> = wanted.difference(&files).collect();
    let beside: Vec<_> = files.difference(&wanted).collect();
    assert!(
        missing.is_empty() && beside.is_empty(),
        "kept of no page: {beside:?}; nothing is kept as: {missing:?} (PARVANEH_UPDATE=1 keeps it)"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_as_it_is_kept() {
    let service = Service::start().await;
    hired(&service).await;
    let case = service.office.opened().await.id.to_string();
    let somebody = service.hires("somebody", "county_officer", COUNTY).await;
    service.office.store.save_account(somebody, "somebody").await.unwrap();
    let somebody = somebody.to_string();
    let shots = ROWS.iter().filter_map(shot).map(|(name, path, who)| {
        let path =
            path.replace("CASE", &case).replace("PERSON", &somebody).replace("COUNTY", COUNTY);
        (name, path, who)
    });
    are_as_kept(&service, shots.collect(), "pictures").await;
}

/// A body is asked about one case, and was about another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_another_body_is_as_it_is_kept() {
    let service = Service::start().await;
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let case = service.office.opened().await.id;
        addresses.push(asked_police(&service, case).await);
    }
    let mut body = Browser::of(&service, "agency.police").await;
    let form = [("answer", "negative"), ("reason", "سابقه دارد")];
    assert_eq!(body.send(&addresses.remove(0), &form).await.status, 303);
    let one = addresses.remove(0).replace("/inquiries/", "");
    let shots = OF_BODY
        .iter()
        .map(|(name, path, who)| ((*name).to_owned(), path.replace("ASKED", &one), Some(*who)));
    are_as_kept(&service, shots.collect(), "pictures-of-body").await;
}

/// A case on the agenda of a sitting that has begun; its applicant has begun another application, and holds a licence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "tests are an edge: identifiers are made here")]
async fn every_page_of_what_is_going_on_is_as_it_is_kept() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    let (office, store) = (&service.office, &service.office.store);
    licences::publish(office).await;
    store.publish_definition(&"hearing".into(), 1, HEARING).await.unwrap();
    let granted = licences::opened(store, "establish", None).await;
    let ended = licences::decide(store, granted, "granted").await.unwrap();
    let Place::End { change: Some(licence), .. } = ended.place else {
        panic!("a licence is granted")
    };
    let heard = waiting(store).await;
    waiting(store).await;
    let sitting = plan(store, start() + TimeDelta::days(3), 5).await;
    plan(store, start() + TimeDelta::days(10), 1).await;
    put_on(store, heard, sitting).await.unwrap();
    let (draft, kiosk) = (Uuid::now_v7(), WorkflowId::from("kiosk"));
    let answers = json!({
        "province": PROVINCE, "unit": COUNTY, "subject": "دکهٔ میدان",
        "v.kind": "person", "v.owner_id": "0010350829", "v.phone": "09121234567",
    });
    let answers = answers.as_object().unwrap().clone();
    assert!(store.begin_draft(draft, applicant(), &kiosk, answers, 9).await.unwrap());
    office.advance(TimeDelta::days(3)).await;
    let shots = MORE.iter().map(|(name, path, who)| {
        let path = path
            .replace("SITTING", &sitting.to_string())
            .replace("HEARD", &heard.to_string())
            .replace("GRANTED", &granted.to_string())
            .replace("DRAFT", &draft.to_string())
            .replace("LICENCE", licence.licence.number.as_str());
        ((*name).to_owned(), path, Some(*who).filter(|who| !who.is_empty()))
    });
    are_as_kept(&service, shots.collect(), "pictures-more").await;
}

/// A page by the name of its files, its address, and who looks at it.
type Shot = (String, String, Option<&'static str>);

#[expect(clippy::disallowed_methods, reason = "tests are an edge")]
async fn are_as_kept(service: &Service, mut shots: Vec<Shot>, pictures: &str) {
    let update = std::env::var_os("PARVANEH_UPDATE").is_some();
    // Who has come in looks at all that he looks at; who has looked is looked at when everybody has.
    shots.sort_by_key(|(name, _, who)| (name == "audit-looks", *who));
    let who_looks: BTreeSet<&str> = shots.iter().filter_map(|(_, _, who)| *who).collect();
    for login in who_looks {
        logged_in(service, login).await;
    }
    if update {
        // Of pages that are no more nothing stays.
        let names = names();
        for file in std::fs::read_dir(kept()).into_iter().flatten() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if !names.contains(name.split('.').next().unwrap()) {
                std::fs::remove_file(&path).unwrap();
            }
        }
    }
    let shots: Vec<Value> = shots
        .iter()
        .map(|(name, path, who)| json!({ "name": name, "path": path, "login": who }))
        .collect();
    let given = json!({
        "shots": shots, "password": PASSWORD, "kept": kept(), "update": update, "scale": 0.5,
    });
    let runs = ["fa", "en"].into_iter().flat_map(|language| {
        [Run::new(language), Run::new(language).dark()].map(|run| run.given(given.clone()))
    });
    let runs: Vec<Run> = runs.collect();
    walk(pictures, "pictures", &service.url, &runs).await.is_fine();
}
