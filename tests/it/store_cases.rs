//! Lists of cases, over an office at work, against plain loops over the cases themselves.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use parvaneh_core::{
    Case, CaseId, Place,
    event::Owner,
    measure::{Counts, Judged as Judging},
    reach::{Jurisdiction, Reach},
};
use parvaneh_store::{CaseOrder, CasesQuery, HeldBy, Judged, OpenTask};

use crate::{
    store_fixture::{Office, PROVINCE, applicant, holder, start, workflow},
    store_read::{busy_office, stored},
};

/// Every page of a list, in small bites; each row stands where the order says.
async fn all_pages(office: &Office, query: &CasesQuery) -> Vec<CaseId> {
    let mut query = CasesQuery { limit: 7, ..query.clone() };
    let mut found = Vec::new();
    loop {
        let rows = office.store.cases(&query).await.unwrap();
        let Some(last) = rows.last() else { break };
        query.before = Some(last.case);
        query.before_at = last.place_in(query.order);
        let full = rows.len() == 7;
        found.extend(rows.into_iter().map(|row| row.case));
        if !full {
            break;
        }
    }
    let count = office.store.count_cases(&query, 1_000).await.unwrap();
    assert_eq!(count as usize, found.len(), "{query:?}");
    let once: BTreeSet<_> = found.iter().collect();
    assert_eq!(once.len(), found.len(), "none twice");
    found
}

fn deadline(case: &Case) -> Option<DateTime<Utc>> {
    case.statutory.as_ref().and_then(|clock| clock.deadline)
}

fn ended(case: &Case) -> Option<DateTime<Utc>> {
    match &case.place {
        Place::End { at, .. } => Some(*at),
        Place::Step { .. } => None,
    }
}

fn late(case: &Case, now: DateTime<Utc>) -> bool {
    !case.is_ended() && deadline(case).is_some_and(|deadline| deadline < now)
}

