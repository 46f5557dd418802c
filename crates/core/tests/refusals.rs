//! Every code of a refusal occurs here, and every refusal says why, where and what is possible.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashSet;

use parvaneh_core::{
    Actor, Calendars, Caller, Command, Definition, Given, Open, RefusalCode,
    decide::possible,
    definition::{Guard, StepKind, Text},
    delegation::Absence,
    event::Vote,
    expression::{Expression, Schema},
    form::{DocumentKind, Field, FieldKind, FileReference, Form, HandedIn, Required},
    open,
    sitting::SittingState,
};
use support::{
    applicant, at, compiled, date, lent,
    live::World,
    office_hours, person, register,
    stage::{
        Stage, act, act_with, answer, application, board, circle, comment, extend, head, licence,
        member, officer, one, planned, police, put_on, recuse, release, resume, suspend, take_off,
        vote, withdraw,
    },
};

/// Every refusal but those of an opening: a stage, who asks, and for what.
fn refusals() -> Vec<(RefusalCode, Stage, Actor, Command)> {
    use RefusalCode::*;
    let new = Stage::new;
    let stranger = || Actor::new(person(2), vec![]);
    let claim = |task| Command::Claim { task };
    let voted = || {
        let stage = new().sitting().then(&member(1), vote(Vote::For));
        stage.then(&member(2), vote(Vote::For))
    };
    let guarded = |definition: &mut Definition| {
        let condition = Expression::compile("case.returns > 0", &Schema::default()).unwrap();
        definition.steps["intake"].actions["accept"].guard =
            Some(Guard { condition, otherwise: None });
    };
    // No sound definition has a step that leads nowhere.
    let astray = |definition: &mut Definition| {
        definition.steps["asked"].kind = StepKind::Automatic(Vec::new());
    };
    let silent = |definition: &mut Definition| definition.statutory.silence = None;
    let short = || {
        let (from, until) = (date("2025-01-01"), date("2025-03-04"));
        Calendars::compile_between(office_hours(), from, until)
    };
    let calendar = || compiled(office_hours());
    let with_form = || {
        let form = |definition: &mut Definition| {
            let title = Text { fa: "مساحت".to_owned(), en: "Area".to_owned() };
            let kind = FieldKind::Number { min: None, max: None, decimals: 0 };
            let area =
                Field { title, kind, required: Required::Always, computed: None, personal: false };
            let fields = [("area".into(), area)].into_iter().collect();
            definition.forms.insert("visit".into(), Form { fields });
            definition.steps["intake"].form = Some("visit".into());
        };
        Stage::with(form, compiled(office_hours()))
    };
    let with_papers = || {
        let papers = |definition: &mut Definition| {
            let title = Text { fa: "گواهی".to_owned(), en: "Certificate".to_owned() };
            let kind = DocumentKind {
                title,
                verified_by: Some("officer".into()),
                valid_for: Some("30 d".parse().unwrap()),
                copies: 1,
                types: Vec::new(),
                longest: None,
                times: None,
            };
            let free = DocumentKind { verified_by: None, valid_for: None, ..kind.clone() };
            definition.documents.insert("record".into(), kind);
            definition.documents.insert("photo".into(), free);
            definition.steps["intake"].documents.insert("record".into(), true);
        };
        Stage::with(papers, compiled(office_hours()))
    };
    let attach = |document: &str, issued: Option<&str>| Command::AttachDocument {
        document: document.into(),
        paper: HandedIn {
            file: FileReference {
                name: "a.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                size: 1,
                sha256: "0".repeat(64),
            },
            issued: issued.map(str::to_owned),
            copies: 1,
        },
    };
    let verify = |document: &str, good| Command::VerifyDocument {
        document: document.into(),
        good,
        reason: None,
    };
    let handed_in = || with_papers().then(&applicant(), attach("record", Some("2025-02-01")));
    let fill = |value: &str| Command::Fill { given: Given::default().with("area", value) };
    let monday = || planned(1, "2025-02-10 09:00", "2025-02-05 14:30", 2);
    let sitting = || Stage::sitting_in(vec![monday()]);
    let cancelled = || SittingState::Cancelled { reason: "no heating".to_owned() };
    let in_sitting = || {
        let stage = sitting().then(&board(), put_on(1)).on("2025-02-10 09:00");
        stage.then(&member(1), vote(Vote::For)).then(&member(2), vote(Vote::For))
    };
    let blank = Command::Suspend { reason: " ".to_owned(), basis: None };
    vec![
        (NotPermitted, new(), stranger(), act("accept")),
        (NotPermitted, new(), head(), act("accept")),
        (NotPermitted, new(), officer(), suspend()),
        (NotPermitted, new(), officer(), Command::Tick),
        (NotPermitted, new(), stranger(), comment("hello")),
        (NotPermitted, new(), stranger(), withdraw()),
        (OutOfJurisdiction, new(), one(11, "officer", "2302"), act("accept")),
        (OutOfJurisdiction, new(), one(11, "officer", "0801"), comment("hello")),
        (OutOfJurisdiction, new(), one(21, "head", "0801"), suspend()),
        (OutOfJurisdiction, new().asked(), one(31, "board", "08"), extend(3, "1 d")),
        (GuardNotMet, Stage::with(guarded, calendar()), officer(), act("accept")),
        (NoWayOn, Stage::with(astray, calendar()), officer(), act("accept")),
        (CaseEnded, new().then(&applicant(), withdraw()), officer(), act("accept")),
        (CaseEnded, new().then(&applicant(), withdraw()), head(), resume()),
        (Suspended, new().then(&head(), suspend()), officer(), act("accept")),
        (Suspended, new().then(&head(), suspend()), head(), suspend()),
        (Suspended, new().sitting().then(&head(), suspend()), member(1), vote(Vote::For)),
        (FormInvalid, with_form(), officer(), act("accept")),
        (FormInvalid, with_form(), officer(), fill("wide")),
        (DocumentsLacking, with_papers(), officer(), act("accept")),
        (DocumentsLacking, handed_in(), officer(), act("accept")),
        (DocumentInvalid, with_papers(), applicant(), attach("record", None)),
        (DocumentInvalid, with_papers(), officer(), attach("record", Some("2024-12-31"))),
        (DocumentInvalid, with_papers(), officer(), attach("record", Some("2025-02-02"))),
        (UnknownDocument, with_papers(), officer(), attach("recrd", None)),
        (NotPermitted, with_papers(), stranger(), attach("photo", None)),
        (NotVerifiable, with_papers(), officer(), verify("photo", true)),
        (NotHandedIn, with_papers(), officer(), verify("record", true)),
        (NotPermitted, handed_in(), applicant(), verify("record", true)),
        (ReasonNeeded, handed_in(), officer(), verify("record", false)),
        (NoForm, new(), officer(), fill("7")),
        (NothingGiven, with_form(), officer(), Command::Fill { given: Given::default() }),
        (NotPermitted, with_form(), applicant(), fill("7")),
        (NotSuspended, new(), head(), resume()),
        (
            NothingToSuspend,
            Stage::with(silent, calendar()).on("2025-03-10 10:00"),
            head(),
            suspend(),
        ),
        (UnknownAction, new(), officer(), act("fly")),
        (UnknownAction, new().asked(), officer(), act("accept")),
        (UnknownTask, new(), officer(), claim(7)),
        (WrongTask, new().then(&officer(), act("return")), applicant(), claim(2)),
        (WrongTask, new().sitting(), member(1), claim(5)),
        (TaskTaken, new().then(&officer(), claim(1)), one(11, "officer", "2301"), claim(1)),
        (TaskTaken, new().then(&officer(), claim(1)), one(11, "officer", "ir"), act("accept")),
        (TaskNotTaken, new(), officer(), Command::Release { task: 1, reason: None }),
        (
            AssigneeNotEligible,
            new(),
            head(),
            Command::Assign { task: 1, to: person(11), reason: None, urgency: None },
        ),
        (
            FourEyes,
            Stage::with(
                |definition| definition.steps["sitting"].not_by.steps.push("asked".into()),
                calendar(),
            )
            .sitting(),
            Actor { natural: police().natural, ..board() },
            act("approved"),
        ),
        (NoDelegation, new(), Actor { on_behalf_of: Some(person(77)), ..officer() }, act("accept")),
        (
            AlreadyVoted,
            voted(),
            Actor {
                lent: vec![lent(7, &member(4))],
                on_behalf_of: Some(member(4).person),
                ..member(2)
            },
            vote(Vote::For),
        ),
        (UnknownInquiry, new(), police(), answer("police")),
        (UnknownInquiry, new().asked(), police(), answer("fire")),
        (
            UnknownInquiry,
            new().asked().then(&police(), answer("police")),
            police(),
            answer("police"),
        ),
        (NoCommission, new(), member(1), vote(Vote::For)),
        (SeatsTaken, voted().then(&member(3), vote(Vote::Abstain)), member(4), vote(Vote::For)),
        (QuorumMissing, new().sitting(), board(), act("approved")),
        (
            QuorumMissing,
            new().sitting().then(&member(1), vote(Vote::For)),
            board(),
            act("approved"),
        ),
        (MajorityMissing, voted(), board(), act_with("rejected", "no need", "4")),
        (MajorityMissing, voted().then(&member(1), vote(Vote::Against)), board(), act("approved")),
        (NoCommission, new().sitting(), board(), put_on(1)),
        (NoCommission, new(), member(1), recuse(None)),
        (AssigneeNotEligible, new().sitting(), board(), recuse(Some(&officer()))),
        (MemberRecused, new().sitting().then(&member(1), recuse(None)), member(1), vote(Vote::For)),
        (UnknownSitting, sitting(), board(), put_on(9)),
        (SittingOver, sitting().after(|all| all[0].state = cancelled()), board(), put_on(1)),
        (AgendaClosed, sitting().on("2025-02-05 14:31"), board(), put_on(1)),
        (SittingFull, sitting().after(|all| all[0].taken = 2), board(), put_on(1)),
        (NotOnAgenda, sitting(), board(), take_off()),
        (NotOnAgenda, sitting().on("2025-02-10 10:00"), member(1), vote(Vote::For)),
        (SittingAhead, sitting().then(&board(), put_on(1)), member(1), vote(Vote::For)),
        (MinutesMissing, in_sitting(), board(), act("approved")),
        (NotPermitted, sitting(), member(1), put_on(1)),
        (ReasonNeeded, new(), officer(), act_with("refuse", "  ", "4")),
        (ReasonNeeded, new(), head(), blank),
        (CitationNeeded, new(), officer(), act_with("refuse", "a reason", "")),
        (TextInvalid, new(), officer(), comment(" \n")),
        (TextInvalid, new(), officer(), comment("a\0b")),
        (TextInvalid, new(), officer(), comment(&"ب".repeat(4_001))),
        (UnknownClock, new(), board(), extend(9, "1 d")),
        (UnknownClock, new().sitting(), board(), extend(5, "1 d")),
        (NoExtension, new(), board(), extend(1, "1 wd")),
        (ExtensionsUsed, new().then(&board(), extend(0, "1 d")), board(), extend(0, "1 d")),
        (ExtensionTooLong, new(), board(), extend(0, "6 d")),
        (ExtensionTooLong, new(), board(), extend(0, "0 d")),
        (ExtensionUnit, new(), board(), extend(0, "1 wd")),
        (DeadlinePassed, new().held(), board(), extend(0, "1 d")),
        (
            NoWithdrawal,
            Stage::with(|definition| drop(definition.ends.shift_remove("withdrawn")), calendar()),
            applicant(),
            withdraw(),
        ),
        (NothingHeld, new(), head(), release(true)),
        (NothingHeld, new().held().then(&head(), release(false)), head(), release(true)),
        (
            NoDeadline,
            Stage::with(|_| {}, short()).on("2025-02-02 10:00"),
            board(),
            extend(0, "5 d"),
        ),
        (NoDeadline, Stage::with(|_| {}, short()).on("2025-02-03 10:00"), officer(), act("accept")),
        (CatchingUp, Stage::with(circle, calendar()).on("2025-02-10 10:00"), officer(), claim(1)),
        (
            WrongDefinition,
            Stage::with(|definition| definition.version = 2, calendar()),
            officer(),
            claim(1),
        ),
    ]
}

