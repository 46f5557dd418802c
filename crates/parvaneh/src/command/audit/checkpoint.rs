//! `parvaneh audit checkpoint`: what the log says of itself, to be kept elsewhere.

use serde_json::json;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::Output,
};

/// Print the latest checkpoint that was signed, to be kept elsewhere: on paper, or by --since later
///
/// It is a signed note: the log's name, how many events it holds, their root, and the signature. Whoever keeps it can
/// later prove that nothing was taken away and nothing changed of what was there. Confirmations of witnesses stand
/// below it.
#[derive(Debug, clap::Args)]
pub(crate) struct Checkpoint {
    /// Also as a QR code, for paper
    #[arg(long)]
    qr: bool,
}

impl Checkpoint {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let Some(checkpoint) = store.checkpoint().await? else {
                return Err(Failure::no("no-checkpoint", "nothing has been signed yet").help(
                    "a worker seals and has it signed, where there is a signer: docs/OPERATIONS.md",
                ));
            };
            // Of witnesses who have confirmed this very one, their lines.
            let confirmed = store.witnesses().await?;
            let confirmed = confirmed.iter().filter(|row| row.size == checkpoint.size);
            let mut note = checkpoint.note.clone();
            for row in confirmed {
                let line = row.note.lines().find(|line| {
                    line.strip_prefix("\u{2014} ").is_some_and(|rest| {
                        rest.strip_prefix(&row.witness).is_some_and(|rest| rest.starts_with(' '))
                    })
                });
                if let Some(line) = line {
                    note.push_str(line);
                    note.push('\n');
                }
            }
            if out.json {
                return out.document(&json!({
                    "size": checkpoint.size,
                    "note": note,
                    "signed_at": checkpoint.signed_at.to_rfc3339(),
                    "key": store.signer_key().await?,
                }));
            }
            out.line(note.trim_end())?;
            match self.qr {
                true => out.line(format!("\n{}", drawn(&note)?)),
                false => Ok(()),
            }
        })
    }
}

/// The code in half blocks, dark on light, with the quiet zone around it.
fn drawn(text: &str) -> Result<String, Failure> {
    let code = fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::L).build();
    let code = code.map_err(|error| Failure::internal(format!("no QR code: {error:?}")))?;
    let size = code.size as i64;
    let dark = |row: i64, column: i64| {
        (0..size).contains(&row)
            && (0..size).contains(&column)
            && code[row as usize][column as usize].value()
    };
    let mut lines = String::new();
    for row in (-4..size + 4).step_by(2) {
        for column in -4..size + 4 {
            // What is light is drawn: terminals are dark, and paper shows it as it stands.
            lines.push(match (dark(row, column), dark(row + 1, column)) {
                (true, true) => ' ',
                (true, false) => '▄',
                (false, true) => '▀',
                (false, false) => '█',
            });
        }
        lines.push('\n');
    }
    Ok(lines)
}
