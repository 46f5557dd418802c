//! How people and programs are told, from the command line.

use serde_json::{Value, json};

use super::installation::Installation;

fn office() -> Installation {
    let here = Installation::sandbox();
    here.people(&[("Ali", "county_officer@2301"), ("Head", "county_head@2301"), ("سارا", "")]);
    here
}

#[test]
fn a_person_says_where_and_how_he_is_told() {
    let here = office();
    let shown = here.json(["notices", "preferences", "Ali"]);
    assert_eq!((&shown["email"], &shown["language"]), (&Value::Null, &json!("fa")));
    let kinds = json!({
        "warning": "digest", "escalation": "at_once", "own_escalation": "at_once",
        "worklist": "digest", "received": "at_once", "turn": "at_once", "decision": "at_once",
        "information": "digest",
    });
    assert_eq!((&shown["digest_at"], &shown["kinds"]), (&json!("08:00"), &kinds));

    let set = here.json([
        "notices",
        "preferences",
        "Ali",
        "--email",
        "ali@example.org",
        "--language",
        "en",
        "--digest-at",
        "07:30",
        "--set",
        "warning=at-once",
        "--set",
        "own-escalation=digest",
    ]);
    assert_eq!(
        (&set["email"], &set["kinds"]["warning"]),
        (&json!("ali@example.org"), &json!("at_once"))
    );
    // What is not named stays.
    let set = here.json(["notices", "preferences", "Ali", "--set", "worklist=off"]);
    assert_eq!((&set["language"], &set["digest_at"]), (&json!("en"), &json!("07:30")));
    assert_eq!(
        (&set["kinds"]["own_escalation"], &set["kinds"]["worklist"]),
        (&json!("digest"), &json!("off"))
    );
    let text = here.run(["notices", "preferences", "Ali"]).ends(0).out;
    assert!(text.contains("own-escalation") && text.contains("ali@example.org"), "{text}");
    let gone = here.json(["notices", "preferences", "Ali", "--no-email"]);
    assert_eq!(gone["email"], Value::Null);

    let wrong =
        here.run(["notices", "preferences", "Ali", "--set", "own-escalation=off"]).ends(2).err;
    assert!(wrong.contains("cannot be switched off"), "{wrong}");
    here.run(["notices", "preferences", "Ali", "--set", "weather=off"]).ends(2);
    here.run(["notices", "preferences", "Ali", "--digest-at", "25:00"]).ends(2);
    let bad = "ali@example.org\nBcc: x@example.org";
    assert_eq!(here.refused(["notices", "preferences", "Ali", "--email", bad]), "bad-address");
    assert_eq!(here.refused(["notices", "preferences", "Nobody"]), "unknown-person");
    // Nothing was changed by any of them.
    assert_eq!(here.json(["notices", "preferences", "Ali"]), gone);
}

