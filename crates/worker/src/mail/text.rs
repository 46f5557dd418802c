//! What mails say: templates in two languages, filled with texts that are ready to be read.
//!
//! A template's first line is the subject; what follows is the text. The HTML part is made of the
//! same text: paragraphs, and lists where lines begin with `- `.

use chrono::{Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, value::Serde};
use parvaneh_core::{
    CaseId, Event, Fact, Instant, JalaliDate,
    event::{Entry, Owner, STATUTORY, StatutoryChange},
    jalali::{month_name_en, month_name_fa, weekday_name_en, weekday_name_fa},
};
use parvaneh_store::{EntryMail, Language, RecoveryMail};
use serde::Serialize;
use serde_json::json;

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        [$(
            (concat!($name, ".fa.txt"), include_str!(concat!("../../templates/", $name, ".fa.txt"))),
            (concat!($name, ".en.txt"), include_str!(concat!("../../templates/", $name, ".en.txt"))),
        )*]
    };
}

/// The notices that have a template of their own; others are told by `notice`.
const NOTICES: [&str; 7] =
    ["warning", "escalation", "own_escalation", "received", "turn", "decision", "information"];

const TEXTS: [(&str, &str); 24] = templates!(
    "warning",
    "escalation",
    "own_escalation",
    "received",
    "turn",
    "decision",
    "information",
    "notice",
    "digest",
    "recovery",
    "code",
    "test"
);

const LAYOUT: &str = include_str!("../../templates/layout.html");

/// A mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What a notice says, every text in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// What the case is about.
    pub subject: String,
    /// What the procedure is called.
    pub workflow: String,
    /// What the step is called.
    pub step: String,
    /// What the unit is called.
    pub unit: String,
    /// The deadline; empty where there is none.
    pub deadline: String,
    /// Whether it is that of the statutory clock.
    pub statutory: bool,
    /// The number of the warning or level.
    pub number: String,
    /// What the officer gave as his reason, or noted for his reader; empty where there is nothing.
    pub reason: String,
    /// The case's identifier.
    pub case: String,
}

/// The names in a notice.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) subject: String,
    pub(crate) workflow: String,
    pub(crate) step: String,
    pub(crate) unit: String,
}

impl Facts {
    /// What an event says of a case.
    pub(crate) fn of(
        event: &Event,
        case: CaseId,
        language: Language,
        zone: Tz,
        names: Names,
    ) -> Self {
        let (deadline, statutory, number) = match &event.fact {
            Fact::Escalated { deadline, clock, number, .. } => {
                (moment(*deadline, zone, language), *clock == STATUTORY, *number)
            }
            fact => {
                let deadline = fact.entry().and_then(|entry| deadline(fact, entry));
                (deadline.map_or_else(String::new, |at| moment(at, zone, language)), false, 1)
            }
        };
        let reason = match &event.fact {
            Fact::Acted { reason, .. } => reason.clone().unwrap_or_default(),
            Fact::Informed { note, .. } => note.clone().unwrap_or_default(),
            _ => String::new(),
        };
        let Names { subject, workflow, step, unit } = names;
        Self {
            subject,
            workflow,
            step,
            unit,
            deadline,
            statutory,
            number: digits(&number.to_string(), language),
            reason,
            case: case.to_string(),
        }
    }
}

/// By when something happens after a case has come somewhere: of an application its statutory
/// deadline, else that of the applicant's task.
fn deadline(fact: &Fact, entry: &Entry) -> Option<Instant> {
    if matches!(fact, Fact::Opened { .. }) {
        return match entry.statutory.as_ref()? {
            StatutoryChange::Started(started) => started.deadline,
            _ => None,
        };
    }
    let task = entry.tasks.iter().find(|task| task.owner == Owner::Applicant)?;
    task.clock.as_ref()?.deadline
}

/// One line of a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The kind of notice; empty for a task.
    pub kind: String,
    /// What the case is about.
    pub subject: String,
    /// What the step is called.
    pub step: String,
    /// Its deadline; empty where there is none.
    pub deadline: String,
}

