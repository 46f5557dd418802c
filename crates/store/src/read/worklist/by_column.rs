//! Orders by what stands in a column of the worklist.
//!
//! They are bounded: the tasks with the nearest deadlines of their own are put in that order, and no
//! index is kept for each column. Whoever has more narrows his list down first.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

use parvaneh_core::{CaseId, Instant, PersonId, StepId, WorkflowId};
use uuid::Uuid;

use super::{Cursor, Scope, Sort, WorkItem, WorklistQuery, item, late_minimising::Ranked, page};
use crate::{Store, StoreError};

/// How many tasks are put in the order of a column.
const MOST_BY_COLUMN: u32 = 1_000;

/// A column by which a worklist can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorklistColumn {
    /// What the case is about.
    Subject,
    /// Who applies.
    Applicant,
    /// The step, in the order of the procedures.
    Step,
    /// The unit, in the order of the organisation.
    Unit,
    /// When it came.
    Arrived,
    /// Its own deadline.
    Due,
    /// The statutory deadline of the case.
    Statutory,
    /// Who has it.
    Holder,
}

/// What stands in the column. What has nothing there comes last, whichever way the order goes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Letters(Vec<u32>),
    Time(Instant),
    Place(usize, usize),
    /// From the top of the organisation down.
    Path(Vec<String>),
}

impl Store {
    pub(super) async fn by_column(
        &self,
        query: &WorklistQuery,
        scope: &Scope,
        column: WorklistColumn,
        descending: bool,
        limit: u32,
    ) -> Result<(Vec<WorkItem>, Option<Cursor>, Instant), StoreError> {
        let now = self.now().await?;
        let nearest = WorklistQuery { sort: Sort::Deadline, after: None, ..query.clone() };
        let rows = page(&nearest, scope, MOST_BY_COLUMN)
            .build()
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let read = |row| item(row, Sort::Deadline, now);
        let items = rows.iter().take(MOST_BY_COLUMN as usize).map(read);
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let mut items = self.keyed(items, column).await?;
        items.sort_by(|(key, one), (other_key, other)| {
            let by_key = match (key, other_key) {
                (Some(key), Some(other)) if descending => other.cmp(key),
                (Some(key), Some(other)) => key.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            by_key.then_with(|| (one.case, one.task).cmp(&(other.case, other.task)))
        });
        // Behind what was shown last; where that is gone, behind as many as were shown.
        let shown = match query.after {
            Some(after) => {
                let last = items
                    .iter()
                    .position(|(_, one)| (one.case, one.task) == (after.case, after.task));
                let place = after.ranked.map_or(0, |ranked| ranked.place as usize);
                last.map_or(place, |last| last + 1)
            }
            None => 0,
        };
        let mut left = items.into_iter().skip(shown).map(|(_, item)| item);
        let items: Vec<WorkItem> = left.by_ref().take(limit as usize).collect();
        let place = (shown + items.len()) as u32;
        let next = items.last().filter(|_| left.next().is_some()).map(|last| Cursor {
            ranked: Some(Ranked { as_of: now, place }),
            ..Cursor::after(last, query.sort)
        });
        Ok((items, next, now))
    }

    /// Each with what stands in its column.
    async fn keyed(
        &self,
        items: Vec<WorkItem>,
        column: WorklistColumn,
    ) -> Result<Vec<(Option<Key>, WorkItem)>, StoreError> {
        let steps = match column {
            WorklistColumn::Step => self.steps(&items).await?,
            _ => HashMap::new(),
        };
        let organisation = self.organisation().await?;
        let applicants = match column {
            WorklistColumn::Applicant => self.applicants(&items).await?,
            _ => HashMap::new(),
        };
        let holders = match column {
            WorklistColumn::Holder => {
                let holders: Vec<PersonId> = items.iter().filter_map(|one| one.assignee).collect();
                self.names_of(&holders).await?
            }
            _ => HashMap::new(),
        };
        let key = |one: &WorkItem| match column {
            WorklistColumn::Subject => Some(Key::Letters(alphabetical(&one.subject))),
            WorklistColumn::Applicant => {
                applicants.get(&one.case).map(|name| Key::Letters(alphabetical(name)))
            }
            WorklistColumn::Holder => {
                let name = one.assignee.and_then(|holder| holders.get(&holder));
                name.map(|name| Key::Letters(alphabetical(name)))
            }
            WorklistColumn::Arrived => Some(Key::Time(one.opened_at)),
            WorklistColumn::Due => one.due_at.map(Key::Time),
            WorklistColumn::Statutory => one.case_due_at.map(Key::Time),
            WorklistColumn::Step => {
                let step = (one.workflow.clone(), one.version, one.step.clone());
                steps.get(&step).map(|(workflow, step)| Key::Place(*workflow, *step))
            }
            WorklistColumn::Unit => {
                let mut path: Vec<String> =
                    organisation.path(&one.unit).map(ToString::to_string).collect();
                path.reverse();
                Some(Key::Path(path))
            }
        };
        Ok(items.into_iter().map(|one| (key(&one), one)).collect())
    }

    /// The places of steps in their procedures, and of these.
    async fn steps(
        &self,
        items: &[WorkItem],
    ) -> Result<HashMap<(WorkflowId, u32, StepId), (usize, usize)>, StoreError> {
        let versions: BTreeSet<_> =
            items.iter().map(|one| (one.workflow.clone(), one.version)).collect();
        let workflows: BTreeSet<_> = items.iter().map(|one| one.workflow.clone()).collect();
        let mut places = HashMap::new();
        for (workflow, version) in versions {
            let definition = self.definition(&workflow, Some(version)).await?;
            let place = workflows.iter().position(|one| *one == workflow).unwrap_or_default();
            for (number, step) in definition.steps.keys().enumerate() {
                places.insert((workflow.clone(), version, step.clone()), (place, number));
            }
        }
        Ok(places)
    }

    /// Who applies in the cases of tasks, where the reader sees the case.
    async fn applicants(&self, items: &[WorkItem]) -> Result<HashMap<CaseId, String>, StoreError> {
        let cases: Vec<Uuid> = items.iter().map(|one| one.case.0).collect();
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "select c.id, p.name from cases c join people p on p.id = c.applicant where c.id = any($1)",
        )
        .bind(cases)
        .fetch_all(&mut *self.reads().await?)
        .await?;
        Ok(rows.into_iter().map(|(case, name)| (CaseId(case), name)).collect())
    }
}

