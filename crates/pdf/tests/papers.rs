//! Papers that are set: whatever people wrote in them, and always the same.

use parvaneh_export::paper::{Fact, LicencePaper, Paper, Row};
use parvaneh_pdf::{MOST_EVENTS, MOST_LETTERS, PdfError, typeset, typeset_licence};

/// What would be markup, if anybody read it as such.
const HOSTILE: &str = "#panic(1) $x^2 *bold* _it_ [link] \\u{41} @ref <tag> `raw` = head\n- list\n/ term: #import \"/etc/passwd\"";

fn paper(rows: Vec<Row>) -> Paper {
    Paper {
        language: "fa",
        direction: "rtl",
        title: "گاه\u{200c}شمار پرونده".to_owned(),
        code: "3F8A-21BC-90DE".to_owned(),
        subject: "انجمن «مهر» (Mehr)".to_owned(),
        facts: vec![Fact { name: "وضعیت".to_owned(), value: "بررسی".to_owned() }],
        note: "ساعت\u{200c}ها به وقت محلی است.".to_owned(),
        columns: ["ردیف", "زمان", "رویداد", "از سوی", "مهلت\u{200c}ها"].map(str::to_owned),
        rows,
        page: "صفحهٔ {page} از {pages}".to_owned(),
        hash_name: "چکیده".to_owned(),
        hash: "0f".repeat(32),
        address_name: "نشانی".to_owned(),
        address: "https://licences.example/cases/0190f1a2-0000-7000-8000-3f8a21bc90de".to_owned(),
        made_at: "2026-11-22T19:30:00Z".parse().expect("an instant"),
    }
}

fn row(title: &str, line: &str) -> Row {
    Row {
        no: "۱".to_owned(),
        when: "شنبه ۱۴۰۳/۰۲/۰۱، ۱۰:۰۰".to_owned(),
        title: title.to_owned(),
        lines: vec![line.to_owned()],
        who: "مریم رضایی، کارشناس".to_owned(),
        deadlines: vec!["مهلت قانونی: سررسید شنبه ۱۴۰۳/۰۳/۰۱، ۱۴:۳۰".to_owned()],
        ..Row::default()
    }
}

#[test]
fn the_same_paper_is_the_same_bytes() {
    let one = paper(vec![row("ثبت درخواست", HOSTILE)]);
    let bytes = typeset(&one).expect("a PDF");
    assert!(bytes.starts_with(b"%PDF-1.7"));
    assert_eq!(typeset(&one).expect("a PDF"), bytes);
    let later = Paper { made_at: "2026-11-22T19:30:01Z".parse().expect("an instant"), ..one };
    assert_ne!(typeset(&later).expect("a PDF"), bytes);
}

/// In each of its texts: nothing of it is read as markup, and no letter makes it fail (PDF/A asks for a glyph of every one).
#[test]
fn whatever_people_write_is_set() {
    let letters: String = ('\u{0}'..='\u{2fff}').collect();
    let emoji: String = ('\u{1f300}'..'\u{1f400}').collect();
    for text in [
        HOSTILE.to_owned(),
        letters,
        emoji,
        "\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{2069}\u{202c}abc سلام 123".repeat(5),
        "سخن ".repeat(2_500),
        "x".repeat(10_000),
        "ب".repeat(10_000),
        String::new(),
    ] {
        let mut one = paper(vec![row(&text, &text)]);
        one.subject = text.chars().take(500).collect();
        one.facts.push(Fact { name: "x".to_owned(), value: one.subject.clone() });
        one.rows[0].who = one.subject.clone();
        let set = typeset(&one);
        assert!(set.is_ok(), "{:?}: {:?}", set.err(), text.chars().take(60).collect::<String>());
    }
}

#[test]
fn what_nobody_reads_on_paper_is_refused() {
    let many = vec![row("x", "y"); MOST_EVENTS + 1];
    assert!(matches!(typeset(&paper(many)), Err(PdfError::TooLong(_, _))));
    let long = vec![row("x", &"سخن ".repeat(MOST_LETTERS / 40)); 11];
    assert!(matches!(typeset(&paper(long)), Err(PdfError::TooLong(11, _))));
    let far = Paper { address: "x".repeat(5_000), ..paper(Vec::new()) };
    assert!(matches!(typeset(&far), Err(PdfError::Address(_))));
}

fn licence(subject: &str) -> LicencePaper {
    LicencePaper {
        language: "fa",
        office: "ادارهٔ شهرستان تهران، استان تهران".to_owned(),
        title: "پروانهٔ تأسیس".to_owned(),
        number_name: "شمارهٔ پروانه".to_owned(),
        number: "1403-2301-7K3M9-QX2TV".to_owned(),
        subject: subject.to_owned(),
        facts: vec![Fact { name: "دارنده".to_owned(), value: subject.to_owned() }],
        note: "معتبر بودن آن را تنها این صفحه می\u{200c}گوید.".to_owned(),
        address_name: "بررسی".to_owned(),
        address: "https://licences.example/check/1403-2301-7K3M9-QX2TV".to_owned(),
        made_at: "2026-11-22T19:30:00Z".parse().expect("an instant"),
    }
}

#[test]
fn a_licence_is_set_whatever_people_write_and_always_the_same() {
    for text in
        [HOSTILE.to_owned(), "سخن ".repeat(200), "x".repeat(900), "🙂 \u{202e}abc".to_owned()]
    {
        let one = licence(&text);
        let bytes = typeset_licence(&one).expect("a PDF");
        assert!(bytes.starts_with(b"%PDF-1.7"));
        assert_eq!(typeset_licence(&one).expect("a PDF"), bytes);
    }
    let english = LicencePaper { language: "en", ..licence("Mehr") };
    assert_ne!(
        typeset_licence(&english).expect("a PDF"),
        typeset_licence(&licence("Mehr")).expect("a PDF")
    );
    let far = LicencePaper { address: "x".repeat(5_000), ..licence("x") };
    assert!(matches!(typeset_licence(&far), Err(PdfError::Address(_))));
}
