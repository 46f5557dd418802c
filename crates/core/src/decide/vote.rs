//! Votes of a commission.

use std::fmt;

use super::{
    Draft, Refusal, RefusalCode,
    eyes::{Right, Whom, first_free, same_eyes},
    optional,
};
use crate::{
    PersonId,
    case::{Case, Place},
    definition::{Commission, Majority, Recusal, StepKind},
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

    /// What the votes say, where so many members of the commission take no part.
    ///
    /// # Errors
    /// [`RefusalCode::QuorumMissing`] while too few have voted.
    pub fn result(self, commission: &Commission, recused: u32) -> Result<VoteResult, Refusal> {
        let Counted { seats, quorum } = commission.counted(recused);
        if self.cast() < quorum {
            let cast = self.cast();
            return Err(RefusalCode::QuorumMissing
                .because(format!("{cast} of at least {quorum} members have voted")));
        }
        let approved = match commission.majority {
            Majority::Simple => self.in_favour > self.against,
            Majority::Absolute => self.in_favour * 2 > seats,
            Majority::TwoThirds => {
                self.in_favour > 0 && self.in_favour * 3 >= (self.in_favour + self.against) * 2
            }
        };
        Ok(VoteResult { approved, tally: self })
    }
}

/// What is counted of a commission, some members of which take no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many can vote.
    pub seats: u32,
    /// How many must.
    pub quorum: u32,
}

impl Commission {
    /// Its seats and quorum when so many of its members take no part.
    pub fn counted(&self, recused: u32) -> Counted {
        let (seats, quorum) = (self.seats, self.quorum);
        match self.recusal {
            Recusal::KeepsQuorum => Counted { seats, quorum },
            Recusal::LowersQuorum => {
                let left = seats.saturating_sub(recused);
                let share = (u64::from(quorum) * u64::from(left)).div_ceil(u64::from(seats.max(1)));
                Counted { seats: left, quorum: (share as u32).max(1) }
            }
        }
    }
}

/// The votes cast on a case so far.
pub(super) fn tally(case: &Case) -> Tally {
    let mut tally = Tally::default();
    if let Place::Step { votes, .. } = &case.place {
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

impl Draft<'_> {
    pub(super) fn tally(&self) -> Tally {
        tally(&self.case)
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
            self.refuse_recused(right)?;
            self.refuse_second_vote(right)
        })?;
        self.refuse_while_suspended()?;
        self.refuse_outside_sitting(commission)?;
        let Some(seat) = by.seat() else { return Ok(()) };
        let seats = commission.counted(self.case.hearing.recusals(&commission.members)).seats;
        if let Place::Step { votes, .. } = &self.case.place {
            match votes.get(&seat) {
                // A repeat is never an error.
                Some(before) if *before == vote => return Ok(()),
                None if votes.len() >= seats as usize => {
                    let reason = format!("all {seats} seats have voted");
                    return Err(RefusalCode::SeatsTaken.because(reason));
                }
                _ => {}
            }
        }
        let reason = optional(reason)?;
        self.record(self.now, by, Fact::Voted { vote, reason });
        Ok(())
    }

    /// Who is recused votes neither for himself nor for another, and nobody votes for him.
    fn refuse_recused(&self, right: &Right<'_>) -> Result<(), Refusal> {
        match self.case.hearing.recused.keys().any(|member| right.is(*member)) {
            true => Err(RefusalCode::MemberRecused
                .because("who was recused takes no part in this case, nor his delegate for him")),
            false => Ok(()),
        }
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
