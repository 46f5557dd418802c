# ورود متقاضی با کد، و پیگیری بی ورود.

enter-title = ورود متقاضی
enter-hint = کدی یک‌بارمصرف به رایانامهٔ شما فرستاده می‌شود.
enter-hint-new = اگر هنوز حساب ندارید، با همین کد ساخته می‌شود.
enter-hint-known = ساختن حساب تازه از این راه بسته است؛ به اداره مراجعه کنید.
enter-email = نشانی رایانامه
enter-send = کد را بفرستید
enter-by-password = ورود با گذرواژه
enter-no-address = این نشانی رایانامه نیست. چیزی مانند name@example.ir بنویسید.
enter-code-title = کد را بنویسید
enter-code-hint = اگر بتوان با این نشانی وارد شد، کدی شش‌رقمی فرستاده شده است. کد پانزده دقیقه و تنها در همین مرورگر کار می‌کند.
enter-code = کد
enter-go-on = ادامه
enter-again = کد دیگری می‌خواهم
enter-code-wrong = این کد درست نیست. دوباره بنویسید.
enter-code-over = این کد دیگر کار نمی‌کند. کد دیگری بخواهید.
enter-account-title = حساب شما
enter-account-hint = این نشانی از آنِ شماست:
enter-name = نام و نام خانوادگی، یا نام شخص حقوقی
enter-identifier = کد ملی، یا شناسهٔ ملی شخص حقوقی
enter-identifier-hint = ده رقم برای شخص حقیقی، یازده رقم برای شخص حقوقی.
enter-make = ساختن حساب
login-by-code = متقاضی هستید؟ با کد وارد شوید یا حساب بسازید
login-track = پیگیری پرونده با کد رهگیری

track-title = پیگیری پرونده
track-hint = کد رهگیری روی رسید شماست. برای اینکه تنها شما ببینید، چهار رقم آخر کد ملی یا تلفنی را هم بنویسید که در درخواست نوشته‌اید.
track-code = کد رهگیری
track-proof = چهار رقم آخر کد ملی، شناسهٔ ملی یا تلفن
track-look = ببینم
track-none = با این کد و این رقم‌ها پرونده‌ای پیدا نشد. هر دو را دوباره ببینید.
track-found = پروندهٔ { $code }
track-waits = در انتظار
track-waits-for-you = شما: «{ $step }»
track-waits-for = { $owner }: «{ $step }»
track-full = برای دیدن همهٔ پرونده وارد شوید.
track-other = پروندهٔ دیگر
