//! Papers: handing them in, and looking at them.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Command, Context, Draft, Refusal, RefusalCode, fill::today, given};
use crate::{
    DocumentId, UnitId,
    clock::Instant,
    definition::{Action, Permission},
    document::{did_you_mean, short},
    event::{By, Fact},
    form::{
        DateBound, DocumentKind, Fault, FaultCode, FieldKind, FileReference, Given, HandedIn,
        Paper, PaperState, Value, lacking, read_text,
    },
};

/// More unknown papers than these are not told one by one.
const MOST_UNKNOWN: usize = 20;

impl<'a> Draft<'a> {
    /// By the applicant, by a role that opens cases, or by whoever has the step's task.
    pub(super) fn attach(
        &mut self,
        document: &DocumentId,
        paper: &HandedIn,
    ) -> Result<(), Refusal> {
        let kind = self.document(document)?;
        let by = self.by_who_hands_in()?;
        let today = today(self.ctx, &self.case.unit, self.now);
        let fact = attached(document, kind, paper, today)
            .map_err(|faults| with_faults(RefusalCode::DocumentInvalid, faults))?;
        self.record(self.now, by, fact);
        Ok(())
    }

    /// What handing in the papers that are given with an action or with values would record.
    ///
    /// # Errors
    /// Every fault of every paper.
    pub(super) fn papers_given(&self, given: &Given) -> Result<Vec<Fact>, Vec<Fault>> {
        papers(self.ctx, &self.case.unit, self.now, given)
    }

    /// By the role that the definition names, at the case's unit of its level.
    pub(super) fn verify(
        &mut self,
        document: &DocumentId,
        good: bool,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        let kind = self.document(document)?;
        let role = kind.verified_by.as_ref().ok_or_else(|| {
            RefusalCode::NotVerifiable.because(format!("nobody has to verify '{document}'"))
        })?;
        // Looking at papers is doing something in the step: four eyes hold for it, and it counts
        // for theirs.
        let rights = self.rights_by_role(role, self.unit_of(role)?)?;
        let by = self.by_other_eyes(rights, &[&self.step()?.not_by])?;
        if !self.case.documents.contains_key(document) {
            let reason = format!("'{document}' was not handed in: there is nothing to look at");
            return Err(RefusalCode::NotHandedIn.because(reason));
        }
        let refused = match good {
            true => None,
            false => {
                let why = "the reason why the paper is not good";
                Some(given(reason, RefusalCode::ReasonNeeded, why)?.to_owned())
            }
        };
        self.record(self.now, by, Fact::DocumentVerified { document: document.clone(), refused });
        Ok(())
    }

    /// The papers that keep an action from being taken, once those that come with it are handed in.
    pub(super) fn papers_lacking(
        &self,
        action: &Action,
        given: &[Fact],
    ) -> Result<Vec<Fault>, Refusal> {
        let step = self.step()?;
        if step.documents.is_empty() && action.documents.is_empty() {
            return Ok(Vec::new());
        }
        let today = today(self.ctx, &self.case.unit, self.now);
        let new: BTreeMap<DocumentId, Paper> =
            given.iter().filter_map(|fact| paper_of(fact, self.now)).collect();
        let paper =
            |document: &DocumentId| new.get(document).or_else(|| self.case.documents.get(document));
        Ok(lacking(self.ctx.definition, step, action, paper, today))
    }

    /// The papers that an action still needs, and that may come with it.
    pub(super) fn missing_papers(&self, action: &Action) -> Vec<DocumentId> {
        let lacking = self.papers_lacking(action, &[]).unwrap_or_default();
        let missing = lacking.into_iter().filter(|fault| self.can_come_along(fault));
        missing.filter_map(|fault| fault.document).collect()
    }

    /// Whether what is missing could be given with an action: a paper, unless somebody must look at
    /// it first.
    pub(super) fn can_come_along(&self, fault: &Fault) -> bool {
        match &fault.document {
            None => fault.code == FaultCode::Required,
            Some(document) => {
                let kind = self.ctx.definition.documents.get(document);
                kind.is_some_and(|kind| kind.verified_by.is_none())
            }
        }
    }

