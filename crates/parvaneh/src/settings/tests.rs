use std::{collections::BTreeMap, ffi::OsString, os::unix::fs::PermissionsExt as _};

use clap::{CommandFactory, FromArgMatches};

use super::*;
use crate::{cli::Cli, command::configuration::example_text};

/// A file with that text, which only its owner may read.
fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn read(text: &str, environment: &[(&str, &str)]) -> Settings {
    let file = file(text);
    let environment: BTreeMap<&str, &str> = environment.iter().copied().collect();
    let look = |name: &str| environment.get(name).map(OsString::from);
    Settings::read(&Cli::command(), Some(file.path().to_owned()), &look)
}

/// What is wrong: code, line, column, and the way out.
fn told(settings: &Settings) -> Vec<(&'static str, u32, u32, String)> {
    let problems = settings.problems.iter();
    problems.map(|p| (p.code, p.line, p.column, p.help.clone().unwrap_or_default())).collect()
}

#[test]
fn what_a_file_says_is_what_the_command_line_did_not_say() {
    let settings = read(
        "dates = \"iso\"\nlang = \"fa\"\nlisten = \"127.0.0.1:9999\"\nno_worker = true\n\
         webhook_allow = [\"10.1.0.0/16\", \"127.0.0.1\"]\n",
        &[],
    );
    assert_eq!(told(&settings), []);
    let arguments = ["parvaneh", "--lang", "en", "serve"];
    let mut matches = settings.apply(Cli::command()).try_get_matches_from(arguments).unwrap();
    let cli = Cli::from_arg_matches_mut(&mut matches).unwrap();
    assert_eq!(
        (cli.options.dates, cli.options.lang),
        (crate::config::Dates::Iso, crate::config::Lang::En)
    );
    let shown = format!("{:?}", cli.command);
    assert!(shown.contains("127.0.0.1:9999") && shown.contains("no_worker: true"), "{shown}");
    assert!(shown.contains("10.1.0.0") && shown.matches("Network").count() >= 2, "{shown}");
}

#[test]
fn help_shows_nothing_of_a_file() {
    let settings = read("database_url = \"postgres://a:hidden@localhost/x\"\n", &[]);
    let error =
        settings.apply(Cli::command()).try_get_matches_from(["parvaneh", "serve", "--help"]);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("--database-url") && !text.contains("hidden"), "{text}");
}

#[test]
fn help_shows_no_value_of_the_environment() {
    fn check(command: &clap::Command) -> usize {
        let named = command.get_arguments().filter(|arg| arg.get_env().is_some());
        let named = named.inspect(|arg| assert!(arg.is_hide_env_values_set(), "{arg}")).count();
        named + command.get_subcommands().map(check).sum::<usize>()
    }
    let named = check(&read("", &[]).apply(Cli::command()));
    assert!(named > 60, "{named} options have a variable");
}

#[test]
fn whatever_is_wrong_is_told_with_its_place_all_at_once() {
    let settings = read(
        "# settings\npublic_ulr = \"x\"\nlisten = \"nowhere\"\ndates = \"lunar\"\n  lang = [\"fa\", \"en\"]\n[smtp]\nurl = 1\n",
        &[],
    );
    let told = told(&settings);
    let places: Vec<_> =
        told.iter().map(|(code, line, column, _)| (*code, *line, *column)).collect();
    assert_eq!(
        places,
        [
            ("unknown-key", 2, 1),
            ("bad-value", 3, 10),
            ("bad-value", 4, 9),
            ("bad-value", 5, 10),
            ("unknown-key", 6, 2),
        ]
    );
    assert_eq!(told[0].3, "did you mean 'public_url'?");
    assert!(told[2].3.contains("jalali, iso"), "{told:?}");
    // What is wrong is not used.
    assert!(settings.given("listen").is_none());

    let broken = read("dates = \"iso\"\nlisten = = 3\n", &[]);
    assert_eq!(broken.problems.iter().map(|p| (p.code, p.line)).next(), Some(("not-toml", 2)));
}

#[test]
fn the_nearest_source_counts() {
    let secret = file("postgres://from-file@localhost/x\n");
    let path = secret.path().to_str().unwrap();
    let line = format!("database_url_file = \"{path}\"\n");
    let settings = read(&line, &[]);
    assert_eq!(told(&settings), []);
    assert_eq!(settings.value("database_url").as_deref(), Some("postgres://from-file@localhost/x"));

    let credentials = tempfile::tempdir().unwrap();
    std::fs::write(credentials.path().join("database_url"), "postgres://credential@localhost/x")
        .unwrap();
    let folder = credentials.path().to_str().unwrap();
    let from = |environment: &[(&str, &str)]| {
        let settings = read(&line, environment);
        let given = settings.given("database_url").unwrap().clone();
        (given.values[0].clone(), given.origin)
    };
    let (value, origin) = from(&[("CREDENTIALS_DIRECTORY", folder)]);
    assert_eq!(value, "postgres://credential@localhost/x");
    assert_eq!(origin, Origin::Credential(credentials.path().join("database_url")));
    let (_, origin) = from(&[("CREDENTIALS_DIRECTORY", folder), ("DATABASE_URL_FILE", path)]);
    assert_eq!(origin, Origin::SecretFile(path.into()));
    let (value, origin) = from(&[("DATABASE_URL_FILE", path), ("DATABASE_URL", "postgres://b/x")]);
    assert_eq!(
        (value.as_str(), origin),
        ("postgres://b/x", Origin::Environment("DATABASE_URL".into()))
    );

    let missing = read("smtp_url_file = \"/nonexistent\"\n", &[]);
    assert_eq!(missing.problems[0].code, "cannot-read");
    let twice = format!("database_url = \"postgres://a/x\"\n{line}");
    assert_eq!(read(&twice, &[]).problems[0].code, "contradiction");
}

