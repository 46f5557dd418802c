//! The list of what somebody sees, held against the rule that says what he sees.

use std::collections::BTreeSet;

use parvaneh_core::{Case, CaseId, Grant, PersonId};
use parvaneh_store::{Ask, CasesQuery, Requester, Store, Viewer};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::store_fixture::{Office, applicant, holder, new_case, open_request};

/// What cases are about.
const CALLED: [&str; 5] =
    ["یاوران مهر", "راه نور", "کانون یاوران نور", "Helping Hands 1404", "آوای مهربانی"];

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
            application.subject = CALLED[self.cases.len() % CALLED.len()].to_owned();
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

#[tokio::test]
async fn words_find_what_they_occur_in_and_nothing_that_may_not_be_seen() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let mut country = Country::with(store, 40, 1405).await;
    let code = |case: &Case| case.id.0.simple().to_string()[20..].to_owned();
    let one = country.cases[7].clone();
    // As it is typed, and as it stands there.
    let by_subject = [
        ("ياوران", "یاوران"),
        ("یاوران‌نور", "یاوران نور"),
        ("helpingHANDS ۱۴۰۴", "Helping Hands 1404"),
        ("مهر", "مهر"),
        ("نو", "نو"),
        ("nothing like it", "nothing like it"),
        ("%", "%"),
    ];
    let (mut found, mut missing) = (0, 0);
    for round in 0..40 {
        let (viewer, expected) = country.next().await;
        // As he is called since then.
        let name = format!("person {}", round - round % 4);
        let reads = store.reading_as(&viewer);
        let finds = async |text: String, within: Option<&str>| -> BTreeSet<CaseId> {
            let query = CasesQuery {
                reach: Some(viewer.reach.clone()),
                text: Some(text),
                within: within.map(Into::into),
                limit: 500,
                ..CasesQuery::default()
            };
            let rows = reads.cases(&query).await.unwrap();
            assert_eq!(reads.count_cases(&query, 500).await.unwrap() as usize, rows.len());
            rows.into_iter().map(|row| row.case).collect()
        };
        let those = |keeps: &dyn Fn(&Case) -> bool| -> BTreeSet<CaseId> {
            let cases = country.cases.iter().filter(|case| expected.contains(&case.id));
            cases.filter(|case| keeps(case)).map(|case| case.id).collect()
        };
        for (typed, stands) in by_subject {
            let all = finds(typed.to_owned(), None).await;
            assert_eq!(all, those(&|case| case.subject.contains(stands)), "{typed}");
            let of_province = finds(typed.to_owned(), Some("23")).await;
            let there = |case: &Case| case.unit.as_str().starts_with("23");
            let due = those(&|case| there(case) && case.subject.contains(stands));
            assert_eq!(of_province, due, "{typed}");
            found += all.len();
        }
        let named: Vec<PersonId> = people_called(&office, &name).await;
        let of_person = finds(name.to_uppercase(), None).await;
        assert_eq!(of_person, those(&|case| named.contains(&case.applicant)), "{name}");
        // Some of the digits of a code, all of them, and those of the whole identifier.
        let is = |case: &Case| case.id == one.id;
        for text in [code(&one)[3..].to_owned(), code(&one), one.id.to_string()] {
            assert_eq!(finds(text.clone(), None).await, those(&is), "{text}");
            missing += usize::from(!expected.contains(&one.id));
        }
    }
    assert!(found > 0 && missing > 0, "{found} {missing}");
}

async fn people_called(office: &Office, name: &str) -> Vec<PersonId> {
    let people = "select id from people where name like $1 || '%'";
    let rows: Vec<(uuid::Uuid,)> =
        sqlx::query_as(people).bind(name).fetch_all(&mut office.as_admin().await).await.unwrap();
    rows.into_iter().map(|(id,)| PersonId(id)).collect()
}
