//! A calendar as data: what somebody published, row by row, each with its source.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{Arc, OnceLock},
};

use chrono::{Datelike, NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{CalendarId, UnitId, definition::Text};

/// At which instant of its last day a term of calendar days (`d`) ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayEnds {
    /// When the office closes on that day.
    CloseOfBusiness,
    /// When that day is over: the first instant of the next day.
    Midnight,
}

impl DayEnds {
    /// The word in a calendar file and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloseOfBusiness => "close_of_business",
            Self::Midnight => "midnight",
        }
    }
}

impl fmt::Display for DayEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DayEnds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "close_of_business" => Ok(Self::CloseOfBusiness),
            "midnight" => Ok(Self::Midnight),
            other => Err(format!("'{other}': write close_of_business or midnight")),
        }
    }
}

/// Where a row applies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everywhere.
    Nation,
    /// In one unit and in every unit that lies in it.
    Unit(UnitId),
    /// In the unit's own office only, not in the units that lie in it: the ministry's headquarters,
    /// say, whose hours are not those of the provinces.
    Office(UnitId),
}

/// How sure a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Follows from the calendar itself, such as Nowruz.
    Fixed,
    /// Past, and independent sources agree.
    Confirmed,
    /// Officially announced; a lunar day may still move with the sighting of the moon.
    Announced,
    /// Stated by a source that the row names.
    Sourced,
    /// Computed; nobody official has published it.
    Estimated,
    /// Only one source has it.
    SingleSource,
    /// Sources contradict each other.
    Disputed,
    /// Nobody published it: assumed by whoever wrote the calendar.
    Assumption,
}

