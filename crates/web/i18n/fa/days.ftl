# A month from which a day is chosen.

days-open = برگزیدن از تقویم
days-close = بستن
days-today = { $day }، امروز
days-off = { $day }، تعطیل
days-named = { $day }، { $name }
days-off-named = { $day }، تعطیل: { $name }
days-year-before = سال پیش
days-month-before = ماه پیش
days-month-after = ماه بعد
days-year-after = سال بعد
