//! Gzip without compression (stored blocks, RFC 1952 and 1951): enough for an input that must be unpacked.

/// What one stored block can hold.
const BLOCK_BYTES_MAX: usize = 65_535;
/// Magic, deflate, no flags, no time (so that one seed gives one file), no extra flags, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// `bytes` as a gzip file that every tool unpacks.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    let mut blocks = bytes.chunks(BLOCK_BYTES_MAX).peekable();
    while let Some(block) = blocks.next() {
        store(block, blocks.peek().is_none(), &mut out);
    }
    if bytes.is_empty() {
        store(&[], true, &mut out);
    }
    out.extend(crc32(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

fn store(block: &[u8], last: bool, out: &mut Vec<u8>) {
    let length = block.len() as u16;
    out.push(u8::from(last));
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(block);
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc32() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    /// What `printf hello | gzip -n` unpacks to, with the block stored.
    #[test]
    fn one_block_is_drawn_byte_by_byte() {
        let mut expected = HEADER.to_vec();
        expected.extend([1, 5, 0, 0xfa, 0xff]);
        expected.extend(b"hello");
        expected.extend([0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0]);
        assert_eq!(gzip(b"hello"), expected);
    }

    #[test]
    fn long_input_is_cut_into_blocks() {
        let long = vec![b'x'; BLOCK_BYTES_MAX + 1];
        let packed = gzip(&long);
        assert_eq!(packed.len(), 10 + 5 + BLOCK_BYTES_MAX + 5 + 1 + 8);
        assert_eq!((packed[10], packed[10 + 5 + BLOCK_BYTES_MAX]), (0, 1));
        assert_eq!(gzip(b"").len(), 23);
    }
}
