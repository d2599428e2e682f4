//! Tells bytes that are no text: another encoding, an archive of files, a program's own format.

/// Bytes that are looked at for an encoding of two bytes a letter.
const PAIRS_BYTES_MAX: usize = 4096;
/// Where a tar file says that it is one.
const TAR_MARK_AT: usize = 257;
/// How files begin that hold other files; gzip and zstd are unpacked and never come here.
const PACKED: [(&[u8], &str); 4] = [
    (b"PK\x03\x04", "is a zip file: unpack it first"),
    (b"\xfd7zXZ\0", "is packed with xz, which logkeep does not read: pipe it, xz -dc FILE | logkeep import -"),
    (b"BZh", "is packed with bzip2, which logkeep does not read: pipe it, bzip2 -dc FILE | logkeep import -"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z file: unpack it first"),
];
const TAR: &str = "is a tar file: unpack it first";
const UTF_16: &str =
    "looks like UTF-16: convert it first, iconv -f UTF-16 -t UTF-8, or take its lines as they are with --form text";
const UTF_16_LE: &str =
    "looks like UTF-16: convert it first, iconv -f UTF-16LE -t UTF-8, or take its lines as they are with --form text";
const UTF_16_BE: &str =
    "looks like UTF-16: convert it first, iconv -f UTF-16BE -t UTF-8, or take its lines as they are with --form text";
const UTF_32: &str =
    "looks like UTF-32: convert it first, iconv -f UTF-32 -t UTF-8, or take its lines as they are with --form text";
const BINARY: &str = "looks binary, not like text: take its lines anyhow with --form text";

/// Why an input that begins so holds no text and no JSON, and what to do about it; `None` if it may.
pub(crate) fn reason(front: &[u8]) -> Option<&'static str> {
    packed(front).or_else(|| wide_letters(front)).or_else(|| is_binary(front).then_some(BINARY))
}

/// The same, only for text in two or four bytes a letter.
pub(crate) fn wide_letters(front: &[u8]) -> Option<&'static str> {
    match front {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some(UTF_32),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some(UTF_16),
        _ => {}
    }
    let pairs = front.get(..front.len().min(PAIRS_BYTES_MAX)).unwrap_or_default().chunks_exact(2);
    let count = pairs.len();
    let (first, second) = pairs.fold((0, 0), |(first, second), pair| {
        (first + usize::from(pair.first() == Some(&0)), second + usize::from(pair.last() == Some(&0)))
    });
    // Letters of most scripts have one zero, which is always at the same side; the line ends have it in all scripts.
    let is_side = |zeros: usize, others: usize| zeros > 1 && zeros * 5 >= count * 2 && others * 20 <= count;
    if is_side(second, first) {
        return Some(UTF_16_LE);
    }
    is_side(first, second).then_some(UTF_16_BE)
}

fn packed(front: &[u8]) -> Option<&'static str> {
    let tar = front.get(TAR_MARK_AT..).is_some_and(|mark| mark.starts_with(b"ustar")).then_some(TAR);
    let known = || PACKED.iter().find(|(mark, _)| front.starts_with(mark)).map(|(_, reason)| *reason);
    // A line of text may well begin with the letters of bzip2, but is not full of control characters.
    tar.or_else(|| known().filter(|_| is_binary(front)))
}

/// Whether many bytes are control characters that no text has. Bytes over 127 say nothing: there are many encodings. A
/// run of one byte counts once: after a power cut there are zeros in the middle of good logs.
fn is_binary(front: &[u8]) -> bool {
    let odd = |byte: u8| byte == 0x7f || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x08 | 0x0c | 0x1b));
    let (mut all, mut odds, mut zeros, mut before) = (0_usize, 0_usize, 0_usize, None);
    for &byte in front {
        if before.replace(byte) != Some(byte) {
            all += 1;
            odds += usize::from(odd(byte));
            zeros += usize::from(byte == 0);
        }
    }
    let share = if zeros > 0 { 20 } else { 10 };
    odds > 1 && odds * share >= all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    /// Bytes that a packer could have written.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn text_of_any_encoding_with_one_byte_a_letter_is_text() {
        for text in [
            &b""[..],
            b"x",
            b"\0",
            b"a\tb\r\n\x1b[31mred\x1b[0m\x0c",
            b"\xffnot UTF-8\xfe, but text\n",
            b"BZh is no packer here\n",
            b"plain with a \0 in it\n",
            "\u{feff}{\"a\":\"\u{4f60}\u{597d}\"}\n".as_bytes(),
            // Three words of Russian in KOI8-R.
            b"\xf0\xd2\xc9\xd7\xc5\xd4 \xcd\xc9\xd2 \xe4\xc1\n",
        ] {
            assert_eq!(reason(text), None, "{text:?}");
        }
        let after_a_power_cut =
            [&b"Sep  2 23:00:00 host good line\n"[..], &[0; 4000], b"Sep  2 23:05:00 host on\n"].concat();
        assert_eq!(reason(&after_a_power_cut), None);
    }

    #[test]
    fn letters_of_two_bytes_are_told() {
        let text = "2024-09-02 \u{dc}ber die H\u{e4}user\r\n{\"a\":1}\r\n";
        assert_eq!(reason(&utf_16(text, u16::to_le_bytes)), Some(UTF_16_LE));
        assert_eq!(reason(&utf_16(text, u16::to_be_bytes)), Some(UTF_16_BE));
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let marked = utf_16(&format!("\u{feff}{text}"), bytes);
            assert_eq!((reason(&marked), wide_letters(&marked)), (Some(UTF_16), Some(UTF_16)));
        }
        assert_eq!(reason(b"\xff\xfe\0\0a\0\0\0"), Some(UTF_32));
    }

    #[test]
    fn other_formats_are_told() {
        assert_eq!(reason(&noise(300)), Some(BINARY));
        assert_eq!(reason(&noise(60_000)), Some(BINARY));
        assert_eq!(reason(&[b"PK\x03\x04".to_vec(), noise(99)].concat()), Some(PACKED[0].1));
        assert_eq!(reason(&[b"BZh9".to_vec(), noise(99)].concat()), Some(PACKED[2].1));
        assert_eq!(reason(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0"), Some(BINARY));
        let mut tar = vec![0; 512];
        tar[..8].copy_from_slice(b"logs.txt");
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(reason(&tar), Some(TAR));
    }
}