/// What a row is called, where it applies, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What people call it.
    pub name: Text,
    /// Where it applies.
    pub scope: Scope,
    /// How sure it is.
    pub certainty: Certainty,
    /// The keys of the sources that have it, or their addresses.
    pub sources: Vec<String>,
    /// A remark for whoever reads the calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A local time of day, to the minute: `07:30`; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// `hour` from 0 to 24 and `minute` from 0 to 59, at most 24:00.
    pub fn new(hour: u16, minute: u16) -> Option<Self> {
        (minute < 60 && hour <= 24 && hour * 60 + minute <= 1440)
            .then_some(Self(hour * 60 + minute))
    }

    /// Minutes since the day began by the clock on the wall.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let two = |part: &str| {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Self::new(two(hour)?, two(minute)?))
            .ok_or_else(|| format!("'{text}' is not a time of day: write 07:30, at most 24:00"))
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One stretch of local time: from `opens` up to `closes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hours {
    /// When it begins.
    pub opens: TimeOfDay,
    /// When it ends; after `opens`.
    pub closes: TimeOfDay,
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.opens, self.closes)
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (opens, closes) = text
            .split_once('-')
            .ok_or_else(|| format!("'{text}' is not a stretch of time: write 07:30-14:30"))?;
        let hours = Self { opens: opens.trim().parse()?, closes: closes.trim().parse()? };
        if hours.opens >= hours.closes {
            return Err(format!("'{text}' closes before it opens"));
        }
        Ok(hours)
    }
}

/// The opening hours of a week, for the dates on which the row is valid.
///
/// A row tells the whole week: a weekday without hours is a weekly day off. Of the rows that are
/// valid on a date, the one of the narrowest scope counts, and of those the one that begins last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyHours {
    /// Where it applies and who says so.
    pub notice: Arc<Notice>,
    /// The first date on which it is valid; without it, ever since.
    pub from: Option<NaiveDate>,
    /// The last date on which it is valid; without it, until further notice.
    pub until: Option<NaiveDate>,
    /// The hours of Monday, Tuesday, … Sunday.
    pub week: [Vec<Hours>; 7],
}

impl WeeklyHours {
    /// The same `hours` on each of `days`, ever since and until further notice.
    pub fn on(notice: Notice, days: &[Weekday], hours: &[Hours]) -> Self {
        let mut week: [Vec<Hours>; 7] = Default::default();
        for day in days {
            week[day.num_days_from_monday() as usize] = hours.to_vec();
        }
        Self { notice: Arc::new(notice), from: None, until: None, week }
    }

    /// Only valid from the first to the last of these dates.
    pub fn valid(mut self, from: Option<NaiveDate>, until: Option<NaiveDate>) -> Self {
        self.from = from;
        self.until = until;
        self
    }

    /// The hours of one date's weekday.
    pub(super) fn of(&self, date: NaiveDate) -> &[Hours] {
        &self.week[date.weekday().num_days_from_monday() as usize]
    }

    /// Whether the row is valid on a date.
    pub(super) fn covers(&self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

/// A day on which offices are closed by the published calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    /// What it is, where, and who says so.
    pub notice: Arc<Notice>,
    /// The date.
    pub date: NaiveDate,
    /// By what it comes about, when the calendar says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<HolidayKind>,
}

/// By what a holiday comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidayKind {
    /// The same day of every solar year.
    SolarFixed,
    /// The last day of a leap year.
    SolarLeapDay,
    /// A day of the lunar year.
    Lunar,
    /// Decided for this one time.
    OneOff,
}

impl HolidayKind {
    /// The words in a calendar file.
    pub(super) const ALL: [(&str, Self); 4] = [
        ("solar_fixed", Self::SolarFixed),
        ("solar_leap_day", Self::SolarLeapDay),
        ("lunar", Self::Lunar),
        ("one_off", Self::OneOff),
    ];
}

/// A closure by decision: of whole days (cold, heat, a funeral), or of some hours of each day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Why, where, and who decided it.
    pub notice: Arc<Notice>,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    /// The hours of each day that are closed; without them, the whole day.
    pub hours: Option<Vec<Hours>>,
}

/// A day that is worked although it would be closed: in exchange for another day off, say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraWorkingDay {
    /// Why, where, and who decided it.
    pub notice: Arc<Notice>,
    /// The date.
    pub date: NaiveDate,
    /// The hours of that day.
    pub hours: Vec<Hours>,
}

/// The dates for which holidays are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The first such date.
    pub from: NaiveDate,
    /// The last such date.
    pub until: NaiveDate,
}

/// What a source of rows is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// Its title.
    pub title: String,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Under which licence its data may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// A calendar as it was written or published, before it is compiled into [`super::Calendars`].
#[derive(Clone, Debug, Serialize)]
pub struct CalendarSource {
    id: CalendarId,
    title: Text,
    #[serde(serialize_with = "zone_name")]
    zone: Tz,
    day_ends: DayEnds,
    published: Option<Published>,
    citations: BTreeMap<String, Citation>,
    within: BTreeMap<UnitId, UnitId>,
    weekly: Vec<WeeklyHours>,
    holidays: Vec<Holiday>,
    closures: Vec<Closure>,
    extra: Vec<ExtraWorkingDay>,
    /// Of the file's bytes, or of the data when there is no file or it was added to.
    #[serde(skip)]
    version: OnceLock<String>,
}

fn zone_name<S: serde::Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}

impl CalendarSource {
    /// An empty calendar: no working hours yet.
    pub fn new(id: CalendarId, zone: Tz, day_ends: DayEnds) -> Self {
        Self {
            title: Text { fa: id.as_str().to_owned(), en: id.as_str().to_owned() },
            id,
            zone,
            day_ends,
            published: None,
            citations: BTreeMap::new(),
            within: BTreeMap::new(),
            weekly: Vec::new(),
            holidays: Vec::new(),
            closures: Vec::new(),
            extra: Vec::new(),
            version: OnceLock::new(),
        }
    }

    /// The calendar's identifier: `ir`.
    pub fn id(&self) -> &CalendarId {
        &self.id
    }

    /// What people call it.
    pub fn title(&self) -> &Text {
        &self.title
    }

    /// The time zone of its local times.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// At which instant of its last day a `d` term ends.
    pub fn day_ends(&self) -> DayEnds {
        self.day_ends
    }

    /// For which dates holidays are published, when the calendar says so.
    pub fn published(&self) -> Option<Published> {
        self.published
    }

    /// The sources that rows cite by key.
    pub fn citations(&self) -> &BTreeMap<String, Citation> {
        &self.citations
    }

    /// Which unit each unit with rows of its own lies in; see [`Self::set_within`].
    pub fn within(&self) -> &BTreeMap<UnitId, UnitId> {
        &self.within
    }

    /// The rows of weekly hours.
    pub fn weekly_hours(&self) -> &[WeeklyHours] {
        &self.weekly
    }

    /// The rows of holidays; a day can have several.
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    /// The rows of closures.
    pub fn closures(&self) -> &[Closure] {
        &self.closures
    }

    /// The rows of extra working days.
    pub fn extra_working_days(&self) -> &[ExtraWorkingDay] {
        &self.extra
    }

    /// The version: SHA-256, in lowercase hexadecimal, of the file's bytes; of the canonical JSON
    /// of the data when rows were added after reading, or when there was no file.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            // Only strings, numbers and dates are in it: nothing that JSON cannot hold.
            let bytes = serde_json_canonicalizer::to_vec(self)
                .expect("a calendar holds only what JSON can hold");
            hex_sha256(&bytes)
        })
    }

    /// Text the calendar.
    pub fn set_title(&mut self, title: Text) -> &mut Self {
        self.title = title;
        self.changed()
    }

    /// Sets at which instant of its last day a `d` term ends.
    pub fn set_day_ends(&mut self, day_ends: DayEnds) -> &mut Self {
        self.day_ends = day_ends;
        self.changed()
    }

    /// Says for which dates holidays are published.
    pub fn set_published(&mut self, published: Published) -> &mut Self {
        self.published = Some(published);
        self.changed()
    }

    /// Adds a source that rows cite by `key`.
    pub fn cite(&mut self, key: impl Into<String>, citation: Citation) -> &mut Self {
        self.citations.insert(key.into(), citation);
        self.changed()
    }

    /// Says that `unit` lies in `parent`, so that rows of `parent` apply to `unit` too.
    ///
    /// Needed for every unit with rows of its own that does not lie directly in the nation. Saying
    /// it of the whole organisation does no harm.
    pub fn set_within(&mut self, unit: UnitId, parent: UnitId) -> &mut Self {
        self.within.insert(unit, parent);
        self.changed()
    }

    /// Adds a row of weekly hours.
    pub fn add_weekly_hours(&mut self, row: WeeklyHours) -> &mut Self {
        self.weekly.push(row);
        self.changed()
    }

    /// Adds a holiday.
    pub fn add_holiday(&mut self, row: Holiday) -> &mut Self {
        self.holidays.push(row);
        self.changed()
    }

    /// Adds a closure.
    pub fn add_closure(&mut self, row: Closure) -> &mut Self {
        self.closures.push(row);
        self.changed()
    }

    /// Adds an extra working day.
    pub fn add_extra_working_day(&mut self, row: ExtraWorkingDay) -> &mut Self {
        self.extra.push(row);
        self.changed()
    }

    /// The same calendar, with the version of the file that it was read from.
    pub(super) fn of_text(mut self, text: &str) -> Self {
        self.version = OnceLock::from(hex_sha256(text.as_bytes()));
        self
    }

    fn changed(&mut self) -> &mut Self {
        self.version = OnceLock::new();
        self
    }
}

pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
