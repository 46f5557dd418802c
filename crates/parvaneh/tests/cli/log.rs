//! The log of all timelines: signed by a process apart, confirmed by a witness, and neither when the past has changed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::Child,
};

use parvaneh_core::log::note::{Checkpoint, Note, Verifier};

use super::{finish, installation::Installation};

/// Events of cases of their own; what they say does not matter here.
fn events(here: &Installation, count: u32) {
    here.as_superuser(&format!(
        "insert into case_events (case_id, seq, kind, effective_at, recorded_at, body, hash)
         select gen_random_uuid(), 1, 'noted', now(), now(), '{{}}', sha256(n::text::bytea)
         from generate_series(1, {count}) n"
    ));
}

/// The tables of the log.
const LOG: [&str; 5] = ["log_state", "log_leaves", "log_tiles", "log_checkpoints", "log_witnesses"];

/// Keeps the whole database as it is, as far as the log goes.
fn back_up(here: &Installation) {
    for table in LOG.into_iter().chain(["case_events"]) {
        here.as_superuser(&format!("create table kept_{table} as select * from {table}"));
    }
}

/// Sets it back.
fn restore(here: &Installation) {
    for table in LOG.into_iter().chain(["case_events"]) {
        here.as_superuser(&format!(
            "alter table {table} disable trigger all; delete from {table};
             insert into {table} select * from kept_{table}; alter table {table} enable trigger all"
        ));
    }
}

/// The latest checkpoint that is kept, which this key has signed.
fn signed(here: &Installation, key: &Verifier) -> u64 {
    let mut size = 0;
    here.with_store(async |store| {
        let kept = store.checkpoint().await.expect("the database").expect("a checkpoint");
        let checkpoint = Checkpoint::signed(&kept.note, key).expect("signed by this key");
        assert_eq!((checkpoint.size, checkpoint.root), (kept.size, kept.root));
        assert_eq!(store.signer_key().await.expect("the database"), Some(key.to_string()));
        size = kept.size;
    });
    size
}

fn refusal(here: &Installation) -> Option<String> {
    let mut refused = None;
    here.with_store(async |store| {
        refused = store.log_standing().await.expect("the database").refused.map(|(code, _)| code);
    });
    refused
}

fn key_of(here: &Installation) -> Verifier {
    let text = fs::read_to_string(here.folder().join("signer/key.pub")).expect("the signer's key");
    Verifier::parse(text.trim()).expect("a public key")
}

/// Ended when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_signer_signs_what_has_grown_and_nothing_else() {
    let here = Installation::sandbox();
    events(&here, 3);
    here.run(["worker", "--once"]).ends(0);
    let key = key_of(&here);
    assert_eq!(signed(&here, &key), 3);
    let shown = here.json(["audit", "checkpoint"]);
    assert_eq!((&shown["size"], &shown["key"]), (&3.into(), &key.to_string().into()));
    assert!(Checkpoint::signed(shown["note"].as_str().unwrap(), &key).is_ok());
    let drawn = here.run(["audit", "checkpoint", "--qr"]).ends(0);
    assert!(drawn.out.contains("\n3\n") && drawn.out.contains('█'), "{drawn:?}");
    let secret = here.folder().join("signer/key");
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    let shown = fs::read_to_string(here.folder().join("signer/key.pub")).unwrap();
    assert!(!shown.contains("PRIVATE"));

    back_up(&here);
    events(&here, 2);
    here.run(["worker", "--once"]).ends(0);
    assert_eq!((signed(&here, &key), refusal(&here)), (5, None));

    // An older backup is restored, and gone on with.
    restore(&here);
    assert_eq!(signed(&here, &key), 3);
    events(&here, 1);
    assert_eq!(here.refused(["worker", "--once"]), "checkpoint_rolled_back");
    assert_eq!(refusal(&here).as_deref(), Some("checkpoint_rolled_back"));
    assert_eq!(signed(&here, &key), 3, "nothing was signed");
    // Also when it has grown beyond what was signed.
    events(&here, 7);
    assert_eq!(here.refused(["worker", "--once"]), "checkpoint_fork");
    assert_eq!(refusal(&here).as_deref(), Some("checkpoint_fork"));
    assert_eq!(signed(&here, &key), 3);
}

