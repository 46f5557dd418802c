//! Who looks at a page, and who is not known yet.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
};
use parvaneh_store::Viewer;

use super::{Frame, Look, frame::Inside};
use crate::{
    App,
    auth::{ClientAddress, Principal, Via},
    problem::Problem,
};

/// Somebody in a session who looks at a page. Whoever has none is led to log in.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Who it is.
    pub(crate) caller: Principal,
    /// What he is and sees now.
    pub(crate) viewer: Viewer,
    /// How he wants to see it.
    pub(crate) look: Look,
    inside: Inside,
}

impl Visit {
    /// What surrounds a page with that title.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        Frame::inside(self.look.clone(), title, self.inside.clone())
    }

    /// What surrounds it: who he is, what he holds, where he can go.
    pub(crate) fn inside(&self) -> &Inside {
        &self.inside
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Principal::from_request_parts(parts, app).await?;
        if let Via::Token(..) = caller.via {
            // Machines have the API.
            let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden");
            return Err(problem.because("pages are for people in a session"));
        }
        let viewer = app.viewer(&caller).await?;
        let look = Look::of(&parts.uri, &parts.headers);
        let inside = Inside::of(app, &viewer, &look).await?;
        Ok(Self { caller, viewer, look, inside })
    }
}

/// Somebody who need not have come in: with what a login needs of him.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    /// How he wants to see it.
    pub(crate) look: Look,
    /// What his browser has sent.
    pub(crate) headers: HeaderMap,
    /// From where.
    pub(crate) from: ClientAddress,
}

impl Guest {
    /// What surrounds a page with that title.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        Frame::outside(self.look.clone(), title)
    }
}

impl FromRequestParts<App> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let from = parts.extensions.get().copied().unwrap_or_default();
        let look = Look::of(&parts.uri, &parts.headers);
        Ok(Self { look, headers: parts.headers.clone(), from })
    }
}

/// Anybody: who has come in sees a page of everybody's with his own bars around it.
#[derive(Clone, Debug)]
pub(crate) enum Passer {
    /// Who has come in.
    Known(Box<Visit>),
    /// Who has not.
    Guest(Guest),
}

impl Passer {
    /// How he wants to see it.
    pub(crate) fn look(&self) -> &Look {
        match self {
            Self::Known(visit) => &visit.look,
            Self::Guest(guest) => &guest.look,
        }
    }

    /// What surrounds a page with that title.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        match self {
            Self::Known(visit) => visit.frame(title),
            Self::Guest(guest) => guest.frame(title),
        }
    }
}

impl FromRequestParts<App> for Passer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Visit::from_request_parts(parts, app).await {
            Ok(visit) => Ok(Self::Known(Box::new(visit))),
            // A session that has ended is none.
            Err(problem) if problem.code == "unauthenticated" => {
                Ok(Self::Guest(Guest::from_request_parts(parts, app).await?))
            }
            Err(problem) => Err(problem),
        }
    }
}
