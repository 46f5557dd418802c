//! `parvaneh audit verify`: exit codes, what it says in both languages, what an auditor brings along.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    bundle::{Office, sealed, signer},
    parvaneh, parvaneh_with,
};

struct Files {
    folder: TempDir,
    office: Office,
    lines: Vec<Value>,
}

impl Files {
    fn new() -> Self {
        let office = Office::of_scenarios();
        let since = office.checkpoint_at(100);
        let lines = office.lines_of(&|_| true, Some(&since));
        Self { folder: tempfile::tempdir().expect("a folder"), office, lines }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path: PathBuf = self.folder.path().join(name);
        fs::write(&path, bytes).expect("a file can be written");
        path.to_str().expect("its path is a text").to_owned()
    }
}

#[test]
fn a_bundle_is_verified_without_a_database() {
    let files = Files::new();
    let bundle = files.write("bundle.jsonl", &sealed(&files.lines));
    let key = signer().public().to_string();
    let since = files.office.checkpoint_at(100).sign(&signer()).expect("it is signed").to_string();
    let since = files.write("since.txt", since.as_bytes());
    let run = parvaneh(["audit", "verify", &bundle, "--key", &key, "--since", &since]).ends(0);
    assert!(run.out.contains("The bundle is good.") && run.err.is_empty(), "{run:?}");
    assert!(run.out.contains("the whole log") && run.out.contains(&key), "{run:?}");
    let key_file = files.write("key.txt", format!("{key}\n").as_bytes());
    let run = parvaneh(["audit", "verify", &bundle, "--key", &key_file, "--lang", "fa"]).ends(0);
    assert!(run.out.contains("بسته درست است."), "{run:?}");
    // Without a key it says how little that shows.
    let run = parvaneh(["audit", "verify", &bundle]).ends(0);
    assert!(run.out.contains("give --key"), "{run:?}");
    let run = parvaneh_with(["audit", "verify", "-", "--json"], &sealed(&files.lines)).ends(0);
    let told = run.json();
    assert_eq!((&told["good"], &told["exit"]), (&true.into(), &0.into()));
    assert_eq!(told["summary"]["events"], files.office.tree.size());
    assert_eq!(told["summary"]["key_brought"], false);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_its_own_exit_code() {
    let files = Files::new();
    let key = signer().public().to_string();
    let mut lines = files.lines.clone();
    let event = lines.iter().position(|line| line["kind"] == "event").expect("an event");
    lines[event]["body"] = lines[event]["body"].as_str().expect("a text").replace('a', "b").into();
    let bundle = files.write("changed.jsonl", &sealed(&lines));
    let run = parvaneh(["audit", "verify", &bundle, "--key", &key]).ends(12);
    let line = format!("line {}", event + 1);
    assert!(run.out.contains("error[broken-chain]") && run.out.contains(&line), "{run:?}");
    assert!(run.out.contains("NOT good"), "{run:?}");
    let run = parvaneh(["audit", "verify", &bundle, "--key", &key, "--json"]).ends(12);
    let told = run.json();
    assert_eq!(told["problems"][0]["code"], "broken-chain");
    assert!(told["problems"][0]["fa"].as_str().is_some_and(|fa| fa.contains("رویداد")));
    let bytes = sealed(&files.lines);
    let bundle = files.write("cut.jsonl", &bytes[..bytes.len() - 100]);
    parvaneh(["audit", "verify", &bundle, "--key", &key]).ends(11);
    let bundle = files.write("other.jsonl", b"no bundle\n");
    parvaneh(["audit", "verify", &bundle]).ends(10);
}

#[test]
fn what_cannot_be_begun_says_why() {
    let files = Files::new();
    let bundle = files.write("bundle.jsonl", &sealed(&files.lines));
    let run = parvaneh(["audit", "verify", "/nonexistent/bundle"]).ends(2);
    assert!(run.err.contains("/nonexistent/bundle"), "{run:?}");
    let run = parvaneh(["audit", "verify", &bundle, "--key", "a+b+c"]).ends(2);
    assert!(run.err.contains("--key"), "{run:?}");
    let since = files.write("since.txt", b"nothing");
    let run = parvaneh(["audit", "verify", &bundle, "--since", &since]).ends(2);
    assert!(run.err.contains("--since"), "{run:?}");
    // A checkpoint that somebody else signed is none to hold against it.
    let other = signer().public().to_string().replace("parvaneh.example.org", "other.example.org");
    parvaneh(["audit", "verify", &bundle, "--key", &other]).ends(2);
}
