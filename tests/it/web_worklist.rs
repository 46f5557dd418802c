//! The worklist as people use it: finding, taking and giving out work on its page.

use chrono::TimeDelta;
use parvaneh_core::{CaseId, Command, Fact, PersonId};
use parvaneh_store::{Request, Requester};

use crate::{
    store_fixture::{COUNTY, act, applicant, holder, new_case, open_request},
    web_fixture::Service,
    web_pages::Browser,
};

/// The applicant asks for a licence under that name.
async fn opened(service: &Service, subject: &str) -> CaseId {
    let mut request = open_request(new_case());
    if let parvaneh_store::Ask::Open { application, .. } = &mut request.ask {
        application.subject = subject.to_owned();
    }
    assert!(matches!(request.by, Requester::Person(_)));
    service.office.store.execute(request).await.unwrap().case.id
}

async fn assignee(service: &Service, case: CaseId) -> Option<PersonId> {
    service.office.store.case(case).await.unwrap().tasks[0].assignee
}

#[tokio::test]
async fn an_officer_takes_a_task_and_puts_it_back() {
    let service = Service::start().await;
    let case = opened(&service, "انجمن یاری کودکان").await;
    let mut officer = Browser::of(&service, "county_officer").await;
    let list = officer.get("/worklist").await;
    assert_eq!(list.status, 200);
    for part in [
        "انجمن یاری کودکان",
        "action=\"/worklist/claim\"",
        // Why it stands there, by when, and its ribbon beside words.
        "class=\"why\"",
        "روز کاری مانده",
        "<svg viewBox=\"0 0 120 12\"",
    ] {
        assert!(list.html.contains(part), "{part} is missing in {}", list.html);
    }
    let case_text = case.to_string();
    let form = [("case", case_text.as_str()), ("task", "1"), ("query", "tab=new&text=یاری")];
    let claimed = officer.send("/worklist/claim", &form).await;
    assert_eq!(claimed.status, 303, "{}", claimed.html);
    let there = claimed.header("location").to_owned();
    assert!(
        there.starts_with("/worklist?tab=new&text=")
            && there.ends_with(&format!("done=claimed.{case}.1")),
        "{there}"
    );
    assert_eq!(assignee(&service, case).await, Some(holder("county_officer")));
    let list = officer.get(&there).await;
    assert!(list.html.contains("در دست شماست"), "{}", list.html);
    assert!(
        list.html.contains("action=\"/worklist/release\""),
        "it can be taken back: {}",
        list.html
    );
    // Nobody else can take it; he sees who has it.
    service.hires("colleague", "county_officer", COUNTY).await;
    let mut colleague = Browser::of(&service, "colleague").await;
    let list = colleague.get("/worklist").await;
    assert!(
        list.html.contains("county_officer") && !list.html.contains("/worklist/claim"),
        "{}",
        list.html
    );
    let late = colleague.send("/worklist/claim", &form).await;
    assert!(late.header("location").ends_with(&format!("done=gone.{case}.1")), "{}", late.html);
    assert_eq!(assignee(&service, case).await, Some(holder("county_officer")));
    let told = colleague.get(late.header("location")).await.html;
    assert!(told.contains("در این میان") && told.contains("برداشته است"), "{told}");
    let released = officer.send("/worklist/release", &form).await;
    assert_eq!((released.status, assignee(&service, case).await), (303, None));
    // What is not to be done any more is nobody's.
    service.office.does("county_officer", case, act("accept")).await.unwrap();
    let late = colleague.send("/worklist/claim", &form).await;
    let told = colleague.get(late.header("location")).await.html;
    assert!(told.contains("از این گام گذشته است"), "{told}");
    // What was made up about a case that one does not see tells nothing.
    let mut stranger = Browser::of(&service, "agency.police").await;
    let list = stranger.get(&format!("/worklist?done=claimed.{case}.1")).await;
    assert!(!list.html.contains("یاری کودکان"), "{}", list.html);
    assert_eq!(stranger.send("/worklist/claim", &form).await.status, 404);
}

#[tokio::test]
async fn the_tabs_count_what_they_show() {
    let service = Service::start().await;
    let cases = [opened(&service, "یکی").await, opened(&service, "دیگری").await];
    let mut officer = Browser::of(&service, "county_officer").await;
    let counts = async |officer: &mut Browser<'_>| {
        let html = officer.get("/worklist?lang=en").await.html;
        let tabs =
            html.split("<nav class=\"tabs\"").nth(1).unwrap().split("</nav>").next().unwrap();
        let count = |part: &str| part.split("</strong>").next().unwrap().to_owned();
        tabs.split("<strong>").skip(1).map(count).collect::<Vec<_>>()
    };
    assert_eq!(counts(&mut officer).await[..3], ["2", "2", "0"]);
    service.office.does("county_officer", cases[0], Command::Claim { task: 1 }).await.unwrap();
    assert_eq!(counts(&mut officer).await[..3], ["2", "1", "1"]);
    let new = officer.get("/worklist?tab=new").await;
    assert!(new.html.contains("دیگری") && !new.html.contains(">یکی<"), "{}", new.html);
    service.office.advance(TimeDelta::days(30)).await;
    assert_eq!(counts(&mut officer).await[3..], ["0", "2"], "a month later both are late");
    let late = officer.get("/worklist?tab=late").await;
    assert!(late.html.contains("روز تأخیر") && late.html.contains("■"), "{}", late.html);
    assert!(officer.get("/worklist?tab=near").await.html.contains("کاری نمانده است"));
}

