# The page to which the link of an inquiry leads.

linked-title = Answer to an inquiry
linked-hint = Paste the link that was sent to you.
linked-link = Link
linked-open = Show the inquiry
linked-asked = Asked on
linked-until = Answer by
linked-answer = Your answer
linked-positive = In favour
linked-negative = Against
linked-reason = Remarks (needed when you are against)
linked-reference = Number of the letter
linked-send = Send the answer
linked-once = One answer can be given by this link.
linked-choose = Choose your answer.
linked-thanks = Thank you
linked-recorded = Your answer has been recorded. The link opens nothing any more.
