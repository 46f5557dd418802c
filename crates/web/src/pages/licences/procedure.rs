//! One procedure, for who thinks of applying.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Definition, StepId,
    definition::{About, AboutWhat, Basis, End, Outcome, Starts, Step, StepKind},
    form::checklist,
};
use parvaneh_store::Experience;

use super::{
    super::{Frame, case::wording::term, page, visit::Passer},
    office, open_to_applicant, open_to_applicants,
    requirements::{Asked, PaperAsked, fields, paper},
};
use crate::{
    App,
    body::Path,
    problem::Problem,
    say::{Said, Words},
};

/// A step on the way.
#[derive(Clone, Debug)]
struct StepShown {
    title: String,
    /// Who does what there, and in which time; several, where several are asked at once.
    parts: Vec<Part>,
    /// Whether it waits for the applicant.
    own: bool,
    /// Whether the legal term stands still meanwhile.
    held: bool,
}

#[derive(Clone, Debug)]
struct Part {
    /// What is asked, where several are.
    title: Option<String>,
    whose: String,
    term: Option<String>,
    /// The law that says so.
    basis: Option<String>,
}

/// Something that may be asked of the applicant on the way.
#[derive(Clone, Debug)]
struct Turn {
    title: String,
    term: Option<String>,
    /// What he can do then.
    actions: Vec<String>,
    fields: Vec<Asked>,
    papers: Vec<PaperAsked>,
    /// What comes of it when he does nothing.
    silence: Option<String>,
}

/// What can come out.
#[derive(Clone, Debug)]
struct EndShown {
    title: String,
    valid: Option<String>,
}

/// How long it took others.
#[derive(Clone, Debug)]
struct Lately {
    median: String,
    on_time: Option<String>,
    decided: String,
}

#[derive(Template)]
#[template(path = "licences/procedure.html")]
struct Procedure {
    frame: Frame,
    /// Where one applies.
    apply: String,
    basis: Option<String>,
    office: String,
    /// Of what it speaks, where it does.
    about: Option<String>,
    fields: Vec<Asked>,
    papers: Vec<PaperAsked>,
    later: Vec<PaperAsked>,
    term: String,
    term_basis: Option<String>,
    starts: String,
    norm: Option<String>,
    extension: Option<String>,
    silence: Option<String>,
    lately: Option<Lately>,
    steps: Vec<StepShown>,
    turns: Vec<Turn>,
    ends: Vec<EndShown>,
    /// What can be asked for about this one: a complaint of delay, a renewal.
    then: Vec<(String, String)>,
}

pub(super) async fn procedure(
    State(app): State<App>,
    passer: Passer,
    Path(workflow): Path<String>,
) -> Result<Response, Problem> {
    let words = passer.look().words;
    let definition = open_to_applicant(&app, &workflow).await?;
    let definition = &*definition;
    let experiences = app.store.experiences().await?;
    let others = open_to_applicants(&app).await?;
    let longest = app.settings.documents.longest;
    let title_of = |place: &StepId| {
        let title = definition.title_of(place);
        title.map_or_else(|| place.to_string(), |title| words.of(title).to_owned())
    };
    let statutory = &definition.statutory;
    let application = definition.application.as_ref();
    let application = application.and_then(|form| definition.forms.get(form));
    let (papers, later) = papers(definition, longest, words);
    let page_shown = Procedure {
        apply: format!("/apply/{}", definition.id),
        basis: definition.basis.as_ref().and_then(source),
        office: office(definition.opens_at, words).into(),
        about: definition.about.as_ref().map(|about| spoken_of(about, &others, words)),
        fields: application.map(|form| fields(definition, form, words)).unwrap_or_default(),
        papers,
        later,
        term: term(statutory.term, words).into(),
        term_basis: statutory.basis.as_ref().and_then(source),
        starts: match &statutory.starts {
            Starts::Opened => words.t("licence-starts-opened").into(),
            Starts::Entering(step) => words.t("licence-starts-at").s("step", title_of(step)).into(),
        },
        norm: statutory.service_norm.map(|norm| term(norm, words).into()),
        extension: statutory.extension.as_ref().map(|rule| {
            let longest = term(rule.up_to, words);
            words.t("licence-extension").n("count", rule.times).s("term", longest).into()
        }),
        silence: statutory.silence.as_ref().map(|rule| {
            let then = title_of(&rule.to);
            match rule.after.count {
                0 => words.t("licence-silence").s("end", then).into(),
                _ => {
                    let after = term(rule.after, words);
                    words.t("licence-silence-after").s("term", after).s("end", then).into()
                }
            }
        }),
        lately: experiences.get(&definition.id).map(|lately| told(lately, words)),
        steps: definition
            .steps
            .values()
            .filter_map(|step| shown(definition, step, words))
            .collect(),
        turns: turns(definition, longest, words),
        ends: definition.ends.values().filter_map(|end| granted(end, words)).collect(),
        then: about_this(definition, &others, words),
        frame: passer.frame(words.of(&definition.title)),
    };
    page(passer.look(), &page_shown)
}

