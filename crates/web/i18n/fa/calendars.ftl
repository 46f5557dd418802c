# Calendars, and offices that are closed.

calendars-none = هنوز هیچ تقویمی منتشر نشده است.
calendar-title = { $title }، سال { $year }
calendar-publish = انتشار تقویم
calendar-publish-next = انتشار متن تازه
calendar-published = تعطیلات رسمی از { $from } تا { $until } منتشر شده است.
calendar-year = نمای سال
calendar-states = نسخه‌های تقویم
calendar-since = از
calendar-change = تغییر
calendar-was-published = متن تازه منتشر شد
calendar-was-closed = تعطیلی: { $reason }
calendar-was-reopened = پس گرفتن تعطیلی: { $reason }
calendar-unit = واحد
calendar-show = نمایش
calendar-differences = تفاوت با تقویمی که جاری است

weekday-short-saturday = ش
weekday-short-sunday = ی
weekday-short-monday = د
weekday-short-tuesday = س
weekday-short-wednesday = چ
weekday-short-thursday = پ
weekday-short-friday = ج

legend-holiday = تعطیل رسمی
legend-closed = تعطیلی به تصمیم
legend-short = بخشی از روز تعطیل
legend-off = تعطیل هفتگی
legend-unsure = تعطیلات رسمی پایان این سال هنوز منتشر نشده است.

hours-title = ساعت کار
hours-none = این تقویم برای این سال ساعت کار ندارد.
hours-during = از { $from } تا { $until }
hours-between = { $from } تا { $until }

closing-how = برای بستن «{ $unit }» روزها را برگزینید، یا در پایین صفحه بازه‌ای بنویسید.
closing-title = بستن «{ $unit }»
closing-range = روزهای برگزیده، یا این بازه:
closing-from = از روز
closing-until = تا روز
closing-hours-hint = اگر همهٔ روز بسته است، ساعت ننویسید.
closing-opens = از ساعت
closing-closes = تا ساعت
closing-reason = دلیل
closing-look = چه چیزی جابه‌جا می‌شود؟
closing-days = { $count } روز
closing-do = بستن اداره
closing-change = تغییر روزها
closing-no-day = دست‌کم یک روز را برگزینید.
closing-no-date = روز را مانند ۱۴۰۵/۰۸/۳۰ بنویسید.
closing-backwards = پایان بازه پیش از آغاز آن است.
closing-no-hours = ساعت آغاز و پایان درست نیست.
closing-no-reason = دلیل را بنویسید؛ در شرح هر پرونده می‌آید.
closing-many = در یک بار حداکثر { $most } روز بسته می‌شود.

moved-title = آنچه جابه‌جا می‌شود
moved-looked-at = پروندهٔ جاری در این واحد
moved-cases = سررسیدش جابه‌جا می‌شود
moved-clocks = سررسیدها
moved-deadlines = { $count } سررسید
moved-failed = بررسی نشد
moved-list = پرونده‌هایی که جابه‌جا می‌شوند
moved-none-seen = پرونده‌ای که شما ببینید جابه‌جا نمی‌شود.
moved-step = مهلت مرحله
moved-on-time = از معوق بودن درمی‌آید
moved-more = پرونده‌های بعدی

closures-title = تعطیلی‌ها
closures-none = هیچ تعطیلی‌ای ثبت نشده است.
closures-of = آنچه به «{ $unit }» مربوط است.
closures-everywhere = همهٔ واحدها
closures-in-force = فقط آنچه برقرار است
closures-all = همراه با پس‌گرفته‌ها
closures-day = روز
closures-decided = تصمیم { $day }
closures-withdrawn = پس گرفته در { $day }: { $reason }
closures-closed = تعطیل
closures-more = تعطیلی‌های بعدی

withdraw = پس گرفتن تعطیلی
withdraw-title = پس گرفتن تعطیلی «{ $unit }»، { $day }
withdraw-reason = دلیل پس گرفتن
