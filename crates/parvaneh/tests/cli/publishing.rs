//! Publishing definitions and calendars.

use std::fs;

use serde_json::json;

use super::{installation::Installation, parvaneh, repository};

#[test]
fn a_version_is_published_once_and_never_changes() {
    let here = Installation::sandbox();
    let published = || {
        let list = here.json(["workflow", "list"]);
        let rows = list.as_array().expect("a list").iter();
        rows.map(|row| (row["workflow"].clone(), row["version"].clone())).collect::<Vec<_>>()
    };
    let shipped = published();
    assert_eq!(shipped.len(), 11, "every shipped definition is there from the start");
    assert!(shipped.contains(&(json!("ngo-establishment"), json!(1))));
    let file = repository("workflows/ngo-establishment/v1.yaml").display().to_string();
    assert_eq!(here.json(["workflow", "publish", &file])[0]["new"], false);

    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("v.yaml").display().to_string();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&place, text.replace("term: 60 d", "term: 59 d")).unwrap();
    assert_eq!(here.refused(["workflow", "publish", &place]), "version_taken");
    fs::write(&place, text.replace("version: 1", "version: 2")).unwrap();
    assert_eq!(here.json(["workflow", "publish", &place])[0]["new"], true);
    assert_eq!(published().len(), shipped.len() + 1);

    fs::write(
        &place,
        text.replace("version: 1", "version: 3").replace("calendar: ir", "calendar: mars"),
    )
    .unwrap();
    assert_eq!(here.refused(["workflow", "publish", &place]), "no_such_calendar");
    fs::write(&place, text.replace("opens_at: county", "opens_at: moon")).unwrap();
    assert_eq!(here.refused(["workflow", "publish", &place]), "not-sound");

    let shown = here.json(["workflow", "show", "ngo-establishment"]);
    assert_eq!((&shown["version"], &shown["statutory"]["term"]), (&json!(2), &json!("60 d")));
    let old = here.run(["workflow", "show", "ngo-establishment@1", "--source"]).ends(0).out;
    assert_eq!(old.trim_end(), text.trim_end());
    let steps = here.run(["workflow", "show", "ngo-establishment", "--lang", "fa"]).ends(0).out;
    assert!(
        steps.contains("پذیرش و کنترل مدارک") && steps.contains("accept → inquiries"),
        "{steps}"
    );
    assert_eq!(here.refused(["workflow", "show", "ngo-establishment@9"]), "no_such_definition");
}

#[test]
fn a_calendar_is_checked_and_published() {
    let file = repository("workflows/calendars/ir.yaml").display().to_string();
    assert!(parvaneh(["calendar", "check", &file]).ends(0).out.contains("sound"));
    assert_eq!(parvaneh(["calendar", "check", &file, "--json"]).ends(0).json(), json!([]));
    let broken = parvaneh(["calendar", "check", &file, "/nonexistent", "--json"]).ends(1);
    assert_eq!(broken.json()[0]["code"], "cannot-read");

    let here = Installation::sandbox();
    assert_eq!(here.json(["calendar", "publish", &file])["new"], false);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ir.yaml").display().to_string();
    fs::write(&place, fs::read_to_string(&file).unwrap() + "\n# changed\n").unwrap();
    let published = here.json(["calendar", "publish", &place]);
    assert_eq!(published["new"], true);
    assert_eq!(here.json(["calendar", "list"])[0]["version"], published["version"]);
}

#[test]
fn a_version_is_retired_and_taken_into_use_again() {
    let here = Installation::sandbox();
    let file = repository("workflows/ngo-establishment/v1.yaml").display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("v2.yaml").display().to_string();
    let text = fs::read_to_string(&file).unwrap().replace("version: 1", "version: 2");
    fs::write(&second, text.replace("service_norm: 45 d", "service_norm: 40 d")).unwrap();
    here.json(["workflow", "publish", &second]);

    let differ = here.json(["workflow", "diff", "ngo-establishment@1", "ngo-establishment"]);
    assert_eq!(
        differ,
        json!([
            { "path": "version", "before": "1", "after": "2" },
            { "path": "statutory.service_norm", "before": "45 d", "after": "40 d" },
        ])
    );
    assert_eq!(here.json(["workflow", "diff", &second, "ngo-establishment@2"]), json!([]));
    let text = parvaneh(["workflow", "diff", &file, &second]).ends(0).out;
    assert!(text.contains("statutory.service_norm") && text.contains("40 d"), "{text}");

    let retired = here.json(["workflow", "retire", "ngo-establishment@2"]);
    assert_eq!((&retired["opens_by"], &retired["running"]), (&json!(1), &json!(0)));
    assert!(retired["retired_at"].is_string(), "{retired}");
    assert_eq!(here.json(["workflow", "show", "ngo-establishment"])["version"], 1);
    let listed = here.json(["workflow", "list"]);
    let second = listed.as_array().into_iter().flatten().find(|it| it["version"] == 2);
    assert_eq!(second.map(|it| &it["retired_at"]), Some(&retired["retired_at"]), "{listed}");
    let again = here.json(["workflow", "retire", "ngo-establishment@2"]);
    assert_eq!(again["retired_at"], retired["retired_at"], "it keeps its instant");
    let undone = here.json(["workflow", "retire", "ngo-establishment@2", "--undo"]);
    assert_eq!((&undone["opens_by"], &undone["retired_at"]), (&json!(2), &json!(null)));
    assert_eq!(here.refused(["workflow", "retire", "ngo-establishment@3"]), "no_such_definition");
    here.run(["workflow", "retire", "ngo-establishment"]).ends(2);
}
