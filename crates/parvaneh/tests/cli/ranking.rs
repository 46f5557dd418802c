//! Opening many cases at once, and ranking what came of them.

use std::fs;

use serde_json::{Value, json};

use super::{finish, installation::Installation};

const GRADING: &str = "\
workflow: grading
version: 1
title: { fa: درجه‌بندی, en: Grading }
opens_at: county
initiative: authority
calendar: ir
statutory: { term: 30 d, starts: opened, basis: assumption }
roles:
  officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open] }
forms:
  opening:
    year: { type: number, title: { fa: سال, en: Year }, required: yes, min: 1400, max: 1500 }
  scores:
    care: { type: number, title: { fa: مراقبت, en: Care }, required: yes, min: 0, max: 100, decimals: 1 }
    space: { type: number, title: { fa: فضا, en: Space }, required: yes, min: 0, max: 100, decimals: 1 }
    score: { type: number, title: { fa: امتیاز, en: Score }, decimals: 1, max: 100, computed: care * 0.6 + space * 0.4 }
application: opening
steps:
  visit:
    title: { fa: بازدید, en: Visit }
    owner: officer
    term: 10 d
    basis: assumption
    actions:
      rate: { title: { fa: ثبت, en: Rate }, to: grade, form: scores }
      drop: { title: { fa: کنار گذاشتن, en: Leave out }, to: none }
  grade:
    title: { fa: درجه, en: Grade }
    choose:
      - { if: 'score >= 80', to: first }
      - { else: second }
ends:
  first: { title: { fa: درجه یک, en: First grade }, decision: yes, outcome: settled }
  second: { title: { fa: درجه دو, en: Second grade }, decision: yes, outcome: settled }
  none: { title: { fa: بی درجه, en: No grade }, decision: yes, outcome: settled }
";

fn office(folder: &std::path::Path) -> Installation {
    let here = Installation::sandbox();
    let file = folder.join("grading").join("v1.yaml");
    fs::create_dir_all(folder.join("grading")).expect("a folder");
    fs::write(&file, GRADING).expect("a file");
    here.json(["workflow", "publish", &file.display().to_string()]);
    here.people(&[
        ("Officer", "officer@2301"),
        ("Colleague", "officer@2401"),
        ("Omid", ""),
        ("Mehr", ""),
        ("Raha", ""),
        ("Sepid", ""),
    ]);
    here.people(&[("Officer", "officer@2401")]);
    here.json(["clock", "freeze"]);
    here.json(["clock", "set", "1450/02/03 09:00"]);
    here
}

fn open_many(here: &Installation, file: &str, more: &[&str]) -> super::Run {
    let asked = ["case", "open-many", "grading", file, "--batch", "1450", "--as", "Officer"];
    finish(here.program().args(asked).args(more))
}