#[test]
fn secrets_that_others_may_read_are_told() {
    let open = |path: &std::path::Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    };
    let look = |_: &str| None;
    let bare = file("smtp_url = \"smtps://a:b@mail.example.org\"\n");
    let settings = Settings::read(&Cli::command(), Some(bare.path().to_owned()), &look);
    assert_eq!(told(&settings), []);
    open(bare.path());
    let settings = Settings::read(&Cli::command(), Some(bare.path().to_owned()), &look);
    assert_eq!(
        settings.problems.iter().map(|p| p.code).collect::<Vec<_>>(),
        ["readable-by-others"]
    );
    // Without a secret in it, a file is everybody's.
    let plain = file("listen = \"127.0.0.1:1\"\n");
    open(plain.path());
    let settings = Settings::read(&Cli::command(), Some(plain.path().to_owned()), &look);
    assert_eq!(told(&settings), []);
}

#[test]
fn no_secret_is_shown() {
    let text = "listen = \"x\"\nsmtp_url = \"smtps://a:hidden@b\"\nsmtp_ulr = '''hid\nden'''\n";
    let masked = masked(text, &Key::all(&Cli::command()));
    assert_eq!(masked.len(), text.len());
    assert!(masked.contains("listen = \"x\"") && !masked.contains("hid"), "{masked}");
    assert_eq!(masked.lines().count(), text.lines().count());
}

#[test]
fn what_does_not_go_together_is_told() {
    for (text, name, is_error) in [
        ("smtp_url = \"smtp://localhost\"", "smtp_url", true),
        ("smtp_url = \"smtp://a:b@localhost\"\nmail_from = \"a@example.org\"", "smtp_url", true),
        ("mail_from = \"a@example.org\"", "mail_from", false),
        ("database_url = \"mysql://localhost/x\"", "database_url", true),
        ("owner_database_url = \"postgres://localhost/x\"", "owner_database_url", true),
        (
            "database_url = \"postgres://localhost/x\"\nowner_database_url = \"postgres://localhost/x\"",
            "owner_database_url",
            false,
        ),
        ("database_url = \"postgres://localhost/x\"\ndata_dir = \"/x\"", "data_dir", false),
        ("public_url = \"licences.example\"", "public_url", true),
        ("listen = \"0.0.0.0:8080\"", "listen", false),
    ] {
        let settings = read(text, &[]);
        assert_eq!(told(&settings), [], "{text}");
        let found = contradictions(&settings);
        let [problem] = found.as_slice() else { panic!("{text}: {found:?}") };
        assert_eq!(
            problem.severity == parvaneh_core::document::Severity::Error,
            is_error,
            "{text}"
        );
        let line = text.lines().position(|line| line.starts_with(name)).unwrap() as u32 + 1;
        assert_eq!(problem.line, line, "{text}");
    }
    assert!(contradictions(&read("", &[])).is_empty());
}

#[test]
fn one_name_is_one_setting_in_every_command() {
    let keys = Key::all(&Cli::command());
    let mut names: Vec<_> = keys.iter().map(|key| &key.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), keys.len());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(names.iter().all(|name| name.chars().all(plain)));
    for key in &keys {
        assert!(!key.help().is_empty() && key.arg.get_long().is_some(), "{key:?}");
        assert!(key.default().iter().all(|value| key.fault(value).is_none()), "{}", key.name);
    }
}

#[test]
fn the_example_is_sound_and_so_is_what_it_says_holds_by_itself() {
    let command = Cli::command();
    let keys = Key::all(&command);
    let text = example_text(&keys);
    assert_eq!(told(&read(&text, &[])), []);
    let by_itself = text.lines().filter(|line| {
        keys.iter()
            .any(|key| !key.default().is_empty() && line.starts_with(&format!("#{} = ", key.name)))
    });
    let by_itself: Vec<_> = by_itself.map(|line| &line[1..]).collect();
    assert!(by_itself.len() >= 3, "{by_itself:?}");
    assert_eq!(told(&read(&by_itself.join("\n"), &[])), []);
    for key in &keys {
        assert!(text.contains(&format!("\n#{}", key.name)), "{}", key.name);
    }
}
