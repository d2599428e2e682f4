//! Times in values and filters, compared as moments whatever their offset and precision.

/// Nanoseconds since 1970-01-01T00:00:00Z of an RFC 3339 time, or of what the products write in
/// its place: a date alone (its midnight), no seconds, a space for the `T`, no offset (then UTC).
/// Decimals beyond nine are cut off.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let (date, time) = match text.split_at_checked(10)? {
        (date, "") => (date, None),
        (date, time) => (date, Some(time.strip_prefix(['T', 't', ' '])?)),
    };
    let days = parse_date(date.as_bytes())?;
    let nanoseconds = time.map_or(Some(0), parse_time)?;
    Some(i128::from(days) * 86_400_000_000_000 + i128::from(nanoseconds))
}

fn parse_date(date: &[u8]) -> Option<i64> {
    let [y @ .., b'-', m1, m2, b'-', d1, d2] = date else {
        return None;
    };
    let (year, month, day) = (number(y)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    let valid = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    valid.then(|| days_since_1970(year, month, day))
}

/// Nanoseconds since the day's midnight UTC; may lie outside the day.
fn parse_time(time: &str) -> Option<i64> {
    let [h1, h2, b':', m1, m2, rest @ ..] = time.as_bytes() else {
        return None;
    };
    let (hour, minute) = (below(24, &[*h1, *h2])?, below(60, &[*m1, *m2])?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (below(61, &[*s1, *s2])?, rest),
        _ => (0, rest),
    };
    let (nanoseconds, rest) = match rest {
        [b'.' | b',', rest @ ..] => parse_decimals(rest)?,
        _ => (0, rest),
    };
    let minutes = hour * 60 + minute - parse_offset(rest)?;
    Some((minutes * 60 + second) * 1_000_000_000 + nanoseconds)
}

fn parse_decimals(text: &[u8]) -> Option<(i64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (decimals, rest) = text.split_at_checked(end)?;
    if decimals.is_empty() {
        return None;
    }
    let digit = |place| i64::from(decimals.get(place).map_or(0, |byte| byte - b'0'));
    Some(((0..9).fold(0, |value, place| value * 10 + digit(place)), rest))
}

/// Minutes east of UTC.
fn parse_offset(text: &[u8]) -> Option<i64> {
    let minutes = |h: &[u8], m: &[u8]| Some(below(24, h)? * 60 + below(60, m)?);
    match text {
        [] | [b'Z' | b'z'] => Some(0),
        [b'+', h1, h2, b':', m1, m2] => minutes(&[*h1, *h2], &[*m1, *m2]),
        [b'-', h1, h2, b':', m1, m2] => minutes(&[*h1, *h2], &[*m1, *m2]).map(|minutes| -minutes),
        _ => None,
    }
}

fn below(limit: i64, digits: &[u8]) -> Option<i64> {
    number(digits).filter(|&number| number < limit)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Years counted from March, so that the leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        const DAY: i128 = 86_400_000_000_000;
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01", 0),
            ("1970-01-02 00:00", DAY),
            ("1970-01-01T00:00:00.0000001Z", 100),
            ("1970-01-01T00:00:00.1234567891Z", 123_456_789),
            ("1970-01-01T01:00:00+01:00", 0),
            ("1969-12-31T23:30:00-00:30", 0),
            ("2000-03-01", 11_017 * DAY),
            ("2024-02-29", 19_782 * DAY),
            ("0000-01-01", -719_528 * DAY),
            ("9999-12-31", 2_932_896 * DAY),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_moments() {
        for text in [
            "",
            "2024",
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "2024-01-01T",
            "2024-01-01x",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+1",
            "2024-01-01T00:00:00 Z",
            "x024-01-01",
            "２024-01-01",
            "2024-01-0１",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
