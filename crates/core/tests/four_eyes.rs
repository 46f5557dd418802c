//! Four eyes, delegates and second accounts, told one by one.
#![allow(clippy::unwrap_used)]

mod support;

use chrono::TimeDelta;
use parvaneh_core::{
    Actor, Caller, Command, Fact, RefusalCode, decide,
    decide::{Possible, barred, possible},
    definition::{Definition, NotBy},
    event::{By, Vote},
    form::{DocumentKind, FileReference, HandedIn},
    timeline,
};
use support::{
    applicant, compiled, lent, office_hours, person,
    stage::{
        LICENCE, Stage, act, act_with, answer, board, court, head, licence, member, officer, one,
        police, vote,
    },
    text,
};

fn not_by(steps: &[&str], applicant: bool) -> NotBy {
    NotBy { steps: steps.iter().map(|step| (*step).into()).collect(), applicant }
}

/// The small procedure with other rules.
fn stage(change: impl FnOnce(&mut Definition)) -> Stage {
    Stage::with(change, compiled(office_hours()))
}

/// Whoever took in an application neither answers an inquiry about it nor sits over it; nor does
/// the applicant.
fn reviewed() -> Stage {
    stage(|definition| {
        definition.steps["asked"].not_by = not_by(&["intake"], false);
        definition.steps["sitting"].not_by = not_by(&["intake"], true);
    })
}

/// Another account of the same person, with another role.
fn second(of: &Actor, other: Actor) -> (Actor, Actor) {
    let mut first = of.clone();
    first.natural.accounts.push(other.person);
    let second = Actor { natural: first.natural.clone(), ..other };
    (first, second)
}

fn delegate(number: u128, of: &Actor) -> Actor {
    Actor { lent: vec![lent(number, of)], ..Actor::new(person(number), Vec::new()) }
}

#[track_caller]
fn refused(stage: &Stage, who: &Actor, command: Command) -> (RefusalCode, String) {
    let refusal = stage.ask(who, &command).expect_err("it must be refused");
    (refusal.code, refusal.reason)
}

#[test]
fn who_did_a_step_is_kept_from_another_by_whatever_way() {
    use RefusalCode::FourEyes;
    // The officer accepts; his second account is a judge, his delegate is one, too.
    let (officer, judge) = second(&officer(), court());
    let stage = reviewed().then(&officer, act("accept"));
    let answer = || answer("court");
    let (code, why) = refused(&stage, &judge, answer());
    assert_eq!(code, FourEyes);
    assert_eq!(
        why,
        "four eyes: you did 'intake' at 2025-02-01T06:30:00Z, and this must be done by another person"
    );
    assert_eq!(refused(&stage, &judge, Command::Claim { task: 3 }).0, FourEyes);
    // Whoever acts for the judge acts for the officer.
    let (code, why) = refused(&stage, &delegate(99, &judge), answer());
    assert_eq!(code, FourEyes);
    assert!(why.contains(&format!("{}, who lent the role,", judge.person)), "{why}");
    assert!(!why.contains(&officer.person.to_string()), "the other account is told: {why}");
    // What the officer is lent is his, too.
    let lent_to_officer = Actor { lent: vec![lent(7, &court())], ..officer.clone() };
    assert_eq!(refused(&stage, &lent_to_officer, answer()).0, FourEyes);
    // Nobody else is concerned; nor is the officer in a step that does not exclude him.
    stage.ask(&court(), &answer()).unwrap();
    stage.ask(&officer, &Command::Comment { text: "still here".to_owned() }).unwrap();
}

#[test]
fn what_a_delegate_does_counts_for_him_and_for_whom_he_does_it() {
    let clerk = delegate(99, &officer());
    let stage = reviewed().then(&clerk, act("accept"));
    let by = stage.ask(&court(), &answer("court")).unwrap().case.done_by;
    assert_eq!(
        by["intake"].iter().map(|(person, _)| *person).collect::<Vec<_>>(),
        [clerk.person, officer().person]
    );
    for excluded in [
        Actor { grants: court().grants, ..clerk.clone() },
        Actor { grants: court().grants, ..officer() },
        Actor { lent: vec![lent(8, &court())], ..officer() },
        Actor { lent: vec![lent(8, &court())], ..clerk },
    ] {
        assert_eq!(refused(&stage, &excluded, answer("court")).0, RefusalCode::FourEyes);
    }
}

