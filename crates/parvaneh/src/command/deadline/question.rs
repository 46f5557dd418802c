//! What is asked about a deadline, and the answer.

use parvaneh_core::{
    Instant, Ledger, NoDeadline, Term, UnitId,
    calendar::{Calendar, DayEnds},
};

use crate::{calendars::Shelf, failure::Failure, moment};

/// A clock as it is written on the command line, or in a row of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) calendar: String,
    pub(crate) term: String,
    pub(crate) start: String,
    pub(crate) suspend: Vec<String>,
    pub(crate) extend: Vec<String>,
    pub(crate) day_ends: Option<DayEnds>,
    pub(crate) unit: Option<UnitId>,
}

/// The answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) ledger: Ledger,
    /// `None` while the clock is suspended.
    pub(crate) deadline: Option<Instant>,
}

impl Question {
    /// The deadline.
    ///
    /// # Errors
    /// The code of whatever cannot be read, or why there is no deadline.
    pub(crate) fn answer(&self, shelf: &mut Shelf) -> Result<Answer, Failure> {
        let calendar = shelf.get(&self.calendar, self.unit.as_ref(), self.day_ends)?;
        let ledger = self.ledger(calendar)?;
        let deadline = ledger.deadline(calendar).map_err(|error| no_deadline(&error))?;
        Ok(Answer { ledger, deadline })
    }

    fn ledger(&self, calendar: &Calendar) -> Result<Ledger, Failure> {
        let term = term(&self.term).map_err(|failure| failure.at("term"))?;
        let start = moment::parse(&self.start, calendar).map_err(|failure| failure.at("start"))?;
        let mut ledger = Ledger::start(term, start);
        for text in &self.suspend {
            let suspension = moment::parse_suspension(text, calendar);
            ledger.suspensions.push(suspension.map_err(|failure| failure.at("suspend"))?);
        }
        for text in &self.extend {
            let by = self::term(text).map_err(|failure| failure.at("extend"))?;
            if by.unit != term.unit {
                let message = format!(
                    "extend: '{text}' has another unit than the term, which counts {}",
                    term.unit.as_str()
                );
                return Err(Failure::no("extension-unit", message)
                    .help("an extension adds to the term in the term's own unit"));
            }
            ledger.extend(by.count);
        }
        Ok(ledger)
    }
}

fn term(text: &str) -> Result<Term, Failure> {
    text.parse().map_err(|error: parvaneh_core::TermError| {
        Failure::no("not-a-term", error.to_string()).help(
            "wd are working days, d calendar days, wh working hours, h hours, w weeks (7 d), mo \
             months (30 d): '5 wd'",
        )
    })
}

/// Why there is no deadline, as a failure.
pub(crate) fn no_deadline(error: &NoDeadline) -> Failure {
    let failure = Failure::no(error.code(), error.to_string());
    match error {
        NoDeadline::BeyondCalendar { .. } => {
            failure.help("is the year right? else give the calendar dates that reach so far")
        }
        NoDeadline::NoWorkingTime => failure.help("give the calendar weekly hours"),
    }
}
