//! A fast hash for tables in memory. Never stored: it may change at any time.

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hash of `bytes`, eight of them a step.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = MULTIPLIER ^ bytes.len() as u64;
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let mut last = [0_u8; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        state = mix(state ^ u64::from_le_bytes(last));
    }
    mix(state)
}

fn mix(value: u64) -> u64 {
    let product = u128::from(value) * u128::from(MULTIPLIER);
    (product as u64) ^ ((product >> 64) as u64)
}
