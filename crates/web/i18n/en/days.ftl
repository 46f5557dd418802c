# A month from which a day is chosen.

days-open = Choose from the calendar
days-close = Close
days-today = { $day }, today
days-off = { $day }, day off
days-named = { $day }, { $name }
days-off-named = { $day }, day off: { $name }
days-year-before = Previous year
days-month-before = Previous month
days-month-after = Next month
days-year-after = Next year
