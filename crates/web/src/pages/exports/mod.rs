//! Exports: what somebody has asked for, asking for another, and fetching it.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use parvaneh_export::Format;
use parvaneh_store::{ExportRow, ExportScope, ExportState, Extent, NewExport};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Frame,
    cases::wanted::Wanted,
    form::Form,
    page,
    routes::Pages,
    see,
    sheet::{Confirm, Field, Kind, Pick, Sheet},
    shown,
    times::{Times, When},
    visit::Visit,
};
use crate::{
    App,
    api::exports::{
        AskExport, asked_scope, askers, begin, fetch, hexadecimal, is_own, known, listed,
        take_back, to_begin,
    },
    body::{Path, Query, checked},
    page::cut,
    policy::{self, Task},
    problem::Problem,
    say::{Said, Words},
};

const HERE: &str = "/exports";
/// How many a page has.
const PAGE: u32 = 30;

pub(super) fn pages() -> Pages {
    Pages::default()
        .get(HERE, list)
        .post(HERE, ask)
        .get("/exports/{id}", progress)
        .get("/exports/{id}/file", file)
        .post("/exports/{id}/cancel", cancel)
}

/// What was chosen: by the address of another page, or in the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    format: String,
    reason: String,
    case: String,
    workflow: String,
    unit: String,
    state: String,
    text: String,
    received: String,
    ended_in: String,
    recorded: String,
    form: Vec<String>,
    /// The checkpoint that an auditor kept.
    since: String,
    /// The list whose cases are exported: what its address says behind the question mark.
    list: String,
    /// Those of everybody are listed.
    everybody: String,
    /// After the end of which page of the list.
    after: String,
}

impl Sent {
    /// As the operation of the API takes it.
    fn asked(&self) -> Result<AskExport, Problem> {
        let mut body = Map::new();
        let texts = [
            ("format", &self.format),
            ("case", &self.case),
            ("workflow", &self.workflow),
            ("unit", &self.unit),
            ("text", &self.text),
            ("received", &self.received),
            ("ended_in", &self.ended_in),
            ("recorded", &self.recorded),
            ("since", &self.since),
        ];
        for (name, text) in texts {
            let text = text.trim();
            if !text.is_empty() {
                body.insert(name.to_owned(), json!(text));
            }
        }
        body.insert("reason".to_owned(), json!(self.reason.trim()));
        if !self.state.is_empty() {
            body.insert("state".to_owned(), json!(self.state));
        }
        for option in ["persian", "jalali", "bom", "english"] {
            let chosen = self.form.iter().any(|one| one == option);
            body.insert(option.to_owned(), json!(chosen));
        }
        checked(Value::Object(body))
    }

    /// The list whose cases are exported.
    fn list(&self) -> Result<Option<Wanted>, Problem> {
        (!self.list.is_empty()).then(|| Wanted::read(&self.list)).transpose()
    }

    /// What is to be begun.
    async fn begins(&self, app: &App, visit: &Visit) -> Result<NewExport, Problem> {
        let viewer = &visit.viewer;
        let asked = self.asked()?;
        let mut scope = asked_scope(app, viewer, &asked).await?;
        if let (Some(list), Some(calendars)) = (self.list()?, app.calendar().await?) {
            let list = ExportScope::of_list(list.query(calendars.national(), viewer.now)?);
            scope = ExportScope { recorded: scope.recorded, ..list };
        }
        to_begin(app, viewer, scope, &asked).await
    }
}

/// An export in the list.
struct Row {
    id: Uuid,
    format: Said,
    reason: String,
    /// Whose, where it is not the reader's.
    whose: Option<String>,
    state: Said,
    made: When,
    is_done: bool,
    events: u64,
    cases: u64,
}

#[derive(Template)]
#[template(path = "exports/page.html")]
struct Page {
    frame: Frame,
    sheet: Sheet,
    /// The address of the list whose cases are exported.
    list: Option<String>,
    rows: Vec<Row>,
    everybody: bool,
    /// Whether the reader may see those of everybody.
    audits: bool,
    next: Option<Uuid>,
}

fn format_name(format: &str, words: Words) -> Said {
    match format {
        "jsonl" => words.t("export-jsonl"),
        "xlsx" => words.t("export-xlsx"),
        "xes" => words.t("export-xes"),
        "ocel" => words.t("export-ocel"),
        "pdf" => words.t("export-pdf"),
        "bundle" => words.t("export-bundle"),
        _ => words.t("export-csv"),
    }
}

