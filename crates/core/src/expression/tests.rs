#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

pub(super) fn schema() -> Schema {
    let field = |kind, always| Field { kind, always };
    let day = |y| NaiveDate::from_ymd_opt(y, 1, 1);
    Schema::new([
        ("capital", field(Kind::Number { min: Some(0), max: Some(1_000_000) }, false)),
        ("members", field(Kind::Number { min: None, max: None }, false)),
        ("share-capital", field(Kind::Number { min: Some(0), max: None }, false)),
        (
            "kind",
            field(Kind::Choice(vec!["charity".into(), "youth".into(), "women".into()]), false),
        ),
        ("town", field(Kind::Text, false)),
        ("name", field(Kind::Text, false)),
        ("foreign", field(Kind::YesNo, false)),
        ("local", field(Kind::YesNo, false)),
        ("founded", field(Kind::Day { min: day(1990), max: day(2050) }, false)),
        ("expires", field(Kind::Day { min: None, max: None }, false)),
        ("charter", field(Kind::Opaque, false)),
        ("score", field(Kind::Decimal { min: 0, max: 10_000, digits: 2 }, false)),
        ("weight", field(Kind::Decimal { min: -50, max: 50, digits: 1 }, false)),
    ])
    .with_inquiries(["police", "technical-office"])
}

/// Facts of a case written down: `{ capital: 5 }`.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(pub(super) BTreeMap<String, Value<'static>>);

impl Facts for Given {
    fn value(&self, name: &Name) -> Option<Value<'_>> {
        self.0.get(&name.to_string()).copied()
    }
}

