//! What only a calendar can tell.

use super::{BASE, Change, passage::office};
use crate::{
    Definition,
    document::{Problem, has_errors},
    soundness::by_calendar::code,
};

const SAME: Change = ("", "");
/// The office closed for good before the days of which the calendar tells most.
const CLOSED: Change = ("certainty", "until: 1400/12/29, certainty");

fn check(calendar: Change, changes: &[Change]) -> (String, Vec<Problem>) {
    let mut source = BASE.to_owned();
    for (from, to) in changes {
        assert!(source.contains(from), "'{from}' must stand in the base");
        source = source.replace(from, to);
    }
    let calendars = office(calendar);
    let known = |id: &crate::CalendarId| (id.as_str() == "ir").then(|| calendars.clone());
    let problems = Definition::check_by_calendar("base.yaml", &source, &known).problems;
    (source, problems)
}

/// A rule, what breaks it with the text that is pointed at, and what does not.
type Rule = (
    &'static str,
    &'static [(Change, &'static [Change], &'static str)],
    &'static [(Change, &'static [Change])],
);

const RULES: &[Rule] = &[
    (
        code::NEVER_A_DEADLINE,
        &[
            (SAME, &[("    term: 15 d\n", "    term: 60000 wd\n")], "60000 wd"),
            (SAME, &[("up_to: 3 d", "up_to: 90000 d")], "extension"),
            (
                SAME,
                &[("silence: { to: lapsed", "silence: { after: 90000 d, to: lapsed")],
                "90000 d",
            ),
            (SAME, &[("{ after: 2 d, tell", "{ after: 90000 wd, tell")], "{ after"),
            (CLOSED, &[], "60 d"),
        ],
        &[(SAME, &[]), (SAME, &[("    term: 15 d\n", "    term: 900 wd\n")])],
    ),
    (
        code::WARNING_BEFORE_START,
        &[
            // Three days and the day of their start hold at most 28 hours of working time.
            (
                SAME,
                &[(
                    "    - { warn: 2 d, tell: [owner] }\n    - { warn: 1 d, tell: [owner] }\n",
                    "    - { warn: 29 wh, tell: [owner] }\n",
                )],
                "{ warn",
            ),
            (
                SAME,
                &[("{ after: 2 d, tell: [director] }", "{ warn: 110 wh, tell: [director] }")],
                "{ warn",
            ),
        ],
        &[
            (
                SAME,
                &[(
                    "    - { warn: 2 d, tell: [owner] }\n    - { warn: 1 d, tell: [owner] }\n",
                    "    - { warn: 28 wh, tell: [owner] }\n",
                )],
            ),
            (SAME, &[("{ after: 2 d, tell: [director] }", "{ warn: 60 wh, tell: [director] }")]),
        ],
    ),
    (
        code::NO_TIME_FOR_WORK,
        &[
            // The day of the start and three more: four working days.
            (SAME, &[("    term: 3 d\n", "    term: 3 d\n    work: 29 wh\n")], "29 wh"),
            (
                SAME,
                &[(
                    "owner: agency.police, term: 20 d",
                    "owner: agency.police, term: 20 d, work: 200 wh",
                )],
                "200 wh",
            ),
        ],
        &[(SAME, &[("    term: 3 d\n", "    term: 3 d\n    work: 28 wh\n")])],
    ),
];

#[test]
fn every_rule_finds_what_breaks_it_and_nothing_else() {
    for (rule, breaks, keeps) in RULES {
        for (calendar, changes, pointed) in *breaks {
            let (source, problems) = check(*calendar, changes);
            let told: Vec<_> = problems
                .iter()
                .map(|it| format!("{} at '{}': {}", it.code, &source[it.span.clone()], it.message))
                .collect();
            let found = problems.iter().any(|problem| {
                problem.code == *rule && source[problem.span.clone()].starts_with(pointed)
            });
            assert!(found, "{rule} at '{pointed}' by {changes:?}: {told:#?}");
        }
        for (calendar, changes) in *keeps {
            let (_, problems) = check(*calendar, changes);
            let wrong: Vec<_> = problems.iter().filter(|problem| problem.code == *rule).collect();
            assert!(wrong.is_empty(), "{rule} by {changes:?}: {wrong:#?}");
        }
    }
    for code in code::ALL {
        assert!(RULES.iter().any(|(rule, ..)| *rule == code.name), "{}", code.name);
    }
}

/// Where nothing is ever open, only hours end.
#[test]
fn a_calendar_without_opening_hours_ends_no_term_but_hours() {
    let hours: &[Change] = &[
        ("    term: 3 d\n", "    term: 72 h\n"),
        (
            "    - { warn: 2 d, tell: [owner] }\n    - { warn: 1 d, tell: [owner] }\n    - { after: 0 d, tell: [owner, director] }\n    - { after: 3 d, tell: [director], reassign: director }\n",
            "    - { after: 0 h, tell: [owner, director] }\n",
        ),
        ("    extension: { times: 1, up_to: 3 d, by: director, basis: assumption }\n", ""),
    ];
    let (_, problems) = check(CLOSED, hours);
    assert!(has_errors(&problems));
    let wrong = problems.iter().find(|problem| problem.message.contains("72 h"));
    assert_eq!(wrong, None);
}

/// By a calendar, what was only added up is judged anew.
#[test]
fn a_calendar_has_the_last_word_on_what_is_too_slow() {
    let working: &[Change] = &[
        ("  term: 60 d\n", "  term: 60 wd\n"),
        ("  service_norm: 45 d\n", ""),
        ("up_to: 20 d", "up_to: 20 wd"),
        ("    term: 15 d\n", "    term: 40 d\n"),
    ];
    let (source, problems) = check(SAME, working);
    assert_eq!(problems, []);
    let added_up = Definition::check("base.yaml", &source, None).problems;
    assert_eq!(added_up.iter().map(|it| it.code).collect::<Vec<_>>(), ["too-slow"]);
}
