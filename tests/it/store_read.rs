//! The read models, over an office at work, against plain loops over the cases themselves.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use parvaneh_core::{
    Case, CaseId, Command, Fact, Given, PersonId, Place,
    decide::Possible,
    definition::Answer,
    event::{Owner, Vote},
    measure::{Judged, Tally},
    order::Reason,
    spent::Spent,
};
use parvaneh_store::{
    CasesQuery, Hands, OnTimeBy, OnTimeKey, OnTimeQuery, Request, Sort, StoreError, WorkItem,
    WorklistQuery, WorkloadBy, WorkloadQuery,
};
use sqlx::Row;

use crate::{
    store_execute::assert_sound,
    store_fixture::{Office, applicant, comment, holder, new_case, open_request, start, workflow},
};

const ACTORS: [&str; 16] = [
    "county_officer",
    "county_head",
    "secretariat",
    "security_officer",
    "specialist_deputy",
    "commission_member",
    "second_member",
    "third_member",
    "provincial_director",
    "high_commission_secretariat",
    "high_commission_member",
    "agency.police",
    "agency.judiciary",
    "agency.intelligence",
    "agency.specialist_agency",
    "an applicant",
];

/// A small generator whose numbers are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

fn command_of(possible: &Possible, dice: &mut Dice) -> Option<Command> {
    let reason = Some("because".to_owned());
    Some(match possible.clone() {
        Possible::Act { action, .. } => Command::Act {
            action,
            reason,
            citation: Some("4-7".to_owned()),
            given: Given::default(),
        },
        Possible::Claim { task } => Command::Claim { task },
        Possible::Release { task } => Command::Release { task, reason: None },
        Possible::Answer { branch } => {
            let answer = if dice.below(4) == 0 { Answer::Negative } else { Answer::Positive };
            Command::Answer { branch, answer, reason, reference: None }
        }
        Possible::Vote => Command::Vote { vote: Vote::For, reason: None },
        Possible::Suspend => Command::Suspend { reason: "flood".to_owned(), basis: None },
        Possible::Resume => Command::Resume { reason: None },
        Possible::Withdraw if dice.below(30) == 0 => Command::Withdraw { reason: None },
        Possible::Comment if dice.below(10) == 0 => comment("noted"),
        _ => return None,
    })
}

/// An office that has worked for some months, by dice: cases at every stage, late and in time.
pub(crate) async fn busy_office(seed: u64, cases: usize) -> (Office, Vec<CaseId>) {
    busy_office_watched(seed, cases, async |_| {}).await
}

/// The same, watched after everything that happens.
async fn busy_office_watched(
    seed: u64,
    cases: usize,
    mut watch: impl AsyncFnMut(&Office),
) -> (Office, Vec<CaseId>) {
    let office = Office::sandbox().await;
    let mut dice = Dice(seed);
    let mut ids = Vec::new();
    for _ in 0..cases {
        let id = new_case();
        office.store.execute(open_request(id)).await.unwrap();
        ids.push(id);
        office.advance(TimeDelta::hours(dice.below(60) as i64)).await;
        for _ in 0..dice.below(50) {
            let case = ids[dice.below(ids.len())];
            let person = holder(ACTORS[dice.below(ACTORS.len())]);
            let mut possible = office.store.possible(case, person).await.unwrap();
            // Whom to tell of a case no dice choose.
            possible.retain(|one| *one != Possible::Inform);
            if possible.is_empty() {
                continue;
            }
            let chosen = &possible[dice.below(possible.len())];
            if let Some(command) = command_of(chosen, &mut dice) {
                let request = Request::command(person, case, command);
                // Some are refused (a vote without a quorum, say): that is part of the work.
                office.store.execute(request).await.ok();
                watch(&office).await;
            }
        }
        if dice.below(3) > 0 {
            office.store.tick_due(10).await.unwrap();
            watch(&office).await;
        }
    }
    (office, ids)
}

