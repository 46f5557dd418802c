# آنچه از آنِ متقاضی است: پرونده‌ها، رسید، پروانه‌ها.

place-my = درخواست‌های من

mine-title = درخواست‌های من
mine-apply = درخواست تازه
mine-cases = پرونده‌ها
mine-none = هنوز درخواستی نفرستاده‌اید.
mine-older = قدیمی‌ترها
mine-licences = پروانه‌های من
mine-licence = پروانه
mine-licence-until = معتبر تا
mine-licence-in-force = معتبر
mine-licence-expired = اعتبار آن پایان یافته
mine-licence-suspended = معلق
mine-licence-revoked = لغو شده

mine-yours = نوبت شماست
mine-examined = در دست بررسی
mine-stopped = زمان متوقف است
mine-granted = موافقت شد
mine-refused = موافقت نشد
mine-lapsed = بسته شد، چون در مهلت کاری نشد
mine-withdrawn = انصراف دادید
mine-settled = به نتیجه رسید

mine-your-turn = نوبت شماست
mine-until = تا
mine-because = اداره نوشته است:
mine-missing = آنچه کم است
mine-paper-missing = { $paper } تحویل نشده است.
mine-paper-refused = { $paper } پذیرفته نشده است.
mine-paper-refused-because = { $paper } پذیرفته نشده است: { $reason }
mine-paper-expired = اعتبار { $paper } گذشته است.
mine-field-missing = «{ $field }» پر نشده است.
mine-when = زمان‌ها
mine-received = ثبت درخواست
mine-more = بیشتر دربارهٔ این پرونده
mine-answers = پاسخ‌های من
mine-documents = مدارک
mine-story = آنچه گذشت
mine-can = کارهای دیگر

receipt-title = رسید درخواست
receipt-lead = درخواست { $name } برای «{ $procedure }» دریافت شد.
receipt-code = کد رهگیری
receipt-subject = موضوع
receipt-unit = ادارهٔ گیرنده
receipt-hash = اثر انگشت ثبت
receipt-hash-hint = با این می‌توان نشان داد که درخواست پس از ثبت تغییر نکرده است.
receipt-paper-hash = اثر انگشت پرونده، شانزده رقم نخست SHA-256:
receipt-sealed = دفتر مهرشده
receipt-sealed-at = ردیف { $position } از { $size } ردیف امضاشده
receipt-not-sealed = هنوز مهر نشده است؛ کمی بعد این صفحه را باز کنید.
receipt-proof = دریافت گواهی ثبت (پروندهٔ JSON)
receipt-case = رفتن به پرونده
receipt-print = این صفحه را چاپ کنید یا کد رهگیری را یادداشت کنید.
