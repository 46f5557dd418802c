use super::*;
use crate::document::{Problem, has_errors};

/// The definition that is shipped.
const SHIPPED: &str = include_str!("../../../../workflows/ngo-establishment/v1.yaml");
const FILE: &str = "workflows/ngo-establishment/v1.yaml";

fn rendered(problems: &[Problem], source: &str) -> String {
    problems.iter().map(|problem| problem.render(source) + "\n").collect()
}

#[test]
fn the_shipped_definition_is_sound() {
    let checked = Definition::check(FILE, SHIPPED, Some(&["ir"]));
    assert!(!has_errors(&checked.problems), "{}", rendered(&checked.problems, SHIPPED));
    insta::assert_snapshot!(rendered(&checked.problems, SHIPPED));
}