    /// How it stands with a paper now.
    pub(super) fn paper_state(&self, document: &DocumentId) -> Option<PaperState> {
        let kind = self.ctx.definition.documents.get(document)?;
        let today = today(self.ctx, &self.case.unit, self.now);
        Some(kind.state_of(self.case.documents.get(document), today))
    }

    /// A paper of the kind that could be handed in now.
    pub(super) fn any_paper(&self, document: DocumentId, kind: &DocumentKind) -> Command {
        let file = FileReference {
            name: document.to_string(),
            media_type: "application/octet-stream".to_owned(),
            size: 0,
            sha256: "0".repeat(64),
        };
        let issued = Some(today(self.ctx, &self.case.unit, self.now).to_string());
        Command::AttachDocument { document, paper: HandedIn { file, issued, copies: kind.copies } }
    }

    fn document(&self, document: &DocumentId) -> Result<&'a DocumentKind, Refusal> {
        self.ctx.definition.documents.get(document).ok_or_else(|| {
            let known = self.ctx.definition.documents.keys().map(DocumentId::as_str);
            let names = known.collect::<Vec<_>>().join(", ");
            let names = if names.is_empty() { "none".to_owned() } else { names };
            RefusalCode::UnknownDocument
                .because(format!("the procedure asks for no '{document}'; it asks for: {names}"))
        })
    }

    fn by_who_hands_in(&self) -> Result<By, Refusal> {
        if self.person()?.natural.is(self.case.applicant) {
            return Ok(By::Applicant(self.person()?.person));
        }
        let refusal = match self.by_permission(Permission::Open, &self.case.unit) {
            Ok(by) => return Ok(by),
            Err(refusal) => refusal,
        };
        let task = self.acting_task().ok();
        task.and_then(|task| self.by_who_may_take(task, |_| Ok(())).ok()).ok_or(refusal)
    }
}

/// The papers that come with an application, an action or values: what handing them in records.
///
/// # Errors
/// Every fault of every paper; those that the procedure does not ask for come last.
pub(super) fn papers(
    ctx: &Context<'_>,
    unit: &UnitId,
    now: Instant,
    given: &Given,
) -> Result<Vec<Fact>, Vec<Fault>> {
    if given.papers.is_empty() {
        return Ok(Vec::new());
    }
    let (mut facts, mut faults) = (Vec::new(), Vec::new());
    let today = today(ctx, unit, now);
    let kinds = &ctx.definition.documents;
    for (document, kind) in kinds {
        let Some(paper) = given.papers.get(document) else { continue };
        match attached(document, kind, paper, today) {
            Ok(fact) => facts.push(fact),
            Err(told) => faults.extend(told),
        }
    }
    let strangers = given.papers.keys().filter(|document| !kinds.contains_key(*document));
    faults.extend(strangers.take(MOST_UNKNOWN).map(|document| {
        let known = kinds.keys().map(DocumentId::as_str);
        let name = short(document.as_str());
        let (fa, en) = match did_you_mean(document.as_str(), known) {
            Some(meant) => (
                format!("مدرکی به نام «{name}» نیست؛ منظور «{meant}» است؟"),
                format!("the procedure asks for no '{name}': did you mean '{meant}'?"),
            ),
            None => (
                format!("مدرکی به نام «{name}» نیست"),
                format!("the procedure asks for no '{name}'"),
            ),
        };
        let document = Some(DocumentId::from(name));
        Fault { field: None, document, code: FaultCode::UnknownDocument, fa, en }
    }));
    if faults.is_empty() { Ok(facts) } else { Err(faults) }
}

