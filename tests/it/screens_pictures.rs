//! Every page as it is kept in `tests/pages/`: what it says, by language, and what it looks like, by language and
//! theme. `PARVANEH_UPDATE=1` keeps what is there now; then look at what has changed before it is committed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    browser::{Run, walk},
    store_fixture::COUNTY,
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_pages::{Opens, ROWS, Row, hired},
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
        Opens::Anybody => None,
        Opens::Everybody | Opens::Readers => Some("officer"),
        Opens::Only(them) | Opens::Doers(them) => Some(*them.first()?),
        _ => return None,
    };
    let plain = address.replace(['{', '}'], "").replace('/', "-");
    let name = if plain.is_empty() { "home".to_owned() } else { plain };
    Some((name, path, who))
}

#[test]
fn of_every_page_something_is_kept_and_nothing_else() {
    let names: BTreeSet<String> = ROWS.iter().filter_map(shot).map(|(name, ..)| name).collect();
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
#[expect(clippy::disallowed_methods, reason = "tests are an edge")]
async fn every_page_is_as_it_is_kept() {
    let update = std::env::var_os("PARVANEH_UPDATE").is_some();
    let service = Service::start().await;
    hired(&service).await;
    let case = service.office.opened().await.id.to_string();
    let somebody = service.hires("somebody", "county_officer", COUNTY).await;
    service.office.store.save_account(somebody, "somebody").await.unwrap();
    let somebody = somebody.to_string();
    let mut shots: Vec<Value> = Vec::new();
    let mut who_looks = BTreeSet::new();
    for (name, path, who) in ROWS.iter().filter_map(shot) {
        let path =
            path.replace("CASE", &case).replace("PERSON", &somebody).replace("COUNTY", COUNTY);
        who_looks.extend(who);
        shots.push(json!({ "name": name, "path": path, "login": who }));
    }
    // Who has come in looks at all that he looks at.
    shots.sort_by_key(|shot| shot["login"].as_str().map(str::to_owned));
    for login in who_looks {
        logged_in(&service, login).await;
    }
    if update {
        // Of pages that are no more nothing stays.
        let names: BTreeSet<String> = ROWS.iter().filter_map(shot).map(|(name, ..)| name).collect();
        for file in std::fs::read_dir(kept()).into_iter().flatten() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if !names.contains(name.split('.').next().unwrap()) {
                std::fs::remove_file(&path).unwrap();
            }
        }
    }
    let given = json!({
        "shots": shots, "password": PASSWORD, "kept": kept(), "update": update, "scale": 0.5,
    });
    let runs = ["fa", "en"].into_iter().flat_map(|language| {
        [Run::new(language), Run::new(language).dark()].map(|run| run.given(given.clone()))
    });
    let runs: Vec<Run> = runs.collect();
    walk("pictures", "pictures", &service.url, &runs).await.is_fine();
}
