# The list of cases

cases-title = Cases
cases-search = Search
cases-search-hint = Subject, applicant or tracking code
cases-state = State
cases-state-any = All
cases-state-open = Running
cases-state-late = Late
cases-state-held = Clock stopped
cases-state-ended = Ended
cases-any = All
cases-unit = Unit
cases-workflow = Workflow
cases-step = Step
cases-role = Turn of
cases-due = Statutory deadline
cases-due-within = { $days ->
    [one] within { $days } day
   *[other] within { $days } days
}
cases-period-hint = as 1403 or 1403/07
cases-period-wrong = Write a Jalali year or month, as 1403/07.
cases-show = Show
cases-more = More filters
cases-chosen = Chosen filters
cases-without = Without “{ $filter }”
cases-count = { $count ->
    [one] { $count } case
   *[other] { $count } cases
}
cases-many = more than { $most } cases
cases-uncounted = Counting all cases with these words takes too long.
cases-too-wide = A search for these words in so many cases takes too long. Choose a unit, a workflow, a step or when they were received, or write the whole tracking code.
cases-none = There is no case for you to see.
cases-none-found = No case by these filters. Take one of them away.
cases-next = Next page
cases-first = First page
cases-case = Case
cases-applicant = Applicant
cases-where = Where it stands
cases-holder = With
cases-received = Received
cases-ended = Ended
cases-norm = Deadline of the step
cases-statutory = Statutory deadline
cases-with-applicant = the applicant
cases-with = turn of { $who }
cases-untaken = taken by nobody
cases-in-hand-of = in hand of { $who }
cases-task-late = the task is late in its step
cases-alone = { $unit } itself only
cases-days-between = { $from } to { $to }
cases-days-more = { $from } and more
cases-late-days = { $span } days late
cases-left-days = { $span } days left
cases-age = { $span } days since it was received
cases-received-in = received in { $period }
cases-ended-in = ended in { $period }
cases-level = escalated to level { $level }
cases-in-figures = { $what }, { $period }
cases-raw = { $what } (raw)
cases-verdict-counted = in the figures
cases-verdict-on-time = on time
cases-verdict-not-on-time = not on time
cases-verdict-late = decided late
cases-verdict-by-silence = decided by silence
cases-verdict-given-up-late = given up late
cases-verdict-overdue = overdue and undecided
cases-verdict-late-with = late with { $who }
