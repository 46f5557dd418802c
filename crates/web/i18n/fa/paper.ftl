# گاه‌شمار پرونده روی کاغذ
paper-title = گاه‌شمار پرونده
paper-workflow = { $title }، نسخهٔ { $version }
paper-state = وضعیت
paper-ended = { $end } ({ $outcome })
paper-clocks = مهلت‌ها
paper-held = متوقف
paper-note = { $count } رویداد، آخرین در پایان؛ گرفته‌شده در { $at }. ساعت‌ها به وقت محلی واحد است.
paper-no = ردیف
paper-when = زمان
paper-what = رویداد
paper-who = از سوی
paper-deadlines = مهلت‌ها
paper-recorded = ثبت در { $at }
paper-clock-over = { $clock }: پایان یافت
paper-page = صفحهٔ { $page } از { $pages }
paper-hash = چکیدهٔ آخرین رویداد (SHA-256)
paper-address = نشانی پرونده
