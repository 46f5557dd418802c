//! Reads forms: the fields that people fill in, their types and their bounds.

use std::collections::HashSet;

use chrono::NaiveDate;
use indexmap::IndexMap;

use super::{
    Text,
    read::{Draft, code},
};
use crate::{
    DocumentId, FieldId, FormId, TermUnit,
    document::{Fields, Node, Value as Written, code as document_code, did_you_mean, short},
    expression::{Formula, Name, Schema, code as expression_code},
    form::{
        Condition, DateBound, DocumentKind, Field, FieldKind, Form, Number, PaperType, Required,
        Value, read_text,
    },
    jalali::parse_date,
};

const COMMON: &[&str] = &["type", "title", "required", "required_if", "personal"];

/// No bound of a definition speaks of the day on which it is read.
const NO_DAY: NaiveDate = NaiveDate::MIN;

/// Every field of the definition, by name.
#[derive(Default)]
struct Known {
    kinds: IndexMap<FieldId, FieldKind>,
    /// Those that could not be read.
    broken: HashSet<FieldId>,
    /// Those that no rule may read.
    personal: HashSet<FieldId>,
}

/// A `required_if` as it is written, until every field is known.
struct Unresolved<'n> {
    form: FormId,
    field: FieldId,
    path: String,
    node: &'n Node,
}

