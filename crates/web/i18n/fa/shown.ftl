# Dates, times and what is left of them.

weekday-saturday = شنبه
weekday-sunday = یکشنبه
weekday-monday = دوشنبه
weekday-tuesday = سه‌شنبه
weekday-wednesday = چهارشنبه
weekday-thursday = پنجشنبه
weekday-friday = جمعه

month-january = ژانویه
month-february = فوریه
month-march = مارس
month-april = آوریل
month-may = مه
month-june = ژوئن
month-july = ژوئیه
month-august = اوت
month-september = سپتامبر
month-october = اکتبر
month-november = نوامبر
month-december = دسامبر

moment = { $day }، { $time }

left-days = { $days } روز کاری مانده
left-today = امروز تا { $time }
left-late = { $days } روز تأخیر
left-late-today = مهلت امروز گذشت
left-held = زمان متوقف است
left-none = بدون مهلت
left-done = به‌موقع
left-done-late = با { $days } روز تأخیر

ribbon-explain = مهلت چگونه حساب شده است؟
