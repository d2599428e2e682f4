//! Durations: ticks of 100 ns as text, and back.

use super::{TICKS_PER_DAY, TICKS_PER_SECOND};

/// `[-][d.]hh:mm:ss[.fffffff]` (R20).
#[must_use]
pub fn print(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let parts = Parts::of(ticks);
    let days = if parts.days > 0 { format!("{}.", parts.days) } else { String::new() };
    let fraction = if parts.fraction > 0 { format!(".{:07}", parts.fraction) } else { String::new() };
    format!("{sign}{days}{:02}:{:02}:{:02}{fraction}", parts.hours, parts.minutes, parts.seconds)
}

/// The components of a duration's magnitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Whole days.
    pub days: u64,
    /// 0 to 23.
    pub hours: u64,
    /// 0 to 59.
    pub minutes: u64,
    /// 0 to 59.
    pub seconds: u64,
    /// Ticks within the second.
    pub fraction: u64,
}

impl Parts {
    /// Takes a duration apart; its sign is lost.
    #[must_use]
    pub fn of(ticks: i64) -> Parts {
        let ticks = ticks.unsigned_abs();
        let seconds = ticks / TICKS_PER_SECOND.unsigned_abs();
        Parts {
            days: seconds / 86_400,
            hours: seconds / 3600 % 24,
            minutes: seconds / 60 % 60,
            seconds: seconds % 60,
            fraction: ticks % TICKS_PER_SECOND.unsigned_abs(),
        }
    }
}

/// Reads `1.02:03:04.5`, `02:03`, `1d`, `1.5h`; a plain number is none.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let ticks = if text.contains(':') { clock(text)? } else { with_unit(text)? };
    i64::try_from(if negative { -ticks } else { ticks }).ok()
}

/// `[d.]h:m[:s[.f]]`
fn clock(text: &str) -> Option<i128> {
    let mut parts = text.split(':');
    let (first, minutes) = (parts.next()?, parts.next()?);
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) = parts.next().map_or(("0", ""), |last| last.split_once('.').unwrap_or((last, "")));
    if parts.next().is_some() {
        return None;
    }
    let total =
        digits(days, i64::MAX)? * 86_400 + digits(hours, 23)? * 3600 + digits(minutes, 59)? * 60 + digits(seconds, 59)?;
    Some(total * i128::from(TICKS_PER_SECOND) + fraction_ticks(fraction)?)
}

fn digits(text: &str, max: i64) -> Option<i128> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value: &i64| plain && *value <= max).map(i128::from)
}

/// Digits behind a point as ticks; the eighth and later ones are dropped.
pub(super) fn fraction_ticks(digits: &str) -> Option<i128> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seven = digits.bytes().chain(std::iter::repeat(b'0')).take(7);
    Some(seven.fold(0, |ticks, digit| ticks * 10 + i128::from(digit - b'0')))
}

fn with_unit(text: &str) -> Option<i128> {
    let (number, unit) = text.split_at_checked(text.find(|c: char| c.is_ascii_alphabetic())?)?;
    let unit = ticks_per(unit.trim())?;
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let whole = if whole.is_empty() && !fraction.is_empty() { 0 } else { digits(whole, i64::MAX)? };
    if fraction.len() > 15 {
        return None;
    }
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction = if fraction.is_empty() { 0 } else { digits(fraction, i64::MAX)? };
    Some((whole * scale + fraction) * unit / scale)
}

fn ticks_per(unit: &str) -> Option<i128> {
    let second = i128::from(TICKS_PER_SECOND);
    Some(match unit.to_ascii_lowercase().as_str() {
        "d" | "day" | "days" => i128::from(TICKS_PER_DAY),
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600 * second,
        "m" | "min" | "minute" | "minutes" => 60 * second,
        "s" | "sec" | "second" | "seconds" => second,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => second / 1000,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => 10,
        "tick" | "ticks" => 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3600 * TICKS_PER_SECOND;

    #[test]
    fn durations_print() {
        let cases = [
            (TICKS_PER_DAY, "1.00:00:00"),
            (937_845_000_000, "1.02:03:04.5000000"),
            (-2 * HOUR, "-02:00:00"),
            (0, "00:00:00"),
            (10, "00:00:00.0000010"),
            (-TICKS_PER_DAY * 3 / 2, "-1.12:00:00"),
            (i64::MIN, "-10675199.02:48:05.4775808"),
        ];
        for (ticks, expected) in cases {
            assert_eq!(print(ticks), expected);
        }
    }

    #[test]
    fn durations_are_read() {
        let cases = [
            ("1.02:03:04", Some(937_840_000_000)),
            (" 1.00:00:00 ", Some(TICKS_PER_DAY)),
            ("-1.02:03:04", Some(-937_840_000_000)),
            ("00:00:01.1234560", Some(11_234_560)),
            ("00:00:00.00000009", Some(0)),
            ("10:30", Some(10 * HOUR + HOUR / 2)),
            ("1d", Some(TICKS_PER_DAY)),
            ("1.5h", Some(HOUR * 3 / 2)),
            ("10 minutes", Some(HOUR / 6)),
            ("10", None),
            ("abc", None),
            ("", None),
            ("00:01:00 junk", None),
            ("25:00:00", None),
            ("00:60:00", None),
            ("99999999999.00:00:00", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printed_durations_read_back(ticks: i64) {
            prop_assert_eq!(parse(&print(ticks)), Some(ticks));
        }

        #[test]
        fn any_text_is_read(text: String) {
            let _ = parse(&text);
        }
    }
}