#[test]
fn a_webhook_is_added_with_a_secret_that_is_shown_once() {
    let here = office();
    let add = [
        "notices",
        "webhooks",
        "add",
        "https://hooks.example.org/in",
        "--kind",
        "opened",
        "--unit",
        "23",
    ];
    let added = here.json(add);
    let (id, secret) = (added["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
    assert_ne!(here.json(add)["secret"], secret, "each has its own");
    let listed = here.json(["notices", "webhooks", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((&listed[0]["kinds"], &listed[0]["unit"]), (&json!(["opened"]), &json!("23")));
    let text = here.run(["notices", "webhooks", "list"]).ends(0).out;
    assert!(!listed.to_string().contains("whsec") && !text.contains("whsec"), "{text}");

    here.json(["notices", "webhooks", "disable", id]);
    let listed = here.json(["notices", "webhooks", "list"]);
    assert_eq!(listed[0]["disabled"], "switched off by hand");
    here.json(["notices", "webhooks", "enable", id]);
    here.json(["notices", "webhooks", "remove", id]);
    assert_eq!(here.refused(["notices", "webhooks", "remove", id]), "unknown-webhook");
    assert_eq!(here.refused(["notices", "test", "--webhook", id]), "unknown-webhook");

    for url in
        ["http://hooks.example.org/", "https://127.0.0.1/", "https://[::1]/", "ftp://x.org", "x"]
    {
        let refused = here.refused(["notices", "webhooks", "add", url]);
        assert_eq!(refused, "bad-webhook-address", "{url}");
    }
    let local =
        ["notices", "webhooks", "add", "http://127.0.0.1:1/", "--webhook-allow", "127.0.0.0/8"];
    let local = here.json(local);
    let add = |option: &'static str, value: &'static str| {
        here.refused(["notices", "webhooks", "add", "https://hooks.example.org/", option, value])
    };
    assert_eq!(add("--unit", "nowhere"), "unknown-unit");
    assert_eq!(add("--workflow", "nothing"), "no_such_definition");
    assert_eq!(add("--kind", "openned"), "unknown-kind");
    assert_eq!(add("--secret", "short"), "bad-secret");

    // Nobody listens there: what is to be sent waits, and a test says so at once.
    let id = local["id"].as_str().unwrap();
    let test = ["notices", "test", "--webhook", id, "--webhook-allow", "127.0.0.1"];
    assert_eq!(here.refused(test), "not-sent");
    assert_eq!(here.refused(["notices", "test", "--webhook", id]), "not-sent");
}

#[test]
fn the_worker_says_what_it_sends_and_what_it_cannot() {
    let here = office();
    here.json(["clock", "freeze"]);
    here.json(["clock", "set", "1450/02/03 09:00"]);
    here.json(["notices", "preferences", "Head", "--email", "head@example.org"]);
    let local =
        ["notices", "webhooks", "add", "http://127.0.0.1:1/", "--webhook-allow", "127.0.0.0/8"];
    here.json(local);
    let open = [
        "case",
        "open",
        "ngo-establishment",
        "--unit",
        "2301",
        "--subject",
        "خیریه",
        "--applicant",
        "سارا",
        "--as",
        "Ali",
    ];
    here.json(open);
    here.json(["clock", "advance", "5d"]);
    let worked = here.json(["worker", "--once", "--webhook-allow", "127.0.0.0/8"]);
    assert_eq!((&worked["email"], &worked["sent"]), (&json!(false), &json!(0)));
    assert!(worked["to_be_sent_again"].as_u64() > Some(0), "{worked}");
    let said = here.run(["worker", "--once"]).ends(0).out;
    assert!(said.contains("e-mail is off"), "{said}");

    // A server that is not there: it waits. Settings that cannot work are told before anything else.
    let smtp = |url: &'static str, from: &'static str| {
        here.run(["worker", "--once", "--json", "--smtp-url", url, "--mail-from", from])
    };
    let worked = smtp("smtp://127.0.0.1:1", "parvaneh@example.org").ends(0).json();
    assert_eq!((&worked["email"], &worked["to_be_sent_again"]), (&json!(true), &json!(1)));
    for (url, from) in [
        ("smtp://127.0.0.1:1", ""),
        ("smtp://127.0.0.1:1", "nobody"),
        ("http://127.0.0.1", "parvaneh@example.org"),
        ("smtp://user:password@127.0.0.1", "parvaneh@example.org"),
    ] {
        let failed = smtp(url, from).ends(1);
        assert_eq!(failed.error_code(), "bad-mail-settings", "{url} {from}");
        assert!(!failed.err.contains("password@"), "{}", failed.err);
    }
    assert_eq!(here.refused(["notices", "test", "--person", "Ali"]), "no-address");
    assert_eq!(here.refused(["notices", "test", "--person", "Head"]), "mail-off");
    assert_eq!(here.refused(["notices", "test", "--email", "x@example.org"]), "mail-off");

    assert_eq!(here.json(["notices", "failed"]), json!([]));
    let text = here.run(["notices", "failed"]).ends(0).out;
    assert!(text.contains("everything was sent, or waits"), "{text}");
    assert_eq!(here.json(["notices", "retry", "--all"])["retried"], 0);
    assert_eq!(here.refused(["notices", "retry", "something"]), "unknown-delivery");
    here.run(["notices", "retry"]).ends(2);
    here.run(["notices"]).ends(2);
}
