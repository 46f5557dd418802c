# The dashboard

place-dashboard = Performance
dashboard-title = Performance
dashboard-work-title = Work and delays
dashboard-parts = Parts of the figures
dashboard-unit = Unit
dashboard-workflow = Workflow
dashboard-any = All
dashboard-year = Year
dashboard-month = Month
dashboard-whole-year = Whole year
dashboard-show = Show
dashboard-figures-only = You see the figures of this unit; its cases are seen by those who have a role in them, and by auditors.
dashboard-percent = { $number }%
dashboard-rate = On-time rate
dashboard-met = The target of { $target } is met.
dashboard-missed = The target of { $target } is missed.
dashboard-nothing = There is nothing to count.
dashboard-budget = Error budget
dashboard-budget-year = { $count ->
    [one] { $count } case until the end of the year
   *[other] { $count } cases until the end of the year
}
dashboard-budget-month = { $count ->
    [one] { $count } case until the end of the month
   *[other] { $count } cases until the end of the month
}
dashboard-budget-left = { $count ->
    [one] { $count } case was left
   *[other] { $count } cases were left
}
dashboard-budget-missed = { $count ->
    [one] { $count } case beyond the budget
   *[other] { $count } cases beyond the budget
}
dashboard-raw = Raw rate
dashboard-raw-hint = without suspensions and extensions
dashboard-before = Same period, a year ago
dashboard-counted = Counted
dashboard-on-time = On time
dashboard-late = Decided late
dashboard-by-silence = Decided by silence
dashboard-given-up = Given up late
dashboard-overdue = Overdue, undecided
dashboard-not-on-time = Not on time
dashboard-months = Month by month: cases that ended, and the on-time rate
dashboard-decided-late = late
dashboard-provinces = Provinces
dashboard-units = Units
dashboard-itself = { $unit } itself
dashboard-map = Map of the provinces with their on-time rates
dashboard-map-key = ✓ dark and plain: { $target } and more; ▲ hatched: up to three points less; ■ chequered: less than that; grey: no data.
dashboard-map-source = Outlines: © OpenStreetMap contributors (ODbL), simplified, without legal meaning
dashboard-workflows = Workflows
dashboard-running = Running cases
dashboard-running-hint = as of now, whatever period is chosen
dashboard-open = Running
dashboard-late-now = Late
dashboard-due-within = { $days ->
    [one] Due within { $days } day
   *[other] Due within { $days } days
}
dashboard-left = Left of the statutory time
dashboard-cases = Cases
dashboard-held = Clock stopped
dashboard-late-more = { $from } days late and more
dashboard-late-between = { $from } to { $to } days late
dashboard-left-up-to = up to { $to } days left
dashboard-left-between = { $from } to { $to } days left
dashboard-left-more = { $from } days and more left
dashboard-ages = Days since receipt
dashboard-age-between = { $from } to { $to } days
dashboard-age-more = { $from } days and more
dashboard-step = Step
dashboard-owner = Owner
dashboard-lost = Where the late days went
dashboard-lost-hint = A late day belongs to whoever had the case at its end: hatched while it waited to be taken, solid while somebody had it in hand.
dashboard-lost-none = No case was late in this period.
dashboard-lost-days = Days
dashboard-lost-waiting = Waiting
dashboard-lost-handling = In hand
dashboard-levels = Escalated now
dashboard-levels-none = No case is escalated now.
dashboard-level = Level { $level }
dashboard-load = Load of officers
dashboard-load-none = Nobody has work now.
dashboard-load-late = Late tasks
dashboard-official = Officer
dashboard-waits-for = not yet taken: { $who }
dashboard-done = Work done
dashboard-done-hint = Means of a task, in working hours.
dashboard-by-step = By step
dashboard-by-owner = By owner
dashboard-code = Code
dashboard-months-file = Month by month
dashboard-places-file = Provinces or units
dashboard-files = Download this table:
dashboard-csv = CSV
dashboard-xlsx = XLSX
dashboard-file-csv = CSV: { $table }
dashboard-file-xlsx = XLSX: { $table }
dashboard-closed = Done
dashboard-closed-late = Late
dashboard-late-in-queue = Late in the queue
dashboard-waited = Waited (hours)
dashboard-handled = Handled (hours)
