# What runs by itself.

admin-health = Health
admin-health-about = Database, queues, versions
admin-deliveries = Deliveries
admin-deliveries-about = What has not arrived
admin-webhooks = Webhooks
admin-webhooks-about = Programs that are told of events
admin-parked = Parked cases
admin-parked-about = What could not go on by itself
admin-jobs = Jobs
admin-jobs-about = Deadlines that move, cases that change their version

health-title = Health
health-database = Database
health-documents = Where documents are kept
health-well = Answers
health-ill = Does not answer
health-due = Cases at which something is due
health-outbox = Notices that wait
health-mails = Mails in the queue
health-events = Events for webhooks in the queue
health-parked = Parked cases
health-log = Events in the sealed log
health-log-refused = The signer refuses to sign what the log has become: { $code }
health-log-unsigned = Sealed, but there is no signer
health-log-catching-up = All events are being looked through
health-seconds = { $seconds ->
    [one] The oldest: one second
   *[other] The oldest: { $seconds } seconds
}
health-minutes = { $count ->
    [one] The oldest: one minute
   *[other] The oldest: { $count } minutes
}
health-hours = { $hours ->
    [one] The oldest: one hour
   *[other] The oldest: { $hours } hours
}
health-days = { $days ->
    [one] The oldest: one day
   *[other] The oldest: { $days } days
}
health-megabytes = { $count ->
    [one] { $count } MB
   *[other] { $count } MB
}
health-gigabytes = { $count ->
    [one] { $count } GB
   *[other] { $count } GB
}
health-pools = Connections of this process to the database
health-pool = For
health-pool-readers = Reading
health-pool-people = Reading for people
health-pool-writers = Writing
health-in-use = In use
health-open = Open
health-most = At most
health-versions = Versions
health-version = Parvaneh
health-postgres = Postgres
health-migration = Latest migration
health-size = Size of the database

deliveries-title = Deliveries
deliveries-which = Which deliveries
deliveries-none = There are none.
delivery-email = Mail
delivery-digest = Daily report
delivery-webhook = Event
delivery-recovery = Password link
delivery-code = Code of an applicant
delivery-waiting = Waiting
delivery-sending = Being sent
delivery-sent = Arrived
delivery-skipped = Not needed
delivery-failed = Failed
delivery-uncertain = Uncertain
delivery-gathered = Gathered
delivery-queued = queued
delivery-ended = ended
delivery-attempts = { $count ->
    [one] tried once
   *[other] tried { $count } times
}
delivery-retry = Try again
delivery-retried = It waits to be sent again.
delivery-retry-all = Try them all again
delivery-retry-all-will = Everything that surely did not arrive is sent again.
delivery-retry-all-do = Send them all
delivery-retried-all = They wait to be sent again.

parked-title = Parked cases
parked-hint = The program could not treat these by itself; all others go on. Try again when the cause is mended.
parked-none = All cases go on.
parked-events = { $count ->
    [one] one event
   *[other] { $count } events
}
parked-retry = Try again
parked-retry-will = The worker treats the case again.
parked-retry-do = Try
parked-retried = The worker tries again.

jobs-title = Jobs
jobs-hint = Work on many cases, done in portions.
jobs-none = There was none.
jobs-reschedule = Deadlines move
jobs-migrate = Cases change their version
jobs-other = Job
jobs-finished = finished
jobs-done = { $done } of { $total } cases
jobs-changed = { $count ->
    [one] one changed
   *[other] { $count } changed
}
jobs-failed = { $count ->
    [one] one failed
   *[other] { $count } failed
}
jobs-began = began
jobs-ended = ended

webhooks-title = Webhooks
webhooks-hint = Events of cases are sent to these addresses, signed.
webhooks-none = There is none yet.
webhook-title = Webhook
webhook-new = A new webhook
webhook-url = Address
webhook-url-hint = An https address on the public network
webhook-url-wrong = Nothing can be sent to this address.
webhook-workflow = Workflow
webhook-kinds = Kinds of events
webhook-kinds-hint = One a line; empty is all
webhook-known-kinds = Known kinds
webhook-content = Content
webhook-values = What was filled in, and names of papers
webhook-values-hint = Without it, only what happened is told.
webhook-add = Add
webhook-added = Added:
webhook-secret-once = By this secret the receiver checks the signatures. It is not shown again: copy it now.
webhook-is-paused = Paused
webhook-is-told = Told of events
webhook-since = Added
webhook-waiting = { $count ->
    [one] one waits
   *[other] { $count } wait
}
webhook-failed = { $count ->
    [one] one failed
   *[other] { $count } failed
}
webhook-none-failed = none failed
webhook-test = Send a test
webhook-taken = The receiver took the test.
webhook-untaken = The receiver did not take the test:
webhook-pause = Pause
webhook-pause-will = Nothing more is told, and what waits is given up.
webhook-pause-do = Pause it
webhook-paused = The webhook is told nothing more.
webhook-go-on = Go on
webhook-go-on-will = From now on events are told again.
webhook-go-on-do = Go on now
webhook-going = The webhook is told of events again.
webhook-remove = Remove
webhook-remove-will = What waits is given up. This cannot be taken back.
webhook-remove-do = Remove it
webhook-removed = The webhook is removed.
