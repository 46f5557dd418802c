//! By what somebody comes, whoever he is: a token does what it is for, and a cookie changes nothing
//! unless our own pages sent it. Every operation of the matrix is asked so.

use parvaneh_store::Scope;

use crate::{
    store_fixture::holder,
    web_fixture::{Answer, Service},
    web_identity::logged_in,
    web_matrix::{Cells, ask, fingerprint, rows},
};

/// Somebody who may do much, so that nothing else keeps him from it.
const OFFICER: &str = "county_officer";

fn changes(row: &Cells) -> bool {
    !row.operation.starts_with("get ")
}

fn wrong(row: &Cells, means: &str, code: &str, answer: &Answer) -> Option<String> {
    let Answer { status, body, .. } = answer;
    let told = (*status, answer.code());
    (told != (403, code)).then(|| format!("{}: {means}: {status} {body}", row.operation))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_forgets_by_what_somebody_comes() {
    let service = Service::start().await;
    let cookie = logged_in(&service, OFFICER).await;
    let person = holder(OFFICER);
    let reader = service.token(person, OFFICER, &[Scope::Read]).await;
    let writer = service.token(person, OFFICER, &[Scope::Write]).await;
    let case = service.office.opened().await.id;
    let mut owner = service.office.as_admin().await;
    let before = fingerprint(&mut owner).await;
    let mut found = Vec::new();
    for row in rows(case, person) {
        let (means, token) = match changes(&row) {
            true => ("a token for reading", &reader),
            false => ("a token for changing", &writer),
        };
        let answer = ask(&service, &row, &[("authorization", &format!("Bearer {token}"))]).await;
        found.extend(wrong(&row, means, "scope_missing", &answer));
        if !changes(&row) {
            continue;
        }
        for (means, header) in [
            ("a cookie without its site", None),
            ("a cookie by another site", Some(("sec-fetch-site", "cross-site"))),
            ("a cookie by another origin", Some(("origin", "https://evil.example"))),
        ] {
            let headers = [("cookie", cookie.as_str())].into_iter().chain(header);
            let answer = ask(&service, &row, &headers.collect::<Vec<_>>()).await;
            found.extend(wrong(&row, means, "cross_site", &answer));
        }
    }
    assert!(found.is_empty(), "{} cells:\n{}", found.len(), found.join("\n"));
    assert_eq!(before, fingerprint(&mut owner).await, "denied, and changed");
}
