use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn problems(source: &str) -> Vec<Problem> {
    Reader::open("f.yaml", source).0.finish()
}

fn codes(source: &str) -> Vec<&'static str> {
    problems(source).into_iter().map(|problem| problem.code).collect()
}

/// Every single value of a tree with the text that its place shows.
fn scalars<'s>(node: &Node, source: &'s str, found: &mut Vec<(String, &'s str)>) {
    match &node.value {
        Value::Scalar { text, .. } => {
            found.push((text.clone(), &source[node.place.start..node.place.end]));
        }
        Value::Sequence(items) => items.iter().for_each(|item| scalars(item, source, found)),
        Value::Mapping(entries) => {
            for entry in entries {
                let key = &source[entry.key_place.start..entry.key_place.end];
                found.push((entry.key.clone(), key));
                scalars(&entry.value, source, found);
            }
        }
        Value::Refused => {}
    }
}

#[test]
fn places_are_bytes_also_behind_persian_text() {
    for newline in ["\n", "\r\n"] {
        for bom in ["", "\u{feff}"] {
            let lines = [
                "# توضیح به زبان فارسی: نیم‌فاصله",
                "title: { fa: پروانه تأسیس تشکل مردم‌نهاد, en: Licence } # توضیح",
                "steps:",
                "  پذیرش:   # یادداشت",
                "    - مدارک",
                "    - b",
                "last: تمام",
            ];
            let source = format!("{bom}{}{newline}", lines.join(newline));
            let (reader, root) = Reader::open("f.yaml", &source);
            let mut found = Vec::new();
            scalars(&root.expect("it is sound"), &source, &mut found);
            assert!(found.len() == 11, "{found:?}");
            for (text, shown) in found {
                assert_eq!(text, shown);
            }
            assert_eq!(reader.finish(), []);
        }
    }
}

#[test]
fn a_place_counts_columns_in_characters() {
    let source = "\u{feff}a: { fa: پذیرش, bad key!: 1, fa: دو }\n";
    let problems = problems(source);
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].line, problems[0].column), (1, 30));
    assert_eq!(&source[problems[0].span.clone()], "fa");
}

#[test]
fn what_is_not_part_of_the_language_is_refused() {
    let table = [
        ("", "empty-document"),
        ("# only a comment\n", "empty-document"),
        ("~", "empty-document"),
        ("a: 1\n---\nb: 2\n", "several-documents"),
        ("a: &x 1\nb: *x\n", "anchor alias"),
        ("a: &x 1\n", "anchor"),
        ("a: !!str 1\n", "tag"),
        ("a: !own { b: 1 }\n", "tag"),
        ("a: { <<: { b: 1 } }\n", "merge-key"),
        ("{ [a, b]: 1 }\n", "complex-key"),
        ("? { a: 1 }\n: b\n", "complex-key"),
        ("a: 1\na: 2\nb: 1\nb: 3\n", "duplicate-key duplicate-key"),
        ("a: 1\n\"a\": 2\n", "duplicate-key"),
        ("a:\n\t- b\n", "syntax"),
        ("a: { b: 1\n", "syntax"),
        ("a: 'open\n", "syntax"),
        ("a: b: c\n", "syntax"),
        ("a: *nobody\n", "syntax"),
        ("a: x\u{0}y\n", "control-character"),
        ("a: x\u{1b}[31my\n", "control-character"),
        ("a: \u{202e}x\n", "control-character"),
        ("%YAML 1.2\n---\na: b\n...\n", ""),
        ("a: b\r\nc: d\r\n", ""),
        ("\u{feff}a: b\n", ""),
    ];
    for (source, expected) in table {
        let codes = codes(source).join(" ");
        assert_eq!(codes, expected, "{source:?}");
    }
}

