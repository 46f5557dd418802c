//! `parvaneh demo`.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use serde_json::Value;

use super::installation::Installation;

const DEMO: [&str; 7] = ["demo", "--no-serve", "--cases", "25", "--seed", "3", "--json"];

#[test]
fn the_same_seed_gives_the_same_year_which_can_be_looked_at_afterwards() {
    let installation = Installation::empty();
    let mut first = installation.run(DEMO).ends(0).json();
    // Again in the same folder: the sandbox is replaced.
    let mut second = installation.run(DEMO).ends(0).json();
    for year in [&mut first, &mut second] {
        assert!(year["seconds"].take().as_f64().is_some_and(|seconds| seconds > 0.0));
    }
    assert_eq!(first, second);
    assert_eq!(first["cases"], 25);
    assert_eq!(first["refused"], 0);
    assert!(first["commands"].as_u64().is_some_and(|commands| commands > 250), "{first}");
    let on_time = &first["on_time"]["total"];
    let rows = first["on_time"]["rows"].as_array().expect("a row a month");
    let decided: u64 = rows.iter().filter_map(|row| row["decided"].as_u64()).sum();
    assert_eq!(on_time["decided"].as_u64(), Some(decided));
    assert!(decided > 10, "{on_time}");

    // What the report command says afterwards is what the demo said.
    let report = installation.run(["report", "sla", "--period", "1403", "--by", "month", "--json"]);
    let report = report.ends(0).json();
    assert_eq!(report["total"], *on_time);
    let clock = installation.run(["clock", "--json"]).ends(0).json();
    assert_eq!((&clock["sandbox"], &clock["frozen"]), (&true.into(), &false.into()), "{clock}");
}

#[test]
fn a_demo_never_replaces_real_cases() {
    let installation = Installation::empty();
    installation.run(["migrate"]).ends(0);
    assert_eq!(installation.run(DEMO).ends(1).error_code(), "not-replaced");
    assert_eq!(installation.run(["clock", "--json"]).ends(0).json()["sandbox"], false);
}

#[test]
fn people_see_months_steps_owners_escalations_and_the_engine() {
    let installation = Installation::empty();
    let told =
        installation.run(["demo", "--no-serve", "--cases", "25", "--year", "1402"]).ends(0).out;
    for part in [
        "A year of licensing: 1402, seed 1403",
        "1402/01 Farvardin",
        "1402/12 Esfand",
        "The steps with most work done late",
        "The owners with most work done late",
        "Warnings and escalations",
        "cases and",
        "commands a second",
        "The sandbox stays in",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
    // What it proposes works.
    let officer = told.split_once("worklist --as ").and_then(|(_, rest)| rest.lines().next());
    let officer = officer.expect("an officer is named");
    installation.run(["worklist", "--as", officer]).ends(0);
}

#[test]
fn it_ends_by_serving_pages_with_a_login_for_each_role_until_it_is_told_to_end() {
    let installation = Installation::empty();
    let demo = ["demo", "--cases", "25", "--listen", "127.0.0.1:0", "--json"];
    let mut child = installation.start(demo);
    let mut told = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut document = || -> Value {
        let line = told.next().expect("it says something").expect("text");
        serde_json::from_str(&line).expect("a document")
    };
    assert_eq!(document()["cases"], 25);
    let serving = document();
    let address = serving["url"].as_str().and_then(|url| url.strip_prefix("http://"));
    let address = address.expect("an address");
    let password = serving["password"].as_str().expect("a password");
    let logins = serving["logins"].as_array().expect("logins");
    for role in ["county_officer", "administrator", "manager", "auditor", "applicant"] {
        assert!(logins.iter().any(|login| login["role"] == role), "{role}: {serving}");
    }
    let login = logins[0]["login"].as_str().expect("a login");
    let form = format!("login={login}&password={password}");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = form.len();
    write!(
        stream,
        "POST /login HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    // The shell's own `kill`: a small machine has no program of that name.
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    assert!(child.wait().expect("it ends").success());
    assert!(!installation.has_pid_file(), "no Postgres is left behind");
}

#[test]
fn an_address_that_is_taken_is_told_before_the_year_is_lived() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = taken.local_addr().expect("an address").to_string();
    let installation = Installation::empty();
    let demo = ["demo", "--cases", "25", "--listen", &address, "--json"];
    assert_eq!(installation.run(demo).ends(1).error_code(), "address-taken");
}
