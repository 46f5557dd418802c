//! Personal data that stays outside the chained bytes.
//!
//! What a person fills into a field that its definition calls personal is checked as any other value. Events and
//! states then hold a [`Commitment`] in its place: the hash of the value behind a secret salt. The value itself and
//! its salt, the [`Opening`], are kept elsewhere, sealed by a key of the person. When that key is destroyed, nobody
//! can tell any more what the commitment stood for, and every proof over the timeline holds as before.
//!
//! **Invariant.** The salt of a field in a case follows from the [`Seed`] of that case: who fills in the same value
//! again changes nothing. Without the seed a commitment cannot be found by trying out values, however few there are.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};

use crate::{
    Case, Definition, Event, Fact, FieldId,
    form::{Given, Value},
    timeline::canonical_json,
};

/// What the salts of a case are made of: 256 bits that follow from the key of its person, and are drawn outside.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// What stands before a value when it is committed to: 128 bits that nobody can guess.
pub type Salt = [u8; 16];

impl Seed {
    /// The seed of these bytes, which must be secret and as good as random.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn salt(&self, field: &FieldId) -> Salt {
        let mut hasher = Sha256::new();
        hasher.update(b"parvaneh personal salt 1\0");
        hasher.update(self.0);
        hasher.update(field.as_str());
        let whole: [u8; 32] = hasher.finalize().into();
        let mut salt = Salt::default();
        salt.copy_from_slice(&whole[..16]);
        salt
    }

    /// Commits to what a field holds.
    pub fn commit(&self, field: &FieldId, value: Value) -> Opening {
        Opening { salt: self.salt(field), value }
    }
}

/// What stands in events and states for a personal value: `SHA-256(salt ‖ canonical JSON of the value)`, as 64
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(pub [u8; 32]);

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

/// Why a text is no commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a commitment is 64 lowercase hexadecimal digits")]
pub struct NotACommitment;

impl FromStr for Commitment {
    type Err = NotACommitment;

    fn from_str(text: &str) -> Result<Self, NotACommitment> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NotACommitment),
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(NotACommitment) };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() {
            return Err(NotACommitment);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A personal value with its salt: what a commitment stands for. It belongs into no event.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The salt.
    pub salt: Salt,
    /// The value; never a commitment itself.
    pub value: Value,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(…)")
    }
}

impl Opening {
    /// The commitment that it opens.
    pub fn commitment(&self) -> Commitment {
        let mut hasher = Sha256::new();
        hasher.update(self.salt);
        hasher.update(canonical(&self.value));
        Commitment(hasher.finalize().into())
    }

    /// As bytes, to be sealed: the salt, then the canonical JSON of the value.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.salt, canonical(&self.value).as_bytes()].concat()
    }

    /// What [`Self::to_bytes`] made; `None` for anything else.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (salt, value) = bytes.split_first_chunk()?;
        let value = serde_json::from_slice(value).ok()?;
        Some(Self { salt: *salt, value }).filter(|opening| opening.to_bytes() == bytes)
    }
}

fn canonical(value: &Value) -> String {
    canonical_json(&serde_json::to_value(value).expect("a value holds only what JSON can say"))
}

/// What the commitments of some cases stand for, as far as their keys are there.
pub type Opened = BTreeMap<Commitment, Value>;

/// The commitments that a case holds.
pub fn of_case(case: &Case) -> impl Iterator<Item = Commitment> {
    case.data.values().filter_map(commitment)
}

/// The commitments that an event holds.
pub fn of_event(event: &Event) -> impl Iterator<Item = Commitment> {
    values(&event.fact).into_iter().flatten().filter_map(|(_, value)| commitment(value))
}

fn commitment(value: &Value) -> Option<Commitment> {
    match value {
        Value::Personal(commitment) => Some(*commitment),
        _ => None,
    }
}

/// What a fact says of the values of fields.
fn values(fact: &Fact) -> Option<&BTreeMap<FieldId, Value>> {
    match fact {
        Fact::Opened { values, .. } | Fact::Filled { values, .. } => Some(values),
        _ => None,
    }
}

/// Puts the values in place of their commitments, for who may read them; those of destroyed keys stay.
pub fn open_case(case: &mut Case, opened: &Opened) {
    case.data.values_mut().for_each(|value| open(value, opened));
}

