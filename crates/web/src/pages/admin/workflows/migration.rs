//! Moving running cases to another version: the mapping, suggested and changed here; a dry run, which
//! tells what would become of every deadline; and the job that does it.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use parvaneh_core::{
    CaseId, Definition, Mapping, StepId, UnitId, definition::Level, event::STATUTORY,
};
use parvaneh_store::{MigrationPreview, PreviewedCase};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{sent::Sent, source::Source},
    address, permit,
};
use crate::{
    App,
    api::{
        migrations::{begun, mapping_of, sees, suggested, unknown},
        workflows::named,
    },
    body::{Path, Query},
    once::Key,
    pages::{
        Frame,
        case::wording,
        page, see, shown,
        times::{Times, When},
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
    shown::Code,
};

/// How many cases are told one by one.
const TOLD: usize = 200;
/// How many of those that cannot move.
const TOLD_REFUSED: usize = 20;

/// A case that would move.
struct Moves {
    case: CaseId,
    code: Code,
    subject: String,
    unit: String,
    step: String,
    to: String,
    /// The statutory deadline now and then.
    from: Option<When>,
    then: Option<When>,
    becomes_late: bool,
}

/// What a migration would do.
struct Look {
    counts: Vec<(Said, Said, &'static str)>,
    /// Why cases cannot move: why, where they stand, how many.
    reasons: Vec<(String, String, Said)>,
    /// Those of them that the reader sees, first those that would become late.
    moves: Vec<Moves>,
    /// Those that cannot, and that he sees.
    stays: Vec<(CaseId, Code, String)>,
    /// Whether there are more than he is told one by one.
    untold: Option<Said>,
    begins: bool,
}

#[derive(Template)]
#[template(path = "admin/migration.html")]
struct Page {
    frame: Frame,
    id: String,
    /// Each with how many cases run by it.
    versions: Vec<(u32, u64)>,
    from: u32,
    to: u32,
    units: Vec<(String, String)>,
    unit: String,
    mapping: String,
    key: String,
    told: Option<String>,
    source: Option<Source>,
    look: Option<Look>,
}

impl Page {
    fn address(&self, rest: &str) -> String {
        address(&self.id, rest)
    }

    fn is_from(&self, version: &u32) -> bool {
        self.from == *version
    }

    fn is_to(&self, version: &u32) -> bool {
        self.to == *version
    }

    fn is_unit(&self, unit: &str) -> bool {
        self.unit == unit
    }
}

/// Between which versions.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    from: Option<u32>,
    to: Option<u32>,
}

#[expect(clippy::disallowed_methods, reason = "the server is an edge")]
async fn open(app: &App, visit: &Visit, id: String, asked: &Asked) -> Result<Page, Problem> {
    permit(visit)?;
    let words = visit.look.words;
    let rows = app.store.definitions().await?;
    let rows: Vec<_> = rows.into_iter().filter(|row| row.workflow.as_str() == id).collect();
    let title = rows.last().map(|row| words.of(&row.title).to_owned());
    let title = title.ok_or_else(Problem::not_found)?;
    // From where most cases are, to the newest that is in use.
    let to = rows.iter().rev().find(|row| row.retired_at.is_none()).or(rows.last());
    let to = asked.to.or(to.map(|row| row.version)).unwrap_or_default();
    let most = rows.iter().filter(|row| row.version != to).max_by_key(|row| row.running);
    let from = asked.from.or(most.map(|row| row.version)).unwrap_or(to);
    let organisation = &visit.viewer.organisation;
    let units = organisation.units().filter(|unit| unit.level != Level::County);
    let mut units: Vec<_> = units
        .map(|unit| (unit.parent.is_some(), unit.id.to_string(), words.of(&unit.title).to_owned()))
        .collect();
    units.sort();
    Ok(Page {
        frame: visit.frame(words.t("migration-title").s("title", title)),
        id,
        versions: rows.iter().rev().map(|row| (row.version, row.running)).collect(),
        from,
        to,
        unit: String::new(),
        units: units.into_iter().map(|(_, id, title)| (id, title)).collect(),
        mapping: String::new(),
        key: Uuid::now_v7().to_string(),
        told: None,
        source: None,
        look: None,
    })
}

pub(super) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let mut shown_page = open(&app, &visit, id, &asked).await?;
    let Page { id, from, to, .. } = &shown_page;
    if from == to {
        shown_page.told = Some(visit.look.words.t("migration-one-version").into());
    } else {
        shown_page.mapping = suggested(&app, id, *from, *to).await?;
    }
    page(&visit.look, &shown_page)
}

