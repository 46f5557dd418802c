//! `parvaneh config show`.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    output::{Align, Output, Table},
    settings::{Key, Origin, Settings},
};

/// Print every setting, its value and where that comes from; secrets are not shown
#[derive(Debug, clap::Args)]
pub(crate) struct Show {}

impl Show {
    pub(crate) fn run(self, settings: &Settings, out: &Output) -> Result<(), Failure> {
        let rows = settings.keys.iter().map(|key| {
            let (values, origin) = match settings.given(&key.name) {
                Some(given) => (given.values.clone(), given.origin.clone()),
                None => (key.default(), Origin::Default),
            };
            (key, shown(key, &values), origin)
        });
        if out.json {
            let rows: Vec<Value> = rows
                .map(|(key, value, origin)| {
                    json!({
                        "key": key.name,
                        "variable": key.variable,
                        "value": value,
                        "secret": key.is_secret(),
                        "origin": origin.to_json(),
                    })
                })
                .collect();
            return out.document(&json!({ "file": settings.path, "settings": rows }));
        }
        let columns = [("setting", Align::Left), ("value", Align::Left), ("from", Align::Left)];
        let mut table = Table::new(out, &columns);
        for (key, value, origin) in rows {
            table.row([key.name.clone(), value.unwrap_or_default(), origin.to_string()]);
        }
        out.line(table.render("no settings"))
    }
}

fn shown(key: &Key, values: &[String]) -> Option<String> {
    match values {
        [] => None,
        _ if key.is_secret() => Some("(secret)".to_owned()),
        values => Some(values.join(", ")),
    }
}
