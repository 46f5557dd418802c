# What surrounds every page.

product = پروانه
skip = رفتن به متن صفحه
places = جاها
menu = حساب و نمایش
menu-account = حساب من
menu-look = نمایش
theme = پوسته
theme-system = مانند دستگاه
theme-light = روشن
theme-dark = تیره
language-persian = فارسی
language-english = English
logout = خروج
acting-lent = به نیابت: { $count }

find = جست‌وجو در پرونده‌ها
find-hint = موضوع، متقاضی یا کد رهگیری
find-do = بگرد
bell-none = اعلان‌ها
bell-unread = { $count } اعلان خوانده‌نشده
bell-unread-more = بیش از { $most } اعلان خوانده‌نشده
bell-more = { $most }+

sandbox = محیط آزمایشی
sandbox-ahead = { $days } روز جلو

place-desk = میز کار
place-worklist = کارتابل
place-admin = مدیریت سامانه
place-cases = پرونده‌ها
place-audit = بازرسی

role-administrator = مدیر سامانه
role-manager = مدیر
role-auditor = بازرس
role-calendar-keeper = متصدی تقویم

home-greeting = { $name }، خوش آمدید
home-roles = نقش‌های شما
home-no-role = هنوز نقشی ندارید. مدیر سامانه نقش شما را تعیین می‌کند.
home-lent = به نیابت