fn state_name(state: ExportState, words: Words) -> Said {
    match state {
        ExportState::Waiting => words.t("export-waiting"),
        ExportState::Running => words.t("export-running"),
        ExportState::Done => words.t("export-done"),
        ExportState::Streamed => words.t("export-streamed"),
        ExportState::Failed => words.t("export-failed"),
        ExportState::Cancelled => words.t("export-cancelled"),
        ExportState::Forgotten => words.t("export-forgotten"),
    }
}

fn sheet(app: &App, visit: &Visit, sent: &Sent) -> Sheet {
    let words = visit.look.words;
    let format = |format: Format| {
        let name = format.name();
        Pick::new(name, format_name(name, words)).chosen(name == sent.format)
    };
    let any = Pick::new("", words.t("export-any"));
    let definitions = visit.viewer.definitions();
    let workflows = definitions.iter().map(|definition| {
        let id = definition.id.as_str();
        Pick::new(id, words.of(&definition.title)).chosen(id == sent.workflow)
    });
    let workflows: Vec<Pick> = std::iter::once(any.clone()).chain(workflows).collect();
    let states = [
        ("open", words.t("export-open")),
        ("late", words.t("cases-state-late")),
        ("held", words.t("cases-state-held")),
        ("ended", words.t("export-ended")),
    ];
    let states = states.map(|(name, said)| Pick::new(name, said).chosen(name == sent.state));
    let states: Vec<Pick> = std::iter::once(any).chain(states).collect();
    let form = [
        ("persian", words.t("export-persian")),
        ("jalali", words.t("export-jalali")),
        ("bom", words.t("export-bom")),
        ("english", words.t("export-english")),
    ];
    let form = form.map(|(name, said)| {
        let chosen = sent.form.iter().any(|one| one == name);
        Pick::new(name, said).chosen(chosen)
    });
    let line = |name: &'static str, said: Said, kind: Kind, value: &str| {
        Field::new(name, said, kind).holding(value)
    };
    let period = || words.t("export-period-hint");
    let one_case = !sent.case.is_empty();
    let sees_all = || Extent::of_export(&ExportScope::default(), &visit.viewer).is_ok();
    let mut formats = app.settings.formats.clone();
    formats.retain(|format| match format {
        Format::Pdf => one_case,
        Format::Bundle => sent.list.is_empty() && (one_case || sees_all()),
        _ => true,
    });
    let has_bundles = formats.contains(&Format::Bundle);
    let mut sheet = Sheet::new(HERE, words.t("export-begin"))
        .with(
            Field::new(
                "format",
                words.t("export-format"),
                Kind::Select(formats.into_iter().map(format).collect()),
            )
            .required(),
        )
        .with(
            line("reason", words.t("export-reason"), Kind::Area, &sent.reason)
                .required()
                .hinted(words.t("export-reason-hint"))
                .at_most(1000),
        );
    let recorded = line("recorded", words.t("export-recorded"), Kind::Code, &sent.recorded)
        .hinted(words.t("export-recorded-hint"));
    if !sent.list.is_empty() {
        let list = Field::new("list", String::new(), Kind::Hidden).holding(&sent.list);
        sheet = sheet.with(list).with(recorded);
    } else if one_case {
        sheet = sheet.with(line("case", words.t("export-case"), Kind::Code, &sent.case));
    } else {
        sheet = sheet
            .with(Field::new("workflow", words.t("export-workflow"), Kind::Select(workflows)))
            .with(
                line("unit", words.t("export-unit"), Kind::Code, &sent.unit)
                    .hinted(words.t("export-unit-hint")),
            )
            .with(Field::new("state", words.t("export-state"), Kind::Select(states)))
            .with(line("text", words.t("export-text"), Kind::Line, &sent.text))
            .with(
                line("received", words.t("export-received"), Kind::Code, &sent.received)
                    .hinted(period()),
            )
            .with(
                line("ended_in", words.t("export-ended-in"), Kind::Code, &sent.ended_in)
                    .hinted(period()),
            )
            .with(recorded);
    }
    sheet = sheet.with(Field::new("form", words.t("export-form"), Kind::Checks(form.to_vec())));
    match has_bundles {
        false => sheet,
        true => sheet.with(
            line("since", words.t("export-since"), Kind::Area, &sent.since)
                .hinted(words.t("export-since-hint"))
                .at_most(10_000),
        ),
    }
}

