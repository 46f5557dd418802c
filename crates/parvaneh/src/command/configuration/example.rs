//! `parvaneh config example`.

use crate::{
    failure::Failure,
    output::Output,
    settings::{Key, Settings},
};

/// Print a configuration file in which every setting is explained and commented out
#[derive(Debug, clap::Args)]
pub(crate) struct Example {}

/// How wide a line of explanation is at most.
const WIDTH: usize = 96;

impl Example {
    pub(crate) fn run(self, settings: &Settings, out: &Output) -> Result<(), Failure> {
        out.line(written(&settings.keys).trim_end())
    }
}

/// The file.
pub(crate) fn written(keys: &[Key]) -> String {
    let mut text = "# The configuration of Parvaneh. What is commented out stands for what holds by itself.\n\
                    # `parvaneh config check` tells what is wrong with it, `parvaneh config show` what counts.\n"
        .to_owned();
    let mut headings: Vec<&str> = keys.iter().map(heading).collect();
    let mut seen = std::collections::BTreeSet::new();
    headings.retain(|heading| seen.insert(*heading));
    for title in headings {
        text.push_str(&format!("\n# --- {title} ---\n"));
        for key in keys.iter().filter(|key| heading(key) == title) {
            text.push('\n');
            explain(&mut text, &sentence(&key.help()));
            if !key.commands.is_empty() {
                explain(&mut text, &format!("({})", key.commands.join(", ")));
            }
            if key.is_secret() {
                text.push_str(&format!("#{}_file = \"/etc/parvaneh/{0}\"\n", key.name));
            } else {
                text.push_str(&format!("#{} = {}\n", key.name, value(key)));
            }
        }
    }
    text
}

fn heading(key: &Key) -> &str {
    match key.arg.get_help_heading() {
        Some(heading) => heading,
        None if key.commands.is_empty() => "Options of every command",
        None => "Service",
    }
}

/// The value that holds by itself, or what kind of value it is.
fn value(key: &Key) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let values = key.default();
    if key.is_switch() {
        return values.first().map_or("false", String::as_str).to_owned();
    }
    if key.is_list() {
        return format!(
            "[{}]",
            values.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
        );
    }
    let kind = || key.arg.get_value_names().and_then(|names| names.first()).map(|n| n.to_string());
    quoted(&values.first().cloned().or_else(kind).unwrap_or_default())
}

fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// A comment, broken into lines.
fn explain(text: &mut String, comment: &str) {
    let mut line = "#".to_owned();
    for word in comment.split_whitespace() {
        if line.chars().count() + word.chars().count() + 1 > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