/// The law by which something is; nothing of what only somebody has assumed.
fn source(basis: &Basis) -> Option<String> {
    match basis {
        Basis::Source(source) => Some(source.clone()),
        Basis::Assumption => None,
    }
}

fn told(lately: &Experience, words: Words) -> Lately {
    let percent = lately.tally.rate().map(|rate| (rate * 100.0).round() as i64);
    Lately {
        median: words.t("licence-median").n("days", lately.median_days).into(),
        on_time: percent.map(|percent| words.t("licence-on-time").n("percent", percent).into()),
        decided: words.t("licence-decided").n("count", lately.decided).into(),
    }
}

/// The papers that are looked at first, and those that the office or the applicant adds later.
fn papers(
    definition: &Definition,
    longest: u64,
    words: Words,
) -> (Vec<PaperAsked>, Vec<PaperAsked>) {
    let of_step = |step: &Step| {
        let list = checklist(step, None).into_iter();
        list.map(|(document, required)| (document.clone(), required)).collect::<Vec<_>>()
    };
    let begins = first_at_work(definition);
    let first: Vec<_> = begins.map(of_step).unwrap_or_default();
    let mut later: Vec<(parvaneh_core::DocumentId, bool)> = Vec::new();
    let others = definition.steps.values().filter(|step| !matches!(step.kind, StepKind::Applicant));
    for (document, required) in others.flat_map(of_step) {
        let known = first.iter().chain(&later).any(|(known, _)| *known == document);
        if !known {
            later.push((document, required));
        }
    }
    let shown = |list: Vec<(parvaneh_core::DocumentId, bool)>| {
        let list = list.into_iter();
        list.filter_map(|(document, required)| {
            paper(definition, &document, required, longest, words)
        })
        .collect()
    };
    (shown(first), shown(later))
}

/// The first step at which somebody looks at an application.
fn first_at_work(definition: &Definition) -> Option<&Step> {
    let first = definition.steps.get(&definition.first)?;
    match &first.kind {
        StepKind::Automatic(exits) => definition.steps.get(&exits.first()?.to),
        _ => Some(first),
    }
}

fn shown(definition: &Definition, step: &Step, words: Words) -> Option<StepShown> {
    let whose = |role: &parvaneh_core::RoleId| -> String {
        let title = definition.roles.get(role).map(|role| words.of(&role.title).to_owned());
        title.unwrap_or_else(|| role.to_string())
    };
    let own_part = |whose: String| Part {
        title: None,
        whose,
        term: step.term.map(|length| term(length, words).into()),
        basis: step.basis.as_ref().and_then(source),
    };
    let parts = match &step.kind {
        StepKind::Automatic(_) => return None,
        StepKind::Work { owner } => vec![own_part(whose(owner))],
        StepKind::Applicant => vec![own_part(words.t("licence-you").into())],
        StepKind::Commission(commission) => {
            let members = whose(&commission.members);
            let told = words.t("licence-commission").s("members", members);
            vec![own_part(told.n("count", commission.seats).into())]
        }
        StepKind::Parallel(parallel) => parallel
            .branches
            .values()
            .map(|branch| Part {
                title: Some(words.of(&branch.title).to_owned()),
                whose: whose(&branch.owner),
                term: Some(term(branch.term, words).into()),
                basis: branch.basis.as_ref().and_then(source),
            })
            .collect(),
    };
    Some(StepShown {
        title: words.of(&step.title).to_owned(),
        parts,
        own: matches!(step.kind, StepKind::Applicant),
        held: step.suspends_statutory,
    })
}

