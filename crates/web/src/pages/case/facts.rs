//! The first tab: what stands in a case, who has what to do, and what is filled in.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{Place, decide::Possible, event::Purpose, register::SpokenOf};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        Frame,
        licences::{papers, standing},
        page,
        visit::Visit,
    },
    Seen, Tab,
    head::{Head, Offer, Until, owner, until},
    open,
    wording::{urgency as urgency_word, vote},
};
use crate::{
    App,
    api::licences::{self, today},
    body::{Path, Query},
    problem::Problem,
    say::Said,
    shown::{Code, Day, Mark, Moment},
};

/// A fact, with its name.
#[derive(Clone, Debug)]
struct Fact {
    name: String,
    value: String,
}

/// The licence or the other case of which a case speaks.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) code: String,
    /// Where it is, for who sees it.
    pub(super) address: Option<String>,
}

/// The licence that a case has granted, changed or is about, as the reader sees it.
struct Licence {
    number: String,
    standing: Said,
    mark: Mark,
    until: Day,
    /// Where anybody checks it.
    check: String,
    papers: Option<[String; 2]>,
}

/// The values of one form.
#[derive(Clone, Debug)]
struct Values {
    filled: Vec<Fact>,
    /// What nobody has filled in.
    empty: Vec<String>,
}

/// A task that the case waits for.
#[derive(Clone, Debug)]
struct Task {
    title: String,
    owner: String,
    assignee: Option<String>,
    /// How soon who gave it to him wants it.
    urgency: Option<String>,
    since: Moment,
    until: Option<Until>,
    /// What explains its deadline.
    clock: Option<String>,
    offers: Vec<Offer>,
}

#[derive(Template)]
#[template(path = "case/facts.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// What has just been done, by the reader.
    done: Option<String>,
    received: Moment,
    about: Vec<Fact>,
    spoken_of: Option<About>,
    licence: Option<Licence>,
    tasks: Vec<Task>,
    forms: Vec<Values>,
    votes: Vec<(String, String)>,
    fill: Option<String>,
}

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Done {
    /// The number of its last event.
    pub(super) done: Option<u32>,
}

