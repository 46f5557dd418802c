# The page to which the link of an inquiry leads.

linked-title = پاسخ به استعلام
linked-hint = پیوندی را که برای شما فرستاده شده است، اینجا بگذارید.
linked-link = پیوند
linked-open = نمایش استعلام
linked-asked = تاریخ استعلام
linked-until = مهلت پاسخ
linked-answer = پاسخ شما
linked-positive = موافق
linked-negative = مخالف
linked-reason = توضیح (اگر مخالفید، علت را بنویسید)
linked-reference = شمارهٔ نامه
linked-send = فرستادن پاسخ
linked-once = با این پیوند یک بار پاسخ داده می‌شود.
linked-choose = پاسخ خود را برگزینید.
linked-thanks = سپاسگزاریم
linked-recorded = پاسخ شما ثبت شد. این پیوند دیگر کار نمی‌کند.

# The same for who has a login.

place-inquiries = استعلام‌ها
body-inquiries-open-none = اکنون استعلامی در انتظار پاسخ شما نیست.
body-inquiries-answered = پاسخ ثبت شد.
body-inquiries-question = استعلام
body-inquiries-about = موضوع
body-inquiries-unit = واحد
