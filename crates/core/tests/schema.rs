//! The JSON Schema for editors: current, true of every definition that is shipped, and of one mind
//! with the reader about every key.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use parvaneh_core::{
    Definition,
    definition::json_schema,
    document::{Entry, Node, Place, Reader, Value as Held},
};
use serde_json::{Map, Value};

/// A definition with every construct of the language in it.
const EVERYTHING: &str = include_str!("support/everything.yaml");

fn workflows() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../workflows"].iter().collect()
}

fn validator() -> Validator {
    jsonschema::validator_for(&json_schema()).unwrap()
}

fn root(source: &str) -> Node {
    Reader::open("f.yaml", source).1.unwrap()
}

/// What an editor makes of a file.
fn json(node: &Node) -> Value {
    match &node.value {
        Held::Mapping(entries) => {
            let entry = |entry: &Entry| (entry.key.clone(), json(&entry.value));
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Held::Sequence(items) => Value::Array(items.iter().map(json).collect()),
        Held::Scalar { text, quoted: false } => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "" | "~" | "null" => Value::Null,
            number => number.parse::<u64>().map_or_else(|_| Value::from(text.clone()), Value::from),
        },
        Held::Scalar { text, .. } => Value::from(text.clone()),
        Held::Refused => Value::Null,
    }
}

/// The file again, on one line.
fn yaml(node: &Node) -> String {
    match &node.value {
        Held::Mapping(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key, yaml(&entry.value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Held::Sequence(items) => {
            format!("[{}]", items.iter().map(yaml).collect::<Vec<_>>().join(", "))
        }
        // Quotes tell what `3` and `yes` are: they are kept.
        Held::Scalar { text, quoted: false } if !text.contains([',', ':', '{', '[', '#']) => {
            text.clone()
        }
        Held::Scalar { text, .. } => format!("'{}'", text.replace('\'', "''")),
        Held::Refused => String::new(),
    }
}

#[test]
fn the_file_for_editors_is_current() {
    let file = std::fs::read_to_string(workflows().join("definition.schema.json")).unwrap();
    let current = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    let how = "parvaneh workflow schema > workflows/definition.schema.json";
    assert!(file == current, "the language has changed: run '{how}'");
}

#[test]
fn every_shipped_definition_fits() {
    let validator = validator();
    let mut sources = vec![("everything.yaml".to_owned(), EVERYTHING.to_owned())];
    for folder in std::fs::read_dir(workflows()).unwrap().map(|entry| entry.unwrap().path()) {
        let files = std::fs::read_dir(&folder).into_iter().flatten();
        for file in files.map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if name.starts_with('v') && name.ends_with(".yaml") {
                let source = std::fs::read_to_string(&file).unwrap();
                sources.push((file.display().to_string(), source));
            }
        }
    }
    assert!(sources.len() > 1);
    for (file, source) in sources {
        let problems = Definition::parse("f.yaml", &source).err().unwrap_or_default();
        assert!(problems.is_empty(), "{file}: {problems:#?}");
        let instance = json(&root(&source));
        let errors: Vec<String> = validator
            .iter_errors(&instance)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{file}: {errors:#?}");
    }
}

/// Every mapping of a file, by the way to it.
fn mappings(node: &Node, way: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    let inner: Vec<&Node> = match &node.value {
        Held::Mapping(entries) => {
            found.push(way.clone());
            entries.iter().map(|entry| &entry.value).collect()
        }
        Held::Sequence(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    for (at, node) in inner.into_iter().enumerate() {
        way.push(at);
        mappings(node, way, found);
        way.pop();
    }
}

fn at<'n>(node: &'n mut Node, way: &[usize]) -> &'n mut Node {
    let Some((first, rest)) = way.split_first() else { return node };
    match &mut node.value {
        Held::Mapping(entries) => at(&mut entries[*first].value, rest),
        Held::Sequence(items) => at(&mut items[*first], rest),
        _ => unreachable!("a way leads through mappings and lists"),
    }
}

/// The file with a key more in one of its mappings.
fn with_key(source: &Node, way: &[usize], key: &str) -> Node {
    let mut root = source.clone();
    let Held::Mapping(entries) = &mut at(&mut root, way).value else { unreachable!() };
    let text = "zzz zzz".to_owned();
    let value = Node { value: Held::Scalar { text, quoted: false }, place: Place::default() };
    entries.push(Entry { key: key.to_owned(), key_place: Place::default(), value });
    root
}

/// Whether the reader has no use for the key, wherever in the file it stands.
fn reader_refuses(file: &Node, key: &str) -> bool {
    let problems = Definition::check("f.yaml", &yaml(file), None).problems;
    let told = format!("unknown key '{key}'");
    problems
        .iter()
        .any(|problem| problem.code == "unknown-key" && problem.message.starts_with(&told))
}

/// Whether the schema has no use for the key.
fn schema_refuses(validator: &Validator, file: &Node, key: &str) -> bool {
    fn unexpected(error: &ValidationError<'_>, key: &str) -> bool {
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                unexpected.iter().any(|it| it == key)
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => {
                context.iter().flatten().any(|error| unexpected_of(error, key))
            }
            _ => false,
        }
    }
    fn unexpected_of(error: &ValidationError<'_>, key: &str) -> bool {
        unexpected(error, key)
    }
    validator.iter_errors(&json(file)).any(|error| unexpected(&error, key))
}

/// Every property that the schema names anywhere.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| properties(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        _ => {}
    }
}