pub(crate) async fn stored(office: &Office, ids: &[CaseId]) -> Vec<Case> {
    let mut cases = Vec::new();
    for id in ids {
        cases.push(office.store.case(*id).await.unwrap());
    }
    cases
}

#[tokio::test]
async fn on_time_figures_agree_with_the_rules() {
    let (office, ids) = busy_office(11, 60).await;
    assert_sound(&mut office.as_admin().await).await;
    let cases = stored(&office, &ids).await;
    let now = office.store.now().await.unwrap();
    let calendars = office.store.calendars(&"ir".into()).await.unwrap();
    let judged: Vec<Judged> = cases
        .iter()
        .filter_map(|case| {
            let clock = case.statutory.as_ref()?;
            let (decision, by_silence) = match &case.place {
                Place::End { decision, by_silence, .. } => (*decision, *by_silence),
                Place::Step { .. } => (false, false),
            };
            let raw_deadline = clock.ledger.raw_deadline(calendars.national()).unwrap();
            let stopped_at = clock.ledger.stopped_at;
            Some(Judged {
                stopped_at,
                deadline: clock.deadline,
                raw_deadline,
                decision,
                by_silence,
            })
        })
        .collect();
    let slices: Vec<DateTime<Utc>> =
        (0..8).map(|month| start() + TimeDelta::days(30 * month)).collect();
    let expect = |period: &std::ops::Range<DateTime<Utc>>| {
        let (mut tally, mut raw) = (Tally::default(), Tally::default());
        for one in &judged {
            one.counts(period, now).into_iter().for_each(|counts| tally.add(counts));
            one.counts_raw(period, now).into_iter().for_each(|counts| raw.add(counts));
        }
        (tally, raw)
    };
    let period = slices[0]..slices[7];
    let query = |by| OnTimeQuery { period: period.clone(), by, workflow: None, within: None };

    let whole = office.store.on_time(&query(OnTimeBy::Whole)).await.unwrap();
    assert_eq!((whole.now, whole.rows.len()), (now, 1));
    assert_eq!(whole.total(), expect(&period));
    // The dice have made something of everything that is told apart.
    let (tally, raw) = whole.total();
    assert!(tally.on_time > 0 && tally.overdue + tally.late + tally.by_silence > 0, "{tally:?}");
    assert_ne!(tally, raw);

    let months =
        office.store.on_time(&query(OnTimeBy::Slices(slices[..7].to_vec()))).await.unwrap();
    for (place, from) in slices[..7].iter().enumerate() {
        let found = months.rows.iter().find(|row| row.key == OnTimeKey::Slice(place));
        let found = found.map(|row| (row.tally, row.raw)).unwrap_or_default();
        assert_eq!(found, expect(&(*from..slices[place + 1])), "month {place}");
    }
    for (by, key) in [
        (OnTimeBy::Province, OnTimeKey::Unit(Some("23".into()))),
        (OnTimeBy::Unit, OnTimeKey::Unit(Some("2301".into()))),
        (OnTimeBy::Definition, OnTimeKey::Definition(workflow(), 1)),
    ] {
        let figures = office.store.on_time(&query(by)).await.unwrap();
        assert_eq!(figures.rows.iter().map(|row| &row.key).collect::<Vec<_>>(), [&key]);
        assert_eq!(figures.total(), whole.total());
    }
    let elsewhere = OnTimeQuery { within: Some("08".into()), ..query(OnTimeBy::Whole) };
    assert_eq!(office.store.on_time(&elsewhere).await.unwrap().rows, []);
}

