# A case: its head, its tabs, what can be done with it.

case-applicant = Applicant
case-role-at = { $role }, { $unit }
case-norm = Service norm
case-statutory = Statutory deadline
case-suspended = Clocks stopped: { $reason }
case-more = More
case-not-now = { $count ->
    [one] { $count } action is not possible now. Why?
   *[other] { $count } actions are not possible now. Why?
}
case-tabs = Parts of the case
case-tab-facts = Facts and form
case-tab-inquiries = Inquiries
case-tab-documents = Documents
case-tab-story = Timeline
case-tab-workflow = Workflow
case-done = Done: { $what }
case-tasks = What it waits for
case-task-vote = { $step }: vote
case-holder = in the hands of { $name }
case-since = since
case-until = until
case-votes = Votes cast
case-form = What was filled in
case-no-form = This procedure has no form.
case-empty-fields = Not filled in:
case-about = About the case
case-about-case = The request it is about
case-about-licence = The licence it is about
case-received = Received
case-workflow = Procedure
case-version = Version
case-unit = Received by
case-events = Events
case-sitting = Sitting

case-outcome-granted = granted
case-outcome-refused = refused
case-outcome-lapsed = lapsed
case-outcome-withdrawn = withdrawn
case-outcome-settled = settled
case-answer-positive = no objection
case-answer-negative = objection
case-vote-for = for
case-vote-against = against
case-vote-abstain = abstention

term-working-days = { $count ->
    [one] { $count } working day
   *[other] { $count } working days
}
term-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
term-working-hours = { $count ->
    [one] { $count } office hour
   *[other] { $count } office hours
}
term-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}

# Inquiries

inquiries-none = Nobody is asked about this case.
inquiries-open = Awaiting an answer
inquiries-answered = Answered
inquiry-asked = asked
inquiry-not-needed = no longer needed
inquiry-record = Record the answer
links-title = Links for the answer
link-make = Make a link for the answer
link-made = A link was made for { $name } to answer by.
link-once = This link is shown only now; send it to that body alone.
link-until = Valid until
link-open = Open
link-used = Answered by it
link-revoked = Taken back
link-over = Its time is over
link-revoke = Take back

# Documents

papers-asked = Papers asked for in this step
papers-held = Files of the case
papers-none = Nothing has been handed in yet.
paper-optional = optional
paper-good = in good order
paper-missing = not handed in
paper-unverified = not verified yet
paper-refused = refused
paper-expired = expired
paper-good-until = good until
paper-attach = Hand it in
paper-verify = Verify it
paper-replaced = replaced
paper-unscanned = no virus scanner has looked at it
paper-download = Download
paper-preview = Preview
paper-open = Open in a new tab
paper-elsewhere = Only its hash was recorded; the file is kept elsewhere.
size-bytes = { $count ->
    [one] { $count } byte
   *[other] { $count } bytes
}
size-kilobytes = { $count ->
    [one] { $count } KB
   *[other] { $count } KB
}
size-megabytes = { $count ->
    [one] { $count } MB
   *[other] { $count } MB
}

# The workflow, drawn

drawing-title = The workflow, drawn, with the way that the case has gone
drawing-list = Steps and ends
place-passed = passed
place-here = the case is here
place-ahead = not reached
place-end = end

# How a deadline was computed

clock-statutory = the statutory clock
clock-task = the clock of the task
clock-of = the clock of «{ $step }»
clock-title = How the deadline of { $clock } was computed
clock-term = Time limit
clock-extension = Extended by
clock-count = To be counted in all
clock-started = Started
clock-deadline = Deadline
clock-unsure = Holidays of some of these days are not published yet: the deadline may still move.
clock-days = Day by day
clock-number = No.
clock-day = Day
clock-what = What it did
clock-not-published = holidays not published yet
clock-others = Other clocks of this case
day-start = the day of the start is not counted
day-counted = counted
day-ran = counted from { $from } to { $until }
day-not-working = not a working day
day-weekly-off = weekend
day-no-hours = no office hours
day-suspended-since = stopped since { $from }
day-suspended = stopped from { $from } to { $until }
day-rolled = the last day is no working day: the deadline rolls on
day-rolled-to = the next working day: here it ends

# What can be done

do-claim = Take the task
do-claim-of = Take the task of { $owner }
do-release = Put the task back
do-release-of = Put the task of { $owner } back
do-assign = Refer the task for action
do-assign-of = Refer the task of { $owner } for action
do-answer = Answer to: { $inquiry }
do-fill = Fill in the form
do-attach = Hand in: { $document }
do-verify = Verify: { $document }
do-vote = Vote
do-agenda = Put on the agenda of { $at }
do-off-agenda = Take off the agenda
do-recuse = Take no part in this case
do-suspend = Stop the clocks
do-resume = Let the clocks run again
do-extend = Extend { $clock }
do-withdraw = Withdraw the application
do-silence = Decide on silence: { $clock }
do-comment = Comment
do-inform = Send for information
do-cannot = «{ $what }» is not possible now
do-not-now = Where the case stands now, or with your roles, this cannot be done.
do-changed = Somebody has changed the case meanwhile. Nothing of yours was done; look at it as it is now and send it again.
do-it = Do it: { $what }
do-look = Look at the consequences
do-leave = Leave it

