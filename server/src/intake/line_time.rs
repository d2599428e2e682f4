//! Reads the time that a line of text tells: plain, of syslog, of a web server.

use logkeep_storage::Timestamp;

/// How long after the moment at which it came a line may say it was written: clocks differ, and zones are not told.
const AHEAD_NS_MAX: i64 = 86_400 * 1_000_000_000;
/// Years that are tried for a time without one: between two 29 February there may be eight.
const YEARS_TRIED: i64 = 10;
/// Bytes of a line in which a web server's time stands: before it come addresses and names.
const WEB_FRONT_BYTES: usize = 1024;
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// The time of a line, or `None` if it tells none. `received` says when it came, for times without a year.
///
/// * RFC 3339, also with a blank for the `T` or without a zone (which is UTC then), bare or in `[ ]`.
/// * Syslog of RFC 5424: `<34>1 2003-10-11T22:14:15.003Z host …`.
/// * Syslog of RFC 3164, with `<34>` or without: `Oct 11 22:14:15 host …`. It has neither year nor zone: UTC, in the
///   year that brings it nearest to `received`, but at most a day after it. A year is read if there is one.
/// * Web servers, common and combined: `host - user [10/Oct/2000:13:55:36 -0700] "GET …`, or RFC 3339 in the brackets.
pub(crate) fn parse_line(line: &[u8], received: impl FnOnce() -> Timestamp) -> Option<Timestamp> {
    let (line, has_priority) = without_priority(line);
    let line = if has_priority { line.strip_prefix(b"1 ").unwrap_or(line) } else { line };
    if line.first()?.is_ascii_alphabetic() {
        return month_first(line, received).or_else(|| web(line));
    }
    iso(line.strip_prefix(b"[").unwrap_or(line)).or_else(|| web(line))
}

/// What follows `<34>`, and whether there was such a thing.
fn without_priority(line: &[u8]) -> (&[u8], bool) {
    let digits = line.iter().skip(1).take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let is_priority = digits > 0 && line.first() == Some(&b'<') && line.get(digits + 1) == Some(&b'>');
    if is_priority { (line.get(digits + 2..).unwrap_or_default(), true) } else { (line, false) }
}

/// `2024-09-02T23:00:00Z`, `2024-09-02 23:00:00,123 +0200`: the fraction behind a point or a comma, the offset with or
/// without a blank and a colon. Without an offset it is UTC; with one that cannot be read it is no time.
fn iso(text: &[u8]) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (between, rest) = rest.split_first()?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let (fraction, rest) = fraction(rest);
    let zone = zone(rest)?;
    matches!(between, b'T' | b't' | b' ').then_some(())?;
    Timestamp::parse_lenient(&[date, b"T", clock, fraction.as_slice(), zone.as_slice()].concat())
}

/// `.123` or `,123` with a point, and what follows.
fn fraction(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let digits = text.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || !text.starts_with(b".") && !text.starts_with(b",") {
        return (Vec::new(), text);
    }
    let (digits, rest) = text.get(1..).and_then(|text| text.split_at_checked(digits)).unwrap_or_default();
    ([b".", digits].concat(), rest)
}

/// The offset at the front as RFC 3339 spells it, `Z` if there is none; `None` if there is one that cannot be read.
fn zone(text: &[u8]) -> Option<Vec<u8>> {
    let (has_blank, text) = text.strip_prefix(b" ").map_or((false, text), |text| (true, text));
    if let [b'Z' | b'z', ..] | [] = text {
        return Some(b"Z".to_vec());
    }
    let [sign @ (b'+' | b'-'), rest @ ..] = text else { return Some(b"Z".to_vec()) };
    let digits: Vec<u8> = rest.iter().copied().take(5).filter(|byte| *byte != b':').take(4).collect();
    let length = if rest.get(2) == Some(&b':') { 5 } else { 4 };
    let ends = !rest.get(length).is_some_and(u8::is_ascii_alphanumeric);
    match digits.as_slice() {
        [h, hh, m, mm] if ends && digits.iter().all(u8::is_ascii_digit) => Some(vec![*sign, *h, *hh, b':', *m, *mm]),
        // A blank and a sign may begin the text: `23:00:00 -1 is no port`.
        _ => has_blank.then(|| b"Z".to_vec()),
    }
}

