//! Finds a calendar by its file or identifier, and compiles it for a unit.

use std::{collections::HashMap, path::Path};

use parvaneh_core::{Calendar, CalendarSource, Calendars, UnitId, calendar::DayEnds};

use crate::{
    builtin,
    failure::Failure,
    source::{not_sound, read},
};

/// A calendar, as the program carries it or as a file tells it.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Compiled for every unit.
    pub(crate) calendars: Calendars,
    /// SHA-256 of the file's bytes.
    pub(crate) version: String,
}

impl Loaded {
    /// The calendar of a unit; without one, the nation's.
    ///
    /// # Errors
    /// `unknown-unit`.
    pub(crate) fn of(&self, unit: Option<&UnitId>) -> Result<&Calendar, Failure> {
        let Some(unit) = unit else { return Ok(self.calendars.national()) };
        let path = builtin::path_of(unit);
        if path.is_empty() {
            return Err(Failure::no("unknown-unit", format!("there is no unit '{unit}'")).help(
                "a province has its two-digit code (23 is Tehran), a county four digits (2301), \
                 the nation is 'ir'",
            ));
        }
        Ok(self.calendars.for_unit(path.into_iter()))
    }
}

/// Loads a calendar: a file, when there is one of that name, else the calendar of that identifier
/// which the program carries.
///
/// # Errors
/// `unknown-calendar`, `cannot-read`, `not-sound`.
pub(crate) fn load(file_or_id: &str) -> Result<Loaded, Failure> {
    if file_or_id == "ir" {
        return compile(builtin::CALENDAR_IR_FILE, builtin::CALENDAR_IR);
    }
    let looks_like_file = file_or_id.contains(['/', '.']) || Path::new(file_or_id).exists();
    if !looks_like_file {
        let message = format!("there is no calendar '{file_or_id}'");
        return Err(Failure::no("unknown-calendar", message)
            .help("give the path of a calendar file, or 'ir', which the program carries"));
    }
    match read(file_or_id) {
        Ok(source) => compile(file_or_id, &source),
        Err(problem) => Err(not_sound("calendar", file_or_id, None, vec![*problem])),
    }
}

fn compile(file: &str, source: &str) -> Result<Loaded, Failure> {
    let mut calendar = CalendarSource::parse(file, source)
        .map_err(|problems| not_sound("calendar", file, Some(source), problems))?;
    let version = calendar.version().to_owned();
    // So that the rows of a province apply in its counties, also in one with rows of its own.
    for (unit, parent) in builtin::parents() {
        if let Some(parent) = parent {
            calendar.set_within(unit.clone(), parent.clone());
        }
    }
    Ok(Loaded { calendars: Calendars::compile(calendar), version })
}

/// Calendars that were loaded before, for the rows of a batch.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    loaded: HashMap<String, Result<Loaded, Failure>>,
    other_ends: HashMap<(String, Option<UnitId>, DayEnds), Calendar>,
}

impl Shelf {
    /// The calendar of a unit, with another end of the day where one is wanted.
    ///
    /// # Errors
    /// As [`load`] and [`Loaded::of`].
    pub(crate) fn get(
        &mut self,
        file_or_id: &str,
        unit: Option<&UnitId>,
        day_ends: Option<DayEnds>,
    ) -> Result<&Calendar, Failure> {
        let name = file_or_id.to_owned();
        let loaded = self.loaded.entry(name).or_insert_with(|| load(file_or_id));
        let calendar = loaded.as_ref().map_err(Clone::clone)?.of(unit)?;
        Ok(match day_ends {
            Some(day_ends) if day_ends != calendar.day_ends() => self
                .other_ends
                .entry((file_or_id.to_owned(), unit.cloned(), day_ends))
                .or_insert_with(|| calendar.with_day_ends(day_ends)),
            _ => calendar,
        })
    }

    /// The version of a calendar that was asked for.
    pub(crate) fn version(&self, file_or_id: &str) -> Option<&str> {
        Some(&self.loaded.get(file_or_id)?.as_ref().ok()?.version)
    }
}
