# What went wrong. What a code means stands with the codes themselves.

problem-again = { $seconds ->
    [one] Try again in { $seconds } second.
   *[other] Try again in { $seconds } seconds.
}
problem-not-there = The address may be wrong, or what you look for is not yours to see.
problem-forbidden = Nothing was changed. If this is your work, ask an administrator.
problem-yours = Nothing was changed. Look over what you wrote and send it again.
problem-ours = Nothing was lost. Try again in a moment; if it happens again, give this number to those who run the service.
problem-request = Request:
problem-home = Back to the desk
problem-with-advice = { $problem }. { $advice }
