//! Doubles as text, spelled as .NET spells them.

/// The shortest digits that read back as the same double, with a point: `1.0`, `0.1`, `1E+15`, `NaN`.
#[must_use]
pub fn print(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e15).contains(&magnitude) {
        let digits = value.to_string();
        return if digits.contains('.') { digits } else { digits + ".0" };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}E{sign}{exponent:0>2}")
}

/// Reads a number as `todouble` does: digits, a point, an exponent; `NaN` and infinities by name.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match unsigned.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "infinity" => Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ if is_number => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_print_as_in_dot_net() {
        let cases = [
            (1.0, "1.0"),
            (-0.5, "-0.5"),
            (0.0, "0.0"),
            (123_456.789, "123456.789"),
            (1e14, "100000000000000.0"),
            (1e15, "1E+15"),
            (1.5e300, "1.5E+300"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (1.5e-10, "1.5E-10"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            assert_eq!(print(value), expected);
        }
    }

    #[test]
    fn texts_are_numbers_or_nothing() {
        for (text, expected) in [
            (" 5.7 ", Some(5.7)),
            ("1e3", Some(1000.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("0x10", None),
            ("", None),
            ("abc", None),
            ("1,000", None),
            ("-inf", Some(f64::NEG_INFINITY)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printed_doubles_read_back(value: f64) {
            let read = parse(&print(value)).unwrap();
            prop_assert!(read == value || read.is_nan() && value.is_nan());
        }
    }
}
