//! Events for webhooks, to a real HTTP server that checks every signature.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use parvaneh_store::NewWebhook;
use parvaneh_worker::{
    Shutdown,
    retry::Retry,
    send::{self, Channels, Sendings},
    webhook::{Destinations, Poster, Secret},
};
use sqlx::Row;
use uuid::Uuid;

use crate::{
    fault_process::eventually,
    notice_peers::{Receiver, SenderProcess, channels},
    store_fixture::{COUNTY, Office, act, comment, workflow},
};

fn secret() -> String {
    Secret::write(*b"0123456789abcdef0123456789abcdef")
}

fn hook(id: u128, url: String) -> NewWebhook {
    NewWebhook {
        id: Uuid::from_u128(id),
        url,
        secret: secret(),
        workflow: None,
        unit: None,
        kinds: Vec::new(),
        with_values: true,
    }
}

async fn sent(office: &Office, channels: &Arc<Channels>) -> Sendings {
    let (_stop, shutdown) = Shutdown::new();
    send::once(&office.store, channels, &shutdown).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_as_signed_cloud_events_to_those_who_want_them() {
    let office = Office::sandbox().await;
    let receiver = Receiver::start(&secret()).await;
    let before = office.opened().await;
    let all = hook(1, receiver.url("/good/all"));
    office.store.add_webhook(all).await.unwrap();
    let opened = NewWebhook {
        kinds: vec!["opened".to_owned()],
        unit: Some("23".into()),
        ..hook(2, receiver.url("/good/opened"))
    };
    office.store.add_webhook(opened).await.unwrap();
    let elsewhere = NewWebhook { unit: Some("11".into()), ..hook(3, receiver.url("/good/none")) };
    office.store.add_webhook(elsewhere).await.unwrap();
    let other =
        NewWebhook { workflow: Some("other".into()), ..hook(4, receiver.url("/good/none")) };
    office.store.add_webhook(other).await.unwrap();
    let here = NewWebhook {
        workflow: Some(workflow()),
        unit: Some(COUNTY.into()),
        kinds: vec!["acted".to_owned(), "commented".to_owned()],
        ..hook(5, receiver.url("/good/here"))
    };
    office.store.add_webhook(here).await.unwrap();

    let case = office.opened().await.id;
    office.does("county_officer", case, comment("seen")).await.unwrap();
    office.does("county_officer", case, act("accept")).await.unwrap();
    office.does("county_officer", before.id, comment("late")).await.unwrap();
    let channels = Arc::new(channels(None));
    let sendings = sent(&office, &channels).await;
    assert_eq!(receiver.wrong(), Vec::<String>::new());

    let timeline = office.store.timeline(case).await.unwrap();
    let all = receiver.at("/good/all");
    let ids: BTreeSet<String> = all.iter().map(|post| post.id.clone()).collect();
    let mut expected: BTreeSet<String> =
        timeline.entries.iter().map(|entry| format!("{case}/{}", entry.event.seq)).collect();
    expected.insert(format!("{}/2", before.id));
    assert_eq!(
        (all.len(), &ids),
        (expected.len(), &expected),
        "nothing from before, nothing twice"
    );
    let first = &all.iter().find(|post| post.id == format!("{case}/1")).unwrap().event;
    assert_eq!(first["specversion"], "1.0");
    assert_eq!(first["type"], "ir.parvaneh.case.opened");
    assert_eq!(
        (&first["id"], &first["subject"]),
        (&format!("{case}/1").into(), &case.to_string().into())
    );
    assert_eq!(first["source"], "/parvaneh/cases");
    assert_eq!(
        (&first["data"]["workflow"], &first["data"]["unit"]),
        (&"ngo-establishment".into(), &COUNTY.into())
    );
    assert_eq!(first["data"]["event"]["fact"]["type"], "opened");
    assert_eq!(receiver.at("/good/opened").len(), 1);
    assert_eq!(receiver.at("/good/none").len(), 0);
    let here: BTreeSet<_> = receiver
        .at("/good/here")
        .iter()
        .map(|post| post.event["type"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["ir.parvaneh.case.acted", "ir.parvaneh.case.commented"];
    assert_eq!(here, expected.map(str::to_owned).into());
    assert_eq!(sendings.sent as usize, all.len() + 1 + receiver.at("/good/here").len());
    assert_eq!(sent(&office, &channels).await, Sendings::default());
    assert!(!format!("{:?}", office.store.webhooks().await.unwrap()).contains("whsec_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_time_causes_is_told_too_and_an_event_goes_with_its_case_or_not_at_all() {
    let office = Office::sandbox().await;
    let receiver = Receiver::start(&secret()).await;
    office.store.add_webhook(hook(1, receiver.url("/good/all"))).await.unwrap();
    let cases: Vec<_> = {
        let requests =
            (0..20).map(|_| crate::store_fixture::open_request(crate::store_fixture::new_case()));
        let opened = office.store.execute_batch(requests.collect()).await;
        opened.into_iter().map(|done| done.unwrap().case.id).collect()
    };
    // Two writers of one case: whoever loses writes nothing, also no delivery.
    let other = office.another().await;
    let does = |store: parvaneh_store::Store, case, text: &str| {
        let officer = crate::store_fixture::holder("county_officer");
        let request = parvaneh_store::Request::command(officer, case, comment(text));
        async move { store.execute(request).await }
    };
    for case in &cases {
        let (one, two) =
            tokio::join!(does(office.store.clone(), *case, "1"), does(other.clone(), *case, "2"));
        one.unwrap();
        two.unwrap();
    }
    office.advance(chrono::TimeDelta::days(5)).await;
    while office.store.tick_due(7).await.unwrap().claimed > 0 {}
    let row = sqlx::query(
        "select (select count(*) from case_events), (select count(*) from deliveries),
                (select count(*) from case_events e join deliveries d
                 on d.about = e.case_id and d.no = e.seq and d.kind = e.kind)",
    )
    .fetch_one(&mut office.as_admin().await)
    .await
    .unwrap();
    let counts: [i64; 3] = [row.get(0), row.get(1), row.get(2)];
    assert!(counts[0] > 60 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    sent(&office, &Arc::new(channels(None))).await;
    let posts = receiver.at("/good/all");
    let ids: BTreeSet<_> = posts.iter().map(|post| &post.id).collect();
    assert_eq!((posts.len() as i64, ids.len() as i64), (counts[0], counts[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_asked_again_and_one_that_hangs_holds_up_no_other() {
    let office = Office::sandbox().await;
    let receiver = Receiver::start(&secret()).await;
    for (id, path) in
        [(1, "/hang/a"), (2, "/bad/b"), (3, "/good/c"), (4, "/gone/d"), (5, "/moved/e")]
    {
        office.store.add_webhook(hook(id, receiver.url(path))).await.unwrap();
    }
    for _ in 0..12 {
        office.opened().await;
    }
    let channels = Arc::new(Channels { events_at_once: 12, ..channels(None) });
    let (stop, shutdown) = Shutdown::new();
    let working = {
        let (store, channels) = (office.another().await, channels.clone());
        tokio::spawn(async move { send::run(&store, &channels, shutdown).await })
    };
    eventually("the good one has all", async || (receiver.at("/good/c").len() == 12).then_some(()))
        .await;
    let state = |id: u128| {
        let webhooks = office.store.webhooks();
        async move {
            let webhooks = webhooks.await.unwrap();
            webhooks.into_iter().find(|webhook| webhook.id == Uuid::from_u128(id)).unwrap()
        }
    };
    // Each of the twelve that hang takes a second, four at a time, and is tried five times.
    assert!(state(1).await.waiting > 0, "it did not wait for them");
    eventually("the bad one has all", async || (receiver.at("/bad/b").len() == 36).then_some(()))
        .await;
    let (gone, moved) = eventually("all is settled", async || {
        let (hang, bad) = (state(1).await, state(2).await);
        let (gone, moved) = (state(4).await, state(5).await);
        let waiting = hang.waiting + bad.waiting + gone.waiting + moved.waiting;
        (waiting == 0).then_some((gone, moved))
    })
    .await;
    stop.now();
    working.await.unwrap();
    assert_eq!(gone.disabled.as_deref(), Some("the receiver answered 410 Gone"));
    assert!((1..=4).contains(&receiver.at("/gone/d").len()), "those that were under way");
    assert_eq!(gone.failed, 12);
    assert_eq!((moved.failed, moved.disabled), (12, None));
    assert_eq!(receiver.at("/good/elsewhere").len(), 0, "redirects are not followed");
    assert_eq!(receiver.wrong(), Vec::<String>::new());
    let failed = office.store.failed_deliveries(200).await.unwrap();
    assert!(
        failed.iter().any(|one| one.error.contains("308") && one.error.contains("not followed"))
    );
    assert!(!format!("{failed:?}").contains("127.0.0.1"), "no address: it may hold a token");

    // What is disabled is told nothing; enabled again, only what happens from then on.
    office.opened().await;
    let counted = "select count(*) from deliveries where target = $1 and state = 'waiting'";
    let mut owner = office.as_admin().await;
    let waits: i64 =
        sqlx::query_scalar(counted).bind(Uuid::from_u128(4)).fetch_one(&mut owner).await.unwrap();
    assert_eq!(waits, 0);
    assert!(office.store.disable_webhook(Uuid::from_u128(4), None).await.unwrap());
    office.opened().await;
    let waits: i64 =
        sqlx::query_scalar(counted).bind(Uuid::from_u128(4)).fetch_one(&mut owner).await.unwrap();
    assert_eq!(waits, 1);
    assert!(office.store.remove_webhook(Uuid::from_u128(4)).await.unwrap());
    assert!(!office.store.remove_webhook(Uuid::from_u128(4)).await.unwrap());
    let waits: i64 =
        sqlx::query_scalar(counted).bind(Uuid::from_u128(4)).fetch_one(&mut owner).await.unwrap();
    assert_eq!(waits, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_public_is_not_reached_without_leave() {
    let office = Office::sandbox().await;
    let receiver = Receiver::start(&secret()).await;
    let port = receiver.address.port();
    let urls = [
        receiver.url("/good/a"),
        format!("http://localhost:{port}/good/a"),
        format!("https://localhost:{port}/good/a"),
    ];
    for (id, url) in urls.into_iter().enumerate() {
        office.store.add_webhook(hook(id as u128 + 1, url)).await.unwrap();
    }
    office.opened().await;
    let closed = Poster::new(Destinations::default(), Duration::from_secs(1)).unwrap();
    let closed = Channels { webhooks: closed, retry: Retry::default(), ..channels(None) };
    let closed = Arc::new(closed);
    let sendings = sent(&office, &closed).await;
    assert_eq!((sendings.sent, sendings.again), (0, 3), "{sendings:?}");
    assert_eq!(receiver.at("/good/a").len(), 0);
    let errors: Vec<String> =
        sqlx::query_scalar("select last_error from deliveries order by target")
            .fetch_all(&mut office.as_admin().await)
            .await
            .unwrap();
    for (error, part) in
        errors.iter().zip(["not on the public network", "not https", "not on the public network"])
    {
        assert!(error.contains(part), "{errors:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_sender_was_killed_comes_again_with_the_same_identity() {
    let office = Office::sandbox().await;
    let receiver = Receiver::start(&secret()).await;
    office.store.add_webhook(hook(1, receiver.url("/hang/a"))).await.unwrap();
    office.store.add_webhook(hook(2, receiver.url("/good/b"))).await.unwrap();
    let cases = [office.opened().await.id, office.opened().await.id, office.opened().await.id];
    let app = office.database.app_options();
    let killed = SenderProcess::start(&app, "smtp://127.0.0.1:1").await;
    eventually("it is in the middle", async || (receiver.at("/hang/a").len() == 3).then_some(()))
        .await;
    killed.kill().await;
    let channels = Arc::new(channels(None));
    eventually("its leases have ended, and they come again", async || {
        sent(&office, &channels).await;
        let again = receiver.at("/hang/a").len();
        (again >= 6).then_some(())
    })
    .await;
    let ids: BTreeSet<_> = receiver.at("/hang/a").into_iter().map(|post| post.id).collect();
    let expected: BTreeSet<_> = cases.iter().map(|case| format!("{case}/1")).collect();
    assert_eq!(ids, expected, "the receiver can tell that it has had them");
    let good: BTreeSet<_> = receiver.at("/good/b").into_iter().map(|post| post.id).collect();
    assert_eq!(good, expected);
}