#[tokio::test]
async fn escalations_are_counted_by_their_number() {
    let (office, ids) = busy_office(5, 40).await;
    let period = start() - TimeDelta::days(1)..start() + TimeDelta::days(400);
    let mut expected = BTreeMap::new();
    for id in &ids {
        let mut fired = BTreeMap::new();
        let timeline = office.store.timeline(*id).await.unwrap();
        for entry in timeline.entries {
            if let Fact::Escalated { clock, warning, number: told, .. } = entry.event.fact {
                let number = fired.entry((clock, warning)).or_insert(0);
                *number += 1;
                assert_eq!(u32::from(told), *number);
                *expected.entry((clock == 0, warning, *number)).or_insert(0) += 1;
            }
        }
    }
    let counts = office.store.escalation_counts(&period).await.unwrap();
    let counts: BTreeMap<_, _> =
        counts.iter().map(|row| ((row.statutory, row.warning, row.number), row.fired)).collect();
    assert_eq!(counts, expected);
    assert!(counts.keys().any(|(_, warning, number)| !warning && *number > 1), "{counts:?}");
    let before = start() - TimeDelta::days(9)..start() - TimeDelta::days(1);
    assert_eq!(office.store.escalation_counts(&before).await.unwrap(), []);
}

#[tokio::test]
async fn every_late_day_is_somebodys() {
    let (office, ids) = busy_office(5, 40).await;
    office.advance(TimeDelta::days(40)).await;
    office.store.tick_due(1_000).await.unwrap();
    let cases = stored(&office, &ids).await;
    let now = office.store.now().await.unwrap();
    let calendars = office.store.calendars(&"ir".into()).await.unwrap();
    let calendar = calendars.national();
    let mut expected = 0;
    for case in &cases {
        let Some(clock) = &case.statutory else { continue };
        let Some(deadline) = clock.deadline else { continue };
        let stopped = clock.ledger.stopped_at.unwrap_or(now);
        if stopped > deadline {
            let days = calendar.local_date(stopped)
                - calendar.local_date(deadline - TimeDelta::microseconds(1));
            expected += days.num_days();
        }
    }
    assert!(expected > 0);
    for by in [WorkloadBy::Step, WorkloadBy::Owner] {
        let period = start()..now + TimeDelta::days(1);
        let query = WorkloadQuery { period, by, workflow: None, within: None };
        let rows = office.store.workload(&query).await.unwrap();
        let lost: f64 = rows.iter().map(|row| row.days_lost.days()).sum();
        assert!((lost - expected as f64).abs() < 1e-6, "{lost} of {expected}");
        assert!(rows.is_sorted_by(|one, next| one.days_lost.days() >= next.days_lost.days()));
        assert!(rows.iter().any(|row| row.spent.handled > TimeDelta::zero()));
        let closed: u64 = rows.iter().map(|row| row.closed).sum();
        let counted: i64 = sqlx::query_scalar(
            "select count(*) from tasks where closed_at is not null and purpose <> 'vote'
             and outcome not in ('not_needed', 'withdrawn', 'silence_of_authority')",
        )
        .fetch_one(&mut office.as_admin().await)
        .await
        .unwrap();
        assert_eq!(closed, counted as u64);
        for row in &rows {
            assert!(row.late_in_queue <= row.late && row.late <= row.closed);
            let Spent { waited, handled, untouched, late_waiting, late_handling } = row.spent;
            assert!(late_waiting <= waited && late_handling <= handled && untouched <= handled);
        }
        let late = |of: fn(&Spent) -> TimeDelta| rows.iter().map(|row| of(&row.spent)).sum();
        let (queue, work): (TimeDelta, TimeDelta) =
            (late(|spent| spent.late_waiting), late(|spent| spent.late_handling));
        assert!(queue + work > TimeDelta::zero());
    }
}

fn acts_on(case: &Case, role: &str) -> BTreeSet<u32> {
    let tasks = case.tasks.iter().filter(|task| match &task.owner {
        Owner::Role(owner) if role.ends_with("_member") && !role.starts_with("high") => {
            owner.as_str() == "commission_member"
        }
        Owner::Role(owner) => owner.as_str() == role,
        Owner::Applicant => role == "an applicant",
    });
    tasks.map(|task| task.no).collect()
}

async fn all_pages(office: &Office, query: &WorklistQuery) -> Vec<WorkItem> {
    let mut items = Vec::new();
    let mut query = WorklistQuery { limit: 3, ..query.clone() };
    loop {
        let page = office.store.worklist(&query).await.unwrap();
        let more = page.next;
        items.extend(page.items);
        match more {
            None => {
                assert_eq!(page.total as usize, items.len());
                return items;
            }
            // As it would travel through an address.
            Some(next) => query.after = Some(next.to_string().parse().unwrap()),
        }
    }
}

