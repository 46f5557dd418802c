//! Where somebody comes after he has logged in: what he holds, and the places that he needs.

use askama::Template;
use axum::response::Response;

use super::{
    Frame,
    frame::{PlaceShown, RoleShown, applies_only},
    page,
    routes::Pages,
    see,
    visit::Visit,
};
use crate::problem::Problem;

pub(super) fn pages() -> Pages {
    Pages::default().get("/", home)
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    name: String,
    roles: Vec<RoleShown>,
    lent: Vec<RoleShown>,
    places: Vec<PlaceShown>,
}

async fn home(visit: Visit) -> Result<Response, Problem> {
    if applies_only(&visit.viewer) {
        return Ok(see("/my"));
    }
    let frame = visit.frame(visit.look.words.t("place-desk"));
    let inside = visit.inside();
    let home = Home {
        name: inside.name.clone(),
        roles: inside.roles.clone(),
        lent: inside.lent.clone(),
        places: inside.places_beside("/"),
        frame,
    };
    page(&visit.look, &home)
}
