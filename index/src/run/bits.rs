//! Single bits in bytes, lowest first.

/// Appends numbers of any width.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    pub(super) bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl BitWriter {
    /// Appends the lowest `width` (at most 32) bits.
    pub(super) fn put(&mut self, value: u64, width: u32) {
        self.pending |= (value & ((1 << width) - 1)) << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Appends so many ones, then a zero.
    pub(super) fn put_unary(&mut self, value: u64) {
        for _ in 0..value {
            self.put(1, 1);
        }
        self.put(0, 1);
    }

    /// Goes to the next whole byte.
    pub(super) fn align(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }
}

/// Reads what [`BitWriter`] wrote.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl BitReader<'_> {
    pub(super) fn bit(&mut self) -> Option<u64> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = (byte >> (self.at % 8)) & 1;
        self.at += 1;
        Some(u64::from(bit))
    }

    pub(super) fn take(&mut self, width: u32) -> Option<u64> {
        (0..width).try_fold(0, |value, place| Some(value | self.bit()? << place))
    }

    pub(super) fn unary(&mut self) -> Option<u64> {
        let mut value = 0;
        while self.bit()? == 1 {
            value += 1;
        }
        Some(value)
    }
}
