//! Signed notes and checkpoints: what the log says of itself, and who stands for it.
//!
//! C2SP `signed-note`: a text, an empty line, and lines `— name base64(key id, signature)`. C2SP
//! `tlog-checkpoint`: such a text that names a log, its size and its root. C2SP
//! `tlog-cosignature`: the line by which a witness says when it has seen a checkpoint. Only
//! Ed25519, and checked strictly: one signature has one form.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::LARGEST_SIZE;
use crate::timeline::Hash;

/// The longest note that is read, in bytes.
pub const LONGEST_NOTE: usize = 64 * 1024;
const MOST_SIGNATURES: usize = 64;
const DASH: &str = "\u{2014} ";

/// Why a note, a checkpoint or a key is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("this is not a signed note: {0}")]
    Malformed(&'static str),
    /// A note, but its text is not a checkpoint.
    #[error("the text of this note is not a checkpoint: {0}")]
    NotACheckpoint(&'static str),
    /// A key that cannot be read.
    #[error("this is not a key: {0}")]
    WrongKey(&'static str),
    /// Nobody signed who is known.
    #[error("the note is not signed by {0}")]
    NotSigned(String),
    /// Somebody who is known is said to have signed, and has not.
    #[error("the signature of {0} is wrong")]
    WrongSignature(String),
}

impl NoteError {
    /// A code that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "note_malformed",
            Self::NotACheckpoint(_) => "note_not_a_checkpoint",
            Self::WrongKey(_) => "note_wrong_key",
            Self::NotSigned(_) => "note_not_signed",
            Self::WrongSignature(_) => "note_wrong_signature",
        }
    }
}

/// What a signature stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The log itself says it: type 0x01.
    Log,
    /// A witness says when it has seen it: type 0x04.
    Witness,
}

impl Purpose {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Log, Self::Witness].into_iter().find(|purpose| purpose.byte() == byte)
    }
}

/// One line below a note.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signature {
    /// Who signed, by his key's name.
    pub name: String,
    /// With which key.
    pub key_id: [u8; 4],
    /// The signature; what stands in it is the key's matter.
    pub bytes: Vec<u8>,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id[..], &self.bytes].concat();
        writeln!(f, "{DASH}{} {}", self.name, STANDARD.encode(bytes))
    }
}

impl Signature {
    /// Reads a line, without its end.
    ///
    /// # Errors
    /// If it is not the line of a signature.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let wrong = NoteError::Malformed("a line below the text is not a signature");
        let Some((name, bytes)) = line.strip_prefix(DASH).and_then(|rest| rest.split_once(' '))
        else {
            return Err(wrong);
        };
        let Ok(bytes) = STANDARD.decode(bytes) else {
            return Err(wrong);
        };
        let Some((key_id, bytes)) = bytes.split_first_chunk() else {
            return Err(wrong);
        };
        if !is_name(name) || bytes.is_empty() {
            return Err(wrong);
        }
        Ok(Self { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }
}

/// A text, and who has signed it. Nothing in it may be believed before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is signed, its last newline included.
    pub text: String,
    /// By whom, in the order of the lines.
    pub signatures: Vec<Signature>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

impl Note {
    /// Reads a note. What is read is written again as the same bytes.
    ///
    /// # Errors
    /// If it is not a signed note, or an unreasonably long one.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > LONGEST_NOTE {
            return Err(NoteError::Malformed("it is too long"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Malformed("it holds control characters"));
        }
        let Some(text_end) = note.rfind("\n\n") else {
            return Err(NoteError::Malformed("no empty line before the signatures"));
        };
        let (text, lines) = (&note[..=text_end], &note[text_end + 2..]);
        let Some(lines) = lines.strip_suffix('\n') else {
            return Err(NoteError::Malformed("the last line is not whole"));
        };
        let signatures = lines
            .split('\n')
            .take(MOST_SIGNATURES + 1)
            .map(Signature::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::Malformed("it has too many signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Whether the owner of this key has signed the text. For a witness, when it has: in seconds
    /// since 1970.
    ///
    /// # Errors
    /// If the key has not signed, or a signature that says so is wrong.
    pub fn verify(&self, key: &Verifier) -> Result<u64, NoteError> {
        let mut seen = Err(NoteError::NotSigned(key.name.clone()));
        for signature in &self.signatures {
            if signature.name == key.name && signature.key_id == key.id {
                seen = Ok(key.check(&self.text, &signature.bytes)?);
            }
        }
        seen
    }
}

/// A public key with its name: `name+id+base64(type, key)`, as others are told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    purpose: Purpose,
    key: VerifyingKey,
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.purpose.byte()], &self.key.as_bytes()[..]].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id), STANDARD.encode(key))
    }
}

