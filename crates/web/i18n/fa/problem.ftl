# What went wrong. What a code means stands with the codes themselves.

problem-again = { $seconds } ثانیهٔ دیگر دوباره بکوشید.
problem-not-there = شاید نشانی نادرست باشد، یا آنچه می‌خواهید برای شما نباشد.
problem-forbidden = چیزی تغییر نکرد. اگر این کار با شماست، از مدیر سامانه بخواهید.
problem-yours = چیزی تغییر نکرد. آنچه نوشته‌اید را بازبینی کنید و دوباره بفرستید.
problem-ours = چیزی از میان نرفت. اندکی بعد دوباره بکوشید؛ اگر باز هم چنین شد، شمارهٔ زیر را به پشتیبانی بدهید.
problem-request = شمارهٔ درخواست:
problem-home = بازگشت به میز کار
problem-with-advice = { $problem }. { $advice }
