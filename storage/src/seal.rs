//! Blocks: where they are cut, and their making, several at a time.

use logkeep_proof::{Frontier, Hash};

use crate::block::{self, BLOCK_RAW_BYTES_MAX, EncodedBlock, Envelope, Row};
use crate::damage::Damage;
use crate::error::Result;
use crate::parallel::in_parallel;
use crate::stream::StreamName;
use crate::tree::{self, GROUP_RECORDS, Nodes};

/// The most records of a block that begins at `first`: a block is an aligned subtree.
pub(crate) fn capacity(first: u64) -> u64 {
    if first == 0 { GROUP_RECORDS } else { (1 << first.trailing_zeros().min(10)).min(GROUP_RECORDS) }
}

/// Cuts full blocks off the front of records that begin at `first` and have these lengths: their counts in order.
/// What is left is less than a block.
///
/// Where a block ends depends on the records only, not on the batches in which they came.
pub(crate) fn cut(first: u64, lengths: &[u64]) -> Vec<usize> {
    let (mut counts, mut at) = (Vec::new(), 0);
    while let Some(count) = lengths.get(at..).and_then(|rest| full(first + at as u64, rest)) {
        counts.push(count);
        at += count;
    }
    counts
}

/// Records of the full block at the front, `None` if they are not enough for one.
fn full(first: u64, lengths: &[u64]) -> Option<usize> {
    let capacity = usize::try_from(capacity(first)).ok()?;
    let mut sum = 0_u64;
    for (at, length) in lengths.iter().take(capacity).enumerate() {
        sum = sum.saturating_add(*length);
        if sum > BLOCK_RAW_BYTES_MAX {
            // The records before this one fit; of them as many as make an aligned subtree.
            return Some(if at == 0 { 1 } else { 1 << at.ilog2() });
        }
    }
    (lengths.len() >= capacity).then_some(capacity)
}

/// A block to be made.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) stream: &'a StreamName,
    pub(crate) number: u32,
    pub(crate) first: u64,
    pub(crate) rows: &'a [Row<'a>],
    pub(crate) salt: [u8; 32],
}

/// A block that is made.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) first: u64,
    pub(crate) leaves: Vec<Hash>,
    /// The edge of the block's own subtree.
    pub(crate) frontier: Frontier,
    pub(crate) nodes: Nodes,
    pub(crate) block: EncodedBlock,
}

impl Sealed {
    /// The index behind the block's last record.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.leaves.len() as u64
    }

    /// Bytes of head and chunks.
    pub(crate) fn stored_bytes(&self) -> u64 {
        (self.block.head.len() + self.block.chunks.iter().map(Vec::len).sum::<usize>()) as u64
    }
}

/// Makes blocks on `threads` threads, in the order of the jobs.
pub(crate) fn run(jobs: &[Job<'_>], threads: usize) -> Result<Vec<Sealed>> {
    in_parallel(jobs, threads, make).into_iter().collect()
}

fn make(job: &Job<'_>) -> Result<Sealed> {
    let leaves = tree::leaves(job.first, job.rows.iter().copied(), &job.salt);
    let (frontier, nodes) = tree::subtree(job.first, &leaves);
    let envelope = Envelope { first: job.first, salt: job.salt, root: frontier.root(), stream: job.number };
    let block = block::encode(job.rows, &envelope).map_err(|e| Damage::of_block(job.stream, job.first, e))?;
    Ok(Sealed { first: job.first, leaves, frontier, nodes, block })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn small_records_make_blocks_of_1024() {
        assert!(cut(0, &[100; 1023]).is_empty());
        assert_eq!(cut(0, &[100; 1024]), [1024]);
        assert_eq!(cut(0, &[100; 3000]), [1024, 1024]);
        assert_eq!(cut(1024, &[0; 1025]), [1024]);
    }

    #[test]
    fn large_records_make_smaller_aligned_blocks() {
        assert_eq!(cut(0, &[9 * MIB]), [1]);
        assert!(cut(0, &[5 * MIB]).is_empty());
        assert_eq!(cut(0, &[5 * MIB, 5 * MIB]), [1, 1], "a block that begins at 1 holds one record");
        assert_eq!(cut(0, &[5 * MIB, 5 * MIB, 5 * MIB]), [1, 1]);
        assert_eq!(cut(0, &[2 * MIB; 5]), [4]);
        assert_eq!(cut(0, &[3 * MIB; 4]), [2, 2]);
        assert_eq!(cut(1, &[1]), [1]);
        assert_eq!(cut(6, &[1, 1, 1]), [2]);
    }

    proptest! {
        #[test]
        fn cuts_are_aligned_and_do_not_depend_on_the_batches(
            lengths in prop::collection::vec(0..6 * MIB, 0..80),
            groups in 0..4_u64,
            split in 0..80_usize,
        ) {
            let first = groups * 1024;
            let counts = cut(first, &lengths);
            let mut at = 0;
            for count in &counts {
                prop_assert!((first + at as u64).is_multiple_of(*count as u64) && count.is_power_of_two());
                let bytes: u64 = lengths[at..at + count].iter().sum();
                prop_assert!(bytes <= BLOCK_RAW_BYTES_MAX || *count == 1);
                at += count;
            }
            let early = cut(first, &lengths[..split.min(lengths.len())]);
            prop_assert_eq!(&early, &counts[..early.len()]);
            let sealed: usize = early.iter().sum();
            prop_assert_eq!(cut(first + sealed as u64, &lengths[sealed..]), &counts[early.len()..]);
        }
    }
}
