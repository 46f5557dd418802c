# What surrounds every page.

product = Parvaneh
skip = Skip to the content
places = Places
menu = Account and display
menu-account = My account
menu-look = Display
theme = Theme
theme-system = As the system
theme-light = Light
theme-dark = Dark
language-persian = فارسی
language-english = English
logout = Log out
acting-lent = { $count ->
    [one] on behalf of { $count }
   *[other] on behalf of { $count }
}

find = Search in cases
find-hint = Subject, applicant or tracking code
find-do = Search
bell-none = Notices
bell-unread = { $count ->
    [one] { $count } unread notice
   *[other] { $count } unread notices
}
bell-unread-more = More than { $most } unread notices
bell-more = { $most }+

sandbox = Sandbox
sandbox-ahead = { $days ->
    [one] { $days } day ahead
   *[other] { $days } days ahead
}

place-desk = Desk
place-worklist = Worklist
place-admin = Administration
place-cases = Cases
place-audit = Audit

role-administrator = Administrator
role-manager = Manager
role-auditor = Auditor
role-calendar-keeper = Keeper of the calendar

home-greeting = Welcome, { $name }
home-roles = Your roles
home-no-role = You hold no role yet. An administrator gives you one.
home-lent = lent