#[tokio::test]
async fn a_worklist_holds_just_what_its_person_may_act_on() {
    let (office, ids) = busy_office(3, 80).await;
    let cases = stored(&office, &ids).await;
    let mut seen = 0;
    for role in ACTORS {
        let person = holder(role);
        let expected: BTreeSet<(CaseId, u32)> = cases
            .iter()
            .flat_map(|case| acts_on(case, role).into_iter().map(|no| (case.id, no)))
            .collect();
        let query = WorklistQuery::of(person);
        let items = all_pages(&office, &query).await;
        seen += items.len();
        let found: BTreeSet<_> = items.iter().map(|item| (item.case, item.task)).collect();
        assert_eq!((found.len(), &found), (items.len(), &expected), "{role}");
        let due = |item: &WorkItem| (item.due_at.is_none(), item.due_at, item.case, item.task);
        assert!(items.is_sorted_by_key(due), "{role} by deadline");

        let arrival = WorklistQuery { sort: Sort::Arrival, ..query.clone() };
        let by_arrival = all_pages(&office, &arrival).await;
        assert!(by_arrival.is_sorted_by_key(|item| (item.opened_at, item.case, item.task)));
        assert_eq!(by_arrival.len(), items.len());

        let late_minimising = WorklistQuery { sort: Sort::LateMinimising, ..query.clone() };
        let paged = all_pages(&office, &late_minimising).await;
        let whole = office.store.worklist(&late_minimising).await.unwrap();
        if whole.next.is_none() {
            let keys = |items: &[WorkItem]| -> Vec<_> {
                items.iter().map(|item| (item.case, item.task, item.reason)).collect()
            };
            assert_eq!(keys(&paged), keys(&whole.items), "{role}: its pages are its list");
        }
        let mut ordered: Vec<_> = paged.iter().map(|item| (item.case, item.task)).collect();
        ordered.sort();
        assert_eq!(ordered, expected.iter().copied().collect::<Vec<_>>(), "{role}");
        let aside = |item: &WorkItem| match item.reason {
            Reason::Suspended => 2,
            Reason::InOtherHands => 1,
            _ => 0,
        };
        assert!(paged.is_sorted_by_key(aside), "{role}: what cannot be worked on comes last");
        for item in &paged {
            let other = item.assignee.is_some_and(|holder| holder != person);
            let expected = if item.suspended { 2 } else { usize::from(other) };
            assert_eq!(aside(item), expected, "{role}: {item:?}");
        }

        let count = |keep: &dyn Fn(&&WorkItem) -> bool| items.iter().filter(keep).count();
        let narrowed = [
            (
                WorklistQuery { hands: Hands::Mine, ..query.clone() },
                count(&|item| item.assignee == Some(person)),
            ),
            (
                WorklistQuery { hands: Hands::Nobody, ..query.clone() },
                count(&|item| item.assignee.is_none()),
            ),
            (WorklistQuery { overdue: true, ..query.clone() }, count(&|item| item.overdue)),
            (
                WorklistQuery { step: Some("reception".into()), ..query.clone() },
                count(&|item| item.step.as_str() == "reception"),
            ),
            (
                WorklistQuery { within: Some("2301".into()), ..query.clone() },
                count(&|item| item.unit.as_str() == "2301"),
            ),
            (WorklistQuery { workflow: Some("other".into()), ..query.clone() }, 0),
            (WorklistQuery { text: Some("یاری".to_owned()), ..query.clone() }, items.len()),
            (WorklistQuery { text: Some("%".to_owned()), ..query.clone() }, 0),
        ];
        for (query, expected) in narrowed {
            assert_eq!(all_pages(&office, &query).await.len(), expected, "{role} {query:?}");
        }
    }
    assert!(seen > 50, "the dice have left too little open: {seen}");
    let stranger = WorklistQuery::of(holder("nobody"));
    assert_eq!(all_pages(&office, &stranger).await, []);
}

