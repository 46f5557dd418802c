//! The list of what somebody sees, held against the rule that says what he sees.

use std::collections::BTreeSet;

use parvaneh_core::{Case, CaseId, Grant, PersonId};
use parvaneh_store::{Ask, CasesQuery, Requester, Store, Viewer};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::store_fixture::{Office, applicant, holder, new_case, open_request};

/// Cases all over the country, and people who come and go with whatever roles anywhere.
pub(crate) struct Country<'a> {
    store: &'a Store,
    rng: ChaCha8Rng,
    applicants: Vec<PersonId>,
    pub(crate) cases: Vec<Case>,
    rounds: u32,
}

impl<'a> Country<'a> {
    pub(crate) async fn with(store: &'a Store, cases: usize, seed: u64) -> Self {
        let applicants = ["a", "b", "c"].into_iter().map(holder).chain([applicant()]).collect();
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let mut country = Self { store, rng, applicants, cases: Vec::new(), rounds: 0 };
        for _ in 0..cases {
            country.open().await;
        }
        country
    }

    async fn open(&mut self) {
        let mut request = open_request(new_case());
        let person = *self.applicants.choose(&mut self.rng).unwrap();
        request.by = Requester::Person(person);
        if let Ask::Open { application, .. } = &mut request.ask {
            let unit = ["2301", "2302", "0801", "0802"].choose(&mut self.rng).unwrap();
            application.unit = (*unit).into();
            application.applicant = person;
        }
        self.cases.push(self.store.execute(request).await.unwrap().case);
    }

    /// The next who looks, every fourth an applicant; and the cases that the rule lets him see.
    pub(crate) async fn next(&mut self) -> (Viewer, BTreeSet<CaseId>) {
        let (store, rng) = (self.store, &mut self.rng);
        let name = format!("person {}", self.rounds);
        let person = match self.rounds % 4 {
            0 => *self.applicants.choose(rng).unwrap(),
            _ => holder(&name),
        };
        self.rounds += 1;
        store.save_people(vec![(person, name)]).await.unwrap();
        let roles =
            ["county_officer", "secretariat", "agency.police", "auditor", "national_monitor"];
        let units = ["2301", "2302", "0801", "23", "08", "ir"];
        let grants = (0..rng.random_range(0..3)).map(|_| {
            let (role, unit) = (roles.choose(rng).unwrap(), units.choose(rng).unwrap());
            (person, Grant { role: (*role).into(), unit: (*unit).into() })
        });
        let grants: Vec<_> = grants.collect();
        store.grant(grants).await.unwrap();
        let viewer = store.viewer(person).await.unwrap().unwrap();
        let sees = |case: &&Case| {
            let (reach, at) = (&viewer.reach, &viewer.organisation);
            reach.sees(at, &case.workflow, &case.unit, case.applicant).is_some()
        };
        let seen = self.cases.iter().filter(sees).map(|case| case.id).collect();
        (viewer, seen)
    }
}

#[tokio::test]
async fn a_list_holds_exactly_what_the_rule_lets_be_seen() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let mut country = Country::with(store, 40, 1403).await;
    let (mut nothing, mut something, mut everything) = (0, 0, 0);
    for _ in 0..40 {
        let (viewer, expected) = country.next().await;
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
        for case in &country.cases {
            let sight = store.sight(case.id, &viewer).await.unwrap();
            assert_eq!(sight.is_some(), seen.contains(&case.id));
        }
    }
    assert!(nothing > 0 && something > 0 && everything > 0, "{nothing} {something} {everything}");
}
