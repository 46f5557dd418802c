//! The timeline of a case as PDF: what somebody reads who looks at it, and what somebody else's program finds in it.

use std::process::Stdio;

use parvaneh_core::CaseId;
use parvaneh_store::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    python::python,
    screens_exports::{service, written},
    store_fixture::{act, comment},
    web_fixture::Service,
    web_pages::Browser,
};

/// What stands in a line, read in both directions; without blanks.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    ltr: String,
    rtl: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    lines: Vec<Line>,
    pub(crate) codes: Vec<String>,
}

/// A PDF as another program sees it.
#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    pub(crate) meta: Value,
    pub(crate) pages: Vec<Page>,
}

impl Seen {
    pub(crate) async fn of(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("case.pdf");
        std::fs::write(&file, bytes).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/pdf/read.py");
        let mut reader = python("pdf");
        reader.arg(script).arg(&file).stderr(Stdio::inherit());
        let told = reader.output().await.unwrap();
        assert!(told.status.success(), "./run setup installs what reads PDFs");
        serde_json::from_slice(&told.stdout).unwrap()
    }

    /// Whether that is read from right to left on that page.
    pub(crate) fn reads_rtl(&self, page: usize, text: &str) -> bool {
        self.pages[page].lines.iter().any(|line| line.rtl.contains(&bare(text)))
    }

    /// Whether that is read from left to right on some page.
    pub(crate) fn reads_ltr(&self, text: &str) -> bool {
        let mut lines = self.pages.iter().flat_map(|page| &page.lines);
        lines.any(|line| line.ltr.contains(&bare(text)))
    }
}

/// Without what is not drawn.
fn bare(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace() && *letter != '\u{200c}').collect()
}