/// What a digest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The day.
    pub day: NaiveDate,
    /// Tasks whose deadline has passed.
    pub late: Vec<Item>,
    /// Tasks whose deadline comes near.
    pub soon: Vec<Item>,
    /// Notices that were kept for the digest.
    pub notices: Vec<Item>,
    /// How many tasks lie on the worklist that are not among these.
    pub more: u32,
}

/// The templates, read once.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// Reads the templates that the program carries.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        for (name, source) in TEXTS.into_iter().chain([("layout.html", LAYOUT)]) {
            environment.add_template(name, source).expect("a test reads every template");
        }
        Self { environment }
    }

    /// A notice of that kind.
    pub fn notice(&self, kind: &str, language: Language, facts: &Facts) -> Written {
        let name = if NOTICES.contains(&kind) { kind } else { "notice" };
        let one_line = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let facts = Facts {
            subject: one_line(&facts.subject),
            workflow: one_line(&facts.workflow),
            step: one_line(&facts.step),
            unit: one_line(&facts.unit),
            reason: one_line(&facts.reason),
            ..facts.clone()
        };
        self.write(name, language, Value::from(Serde(&facts)))
    }

    /// A digest.
    pub fn digest(&self, language: Language, letter: &Letter) -> Written {
        let count = |items: &[Item]| digits(&items.len().to_string(), language);
        let more = match letter.more {
            0 => String::new(),
            more => digits(&more.to_string(), language),
        };
        let said = json!({
            "day": date(letter.day, language),
            "late": letter.late, "late_count": count(&letter.late),
            "soon": letter.soon, "soon_count": count(&letter.soon),
            "notices": letter.notices, "notice_count": count(&letter.notices),
            "more": more,
        });
        self.write("digest", language, Value::from(Serde(said)))
    }

    /// A mail with a link by which its reader sets a new password.
    pub fn recovery(&self, mail: &RecoveryMail) -> Written {
        let RecoveryMail { login, site, link, minutes, language, .. } = mail;
        let minutes = digits(&minutes.to_string(), *language);
        let login = login.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = json!({ "login": login, "site": site, "link": link, "minutes": minutes });
        self.write("recovery", *language, Value::from(Serde(said)))
    }

    /// A mail with a code by which its reader comes in.
    pub fn code(&self, mail: &EntryMail) -> Written {
        let EntryMail { site, code, minutes, language, .. } = mail;
        let minutes = digits(&minutes.to_string(), *language);
        // The page takes the digits of any script.
        let code = digits(code, *language);
        let said = json!({ "site": site, "code": code, "minutes": minutes });
        self.write("code", *language, Value::from(Serde(said)))
    }

    /// A mail that only says that mails arrive.
    pub fn test(&self, language: Language) -> Written {
        self.write("test", language, Value::from(Serde(json!({}))))
    }

    fn write(&self, name: &str, language: Language, said: Value) -> Written {
        let file = format!("{name}.{}.txt", language.as_str());
        let rendered = self
            .environment
            .get_template(&file)
            .and_then(|template| template.render(said))
            .expect("a test renders every template");
        let (subject, text) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        let mut text = text.trim().to_owned();
        // Parts that are left out leave their empty lines.
        while text.contains("\n\n\n") {
            text = text.replace("\n\n\n", "\n\n");
        }
        let (dir, align) = match language {
            Language::Fa => ("rtl", "right"),
            Language::En => ("ltr", "left"),
        };
        let html = self
            .environment
            .get_template("layout.html")
            .and_then(|layout| {
                let said = json!({
                    "lang": language.as_str(), "dir": dir, "align": align, "subject": subject,
                    "blocks": blocks(&text),
                });
                layout.render(Value::from(Serde(said)))
            })
            .expect("a test renders every template");
        Written { subject: subject.to_owned(), text: format!("{text}\n"), html }
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Serialize)]
struct Block<'t> {
    list: bool,
    lines: Vec<&'t str>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(block).collect()
}

fn block(paragraph: &str) -> Block<'_> {
    let list = paragraph.lines().all(|line| line.starts_with("- "));
    let lines = paragraph.lines().map(|line| if list { &line[2..] } else { line });
    Block { list, lines: lines.collect() }
}