input-required = (required)
input-reason = Reason
input-citation = Number of the condition
input-citation-hint = The approved condition on which the decision rests.
input-file = File
input-file-hint = PDF, PNG, JPEG, TIFF, docx, xlsx or text, up to 20 MB.
input-file-types = PDF, PNG, JPEG, TIFF, docx, xlsx or text
input-paper-hint = { $types }, up to { $size }.
input-issued = Day of issue
input-date-hint = In either calendar: 1405/08/30 or 2026/11/21.
input-money-hint = In whole rials.
input-if-hint = Required depending on the other answers.
input-verdict = How is the paper?
input-good = In good order
input-not-good = Not in good order
input-verdict-hint = Needed where it is not in good order.
input-person = To whom
input-urgency = Urgency
input-note = Note
input-note-hint = Your order to the person (initialled note); it stands in the timeline.
input-answer = The answer
input-letter = Number of the letter
input-vote = Your vote
input-basis = By what right
input-basis-hint = The law or rule that allows it, where there is one.
input-extension = By how many
input-extension-hint = Counted in units of { $unit }.
input-silence = What becomes of the silence?
input-silence-yes = It takes effect
input-silence-no = It is waived
input-comment = Comment
input-yes = Yes
input-no = No
input-choose = Choose one
input-choose-file = Choose a file

# What it will cause

will-title = What this will cause
will-unknown = Once it is filled in, this says what will follow.
will-step = The case goes on to «{ $step }».
will-end = The case ends: «{ $end }» ({ $outcome }).
will-task = Next: { $owner }.
will-task-until = Next: { $owner }, until { $deadline }.
will-hold = The task of { $owner } gets a holder.
will-release = The task of { $owner } goes back to the worklist of all.
will-statutory-stays = The statutory deadline stays { $deadline }.
will-statutory-starts = The statutory clock starts; deadline { $deadline }.
will-clock-end = { $clock } ends.
will-clock-stop = { $clock } stops until the case goes on.
will-clock-run = { $clock } runs again; deadline { $deadline }.
will-clock-move = The deadline of { $clock } moves from { $from } to { $to }.
will-nothing = Step, owner and deadlines stay as they are.

# What happened

story-whole = The timeline is whole: every event says what its hash says.
story-broken = This timeline is not whole. Tell those who run the service.
story-recorded = recorded
story-system = the system
story-by-applicant = { $name }, applicant
story-by = { $name }, { $role }
story-by-for = { $name }, { $role }, on behalf of { $for }
story-through = through «{ $step }»
story-to = on to «{ $step }»
story-ended = ended: «{ $end }»
story-reason = Reason: { $reason }
story-opened = Application received by { $unit }
story-claimed = Task taken
story-released = Task put back
story-assigned = Task referred to { $to } for action
story-informed = Case sent to { $to } for information
story-urgency = Urgency: { $urgency }
story-note = Note: { $note }
urgency-normal = Normal
urgency-urgent = Urgent
urgency-immediate = Immediate
story-commented = Comment
story-filled = Form filled in
story-value = { $field }: { $value }
story-cleared = { $field }: taken away
story-attached = Handed in: { $document }
story-verified = Verified: { $document }
story-refused = Not in good order: { $document }
story-citation = Condition { $number }
story-minutes = Minutes { $number }
story-answered = { $inquiry }: { $answer }
story-letter = Letter { $number }
story-by-silence = Silence stands for this answer.
story-by-link = Answered by a link.
story-voted = Vote: { $vote }
story-on-agenda = Put on the agenda of { $at }
story-off-agenda = Taken off the agenda
story-agenda-moved = Moved to another sitting
story-sitting-cancelled = Off the agenda: the sitting is cancelled
story-no-quorum = Put off: too few members voted
story-tie = Put off: a tie
story-recused = { $name } takes no part
story-no-sitting = No sitting has room before { $deadline }
story-suspended = Clocks stopped
story-basis = By right of: { $basis }
story-resumed = Clocks run again
story-extended = Extended: { $clock }, by { $by }
story-new-deadline = { $clock }: deadline { $deadline }
story-calendar = The calendar was published anew
story-closed = Offices closed: { $reason }
story-reopened = A closure was taken back: { $reason }
story-moved = { $clock }: from { $from } to { $to }
story-stands = { $clock }: stands still
story-migrated = Moved from version { $from } to version { $to }
story-withdrawn = Application withdrawn
story-warned = Warning { $number }: { $clock }
story-escalated = Escalation, level { $number }: { $clock }
story-deadline = Deadline { $deadline }
story-reassigned = Reassigned to { $role }
story-silence-held = Silence held for a decision: { $clock }
story-silence-due = It was due { $due }
story-silence-waived = Silence waived: { $clock }
story-silence = Silence took effect: { $clock }
story-told = Told: { $names }