#[tokio::test]
async fn a_role_held_above_reaches_what_lies_below() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    let inspector = holder("an inspector");
    office.store.save_people(vec![(inspector, "Inspector".to_owned())]).await.unwrap();
    for (unit, reaches) in [("08", false), ("2302", false), ("23", true), ("ir", true)] {
        let grant = parvaneh_core::Grant { role: "county_officer".into(), unit: unit.into() };
        office.store.grant(vec![(inspector, grant.clone())]).await.unwrap();
        let items = all_pages(&office, &WorklistQuery::of(inspector)).await;
        assert_eq!(items.len(), usize::from(reaches), "{unit}");
        let claim = Request::command(inspector, case.id, Command::Claim { task: 1 });
        assert_eq!(office.store.execute(claim).await.is_ok(), reaches, "{unit}");
        office.store.revoke(inspector, grant).await.unwrap();
    }
}

#[tokio::test]
async fn the_stored_row_is_the_fold_at_every_prefix() {
    let mut owner = None;
    let (office, ids) = busy_office_watched(23, 8, async |office: &Office| {
        if owner.is_none() {
            owner = Some(office.as_admin().await);
        }
        assert_sound(owner.as_mut().unwrap()).await;
    })
    .await;
    let events: usize = stored(&office, &ids).await.iter().map(|case| case.seq as usize).sum();
    assert!(events > 40, "too little has happened: {events}");
}

#[tokio::test]
async fn files_and_timelines_tell_the_whole_story() {
    let (office, ids) = busy_office(7, 12).await;
    for id in &ids {
        let file = office.store.case_file(*id).await.unwrap();
        let timeline = office.store.timeline(*id).await.unwrap();
        assert_eq!(timeline.broken_at, None);
        let folded = Case::fold(timeline.entries.iter().map(|entry| &entry.event));
        assert_eq!(folded.as_ref(), Some(&file.case));
        let open = file.tasks.iter().filter(|task| task.closed_at.is_none()).count();
        assert_eq!(
            (open, file.tasks.len()),
            (file.case.tasks.len(), file.case.task_count as usize)
        );
        assert_eq!(timeline.entries[0].actor.as_deref(), Some("The applicant"));
    }
    let unknown = new_case();
    assert!(matches!(office.store.case_file(unknown).await, Err(StoreError::NoSuchCase(_))));
    assert!(matches!(office.store.timeline(unknown).await, Err(StoreError::NoSuchCase(_))));
    let open = CasesQuery { ended: Some(false), limit: 500, ..CasesQuery::default() };
    let ended = CasesQuery { ended: Some(true), limit: 500, ..CasesQuery::default() };
    let (open, ended) =
        (office.store.cases(&open).await.unwrap(), office.store.cases(&ended).await.unwrap());
    assert_eq!(open.len() + ended.len(), ids.len());
    let first = CasesQuery { limit: 5, ..CasesQuery::default() };
    let first = office.store.cases(&first).await.unwrap();
    let then = CasesQuery { before: first.last().map(|row| row.case), ..CasesQuery::default() };
    assert_eq!(office.store.cases(&then).await.unwrap().len(), ids.len() - 5);
}

#[tokio::test]
async fn a_broken_timeline_is_told() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    for text in ["one", "two", "three"] {
        office.does("county_head", case.id, comment(text)).await.unwrap();
    }
    // The superuser can do what neither the application nor a slip of the owner can.
    let mut admin = office.as_admin().await;
    let tampered = [
        ("update case_events set body = replace(body::text, 'two', 'owt')::json where seq = 3", 3),
        ("delete from case_events where seq = 2", 2),
        ("delete from case_events where seq = 4", 4),
    ];
    sqlx::raw_sql("create table kept as select * from case_events")
        .execute(&mut admin)
        .await
        .unwrap();
    for (tampering, broken_at) in tampered {
        sqlx::raw_sql("set session_replication_role = replica").execute(&mut admin).await.unwrap();
        sqlx::raw_sql(tampering).execute(&mut admin).await.unwrap();
        let timeline = office.store.timeline(case.id).await.unwrap();
        assert_eq!(timeline.broken_at, Some(broken_at), "{tampering}");
        sqlx::raw_sql("delete from case_events; insert into case_events select * from kept")
            .execute(&mut admin)
            .await
            .unwrap();
        assert_eq!(office.store.timeline(case.id).await.unwrap().broken_at, None);
    }
}

