//! Nanoseconds since 1970 as RFC 3339 text in UTC with nine decimals, the one spelling leaves use.

use std::ops::RangeInclusive;

/// Characters of every time: `2026-09-02T23:00:00.000000000Z`.
pub const TIME_CHARS: usize = 30;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Days of 400 Gregorian years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01. Years begin in March here, so that the leap day comes last.
const DAYS_TO_1970: i64 = 719_468;

/// Appends a time. Every `i64` has a spelling: 1677-09-21 to 2262-04-11.
pub fn push_time(nanos: i64, out: &mut Vec<u8>) {
    let (seconds, fraction) = (nanos.div_euclid(NANOS_PER_SECOND), nanos.rem_euclid(NANOS_PER_SECOND));
    let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let (year, month, day) = date_of(days);
    let [y1, y2] = two_digits(year / 100);
    let [y3, y4] = two_digits(year % 100);
    let [m1, m2] = two_digits(month);
    let [d1, d2] = two_digits(day);
    let [h1, h2] = two_digits(second / 3600);
    let [i1, i2] = two_digits(second / 60 % 60);
    let [s1, s2] = two_digits(second % 60);
    let [f1, f2] = two_digits(fraction / 10_000_000);
    let [f3, f4] = two_digits(fraction / 100_000 % 100);
    let [f5, f6] = two_digits(fraction / 1_000 % 100);
    let [f7, f8] = two_digits(fraction / 10 % 100);
    let [_, f9] = two_digits(fraction % 10);
    let text: [u8; TIME_CHARS] = [
        y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2, b'.', f1, f2, f3, f4, f5,
        f6, f7, f8, f9, b'Z',
    ];
    out.extend_from_slice(&text);
}

/// Reads what [`push_time`] writes and nothing else: another spelling, a day that does not exist
/// and a time outside `i64` give `None`.
#[must_use]
pub fn parse_time(text: &[u8]) -> Option<i64> {
    if text.len() != TIME_CHARS || !marks_are_right(text) {
        return None;
    }
    let year = number(text, 0..=3)?;
    let month = number(text, 5..=6).filter(|month| (1..=12).contains(month))?;
    let day = number(text, 8..=9).filter(|day| (1..=31).contains(day))?;
    let hour = number(text, 11..=12).filter(|hour| *hour < 24)?;
    let minute = number(text, 14..=15).filter(|minute| *minute < 60)?;
    let second = number(text, 17..=18).filter(|second| *second < 60)?;
    let days = days_to(year, month, day);
    if date_of(days) != (year, month, day) {
        return None; // 30 February
    }
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(number(text, 20..=28)?);
    i64::try_from(nanos).ok()
}

/// Days since 1970 as (year, month, day), in the Gregorian calendar extended to both sides.
///
/// Source of the arithmetic: H. Hinnant, "chrono-compatible low-level date algorithms".
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + DAYS_TO_1970;
    let (era, day_of_era) = (shifted.div_euclid(DAYS_PER_ERA), shifted.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The inverse of [`date_of`] for days that exist.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let march_year = year - i64::from(month <= 2);
    let (era, year_of_era) = (march_year.div_euclid(400), march_year.rem_euclid(400));
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970
}

fn two_digits(number: i64) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

fn marks_are_right(text: &[u8]) -> bool {
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (29, b'Z')];
    marks.iter().all(|(at, mark)| text.get(*at) == Some(mark))
}

fn number(text: &[u8], at: RangeInclusive<usize>) -> Option<i64> {
    let digits = text.get(at)?;
    let add = |sum: i64, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'));
    digits.iter().try_fold(0, add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(nanos: i64) -> String {
        let mut out = Vec::new();
        push_time(nanos, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_times() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_788_390_060_123_456_789, "2026-09-02T23:01:00.123456789Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(text(nanos), expected);
            assert_eq!(parse_time(expected.as_bytes()), Some(nanos), "{expected}");
        }
    }

    #[test]
    fn every_day_of_the_range_comes_back_in_order() {
        let mut before = String::new();
        for day in -106_751..=106_751_i64 {
            let nanos = day * SECONDS_PER_DAY * NANOS_PER_SECOND;
            let now = text(nanos);
            assert_eq!(parse_time(now.as_bytes()), Some(nanos), "{now}");
            assert!(before < now, "{before} then {now}");
            before = now;
        }
    }

    #[test]
    fn other_times_are_refused() {
        let refused = [
            "2026-02-29T00:00:00.000000000Z",
            "2026-04-31T00:00:00.000000000Z",
            "2026-00-01T00:00:00.000000000Z",
            "2026-13-01T00:00:00.000000000Z",
            "2026-01-00T00:00:00.000000000Z",
            "2026-01-01T24:00:00.000000000Z",
            "2026-01-01T00:60:00.000000000Z",
            "2026-01-01T00:00:60.000000000Z",
            "2026-01-01T00:00:00.00000000Z",
            "2026-01-01t00:00:00.000000000Z",
            "2026-01-01T00:00:00,000000000Z",
            "2026-01-01T00:00:00.00000000 Z",
            "2026-01-01T00:00:00.+00000000Z",
            "1677-09-21T00:12:43.145224191Z",
            "2262-04-11T23:47:16.854775808Z",
            "9999-12-31T23:59:59.999999999Z",
            "",
        ];
        for text in refused {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_nanosecond_comes_back(nanos: i64) {
            prop_assert_eq!(parse_time(text(nanos).as_bytes()), Some(nanos));
        }

        #[test]
        fn whatever_is_read_is_spelled_the_same(input in "[0-9T:.Z-]{30}|[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9]{9}Z") {
            if let Some(nanos) = parse_time(input.as_bytes()) {
                prop_assert_eq!(text(nanos), input);
            }
        }
    }
}
