//! The longest way against the statutory term, and how many returns fit.

use super::{BASE, Change, changed};
use crate::{
    CalendarSource, Calendars, Definition,
    soundness::{MOST_RETURNS, Passage, Return},
};

/// Saturday to Wednesday, seven hours a day; nothing is closed.
const OFFICE: &str = "\
calendar: ir
title: { fa: تقویم, en: Calendar }
zone: Asia/Tehran
day_ends: close_of_business
published: { from: 1402/01/01, until: 1405/12/29 }
hours:
  - { name: { fa: اداری, en: Office }, week: { sat-wed: 07:30-14:30 }, certainty: assumption }
";

pub(super) fn office(change: Change) -> Calendars {
    let source = OFFICE.replace(change.0, change.1);
    let source = CalendarSource::parse("ir.yaml", &source);
    Calendars::compile(source.unwrap_or_else(|problems| panic!("{problems:#?}")))
}

fn passage(source: &str, calendars: Option<&Calendars>) -> Passage {
    let definition = Definition::parse("base.yaml", source).expect("sound");
    Passage::of(&definition, calendars.map(Calendars::national)).expect("a way")
}

/// `reception>correction 3/1`: usual and worst.
fn told(returns: &[Return]) -> String {
    let fits = |fits: Option<u32>| fits.map_or("-".to_owned(), |fits| fits.to_string());
    let told = returns
        .iter()
        .map(|it| format!("{}>{} {}/{}", it.by, it.to, fits(it.fits.usual), fits(it.fits.worst)));
    told.collect::<Vec<_>>().join(", ")
}

fn steps(passage: &Passage) -> String {
    let step = |stretch: &super::Stretch| match stretch.counts {
        true => format!("{} {}", stretch.step, stretch.term),
        false => format!("({} {})", stretch.step, stretch.term),
    };
    passage.way.iter().map(step).collect::<Vec<_>>().join(", ")
}

#[test]
fn without_a_calendar_days_are_added_up() {
    let passage = passage(BASE, None);
    assert_eq!(steps(&passage), "reception 3 d, inquiries 20 d, commission 15 d");
    assert_eq!((passage.days.usual, passage.term_days.usual), (38, 60));
    // 22 days are left: seven more receptions, but not another 38 from the commission on.
    assert_eq!(told(&passage.returns), "reception>correction 7/7, commission>correction 0/0");
    let round = |it: &Return| it.round.iter().map(|it| it.step.to_string()).collect::<Vec<_>>();
    assert_eq!(round(&passage.returns[0]), ["correction", "reception"]);
    assert_eq!(round(&passage.returns[1]), ["correction", "reception", "inquiries", "commission"]);
}

#[test]
fn the_terms_of_correction_count_where_the_clock_runs() {
    let runs = changed(("statutory_clock: suspended", "statutory_clock: runs"));
    let passage = passage(&runs, None);
    // Somebody who does not mend what is wrong lets the case lapse: after 3 + 20 + 15 + 30 days.
    assert_eq!(passage.days.usual, 68);
    assert_eq!(told(&passage.returns), "reception>correction -/-, commission>correction -/-");
    let short = runs.replace("    term: 30 d\n", "    term: 7 d\n");
    let passage = self::passage(&short, None);
    assert_eq!((passage.days.usual, passage.in_time.worst), (45, true));
    assert_eq!(told(&passage.returns), "reception>correction 1/1, commission>correction 0/0");
}

#[test]
fn a_return_that_costs_no_day_fits_as_often_as_is_tried() {
    let source = changed(("    term: 3 d\n", "    term: 3 d\n    statutory_clock: suspended\n"));
    let returns = passage(&source, None).returns;
    assert_eq!(returns[0].fits.usual, Some(MOST_RETURNS));
}

/// By the calendar a deadline that falls on a day off rolls on, and working days take longer than
/// days.
#[test]
fn by_a_calendar_the_way_is_walked_from_every_working_day() {
    let office = office(("", ""));
    let by_days = passage(BASE, Some(&office));
    // Begun on Saturday to Wednesday, 3, 20 and 15 days, each rolled on to Saturday where it ends on
    // Thursday or Friday, take 38, 38, 41, 40 and 39; 60 days take 60, 62, 61, 60 and 60.
    assert_eq!((by_days.days.usual, by_days.days.worst), (39, 41));
    assert_eq!((by_days.term_days.usual, by_days.term_days.worst), (60, 60));
    assert!(by_days.in_time.worst);
    assert_eq!(by_days.calendar, Some("ir".into()));

    // 60 working days of five in a week are twelve weeks: nothing is too slow that takes 80 days.
    let working = changed(("  term: 60 d\n", "  term: 60 wd\n"));
    let working =
        working.replace("  service_norm: 45 d\n", "").replace("up_to: 20 d", "up_to: 20 wd");
    let working = working.replace("    term: 15 d\n", "    term: 52 d\n");
    let summed = passage(&working, None);
    assert!(!summed.in_time.usual, "75 of 60 days, added up");
    let walked = passage(&working, Some(&office));
    assert_eq!((walked.term_days.usual, walked.in_time.worst), (84, true));
}

#[test]
fn the_longest_way_does_not_hang_on_the_order_of_the_file() {
    // From s0 to s1 and s2, which lead to each other; s1 leads on to s3, which is long.
    let step = |name: &str, days: u32, to: &[&str]| {
        let actions = to.iter().map(|to| {
            format!("{to}x: {{ title: {{ fa: ب, en: go }}, to: {to}, needs: citation }}")
        });
        let actions = actions.collect::<Vec<_>>().join(", ");
        format!(
            "  {name}: {{ title: {{ fa: گ, en: s }}, owner: officer, term: {days} d, \
             basis: assumption, actions: {{ {actions} }} }}\n"
        )
    };
    for (first, second) in [("s1", "s2"), ("s2", "s1")] {
        let steps = [
            step("s0", 1, &[first, second]),
            step("s1", 2, &["s2", "s3"]),
            step("s2", 4, &["s1", "reception"]),
            step("s3", 8, &["reception"]),
        ];
        let source = BASE.replace("steps:\n", &format!("steps:\n{}", steps.concat()));
        assert_eq!(passage(&source, None).days.usual, 1 + 2 + 4 + 8 + 38, "{first} first");
    }
}

#[test]
fn days_before_the_statutory_clock_starts_do_not_count() {
    let source = changed(("starts: opened", "starts: { entering: inquiries }"));
    let passage = passage(&source, None);
    assert_eq!(steps(&passage), "inquiries 20 d, commission 15 d");
    // What is done again after it has started does: 25 days are left, 38 are needed.
    assert_eq!(told(&passage.returns), "reception>correction 8/8, commission>correction 0/0");
}
