//! Reads a calendar file, and tells everything that is wrong with it at once.
//!
//! ```yaml
//! calendar: ir
//! title: { fa: تقویم, en: Calendar }
//! zone: Asia/Tehran
//! day_ends: close_of_business          # or: midnight
//! published: { from: 1402/01/01, until: 1405/12/29 }
//! sources: { gazette: { title: The gazette, url: 'https://…', licence: … } }
//! within: { '2301': '23' }             # units with rows of their own that lie in another such unit
//! hours:                               # weekly hours; a weekday that is not named is off
//!   - { name: { fa: …, en: … }, from: …, until: …, week: { sat-wed: [08:00-12:00, 13:00-16:00] }, … }
//! holidays:
//!   - { name: …, date: 1403/01/01, kind: solar_fixed, … }
//! closures:                            # of a date, or from one to another; of whole days, or of hours
//!   - { name: …, date: 1403/11/01, hours: 11:00-24:00, unit: '23', … }
//! working_days:                        # worked although they would be closed
//!   - { name: …, date: 1403/10/07, hours: 08:00-12:00, … }
//! ```
//!
//! Every row also has `certainty`, `source` (keys of `sources`, or addresses; not needed for an
//! assumption), and if it is not for the whole nation `unit` (with all that lies in it) or `office`
//! (that unit's own office only). Dates may be in either calendar.

mod row;

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use super::source::{
    CalendarSource, Citation, Closure, DayEnds, ExtraWorkingDay, Holiday, HolidayKind, Published,
    Scope, WeeklyHours,
};
use crate::{
    CalendarId, UnitId,
    document::{Fields, Node, Place, Problem, Reader, did_you_mean, has_errors, short},
};

/// The codes that only calendar files can raise.
pub mod code {
    crate::document::codes! {
        NOT_A_DATE = "not-a-date", "A date is not one, or there is no such day.";
        DATE_OUT_OF_REACH = "date-out-of-reach", "A date lies before 1900 or after 2299.";
        DATES_REVERSED = "dates-reversed", "A row ends before it begins.";
        NOT_A_ZONE = "not-a-zone", "A time zone is not in the time zone database.";
        NOT_HOURS = "not-hours", "Hours are not of the form `07:30-14:30`, or close before they open.";
        OVERLAPPING_HOURS = "overlapping-hours", "Two stretches of hours of one day overlap.";
        NOT_WEEKDAYS = "not-weekdays", "A key is not a weekday (`sat`) or a stretch of weekdays (`sat-wed`).";
        WEEKDAY_TWICE = "weekday-twice", "A row tells the hours of one weekday twice.";
        NO_WORKING_DAY = "no-working-day", "The calendar has no working day.";
        HOURS_TWICE = "hours-twice", "Two rows of weekly hours begin on the same date in the same place.";
        UNKNOWN_SOURCE = "unknown-source", "A row cites a source that the file does not list.";
        NOT_A_UNIT = "not-a-unit", "A unit is not written with letters, digits, '-' and '_'.";
        UNIT_CIRCLE = "unit-circle", "A unit lies in itself, by way of others.";
        TOO_MANY_ROWS = "too-many-rows", "The file closes more days, or has rows for more units, than are worth compiling.";
    }
}

/// How many closed days all closures of a file may have together.
const MAX_CLOSED_DAYS: i64 = 50_000;
/// For how many units a file may have rows.
const MAX_UNITS: usize = 600;

impl CalendarSource {
    /// Reads a calendar file. `file` only names it in problems.
    ///
    /// # Errors
    /// Every problem of the file, when one of them makes it unusable.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let (reader, root) = Reader::open(file, text);
        let mut parse = Parse { reader, cited: BTreeSet::new(), scopes: BTreeSet::new() };
        let source = root.and_then(|root| parse.calendar(&root));
        let problems = parse.reader.finish();
        match source {
            Some(source) if !has_errors(&problems) => Ok(source.of_text(text)),
            _ => Err(problems),
        }
    }
}

struct Parse<'s> {
    reader: Reader<'s>,
    /// The keys of the sources that the file lists.
    cited: BTreeSet<String>,
    scopes: BTreeSet<Scope>,
}

