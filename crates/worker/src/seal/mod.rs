//! Seals events into the log, and has what the log has become signed and confirmed.
//!
//! Every second, or as soon as about a thousand events wait. Without a signer events are sealed all
//! the same; what they were is fixed when it comes back, by the next checkpoint.

mod signer;
mod witness;

use std::{sync::Arc, time::Duration};

use metrics::{counter, gauge};
use parvaneh_core::log::{
    notary::Asked,
    note::{Checkpoint, Note},
};
use parvaneh_store::{Sealed, Store, StoreError};
use tokio::time::Instant;

pub use self::{
    signer::{Answer, Away, SignerClient},
    witness::{NotAWitness, Pushed, Witness, Witnesses, push},
};
use crate::{Shutdown, measure, pace::Pace};

/// Events are sealed at least so often ...
const EVERY: Duration = Duration::from_secs(1);
/// ... and before about so many wait.
const MOST: f64 = 1_000.0;
/// However fast they come.
const LEAST: Duration = Duration::from_millis(50);
/// How long a signer that refused or is away is left alone.
const AGAIN: Duration = Duration::from_secs(5);
/// How often witnesses are told of a new checkpoint.
const WITNESSED_EVERY: Duration = Duration::from_secs(10);
/// How many times a proof is made anew because another one had been signed meanwhile.
const ATTEMPTS: usize = 3;

/// By whom the log is signed and confirmed.
#[derive(Clone, Debug, Default)]
pub struct Sealing {
    /// Who has the key; without him nothing is signed.
    pub signer: Option<Arc<SignerClient>>,
    /// Who confirms what was signed.
    pub witnesses: Arc<Witnesses>,
}

/// What became of asking for a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// There is no signer.
    Off,
    /// What the log is was signed before.
    UpToDate,
    /// A checkpoint of this size was signed and is kept.
    Signed {
        /// How many entries it has.
        size: u64,
    },
    /// The signer doesn't sign what the log has become.
    Refused {
        /// Why, as he says.
        code: String,
        /// The size that he signed last, if that is why.
        last: Option<u64>,
    },
    /// The signer doesn't answer.
    Away,
}

/// One round: seals a portion, and has the log signed as it is then.
///
/// # Errors
/// The database.
pub async fn once(store: &Store, sealing: &Sealing) -> Result<(Sealed, Signing), StoreError> {
    let sealed = store.seal_once().await?;
    let signing = sign(store, sealing.signer.as_deref(), &sealed).await?;
    Ok((sealed, signing))
}

/// Seals all there is, has it signed, and tells the witnesses.
///
/// # Errors
/// The database.
pub async fn drain(
    store: &Store,
    sealing: &Sealing,
) -> Result<(Signing, Vec<(String, Pushed)>), StoreError> {
    loop {
        let sealed = store.seal_once().await?;
        if sealed.more && !sealed.elsewhere {
            continue;
        }
        let signing = sign(store, sealing.signer.as_deref(), &sealed).await?;
        let mut told = Vec::new();
        for witness in &sealing.witnesses.all {
            let pushed = push(store, &sealing.witnesses, witness).await?;
            told.push((witness.key.name().to_owned(), pushed));
        }
        return Ok((signing, told));
    }
}

