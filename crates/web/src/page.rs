//! Pages of lists: how long they are, where the next one begins, how many there are in all.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Problem;

/// How many a page has, where nobody says.
const USUAL: u32 = 50;
/// How many it has at most.
const MOST: u32 = 200;
/// Up to how many are counted.
pub(crate) const MOST_COUNTED: u32 = 1_000;

/// The length of a page.
///
/// # Errors
/// `parameter_invalid` outside 1 to 200.
pub(crate) fn length(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(USUAL);
    match (1..=MOST).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::parameter("limit", "is 1 to 200")),
    }
}

/// The end of a page, as it is handed out: what the list is ordered by, of its last row.
pub(crate) fn end(of: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(of).unwrap_or_default())
}

/// Where a page goes on.
///
/// # Errors
/// `parameter_invalid` for what was not handed out by [`end`].
pub(crate) fn after<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let read = URL_SAFE_NO_PAD.decode(text).ok();
    // What holds U+0000 was not handed out, and must not reach the database.
    let read = read.filter(|bytes| !String::from_utf8_lossy(bytes).contains("\\u0000"));
    let read = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    read.map(Some).ok_or_else(no_end)
}

/// What was handed out by nobody as the end of a page.
pub(crate) fn no_end() -> Problem {
    Problem::parameter("after", "is no end of a page")
}

/// Of one row more than a page has: the page, and its last row when another page follows.
pub(crate) fn cut<T>(mut rows: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    (rows, more)
}

/// How many there are, counted up to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u32);

impl Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 > MOST_COUNTED {
            false => self.0.to_string().serialize(serializer),
            true => format!("{MOST_COUNTED}+").serialize(serializer),
        }
    }
}

impl PartialSchema for Count {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([0-9]+|1000\\+)$"))
            .description(Some("How many there are in all: exact up to 1,000, then `1000+`."))
            .examples(["37", "1000+"])
            .build()
            .into()
    }
}

impl ToSchema for Count {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Count")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_page_is_read_again_and_nothing_else_is() {
        let of = ("1403".to_owned(), 7_u32);
        assert_eq!(after::<(String, u32)>(Some(&end(&of))).unwrap(), Some(of));
        assert_eq!(after::<(String, u32)>(None).unwrap(), None);
        for wrong in ["", "x", "e30", &end(&"one"), &end(&("a\0b", 7))] {
            let problem = after::<(String, u32)>(Some(wrong)).unwrap_err();
            assert_eq!(problem.code, "parameter_invalid", "{wrong}");
        }
    }

    #[test]
    fn what_is_many_is_not_counted() {
        for (count, told) in [(0, "0"), (1_000, "1000"), (1_001, "1000+"), (9_999, "1000+")] {
            assert_eq!(serde_json::to_value(Count(count)).unwrap(), told);
        }
    }
}