#[tokio::test]
async fn a_search_finds_what_is_meant_however_it_is_typed() {
    let service = Service::start().await;
    let case = opened(&service, "مؤسسه‌ی خیریه مهرورزان کیمیا ۱۴۰۳").await;
    opened(&service, "انجمن آفتاب").await;
    let people = vec![(applicant(), "یاسمن کیانی‌فر".to_owned())];
    service.office.store.save_people(people).await.unwrap();
    let code = case.0.simple().to_string().to_uppercase();
    let code = format!("{}-{}-{}", &code[20..24], &code[24..28], &code[28..]);
    let mut officer = Browser::of(&service, "county_officer").await;
    for (text, found) in [
        ("مهرورزان", true),
        ("موسسه ی خیريه", true),
        ("مهر ورزان كيميا", true),
        ("1403", true),
        ("١٤٠٣", true),
        (code.as_str(), true),
        ("کیانی فر", true),
        ("كياني‌فر", true),
        ("%", false),
        ("مهر_رزان", false),
        ("پروین", false),
    ] {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let list = officer.get(&format!("/worklist?text={encoded}")).await;
        assert_eq!(list.html.contains("مهرورزان کیمیا"), found, "{text}: {}", list.html);
    }
    // آ and ا are one, and what does not fit is left out.
    let encoded: String = "افتاب".bytes().map(|byte| format!("%{byte:02X}")).collect();
    let list = officer.get(&format!("/worklist?text={encoded}")).await;
    assert!(list.html.contains("انجمن آفتاب") && !list.html.contains("کیمیا"), "{}", list.html);
    assert!(list.html.contains("class=\"chosen\""), "the filter can be taken away: {}", list.html);
    assert_eq!(officer.get("/worklist?text=%00").await.status, 400);
    assert_eq!(officer.get("/worklist?after=nonsense").await.status, 400);
}

#[tokio::test]
async fn a_head_gives_out_the_work_of_his_county_with_a_reason() {
    let service = Service::start().await;
    let cases = [opened(&service, "یکی").await, opened(&service, "دیگری").await];
    let colleague = service.hires("colleague", "county_officer", COUNTY).await;
    let mut head = Browser::of(&service, "county_head").await;
    assert!(head.get("/worklist").await.html.contains("کاری نمانده است"), "his own");
    let group = head.get("/worklist?of=group").await;
    assert!(
        group.html.contains("form=\"distribute\"") && !group.html.contains("/worklist/claim"),
        "{}",
        group.html
    );
    let tasks = cases.map(|case| format!("{case}.1"));
    let gone = format!("{}.1", new_case());
    let chosen = [("task", tasks[0].as_str()), ("task", &tasks[1]), ("task", &gone)];
    let ask = head.send("/worklist/distribute", &chosen).await;
    assert!(ask.html.contains("۲ کار توزیع می‌شود"), "the true count: {}", ask.html);
    assert!(
        ask.html.contains("colleague (۰ کار در دست)") || ask.html.contains("colleague"),
        "{}",
        ask.html
    );
    let send = |to: String, reason: &'static str| {
        let tasks = tasks.clone();
        async move { (tasks, to, reason) }
    };
    // Without a reason nothing happens.
    let (chosen, to, _) = send(colleague.to_string(), "").await;
    let form = [("task", chosen[0].as_str()), ("task", &chosen[1]), ("to", &to), ("reason", " ")];
    let told = head.send("/worklist/distributed", &form).await;
    assert!(told.html.contains("role=\"alert\""), "{}", told.html);
    assert_eq!(assignee(&service, cases[0]).await, None);
    // In turn to both officers.
    let turn = format!("county_officer@{COUNTY}");
    let form =
        [("task", chosen[0].as_str()), ("task", &chosen[1]), ("to", &turn), ("reason", "مرخصی")];
    let done = head.send("/worklist/distributed", &form).await;
    assert!(done.html.contains("۲ کار توزیع شد"), "{}", done.html);
    let mut held = [assignee(&service, cases[0]).await, assignee(&service, cases[1]).await];
    let mut both = [Some(colleague), Some(holder("county_officer"))];
    held.sort();
    both.sort();
    assert_eq!(held, both, "one each");
    let timeline = service.office.store.timeline(cases[0]).await.unwrap();
    let reason = timeline.entries.iter().find_map(|entry| match &entry.event.fact {
        Fact::Assigned { reason, .. } => reason.clone(),
        _ => None,
    });
    assert_eq!(reason.as_deref(), Some("مرخصی"), "it lands in history");
    // Back to the worklist.
    let form =
        [("task", chosen[0].as_str()), ("task", &chosen[1]), ("to", "release"), ("reason", "تمام")];
    assert!(head.send("/worklist/distributed", &form).await.html.contains("۲ کار توزیع شد"));
    assert_eq!(assignee(&service, cases[0]).await, None);
    // Who is not eligible is told for each, and nothing changes.
    let stranger = holder("secretariat").to_string();
    let form = [("task", chosen[0].as_str()), ("to", &stranger), ("reason", "نادرست")];
    let told = head.send("/worklist/distributed", &form).await;
    assert!(told.html.contains("۱ کار توزیع نشد"), "{}", told.html);
    // An officer gives out nothing.
    let mut officer = Browser::of(&service, "county_officer").await;
    assert_eq!(officer.get("/worklist?of=group").await.status, 403);
    assert_eq!(officer.send("/worklist/distributed", &form).await.status, 403);
    let other = service.office.store.execute(Request::command(
        holder("county_officer"),
        cases[0],
        Command::Claim { task: 1 },
    ));
    other.await.unwrap();
}

