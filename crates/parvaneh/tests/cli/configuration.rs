//! The configuration: by whom a setting was said, and what is wrong with it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use super::{Run, finish, installation::Installation, program};

struct Configured {
    folder: tempfile::TempDir,
}

impl Configured {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let it = Self { folder };
        fs::write(it.path(), text).expect("it can be written");
        fs::set_permissions(it.path(), fs::Permissions::from_mode(0o640)).expect("it is ours");
        it
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("parvaneh.toml")
    }

    /// Runs the program with this file and nothing else said.
    fn run<const N: usize>(&self, arguments: [&str; N]) -> Run {
        let mut program = program();
        program.env_remove("DATABASE_URL").env_remove("PARVANEH_DATA_DIR");
        finish(program.env("PARVANEH_CONFIG", self.path()).args(arguments))
    }
}

#[test]
fn a_file_holds_for_every_command_and_the_nearer_word_counts() {
    let it = Configured::new("dates = \"iso\"\n");
    let shown = |run: Run| run.ends(0).out;
    assert!(shown(it.run(["date", "1403/12/30"])).contains("2025-03-20"));
    let settings = it.run(["config", "show", "--json"]).ends(0).json();
    let of = |key: &str| {
        let all = settings["settings"].as_array().unwrap();
        all.iter().find(|one| one["key"] == key).unwrap().clone()
    };
    assert_eq!((&of("dates")["value"], &of("dates")["origin"]["line"]), (&"iso".into(), &1.into()));
    assert_eq!(of("pg_bin")["origin"]["variable"], "PARVANEH_PG_BIN");
    assert_eq!(of("listen")["origin"]["from"], "default");
    let overridden = it.run(["config", "show", "--dates", "jalali", "--json"]).ends(0).json();
    assert!(overridden.to_string().contains("command_line"));
}

#[test]
fn nothing_runs_with_a_configuration_that_is_not_sound() {
    let it = Configured::new("public_ulr = \"https://x\"\nsmtp_url = \"smtps://a:hidden@b\"\n");
    for arguments in [["date", "1403/12/30"], ["config", "check"]] {
        let run = it.run(arguments).ends(1);
        let said = format!("{}{}", run.out, run.err);
        assert!(said.contains("parvaneh.toml:1:1") && said.contains("'public_url'"), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
    it.run(["serve", "--help"]).ends(0);
    let problems = it.run(["config", "check", "--json"]).ends(1).json();
    let codes: Vec<_> =
        problems["problems"].as_array().unwrap().iter().map(|p| &p["code"]).collect();
    assert_eq!(codes, ["unknown-key", "contradiction"]);
    // Another file is looked at instead.
    let sound = Configured::new("lang = \"fa\"\n");
    let path = sound.path();
    it.run(["config", "check", path.to_str().unwrap()]).ends(0);
    it.run(["config", "check", "/nonexistent"]).ends(1);

    fs::write(it.path(), "lang = \"fa\"\n").unwrap();
    let mut wrong = program();
    wrong.env("PARVANEH_CONFIG", it.path()).env("PARVANEH_LISTEN", "nowhere");
    let run = finish(wrong.args(["config", "check"])).ends(1);
    assert!(run.out.contains("PARVANEH_LISTEN"), "{}", run.out);
}

#[test]
fn the_example_that_is_printed_is_sound() {
    let it = Configured::new("");
    let example = it.run(["config", "example"]).ends(0).out;
    assert!(example.contains("#listen = \"127.0.0.1:8080\""), "{example}");
    assert!(example.contains("#database_url_file = "), "{example}");
    fs::write(it.path(), &example).unwrap();
    it.run(["config", "check"]).ends(0);
}

#[test]
fn servers_are_asked_whether_they_answer() {
    let nobody = Configured::new(
        "database_url = \"postgres://nobody@127.0.0.1:1/x\"\n\
         smtp_url = \"smtp://127.0.0.1:1\"\nmail_from = \"a@example.org\"\n",
    );
    nobody.run(["config", "check"]).ends(0);
    let asked = nobody.run(["config", "check", "--connect", "--json"]).ends(1).json();
    let answers: Vec<_> =
        asked["servers"].as_array().unwrap().iter().map(|s| &s["answers"]).collect();
    assert_eq!(answers, [false, false], "{asked}");

    let here = Installation::sandbox();
    let url = here.url();
    let it = Configured::new(&format!("database_url = \"{url}\"\n"));
    let asked = it.run(["config", "check", "--connect", "--json"]).ends(0).json();
    assert_eq!(asked["servers"][0]["answers"], true, "{asked}");
    // By the same file commands work.
    assert_eq!(it.run(["people", "list", "--json"]).ends(0).json(), serde_json::json!([]));
}