/// Has the log signed as it was sealed.
///
/// # Errors
/// The database.
pub async fn sign(
    store: &Store,
    signer: Option<&SignerClient>,
    sealed: &Sealed,
) -> Result<Signing, StoreError> {
    let Some(signer) = signer else { return Ok(Signing::Off) };
    let kept = store.checkpoint().await?;
    let mut old = kept.as_ref().map_or(0, |kept| kept.size);
    if kept.is_some_and(|kept| (kept.size, kept.root) == (sealed.size, sealed.root))
        || sealed.size == 0
    {
        return Ok(Signing::UpToDate);
    }
    let key = match signer.key().await {
        Ok(key) => key,
        Err(away) => return Ok(told_away(&away)),
    };
    let checkpoint = Checkpoint {
        origin: key.name().to_owned(),
        size: sealed.size,
        root: sealed.root,
        extensions: Vec::new(),
    };
    for _ in 0..ATTEMPTS {
        let proof = match old <= sealed.size {
            true => store.log_consistency(old, sealed.size).await?,
            false => Vec::new(),
        };
        let asked = Asked { old, proof, checkpoint: checkpoint.text() };
        match signer.sign(&asked).await {
            Ok(Answer::Signed(note)) => {
                if Checkpoint::signed(&note, &key).as_ref() != Ok(&checkpoint) {
                    return refused(store, "signer_answered_otherwise", None).await;
                }
                let key = key.to_string();
                store.keep_checkpoint(sealed.size, sealed.root, note, key).await?;
                counter!("parvaneh_log_signatures_total", "result" => "signed").increment(1);
                return Ok(Signing::Signed { size: sealed.size });
            }
            // He has signed more than we have heard of: another worker's, or an answer that was lost.
            Ok(Answer::Refused { code, last: Some(last) })
                if code == "checkpoint_stale" && last <= sealed.size && last != old =>
            {
                old = last;
            }
            // Somebody else was quicker, with more.
            Ok(Answer::Refused { last: Some(last), .. })
                if last > sealed.size && last <= store.log_size().await? =>
            {
                return Ok(Signing::UpToDate);
            }
            Ok(Answer::Refused { code, last }) => return refused(store, &code, last).await,
            Err(away) => return Ok(told_away(&away)),
        }
    }
    // Others sign all the time; the next round will do.
    Ok(Signing::UpToDate)
}

/// What came of having a map signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapSigning {
    /// The signed note.
    Signed(String),
    /// The signer does not sign it: a stable code.
    Refused(String),
    /// He does not answer.
    Away(String),
}

/// Has a map of all timelines signed that was made at this size of the log: for a bundle.
///
/// # Errors
/// The database.
pub async fn sign_map(
    store: &Store,
    signer: &SignerClient,
    map: &Checkpoint,
    size: u64,
) -> Result<MapSigning, StoreError> {
    let kept = store.checkpoint().await?;
    let mut last = kept.map_or(size, |kept| kept.size);
    for _ in 0..ATTEMPTS {
        let proof = match size <= last {
            true => store.log_consistency(size, last).await?,
            false => Vec::new(),
        };
        let asked = Asked { old: size, proof, checkpoint: map.text() };
        match signer.sign(&asked).await {
            Ok(Answer::Signed(note)) => return Ok(MapSigning::Signed(note)),
            // He has signed more meanwhile: the proof leads to that.
            Ok(Answer::Refused { code, last: Some(later) })
                if code == "checkpoint_stale"
                    && later != last
                    && later <= store.log_size().await? =>
            {
                last = later;
            }
            Ok(Answer::Refused { code, .. }) => return Ok(MapSigning::Refused(code)),
            Err(away) => return Ok(MapSigning::Away(away.to_string())),
        }
    }
    Ok(MapSigning::Away("others have it sign all the time".to_owned()))
}

async fn refused(store: &Store, code: &str, last: Option<u64>) -> Result<Signing, StoreError> {
    counter!("parvaneh_log_signatures_total", "result" => "refused").increment(1);
    store.keep_refusal(code.to_owned()).await?;
    Ok(Signing::Refused { code: code.to_owned(), last })
}

fn told_away(away: &Away) -> Signing {
    counter!("parvaneh_log_signatures_total", "result" => "away").increment(1);
    tracing::debug!(error = %away, "the signer does not answer");
    Signing::Away
}

/// Rounds until shutdown begins, and a last one then.
pub async fn run(store: &Store, sealing: &Sealing, shutdown: Shutdown) {
    tokio::join!(seal(store, sealing, shutdown.clone()), tell(store, sealing, shutdown));
}

