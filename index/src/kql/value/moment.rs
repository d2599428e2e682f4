//! Moments: ticks since 0001-01-01T00:00:00Z as text and as calendar dates, and back.

use super::{TICKS_PER_DAY, TICKS_PER_SECOND, timespan};

/// The last tick of the year 9999.
pub const MAX: i64 = 3_155_378_975_999_999_999;
/// 1970-01-01.
pub const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

/// A moment's calendar date and time of day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Civil {
    /// 1 to 9999.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// Ticks within the second.
    pub fraction: i64,
}

impl Civil {
    /// Takes a moment apart.
    #[must_use]
    pub fn of(ticks: i64) -> Civil {
        let (year, month, day) = date(ticks.div_euclid(TICKS_PER_DAY));
        let within = ticks.rem_euclid(TICKS_PER_DAY);
        let seconds = within / TICKS_PER_SECOND;
        Civil {
            year,
            month,
            day,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            fraction: within % TICKS_PER_SECOND,
        }
    }

    /// The moment; `None` if there is no such date or time.
    #[must_use]
    pub fn ticks(self) -> Option<i64> {
        let Civil { year, month, day, hour, minute, second, fraction } = self;
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..TICKS_PER_SECOND).contains(&fraction);
        exists.then(|| {
            let seconds = hour * 3600 + minute * 60 + second;
            days(year, month, day) * TICKS_PER_DAY + seconds * TICKS_PER_SECOND + fraction
        })
    }
}

/// `Some` if it lies in the years 1 to 9999.
#[must_use]
pub fn checked(ticks: i64) -> Option<i64> {
    (0..=MAX).contains(&ticks).then_some(ticks)
}

/// `2020-01-02T03:04:05.6000000Z` (R20).
#[must_use]
pub fn print(ticks: i64) -> String {
    let Civil { year, month, day, hour, minute, second, fraction } = Civil::of(ticks);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z")
}

/// Days since 0001-01-01 of a date. (Howard Hinnant, "chrono-compatible low-level date algorithms".)
#[must_use]
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 306
}

/// Year, month and day of a day since 0001-01-01; the inverse of [`days`].
#[must_use]
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 306;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// 28 to 31; 0 if there is no such month.
#[must_use]
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

/// The names of months, in order.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The names of days, as KQL counts them.
pub const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// 0 for Sunday to 6.
#[must_use]
pub fn weekday(ticks: i64) -> i64 {
    (ticks.div_euclid(TICKS_PER_DAY) + 1).rem_euclid(7)
}

/// Reads a moment in one of the forms that Kusto knows: ISO 8601 and its relatives, `20221202`,
/// month first (`12/02/2022`), RFC 822 and RFC 850; without a zone it is UTC.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (date, rest) = match (digits, text.len()) {
        (8, 8) => compact(text)?,
        (1.., _) if text.as_bytes().get(digits).is_some_and(|sign| b"-/.".contains(sign)) => {
            numeric(text).or_else(|| named(text))?
        }
        _ => named(text)?,
    };
    let (civil, offset) = time(date, rest)?;
    checked(civil.ticks()?.checked_sub(offset)?)
}

fn compact(text: &str) -> Option<(Civil, &str)> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse().ok();
    Some((Civil { year: part(0..4)?, month: part(4..6)?, day: part(6..8)?, ..Civil::default() }, ""))
}

/// `2022-12-02…`, `2022/12/2…`, `12-02-2022…`
fn numeric(text: &str) -> Option<(Civil, &str)> {
    let (first, rest) = number(text)?;
    let sign = rest.chars().next()?;
    let (second, rest) = number(rest.strip_prefix(sign)?)?;
    let third = rest.strip_prefix(sign).and_then(number);
    if let Some((third, rest)) = third {
        let (year, month, day) = match (first.len(), third.len()) {
            (4, 1 | 2) => (first, second, third),
            (1 | 2, 4) => (third, first, second),
            (1 | 2, 2) if sign == '/' => (third, first, second),
            _ => return None,
        };
        return Some((civil(year, month, day)?, rest));
    }
    (first.len() == 4 && rest.is_empty()).then(|| Some((civil(first, second, "1")?, rest)))?
}

fn civil(year: &str, month: &str, day: &str) -> Option<Civil> {
    let two = month.len() <= 2 && day.len() <= 2;
    let (year, month, day) = (full_year(year)?, month.parse().ok()?, day.parse().ok()?);
    two.then(|| Civil { year, month, day, ..Civil::default() })
}

fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=7).contains(&end).then(|| text.split_at_checked(end))?
}

/// `Sat, 8 Nov 14 15:05:02 GMT`, `08-Nov-2014`, `Nov 8, 2014`
fn named(text: &str) -> Option<(Civil, &str)> {
    let (first, after) = token(text)?;
    let (first, after) = if is_name_of(first, &WEEKDAYS).is_some() { token(after)? } else { (first, after) };
    let (second, after) = token(after)?;
    let (year, after) = token(after)?;
    let (day, month) = match (is_name_of(first, &MONTHS), is_name_of(second, &MONTHS)) {
        (Some(month), None) => (second, month),
        (None, Some(month)) => (first, month),
        _ => return None,
    };
    let plain = [day, year].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let (day, year) = (day.parse().ok().filter(|_| plain)?, full_year(year)?);
    Some((Civil { year, month, day, ..Civil::default() }, after))
}

/// Four digits, or two: 49 is 2049, 50 is 1950.
fn full_year(digits: &str) -> Option<i64> {
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        4 => Some(number),
        2 if number < 50 => Some(2000 + number),
        2 => Some(1900 + number),
        _ => None,
    }
}

