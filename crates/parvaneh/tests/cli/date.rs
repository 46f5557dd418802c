//! `parvaneh date`.

use super::parvaneh;

#[test]
fn a_day_is_shown_in_both_calendars() {
    for asked in ["1403/12/30", "1403-12-30", "۱۴۰۳/۱۲/۳۰", "2025-03-20", "2025/03/20"] {
        let day = parvaneh(["date", asked, "--json"]).ends(0).json();
        assert_eq!(day["jalali"], "1403/12/30", "{asked}");
        assert_eq!(day["gregorian"], "2025-03-20", "{asked}");
        assert_eq!(day["weekday"]["en"], "Thursday", "{asked}");
        assert_eq!(day["weekday"]["fa"], "پنجشنبه", "{asked}");
        assert_eq!(day["leap_year"], true, "{asked}");
        assert_eq!(day["working_day"], false, "{asked}");
    }
}

#[test]
fn people_read_why_a_day_is_not_worked() {
    let text = parvaneh(["date", "1404/01/01"]).ends(0).out;
    for part in ["1404/01/01", "2025-03-21", "Friday", "جمعه", "weekly day off", "Nowruz"] {
        assert!(text.contains(part), "'{part}' is missing: {text}");
    }
    let persian = parvaneh(["date", "1404/01/02", "--lang", "fa"]).ends(0).out;
    assert!(persian.contains("عید نوروز") && !persian.contains("Nowruz"), "{persian}");
}

#[test]
fn a_working_day_has_hours() {
    let day = parvaneh(["date", "1403/12/26", "--json"]).ends(0).json();
    assert_eq!(day["working_day"], true);
    let hours = day["open"].as_array().expect("hours are a list");
    assert!(!hours.is_empty());
    assert!(hours.iter().all(|hours| hours["opens"].as_str() < hours["closes"].as_str()));
}

#[test]
fn leap_years_are_the_astronomical_ones() {
    for (year, leap) in [(1399, true), (1403, true), (1404, false), (1407, false), (1408, true)] {
        let run = parvaneh(["date", &format!("{year}/12/30"), "--json"]);
        if leap {
            run.ends(0);
        } else {
            assert_eq!(run.ends(1).error_code(), "no-such-day", "{year}");
        }
    }
}

#[test]
fn what_is_no_date_is_an_error() {
    for (text, code) in [
        ("1403/13/01", "no-such-month"),
        ("1403/07/31", "no-such-day"),
        ("1404/12/30", "no-such-day"),
        ("2025-02-29", "no-such-day"),
        ("2025-00-10", "no-such-month"),
        ("0000/01/01", "year-out-of-range"),
        ("yesterday", "not-a-date"),
        ("", "not-a-date"),
        ("1403/12", "not-a-date"),
        ("14031230", "not-a-date"),
        ("1403/12/30/1", "not-a-date"),
        ("99999999999/1/1", "not-a-date"),
    ] {
        let run = parvaneh(["date", text, "--json"]).ends(1);
        assert_eq!(run.error_code(), code, "{text}");
        assert_eq!(run.out, "", "{text}");
    }
    let told = parvaneh(["date", "1404/12/30"]).ends(1).err;
    assert!(told.starts_with("error[no-such-day]:") && told.contains("not a leap year"), "{told}");
}

#[test]
fn without_a_date_it_is_today() {
    let day = parvaneh(["date", "--json"]).ends(0).json();
    let today = day["gregorian"].as_str().expect("a date").to_owned();
    assert!(today.as_str() > "2025-01-01" && today.len() == 10, "{today}");
}

#[test]
fn a_day_beyond_the_calendar_is_not_said_to_be_worked() {
    let day = parvaneh(["date", "2400-01-01", "--json"]).ends(0).json();
    assert_eq!(day["working_day"], serde_json::Value::Null);
    let later = parvaneh(["date", "1410/02/15", "--json"]).ends(0).json();
    assert_eq!(later["beyond_published"], true);
}

#[test]
fn several_dates_are_a_list() {
    let days = parvaneh(["date", "1403/01/01", "1403/01/02", "--json"]).ends(0).json();
    assert_eq!(days.as_array().map(Vec::len), Some(2));
}

#[test]
fn an_unknown_unit_or_calendar_is_an_error() {
    let unit = parvaneh(["date", "1403/01/01", "--unit", "nowhere", "--json"]).ends(1);
    assert_eq!(unit.error_code(), "unknown-unit");
    let calendar = parvaneh(["date", "1403/01/01", "--calendar", "mars", "--json"]).ends(1);
    assert_eq!(calendar.error_code(), "unknown-calendar");
}
