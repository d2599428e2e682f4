//! Where the index's files are, and what its position says.

use std::path::{Path, PathBuf};

use logkeep_storage::crc32;

/// Version of terms, hashes and files; an index of another version is made anew.
pub(crate) const VERSION: u32 = 1;

/// Length of the last line of a position: tantivy keeps no checksum of the file that holds it.
const CRC_LINE_BYTES: usize = "crc 00000000\n".len();

/// The directory of an index.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The index's directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// tantivy's files.
    pub(crate) fn dictionary(&self) -> PathBuf {
        self.root.join("dictionary")
    }

    /// The runs.
    pub(crate) fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// One run.
    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.runs().join(name)
    }

    /// Locked by the process that writes the index.
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }
}

/// How far the index goes: the payload of tantivy's commit, so that both change in one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// For each stream by number the first record that is not indexed.
    pub(crate) streams: Vec<(u32, u64)>,
    /// Names of the runs that belong to the index.
    pub(crate) runs: Vec<String>,
}

impl Position {
    /// The first record of a stream that is not indexed.
    pub(crate) fn next(&self, stream: u32) -> u64 {
        self.streams.iter().find(|(number, _)| *number == stream).map_or(0, |(_, next)| *next)
    }

    /// Moves a stream's position.
    pub(crate) fn advance(&mut self, stream: u32, next: u64) {
        match self.streams.iter_mut().find(|(number, _)| *number == stream) {
            Some((_, known)) => *known = next,
            None => self.streams.push((stream, next)),
        }
    }

    /// As text, a line each.
    pub(crate) fn to_text(&self) -> String {
        let streams = self.streams.iter().map(|(number, next)| format!("stream {number} {next}\n"));
        let runs = self.runs.iter().map(|name| format!("run {name}\n"));
        let text = format!("logkeep index {VERSION}\n") + &streams.chain(runs).collect::<String>();
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
        let mut position = Self::default();
        for line in lines {
            match *line.split(' ').collect::<Vec<_>>() {
                ["stream", number, next] => position.streams.push((number.parse().ok()?, next.parse().ok()?)),
                ["run", name] if is_run_name(name) => position.runs.push(name.to_owned()),
                _ => return None,
            }
        }
        Some(position)
    }
}

/// Names of runs are ours; anything else must not become a path.
pub(crate) fn is_run_name(name: &str) -> bool {
    name.strip_suffix(".run").is_some_and(|stem| !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text() {
        let position = Position { streams: vec![(0, 1024), (7, 5)], runs: vec!["12.run".into()] };
        assert_eq!(Position::parse(&position.to_text()), Some(position));
        let good = Position { streams: vec![(3, 1024)], runs: vec!["7.run".into()] }.to_text();
        for at in 0..good.len() {
            let mut bad = good.clone().into_bytes();
            bad[at] ^= 1;
            assert_eq!(String::from_utf8(bad).ok().and_then(|bad| Position::parse(&bad)), None, "byte {at}");
            assert_eq!(Position::parse(&good[..at]), None, "cut at {at}");
        }
        for bad in ["", "logkeep index 0\n", "logkeep index 1\nrun ../x.run\n", "logkeep index 1\nstream a 1\n"] {
            let crc = crc32(bad.as_bytes());
            assert_eq!(Position::parse(bad), None, "{bad:?}");
            assert_eq!(Position::parse(&format!("{bad}crc {crc:08x}\n")), None, "{bad:?}");
        }
    }
}
