# پرونده: سر آن، بخش‌های آن، و آنچه با آن می‌توان کرد.

case-applicant = متقاضی
case-role-at = { $role }، { $unit }
case-norm = مهلت خدمت
case-statutory = مهلت قانونی
case-suspended = زمان متوقف است: { $reason }
case-more = بیشتر
case-not-now = { $count } اقدام اکنون ممکن نیست. چرا؟
case-tabs = بخش‌های پرونده
case-tab-facts = مشخصات و فرم
case-tab-inquiries = استعلام‌ها
case-tab-documents = مدارک
case-tab-story = تاریخچه
case-tab-workflow = گردش کار
case-done = انجام شد: { $what }
case-tasks = در انتظار
case-task-vote = { $step }: رأی
case-holder = در دست { $name }
case-since = از
case-until = تا
case-votes = رأی‌های داده‌شده
case-form = آنچه پر شده است
case-no-form = این گردش کار فرمی ندارد.
case-empty-fields = پر نشده:
case-about = دربارهٔ پرونده
case-received = تاریخ دریافت
case-workflow = گردش کار
case-version = نسخه
case-unit = واحد دریافت‌کننده
case-events = رویدادها
case-sitting = جلسه

case-outcome-granted = صادر شد
case-outcome-refused = رد شد
case-outcome-lapsed = مختومه
case-outcome-withdrawn = انصراف
case-outcome-settled = تعیین تکلیف شد
case-answer-positive = بلامانع
case-answer-negative = مخالف
case-vote-for = موافق
case-vote-against = مخالف
case-vote-abstain = ممتنع

term-working-days = { $count } روز کاری
term-days = { $count } روز
term-working-hours = { $count } ساعت اداری
term-hours = { $count } ساعت

# استعلام

inquiries-none = دربارهٔ این پرونده از کسی استعلام نشده است.
inquiries-open = در انتظار پاسخ
inquiries-answered = پاسخ‌داده‌شده
inquiry-asked = تاریخ استعلام
inquiry-not-needed = دیگر لازم نیست
inquiry-record = ثبت پاسخ

# مدارک

papers-asked = مدارکی که در این مرحله لازم است
papers-held = پیوست‌های پرونده
papers-none = هنوز چیزی تحویل نشده است.
paper-optional = اختیاری
paper-good = تأیید شده
paper-missing = تحویل نشده
paper-unverified = هنوز بررسی نشده
paper-refused = رد شده
paper-expired = اعتبار آن گذشته
paper-good-until = معتبر تا
paper-attach = تحویل مدرک
paper-verify = بررسی مدرک
paper-replaced = جایگزین شده
paper-unscanned = ویروس‌یاب آن را ندیده است
paper-download = دریافت
paper-preview = پیش‌نمایش
paper-elsewhere = تنها اثر انگشت آن ثبت شده است؛ خود آن جای دیگری نگهداری می‌شود.
size-bytes = { $count } بایت
size-kilobytes = { $count } کیلوبایت
size-megabytes = { $count } مگابایت

# نمودار گردش کار

drawing-title = نمودار گردش کار با راهی که پرونده پیموده است
drawing-list = مرحله‌ها و پایان‌ها
place-passed = گذشته
place-here = پرونده اینجاست
place-ahead = نرسیده
place-end = پایان

# مهلت چگونه حساب شد