/// Digits as the language writes them.
pub(crate) fn digits(text: &str, language: Language) -> String {
    match language {
        Language::En => text.to_owned(),
        Language::Fa => text
            .chars()
            .map(|c| match c.to_digit(10) {
                Some(digit) => char::from_u32('۰' as u32 + digit).unwrap_or(c),
                None => c,
            })
            .collect(),
    }
}

/// A date in words: Jalali in Persian, both calendars in English.
pub(crate) fn date(date: NaiveDate, language: Language) -> String {
    let jalali = JalaliDate::from(date);
    match language {
        Language::Fa => {
            let (day, year) = (jalali.day(), jalali.year());
            let weekday = weekday_name_fa(date.weekday());
            digits(&format!("{weekday} {day} {} {year}", month_name_fa(jalali.month())), language)
        }
        Language::En => {
            let month = month_name_en(jalali.month());
            let weekday = weekday_name_en(date.weekday());
            format!("{weekday} {} {month} {} ({date})", jalali.day(), jalali.year())
        }
    }
}

/// An instant in words, by the local time of a calendar.
pub(crate) fn moment(at: Instant, zone: Tz, language: Language) -> String {
    let local = at.with_timezone(&zone);
    let (hour, minute) = (local.hour(), local.minute());
    let time = digits(&format!("{hour:02}:{minute:02}"), language);
    match language {
        Language::Fa => format!("{}، ساعت {time}", date(local.date_naive(), language)),
        Language::En => format!("{}, {time}", date(local.date_naive(), language)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANGUAGES: [Language; 2] = [Language::Fa, Language::En];

    fn facts(language: Language, statutory: bool) -> Facts {
        let deadline = "2025-03-20T11:30:00Z".parse().unwrap();
        Facts {
            subject: "انجمن <یاری> & «کودکان»".to_owned(),
            workflow: "تأسیس".to_owned(),
            step: "پذیرش".to_owned(),
            unit: "تهران".to_owned(),
            deadline: moment(deadline, chrono_tz::Asia::Tehran, language),
            statutory,
            number: digits("12", language),
            reason: "- <b>چرا</b>".to_owned(),
            case: "0190-1".to_owned(),
        }
    }

    fn letter(late: usize, soon: usize, notices: usize, more: u32) -> Letter {
        let items = |count, kind: &str| {
            let item = |n| Item {
                kind: kind.to_owned(),
                subject: format!("{kind} subject <{n}>"),
                step: format!("step {n}"),
                deadline: if n % 2 == 0 { "a deadline".to_owned() } else { String::new() },
            };
            (0..count).map(item).collect()
        };
        let day = NaiveDate::from_ymd_opt(2025, 3, 20).unwrap();
        Letter {
            day,
            late: items(late, "late"),
            soon: items(soon, "soon"),
            notices: items(notices, "warning"),
            more,
        }
    }

    /// The words of a template that stand for something.
    fn names(source: &str) -> std::collections::BTreeSet<String> {
        let environment = Environment::new();
        let template = environment.template_from_str(source).unwrap();
        template.undeclared_variables(true).into_iter().collect()
    }

    #[test]
    fn every_template_says_the_same_things_in_both_languages() {
        for (pair, kind) in TEXTS.chunks(2).zip([""; 11]) {
            let [(fa, persian), (en, english)] = pair else { panic!("a pair: {pair:?}{kind}") };
            assert_eq!(fa.replace(".fa.", ".en."), *en);
            assert_eq!(names(persian), names(english), "{fa} and {en}");
            assert_eq!(persian.lines().count(), english.lines().count(), "{fa} and {en}");
        }
    }

    #[test]
    fn every_file_of_templates_is_used() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut used: Vec<_> = TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect();
        used.push("layout.html".to_owned());
        used.sort();
        assert_eq!(files, used);
    }

    #[test]
    fn every_template_renders_over_samples_in_both_languages() {
        let templates = Templates::new();
        for language in LANGUAGES {
            let recovery = templates.recovery(&RecoveryMail {
                email: "a@example.org".to_owned(),
                language,
                login: "<یاری>".to_owned(),
                site: "https://licences.example".to_owned(),
                link: "https://licences.example/set-password/x".to_owned(),
                minutes: 30,
            });
            let code = templates.code(&EntryMail {
                email: "a@example.org".to_owned(),
                language,
                site: "https://licences.example".to_owned(),
                code: "012345".to_owned(),
                minutes: 15,
            });
            let mut all = vec![templates.test(language), recovery, code];
            for statutory in [true, false] {
                for kind in [
                    "warning",
                    "escalation",
                    "own_escalation",
                    "received",
                    "turn",
                    "decision",
                    "information",
                    "something_new",
                ] {
                    all.push(templates.notice(kind, language, &facts(language, statutory)));
                }
            }
            for (late, soon, notices, more) in
                [(0, 0, 1, 0), (1, 0, 0, 0), (3, 4, 5, 6), (0, 2, 0, 1)]
            {
                all.push(templates.digest(language, &letter(late, soon, notices, more)));
            }
            for Written { subject, text, html } in all {
                assert!(!subject.trim().is_empty() && text.trim().len() > 20, "{subject}\n{text}");
                assert!(!text.contains("{{") && !text.contains("{%"), "{text}");
                assert!(!text.contains("\n\n\n"), "{text:?}");
                assert!(!html.contains("<یاری>") && !html.contains("subject <"), "escaped: {html}");
                let (lang, dir) =
                    if language == Language::Fa { ("fa", "rtl") } else { ("en", "ltr") };
                assert!(html.contains(&format!("<html lang=\"{lang}\" dir=\"{dir}\">")), "{html}");
                if language == Language::Fa {
                    let latin = text.chars().filter(char::is_ascii_digit).count();
                    let sample = text.contains("subject") || text.contains("0190-1");
                    assert!(latin == 0 || sample, "Persian digits: {text}");
                }
            }
        }
    }

    #[test]
    fn a_persian_mail_has_jalali_dates_and_persian_digits() {
        let written = Templates::new().notice("warning", Language::Fa, &facts(Language::Fa, false));
        assert!(
            written.text.contains("مهلت: پنجشنبه ۳۰ اسفند ۱۴۰۳، ساعت ۱۵:۰۰"),
            "{}",
            written.text
        );
        assert_eq!(written.subject, "مهلت نزدیک است: انجمن <یاری> & «کودکان»");
        let written = Templates::new().notice("warning", Language::En, &facts(Language::En, true));
        assert!(
            written.text.contains("Thursday 30 Esfand 1403 (2025-03-20), 15:00"),
            "{}",
            written.text
        );
        assert!(written.text.contains("statutory deadline"), "{}", written.text);
        assert!(written.html.contains("<li>Procedure: تأسیس</li>"), "{}", written.html);
    }

    #[test]
    fn a_digest_lists_what_there_is_and_nothing_else() {
        let templates = Templates::new();
        let full = templates.digest(Language::En, &letter(2, 1, 1, 7));
        insta_like(
            &full.text,
            &["Late (2):", "Near the deadline (1):", "(1):", "And 7 more tasks"],
        );
        assert_eq!(
            full.subject,
            "Your work on Thursday 30 Esfand 1403 (2025-03-20): 2 late, 1 near the deadline"
        );
        assert_eq!(full.html.matches("<li>").count(), 4, "{}", full.html);
        let late = templates.digest(Language::En, &letter(1, 0, 0, 0));
        assert!(!late.text.contains("Near") && !late.text.contains("more"), "{}", late.text);
    }

    fn insta_like(text: &str, parts: &[&str]) {
        for part in parts {
            assert!(text.contains(part), "'{part}' in {text}");
        }
    }

    #[test]
    fn a_subject_over_several_lines_is_told_in_one() {
        let mut facts = facts(Language::En, false);
        facts.subject = "one\r\ntwo\n\n- three".to_owned();
        let written = Templates::new().notice("escalation", Language::En, &facts);
        assert_eq!(written.subject, "A deadline has passed: one two - three");
        assert_eq!(written.html.matches("<li>").count(), 6, "{}", written.html);
    }
}