#[test]
fn many_cases_are_opened_once_and_ranked() {
    let folder = tempfile::tempdir().unwrap();
    let here = office(folder.path());
    let file = folder.path().join("centres.csv");
    let path = file.display().to_string();
    let write = |text: &str| fs::write(&file, text).unwrap();

    // A header that is not understood opens nothing.
    write("applicant,unit,subject,yaer\nOmid,2301,Omid,1449\n");
    let refused = open_many(&here, &path, &["--json"]).ends(1);
    assert_eq!(refused.error_code(), "unknown-column");
    assert!(refused.err.contains("did you mean 'year'"), "{}", refused.err);
    write("applicant,subject,year\nOmid,Omid,1449\n");
    assert_eq!(open_many(&here, &path, &["--json"]).ends(1).error_code(), "missing-column");
    assert_eq!(open_many(&here, "/nonexistent", &["--json"]).ends(1).error_code(), "cannot-read");
    assert_eq!(here.json(["case", "list"]), json!([]));

    // Every row has an answer of its own.
    write(
        "\u{feff}applicant,unit,subject,year\n\
         Omid,2301,امید,۱۴۴۹\n\
         Mehr,2301,Mehr,449\n\
         Raha,2401,Raha,1449\n\
         Nobody,2301,Nobody,1449\n\
         Omid,2301,امید,1449\n\
         Sepid,2301,Sepid\n",
    );
    let first = open_many(&here, &path, &["--json"]).ends(1);
    assert_eq!(first.error_code(), "bad-rows");
    let told: Value = serde_json::from_str(&first.out).unwrap();
    assert_eq!(told["totals"], json!({ "opened": 2, "known": 0, "refused": 4 }));
    let rows = told["rows"].as_array().unwrap();
    let codes: Vec<_> =
        rows.iter().map(|row| row["error"]["code"].as_str().unwrap_or("opened")).collect();
    let expected = ["opened", "form_invalid", "opened", "unknown-person", "given-twice", "not-csv"];
    assert_eq!(codes, expected);
    assert_eq!(rows[1]["error"]["faults"][0]["code"], "too_small");
    assert_eq!(rows[4]["line"], 6);
    let text = open_many(&here, &path, &[]).ends(1);
    assert!(text.out.contains("opened 0 cases, 2 were open before"), "{}", text.out);
    assert!(text.out.contains("Year: at least 1,400 [too_small]"), "{}", text.out);

    // Mended and run again, nothing is opened twice.
    write(
        "applicant,unit,subject,year\n\
         Omid,2301,امید,۱۴۴۹\n\
         Mehr,2301,Mehr,1449\n\
         Raha,2401,Raha,1448\n\
         Sepid,2301,Sepid,1449\n",
    );
    let again = open_many(&here, &path, &["--json"]).ends(1);
    let told: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(told["totals"], json!({ "opened": 2, "known": 1, "refused": 1 }));
    assert_eq!(told["rows"][2]["error"]["code"], "opened-otherwise");
    assert_eq!(told["rows"][0]["case"], rows[0]["case"]);
    let cases = here.json(["case", "list"]);
    assert_eq!(cases.as_array().unwrap().len(), 4);

    let case = |subject: &str| {
        let found = cases.as_array().unwrap().iter().find(|case| case["subject"] == subject);
        found.unwrap()["case"].as_str().unwrap().to_owned()
    };
    let rate = |subject: &str, care: &str, space: &str| {
        let (care, space) = (format!("care={care}"), format!("space={space}"));
        let case = case(subject);
        let act =
            ["case", "act", &case, "rate", "--as", "Officer", "--set", &care, "--set", &space];
        here.json(act)
    };
    let rated = rate("امید", "90.5", "80");
    assert_eq!(rated["case"]["place"]["end"]["end"], "first");
    // 54.3 + 32 = 86.3; 60 + 26.3 = 86.3; 30 + 40 = 70.
    rate("Raha", "100", "65.7");
    rate("Mehr", "100", "65.8");
    rate("Sepid", "50", "100");

    let ranking = |more: &[&str]| {
        let asked = ["report", "ranking", "--workflow", "grading", "--field", "score", "--json"];
        finish(here.program().args(asked).args(more)).ends(0).json()
    };
    let places = |told: &Value| -> Vec<String> {
        let rows = told["rows"].as_array().unwrap().iter();
        rows.map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            format!("{} {} {} {}", row["place"], text("subject"), text("score"), text("end"))
        })
        .collect()
    };
    let all = ranking(&[]);
    // 60 + 65.7 * 0.4 = 86.28, and 65.8 * 0.4 = 26.32: both are rounded to 86.3, and so is 86.3.
    assert_eq!(all["ranked"], 4);
    let shared: Vec<_> = places(&all).iter().map(|place| place[..1].to_owned()).collect();
    assert_eq!(shared, ["1", "1", "1", "4"]);
    assert_eq!(places(&all)[3], "4 Sepid 70 second");
    assert_eq!(all["rows"][0]["sharing"], 3);
    assert_eq!(
        all["bands"],
        json!([
            { "end": "first", "version": 1, "cases": 3, "lowest": "86.3", "highest": "86.3" },
            { "end": "second", "version": 1, "cases": 1, "lowest": "70", "highest": "70" },
        ])
    );
    // Pages neither repeat nor leave out a case.
    let mut paged = Vec::new();
    for skip in ["0", "1", "2", "3", "4"] {
        paged.extend(places(&ranking(&["--skip", skip, "--limit", "1"])));
    }
    assert_eq!(paged, places(&all));
    let empty = ranking(&["--skip", "9"]);
    assert_eq!((&empty["ranked"], &empty["rows"]), (&json!(4), &json!([])));
    // Among those of a unit, of a year, of a period.
    assert_eq!(places(&ranking(&["--unit", "24"])), ["1 Raha 86.3 first"]);
    assert_eq!(places(&ranking(&["--unit", "23"])).len(), 3);
    assert_eq!(ranking(&["--where", "year=۱۴۴۹"])["ranked"], 4);
    assert_eq!(ranking(&["--where", "year=1448"])["ranked"], 0);
    assert_eq!(ranking(&["--period", "1450/02"])["ranked"], 4);
    assert_eq!(ranking(&["--period", "1450/03"])["ranked"], 0);
    let by_care = ["report", "ranking", "--workflow", "grading", "--field", "care"];
    let text = here.run(by_care).ends(0).out;
    assert!(text.contains("1=") && text.contains("First grade"), "{text}");
    assert!(text.contains("1 to 4 of 4 with a score"), "{text}");

    let refused = |more: &[&str]| {
        let asked = ["report", "ranking", "--workflow", "grading", "--json"];
        finish(here.program().args(asked).args(more)).ends(1).error_code()
    };
    assert_eq!(refused(&["--field", "scor"]), "unknown-field");
    assert_eq!(refused(&["--field", "score", "--where", "year"]), "not-a-value");
    assert_eq!(refused(&["--field", "score", "--where", "year=x"]), "not-a-value");
    assert_eq!(refused(&["--field", "score", "--unit", "99"]), "unknown-unit");
}
