//! `parvaneh workflow check`.

use std::fs;

use serde_json::Value;

use super::{finish, parvaneh, program, repository};

/// The definition that the repository brings, with something replaced.
fn changed(from: &str, to: &str) -> (tempfile::TempDir, String) {
    let sound = fs::read_to_string(repository("workflows/ngo-establishment/v1.yaml"))
        .expect("the definition can be read");
    assert!(sound.contains(from), "'{from}' does not stand in the definition");
    written(sound.replacen(from, to, 1).as_bytes())
}

fn written(bytes: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("v1.yaml");
    fs::write(&file, bytes).expect("it can be written");
    let file = file.display().to_string();
    (folder, file)
}

#[test]
fn the_repository_s_definition_is_sound() {
    let file = repository("workflows/ngo-establishment/v1.yaml").display().to_string();
    let run = parvaneh(["workflow", "check", &file]).ends(0);
    assert!(run.out.contains("sound") && run.out.contains("ngo-establishment@1"), "{}", run.out);
    let json = parvaneh(["workflow", "check", &file, "--json"]).ends(0).json();
    let problems = json.as_array().expect("an array");
    assert!(problems.iter().all(|problem| problem["severity"] == "warning"), "{json}");
}

/// How long the longest way takes, and how many returns fit, stand in a table and in JSON.
#[test]
fn what_the_statutory_term_leaves_room_for_is_shown() {
    let file = repository("workflows/complaint/v1.yaml").display().to_string();
    let text = parvaneh(["workflow", "check", &file]).ends(0).out;
    for part in ["longest way", "statutory term", "registration to clarification", "2 times"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json = parvaneh(["workflow", "check", &file, "--json", "--figures"]).ends(0).json();
    assert_eq!(json["problems"], Value::Array(Vec::new()));
    let passage = &json["passages"][0]["passage"];
    assert_eq!((&passage["calendar"], &passage["term"]), (&"ir".into(), &"30 d".into()), "{json}");
    assert_eq!(passage["returns"][0]["fits"]["usual"], 2, "{json}");

    // By a calendar whose offices have closed for good, no term of days ends.
    let closed = "\
calendar: shut
title: { fa: بسته, en: Shut }
zone: Asia/Tehran
day_ends: midnight
published: { from: 1402/01/01, until: 1404/12/29 }
hours:
  - { name: { fa: بسته, en: Shut }, until: 1380/01/01, week: { sat: 07:30-14:30 }, certainty: assumption }
";
    let (_folder, calendar) = written(closed.as_bytes());
    let run = parvaneh(["workflow", "check", &file, "--calendar", &calendar, "--json"]).ends(1);
    let problems = run.json();
    let codes = problems.as_array().expect("an array").iter().map(|it| it["code"].clone());
    assert!(
        codes.clone().count() > 5 && codes.into_iter().all(|code| code == "never-a-deadline"),
        "{problems}"
    );
}

#[test]
fn every_problem_is_told_with_its_place() {
    let (_folder, file) = changed("opens_at: county", "opens_at: villige\nopens: 1");
    let run = parvaneh(["workflow", "check", &file, "--json"]).ends(1);
    let json = run.json();
    let errors: Vec<&Value> = json
        .as_array()
        .expect("an array")
        .iter()
        .filter(|problem| problem["severity"] == "error")
        .collect();
    assert_eq!(errors.len(), 2, "{json}");
    for error in errors {
        assert_eq!(error["file"], Value::from(file.clone()));
        assert!(error["line"].as_u64() > Some(1), "{error}");
        assert!(error["column"].as_u64() >= Some(1), "{error}");
        for key in ["code", "message", "help"] {
            assert!(error[key].is_string(), "{key}: {error}");
        }
    }
    let text = parvaneh(["workflow", "check", &file]).ends(1).out;
    assert!(text.contains("villige") && text.contains("^^^"), "{text}");
    assert!(text.contains(&format!("--> {file}:")), "{text}");
    assert!(text.contains("not sound: 2 errors"), "{text}");
}

#[test]
fn a_slip_of_the_pen_is_guessed() {
    let (_folder, file) = changed("opens_at: county", "opens_at: conty");
    let text = parvaneh(["workflow", "check", &file]).ends(1).out;
    assert!(text.contains("did you mean 'county'?"), "{text}");
}

#[test]
fn a_file_that_is_no_definition_is_a_problem_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let files: [(&str, Vec<u8>, &str); 8] = [
        ("empty.yaml", Vec::new(), "empty-document"),
        ("latin.yaml", b"title: caf\xe9\n".to_vec(), "not-utf8"),
        ("utf16.yaml", b"\xff\xfew\0o\0".to_vec(), "not-utf8"),
        ("zeros.yaml", vec![0; 1000], "control-character"),
        ("huge.yaml", vec![b'a'; (1 << 20) + 1], "too-large"),
        ("deep.yaml", "[".repeat(100_000).into_bytes(), "too-deep"),
        ("bomb.yaml", b"a: &a [x, x]\nb: [*a, *a]\n".to_vec(), "anchor"),
        ("tab.yaml", b"a:\n\tb: 1\n".to_vec(), "syntax"),
    ];
    for (name, bytes, code) in files {
        fs::write(place(name), bytes).unwrap();
        let run = parvaneh(["workflow", "check", &place(name), "--json"]).ends(1);
        let json = run.json();
        let codes: Vec<_> = json.as_array().unwrap().iter().map(|p| &p["code"]).collect();
        assert!(codes.contains(&&Value::from(code)), "{name}: {codes:?}");
        // And for people, without anything that could take over a terminal.
        let text = parvaneh(["workflow", "check", &place(name)]).ends(1).out;
        assert!(text.contains(&format!("error[{code}]")), "{name}: {text}");
        assert!(!text.contains('\0') && !text.contains('\u{1b}'), "{name}: {text}");
    }
    for (file, part) in [
        (place("missing.yaml"), "no such file"),
        (folder.path().display().to_string(), "a directory"),
    ] {
        let run = parvaneh(["workflow", "check", &file, "--json"]).ends(1);
        assert_eq!(run.json()[0]["code"], "cannot-read");
        let text = parvaneh(["workflow", "check", &file]).ends(1).out;
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn several_files_are_checked_in_one_go() {
    let sound = repository("workflows/ngo-establishment/v1.yaml").display().to_string();
    let (_folder, broken) = changed("opens_at: county", "opens_at: x");
    let run = parvaneh(["workflow", "check", &sound, &broken, "/nonexistent", "--json"]).ends(1);
    let json = run.json();
    let files: Vec<_> = json.as_array().unwrap().iter().map(|problem| &problem["file"]).collect();
    assert!(files.contains(&&Value::from(broken)), "{files:?}");
    assert!(files.contains(&&Value::from("/nonexistent")), "{files:?}");
}

#[test]
fn colours_are_for_terminals() {
    let (_folder, file) = changed("opens_at: county", "opens_at: x");
    let plain = parvaneh(["workflow", "check", &file]).ends(1).out;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let painted = parvaneh(["workflow", "check", &file, "--color", "always"]).ends(1).out;
    assert!(painted.contains('\u{1b}'), "{painted}");
    let none = finish(
        program().args(["workflow", "check", &file, "--color", "auto"]).env("NO_COLOR", "1"),
    );
    assert_eq!(none.ends(1).out, plain);
}

#[test]
fn a_new_definition_is_sound_and_its_scenario_comes_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().display().to_string();
    let title = "Driver's licence: 'taxi'";
    let new = ["workflow", "new", "taxi-licence", "--dir", &dir, "--en", title];
    parvaneh(new).ends(0);
    let workflow = folder.path().join("taxi-licence").display().to_string();
    let definition = format!("{workflow}/v1.yaml");
    let problems = parvaneh(["workflow", "check", &definition, "--json"]).ends(0).json();
    assert_eq!(problems, Value::Array(Vec::new()), "a beginner sees no warning");
    let run = parvaneh(["workflow", "test", &workflow, "--json"]).ends(0).json();
    assert_eq!((&run[0]["passed"], &run[0]["lived"]), (&true.into(), &5.into()), "{run}");
    let written = fs::read_to_string(&definition).expect("it was written");
    assert!(written.contains("en: 'Driver''s licence: ''taxi'''"), "{written}");

    let schema = fs::read_to_string(folder.path().join("definition.schema.json"));
    let printed = parvaneh(["workflow", "schema"]).ends(0).out;
    assert_eq!(schema.expect("it was written"), printed);
    assert!(printed.contains("The clock by which the organisation is judged"), "{printed}");

    // Once more: nothing is overwritten.
    fs::write(&definition, "mine").expect("it can be written");
    assert!(parvaneh(new).ends(1).err.contains("exists"));
    assert_eq!(fs::read_to_string(&definition).expect("it is there"), "mine");
    assert!(parvaneh(["workflow", "new", "Taxi"]).ends(2).err.contains("taxi-licence"));
}

#[test]
fn the_repository_s_scenarios_come_out_as_they_say() {
    let folder = repository("workflows/ngo-establishment").display().to_string();
    let run = parvaneh(["workflow", "test", &folder]).ends(0);
    assert!(run.out.contains("all as told"), "{}", run.out);
    let one = format!("{folder}/scenarios/appeal.yaml");
    let json = parvaneh(["workflow", "test", &one, "--json"]).ends(0).json();
    assert_eq!(json.as_array().map(Vec::len), Some(1), "{json}");
    assert!(json[0]["definition"].as_str().is_some_and(|it| it.ends_with("v1.yaml")), "{json}");
    // Those of a later version stand in a folder of its own.
    let all = parvaneh(["workflow", "test", &folder, "--json"]).ends(0).json();
    let of_second = |told: &Value| {
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            text("file").contains("/scenarios/v2/"),
            text("definition").ends_with("v2.yaml")
        );
        text("definition").ends_with("v2.yaml")
    };
    let all = all.as_array().expect("a list");
    assert!(all.iter().any(of_second) && !all.iter().all(of_second), "{all:?}");
    let one = format!("{folder}/scenarios/v2/too-little-capital.yaml");
    let json = parvaneh(["workflow", "test", &one, "--json"]).ends(0).json();
    assert!(of_second(&json[0]), "{json}");
    // What one version changes can be looked at.
    let [old, new] = ["v1", "v2"].map(|version| format!("{folder}/{version}.yaml"));
    let told = parvaneh(["workflow", "diff", &old, &new]).ends(0).out;
    assert!(told.contains("steps.commission.commission.sittings"), "{told}");
}

#[test]
fn a_scenario_that_comes_out_otherwise_is_told_with_its_place() {
    let source = repository("workflows/ngo-establishment/scenarios/appeal.yaml");
    let source = fs::read_to_string(source).expect("the scenario can be read");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("appeal.yaml");
    let wrong = source.replacen("step: appeal_window", "step: correction", 1);
    assert_ne!(wrong, source);
    fs::write(&file, wrong).expect("it can be written");
    let file = file.display().to_string();
    let definition = repository("workflows/ngo-establishment/v1.yaml").display().to_string();
    let run = parvaneh(["workflow", "test", &file, "--definition", &definition]).ends(1);
    assert!(run.out.contains("[different]") && run.out.contains("^^^"), "{}", run.out);
    assert!(run.out.contains("1 scenario, 1 not as told"), "{}", run.out);

    let nowhere = folder.path().display().to_string();
    assert!(parvaneh(["workflow", "test", &nowhere]).ends(1).err.contains("no-definition"));
    let missing = format!("{nowhere}/missing.yaml");
    let run = parvaneh(["workflow", "test", &missing, "--definition", &definition]).ends(1);
    assert!(run.out.contains("cannot-read"), "{}", run.out);
}
