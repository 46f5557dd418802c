#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chrono::NaiveDate;

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
    ])
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
        ("capital > 1.5", code::NOT_ALLOWED, "1.5", "whole numbers"),
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
