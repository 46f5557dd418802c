# The timeline of a case on paper
paper-title = Timeline of a case
paper-workflow = { $title }, version { $version }
paper-state = Stands at
paper-ended = { $end } ({ $outcome })
paper-clocks = Clocks
paper-held = stopped
paper-note = { $count ->
    [one] { $count } event
   *[other] { $count } events
}, the newest last; taken { $at }. Times are local to the unit.
paper-no = No.
paper-when = When
paper-what = What happened
paper-who = By whom
paper-deadlines = Deadlines
paper-recorded = recorded { $at }
paper-clock-over = { $clock }: over
paper-page = Page { $page } of { $pages }
paper-hash = Hash of the last event (SHA-256)
paper-address = Address of the case
