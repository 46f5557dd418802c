//! Check digits of Iranian identity numbers.

/// Whether ten digits are the number of a natural person (کد ملی): the last digit checks the first
/// nine, weighted 10 down to 2, modulo 11.
///
/// Ten equal digits, and a number whose middle six digits are all zero, were never given out
/// although their sums are right.
pub fn is_national_id(number: &str) -> bool {
    let Some(digits) = digits::<10>(number) else { return false };
    if digits.iter().all(|digit| *digit == digits[0]) || digits[3..9] == [0; 6] {
        return false;
    }
    let sum: u32 =
        digits[..9].iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    let check = match sum % 11 {
        rest @ (0 | 1) => rest,
        rest => 11 - rest,
    };
    digits[9] == check
}

/// Whether eleven digits are the number of a legal person (شناسه ملی اشخاص حقوقی): the last digit
/// checks the first ten. To each of them the tenth plus two is added; the sums are weighted 29, 27,
/// 23, 19, 17 twice over, modulo 11, and 10 counts as 0.
///
/// A number whose fourth to ninth digits are all zero was never given out.
pub fn is_legal_id(number: &str) -> bool {
    const WEIGHTS: [u32; 10] = [29, 27, 23, 19, 17, 29, 27, 23, 19, 17];
    let Some(digits) = digits::<11>(number) else { return false };
    if digits[3..9] == [0; 6] {
        return false;
    }
    let more = digits[9] + 2;
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| (digit + more) * weight).sum();
    digits[10] == sum % 11 % 10
}

fn digits<const N: usize>(number: &str) -> Option<[u32; N]> {
    let digits: Option<Vec<u32>> =
        number.bytes().map(|byte| byte.is_ascii_digit().then(|| u32::from(byte - b'0'))).collect();
    digits?.try_into().ok()
}