#[test]
fn a_witness_confirms_what_has_grown_and_nothing_else() {
    let here = Installation::sandbox();
    events(&here, 3);
    here.run(["worker", "--once"]).ends(0);
    let key = key_of(&here);

    let folder = here.folder().join("witness");
    let folder = folder.to_str().unwrap();
    let made =
        here.json(["witness", "init", "--name", "auditor.example.org", "--witness-dir", folder]);
    let witness = Verifier::parse(made["key"].as_str().unwrap()).unwrap();
    assert_eq!(
        here.refused(["witness", "init", "--name", "another", "--witness-dir", folder]),
        "signer-has-key"
    );
    let log = key.to_string();
    let run =
        ["witness", "run", "--witness-dir", folder, "--log", &log, "--address", "127.0.0.1:0"];
    let mut child = Running(here.start(run));
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("confirming at ").expect("an address").to_owned();
    let option = format!("{address} {witness}");
    let confirmed = || {
        let mut found = None;
        here.with_store(async |store| {
            found = store.witnesses().await.unwrap().into_iter().next();
        });
        found
    };
    let work = || finish(here.program().args(["worker", "--once", "--json", "--witness", &option]));

    work().ends(0);
    let row = confirmed().expect("it is confirmed");
    assert_eq!((row.witness.as_str(), row.size), ("auditor.example.org", 3));
    let note = Note::parse(&row.note).unwrap();
    assert!(note.verify(&witness).unwrap() > 1_700_000_000);
    note.verify(&key).unwrap();
    back_up(&here);
    events(&here, 4);
    work().ends(0);
    assert_eq!(confirmed().unwrap().size, 7);
    assert!(
        fs::read_to_string(here.folder().join("witness/checkpoint")).unwrap().contains("\n7\n")
    );

    // Whoever rules the database and the signer too has the past signed as he likes, and finds no witness.
    restore(&here);
    fs::remove_file(here.folder().join("signer/checkpoint")).unwrap();
    events(&here, 2);
    let refused = work().ends(1);
    assert_eq!(refused.error_code(), "witness-refused");
    assert!(refused.err.contains("409 7"), "{}", refused.err);
    events(&here, 9);
    let refused = work().ends(1);
    assert!(refused.err.contains("422 checkpoint_fork"), "{}", refused.err);
    assert_eq!(confirmed().unwrap().size, 3, "as it was restored");
}

#[test]
fn a_signer_of_its_own_signs_for_those_who_know_his_socket() {
    let here = Installation::sandbox();
    events(&here, 2);
    let folder = here.folder().join("apart");
    let (folder, socket) = (folder.to_str().unwrap(), here.folder().join("sock"));
    let socket = socket.to_str().unwrap();
    assert_eq!(
        here.refused(["signer", "init", "--origin", "with spaces", "--signer-dir", folder]),
        "bad-name"
    );
    let origin = "licences.example.org/timelines";
    let made = here.json(["signer", "init", "--origin", origin, "--signer-dir", folder]);
    let key = Verifier::parse(made["key"].as_str().unwrap()).unwrap();
    assert_eq!(key.name(), origin);
    assert_eq!(here.json(["signer", "key", "--signer-dir", folder]), made);
    // Without him events are sealed, and the worker goes on.
    here.run(["worker", "--once", "--signer-socket", socket]).ends(0);
    here.with_store(async |store| {
        let standing = store.log_standing().await.unwrap();
        assert_eq!((standing.size, standing.signed, standing.refused), (2, None, None));
    });
    let run = ["signer", "run", "--signer-dir", folder, "--signer-socket", socket];
    let mut child = Running(here.start(run));
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("signing at "), "{line}");
    assert_eq!(here.refused(["signer", "run", "--signer-dir", folder]), "signer-in-use");
    here.run(["worker", "--once", "--signer-socket", socket]).ends(0);
    assert_eq!(signed(&here, &key), 2);
    assert!(!here.folder().join("signer").exists(), "no other signer was started");
}
