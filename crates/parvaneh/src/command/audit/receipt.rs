//! `parvaneh audit receipt`: whether what an applicant was given proves that his application was sealed. No database.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parvaneh_core::{
    log::{
        entry, leaf,
        note::{Checkpoint, Verifier},
        verify_inclusion,
    },
    timeline::{GENESIS, Hash, chain},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::verify::key;
use crate::{failure::Failure, output::Output};

/// Verify the proof that an applicant got with his receipt, offline
///
/// Exits with 0 if it proves that the application was sealed as it stands in it, else with
///
///   10  not such a proof, or one of before it was sealed
///   12  the application is not the one of the hash
///   13  it is not what was sealed at that position
///   14  a signature is wrong, or of another key
#[derive(Debug, clap::Args)]
pub(crate) struct Receipt {
    /// The proof, as it was downloaded
    proof: PathBuf,
    /// The key of the installation, as it was told you: `name+id+key`, or a file that holds it. Without
    /// it the proof's own is taken, which only shows that the proof agrees with itself
    #[arg(long)]
    key: Option<String>,
}

/// What the file holds.
#[derive(Deserialize)]
struct Given {
    format: String,
    case: Uuid,
    seq: u32,
    body: String,
    hash: String,
    position: Option<u64>,
    proof: Option<String>,
    checkpoint: Option<String>,
    key: Option<String>,
}

/// What is wrong with it: the code with which the program exits, and why.
type Wrong = (u8, String);

impl Receipt {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let trusted = self.key.as_deref().map(key).transpose()?;
        let text = std::fs::read_to_string(&self.proof).map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", self.proof.display()))
                .help("is the path right, and may you read it?")
        })?;
        let by_own_key = trusted.is_none();
        match judge(&text, trusted) {
            Ok((case, position, checkpoint)) => {
                if out.json {
                    return out.document(&json!({
                        "good": true, "exit": 0, "case": case, "position": position,
                        "size": checkpoint.size, "origin": checkpoint.origin, "own_key": by_own_key,
                    }));
                }
                out.line(format!(
                    "good: the application {case} is entry {position} of {} that {} has signed",
                    checkpoint.size, checkpoint.origin
                ))?;
                match by_own_key {
                    true => out.line("by the key in the file itself: compare it with the one you were told, by --key"),
                    false => Ok(()),
                }
            }
            Err((exit, why)) => {
                match out.json {
                    true => out.document(&json!({ "good": false, "exit": exit, "why": why }))?,
                    false => out.line(format!("not proven ({exit}): {why}"))?,
                }
                Err(Failure::found(exit))
            }
        }
    }
}

fn judge(text: &str, trusted: Option<Verifier>) -> Result<(Uuid, u64, Checkpoint), Wrong> {
    let unreadable = |why: &str| (10, why.to_owned());
    let given: Given =
        serde_json::from_str(text).map_err(|error| (10, format!("it is not a proof: {error}")))?;
    if given.format != "parvaneh-receipt/1" {
        return Err(unreadable("it is of another format"));
    }
    let hash = hash(&given.hash).ok_or(unreadable("its hash is none"))?;
    if given.seq != 1 || chain(&GENESIS, given.body.as_bytes()) != hash {
        return Err((12, "what was handed in does not have this hash".to_owned()));
    }
    let (Some(position), Some(proof), Some(note)) = (given.position, given.proof, given.checkpoint)
    else {
        return Err(unreadable("it was not sealed yet when this was downloaded"));
    };
    let own = || given.key.as_deref().and_then(|key| Verifier::parse(key).ok());
    let key = trusted.or_else(own).ok_or((14, "it holds no key".to_owned()))?;
    let checkpoint = Checkpoint::signed(&note, &key)
        .map_err(|error| (14, format!("its checkpoint: {error}")))?;
    let proof = STANDARD.decode(proof).map_err(|_| unreadable("its proof is not base64"))?;
    let (hashes, rest) = proof.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(unreadable("its proof does not consist of hashes"));
    }
    let leaf = leaf(&entry(given.case, given.seq, &hash));
    verify_inclusion(position, checkpoint.size, leaf, hashes, &checkpoint.root)
        .map_err(|error| (13, error.to_string()))?;
    Ok((given.case, position, checkpoint))
}

fn hash(text: &str) -> Option<Hash> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut hash = [0; 32];
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use parvaneh_core::log::{
        Frontier,
        note::{Purpose, Signer},
    };
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_thing_that_is_wrong_has_its_code() {
        let (body, case) = ("{\"a\":1}", Uuid::from_u128(7));
        let hash = chain(&GENESIS, body.as_bytes());
        let mut log = Frontier::default();
        let other = leaf(b"another");
        log.push(other);
        log.push(leaf(&entry(case, 1, &hash)));
        let signer = Signer::new("example.org/log", Purpose::Log, &[3; 32]).unwrap();
        let (origin, extensions) = ("example.org/log".to_owned(), Vec::new());
        let checkpoint = Checkpoint { origin, size: 2, root: log.root(), extensions };
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let good = json!({
            "format": "parvaneh-receipt/1", "case": case, "seq": 1, "body": body, "hash": hex,
            "sealed": true, "position": 1, "proof": STANDARD.encode(other),
            "checkpoint": checkpoint.sign(&signer).unwrap().to_string(),
            "key": signer.public().to_string(),
        });
        let exit = |given: &Value, key: Option<&Signer>| {
            let key = key.map(|key| key.public().clone());
            judge(&given.to_string(), key).map_or_else(|wrong| wrong.0, |_| 0)
        };
        assert_eq!((exit(&good, None), exit(&good, Some(&signer))), (0, 0));
        let stranger = Signer::new("example.org/log", Purpose::Log, &[4; 32]).unwrap();
        assert_eq!(exit(&good, Some(&stranger)), 14);
        for (name, value, code) in [
            ("format", json!("other"), 10),
            ("hash", json!("zz"), 10),
            ("position", Value::Null, 10),
            ("proof", json!("AAAA"), 10),
            ("body", json!("{\"a\":2}"), 12),
            ("case", json!(Uuid::nil()), 13),
            ("position", json!(0), 13),
            ("proof", json!(""), 13),
            ("checkpoint", json!("nothing"), 14),
            ("key", Value::Null, 14),
        ] {
            let mut wrong = good.clone();
            wrong[name] = value;
            assert_eq!(exit(&wrong, None), code, "{name}");
        }
    }
}
