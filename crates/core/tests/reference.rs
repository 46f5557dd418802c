//! Every example of the language's reference, `docs/WORKFLOWS.md`, fits the language; and every key of
//! the language stands in one.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use parvaneh_core::{
    definition::json_schema,
    document::{Node, Reader, Value as Held},
};
use serde_json::{Map, Value, json};

const REFERENCE: &str = include_str!("../../../docs/WORKFLOWS.md");

/// The examples, without the space before them.
fn examples() -> Vec<String> {
    let mut lines = REFERENCE.lines();
    let mut examples = Vec::new();
    while let Some(line) = lines.next() {
        // Scenarios have a language of their own.
        if line == "## Scenarios" {
            break;
        }
        if line.trim() != "```yaml" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
        let indents = block.iter().filter(|line| !line.trim().is_empty());
        let indent = indents.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let text = block.iter().map(|line| line.get(indent..).unwrap_or("").to_owned() + "\n");
        examples.push(text.collect());
    }
    examples
}

/// What an editor makes of an example, and the keys in it.
fn json(node: &Node, keys: &mut BTreeSet<String>) -> Value {
    match &node.value {
        Held::Mapping(entries) => {
            let mut members = Map::new();
            for entry in entries {
                keys.insert(entry.key.clone());
                members.insert(entry.key.clone(), json(&entry.value, keys));
            }
            Value::Object(members)
        }
        Held::Sequence(items) => Value::Array(items.iter().map(|item| json(item, keys)).collect()),
        Held::Scalar { text, quoted } => match (text.parse::<u64>(), text.as_str()) {
            (Ok(number), _) if !quoted => Value::from(number),
            (_, "true" | "false") if !quoted => Value::Bool(text == "true"),
            _ => Value::from(text.clone()),
        },
        Held::Refused => Value::Null,
    }
}

/// The schema of one of the named parts.
fn part_of(schema: &Value, part: &str) -> Value {
    let mut some = match part {
        "" => schema.clone(),
        // Steps by their names.
        "steps" => schema["properties"]["steps"].clone(),
        part => schema["$defs"][part].clone(),
    };
    some["$defs"] = schema["$defs"].clone();
    without_required(&mut some);
    some
}

/// An example may leave keys out that must be there; which kind of step it shows (`if`) still counts.
fn without_required(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            // A field of a form has a key of that name.
            members.retain(|key, value| key != "required" || !value.is_array());
            let inner = members.iter_mut().filter(|(key, _)| *key != "if");
            inner.for_each(|(_, member)| without_required(member));
        }
        Value::Array(items) => items.iter_mut().for_each(without_required),
        _ => {}
    }
}

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
fn every_example_fits_and_every_key_has_one() {
    let schema = json_schema();
    let steps = schema["$defs"].as_object().unwrap().keys().filter(|name| name.ends_with("Step"));
    let parts: Vec<&str> = ["", "steps"].into_iter().chain(steps.map(String::as_str)).collect();
    let mut keys = BTreeSet::new();
    let mut wrong = Vec::new();
    let examples = examples();
    assert!(examples.len() > 8, "{}", examples.len());
    for example in &examples {
        let (reader, root) = Reader::open("example", example);
        assert!(!reader.has_errors(), "{example}\n{:#?}", reader.finish());
        let root = root.unwrap();
        let instance = json(&root, &mut keys);
        let mut told = Vec::new();
        let fits = parts.iter().any(|part| {
            let validator = jsonschema::validator_for(&part_of(&schema, part)).unwrap();
            let errors: Vec<_> =
                validator.iter_errors(&instance).map(|it| it.to_string()).collect();
            told.push(json!({ *part: errors }));
            told.last().unwrap()[*part] == json!([])
        });
        if !fits {
            wrong.push(format!("{example}\n{told:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let mut known = BTreeSet::new();
    properties(&schema, &mut known);
    let without: Vec<_> = known.difference(&keys).collect();
    assert!(without.is_empty(), "no example shows: {without:?}");
}
