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
linked-reason = توضیح (برای پاسخ مخالف لازم است)
linked-reference = شمارهٔ نامه
linked-send = فرستادن پاسخ
linked-once = با این پیوند یک بار پاسخ داده می‌شود.
linked-choose = پاسخ خود را برگزینید.
linked-thanks = سپاسگزاریم
linked-recorded = پاسخ شما ثبت شد. این پیوند دیگر کار نمی‌کند.
