//! Papers: handing them in, and looking at them.

use super::{Command, Draft, Refusal, RefusalCode, fill::today, given};
use crate::{
    DocumentId,
    definition::{Action, Permission},
    event::{By, Fact},
    form::{
        DateBound, DocumentKind, Fault, FaultCode, FieldKind, FileReference, PaperState, Value,
        lacking, read_text,
    },
};

impl<'a> Draft<'a> {
    /// By the applicant, by a role that opens cases, or by whoever has the step's task.
    pub(super) fn attach(
        &mut self,
        document: &DocumentId,
        file: &FileReference,
        issued: Option<&str>,
        copies: u32,
    ) -> Result<(), Refusal> {
        let kind = self.document(document)?;
        let by = self.by_who_hands_in()?;
        let today = today(self.ctx, &self.case.unit, self.now);
        let mut faults = Vec::new();
        let mut fault = |code, fa: &str, en: &str| {
            faults.push(Fault::of_document(document, &kind.title, code, fa, en));
        };
        let file = file.clone().checked();
        if file.is_none() {
            let en = "needs a name, a media type, a size and a SHA-256 of 64 hexadecimal digits";
            fault(FaultCode::NotAFile, "نام، نوع، اندازه و درهم‌سازی SHA-256 لازم دارد", en);
        }
        if copies < kind.copies || copies > 1_000 {
            let fa = format!("{} نسخه لازم است", kind.copies);
            let en =
                format!("is handed in in {} copies at least, and in 1000 at most", kind.copies);
            fault(FaultCode::TooFewCopies, &fa, &en);
        }
        let any_day = FieldKind::Date { min: None, max: Some(DateBound::Today) };
        let issued = match issued.map(str::trim).filter(|text| !text.is_empty()) {
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
        let Some(file) = file.filter(|_| faults.is_empty()) else {
            return Err(with_faults(RefusalCode::DocumentInvalid, faults));
        };
        let fact = Fact::DocumentAttached { document: document.clone(), file, issued, copies };
        self.record(self.now, by, fact);
        Ok(())
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
        let by = self.by_role(role, self.unit_of(role)?)?;
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

    /// The papers that keep an action from being taken.
    pub(super) fn papers_lacking(&self, action: &Action) -> Result<Vec<Fault>, Refusal> {
        let step = self.step()?;
        if step.documents.is_empty() && action.documents.is_empty() {
            return Ok(Vec::new());
        }
        let today = today(self.ctx, &self.case.unit, self.now);
        Ok(lacking(self.ctx.definition, step, action, &self.case, today))
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
        Command::AttachDocument { document, file, issued, copies: kind.copies }
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
