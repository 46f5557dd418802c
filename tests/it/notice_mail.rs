//! Notices by e-mail, to a real SMTP server.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use parvaneh_core::Command;
use parvaneh_store::{Choice, Language, NoticeKind, Preferences, Request, Store};
use parvaneh_worker::{
    Shutdown, WorkerOptions, drain,
    send::{self, Channels, Sendings},
};

use crate::{
    fault_process::eventually,
    notice_peers::{MailServer, SenderProcess, channels},
    store_fixture::{Office, act, applicant, holder},
};

async fn prefer(office: &Office, who: &str, email: &str, choices: &[(NoticeKind, Choice)]) {
    let language = if who == "county_head" { Language::Fa } else { Language::En };
    let email = Some(email.to_owned());
    let choices = choices.to_vec();
    let preferences = Preferences { email, language, choices, ..Preferences::default() };
    office.store.set_preferences(holder(who), preferences).await.unwrap();
}

/// Time passes, and the program itself tells people.
async fn tell(office: &Office) {
    office.advance(TimeDelta::days(5)).await;
    let (_stop, shutdown) = Shutdown::new();
    drain(&office.store, WorkerOptions::default(), &shutdown).await.unwrap();
}

async fn sent(store: &Store, channels: &Arc<Channels>) -> Sendings {
    let (_stop, shutdown) = Shutdown::new();
    send::once(store, channels, &shutdown).await.unwrap()
}

