//! The page of something that can be done: what it needs, what it will cause, doing it.

use askama::Template;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::StatusCode,
    response::Response,
};
use parvaneh_core::{CaseId, Command};
use parvaneh_store::Brought;
use uuid::Uuid;

use super::{
    super::{
        super::{Frame, page, see, shown, visit::Visit},
        Seen, Tab,
        head::Head,
        open,
        wording::{code, obstacle},
    },
    Doing,
    consequences::consequences,
    inputs::{Input, Kind, command, input_at, inputs, is_possible, kept},
    sent::Sent,
};
use crate::{
    App,
    body::Path,
    change::{Terms, done_by, rehearsal_of},
    documents::{paper_of, room_for, with_papers},
    problem::Problem,
};

#[derive(Template)]
#[template(path = "case/doing.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// Its address.
    address: String,
    back: String,
    title: String,
    inputs: Vec<Input>,
    /// Whether files are sent with it.
    files: bool,
    /// What will follow; none where that is not known yet.
    will: Option<Vec<String>>,
    /// What is wrong as a whole, and with each input: its name, and why.
    told: Option<String>,
    faults: Vec<(Option<String>, String)>,
    /// How many events the reader has seen.
    seq: u32,
    /// Under which name the request is done once.
    key: String,
}

/// What is shown of something that cannot be done.
#[derive(Template)]
#[template(path = "case/barred.html")]
struct Barred {
    frame: Frame,
    head: Head,
    title: String,
    why: Vec<String>,
}

#[expect(clippy::disallowed_methods, reason = "the edge: a form has a name, to be done once")]
fn form_of(seen: &Seen, doing: &Doing, inputs: Vec<Input>) -> Page {
    Page {
        frame: seen.frame(),
        head: seen.head(Tab::Beside),
        address: seen.address(&format!("/do/{}", doing.name())),
        back: seen.address(""),
        title: doing.title(seen),
        files: inputs.iter().any(Input::is_file),
        inputs,
        will: None,
        told: None,
        faults: Vec::new(),
        seq: seen.seen.file.case.seq,
        key: Uuid::now_v7().to_string(),
    }
}

pub(in crate::pages::case) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Path((case, what)): Path<(Uuid, String)>,
) -> Result<Response, Problem> {
    let doing = Doing::named(&what).ok_or_else(Problem::not_found)?;
    let seen = open(&app, visit, case).await?;
    if !is_possible(&seen, &doing) {
        return barred(&seen, &doing);
    }
    let inputs = inputs(&app, &seen, &doing).await?;
    let mut form = form_of(&seen, &doing, inputs);
    // Without a word of the reader's own, as far as it can be told.
    if let Some(command) = supposed(&seen, &doing) {
        let rehearsed =
            rehearsal_of(&app, &seen.visit.viewer, Terms::default(), CaseId(case), command);
        form.will = rehearsed.await.ok().map(|executed| consequences(&seen, &executed));
    }
    page(&seen.visit.look, &form)
}

/// The command with anything where something must be said; none where what it causes depends on what
/// is chosen.
fn supposed(seen: &Seen, doing: &Doing) -> Option<Command> {
    let sent =
        Sent::supposing(&[("reason", "-"), ("citation", "-"), ("text", "-"), ("good", "yes")]);
    match doing {
        Doing::Assign(_) | Doing::Inform | Doing::Answer(_) | Doing::Vote | Doing::Extend(_) => {
            None
        }
        Doing::ReleaseSilence(_) | Doing::Attach(_) | Doing::Fill => None,
        _ => command(doing, &sent, seen).ok().map(|(command, _)| command),
    }
}

fn barred(seen: &Seen, doing: &Doing) -> Result<Response, Problem> {
    let words = seen.words();
    let told = match doing {
        Doing::Act(action) => seen.obstacles.iter().find(|told| told.action == *action),
        _ => None,
    };
    let step = seen.definition().steps.get(seen.seen.file.case.place.name());
    let why = match told {
        Some(told) => {
            let action = step.and_then(|step| step.actions.get(&told.action));
            obstacle(&told.refusal, action, words)
        }
        None => vec![words.t("do-not-now").into()],
    };
    let page =
        Barred { frame: seen.frame(), head: seen.head(Tab::Beside), title: doing.title(seen), why };
    // What is looked at while the form is already on its way is no error of the page.
    let status = if seen.visit.look.partial { StatusCode::OK } else { StatusCode::CONFLICT };
    shown(status, &seen.visit.look, &page)
}

