//! The log against known answers of others, and its proofs for every place of every small log.
#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::collections::HashMap;

use parvaneh_core::log::notary::{Asked, Refusal, log_of_map, may_sign, may_sign_map};
use parvaneh_core::log::note::{Checkpoint, Note, NoteError, Purpose, Signer, Verifier};
use parvaneh_core::log::tiles::{Tile, Tiles};
use parvaneh_core::log::{
    EMPTY, Frontier, LogError, Node, consistency, entry, inclusion, leaf, nodes_of_consistency,
    nodes_of_inclusion, root_from_inclusion, verify_consistency, verify_inclusion,
};
use parvaneh_core::timeline::Hash;
use proptest::prelude::*;
use uuid::Uuid;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The entries and roots by which Certificate Transparency's implementations are tested.
const ENTRIES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// A log with everything that can be known of it.
struct Whole {
    nodes: HashMap<Node, Hash>,
    leaves: Vec<Hash>,
    /// By size.
    roots: Vec<Hash>,
    frontiers: Vec<Frontier>,
}

impl Whole {
    fn of(entries: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut frontier = Frontier::default();
        let mut whole = Self {
            nodes: HashMap::new(),
            leaves: Vec::new(),
            roots: vec![frontier.root()],
            frontiers: vec![frontier.clone()],
        };
        for entry in entries {
            let leaf = leaf(&entry);
            frontier.push_telling(leaf, |node, hash| {
                assert_eq!(whole.nodes.insert(node, hash), None, "told once");
            });
            whole.leaves.push(leaf);
            whole.roots.push(frontier.root());
            whole.frontiers.push(frontier.clone());
        }
        whole
    }

    fn numbered(size: u32) -> Self {
        Self::of((0..size).map(|number| number.to_be_bytes().to_vec()))
    }
}

#[test]
fn roots_are_those_that_others_compute() {
    let whole = Whole::of(ENTRIES.map(unhex));
    let roots: Vec<_> = whole.roots.iter().map(|root| hex(root)).collect();
    assert_eq!(roots, ROOTS);
    assert_eq!(EMPTY, whole.roots[0]);
}

