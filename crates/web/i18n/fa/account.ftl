# Coming in and going out.

login-title = ورود
login-name = نام کاربری
login-password = گذرواژه
login-enter = ورود
login-by = ورود با { $provider }
login-out = از پروانه خارج شدید.
login-out-there = خروج از { $provider } نیز
login-forgotten = گذرواژه را فراموش کرده‌ام
login-licences = کدام پروانه‌ها هست و چه می‌خواهد؟
login-check = بررسی اعتبار پروانه با شمارهٔ آن

second-step-title = گام دوم ورود
second-step-hint = کد شش‌رقمی برنامهٔ رمز یک‌بارمصرف یا یکی از کدهای بازیابی را بنویسید.
second-step-code = کد
second-step-enter = ادامه
second-step-back = بازگشت به ورود

recover-title = بازیابی گذرواژه
recover-hint = پیوندی برای گذرواژهٔ تازه به نشانی ثبت‌شدهٔ شما فرستاده می‌شود.
recover-login = نام کاربری یا نشانی رایانامه
recover-ask = فرستادن پیوند
recover-asked = اگر چنین کسی باشد، پیوند به نشانی ثبت‌شدهٔ او فرستاده شد. پیوند نیم ساعت کار می‌کند.
recover-back = بازگشت به ورود

set-password-title = گذرواژهٔ تازه
set-password-hint = دست‌کم ۱۲ نویسه، و نه از آن‌هایی که زود حدس زده می‌شوند.
set-password-new = گذرواژهٔ تازه
set-password-again = تکرار گذرواژه
set-password-set = ثبت و ورود
set-password-differ = دو گذرواژه یکسان نیستند.
set-password-weak = این گذرواژه کوتاه است یا زود حدس زده می‌شود. گذرواژهٔ دیگری بنویسید.