/// What a Persian reader wants of a table, where he has chosen nothing.
fn usual(visit: &Visit, mut sent: Sent) -> Sent {
    if sent.form.is_empty() {
        let form: &[&str] = match visit.look.words.is_persian() {
            true => &["persian", "jalali", "bom"],
            false => &["english"],
        };
        sent.form = form.iter().map(|&one| one.to_owned()).collect();
    }
    sent
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(sent): Query<Sent>,
) -> Result<Response, Problem> {
    policy::permit_export(&visit.viewer)?;
    let sent = usual(&visit, sent);
    let sheet = sheet(&app, &visit, &sent);
    let shown = page_of(&app, &visit, &sent, sheet).await?;
    page(&visit.look, &shown)
}

async fn page_of(app: &App, visit: &Visit, sent: &Sent, sheet: Sheet) -> Result<Page, Problem> {
    let words = visit.look.words;
    let audits = policy::permit_everywhere(&visit.viewer, Task::Audit).is_ok();
    let everybody = audits && !sent.everybody.is_empty();
    let after = sent.after.parse().ok();
    let rows = listed(app, &visit.viewer, everybody, after, PAGE + 1).await?;
    let (rows, more) = cut(rows, PAGE);
    let names = app.store.names_of(&askers(&rows)).await?;
    let times = Times::of(app, words).await?;
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let row = |row: ExportRow| Row {
        id: row.id,
        format: format_name(&row.format, words),
        whose: (!is_own(&visit.viewer, &row))
            .then(|| names.get(&row.asker).cloned().unwrap_or_else(|| row.asker.to_string())),
        state: state_name(row.state, words),
        made: times.moment(row.created_at),
        is_done: row.state == ExportState::Done,
        events: row.events,
        cases: row.cases,
        reason: row.reason,
    };
    Ok(Page {
        frame: visit.frame(words.t("exports")),
        sheet,
        list: sent.list()?.map(|list| list.address()),
        rows: rows.into_iter().map(row).collect(),
        everybody,
        audits,
        next,
    })
}

async fn ask(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    policy::permit_export(&visit.viewer)?;
    match sent.begins(&app, &visit).await {
        Ok(new) => {
            let row = begin(&app, new, visit.viewer.now).await?;
            Ok(see(&format!("{HERE}/{}", row.id)))
        }
        Err(problem) if problem.status == 422 || problem.status == 429 => {
            let status = StatusCode::from_u16(problem.status);
            let words = visit.look.words;
            let sheet = sheet(&app, &visit, &sent).refused(problem, words);
            let sent = Sent { list: sent.list, ..Sent::default() };
            let again = page_of(&app, &visit, &sent, sheet).await?;
            shown(status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), &visit.look, &again)
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "exports/one.html")]
struct One {
    frame: Frame,
    id: Uuid,
    row: ExportRow,
    format: Said,
    state: Said,
    whose: Option<String>,
    made: When,
    kept: Option<When>,
    sha256: Option<String>,
    size: Option<String>,
    scope: String,
    cancel: Option<Confirm>,
    own: bool,
}

impl One {
    /// How much is done, of a hundred.
    fn percent(&self) -> u64 {
        match (self.row.state.is_open(), self.row.cases_total) {
            (false, _) => 100,
            (true, 0) => 0,
            (true, total) => (self.row.cases_done * 100 / total).min(99),
        }
    }
}

async fn progress(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let row = known(&app, &visit.viewer, id).await?;
    let words = visit.look.words;
    let times = Times::of(&app, words).await?;
    let own = is_own(&visit.viewer, &row);
    let whose = match own {
        true => None,
        false => app.store.person(row.asker).await?.map(|person| person.name),
    };
    let cancel = Confirm::new(
        format!("{HERE}/{id}/cancel"),
        words.t("export-cancel"),
        words.t("export-cancel-will"),
        words.t("export-cancel-do"),
    );
    let can_cancel = own && (row.state.is_open() || row.state == ExportState::Done);
    let shown = One {
        frame: visit.frame(words.t("export-one")),
        id,
        format: format_name(&row.format, words),
        state: state_name(row.state, words),
        whose,
        made: times.moment(row.created_at),
        kept: row.kept_until.map(|at| times.moment(at)),
        sha256: row.sha256.map(|hash| hexadecimal(&hash)),
        size: row.size.map(|size| words.number((size / 1024).max(1) as i64).to_string()),
        scope: json!(row.scope).to_string(),
        cancel: can_cancel.then_some(cancel),
        own,
        row,
    };
    page(&visit.look, &shown)
}

async fn file(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    fetch(&app, &visit.viewer, id, &headers).await
}

async fn cancel(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(_): Form<HashMap<String, String>>,
) -> Result<Response, Problem> {
    take_back(&app, &visit.viewer, id).await?;
    Ok(see(HERE))
}