/// What handing in a paper records.
fn attached(
    document: &DocumentId,
    kind: &DocumentKind,
    paper: &HandedIn,
    today: NaiveDate,
) -> Result<Fact, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut fault = |code, fa: &str, en: &str| {
        faults.push(Fault::of_document(document, &kind.title, code, fa, en));
    };
    let file = paper.file.checked();
    if file.is_none() {
        let en = "needs a name, a media type, a size and a SHA-256 of 64 hexadecimal digits";
        fault(FaultCode::NotAFile, "نام، نوع، اندازه و درهم‌سازی SHA-256 لازم دارد", en);
    }
    if let Some(file) = &file {
        if !kind.takes(&file.media_type) {
            let types = kind.taken_types();
            let (fa, en) =
                (format!("تنها از نوع {types} پذیرفته می‌شود"), format!("is taken as {types}"));
            fault(FaultCode::PaperType, &fa, &en);
        }
        if let Some(longest) = kind.longest.filter(|longest| file.size > *longest) {
            let (fa, en) = (
                format!("نباید از {longest} بایت بزرگ‌تر باشد"),
                format!("has {longest} bytes at most"),
            );
            fault(FaultCode::PaperTooLong, &fa, &en);
        }
    }
    let copies = paper.copies;
    if copies < kind.copies || copies > 1_000 {
        let fa = format!("{} نسخه لازم است", kind.copies);
        let en = format!("is handed in in {} copies at least, and in 1000 at most", kind.copies);
        fault(FaultCode::TooFewCopies, &fa, &en);
    }
    let any_day = FieldKind::Date { min: None, max: Some(DateBound::Today) };
    let issued = match paper.issued.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => match read_text(&any_day, text, today) {
            Ok(Value::Date(day)) => Some(day),
            Ok(_) => None,
            Err((code, text)) => {
                fault(code, &text.fa, &text.en);
                None
            }
        },
    };
    if kind.valid_for.is_some() && issued.is_none() && faults_none_of_day(&faults) {
        faults.push(Fault::of_document(
            document,
            &kind.title,
            FaultCode::IssueDayNeeded,
            "تاریخ صدور لازم دارد",
            "needs the day of its issue",
        ));
    }
    if kind.good_until(issued).is_some_and(|last| today > last) {
        let (fa, en) = ("اعتبار آن پایان یافته است", "has expired");
        faults.push(Fault::of_document(document, &kind.title, FaultCode::Expired, fa, en));
    }
    match file.filter(|_| faults.is_empty()) {
        Some(file) => {
            Ok(Fact::DocumentAttached { document: document.clone(), file, issued, copies })
        }
        None => Err(faults),
    }
}

/// The paper that a fact hands in.
fn paper_of(fact: &Fact, at: Instant) -> Option<(DocumentId, Paper)> {
    let Fact::DocumentAttached { document, file, issued, copies } = fact else { return None };
    let (file, issued, copies) = (file.clone(), *issued, *copies);
    Some((document.clone(), Paper { file, issued, copies, at, verdict: None }))
}

/// A refusal because of what was given, or of what is missing: everything at once, under the code
/// of what is missing, else of the values, else of the papers that came along.
pub(super) fn at_fault(
    of_values: Vec<Fault>,
    of_papers: Vec<Fault>,
    lacking: Vec<Fault>,
) -> Refusal {
    let told_already: Vec<_> = of_papers.iter().filter_map(|it| it.document.clone()).collect();
    let new = |fault: &Fault| fault.document.as_ref().is_none_or(|it| !told_already.contains(it));
    let lacking: Vec<_> = lacking.into_iter().filter(new).collect();
    let code = match (lacking.is_empty(), of_values.is_empty()) {
        (false, _) => RefusalCode::DocumentsLacking,
        (true, false) => RefusalCode::FormInvalid,
        (true, true) => RefusalCode::DocumentInvalid,
    };
    with_faults(code, of_values.into_iter().chain(of_papers).chain(lacking).collect())
}

/// Whether nothing has been told of the day yet.
fn faults_none_of_day(faults: &[Fault]) -> bool {
    !faults.iter().any(|fault| matches!(fault.code, FaultCode::NotADate | FaultCode::TooLate))
}

/// A refusal because of faults, all of which it tells.
pub(super) fn with_faults(code: RefusalCode, faults: Vec<Fault>) -> Refusal {
    let told: Vec<_> = faults.iter().map(|fault| fault.en.as_str()).collect();
    let mut refusal = code.because(told.join("; "));
    refusal.faults = faults;
    refusal
}
