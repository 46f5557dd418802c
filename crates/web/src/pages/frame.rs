//! What surrounds every page: the bars, the places that a role needs, language and theme.

use askama::{Template, filters::HtmlSafe};
use parvaneh_core::{Grant, definition::Text};
use parvaneh_store::Viewer;

use super::{Look, assets, look::Theme, sandbox::SandboxBar, top::Top};
use crate::{
    App, policy,
    problem::Problem,
    say::{Said, Words},
};

/// A place to which the side leads.
pub(super) struct Place {
    /// Its address.
    pub(super) address: &'static str,
    /// The symbol in `frame.html` that stands before its name.
    pub(super) icon: &'static str,
    /// What it is called.
    pub(super) name: fn(Words) -> Said,
    /// Who needs it.
    pub(super) for_whom: fn(&Viewer) -> bool,
}

/// The places, in the order of the side. Where somebody comes after he has logged in is the first
/// that he needs.
static PLACES: &[Place] = &[
    Place {
        address: "/my",
        icon: "desk",
        name: |words| words.t("place-my"),
        for_whom: applies_only,
    },
    Place {
        address: "/worklist",
        icon: "list",
        name: |words| words.t("place-worklist"),
        for_whom: works_on_cases,
    },
    Place {
        address: "/inquiries",
        icon: "inquiries",
        name: |words| words.t("place-inquiries"),
        for_whom: super::inquiries::answers,
    },
    Place {
        address: "/dashboard",
        icon: "figures",
        name: |words| words.t("place-dashboard"),
        for_whom: super::dashboard::sees_figures,
    },
    Place {
        address: "/cases",
        icon: "cases",
        name: |words| words.t("place-cases"),
        for_whom: |viewer| !viewer.reach.jurisdictions.is_empty(),
    },
    Place {
        address: "/sittings",
        icon: "sittings",
        name: |words| words.t("place-sittings"),
        for_whom: super::sittings::sees_any,
    },
    Place {
        address: "/admin",
        icon: "admin",
        name: |words| words.t("place-admin"),
        for_whom: super::admin::administers,
    },
    Place {
        address: "/audit",
        icon: "lens",
        name: |words| words.t("place-audit"),
        for_whom: audits,
    },
    Place {
        address: "/",
        icon: "desk",
        name: |words| words.t("place-desk"),
        for_whom: |viewer| !applies_only(viewer),
    },
];

/// Who has a role in a procedure, or has been lent one.
pub(super) fn works_on_cases(viewer: &Viewer) -> bool {
    let own = |grant: &Grant| policy::ROLES.contains(&grant.role.as_str());
    let held = viewer.actor.grants.iter().filter(|grant| !own(grant));
    held.chain(viewer.actor.lent.iter().map(|lent| &lent.grant))
        .any(|grant| !is_body(viewer, grant))
}

/// Whether a role is that of another body: who holds it sees no case.
pub(super) fn is_body(viewer: &Viewer, grant: &Grant) -> bool {
    viewer.reach.bodies.iter().any(|body| body.role == grant.role)
}

/// Who is an auditor somewhere.
fn audits(viewer: &Viewer) -> bool {
    policy::permit_somewhere(viewer, policy::Task::Audit).is_ok()
}

/// Who holds nothing and is lent nothing: he is here as an applicant.
pub(super) fn applies_only(viewer: &Viewer) -> bool {
    viewer.actor.lent.is_empty() && viewer.actor.grants.is_empty()
}

/// A place as the side shows it.
#[derive(Clone, Debug)]
pub(crate) struct PlaceShown {
    pub(super) address: &'static str,
    pub(super) icon: &'static str,
    pub(super) name: String,
    /// Whether the reader is there.
    current: bool,
}

/// A role that somebody holds, as he reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleShown {
    /// What it is called.
    pub(crate) role: String,
    /// Where he holds it.
    pub(crate) unit: String,
}

/// What surrounds a page for who has come in.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    /// His name.
    pub(super) name: String,
    /// What he holds.
    pub(super) roles: Vec<RoleShown>,
    /// What is lent to him now.
    pub(super) lent: Vec<RoleShown>,
    places: Vec<PlaceShown>,
    sandbox: Option<SandboxBar>,
    top: Top,
}

impl Inside {
    /// By what he acts, where he holds one role; of several, the first.
    pub(crate) fn acting(&self) -> impl Iterator<Item = &RoleShown> {
        self.roles.iter().take(1)
    }

    /// The places other than that one.
    pub(super) fn places_beside(&self, address: &str) -> Vec<PlaceShown> {
        self.places.iter().filter(|place| place.address != address).cloned().collect()
    }