async fn seal(store: &Store, sealing: &Sealing, mut shutdown: Shutdown) {
    let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(5));
    let mut before = None;
    let (mut last, mut ask_again, mut asked) = (Instant::now(), None, Instant::now());
    let mut ended = false;
    while !ended {
        ended = shutdown.has_begun();
        let done = store.seal_once().await;
        measure::round("seal", &done);
        let wait = match done {
            Ok(sealed) => {
                trouble.begin_anew();
                gauge!("parvaneh_log_entries").set(sealed.size as f64);
                let due = ask_again.is_none_or(|again| Instant::now() >= again)
                    && (!sealed.more || asked.elapsed() >= EVERY);
                if due || ended {
                    asked = Instant::now();
                    let signing = sign(store, sealing.signer.as_deref(), &sealed).await;
                    ask_again = tell_signing(&signing, &mut before).map(|wait| asked + wait);
                }
                let pause = pause(&sealed, last.elapsed());
                last = Instant::now();
                pause
            }
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "events are not sealed yet");
                trouble.pause()
            }
        };
        if !ended && !wait.is_zero() {
            tokio::select! {
                () = shutdown.begins() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

/// Says it when it changes. For how long the signer is to be left alone.
fn tell_signing(
    signing: &Result<Signing, StoreError>,
    before: &mut Option<Signing>,
) -> Option<Duration> {
    let signing = match signing {
        Ok(signing) => signing,
        Err(error) => {
            tracing::warn!(%error, error.code = error.code(), "the log is not signed yet");
            return Some(AGAIN);
        }
    };
    let kind = std::mem::discriminant(signing);
    let new = before.as_ref().is_none_or(|before| std::mem::discriminant(before) != kind);
    *before = Some(signing.clone());
    match signing {
        Signing::Refused { code, last } => {
            if new {
                tracing::error!(
                    error.code = code,
                    signed.last = last,
                    "the signer refuses to sign what the log has become: see docs/OPERATIONS.md"
                );
            }
            Some(AGAIN)
        }
        Signing::Away => {
            if new {
                tracing::warn!("the signer does not answer: events are sealed and not signed");
            }
            Some(EVERY)
        }
        Signing::Off | Signing::UpToDate | Signing::Signed { .. } => None,
    }
}

/// Until about a thousand wait, if they go on coming as they came.
fn pause(sealed: &Sealed, since: Duration) -> Duration {
    if sealed.elsewhere {
        return EVERY;
    }
    if sealed.more {
        return Duration::ZERO;
    }
    let wait = since.as_secs_f64() * MOST / (sealed.added.max(1) as f64);
    EVERY.min(Duration::from_secs_f64(wait.clamp(0.0, 1.0))).max(LEAST)
}

/// Tells the witnesses until shutdown begins.
async fn tell(store: &Store, sealing: &Sealing, mut shutdown: Shutdown) {
    if sealing.witnesses.all.is_empty() {
        return;
    }
    while !shutdown.has_begun() {
        for witness in &sealing.witnesses.all {
            let pushed = push(store, &sealing.witnesses, witness).await;
            witness::told(witness, &pushed);
        }
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(WITNESSED_EVERY) => {}
        }
    }
}

/// A note as it is kept, with a further line.
fn with_line(note: &str, line: parvaneh_core::log::note::Signature) -> Option<Note> {
    let mut note = Note::parse(note).ok()?;
    note.signatures.retain(|one| (&one.name, one.key_id) != (&line.name, line.key_id));
    note.signatures.push(line);
    Some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sealed_every_second_or_before_a_thousand_wait() {
        let sealed = |added, more| Sealed {
            size: added,
            root: [0; 32],
            added,
            oldest: None,
            more,
            elsewhere: false,
        };
        let second = Duration::from_secs(1);
        assert_eq!(pause(&sealed(0, false), second), second);
        assert_eq!(pause(&sealed(900, false), second), second);
        assert_eq!(pause(&sealed(5_000, false), second), Duration::from_millis(200));
        assert_eq!(pause(&sealed(4_000, false), Duration::from_millis(10)), LEAST);
        assert_eq!(pause(&sealed(4_096, true), second), Duration::ZERO);
    }
}
