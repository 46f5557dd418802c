//! Has checkpoints confirmed by witnesses: C2SP `tlog-witness`, `add-checkpoint`.

use std::{str::FromStr, time::Duration};

use metrics::counter;
use parvaneh_core::log::{
    notary::Asked,
    note::{Note, Purpose, Signature, Verifier},
};
use parvaneh_store::{Store, StoreError};
use reqwest::{Client, StatusCode, Url, header, redirect::Policy};

use super::{ATTEMPTS, with_line};

/// How long a witness may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody who confirms what the log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Where he takes checkpoints; `add-checkpoint` comes behind it.
    pub url: Url,
    /// His public key, for cosignatures.
    pub key: Verifier,
}

/// That is no witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAWitness {
    /// It is not an address and a key.
    #[error("a witness is written `URL KEY`, such as https://witness.example/ NAME+ID+KEY")]
    NotAPair,
    /// It is not the address of a site.
    #[error("'{0}' is not an http or https address")]
    NotAnAddress(String),
    /// It is not the key of a witness.
    #[error("{0}")]
    NotAKey(String),
}

impl FromStr for Witness {
    type Err = NotAWitness;

    fn from_str(text: &str) -> Result<Self, NotAWitness> {
        let (url, key) = text.trim().split_once(' ').ok_or(NotAWitness::NotAPair)?;
        let parsed = Url::parse(&format!("{}/", url.trim_end_matches('/')));
        let address = parsed.ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let address = address.ok_or_else(|| NotAWitness::NotAnAddress(url.to_owned()))?;
        let key = Verifier::parse(key.trim());
        let key = key.map_err(|error| NotAWitness::NotAKey(error.to_string()))?;
        if key.purpose() != Purpose::Witness {
            let why = "the key of a witness is of the type of cosignatures (4)";
            return Err(NotAWitness::NotAKey(why.to_owned()));
        }
        Ok(Self { url: address, key })
    }
}

/// All of them, and by what they are reached.
#[derive(Clone, Debug, Default)]
pub struct Witnesses {
    /// The witnesses.
    pub all: Vec<Witness>,
    /// By what they are reached, where there are any.
    pub client: Option<Client>,
}

impl Witnesses {
    /// Reaches these.
    ///
    /// # Errors
    /// When no certificates can be found to trust in.
    pub fn new(all: Vec<Witness>) -> Result<Self, reqwest::Error> {
        // Fails when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("parvaneh/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { all, client: Some(client) })
    }
}

/// What became of telling a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// There is nothing to confirm, or it is confirmed.
    UpToDate,
    /// He has confirmed a checkpoint of this size.
    Confirmed {
        /// How many entries it has.
        size: u64,
        /// When he had seen it, in seconds since 1970, by his clock.
        time: u64,
    },
    /// He doesn't confirm it.
    Refused {
        /// The status of his answer.
        status: u16,
        /// What he says.
        said: String,
    },
    /// He doesn't answer.
    Away(String),
}

/// Tells one witness of the latest checkpoint.
///
/// # Errors
/// The database.
pub async fn push(
    store: &Store,
    witnesses: &Witnesses,
    witness: &Witness,
) -> Result<Pushed, StoreError> {
    let Some(client) = &witnesses.client else { return Ok(Pushed::UpToDate) };
    let Some(checkpoint) = store.checkpoint().await? else { return Ok(Pushed::UpToDate) };
    let known = store.witnesses().await?;
    let known = known.iter().find(|row| row.witness == witness.key.name());
    let mut old = known.map_or(0, |row| row.size);
    if old == checkpoint.size {
        return Ok(Pushed::UpToDate);
    }
    let Ok(address) = witness.url.join("add-checkpoint") else {
        return Ok(Pushed::Away("not an address".to_owned()));
    };
    for _ in 0..ATTEMPTS {
        // What he had seen is more than there is: he shall say so.
        let proof = match old <= checkpoint.size {
            true => store.log_consistency(old, checkpoint.size).await?,
            false => Vec::new(),
        };
        let old_said = old.min(checkpoint.size);
        let asked = Asked { old: old_said, proof, checkpoint: checkpoint.note.clone() };
        let request = client.post(address.clone()).body(asked.text());
        let answer = match request.header(header::CONTENT_TYPE, "text/plain").send().await {
            Ok(answer) => answer,
            Err(error) => return Ok(Pushed::Away(error.without_url().to_string())),
        };
        let status = answer.status();
        let said = match answer.text().await {
            Ok(said) => said.chars().take(4_096).collect::<String>(),
            Err(error) => return Ok(Pushed::Away(error.without_url().to_string())),
        };
        if status == StatusCode::OK {
            return confirmed(store, witness, checkpoint.size, &checkpoint.note, &said).await;
        }
        match said.trim().parse::<u64>() {
            Ok(last) if status == StatusCode::CONFLICT && last < checkpoint.size && last != old => {
                old = last;
            }
            // Another worker has told him more.
            Ok(last) if status == StatusCode::CONFLICT && last > checkpoint.size => {
                let latest = store.checkpoint().await?.map_or(0, |latest| latest.size);
                if last <= latest {
                    return Ok(Pushed::UpToDate);
                }
                return Ok(Pushed::Refused { status: status.as_u16(), said });
            }
            _ => return Ok(Pushed::Refused { status: status.as_u16(), said }),
        }
    }
    Ok(Pushed::UpToDate)
}

async fn confirmed(
    store: &Store,
    witness: &Witness,
    size: u64,
    note: &str,
    said: &str,
) -> Result<Pushed, StoreError> {
    let line = said
        .lines()
        .filter_map(|line| Signature::parse(line).ok())
        .find(|line| line.name == witness.key.name() && line.key_id == witness.key.id());
    let note: Option<Note> = line.and_then(|line| with_line(note, line));
    let time = note.as_ref().and_then(|note| note.verify(&witness.key).ok());
    match (note, time) {
        (Some(note), Some(time)) => {
            let name = witness.key.name().to_owned();
            store.keep_witnessed(name, size, note.to_string()).await?;
            Ok(Pushed::Confirmed { size, time })
        }
        _ => Ok(Pushed::Refused { status: 200, said: "it is not signed by his key".to_owned() }),
    }
}

/// Counts it, and says what an operator should know.
pub(super) fn told(witness: &Witness, pushed: &Result<Pushed, StoreError>) {
    let name = witness.key.name();
    let result = match pushed {
        Ok(Pushed::UpToDate) => return,
        Ok(Pushed::Confirmed { size, .. }) => {
            tracing::debug!(witness = name, size, "a witness has confirmed the log");
            "confirmed"
        }
        Ok(Pushed::Refused { status, said }) => {
            tracing::error!(witness = name, status, said, "a witness does not confirm the log");
            "refused"
        }
        Ok(Pushed::Away(error)) => {
            tracing::warn!(witness = name, error, "a witness does not answer");
            "away"
        }
        Err(error) => {
            tracing::warn!(%error, error.code = error.code(), "witnesses are not told yet");
            return;
        }
    };
    counter!("parvaneh_log_confirmations_total", "result" => result).increment(1);
}
