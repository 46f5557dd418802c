//! `docs/TUTORIAL.md` says what happens: its files are written and its commands are run here.
//!
//! A block ```` ```yaml FILE ```` is a file, or the parts of it that are replaced. A block ```` ```console ````
//! holds commands (`$ …`), each with what it prints; `…` stands for anything. In a block
//! ```` ```console fails ```` every command exits with 1.

use std::{fs, path::Path, process::Command};

use super::{finish, repository};

struct Block<'d> {
    kind: &'d str,
    rest: &'d str,
    text: String,
}

fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let (kind, rest) = info.split_once(' ').unwrap_or((info, ""));
        let text = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n"));
        blocks.push(Block { kind, rest, text: text.collect() });
    }
    blocks
}

/// The parts of a file, each from a key that stands at the beginning of a line.
fn parts(text: &str) -> Vec<(&str, String)> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match line.split_once(':') {
            Some((key, _)) if key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
                parts.push((key, format!("{line}\n")));
            }
            _ => {
                let (_, part) = parts.last_mut().expect("a file begins with a key");
                part.push_str(&format!("{line}\n"));
            }
        }
    }
    parts
}

/// A file with some of its parts replaced, and others that are new.
fn merged(file: &str, changed: &str) -> String {
    let mut all = parts(file);
    for (key, part) in parts(changed) {
        match all.iter_mut().find(|(other, _)| *other == key) {
            Some(known) => known.1 = part,
            None => all.push((key, part)),
        }
    }
    all.into_iter().map(|(_, part)| part).collect()
}

/// Whether lines were printed in that order. `…` stands for anything, also within a line.
fn assert_printed(printed: &str, expected: &[&str], command: &str) {
    let mut rest = printed;
    for piece in expected.iter().flat_map(|line| line.split('…')).map(str::trim_end) {
        if piece.trim().is_empty() {
            continue;
        }
        let at = rest.find(piece).unwrap_or_else(|| {
            panic!(
                "$ {command}\n'{piece}' was expected, and there is only:\n{rest}\nall:\n{printed}"
            )
        });
        rest = &rest[at + piece.len()..];
    }
}

fn run(folder: &Path, command: &str, fails: bool) -> String {
    // No database, and nothing of whoever tests.
    let bin = Path::new(env!("CARGO_BIN_EXE_parvaneh")).parent().expect("a folder").display();
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-c", command]).env_clear();
    shell.env("PATH", format!("{bin}:/usr/bin:/bin")).env("PARVANEH_DATA_DIR", "/nonexistent");
    finish(&mut shell).ends(i32::from(fails)).out
}

#[test]
fn the_tutorial_says_what_happens() {
    let document = fs::read_to_string(repository("docs/TUTORIAL.md")).expect("it can be read");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut files, mut commands) = (0, 0);
    for block in blocks(&document) {
        match block.kind {
            "yaml" => {
                let file = folder.path().join(block.rest);
                fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
                let whole =
                    block.text.starts_with("workflow:") || !block.rest.ends_with("/v1.yaml");
                let text = match fs::read_to_string(&file) {
                    Ok(before) if !whole => merged(&before, &block.text),
                    _ => block.text,
                };
                fs::write(&file, text).expect("it can be written");
                files += 1;
            }
            "console" => {
                let fails = block.rest == "fails";
                for part in block.text.split("$ ").filter(|part| !part.is_empty()) {
                    let mut lines = part.lines();
                    let command = lines.next().expect("a command");
                    let printed = run(folder.path(), command, fails);
                    assert_printed(&printed, &lines.collect::<Vec<_>>(), command);
                    commands += 1;
                }
            }
            other => panic!("a block of an unknown kind: {other}"),
        }
    }
    assert!(files > 5 && commands > 8, "{files} files, {commands} commands");
}
