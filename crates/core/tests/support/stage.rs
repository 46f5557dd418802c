//! A small procedure on a stage, for tests in which every step is told.
//!
//! The office is open from Saturday to Wednesday, 07:30 to 14:30. 2025-02-01 is a Saturday.

use parvaneh_core::{
    Actor, Calendars, Caller, Case, Command, Decided, Definition, Instant, Open, Refusal, RoleId,
    SittingId, StepId, Term, decide,
    definition::{Addressee, Answer, Basis, Commission, SilenceRule, SittingRules, StepKind},
    event::Vote,
    form::Given,
    open,
    sitting::{Sitting, SittingState},
};

use super::{applicant, at, case_id, compiled, holder, live::World, office_hours};

pub(crate) const LICENCE: &str = "
workflow: licence
version: 1
title: { fa: پروانه, en: Licence }
opens_at: county
calendar: ir
statutory:
  term: 30 d
  starts: opened
  basis: assumption
  extension: { times: 1, up_to: 5 d, by: board, basis: assumption }
  silence: { to: issued, grace: 2 wd, basis: assumption }
roles:
  officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open, record_answer] }
  head: { at: county, title: { fa: رئیس, en: Head }, may: [assign, suspend, release_silence] }
  board: { at: province, title: { fa: هیئت, en: Board } }
  member: { at: province, title: { fa: عضو, en: Member } }
agencies:
  police: { at: county, title: { fa: پلیس, en: Police } }
  court: { at: national, title: { fa: دادگاه, en: Court } }
steps:
  intake:
    title: { fa: پذیرش, en: Intake }
    owner: officer
    term: 2 wd
    basis: assumption
    escalate:
      - { after: 0 wd, tell: [owner] }
    actions:
      accept: { title: { fa: تأیید, en: Accept }, to: asked }
      return: { title: { fa: برگشت, en: Return }, to: wait }
      refuse: { title: { fa: رد, en: Refuse }, to: refused, needs: [reason, citation] }
  wait:
    title: { fa: رفع نقص, en: Correction }
    owner: applicant
    statutory_clock: suspended
    term: 10 d
    basis: assumption
    silence: { to: lapsed, basis: assumption }
    actions:
      back: { title: { fa: ارسال, en: Back }, to: intake }
  asked:
    title: { fa: استعلام, en: Inquiries }
    parallel:
      join: all
      branches:
        police: { owner: agency.police, term: 30 d, basis: assumption }
        court:
          owner: agency.court
          term: 30 d
          basis: assumption
          extension: { times: 1, up_to: 5 d, by: board, basis: assumption }
      when: { positive: sitting, negative: intake }
  sitting:
    title: { fa: کمیسیون, en: Commission }
    owner: board
    commission: { members: member, seats: 3, quorum: 2, majority: simple, basis: assumption }
    term: 10 d
    basis: assumption
    when:
      approved: granted
      rejected: { to: refused, needs: [reason, citation] }
ends:
  granted: { title: { fa: صدور, en: Granted }, decision: yes, outcome: granted }
  issued: { title: { fa: صدور خودکار, en: Issued }, decision: yes, outcome: granted }
  refused: { title: { fa: رد, en: Refused }, decision: yes, outcome: refused }
  lapsed: { title: { fa: مختومه, en: Lapsed }, decision: no, outcome: lapsed }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

pub(crate) fn licence() -> Definition {
    Definition::parse("licence.yaml", LICENCE).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|p| p.render(LICENCE)).collect::<String>())
    })
}

/// A case on the stage: who does what, at which time.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) case: Case,
    pub(crate) now: Instant,
}

impl Stage {
    /// Opened by the applicant on Saturday, 2025-02-01, at 10:00.
    pub(crate) fn new() -> Self {
        Self::with(|_| {}, compiled(office_hours()))
    }

    pub(crate) fn with(change: impl FnOnce(&mut Definition), calendars: Calendars) -> Self {
        let mut definition = licence();
        change(&mut definition);
        let world = World::new(definition, calendars);
        let now = at("2025-02-01 10:00");
        let caller = Caller::Person(applicant());
        let decided = open(&world.context(&caller, None, now), &application()).unwrap();
        Self { world, case: decided.case, now }
    }

    /// A stage on which the board sits, with these sittings.
    pub(crate) fn sitting_in(sittings: Vec<Sitting>) -> Self {
        let mut stage = Self::with(sits, compiled(office_hours()));
        stage.world.sittings = sittings;
        stage.sitting()
    }

    /// The same after a change of the sittings.
    pub(crate) fn after(mut self, change: impl FnOnce(&mut Vec<Sitting>)) -> Self {
        change(&mut self.world.sittings);
        self
    }

    pub(crate) fn on(mut self, when: &str) -> Self {
        self.now = at(when);
        self
    }

    pub(crate) fn ask(&self, who: &Actor, command: &Command) -> Result<Decided, Refusal> {
        self.ask_for(who, command, None)
    }

    pub(crate) fn ask_for(
        &self,
        who: &Actor,
        command: &Command,
        assignee: Option<&Actor>,
    ) -> Result<Decided, Refusal> {
        let caller = Caller::Person(who.clone());
        decide(&self.world.context(&caller, assignee, self.now), &self.case, command)
    }

