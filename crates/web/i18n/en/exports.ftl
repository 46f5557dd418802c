# Exports
exports = Exports
exports-hint = What you see at work, as a file. Each export is recorded with your name, the time, the reason and its hash, and that record stays.
exports-mine = My exports
exports-everybody = Everybody's exports
exports-none = Nothing has been exported yet.
exports-next = Older ones
export-one = Export
export-new = Another export
export-begin = Begin the export
export-format = Format
export-csv = Table (CSV)
export-jsonl = Recorded events, line by line (JSON Lines)
export-xlsx = Workbook (XLSX)
export-xes = Event log for process mining (XES)
export-ocel = Object-centric event log (OCEL 2.0)
export-pdf = Timeline on paper (PDF, one case)
export-bundle = Bundle for auditors, with proofs
export-since = Checkpoint that was kept
export-since-hint = For a bundle: the note of an auditor's last checkpoint. The bundle then proves that the log has only grown since.
export-reason = Reason
export-reason-hint = What it is for; it is recorded, and auditors see it.
export-case = Identifier of the case
export-workflow = Workflow
export-unit = Unit
export-unit-hint = The unit's identifier; with what is below it.
export-state = State
export-any = All
export-open = Running
export-ended = Ended
export-text = In subject, applicant or tracking code
export-received = Received in
export-ended-in = Ended in
export-recorded = Events recorded in
export-period-hint = A Jalali year or month: 1403 or 1403/07
export-recorded-hint = Of all these cases only the events of that year or month.
export-form = How tables are written
export-persian = Column headers in Persian
export-jalali = Jalali dates beside the others
export-bom = A mark of UTF-8 for Excel
export-english = PDF in English
export-waiting = Waiting
export-running = Being written
export-done = Ready
export-streamed = Taken at the command line
export-failed = Not made
export-cancelled = Cancelled
export-forgotten = Not kept any more
export-events = { $count ->
    [one] { $count } event
   *[other] { $count } events
}
export-cases = { $count ->
    [one] { $count } case
   *[other] { $count } cases
}
export-holds-events = Events
export-holds-cases = Cases
export-size = Size
export-kilobytes = { $size } KB
export-kept = Kept until
export-sha256 = Hash (SHA-256)
export-scope = Of what
export-fetch = Download
export-look-again = Look again
export-cancel = Cancel
export-cancel-will = Its file is thrown away; the record of it stays.
export-cancel-do = Cancel it
export-this-case = Export this case
export-of-list = The cases of this list
export-these-cases = Export these cases
export-as-pdf = Timeline as PDF
