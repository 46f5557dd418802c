# Administration: its parts, and workflows.

admin-workflows = Workflows
admin-workflows-about = Versions, problems, publishing, retiring, moving cases
admin-calendars = Calendars
admin-calendars-about = The working year, closing offices, and the deadlines that move by it

workflows-none = No workflow is published yet.
workflow-title = { $title }, version { $version }
workflow-version = Version
workflow-versions = Versions
workflow-version-no = Version { $version }
workflow-state = State
workflow-in-use = In use
workflow-retired-since = Retired since { $day }
workflow-published = Published
workflow-running = Running cases
workflow-cases = { $count ->
    [one] { $count } case
   *[other] { $count } cases
}
workflow-problems = Problems
workflow-no-problem = No problem
workflow-warnings = { $count ->
    [one] { $count } warning
   *[other] { $count } warnings
}
workflow-parts = Parts of this version
workflow-drawn = Drawing and terms
workflow-written = Source and problems
workflow-drawing = Drawing
workflow-publish = Publish a workflow
workflow-publish-next = Publish the next version
workflow-retire = Retire this version
workflow-take-into-use = Take into use again
workflow-migrate = Move running cases

retire-means = { $count ->
    [one] From then on no case is opened by this version. { $count } running case goes on by it.
   *[other] From then on no case is opened by this version. { $count } running cases go on by it.
}
retire-last = No other version is in use: once this one is retired, no application is taken until a new version is published.
retire-back-means = New cases are opened by this version again, unless a newer one is in use.

source-problems = Problems of the text
source-errors = { $count ->
    [one] { $count } error
   *[other] { $count } errors
}
source-place = Line { $line }, column { $column }
source-lines = The text with line numbers

differences-title = Differences between versions
differences-from = Older version
differences-to = Newer version
differences-show = Show the differences
differences-none = The two do not differ.
differences-where = Where
differences-before = Before
differences-after = After
differences-nothing = nothing

terms-title = Terms
terms-extension = Extension, each up to
terms-step = Step
terms-owner = Owner
terms-term = Term
terms-none = no term
terms-statutory = Statutory clock
terms-counts = runs
terms-stands = stands still
term-by-itself = by itself

way-usual = { $days ->
    [one] The longest way usually takes { $days } day; the statutory term lasts { $allowed }.
   *[other] The longest way usually takes { $days } days; the statutory term lasts { $allowed }.
}
way-worst = { $days ->
    [one] At the worst time of the year: { $days } day, of { $allowed }.
   *[other] At the worst time of the year: { $days } days, of { $allowed }.
}
way-steps = The steps of the longest way
way-return = { $count ->
    [one] Back from ‘{ $by }’ to ‘{ $to }’: { $count } such round fits into the statutory term.
   *[other] Back from ‘{ $by }’ to ‘{ $to }’: { $count } such rounds fit into the statutory term.
}

publish-hint = Paste the text here or choose a file; where a file is chosen, the file is read.
publish-file = File
publish-source = Text
publish-check = Check the text
publish-empty = No text has come. Paste it, or choose a file.
publish-told = { $what }: { $why }
publish-sound = The text is sound: { $title }.
publish-same = Just this text is published already: { $title }.
publish-taken = { $title } is published already with another text. Take the next version number.
publish-this = Publish { $title }
publish-differences = Differences from version { $version }

migration-title = Move running cases: { $title }
migration-one-version = This workflow has only one version; publish the new one first.
migration-other = This mapping is of another workflow.
migration-from = From
migration-to = To
migration-suggest = Suggest a mapping
migration-unit = Cases of
migration-mapping = Mapping of the steps
migration-hint = What has the same name is suggested; every ??? is for you to fill in.
migration-look = Dry run
migration-dry-run = What the dry run found
migration-looked-at = Looked at
migration-moves = Would move
migration-deadlines = Would have another deadline
migration-become-late = Would become late
migration-become-on-time = Would no longer be late
migration-held = Silence would wait for a manager
migration-ended = Would end before they could move
migration-refused = Cannot move
migration-why = Why they cannot
migration-stays = in ‘{ $step }’: { $why }
migration-cases = Cases that would move
migration-step = Step
migration-late = would become late
migration-untold = { $count ->
    [one] { $count } more case is not listed: you do not see it, or the list would be too long.
   *[other] { $count } more cases are not listed: you do not see them, or the list would be too long.
}
migration-means = Cases move one by one beside everybody’s work. What cannot move goes on by the old version.
migration-begin = Begin to move them

moved-case = Case
moved-unit = Unit
moved-deadline = Statutory deadline
moved-to = →

job-migrate = Moving cases to another version
job-reschedule = Bringing the new calendar to the cases
job-begun = Begun: { $day }
job-runs = { $done } of { $total } cases
job-finished = Finished
job-done = Looked at
job-changed = Changed
job-failed = Not done
job-look-again = Look again