impl Verifier {
    fn new(name: &str, purpose: Purpose, key: VerifyingKey) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::WrongKey("its name has spaces, or a plus, or is empty"));
        }
        // Who could choose such a key could sign everything with one signature.
        if key.is_weak() {
            return Err(NoteError::WrongKey("it is one of the weak keys"));
        }
        Ok(Self { name: name.to_owned(), id: key_id(name, purpose, &key), purpose, key })
    }

    /// Reads a key as [`Verifier`] writes it.
    ///
    /// # Errors
    /// If it is not such a key, or not one for Ed25519.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, id, bytes) = parts(text)?;
        let (purpose, bytes) = typed(&bytes)?;
        let key = VerifyingKey::from_bytes(&bytes)
            .map_err(|_| NoteError::WrongKey("it is not a point of the curve"))?;
        let verifier = Self::new(name, purpose, key)?;
        if hex(&verifier.id) != id {
            return Err(NoteError::WrongKey("its id does not belong to it"));
        }
        Ok(verifier)
    }

    /// Its name; for a log's key the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of its hash: which key of that name.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// What its signatures stand for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn check(&self, text: &str, signature: &[u8]) -> Result<u64, NoteError> {
        let wrong = || NoteError::WrongSignature(self.name.clone());
        let (time, signature) = match self.purpose {
            Purpose::Log => (0, signature),
            Purpose::Witness => {
                let (time, signature) = signature.split_first_chunk().ok_or_else(wrong)?;
                (u64::from_be_bytes(*time), signature)
            }
        };
        let signature = signature.try_into().map_err(|_| wrong())?;
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        let message = message(self.purpose, text, time);
        self.key.verify_strict(message.as_bytes(), &signature).map_err(|_| wrong())?;
        Ok(time)
    }
}

/// A secret key with its name. It is not shown by `{:?}`, and forgotten when it is dropped.
pub struct Signer {
    key: SigningKey,
    public: Verifier,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("public", &self.public.to_string()).finish_non_exhaustive()
    }
}

impl Signer {
    /// The key that follows from these random bytes.
    ///
    /// # Errors
    /// If the name cannot be one.
    pub fn new(name: &str, purpose: Purpose, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let public = Verifier::new(name, purpose, key.verifying_key())?;
        Ok(Self { key, public })
    }

    /// Reads a secret key as [`Signer::secret`] writes it.
    ///
    /// # Errors
    /// If it is not such a key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text
            .strip_prefix("PRIVATE+KEY+")
            .ok_or(NoteError::WrongKey("it does not begin with PRIVATE+KEY+"))?;
        let (name, id, bytes) = parts(text)?;
        let (purpose, seed) = typed(&bytes)?;
        let signer = Self::new(name, purpose, &seed)?;
        if hex(&signer.public.id) != id {
            return Err(NoteError::WrongKey("its id does not belong to it"));
        }
        Ok(signer)
    }

    /// The secret key as a text: whoever has it can sign.
    pub fn secret(&self) -> String {
        let key = [&[self.public.purpose.byte()], &self.key.as_bytes()[..]].concat();
        format!(
            "PRIVATE+KEY+{}+{}+{}",
            self.public.name,
            hex(&self.public.id),
            STANDARD.encode(key)
        )
    }

    /// The key by which others check what this one signs.
    pub fn public(&self) -> &Verifier {
        &self.public
    }

    /// Signs a text. `time` is when, in seconds since 1970; it stands only in what a witness signs.
    ///
    /// # Errors
    /// If the text cannot be that of a note.
    pub fn sign(&self, text: &str, time: u64) -> Result<Signature, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::Malformed("the text does not end with a newline"));
        }
        if text.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Malformed("it holds control characters"));
        }
        let purpose = self.public.purpose;
        let signature = self.key.sign(message(purpose, text, time).as_bytes());
        let mut bytes = Vec::with_capacity(72);
        if purpose == Purpose::Witness {
            bytes.extend_from_slice(&time.to_be_bytes());
        }
        bytes.extend_from_slice(&signature.to_bytes());
        Ok(Signature { name: self.public.name.clone(), key_id: self.public.id, bytes })
    }
}

