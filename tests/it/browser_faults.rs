//! What is looked after on every page can be found missing: pages made bad on purpose, one fault each, and a good
//! one without.

use std::{collections::BTreeMap, fmt::Write as _};

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::{Run, walk};

/// The body of each page, and the kind of fault that must be found on it.
const PAGES: [(&str, &str, &str); 11] = [
    ("good", "", "<h1>Good</h1><p>Nothing is wrong here.</p>"),
    (
        "image",
        "accessibility",
        "<h1>An image</h1><img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='>",
    ),
    ("grey", "accessibility", "<h1>Grey</h1><p class='grey'>Hardly to be read.</p>"),
    ("script", "policy", "<h1>A script</h1><script>document.title = 'changed'</script>"),
    ("style", "policy", "<h1>A style</h1><p style='color: blue'>Not by the policy.</p>"),
    ("fails", "console", "<h1>It fails</h1><script src='/fails.js'></script>"),
    ("elsewhere", "elsewhere", "<h1>Elsewhere</h1><img alt='' src='http://fonts.example/a.png'>"),
    ("lacks", "answer", "<h1>It lacks something</h1><img alt='' src='/nowhere.png'>"),
    ("heavy", "weight", "<h1>Heavy</h1><script src='/heavy.js'></script>"),
    ("wide", "sideways", "<h1>Wide</h1><p class='wide'>Too wide</p>"),
    ("headless", "language", "<p>Without a heading</p>"),
];

const STYLE: &str =
    "body { color: #000; background: #fff } .grey { color: #ccc } .wide { width: 2000px }";

fn page(body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>A page</title>\
         <link rel=icon href=data:,><link rel=stylesheet href=/style.css><main>{body}</main>"
    );
    let policy = "default-src 'self'; img-src 'self' data: http://fonts.example";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, text).into_response()
}

fn file(kind: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn served() -> String {
    let mut router = Router::new()
        .route("/style.css", get(async || file("text/css", STYLE.to_owned())))
        .route("/fails.js", get(async || file("text/javascript", "missing();".to_owned())))
        .route(
            "/heavy.js",
            get(async || file("text/javascript", format!("// {}", "x".repeat(300_000)))),
        )
        .route(
            "/refused",
            get(async || (StatusCode::FORBIDDEN, page("<h1>Refused</h1>")).into_response()),
        );
    for (name, _, body) in PAGES {
        router = router.route(&format!("/{name}"), get(async move || page(body)));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

#[tokio::test]
async fn a_bad_page_is_found_bad_and_a_good_one_good() {
    let address = served().await;
    let mut pages: Vec<Value> = PAGES
        .iter()
        .map(|(name, ..)| json!({ "path": format!("/{name}"), "name": name }))
        .collect();
    // An answer that the journey expects is no fault.
    pages.push(json!({ "path": "/refused", "name": "refused", "status": 403 }));
    let given = Value::from(pages);
    let runs = [
        Run::new("en").given(given.clone()),
        Run::new("en").phone().dark().given(given),
        // One that expects what does not come, cannot go on.
        Run::new("en").dark().given(json!([{ "path": "/refused", "name": "refused" }])),
        // A page in another language than was asked for.
        Run::new("fa").given(json!([{ "path": "/good", "name": "good" }])),
    ];
    let report = walk("faults", "pages", &address, &runs).await;
    for run in &report.runs[..2] {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for fault in &run.faults {
            found.entry(&fault.page).or_default().push(&fault.kind);
        }
        let mut told = String::new();
        for (name, kind, _) in PAGES {
            let found = found.remove(name).unwrap_or_default();
            let wanted = Vec::from_iter(Some(kind).filter(|kind| !kind.is_empty()));
            if found != wanted {
                writeln!(told, "{name}: {found:?}, not {wanted:?}").unwrap();
            }
        }
        assert!(told.is_empty() && found.is_empty(), "{told}{found:?}\n{:#?}", run.faults);
        assert_eq!(run.pages.len(), PAGES.len() + 1);
    }
    let kinds = |run: usize| -> Vec<_> {
        report.runs[run].faults.iter().map(|fault| fault.kind.as_str()).collect()
    };
    assert_eq!(kinds(2), ["answer", "step"], "{report:#?}");
    assert_eq!(kinds(3), ["language", "language"], "{report:#?}");
    assert!(report.runs[2].faults[1].detail.contains("403"), "{report:#?}");
}

#[tokio::test]
async fn without_script_a_page_is_still_looked_at() {
    let address = served().await;
    let given = json!([{ "path": "/good", "name": "good" }, { "path": "/wide", "name": "wide" }]);
    let runs = [Run::new("en").without_script().given(given)];
    let report = walk("faults-no-script", "pages", &address, &runs).await;
    let found: Vec<_> =
        report.runs[0].faults.iter().map(|fault| (&*fault.page, &*fault.kind)).collect();
    assert_eq!(found, [("wide", "sideways")], "{report:#?}");
}

#[tokio::test]
#[should_panic(expected = "page «wide»: sideways")]
async fn a_fault_fails_the_test() {
    let address = served().await;
    let given = json!([{ "path": "/wide", "name": "wide" }]);
    walk("faults-fail", "pages", &address, &[Run::new("en").given(given)]).await.is_fine();
}
