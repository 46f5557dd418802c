//! Why a task stands where it stands in a worklist, for people.

use chrono_tz::Tz;
use parvaneh_core::order::Reason;

use crate::output::{Output, minute};

/// The reason, in the language of the output.
pub(super) fn text(reason: &Reason, zone: Tz, out: &Output) -> String {
    let when = |at| minute(at, zone, out.dates);
    let (fa, en) = match reason {
        Reason::Arrived { at } => {
            (format!("رسیده در {}", when(*at)), format!("came on {}", when(*at)))
        }
        Reason::Due { at: Some(at) } => {
            (format!("سررسید {}", when(*at)), format!("due on {}", when(*at)))
        }
        Reason::Due { at: None } => {
            ("سررسیدی در جریان نیست".to_owned(), "no deadline is running".to_owned())
        }
        Reason::Saved { start_by: Some(at) } => {
            (format!("باید تا {} آغاز شود", when(*at)), format!("must be begun by {}", when(*at)))
        }
        Reason::Saved { start_by: None } => {
            ("هیچ مهلتی آن را پیش نمی‌اندازد".to_owned(), "no deadline presses".to_owned())
        }
        Reason::SetBehind { saved, misses } => (
            format!("به مهلت {} نمی‌رسد؛ پس از {saved} کاری که هنوز به موقع می‌رسند", when(*misses)),
            format!("will miss {} anyway: behind {saved} that can still be on time", when(*misses)),
        ),
        Reason::LateBehind { saved, since } => (
            format!("از {} دیر شده است؛ پس از {saved} کاری که هنوز به موقع می‌رسند", when(*since)),
            format!("late since {}: behind {saved} that can still be on time", when(*since)),
        ),
        Reason::Turn { misses, every } => (
            format!("نوبت دیرشده‌ها، هر {every} کار یکی: مهلت {}", when(*misses)),
            format!(
                "the turn of what is late, every {every}. task: its deadline is {}",
                when(*misses)
            ),
        ),
        Reason::InOtherHands => ("در دست دیگری است".to_owned(), "in other hands".to_owned()),
        Reason::Suspended => ("پرونده متوقف است".to_owned(), "the case is suspended".to_owned()),
    };
    out.lang.of(&fa, &en).to_owned()
}
