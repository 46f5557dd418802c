//! Who may do what with the resources that are no cases: rows of the matrix, and what they ask for.

use chrono::TimeDelta;
use parvaneh_core::SittingId;
use parvaneh_store::NewSittings;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    sittings::HEARING,
    store_fixture::{Office, PROVINCE, holder, start},
    web_matrix::{Cells, Let},
};

/// A sitting of the commission of the province.
const SITTING: Uuid = Uuid::from_u128(0x5177);

/// What everybody asks for besides cases: a sitting in ten days.
pub(crate) async fn furnish(office: &Office) {
    let store = &office.store;
    store.publish_definition(&"hearing".into(), 1, HEARING).await.unwrap();
    let sitting = (SittingId(SITTING), start() + TimeDelta::days(10));
    let sittings = NewSittings {
        unit: PROVINCE.into(),
        members: "commission_member".into(),
        sittings: vec![sitting],
        cut_off: None,
        place: "Hall".to_owned(),
        capacity: 3,
        skip_closed: false,
    };
    store.plan_sittings(holder("secretariat"), sittings).await.unwrap();
}

pub(crate) fn rows() -> Vec<Cells> {
    let row = |operation: &'static str, path: &str, body: Value, lets: Let| Cells {
        operation,
        path: path.to_owned(),
        body: Some(body).filter(|body| !body.is_null()),
        lets,
    };
    let none = Value::Null;
    let reason = || json!({ "reason": "because" });
    let sitting = format!("/sittings/{SITTING}");
    vec![
        row("get /sittings", "/sittings", none.clone(), Let::Everybody),
        row("get /sittings/room", "/sittings/room", none.clone(), Let::Everybody),
        row(
            "get /sittings/{id}",
            &sitting,
            none.clone(),
            Let::Hidden(&["own province", "own auditor"]),
        ),
        row(
            "post /sittings",
            "/sittings",
            json!({ "unit": PROVINCE, "members": "commission_member", "place": "Hall",
                    "capacity": 3, "at": ["2024-05-10T06:30:00Z"] }),
            Let::Once(&["own province"]),
        ),
        row(
            "post /sittings/{id}/minutes",
            &format!("{sitting}/minutes"),
            json!({ "minutes": "1403/1" }),
            Let::Of(&["own province"], &["own auditor"]),
        ),
        row(
            "post /sittings/{id}/cancellation",
            &format!("{sitting}/cancellation"),
            reason(),
            Let::Of(&["own province"], &["own auditor"]),
        ),
    ]
}
