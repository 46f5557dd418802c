//! Stretches of machine time as settings say them: `500ms`, `30s`, `5m`, `12h`, `7d`.

use std::{fmt, str::FromStr, time::Duration};

/// A stretch of time; never longer than ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch(pub(crate) Duration);

/// The units, the longest first, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl FromStr for Stretch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let form = || "write a time like 500ms, 30s, 5m, 12h or 7d".to_owned();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(form)?;
        let number: u64 = number.parse().map_err(|_| form())?;
        match number.checked_mul(unit.1) {
            Some(millis) if millis <= 3_660 * UNITS[0].1 => Ok(Self(Duration::from_millis(millis))),
            _ => Err("at most ten years".to_owned()),
        }
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let whole = |unit: &&(&str, u64)| millis.is_multiple_of(unit.1);
        let (name, unit) = UNITS.iter().find(whole).copied().unwrap_or(("ms", 1));
        // Nothing is a multiple of everything.
        if millis == 0 { f.write_str("0s") } else { write!(f, "{}{name}", millis / unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_read_and_told() {
        for (text, millis, told) in [
            ("500ms", 500, "500ms"),
            ("1500ms", 1_500, "1500ms"),
            ("30s", 30_000, "30s"),
            ("120 s", 120_000, "2m"),
            ("24h", 86_400_000, "1d"),
            ("1095d", 94_608_000_000, "1095d"),
            ("0s", 0, "0s"),
        ] {
            let stretch: Stretch = text.parse().unwrap();
            assert_eq!(
                (stretch.0, stretch.to_string().as_str()),
                (Duration::from_millis(millis), told)
            );
            assert_eq!(told.parse::<Stretch>().unwrap(), stretch);
        }
        for text in ["", "30", "s", "-1s", "1.5s", "30 sec", "3661d", "99999999999999999999d"] {
            assert!(text.parse::<Stretch>().is_err(), "{text}");
        }
    }
}
