//! What comes with an application or an action: values, and papers by the uploads that hold them.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use parvaneh_core::{
    CaseId, DocumentId,
    decide::Command,
    form::{Given, HandedIn},
};
use parvaneh_store::{Brought, Upload};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::receive::scanned;
use crate::{
    App,
    auth::Principal,
    problem::{Fault, Problem, escaped},
};

/// A paper that is handed in, by an upload of the caller's.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "upload": "019ab3c4-7c2e-7d10-8a54-0f6c2d9b1e77", "issued": "1403/05/01" }))]
pub(crate) struct HandIn {
    /// The upload that holds it: an `id` that `POST /documents` has told the caller.
    pub(crate) upload: Uuid,
    /// The day of its issue, in either calendar.
    #[schema(max_length = 40)]
    pub(crate) issued: Option<String>,
    /// How many copies of the paper are handed in.
    #[schema(minimum = 1, maximum = 1000)]
    pub(crate) copies: Option<u32>,
}

/// What the caller gives: his values, in which `{"upload": ID}` stands for a file, and his papers;
/// and the contents that come with it.
///
/// # Errors
/// `body_invalid` with a fault `unknown_upload` for each upload that he cannot hand in;
/// `document_infected`, `scanner_unavailable`.
pub(crate) async fn given(
    app: &App,
    caller: &Principal,
    values: Map<String, Value>,
    papers: BTreeMap<String, HandIn>,
) -> Result<(Given, Vec<Brought>), Problem> {
    let mut faults = Vec::new();
    let mut files: BTreeMap<&str, Uuid> = BTreeMap::new();
    for (field, value) in values.iter().filter(|(_, value)| claims_a_file(value)) {
        match upload_of(value) {
            Some(upload) => drop(files.insert(field, upload)),
            None => {
                let why = "a file is given by its upload: {\"upload\": ID}";
                faults.push(Fault::new(format!("/values/{}", escaped(field)), "not_a_file", why));
            }
        }
    }
    let named: BTreeSet<Uuid> =
        files.values().copied().chain(papers.values().map(|paper| paper.upload)).collect();
    let found = found(app, caller, &named).await?;
    let mut look_up = |upload: &Uuid, pointer: String| {
        let known = found.get(upload);
        if known.is_none() {
            let why = "you have no such upload, or no longer";
            faults.push(Fault::new(pointer + "/upload", "unknown_upload", why));
        }
        known.map(Upload::reference)
    };
    let mut given = Given::default();
    for (field, value) in &values {
        let value = match files.get(field.as_str()) {
            None => value.clone(),
            Some(upload) => json!(look_up(upload, format!("/values/{}", escaped(field)))),
        };
        given.values.insert(field.clone(), value);
    }
    for (kind, HandIn { upload, issued, copies }) in papers {
        let Some(file) = look_up(&upload, format!("/documents/{}", escaped(&kind))) else {
            continue;
        };
        let paper = HandedIn { file, issued, copies: copies.unwrap_or(1) };
        given.papers.insert(DocumentId::from(kind), paper);
    }
    if !faults.is_empty() {
        return Err(Problem::faulty(faults));
    }
    Ok((given, found.values().map(Brought::from).collect()))
}

/// A command that brings values and papers, with what they hold; any other as it is.
///
/// # Errors
/// As [`given`]; `too_many_documents`.
pub(crate) async fn with_papers(
    app: &App,
    caller: &Principal,
    case: CaseId,
    mut command: Command,
    papers: BTreeMap<String, HandIn>,
) -> Result<(Command, Vec<Brought>), Problem> {
    let (Command::Act { given, .. } | Command::Fill { given }) = &mut command else {
        return Ok((command, Vec::new()));
    };
    let values = std::mem::take(&mut given.values).into_iter().collect();
    let (held, brought) = self::given(app, caller, values, papers).await?;
    room_for(app, case, held.papers.keys()).await?;
    *given = held;
    Ok((command, brought))
}

/// The command by which a paper is handed in, with what it holds.
///
/// # Errors
/// As [`given`].
pub(crate) async fn paper_of(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    paper: HandIn,
) -> Result<(Command, Vec<Brought>), Problem> {
    let papers = [(document.to_string(), paper)].into();
    let (mut given, brought) = given(app, caller, Map::new(), papers).await?;
    let paper = given.papers.remove(&document).ok_or_else(Problem::not_found)?;
    Ok((Command::AttachDocument { document, paper }, brought))
}

/// Whether a case can hold one more content of each of these kinds.
///
/// # Errors
/// `too_many_documents`.
pub(crate) async fn room_for(
    app: &App,
    case: CaseId,
    kinds: impl IntoIterator<Item = &DocumentId>,
) -> Result<(), Problem> {
    let kinds: BTreeSet<&str> = kinds.into_iter().map(DocumentId::as_str).collect();
    if kinds.is_empty() {
        return Ok(());
    }
    let held = app.store.contents_of(case).await?;
    let definition = app.store.definition_by_which(case).await?;
    for kind in kinds {
        let of_any = app.settings.documents.most_of_a_kind;
        let of_it = definition.documents.get(kind).and_then(|paper| paper.times);
        let most = of_it.map_or(of_any, |times| times.min(of_any)) as usize;
        let has = held.iter().filter(|one| !one.is_field && one.name == kind).count();
        if has >= most {
            let why =
                format!("the case holds {has} of '{kind}' already, the replaced ones included");
            return Err(Problem::new(StatusCode::CONFLICT, "too_many_documents").because(why));
        }
    }
    Ok(())
}

/// Those of these uploads that the caller can hand in, each looked at by the scanner, if there is
/// one: also those that came before it was there.
async fn found(
    app: &App,
    caller: &Principal,
    named: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Upload>, Problem> {
    if named.is_empty() {
        return Ok(BTreeMap::new());
    }
    let named: Vec<Uuid> = named.iter().copied().collect();
    let found = app.store.uploads_of(caller.person, &named).await?;
    for upload in found.iter().filter(|upload| !upload.arrived.clean) {
        if scanned(app, upload.id).await? {
            app.store.upload_is_clean(upload.id).await?;
        }
    }
    Ok(found.into_iter().map(|upload| (upload.id, upload)).collect())
}

/// Whether a value can only be a file: an object, or a text that spells one.
fn claims_a_file(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::String(text) => {
            text.trim_start().starts_with('{') && serde_json::from_str::<Map<_, _>>(text).is_ok()
        }
        _ => false,
    }
}

fn upload_of(value: &Value) -> Option<Uuid> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    Uuid::parse_str(object.get("upload")?.as_str()?).ok()
}