/// The PDF of a case, as somebody gets it by the API.
async fn fetched(
    service: &Service,
    contents: &parvaneh_contents::Contents,
    token: &str,
    case: CaseId,
    english: bool,
) -> Vec<u8> {
    let asked = json!({ "format": "pdf", "reason": "file 12", "case": case, "english": english });
    let begun = service.post("/exports", token, &asked).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let path = format!("/exports/{}", begun.body["id"].as_str().unwrap());
    written(service, contents).await;
    let done = service.get(&path, token).await;
    assert_eq!(done.body["state"], "done", "{done:?}");
    let get = service.request(reqwest::Method::GET, &format!("{path}/content"));
    let answer = get.bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_timeline_on_paper_reads_as_it_should_in_both_languages() {
    let (service, contents) = service().await;
    let opened = service.office.opened().await;
    let case = opened.id;
    service.office.does("county_officer", case, act("accept")).await.unwrap();
    let hostile = "#panic(1) $x^2$ *bold* _it_ [link](http://x) \\ @ref <tag> `raw` = head \u{202e}abc\u{2069} 😀";
    service.office.does("county_officer", case, comment(hostile)).await.unwrap();
    for no in 0..40 {
        let text = format!("بررسی شماره {no}");
        service.office.does("county_officer", case, comment(&text)).await.unwrap();
    }
    let auditor = service.hires("auditor", "auditor", "ir").await;
    let token = service.token(auditor, "auditor", &Scope::ALL).await;

    let persian = fetched(&service, &contents, &token, case, false).await;
    let seen = Seen::of(&persian).await;
    let timeline = service.office.store.timeline(case).await.unwrap();
    let head = timeline.entries.last().unwrap().hash;
    let head: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
    let pages = seen.pages.len();
    assert!(pages > 1, "{pages} pages");
    let digits = case.0.simple().to_string().to_uppercase();
    let code = format!("{}-{}-{}", &digits[20..24], &digits[24..28], &digits[28..]);
    assert!(seen.reads_ltr(&code), "{:?}", seen.pages[0]);
    assert_eq!(seen.meta["Title"], format!("گاه\u{200c}شمار پرونده {code}"));
    let figures = ["۰", "۱", "۲", "۳", "۴", "۵", "۶", "۷", "۸", "۹"];
    for (no, page) in seen.pages.iter().enumerate() {
        let footer = format!("{}از{}", figures[no + 1], figures[pages]);
        assert!(seen.reads_rtl(no, &footer), "{footer} on {page:?}");
        assert!(page.lines.iter().any(|line| line.ltr.contains(&head)), "the head on each page");
    }
    let address = format!("https://licences.example/cases/{case}");
    assert_eq!(seen.pages[0].codes, [address]);
    // Persian in the order in which it is read, figures in theirs.
    assert!(seen.reads_rtl(0, "مهلت قانونی"), "{:?}", seen.pages[0]);
    let local = opened.opened_at + chrono::TimeDelta::minutes(210);
    let jalali = parvaneh_core::JalaliDate::from(local.date_naive()).to_string();
    let jalali: String = jalali
        .chars()
        .map(|letter| {
            letter.to_digit(10).map_or(letter.to_string(), |n| figures[n as usize].into())
        })
        .collect();
    assert!(seen.reads_ltr(&jalali), "{jalali} in {:?}", seen.pages[0]);
    // What somebody wrote stands there letter by letter, and turns nothing around.
    for part in ["#panic(1)", "*bold*", "[link](http:", "`raw`", "@ref", "<tag>", "abc", "1F600"] {
        assert!(seen.reads_ltr(part), "{part} in {:?}", seen.pages[0]);
    }
    for part in [&b"pdfaid:part>3<"[..], b"pdfuaid:part>1<"] {
        assert!(persian.windows(part.len()).any(|bytes| bytes == part), "conformance is claimed");
    }

    let english = Seen::of(&fetched(&service, &contents, &token, case, true).await).await;
    assert!(english.reads_ltr(&format!("Page 1 of {}", english.pages.len())));
    assert!(english.reads_ltr("Statutory deadline"));
    assert_eq!(english.meta["Title"], format!("Timeline of a case {code}"));
}

#[tokio::test]
async fn a_pdf_is_of_one_case_that_one_sees_at_work() {
    let (service, contents) = service().await;
    let case = service.office.opened().await.id;
    let auditor = service.hires("auditor", "auditor", "ir").await;
    let token = service.token(auditor, "auditor", &Scope::ALL).await;
    for narrowed in [json!({}), json!({ "case": case, "recorded": "1403" })] {
        let mut asked = json!({ "format": "pdf", "reason": "annual audit" });
        asked.as_object_mut().unwrap().extend(narrowed.as_object().unwrap().clone());
        let told = service.post("/exports", &token, &asked).await;
        assert_eq!((told.status, told.code()), (422, "pdf_of_one_case"), "{told:?}");
    }
    let other = json!({ "format": "pdf", "reason": "annual audit", "case": uuid::Uuid::nil() });
    assert_eq!(service.post("/exports", &token, &other).await.status, 404);
    // By the pages: a button on the timeline, and the form knows what it is about.
    let mut officer = Browser::of(&service, "county_officer").await;
    let page = officer.get(&format!("/cases/{case}/timeline")).await;
    let there = format!("/exports?case={case}&#38;format=pdf");
    assert!(page.html.contains(&there), "{}", page.html);
    let form = officer.get(&format!("/exports?case={case}&format=pdf")).await;
    assert!(form.html.contains("value=\"pdf\" selected"), "{}", form.html);
    assert!(!officer.get("/exports").await.html.contains("value=\"pdf\""), "not of many");
    let id = case.to_string();
    let begun =
        officer.send("/exports", &[("format", "pdf"), ("reason", "شکایت ۱۲"), ("case", &id)]).await;
    assert_eq!(begun.status, 303, "{}", begun.html);
    let there = begun.header("location").to_owned();
    written(&service, &contents).await;
    let done = officer.get(&there).await;
    assert!(done.html.contains("آماده"), "{}", done.html);
    let file = officer.get(&format!("{there}/file")).await;
    assert!(file.header("content-disposition").contains(".pdf"));
}
