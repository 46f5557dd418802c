# Administration: its parts, and workflows.

admin-workflows = گردش‌کارها
admin-workflows-about = نسخه‌ها، ایرادها، انتشار، کنار گذاشتن و انتقال پرونده‌ها
admin-calendars = تقویم‌ها
admin-calendars-about = سال کاری، تعطیلی اداره‌ها و جابه‌جا شدن مهلت‌ها

workflows-none = هنوز هیچ گردش‌کاری منتشر نشده است.
workflow-title = { $title }، نسخهٔ { $version }
workflow-version = نسخه
workflow-versions = نسخه‌ها
workflow-version-no = نسخهٔ { $version }
workflow-state = وضعیت
workflow-in-use = در حال استفاده
workflow-retired-since = کنار گذاشته از { $day }
workflow-published = تاریخ انتشار
workflow-running = پرونده‌های جاری
workflow-cases = { $count } پرونده
workflow-problems = ایرادها
workflow-no-problem = بدون ایراد
workflow-warnings = { $count } هشدار
workflow-parts = بخش‌های این نسخه
workflow-drawn = نقشه و مهلت‌ها
workflow-written = متن و ایرادها
workflow-drawing = نقشه
workflow-publish = انتشار گردش‌کار
workflow-publish-next = انتشار نسخهٔ بعدی
workflow-retire = کنار گذاشتن این نسخه
workflow-take-into-use = بازگرداندن به کار
workflow-migrate = انتقال پرونده‌های جاری

retire-means = از این پس هیچ پرونده‌ای با این نسخه باز نمی‌شود. { $count } پروندهٔ جاری با همین نسخه ادامه می‌یابد.
retire-last = نسخهٔ دیگری در حال استفاده نیست؛ با کنار گذاشتن این نسخه، تا انتشار نسخهٔ تازه درخواستی پذیرفته نمی‌شود.
retire-back-means = پرونده‌های تازه دوباره با این نسخه باز می‌شوند، مگر آنکه نسخهٔ تازه‌تری در حال استفاده باشد.

source-problems = ایرادهای متن
source-errors = { $count } خطا
source-place = سطر { $line }، ستون { $column }
source-lines = متن با شمارهٔ سطر

differences-title = تفاوت نسخه‌ها
differences-from = نسخهٔ قدیم
differences-to = نسخهٔ جدید
differences-show = نمایش تفاوت
differences-none = این دو هیچ تفاوتی ندارند.
differences-where = جا
differences-before = پیش از این
differences-after = از این پس
differences-nothing = هیچ

terms-title = مهلت‌ها
terms-extension = تمدید، هر بار تا
terms-step = مرحله
terms-owner = مسئول
terms-term = مهلت
terms-none = بی‌مهلت
terms-statutory = مهلت قانونی
terms-counts = می‌گذرد
terms-stands = متوقف است
term-by-itself = خودکار

way-usual = بلندترین راه معمولاً { $days } روز می‌گیرد؛ مهلت قانونی { $allowed } روز است.
way-worst = در بدترین زمان سال: { $days } روز، از { $allowed } روز.
way-steps = مرحله‌های بلندترین راه
way-return = بازگشت از «{ $by }» به «{ $to }»: { $count } بار در مهلت قانونی جا می‌گیرد.

publish-hint = متن را اینجا بچسبانید یا پرونده‌ای برگزینید؛ اگر پرونده‌ای برگزیده شود، همان خوانده می‌شود.
publish-file = فایل متن
publish-source = متن
publish-check = بررسی متن
publish-empty = متنی نرسید. متن را بچسبانید یا فایلی برگزینید.
publish-told = { $what }: { $why }
publish-sound = متن درست است: { $title }.
publish-same = همین متن پیش از این منتشر شده است: { $title }.
publish-taken = { $title } پیش از این با متن دیگری منتشر شده است. شمارهٔ نسخه را یکی بالاتر ببرید.
publish-this = انتشار { $title }
publish-differences = تفاوت با نسخهٔ { $version }

migration-title = انتقال پرونده‌های جاری: { $title }
migration-one-version = این گردش‌کار یک نسخه بیشتر ندارد؛ نخست نسخهٔ تازه را منتشر کنید.
migration-other = این نگاشت از گردش‌کار دیگری است.
migration-from = از نسخهٔ
migration-to = به نسخهٔ
migration-suggest = پیشنهاد نگاشت
migration-unit = پرونده‌های
migration-mapping = نگاشت مرحله‌ها
migration-hint = آنچه هم‌نام است پیشنهاد شده است؛ هر ??? را شما پر کنید.
migration-look = اجرای آزمایشی
migration-dry-run = نتیجهٔ اجرای آزمایشی
migration-looked-at = بررسی شد
migration-moves = منتقل می‌شود
migration-deadlines = سررسیدش جابه‌جا می‌شود
migration-become-late = معوق می‌شود
migration-become-on-time = از معوق بودن درمی‌آید
migration-held = حکم سکوتش در انتظار مدیر می‌ماند
migration-ended = پیش از انتقال پایان می‌یابد
migration-refused = منتقل نمی‌شود
migration-why = چرا منتقل نمی‌شود
migration-stays = در «{ $step }»: { $why }
migration-cases = پرونده‌هایی که منتقل می‌شوند
migration-step = مرحله
migration-late = معوق می‌شود
migration-untold = { $count } پروندهٔ دیگر اینجا نیامده است: یا آنها را نمی‌بینید، یا فهرست بلندتر از این است.
migration-means = پرونده‌ها کنار کار دیگران و یکی‌یکی منتقل می‌شوند. آنچه منتقل نشود با نسخهٔ قدیم ادامه می‌یابد.
migration-begin = آغاز انتقال

moved-case = پرونده
moved-unit = واحد
moved-deadline = مهلت قانونی
moved-to = ←

job-migrate = انتقال پرونده‌ها به نسخهٔ دیگر
job-reschedule = رساندن تقویم تازه به پرونده‌ها
job-begun = آغاز: { $day }
job-runs = { $done } از { $total } پرونده
job-finished = پایان یافت
job-done = بررسی شد
job-changed = تغییر کرد
job-failed = انجام نشد
job-look-again = نگاه دوباره
