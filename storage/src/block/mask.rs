//! Which kinds of characters a column's values hold, in 64 bits, so that a search can pass it over unread.

/// Every kind of character: the mask of values that are not looked into.
pub(crate) const EVERYTHING: u64 = u64::MAX;
/// Bit of every byte above 0x7f.
const NOT_ASCII: u8 = 63;

const BITS: [u8; 256] = bits();

/// The kinds of the characters of `bytes`: a bit for each letter without regard to case, for each digit, for the
/// rest together 27, for all that is not ASCII one. A value with a backslash may mean other characters than it
/// spells, so it counts as everything.
#[must_use]
pub fn mask(bytes: &[u8]) -> u64 {
    let mut mask = 0_u64;
    let mut escaped = false;
    for byte in bytes {
        mask |= 1 << BITS.get(usize::from(*byte)).copied().unwrap_or(NOT_ASCII);
        escaped |= *byte == b'\\';
    }
    if escaped { EVERYTHING } else { mask }
}

const fn bits() -> [u8; 256] {
    let mut bits = [NOT_ASCII; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        let folded = byte.to_ascii_lowercase();
        let bit = match folded {
            b'a'..=b'z' => folded - b'a',
            b'0'..=b'9' => 26 + (folded - b'0'),
            _ => 36 + folded % 27,
        };
        #[expect(clippy::indexing_slicing, reason = "a byte indexes 256 places; evaluated at compile time")]
        {
            bits[byte as usize] = bit;
        }
        byte += 1;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_characters() {
        assert_eq!(mask(b"aA"), mask(b"a"));
        assert_ne!(mask(b"a") & mask(b"ab"), 0);
        assert_eq!(mask(b"xyz") & mask(b"0123456789abcdef-"), 0);
        assert_eq!(mask("ä".as_bytes()), 1 << 63);
        assert_eq!(mask(br"\u0041"), EVERYTHING);
    }
}