    #[track_caller]
    pub(crate) fn then(mut self, who: &Actor, command: Command) -> Self {
        self.case = self.ask(who, &command).unwrap().case;
        self
    }

    pub(crate) fn tick(mut self) -> Self {
        self.case = self.world.tick(&self.case, self.now).case;
        self
    }

    pub(crate) fn asked(self) -> Self {
        self.then(&officer(), act("accept"))
    }

    pub(crate) fn sitting(self) -> Self {
        self.asked().then(&police(), answer("police")).then(&court(), answer("court"))
    }

    /// The program was down until long after the statutory deadline, Monday, 2025-03-03.
    pub(crate) fn held(self) -> Self {
        self.on("2025-03-10 10:00").tick()
    }

    pub(crate) fn statutory(&self) -> Option<Instant> {
        self.case.statutory.as_ref().unwrap().deadline
    }
}

pub(crate) fn application() -> Open {
    Open {
        case: case_id(),
        unit: "2301".into(),
        applicant: applicant().person,
        subject: "a charity".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: Given::default(),
    }
}

pub(crate) fn one(number: u128, role: &str, unit: &str) -> Actor {
    holder(number, &RoleId::from(role), unit)
}
pub(crate) fn officer() -> Actor {
    one(10, "officer", "2301")
}
pub(crate) fn head() -> Actor {
    one(20, "head", "2301")
}
pub(crate) fn board() -> Actor {
    one(30, "board", "23")
}
pub(crate) fn police() -> Actor {
    one(40, "agency.police", "2301")
}
pub(crate) fn court() -> Actor {
    one(50, "agency.court", "ir")
}
pub(crate) fn member(number: u128) -> Actor {
    one(60 + number, "member", "23")
}

pub(crate) fn act(action: &str) -> Command {
    Command::Act { action: action.into(), reason: None, citation: None, given: Given::default() }
}
pub(crate) fn act_with(action: &str, reason: &str, citation: &str) -> Command {
    let text = |text: &str| Some(text.to_owned());
    Command::Act {
        action: action.into(),
        reason: text(reason),
        citation: text(citation),
        given: Given::default(),
    }
}
pub(crate) fn answer(branch: &str) -> Command {
    let (answer, reason, reference) = (Answer::Positive, None, None);
    Command::Answer { branch: branch.into(), answer, reason, reference }
}
pub(crate) fn vote(vote: Vote) -> Command {
    Command::Vote { vote, reason: None }
}
pub(crate) fn suspend() -> Command {
    Command::Suspend { reason: "a court order".to_owned(), basis: None }
}
pub(crate) fn resume() -> Command {
    Command::Resume { reason: None }
}
pub(crate) fn extend(clock: u32, by: &str) -> Command {
    Command::Extend { clock, by: by.parse().unwrap(), reason: "many files".to_owned() }
}
pub(crate) fn release(take_effect: bool) -> Command {
    Command::ReleaseSilence { clock: 0, take_effect, reason: "it is time".to_owned() }
}
pub(crate) fn comment(text: &str) -> Command {
    Command::Comment { text: text.to_owned() }
}
pub(crate) fn withdraw() -> Command {
    Command::Withdraw { reason: None }
}

pub(crate) fn put_on(sitting: u128) -> Command {
    Command::PutOnAgenda { sitting: SittingId(uuid::Uuid::from_u128(sitting)) }
}
pub(crate) fn take_off() -> Command {
    Command::TakeOffAgenda { reason: "papers are missing".to_owned() }
}
pub(crate) fn recuse(member: Option<&Actor>) -> Command {
    let member = member.map(|member| member.person);
    Command::Recuse { member, reason: "the applicant is his brother".to_owned() }
}

/// The board decides in sittings on Mondays; what is missing is warned of 5 days ahead.
pub(crate) fn sits(definition: &mut Definition) {
    with_commission(definition, |commission| {
        commission.sittings = Some(SittingRules {
            cut_off: Term::working_days(2),
            warn: Some(Term::days(5)),
            tell: vec![Addressee::Role("head".into())],
            adjourns: [].into(),
        });
    });
}

pub(crate) fn with_commission(definition: &mut Definition, change: impl FnOnce(&mut Commission)) {
    match &mut definition.steps["sitting"].kind {
        StepKind::Commission(commission) => change(commission),
        other => panic!("{other:?}"),
    }
}

/// A sitting of the board's commission.
pub(crate) fn planned(number: u128, sits: &str, closes: &str, capacity: u32) -> Sitting {
    Sitting {
        id: SittingId(uuid::Uuid::from_u128(number)),
        unit: "23".into(),
        members: "member".into(),
        at: at(sits),
        closes_at: at(closes),
        capacity,
        taken: 0,
        state: SittingState::Planned,
    }
}

/// Silence leads from intake to intake, every hour, for ever.
pub(crate) fn circle(definition: &mut Definition) {
    let intake = &mut definition.steps["intake"];
    intake.term = Some("1 h".parse().unwrap());
    intake.levels.clear();
    let (after, to, basis) = (Term::days(0), StepId::from("intake"), Basis::Assumption);
    intake.silence = Some(SilenceRule { after, to, grace: None, basis });
    definition.statutory.silence = None;
}