/// `Oct 11 22:14:15`, `Oct  1 2024 22:14:15.123`.
fn month_first(line: &[u8], received: impl FnOnce() -> Timestamp) -> Option<Timestamp> {
    let month = month(line.get(..3)?)?;
    let mut words = line.get(3..)?.strip_prefix(b" ")?.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let day = words.next().filter(|day| is_number(day, 1, 2))?;
    let next = words.next()?;
    let (year, clock) = if is_number(next, 4, 4) { (Some(next), words.next()?) } else { (None, next) };
    let clock = clock.strip_suffix(b":").unwrap_or(clock);
    match year {
        Some(year) => joined(year, month, day, clock, b"Z"),
        None => nearest_year(month, day, clock, received()),
    }
}

fn nearest_year(month: usize, day: &[u8], clock: &[u8], received: Timestamp) -> Option<Timestamp> {
    let latest = received.0.saturating_add(AHEAD_NS_MAX);
    let this_year = received.to_string().get(..4)?.parse::<i64>().ok()?;
    let years = (0..YEARS_TRIED).map(|back| this_year + 1 - back);
    years
        .filter_map(|year| joined(format!("{year:04}").as_bytes(), month, day, clock, b"Z"))
        .find(|time| time.0 <= latest)
}

/// A time in brackets before the quoted request.
fn web(line: &[u8]) -> Option<Timestamp> {
    let front = line.get(..line.len().min(WEB_FRONT_BYTES))?;
    let end = memchr::memmem::find(front, b"] \"")?;
    let start = memchr::memrchr(b'[', front.get(..end)?)?;
    let text = front.get(start + 1..end)?;
    day_first(text).or_else(|| iso(text))
}

/// `10/Oct/2000:13:55:36 -0700`; without a zone UTC.
fn day_first(text: &[u8]) -> Option<Timestamp> {
    let (date, zone) = text.split_at_checked(20)?;
    let mut parts = date.splitn(3, |&byte| byte == b'/');
    let (day, month) = (parts.next()?, month(parts.next()?)?);
    let (year, clock) = parts.next()?.split_at_checked(4)?;
    let clock = clock.strip_prefix(b":")?;
    let zone = match zone {
        b"" => b"Z".to_vec(),
        [b' ', sign @ (b'+' | b'-'), h, hh, m, mm] => vec![*sign, *h, *hh, b':', *m, *mm],
        _ => return None,
    };
    joined(year, month, day, clock, &zone)
}

fn joined(year: &[u8], month: usize, day: &[u8], clock: &[u8], zone: &[u8]) -> Option<Timestamp> {
    let (year, clock) = (std::str::from_utf8(year).ok()?, std::str::from_utf8(clock).ok()?);
    let day = std::str::from_utf8(day).ok()?;
    let mut text = format!("{year}-{month:02}-{day:0>2}T{clock}").into_bytes();
    text.extend_from_slice(zone);
    Timestamp::parse_lenient(&text)
}

/// From 1.
fn month(name: &[u8]) -> Option<usize> {
    MONTHS.iter().position(|month| month.as_slice() == name).map(|place| place + 1)
}