#[test]
fn bombs_are_refused_quickly() {
    let deep_block: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let mut laughs = "a0: &a0 [lol, lol]\n".to_owned();
    for level in 1..20 {
        let below = level - 1;
        laughs += &format!("a{level}: &a{level} [*a{below}, *a{below}, *a{below}]\n");
    }
    let keys: String = (0..100_000).map(|key| format!("k{key}: 1\n")).collect();
    let same: String = (0..100_000).map(|_| "k: 1\n").collect();
    let table = [
        ("10 MB", "a: b\n".repeat(2_000_000), "too-large"),
        ("flow depth", "[".repeat(1_000_000), "too-deep"),
        ("mapping depth", "{a: ".repeat(250_000), "too-deep"),
        ("question marks", "? ".repeat(500_000), "too-deep"),
        ("dashes", "- ".repeat(500_000), "too-deep"),
        ("block depth", deep_block[..MAX_BYTES / 2].to_owned(), "too-deep"),
        ("laughs", laughs, "anchor"),
        ("keys", keys, "too-many-nodes"),
        ("same key", same, "duplicate-key"),
        ("items", format!("[{}]", "1,".repeat(400_000)), "too-many-nodes"),
        ("one line", format!("a: [{}]", "{b: 1, b: 2},".repeat(10_000)), "duplicate-key"),
        ("one word", "ب".repeat(500_000), ""),
        ("colons", ": ".repeat(500_000), "too-deep"),
        ("open quote", format!("a: '{}", "x ".repeat(500_000)), "syntax"),
        ("anchors", "- &a b\n".repeat(40_000), "anchor"),
        ("percent", "%TAG ! x\n".repeat(100_000), "syntax"),
    ];
    for (name, source, expected) in table {
        let start = Instant::now();
        let problems = problems(&source);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(5), "{name}: {took:?}");
        assert!(problems.len() <= MAX_PROBLEMS + 1, "{name}");
        let found = problems.iter().any(|problem| problem.code == expected);
        assert!(found || expected.is_empty(), "{name}: {:?}", problems.first());
        for problem in problems.iter().take(20) {
            assert!(problem.render(&source).len() < 2_000, "{name}");
        }
    }
}

