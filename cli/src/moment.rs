//! The times of a command line: `7d`, `yesterday`, `2024-09-19`, RFC 3339; and the clock they are about.

use std::time::{SystemTime, UNIX_EPOCH};

use logkeep_storage::Timestamp;

use crate::exit::Failure;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The present time: the only place of the commands that asks the clock for a date.
pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_nanos());
    Timestamp(i64::try_from(elapsed).unwrap_or(i64::MAX))
}

/// Reads the time that an option such as `--since` gives, if it was given.
pub(crate) fn option(name: &str, text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || {
        Failure::usage(format!("{name} {text:?} is no time"))
            .hint("write 2024-09-02T23:00:00Z, 2024-09-02, today, yesterday, or a distance back: 90s 15m 8h 7d 4w")
    };
    parse(text.trim(), now).ok_or_else(wrong).map(Some)
}

fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    let midnight = now.0 - now.0.rem_euclid(DAY);
    match text {
        "now" => return Some(now),
        "today" => return Some(Timestamp(midnight)),
        "yesterday" => return midnight.checked_sub(DAY).map(Timestamp),
        _ => {}
    }
    back(text, now).or_else(|| absolute(text))
}

/// `7d`: a distance back from now.
fn back(text: &str, now: Timestamp) -> Option<Timestamp> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match text.get(digits.len()..)? {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let distance = digits.parse::<i64>().ok()?.checked_mul(seconds)?.checked_mul(SECOND)?;
    now.0.checked_sub(distance).map(Timestamp)
}

/// RFC 3339, or as much of its front as a person writes; without an offset it is UTC.
fn absolute(text: &str) -> Option<Timestamp> {
    let zoned = text.parse().ok();
    let midnight = || format!("{text}T00:00:00Z").parse().ok();
    let minutes = || format!("{text}:00Z").parse().ok();
    let seconds = || format!("{text}Z").parse().ok();
    zoned.or_else(midnight).or_else(minutes).or_else(seconds)
}

/// A time for people: as many decimals as it has, in UTC.
pub(crate) fn shown(time: Timestamp) -> String {
    let text = time.to_string();
    let Some((seconds, decimals)) = text.trim_end_matches('Z').split_once('.') else { return text };
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() { format!("{seconds}Z") } else { format!("{seconds}.{decimals}Z") }
}

/// A time to the second, as a table has room for: `2024-09-02 23:00:00`.
pub(crate) fn to_the_second(time: Timestamp) -> String {
    let text = time.to_string();
    text.split('.').next().unwrap_or_default().replace('T', " ")
}

/// A time to the minute: `2024-09-02 23:00`.
pub(crate) fn to_the_minute(time: Timestamp) -> String {
    let mut text = to_the_second(time);
    text.truncate("2024-09-02 23:00".len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_725_318_000_123_456_700); // 2024-09-02T23:00:00.1234567Z

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("now", "2024-09-02T23:00:00.1234567Z"),
            ("today", "2024-09-02T00:00:00Z"),
            ("yesterday", "2024-09-01T00:00:00Z"),
            ("90s", "2024-09-02T22:58:30.1234567Z"),
            ("15m", "2024-09-02T22:45:00.1234567Z"),
            ("8h", "2024-09-02T15:00:00.1234567Z"),
            ("7d", "2024-08-26T23:00:00.1234567Z"),
            ("1w", "2024-08-26T23:00:00.1234567Z"),
            ("2024-09-19", "2024-09-19T00:00:00Z"),
            ("2024-09-19T08:30", "2024-09-19T08:30:00Z"),
            ("2024-09-19 08:30:01", "2024-09-19T08:30:01Z"),
            ("2024-09-19T08:30:01.5+02:00", "2024-09-19T06:30:01.5Z"),
        ] {
            assert_eq!(parse(text, NOW).map(shown).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "d", "7", "7x", "-7d", "+7d", "7.5d", "2024-9-1", "2024-13-01", "9999999999999w", "tomorrow"] {
            assert_eq!(parse(text, NOW), None, "{text}");
        }
        let failure = option("--since", Some("soon"), NOW).unwrap_err();
        assert!(failure.to_string().contains("--since \"soon\" is no time"));
    }

    #[test]
    fn times_are_shown() {
        assert_eq!(shown(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(to_the_second(NOW), "2024-09-02 23:00:00");
        assert_eq!(to_the_minute(NOW), "2024-09-02 23:00");
    }
}
