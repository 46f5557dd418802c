# Licences, for everybody: what each needs, how long it takes.

licences-title = Licences and services
licences-lead = For each licence you see which papers it needs, which steps it has and how long it takes.
licences-none = No procedure has been published yet.
licences-first = A new application
licences-held = For holders of a licence
licences-about = About an application that you have
licences-within = Legal term: { $term }
licences-at-county = Received by the county office.
licences-at-province = Received by the provincial office.
licences-at-national = Received by the headquarters.

licence-apply = Apply
licence-all = All licences and services
licence-by-law = By: { $law }
licence-within = On this page
licence-needs = What do I need?
licence-fields = What you write in the application
licence-no-fields = Nothing but what it is about, and which office receives it.
licence-papers = The papers that are checked with the application
licence-no-papers = No paper is asked for.
licence-later = Papers that are added in later steps
licence-time = How long does it take?
licence-term = The legal term
licence-norm = What the organisation promises
licence-lately = In the last year
licence-starts-opened = from the receipt of the application.
licence-starts-at = from the step “{ $step }” on.
licence-median = { $days ->
    [one] Half of the decisions came within { $days } day.
   *[other] Half of the decisions came within { $days } days.
}
licence-on-time = { $percent }% came in time.
licence-decided = { $count ->
    [one] Of { $count } decision; days are counted from the receipt to the decision, with those that the file was with the applicant.
   *[other] Of { $count } decisions; days are counted from the receipt to the decision, with those that the file was with the applicant.
}
licence-extension = { $count ->
    [one] This term may be extended once, for a reason, by up to { $term }.
   *[other] This term may be extended { $count } times, for a reason, by up to { $term } each.
}
licence-silence = If the organisation has not answered when the term ends: “{ $end }”.
licence-silence-after = If the organisation has not answered { $term } after the end of the term: “{ $end }”.
licence-way = Which steps are there?
licence-way-hint = Not every file goes through all of them.
licence-held = The legal term stands still
licence-you = You
licence-commission = { $count ->
    [one] { $members }, { $count } person
   *[other] { $members }, { $count } people
}
licence-ends = What comes out
licence-valid = { $count ->
    [one] valid for { $count } month
   *[other] valid for { $count } months
}
licence-turns = When is it my turn?
licence-turns-hint = This happens if the file comes back for correction, if something is for you to do, or if you want to appeal.
licence-turn-term = You have { $term }.
licence-turn-silence = If you do nothing: “{ $end }”.
licence-turn-actions = What you can do:
licence-about-licence = It is for who holds a licence of { $titles }.
licence-about-case = It is about an application for { $titles }.
licence-then = Afterwards

needs-required = required
needs-optional = optional
needs-if = required if { $condition }
needs-is = { $field } is “{ $value }”
needs-or = or
needs-and = and
needs-least = at least { $value }
needs-most = at most { $value }
needs-letters = { $count ->
    [one] up to { $count } character
   *[other] up to { $count } characters
}
needs-national-id = ten digits, the last of which checks the others
needs-legal-id = eleven digits, the last of which checks the others
needs-date = a date, Jalali or Gregorian
needs-file = a file
needs-choices = { $count ->
    [one] { $count } choice
   *[other] { $count } choices
}

paper-copies = { $count ->
    [one] { $count } copy
   *[other] { $count } copies
}
paper-lasts = good for { $term } from the day of its issue
paper-types = taken as: { $types }
paper-size = { $count ->
    [one] up to { $count } MB
   *[other] up to { $count } MB
}
paper-looked-at = { $role } looks at it

check-title = Is this licence in force?
check-hint = The number stands on the licence. It has a year, an office and ten signs, such as
check-number = Number of the licence
check-look = Check
check-no-number = This is no number of a licence. Look at it again.
check-unknown = No licence has this number. Compare each sign with the paper. If it is the same, ask the office that the paper names.
check-found = Licence
check-stays = its validity has ended, but it stays in force until an application about it is decided
check-holder = Holder
check-unit = Granted by
check-at-county = County office of { $county }, province of { $province }
check-at-province = Provincial office of { $province }
check-from = Valid from
check-until = Valid until
check-today = As of
check-compare = Compare this with the paper: what stands here counts.
check-other = Another licence

licence-state = State
licence-paper-persian = Licence in Persian (PDF)
licence-paper-english = Licence in English (PDF)
licence-paper-day = { $day } ({ $other })
licence-paper-decided = Date of the decision
licence-paper-state = State on { $day }
licence-paper-note = Whether this licence is in force is told by the page behind this code alone, and not by this paper.
licence-paper-address = Check it at
