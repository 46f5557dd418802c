# Calendars, and offices that are closed.

calendars-none = No calendar is published yet.
calendar-title = { $title }, { $year }
calendar-publish = Publish a calendar
calendar-publish-next = Publish a newer text
calendar-published = Holidays are published from { $from } to { $until }.
calendar-year = The year
calendar-states = Versions of the calendar
calendar-since = Since
calendar-change = Change
calendar-was-published = A newer text was published
calendar-was-closed = Closed: { $reason }
calendar-was-reopened = Closure taken back: { $reason }
calendar-unit = Unit
calendar-show = Show
calendar-differences = Differences from the calendar in force

weekday-short-saturday = Sa
weekday-short-sunday = Su
weekday-short-monday = Mo
weekday-short-tuesday = Tu
weekday-short-wednesday = We
weekday-short-thursday = Th
weekday-short-friday = Fr

legend-holiday = Holiday
legend-closed = Closed by decision
legend-short = Closed for some hours
legend-off = Weekly day off
legend-unsure = Holidays of the end of this year are not published yet.

hours-title = Office hours
hours-none = This calendar tells no hours for this year.
hours-during = from { $from } to { $until }
hours-between = { $from } to { $until }

closing-how = To close ‘{ $unit }’, choose days, or write a range at the end of the page.
closing-title = Close ‘{ $unit }’
closing-range = The chosen days, or this range:
closing-from = From
closing-until = To
closing-hours-hint = Write no hours where the whole day is closed.
closing-opens = From hour
closing-closes = To hour
closing-reason = Reason
closing-look = What would move?
closing-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
closing-do = Close the office
closing-change = Change the days
closing-no-day = Choose at least one day.
closing-no-date = Write the day like 1405/08/30 or 2026-11-21.
closing-backwards = The range ends before it begins.
closing-no-hours = The hours do not begin and end as they should.
closing-no-reason = Write the reason; it stands in the story of every case.
closing-many = At most { $most } days are closed at once.

moved-title = What would move
moved-looked-at = Running cases of this unit
moved-cases = Would have a deadline moved
moved-clocks = Deadlines
moved-deadlines = { $count ->
    [one] { $count } deadline
   *[other] { $count } deadlines
}
moved-failed = Could not be looked at
moved-list = Cases that would move
moved-none-seen = No case that you see would move.
moved-step = Term of the step
moved-on-time = would no longer be late
moved-more = More cases

closures-title = Closures
closures-none = Nothing is closed.
closures-of = What bears on ‘{ $unit }’.
closures-everywhere = All units
closures-in-force = Only those in force
closures-all = Also those taken back
closures-day = Day
closures-decided = decided { $day }
closures-withdrawn = Taken back { $day }: { $reason }
closures-closed = Closed
closures-more = More closures

withdraw = Take back
withdraw-title = Take back the closure of ‘{ $unit }’, { $day }
withdraw-reason = Why it is taken back
