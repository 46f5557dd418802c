//! What can be wrong with a bundle: a stable name for each, the exit code of its kind, and a sentence
//! in both languages.

use serde::Serialize;

use crate::{CaseId, definition::Text};

macro_rules! codes {
    ($($variant:ident $exit:literal $name:literal $en:literal $fa:literal;)*) => {
        /// What is wrong. `docs/PROOF.md` says of each what it means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $en] $variant),*
        }

        impl Code {
            /// Every code, in the order of their exit codes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// With what the verifier exits when this is found first.
            pub fn exit(self) -> u8 {
                match self { $(Self::$variant => $exit),* }
            }

            /// The same in words.
            pub fn text(self) -> Text {
                let (fa, en) = match self { $(Self::$variant => ($fa, $en)),* };
                Text { fa: fa.to_owned(), en: en.to_owned() }
            }
        }
    };
}

codes! {
    NotABundle 10 "not-a-bundle"
        "The file does not begin as a bundle of this format."
        "این پرونده با سرآغاز بسته‌ی مدرک در این قالب شروع نمی‌شود.";
    UnreadableLine 10 "unreadable-line"
        "The line is not JSON of any kind of line that a bundle has."
        "این سطر به صورت هیچ‌یک از گونه‌های سطر بسته خوانده نمی‌شود.";
    NotCanonical 10 "not-canonical"
        "The line is not canonical JSON (RFC 8785)."
        "این سطر JSON متعارف (RFC 8785) نیست.";
    OutOfOrder 10 "out-of-order"
        "A line of this kind has no place here."
        "سطری از این گونه در این جا جایی ندارد.";
    CutFile 11 "cut-file"
        "The file ends before its end line: it was cut."
        "پرونده پیش از سطر پایانی تمام می‌شود؛ بریده شده است.";
    WrongLength 11 "wrong-length"
        "The end line counts other lines than stand before it."
        "شمار سطرها با آنچه سطر پایانی می‌گوید یکی نیست.";
    WrongHash 11 "wrong-hash"
        "The bytes before the end line do not have the hash that it says."
        "درهم‌سازه‌ی بایت‌های پیش از سطر پایانی همان نیست که آن سطر می‌گوید.";
    AfterTheEnd 11 "after-the-end"
        "Something stands after the end line."
        "پس از سطر پایانی چیزی آمده است.";
    BrokenChain 12 "broken-chain"
        "The hash of the event does not follow from the event before it and its own bytes."
        "درهم‌سازه‌ی رویداد از رویداد پیشین و بایت‌های خودش به دست نمی‌آید.";
    NotAnEvent 12 "not-an-event"
        "The bytes of the event are not a canonical event."
        "بایت‌های رویداد، رویدادی به صورت متعارف نیست.";
    OtherEvent 12 "other-event"
        "The event says of itself another number or another case than its line."
        "رویداد شماره یا پرونده‌ای جز آنچه سطرش می‌گوید برای خود دارد.";
    WrongProof 13 "wrong-proof"
        "The event's proof does not lead to the root of the checkpoint."
        "اثبات رویداد به ریشه‌ی نقطه‌ی بازبینی نمی‌رسد.";
    WrongPosition 13 "wrong-position"
        "The event's position in the log cannot be: it is not below the size, or not after that of the event before."
        "جایگاه رویداد در دفتر ممکن نیست: بیرون از اندازه‌ی دفتر یا پیش از رویداد پیشین است.";
    WrongMapProof 13 "wrong-map-proof"
        "The proof of the timeline does not lead to the root of the map."
        "اثبات این تاریخچه به ریشه‌ی نقشه نمی‌رسد.";
    UnreadableNote 14 "unreadable-note"
        "A checkpoint cannot be read as a signed note."
        "نقطه‌ی بازبینی به صورت یادداشت امضاشده خوانده نمی‌شود.";
    WrongSignature 14 "wrong-signature"
        "A checkpoint is not signed by the key."
        "نقطه‌ی بازبینی با این کلید امضا نشده است.";
    NoKey 14 "no-key"
        "No key is known by which signatures could be verified."
        "کلیدی برای راستی‌آزمایی امضاها در دست نیست.";
    OtherOrigin 14 "other-origin"
        "The checkpoint is of another log than the key is for, or than the auditor's checkpoint is of."
        "نقطه‌ی بازبینی از دفتر دیگری است.";
    MissingEvent 15 "missing-event"
        "Events of the timeline are missing: a number is left out."
        "رویدادی از تاریخچه جا افتاده است: یک شماره نیست.";
    ShortTimeline 15 "short-timeline"
        "The timeline is shorter than the map says: sealed events are missing at its end."
        "تاریخچه کوتاه‌تر از آن است که نقشه می‌گوید: رویدادهای مهرشده از پایان آن برداشته شده است.";
    NotConsistent 16 "not-consistent"
        "The log is not a continuation of the auditor's checkpoint: it was forked or rewritten."
        "دفتر ادامه‌ی نقطه‌ی بازبینی حسابرس نیست: دو شاخه یا بازنویسی شده است.";
    OtherLog 16 "other-log"
        "The map was made over another state of the log than the checkpoint."
        "نقشه بر حالتی دیگر از دفتر جز این نقطه‌ی بازبینی ساخته شده است.";
    MapContradictsLog 16 "map-contradicts-log"
        "The timeline ends otherwise than the map says: map and log contradict each other."
        "تاریخچه جز آن پایان می‌یابد که نقشه می‌گوید: نقشه و دفتر با هم نمی‌خوانند.";
    MissingCase 17 "missing-case"
        "A case of the unit is missing: its place in the map is left out."
        "پرونده‌ای از این واحد نیست: جای آن در نقشه خالی مانده است.";
    WrongRange 17 "wrong-range"
        "The unit does not begin or end in the map where the bundle says."
        "این واحد در نقشه از آن جا که بسته می‌گوید آغاز یا به آن جا پایان نمی‌یابد.";
    OtherUnit 17 "other-unit"
        "The case stands in the map under another unit than received it."
        "پرونده در نقشه زیر واحدی جز واحد دریافت‌کننده آمده است.";
    LostTimeline 17 "lost-timeline"
        "Nothing is left of a timeline whose events are in the log."
        "از تاریخچه‌ای که رویدادهایش در دفتر هست چیزی نمانده است.";
    UnaccountedEntries 17 "unaccounted-entries"
        "The timelines of the map do not add up to the entries of the log: some were taken away."
        "مجموع تاریخچه‌های نقشه به شمار درج‌های دفتر نمی‌رسد: تاریخچه‌ای برداشته شده است.";
    StateDiffers 18 "state-differs"
        "The stored state is not what the events make."
        "وضعیت ذخیره‌شده همان نیست که از رویدادها برمی‌آید.";
    NoState 18 "no-state"
        "No state is stored of a case that has events."
        "از پرونده‌ای که رویداد دارد وضعیتی ذخیره نشده است.";
    DeadlineDiffers 18 "deadline-differs"
        "The stored deadline is not what the events say."
        "سررسید ذخیره‌شده همان نیست که رویدادها می‌گویند.";
    RawDeadlineDiffers 18 "raw-deadline-differs"
        "The raw deadline is not what follows from the clock and the calendar."
        "سررسید خام همان نیست که از ساعت و تقویم به دست می‌آید.";
    DeadlineNotRecomputed 18 "deadline-not-recomputed"
        "A deadline in an event is not what follows from the clock and the calendar."
        "سررسیدی در رویداد همان نیست که از ساعت و تقویم به دست می‌آید.";
    TermDiffers 18 "term-differs"
        "The statutory clock started with another term than the definition has."
        "ساعت قانونی با مهلتی جز مهلت تعریف فرایند آغاز شده است.";
    UnreadableRules 19 "unreadable-rules"
        "A definition, a calendar or the organisation cannot be read."
        "تعریف فرایند، تقویم یا ساختار سازمان خوانده نمی‌شود.";
    WrongRules 19 "wrong-rules"
        "A definition or calendar does not have the hash that it is named by."
        "تعریف فرایند یا تقویم درهم‌سازه‌ای را که با آن نامیده شده ندارد.";
    MissingRules 19 "missing-rules"
        "A definition or calendar that an event names by its hash is not in the bundle."
        "تعریف فرایند یا تقویمی که رویداد با درهم‌سازه نام می‌برد در بسته نیست.";
    OlderThanSince 20 "older-than-since"
        "The bundle is older than the auditor's checkpoint."
        "بسته از نقطه‌ی بازبینی حسابرس کهنه‌تر است.";
    NoConsistencyProof 21 "no-consistency-proof"
        "The bundle carries no proof that leads from the auditor's checkpoint to its own."
        "بسته اثباتی که از نقطه‌ی بازبینی حسابرس به نقطه‌ی خودش برسد ندارد.";
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Something that is wrong with a bundle, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What.
    pub code: Code,
    /// In which line of the file, from 1.
    pub line: u64,
    /// In whose timeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// At which event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// The values that differ, or what else helps to find it. In no language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