    pub(super) async fn of(app: &App, viewer: &Viewer, look: &Look) -> Result<Self, Problem> {
        let person = app.store.person(viewer.actor.person).await?;
        let person = person.ok_or_else(Problem::unauthenticated)?;
        let words = look.words;
        let grants = viewer.actor.grants.iter();
        let lent =
            viewer.actor.lent.iter().filter(|lent| (lent.starts..lent.until).contains(&viewer.now));
        let path = look.here.split('?').next().unwrap_or_default();
        let places = PLACES.iter().filter(|place| (place.for_whom)(viewer)).map(|place| {
            let below = || place.address != "/" && path.starts_with(place.address);
            PlaceShown {
                address: place.address,
                icon: place.icon,
                name: (place.name)(words).into(),
                current: path == place.address || below(),
            }
        });
        Ok(Self {
            name: person.name,
            roles: grants.map(|grant| role(viewer, grant, words)).collect(),
            lent: lent.map(|lent| role(viewer, &lent.grant, words)).collect(),
            places: places.collect(),
            sandbox: SandboxBar::of(app, viewer, words).await?,
            top: Top::of(app, viewer, words).await?,
        })
    }
}

/// A role and its unit in words.
pub(super) fn role(viewer: &Viewer, grant: &Grant, words: Words) -> RoleShown {
    let unit = viewer.organisation.get(&grant.unit);
    let title = |title: &Text| words.of(title).to_owned();
    let own = match grant.role.as_str() {
        policy::ADMINISTRATOR => Some(words.t("role-administrator")),
        policy::MANAGER => Some(words.t("role-manager")),
        policy::AUDITOR => Some(words.t("role-auditor")),
        parvaneh_store::CALENDAR_KEEPER => Some(words.t("role-calendar-keeper")),
        _ => None,
    };
    RoleShown {
        role: own.map(String::from).unwrap_or_else(|| {
            let role = viewer.role_title(&grant.role).as_ref().map(title);
            role.unwrap_or_else(|| grant.role.to_string())
        }),
        unit: unit.map_or_else(|| grant.unit.to_string(), |unit| title(&unit.title)),
    }
}

/// The bars around a page. Written once and not into each page, which would all be compiled anew.
#[derive(Template)]
#[template(path = "parts/bars.html")]
struct Bars<'f> {
    frame: &'f Frame,
}

impl HtmlSafe for Bars<'_> {}

/// By how many days the bar of a sandbox moves its clock.
const SANDBOX_DAYS: [i64; 2] = [1, 10];

/// What surrounds a page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    look: Look,
    title: String,
    inside: Option<Inside>,
}

impl Frame {
    pub(super) fn inside(look: Look, title: impl Into<String>, inside: Inside) -> Self {
        Self { look, title: title.into(), inside: Some(inside) }
    }

    /// For who has not come in, or is not known.
    pub(super) fn outside(look: Look, title: impl Into<String>) -> Self {
        Self { look, title: title.into(), inside: None }
    }

    /// The bars, for `frame.html`.
    pub(crate) fn bars(&self) -> impl HtmlSafe {
        Bars { frame: self }
    }

    /// Whether somebody has come in.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside.is_some()
    }

    /// A text, for templates: see [`Words::t`].
    pub(crate) fn t(&self, key: &'static str) -> Said {
        self.look.words.t(key)
    }

    /// The language.
    pub(crate) fn words(&self) -> Words {
        self.look.words
    }

    /// The title of the page.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The address of a file under `assets/`, which changes with the file.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The theme, as a page carries it.
    pub(crate) fn theme(&self) -> &'static str {
        self.look.theme.name()
    }

    /// Where the reader is.
    pub(crate) fn here(&self) -> &str {
        &self.look.here
    }

    /// The language to which the reader can change.
    pub(crate) fn other_language(&self) -> (&'static str, Said) {
        match self.look.words.is_persian() {
            true => ("en", self.t("language-english")),
            false => ("fa", self.t("language-persian")),
        }
    }

    /// The themes, and which is in use.
    pub(crate) fn themes(&self) -> [(&'static str, Said, bool); 3] {
        let name = |theme| match theme {
            Theme::System => self.t("theme-system"),
            Theme::Light => self.t("theme-light"),
            Theme::Dark => self.t("theme-dark"),
        };
        [Theme::System, Theme::Light, Theme::Dark]
            .map(|theme| (theme.name(), name(theme), theme == self.look.theme))
    }
}