#[test]
fn a_delegation_is_recorded_and_is_nothing_outside_its_period() {
    let clerk = delegate(99, &officer());
    let stage = Stage::new();
    let done = stage.ask(&clerk, &act("accept")).unwrap();
    for event in &done.events {
        let By::Officer { person: hand, on_behalf_of: Some(of), natural: None, .. } = &event.by
        else {
            panic!("{event:?}")
        };
        assert_eq!(
            (*hand, of.person, of.delegation),
            (clerk.person, officer().person, clerk.lent[0].delegation)
        );
        assert!(timeline::canonical(event).contains("on_behalf_of"), "{event:?}");
    }
    let mut late = clerk.clone();
    late.lent[0].until = stage.now;
    assert_eq!(refused(&stage, &late, act("accept")).0, RefusalCode::NotPermitted, "it is over");
    late.lent[0].until = stage.now + TimeDelta::microseconds(1);
    stage.ask(&late, &act("accept")).unwrap();
    let mut early = clerk.clone();
    early.lent[0].starts = stage.now + TimeDelta::microseconds(1);
    assert_eq!(refused(&stage, &early, act("accept")).0, RefusalCode::NotPermitted);
    let mut elsewhere = clerk.clone();
    elsewhere.lent[0].workflows = vec!["renewal".into()];
    assert_eq!(refused(&stage, &elsewhere, act("accept")).0, RefusalCode::NotPermitted);
    elsewhere.lent[0].workflows.push("licence".into());
    stage.ask(&elsewhere, &act("accept")).unwrap();
    let mut below = clerk;
    below.lent[0].grant.unit = "2302".into();
    assert_eq!(refused(&stage, &below, act("accept")).0, RefusalCode::OutOfJurisdiction);
}

#[test]
fn his_own_right_comes_first_unless_he_says_otherwise() {
    let colleague = Actor { lent: vec![lent(7, &officer())], ..one(11, "officer", "2301") };
    let stage = Stage::new();
    let by = |who: &Actor| stage.ask(who, &act("accept")).unwrap().events[0].by.clone();
    assert_eq!(by(&colleague).on_behalf_of(), None);
    let asked = Actor { on_behalf_of: Some(officer().person), ..colleague.clone() };
    assert_eq!(by(&asked).on_behalf_of().unwrap().person, officer().person);
    let wrong = Actor { on_behalf_of: Some(head().person), ..colleague.clone() };
    assert_eq!(refused(&stage, &wrong, act("accept")).0, RefusalCode::NoDelegation);
    // What the officer has in his hands his delegate settles for him, and only so.
    let stage = stage.then(&officer(), Command::Claim { task: 1 });
    let done = stage.ask(&colleague, &act("accept")).unwrap();
    assert_eq!(done.events.len(), 1);
    assert_eq!(done.events[0].by.on_behalf_of().unwrap().person, officer().person);
    let stranger = one(12, "officer", "2301");
    assert_eq!(refused(&stage, &stranger, act("accept")).0, RefusalCode::TaskTaken);
}

#[test]
fn what_a_delegate_holds_for_somebody_comes_back_to_him() {
    let clerk = delegate(99, &officer());
    let stage = Stage::new().then(&clerk, Command::Claim { task: 1 });
    let task = &stage.case.tasks[0];
    assert_eq!((task.assignee, task.claimed_for), (Some(clerk.person), Some(officer().person)));
    let other = one(12, "officer", "2301");
    assert_eq!(refused(&stage, &other, Command::Claim { task: 1 }).0, RefusalCode::TaskTaken);
    stage.ask(&officer(), &act("accept")).unwrap();
    let back = stage.ask(&officer(), &Command::Claim { task: 1 }).unwrap().case;
    assert_eq!((back.tasks[0].assignee, back.tasks[0].claimed_for), (Some(officer().person), None));
    stage.ask(&officer(), &Command::Release { task: 1, reason: None }).unwrap();
}