pub(super) async fn facts(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    let (words, case, definition) = (seen.words(), &seen.seen.file.case, seen.definition());
    let fact = |name: Said, value: String| Fact { name: name.into(), value };
    let mut about = vec![
        fact(words.t("case-workflow"), words.of(&definition.title).to_owned()),
        fact(words.t("case-version"), words.number(case.version)),
        fact(words.t("case-unit"), seen.unit(&case.unit)),
        fact(words.t("case-events"), words.number(case.seq)),
    ];
    if let Some(on) = &case.hearing.on_agenda {
        let at = seen.moment(on.at).plain();
        about.push(fact(words.t("case-sitting"), at));
    }
    let shown_to_applicant =
        |name: &parvaneh_core::FieldId| seen.inside() || definition.is_filled_by_applicant(name);
    let forms = definition.forms.values().filter_map(|form| {
        let (mut filled, mut empty) = (Vec::new(), Vec::new());
        for (name, field) in form.fields.iter().filter(|(name, _)| shown_to_applicant(name)) {
            let title = words.of(&field.title).to_owned();
            match case.data.get(name) {
                None => empty.push(title),
                Some(value) => {
                    let value = words.of(&value.shown(Some(field))).to_owned();
                    filled.push(Fact { name: title, value });
                }
            }
        }
        (!filled.is_empty() || !empty.is_empty()).then_some(Values { filled, empty })
    });
    let tasks = case.tasks.iter().map(|task| {
        let step = definition.steps.get(&task.step);
        let branch = step.zip(task.branch.as_ref()).and_then(|(step, branch)| match &step.kind {
            parvaneh_core::definition::StepKind::Parallel(parallel) => {
                parallel.branches.get(branch)
            }
            _ => None,
        });
        let title = branch.map(|branch| &branch.title).or(step.map(|step| &step.title));
        let title = title.map_or_else(|| task.step.to_string(), |title| words.of(title).to_owned());
        let title = match task.purpose {
            Purpose::Vote => words.t("case-task-vote").s("step", title).into(),
            Purpose::Act | Purpose::Answer => title,
        };
        let of_task = |one: &&Possible| match one {
            Possible::Claim { task: no }
            | Possible::Release { task: no }
            | Possible::Assign { task: no } => *no == task.no,
            Possible::Extend { clock } => *clock == task.no,
            _ => false,
        };
        let offers = seen.seen.possible.iter().filter(of_task).map(|possible| {
            let doing = super::doing::Doing::of(possible);
            Offer {
                address: seen.address(&format!("/do/{}", doing.name())),
                title: doing.short(&seen),
                main: false,
            }
        });
        Task {
            title,
            owner: owner(&seen, &task.owner, &task.unit),
            assignee: task.assignee.filter(|_| seen.inside()).map(|one| seen.names.person(one)),
            urgency: task
                .urgency
                .filter(|_| seen.inside())
                .map(|one| urgency_word(one, words).into()),
            since: seen.moment(task.opened_at),
            until: task.clock.as_ref().map(|clock| until(&seen, clock)),
            clock: task.clock.as_ref().map(|_| seen.address(&format!("/clocks/{}", task.no))),
            offers: offers.collect(),
        }
    });
    let votes = match &case.place {
        Place::Step { votes, .. } if seen.inside() => votes
            .iter()
            .map(|(member, cast)| (seen.names.person(*member), vote(*cast, words).into()))
            .collect(),
        _ => Vec::new(),
    };
    let done = match done.filter(|done| *done <= case.seq) {
        Some(seq) => super::story::title_of(&app, &seen, seq).await?,
        None => None,
    };
    let can_fill = seen.seen.possible.contains(&Possible::Fill);
    let shown_page = Page {
        frame: seen.frame(),
        received: seen.moment(case.opened_at),
        about,
        spoken_of: spoken_of(&app, &seen).await?,
        licence: licence(&app, &seen).await?,
        tasks: tasks.collect(),
        forms: forms.collect(),
        votes,
        fill: can_fill.then(|| seen.address("/do/fill")),
        done,
        head: seen.head(Tab::Facts),
    };
    page(&seen.visit.look, &shown_page)
}

/// The licence that the case has granted or changed, or is about; none for who does not see that.
async fn licence(app: &App, seen: &Seen) -> Result<Option<Licence>, Problem> {
    let case = &seen.seen.file.case;
    let number = match (&case.place, case.about.as_deref()) {
        (Place::End { change: Some(change), .. }, _) => &change.licence.number,
        (_, Some(SpokenOf::Licence(about))) => &about.licence.number,
        _ => return Ok(None),
    };
    let found = licences::seen(app, &seen.visit.viewer, number.as_str(), today(app).await?).await?;
    let words = seen.words();
    Ok(found.map(|file| {
        let (standing, mark) = standing(file.row.standing, words);
        Licence {
            number: number.to_string(),
            standing,
            mark,
            until: Day::of(file.row.licence.valid_until, words),
            check: format!("/check/{number}"),
            papers: papers(app, number),
        }
    }))
}

/// Of what a case speaks: a complaint of delay of a request, a renewal of a licence.
///
/// # Errors
/// The store's.
pub(super) async fn spoken_of(app: &App, seen: &Seen) -> Result<Option<About>, Problem> {
    let words = seen.words();
    Ok(match seen.seen.file.case.about.as_deref() {
        None => None,
        Some(SpokenOf::Licence(about)) => Some(About {
            name: words.t("case-about-licence").into(),
            code: about.licence.number.to_string(),
            address: None,
        }),
        Some(SpokenOf::Case(about)) => {
            let sees = app.store.sight(about.case, &seen.visit.viewer).await?.is_some();
            let place = if seen.inside() { "cases" } else { "my" };
            Some(About {
                name: words.t("case-about-case").into(),
                code: Code::of(about.case).plain().to_owned(),
                address: sees.then(|| format!("/{place}/{}", about.case)),
            })
        }
    })
}
