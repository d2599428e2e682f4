//! Constants: their values, how they are read and how they are written.

use std::fmt;

use super::Expression;

/// Ticks of 100 ns in a second; KQL counts time in them.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks in a day.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// A constant. Times are ticks of 100 ns, moments since 0001-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `1`, `long(1)`.
    Long(i64),
    /// `int(1)`.
    Int(i32),
    /// `1.5`, `real(nan)`.
    Real(f64),
    /// `decimal(1.5)`, as written.
    Decimal(String),
    /// `"x"` in any spelling.
    Text(String),
    /// `true`.
    Bool(bool),
    /// `datetime(2020-01-01)`.
    Datetime(i64),
    /// `7d`, `timespan(1.02:03:04)`.
    Timespan(i64),
    /// `guid(…)`.
    Guid(u128),
    /// `int(null)`: the type's name.
    Null(String),
}

/// The value of a `dynamic(…)`.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`, or a number, text, truth, or a KQL literal.
    Value(Option<Literal>),
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`
    Bag(Vec<(String, Json)>),
}

impl Json {
    /// Levels inside it; a single value has one.
    pub fn depth(&self) -> usize {
        match self {
            Json::Value(_) => 1,
            Json::Array(items) => 1 + items.iter().map(Json::depth).max().unwrap_or_default(),
            Json::Bag(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or_default(),
        }
    }
}

/// A literal with its type before it: `datetime(…)`. `None` if the content is not one of that type.
pub fn typed(name: &str, content: &str) -> Option<Literal> {
    let content = unquoted(content.trim());
    let null = content.eq_ignore_ascii_case("null");
    let value = match name {
        _ if null => Literal::Null(name.to_owned()),
        "long" => Literal::Long(long(content)?),
        "int" => Literal::Int(i32::try_from(long(content)?).ok()?),
        "real" | "double" => Literal::Real(real(content)?),
        "decimal" => Literal::Decimal(decimal(content)?),
        "bool" | "boolean" => Literal::Bool(boolean(content)?),
        "datetime" | "date" => Literal::Datetime(datetime(content)?),
        "timespan" | "time" => Literal::Timespan(timespan(content)?),
        "guid" | "uuid" | "uniqueid" => Literal::Guid(guid(content)?),
        _ => return None,
    };
    Some(value)
}

fn unquoted(content: &str) -> &str {
    let inside = |quote: char| content.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(content)
}

/// Digits with a sign, or `0x…`, which wraps.
pub fn long(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let value = u64::from_str_radix(hex, 16).ok()?.cast_signed();
        return if negative { value.checked_neg() } else { Some(value) };
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if negative { format!("-{digits}").parse().ok() } else { digits.parse().ok() }
}

fn real(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "+inf" | "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        number if number.contains(|letter: char| letter.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    }
}

fn decimal(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    (number && text.parse::<f64>().is_ok()).then(|| text.to_owned())
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// `74be27de-1e4e-49d9-b579-fe0b331d3642`, also without dashes, also in braces.
pub fn guid(text: &str) -> Option<u128> {
    let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    let digits: String = text.split('-').collect();
    let shaped = parts == [8, 4, 4, 4, 12] || parts == [32];
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if shaped && hex { u128::from_str_radix(&digits, 16).ok() } else { None }
}

/// A number with its unit, as the lexer found it: `1.5h`.
pub fn number_with_unit(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.find(|letter: char| letter.is_alphabetic())?)?;
    let unit = match unit {
        "d" | "day" | "days" => TICKS_PER_DAY,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600 * TICKS_PER_SECOND,
        "m" | "min" | "minute" | "minutes" => 60 * TICKS_PER_SECOND,
        "s" | "sec" | "second" | "seconds" => TICKS_PER_SECOND,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => TICKS_PER_SECOND / 1_000,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => 10,
        "tick" | "ticks" => 1,
        "nano" | "nanos" | "nanosecond" | "nanoseconds" => {
            return number.trim().parse::<i64>().ok().map(|nanoseconds| nanoseconds / 100);
        }
        _ => return None,
    };
    scaled(number.trim(), unit)
}

/// A number of days, hours … as ticks, exactly where it is whole.
fn scaled(number: &str, unit: i64) -> Option<i64> {
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(unit);
    }
    let ticks = number.parse::<f64>().ok()? * unit as f64;
    (ticks.abs() < 9.2e18).then_some(ticks.round() as i64)
}

/// What stands in `timespan(…)`: `7d`, `1.02:03:04.5`, `02:03`, a number of days.
pub fn timespan(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text.trim()),
        None => (false, text),
    };
    let ticks = if text.contains(':') {
        clock(text)?
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse::<i64>().ok()?.checked_mul(TICKS_PER_DAY)?
    } else {
        number_with_unit(text)?
    };
    Some(if negative { -ticks } else { ticks })
}

/// `[d.]hh:mm[:ss[.fffffff]]`
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (first, minutes) = (parts.next()?, parts.next()?);
    let seconds = parts.next().unwrap_or("0");
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    if parts.next().is_some() {
        return None;
    }
    let whole = |text: &str, limit: i64| text.parse::<i64>().ok().filter(|value| (0..limit).contains(value));
    let (days, hours, minutes) = (whole(days, 10_675_200)?, whole(hours, 24)?, whole(minutes, 60)?);
    let seconds = seconds_as_ticks(seconds)?;
    let of_day = (hours * 3_600 + minutes * 60) * TICKS_PER_SECOND + seconds;
    days.checked_mul(TICKS_PER_DAY)?.checked_add(of_day)
}

/// `59.1234567`; further digits are dropped.
fn seconds_as_ticks(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.parse::<i64>().ok().filter(|value| (0..60).contains(value))?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
    Some(whole * TICKS_PER_SECOND + digits.parse::<i64>().ok()?)
}

/// What stands in `datetime(…)`: ISO 8601 and parts of it, `MM/DD/YYYY hh:mm:ss`; without a zone it is UTC.
pub fn datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_suffix("UTC").or_else(|| text.strip_suffix("GMT")).unwrap_or(text).trim_end();
    let split = text.find(['T', ' ', ',']).unwrap_or(text.len());
    let (date, time) = text.split_at_checked(split)?;
    let days = date_as_days(date)?;
    let time = time.trim_start_matches(['T', ' ', ',']).trim();
    let ticks = if time.is_empty() { 0 } else { time_of_day(time)? };
    days.checked_mul(TICKS_PER_DAY)?.checked_add(ticks).filter(|ticks| (0..=3_155_378_975_999_999_999).contains(ticks))
}

/// Days from 0001-01-01.
fn date_as_days(date: &str) -> Option<i64> {
    let parts: Vec<&str> = date.split(['-', '/']).collect();
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (year, month, day) = match parts.as_slice() {
        [month, day, year] if date.contains('/') && year.len() == 4 => (number(year)?, number(month)?, number(day)?),
        [year, month, day] if year.len() == 4 => (number(year)?, number(month)?, number(day)?),
        [year, month] if year.len() == 4 => (number(year)?, number(month)?, 1),
        [year] if year.len() == 4 => (number(year)?, 1, 1),
        _ => return None,
    };
    let valid = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    valid.then(|| days_before(year, month) + day - 1)
}

/// `10:20:30.1234567Z`, `10:20+02:00`, `10:20:30 PM`, ticks from midnight UTC.
fn time_of_day(text: &str) -> Option<i64> {
    let upper = text.to_ascii_uppercase();
    let (text, half) = match upper.strip_suffix("PM") {
        Some(text) => (text.trim_end(), Some(true)),
        None => upper.strip_suffix("AM").map_or((upper.as_str(), None), |text| (text.trim_end(), Some(false))),
    };
    let zone = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock_text, zone) = text.split_at_checked(zone)?;
    let clock_text = clock_text.trim_end();
    let clock_text = if clock_text.contains(':') { clock_text.to_owned() } else { format!("{clock_text}:00") };
    let ticks = clock(&clock_text).filter(|ticks| *ticks < TICKS_PER_DAY)?;
    let hour = ticks / (3_600 * TICKS_PER_SECOND);
    let half_day = match half {
        Some(true) if hour < 12 => TICKS_PER_DAY / 2,
        Some(false) if hour == 12 => -TICKS_PER_DAY / 2,
        _ => 0,
    };
    Some(ticks + half_day - offset(zone)?)
}

/// `Z`, `+02:00`, `-0730`, `+1`.
fn offset(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.as_bytes().first() {
        None => return Some(0),
        Some(b'Z') => return (zone == "Z").then_some(0),
        Some(b'-') => (-1, zone.get(1..)?),
        Some(_) => (1, zone.get(1..)?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
    let valid = (0..=14).contains(&hours) && (0..60).contains(&minutes);
    valid.then_some(sign * (hours * 60 + minutes) * 60 * TICKS_PER_SECOND)
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

/// Days in a month, 1 to 12.
pub fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 0001-01-01 to the first of the month.
fn days_before(year: i64, month: i64) -> i64 {
    let years = year - 1;
    let months: i64 = (1..month).map(|before| days_in(year, before)).sum();
    years * 365 + years / 4 - years / 100 + years / 400 + months
}

/// The date of a number of days from 0001-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let mut year = days / 366 + 1;
    while days_before(year + 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_before(year, month + 1) <= days {
        month += 1;
    }
    (year, month, days - days_before(year, month) + 1)
}

/// `2020-01-01T10:20:30.1234567Z`
pub fn datetime_text(ticks: i64) -> String {
    let (year, month, day) = date_of(ticks.div_euclid(TICKS_PER_DAY));
    let of_day = ticks.rem_euclid(TICKS_PER_DAY);
    let (seconds, fraction) = (of_day / TICKS_PER_SECOND, of_day % TICKS_PER_SECOND);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z")
}

/// `[-][d.]hh:mm:ss[.fffffff]`
pub fn timespan_text(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let ticks = ticks.unsigned_abs();
    let per_second = TICKS_PER_SECOND.unsigned_abs();
    let (seconds, fraction) = (ticks / per_second, ticks % per_second);
    let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    let fraction = if fraction > 0 { format!(".{fraction:07}") } else { String::new() };
    format!("{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

/// `74be27de-1e4e-49d9-b579-fe0b331d3642`
pub fn guid_text(guid: u128) -> String {
    let hex = format!("{guid:032x}");
    let part = |range| hex.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

/// A text in quotes, with escapes.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => quoted.push_str(&escape(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(letter: char) -> String {
    let code = u32::from(letter);
    format!("\\u{code:04x}")
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Long(value) if *value < 0 => write!(formatter, "long({value})"),
            Literal::Long(value) => write!(formatter, "{value}"),
            Literal::Int(value) => write!(formatter, "int({value})"),
            Literal::Real(value) if value.is_finite() && *value >= 0.0 => write!(formatter, "{value:?}"),
            Literal::Real(value) if value.is_nan() => formatter.write_str("real(nan)"),
            Literal::Real(value) => write!(formatter, "real({})", real_text(*value)),
            Literal::Decimal(value) => write!(formatter, "decimal({value})"),
            Literal::Text(value) => formatter.write_str(&quoted(value)),
            Literal::Bool(value) => write!(formatter, "{value}"),
            Literal::Datetime(ticks) => write!(formatter, "datetime({})", datetime_text(*ticks)),
            Literal::Timespan(ticks) => write!(formatter, "timespan({})", timespan_text(*ticks)),
            Literal::Guid(value) => write!(formatter, "guid({})", guid_text(*value)),
            Literal::Null(name) => write!(formatter, "{name}(null)"),
        }
    }
}

fn real_text(value: f64) -> String {
    match value {
        f64::INFINITY => "+inf".to_owned(),
        f64::NEG_INFINITY => "-inf".to_owned(),
        value => format!("{value:?}"),
    }
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Value(None) => formatter.write_str("null"),
            Json::Value(Some(literal)) => write!(formatter, "{literal}"),
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(Json::to_string).collect();
                write!(formatter, "[{}]", items.join(", "))
            }
            Json::Bag(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}: {value}", quoted(name))).collect();
                write!(formatter, "{{{}}}", members.join(", "))
            }
        }
    }
}

/// An expression that is this constant, wherever it was.
impl From<Literal> for Expression {
    fn from(literal: Literal) -> Expression {
        Expression { span: crate::kql::span::Span::default(), kind: super::ExpressionKind::Literal(literal) }
    }
}
