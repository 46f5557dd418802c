//! The names of all facts, as the type itself has them: a list of its own would forget one.

use std::fmt;

use serde::{
    Deserialize,
    de::{Error, value::MapDeserializer},
};

use crate::Fact;

/// What reading a fact of an unknown kind says: which kinds there are.
#[derive(Debug)]
struct Expected(&'static [&'static str]);

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no kind of fact")
    }
}

impl std::error::Error for Expected {}

impl Error for Expected {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}

impl Fact {
    /// Every name that [`Fact::kind`] can give.
    pub fn kinds() -> &'static [&'static str] {
        let none = [("type", "")].into_iter();
        match Self::deserialize(MapDeserializer::<_, Expected>::new(none)) {
            Err(Expected(kinds)) => kinds,
            Ok(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_name() {
        let kinds = Fact::kinds();
        assert!(kinds.len() >= 16, "{kinds:?}");
        let fact = Fact::Commented { text: "x".to_owned() };
        assert!(
            kinds.contains(&fact.kind()) && kinds.contains(&"silence_took_effect"),
            "{kinds:?}"
        );
        // What `kind` says is written there by hand: it says it of each.
        let source = include_str!("event.rs");
        for kind in kinds {
            assert!(source.contains(&format!("=> \"{kind}\"")), "Fact::kind says '{kind}'");
        }
    }
}
