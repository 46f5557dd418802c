# What is the applicant's: cases, receipt, licences.

place-my = My applications

mine-title = My applications
mine-apply = New application
mine-cases = Cases
mine-none = You have not handed in an application yet.
mine-older = Older ones
mine-licences = My licences
mine-licence = Licence
mine-licence-until = valid until
mine-licence-in-force = in force
mine-licence-expired = expired
mine-licence-suspended = suspended
mine-licence-revoked = revoked

mine-yours = It is your turn
mine-examined = Being examined
mine-stopped = The clock is stopped
mine-granted = Granted
mine-refused = Refused
mine-lapsed = Closed, because nothing was done in time
mine-withdrawn = You have withdrawn it
mine-settled = Settled

mine-your-turn = It is your turn
mine-until = until
mine-because = The office wrote:
mine-missing = What is missing
mine-paper-missing = { $paper } has not been handed in.
mine-paper-refused = { $paper } was not accepted.
mine-paper-refused-because = { $paper } was not accepted: { $reason }
mine-paper-expired = { $paper } has expired.
mine-field-missing = “{ $field }” has not been filled in.
mine-when = Dates
mine-received = Received
mine-more = More about this case
mine-answers = My answers
mine-documents = Papers
mine-story = What has happened
mine-can = What else can be done

receipt-title = Receipt
receipt-lead = The application of { $name } for “{ $procedure }” has been received.
receipt-code = Tracking code
receipt-subject = About
receipt-unit = Received by
receipt-hash = Seal of the submission
receipt-hash-hint = By it can be shown that nothing of the application was changed afterwards.
receipt-paper-hash = Seal of the file, the first sixteen digits of its SHA-256:
receipt-sealed = Sealed log
receipt-sealed-at = Entry { $position } of { $size } that are signed
receipt-not-sealed = Not sealed yet; open this page again a little later.
receipt-proof = Download the proof (a JSON file)
receipt-case = To the case
receipt-print = Print this page, or write the tracking code down.
