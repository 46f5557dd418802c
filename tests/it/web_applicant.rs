//! What applicants may do, and what nobody may do in their place: drafts, codes, accounts, asking by a tracking code.

use base64::Engine as _;
use parvaneh_core::{
    PersonId, WorkflowId,
    log::{
        entry, leaf,
        note::{Checkpoint, Purpose, Signer},
        verify_inclusion,
    },
};
use parvaneh_store::{Channel, EntryMail, Request};
use serde_json::json;

use crate::{
    screens_applicant::{kiosk_application, somebody, with_kiosk},
    store_fixture::{COUNTY, holder, new_case},
    web_fixture::Service,
    web_pages::{Browser, Page},
};

/// The mails with codes that are to be sent, each taken from the outbox as a worker takes it.
pub(crate) async fn codes(service: &Service) -> Vec<EntryMail> {
    let store = &service.office.store;
    let lease = std::time::Duration::from_secs(60);
    let mut mails = Vec::new();
    for claimed in store.claim_mails(50, lease).await.unwrap() {
        if claimed.reason.channel == Channel::Code {
            mails.extend(store.entry_mail(&claimed.reason).await.unwrap());
        }
        store.finish_sending(&claimed, &parvaneh_store::Outcome::Sent).await.unwrap();
    }
    mails
}

async fn asks(browser: &mut Browser<'_>, email: &str) -> Page {
    browser.send("/enter", &[("email", email), ("to", "/my")]).await
}

#[tokio::test]
async fn an_applicant_makes_an_account_by_a_code_and_comes_in_again_by_another() {
    let service = Service::start().await;
    let mut browser = Browser::new(&service);
    let asked = asks(&mut browser, "sara@example.org").await;
    assert_eq!((asked.status, asked.header("location")), (303, "/enter/code?to=/my"));
    let mail = codes(&service).await.pop().expect("a mail");
    assert_eq!((mail.email.as_str(), mail.code.len()), ("sara@example.org", 6));

    // The code alone is worth nothing in another browser, and a wrong one nothing in this.
    let right = [("code", mail.code.as_str()), ("to", "/my")];
    let mut stranger = Browser::new(&service);
    assert_eq!(stranger.send("/enter/code", &right).await.status, 422);
    let wrong = if mail.code == "000000" { "000001" } else { "000000" };
    let refused = browser.send("/enter/code", &[("code", wrong), ("to", "/my")]).await;
    assert_eq!(refused.status, 422);
    let proved = browser.send("/enter/code", &right).await;
    assert_eq!((proved.status, proved.header("location")), (303, "/enter/account?to=/my"));
    assert_eq!(browser.send("/enter/code", &right).await.status, 422, "once");

    let who = |identifier| [("name", "سارا رضایی"), ("identifier", identifier), ("to", "/my")];
    for wrong in ["0010350828", "123", "", "10380284791"] {
        let page = browser.send("/enter/account", &who(wrong)).await;
        assert_eq!(page.status, 422, "{wrong}");
        assert!(page.html.contains("href=\"#identifier\""), "{}", page.html);
    }
    let made = browser.send("/enter/account", &who("۰۰۱۰۳۵۰۸۲۹")).await;
    assert_eq!((made.status, made.header("location")), (303, "/my"), "{made:?}");
    let mine = browser.get("/my").await;
    assert_eq!(mine.status, 200);
    assert!(mine.html.contains("سارا رضایی"), "{}", mine.html);

    // The next time it opens that account; too soon, nothing is sent, and nothing says so.
    let mut other = Browser::new(&service);
    assert_eq!(asks(&mut other, "Sara@Example.org").await.status, 303);
    assert!(codes(&service).await.is_empty());
    let mut admin = service.office.as_admin().await;
    let back = "update entry_codes set asked_at = asked_at - interval '2 minutes'";
    sqlx::query(back).execute(&mut admin).await.unwrap();
    assert_eq!(asks(&mut other, "Sara@Example.org").await.status, 303);
    let mail = codes(&service).await.pop().expect("a mail");
    let entered = other.send("/enter/code", &[("code", &mail.code), ("to", "/my")]).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/my"));
    assert!(other.get("/my").await.html.contains("سارا رضایی"));
}

