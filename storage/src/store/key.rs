//! Keys: big-endian, so that order on disk is order in the stream.

/// A stream's number as a key, also the prefix of all its keys.
pub(crate) fn stream_key(stream: u32) -> [u8; 4] {
    stream.to_be_bytes()
}

/// A place in a stream: a tail record's index, a block's first index.
pub(crate) fn place_key(stream: u32, index: u64) -> [u8; 12] {
    join(stream.to_be_bytes(), index.to_be_bytes())
}

/// A chunk of the block that begins at `first`.
pub(crate) fn chunk_key(stream: u32, first: u64, chunk: u16) -> [u8; 14] {
    join(place_key(stream, first), chunk.to_be_bytes())
}

/// A node of a stream's Merkle tree.
pub(crate) fn node_key(stream: u32, level: u8, node: u64) -> [u8; 13] {
    join(join::<4, 1, 5>(stream.to_be_bytes(), [level]), node.to_be_bytes())
}

/// The records whose provider id has this hash.
pub(crate) fn seen_key(stream: u32, id: [u8; 5]) -> [u8; 9] {
    join(stream.to_be_bytes(), id)
}

/// The first key behind all keys of `stream`.
pub(crate) fn after_stream(stream: u32) -> Vec<u8> {
    // Nine bytes of 255 are behind every key of the largest number, too: no key is longer than fourteen bytes and
    // none of the others begins with that number.
    stream.checked_add(1).map_or_else(|| vec![255; 15], |next| stream_key(next).to_vec())
}

/// Stream and place of a key of [`place_key`].
pub(crate) fn parse_place(key: &[u8]) -> Option<(u32, u64)> {
    let (stream, rest) = key.split_first_chunk()?;
    Some((u32::from_be_bytes(*stream), u64::from_be_bytes(rest.try_into().ok()?)))
}

/// Stream, block and number of a key of [`chunk_key`].
pub(crate) fn parse_chunk(key: &[u8]) -> Option<(u32, u64, u16)> {
    let (place, number) = key.split_last_chunk()?;
    let (stream, first) = parse_place(place)?;
    Some((stream, first, u16::from_be_bytes(*number)))
}

/// Stream, level and node of a key of [`node_key`].
pub(crate) fn parse_node(key: &[u8]) -> Option<(u32, u8, u64)> {
    let (stream, rest) = key.split_first_chunk()?;
    let (level, node) = rest.split_first()?;
    Some((u32::from_be_bytes(*stream), *level, u64::from_be_bytes(node.try_into().ok()?)))
}

/// Stream of a key that is a stream's number.
pub(crate) fn parse_stream(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(key.try_into().ok()?))
}

fn join<const A: usize, const B: usize, const N: usize>(left: [u8; A], right: [u8; B]) -> [u8; N] {
    const { assert!(A + B == N) };
    let mut bytes = left.iter().chain(&right);
    std::array::from_fn(|_| bytes.next().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_are_in_order() {
        let chunk = chunk_key(7, 1024, 3);
        assert_eq!(parse_chunk(&chunk), Some((7, 1024, 3)));
        assert_eq!(parse_place(&place_key(7, 1024)), Some((7, 1024)));
        assert_eq!(parse_node(&node_key(7, 8, 5)), Some((7, 8, 5)));
        assert!(place_key(7, 1024).as_slice() < chunk.as_slice());
        assert!(chunk.as_slice() < place_key(7, 1025).as_slice());
        assert!(place_key(7, u64::MAX).as_slice() < after_stream(7).as_slice());
        assert!(chunk_key(u32::MAX, u64::MAX, u16::MAX).as_slice() < after_stream(u32::MAX).as_slice());
    }

    #[test]
    fn other_lengths_are_no_keys() {
        for length in [0, 3, 5, 11, 13, 15] {
            let key = vec![1; length];
            assert_eq!((parse_place(&key), parse_chunk(&key), parse_stream(&key)), (None, None, None), "{length}");
        }
    }
}
