//! The list of what somebody sees, held against the rule that says what he sees.

use std::collections::BTreeSet;

use parvaneh_core::{CaseId, Grant, PersonId};
use parvaneh_store::CasesQuery;
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::store_fixture::{Office, applicant, holder, new_case, open_request};

#[tokio::test]
async fn a_list_holds_exactly_what_the_rule_lets_be_seen() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let mut rng = ChaCha8Rng::seed_from_u64(1403);
    let units = ["2301", "2302", "0801", "0802"];
    let applicants: Vec<PersonId> =
        ["a", "b", "c"].into_iter().map(holder).chain([applicant()]).collect();
    let mut cases = Vec::new();
    for _ in 0..40 {
        let mut request = open_request(new_case());
        let person = *applicants.choose(&mut rng).unwrap();
        request.by = parvaneh_store::Requester::Person(person);
        if let parvaneh_store::Ask::Open { application, .. } = &mut request.ask {
            application.unit = (*units.choose(&mut rng).unwrap()).into();
            application.applicant = person;
        }
        cases.push(store.execute(request).await.unwrap().case);
    }
    let roles = ["county_officer", "secretariat", "agency.police", "auditor", "national_monitor"];
    let held = ["2301", "2302", "0801", "23", "08", "ir"];
    let (mut nothing, mut something, mut everything) = (0, 0, 0);
    for round in 0..40 {
        let person = match round % 4 {
            0 => *applicants.choose(&mut rng).unwrap(),
            _ => holder(&format!("person {round}")),
        };
        store.save_people(vec![(person, format!("person {round}"))]).await.unwrap();
        let grants = (0..rng.random_range(0..3)).map(|_| {
            let (role, unit) = (roles.choose(&mut rng).unwrap(), held.choose(&mut rng).unwrap());
            (person, Grant { role: (*role).into(), unit: (*unit).into() })
        });
        let grants: Vec<_> = grants.collect();
        store.grant(grants).await.unwrap();
        let viewer = store.viewer(person).await.unwrap().unwrap();
        let expected: BTreeSet<CaseId> = cases
            .iter()
            .filter(|case| {
                let (reach, at) = (&viewer.reach, &viewer.organisation);
                reach.sees(at, &case.workflow, &case.unit, case.applicant).is_some()
            })
            .map(|case| case.id)
            .collect();
        // In pages of seven, the latest first, each once.
        let mut query =
            CasesQuery { reach: Some(viewer.reach.clone()), limit: 7, ..CasesQuery::default() };
        let mut listed = Vec::new();
        loop {
            let page = store.cases(&query).await.unwrap();
            listed.extend(page.iter().map(|row| row.case));
            let Some(last) = page.last() else { break };
            query.before = Some(last.case);
        }
        assert!(listed.is_sorted_by(|one, next| one > next), "{listed:?}");
        let seen: BTreeSet<_> = listed.into_iter().collect();
        assert_eq!(seen, expected, "{:?}", viewer.reach);
        match seen.len() {
            0 => nothing += 1,
            40 => everything += 1,
            _ => something += 1,
        }
        for case in &cases {
            let sight = store.sight(case.id, &viewer).await.unwrap();
            assert_eq!(sight.is_some(), seen.contains(&case.id));
        }
    }
    assert!(nothing > 0 && something > 0 && everything > 0, "{nothing} {something} {everything}");
}
