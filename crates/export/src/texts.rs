//! What kinds of events are called.

/// What a kind of event is called in Persian; its own name, where there is none of it.
pub fn kind_title(kind: &str) -> &str {
    match kind {
        "opened" => "ثبت درخواست",
        "claimed" => "برداشتن کار",
        "released" => "بازگرداندن کار",
        "assigned" => "ارجاع کار",
        "commented" => "درج توضیح",
        "informed" => "ارسال جهت اطلاع",
        "filled" => "تکمیل اطلاعات",
        "document_attached" => "پیوست مدرک",
        "document_verified" => "بررسی مدرک",
        "acted" => "اقدام",
        "answered" => "پاسخ استعلام",
        "voted" => "رأی",
        "put_on_agenda" => "قرار گرفتن در دستور جلسه",
        "taken_off_agenda" => "خروج از دستور جلسه",
        "recused" => "امتناع از رأی",
        "sitting_lacking" => "نبود جلسه تا پایان مهلت",
        "suspended" => "تعلیق مهلت",
        "resumed" => "ادامه مهلت",
        "extended" => "تمدید مهلت",
        "rescheduled" => "تغییر مهلت با تقویم",
        "migrated" => "انتقال به نسخه دیگر فرایند",
        "withdrawn" => "انصراف",
        "escalated" => "هشدار یا ارجاع به بالاتر",
        "silence_held" => "توقف اثر سکوت",
        "silence_waived" => "صرف نظر از اثر سکوت",
        "silence_took_effect" => "اثر سکوت",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use parvaneh_core::Fact;

    use super::*;

    #[test]
    fn every_kind_of_event_has_a_persian_name() {
        for kind in Fact::kinds() {
            assert_ne!(kind_title(kind), *kind);
        }
    }
}