#[test]
fn too_many_problems_are_counted() {
    let source = "a: { b: 1, b: 2 }\n- x: y".replace("- x: y", "")
        + &{ (0..600).map(|at| format!("k{at}: &x 1\n")).collect::<String>() };
    let problems = problems(&source);
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    let last = &problems[MAX_PROBLEMS];
    assert_eq!(last.code, "too-many-problems");
    assert_eq!(last.message, "101 more problems are not told");
    assert_eq!(last.line, 601);
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_place() {
    let mut bytes = "a: ب\nب: ".as_bytes().to_vec();
    bytes.extend([0xff, b'x']);
    let problem = Reader::decode("f.yaml", &bytes).expect_err("not UTF-8");
    assert_eq!((problem.code, problem.line, problem.column), ("not-utf8", 2, 4));
    let utf16 = Reader::decode("f.yaml", &[0xff, 0xfe, b'a', 0]).expect_err("UTF-16");
    assert!(utf16.help.expect("help").contains("UTF-16"));
    assert_eq!(Reader::decode("f.yaml", "ب".as_bytes()).expect("UTF-8"), "ب");
}

#[test]
fn values_are_read_and_every_problem_is_told() {
    let source = "\
number: many
big: 12
float: 1.5
negative: -3
flag: maybe
term: 3 weeks
persian: ۳ wd
zero: 0 d
choice: simpel
name: Not A Name
text: only one
half: { fa: متن }
blank: { fa: '', en: \" \" }
escape: { fa: \"a\\u202eb\", en: \"x\\ny\" }
list: { a: b }
unknwon: 1
nothing:
";
    let (mut reader, root) = Reader::open("f.yaml", source);
    let root = root.expect("a tree");
    let at = Place { start: 0, end: 0 };
    let keys = [
        "number", "big", "float", "negative", "flag", "term", "persian", "zero", "choice", "name",
        "text", "half", "blank", "escape", "list", "unknown", "nothing", "absent",
    ];
    let fields = reader.mapping(&root, at, "a thing", &keys).expect("a mapping");
    let node = |key: &str| fields.get(key).expect("it is there");
    assert_eq!(reader.integer(node("number"), "the number", 1..=9), None);
    assert_eq!(reader.integer(node("big"), "the number", 1..=9), None);
    assert_eq!(reader.integer(node("big"), "the number", 1..=12), Some(12));
    assert_eq!(reader.integer(node("float"), "the number", 1..=9), None);
    assert_eq!(reader.integer(node("negative"), "the number", 1..=9), None);
    assert_eq!(reader.yes_or_no(node("flag"), "the flag"), None);
    assert_eq!(reader.term(node("term"), "the term"), None);
    assert_eq!(reader.term(node("persian"), "the term"), None);
    assert_eq!(reader.term(node("zero"), "the term"), Some(crate::Term::days(0)));
    assert_eq!(reader.positive_term(node("zero"), "the term"), None);
    assert_eq!(reader.choice(node("choice"), "a majority", &[("simple", 1), ("two", 2)]), None);
    assert_eq!(reader.name(node("name"), "the name"), None);
    for key in ["text", "half", "blank", "escape"] {
        assert_eq!(reader.text(node(key), at, "the title"), None);
    }
    assert_eq!(reader.list(node("list"), "the list").len(), 0);
    assert!(reader.required(&fields, "nothing", "a thing").is_none());
    assert!(reader.required(&fields, "absent", "a thing").is_none());
    let rendered: Vec<_> = reader.finish().iter().map(|problem| problem.render(source)).collect();
    insta::assert_snapshot!(rendered.join("\n"));
}

#[test]
fn the_caret_stands_under_the_place() {
    let table = [
        ("\tx y\n", 3..4, "1 |     x y\n  |       ^\n"),
        ("نام: الف\n", 8..14, "1 | نام: الف\n  |      ^^^\n"),
        ("a\u{200c}b c\n", 6..7, "1 | a\u{200c}b c\n  |    ^\n"),
        ("a\u{1b}[0m b\n", 6..7, "1 | a\u{fffd}[0m b\n  |       ^\n"),
        ("ab\r\ncd\r\n", 5..6, "2 | cd\n  |  ^\n"),
        ("ab\n", 0..2, "1 | ab\n  | ^^\n"),
        ("ab", 2..2, "1 | ab\n  |   ^\n"),
    ];
    for (source, span, expected) in table {
        let place = Place { start: span.start, end: span.end };
        let (reader, _) = Reader::open("f.yaml", source);
        let rendered = reader.problem("code", place, "message").render(source);
        assert!(rendered.ends_with(expected), "{rendered}\nis not\n{expected}");
    }
    let long = format!("{} here {}", "x".repeat(5_000), "y".repeat(5_000));
    let (reader, _) = Reader::open("f.yaml", &long);
    let rendered = reader.problem("code", Place { start: 5_001, end: 5_005 }, "m").render(&long);
    let lines: Vec<_> = rendered.lines().collect();
    let (shown, caret) = (lines[3], lines[4]);
    let column = caret.chars().take_while(|c| *c != '^').count();
    assert_eq!(shown.chars().skip(column).take(4).collect::<String>(), "here");
    assert!(shown.chars().count() < 140);
}

#[test]
fn a_near_word_is_offered_and_a_far_one_is_not() {
    let words = ["owner", "term", "title", "commission", "to"];
    let table = [
        ("ownr", Some("owner")),
        ("onwer", Some("owner")),
        ("Owner", Some("owner")),
        ("comission", Some("commission")),
        ("ti", Some("to")),
        ("xy", None),
        ("x", None),
        ("banana", None),
    ];
    for (word, expected) in table {
        assert_eq!(did_you_mean(word, words.into_iter()), expected, "{word}");
    }
    assert_eq!(did_you_mean(&"o".repeat(1_000_000), words.into_iter()), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(source in "[ \\n\\t\\r\\-:?,\\[\\]{}#&*!|>'\"%@`a-c0\u{feff}\u{85}بی]{0,60}") {
        check_any(&source)?;
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        match Reader::decode("f.yaml", &bytes) {
            Ok(source) => check_any(source)?,
            Err(problem) => {
                let lossy = String::from_utf8_lossy(&bytes);
                prop_assert!(!problem.render(&lossy).is_empty());
            }
        }
    }
}

/// What holds for every text: a tree or a problem, and every place lies inside the text.
fn check_any(source: &str) -> Result<(), TestCaseError> {
    let (reader, root) = Reader::open("f.yaml", source);
    let problems = reader.finish();
    prop_assert!(root.is_some() || has_errors(&problems));
    for problem in &problems {
        prop_assert!(source.get(problem.span.clone()).is_some(), "{problem:?}");
        prop_assert!(problem.line >= 1 && problem.column >= 1);
        prop_assert!(!problem.render(source).is_empty());
    }
    Ok(())
}