#[tokio::test]
async fn everybody_who_is_told_gets_one_notice_for_an_event() {
    let office = Office::sandbox().await;
    let second = holder("a second head");
    office.store.save_people(vec![(second, "Second".to_owned())]).await.unwrap();
    let head = parvaneh_core::Grant { role: "county_head".into(), unit: "2301".into() };
    office.store.grant(vec![(second, head.clone())]).await.unwrap();
    let cases: Vec<_> = [office.opened().await.id, office.opened().await.id].into();
    office.advance(TimeDelta::days(6)).await;
    office.store.tick_due(10).await.unwrap();

    // Two workers at once, in small bites.
    let other = office.another().await;
    let (mut notices, mut addressees) = (0, 0);
    loop {
        let (one, two) = tokio::join!(office.store.deliver_outbox(1), other.deliver_outbox(2));
        let (one, two) = (one.unwrap(), two.unwrap());
        notices += one.notices + two.notices;
        addressees += one.addressees + two.addressees;
        if one.addressees + two.addressees == 0 {
            break;
        }
    }
    // A warning to the officer; a breach to the officer and to both heads.
    let mut owner = office.as_admin().await;
    let (expected, reached): (i64, i64) =
        sqlx::query_as("select count(*), sum(reached) from outbox")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!((addressees, notices), (expected as u64, reached as u64));
    let mut by_person: BTreeMap<PersonId, usize> = BTreeMap::new();
    let rows = sqlx::query("select person, case_id, seq from notices").fetch_all(&mut owner).await;
    for row in rows.unwrap() {
        *by_person.entry(PersonId(row.get(0))).or_default() += 1;
    }
    assert_eq!(by_person[&holder("county_officer")], 2 * cases.len());
    assert_eq!((by_person[&holder("county_head")], by_person[&second]), (cases.len(), cases.len()));

    let mine = office.store.notices(second, true, 10).await.unwrap();
    assert_eq!(mine.len(), 2);
    assert!(mine.iter().all(|notice| notice.kind == "escalation"));
    let now = office.store.now().await.unwrap();
    assert_eq!(office.store.mark_notices_read(second, now, None).await.unwrap(), 2);
    assert_eq!(office.store.notices(second, true, 10).await.unwrap(), []);
    assert_eq!(office.store.notices(second, false, 10).await.unwrap().len(), 2);

    // Nobody holds the role at the unit: whoever holds it above is told; nobody at all is visible.
    for person in [second, holder("county_head")] {
        office.store.revoke(person, head.clone()).await.unwrap();
    }
    let above = parvaneh_core::Grant { role: "county_head".into(), unit: "23".into() };
    office.store.grant(vec![(second, above.clone())]).await.unwrap();
    let third = office.opened().await.id;
    office.advance(TimeDelta::days(6)).await;
    office.store.tick_due(10).await.unwrap();
    assert_eq!(office.store.deliver_outbox(100).await.unwrap().reached_nobody, 0);
    let mine = office.store.notices(second, true, 10).await.unwrap();
    assert!(mine.iter().any(|notice| notice.case == third), "{mine:?}");
    office.store.revoke(second, above).await.unwrap();
    office.opened().await;
    office.advance(TimeDelta::days(6)).await;
    office.store.tick_due(10).await.unwrap();
    assert!(office.store.deliver_outbox(100).await.unwrap().reached_nobody > 0);
    assert_eq!(applicant(), holder("an applicant"));
}