#[tokio::test]
async fn filters_are_kept_and_columns_chosen() {
    let service = Service::start().await;
    opened(&service, "یکی").await;
    let mut officer = Browser::of(&service, "county_officer").await;
    let save = [("name", " دیرشده‌ها "), ("query", "tab=late&order=arrival&done=x")];
    let saved = officer.send("/worklist/saved", &save).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/worklist?tab=late&order=arrival"));
    let list = officer.get("/worklist").await;
    assert!(
        list.html.contains("href=\"/worklist?tab=late&#38;order=arrival\">دیرشده‌ها</a>"),
        "{}",
        list.html
    );
    // Another person has his own.
    let mut other = Browser::of(&service, "county_head").await;
    assert!(!other.get("/worklist").await.html.contains("دیرشده‌ها"));
    assert_eq!(officer.send("/worklist/saved", &[("name", "  "), ("query", "")]).await.status, 400);
    for number in 0..30 {
        let name = format!("filter {number}");
        let form = [("name", name.as_str()), ("query", "tab=new")];
        let status = officer.send("/worklist/saved", &form).await.status;
        assert_eq!(status, if number < 29 { 303 } else { 409 }, "{name}");
    }
    officer.send("/worklist/forgotten", &[("name", "دیرشده‌ها")]).await;
    assert!(!officer.get("/worklist").await.html.contains("دیرشده‌ها"));

    assert!(!officer.get("/worklist").await.html.contains("<td data-label=\"واحد\""));
    let columns = [("column", "unit"), ("column", "due"), ("column", "nothing")];
    assert_eq!(officer.send("/worklist/columns", &columns).await.status, 303);
    let list = officer.get("/worklist").await;
    assert!(list.html.contains("<td data-label=\"واحد\""), "{}", list.html);
    assert!(!list.html.contains("<td data-label=\"مرحله\""), "{}", list.html);
    officer.send("/worklist/columns", &[("reset", "1")]).await;
    assert!(officer.get("/worklist").await.html.contains("<td data-label=\"مرحله\""));
}

#[tokio::test]
async fn what_people_write_is_shown_as_text() {
    let service = Service::start().await;
    opened(&service, "<script>alert(1)</script>\"'&").await;
    let mut officer = Browser::of(&service, "county_officer").await;
    let list = officer.get("/worklist?text=%3Cscript%3E").await;
    assert!(!list.html.contains("<script>"), "{}", list.html);
    assert!(list.html.contains("&#60;script&#62;"), "{}", list.html);
}

#[tokio::test]
async fn a_long_worklist_comes_in_pages() {
    let service = Service::start().await;
    for number in 0..40 {
        opened(&service, &format!("case number {number} of many")).await;
    }
    let mut officer = Browser::of(&service, "county_officer").await;
    for order in ["late_minimising", "deadline", "arrival"] {
        let first = officer.get(&format!("/worklist?order={order}")).await;
        let rows = |html: &str| html.matches("<th scope=\"row\">").count();
        assert_eq!(rows(&first.html), 30, "{order}");
        // What it loads weighs 122 KB.
        assert!(first.html.len() < 78_000, "{order}: {} bytes", first.html.len());
        let next = first.html.split("rel=\"next\" href=\"").nth(1).expect("a next page");
        let next = next.split('"').next().unwrap().replace("&#38;", "&");
        assert_eq!(rows(&officer.get(&next).await.html), 10, "{order}");
    }
}
