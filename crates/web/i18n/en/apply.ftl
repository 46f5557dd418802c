# An application, question by question.

apply-title = New application
apply-for = Apply: { $procedure }
apply-needs = What do I need, and how long does it take?
apply-begun = Applications that you have begun
apply-new = New application
apply-one-by-one = Each page asks one thing.
apply-kept = Each answer is kept at once; go on whenever you like.
apply-looked-at = Before you hand it in you see all answers together, and can change them.
apply-begin = Begin
apply-too-many = { $count ->
    [one] You have begun { $count } application. Hand it in, or delete it.
   *[other] You have begun { $count } applications. Hand one in, or delete one.
}
apply-kept-until = Kept until
apply-drop = Delete this application
apply-drop-short = Delete
apply-drop-sure = The answers and files of this application are deleted and do not come back. Nothing has been sent to the office.
apply-drop-yes = Delete it
apply-drop-no = Keep it

apply-province = Which province?
apply-unit = Which office is to handle it?
apply-unit-hint = The office of the place where the activity will be.
apply-about = What is it about?
apply-about-number = Write the number of the licence.
apply-about-none = There is nothing in your name that this application could be about.
apply-subject = What is it called?
apply-subject-hint = A short name by which you recognise it, such as that of the centre.
apply-licence = Licence { $number }, { $subject }, valid until { $day }
apply-case = Case { $code }, { $subject }
apply-place = Question { $number } of { $all }
apply-overview = All questions
apply-optional = (optional)
apply-next = Save and go on
apply-back = Back
apply-faulty = The answer was not taken; what you have said before is still there.
apply-needed = This question needs an answer.
apply-choose = Choose one of them.
apply-choose-file = Choose a file.
apply-issued-needed = Write the day of issue.
apply-too-long = { $count ->
    [one] Up to { $count } character.
   *[other] Up to { $count } characters.
}
apply-paper-needed = Without this paper the application may come back for completion. If you do not have it, go on without a file.
apply-paper-lacking = not handed in; the application may come back
apply-file-there = The file that is there, and stays unless you choose another:
apply-file-issued = { $name }, issued on { $day }
apply-sending = The file is being sent

apply-check = Look at your answers
apply-change = Change
apply-answer = Answer
apply-open = left open
apply-said = answered
apply-not-said = not answered yet
apply-after-province = after the province has been chosen
apply-not-whole = The application is not complete yet.
apply-go-on = Go on
apply-hand-in-title = Hand in the application
apply-hand-in-hint = When you hand it in it is received, and the legal term ({ $term }) begins to run. Keep the receipt.
apply-hand-in = Hand in