fn is_number(text: &[u8], digits_min: usize, digits_max: usize) -> bool {
    (digits_min..=digits_max).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str, received: &str) -> Option<String> {
        let time = parse_line(line.as_bytes(), || received.parse().unwrap())?.to_string();
        Some(time.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.').to_owned())
    }

    #[test]
    fn lines_of_programs_of_syslog_and_of_web_servers() {
        let cases = [
            ("2024-09-02T23:00:00Z started", "2024-09-02T23:00:00"),
            ("2024-09-02T23:00:00.123+02:00 started", "2024-09-02T21:00:00.123"),
            ("[2024-09-02 23:00:00,123] INFO", "2024-09-02T23:00:00.123"),
            ("2024-09-02 23:00:00+02:00 x", "2024-09-02T21:00:00"),
            ("[2024-09-02 23:00:00 +0200] x", "2024-09-02T21:00:00"),
            ("2024-09-02T23:00:00,781-0700 x", "2024-09-03T06:00:00.781"),
            ("2024-09-02T23:00:00,781-07:00 x", "2024-09-03T06:00:00.781"),
            ("2024-09-02 23:00:00 -1 is no port", "2024-09-02T23:00:00"),
            ("2024-09-02 23:00:00", "2024-09-02T23:00:00"),
            ("2024-09-02 23:00:00.123 INFO", "2024-09-02T23:00:00.123"),
            ("<34>1 2003-10-11T22:14:15.003Z host su - ID47 - x", "2003-10-11T22:14:15.003"),
            ("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 p 1 - - %%", "2003-08-24T12:14:15.000003"),
            ("<13>2024-09-02T23:00:00+02:00 host su: x", "2024-09-02T21:00:00"),
            ("<34>Oct 11 22:14:15 host su: x", "2024-10-11T22:14:15"),
            ("Oct  1 22:14:15 host su: x", "2024-10-01T22:14:15"),
            ("Oct 1 22:14:15.25 host su: x", "2024-10-01T22:14:15.25"),
            ("Oct  1 2019 22:14:15: %ASA-6-302013: x", "2019-10-01T22:14:15"),
            (r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 23"#, "2000-10-10T20:55:36"),
            (r#"www.x.de:443 ::1 - a b [10/Oct/2000:13:55:36 +0000] "-" 400 0 "-" "[z] \"""#, "2000-10-10T13:55:36"),
            (r#"web.example.com - - [10/Oct/2000:13:55:36 +0000] "GET /""#, "2000-10-10T13:55:36"),
            (r#"1.2.3.4 - - [2024-09-02T23:00:00+02:00] "GET / HTTP/1.1" 200"#, "2024-09-02T21:00:00"),
            (r#"[10/Oct/2000:13:55:36 +0000] "GET /""#, "2000-10-10T13:55:36"),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line, "2024-11-25T01:00:00Z").as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_time_without_a_year_is_the_nearest_that_can_be() {
        let cases = [
            ("Dec 31 23:59:59 h", "2025-01-01T00:00:01Z", "2024-12-31T23:59:59"),
            ("Jan  1 00:30:00 h", "2024-12-31T23:30:00Z", "2025-01-01T00:30:00"),
            ("Jan  2 00:30:00 h", "2024-12-31T23:30:00Z", "2024-01-02T00:30:00"),
            ("Sep  2 08:00:00 h", "2024-09-01T08:00:00Z", "2024-09-02T08:00:00"),
            ("Sep  2 08:00:01 h", "2024-09-01T08:00:00Z", "2023-09-02T08:00:01"),
            ("Feb 29 08:00:00 h", "2024-02-28T08:00:00Z", "2024-02-29T08:00:00"),
            ("Feb 29 08:00:00 h", "2023-03-01T08:00:00Z", "2020-02-29T08:00:00"),
            ("Feb 29 08:00:00 h", "1904-02-01T08:00:00Z", "1896-02-29T08:00:00"),
        ];
        for (line, received, expected) in cases {
            assert_eq!(read(line, received).as_deref(), Some(expected), "{line} at {received}");
        }
    }

    #[test]
    fn what_only_looks_like_a_time_is_none() {
        for line in [
            "",
            "<",
            "<34>",
            "<34>1 - host su - - - x",
            "2024-09-02",
            "Sep",
            "Sep 2",
            "Sep 32 08:00:00 h",
            "Sept 2 08:00:00 h",
            "Sep  2 25:00:00 h",
            "May the force be with you",
            "at [10/Oct/2000:13:55:36 -0700] it began",
            "x [10/Okt/2000:13:55:36 -0700] \"GET",
            "x [10/Oct/2000:13:55:36 PST] \"GET",
            "x [] \"GET",
        ] {
            assert_eq!(read(line, "2024-11-25T01:00:00Z"), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            line in "(<[0-9]{0,4}>)?(1 )?[A-Z]?[a-z]{0,3} ?[0-9]{0,3}[ /][0-9:./ -]{0,20}\\]?( \")?.{0,5}",
        ) {
            let _ = (parse_line(&bytes, || Timestamp(i64::MAX)), parse_line(line.as_bytes(), || Timestamp(i64::MIN)));
        }
    }
}
