//! One case, for its applicant.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Fact, Place,
    decide::Possible,
    event::Owner,
    form::{PaperState, checklist},
};
use parvaneh_store::LicencesQuery;
use uuid::Uuid;

use super::{
    super::{
        super::{Frame, licences::open_to_applicants, page, see, visit::Visit},
        Seen, Tab,
        doing::Doing,
        facts::{About, Done, spoken_of},
        head::{Head, Until, until},
        story::title_of,
    },
    Own,
    follow::{Offer, about_case, about_licence},
    list::LicenceShown,
    open_own,
    state::Standing,
};
use crate::{
    App,
    body::{Path, Query},
    problem::Problem,
    shown::{Mark, Moment},
};

/// Something that he can do.
#[derive(Clone, Debug)]
struct Action {
    address: String,
    title: String,
    main: bool,
}

/// What waits for him.
#[derive(Clone, Debug)]
struct Turn {
    title: String,
    until: Option<Until>,
    /// Why it came to him, as the office said.
    reason: Option<String>,
    /// What is missing, or was refused.
    missing: Vec<String>,
    actions: Vec<Action>,
}

#[derive(Template)]
#[template(path = "mine/one.html")]
struct One {
    frame: Frame,
    head: Head,
    /// What he has just done.
    done: Option<String>,
    state: String,
    mark: Mark,
    received: Moment,
    spoken_of: Option<About>,
    turn: Option<Turn>,
    /// Why it ended so, as it was said.
    reason: Option<String>,
    licences: Vec<LicenceShown>,
    /// What he can do beside.
    more: Vec<Action>,
    then: Vec<Offer>,
    receipt: String,
    timeline: String,
    documents: String,
    answers: String,
}