#[tokio::test]
async fn no_answer_tells_who_has_an_account_and_no_code_opens_an_office() {
    let service = Service::start().await;
    service
        .office
        .store
        .save_account(holder("county_officer"), "officer@example.org")
        .await
        .unwrap();
    let mut browser = Browser::new(&service);
    let officer = asks(&mut browser, "officer@example.org").await;
    let nobody = asks(&mut browser, "nobody@example.org").await;
    assert_eq!(
        (officer.status, officer.header("location")),
        (nobody.status, nobody.header("location"))
    );
    let mails = codes(&service).await;
    let to: Vec<&str> = mails.iter().map(|mail| mail.email.as_str()).collect();
    assert_eq!(to, ["nobody@example.org"], "an office needs more than a code");
    for wrong in ["", "nobody", "a b@example.org"] {
        assert_eq!(asks(&mut browser, wrong).await.status, 422, "{wrong}");
    }
    // Five guesses, then the right one is worth nothing either.
    let code = &mails[0].code;
    for guess in 0..5 {
        let guess = format!("00000{guess}");
        let wrong = if *code == guess { "999999".to_owned() } else { guess };
        assert_eq!(browser.send("/enter/code", &[("code", &wrong)]).await.status, 422);
    }
    let late = browser.send("/enter/code", &[("code", code)]).await;
    assert_eq!(late.status, 422, "{}", late.html);
    assert_eq!(browser.get("/my").await.status, 303, "still out");
}

#[tokio::test]
async fn where_nobody_registers_himself_only_those_who_have_an_account_get_a_code() {
    let service = Service::with(|settings| settings.self_registration = false).await;
    somebody(&service, "known@example.org").await;
    let mut browser = Browser::new(&service);
    for email in ["known@example.org", "unknown@example.org"] {
        assert_eq!(asks(&mut browser, email).await.status, 303);
    }
    let mails = codes(&service).await;
    let to: Vec<&str> = mails.iter().map(|mail| mail.email.as_str()).collect();
    assert_eq!(to, ["known@example.org"]);
}

#[tokio::test]
async fn a_file_is_found_by_its_code_and_digits_that_its_applicant_knows() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    let case = new_case();
    let application = kiosk_application(case, holder("an applicant"), "A secret subject");
    let request = Request::open(holder("county_officer"), WorkflowId::from("kiosk"), application);
    service.office.store.execute(request).await.unwrap();
    let id = case.to_string();
    let code = id[id.len() - 12..].to_uppercase();
    let code = format!("{}-{} {}", &code[..4], &code[4..8], &code[8..]);
    let mut browser = Browser::new(&service);
    for proof in ["0829", "۰۸۲۹", "4567"] {
        let found = browser.send("/track?lang=en", &[("code", &code), ("proof", proof)]).await;
        assert_eq!(found.status, 200, "{proof}: {}", found.html);
        for told in ["Being examined", "County officer", "working days left"] {
            assert!(found.html.contains(told), "{told}: {}", found.html);
        }
        for untold in ["secret", "0010350829", "09121234567", "an applicant"] {
            assert!(!found.html.contains(untold), "{untold}");
        }
    }
    // Neither alone, nor fewer digits; and all of it is answered alike.
    let wrong = browser.send("/track", &[("code", &code), ("proof", "1111")]).await;
    let unknown = browser.send("/track", &[("code", "0000-0000-0000"), ("proof", "0829")]).await;
    assert_eq!((wrong.status, unknown.status), (422, 422));
    for proof in ["829", "", "10350829"] {
        assert_eq!(
            browser.send("/track", &[("code", &code), ("proof", proof)]).await.status,
            422,
            "{proof}"
        );
    }
    // Guessed for a while, then closed, also for the right digits; another file is found still.
    assert_eq!(browser.send("/track", &[("code", &code), ("proof", "2222")]).await.status, 422);
    let closed = browser.send("/track", &[("code", &code), ("proof", "0829")]).await;
    assert_eq!(closed.status, 429, "{}", closed.html);
    assert!(!closed.header("retry-after").is_empty());
}