clock-statutory = مهلت قانونی
clock-task = مهلت کار
clock-of = مهلت «{ $step }»
clock-title = سررسید چگونه حساب شد: { $clock }
clock-term = مهلت
clock-extension = تمدید
clock-count = شمارش در مجموع
clock-started = آغاز
clock-deadline = سررسید
clock-unsure = تعطیلی‌های برخی از این روزها هنوز اعلام نشده است؛ سررسید ممکن است جابه‌جا شود.
clock-days = روزبه‌روز
clock-number = شماره
clock-day = روز
clock-what = اثر آن
clock-not-published = تعطیلی‌ها هنوز اعلام نشده
clock-others = مهلت‌های دیگر این پرونده
day-start = روز آغاز حساب نمی‌شود
day-counted = حساب شد
day-ran = از { $from } تا { $until } حساب شد
day-not-working = غیرکاری
day-weekly-off = تعطیل هفتگی
day-no-hours = بی ساعت اداری
day-suspended-since = متوقف از { $from }
day-suspended = متوقف از { $from } تا { $until }
day-rolled = روز پایانی تعطیل است؛ سررسید به روز کاری بعد می‌رود
day-rolled-to = روز کاری بعد: اینجا پایان می‌یابد

# آنچه می‌توان کرد

do-claim = برداشتن کار
do-claim-of = برداشتن کار { $owner }
do-release = بازگرداندن کار
do-release-of = بازگرداندن کار { $owner }
do-assign = ارجاع کار به یک شخص
do-assign-of = ارجاع کار { $owner } به یک شخص
do-answer = پاسخ { $inquiry }
do-fill = پر کردن فرم
do-attach = تحویل { $document }
do-verify = بررسی { $document }
do-vote = رأی
do-agenda = گذاشتن در دستور جلسهٔ { $at }
do-off-agenda = برداشتن از دستور جلسه
do-recuse = شرکت نکردن در این پرونده
do-suspend = توقف زمان
do-resume = ادامهٔ زمان
do-extend = تمدید { $clock }
do-withdraw = انصراف از درخواست
do-silence = تصمیم دربارهٔ سکوت: { $clock }
do-comment = یادداشت
do-cannot = «{ $what }» اکنون ممکن نیست
do-not-now = در جایی که پرونده اکنون هست، یا با نقش‌های شما، این کار ممکن نیست.
do-changed = در این میان کسی پرونده را تغییر داد. از کار شما چیزی انجام نشد؛ آن را چنان که اکنون هست ببینید و دوباره بفرستید.
do-it = انجام شود: { $what }
do-look = دیدن پیامدها
do-leave = انصراف از این کار

input-required = (الزامی)
input-reason = دلیل
input-citation = شمارهٔ شرط
input-citation-hint = شرط مصوبی که تصمیم بر آن استوار است.
input-file = پروندهٔ پیوست
input-file-hint = PDF، PNG، JPEG، TIFF، docx، xlsx یا متن، تا ۲۰ مگابایت.
input-issued = تاریخ صدور
input-date-hint = در هر دو تقویم: ۱۴۰۵/۰۸/۳۰ یا ۲۰۲۶/۱۱/۲۱.
input-money-hint = به ریال، بی اعشار.
input-if-hint = بسته به پاسخ‌های دیگر الزامی است.
input-verdict = مدرک چگونه است؟
input-good = درست است
input-not-good = درست نیست
input-verdict-hint = اگر درست نیست، لازم است.
input-person = به چه کسی
input-note = پاراف
input-note-hint = دستور شما به آن شخص؛ در تاریخچه می‌ماند.
input-answer = پاسخ
input-letter = شمارهٔ نامه
input-vote = رأی شما
input-basis = به استناد
input-basis-hint = قانون یا آیین‌نامه‌ای که اجازه می‌دهد، اگر هست.
input-extension = به چه اندازه
input-extension-hint = شمارش به واحد { $unit }.
input-silence = با سکوت چه شود؟
input-silence-yes = اثر کند
input-silence-no = از آن چشم‌پوشی شود
input-comment = یادداشت
input-yes = بله
input-no = خیر
input-choose = یکی را برگزینید
input-choose-file = پرونده‌ای برگزینید

# پیامدها

