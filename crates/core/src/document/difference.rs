//! How two files differ, told by what stands in them and not by lines: two versions of a
//! definition, say.

use serde::Serialize;

use super::{Node, Place, Value};

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, by keys: `steps.reception.term`, `ladder.usual[2].after`.
    pub path: String,
    /// What stood there; `None` where nothing did.
    pub before: Option<String>,
    /// What stands there; `None` where nothing does.
    pub after: Option<String>,
    /// Where it stood in the file before.
    #[serde(skip)]
    pub before_at: Option<Place>,
    /// Where it stands in the file now.
    #[serde(skip)]
    pub after_at: Option<Place>,
}

/// Everything that differs, in the order of the newer file; what has gone comes where it stood.
///
/// The order of keys, comments and the way of writing (quotes, brackets, a list of one without
/// brackets) are no difference.
pub fn differences(before: &Node, after: &Node) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Node>, after: Option<&Node>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(old), Some(new)) if same(old, new) => {}
        (
            Some(Node { value: Value::Mapping(old), .. }),
            Some(Node { value: Value::Mapping(new), .. }),
        ) => {
            let value = |entries: &'_ [super::Entry], key: &str| {
                entries.iter().position(|entry| entry.key == key)
            };
            let inner =
                |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            // What has gone stands where it stood: after the key before it.
            let mut gone = old.iter().filter(|entry| value(new, &entry.key).is_none()).peekable();
            for entry in new {
                let was = value(old, &entry.key);
                while let Some(lost) =
                    gone.next_if(|lost| was.is_some_and(|was| lost.key_place < old[was].key_place))
                {
                    compare(&inner(&lost.key), Some(&lost.value), None, found);
                }
                compare(
                    &inner(&entry.key),
                    was.map(|was| &old[was].value),
                    Some(&entry.value),
                    found,
                );
            }
            for lost in gone {
                compare(&inner(&lost.key), Some(&lost.value), None, found);
            }
        }
        (Some(old), Some(new)) if holds_mappings(old) && holds_mappings(new) => {
            compare_lists(path, items(old), items(new), found);
        }
        _ => found.push(Difference {
            path: path.to_owned(),
            before: before.map(written),
            after: after.map(written),
            before_at: before.map(|node| node.place),
            after_at: after.map(|node| node.place),
        }),
    }
}

/// What two lists have in common at their beginning and at their end is left out; the rest is
/// compared in order.
fn compare_lists(path: &str, old: &[Node], new: &[Node], found: &mut Vec<Difference>) {
    let shorter = old.len().min(new.len());
    let head = (0..shorter).take_while(|&n| same(&old[n], &new[n])).count();
    let tail = (1..=shorter - head)
        .take_while(|&n| same(&old[old.len() - n], &new[new.len() - n]))
        .count();
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    for n in 0..old.len().max(new.len()) {
        compare(&format!("{path}[{}]", head + n + 1), old.get(n), new.get(n), found);
    }
}

fn holds_mappings(node: &Node) -> bool {
    items(node).iter().any(|item| matches!(item.value, Value::Mapping(_)))
}

/// The items of a list; one value may be written without brackets.
fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::Sequence(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// Whether two values mean the same.
fn same(old: &Node, new: &Node) -> bool {
    match (&old.value, &new.value) {
        (Value::Scalar { text: old, .. }, Value::Scalar { text: new, .. }) => old == new,
        (Value::Mapping(old), Value::Mapping(new)) => {
            old.len() == new.len()
                && old.iter().all(|entry| {
                    let other = new.iter().find(|other| other.key == entry.key);
                    other.is_some_and(|other| same(&entry.value, &other.value))
                })
        }
        (Value::Sequence(_), _) | (_, Value::Sequence(_)) => {
            let (old, new) = (items(old), items(new));
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
        }
        _ => false,
    }
}

/// A value on one line, as it could stand in a file.
fn written(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, .. } => text.clone(),
        Value::Sequence(items) => {
            format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(entries) => {
            let entry = |entry: &super::Entry| format!("{}: {}", entry.key, written(&entry.value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Refused => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Reader;

    fn told(before: &str, after: &str) -> Vec<String> {
        let node = |source| Reader::open("f.yaml", source).1.expect("it can be read");
        let differences = differences(&node(before), &node(after));
        let tell = |it: &Difference| {
            let text = |it: &Option<String>| it.clone().unwrap_or("-".into());
            format!("{}: {} > {}", it.path, text(&it.before), text(&it.after))
        };
        differences.iter().map(tell).collect()
    }

    #[test]
    fn what_differs_is_told_by_its_place() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("a: 1", "a: 2", &["a: 1 > 2"]),
            ("a: 1\nb: 2", "b: '2'\n# a remark\na: 1", &[]),
            ("tell: owner", "tell: [owner]", &[]),
            ("tell: owner", "tell: [owner, head]", &["tell: owner > [owner, head]"]),
            (
                "a: { b: 1, c: { d: 2 } }",
                "a: { b: 1, c: { d: 3 }, e: x }",
                &["a.c.d: 2 > 3", "a.e: - > x"],
            ),
            ("a: 1\nb: 2\nc: 3", "a: 1\nc: 4", &["b: 2 > -", "c: 3 > 4"]),
            ("a: 1\nb: { c: [1, 2] }", "a: 1", &["b: { c: [1, 2] } > -"]),
            (
                "l: [{ warn: 1 wd }, { after: 0 wd }, { after: 2 wd }]",
                "l: [{ warn: 1 wd }, { after: 1 wd }, { after: 2 wd }]",
                &["l[2].after: 0 wd > 1 wd"],
            ),
            (
                "l: [{ warn: 1 wd }, { after: 2 wd }]",
                "l: [{ warn: 3 wd }, { warn: 1 wd }, { after: 2 wd }]",
                &["l[1]: - > { warn: 3 wd }"],
            ),
            ("l: [{ a: 1 }, { b: 1 }]", "l: [{ a: 1 }]", &["l[2]: { b: 1 } > -"]),
            ("l: { a: 1 }", "l: plain", &["l: { a: 1 } > plain"]),
        ];
        for (before, after, expected) in cases {
            assert_eq!(told(before, after), *expected, "{before} > {after}");
            assert_eq!(told(after, after), [""; 0], "nothing differs from itself");
            assert_eq!(told(after, before).len(), expected.len(), "and the other way round");
        }
    }
}