#[test]
fn the_applicant_cannot_decide_his_own_case() {
    let (sara, sara_of_the_board) = second(&applicant(), board());
    let mut stage = reviewed().then(&officer(), act("accept"));
    stage = stage.then(&police(), answer("police")).then(&court(), answer("court"));
    let claim = || Command::Claim { task: 4 };
    let (code, why) = refused(&stage, &sara_of_the_board, claim());
    assert_eq!((code, why.as_str()), (RefusalCode::FourEyes, "four eyes: you are the applicant"));
    assert_eq!(
        refused(&stage, &delegate(99, &sara_of_the_board), claim()).0,
        RefusalCode::FourEyes
    );
    let assign = |to: &Actor| {
        let boss = one(21, "head", "23");
        stage.ask_for(
            &boss,
            &Command::Assign { task: 4, to: to.person, reason: None, urgency: None },
            Some(to),
        )
    };
    assert_eq!(assign(&sara_of_the_board).unwrap_err().code, RefusalCode::FourEyes);
    assign(&board()).unwrap();
    // A member who applies does not vote, either.
    let (_, sara_of_the_members) = second(&sara, member(1));
    assert_eq!(refused(&stage, &sara_of_the_members, vote(Vote::For)).0, RefusalCode::FourEyes);
    stage.ask(&member(2), &vote(Vote::For)).unwrap();
}