#[tokio::test]
async fn a_list_of_cases_holds_what_it_is_asked_for_and_nothing_else() {
    let (office, ids) = busy_office(5, 70).await;
    let cases = stored(&office, &ids).await;
    let now = office.store.now().await.unwrap();
    let calendars = office.store.calendars(&"ir".into()).await.unwrap();
    let within =
        |from: i64, to: i64| start() + TimeDelta::days(from)..start() + TimeDelta::days(to);
    let counted = |case: &Case, how: &[Counts], raw: bool, period: &std::ops::Range<_>| {
        let Some(clock) = &case.statutory else { return false };
        let (decision, by_silence) = match &case.place {
            Place::End { decision, by_silence, .. } => (*decision, *by_silence),
            Place::Step { .. } => (false, false),
        };
        let judging = Judging {
            stopped_at: clock.ledger.stopped_at,
            deadline: clock.deadline,
            raw_deadline: clock.ledger.raw_deadline(calendars.national()).unwrap(),
            decision,
            by_silence,
        };
        let counts =
            if raw { judging.counts_raw(period, now) } else { judging.counts(period, now) };
        counts.is_some_and(|counts| how.contains(&counts))
    };
    let officer = holder("county_officer");
    let someone = cases.iter().find(|case| !case.is_ended()).unwrap();
    let code = someone.id.0.simple().to_string()[20..].to_owned();
    let any = CasesQuery::default;
    let everything =
        [Counts::OnTime, Counts::Late, Counts::BySilence, Counts::GivenUpLate, Counts::Overdue];
    type Keeps<'a> = Box<dyn Fn(&Case) -> bool + 'a>;
    let mut asked: Vec<(&str, CasesQuery, Keeps)> = vec![
        ("all", any(), Box::new(|_| true)),
        ("open", CasesQuery { ended: Some(false), ..any() }, Box::new(|case| !case.is_ended())),
        ("late", CasesQuery { overdue: true, ..any() }, Box::new(|case| late(case, now))),
        (
            "held",
            CasesQuery { held: true, ..any() },
            Box::new(|case| !case.is_ended() && deadline(case).is_none()),
        ),
        (
            "due",
            CasesQuery { due: Some(now..now + TimeDelta::days(20)), ..any() },
            Box::new(|case| {
                let soon = now..now + TimeDelta::days(20);
                !case.is_ended() && deadline(case).is_some_and(|at| soon.contains(&at))
            }),
        ),
        (
            "received",
            CasesQuery { received: Some(within(10, 40)), ..any() },
            Box::new(|case| within(10, 40).contains(&case.opened_at)),
        ),
        (
            "ended in",
            CasesQuery { ended_in: Some(within(20, 80)), ..any() },
            Box::new(|case| ended(case).is_some_and(|at| within(20, 80).contains(&at))),
        ),
        (
            "with the applicant",
            CasesQuery {
                task: OpenTask { owner: Some(HeldBy::Applicant), ..OpenTask::default() },
                ..any()
            },
            Box::new(|case| case.tasks.iter().any(|task| task.owner == Owner::Applicant)),
        ),
        (
            "in hand",
            CasesQuery {
                task: OpenTask { official: Some(officer), ..OpenTask::default() },
                ..any()
            },
            Box::new(|case| case.tasks.iter().any(|task| task.assignee == Some(officer))),
        ),
        (
            "waiting, late",
            CasesQuery {
                task: OpenTask {
                    owner: Some(HeldBy::Role("county_officer".into())),
                    untaken: true,
                    late: true,
                    ..OpenTask::default()
                },
                ..any()
            },
            Box::new(|case| {
                case.tasks.iter().any(|task| {
                    let past = task.clock.as_ref().and_then(|clock| clock.deadline);
                    task.owner == Owner::Role("county_officer".into())
                        && task.assignee.is_none()
                        && past.is_some_and(|at| at < now)
                })
            }),
        ),
        (
            "a code",
            CasesQuery { text: Some(code.to_uppercase()), ..any() },
            Box::new(|case| case.id == someone.id),
        ),
        (
            "an applicant",
            CasesQuery { text: Some("the Applicant".to_owned()), ..any() },
            Box::new(|_| true),
        ),
        ("a subject", CasesQuery { text: Some("ياري".to_owned()), ..any() }, Box::new(|_| true)),
        ("no subject", CasesQuery { text: Some("100%".to_owned()), ..any() }, Box::new(|_| false)),
    ];
    for raw in [false, true] {
        for how in everything.iter().map(|one| vec![*one]).chain([everything.to_vec()]) {
            let period = within(10, 90);
            let judged = Judged { period: period.clone(), raw, how: how.clone() };
            asked.push((
                "judged",
                CasesQuery { judged: Some(judged), ..any() },
                Box::new(move |case| counted(case, &how, raw, &period)),
            ));
        }
    }
    let mut told = 0;
    let reach = |workflow_of: Option<_>, unit: &str| Reach {
        jurisdictions: vec![Jurisdiction { workflow: workflow_of, unit: unit.into() }],
        ..Reach::default()
    };
    let readers = [
        (None, true),
        (Some(reach(None, "ir")), true),
        (Some(reach(None, PROVINCE)), true),
        (Some(reach(Some(workflow()), PROVINCE)), true),
        (Some(reach(Some("another".into()), PROVINCE)), false),
        (Some(reach(None, "08")), false),
        // His own, and once though he works there as well.
        (Some(Reach { accounts: vec![applicant()], ..Reach::default() }), true),
        (Some(Reach { accounts: vec![applicant()], ..reach(None, "ir") }), true),
    ];
    for (reader, sees) in readers {
        for (name, query, keeps) in &asked {
            let expected = |open: Option<bool>| -> BTreeSet<CaseId> {
                let seen = cases.iter().filter(|_| sees).filter(|case| keeps(case));
                let seen = seen.filter(|case| open.is_none_or(|open| case.is_ended() != open));
                seen.map(|case| case.id).collect()
            };
            for (order, open) in [
                (CaseOrder::Latest, None),
                (CaseOrder::Oldest, None),
                (CaseOrder::Deadline, Some(true)),
                (CaseOrder::Ended, Some(false)),
            ] {
                let query = CasesQuery { reach: reader.clone(), order, ..query.clone() };
                let found = all_pages(&office, &query).await;
                let by_id: BTreeSet<_> = found.iter().copied().collect();
                assert_eq!(by_id, expected(open), "{name}: {query:?}");
                told += found.len();
                let case = |id: &CaseId| cases.iter().find(|case| case.id == *id).unwrap();
                match order {
                    CaseOrder::Latest => assert!(found.is_sorted_by(|one, next| one > next)),
                    CaseOrder::Oldest => assert!(found.is_sorted()),
                    CaseOrder::Deadline => assert!(found.is_sorted_by_key(|id| {
                        (deadline(case(id)).is_none(), deadline(case(id)), *id)
                    })),
                    CaseOrder::Ended => assert!(found.is_sorted_by(|one, next| {
                        (ended(case(one)), *one) > (ended(case(next)), *next)
                    })),
                }
            }
        }
    }
    assert!(told > 5_000, "the dice have left too little to find: {told}");
}

#[tokio::test]
async fn a_unit_is_asked_for_with_what_is_below_it_or_alone() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    for (unit, alone, found) in [
        ("ir", false, true),
        (PROVINCE, false, true),
        (PROVINCE, true, false),
        (case.unit.as_str(), true, true),
        ("08", false, false),
        ("no such unit", false, false),
    ] {
        let query =
            CasesQuery { within: Some(unit.into()), unit_alone: alone, ..CasesQuery::default() };
        assert_eq!(all_pages(&office, &query).await.len(), usize::from(found), "{unit} {alone}");
    }
}