/// As [`open_case`], in an event. It is not the one any more that was hashed.
pub fn open_event(event: &mut Event, opened: &Opened) {
    if let Fact::Opened { values, .. } | Fact::Filled { values, .. } = &mut event.fact {
        values.values_mut().for_each(|value| open(value, opened));
    }
}

fn open(value: &mut Value, opened: &Opened) {
    if let Some(plain) = commitment(value).and_then(|commitment| opened.get(&commitment)) {
        *value = plain.clone();
    }
}

impl Definition {
    /// Whether a field of that name is personal.
    pub fn is_personal(&self, field: &str) -> bool {
        self.field(field).is_some_and(|field| field.personal)
    }

    /// Whether anything personal is given.
    pub fn takes_personal(&self, given: &Given) -> bool {
        given.values.keys().any(|name| self.is_personal(name))
    }

    /// The first personal field whose value an event holds as it is: none, wherever a seed was there.
    pub fn bare<'e>(&self, event: &'e Event) -> Option<&'e FieldId> {
        let bare = |(name, value): &(&FieldId, &Value)| {
            commitment(value).is_none() && self.is_personal(name.as_str())
        };
        values(&event.fact)?.iter().find(bare).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::form::Number;

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            ".{0,30}".prop_map(Value::Text),
            (0..1_000_000_000_i64, 0..6_u8)
                .prop_map(|(units, decimals)| Value::Number(Number::new(units, decimals).unwrap())),
            (0..1_u64 << 53).prop_map(Value::Money),
            "[0-9]{10}".prop_map(Value::NationalId),
            "[0-9]{10}".prop_map(Value::Text),
            "\\+98[0-9]{10}".prop_map(Value::Phone),
            any::<bool>().prop_map(Value::YesNo),
        ]
    }

    fn field(name: &str) -> FieldId {
        name.into()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_commitment_follows_from_seed_field_and_value_and_from_nothing_less(
            (one, other) in (values(), values()), (seed, stranger) in any::<([u8; 32], [u8; 32])>()
        ) {
            let of = |seed, name, value: &Value| Seed::new(seed).commit(&field(name), value.clone());
            let made = of(seed, "phone", &one);
            let commitment = made.commitment();
            prop_assert_eq!(of(seed, "phone", &one).commitment(), commitment);
            prop_assert_eq!(of(seed, "phone", &other).commitment() == commitment, one == other);
            prop_assert_ne!(of(seed, "mobile", &one).commitment(), commitment);
            prop_assert_eq!(of(stranger, "phone", &one).commitment() == commitment, seed == stranger);
            let bytes = made.to_bytes();
            prop_assert_eq!(Opening::of_bytes(&bytes), Some(made));
            prop_assert_eq!(commitment.to_string().parse(), Ok(commitment));
            let held = serde_json::to_string(&Value::Personal(commitment)).unwrap();
            prop_assert_eq!(&held, &format!("{{\"personal\":\"{commitment}\"}}"));
            prop_assert_eq!(serde_json::from_str::<Value>(&held).unwrap(), Value::Personal(commitment));
        }
    }

    #[test]
    fn what_is_no_commitment_or_opening_is_told() {
        let digits = "0".repeat(64);
        assert_eq!(digits.parse(), Ok(Commitment([0; 32])));
        for wrong in ["", "00", &"0".repeat(63), &"0".repeat(66), &"G".repeat(64), &"A".repeat(64)]
        {
            assert_eq!(wrong.parse::<Commitment>(), Err(NotACommitment), "{wrong}");
        }
        let bytes = Seed::new([7; 32]).commit(&field("a"), Value::YesNo(true)).to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Opening::of_bytes(&bytes[..end]), None, "{end} bytes");
        }
        assert_eq!(Opening::of_bytes(&[&bytes[..], b" "].concat()), None, "not canonical");
    }

    #[test]
    fn the_hash_is_the_one_that_the_documents_describe() {
        // printf '%16s{"national_id":"0013542419"}' | tr ' ' '\0' | sha256sum
        let opening = Opening { salt: [0; 16], value: Value::NationalId("0013542419".to_owned()) };
        let digest = Sha256::digest([&[0_u8; 16][..], br#"{"national_id":"0013542419"}"#].concat());
        assert_eq!(opening.commitment(), Commitment(digest.into()));
    }
}