#[test]
fn reader_and_schema_know_the_same_keys() {
    let (source, validator) = (root(EVERYTHING), validator());
    let mut names = BTreeSet::from(["zzz".to_owned()]);
    properties(&json_schema(), &mut names);
    let mut ways = Vec::new();
    mappings(&source, &mut Vec::new(), &mut ways);

    // One mapping of each kind: those that take the same keys, as far as the reader tells.
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for way in ways {
        let file = with_key(&source, &way, "zzz");
        let problems = Definition::check("f.yaml", &yaml(&file), None).problems;
        let unknown = problems.iter().find(|problem| problem.message.contains("'zzz'"));
        let keys = unknown.map(|problem| format!("{} {:?}", problem.label, problem.help));
        let mut present: Vec<&str> = Vec::new();
        let mut copy = source.clone();
        let here = at(&mut copy, &way);
        present.extend(here.as_mapping().unwrap().iter().map(|entry| entry.key.as_str()));
        // `type` and the like decide which other keys there are.
        let kind = format!("{} | {}", keys.unwrap_or_default(), present.join(" "));
        kinds.entry(kind).or_insert(way);
    }
    assert!(kinds.len() > 30, "{}", kinds.len());

    let mut differ = Vec::new();
    for (kind, way) in &kinds {
        let mut copy = source.clone();
        let present = at(&mut copy, way).as_mapping().unwrap().to_vec();
        // These make another kind of mapping of it.
        let deciding = ["parallel", "commission", "choose", "type"];
        // Where the file chooses the names, one stands for all.
        let chosen = !kind.starts_with("not a key of");
        let names = names.iter().filter(|name| !chosen || name.as_str() == "zzz");
        for name in names.filter(|name| !deciding.contains(&name.as_str())) {
            if present.iter().any(|entry| entry.key == *name) {
                continue;
            }
            let file = with_key(&source, way, name);
            let (reader, schema) =
                (reader_refuses(&file, name), schema_refuses(&validator, &file, name));
            if reader != schema {
                let who = if reader { "only the schema" } else { "only the reader" };
                differ.push(format!("{who} knows '{name}' in: {kind}"));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn what_is_no_definition_fits_neither() {
    let source = root(EVERYTHING);
    let validator = validator();
    let wrong = [
        ("version: 1", "version: first"),
        ("opens_at: county", "opens_at: village"),
        ("starts: opened", "starts: closed"),
        ("join: all", "join: some"),
        ("majority: simple", "majority: none"),
        ("term: 60 d", "term: 60 days"),
        ("outcome: refused", "outcome: rejected"),
        ("decision: yes", "decision: maybe"),
        ("valid: 36 mo", "valid: 36"),
        ("answer: positive", "answer: silent"),
        ("statutory_clock: suspended", "statutory_clock: stopped"),
        ("owner: county_officer", "owner: County Officer"),
        ("type: money", "type: gold"),
    ];
    let whole = yaml(&source);
    for (right, wrong) in wrong {
        assert!(whole.contains(right), "{right}");
        let text = whole.replacen(right, wrong, 1);
        assert!(Definition::parse("f.yaml", &text).is_err(), "the reader takes {wrong}");
        assert!(!validator.is_valid(&json(&root(&text))), "the schema takes {wrong}");
    }
    // Without any of the keys that must be there.
    for entry in source.as_mapping().unwrap() {
        let mut less = source.clone();
        let Held::Mapping(entries) = &mut less.value else { unreachable!() };
        entries.retain(|other| other.key != entry.key);
        let missing = Definition::check("f.yaml", &yaml(&less), None)
            .problems
            .iter()
            .any(|problem| problem.code == "missing-key");
        assert_eq!(missing, !validator.is_valid(&json(&less)), "without '{}'", entry.key);
    }
}
