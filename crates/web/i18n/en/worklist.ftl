# The worklist

worklist-title = Worklist
worklist-tabs = Parts of the worklist
worklist-many = more than { $most }
worklist-filters = Chosen filters
worklist-without = Without “{ $filter }”
worklist-search = Search
worklist-search-hint = Subject, applicant or tracking code
worklist-workflow = Workflow
worklist-order = Order
worklist-down = Last first
worklist-any = All
worklist-show = Show
worklist-news = The worklist has changed: show it again
worklist-columns = Columns
worklist-columns-show = Show these columns
worklist-columns-reset = As at first
worklist-saved = My filters
worklist-save-as = A name for the present filter
worklist-save = Save
worklist-forget = Forget “{ $name }”
worklist-claim = Claim
worklist-claim-this = Claim “{ $subject }”
worklist-release = Release
worklist-release-this = Release “{ $subject }” to the worklist
worklist-claimed = “{ $subject }” is in your hands.
worklist-released = “{ $subject }” is back on the worklist.
worklist-gone-to = { $name } has taken “{ $subject }” in the meantime.
worklist-gone = “{ $subject }” has gone on in the meantime.
worklist-undo = Undo
worklist-pick = Choose “{ $subject }”
worklist-distribute = Distribute what is chosen…
worklist-whose = Whose work
worklist-own = My work
worklist-group = Work of the group
worklist-next = Next page
worklist-nothing = Nothing is left to do. Have a good day.
worklist-nothing-found = There is no work by this filter.

tab-all = All
tab-new = New
tab-mine = In hand
tab-near = Near deadline
tab-late = Late

order-late-minimising = Fewest late
order-deadline = Deadline of the step
order-arrival = Arrival

column-case = Case
column-applicant = Applicant
column-step = Step
column-unit = Unit
column-arrived = Arrived
column-due = Due
column-statutory = Statutory deadline
column-holder = In hand of
column-why = Why here?
column-action = Action

holder-nobody = nobody
holder-mine = you
holder-for = on behalf of { $name }

why-arrived = came on { $when }
why-due = due on { $when }
why-due-none = no deadline is running
why-begin-by = must be begun by { $when }
why-nothing-presses = no deadline presses
why-set-behind = { $count ->
    [one] will miss { $when } anyway: behind { $count } that can still be on time
   *[other] will miss { $when } anyway: behind { $count } that can still be on time
}
why-late-behind = { $count ->
    [one] late since { $when }: behind { $count } that can still be on time
   *[other] late since { $when }: behind { $count } that can still be on time
}
why-turn = the turn of what is late, one in { $every }: its deadline is { $when }
why-in-other-hands = in other hands
why-suspended = the case is suspended

keys-title = Keys
keys-move = to the next and the previous row
keys-open = open the case
keys-claim = claim or release
keys-search = search
keys-show = show this
keys-close = Close

distribute-title = Distribute work
distribute-none = None of the chosen tasks can be distributed by you. Perhaps nothing was chosen, or they are done.
distribute-back = Back to the worklist
distribute-count = { $count ->
    [one] { $count } task is distributed.
   *[other] { $count } tasks are distributed.
}
distribute-left-out = { $count ->
    [one] { $count } more cannot be distributed by you.
   *[other] { $count } more cannot be distributed by you.
}
distribute-which = Which tasks?
distribute-to = To whom?
distribute-choose = Choose
distribute-group = { $role }, { $unit }
distribute-in-turn = { $count ->
    [one] in turn to { $count } person
   *[other] in turn to all { $count } people
}
distribute-person = { $count ->
    [one] { $name } ({ $count } task in hand)
   *[other] { $name } ({ $count } tasks in hand)
}
distribute-release = { $count ->
    [one] back to the worklist ({ $count } task that somebody has)
   *[other] back to the worklist ({ $count } tasks that somebody has)
}
distribute-reason = Reason
distribute-reason-hint = It stays in the history of each case.
distribute-do = { $count ->
    [one] Distribute { $count } task
   *[other] Distribute { $count } tasks
}
distribute-whom-missing = Choose to whom the tasks are given.
distribute-reason-missing = Write the reason.
distribute-done = { $count ->
    [one] { $count } task was distributed.
   *[other] { $count } tasks were distributed.
}
distribute-failed = { $count ->
    [one] { $count } task was not distributed
   *[other] { $count } tasks were not distributed
}
