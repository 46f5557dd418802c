//! The mail that comes once a working day.

use std::sync::Arc;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use parvaneh_store::{Choice, Language, NoticeKind, Preferences, Reason};
use parvaneh_worker::{
    Shutdown, WorkerOptions, digest, drain,
    send::{self, Channels},
};

use crate::{
    notice_peers::MailServer,
    store_fixture::{Office, holder, start},
};

const OFFICER: &str = "county_officer";

async fn prefer(office: &Office, choices: &[(NoticeKind, Choice)]) {
    let preferences = Preferences {
        email: Some("officer@example.org".to_owned()),
        language: Language::En,
        digest_at: NaiveTime::from_hms_opt(8, 30, 0).unwrap(),
        choices: choices.to_vec(),
        ..Preferences::default()
    };
    office.store.set_preferences(holder(OFFICER), preferences).await.unwrap();
}

/// What two workers side by side send at an instant.
async fn at(office: &Office, instant: DateTime<Utc>, channels: &Arc<Channels>) {
    office.store.sandbox_clock().set_frozen(instant).await.unwrap();
    let (_stop, shutdown) = Shutdown::new();
    drain(&office.store, WorkerOptions::default(), &shutdown).await.unwrap();
    let other = office.another().await;
    let (one, two) = tokio::join!(
        send::once(&office.store, channels, &shutdown),
        send::once(&other, channels, &shutdown),
    );
    one.unwrap();
    two.unwrap();
}

/// The same morning, so many days later: half past eight and a minute in Tehran.
fn morning(days: i64) -> DateTime<Utc> {
    start() + TimeDelta::days(days) - TimeDelta::minutes(89)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_comes_once_a_working_day_when_there_is_something_to_say() {
    let (office, server) = (Office::sandbox().await, MailServer::start().await);
    let channels = Arc::new(server.channels());
    prefer(&office, &[(NoticeKind::OwnEscalation, Choice::Digest)]).await;

    // Saturday: his worklist is empty. The day is settled, and nothing is sent.
    at(&office, start(), &channels).await;
    assert_eq!(server.received().len(), 0);
    office.opened().await;

    // Sunday, before and after its time.
    at(&office, morning(1) - TimeDelta::minutes(2), &channels).await;
    assert_eq!(server.received().len(), 0, "not before half past eight");
    at(&office, morning(1), &channels).await;
    at(&office, morning(1) + TimeDelta::hours(3), &channels).await;
    let mails = server.received();
    let [mail] = &mails[..] else { panic!("once: {mails:?}") };
    let subject = mail.header("subject").unwrap();
    assert!(
        subject.starts_with("Your work on Sunday 2 Ordibehesht 1403 (2024-04-21)"),
        "{subject}"
    );
    assert!(subject.ends_with("0 late, 1 near the deadline"), "{subject}");
    assert!(mail.text().contains("انجمن یاری کودکان"), "{}", mail.text());

    // On Thursday and Friday (days 5 and 6) none comes; on Saturday it tells what has happened since.
    for day in [5, 6] {
        at(&office, morning(day), &channels).await;
    }
    assert_eq!(server.received().len(), 1);
    at(&office, morning(7), &channels).await;
    let mails = server.received();
    let [_, mail] = &mails[..] else { panic!("one more: {mails:?}") };
    assert!(mail.header("subject").unwrap().contains("1 late"), "{:?}", mail.header("subject"));
    assert!(mail.text().contains("What has happened since the last summary"), "{}", mail.text());
    assert!(mail.text().contains("- Warning:"), "{}", mail.text());
    assert!(mail.text().contains("- Deadline passed:"), "{}", mail.text());
    assert!(mail.is_sound());

    // What was told in it is told in no other.
    office.opened().await;
    at(&office, morning(8), &channels).await;
    let mails = server.received();
    let [_, _, mail] = &mails[..] else { panic!("one more: {mails:?}") };
    assert!(!mail.text().contains("- Warning:"), "{}", mail.text());
    assert!(server.by_identity().values().all(|times| *times == 1));

    // Who wants no worklist gets none, and nothing at all when nothing happened.
    prefer(&office, &[(NoticeKind::Worklist, Choice::Off)]).await;
    at(&office, morning(9), &channels).await;
    let told: Vec<_> =
        server.received().iter().skip(3).map(|mail| mail.text().to_owned()).collect();
    assert!(told.iter().all(|text| !text.contains("Late (")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_planners_begin_one_digest_for_each_person_and_day() {
    let office = Office::sandbox().await;
    prefer(&office, &[]).await;
    let mut stores = Vec::new();
    for _ in 0..6 {
        stores.push(office.another().await);
    }
    let plans: Vec<_> = stores
        .into_iter()
        .map(|store| tokio::spawn(async move { digest::plan(&store).await.unwrap() }))
        .collect();
    let mut begun = 0;
    for plan in plans {
        begun += plan.await.unwrap();
    }
    assert_eq!(begun, 1);
    let day = start().date_naive();
    assert!(!office.store.begin_digest(holder(OFFICER), day, true).await.unwrap());
    let [digest] =
        &office.store.claim_mails(10, std::time::Duration::from_secs(9)).await.unwrap()[..]
    else {
        panic!("one")
    };
    assert_eq!(digest.reason, Reason::digest(holder(OFFICER), day));
}