/// Answers to everything that the kiosk asks, but for papers.
const ANSWERS: [(&str, &str); 8] = [
    ("province", "23"),
    ("unit", COUNTY),
    ("subject", "A kiosk"),
    ("v.kind", "person"),
    ("v.owner_id", "0010350829"),
    ("v.phone", "09121234567"),
    ("v.area", "12"),
    ("v.remark", ""),
];

/// Begins an application, and answers everything.
async fn drafted(browser: &mut Browser<'_>) -> String {
    let begun = browser.send("/apply/kiosk", &[]).await;
    let draft = begun.header("location").to_owned();
    assert!(draft.starts_with("/drafts/"), "{begun:?}");
    for (question, answer) in ANSWERS.into_iter().chain([("p.plan", ""), ("p.record", "")]) {
        let page = browser.send(&format!("{draft}/ask/{question}"), &[("answer", answer)]).await;
        assert_eq!(page.status, 303, "{question}: {}", page.html);
    }
    draft
}

#[tokio::test]
async fn an_application_sent_twice_is_handed_in_once() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    let person: PersonId = somebody(&service, "reza").await;
    let mut browser = Browser::of(&service, "reza").await;
    let draft = drafted(&mut browser).await;
    let id = draft.rsplit('/').next().unwrap();
    for _ in 0..2 {
        let sent = browser.send(&draft, &[]).await;
        assert_eq!((sent.status, sent.header("location")), (303, &*format!("/my/{id}/receipt")));
    }
    let query = parvaneh_store::CasesQuery { applicant: Some(person), ..Default::default() };
    assert_eq!(service.office.store.cases(&query).await.unwrap().len(), 1);
    assert_eq!(browser.get(&draft).await.header("location"), format!("/my/{id}/receipt"));
    let receipt = browser.get(&format!("/my/{id}/receipt?lang=en")).await;
    let timeline =
        service.office.store.timeline(parvaneh_core::CaseId(id.parse().unwrap())).await.unwrap();
    let hash: String = timeline.entries[0].hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = receipt.html.replace(' ', "");
    assert!(shown.contains(&hash), "{hash}: {}", receipt.html);

    // Once it is sealed and signed, he can prove it.
    assert!(receipt.html.contains("Not sealed yet"), "{}", receipt.html);
    let address = format!("/my/{id}/proof");
    let unsealed: serde_json::Value =
        serde_json::from_str(&browser.get(&address).await.html).unwrap();
    assert_eq!(
        (&unsealed["sealed"], &unsealed["proof"]),
        (&false.into(), &serde_json::Value::Null)
    );
    let store = &service.office.store;
    let sealed = crate::log_seal::seal_all(store).await;
    let signer = Signer::new("example.org/log", Purpose::Log, &[5; 32]).unwrap();
    let (origin, extensions) = ("example.org/log".to_owned(), Vec::new());
    let checkpoint = Checkpoint { origin, size: sealed.size, root: sealed.root, extensions };
    let note = checkpoint.sign(&signer).unwrap().to_string();
    let key = signer.public().to_string();
    store.keep_checkpoint(sealed.size, sealed.root, note.clone(), key.clone()).await.unwrap();
    let proof: serde_json::Value = serde_json::from_str(&browser.get(&address).await.html).unwrap();
    assert_eq!((&proof["checkpoint"], &proof["key"]), (&note.into(), &key.into()));
    assert_eq!(proof["body"], timeline.entries[0].bytes);
    let position = proof["position"].as_u64().unwrap();
    let hashes =
        base64::engine::general_purpose::STANDARD.decode(proof["proof"].as_str().unwrap()).unwrap();
    let leaf = leaf(&entry(id.parse().unwrap(), 1, &timeline.entries[0].hash));
    let (hashes, _) = hashes.as_chunks::<32>();
    verify_inclusion(position, sealed.size, leaf, hashes, &sealed.root).unwrap();
    let receipt = browser.get(&format!("/my/{id}/receipt?lang=en")).await.html;
    let shown = format!("Entry {} of {}", position + 1, sealed.size);
    assert!(receipt.contains("Entry") && !receipt.contains("Not sealed yet"), "{shown}: {receipt}");
}