pub(in crate::pages::case) async fn take(
    State(app): State<App>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let visit = Visit::from_request_parts(&mut parts, &app).await?;
    let Path((case, what)): Path<(Uuid, String)> =
        Path::from_request_parts(&mut parts, &app).await?;
    let doing = Doing::named(&what).ok_or_else(Problem::not_found)?;
    // Before anything is taken from somebody who does not see the case.
    let seen = open(&app, visit, case).await?;
    let request = axum::http::Request::from_parts(parts, body);
    let sent = Sent::read(&app, &seen.visit.caller, seen.definition(), request).await?;
    if !is_possible(&seen, &doing) {
        return barred(&seen, &doing);
    }
    let inputs = kept(inputs(&app, &seen, &doing).await?, &sent);
    let mut form = form_of(&seen, &doing, inputs);
    if let Some(key) = sent.text("key") {
        form.key = key.to_owned();
    }
    if let Some((input, problem)) = sent.refused() {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let told = code(&problem.code, seen.words());
        form.faults.push((Some(input.clone()), told));
        tell(&mut form, problem.clone(), &seen);
        return shown(status, &seen.visit.look, &form);
    }
    let made = made(&app, &seen, &doing, &sent).await;
    let does = sent.text("then") == Some("do");
    let expected = sent.text("seq").and_then(|seq| seq.parse().ok());
    let answered = match made {
        Err(problem) => Err(problem),
        Ok((command, brought)) if does => {
            let terms =
                Terms { key: sent.text("key").map(str::to_owned), expected, on_behalf_of: None };
            let caller = &seen.visit.caller;
            let done = done_by(&app, caller, terms, CaseId(case), async || Ok((command, brought)));
            match done.await {
                Ok((executed, _)) => {
                    let last = executed.events.last().map_or(executed.case.seq, |event| event.seq);
                    // After an end by the way, what was done is what is told, not what followed.
                    let first = executed.events.first().map_or(last, |event| event.seq);
                    return Ok(see(&match seen.inside() {
                        true => seen.address(&format!("?done={first}")),
                        // An applicant has a page of his own.
                        false => format!("/my/{case}?done={first}"),
                    }));
                }
                Err(problem) => Err(problem),
            }
        }
        Ok((command, _)) => {
            let rehearsed =
                rehearsal_of(&app, &seen.visit.viewer, Terms::default(), CaseId(case), command);
            rehearsed.await
        }
    };
    let problem = match answered {
        Ok(executed) => {
            form.will = Some(consequences(&seen, &executed));
            return page(&seen.visit.look, &form);
        }
        Err(problem) => problem,
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !status.is_client_error() || status == StatusCode::NOT_FOUND {
        return Err(problem);
    }
    tell(&mut form, problem, &seen);
    // A part of a page that is looked at while one types is no error of the page.
    let status = if seen.visit.look.partial && !does { StatusCode::OK } else { status };
    shown(status, &seen.visit.look, &form)
}

/// Puts what is wrong where it belongs: each fault beside its input, and above them all.
fn tell(form: &mut Page, problem: Problem, seen: &Seen) {
    let words = seen.words();
    let problem = problem.in_language(words.0);
    let beside = match problem.code.as_str() {
        "reason_needed" => Some("reason"),
        "citation_needed" => Some("citation"),
        "text_invalid" if form.inputs.iter().any(|input| input.name == "text") => Some("text"),
        "extension_too_long" | "extension_unit" => Some("count"),
        "assignee_not_eligible" | "assignee_absent" => Some("person"),
        _ => None,
    };
    if let Some(name) = beside {
        let told = code(&problem.code, words);
        form.faults.push((Some(name.to_owned()), told));
    }
    for fault in &problem.faults {
        let name = input_at(&fault.pointer).or_else(|| {
            let name = fault.pointer.trim_start_matches('/').to_owned();
            Some(name).filter(|name| form.inputs.iter().any(|input| input.name == *name))
        });
        let known = name.filter(|name| form.inputs.iter().any(|input| input.name == *name));
        form.faults.push((known, fault.detail.clone()));
    }
    for (name, told) in &form.faults {
        let input = form.inputs.iter_mut().find(|input| Some(&input.name) == name.as_ref());
        if let Some(input) = input
            && input.fault.is_none()
        {
            input.fault = Some(told.clone());
        }
    }
    form.told = Some(match problem.code.as_str() {
        // The state was read anew: what is shown now is as it is now.
        "conflict" => words.t("do-changed").into(),
        _ => problem.title.clone(),
    });
}

/// The command that was sent, with what comes with it.
async fn made(
    app: &App,
    seen: &Seen,
    doing: &Doing,
    sent: &Sent,
) -> Result<(Command, Vec<Brought>), Problem> {
    let (caller, case) = (&seen.visit.caller, seen.seen.file.case.id);
    let (command, mut papers) = command(doing, sent, seen).map_err(|input| {
        let told = String::from(seen.words().t("input-choose"));
        Problem::faulty(vec![crate::problem::Fault::new(format!("/{input}"), "required", told)])
    })?;
    if let Doing::Attach(document) = doing {
        let Some(paper) = papers.remove(document.as_str()) else {
            let told = String::from(seen.words().t("input-choose-file"));
            let fault =
                crate::problem::Fault::new(format!("/documents/{document}"), "required", told);
            return Err(Problem::faulty(vec![fault]));
        };
        room_for(app, case, [document]).await?;
        return paper_of(app, caller, document.clone(), paper).await;
    }
    with_papers(app, caller, case, command, papers).await
}
