# Coming in and going out.

login-title = Log in
login-name = Login
login-password = Password
login-enter = Log in
login-by = Log in by { $provider }
login-out = You are logged out here.
login-out-there = Log out at { $provider } too
login-forgotten = I have forgotten my password
login-licences = Which licences are there, and what do they need?
login-check = Is a licence in force? By its number

second-step-title = The second step
second-step-hint = Write the six digits of your one-time code app, or one of your recovery codes.
second-step-code = Code
second-step-enter = Continue
second-step-back = Back to the login

recover-title = Recover a password
recover-hint = A link for a new password is sent to your address of record.
recover-login = Login or mail address
recover-ask = Send the link
recover-asked = If there is such a person, the link is on its way to the address of record. It works for half an hour.
recover-back = Back to the login

set-password-title = A new password
set-password-hint = 12 characters or more, and none that somebody would soon guess.
set-password-new = New password
set-password-again = The same again
set-password-set = Set it and log in
set-password-differ = The two passwords differ.
set-password-weak = This password is short, or soon guessed. Write another one.
