//! Comma-separated values (RFC 4180), one event a row.

use parvaneh_core::{RecordedCase, RecordedEvent};

use crate::{
    ExportError, Options,
    cell::text,
    json_lines::{hexadecimal, identifier},
    said::Said,
    sheet::{Column, columns},
    texts::kind_title,
    times::Times,
};

/// The table.
#[derive(Debug)]
pub(crate) struct Csv {
    columns: Vec<Column>,
    times: Times,
    /// What every row of the case begins with.
    of_case: Vec<u8>,
}

impl Csv {
    pub(crate) fn begin(options: Options, times: Times, out: &mut Vec<u8>) -> Self {
        if options.bom {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        let columns = columns(options);
        for (place, (_, header)) in columns.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            text(header, out);
        }
        out.extend_from_slice(b"\r\n");
        let columns = columns.into_iter().map(|(column, _)| column).collect();
        Self { columns, times, of_case: Vec::new() }
    }

    pub(crate) fn event(
        &mut self,
        event: &RecordedEvent<'_>,
        first: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        if first {
            self.of_case.clear();
            of_case(event.case, &mut self.of_case);
        }
        let said = Said::of(event)?;
        out.extend_from_slice(&self.of_case);
        let Self { columns, times, .. } = self;
        let own = columns.iter().filter(|column| !is_of_case(**column));
        for (place, column) in own.enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let given = match column {
                Column::Seq => {
                    number(event.seq, out);
                    None
                }
                Column::EffectiveAt => {
                    times.iso(event.effective_at, out);
                    None
                }
                Column::EffectiveJalali => {
                    times.jalali(event.effective_at, out);
                    None
                }
                Column::RecordedAt => {
                    times.iso(event.recorded_at, out);
                    None
                }
                Column::RecordedJalali => {
                    times.jalali(event.recorded_at, out);
                    None
                }
                Column::Hash => {
                    hexadecimal(&event.hash, out);
                    None
                }
                Column::Task => {
                    if let Some(task) = said.fact.task {
                        number(task, out);
                    }
                    None
                }
                Column::Event => Some(event.kind),
                Column::EventTitle => Some(kind_title(event.kind)),
                Column::Person => said.person(),
                Column::Role => Some(said.role()),
                Column::RoleUnit => said.officer().map(|officer| &*officer.unit),
                Column::OnBehalfOf => said.on_behalf_of(),
                Column::Action => said.action(),
                Column::Branch => said.fact.branch.as_deref(),
                Column::Document => said.fact.document.as_deref(),
                Column::Step => said.step(),
                Column::Outcome => said.outcome(),
                Column::Reason => said.reason(),
                // Of the case: they stand before.
                _ => None,
            };
            if let Some(given) = given {
                text(given, out);
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

fn is_of_case(column: Column) -> bool {
    use Column::{Applicant, Case, Code, Subject, Unit, Version, Workflow};
    matches!(column, Case | Code | Workflow | Version | Unit | Applicant | Subject)
}

/// The columns of the case, each with a comma behind it.
fn of_case(case: &RecordedCase, out: &mut Vec<u8>) {
    identifier(case.case.0, out);
    out.push(b',');
    out.extend_from_slice(case.code().as_bytes());
    out.push(b',');
    text(case.workflow.as_str(), out);
    out.push(b',');
    number(case.version, out);
    out.push(b',');
    text(case.unit.as_str(), out);
    out.push(b',');
    identifier(case.applicant.0, out);
    out.push(b',');
    text(&case.subject, out);
    out.push(b',');
}

fn number(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