pub(super) async fn take(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    permit(&visit)?;
    let words = visit.look.words;
    let sent = Sent::read(&app, request).await?;
    let number = |name: &str| sent.text(name).and_then(|text| text.parse().ok());
    let asked = Asked { from: number("from"), to: number("to") };
    let mut shown_page = open(&app, &visit, id, &asked).await?;
    shown_page.mapping = sent.source("mapping", "file").unwrap_or_default();
    shown_page.unit = sent.text("unit").unwrap_or_default().to_owned();
    let unit = sent.text("unit").map(str::to_owned);
    let (mapping, problems) = mapping_of(&app, &shown_page.mapping).await?;
    let Some(mapping) = mapping else {
        shown_page.source = Some(Source::whole(&shown_page.mapping, &problems, words));
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &shown_page);
    };
    if mapping.workflow.as_str() != shown_page.id {
        shown_page.told = Some(words.t("migration-other").into());
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &shown_page);
    }
    if sent.text("then") == Some("begin") {
        let key = Key { key: sent.text("key").map(str::to_owned) };
        let answer = begun(&app, &visit.caller, key, shown_page.mapping, unit).await?;
        return Ok(see(&format!("/admin/progress/{}", job_of(answer).await?)));
    }
    let unit = unit.map(UnitId::from);
    let preview = app.store.preview_migration(&mapping, unit.as_ref(), TOLD, |_, _| {}).await;
    let preview = preview.map_err(unknown)?;
    (shown_page.from, shown_page.to) = (mapping.from, mapping.to);
    if !problems.is_empty() {
        shown_page.source = Some(Source::around(&shown_page.mapping, &problems, words));
    }
    shown_page.look = Some(look(&app, &visit, &mapping, preview).await?);
    page(&visit.look, &shown_page)
}

/// The job that an answer of the API names.
async fn job_of(answer: Response) -> Result<u64, Problem> {
    let internal = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal");
    let body = to_bytes(answer.into_body(), 1 << 20).await.map_err(|_| internal())?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| internal())?;
    body["job"].as_u64().ok_or_else(internal)
}

async fn look(
    app: &App,
    visit: &Visit,
    mapping: &Mapping,
    preview: MigrationPreview,
) -> Result<Look, Problem> {
    let words = visit.look.words;
    let definition = async |version| -> Result<_, Problem> {
        let id = named(mapping.workflow.as_str(), version)?;
        Ok(app.store.definition(&id, Some(version)).await?)
    };
    let (old, new) = (definition(mapping.from).await?, definition(mapping.to).await?);
    let times = Times::of(app, words).await?;
    let cases = |count: u64| words.t("workflow-cases").n("count", count);
    let counts = vec![
        (words.t("migration-looked-at"), cases(preview.looked_at), ""),
        (words.t("migration-moves"), cases(preview.cases), "done"),
        (words.t("migration-deadlines"), cases(preview.moved_deadlines), ""),
        (words.t("migration-become-late"), cases(preview.become_late), "late"),
        (words.t("migration-become-on-time"), cases(preview.become_on_time), "done"),
        (words.t("migration-held"), cases(preview.held), "near"),
        (words.t("migration-ended"), cases(preview.ended), ""),
        (words.t("migration-refused"), cases(preview.refused), "late"),
    ];
    let reasons = preview.reasons.iter().map(|((code, step), count)| {
        (wording::code(code, words), title(&old, step, words), cases(*count))
    });
    let seen = preview.first.iter().filter(|case| sees(&visit.viewer, &mapping.workflow, case));
    let mut moves: Vec<Moves> = seen.map(|case| moved(visit, &old, &new, case, &times)).collect();
    moves.sort_by_key(|case| !case.becomes_late);
    let mut stays = Vec::new();
    let mut known = BTreeSet::new();
    for case in preview.first_refused.iter().take(TOLD_REFUSED) {
        let is_seen = app.store.sight(case.case, &visit.viewer).await?.is_some();
        if is_seen && known.insert(case.case) {
            let why = wording::code(&case.code, words);
            let step = title(&old, &case.step, words);
            let why = words.t("migration-stays").s("step", step).s("why", why).into();
            stays.push((case.case, Code::of(case.case), why));
        }
    }
    let told = moves.len() as u64;
    let untold = match preview.cases {
        many if many > told => Some(words.t("migration-untold").n("count", many - told)),
        _ => None,
    };
    let begins = preview.cases > 0;
    Ok(Look { counts, reasons: reasons.collect(), moves, stays, untold, begins })
}

fn title(definition: &Definition, step: &StepId, words: Words) -> String {
    let title = definition.title_of(step);
    title.map_or_else(|| step.to_string(), |title| words.of(title).to_owned())
}

fn moved(
    visit: &Visit,
    old: &Definition,
    new: &Definition,
    case: &PreviewedCase,
    times: &Times,
) -> Moves {
    let words = visit.look.words;
    let unit = visit.viewer.organisation.get(&case.unit);
    let statutory = case.clocks.iter().find(|clock| clock.clock == STATUTORY);
    Moves {
        case: case.case,
        code: Code::of(case.case),
        subject: case.subject.clone(),
        unit: unit.map_or_else(|| case.unit.to_string(), |unit| words.of(&unit.title).to_owned()),
        step: title(old, &case.step, words),
        to: title(new, &case.to, words),
        from: statutory.and_then(|clock| clock.from).map(|at| times.day(at)),
        then: statutory.and_then(|clock| clock.to).map(|at| times.day(at)),
        becomes_late: statutory.is_some_and(|clock| !clock.late_before && clock.late_after),
    }
}