fn given(facts: &[(&str, Value<'static>)]) -> Given {
    Given(facts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect())
}

fn day(y: i32, m: u32, d: u32) -> Value<'static> {
    Value::Day(NaiveDate::from_ymd_opt(y, m, d).unwrap())
}

#[test]
fn expressions_are_worth_what_they_say() {
    let facts = given(&[
        ("capital", Value::Number(700)),
        ("members", Value::Number(-3)),
        ("share-capital", Value::Number(70)),
        ("kind", Value::Text("charity")),
        ("town", Value::Text("تهران بزرگ")),
        ("foreign", Value::YesNo(false)),
        ("founded", day(2024, 7, 22)),
        ("charter", Value::Opaque),
        ("score", Value::Decimal { units: 875, digits: 1 }),
        ("weight", Value::Number(-2)),
        ("answers.police", Value::Text("negative")),
        ("case.returns", Value::Number(2)),
        ("case.unit", Value::Text("2301")),
        ("case.today", day(2024, 8, 1)),
        ("case.opened", day(2024, 3, 20)),
    ]);
    let (yes, no) = (Some(true), Some(false));
    let table = [
        ("true", yes),
        ("capital > 5", yes),
        ("data.capital == 700 && members < 0", yes),
        ("capital / 7 == 100 && capital % 7 == 0 && capital - members * 2 == 706", yes),
        ("members == -3 && -members == 3 && members in [-3, 9]", yes),
        ("data.`share-capital` * 10 <= capital", yes),
        ("kind == 'charity'", yes),
        ("kind != \"charity\"", no),
        ("kind in ['youth', 'women']", no),
        ("!(kind in ['youth', 'women'])", yes),
        ("town.startsWith('تهران') && town.contains('ر') && town.endsWith('بزرگ')", yes),
        ("size(town) == 10 && town.size() < 11", yes),
        ("foreign", no),
        ("!foreign", yes),
        ("foreign == false", yes),
        ("founded == date('1403/05/01')", yes),
        ("founded >= date('2024-07-22') && founded < case.today", yes),
        ("daysBetween(founded, case.today) == 10", yes),
        ("daysBetween(case.today, founded) == -10", yes),
        ("case.opened == date('1403/01/01')", yes),
        ("case.returns >= 2 && case.unit == '2301'", yes),
        // Numbers with digits after the point, exactly: 87.5 and -2.
        ("score == 87.5 && score == 87.50 && score > 87.49 && score < 88", yes),
        ("score >= 87.5 && weight <= -2.0 && weight == -2", yes),
        ("score * 0.4 + 10 * 0.5 == 40", yes),
        ("score - 0.1 == 87.4 && -score < 0 && score + capital == 787.5", yes),
        // A quotient has the digits of the finer side, and is cut off.
        ("score / 3 == 29.16 && score / 3.0 == 29.16 && capital / 3 == 233", yes),
        ("capital / 3.00 == 233.33 && weight / 3 == -0.6 && score % 10 == 7.5", yes),
        ("score in [87.5, 90.0]", yes),
        ("0.1 + 0.2 == 0.3", yes),
        (".5 == 0.5", yes),
        ("weight == -2.0 && weight < -1.9 && weight > - 2.1 && 1-0.5 == 0.5 && -(0.5) < 0", yes),
        ("score - -0.5 == 88", yes),
        // Answers to inquiries.
        ("answers.police == 'negative' && has(answers.police)", yes),
        ("answers.police in ['positive']", no),
        ("answers.`technical-office` == 'positive'", None),
        ("!has(answers.`technical-office`)", yes),
        // has() is always true or false.
        ("has(data.capital) && has(data.charter) && !has(data.local)", yes),
        // What is absent is neither.
        ("local", None),
        ("!local", None),
        ("local == local", None),
        ("name == 'x'", None),
        ("name != 'x'", None),
        ("!(name == 'x')", None),
        ("expires > case.today", None),
        ("size(name) > 3", None),
        ("name.contains('x')", None),
        ("name in ['x', 'y']", None),
        // Unless the other side decides.
        ("local && false", no),
        ("false && local", no),
        ("local || true", yes),
        ("capital > 5 || local", yes),
        ("local && capital > 5", None),
        ("has(data.name) && name == 'x'", no),
        ("!has(data.name) || name == 'x'", yes),
        // What cannot be computed has no value.
        ("capital / (members + 3) > 1", None),
        ("capital % (members + 3) > 1 || capital > 1", yes),
        ("capital + 9223372036854775807 > 0", None),
        ("9223372036854775807 * members < 0", None),
    ];
    for (text, expected) in table {
        let compiled = Expression::compile(text, &schema());
        let compiled = compiled.unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        assert_eq!(compiled.value(&facts), expected, "{text}");
        assert_eq!(compiled.is_met(&facts), expected == Some(true), "{text}");
    }
}

#[test]
fn a_fault_tells_its_place_and_the_way_out() {
    // The expression, the code, what the caret stands under, and a word of the message or help.
    let table = [
        ("", code::NOT_AN_EXPRESSION, "", "too early"),
        ("capital >", code::NOT_AN_EXPRESSION, ">", "too early"),
        ("capital = 5", code::NOT_AN_EXPRESSION, "=", "=="),
        ("capital > 5 and foreign", code::NOT_AN_EXPRESSION, "a", "&&"),
        ("کد == 5", code::NOT_AN_EXPRESSION, "ک", "not expected"),
        ("town == 'تهران' && capital ! 5", code::NOT_AN_EXPRESSION, "!", "not expected"),
        ("for == 5", code::NOT_AN_EXPRESSION, "f", "data.`for`"),
        ("has(capital)", code::NOT_AN_EXPRESSION, "c", "has(data.<field>)"),
        ("capitl > 5", code::UNKNOWN_FACT, "capitl", "did you mean 'capital'"),
        ("town == 'تهران' && capitl > 5", code::UNKNOWN_FACT, "capitl", "capital"),
        ("data.capitl > 5", code::UNKNOWN_FACT, "data.capitl", "capital"),
        ("share-capital > 5", code::UNKNOWN_FACT, "share", "data.`share-capital`"),
        ("returns > 5", code::UNKNOWN_FACT, "returns", "case.returns"),
        ("case.return > 5", code::UNKNOWN_FACT, "case.return", "case.returns"),
        ("data > 5", code::UNKNOWN_FACT, "data", "data.<name>"),
        ("capital.x > 5", code::UNKNOWN_FACT, "capital.x", "no parts"),
        ("capital", code::WRONG_TYPE, "capital", "a guard is true or false"),
        ("capital == 'x'", code::WRONG_TYPE, "capital == 'x'", "a number cannot be compared"),
        ("town < 'x'", code::WRONG_TYPE, "town < 'x'", "only == and !="),
        ("kind == 'charty'", code::WRONG_TYPE, "'charty'", "did you mean 'charity'"),
        ("kind in ['youth', 'old']", code::WRONG_TYPE, "'old'", "charity, youth, women"),
        ("founded > '1403/05/01'", code::WRONG_TYPE, "founded > '1403/05/01'", "date('"),
        ("founded > date('1403/13/01')", code::WRONG_TYPE, "'1403/13/01'", "1403/05/01"),
        ("capital && foreign", code::WRONG_TYPE, "capital", "yes or no is expected"),
        ("capital / 0 > 1", code::WRONG_TYPE, "0", "zero"),
        ("charter == 'x'", code::WRONG_TYPE, "charter", "has(data.charter)"),
        ("town + 'x' == 'y'", code::WRONG_TYPE, "town", "a number is expected"),
        ("capital > 1.5e3", code::NOT_ALLOWED, "1.5e3", "write it out"),
        ("capital > 1.1234567", code::NOT_ALLOWED, "1.1234567", "at most 6 digits"),
        ("score * 1.00001 > 1", code::WRONG_TYPE, "score * 1.00001", "7 digits after the point"),
        (
            "answers.polce == 'negative'",
            code::UNKNOWN_FACT,
            "answers.polce",
            "did you mean 'police'",
        ),
        ("answers.police == 'yes'", code::WRONG_TYPE, "'yes'", "positive, negative"),
        ("answers == 'positive'", code::UNKNOWN_FACT, "answers", "answers.<name>"),
        ("police == 'positive'", code::UNKNOWN_FACT, "police", "answers.police"),
        ("capital == null", code::NOT_ALLOWED, "null", "has(data"),
        ("capital > 5 ? foreign : true", code::NOT_ALLOWED, "?", "&&"),
        ("town.matches('a+')", code::NOT_ALLOWED, "town.matches('a+')", "startsWith"),
        ("town.startWith('a')", code::NOT_ALLOWED, "town.startWith('a')", "startsWith"),
        ("[1, 2].exists(x, x > capital)", code::NOT_ALLOWED, "(", "loops"),
        ("capital in [members]", code::NOT_ALLOWED, "members", "names in a list"),
        ("capital in []", code::NOT_ALLOWED, "[]", "empty list"),
        ("town[0] == 'x'", code::NOT_ALLOWED, "town[0]", "after a name"),
        ("{'a': 1} == 1", code::NOT_ALLOWED, "", "{ }"),
        ("r'x' == town", code::NOT_ALLOWED, "r'", "plain quotes"),
        ("'''x''' == town", code::NOT_ALLOWED, "'''", "plain quotes"),
        ("has(case.returns)", code::NOT_ALLOWED, "(case", "always there"),
        ("f(capital)", code::NOT_ALLOWED, "f(capital)", "no function 'f'"),
    ];
    for (text, code, under, word) in table {
        let faults = Expression::compile(text, &schema()).expect_err(text);
        let fault = &faults[0];
        let said = format!("{} {}", fault.message, fault.help.as_deref().unwrap_or_default());
        assert_eq!(fault.code, code, "{text}: {fault:?}");
        assert!(said.contains(word), "{text}: {said}");
        let shown = &text[fault.range.clone()];
        assert!(shown.starts_with(under) || under.is_empty(), "{text}: '{shown}', not '{under}'");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let text = "capitl > 5 && kind == 'x' || town > 3";
    let faults = Expression::compile(text, &schema()).unwrap_err();
    let codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [code::UNKNOWN_FACT, code::WRONG_TYPE, code::WRONG_TYPE]);
}

#[test]
fn hostile_expressions_are_refused_on_a_small_stack() {
    let deep = |open: &str, close: &str, times| {
        format!("{}capital > 1{}", open.repeat(times), close.repeat(times))
    };
    let mut texts = vec![
        "(".repeat(900),
        "a(".repeat(400),
        "[".repeat(900),
        "{1:".repeat(300),
        "'('".repeat(300),
        "\\'(".repeat(200),
        "\"'\"(".repeat(200),
        "a?b:".repeat(200),
        "!".repeat(990),
        format!("{}1 > 0", "-".repeat(900)),
        format!("{}a", "a.".repeat(490)),
        format!("{}capital > 1", "capital > 1 && ".repeat(65)),
        format!("capital{} > 1", " + 1".repeat(240)),
        format!("capital {} 1", "< 1".repeat(240)),
        "a ".repeat(499),
        "'".repeat(999),
        "r'\\'(((((((((((((((((((((((((((((((((((('".to_owned(),
        "'''(((((((((((((((((((((('((((((((((((((((((((((((((((((((".to_owned(),
        "b\"\\\"((((((((((((((((((((((((((((((((((((((((((((((".to_owned(),
        "// (((((((((((((((((\n(((((((((((((".to_owned(),
        format!("'{}' == town", "(".repeat(500)),
        "x".repeat(2_000),
        deep("(", ")", MAX_BRACKETS + 1),
    ];
    texts.push(deep("!(", ")", MAX_BRACKETS));
    let run = move || {
        for text in texts {
            // Refused or not: it comes back.
            let _ = Expression::compile(&text, &schema());
        }
        let text = deep("(", ")", MAX_BRACKETS);
        assert!(Expression::compile(&text, &schema()).is_ok());
        let faults = Expression::compile(&deep("(", ")", MAX_BRACKETS + 1), &schema()).unwrap_err();
        assert_eq!(faults[0].code, code::TOO_COMPLEX);
        // What stands in a text is not counted.
        let text = format!("town == '{}'", "(".repeat(500));
        assert!(Expression::compile(&text, &schema()).is_ok());
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

/// What a definition is told of a condition.
#[derive(Debug, PartialEq)]
enum Told {
    Never,
    Always,
    Sometimes,
    Nothing,
}

fn told(text: &str) -> Told {
    let condition = Expression::compile(text, &schema()).unwrap();
    let (mut met, mut unmet) = (false, false);
    let complete = analysis::explore(&schema(), &[&condition], &mut { analysis::BUDGET }, |case| {
        match condition.is_met(case) {
            true => met = true,
            false => unmet = true,
        }
    });
    match (complete, met, unmet) {
        (Some(true), false, _) => Told::Never,
        (Some(true), true, false) => Told::Always,
        (Some(_), true, true) => Told::Sometimes,
        _ => Told::Nothing,
    }
}

#[test]
fn what_can_never_hold_is_found_by_bounds_choices_and_contradictions() {
    let table = [
        ("capital < 0", Told::Never),
        ("capital > 1000000", Told::Never),
        ("capital >= 1000000", Told::Sometimes),
        ("capital > 5 && capital < 6", Told::Never),
        ("capital > 5 && capital < 7", Told::Sometimes),
        ("capital * 2 == 7", Told::Never),
        ("capital - 5 > 999995", Told::Never),
        ("capital > 3 && members < capital && members > 1000000", Told::Never),
        ("capital < members && members < capital", Told::Never),
        ("capital <= members && members <= capital", Told::Sometimes),
        ("kind == 'charity' && kind == 'youth'", Told::Never),
        ("kind != 'charity' && kind != 'youth' && kind != 'women'", Told::Never),
        ("kind in ['charity', 'youth', 'women']", Told::Sometimes),
        ("kind in ['charity', 'youth', 'women'] || !has(data.kind)", Told::Always),
        ("town == 'x' && town == 'y'", Told::Never),
        ("town != 'x' && name != town && name != 'x'", Told::Sometimes),
        ("foreign && !foreign", Told::Never),
        ("foreign == local && foreign && !local", Told::Never),
        // An unfilled field makes neither true: this does not take every case.
        ("foreign || !foreign", Told::Sometimes),
        ("founded < date('1365/01/01')", Told::Never),
        ("founded < expires && expires < date('1370/01/01') && founded > expires", Told::Never),
        ("has(data.charter) && !has(data.charter)", Told::Never),
        ("has(data.charter) || !has(data.charter)", Told::Always),
        ("case.returns < 0", Told::Never),
        ("!has(data.capital) && capital > 1", Told::Never),
        ("capital >= 0", Told::Sometimes),
        ("score > 100", Told::Never),
        ("score > 99.99", Told::Sometimes),
        ("score > 5.01 && score < 5.02", Told::Never),
        ("score > 5.00 && score < 5.02", Told::Sometimes),
        ("score * 10 == 1.05", Told::Never),
        ("score >= 0 || !has(data.score)", Told::Always),
        ("weight > 5 || weight < -5", Told::Never),
        ("answers.police == 'positive' && answers.police == 'negative'", Told::Never),
        ("answers.police == 'positive' || answers.police == 'negative'", Told::Sometimes),
        // What cannot be told is not told.
        ("town.contains('a') && !town.contains('a')", Told::Nothing),
        ("capital % 2 == 3", Told::Nothing),
        ("capital * capital < 0", Told::Nothing),
    ];
    for (text, expected) in table {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn too_many_possibilities_are_not_tried() {
    let names = ["capital", "members", "data.`share-capital`", "case.returns"];
    let all: Vec<_> = names
        .iter()
        .flat_map(|name| (0..6).map(move |n| format!("{name} != {}", n * 10)))
        .collect();
    let condition = Expression::compile(&all.join(" && "), &schema()).unwrap();
    let mut visited = 0;
    let mut budget = analysis::BUDGET;
    let complete = analysis::explore(&schema(), &[&condition], &mut budget, |_| visited += 1);
    assert_eq!((complete, visited, budget), (None, 0, analysis::BUDGET));
}

/// A condition over the schema, as somebody could write it; with numbers that have a point, or as
/// far as every program that knows CEL understands it alike.
fn any_condition(points: bool) -> impl Strategy<Value = String> {
    let fine = match points {
        true => {
            vec![
                "score",
                "weight",
                "(score + weight)",
                "(score * 2)",
                "(weight / 3)",
                "0.25",
                "3.5",
            ]
        }
        false => vec!["capital"],
    };
    let number = prop_oneof![
        3 => prop_oneof![Just("capital"), Just("members"), Just("case.returns")].prop_map(str::to_owned),
        2 => (-3..12_i64).prop_map(|n| n.to_string()),
        1 => (prop_oneof![Just("capital"), Just("members")], prop_oneof![Just("+"), Just("-"), Just("*"), Just("/"), Just("%")], 1..4_i64)
            .prop_map(|(name, how, n)| format!("({name} {how} {n})")),
        1 => Just("(capital - members)".to_owned()),
        2 => prop::sample::select(fine).prop_map(str::to_owned),
        1 => Just("size(town)".to_owned()),
    ];
    let how = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let equal = prop_oneof![Just("=="), Just("!=")];
    let words = prop_oneof![Just("'x'"), Just("'xy'"), Just("town"), Just("name")];
    let kinds = prop_oneof![Just("'charity'"), Just("'youth'"), Just("'women'")];
    let atom = prop_oneof![
        4 => (number.clone(), how, number).prop_map(|(a, how, b)| format!("{a} {how} {b}")),
        2 => (words.clone(), equal.clone(), words).prop_map(|(a, how, b)| format!("{a} {how} {b}")),
        1 => prop_oneof![Just("answers.police == 'positive'"), Just("answers.police != 'negative'"), Just("has(answers.police)")].prop_map(str::to_owned),
        2 => (equal, kinds.clone()).prop_map(|(how, word)| format!("kind {how} {word}")),
        1 => (kinds.clone(), kinds).prop_map(|(a, b)| format!("kind in [{a}, {b}]")),
        1 => prop_oneof![Just("town.startsWith('x')"), Just("name.contains('y')"), Just("name.endsWith('x')")].prop_map(str::to_owned),
        1 => prop_oneof![Just("foreign"), Just("local"), Just("foreign == local"), Just("true"), Just("false")].prop_map(str::to_owned),
        1 => prop_oneof![Just("has(data.capital)"), Just("has(data.kind)"), Just("has(data.town)"), Just("has(data.foreign)")].prop_map(str::to_owned),
    ];
    atom.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

/// What a case could hold: near the constants above, and far from them.
fn any_facts() -> impl Strategy<Value = Given> {
    let number =
        |low: i64| prop_oneof![8 => low..14, 1 => Just(500_000_i64)].prop_map(Value::Number);
    let some = |value: BoxedStrategy<Value<'static>>| prop::option::weighted(0.8, value);
    let words = || prop::sample::select(vec!["x", "xy", "y", "z", "text 1"]).prop_map(Value::Text);
    let yes = || any::<bool>().prop_map(Value::YesNo);
    let kind = prop::sample::select(vec!["charity", "youth", "women"]).prop_map(Value::Text);
    let decimal =
        |range: Range<i64>, digits| range.prop_map(move |units| Value::Decimal { units, digits });
    let answer = prop::sample::select(vec!["positive", "negative"]).prop_map(Value::Text);
    (
        some(number(0).boxed()),
        some(number(-6).boxed()),
        number(0),
        some(kind.boxed()),
        (some(words().boxed()), some(words().boxed())),
        (some(yes().boxed()), some(yes().boxed())),
        (some(decimal(0..1_500, 2).boxed()), some(decimal(-50..51, 1).boxed())),
        some(answer.boxed()),
    )
        .prop_map(
            |(
                capital,
                members,
                returns,
                kind,
                (town, name),
                (foreign, local),
                (score, weight),
                police,
            )| {
                let all = [
                    ("capital", capital),
                    ("members", members),
                    ("case.returns", Some(returns)),
                    ("kind", kind),
                    ("town", town),
                    ("name", name),
                    ("foreign", foreign),
                    ("local", local),
                    ("score", score),
                    ("weight", weight),
                    ("answers.police", police),
                ];
                let given =
                    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
                Given(given.collect())
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Never does the analysis say of a condition what a value shows to be wrong; and what it shows
    /// as an example is one.
    #[test]
    fn the_analysis_agrees_with_trying(
        texts in prop::collection::vec(any_condition(true), 1..4),
        cases in prop::collection::vec(any_facts(), 60),
    ) {
        let conditions: Vec<_> =
            texts.iter().map(|text| Expression::compile(text, &schema()).unwrap()).collect();
        let all: Vec<_> = conditions.iter().collect();
        let met = |case: &dyn Fn(&Expression) -> bool| all.iter().map(|c| case(c)).collect::<Vec<_>>();
        let mut seen = BTreeSet::new();
        let complete = analysis::explore(&schema(), &all, &mut { analysis::BUDGET }, |case| {
            seen.insert(met(&|condition| condition.is_met(case)));
        });
        if complete == Some(true) {
            for case in cases {
                let found = met(&|condition| condition.is_met(&case));
                prop_assert!(seen.contains(&found), "{texts:?}: {case:?} gives {found:?}, not among {seen:?}");
            }
        }
    }

    /// A guard means what CEL says: our evaluation agrees with the interpreter of the crate.
    #[test]
    fn our_evaluation_agrees_with_the_interpreter(text in any_condition(false), case in any_facts()) {
        let ours = Expression::compile(&text, &schema()).unwrap().value(&case);
        let value = |value: &Value<'_>| match value {
            Value::Number(number) => cel::Value::from(*number),
            Value::Text(text) => cel::Value::from(*text),
            Value::YesNo(yes) => cel::Value::from(*yes),
            other => panic!("{other:?}"),
        };
        let mut context = cel::Context::default();
        let mut data = std::collections::HashMap::new();
        let mut facts = std::collections::HashMap::new();
        let mut answers = std::collections::HashMap::new();
        for (name, given) in &case.0 {
            match name.split_once('.') {
                Some(("case", fact)) => drop(facts.insert(fact.to_owned(), value(given))),
                Some((_, branch)) => drop(answers.insert(branch.to_owned(), value(given))),
                // They have no numbers that are exact after the point.
                None if matches!(given, Value::Decimal { .. }) => {}
                None => {
                    context.add_variable_from_value(name.as_str(), value(given));
                    data.insert(name.clone(), value(given));
                }
            }
        }
        context.add_variable_from_value("data", cel::Value::from(data));
        context.add_variable_from_value("case", cel::Value::from(facts));
        context.add_variable_from_value("answers", cel::Value::from(answers));
        let theirs = match cel::Program::compile(&text).unwrap().execute(&context) {
            Ok(cel::Value::Bool(value)) => Some(value),
            Ok(other) => panic!("{text}: {other:?}"),
            // What is absent is an error there.
            Err(_) => None,
        };
        prop_assert_eq!(ours, theirs, "{} with {:?}", text, case);
    }
}
