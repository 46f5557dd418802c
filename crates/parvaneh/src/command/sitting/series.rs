//! A series in words: `every 2 weeks on Tuesday 10:00`.

use chrono::{NaiveTime, Weekday};

/// A rhythm: every so many weeks, on that weekday, at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rhythm {
    pub(crate) weeks: u32,
    pub(crate) weekday: Weekday,
    pub(crate) time: NaiveTime,
}

const WEEKDAYS: [(Weekday, &str, &str); 7] = [
    (Weekday::Sat, "saturday", "شنبه"),
    (Weekday::Sun, "sunday", "یکشنبه"),
    (Weekday::Mon, "monday", "دوشنبه"),
    (Weekday::Tue, "tuesday", "سهشنبه"),
    (Weekday::Wed, "wednesday", "چهارشنبه"),
    (Weekday::Thu, "thursday", "پنجشنبه"),
    (Weekday::Fri, "friday", "جمعه"),
];

/// Reads `every week on Tuesday 10:00` or `every 2 weeks on سه‌شنبه 10:00`.
pub(crate) fn parse(text: &str) -> Result<Rhythm, String> {
    let form = || format!("'{text}' is no series: write 'every 2 weeks on Tuesday 10:00'");
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().filter(|word| *word != "at").collect();
    let (weeks, day, time) = match words[..] {
        ["every", "week", "on", day, time] => (1, day, time),
        ["every", weeks, "weeks" | "week", "on", day, time] => {
            (weeks.parse().map_err(|_| form())?, day, time)
        }
        _ => return Err(form()),
    };
    if !(1..=52).contains(&weeks) {
        return Err("a series is every 1 to 52 weeks".to_owned());
    }
    // Persian names are written with or without the joiner.
    let day: String = day.chars().filter(|letter| !matches!(letter, '\u{200c}' | '-')).collect();
    let is = |(_, english, persian): &&(Weekday, &str, &str)| {
        day == *persian || day == *english || day == english[..3]
    };
    let weekday = WEEKDAYS.iter().find(is).map(|(weekday, ..)| *weekday);
    let weekday = weekday.ok_or_else(|| format!("'{day}' is no weekday: write Tuesday, say"))?;
    let time = NaiveTime::parse_from_str(time, "%H:%M")
        .map_err(|_| format!("'{time}' is no time of day: write 10:00, say"))?;
    Ok(Rhythm { weeks, weekday, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_read_in_words() {
        let ten = NaiveTime::from_hms_opt(10, 0, 0).expect("a time");
        let table = [
            ("every week on Tuesday 10:00", Some((1, Weekday::Tue))),
            ("every 2 weeks on tue at 10:00", Some((2, Weekday::Tue))),
            ("every 3 weeks on سه‌شنبه 10:00", Some((3, Weekday::Tue))),
            ("every 1 week on شنبه 10:00", Some((1, Weekday::Sat))),
            ("every 0 weeks on Monday 10:00", None),
            ("every two weeks on Monday 10:00", None),
            ("every week on Someday 10:00", None),
            ("every week on Monday 25:00", None),
            ("weekly", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(weeks, weekday)| Rhythm { weeks, weekday, time: ten });
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
