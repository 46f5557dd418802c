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
linked-reason = Remarks (if you are against, say why)
linked-reference = Number of the letter
linked-send = Send the answer
linked-once = One answer can be given by this link.
linked-choose = Choose your answer.
linked-thanks = Thank you
linked-recorded = Your answer has been recorded. The link opens nothing any more.

# The same for who has a login.

place-inquiries = Inquiries
body-inquiries-open-none = No inquiry waits for your answer now.
body-inquiries-answered = The answer has been recorded.
body-inquiries-question = Inquiry
body-inquiries-about = Subject
body-inquiries-unit = Unit