/// The Persian alphabet. Unicode has its letters in the order of the Arabic one, with پ، چ، ژ، ک، گ and
/// ی behind.
const ALPHABET: &str = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی";

/// What a text is ordered by: figures, the Latin alphabet, the Persian one. Marks and spaces count for
/// nothing but between words.
fn alphabetical(text: &str) -> Vec<u32> {
    let key = |letter: char| -> Option<u32> {
        let letter = match letter {
            'ي' | 'ى' | 'ئ' => 'ی',
            'ك' => 'ک',
            'ة' | 'ۀ' => 'ه',
            'أ' | 'إ' | 'ٱ' => 'ا',
            'ؤ' => 'و',
            '۰'..='۹' => char::from(b'0' + (letter as u32 - '۰' as u32) as u8),
            '٠'..='٩' => char::from(b'0' + (letter as u32 - '٠' as u32) as u8),
            // A half-space stands between words, too.
            '\u{200c}' => ' ',
            other => other,
        };
        if let Some(place) = ALPHABET.chars().position(|one| one == letter) {
            return u32::try_from(place).ok().map(|place| 0x600 + place);
        }
        match letter {
            ' ' => Some(1),
            _ if letter.is_alphanumeric() => letter.to_lowercase().next().map(u32::from),
            _ => None,
        }
    };
    text.chars().filter_map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_the_persian_alphabet() {
        let mut names = [
            "ژاله",
            "یاری",
            "گلستان",
            "زهرا",
            "Zagros",
            "پروانه",
            "بهار",
            "۱۲ بهمن",
            "كوه",
            "لاله",
            "alborz",
            "آبان",
            "اسفند",
            "چمن",
            "جنگل",
            "باران",
        ];
        names.sort_by_key(|name| alphabetical(name));
        assert_eq!(
            names,
            [
                "۱۲ بهمن",
                "alborz",
                "Zagros",
                "آبان",
                "اسفند",
                "باران",
                "بهار",
                "پروانه",
                "جنگل",
                "چمن",
                "زهرا",
                "ژاله",
                "كوه",
                "گلستان",
                "لاله",
                "یاری"
            ]
        );
        assert_eq!(alphabetical("نیک‌نام"), alphabetical("نيك نام"));
    }
}
