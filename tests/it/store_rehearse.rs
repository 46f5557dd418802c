//! What a change would do, without doing it; and what stands in the way of what cannot be done.

use std::collections::BTreeSet;

use parvaneh_core::{
    CaseId, RefusalCode,
    decide::{Command, Obstacle, Possible},
};
use parvaneh_store::{ExecuteError, Request, SeenCase};

use crate::store_fixture::{Office, act, holder};

/// The case as somebody sees it, and what stands in the way of what he cannot do.
async fn seen(office: &Office, name: &str, case: CaseId) -> (SeenCase, Vec<Obstacle>) {
    let viewer = office.store.viewer(holder(name)).await.unwrap().unwrap();
    let seen = office.store.case_file_for(&viewer, case).await.unwrap().unwrap();
    let obstacles = office.store.obstacles(&viewer, &seen.file.case).await.unwrap();
    (seen, obstacles)
}

#[tokio::test]
async fn a_rehearsal_answers_what_the_change_then_does_and_changes_nothing() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    let officer = holder("county_officer");
    let request = Request::command(officer, case.id, act("accept")).with_key("accept once");
    // The sandbox's clock stands still, so that both count from the same instant.
    let rehearsed = office.store.rehearse(&request).await.unwrap();
    assert_eq!(rehearsed.case.place.name().as_str(), "inquiries");
    assert_eq!(office.store.case(case.id).await.unwrap(), case, "nothing is written");
    assert_eq!(office.store.rehearse(&request).await.unwrap(), rehearsed, "nor is the key used up");
    let executed = office.store.execute(request).await.unwrap();
    assert_eq!(executed, rehearsed);
    assert!(!executed.repeated);
}

#[tokio::test]
async fn what_would_be_refused_is_refused_in_a_rehearsal_too() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    let officer = holder("county_officer");
    let refused = |command| async {
        let request = Request::command(officer, case.id, command);
        let told = office.store.rehearse(&request).await.unwrap_err();
        assert_eq!(office.store.execute(request).await.unwrap_err().to_string(), told.to_string());
        let ExecuteError::Refused(refusal) = told else { panic!("{told}") };
        refusal.code
    };
    assert_eq!(refused(act("return")).await, RefusalCode::ReasonNeeded);
    assert_eq!(refused(act("forward")).await, RefusalCode::UnknownAction);
    let suspend = Command::Suspend { reason: "-".to_owned(), basis: None };
    assert_eq!(refused(suspend).await, RefusalCode::NotPermitted);
    let stale = Request::command(officer, case.id, act("accept")).expecting(7);
    let told = office.store.rehearse(&stale).await.unwrap_err();
    assert!(matches!(told, ExecuteError::Conflict { expected: 7, found: 1 }), "{told}");
}

#[tokio::test]
async fn every_action_of_the_step_is_possible_or_says_what_stands_in_its_way() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    for (name, able) in [("county_officer", 3), ("secretariat", 0), ("provincial_director", 0)] {
        let (seen, obstacles) = seen(&office, name, case.id).await;
        let step = &seen.definition.steps["reception"];
        let possible: BTreeSet<_> = seen
            .possible
            .iter()
            .filter_map(|one| match one {
                Possible::Act { action, .. } => Some(action.clone()),
                _ => None,
            })
            .collect();
        let barred: BTreeSet<_> = obstacles.iter().map(|one| one.action.clone()).collect();
        assert_eq!(possible.len(), able, "{name}");
        assert!(possible.is_disjoint(&barred), "{name}: {possible:?} {barred:?}");
        let all: BTreeSet<_> = possible.union(&barred).cloned().collect();
        assert_eq!(all, step.actions.keys().cloned().collect::<BTreeSet<_>>(), "{name}");
        let codes = obstacles.iter().all(|one| one.refusal.code == RefusalCode::NotPermitted);
        assert!(codes, "{obstacles:?}");
    }
    let nobody = parvaneh_core::PersonId(uuid::Uuid::nil());
    let names = office.store.names_of(&[holder("county_officer"), nobody]).await.unwrap();
    assert_eq!(names, [(holder("county_officer"), "The county_officer".to_owned())].into());
    // Somebody else has taken it.
    office.does("county_officer", case.id, Command::Claim { task: 1 }).await.unwrap();
    office
        .store
        .grant(vec![(
            holder("county_head"),
            parvaneh_core::Grant { role: "county_officer".into(), unit: "2301".into() },
        )])
        .await
        .unwrap();
    let told = seen(&office, "county_head", case.id).await.1;
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|one| one.refusal.code == RefusalCode::TaskTaken), "{told:?}");
    // At an end nothing can be done, and nothing is asked.
    office
        .store
        .execute(Request::command(
            crate::store_fixture::applicant(),
            case.id,
            Command::Withdraw { reason: None },
        ))
        .await
        .unwrap();
    assert_eq!(seen(&office, "county_officer", case.id).await.1, []);
}
