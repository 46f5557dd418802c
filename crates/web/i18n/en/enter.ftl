# Applicants come in by a code, and ask where their file is without coming in.

enter-title = For applicants
enter-hint = A code that works once is sent to your mail address.
enter-hint-new = If you have no account yet, it is made by this code.
enter-hint-known = New accounts are not made this way; please ask at the office.
enter-email = Mail address
enter-send = Send the code
enter-by-password = Log in by a password
enter-no-address = This is no mail address. Write something like name@example.ir.
enter-code-title = Write the code
enter-code-hint = If one can come in by this address, a code of six digits has been sent. It works for fifteen minutes, and in this browser only.
enter-code = Code
enter-go-on = Go on
enter-again = I want another code
enter-code-wrong = This is not the code. Write it again.
enter-code-over = This code works no longer. Ask for another one.
enter-account-title = Your account
enter-account-hint = This address is yours:
enter-name = Your name, or that of the legal person
enter-identifier = National id, or that of the legal person
enter-identifier-hint = Ten digits for a natural person, eleven for a legal person.
enter-make = Make the account
login-by-code = Are you an applicant? Come in by a code, or make an account
login-track = Where is my file? By its tracking code

track-title = Where is my file?
track-hint = The tracking code stands on your receipt. So that nobody else looks, write also the last four digits of the national id or of the telephone that stand in the application.
track-code = Tracking code
track-proof = Last four digits of the national id or telephone
track-look = Look
track-none = No file has this code and these digits. Look at both again.
track-found = Case { $code }
track-waits = Waits for
track-waits-for-you = You: “{ $step }”
track-waits-for = { $owner }: “{ $step }”
track-full = Come in to see all of it.
track-other = Another file
