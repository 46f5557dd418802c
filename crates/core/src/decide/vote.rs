//! Votes of a commission.

use std::fmt;

use super::{
    Draft, Refusal, RefusalCode,
    eyes::{Right, Whom, first_free, same_eyes},
    optional,
};
use crate::{
    PersonId,
    case::Place,
    definition::{Commission, Majority, StepKind},
    event::{Fact, Purpose, Vote},
};

/// The votes cast so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// For the licence.
    pub in_favour: u32,
    /// Against it.
    pub against: u32,
    /// Neither.
    pub abstained: u32,
}

/// What the votes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteResult {
    /// Whether the majority is for the licence.
    pub approved: bool,
    /// The votes.
    pub tally: Tally,
}

impl fmt::Display for VoteResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { in_favour, against, abstained } = self.tally;
        let result = if self.approved { "approved" } else { "rejected" };
        write!(
            f,
            "the votes say '{result}': {in_favour} for, {against} against, {abstained} abstained"
        )
    }
}

impl Tally {
    /// How many have voted.
    pub fn cast(self) -> u32 {
        self.in_favour + self.against + self.abstained
    }

    /// What the votes say.
    ///
    /// # Errors
    /// [`RefusalCode::QuorumMissing`] while too few have voted.
    pub fn result(self, commission: &Commission) -> Result<VoteResult, Refusal> {
        if self.cast() < commission.quorum {
            let (cast, quorum) = (self.cast(), commission.quorum);
            return Err(RefusalCode::QuorumMissing
                .because(format!("{cast} of at least {quorum} members have voted")));
        }
        let approved = match commission.majority {
            Majority::Simple => self.in_favour > self.against,
            Majority::Absolute => self.in_favour * 2 > commission.seats,
            Majority::TwoThirds => {
                self.in_favour > 0 && self.in_favour * 3 >= (self.in_favour + self.against) * 2
            }
        };
        Ok(VoteResult { approved, tally: self })
    }
}

impl Draft<'_> {
    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        if let Place::Step { votes, .. } = &self.case.place {
            for vote in votes.values() {
                match vote {
                    Vote::For => tally.in_favour += 1,
                    Vote::Against => tally.against += 1,
                    Vote::Abstain => tally.abstained += 1,
                }
            }
        }
        tally
    }

    pub(super) fn vote(&mut self, vote: Vote, reason: Option<&str>) -> Result<(), Refusal> {
        let StepKind::Commission(commission) = &self.step()?.kind else {
            return Err(RefusalCode::NoCommission
                .because(format!("'{}' is no commission", self.case.place.name())));
        };
        let task = self.case.tasks.iter().find(|task| task.purpose == Purpose::Vote);
        let task = task.ok_or_else(|| RefusalCode::NoCommission.because("no vote is open here"))?;
        let not_by = &self.step()?.not_by;
        let by = first_free(self.rights_to(task)?, |right| {
            same_eyes(&self.case, right, not_by, Whom::Caller)?;
            self.refuse_second_vote(right)
        })?;
        self.refuse_while_suspended()?;
        let Some(seat) = by.seat() else { return Ok(()) };
        if let Place::Step { votes, .. } = &self.case.place {
            match votes.get(&seat) {
                // A repeat is never an error.
                Some(before) if *before == vote => return Ok(()),
                None if votes.len() >= commission.seats as usize => {
                    let reason = format!("all {} seats have voted", commission.seats);
                    return Err(RefusalCode::SeatsTaken.because(reason));
                }
                _ => {}
            }
        }
        let reason = optional(reason)?;
        self.record(self.now, by, Fact::Voted { vote, reason });
        Ok(())
    }

    /// One natural person casts one vote: his own, or that of the member for whom he stands in; also
    /// when he has another account.
    fn refuse_second_vote(&self, right: &Right<'_>) -> Result<(), Refusal> {
        let (Place::Step { votes, proxies, .. }, by) = (&self.case.place, right.by()) else {
            return Ok(());
        };
        let Some(seat) = by.seat() else { return Ok(()) };
        let other = |of: &PersonId| right.is_himself(*of) && *of != seat;
        let votes_otherwise = votes.keys().any(other)
            || proxies.iter().any(|(hand, of)| right.is_himself(*hand) && *of != seat);
        match votes_otherwise {
            true => Err(RefusalCode::AlreadyVoted
                .because("you have cast another vote here: one person casts one vote")),
            false => Ok(()),
        }
    }
}