pub(super) async fn one(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Problem> {
    let seen = match open_own(&app, visit, case).await? {
        Own::His(seen) => seen,
        Own::Others(there) => return Ok(see(&there)),
    };
    let (words, case) = (seen.words(), &seen.seen.file.case);
    let standing = Standing::of(case, seen.definition());
    let procedures = open_to_applicants(&app).await?;
    let reason = reason(&app, &seen).await?;
    let turn = (standing == Standing::Yours).then(|| turn(&seen, reason.clone()));
    let mut more = Vec::new();
    for possible in &seen.seen.possible {
        if matches!(possible, Possible::Withdraw | Possible::Comment) {
            more.push(action(&seen, possible, false));
        }
    }
    let done = match done.filter(|done| *done <= case.seq) {
        Some(seq) => title_of(&app, &seen, seq).await?,
        None => None,
    };
    let one = One {
        done,
        frame: seen.frame(),
        head: seen.head(Tab::Beside),
        state: standing.told(words).into(),
        mark: standing.mark(),
        received: seen.moment(case.opened_at),
        spoken_of: spoken_of(&app, &seen).await?,
        turn,
        reason: reason.filter(|_| case.is_ended()),
        licences: licences(&app, &seen, &procedures).await?,
        more,
        then: about_case(&seen, &procedures),
        receipt: format!("/my/{}/receipt", case.id),
        timeline: seen.address("/timeline"),
        documents: seen.address("/documents"),
        answers: seen.address(""),
    };
    page(&seen.visit.look, &one)
}

fn action(seen: &Seen, possible: &Possible, main: bool) -> Action {
    let doing = Doing::of(possible);
    Action {
        address: seen.address(&format!("/do/{}", doing.name())),
        title: doing.title(seen),
        main,
    }
}

/// Why the case stands where it does, as whoever brought it there has said.
async fn reason(app: &App, seen: &Seen) -> Result<Option<String>, Problem> {
    let case = &seen.seen.file.case;
    let timeline = app.store.reading_as(&seen.visit.viewer).timeline(case.id).await?;
    let brought = timeline.entries.into_iter().rev().find(|entry| {
        entry.event.fact.entry().is_some_and(|entry| entry.step == *case.place.name())
    });
    Ok(brought.and_then(|entry| match entry.event.fact {
        Fact::Acted { reason, .. } | Fact::Answered { reason, .. } => reason,
        _ => None,
    }))
}

fn turn(seen: &Seen, reason: Option<String>) -> Turn {
    let (words, case) = (seen.words(), &seen.seen.file.case);
    let step = seen.definition().steps.get(case.place.name());
    let task = case.tasks.iter().find(|task| task.owner == Owner::Applicant);
    let mut actions = Vec::new();
    for possible in &seen.seen.possible {
        match possible {
            Possible::Act { .. } => actions.push(action(seen, possible, actions.is_empty())),
            Possible::Fill | Possible::AttachDocument { .. } => {
                actions.push(action(seen, possible, false));
            }
            _ => {}
        }
    }
    let today = seen.own_calendar().local_date(seen.seen.file.now);
    let papers = step.map(|step| checklist(step, None)).unwrap_or_default();
    let mut missing: Vec<String> = Vec::new();
    for (document, required) in papers {
        let Some(kind) = seen.definition().documents.get(document) else { continue };
        let title = words.of(&kind.title).to_owned();
        let told = match kind.state_of(case.documents.get(document), today) {
            PaperState::Missing if required => words.t("mine-paper-missing"),
            PaperState::Refused => words.t("mine-paper-refused"),
            PaperState::Expired => words.t("mine-paper-expired"),
            PaperState::Missing | PaperState::Good | PaperState::Unverified => continue,
        };
        missing.push(told.s("paper", title).into());
    }
    // Papers that were refused may be asked for by another step.
    for (document, paper) in &case.documents {
        let refused = paper.verdict.as_ref().and_then(|verdict| verdict.refused.as_ref());
        let known = step
            .is_some_and(|step| checklist(step, None).iter().any(|(asked, _)| *asked == document));
        if let (Some(why), false) = (refused, known)
            && let Some(kind) = seen.definition().documents.get(document)
        {
            let told = words.t("mine-paper-refused-because").s("paper", words.of(&kind.title));
            missing.push(told.s("reason", why).into());
        }
    }
    for possible in &seen.seen.possible {
        let Possible::Act { needs_values: fields, .. } = possible else { continue };
        let fields = fields.iter().filter_map(|name| seen.definition().field(name.as_str()));
        for field in fields {
            let told: String =
                words.t("mine-field-missing").s("field", words.of(&field.title)).into();
            if !missing.contains(&told) {
                missing.push(told);
            }
        }
    }
    Turn {
        title: match &case.place {
            Place::Step { step, .. } => {
                let title = seen.definition().title_of(step);
                title.map_or_else(|| step.to_string(), |title| words.of(title).to_owned())
            }
            Place::End { .. } => String::new(),
        },
        until: task.and_then(|task| task.clock.as_ref()).map(|clock| until(seen, clock)),
        reason,
        missing,
        actions,
    }
}

/// The licences that this case has granted, or is about.
async fn licences(
    app: &App,
    seen: &Seen,
    procedures: &[std::sync::Arc<parvaneh_core::Definition>],
) -> Result<Vec<LicenceShown>, Problem> {
    let case = &seen.seen.file.case;
    if !case.is_ended() {
        return Ok(Vec::new());
    }
    let viewer = &seen.visit.viewer;
    let query = LicencesQuery {
        reach: Some(viewer.reach.clone()),
        holder: Some(case.applicant),
        limit: 200,
        ..LicencesQuery::default()
    };
    let today = seen.own_calendar().local_date(seen.seen.file.now);
    let held = app.store.reading_as(viewer).licences(&query, today).await?;
    let of_case = held.iter().filter(|row| row.granted_by == case.id || row.changed_by == case.id);
    let words = seen.words();
    Ok(of_case
        .map(|row| LicenceShown::of(app, row, about_licence(row, procedures, words), words))
        .collect())
}
