//! The catalogues against each other and against what says them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use fluent_syntax::{ast, parser};

use super::*;

/// The variables of each text of a catalogue, and whether it chooses by a number.
fn texts(language: Language) -> BTreeMap<String, Shape> {
    let mut texts = BTreeMap::new();
    for (part, source) in parts(language) {
        let resource = parser::parse(*source)
            .unwrap_or_else(|(_, errors)| panic!("{part} ({}): {errors:?}", language.tag()));
        for entry in resource.body {
            match entry {
                ast::Entry::Message(message) => {
                    let mut text = Shape::default();
                    text.read(&message.value.expect("a text says something"));
                    let key = message.id.name.to_owned();
                    let twice = texts.insert(key, text).is_some();
                    assert!(!twice, "'{}' stands twice ({})", message.id.name, language.tag());
                }
                ast::Entry::Comment(_) | ast::Entry::GroupComment(_) => {}
                other => panic!("{part}: only texts and comments stand in a catalogue: {other:?}"),
            }
        }
    }
    texts
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    variables: BTreeSet<String>,
    /// The forms of each choice, by what it is made.
    choices: Vec<(String, BTreeSet<String>)>,
}

impl Shape {
    fn read(&mut self, pattern: &ast::Pattern<&str>) {
        for element in &pattern.elements {
            let ast::PatternElement::Placeable { expression } = element else { continue };
            match expression {
                ast::Expression::Inline(inline) => self.variable(inline),
                ast::Expression::Select { selector, variants } => {
                    self.variable(selector);
                    let forms = variants.iter().map(|variant| match variant.key {
                        ast::VariantKey::Identifier { name } => name.to_owned(),
                        ast::VariantKey::NumberLiteral { value } => value.to_owned(),
                    });
                    if let ast::InlineExpression::VariableReference { id } = selector {
                        self.choices.push((id.name.to_owned(), forms.collect()));
                    }
                    for variant in variants {
                        self.read(&variant.value);
                    }
                }
            }
        }
    }

    fn variable(&mut self, inline: &ast::InlineExpression<&str>) {
        match inline {
            ast::InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
            }
            ast::InlineExpression::StringLiteral { .. } => {}
            other => panic!("texts have variables and nothing else: {other:?}"),
        }
    }
}

fn sources(folder: &str, kind: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, kind: &str, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            match path.is_dir() {
                true => walk(&path, kind, found),
                false if path.extension().is_some_and(|extension| extension == kind) => {
                    found.push((path.clone(), fs::read_to_string(&path).unwrap()));
                }
                false => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), kind, &mut found);
    assert!(!found.is_empty());
    found
}

/// Code without its tests.
fn code() -> Vec<(PathBuf, String)> {
    let code = sources("src", "rs").into_iter().filter(|(path, _)| !path.ends_with("tests.rs"));
    code.map(|(path, text)| {
        let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        (path, text[..end].to_owned())
    })
    .collect()
}

/// Every key that somebody says, and where.
fn said() -> BTreeMap<String, PathBuf> {
    let mut said = BTreeMap::new();
    for (path, text) in code().into_iter().chain(sources("templates", "html")) {
        let mut rest = text.as_str();
        while let Some(at) = rest.find(".t(") {
            let after = rest[at + 3..].trim_start();
            rest = &rest[at + 3..];
            // Who passes on the key that a template says.
            if after.starts_with("key)") {
                continue;
            }
            let key = after.strip_prefix('"').and_then(|after| after.split('"').next());
            let key = key.unwrap_or_else(|| {
                let shown: String = after.chars().take(40).collect();
                panic!("{}: a key is written where it is said: t({shown}", path.display())
            });
            said.insert(key.to_owned(), path.clone());
        }
    }
    said
}

#[test]
fn both_catalogues_say_the_same_things_with_the_same_variables() {
    let (fa, en) = (texts(Language::Persian), texts(Language::English));
    let keys = |texts: &BTreeMap<String, Shape>| texts.keys().cloned().collect::<BTreeSet<_>>();
    let alone: Vec<_> = keys(&fa).symmetric_difference(&keys(&en)).cloned().collect();
    assert!(alone.is_empty(), "only in one catalogue: {alone:?}");
    for (key, text) in &fa {
        assert_eq!(text.variables, en[key].variables, "{key}");
    }
}

#[test]
fn no_text_is_missing_and_none_is_left_over() {
    let (known, said) = (texts(Language::Persian), said());
    for (key, path) in &said {
        assert!(known.contains_key(key), "{}: no catalogue has '{key}'", path.display());
    }
    let unsaid: Vec<_> = known.keys().filter(|key| !said.contains_key(*key)).collect();
    assert!(unsaid.is_empty(), "nobody says these: {unsaid:?}");
}

