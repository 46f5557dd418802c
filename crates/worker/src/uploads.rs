//! Throws away what was uploaded and belongs to no case: the bytes first, then what is known of
//! them, so that nothing is ever kept that nobody knows of.

use std::time::Duration;

use parvaneh_contents::Contents;
use parvaneh_store::{Store, StoreError};

use crate::Shutdown;

/// How many are thrown away in one round.
const BATCH: u32 = 200;
/// How long it waits between rounds: what is thrown away has been useless for an hour.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// One round: how many were thrown away, and whether there may be more. What cannot be taken away
/// now is left for another round.
///
/// # Errors
/// The database.
pub async fn once(store: &Store, contents: &Contents) -> Result<(u64, bool), StoreError> {
    let stale = store.stale_uploads(BATCH).await?;
    let mut gone = 0;
    for id in &stale {
        match contents.remove(*id).await {
            Ok(()) => gone += u64::from(store.forget_upload(*id).await?),
            Err(error) => {
                tracing::warn!(content.id = %id, %error, "an upload that cannot be thrown away");
            }
        }
    }
    if gone > 0 {
        tracing::info!(gone, "uploads that belong to no case were thrown away");
    }
    Ok((gone, stale.len() == BATCH as usize && gone > 0))
}

/// Rounds until shutdown begins. Returns how many uploads were thrown away.
pub async fn run(store: &Store, contents: &Contents, mut shutdown: Shutdown) -> u64 {
    let mut total = 0;
    while !shutdown.has_begun() {
        match once(store, contents).await {
            Ok((gone, more)) => {
                total += gone;
                if more {
                    continue;
                }
            }
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "the round failed and is tried again");
            }
        }
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(IDLE) => {}
        }
    }
    total
}
