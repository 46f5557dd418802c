//! An officer's way in a real browser: from the login to a task that is taken, and put back.

use std::time::Duration;

use serde_json::json;

use crate::{
    browser::{Run, walk},
    store_fixture::{COUNTY, new_case, open_request},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_takes_a_task_and_puts_it_back_in_a_browser() {
    let service = Service::start().await;
    let (fa, en) = (("در دست شماست", "بازگشت"), ("is in your hands", "is back on"));
    let mut runs = Vec::new();
    for (number, (run, (done, back))) in [
        (Run::new("fa"), fa),
        (Run::new("en").dark(), en),
        (Run::new("fa").phone().dark(), fa),
        (Run::new("en").without_script(), en),
    ]
    .into_iter()
    .enumerate()
    {
        // Two walk at the same time: each has a login and a task of his own.
        let (login, subject) = (format!("officer {number}"), format!("Application {number}"));
        service.hires(&login, "county_officer", COUNTY).await;
        logged_in(&service, &login).await;
        let mut request = open_request(new_case());
        if let parvaneh_store::Ask::Open { application, .. } = &mut request.ask {
            application.subject.clone_from(&subject);
        }
        service.office.store.execute(request).await.unwrap();
        let given = json!({
            "login": login, "password": PASSWORD, "subject": subject, "done": done, "back": back,
        });
        runs.push(run.given(given));
    }
    let walking = walk("worklist", "worklist", &service.url, &runs);
    let arriving = async {
        loop {
            tokio::time::sleep(Duration::from_secs(7)).await;
            service.office.opened().await;
        }
    };
    let report = tokio::select! {
        report = walking => report,
        () = arriving => unreachable!("applications come in for ever"),
    };
    report.is_fine();
}
