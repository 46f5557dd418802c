//! Personal values: sealed by a key of their person, beside the timelines that hold commitments to them.
//!
//! **Invariant.** A value is written by the statement that writes the event with its commitment, so that a crash
//! loses both or none. A key is made with the first value that it seals, kept under the key of the installation, and
//! never kept in memory beyond one batch or one reading: once it is destroyed, nothing opens by it.

use std::collections::{HashMap, hash_map::Entry};

use parvaneh_core::{
    Case, CaseId, Event, PersonId,
    personal::{self, Commitment, Opened, Opening, Seed},
};
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::{
    Executed, Request, SecretKey, Store, StoreError,
    engine::Engine,
    vault::{Vault, open_text, seal_text},
};

/// The key of a person.
pub(crate) struct PersonKey {
    id: Uuid,
    vault: Vault,
    /// As it is to be kept, where it was made just now.
    made: Option<String>,
}

/// What the key of a person is sealed with.
pub(crate) fn of_key(id: Uuid) -> String {
    format!("person key {id}")
}

/// What a value is sealed with: it opens nowhere else.
fn of_value(case: CaseId, commitment: &Commitment) -> String {
    format!("personal {case} {commitment}")
}

impl PersonKey {
    #[expect(
        clippy::disallowed_methods,
        reason = "a key is no part of a command: a repeat finds it"
    )]
    fn new(installation: Option<&Vault>) -> Result<Self, StoreError> {
        let (id, key) = (Uuid::now_v7(), SecretKey::new().map_err(|_| StoreError::Closed)?);
        let made = seal_text(installation, &of_key(id), &key.reveal())?;
        Ok(Self { id, vault: Vault::new(&key)?, made: Some(made) })
    }

    fn kept(installation: Option<&Vault>, id: Uuid, kept: String) -> Result<Self, StoreError> {
        let key = open_text(installation, &of_key(id), kept)?;
        let key = SecretKey::read(&key).map_err(|_| StoreError::WrongKey)?;
        Ok(Self { id, vault: Vault::new(&key)?, made: None })
    }

    /// From what the salts of his values in a case follow.
    pub(crate) fn seed(&self, case: CaseId) -> Seed {
        Seed::new(self.vault.sign_32(format!("personal values of the case {case}").as_bytes()))
    }

    fn open(
        &self,
        case: CaseId,
        commitment: Commitment,
        sealed: &[u8],
    ) -> Result<Opening, StoreError> {
        let bytes = self.vault.open(&of_value(case, &commitment), sealed)?;
        let opening = Opening::of_bytes(&bytes).filter(|one| one.commitment() == commitment);
        opening.ok_or_else(|| StoreError::Unreadable {
            what: format!("a personal value of the case {case}"),
            why: format!("it is not what {commitment} stands for"),
        })
    }
}

/// A value as it is to be written.
#[derive(Debug)]
pub(crate) struct SealedValue {
    pub(crate) commitment: Commitment,
    pub(crate) key: Uuid,
    pub(crate) sealed: Vec<u8>,
}

/// A key as it is to be written, with the first value that it seals.
#[derive(Debug)]
pub(crate) struct MadeKey {
    pub(crate) id: Uuid,
    pub(crate) person: PersonId,
    pub(crate) key: String,
}

/// What the personal values of a decision are: nothing, for most.
#[derive(Debug, Default)]
pub(crate) struct SealedValues {
    pub(crate) made: Option<MadeKey>,
    pub(crate) values: Vec<SealedValue>,
}

/// Commits and seals for a batch that is going to be written: each key is looked up or made once.
pub(crate) struct Sealer<'a> {
    installation: Option<&'a Vault>,
    keys: HashMap<PersonId, PersonKey>,
}

impl<'a> Sealer<'a> {
    pub(crate) fn new(engine: &'a Engine) -> Self {
        Self { installation: engine.vault.get(), keys: HashMap::new() }
    }

    /// The hash of a request as it is kept: values that were given could be found by trying them out, where nothing
    /// that is secret went into it.
    pub(crate) fn hash(&self, request: &Request) -> [u8; 32] {
        let hash = request.hash();
        match self.installation.filter(|_| request.gives_values()) {
            None => hash,
            Some(vault) => {
                Sha256::new().chain_update(vault.pepper()).chain_update(hash).finalize().into()
            }
        }
    }

