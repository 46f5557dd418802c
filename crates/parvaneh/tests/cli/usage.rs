//! How the program is used, and what it says when it is misused.

use std::process::Stdio;

use super::{parvaneh, program};

#[test]
fn help_tells_examples_and_exit_codes() {
    let help = parvaneh(["--help"]).ends(0);
    for part in ["Exit codes:", "Examples:", "workflow", "deadline", "date", "completions"] {
        assert!(help.out.contains(part), "'{part}' is missing: {}", help.out);
    }
    assert!(parvaneh(["deadline", "--help"]).ends(0).out.contains("Examples:"));
    assert!(parvaneh(["--version"]).ends(0).out.starts_with("parvaneh "));
}

#[test]
fn misuse_is_told_and_ends_with_2() {
    for arguments in [["date", "--nonsense"], ["nonsense", "x"], ["deadline", "--json"]] {
        let run = parvaneh(arguments).ends(2);
        assert_eq!(run.out, "");
        assert!(!run.err.is_empty());
    }
    let run = parvaneh(["deadline", "--term", "5 wd", "--json"]).ends(2);
    assert_eq!(run.error_code(), "usage");
    assert!(run.err.contains("--start"), "{}", run.err);
    parvaneh([]).ends(2);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = parvaneh(["completions", shell]).ends(0).out;
        assert!(script.contains("parvaneh") && script.contains("deadline"), "{shell}");
    }
    parvaneh(["completions", "cobol"]).ends(2);
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let mut child = program()
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