/// Every step in which it is the applicant's turn: corrections, preparation, appeal.
fn turns(definition: &Definition, longest: u64, words: Words) -> Vec<Turn> {
    let his = definition.steps.values().filter(|step| matches!(step.kind, StepKind::Applicant));
    let turn = |step: &Step| {
        let of_actions = step.actions.values().filter_map(|action| action.form.as_ref());
        let mut forms: Vec<_> = step.form.iter().chain(of_actions).collect();
        forms.dedup();
        // What he has filled in with his application is known to him.
        forms.retain(|form| Some(*form) != definition.application.as_ref());
        let forms = forms.into_iter().filter_map(|form| definition.forms.get(form));
        let silence = step.silence.as_ref().and_then(|rule| definition.title_of(&rule.to));
        let papers = checklist(step, None).into_iter();
        Turn {
            title: words.of(&step.title).to_owned(),
            term: step.term.map(|length| term(length, words).into()),
            actions: step.actions.values().map(|act| words.of(&act.title).to_owned()).collect(),
            fields: forms.flat_map(|form| fields(definition, form, words)).collect(),
            papers: papers
                .filter_map(|(document, required)| {
                    paper(definition, document, required, longest, words)
                })
                .collect(),
            silence: silence.map(|title| words.of(title).to_owned()),
        }
    };
    his.map(turn).collect()
}

fn granted(end: &End, words: Words) -> Option<EndShown> {
    (end.outcome == Outcome::Granted).then(|| EndShown {
        title: words.of(&end.title).to_owned(),
        valid: end
            .licence
            .as_ref()
            .map(|licence| words.t("licence-valid").n("count", licence.valid_months).into()),
    })
}

/// Of what an application speaks, by the names of the procedures.
fn spoken_of(about: &About, others: &[std::sync::Arc<Definition>], words: Words) -> String {
    let or = format!(" {} ", words.t("needs-or"));
    let titles = |wanted: &dyn Fn(&Definition) -> bool| {
        let named = others.iter().filter(|other| wanted(other));
        named.map(|other| format!("«{}»", words.of(&other.title))).collect::<Vec<_>>().join(&or)
    };
    let said: Said = match &about.what {
        AboutWhat::Licence { kinds, .. } => {
            let grants = |other: &Definition| {
                let licences = other.ends.values().filter_map(|end| end.licence.as_ref());
                licences.into_iter().any(|licence| kinds.contains(&licence.kind))
            };
            words.t("licence-about-licence").s("titles", titles(&grants))
        }
        AboutWhat::Case { workflows, .. } => {
            let is = |other: &Definition| workflows.contains(&other.id);
            words.t("licence-about-case").s("titles", titles(&is))
        }
    };
    said.into()
}

/// The procedures that speak of this one, or of the licence that it grants.
fn about_this(
    definition: &Definition,
    others: &[std::sync::Arc<Definition>],
    words: Words,
) -> Vec<(String, String)> {
    let kinds: Vec<&String> = definition
        .ends
        .values()
        .filter_map(|end| end.licence.as_ref())
        .map(|licence| &licence.kind)
        .collect();
    let speaks = |other: &Definition| match other.about.as_ref().map(|about| &about.what) {
        None => false,
        Some(AboutWhat::Licence { kinds: of, .. }) => of.iter().any(|kind| kinds.contains(&kind)),
        Some(AboutWhat::Case { workflows, .. }) => workflows.contains(&definition.id),
    };
    let named = others.iter().filter(|other| other.id != definition.id && speaks(other));
    named
        .map(|other| (format!("/licences/{}", other.id), words.of(&other.title).to_owned()))
        .collect()
}
