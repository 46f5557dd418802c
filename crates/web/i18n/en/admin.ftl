# Administration: its parts, and workflows.

admin-workflows = Workflows
admin-workflows-about = Versions, problems, publishing, retiring, moving cases

workflows-none = No workflow is published yet.
workflow-version = Version
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