impl Draft<'_> {
    pub(super) fn forms(&mut self, node: &Node, path: &str) -> Option<IndexMap<FormId, Form>> {
        let mut forms = IndexMap::new();
        let mut unresolved = Vec::new();
        let mut known = Known::default();
        for (name, node) in self.named(node, path, "the forms") {
            let path = self.put(path, name.text, name.place);
            let form = FormId::from(name.text);
            let fields = self.fields(node, &path, &form, &mut known, &mut unresolved);
            forms.insert(form, Form { fields });
        }
        for unresolved in unresolved {
            let required = self.required_if(&unresolved, &known);
            let field = forms
                .get_mut(&unresolved.form)
                .and_then(|form| form.fields.get_mut(&unresolved.field));
            if let Some(field) = field {
                field.required = required;
            }
        }
        self.formulas(node, &mut forms);
        Some(forms)
    }

    /// Reads how fields are computed, once every field is known.
    fn formulas(&mut self, node: &Node, forms: &mut IndexMap<FormId, Form>) {
        let mut written: Vec<(FormId, FieldId, &Node)> = Vec::new();
        for form in node.as_mapping().unwrap_or_default() {
            for field in form.value.as_mapping().unwrap_or_default() {
                let keys = field.value.as_mapping().unwrap_or_default();
                let formula = keys.iter().find(|key| key.key == "computed");
                let known = forms.get(form.key.as_str()).map(|form| &form.fields);
                let known = known.and_then(|fields| fields.get(field.key.as_str()));
                if let (Some(formula), Some(_)) = (formula, known) {
                    let (form, field) = (form.key.as_str().into(), field.key.as_str().into());
                    written.push((form, field, &formula.value));
                }
            }
        }
        let schema = Schema::of_forms(forms, None);
        for (place, (form, field, node)) in written.iter().enumerate() {
            let Some(formula) = self.formula(node, &schema, forms, form, field) else { continue };
            // Not even by way of others can a field follow from itself.
            let later = written[place..].iter().map(|(_, field, _)| field);
            let names = formula.names();
            let used = |field: &FieldId| {
                names
                    .iter()
                    .any(|name| matches!(name, Name::Field(known) if **known == *field.as_str()))
            };
            if let Some(later) = later.into_iter().find(|field| used(field)) {
                let message = match later == field {
                    true => format!("'{field}' cannot follow from itself"),
                    false => format!("'{later}' is computed only after '{field}'"),
                };
                let help = "a field is computed out of those that stand before it";
                self.reader.error_with_help(code::FOLLOWS_LATER, node.place, message, help);
                continue;
            }
            let field = forms.get_mut(form).and_then(|form| form.fields.get_mut(field));
            if let Some(field) = field {
                field.computed = Some(formula);
            }
        }
    }

    fn formula(
        &mut self,
        node: &Node,
        schema: &Schema,
        forms: &IndexMap<FormId, Form>,
        form: &FormId,
        field: &FieldId,
    ) -> Option<Formula> {
        let FieldKind::Number { decimals, .. } = forms.get(form)?.fields.get(field)?.kind else {
            return None;
        };
        let text = self.reader.string(node, "the formula")?;
        if !self.has_room(node, text) {
            return None;
        }
        match Formula::compile(text, schema, decimals) {
            Ok(formula) => Some(formula),
            Err(faults) => {
                self.expression_faults(node, faults);
                None
            }
        }
    }

    pub(super) fn documents(
        &mut self,
        node: &Node,
        path: &str,
    ) -> Option<IndexMap<DocumentId, DocumentKind>> {
        let mut documents = IndexMap::new();
        for (name, node) in self.named(node, path, "the documents") {
            let path = self.put(path, name.text, name.place);
            match self.document(node, &path) {
                Some(document) => {
                    documents.insert(name.text.into(), document);
                }
                None => self.break_at(&path),
            }
        }
        Some(documents)
    }

    fn document(&mut self, node: &Node, path: &str) -> Option<DocumentKind> {
        let what = "a document";
        let keys = ["title", "verified_by", "valid_for", "copies", "types", "max_mb", "times"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let title = self.title(&fields, path, what);
        let verified_by = self.optional(&fields, "verified_by", path, Self::role);
        let valid_for = self.optional(&fields, "valid_for", path, |draft, node, _| {
            let term = draft.reader.positive_term(node, "the validity")?;
            if term.unit == TermUnit::Days {
                return Some(term);
            }
            let message = "the validity of a paper counts in days from its issue";
            let help = "write it as '90 d' or '3 mo'";
            let code = document_code::NOT_A_TERM;
            draft.reader.error_with_help(code, node.place, message, help);
            None
        });
        let copies = self.optional(&fields, "copies", path, |draft, node, _| {
            draft.reader.integer(node, "the number of copies", 1..=100)
        });
        let types = self.optional(&fields, "types", path, |draft, node, _| draft.types(node));
        let megabytes = self.optional(&fields, "max_mb", path, |draft, node, _| {
            draft.reader.integer(node, "the length in megabytes", 1..=1_000)
        });
        let times = self.optional(&fields, "times", path, |draft, node, _| {
            draft.reader.integer(node, "how often the paper is handed in", 1..=100)
        });
        Some(DocumentKind {
            title,
            verified_by,
            valid_for,
            copies: copies.unwrap_or(1),
            types: types.unwrap_or_default(),
            longest: megabytes.map(|count| u64::from(count) * 1024 * 1024),
            times,
        })
    }

    /// One type of file, or more.
    fn types(&mut self, node: &Node) -> Option<Vec<PaperType>> {
        let items = self.reader.list_or_one(node, "the types of files");
        if matches!(&node.value, Written::Sequence(items) if items.is_empty()) {
            self.reader.error(document_code::EMPTY_VALUE, node.place, "the list is empty");
        }
        let choices = PaperType::ALL.map(|one| (one.name(), one));
        let mut types: Vec<PaperType> = items
            .iter()
            .map(|item| self.reader.choice(item, "a type of file", &choices))
            .collect::<Option<_>>()?;
        types.sort_unstable();
        types.dedup();
        (!types.is_empty()).then_some(types)
    }

    /// `{ charter: required, photos: optional }`.
    pub(super) fn checklist(
        &mut self,
        node: &Node,
        path: &str,
    ) -> Option<IndexMap<DocumentId, bool>> {
        let mut list = IndexMap::new();
        for (name, node) in self.named(node, path, "the documents") {
            let path = self.put(path, name.text, name.place);
            let choices = [("required", true), ("optional", false)];
            match self.reader.choice(node, "'required' or 'optional'", &choices) {
                Some(required) => {
                    list.insert(name.text.into(), required);
                }
                None => self.break_at(&path),
            }
        }
        Some(list)
    }

    /// The name of a form, where one is filled in.
    pub(super) fn form_name(&mut self, node: &Node, _: &str) -> Option<FormId> {
        self.reader.name(node, "the form").map(|name| name.text.into())
    }

    fn fields<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        form: &FormId,
        known: &mut Known,
        unresolved: &mut Vec<Unresolved<'n>>,
    ) -> IndexMap<FieldId, Field> {
        let mut fields = IndexMap::new();
        for (name, node) in self.named(node, path, "the fields of a form") {
            let path = self.put(path, name.text, name.place);
            let Some(field) = self.field(node, &path) else {
                self.break_at(&path);
                known.broken.insert(name.text.into());
                continue;
            };
            if field.personal {
                known.personal.insert(name.text.into());
            }
            known.kinds.insert(name.text.into(), field.kind.clone());
            let condition = node
                .as_mapping()
                .and_then(|entries| entries.iter().find(|entry| entry.key == "required_if"));
            if let Some(entry) = condition {
                let path = self.put(&path, "required_if", entry.key_place);
                let (form, field) = (form.clone(), name.text.into());
                unresolved.push(Unresolved { form, field, path, node: &entry.value });
            }
            fields.insert(name.text.into(), field);
        }
        fields
    }

    fn field(&mut self, node: &Node, path: &str) -> Option<Field> {
        let at = self.place(path);
        let what = "a field";
        // Which keys there are follows from the type.
        let named = node.as_mapping()?.iter().find(|entry| entry.key == "type");
        let named = named.and_then(|entry| entry.value.as_str());
        let more: &[&str] = match named {
            Some("text" | "money" | "date") => &["min", "max"],
            Some("number") => &["min", "max", "decimals", "computed"],
            Some("choice") => &["choices"],
            Some(known) if FieldKind::NAMES.contains(&known) => &[],
            _ => &["min", "max", "decimals", "computed", "choices"],
        };
        let keys: Vec<&str> = COMMON.iter().chain(more).copied().collect();
        let fields = self.reader.mapping(node, at, what, &keys)?;
        let title = self.title(&fields, path, what);
        let kind = self.required(&fields, "type", path, what, |draft, node, _| {
            let names: Vec<_> = FieldKind::NAMES.iter().map(|name| (*name, *name)).collect();
            draft.reader.choice(node, "a type of field", &names)
        });
        let required = self.optional(&fields, "required", path, |draft, node, _| {
            draft.reader.yes_or_no(node, "'required'")
        });
        if let (Some(_), Some(second)) = (required, fields.entry("required_if")) {
            let message = "a field is required, or required if something holds, but not both";
            let help = "take one of 'required' and 'required_if' out";
            self.reader.error_with_help(code::EXACTLY_ONE, second.key_place, message, help);
        }
        let required = if required == Some(true) { Required::Always } else { Required::No };
        let asked = fields.entry("required").or(fields.entry("required_if"));
        if let (Some(_), Some(entry)) = (fields.entry("computed"), asked) {
            let message = "nobody fills in a field that is computed";
            let help = "take one of the two out";
            self.reader.error_with_help(code::EXACTLY_ONE, entry.key_place, message, help);
        }
        let personal = self.optional(&fields, "personal", path, |draft, node, _| {
            draft.reader.yes_or_no(node, "'personal'")
        });
        if let (Some(true), Some(entry)) = (personal, fields.entry("personal")) {
            let why = match kind {
                Some("file") => {
                    Some("the content of a file is kept apart, and cannot be personal here")
                }
                _ if fields.get("computed").is_some() => {
                    Some("what is computed out of other fields cannot be personal")
                }
                _ => None,
            };
            if let Some(why) = why {
                let help = "take 'personal' out";
                self.reader.error_with_help(expression_code::PERSONAL, entry.key_place, why, help);
            }
        }
        let kind = self.kind(kind?, &fields, path)?;
        let personal = personal == Some(true);
        Some(Field { title, kind, required, computed: None, personal })
    }

    fn kind(&mut self, name: &str, fields: &Fields<'_>, path: &str) -> Option<FieldKind> {
        Some(match name {
            "text" => {
                let mut length = |key| {
                    self.optional(fields, key, path, |draft, node, _| {
                        draft.reader.integer(node, "the length of a text", 1..=4_000)
                    })
                };
                FieldKind::Text { min: length("min"), max: length("max") }
            }
            "number" => {
                let decimals = self.optional(fields, "decimals", path, |draft, node, _| {
                    let most = u32::from(Number::MOST_DECIMALS);
                    draft.reader.integer(node, "the digits after the point", 0..=most)
                });
                let decimals = decimals.and_then(|count| u8::try_from(count).ok()).unwrap_or(0);
                let kind = FieldKind::Number { min: None, max: None, decimals };
                let mut bound = |key| match self.value(fields, key, path, &kind) {
                    Some(Value::Number(number)) => Some(number),
                    _ => None,
                };
                FieldKind::Number { min: bound("min"), max: bound("max"), decimals }
            }
            "money" => {
                let kind = FieldKind::Money { min: None, max: None };
                let mut bound = |key| match self.value(fields, key, path, &kind) {
                    Some(Value::Money(rials)) => Some(rials),
                    _ => None,
                };
                FieldKind::Money { min: bound("min"), max: bound("max") }
            }
            "date" => {
                let mut bound = |key| self.optional(fields, key, path, Self::date_bound);
                FieldKind::Date { min: bound("min"), max: bound("max") }
            }
            "choice" => {
                let what = "a choice";
                let choices = self.required(fields, "choices", path, what, Self::choices);
                FieldKind::Choice { choices: choices? }
            }
            "national_id" => FieldKind::NationalId,
            "legal_id" => FieldKind::LegalId,
            "phone" => FieldKind::Phone,
            "file" => FieldKind::File,
            _ => FieldKind::YesNo,
        })
    }

    /// A bound, written as an officer would type it.
    fn value(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        path: &str,
        kind: &FieldKind,
    ) -> Option<Value> {
        self.optional(fields, key, path, |draft, node, _| draft.value_of(node, kind))
    }

    fn value_of(&mut self, node: &Node, kind: &FieldKind) -> Option<Value> {
        let text = self.reader.string(node, "a value")?;
        if let FieldKind::Choice { choices } = kind {
            // In a definition what is chosen is named, not described.
            let hint = match did_you_mean(text, choices.keys().map(String::as_str)) {
                _ if choices.contains_key(text) => return Some(Value::Choice(text.to_owned())),
                Some(meant) => format!(": did you mean '{meant}'?"),
                None => String::new(),
            };
            let message = format!("'{}' is not one of the choices{hint}", short(text));
            self.reader.error(code::NOT_A_VALUE, node.place, message);
            return None;
        }
        match read_text(kind, text, NO_DAY) {
            Ok(value) => Some(value),
            Err((_, Text { en, .. })) => {
                let name = kind.name();
                let message = format!("this does not fit a field of the type '{name}': {en}");
                self.reader.error(code::NOT_A_VALUE, node.place, message);
                None
            }
        }
    }

    /// `1403/01/01`, `2024-03-20` or `today`.
    fn date_bound(&mut self, node: &Node, _: &str) -> Option<DateBound> {
        let text = self.reader.string(node, "a date")?;
        if text == "today" {
            return Some(DateBound::Today);
        }
        match parse_date(text) {
            Ok(day) => Some(DateBound::Day(day)),
            Err(error) => {
                let help = "write 1403/12/30, 2025-03-20 or 'today'";
                let message = error.to_string();
                self.reader.error_with_help(code::NOT_A_VALUE, node.place, message, help);
                None
            }
        }
    }

    fn choices(&mut self, node: &Node, path: &str) -> Option<IndexMap<String, Text>> {
        let mut choices = IndexMap::new();
        for (name, node) in self.named(node, path, "the choices") {
            let path = self.put(path, name.text, name.place);
            match self.reader.text(node, name.place, "the title") {
                Some(title) => {
                    choices.insert(name.text.to_owned(), title);
                }
                None => self.break_at(&path),
            }
        }
        Some(choices)
    }

    /// `{ legal_form: charity }`, or several values: `{ level: [county, province] }`.
    fn required_if(&mut self, unresolved: &Unresolved<'_>, known: &Known) -> Required {
        let Unresolved { path, node, field, .. } = unresolved;
        let mut conditions = Vec::new();
        for (name, node) in self.named(node, path, "the condition") {
            let path = self.put(path, name.text, name.place);
            let kind = known.kinds.get(name.text).filter(|_| field.as_str() != name.text);
            let Some(kind) = kind else {
                let names = known.kinds.keys().filter(|name| *name != field).map(FieldId::as_str);
                let message = match did_you_mean(name.text, names) {
                    _ if field.as_str() == name.text => {
                        "a field cannot be required because of what it holds itself".to_owned()
                    }
                    Some(meant) => {
                        format!("unknown field '{}': did you mean '{meant}'?", name.text)
                    }
                    None => format!("unknown field '{}'", name.text),
                };
                if !known.broken.contains(name.text) {
                    self.reader.error(code::UNKNOWN_FIELD, name.place, message);
                }
                self.break_at(&path);
                continue;
            };
            if known.personal.contains(name.text) {
                let message = format!("'{}' is personal: a condition cannot read it", name.text);
                let help = "ask for what the condition needs in a field of its own";
                self.reader.error_with_help(expression_code::PERSONAL, name.place, message, help);
                self.break_at(&path);
                continue;
            }
            let items = self.reader.list_or_one(node, "the values");
            let values: Vec<_> =
                items.iter().filter_map(|item| self.value_of(item, kind)).collect();
            if values.is_empty() {
                self.break_at(&path);
                continue;
            }
            conditions.push(Condition { field: name.text.into(), values });
        }
        match conditions.is_empty() {
            true => Required::No,
            false => Required::If(conditions),
        }
    }
}
