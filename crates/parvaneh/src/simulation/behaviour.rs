//! How people behave: what they choose, how long they take, and when they never answer.
//!
//! Every draw belongs to one case, so that the order in which cases are handled changes nothing.

use chrono::TimeDelta;
use parvaneh_core::{
    ActionId,
    definition::{Action, Answer, Step, StepKind},
    event::Vote,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The draws of one case.
#[derive(Clone)]
pub(super) struct Temper {
    rng: ChaCha8Rng,
    /// How complete the papers are, and how welcome the plan is: 0 (poor) to 1.
    quality: f64,
    /// How often the papers have been sent back.
    returned: u32,
}

/// What somebody does with a task, and after how long.
pub(super) struct Reaction {
    pub(super) after: TimeDelta,
    pub(super) choice: Choice,
}

/// What is chosen.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    Act { action: ActionId, reason: Option<String>, citation: Option<String> },
    Answer(Answer),
    Withdraw,
}

impl Temper {
    pub(super) fn new(seed: u64, case: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(case + 1);
        let quality = rng.random::<f64>();
        Self { rng, quality, returned: 0 }
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.rng.random::<f64>() < probability
    }

    /// Log-normal days around a median; `spread` is the standard deviation of the logarithm.
    fn days(&mut self, median: f64, spread: f64) -> TimeDelta {
        // Box and Muller's transform of two uniform draws.
        let (one, two) = (1.0 - self.rng.random::<f64>(), self.rng.random::<f64>());
        let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos();
        let days = (median * (spread * normal).exp()).clamp(0.02, 400.0);
        TimeDelta::minutes((days * 24.0 * 60.0) as i64)
    }

    /// How long an officer has the case in his hands.
    pub(super) fn handling(&mut self) -> TimeDelta {
        self.days(0.06, 0.8).min(TimeDelta::days(2))
    }

    /// What the applicant does when the case waits for him; `None` when he never does.
    pub(super) fn applicant(&mut self, step: &Step, appeals: bool) -> Option<Reaction> {
        if appeals {
            // Most who are refused let it rest.
            if !self.chance(0.3) {
                return None;
            }
            let after = self.days(9.0, 0.4);
            let choice = self.choose(step, 0.0, &|_| true)?;
            return Some(Reaction { after, choice });
        }
        if self.chance(0.05) {
            return None;
        }
        let after = self.days(8.0, 0.7);
        if self.chance(0.03) {
            return Some(Reaction { after, choice: Choice::Withdraw });
        }
        self.quality = (self.quality + 0.45).min(1.0);
        let choice = self.choose(step, 0.0, &|_| true)?;
        Some(Reaction { after, choice })
    }

    /// What an asked body answers; `None` when it never does.
    pub(super) fn agency(&mut self, slowness: f64) -> Option<Reaction> {
        if self.chance(0.04 * slowness) {
            return None;
        }
        let after = self.days(9.0 * slowness, 0.55);
        let answer = if self.chance(0.025) { Answer::Negative } else { Answer::Positive };
        Some(Reaction { after, choice: Choice::Answer(answer) })
    }

    /// How a member of a commission votes.
    pub(super) fn vote(&mut self) -> Vote {
        let favour = 0.72 + 0.27 * self.quality;
        match self.rng.random::<f64>() {
            draw if draw < favour => Vote::For,
            draw if draw < favour + (1.0 - favour) * 0.8 => Vote::Against,
            _ => Vote::Abstain,
        }
    }

    /// Which action of a step somebody takes, of those that are possible; `None` where none is.
    /// `strictness` scales returns and refusals.
    pub(super) fn choose(
        &mut self,
        step: &Step,
        strictness: f64,
        possible: &dyn Fn(&ActionId) -> bool,
    ) -> Option<Choice> {
        // He does what he would, if he can: where everything is possible, nothing is drawn anew.
        let would = self.draw(step, strictness, &|_| true)?;
        let name = match possible(&would) {
            true => would,
            false => self.draw(step, strictness, possible)?,
        };
        if name.as_str() == "return" {
            self.returned += 1;
        }
        Some(act(&name, &step.actions[&name]))
    }

    fn draw(
        &mut self,
        step: &Step,
        strictness: f64,
        possible: &dyn Fn(&ActionId) -> bool,
    ) -> Option<ActionId> {
        let applicant = matches!(step.kind, StepKind::Applicant);
        let weigh = |action: &ActionId| match action.as_str() {
            "return" => {
                strictness * (1.0 - self.quality) * if self.returned == 0 { 0.5 } else { 0.1 }
            }
            "refuse" | "not_needed" | "not_eligible" => strictness * 0.06 * (1.1 - self.quality),
            "accept" if applicant => 0.2,
            _ => 1.0,
        };
        let names: Vec<_> = step.actions.keys().filter(|name| possible(name)).collect();
        let weights: Vec<f64> = names.iter().map(|name| weigh(name)).collect();
        let mut draw = self.rng.random::<f64>() * weights.iter().sum::<f64>();
        let chosen = names.iter().zip(&weights).find(|(_, weight)| {
            draw -= **weight;
            draw <= 0.0
        });
        chosen.map(|(name, _)| *name).or_else(|| names.first().copied()).cloned()
    }
}

/// An action with whatever it needs.
pub(super) fn act(name: &ActionId, action: &Action) -> Choice {
    let reason = action.needs_reason.then(|| match name.as_str() {
        "return" => "مدارک ناقص است".to_owned(),
        _ => "شرایط مصوب احراز نشد".to_owned(),
    });
    let citation = action.needs_citation.then(|| "12350-4".to_owned());
    Choice::Act { action: name.clone(), reason, citation }
}
