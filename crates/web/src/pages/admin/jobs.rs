//! Work on many cases, as far as it has come: with a bar, which goes on by itself.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_store::{Job, JobId};

use crate::{
    App,
    api::jobs::sees,
    body::Path,
    pages::{
        Frame, page,
        routes::Pages,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::{Said, Words},
};

pub(super) fn pages() -> Pages {
    Pages::default().get("/admin/progress/{job}", progress)
}

#[derive(Template)]
#[template(path = "admin/progress.html")]
struct Progress {
    frame: Frame,
    job: Job,
    unit: Option<String>,
    begun: When,
    /// Why the first case could not be treated, for who looks after what runs by itself.
    error: Option<String>,
}

async fn progress(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<JobId>,
) -> Result<Response, Problem> {
    let job = app.store.job(id).await?.filter(|job| sees(&visit.viewer, job));
    let job = job.ok_or_else(Problem::not_found)?;
    let words = visit.look.words;
    let unit = job.unit().map(|unit| {
        let found = visit.viewer.organisation.get(&unit);
        found.map_or_else(|| unit.to_string(), |unit| words.of(&unit.title).to_owned())
    });
    let operates = policy::permit_everywhere(&visit.viewer, Task::Operate).is_ok();
    let shown = Progress {
        frame: visit.frame(title(&job, words)),
        unit,
        begun: Times::of(&app, words).await?.day(job.created_at),
        error: job.error.clone().filter(|_| operates),
        job,
    };
    page(&visit.look, &shown)
}

fn title(job: &Job, words: Words) -> Said {
    match job.kind.as_str() {
        "migrate" => words.t("job-migrate"),
        _ => words.t("job-reschedule"),
    }
}

impl Progress {
    /// How much is done, of a hundred.
    fn percent(&self) -> u64 {
        match (self.job.finished_at, self.job.total) {
            (Some(_), _) => 100,
            (None, 0) => 0,
            (None, total) => (self.job.done * 100 / total).min(99),
        }
    }

    fn address(&self) -> String {
        format!("/admin/progress/{}", self.job.id)
    }

    fn up(&self) -> (&'static str, Said) {
        match self.job.kind.as_str() {
            "migrate" => ("/admin/workflows", self.frame.t("admin-workflows")),
            _ => ("/admin/calendars", self.frame.t("admin-calendars")),
        }
    }
}