/// English tells one from several; Persian says both alike, with the number before the noun.
#[test]
fn plural_forms_are_those_of_the_language() {
    for language in [Language::Persian, Language::English] {
        for (key, text) in texts(language) {
            for (variable, forms) in &text.choices {
                let known = ["one", "other", "0"].map(str::to_owned);
                let strange: Vec<_> = forms.iter().filter(|form| !known.contains(form)).collect();
                assert!(strange.is_empty(), "{} {key} {variable}: {strange:?}", language.tag());
                assert!(forms.contains("other"), "{} {key}", language.tag());
            }
            // A number that is set in before a noun has its forms.
            let counts = text.variables.iter().filter(|name| COUNTS.contains(&name.as_str()));
            for name in counts.filter(|_| language == Language::English) {
                let chosen =
                    text.choices.iter().any(|(by, forms)| by == name && forms.contains("one"));
                assert!(chosen, "{key}: '{name}' is a number, and English has two forms");
            }
        }
    }
}

/// The names under which numbers of things are set in.
const COUNTS: &[&str] = &["count", "days", "seconds", "hours"];

#[test]
fn figures_and_names_are_written_as_the_language_has_them() {
    let (fa, en) = (Words(Language::Persian), Words(Language::English));
    assert_eq!(fa.t("left-days").n("days", 1_200).to_string(), "۱٬۲۰۰ روز کاری مانده");
    assert_eq!(en.t("left-days").n("days", 1).to_string(), "1 working day left");
    // What runs the other way is set apart, so that it does not turn its neighbours around.
    let told = fa.t("home-greeting").s("name", "Sara").to_string();
    assert_eq!(told, "\u{2068}Sara\u{2069}، خوش آمدید");
    assert_eq!(fa.t("home-greeting").s("name", "سارا").to_string(), "سارا، خوش آمدید");
}

/// Officers write ی and ک, and the half-space in compounds.
#[test]
fn persian_is_written_with_its_own_letters() {
    for (part, text) in PERSIAN {
        let foreign = text.find(['ي', 'ك', '٤', '٥', '٦']);
        assert!(foreign.is_none(), "{part}: an Arabic letter or digit at byte {foreign:?}");
    }
}

#[test]
fn no_template_has_a_text_of_its_own() {
    let mut texts = Vec::new();
    for (path, text) in sources("templates", "html") {
        let bare = without_tags(&without_expressions(&text));
        let letters = |word: &&str| word.chars().any(char::is_alphabetic);
        let found: Vec<_> = bare.split_whitespace().filter(letters).map(str::to_owned).collect();
        if !found.is_empty() {
            texts.push(format!("{}: {found:?}", path.display()));
        }
        for name in ["title", "aria-label", "placeholder", "alt", "aria-description"] {
            let mut rest = text.as_str();
            while let Some(at) = rest.find(&format!(" {name}=\"")) {
                rest = &rest[at + name.len() + 3..];
                let value = rest.split('"').next().unwrap();
                if !value.starts_with("{{") && value.chars().any(char::is_alphabetic) {
                    texts.push(format!("{}: {name}=\"{value}\"", path.display()));
                }
            }
        }
    }
    assert!(texts.is_empty(), "these belong into the catalogues:\n{}", texts.join("\n"));
}

/// No style and no script stands in a page: the policy would keep browsers from both.
#[test]
fn no_template_has_a_style_or_a_script_of_its_own() {
    for (path, text) in sources("templates", "html") {
        for inline in [" style=", "<style", " onclick=", " onsubmit=", " hx-on", "javascript:"] {
            assert!(!text.contains(inline), "{}: {inline}", path.display());
        }
        let scripts = text.matches("<script").count();
        assert_eq!(scripts, text.matches("<script src=").count(), "{}", path.display());
    }
}

/// Code of pages says nothing in Persian by itself. What answers mean stands in `problem/texts.rs`.
#[test]
fn no_page_has_a_persian_text_in_its_code() {
    let pages =
        |path: &Path| ["pages", "shown"].iter().any(|part| path.iter().any(|name| name == *part));
    for (path, text) in code().into_iter().filter(|(path, _)| pages(path)) {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let word = line.split('"').skip(1).step_by(2).find(|quoted| {
                let letters =
                    quoted.chars().filter(|letter| ('\u{0620}'..='\u{06ef}').contains(letter));
                letters.count() > 1
            });
            assert!(word.is_none(), "{}: {word:?}", path.display());
        }
    }
}

fn without_expressions(text: &str) -> String {
    let mut bare = text.to_owned();
    // What stands on a key is no text either.
    for (begin, end) in [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<kbd>", "</kbd>")] {
        while let Some(at) = bare.find(begin) {
            let after = bare[at..].find(end).map_or(bare.len(), |length| at + length + end.len());
            bare.replace_range(at..after, " ");
        }
    }
    bare
}

fn without_tags(text: &str) -> String {
    let mut bare = String::new();
    let (mut inside, mut quote) = (false, None);
    for letter in text.chars() {
        match (inside, quote, letter) {
            (false, _, '<') => inside = true,
            (true, None, '>') => {
                inside = false;
                bare.push(' ');
            }
            (true, None, '"' | '\'') => quote = Some(letter),
            (true, Some(open), _) if open == letter => quote = None,
            (false, ..) => bare.push(letter),
            _ => {}
        }
    }
    bare
}