will-title = پیامد این کار
will-unknown = پس از پر شدن، اینجا گفته می‌شود چه در پی می‌آید.
will-step = پرونده به «{ $step }» می‌رود.
will-end = پرونده پایان می‌یابد: «{ $end }» ({ $outcome }).
will-task = سپس: { $owner }.
will-task-until = سپس: { $owner }، تا { $deadline }.
will-hold = کار { $owner } در دست کسی می‌افتد.
will-release = کار { $owner } به کارتابل همگان بازمی‌گردد.
will-statutory-stays = مهلت قانونی همان { $deadline } می‌ماند.
will-statutory-starts = مهلت قانونی آغاز می‌شود؛ سررسید { $deadline }.
will-clock-end = { $clock } پایان می‌یابد.
will-clock-stop = { $clock } تا ادامهٔ پرونده متوقف می‌شود.
will-clock-run = { $clock } دوباره آغاز می‌شود؛ سررسید { $deadline }.
will-clock-move = سررسید { $clock } از { $from } به { $to } می‌رود.
will-nothing = مرحله، مسئول و سررسیدها همان می‌مانند.

# آنچه رخ داد

story-whole = تاریخچه کامل است: هر رویداد با اثر انگشت خود می‌خواند.
story-broken = این تاریخچه کامل نیست. به پشتیبانی خبر دهید.
story-recorded = ثبت در
story-system = سامانه
story-by-applicant = { $name }، متقاضی
story-by = { $name }، { $role }
story-by-for = { $name }، { $role }، به نیابت از { $for }
story-through = از «{ $step }» گذشت
story-to = به «{ $step }» رفت
story-ended = پایان: «{ $end }»
story-reason = دلیل: { $reason }
story-opened = درخواست در { $unit } ثبت شد
story-claimed = کار برداشته شد
story-released = کار بازگردانده شد
story-assigned = کار به { $to } ارجاع شد
story-commented = یادداشت
story-filled = فرم پر شد
story-value = { $field }: { $value }
story-cleared = { $field }: برداشته شد
story-attached = تحویل شد: { $document }
story-verified = تأیید شد: { $document }
story-refused = درست نبود: { $document }
story-citation = شرط { $number }
story-minutes = صورتجلسهٔ { $number }
story-answered = { $inquiry }: { $answer }
story-letter = نامهٔ { $number }
story-by-silence = سکوت به جای این پاسخ است.
story-by-link = پاسخ با پیوند داده شد.
story-voted = رأی: { $vote }
story-on-agenda = در دستور جلسهٔ { $at } گذاشته شد
story-off-agenda = از دستور جلسه برداشته شد
story-agenda-moved = به جلسهٔ دیگری رفت
story-sitting-cancelled = از دستور بیرون آمد: جلسه لغو شد
story-no-quorum = به جلسهٔ دیگر افتاد: حد نصاب نبود
story-tie = به جلسهٔ دیگر افتاد: رأی‌ها برابر بود
story-recused = { $name } شرکت نمی‌کند
story-no-sitting = پیش از { $deadline } هیچ جلسه‌ای جا ندارد
story-suspended = زمان متوقف شد
story-basis = به استناد: { $basis }
story-resumed = زمان ادامه یافت
story-extended = تمدید { $clock }: { $by }
story-new-deadline = { $clock }: سررسید { $deadline }
story-calendar = تقویم از نو منتشر شد
story-closed = تعطیلی اداره‌ها: { $reason }
story-reopened = تعطیلی پس گرفته شد: { $reason }
story-moved = { $clock }: از { $from } به { $to }
story-stands = { $clock }: متوقف است
story-migrated = انتقال از نسخهٔ { $from } به نسخهٔ { $to }
story-withdrawn = انصراف متقاضی
story-warned = هشدار { $number }: { $clock }
story-escalated = ارجاع به مافوق، سطح { $number }: { $clock }
story-deadline = سررسید { $deadline }
story-reassigned = به { $role } سپرده شد
story-silence-held = سکوت در انتظار تصمیم: { $clock }
story-silence-due = زمان آن { $due } بود
story-silence-waived = از سکوت چشم‌پوشی شد: { $clock }
story-silence = سکوت اثر کرد: { $clock }
story-told = خبر داده شد: { $names }