/// Every refusal of an opening.
fn refused_openings() -> Vec<(RefusalCode, Actor, Open)> {
    use RefusalCode::*;
    let unit = |unit: &str| Open { unit: unit.into(), ..application() };
    let received = |when: &str, reason: Option<&str>| Open {
        received_at: Some(at(when)),
        reason: reason.map(str::to_owned),
        ..application()
    };
    let yesterday = "2025-01-31 10:00";
    vec![
        (WrongUnit, applicant(), unit("23")),
        (WrongUnit, applicant(), unit("9999")),
        (NotPermitted, head(), application()),
        (NotPermitted, applicant(), received(yesterday, Some("post"))),
        (OutOfJurisdiction, one(11, "officer", "0801"), application()),
        (ReasonNeeded, officer(), received(yesterday, None)),
        (ReceivedInFuture, officer(), received("2025-02-01 10:01", Some("post"))),
        (TextInvalid, applicant(), Open { subject: " ".to_owned(), ..application() }),
        (
            FormInvalid,
            applicant(),
            Open { given: Given::default().with("area", 7), ..application() },
        ),
        (NoDeadline, officer(), received("2023-12-30 10:00", Some("an old paper"))),
    ]
}

#[test]
fn every_refusal_says_why_where_and_what_is_possible() {
    let mut seen = HashSet::new();
    for (place, (code, mut stage, who, command)) in refusals().into_iter().enumerate() {
        if code == RefusalCode::WrongDefinition {
            stage.case.version = 1;
        }
        let refusal = stage.ask(&who, &command).expect_err(&format!("row {place}: {code}"));
        assert_eq!(refusal.code, code, "row {place}: {refusal}");
        assert!(refusal.reason.len() > 10, "row {place}: {refusal}");
        assert_eq!(refusal.state, stage.case.place.name().as_str(), "row {place}: {refusal}");
        let caller = Caller::Person(who);
        let able = possible(&stage.world.context(&caller, None, stage.now), &stage.case);
        let expected = if command == Command::Tick { Vec::new() } else { able };
        assert_eq!(refusal.possible, expected, "row {place}");
        seen.insert(code);
    }
    let away = Absence { until: at("2025-03-01 00:00"), substitute: Some(person(12)) };
    let away = Actor { absence: Some(away), ..officer() };
    let command = Command::Assign { task: 1, to: away.person, reason: None, urgency: None };
    let refusal = Stage::new().ask_for(&head(), &command, Some(&away)).expect_err("he is away");
    assert_eq!(refusal.code, RefusalCode::AssigneeAbsent);
    assert!(refusal.reason.contains(&person(12).to_string()), "{refusal}");
    seen.insert(refusal.code);
    let world = World::new(licence(), compiled(office_hours()));
    for (code, world, who, application) in register::refused_openings() {
        let caller = Caller::Person(who);
        let ctx = world.context(&caller, None, at("2025-02-01 10:00"));
        let refusal = open(&ctx, &application).expect_err(&format!("opening about: {code}"));
        assert_eq!((refusal.code, refusal.state.as_str()), (code, ""), "{refusal}");
        assert!(refusal.reason.len() > 10, "{refusal}");
        seen.insert(code);
    }
    for (place, (code, who, application)) in refused_openings().into_iter().enumerate() {
        let caller = Caller::Person(who);
        let ctx = world.context(&caller, None, at("2025-02-01 10:00"));
        let refusal = open(&ctx, &application).expect_err(&format!("opening {place}: {code}"));
        assert_eq!((refusal.code, refusal.state.as_str()), (code, ""), "{place}: {refusal}");
        seen.insert(code);
    }
    // A move to another version: see the tests of migrations.
    seen.insert(RefusalCode::NotMapped);
    let unseen: Vec<_> = RefusalCode::ALL.iter().filter(|code| !seen.contains(code)).collect();
    assert!(unseen.is_empty(), "no test of {unseen:?}");
    let codes: HashSet<_> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.len(), RefusalCode::ALL.len());
}