/// What a log says of itself: so many entries, with this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a name like an address without its scheme.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// Further lines, whatever they say.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        let root = STANDARD.encode(self.root);
        let mut text = format!("{}\n{}\n{root}\n", self.origin, self.size);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// If it is not the text of a checkpoint, or not in its only form.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let wrong = NoteError::NotACheckpoint;
        let text = text.strip_suffix('\n').ok_or(wrong("the last line is not whole"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(wrong("it has fewer than three lines"));
        };
        if origin.is_empty() {
            return Err(wrong("it names no log"));
        }
        let whole = size.bytes().all(|digit| digit.is_ascii_digit())
            && (size == "0" || !size.starts_with('0'));
        let size = size
            .parse()
            .ok()
            .filter(|size| whole && *size <= LARGEST_SIZE)
            .ok_or(wrong("its second line is not a size"))?;
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok())
            .ok_or(wrong("its third line is not a hash"))?;
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(wrong("a line is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// Reads a note that the owner of the log's key has signed. The key's name is the log's.
    ///
    /// # Errors
    /// If it is not such a note, is not signed, or is of another log.
    pub fn signed(note: &str, key: &Verifier) -> Result<Self, NoteError> {
        let note = Note::parse(note)?;
        note.verify(key)?;
        let checkpoint = Self::parse(&note.text)?;
        if checkpoint.origin != key.name {
            return Err(NoteError::NotACheckpoint("it is of another log"));
        }
        Ok(checkpoint)
    }

    /// The checkpoint as a note with this signature.
    ///
    /// # Errors
    /// If the origin or a further line cannot stand in a note.
    pub fn sign(&self, signer: &Signer) -> Result<Note, NoteError> {
        let text = self.text();
        if Self::parse(&text)? != *self {
            return Err(NoteError::NotACheckpoint("a line of it is two lines"));
        }
        let signatures = vec![signer.sign(&text, 0)?];
        Ok(Note { text, signatures })
    }
}

/// The bytes under a signature.
fn message(purpose: Purpose, text: &str, time: u64) -> String {
    match purpose {
        Purpose::Log => text.to_owned(),
        Purpose::Witness => format!("cosignature/v1\ntime {time}\n{text}"),
    }
}

fn key_id(name: &str, purpose: Purpose, key: &VerifyingKey) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', purpose.byte()]);
    hasher.update(key.as_bytes());
    let hash: Hash = hasher.finalize().into();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// Name, id and bytes of a key as it is written.
fn parts(text: &str) -> Result<(&str, &str, Vec<u8>), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(bytes)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::WrongKey("it is not name+id+key"));
    };
    let bytes =
        STANDARD.decode(bytes).map_err(|_| NoteError::WrongKey("its last part is not base64"))?;
    Ok((name, id, bytes))
}

fn typed(bytes: &[u8]) -> Result<(Purpose, [u8; 32]), NoteError> {
    let wrong = NoteError::WrongKey("it is not a key for Ed25519");
    let Some((kind, key)) = bytes.split_first() else {
        return Err(wrong);
    };
    match (Purpose::of(*kind), key.try_into()) {
        (Some(purpose), Ok(key)) => Ok((purpose, key)),
        _ => Err(wrong),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