#[tokio::test]
async fn a_draft_is_its_persons_alone_and_keeps_its_files_as_long_as_it_lasts() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    let person = somebody(&service, "reza").await;
    somebody(&service, "sara").await;
    let mut reza = Browser::of(&service, "reza").await;
    let draft = drafted(&mut reza).await;
    let mut sara = Browser::of(&service, "sara").await;
    for path in [draft.clone(), format!("{draft}/ask/subject"), format!("{draft}/drop")] {
        assert_eq!(sara.get(&path).await.status, 404, "{path}");
        assert_eq!(sara.send(&path, &[("answer", "mine")]).await.status, 404, "{path}");
    }
    assert!(!sara.get("/my").await.html.contains(&draft));
    assert!(reza.get("/my").await.html.contains(&draft));

    // A file of a draft is old, and stays; without the draft it goes.
    let store = &service.office.store;
    let upload = new_case().0;
    assert!(store.begin_upload(person, upload, 50).await.unwrap());
    let arrived = parvaneh_store::Arrived {
        name: "plan.png".to_owned(),
        media_type: "image/png".to_owned(),
        size: 1,
        sha256: [1; 32],
        clean: true,
    };
    assert!(store.upload_arrived(upload, arrived).await.unwrap());
    let id = draft.rsplit('/').next().unwrap().parse().unwrap();
    let answer = json!({ "p.plan": { "upload": upload, "name": "plan.png" } });
    let answers = answer.as_object().unwrap().clone();
    assert!(store.answer_draft(id, person, answers.clone()).await.unwrap().is_some());
    assert!(store.answer_draft(id, holder("sara"), answers).await.unwrap().is_none());
    let mut admin = service.office.as_admin().await;
    let old = "update contents set begun_at = begun_at - interval '10 days'";
    sqlx::query(old).execute(&mut admin).await.unwrap();
    assert!(store.stale_uploads(10).await.unwrap().is_empty());
    assert_eq!(store.uploads_of(person, &[upload]).await.unwrap().len(), 1);
    // After thirty days without a word it is forgotten, and its file with the stale ones.
    let old = "update application_drafts set changed_at = changed_at - interval '31 days'";
    sqlx::query(old).execute(&mut admin).await.unwrap();
    assert_eq!(reza.get(&draft).await.status, 404);
    assert_eq!(store.forget_drafts(10).await.unwrap(), 1);
    assert_eq!(store.stale_uploads(10).await.unwrap(), [upload]);
}

#[tokio::test]
async fn nobody_begins_more_than_he_can_finish() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    somebody(&service, "reza").await;
    let mut browser = Browser::of(&service, "reza").await;
    for _ in 0..20 {
        assert_eq!(browser.send("/apply/kiosk", &[]).await.status, 303);
    }
    let full = browser.send("/apply/kiosk", &[]).await;
    assert_eq!(full.status, 409);
    assert!(full.html.contains("role=\"alert\""), "{}", full.html);
    let first = full.html.split("href=\"/drafts/").nth(1).unwrap().split('"').next().unwrap();
    let drop = format!("/drafts/{}/drop", first.trim_end_matches("/drop"));
    assert_eq!(browser.get(&drop).await.status, 200, "it is asked whether he is sure");
    assert_eq!(browser.send(&drop, &[]).await.header("location"), "/my");
    assert_eq!(browser.send("/apply/kiosk", &[]).await.status, 303);
}
