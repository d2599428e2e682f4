//! Amounts of bytes, as people write and read them: `512MiB`, `1.5 GB`.

use std::str::FromStr;

/// An amount of bytes, written with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let wrong = || format!("{text:?} is no size such as 512MiB or 2GB");
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let factor = factor(unit.trim()).ok_or_else(wrong)?;
        Ok(Size((number * factor) as u64))
    }
}

/// What the archive and the index need at least.
const MEMORY_BYTES_MIN: u64 = 64 << 20;

/// An amount of memory for an archive.
pub(crate) fn memory(text: &str) -> Result<Size, String> {
    let size: Size = text.parse()?;
    if size.0 < MEMORY_BYTES_MIN {
        return Err("at least 64MiB is needed".to_owned());
    }
    Ok(size)
}

fn factor(unit: &str) -> Option<f64> {
    let unit = unit.to_ascii_lowercase();
    let power = |base: f64| "kmgt".find(unit.chars().next()?).map(|place| base.powi(place as i32 + 1));
    match unit.get(1..).unwrap_or_default() {
        _ if unit.is_empty() || unit == "b" => Some(1.0),
        "" | "i" | "ib" => power(1024.0),
        "b" => power(1000.0),
        _ => None,
    }
}

/// Bytes for people: `999 B`, `1.2 MB`, `38 GB`, in powers of 1,000.
pub(crate) fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let decimals = usize::from(unit != "B" && value < 99.95);
    format!("{value:.decimals$} {unit}")
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 record`, `2,000 records`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_units() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17b", 17),
            ("1k", 1024),
            ("1kB", 1000),
            ("512MiB", 512 << 20),
            ("1.5 GB", 1_500_000_000),
            ("2t", 2 << 40),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "MB", "-1", "1x", "1MBB", "1..2", "1 kib b", "1é", "é"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn too_little_memory_is_refused() {
        assert_eq!(memory("64MiB"), Ok(Size(64 << 20)));
        assert_eq!(memory("1"), Err("at least 64MiB is needed".to_owned()));
        assert!(memory("x").is_err());
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(human(0), "0 B");
        assert_eq!(human(999), "999 B");
        assert_eq!(human(1000), "1.0 kB");
        assert_eq!(human(999_949), "1.0 MB");
        assert_eq!(human(999_400), "999 kB");
        assert_eq!(human(27_300_000), "27.3 MB");
        assert_eq!(human(u64::MAX), "18447 PB");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(2_000, "record"), "2,000 records");
    }
}
