//! What every code means, in both languages.

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// In Persian.
    pub fa: &'static str,
    /// In English.
    pub en: &'static str,
}

/// What the code of a problem means.
pub fn title(code: &str) -> Option<Text> {
    CODES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text)
}

/// Every code that an answer can have: those of the service, of the store, and of the rules.
#[rustfmt::skip]
pub const CODES: &[(&str, Text)] = &[
    // Of the service itself.
    ("not_found", Text { fa: "چنین چیزی نیست", en: "There is no such thing" }),
    ("unauthenticated", Text { fa: "وارد نشده‌اید", en: "You have not logged in" }),
    ("too_many_requests", Text { fa: "درخواست‌ها بیش از اندازه است؛ اندکی بعد دوباره بکوشید", en: "Too many requests: try again in a moment" }),
    ("login_failed", Text { fa: "نام کاربری یا گذرواژه درست نیست", en: "The login or the password is wrong" }),
    ("login_locked", Text { fa: "پس از چند گذرواژهٔ نادرست، ورود برای مدتی بسته است", en: "After several wrong passwords the login is closed for a while" }),
    ("password_weak", Text { fa: "گذرواژه ضعیف است", en: "The password is too weak" }),
    ("password_wrong", Text { fa: "گذرواژهٔ شما درست نیست", en: "Your password is wrong" }),
    ("second_step_over", Text { fa: "مهلت گام دوم گذشته است؛ دوباره وارد شوید", en: "The time for the second step is over: log in again" }),
    ("code_wrong", Text { fa: "کد درست نیست یا پیش‌تر به کار رفته است", en: "The code is wrong, or was used before" }),
    ("code_locked", Text { fa: "پس از چند کد نادرست، گام دوم برای مدتی بسته است", en: "After several wrong codes the second step is closed for a while" }),
    ("tracking_locked", Text { fa: "پس از چند تلاش نادرست، پیگیری این کد برای مدتی بسته است", en: "After several wrong attempts nobody can ask by this tracking code for a while" }),
    ("second_factor_set", Text { fa: "عامل دوم از پیش برقرار است", en: "There is a second factor already" }),
    ("second_factor_not_begun", Text { fa: "برپایی عامل دوم آغاز نشده یا مهلت آن گذشته است", en: "Setting up a second factor was not begun, or too long ago" }),
    ("secret_key_missing", Text { fa: "این سامانه کلیدی برای نگهداری رازها ندارد؛ به پشتیبانی خبر دهید", en: "The service has no key to keep secrets by: tell those who run it" }),
    ("login_not_begun", Text { fa: "این ورود اینجا آغاز نشده یا مهلت آن گذشته است؛ از نو وارد شوید", en: "This login was not begun here, or its time is over: begin again" }),
    ("login_refused", Text { fa: "سامانهٔ هویت ورود را نپذیرفت", en: "The identity provider refused the login" }),
    ("login_unproven", Text { fa: "آنچه سامانهٔ هویت فرستاد هویت شما را ثابت نمی‌کند", en: "What the identity provider sent does not prove who you are" }),
    ("login_unknown", Text { fa: "این هویت به هیچ حسابی پیوند نخورده است؛ از سرپرست بخواهید", en: "No account is linked with this identity: ask your administrator" }),
    ("provider_unavailable", Text { fa: "سامانهٔ هویت پاسخ نمی‌دهد؛ اندکی بعد دوباره بکوشید یا با گذرواژه وارد شوید", en: "The identity provider does not answer: try again in a moment, or log in with a password" }),
    ("nobody_answers", Text { fa: "هنوز کسی از سوی این دستگاه پاسخ نمی‌دهد؛ نخست کسی را به نقش آن بگمارید", en: "Nobody answers for that body yet: give somebody its role first" }),
    ("link_spent", Text { fa: "این پیوند دیگر کار نمی‌کند", en: "This link does not work any more" }),
    ("open_cases", Text { fa: "پرونده‌هایی از این شخص هنوز باز است", en: "Cases of that person are still open" }),
    ("nothing_kept", Text { fa: "از این شخص دادهٔ شخصی نگهداری نمی‌شود", en: "No personal data of that person is kept" }),
    ("forbidden", Text { fa: "اجازهٔ این کار را ندارید", en: "You may not do this" }),
    ("scope_missing", Text { fa: "این توکن برای چنین کاری نیست", en: "This token is not for that" }),
    ("cross_site", Text { fa: "این درخواست از جای دیگری فرستاده شده است", en: "This request was sent from another site" }),
    ("body_invalid", Text { fa: "آنچه فرستاده‌اید نادرستی دارد", en: "What was sent has faults" }),
    ("body_unreadable", Text { fa: "آنچه فرستاده‌اید خوانده نمی‌شود", en: "What was sent cannot be read" }),
    ("body_too_long", Text { fa: "آنچه فرستاده‌اید بیش از اندازه بزرگ است", en: "What was sent is too long" }),
    ("parameter_invalid", Text { fa: "یکی از پارامترها نادرست است", en: "A parameter is wrong" }),
    ("document_type", Text { fa: "این نوع پرونده پذیرفته نیست", en: "This type of file is not taken" }),
    ("paper_type", Text { fa: "این مدرک از این نوع پرونده پذیرفته نیست", en: "This paper is not taken as a file of that type" }),
    ("paper_too_long", Text { fa: "پروندهٔ این مدرک بیش از اندازه بزرگ است", en: "The file of this paper is too long" }),
    ("document_mislabelled", Text { fa: "محتوای پرونده همان نیست که گفته شده است", en: "The file is not what it is said to be" }),
    ("document_infected", Text { fa: "در این پرونده بدافزار یافت شد", en: "The file is infected" }),
    ("document_damaged", Text { fa: "این مدرک دیگر همان نیست که تحویل داده شده است؛ به پشتیبانی خبر دهید", en: "The document is not what was handed in: tell those who run the service" }),
    ("range_unsatisfiable", Text { fa: "پرونده چنین بخشی ندارد", en: "The file has no such part" }),
    ("scanner_unavailable", Text { fa: "ویروس‌یاب در دسترس نیست؛ اندکی بعد دوباره بکوشید", en: "The virus scanner is not available: try again in a moment" }),
    ("documents_unavailable", Text { fa: "جای نگهداری مدارک در دسترس نیست؛ اندکی بعد دوباره بکوشید", en: "Where documents are kept does not answer: try again in a moment" }),
    ("too_many_uploads", Text { fa: "پرونده‌های بارگذاری‌شدهٔ شما که به پرونده‌ای پیوست نشده‌اند بیش از اندازه است", en: "Too many of your uploads belong to no case yet" }),
    ("too_many_exports", Text { fa: "شمار برون‌بری‌های در دست انجام شما به بیشینه رسیده است؛ اندکی بعد دوباره بکوشید", en: "Too many of your exports are under way: try again in a moment" }),
    ("bundle_narrowed", Text { fa: "بستهٔ ممیزی یا از یک پرونده است یا از یک واحد و زمانی که پرونده‌هایش را دریافت کرده است؛ پالایش‌های دیگر را بردارید", en: "A bundle is of one case, or of a unit and the time in which it received its cases: take away what else narrows it" }),
    ("pdf_of_one_case", Text { fa: "PDF تنها از گاه‌شمار یک پرونده ساخته می‌شود؛ پرونده را بنویسید و بازه و پالایش دیگری ننویسید", en: "A PDF is the timeline of one case: name the case, and nothing that narrows it" }),
    ("format_not_made", Text { fa: "این سامانه برون‌بری به این قالب نمی‌سازد", en: "This service makes no exports of this format" }),
    ("export_unfinished", Text { fa: "این برون‌بری هنوز آماده نیست", en: "The export is not ready yet" }),
    ("export_gone", Text { fa: "پروندهٔ این برون‌بری دیگر نگهداری نمی‌شود", en: "The file of this export is not kept any more" }),
    ("too_many_documents", Text { fa: "پرونده از این مدرک بیش از اندازه دارد", en: "The case holds too many of this paper" }),
    ("too_many_filters", Text { fa: "شمار پالایش‌های نگهداشته به بیشینه رسیده است؛ نخست یکی را پاک کنید", en: "There is no room for one more saved filter: forget one first" }),
    ("media_type", Text { fa: "این نوع محتوا پذیرفته نیست", en: "This type of content is not taken" }),
    ("method_not_allowed", Text { fa: "این نشانی چنین کاری نمی‌کند", en: "This address does not do that" }),
    ("timeout", Text { fa: "درخواست بیش از اندازه طول کشید", en: "The request took too long" }),
    ("streams_taken", Text { fa: "شمار جریان‌های رویداد بیش از اندازه است", en: "Too many streams of events are open" }),
    ("unavailable", Text { fa: "خدمت اکنون در دسترس نیست؛ اندکی بعد دوباره بکوشید", en: "The service is not available now: try again in a moment" }),
    ("internal", Text { fa: "خطایی رخ داد که به شما مربوط نیست", en: "Something went wrong that is not yours to mend" }),
    ("precondition_invalid", Text { fa: "سرآیند If-Match نادرست است", en: "The header If-Match is wrong" }),
    // Of the store.
    ("conflict", Text { fa: "پرونده در این میان تغییر کرده است", en: "The case has been changed meanwhile" }),
    ("case_exists", Text { fa: "پرونده‌ای با این شناسه هست", en: "A case of that identifier exists already" }),
    ("idempotency_key_reused", Text { fa: "این کلید برای درخواست دیگری به کار رفته است", en: "The idempotency key was used for another request" }),
    ("idempotency_key_invalid", Text { fa: "کلید تکرار نادرست است", en: "The idempotency key is wrong" }),
    ("case_poisoned", Text { fa: "پرونده را نمی‌توان پیش برد؛ به پشتیبانی خبر دهید", en: "The case cannot be treated: tell those who run the service" }),
    ("search_too_wide", Text { fa: "جست‌وجو در این همه پرونده بیش از اندازه طول می‌کشد؛ واحد، فرایند یا زمان را محدود کنید یا کد رهگیری را بنویسید", en: "A search in so many cases takes too long: narrow it by unit, workflow or period, or write the tracking code" }),
    ("not_a_sandbox", Text { fa: "این پایگاه آزمایشی نیست", en: "This database is not a sandbox" }),
    ("clock_refused", Text { fa: "ساعت چنین جابه‌جا نمی‌شود", en: "The clock is not moved like this" }),
    ("version_taken", Text { fa: "این نسخه پیش‌تر با محتوای دیگری منتشر شده است", en: "This version is already published with other content" }),
    ("definition_retired", Text { fa: "این نسخه بازنشسته شده است", en: "This version is retired" }),
    ("identity_taken", Text { fa: "این هویت پیش‌تر به حسابی پیوند خورده است", en: "This identity is linked with an account already" }),
    ("login_taken", Text { fa: "این نام کاربری از آن دیگری است", en: "This login belongs to somebody else" }),
    ("unknown", Text { fa: "نامی ناشناخته است", en: "A name is not known" }),
    // Of what concerns no single case.
    ("request_under_way", Text { fa: "درخواستی با همین کلید در دست انجام است", en: "A request under this key is being done" }),
    ("unknown_commission", Text { fa: "هیچ فرایندی چنین کمیسیونی با جلسه ندارد", en: "No procedure has such a commission that decides in sittings" }),
    ("sitting_exists", Text { fa: "کمیسیون در همین زمان جلسه دارد", en: "The commission has a sitting at that time already" }),
    ("sitting_too_soon", Text { fa: "دستور جلسه پیش از این بسته شده بود", en: "The agenda of that sitting would have closed already" }),
    ("capacity", Text { fa: "گنجایش جلسه نادرست است", en: "A sitting cannot hear so many cases" }),
    ("place_needed", Text { fa: "محل جلسه لازم است", en: "A sitting needs a place" }),
    ("minutes_needed", Text { fa: "شمارهٔ صورت‌جلسه لازم است", en: "The number of the minutes is needed" }),
    ("closed_before", Text { fa: "پیش‌تر به دلیل دیگری تعطیل شده است", en: "This is closed already, for another reason" }),
    ("not_closed", Text { fa: "چنین تعطیلی‌ای در کار نیست", en: "No such closure is in force" }),
    ("date_out_of_reach", Text { fa: "تقویم به این تاریخ نمی‌رسد", en: "The calendar does not reach that date" }),
    ("role_not_held", Text { fa: "تفویض‌کننده خود این نقش را در این واحد ندارد", en: "The lender does not hold the role there himself" }),
    ("role_of_another_body", Text { fa: "نقش دستگاه دیگر را تنها دارنده‌اش تفویض می‌کند", en: "Only its holder lends the role of another body" }),
    ("delegation_to_himself", Text { fa: "تفویض به خود ممکن نیست", en: "Nobody lends to himself" }),
    ("delegation_to_the_giver", Text { fa: "کسی نمی‌تواند اختیار دیگری را به خود بدهد", en: "Who lends for another cannot lend to himself" }),
    ("bad_period", Text { fa: "بازهٔ زمانی نادرست است", en: "The period cannot be" }),
    ("delegation_circle", Text { fa: "این تفویض به دور می‌انجامد", en: "This would be a circle of delegations" }),
    ("already_over", Text { fa: "پایان یافته یا پس گرفته شده است", en: "It is over, or was ended before" }),
    ("already_absent", Text { fa: "در این بازه غیبتی ثبت شده است", en: "An absence in this period is recorded already" }),
    ("webhooks_off", Text { fa: "این خدمت برنامهٔ فرستادن رویداد ندارد", en: "Nothing here sends events to webhooks" }),
    ("definition_unsound", Text { fa: "تعریف فرایند نادرستی دارد", en: "The definition has problems" }),
    ("calendar_unsound", Text { fa: "متن تقویم نادرستی دارد", en: "The calendar has problems" }),
    ("calendar_past", Text { fa: "این متن روزهای گذشته را دگرگون می‌کند", en: "This text would change days that are past" }),
    ("mapping_unsound", Text { fa: "نگاشت نادرستی دارد", en: "The mapping has problems" }),
    ("unit_tree", Text { fa: "واحدها درخت سازمانی نمی‌سازند", en: "The units are not a tree" }),
    // Refusals of the rules.
    ("not_permitted", Text { fa: "نقش شما چنین اجازه‌ای نمی‌دهد", en: "Your roles do not allow this" }),
    ("out_of_jurisdiction", Text { fa: "این واحد در حوزهٔ شما نیست", en: "This unit is not in your jurisdiction" }),
    ("case_ended", Text { fa: "پرونده پایان یافته است", en: "The case has ended" }),
    ("case_suspended", Text { fa: "پرونده معلق است؛ نخست آن را از تعلیق درآورید", en: "The case is suspended: resume it first" }),
    ("case_not_suspended", Text { fa: "پرونده معلق نیست", en: "The case is not suspended" }),
    ("nothing_to_suspend", Text { fa: "ساعتی نمانده که متوقف شود", en: "No running clock is left to suspend" }),
    ("unknown_action", Text { fa: "این مرحله چنین اقدامی ندارد", en: "The step has no such action" }),
    ("unknown_task", Text { fa: "چنین کار بازی در پرونده نیست", en: "The case has no such open task" }),
    ("wrong_task", Text { fa: "این کار چنین انجام نمی‌شود", en: "The task is not done like this" }),
    ("task_taken", Text { fa: "این کار در دست دیگری است", en: "Somebody else has the task" }),
    ("task_not_taken", Text { fa: "این کار در دست کسی نیست", en: "Nobody has the task" }),
    ("assignee_not_eligible", Text { fa: "این شخص نمی‌تواند عهده‌دار این کار باشد", en: "This person cannot own the task" }),
    ("assignee_absent", Text { fa: "این شخص غایب است", en: "This person is absent" }),
    ("four_eyes", Text { fa: "این کار را باید شخص دیگری انجام دهد", en: "Somebody else must do this" }),
    ("no_delegation", Text { fa: "تفویضی این اجازه را به شما نمی‌دهد", en: "No delegation gives you this" }),
    ("already_voted", Text { fa: "در این مرحله رأی داده‌اید", en: "You have voted in this step" }),
    ("unknown_inquiry", Text { fa: "چنین استعلامی نیست یا پاسخ داده شده است", en: "There is no such inquiry, or it has been answered" }),
    ("no_commission", Text { fa: "این مرحله کمیسیون نیست", en: "The step is no commission" }),
    ("seats_taken", Text { fa: "همهٔ اعضای کمیسیون رأی داده‌اند", en: "Every seat of the commission has voted" }),
    ("quorum_missing", Text { fa: "حد نصاب حاصل نیست", en: "Too few members have voted" }),
    ("majority_missing", Text { fa: "رأی‌ها چیز دیگری می‌گویند", en: "The votes say otherwise" }),
    ("member_recused", Text { fa: "عضو در این پرونده شرکت ندارد", en: "The member takes no part in the case" }),
    ("unknown_sitting", Text { fa: "کمیسیون چنین جلسه‌ای ندارد", en: "The commission has no such sitting" }),
    ("sitting_over", Text { fa: "جلسه برگزار یا لغو شده است", en: "The sitting has been held or cancelled" }),
    ("agenda_closed", Text { fa: "دستور جلسه بسته شده است", en: "The agenda of the sitting is closed" }),
    ("sitting_full", Text { fa: "دستور جلسه جا ندارد", en: "No place is left on the agenda" }),
    ("not_on_agenda", Text { fa: "پرونده در دستور جلسه‌ای نیست", en: "The case is on no agenda" }),
    ("sitting_ahead", Text { fa: "جلسه هنوز آغاز نشده است", en: "The sitting has not begun" }),
    ("minutes_missing", Text { fa: "جلسه هنوز صورت‌جلسه ندارد", en: "The sitting has no minutes yet" }),
    ("reason_needed", Text { fa: "دلیل لازم است", en: "A reason is needed" }),
    ("citation_needed", Text { fa: "شمارهٔ بند استنادی لازم است", en: "The number of a condition must be cited" }),
    ("guard_not_met", Text { fa: "شرط این اقدام برقرار نیست", en: "What the action asks of the case does not hold" }),
    ("no_way_on", Text { fa: "فرایند برای این پرونده راهی پیش‌بینی نکرده است", en: "The procedure has no way on for the case" }),
    ("text_invalid", Text { fa: "متن بیش از اندازه بلند است یا نویسه‌ای نپذیرفتنی دارد", en: "The text is too long or holds a character that cannot be stored" }),
    ("form_invalid", Text { fa: "فرم نادرستی دارد", en: "The form has faults" }),
    ("documents_lacking", Text { fa: "مدارک کامل نیست", en: "Papers are missing or not in good order" }),
    ("document_invalid", Text { fa: "این مدرک چنین پذیرفته نیست", en: "The paper cannot be taken like this" }),
    ("unknown_document", Text { fa: "فرایند چنین مدرکی نمی‌خواهد", en: "The procedure asks for no such paper" }),
    ("not_verifiable", Text { fa: "این مدرک نیاز به تأیید ندارد", en: "Nobody has to verify this paper" }),
    ("not_handed_in", Text { fa: "این مدرک داده نشده است", en: "The paper was not handed in" }),
    ("no_form", Text { fa: "در اینجا چیزی پر نمی‌شود", en: "Nothing is filled in here" }),
    ("nothing_given", Text { fa: "چیزی داده نشده است", en: "No value was given" }),
    ("unknown_clock", Text { fa: "پرونده چنین ساعتی ندارد", en: "The case has no such clock" }),
    ("no_extension", Text { fa: "تمدید این مهلت مجاز نیست", en: "This term may not be extended" }),
    ("extensions_used", Text { fa: "تمدیدهای مجاز به کار رفته است", en: "The permitted extensions are used up" }),
    ("extension_too_long", Text { fa: "تمدید بیش از حد مجاز است", en: "The extension is longer than permitted" }),
    ("extension_unit", Text { fa: "واحد تمدید باید واحد همان مهلت باشد", en: "An extension has the unit of its term" }),
    ("deadline_passed", Text { fa: "مهلت گذشته است", en: "The deadline has passed" }),
    ("no_withdrawal", Text { fa: "فرایند برای انصراف پایانی ندارد", en: "The procedure has no end for a withdrawal" }),
    ("nothing_held", Text { fa: "سکوتی در انتظار نیست", en: "No silence rule is held" }),
    ("wrong_unit", Text { fa: "این واحد چنین پرونده‌ای نمی‌پذیرد", en: "This unit does not receive such cases" }),
    ("received_in_future", Text { fa: "تاریخ دریافت در آینده است", en: "The date of receipt lies in the future" }),
    ("no_deadline", Text { fa: "تقویم تا آنجا نمی‌رسد یا زمان کاری ندارد", en: "The calendar does not reach so far, or has no working time" }),
    ("catching_up", Text { fa: "پرونده در حال به‌روز شدن است؛ دوباره بکوشید", en: "The case is being brought up to date: try again" }),
    ("wrong_definition", Text { fa: "پرونده از این تعریف نیست", en: "The case does not belong to this definition" }),
    ("about_needed", Text { fa: "درخواست باید بگوید دربارهٔ کدام پروانه یا پرونده است", en: "The application must say which licence or case it is about" }),
    ("about_unwanted", Text { fa: "این فرایند دربارهٔ چنین چیزی نیست", en: "The procedure is not about such a thing" }),
    ("unknown_licence", Text { fa: "پروانه‌ای با این شماره نیست", en: "No licence has that number" }),
    ("unknown_case", Text { fa: "چنین پرونده‌ای نیست", en: "There is no such case" }),
    ("wrong_licence_kind", Text { fa: "این فرایند برای پروانه‌هایی از نوع دیگر است", en: "The procedure is about licences of another kind" }),
    ("wrong_workflow", Text { fa: "این فرایند برای پرونده‌های فرایند دیگری است", en: "The procedure is about cases of another workflow" }),
    ("not_the_holder", Text { fa: "متقاضی دارندهٔ پروانه یا صاحب پرونده نیست", en: "The applicant is not the holder of the licence, or not the applicant of the case" }),
    ("licence_expired", Text { fa: "اعتبار پروانه پایان یافته است", en: "The licence has expired" }),
    ("licence_suspended", Text { fa: "پروانه معلق است", en: "The licence is suspended" }),
    ("licence_revoked", Text { fa: "پروانه لغو شده است", en: "The licence has been revoked" }),
    ("wrong_case_state", Text { fa: "پروندهٔ دیگر در وضعیت لازم نیست", en: "The other case is not in the state that is asked for" }),
    ("another_running", Text { fa: "پروندهٔ دیگری از همین فرایند در همین باره در جریان است", en: "Another case of this workflow about the same is running" }),
    ("not_mapped", Text { fa: "نگاشت، پرونده‌های این مرحله را در نسخهٔ خود باقی می‌گذارد", en: "The mapping leaves cases that stand in this step with their version" }),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use parvaneh_core::RefusalCode;

    use super::*;

    #[test]
    fn every_refusal_has_a_title_and_no_code_has_two() {
        let codes: BTreeSet<_> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), CODES.len());
        for code in RefusalCode::ALL {
            assert!(codes.contains(code.as_str()), "{code} has no title");
        }
    }
}
