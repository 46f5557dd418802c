# The auditor's desk: search in what happened, the whole story of a case

audit-title = Audit
audit-places = Parts of the auditor's desk
audit-search = Search events
audit-read-only = This desk is for looking only: nothing here changes a case. What you look at is recorded.
audit-looks = Who looked
audit-looks-title = Who looked at what
audit-looks-about = Whenever somebody opens a case or downloads a document, it is recorded here; another look at the same thing within some minutes is no look of its own. What you look at is recorded too.
audit-looks-part = Searches of auditors are shown to the auditor of the whole country only.
audit-looked-at = Looked at
audit-no-looks = Nobody has looked at anything of this.
audit-no-single-case = no single case
audit-looks-of-case = Who has looked at this case

look-file = The case
look-inquiries = Inquiries
look-documents = List of documents
look-document = A document, downloaded
look-inquiry = An inquiry, by who answers it
look-licence = The licence, to be printed
look-timeline = Timeline
look-workflow = Workflow
look-clock = How a deadline was computed
look-doing = The page of an action
look-following = Changes of the case, as they come
look-export = Export of the case
look-whole-story = The whole story, at the auditor's desk
look-audit-search = An auditor's search in events
look-audit-looks = An auditor's search in looks
look-audit-patterns = Patterns, at the auditor's desk
look-other = Another part of the case

audit-person = Person
audit-person-hint = Name of an officer
audit-since = From day
audit-until = To day
audit-kind = Kind of event
audit-code = Tracking code
audit-reason = In reasons and remarks
audit-find = Search
audit-found = What was found
audit-what = What happened
audit-when = When
audit-who = Who
audit-nothing = No event was found for this.
audit-nobody = Nobody of that name works in your units.
audit-which-one = Which one?
audit-somebody = { $name } ({ $units })
audit-no-case = There is no case with that code in your units.
audit-not-a-date = This is not a date: write 2026/11/21 or 1405/08/30.
audit-ends-before = The last day is before the first.
audit-too-long = At most { $most } letters.
audit-from-day = from { $day }
audit-to-day = to { $day }
audit-looked-to = Searched back to { $at }. What is earlier has not been looked at yet.
audit-earlier = Earlier
audit-latest = Back to the latest
audit-open-case = Open the case itself
audit-chain-holds = { $count ->
    [one] The chain holds: the one event is there, and its hash fits what it says.
   *[other] The chain holds: all { $count } events are there, and the hash of each fits what it says and the event before it.
  }
audit-chain-broken = The chain does not hold from event { $number } on: an event is missing or was changed. Tell support.
audit-state-agrees = The case as it stands is what its events make of it.
audit-state-differs = The stored state of the case is not what its events make of it. Tell support.
audit-head = Hash at the head of the chain:
audit-effective = Counts from
audit-recorded = Recorded
audit-link-holds = The hash holds:
audit-link-broken = The hash does not fit:
audit-bytes = As it is recorded
audit-clock-of-task = Deadline of task { $number }
audit-clock-change = { $clock }: before { $before }, after { $after }
audit-clock-absent = not running
audit-clock-held = suspended
audit-clock-stopped = stopped, with the deadline { $deadline }
audit-clock-over = stopped

kind-opened = Application received
kind-claimed = Task taken
kind-released = Task given back
kind-assigned = Task given to a person
kind-commented = Remark
kind-informed = Sent for information
kind-filled = Form filled in
kind-document-attached = Paper handed in
kind-document-verified = Paper checked
kind-acted = Action
kind-answered = Answer to an inquiry
kind-voted = Vote
kind-put-on-agenda = Put on an agenda
kind-taken-off-agenda = Taken off an agenda
kind-recused = Member recused
kind-sitting-lacking = No sitting in time
kind-suspended = Clock suspended
kind-resumed = Clock resumed
kind-extended = Extension
kind-rescheduled = Moved by the calendar
kind-migrated = Moved to another version
kind-withdrawn = Withdrawal
kind-escalated = Warning or escalation
kind-silence-held = Silence awaits a decision
kind-silence-waived = Silence waived
kind-silence-took-effect = Silence took effect

audit-patterns = Patterns
audit-patterns-title = Worth a look
audit-patterns-about = None of this is a fault by itself: each rule says what it has seen, and by what numbers. You can change the numbers.
audit-rules = Rules
pattern-reprieve = Extended or suspended near the deadline
pattern-reprieve-told = { $days ->
    [one] The statutory clock was extended or suspended when at most { $days } day was left.
   *[other] The statutory clock was extended or suspended when at most { $days } days were left.
  }
pattern-refused-last = Refused on the last days
pattern-refused-last-told = { $days ->
    [one] The application was refused when at most { $days } day was left of the statutory time.
   *[other] The application was refused when at most { $days } days were left of the statutory time.
  }
pattern-outside-hours = Decided outside office hours
pattern-outside-hours-told = The decision was taken on a day off, or more than { $minutes } min before or after office hours.
pattern-given-back = Work given back again and again
pattern-given-back-told = The work of the case was taken and given back at least { $times }× in this period.
pattern-series = Actions in quick series
pattern-series-told = One person took at least { $actions } actions within { $seconds ->
    [one] { $seconds } second.
   *[other] { $seconds } seconds.
  }
pattern-returned = Returned to the applicant again and again
pattern-returned-told = The case lay with its applicant at least { $times }× in this period.
pattern-in-days = Days
pattern-in-minutes = Minutes
pattern-in-times = Times
pattern-in-actions = Actions
pattern-in-seconds = Seconds
pattern-not-a-number = Write a number from 1 to { $most }.
pattern-too-long = { $days ->
    [one] The period has at most { $days } day.
   *[other] The period has at most { $days } days.
  }
pattern-nothing = This rule found nothing in this period.
pattern-part = Only { $most } are shown. To see all, make the period shorter or choose a unit.
pattern-measured = Measured
measure-minutes-left = { $minutes } min left
measure-hours-left = { $hours ->
    [one] { $hours } hour left
   *[other] { $hours } hours left
  }
measure-days-left = { $days ->
    [one] { $days } day left
   *[other] { $days } days left
  }
measure-times = { $count ->
    [one] once
   *[other] { $count } times
  }
measure-closed = The office was closed
