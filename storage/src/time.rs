//! A point in time: nanoseconds since 1970, UTC, and its RFC 3339 form.

use std::fmt;
use std::str::FromStr;

/// Nanoseconds since 1970-01-01T00:00:00Z, from the year 1677 to 2262.
///
/// Printed in RFC 3339 (UTC, nine decimals), as in the Merkle leaf. Providers spell at most 100 ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

const NS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// Reads an RFC 3339 time with offset, or one without any, which then means UTC (Office 365's `CreationTime`).
    ///
    /// Up to nine decimals count; more are cut, the record itself keeps them. `None` for anything else.
    #[must_use]
    pub fn parse_lenient(text: &[u8]) -> Option<Self> {
        let (local, rest) = parse_local(text)?;
        let offset_s = if rest.is_empty() { 0 } else { parse_offset(rest)? };
        local.checked_sub(offset_s.checked_mul(NS_PER_SECOND)?).map(Self)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let parsed = parse_local(text.as_bytes())
            .and_then(|(local, rest)| local.checked_sub(parse_offset(rest)?.checked_mul(NS_PER_SECOND)?));
        parsed.map(Self).ok_or_else(|| TimeError(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.div_euclid(NS_PER_SECOND), self.0.rem_euclid(NS_PER_SECOND));
        let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

/// A text that is no RFC 3339 time between the years 1677 and 2262.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError(String);

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no RFC 3339 time such as 2024-09-02T23:00:00Z", self.0)
    }
}

impl std::error::Error for TimeError {}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
///
/// Counts in eras of 400 years from 1 March 0000, so that the leap day ends the year.
#[must_use]
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a count of days since 1970-01-01.
#[must_use]
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Digits of `text[from..to]` as a number.
fn number(text: &[u8], from: usize, to: usize) -> Option<i64> {
    text.get(from..to)?
        .iter()
        .try_fold(0_i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

/// Nanoseconds of the local time at the front of `text`, and what follows it.
fn parse_local(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, month, day) = (number(text, 0, 4)?, number(text, 5, 7)?, number(text, 8, 10)?);
    let (hour, minute, second) = (number(text, 11, 13)?, number(text, 14, 16)?, number(text, 17, 19)?);
    let marks = [text.get(4)?, text.get(7)?, text.get(13)?, text.get(16)?];
    let separated = marks == [&b'-', &b'-', &b':', &b':'] && matches!(text.get(10)?, b'T' | b't' | b' ');
    let in_range = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    if !separated || !in_range || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    let (nanos, rest) = parse_fraction(text.get(19..)?)?;
    Some((seconds.checked_mul(NS_PER_SECOND)?.checked_add(nanos)?, rest))
}

fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', digits)) = text.split_first() else { return Some((0, text)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let kept = length.min(9);
    let scale = 10_i64.pow(9 - u32::try_from(kept).ok()?);
    Some((number(digits, 0, kept)? * scale, digits.get(length..)?))
}

/// Seconds east of UTC.
fn parse_offset(text: &[u8]) -> Option<i64> {
    match text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(text, 1, 3)?, number(text, 4, 6)?);
            let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_providers_write() {
        let cases: [(&str, Option<i64>); 12] = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-09-02T23:00:00.1234567Z", Some(1_725_318_000_123_456_700)),
            ("2024-09-03T01:00:00.1234567+02:00", Some(1_725_318_000_123_456_700)),
            ("2024-02-29 00:00:00Z", Some(1_709_164_800_000_000_000)),
            ("2023-02-29T00:00:00Z", None),
            ("2024-09-02T23:00:00", None),
            ("2024-09-02T24:00:00Z", None),
            ("2024-09-02T23:00:00.Z", None),
            ("2024-09-02T23:00:00.1234567891234Z", Some(1_725_318_000_123_456_789)),
            ("9999-12-31T23:59:59Z", None),
            ("", None),
            ("2024-09-02", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Timestamp>().ok().map(|t| t.0), expected, "{text}");
        }
        let without_offset = Timestamp::parse_lenient(b"2024-09-02T23:00:00");
        assert_eq!(without_offset, Some(Timestamp(1_725_318_000_000_000_000)));
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(ns: i64) {
            let time = Timestamp(ns);
            // The first and last second of the range overflow on the way back.
            prop_assume!(ns > i64::MIN + NS_PER_SECOND && ns < i64::MAX - NS_PER_SECOND);
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = Timestamp::parse_lenient(text.as_bytes());
        }
    }
}