#[test]
fn proofs_are_those_that_others_compute() {
    let whole = Whole::of(ENTRIES.map(unhex));
    let tell = |proof: Vec<Hash>| proof.iter().map(|hash| hex(hash)).collect::<Vec<_>>();
    assert_eq!(
        tell(inclusion(0, 8, &whole.nodes).unwrap()),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        tell(consistency(6, 8, &whole.nodes).unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
}

#[test]
fn an_entry_is_52_bytes_of_timeline_number_and_hash() {
    let timeline = Uuid::from_u128(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f);
    assert_eq!(
        hex(&entry(timeline, 258, &[0xab; 32])),
        format!("000102030405060708090a0b0c0d0e0f00000102{}", "ab".repeat(32))
    );
}

#[test]
fn every_position_of_every_small_log_is_proven_and_nothing_else() {
    let whole = Whole::numbered(300);
    for size in 1..=300_u64 {
        let root = whole.roots[usize::try_from(size).unwrap()];
        for position in 0..size {
            let leaf = whole.leaves[usize::try_from(position).unwrap()];
            let proof = inclusion(position, size, &whole.nodes).unwrap();
            assert_eq!(
                verify_inclusion(position, size, leaf, &proof, &root),
                Ok(()),
                "{position} of {size}"
            );
            // At no other place, and of no other leaf.
            let elsewhere = (position + 1) % size;
            if elsewhere != position {
                assert!(verify_inclusion(elsewhere, size, leaf, &proof, &root).is_err());
            }
            let other = whole.leaves[usize::try_from((position + 1) % 300).unwrap()];
            assert_eq!(
                verify_inclusion(position, size, other, &proof, &root),
                Err(LogError::WrongRoot)
            );
            // A bit of the proof, a hash too few, one too many.
            if !proof.is_empty() {
                let place = usize::try_from(position).unwrap() % proof.len();
                let mut flipped = proof.clone();
                let byte = usize::try_from(position + size).unwrap() % 32;
                flipped[place][byte] ^= 1 << (size % 8);
                assert_eq!(
                    verify_inclusion(position, size, leaf, &flipped, &root),
                    Err(LogError::WrongRoot)
                );
            }
            let longer = [&proof[..], &[root]].concat();
            for wrong in
                [Some(&longer[..]), proof.split_last().map(|(_, rest)| rest)].into_iter().flatten()
            {
                assert!(matches!(
                    verify_inclusion(position, size, leaf, wrong, &root),
                    Err(LogError::ProofLength { .. })
                ));
            }
        }
    }
}

#[test]
fn every_growth_of_every_small_log_is_proven_and_nothing_else() {
    let whole = Whole::numbered(70);
    for new in 0..=70_u64 {
        for old in 0..=new {
            let (old_root, new_root) = (
                &whole.roots[usize::try_from(old).unwrap()],
                &whole.roots[usize::try_from(new).unwrap()],
            );
            let proof = consistency(old, new, &whole.nodes).unwrap();
            let ok = verify_consistency(old, old_root, new, new_root, &proof);
            assert_eq!(ok, Ok(()), "{old} to {new}");
            let mut foreign = *old_root;
            foreign[5] ^= 0x20;
            assert!(verify_consistency(old, &foreign, new, new_root, &proof).is_err());
            let mut foreign = *new_root;
            foreign[31] ^= 1;
            // Of an empty log anything may have grown: its checkpoint says nothing yet.
            assert_eq!(
                verify_consistency(old, old_root, new, &foreign, &proof).is_err(),
                old > 0 || new == 0,
                "{old} to {new}"
            );
            for place in 0..proof.len() {
                let mut flipped = proof.clone();
                flipped[place][place % 32] ^= 4;
                assert_eq!(
                    verify_consistency(old, old_root, new, new_root, &flipped),
                    Err(LogError::WrongRoot)
                );
            }
            let longer = [&proof[..], &[*new_root]].concat();
            assert!(verify_consistency(old, old_root, new, new_root, &longer).is_err());
            if old < new {
                assert_eq!(
                    verify_consistency(new, new_root, old, old_root, &proof),
                    Err(LogError::Shrunk { old: new, new: old })
                );
            }
        }
    }
}

#[test]
fn sizes_and_positions_that_cannot_be_are_refused_before_anything_is_computed() {
    let zero = [0; 32];
    for (position, size) in [(0, 0), (5, 5), (u64::MAX, 7), (0, u64::MAX), (3, 1 << 63)] {
        let error = root_from_inclusion(position, size, zero, &[zero; 64]).unwrap_err();
        assert!(
            matches!(error, LogError::PositionBeyondSize { .. } | LogError::SizeTooLarge { .. }),
            "{error}"
        );
        assert!(inclusion(position, size, HashMap::new()).is_err());
    }
    let most = u64::try_from(i64::MAX).unwrap();
    assert!(matches!(
        verify_inclusion(most - 1, most, zero, &[], &zero),
        Err(LogError::ProofLength { expected: 62, .. })
    ));
    assert!(Frontier::new(5, vec![zero]).is_err());
    assert!(Frontier::new(u64::MAX, vec![zero; 64]).is_err());
}

#[test]
fn a_log_goes_on_from_what_was_kept_of_it() {
    let whole = Whole::numbered(130);
    for size in 0..130 {
        let kept = &whole.frontiers[size];
        let mut again = Frontier::new(kept.size(), kept.peaks().to_vec()).unwrap();
        assert_eq!(again.root(), whole.roots[size]);
        again.push(whole.leaves[size]);
        assert_eq!(again, whole.frontiers[size + 1]);
    }
}

#[test]
fn tiles_hold_what_every_proof_asks_for() {
    const SIZE: u64 = 66_000;
    let whole = Whole::numbered(u32::try_from(SIZE).unwrap());
    let mut kept: HashMap<Tile, Vec<u8>> = HashMap::new();
    let mut nodes: Vec<_> = whole.nodes.iter().collect();
    nodes.sort_unstable();
    for (node, hash) in nodes {
        if let Some((tile, place)) = Tile::place(*node) {
            let bytes = kept.entry(tile).or_default();
            assert_eq!(bytes.len(), place * 32, "a tile grows at its end");
            bytes.extend_from_slice(hash);
        }
    }
    assert_eq!(kept.keys().map(|tile| tile.level).max(), Some(2));
    for (tile, bytes) in &kept {
        assert_eq!(tile.filled(SIZE) * 32, bytes.len() as u64, "{tile:?}");
    }
    let mut tiles = Tiles::default();
    for (tile, bytes) in &kept {
        tiles.insert(*tile, bytes);
    }
    for size in [1, 255, 256, 257, 511, 65_535, 65_536, 65_537, SIZE] {
        for position in [0, 1, 254, 255, 256, size / 2, size - 1] {
            if position >= size {
                continue;
            }
            let proof = inclusion(position, size, &tiles).unwrap();
            assert_eq!(proof, inclusion(position, size, &whole.nodes).unwrap());
            // What is told beforehand is enough.
            let asked: Vec<_> = nodes_of_inclusion(position, size).unwrap();
            let few = only(&kept, asked);
            assert_eq!(inclusion(position, size, &few).unwrap(), proof);
            let proof = consistency(position, size, &tiles).unwrap();
            assert_eq!(proof, consistency(position, size, &whole.nodes).unwrap());
            let few = only(&kept, nodes_of_consistency(position, size).unwrap());
            assert_eq!(consistency(position, size, &few).unwrap(), proof);
        }
    }
    assert!(matches!(inclusion(3, SIZE, Tiles::default()), Err(LogError::NodeMissing { .. })));
}

fn only(kept: &HashMap<Tile, Vec<u8>>, nodes: Vec<Node>) -> Tiles {
    let mut few = Tiles::default();
    for tile in nodes.into_iter().map(Tile::of) {
        few.insert(tile, &kept[&tile]);
    }
    few
}

/// The example of the format's first implementation (golang.org/x/mod/sumdb/note).
const SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
";

#[test]
fn a_note_is_signed_as_others_sign_it() {
    let signer = Signer::parse(SECRET).unwrap();
    assert_eq!(signer.public().to_string(), PUBLIC);
    assert_eq!(signer.secret(), SECRET);
    assert!(!format!("{signer:?}").contains("AYEKFALVFGyNhPJ"));
    let note = Note::parse(NOTE).unwrap();
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(note.signatures, [signer.sign(&note.text, 0).unwrap()]);
    note.verify(&Verifier::parse(PUBLIC).unwrap()).unwrap();
    assert!(matches!(Checkpoint::signed(NOTE, signer.public()), Err(NoteError::NotACheckpoint(_))));
}

#[test]
fn nothing_of_a_note_can_be_changed() {
    let key = Verifier::parse(PUBLIC).unwrap();
    for place in 0..NOTE.len() {
        for bit in [place % 8, 7] {
            let mut bytes = NOTE.as_bytes().to_vec();
            bytes[place] ^= 1 << bit;
            let changed = String::from_utf8(bytes).ok().and_then(|note| Note::parse(&note).ok());
            if let Some(changed) = changed {
                assert!(changed.verify(&key).is_err(), "bit {bit} of byte {place}");
            }
        }
    }
}

#[test]
fn keys_that_are_not_keys_are_refused() {
    for wrong in [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX!",
        // The neutral point: everything would be signed by it.
        "weak+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
    ] {
        let error = Verifier::parse(wrong).unwrap_err();
        assert_eq!(error.code(), "note_wrong_key", "{wrong}");
        assert!(Signer::parse(wrong).is_err());
    }
}

#[test]
fn a_checkpoint_has_one_form() {
    let text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let checkpoint = Checkpoint::parse(text).unwrap();
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.text(), text);
    let more = format!("{text}log 3 abc\n");
    assert_eq!(Checkpoint::parse(&more).unwrap().extensions, ["log 3 abc"]);
    for wrong in [
        "",
        "\n",
        "o\n1\n",
        "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ] {
        let error = Checkpoint::parse(wrong).unwrap_err();
        assert_eq!(error.code(), "note_not_a_checkpoint", "{wrong:?}");
    }
}

#[test]
fn a_log_and_its_witness_sign_the_same_checkpoint_each_in_his_way() {
    let log = Signer::new("parvaneh.example.org/timelines", Purpose::Log, &[7; 32]).unwrap();
    let witness = Signer::new("auditor.example.org", Purpose::Witness, &[8; 32]).unwrap();
    let checkpoint = Checkpoint {
        origin: log.public().name().to_owned(),
        size: 3,
        root: [1; 32],
        extensions: Vec::new(),
    };
    let mut note = checkpoint.sign(&log).unwrap();
    assert!(matches!(note.verify(witness.public()), Err(NoteError::NotSigned(_))));
    let cosignature = witness.sign(&note.text, 1_679_315_147).unwrap();
    assert_eq!(cosignature.bytes.len(), 72);
    note.signatures.push(cosignature);
    let note = Note::parse(&note.to_string()).unwrap();
    assert_eq!(note.verify(witness.public()), Ok(1_679_315_147));
    assert_eq!(Checkpoint::signed(&note.to_string(), log.public()), Ok(checkpoint.clone()));
    // Another time than the one that was signed.
    let mut later = note.clone();
    later.signatures[1].bytes[7] ^= 1;
    assert_eq!(later.verify(witness.public()).unwrap_err().code(), "note_wrong_signature");
    let other = Signer::new("elsewhere.example.org/timelines", Purpose::Log, &[7; 32]).unwrap();
    let foreign = checkpoint.sign(&other).unwrap().to_string();
    assert!(Checkpoint::signed(&foreign, other.public()).is_err());
    let two_lines = Checkpoint { origin: "evil\n999".to_owned(), ..checkpoint };
    assert!(two_lines.sign(&log).is_err());
}

#[test]
fn only_what_has_grown_out_of_what_was_signed_is_signed() {
    let whole = Whole::numbered(40);
    let mut other = Whole::numbered(40);
    other.roots[30][0] ^= 1;
    let checkpoint = |size: usize, root: Hash| Checkpoint {
        origin: "a log".to_owned(),
        size: size as u64,
        root,
        extensions: Vec::new(),
    };
    let last = checkpoint(20, whole.roots[20]);
    let proof = |old, new| consistency(old, new, &whole.nodes).unwrap();
    let of = |size: usize| checkpoint(size, whole.roots[size]);
    assert_eq!(may_sign(None, 0, &[], &of(20)), Ok(()));
    assert_eq!(may_sign(Some(&last), 20, &proof(20, 33), &of(33)), Ok(()));
    // The same again, whatever the proof says.
    assert_eq!(may_sign(Some(&last), 7, &[], &of(20)), Ok(()));
    let refused = |old, proof: &[Hash], new: &Checkpoint| {
        may_sign(Some(&last), old, proof, new).unwrap_err().code()
    };
    assert_eq!(refused(19, &proof(19, 33), &of(33)), "checkpoint_stale");
    assert_eq!(refused(0, &[], &of(33)), "checkpoint_stale");
    assert_eq!(refused(19, &[], &of(19)), "checkpoint_rolled_back");
    assert_eq!(refused(20, &[], &checkpoint(20, other.roots[30])), "checkpoint_fork");
    let fork = checkpoint(30, other.roots[30]);
    assert_eq!(refused(20, &proof(20, 30), &fork), "checkpoint_fork");
    assert_eq!(refused(20, &[], &of(33)), "checkpoint_fork");
    let elsewhere = Checkpoint { origin: "another log".to_owned(), ..of(33) };
    assert_eq!(refused(20, &proof(20, 33), &elsewhere), "checkpoint_of_other_log");

    // A map of all cases, as they stood when the log had 12 entries.
    let map = |size: usize, root: u8| Checkpoint {
        origin: "a log/cases".to_owned(),
        size: 5,
        root: [root; 32],
        extensions: vec![of(size).text().replacen("a log\n", "log ", 1).trim().replace('\n', " ")],
    };
    assert_eq!(log_of_map(&map(12, 1)), Some((12, whole.roots[12])));
    let sign = |before: Option<&Checkpoint>, proof: &[Hash], map: &Checkpoint| {
        may_sign_map(Some(&last), before, proof, map).map_err(|refusal| refusal.code())
    };
    assert_eq!(sign(None, &proof(12, 20), &map(12, 1)), Ok(()));
    assert_eq!(sign(None, &[], &map(20, 1)), Ok(()));
    assert_eq!(sign(Some(&map(12, 1)), &proof(12, 20), &map(12, 1)), Ok(()));
    assert_eq!(sign(Some(&map(12, 1)), &proof(12, 20), &map(12, 2)), Err("checkpoint_fork"));
    assert_eq!(sign(Some(&map(13, 1)), &proof(12, 20), &map(12, 2)), Ok(()));
    assert_eq!(sign(None, &[], &map(12, 1)), Err("checkpoint_stale"));
    assert_eq!(sign(None, &[], &map(21, 1)), Err("checkpoint_stale"));
    let mut forked = proof(12, 20);
    forked[0][0] ^= 1;
    assert_eq!(sign(None, &forked, &map(12, 1)), Err("checkpoint_fork"));
    assert_eq!(sign(None, &[], &of(12)), Err("checkpoint_unreadable"));
    assert!(may_sign_map(None, None, &proof(12, 20), &map(12, 1)).is_err());

    let asked = Asked { old: 20, proof: proof(20, 33), checkpoint: of(33).text() };
    assert_eq!(Asked::parse(&asked.text()), Ok(asked.clone()));
    let first = Asked { old: 0, proof: Vec::new(), checkpoint: of(33).text() };
    assert_eq!(Asked::parse(&first.text()), Ok(first));
    for wrong in ["", "old 20", "old 020\n\nx", "old -1\n\nx", "new 1\n\nx", "old 1\nabc\n\nx"] {
        let refused = Asked::parse(wrong);
        assert!(matches!(refused, Err(Refusal::Unreadable(_))), "{wrong:?}");
    }
    let long = Asked { proof: vec![[0; 32]; 64], ..asked };
    assert!(Asked::parse(&long.text()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is read as a note is written as the same bytes, and nothing panics.
    #[test]
    fn notes_are_read_as_they_are_written(text in "([a-z— ]{0,6}\n){0,4}", name in "[a-z]{0,3}", tail in "[a-zA-Z0-9+/]{0,12}={0,2}") {
        let note = format!("{text}\n— {name} {tail}\n");
        if let Ok(read) = Note::parse(&note) {
            prop_assert_eq!(read.to_string(), note);
        }
    }
}
