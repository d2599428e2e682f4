//! Reads the times that providers write into JSON.

use logkeep_storage::Timestamp;

const NS_PER_SECOND: i64 = 1_000_000_000;

/// The time in a raw JSON value (a string in quotes or a number), or `None` if it is none.
///
/// RFC 3339; the same without zone, which then means UTC, or with an offset without colon; `/Date(ms)/`; seconds,
/// milliseconds, microseconds or nanoseconds since 1970, told apart by their size, also in a string; and the American
/// forms of spreadsheets and the Azure portal: `7/8/2019 16:08`, `11/13/2020, 2:07:03.477 PM`.
pub(crate) fn parse_value(raw: &[u8]) -> Option<Timestamp> {
    match raw {
        [b'"', text @ .., b'"'] => parse_text(text.trim_ascii()),
        [b'-' | b'0'..=b'9', ..] => parse_epoch(raw),
        _ => None,
    }
}

fn parse_text(text: &[u8]) -> Option<Timestamp> {
    if text.get(4) == Some(&b'-') {
        return Timestamp::parse_lenient(text).or_else(|| parse_short_offset(text));
    }
    if text.iter().take(3).any(|&byte| byte == b'/') {
        return parse_slashed(text);
    }
    text.first()?.is_ascii_digit().then(|| parse_epoch(text))?
}

/// `2020-03-01T15:31:00+0000`: the offset without its colon.
fn parse_short_offset(text: &[u8]) -> Option<Timestamp> {
    let (local, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (hours, minutes) = offset.split_at_checked(3)?;
    Timestamp::parse_lenient(&[local, hours, b":", minutes].concat())
}

fn parse_slashed(text: &[u8]) -> Option<Timestamp> {
    match text {
        [b'/', b'D', b'a', b't', b'e', b'(', ms @ .., b')', b'/'] => {
            let ms = std::str::from_utf8(ms).ok()?.parse::<i64>().ok()?;
            ms.checked_mul(1_000_000).map(Timestamp)
        }
        [b'\\', rest @ .., b'\\', b'/'] => parse_slashed(&[rest, b"/"].concat()),
        _ => parse_american(std::str::from_utf8(text).ok()?),
    }
}

/// Month, day, year, then a clock of 24 hours or of 12 with AM or PM; UTC.
fn parse_american(text: &str) -> Option<Timestamp> {
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let mut date = words.next()?.split('/').map(|part| part.parse::<u16>().ok());
    let (month, day, year) = (date.next()??, date.next()??, date.next()??);
    if date.next().is_some() {
        return None;
    }
    let year = if year < 100 { year + 2000 } else { year };
    let clock = words.next().unwrap_or("0:00");
    let half = words.next();
    if words.next().is_some() {
        return None;
    }
    let (hour, minute, second) = parse_clock(clock)?;
    let hour = match half.map(str::to_ascii_uppercase).as_deref() {
        None | Some("Z" | "UTC") => hour,
        Some("AM") if (1..=12).contains(&hour) => hour % 12,
        Some("PM") if (1..=12).contains(&hour) => hour % 12 + 12,
        Some(_) => return None,
    };
    let iso = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second}Z");
    Timestamp::parse_lenient(iso.as_bytes())
}

/// Hours, minutes, and seconds with two digits and what decimals they have.
fn parse_clock(text: &str) -> Option<(u8, u8, String)> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let second = parts.next().unwrap_or("00");
    let second = if second.split('.').next()?.len() == 1 { format!("0{second}") } else { second.to_owned() };
    Some((hour, minute, second))
}

/// A count since 1970 whose size tells its unit: seconds up to the year 5138, else ms, µs, ns.
fn parse_epoch(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let value = whole.parse::<i64>().ok()?;
    let unit_ns = match value.unsigned_abs() {
        0..100_000_000_000 => NS_PER_SECOND,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    let part_ns = if decimals.is_empty() { 0 } else { fraction(decimals, unit_ns)? };
    let ns = value.checked_mul(unit_ns)?;
    (if text.starts_with('-') { ns.checked_sub(part_ns) } else { ns.checked_add(part_ns) }).map(Timestamp)
}

/// `decimals` of a unit, in nanoseconds.
fn fraction(decimals: &str, unit_ns: i64) -> Option<i64> {
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit()).then_some(decimals)?;
    let kept = digits.get(..digits.len().min(9))?;
    let scale = 10_i64.pow(u32::try_from(kept.len()).ok()?);
    kept.parse::<i64>().ok()?.checked_mul(unit_ns).map(|ns| ns / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_providers_write() {
        let cases = [
            (r#""2024-09-02T23:00:00.1234567Z""#, Some("2024-09-02T23:00:00.123456700Z")),
            (r#""2024-09-02T23:00:00""#, Some("2024-09-02T23:00:00.000000000Z")),
            (r#""2024-09-02 23:00:00""#, Some("2024-09-02T23:00:00.000000000Z")),
            (r#""2020-03-01T15:31:00+0200""#, Some("2020-03-01T13:31:00.000000000Z")),
            (r#""/Date(1725318000123)/""#, Some("2024-09-02T23:00:00.123000000Z")),
            (r#""\/Date(1725318000123)\/""#, Some("2024-09-02T23:00:00.123000000Z")),
            (r#""7/8/2019 16:08""#, Some("2019-07-08T16:08:00.000000000Z")),
            (r#""11/13/2020, 2:07:03.477 PM""#, Some("2020-11-13T14:07:03.477000000Z")),
            (r#""11/13/2020 12:00:00 AM""#, Some("2020-11-13T00:00:00.000000000Z")),
            (r#""11/13/2020 12:00:00 PM""#, Some("2020-11-13T12:00:00.000000000Z")),
            (r#""2/9/2020 4:05:9 PM""#, Some("2020-02-09T16:05:09.000000000Z")),
            ("1725318000", Some("2024-09-02T23:00:00.000000000Z")),
            ("1725318000.5", Some("2024-09-02T23:00:00.500000000Z")),
            ("1725318000123", Some("2024-09-02T23:00:00.123000000Z")),
            ("1725318000123.25", Some("2024-09-02T23:00:00.123250000Z")),
            ("1725318000123456", Some("2024-09-02T23:00:00.123456000Z")),
            ("1725318000123456789", Some("2024-09-02T23:00:00.123456789Z")),
            (r#""1725318000""#, Some("2024-09-02T23:00:00.000000000Z")),
            (r#""13/13/2020 1:00""#, None),
            (r#""5/21/20 20:47 CEF:0""#, None),
            (r#""11/13/2020 13:00 PM""#, None),
            (r#""BST""#, None),
            (r#""""#, None),
            ("null", None),
            ("{}", None),
            ("1e9", None),
        ];
        for (raw, expected) in cases {
            let parsed = parse_value(raw.as_bytes()).map(|time| time.to_string());
            assert_eq!(parsed.as_deref(), expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..40), slashed in "\"?[0-9/:., APM]{0,30}\"?") {
            let _ = (parse_value(&text), parse_value(slashed.as_bytes()));
        }
    }
}
