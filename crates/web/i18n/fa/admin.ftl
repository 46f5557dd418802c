# Administration: its parts, and workflows.

admin-workflows = گردش‌کارها
admin-workflows-about = نسخه‌ها، ایرادها، انتشار، کنار گذاشتن و انتقال پرونده‌ها

workflows-none = هنوز هیچ گردش‌کاری منتشر نشده است.
workflow-version = نسخه
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
