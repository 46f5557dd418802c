//! Accounts that belong to one natural person.

use parvaneh_core::{
    Instant, PersonId,
    delegation::{DelegationRefusal, circle},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    delegate::{edges, known, lock_in_tx},
    store::undisturbed,
};

impl Store {
    /// Says that an account belongs to the same natural person as another one; with `None`, that it
    /// is somebody of his own. Accounts that were linked to it come along. From the next command on
    /// four eyes look at it so, also for what was done before. Tells the account by which the natural
    /// person is known.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown account; [`StoreError::Delegation`] when the person
    /// would lend to himself, at once or in a circle.
    pub async fn link(
        &self,
        account: PersonId,
        same_as: Option<PersonId>,
    ) -> Result<PersonId, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            lock_in_tx(&mut in_tx).await?;
            let (now, mine) = known(&mut in_tx, account).await?;
            let natural = match same_as {
                Some(other) => known(&mut in_tx, other).await?.1.natural.id,
                None => account,
            };
            match same_as {
                Some(_) if natural == mine.natural.id => return Ok(natural),
                // All of his accounts go where this one goes.
                Some(_) => {
                    let mut accounts: Vec<Uuid> =
                        mine.natural.accounts.iter().map(|account| account.0).collect();
                    accounts.push(mine.natural.id.0);
                    set(&mut in_tx, &accounts, Some(natural)).await?;
                    refuse_circles(&mut in_tx, natural, now).await?;
                }
                None => {
                    set(&mut in_tx, &[account.0], None).await?;
                    // Those who were known by this account are known by the next.
                    let mut rest = mine.natural.accounts;
                    rest.retain(|other| *other != account);
                    if mine.natural.id == account
                        && let Some((first, rest)) = rest.split_first()
                    {
                        let rest: Vec<Uuid> = rest.iter().map(|account| account.0).collect();
                        set(&mut in_tx, &[first.0], None).await?;
                        set(&mut in_tx, &rest, Some(*first)).await?;
                    }
                }
            }
            in_tx.commit().await?;
            Ok(natural)
        })
        .await
    }
}

async fn set(
    in_tx: &mut PgConnection,
    accounts: &[Uuid],
    natural: Option<PersonId>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update people set natural_person = $2 where id = any($1)")
        .bind(accounts)
        .bind(natural.map(|natural| natural.0))
        .execute(in_tx)
        .await
        .map(drop)
}

/// A circle that is new leads through the person who is one now.
async fn refuse_circles(
    in_tx: &mut PgConnection,
    natural: PersonId,
    now: Instant,
) -> Result<(), StoreError> {
    let ever = now + parvaneh_core::delegation::LONGEST * 100;
    let all = edges(in_tx, natural, now, ever).await?;
    for edge in all.iter().filter(|edge| edge.from == natural) {
        if edge.to == natural {
            return Err(DelegationRefusal::Circle { at: now, others: vec![edge.delegation] }.into());
        }
        let others: Vec<_> =
            all.iter().filter(|other| other.delegation != edge.delegation).copied().collect();
        if let Some((at, mut circle)) = circle(&others, edge) {
            circle.insert(0, edge.delegation);
            return Err(DelegationRefusal::Circle { at, others: circle }.into());
        }
    }
    Ok(())
}
