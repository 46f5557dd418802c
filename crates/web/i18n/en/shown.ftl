# Dates, times and what is left of them.

weekday-saturday = Sat
weekday-sunday = Sun
weekday-monday = Mon
weekday-tuesday = Tue
weekday-wednesday = Wed
weekday-thursday = Thu
weekday-friday = Fri

month-january = Jan
month-february = Feb
month-march = Mar
month-april = Apr
month-may = May
month-june = Jun
month-july = Jul
month-august = Aug
month-september = Sep
month-october = Oct
month-november = Nov
month-december = Dec

moment = { $day }, { $time }

left-days = { $days ->
    [one] { $days } working day left
   *[other] { $days } working days left
}
left-today = today, until { $time }
left-late = { $days ->
    [one] { $days } day late
   *[other] { $days } days late
}
left-late-today = late since today
left-held = the clock is stopped
left-none = no time limit
left-done = in time
left-done-late = { $days ->
    [one] { $days } day late
   *[other] { $days } days late
}

ribbon-explain = How was this deadline computed?