async fn states(office: &Office) -> Vec<(String, i64)> {
    let counts = "select state, count(*) from deliveries where channel = 'email'
        group by state order by state";
    sqlx::query_as(counts).fetch_all(&mut office.as_admin().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_says_what_happened_in_the_readers_language_and_comes_once() {
    let (office, server) = (Office::sandbox().await, MailServer::start().await);
    prefer(&office, "county_head", "head@example.org", &[]).await;
    let warned = [(NoticeKind::Warning, Choice::AtOnce)];
    prefer(&office, "county_officer", "officer@example.org", &warned).await;
    let case = office.opened().await;
    tell(&office).await;
    let channels = Arc::new(server.channels());
    let sendings = sent(&office.store, &channels).await;
    let mails = server.received();
    assert_eq!(sendings, Sendings { sent: mails.len() as u64, ..Sendings::default() });
    assert!(mails.iter().all(|mail| mail.is_sound()), "{mails:?}");

    let of = |to: &str| mails.iter().filter(|mail| mail.to() == to).collect::<Vec<_>>();
    let [head] = of("head@example.org")[..] else { panic!("one escalation: {mails:?}") };
    assert_eq!(head.header("subject"), Some("مهلت گذشته است: انجمن یاری کودکان"));
    assert!(head.text().contains("- پرونده: انجمن یاری کودکان"), "{}", head.text());
    assert!(
        head.text().contains("اردیبهشت ۱۴۰۳") || head.text().contains("۱۴۰۳"),
        "{}",
        head.text()
    );
    assert!(head.text().contains(&case.id.to_string()), "{}", head.text());
    assert!(head.html().contains("<html lang=\"fa\" dir=\"rtl\">"), "{}", head.html());
    assert_eq!(head.header("from"), Some("Parvaneh <parvaneh@example.org>"));
    assert_eq!(head.header("auto-submitted"), Some("auto-generated"));
    let subjects: BTreeSet<_> =
        of("officer@example.org").iter().map(|mail| mail.header("subject").unwrap()).collect();
    assert!(subjects.contains("A deadline comes near: انجمن یاری کودکان"), "{subjects:?}");
    assert!(
        subjects.contains("The deadline of your task has passed: انجمن یاری کودکان"),
        "{subjects:?}"
    );

    // Neither another round nor another delivery of the same events sends anything again.
    let mut owner = office.as_admin().await;
    sqlx::query("update outbox set delivered_at = null, reached = null")
        .execute(&mut owner)
        .await
        .unwrap();
    office.store.deliver_outbox(100).await.unwrap();
    assert_eq!(sent(&office.store, &channels).await, Sendings::default());
    assert_eq!(server.received().len(), mails.len());
    assert!(server.by_identity().values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applicant_is_told_of_receipt_return_and_result() {
    let (office, server) = (Office::sandbox().await, MailServer::start().await);
    let wants = async |language, choices: &[(NoticeKind, Choice)]| {
        let (email, choices) = (Some("sara@example.org".to_owned()), choices.to_vec());
        let preferences = Preferences { email, language, choices, ..Preferences::default() };
        office.store.set_preferences(applicant(), preferences).await.unwrap();
    };
    let outbox = async || -> i64 {
        let count = "select count(*) from outbox";
        sqlx::query_scalar(count).fetch_one(&mut office.as_admin().await).await.unwrap()
    };
    // Without an address nothing is kept for him.
    office.opened().await;
    assert_eq!(outbox().await, 0);

    wants(Language::En, &[]).await;
    let case = office.opened().await.id;
    let reason = Some("The charter is missing\r\nBcc: x@example.org".to_owned());
    let (action, citation) = ("return".into(), None);
    let given = parvaneh_core::Given::default();
    let back = Command::Act { action, reason, citation, given };
    office.does("county_officer", case, back).await.unwrap();
    // Whatever happens between is no matter of his.
    let request = Request::command(applicant(), case, act("resubmit"));
    office.store.execute(request).await.unwrap();
    let request = Request::command(applicant(), case, Command::Withdraw { reason: None });
    office.store.execute(request).await.unwrap();
    let delivered = office.store.deliver_outbox(100).await.unwrap();
    assert_eq!((delivered.addressees, delivered.notices), (3, 3));
    let channels = Arc::new(server.channels());
    sent(&office.store, &channels).await;
    let mails = server.received();
    assert!(mails.iter().all(|mail| mail.is_sound() && mail.to() == "sara@example.org"));
    let find = |subject: &str| {
        let found = mails.iter().find(|mail| mail.header("subject") == Some(subject));
        found.unwrap_or_else(|| panic!("'{subject}' in {mails:?}")).text()
    };
    let received = find("Your application was received: انجمن یاری کودکان");
    assert!(received.contains("The statutory deadline of its handling is"), "{received}");
    assert!(received.contains("- Step: Reception and check of papers"), "{received}");
    let turn = find("Your case waits for you: انجمن یاری کودکان");
    assert!(turn.contains("in the step 'Correction by the applicant'"), "{turn}");
    assert!(turn.contains("You have time until"), "{turn}");
    assert!(turn.contains("Why: The charter is missing Bcc: x@example.org"), "{turn}");
    assert!(find("What came of your case: Withdrawn").contains("- Result: Withdrawn"));
    assert_eq!(mails.len(), 3);

    // Nothing comes twice, and he chooses what comes: all but the receipt, in Persian.
    office.store.deliver_outbox(100).await.unwrap();
    assert_eq!(sent(&office.store, &channels).await, Sendings::default());
    wants(Language::Fa, &[(NoticeKind::Received, Choice::Off), (NoticeKind::Turn, Choice::Digest)])
        .await;
    let case = office.opened().await.id;
    let request = Request::command(applicant(), case, Command::Withdraw { reason: None });
    office.store.execute(request).await.unwrap();
    office.store.deliver_outbox(100).await.unwrap();
    sent(&office.store, &channels).await;
    let subjects: Vec<_> = server.received()[3..]
        .iter()
        .map(|mail| mail.header("subject").unwrap().to_owned())
        .collect();
    assert_eq!(subjects, ["نتیجهٔ پروندهٔ شما: انصراف متقاضی"]);
    // The program itself tells him all of it.
    assert_eq!(office.store.notices(applicant(), true, 10).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_what_he_chose_and_his_own_delays_in_any_case() {
    let (office, server) = (Office::sandbox().await, MailServer::start().await);
    let off = [(NoticeKind::Warning, Choice::Off), (NoticeKind::Escalation, Choice::Off)];
    prefer(&office, "county_head", "head@example.org", &off).await;
    prefer(&office, "county_officer", "officer@example.org", &off).await;
    for (kind, choice) in
        [(NoticeKind::OwnEscalation, Choice::Off), (NoticeKind::Worklist, Choice::AtOnce)]
    {
        let preferences = Preferences { choices: vec![(kind, choice)], ..Preferences::default() };
        let refused = office.store.set_preferences(holder("county_head"), preferences).await;
        assert_eq!(refused.unwrap_err().code(), "unknown");
    }
    office.opened().await;
    tell(&office).await;
    sent(&office.store, &Arc::new(server.channels())).await;
    let to: Vec<_> = server.received().iter().map(|mail| mail.to().to_owned()).collect();
    assert!(!to.is_empty() && to.iter().all(|to| to == "officer@example.org"), "{to:?}");
    // The program itself tells them all the same.
    let notices = office.store.notices(holder("county_head"), true, 10).await.unwrap();
    assert_eq!(notices.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surely_did_not_arrive_is_tried_again_and_what_never_will_is_shown() {
    let (office, server) = (Office::sandbox().await, MailServer::start().await);
    let now = [(NoticeKind::Warning, Choice::AtOnce)];
    prefer(&office, "county_head", "busy@example.org", &now).await;
    prefer(&office, "county_officer", "again@example.org", &now).await;
    office.opened().await;
    tell(&office).await;
    let channels = Arc::new(server.channels());
    let mut again = 0;
    eventually("all are sent", async || {
        again += sent(&office.store, &channels).await.again;
        let states = states(&office).await;
        (states.len() == 1 && states[0].0 == "sent").then_some(())
    })
    .await;
    assert!(again >= 3, "twice at RCPT, once at the content: {again}");
    assert!(server.by_identity().values().all(|times| *times == 1));

    // A mailbox that does not exist is given up at once; trying by hand is possible.
    prefer(&office, "county_officer", "nobody@example.org", &now).await;
    office.opened().await;
    tell(&office).await;
    assert!(sent(&office.store, &channels).await.failed > 0);
    let failed = office.store.failed_deliveries(10).await.unwrap();
    assert!(failed.iter().all(|one| one.state == "failed" && one.attempts == 1), "{failed:?}");
    assert!(failed[0].error.contains("no such mailbox"), "{}", failed[0].error);
    prefer(&office, "county_officer", "officer@example.org", &now).await;
    let retried = office.store.retry_deliveries(Some(failed[0].reason)).await.unwrap();
    assert_eq!((retried, sent(&office.store, &channels).await.sent), (1, 1));
    office.store.retry_deliveries(None).await.unwrap();
    sent(&office.store, &channels).await;
    assert_eq!(office.store.failed_deliveries(10).await.unwrap(), []);

    // The server is away: nothing is lost, and after the last attempt it is shown.
    office.opened().await;
    tell(&office).await;
    let nowhere = Arc::new(channels_to_nowhere());
    eventually("it is given up", async || {
        sent(&office.store, &nowhere).await;
        let failed = office.store.failed_deliveries(10).await.unwrap();
        let given_up = failed.iter().all(|one| one.attempts == 5) && !failed.is_empty();
        given_up.then_some(())
    })
    .await;
}

fn channels_to_nowhere() -> Channels {
    channels(Some("smtp://127.0.0.1:1"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_which_nobody_knows_is_not_sent_again_by_itself() {
    let (office, server) = (Office::sandbox().await, MailServer::start().await);
    prefer(&office, "county_head", "drop@example.org", &[]).await;
    office.opened().await;
    tell(&office).await;
    let channels = Arc::new(server.channels());
    assert_eq!(sent(&office.store, &channels).await.failed, 1);
    assert_eq!(sent(&office.store, &channels).await, Sendings::default());
    assert_eq!(server.received().len(), 1);
    let [uncertain] = &office.store.failed_deliveries(10).await.unwrap()[..] else { panic!() };
    assert_eq!(uncertain.state, "uncertain");
    assert!(uncertain.error.contains("incomplete response"), "{}", uncertain.error);
    assert_eq!(office.store.retry_deliveries(None).await.unwrap(), 0, "only one by one");
    // By hand it is, and bears the same identity.
    assert_eq!(office.store.retry_deliveries(Some(uncertain.reason)).await.unwrap(), 1);
    sent(&office.store, &channels).await;
    assert_eq!(server.by_identity().into_values().collect::<Vec<_>>(), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_killed_in_the_middle_sends_nothing_twice_and_loses_nothing() {
    let (office, server) = (Office::sandbox().await, MailServer::start().await);
    // The head's mail never gets an answer; the others' do.
    prefer(&office, "county_head", "hang@example.org", &[]).await;
    let now = [(NoticeKind::Warning, Choice::AtOnce)];
    prefer(&office, "county_officer", "officer@example.org", &now).await;
    for _ in 0..10 {
        office.opened().await;
    }
    tell(&office).await;
    let all: i64 = states(&office).await.iter().map(|(_, count)| count).sum();
    let app = office.database.app_options();
    let killed = SenderProcess::start(&app, &server.url()).await;
    eventually("it is in the middle", async || {
        let hanging = server.received().iter().filter(|mail| mail.to().starts_with("hang")).count();
        (hanging >= 1).then_some(())
    })
    .await;
    killed.kill().await;

    // Two others go on, side by side. What hangs holds up nobody: four at once may hang.
    let channels = || Arc::new(Channels { mails_at_once: 16, ..server.channels() });
    let ((stop_one, one), (stop_two, two)) = (Shutdown::new(), Shutdown::new());
    let (first, second) = (office.another().await, office.another().await);
    let (with, and_with) = (channels(), channels());
    let working = tokio::spawn(async move { send::run(&first, &with, one).await });
    let beside = tokio::spawn(async move { send::run(&second, &and_with, two).await });
    eventually("every mail has left", async || {
        let waiting = states(&office).await.iter().any(|(state, _)| state == "waiting");
        // Of the three beside it the killed one may have begun some whose content never left.
        let seen = server.by_identity().len() as i64;
        (seen >= all - 3 && !waiting).then_some(())
    })
    .await;
    working.abort();
    beside.abort();
    drop((stop_one, stop_two));
    let times = server.by_identity();
    assert!(times.values().all(|times| *times == 1), "sent twice: {times:?}");
    // What the killed one was sending is settled: it may have arrived, and is not sent again.
    let settled = eventually("its leases have ended", async || {
        office.store.settle_deliveries(false).await.unwrap();
        let failed = office.store.failed_deliveries(100).await.unwrap();
        (!failed.is_empty()).then_some(failed)
    })
    .await;
    assert!(settled.iter().all(|one| one.state == "uncertain"), "{settled:?}");
    assert!(settled.iter().all(|one| one.error.contains("may have arrived")), "{settled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_arrives_every_time_it_is_sent() {
    let server = MailServer::start().await;
    let mailer = server.channels().mail.expect("a server");
    for name in ["test:1", "test:2"] {
        let said = mailer.test("a@example.org", Language::Fa, name).await.unwrap();
        assert_eq!(said, "2.0.0 taken");
    }
    let refused = mailer.test("nobody@example.org", Language::En, "test:3").await.unwrap_err();
    assert!(refused.to_string().contains("no such mailbox"), "{refused}");
    assert_eq!(server.by_identity().len(), 2);
    assert!(server.received().iter().all(|mail| mail.is_sound()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_was_lost_sends_nothing_and_records_nothing() {
    let office = Office::sandbox().await;
    prefer(&office, "county_head", "head@example.org", &[]).await;
    office.opened().await;
    tell(&office).await;
    let short = Duration::from_millis(50);
    let [late] = &office.store.claim_mails(10, short).await.unwrap()[..] else { panic!() };
    assert_eq!(office.store.claim_mails(10, short).await.unwrap(), [], "somebody has it");
    tokio::time::sleep(Duration::from_millis(80)).await;
    let [taken] = &office.store.claim_mails(10, Duration::from_secs(60)).await.unwrap()[..] else {
        panic!("its lease had ended")
    };
    assert_eq!((taken.reason, taken.attempt), (late.reason, 2));
    assert!(!office.store.begin_sending(late, short).await.unwrap(), "it is another's now");
    let outcome = parvaneh_store::Outcome::Failed("x".to_owned());
    let recorded = office.store.finish_sending(late, &outcome).await.unwrap();
    assert_eq!(recorded, parvaneh_store::Sent::NoLongerOurs);
    assert!(office.store.begin_sending(taken, short).await.unwrap());
    assert!(!office.store.begin_sending(taken, short).await.unwrap(), "once");
}
