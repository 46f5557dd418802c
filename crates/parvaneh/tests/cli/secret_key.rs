//! The key of an installation, and another one in its place.

use std::{fs, time::Duration};

use parvaneh_store::SecretKey;

use super::installation::{Installation, person_named};

#[test]
fn another_key_takes_the_place_of_the_former_and_every_secret_goes_on_working() {
    let here = Installation::sandbox();
    here.people(&[("Ali", "")]);
    let ali = person_named("Ali");
    let add = ["notices", "webhooks", "add", "https://hooks.example.org/in"];
    let added = here.json(add);
    let (id, secret) = (added["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    let (file, next) = (here.folder().join("secret.key"), here.folder().join("secret.key.next"));
    let key = || SecretKey::read(&fs::read_to_string(&file).unwrap()).unwrap();
    let first = key();
    here.with_store(async |store| {
        store.use_key(&first).await.unwrap();
        store.save_account(ali, "ali").await.unwrap();
        assert!(store.begin_second_factor(ali, b"a shared secret").await.unwrap());
        // While somebody uses it, it stays.
        assert_eq!(here.refused(["secret-key", "change"]), "secret_key_in_use");
    });
    assert_eq!(key().reveal(), first.reveal());

    let changed = here.json(["secret-key", "change"]);
    assert_eq!(
        (changed["webhooks"].as_u64(), changed["second_factors"].as_u64()),
        (Some(1), Some(1))
    );
    let second = key();
    assert_ne!(first.reveal(), second.reveal());
    assert!(!next.exists());
    here.with_store(async |store| {
        store.use_key(&first).await.unwrap_err();
        store.use_key(&second).await.unwrap();
        let (_, opened) = store.webhook_secret(id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(opened, secret);
        let factor = store.pending_second_factor(ali, Duration::from_secs(600)).await.unwrap();
        assert_eq!(factor.as_deref(), Some(b"a shared secret".as_slice()));
    });

    // Cut off after the database has taken the other key, and before the file did.
    fs::rename(&file, &next).unwrap();
    fs::write(&file, first.reveal()).unwrap();
    here.json(add);
    assert_eq!(key().reveal(), second.reveal());
    assert!(!next.exists());
    // A key that is another one altogether opens nothing, and is not replaced.
    fs::write(&file, first.reveal()).unwrap();
    assert_eq!(here.refused(add), "secret_key_wrong");
    assert_eq!(here.refused(["secret-key", "change"]), "secret_key_wrong");
    assert_eq!(key().reveal(), first.reveal());

    // Keys that are named instead.
    let change = |former: &SecretKey, other: Option<&SecretKey>| {
        let mut program = here.program();
        program.args(["secret-key", "change", "--json"]);
        program.env("PARVANEH_SECRET_KEY", former.reveal());
        if let Some(other) = other {
            program.env("PARVANEH_NEW_SECRET_KEY", other.reveal());
        }
        super::finish(&mut program)
    };
    change(&second, None).ends(2);
    change(&first, Some(&second)).ends(1);
    change(&second, Some(&first)).ends(0);
    here.json(add);
}