    /// The key in use of a person, or a new one.
    pub(crate) async fn key_of(
        &mut self,
        pool: &PgPool,
        person: PersonId,
    ) -> Result<&PersonKey, StoreError> {
        if !self.keys.contains_key(&person) {
            let row = sqlx::query(
                "select id, key from person_keys where person = $1 and key is not null limit 1",
            )
            .bind(person.0)
            .fetch_optional(pool)
            .await?;
            let key = match row {
                Some(row) => PersonKey::kept(self.installation, row.try_get(0)?, row.try_get(1)?)?,
                None => PersonKey::new(self.installation)?,
            };
            self.keys.insert(person, key);
        }
        Ok(&self.keys[&person])
    }

    /// Seals what the new commitments of a case stand for.
    pub(crate) fn seal(
        &mut self,
        case: CaseId,
        person: PersonId,
        openings: &[Opening],
    ) -> Result<SealedValues, StoreError> {
        let Some(key) = self.keys.get_mut(&person).filter(|_| !openings.is_empty()) else {
            return Ok(SealedValues::default());
        };
        let seal = |opening: &Opening| {
            let commitment = opening.commitment();
            let sealed = key.vault.seal(&of_value(case, &commitment), &opening.to_bytes())?;
            Ok::<_, StoreError>(SealedValue { commitment, key: key.id, sealed })
        };
        let values = openings.iter().map(seal).collect::<Result<_, _>>()?;
        // Whoever comes after him in the batch seals by the same, which is written once.
        let made = key.made.take().map(|kept| MadeKey { id: key.id, person, key: kept });
        Ok(SealedValues { made, values })
    }
}

const VALUES: &str = "
    select v.case_id, v.commitment, v.sealed, k.id, k.key
    from personal_values v join person_keys k on k.id = v.key
    where v.case_id = any($1) and k.key is not null";

impl Engine {
    /// What the commitments of these cases stand for. Whoever asks has read the cases themselves, and behind the
    /// wall there is nothing else.
    async fn opened(&self, cases: &[Uuid]) -> Result<Opened, StoreError> {
        let rows = sqlx::query(VALUES).bind(cases).fetch_all(&self.readers).await?;
        let mut keys: HashMap<Uuid, PersonKey> = HashMap::new();
        let mut opened = Opened::new();
        for row in &rows {
            let (case, id) = (CaseId(row.try_get(0)?), row.try_get::<Uuid, _>(3)?);
            let commitment = Commitment(row.try_get(1)?);
            let key = match keys.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    new.insert(PersonKey::kept(self.vault.get(), id, row.try_get(4)?)?)
                }
            };
            let opening = key.open(case, commitment, row.try_get(2)?)?;
            opened.insert(commitment, opening.value);
        }
        Ok(opened)
    }
}

impl Store {
    /// Puts the values of personal fields in their places, in a case that was read.
    pub(crate) async fn open_case(&self, case: &mut Case) -> Result<(), StoreError> {
        if personal::of_case(case).next().is_some() {
            let opened = self.engine.opened(&[case.id.0]).await?;
            personal::open_case(case, &opened);
        }
        Ok(())
    }

    /// The same in events, each with its case.
    pub(crate) async fn open_events<'e>(
        &self,
        events: impl IntoIterator<Item = (CaseId, &'e mut Event)>,
    ) -> Result<(), StoreError> {
        let holds = |(_, event): &(CaseId, &mut Event)| personal::of_event(event).next().is_some();
        let mut events: Vec<_> = events.into_iter().filter(holds).collect();
        if events.is_empty() {
            return Ok(());
        }
        let mut cases: Vec<Uuid> = events.iter().map(|(case, _)| case.0).collect();
        cases.sort_unstable();
        cases.dedup();
        let opened = self.engine.opened(&cases).await?;
        events.iter_mut().for_each(|(_, event)| personal::open_event(event, &opened));
        Ok(())
    }

    /// Puts the values of personal fields in their places in an answer, for somebody who sees the case. Without it, an
    /// answer holds the commitments that were written.
    ///
    /// # Errors
    /// The database, or the key of the installation.
    pub async fn open_values(&self, executed: &mut Executed) -> Result<(), StoreError> {
        let of_events = executed.events.iter().flat_map(personal::of_event);
        if personal::of_case(&executed.case).chain(of_events).next().is_some() {
            let opened = self.engine.opened(&[executed.case.id.0]).await?;
            personal::open_case(&mut executed.case, &opened);
            executed.events.iter_mut().for_each(|event| personal::open_event(event, &opened));
        }
        Ok(())
    }
}
