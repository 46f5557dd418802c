//! `parvaneh export`: a case taken along by the command line, and what is known of it afterwards.

use std::fs;

use super::installation::Installation;

#[test]
fn one_case_on_paper_leaves_a_look_and_a_record() {
    let here = Installation::sandbox();
    here.people(&[("Ali", "county_officer@2301"), ("سارا", "")]);
    let opened = here.opens("خیریه مهر");
    let case = opened["case"]["id"].as_str().expect("a case").to_owned();
    let paper = here.folder().join("case.pdf").display().to_string();
    let asked = ["export", "--as", "Ali", "--reason", "file 12", "--format", "pdf", "-o", &paper];
    let by = |who: &str| {
        let mut words = [""; 11];
        words[..9].copy_from_slice(&asked);
        words[9..].copy_from_slice(&["--case", &case]);
        words.map(|word| if word == "Ali" { who.to_owned() } else { word.to_owned() })
    };
    // A PDF is of one case, which one sees at work.
    assert_eq!(here.refused(asked), "pdf-of-one-case");
    let stranger = by("سارا");
    assert_eq!(here.refused(stranger.each_ref().map(String::as_str)), "no-such-case");
    assert!(!fs::exists(&paper).expect("a folder"));
    let officer = by("Ali");
    let done = here.json(officer.each_ref().map(String::as_str));
    assert_eq!((done["cases"].as_u64(), done["events"].as_u64()), (Some(1), Some(1)), "{done}");
    let bytes = fs::read(&paper).expect("a file");
    assert!(bytes.starts_with(b"%PDF-1.7"));
    assert_eq!(done["bytes"].as_u64(), Some(bytes.len() as u64));
    here.as_superuser(
        "do $$ begin
            assert (select count(*) from looks where what = 'export' and detail = 'pdf') = 1, 'the look';
            assert (select count(*) from export_events where body::text like '%finished%') = 1, 'the record';
         end $$",
    );
}