/// A word or number, and what follows the commas, hyphens and spaces behind it.
fn token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', ',', '-']);
    let end = text.find([' ', ',', '-']).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(token, _)| !token.is_empty())
}

/// The place of a name or its first three letters, from 1.
fn is_name_of(word: &str, names: &[&str]) -> Option<i64> {
    let is = |name: &&str| {
        name.eq_ignore_ascii_case(word) || name.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(word))
    };
    names.iter().position(is).and_then(|place| i64::try_from(place + 1).ok())
}

/// The time of day and the zone behind a date: also the ticks by which it is ahead of UTC.
fn time(date: Civil, rest: &str) -> Option<(Civil, i64)> {
    if rest.is_empty() {
        return Some((date, 0));
    }
    let rest = rest.strip_prefix(['T', 't', ' ', ',']).map(str::trim_start)?;
    let (hour, after) = rest.split_once(':')?;
    let (minute, after) = number(after)?;
    let (second, after) = after.strip_prefix(':').map_or(Some(("0", after)), number)?;
    let (fraction, after) = match after.strip_prefix('.') {
        Some(after) => after.split_at_checked(after.bytes().take_while(u8::is_ascii_digit).count())?,
        None => ("", after),
    };
    let short =
        |part: &str| part.parse::<i64>().ok().filter(|_| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()));
    let after = after.trim_start();
    let (half, after) = match after.get(..2).map(str::to_ascii_uppercase).as_deref() {
        Some("AM") => (Some(0), after.get(2..)?),
        Some("PM") => (Some(12), after.get(2..)?),
        _ => (None, after),
    };
    let hour = match (short(hour)?, half) {
        (hour, None) => hour,
        (hour @ 1..=12, Some(half)) => hour % 12 + half,
        _ => return None,
    };
    let fraction = i64::try_from(timespan::fraction_ticks(fraction)?).ok()?;
    let civil = Civil { hour, minute: short(minute)?, second: short(second)?, fraction, ..date };
    Some((civil, zone(after.trim_start())?))
}

fn zone(text: &str) -> Option<i64> {
    if text.is_empty() || ["Z", "UTC", "GMT"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Some(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None => digits.split_at_checked(digits.len().min(2))?,
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') && digits.len() <= 5;
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i64>().ok()? };
    let total = hours.parse::<i64>().ok().filter(|hours| plain && *hours <= 14 && minutes < 60)? * 60 + minutes;
    Some(sign * total * 60 * TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(parse(text).map(print).as_deref().unwrap_or("null"), expected, "{text}");
    }

    #[test]
    fn moments_are_read_as_kusto_reads_them() {
        for text in [
            "2022-12-02",
            "2022/12/02",
            "12-02-2022",
            "12/02/2022",
            "12.02.2022",
            "2 Dec 2022",
            "Dec 2, 2022",
            "20221202",
            " 2022-12-02 ",
            "02-Dec-22",
            "December 2 2022",
            "2022-12-02T00:00Z",
            "2022-12-2 0:00",
        ] {
            check(text, "2022-12-02T00:00:00.0000000Z");
        }
        check("2/3/2022", "2022-02-03T00:00:00.0000000Z");
        check("1/2/34", "2034-01-02T00:00:00.0000000Z");
        check("2022-12", "2022-12-01T00:00:00.0000000Z");
        for text in [
            "2022-12-02 13:45:56",
            "2022-12-02T13:45:56Z",
            "2022-12-02 13:45:56.0 UTC",
            "12-02-2022 13:45:56",
            "Fri, 02 Dec 2022 13:45:56 GMT",
            "Friday, 02-Dec-22 13:45:56 UTC",
            "2022-12-02T15:45:56+02:00",
            "2022-12-02 08:45:56 -0500",
            "12/2/2022 1:45:56 PM",
            "Dec 2, 2022 13:45:56",
        ] {
            check(text, "2022-12-02T13:45:56.0000000Z");
        }
        check("2022-12-02T13:45:56.1234567890Z", "2022-12-02T13:45:56.1234567Z");
        check("0001-01-01", "0001-01-01T00:00:00.0000000Z");
        check("9999-12-31 23:59:59.9999999", "9999-12-31T23:59:59.9999999Z");
    }

    #[test]
    fn everything_else_is_null() {
        for text in [
            "",
            "not a date",
            "13-01-2022",
            "x12-02-2022",
            "2022-02-30",
            "2022-12-02T25:00",
            "2022-12-02 junk",
            "10000-01-01",
            "2022",
            "1",
            "0000-01-01",
            "2022-12-02T",
            "2022-12-02T13:00:00+99:00",
            "2022-12-02T13:60",
            "0001-01-01T00:00:00+01:00",
            "12/2/2022 13:00 PM",
            "é",
            "2022-12-02é",
        ] {
            check(text, "null");
        }
    }

    #[test]
    fn the_calendar_is_known() {
        assert_eq!(days(1970, 1, 1) * TICKS_PER_DAY, UNIX_EPOCH);
        assert_eq!(print(637_134_336_000_000_000), "2020-01-01T00:00:00.0000000Z");
        assert_eq!((weekday(0), weekday(UNIX_EPOCH)), (1, 4));
        assert_eq!(print(MAX), "9999-12-31T23:59:59.9999999Z");
    }

    proptest! {
        #[test]
        fn printed_moments_read_back(ticks in 0..=MAX) {
            prop_assert_eq!(parse(&print(ticks)), Some(ticks));
            prop_assert_eq!(Civil::of(ticks).ticks(), Some(ticks));
        }

        #[test]
        fn any_text_is_read(text in "\\PC{0,30}", like in "[0-9TZ:./ +\\-a-z]{0,30}") {
            let _ = (parse(&text), parse(&like));
        }
    }
}