impl Parse<'_> {
    fn calendar(&mut self, root: &Node) -> Option<CalendarSource> {
        let keys = [
            "calendar",
            "title",
            "zone",
            "day_ends",
            "published",
            "sources",
            "within",
            "hours",
            "holidays",
            "closures",
            "working_days",
        ];
        let top = Place { start: root.place.start, end: root.place.start };
        let fields = self.reader.mapping(root, top, "a calendar", &keys)?;
        let id = self.required(&fields, "calendar", "a calendar");
        let id = id.and_then(|node| self.reader.name(node, "the calendar's name"));
        let title = self.required(&fields, "title", "a calendar");
        let title = title.and_then(|node| self.reader.text(node, node.place, "the title"));
        let zone = self.required(&fields, "zone", "a calendar").and_then(|node| self.zone(node));
        let ends = self.required(&fields, "day_ends", "a calendar").and_then(|node| {
            let choices = [DayEnds::CloseOfBusiness, DayEnds::Midnight];
            self.reader.choice(node, "an end of a day", &choices.map(|ends| (ends.as_str(), ends)))
        });
        let citations = self.citations(&fields);
        self.cited = citations.iter().map(|(key, _)| key.clone()).collect();
        let within = self.within(&fields);
        let published = self.published(&fields);
        let weekly = self.weekly(&fields);
        let holidays = self.holidays(&fields);
        let closures = self.closures(&fields);
        let extra = self.extra(&fields);
        let works = weekly.iter().any(|row| row.week.iter().any(|hours| !hours.is_empty()));
        if !works && extra.is_empty() && !self.reader.has_errors() {
            let place = fields.entry("hours").map_or(top, |entry| entry.key_place);
            let message = "the calendar has no working day";
            let help = "write the hours of a week: hours: [{ name: …, week: { sat-wed: 07:30-14:30 }, … }]";
            self.reader.error_with_help(code::NO_WORKING_DAY, place, message, help);
        }
        if self.scopes.len() > MAX_UNITS {
            let message = format!("rows for more than {MAX_UNITS} units");
            self.reader.error(code::TOO_MANY_ROWS, top, message);
        }
        let mut source = CalendarSource::new(CalendarId::from(id?.text), zone?, ends?);
        source.set_title(title?);
        if let Some(published) = published {
            source.set_published(published);
        }
        for (key, citation) in citations {
            source.cite(key, citation);
        }
        for (unit, parent) in within {
            source.set_within(unit, parent);
        }
        weekly.into_iter().for_each(|row| _ = source.add_weekly_hours(row));
        holidays.into_iter().for_each(|row| _ = source.add_holiday(row));
        closures.into_iter().for_each(|row| _ = source.add_closure(row));
        extra.into_iter().for_each(|row| _ = source.add_extra_working_day(row));
        Some(source)
    }

    fn required<'n>(&mut self, fields: &Fields<'n>, key: &str, what: &str) -> Option<&'n Node> {
        self.reader.required(fields, key, what)
    }

    fn zone(&mut self, node: &Node) -> Option<Tz> {
        let text = self.reader.string(node, "the time zone")?;
        let zone = text.parse::<Tz>().ok();
        if zone.is_none() {
            let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let help = match did_you_mean(text, names()) {
                Some(meant) => format!("did you mean '{meant}'?"),
                None => "write a name of the time zone database, such as Asia/Tehran".to_owned(),
            };
            let message = format!("'{}' is not a time zone", short(text));
            self.reader.error_with_help(code::NOT_A_ZONE, node.place, message, help);
        }
        zone
    }

    fn citations(&mut self, fields: &Fields<'_>) -> Vec<(String, Citation)> {
        let Some(entry) = fields.entry("sources") else { return Vec::new() };
        let named = self.reader.named(&entry.value, entry.key_place, "the list of sources");
        let mut citations = Vec::new();
        for (name, node) in named {
            let keys = ["title", "url", "licence"];
            let Some(fields) = self.reader.mapping(node, name.place, "a source", &keys) else {
                continue;
            };
            let title = self.required(&fields, "title", "a source");
            let title = title.and_then(|node| self.reader.string(node, "the title"));
            let url = fields.get("url").and_then(|node| self.reader.string(node, "the address"));
            let licence =
                fields.get("licence").and_then(|node| self.reader.string(node, "the licence"));
            if let Some(title) = title {
                let citation = Citation {
                    title: title.to_owned(),
                    url: url.map(str::to_owned),
                    licence: licence.map(str::to_owned),
                };
                citations.push((name.text.to_owned(), citation));
            }
        }
        citations
    }

    fn within(&mut self, fields: &Fields<'_>) -> BTreeMap<UnitId, UnitId> {
        let mut within = BTreeMap::new();
        let Some(entry) = fields.entry("within") else { return within };
        let what = "what lies in what";
        let entries = self.reader.entries(&entry.value, entry.key_place, what).unwrap_or_default();
        for entry in entries {
            let unit = self.unit_name(&entry.key, entry.key_place);
            if let Some((unit, parent)) = unit.zip(self.unit(&entry.value)) {
                within.insert(unit, parent);
            }
        }
        for entry in entries {
            let mut at = within.get(entry.key.as_str());
            for _ in 0..within.len() {
                let Some(unit) = at else { break };
                if unit.as_str() == entry.key {
                    let message = format!("'{unit}' lies in itself");
                    self.reader.error(code::UNIT_CIRCLE, entry.key_place, message);
                    break;
                }
                at = within.get(unit);
            }
        }
        within
    }

    fn published(&mut self, fields: &Fields<'_>) -> Option<Published> {
        let entry = fields.entry("published")?;
        let what = "the published dates";
        let fields =
            self.reader.mapping(&entry.value, entry.key_place, what, &["from", "until"])?;
        let from = self.required(&fields, "from", what).and_then(|node| self.date(node));
        let until = self.required(&fields, "until", what);
        let until = until.and_then(|node| Some((self.date(node)?, node.place)));
        let ((until, place), from) = until.zip(from)?;
        self.ordered(from, until, place).then_some(Published { from, until })
    }

    fn weekly(&mut self, fields: &Fields<'_>) -> Vec<WeeklyHours> {
        let mut rows: Vec<WeeklyHours> = Vec::new();
        let Some(node) = self.required(fields, "hours", "a calendar") else { return rows };
        for item in self.reader.list(node, "the hours") {
            let what = "a row of weekly hours";
            let Some((fields, notice)) = self.row(item, what, &["from", "until", "week"]) else {
                continue;
            };
            let from = fields.get("from").and_then(|node| self.date(node));
            let until = fields.get("until").and_then(|node| Some((self.date(node)?, node.place)));
            let in_order = match (from, until) {
                (Some(from), Some((until, place))) => self.ordered(from, until, place),
                _ => true,
            };
            let week = self.required(&fields, "week", what).and_then(|node| self.week(node));
            let (Some(notice), Some(week), true) = (notice, week, in_order) else { continue };
            let twin = rows.iter().any(|row| row.notice.scope == notice.scope && row.from == from);
            if twin {
                let place = fields.entry("from").map_or(fields.at, |entry| entry.value.place);
                let message =
                    "another row of weekly hours begins on the same date in the same place";
                let help = "of two rows the one that begins later counts: let them begin on \
                            different dates";
                self.reader.error_with_help(code::HOURS_TWICE, place, message, help);
                continue;
            }
            let until = until.map(|(until, _)| until);
            rows.push(WeeklyHours { notice: notice.into(), from, until, week });
        }
        rows
    }

    fn holidays(&mut self, fields: &Fields<'_>) -> Vec<Holiday> {
        let mut rows = Vec::new();
        for item in self.items(fields, "holidays") {
            let Some((fields, notice)) = self.row(item, "a holiday", &["date", "kind"]) else {
                continue;
            };
            let date = self.required(&fields, "date", "a holiday");
            let kind = fields
                .get("kind")
                .and_then(|node| self.reader.choice(node, "a kind of holiday", &HolidayKind::ALL));
            if let Some((date, notice)) = date.and_then(|node| self.date(node)).zip(notice) {
                rows.push(Holiday { notice: notice.into(), date, kind });
            }
        }
        rows
    }

    fn closures(&mut self, fields: &Fields<'_>) -> Vec<Closure> {
        let mut rows = Vec::new();
        let mut days = 0;
        for item in self.items(fields, "closures") {
            let what = "a closure";
            let keys = ["date", "from", "until", "hours"];
            let Some((fields, notice)) = self.row(item, what, &keys) else { continue };
            let (first, last) = match (fields.entry("date"), fields.entry("from")) {
                (Some(_), Some(entry)) => {
                    let message = "a closure has a date, or a first and a last one: not both";
                    self.reader.error(crate::document::code::UNKNOWN_KEY, entry.key_place, message);
                    continue;
                }
                (None, Some(first)) => (Some(&first.value), self.required(&fields, "until", what)),
                (date, None) => match date {
                    Some(date) => (Some(&date.value), Some(&date.value)),
                    None => (self.required(&fields, "date", what), None),
                },
            };
            let from = first.and_then(|node| self.date(node));
            let same = first.zip(last).is_some_and(|(first, last)| std::ptr::eq(first, last));
            let until = if same { from } else { last.and_then(|node| self.date(node)) };
            let hours = fields.get("hours").map(|node| self.hours(node));
            let (Some(notice), Some(from), Some(until), Some(last)) = (notice, from, until, last)
            else {
                continue;
            };
            if self.ordered(from, until, last.place) {
                days += (until - from).num_days() + 1;
                rows.push(Closure { notice: notice.into(), from, until, hours });
            }
            if days > MAX_CLOSED_DAYS {
                let message = format!("the closures have more than {MAX_CLOSED_DAYS} days");
                let help = "change the weekly hours where an office stays closed for years";
                self.reader.error_with_help(code::TOO_MANY_ROWS, last.place, message, help);
                break;
            }
        }
        rows
    }

    fn extra(&mut self, fields: &Fields<'_>) -> Vec<ExtraWorkingDay> {
        let mut rows = Vec::new();
        for item in self.items(fields, "working_days") {
            let what = "an extra working day";
            let Some((fields, notice)) = self.row(item, what, &["date", "hours"]) else { continue };
            let date = self.required(&fields, "date", what).and_then(|node| self.date(node));
            let hours = self.required(&fields, "hours", what).map(|node| self.hours(node));
            if let ((Some(date), Some(hours)), Some(notice)) = ((date, hours), notice) {
                rows.push(ExtraWorkingDay { notice: notice.into(), date, hours });
            }
        }
        rows
    }

    fn items<'n>(&mut self, fields: &Fields<'n>, key: &str) -> &'n [Node] {
        fields.get(key).map_or(&[], |node| self.reader.list(node, &format!("'{key}'")))
    }
}
