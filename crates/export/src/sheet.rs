//! The columns of a table of events: the same in CSV and in a workbook.

use crate::{Naming, Options};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Case,
    Code,
    Workflow,
    Version,
    Unit,
    Applicant,
    Subject,
    Seq,
    Event,
    EventTitle,
    EffectiveAt,
    EffectiveJalali,
    RecordedAt,
    RecordedJalali,
    Person,
    Role,
    RoleUnit,
    OnBehalfOf,
    Task,
    Action,
    Branch,
    Document,
    Step,
    Outcome,
    Reason,
    Hash,
}

/// Each with its name, and with what it is called in Persian.
const COLUMNS: [(Column, &str, &str); 26] = [
    (Column::Case, "case", "شناسه پرونده"),
    (Column::Code, "code", "کد رهگیری"),
    (Column::Workflow, "workflow", "فرایند"),
    (Column::Version, "version", "نسخه فرایند"),
    (Column::Unit, "unit", "واحد"),
    (Column::Applicant, "applicant", "متقاضی"),
    (Column::Subject, "subject", "موضوع"),
    (Column::Seq, "seq", "ردیف رویداد"),
    (Column::Event, "event", "رویداد"),
    (Column::EventTitle, "event_title", "عنوان رویداد"),
    (Column::EffectiveAt, "effective_at", "زمان اثر"),
    (Column::EffectiveJalali, "effective_jalali", "تاریخ اثر (هجری شمسی)"),
    (Column::RecordedAt, "recorded_at", "زمان ثبت"),
    (Column::RecordedJalali, "recorded_jalali", "تاریخ ثبت (هجری شمسی)"),
    (Column::Person, "person", "شخص"),
    (Column::Role, "role", "سمت"),
    (Column::RoleUnit, "role_unit", "واحد سمت"),
    (Column::OnBehalfOf, "on_behalf_of", "به نمایندگی از"),
    (Column::Task, "task", "شماره کار"),
    (Column::Action, "action", "اقدام یا پاسخ"),
    (Column::Branch, "branch", "استعلام"),
    (Column::Document, "document", "مدرک"),
    (Column::Step, "step", "مرحله پس از رویداد"),
    (Column::Outcome, "outcome", "نتیجه"),
    (Column::Reason, "reason", "دلیل یا توضیح"),
    (Column::Hash, "hash", "چکیده زنجیره"),
];

/// The columns of such a table, with their headers.
pub(crate) fn columns(options: Options) -> Vec<(Column, &'static str)> {
    let shown = COLUMNS.into_iter().filter(|(column, ..)| match column {
        Column::EffectiveJalali | Column::RecordedJalali => options.jalali,
        Column::EventTitle => options.naming == Naming::Persian,
        _ => true,
    });
    shown
        .map(|(column, name, persian)| match options.naming {
            Naming::Plain => (column, name),
            Naming::Persian => (column, persian),
        })
        .collect()
}