#[test]
fn an_action_alone_can_be_closed_to_somebody() {
    let stage = stage(|definition| {
        definition.steps["sitting"].actions["approved"].not_by = not_by(&["intake"], false);
    });
    let (officer, chair) = second(&officer(), board());
    let stage = stage.then(&officer, act("accept")).then(&police(), answer("police"));
    let stage = stage.then(&court(), answer("court")).then(&member(1), vote(Vote::Against));
    let stage = stage.then(&member(2), vote(Vote::Against));
    assert_eq!(refused(&stage, &chair, act("approved")).0, RefusalCode::FourEyes);
    // He may reject, and so he may have the task.
    stage.ask(&chair, &Command::Claim { task: 4 }).unwrap();
    stage.ask(&chair, &act_with("rejected", "doubts", "4")).unwrap();
    let caller = Caller::Person(chair);
    let able = possible(&stage.world.context(&caller, None, stage.now), &stage.case);
    let actions: Vec<_> = able
        .iter()
        .filter_map(|able| match able {
            Possible::Act { action, .. } => Some(action.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(actions, ["rejected"]);
    assert_eq!(barred(&stage.world.context(&caller, None, stage.now), &stage.case, 4), None);
}

#[test]
fn a_worklist_can_tell_what_is_barred() {
    let (officer, judge) = second(&officer(), court());
    let stage = reviewed().then(&officer, act("accept"));
    let barred = |who: &Actor, task| {
        let caller = Caller::Person(who.clone());
        barred(&stage.world.context(&caller, None, stage.now), &stage.case, task)
    };
    assert_eq!(barred(&judge, 3).unwrap().code, RefusalCode::FourEyes);
    assert_eq!(barred(&judge, 2), None, "the police's task is none of his");
    assert_eq!(barred(&court(), 3), None);
}

#[test]
fn one_person_casts_one_vote() {
    let stage = Stage::new().sitting();
    let deputy = Actor { lent: vec![lent(7, &member(1))], ..member(2) };
    let for_another = Actor { on_behalf_of: Some(member(1).person), ..deputy.clone() };
    let voted = Stage::new().sitting().then(&for_another, vote(Vote::For));
    // The vote is the member's, who can replace it; the deputy cannot vote a second time.
    assert_eq!(refused(&voted, &member(2), vote(Vote::For)).0, RefusalCode::AlreadyVoted);
    let own = voted.then(&member(1), vote(Vote::Against)).then(&member(2), vote(Vote::For));
    let parvaneh_core::Place::Step { votes, proxies, .. } = &own.case.place else { panic!() };
    assert_eq!((votes.len(), votes[&member(1).person], proxies.len()), (2, Vote::Against, 0));
    // The other way round.
    let voted = stage.then(&member(2), vote(Vote::For));
    assert_eq!(refused(&voted, &for_another, vote(Vote::For)).0, RefusalCode::AlreadyVoted);
    // Two accounts are one vote.
    let (_, again) = second(&member(2), member(3));
    assert_eq!(voted.ask(&again, &vote(Vote::For)).unwrap().events, [], "it is the same vote");
    let parvaneh_core::Place::Step { votes, .. } =
        voted.ask(&again, &vote(Vote::Against)).unwrap().case.place
    else {
        panic!()
    };
    assert_eq!(votes.into_iter().collect::<Vec<_>>(), [(member(2).person, Vote::Against)]);
}

#[test]
fn what_an_absent_person_has_goes_to_his_substitute_or_back() {
    let stage = stage(|definition| {
        definition.steps["asked"].not_by = not_by(&["intake"], false);
    });
    let stage = stage.then(&officer(), Command::Claim { task: 1 });
    let hand_back = |from: &Actor, to: Option<&Actor>, caller: Caller| {
        let reason = "ill".to_owned();
        let command =
            Command::HandBack { task: 1, from: from.person, to: to.map(|to| to.person), reason };
        let ctx = stage.world.context(&caller, to, stage.now);
        decide(&ctx, &stage.case, &command)
    };
    let fact = |to: Option<&Actor>| {
        let decided = hand_back(&officer(), to, Caller::System).unwrap();
        assert_eq!(decided.events[0].by, By::System);
        decided.events[0].fact.clone()
    };
    let reason = Some("ill".to_owned());
    assert_eq!(fact(None), Fact::Released { task: 1, reason: reason.clone() });
    let colleague = one(11, "officer", "2301");
    let assigned =
        Fact::Assigned { task: 1, to: colleague.person, reason: reason.clone(), urgency: None };
    assert_eq!(fact(Some(&colleague)), assigned);
    let clerk = delegate(99, &officer());
    assert_eq!(
        fact(Some(&clerk)),
        Fact::Assigned { task: 1, to: clerk.person, reason: reason.clone(), urgency: None }
    );
    // Somebody who has no right to it does not get it.
    assert_eq!(fact(Some(&court())), Fact::Released { task: 1, reason });
    // It is not in his hands (any more): nothing happens.
    assert_eq!(hand_back(&colleague, None, Caller::System).unwrap().events, []);
    let refusal = hand_back(&officer(), None, Caller::Person(head())).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotPermitted);
}

#[test]
fn silence_is_not_let_decide_by_who_may_not_decide() {
    let stage = stage(|definition| {
        definition.steps["asked"].not_by = not_by(&["intake"], false);
    });
    let (officer, chief) = second(&officer(), head());
    let stage = stage.then(&officer, act("accept")).held();
    let release = |take_effect| support::stage::release(take_effect);
    assert_eq!(refused(&stage, &chief, release(true)).0, RefusalCode::FourEyes);
    stage.ask(&chief, &release(false)).unwrap();
    stage.ask(&head(), &release(true)).unwrap();
}

#[test]
fn what_is_not_new_is_written_as_before() {
    let stage = Stage::new().then(&officer(), Command::Claim { task: 1 });
    let row = serde_json::to_string(&stage.case).unwrap();
    for word in ["done_by", "claimed_for", "proxies", "on_behalf_of", "natural"] {
        assert!(!row.contains(word), "{word} in {row}");
    }
    let done = stage.ask(&officer(), &act("accept")).unwrap();
    let text = timeline::canonical(&done.events[0]);
    assert!(text.starts_with(r#"{"by":{"officer":{"person":"#), "{text}");
    assert!(!text.contains("natural") && !text.contains("behalf"), "{text}");
    // An end needs no memory.
    let ended = stage.then(&officer(), act_with("refuse", "no", "4")).case;
    assert!(ended.done_by.is_empty() && ended.is_ended());
}

#[test]
fn a_definition_is_checked_for_four_eyes() {
    let check = |from: &str, to: &str| {
        let text = LICENCE.replace(from, to);
        assert_ne!(text, LICENCE, "{from}");
        let problems = Definition::check("licence.yaml", &text, None).problems;
        let errors = problems.iter().filter(|problem| problem.code != "too-slow");
        errors
            .map(|problem| {
                (
                    problem.code,
                    text.lines().nth(problem.line as usize - 1).unwrap().trim().to_owned(),
                )
            })
            .collect::<Vec<_>>()
    };
    let owner = "    owner: board\n";
    let with = |rule: &str| check(owner, &format!("{owner}    not_by: {rule}\n"));
    let sound = LICENCE.replace(owner, &format!("{owner}    not_by: [intake, applicant]\n"));
    let definition = Definition::parse("licence.yaml", &sound).unwrap();
    assert_eq!(definition.steps["sitting"].not_by, not_by(&["intake"], true));
    assert!(licence().steps["sitting"].not_by.is_empty());
    assert_eq!(with("applicant"), []);
    let line = |rule: &str| format!("not_by: {rule}");
    assert_eq!(with("[intak]"), [("unknown-step", line("[intak]"))]);
    assert_eq!(with("[granted]"), [("unknown-step", line("[granted]"))]);
    assert_eq!(with("sitting"), [("never-before", line("sitting"))]);
    assert_eq!(with("{ a: b }")[0].0, "wrong-kind");
    let refuse = "to: refused, needs: [reason, citation] }\n  wait:";
    let action = "to: refused, needs: [reason, citation], not_by: [sitting] }\n  wait:";
    assert_eq!(check(refuse, action)[0].0, "never-before");
    let back = "actions:\n      back:";
    assert_eq!(check(back, &format!("not_by: applicant\n    {back}"))[0].0, "nobody-left");
    let result = "approved: granted";
    let approved = "approved: { to: granted, not_by: [wait] }";
    assert_eq!(check(result, approved), []);
    let approved = "approved: { to: granted, not_by: [sitting] }";
    assert_eq!(check(result, approved), [("never-before", approved.to_owned())]);
}

/// A paper that a member of the commission looks at while an application is taken in.
fn with_a_paper(definition: &mut Definition) {
    let record = DocumentKind {
        title: text("record"),
        verified_by: Some("member".into()),
        valid_for: None,
        copies: 1,
        types: Vec::new(),
        longest: None,
        times: None,
    };
    definition.documents.insert("record".into(), record);
}

fn attach() -> Command {
    let file = FileReference {
        name: "a.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 1,
        sha256: "0".repeat(64),
    };
    Command::AttachDocument {
        document: "record".into(),
        paper: HandedIn { file, issued: None, copies: 1 },
    }
}

fn verify() -> Command {
    Command::VerifyDocument { document: "record".into(), good: true, reason: None }
}

#[test]
fn who_looked_at_a_paper_has_done_something_in_the_step() {
    let stage = stage(|definition| {
        with_a_paper(definition);
        definition.steps["sitting"].not_by = not_by(&["intake"], false);
    });
    let stage = stage.then(&applicant(), attach()).then(&member(1), verify()).sitting();
    assert_eq!(refused(&stage, &member(1), vote(Vote::For)).0, RefusalCode::FourEyes);
    stage.ask(&member(2), &vote(Vote::For)).unwrap();
    // Handing a paper in is no part of what the step is there for.
    let done = &stage.case.done_by["intake"];
    assert!(done.iter().all(|(person, _)| *person != applicant().person), "{done:?}");
}

#[test]
fn who_may_do_nothing_in_a_step_looks_at_no_paper_there() {
    let stage = stage(|definition| {
        with_a_paper(definition);
        definition.steps["asked"].not_by = not_by(&["intake"], false);
    });
    // The officer's second account is a member of the commission.
    let (officer, colleague) = second(&officer(), member(1));
    let stage = stage.then(&applicant(), attach()).then(&officer, act("accept"));
    assert_eq!(refused(&stage, &colleague, verify()).0, RefusalCode::FourEyes);
    let verifies = |who: &Actor| {
        let caller = Caller::Person(who.clone());
        let document = "record".into();
        let mut offered = stage.world.definition.clone();
        offered.steps["asked"].documents.insert("record".into(), true);
        let ctx = stage.world.context(&caller, None, stage.now);
        let ctx = parvaneh_core::Context { definition: &offered, ..ctx };
        possible(&ctx, &stage.case).contains(&Possible::VerifyDocument { document })
    };
    assert!(!verifies(&colleague) && verifies(&member(2)));
    stage.then(&member(2), verify());
}
