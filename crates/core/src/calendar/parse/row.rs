//! What the rows of a calendar file are made of.

use chrono::{Datelike, NaiveDate, Weekday};

use super::{Parse, code};
use crate::{
    UnitId,
    calendar::source::{Certainty, Hours, Notice, Scope},
    document::{Fields, Node, Place, did_you_mean, short},
    jalali::parse_date,
};

const WEEK: [(&str, Weekday); 7] = [
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
];

const CERTAINTIES: [(&str, Certainty); 8] = [
    ("fixed", Certainty::Fixed),
    ("confirmed", Certainty::Confirmed),
    ("announced", Certainty::Announced),
    ("sourced", Certainty::Sourced),
    ("estimated", Certainty::Estimated),
    ("single_source", Certainty::SingleSource),
    ("disputed", Certainty::Disputed),
    ("assumption", Certainty::Assumption),
];

/// The keys that every row has beside its own.
const NOTICE: [&str; 6] = ["name", "unit", "office", "certainty", "source", "note"];

impl Parse<'_> {
    pub(super) fn week(&mut self, node: &Node) -> Option<[Vec<Hours>; 7]> {
        let mut week: [Option<Vec<Hours>>; 7] = Default::default();
        for entry in self.reader.entries(node, node.place, "the week")? {
            let Some(days) = weekdays(&entry.key) else {
                let message =
                    format!("'{}' is not a weekday or a stretch of weekdays", short(&entry.key));
                let help = "write sat, sun, mon, tue, wed, thu, fri, or a stretch such as sat-wed";
                let place = entry.key_place;
                self.reader.error_with_help(code::NOT_WEEKDAYS, place, message, help);
                continue;
            };
            let hours = self.hours(&entry.value);
            for day in days {
                let of_day = &mut week[day.num_days_from_monday() as usize];
                if of_day.is_some() {
                    let message = format!("the hours of {day} stand here a second time");
                    self.reader.error(code::WEEKDAY_TWICE, entry.key_place, message);
                }
                *of_day = Some(hours.clone());
            }
        }
        Some(week.map(Option::unwrap_or_default))
    }

    pub(super) fn hours(&mut self, node: &Node) -> Vec<Hours> {
        let mut hours: Vec<(Hours, Place)> = Vec::new();
        for item in self.reader.list_or_one(node, "the hours") {
            let Some(text) = self.reader.string(item, "a stretch of hours") else { continue };
            match text.parse::<Hours>() {
                Ok(stretch) => hours.push((stretch, item.place)),
                Err(message) => self.reader.error(code::NOT_HOURS, item.place, message),
            }
        }
        hours.sort_by_key(|(stretch, _)| *stretch);
        for pair in hours.windows(2) {
            let ((one, _), (other, place)) = (pair[0], pair[1]);
            if other.opens < one.closes {
                let message = format!("{other} overlaps {one}");
                self.reader.error(code::OVERLAPPING_HOURS, place, message);
            }
        }
        hours.into_iter().map(|(stretch, _)| stretch).collect()
    }

    /// The keys of a row, and what all rows have.
    pub(super) fn row<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        keys: &[&str],
    ) -> Option<(Fields<'n>, Option<Notice>)> {
        let keys: Vec<&str> = keys.iter().chain(&NOTICE).copied().collect();
        let start = Place { start: node.place.start, end: node.place.start + 1 };
        let fields = self.reader.mapping(node, start, what, &keys)?;
        let name = self.required(&fields, "name", what);
        let name = name.and_then(|node| self.reader.text(node, node.place, "the name"));
        let scope = self.scope(&fields);
        let certainty = self.required(&fields, "certainty", what);
        let certainty =
            certainty.and_then(|node| self.reader.choice(node, "a certainty", &CERTAINTIES));
        let sources = match fields.get("source") {
            Some(node) => self.sources(node),
            None => {
                if certainty.is_some_and(|certainty| certainty != Certainty::Assumption) {
                    self.required(&fields, "source", what);
                }
                Vec::new()
            }
        };
        let note = fields.get("note").and_then(|node| self.reader.string(node, "the note"));
        let note = note.map(str::to_owned);
        let notice = match (name, scope, certainty) {
            (Some(name), Some(scope), Some(certainty)) => {
                Some(Notice { name, scope, certainty, sources, note })
            }
            _ => None,
        };
        Some((fields, notice))
    }

    fn scope(&mut self, fields: &Fields<'_>) -> Option<Scope> {
        let scope = match (fields.entry("unit"), fields.entry("office")) {
            (None, None) => return Some(Scope::Nation),
            (Some(_), Some(office)) => {
                let message = "a row is for a unit with all that lies in it, or for its own \
                               office: not both";
                let code = crate::document::code::UNKNOWN_KEY;
                self.reader.error(code, office.key_place, message);
                return None;
            }
            (Some(unit), None) => Scope::Unit(self.unit(&unit.value)?),
            (None, Some(office)) => Scope::Office(self.unit(&office.value)?),
        };
        self.scopes.insert(scope.clone());
        Some(scope)
    }

    pub(super) fn unit(&mut self, node: &Node) -> Option<UnitId> {
        let text = self.reader.string(node, "a unit")?;
        self.unit_name(text, node.place)
    }

    pub(super) fn unit_name(&mut self, text: &str, place: Place) -> Option<UnitId> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.is_empty() || text.len() > 64 || !text.bytes().all(fits) {
            let message = format!("'{}' cannot be a unit", short(text));
            let help = "units are written with letters a-z, digits, '-' and '_': '23'";
            self.reader.error_with_help(code::NOT_A_UNIT, place, message, help);
            return None;
        }
        Some(UnitId::from(text))
    }

    fn sources(&mut self, node: &Node) -> Vec<String> {
        let mut sources = Vec::new();
        for item in self.reader.list_or_one(node, "the sources") {
            let Some(text) = self.reader.string(item, "a source") else { continue };
            if !text.contains("://") && !self.cited.contains(text) {
                let help = match did_you_mean(text, self.cited.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean '{meant}'?"),
                    None => "add it to 'sources', or write an address (https://…)".to_owned(),
                };
                let message = format!("unknown source '{}'", short(text));
                let place = item.place;
                self.reader.error_with_help(code::UNKNOWN_SOURCE, place, message, help);
            }
            sources.push(text.to_owned());
        }
        sources
    }

    pub(super) fn date(&mut self, node: &Node) -> Option<NaiveDate> {
        let text = self.reader.string(node, "a date")?;
        match parse_date(text) {
            Ok(date) if (1900..=2299).contains(&date.year()) => Some(date),
            Ok(_) => {
                let message = "a calendar reaches from 1900 to 2299";
                self.reader.error(code::DATE_OUT_OF_REACH, node.place, message);
                None
            }
            Err(error) => {
                self.reader.error(code::NOT_A_DATE, node.place, error.to_string());
                None
            }
        }
    }

    pub(super) fn ordered(&mut self, from: NaiveDate, until: NaiveDate, place: Place) -> bool {
        if until < from {
            let message = format!("the last date lies before the first, {from}");
            self.reader.error(code::DATES_REVERSED, place, message);
        }
        from <= until
    }
}

/// The days of `sat`, or of `sat-wed`. A week begins on Saturday here, and a stretch may go around.
fn weekdays(text: &str) -> Option<Vec<Weekday>> {
    let place = |text: &str| WEEK.iter().position(|(name, _)| *name == text);
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (place(first)?, place(last)?),
        None => (place(text)?, place(text)?),
    };
    let length = (last + 7 - first) % 7 + 1;
    Some((first..first + length).map(|day| WEEK[day % 7].1).collect())
}
