//! How far the index goes, and of which archive it is.

use std::ops::Range;

use logkeep_storage::crc32;

use crate::layout::{VERSION, is_run_name};

/// Length of the last line of a position: tantivy keeps no checksum of the file that holds it.
const CRC_LINE_BYTES: usize = "crc 00000000\n".len();

/// How far the index goes: the payload of tantivy's commit, so that both change in one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// Id of the archive.
    pub(crate) archive: [u8; 16],
    /// For each stream by number the first record that nobody tried to index.
    pub(crate) streams: Vec<(u32, u64)>,
    /// Records before these that are not in the index, because they could not be read.
    pub(crate) holes: Vec<Hole>,
    /// Names of the runs that belong to the index.
    pub(crate) runs: Vec<String>,
}

/// Records of a stream that could not be read when they were to be indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) stream: u32,
    pub(crate) records: Range<u64>,
}

impl Position {
    /// The first record of a stream that nobody tried to index.
    pub(crate) fn next(&self, stream: u32) -> u64 {
        self.streams.iter().find(|(number, _)| *number == stream).map_or(0, |(_, next)| *next)
    }

    /// Moves a stream's position, never back.
    pub(crate) fn advance(&mut self, stream: u32, next: u64) {
        match self.streams.iter_mut().find(|(number, _)| *number == stream) {
            Some((_, known)) => *known = next.max(*known),
            None => self.streams.push((stream, next)),
        }
    }

    /// Records that could not be read, of one stream.
    pub(crate) fn holes(&self, stream: u32) -> Vec<Range<u64>> {
        self.holes.iter().filter(|hole| hole.stream == stream).map(|hole| hole.records.clone()).collect()
    }

    /// Notes that these records could not be read.
    pub(crate) fn tear(&mut self, stream: u32, records: Range<u64>) {
        self.mend(stream, &records);
        self.holes.push(Hole { stream, records });
        self.holes.retain(|hole| !hole.records.is_empty());
    }

    /// Notes that these records were read.
    pub(crate) fn mend(&mut self, stream: u32, records: &Range<u64>) {
        for hole in std::mem::take(&mut self.holes) {
            if hole.stream != stream || hole.records.end <= records.start || records.end <= hole.records.start {
                self.holes.push(hole);
                continue;
            }
            let rest = [hole.records.start..records.start, records.end..hole.records.end];
            let rest = rest.into_iter().filter(|records| !records.is_empty());
            self.holes.extend(rest.map(|records| Hole { stream, records }));
        }
    }

    /// As text, a line each.
    pub(crate) fn to_text(&self) -> String {
        let archive = format!("archive {:032x}\n", u128::from_be_bytes(self.archive));
        let streams = self.streams.iter().map(|(number, next)| format!("stream {number} {next}\n"));
        let holes = self.holes.iter().map(|Hole { stream, records }| {
            let Range { start, end } = records;
            format!("hole {stream} {start} {end}\n")
        });
        let runs = self.runs.iter().map(|name| format!("run {name}\n"));
        let lines = streams.chain(holes).chain(runs).collect::<String>();
        let text = format!("logkeep index {VERSION}\n{archive}{lines}");
        let crc = crc32(text.as_bytes());
        format!("{text}crc {crc:08x}\n")
    }

    /// Reads [`Position::to_text`]; `None` for another version or anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (text, crc) = text.strip_suffix('\n')?.split_at_checked(text.len().checked_sub(CRC_LINE_BYTES)?)?;
        if crc != format!("crc {:08x}", crc32(text.as_bytes())) {
            return None;
        }
        let mut lines = text.lines();
        if lines.next()? != format!("logkeep index {VERSION}") {
            return None;
        }
        let archive = lines.next()?.strip_prefix("archive ").filter(|id| id.len() == 32)?;
        let archive = u128::from_str_radix(archive, 16).ok()?.to_be_bytes();
        let mut position = Self { archive, ..Self::default() };
        for line in lines {
            match *line.split(' ').collect::<Vec<_>>() {
                ["stream", number, next] => position.streams.push((number.parse().ok()?, next.parse().ok()?)),
                ["hole", number, start, end] => {
                    let records = start.parse().ok()?..end.parse().ok()?;
                    position.holes.push(Hole { stream: number.parse().ok()?, records });
                }
                ["run", name] if is_run_name(name) => position.runs.push(name.to_owned()),
                _ => return None,
            }
        }
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Position {
        let holes = vec![Hole { stream: 7, records: 1..3 }];
        Position { archive: [9; 16], streams: vec![(0, 1024), (7, 5)], holes, runs: vec!["12.run".into()] }
    }

    #[test]
    fn a_position_survives_its_text() {
        assert_eq!(Position::parse(&sample().to_text()), Some(sample()));
        let good = sample().to_text();
        for at in 0..good.len() {
            let mut bad = good.clone().into_bytes();
            bad[at] ^= 1;
            assert_eq!(String::from_utf8(bad).ok().and_then(|bad| Position::parse(&bad)), None, "byte {at}");
            assert_eq!(Position::parse(&good[..at]), None, "cut at {at}");
        }
        let archive = "archive 00000000000000000000000000000000\n";
        for bad in ["", "logkeep index 0\n", "run ../x.run\n", "stream a 1\n", "hole 1 2\n", "archive 1\n"] {
            for bad in [
                bad.to_owned(),
                format!("logkeep index {VERSION}\n{bad}"),
                format!("logkeep index {VERSION}\n{archive}x{bad}"),
            ] {
                let crc = crc32(bad.as_bytes());
                assert_eq!(Position::parse(&format!("{bad}crc {crc:08x}\n")), None, "{bad:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn holes_are_a_set_of_records(steps in prop::collection::vec((0_u32..2, any::<bool>(), 0_u64..40, 1_u64..9), 0..30)) {
            let mut position = Position::default();
            let mut expected = [[false; 64]; 2];
            for (stream, torn, start, count) in steps {
                let records = start..start + count;
                expected[stream as usize][start as usize..(start + count) as usize].fill(torn);
                if torn { position.tear(stream, records) } else { position.mend(stream, &records) }
            }
            for stream in 0..2 {
                let holes = position.holes(stream);
                for record in 0..64 {
                    let torn = holes.iter().filter(|hole| hole.contains(&record)).count();
                    prop_assert_eq!(torn, usize::from(expected[stream as usize][record as usize]));
                }
            }
        }
    }
}
