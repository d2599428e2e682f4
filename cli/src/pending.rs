//! Stand-in for the parts of the index crate that are still being written: reads everything, remembers nothing.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;

use logkeep_index::filter::{Filter, Value, ValueKind};
use logkeep_storage::{Archive, Damage, Error, Fields, Result, StoredRecord, StreamName, Timestamp};

pub(crate) struct StreamPattern(String);

impl FromStr for StreamPattern {
    type Err = Infallible;
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl StreamPattern {
    pub(crate) fn matches(&self, name: &StreamName) -> bool {
        match self.0.strip_suffix('*') {
            Some(front) => name.as_str().starts_with(front),
            None => name.as_str() == self.0,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Newest,
    Oldest,
}

pub(crate) struct Search {
    pub(crate) filter: Filter,
    pub(crate) streams: Vec<StreamPattern>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) order: Order,
    pub(crate) limit: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) matched: u64,
    pub(crate) cut: bool,
    pub(crate) blocks: u64,
    pub(crate) blocks_read: u64,
    pub(crate) records: u64,
    pub(crate) damage: Vec<Damage>,
}

#[derive(Clone)]
pub(crate) struct Index;

#[derive(Default)]
pub(crate) struct Checked {
    pub(crate) findings: Vec<String>,
    pub(crate) blocks: u64,
    pub(crate) entries: u64,
}

impl Index {
    pub(crate) fn open(_: &Path) -> Result<Option<Index>> {
        Ok(None)
    }
    pub(crate) fn check(&self, _: &Archive, _: &mut dyn FnMut(u64)) -> Result<Checked> {
        Ok(Checked::default())
    }
}

pub(crate) struct Indexer;

#[derive(Default)]
pub(crate) struct Indexed {
    pub(crate) blocks: u64,
    pub(crate) records: u64,
}

impl Indexer {
    pub(crate) fn open(_: &Path) -> Result<Indexer> {
        Ok(Indexer)
    }
    pub(crate) fn catch_up(&mut self, _: &Archive, _: &mut dyn FnMut(&Indexed)) -> Result<Indexed> {
        Ok(Indexed::default())
    }
    pub(crate) fn remove(_: &Path) -> Result<()> {
        Ok(())
    }
}

pub(crate) struct Searcher(Archive);

impl Searcher {
    pub(crate) fn new(archive: Archive, _: Option<Index>, _: usize) -> Searcher {
        Searcher(archive)
    }
    pub(crate) fn count(&self, search: &Search) -> Result<Answered> {
        self.search(search, &mut |_| ControlFlow::Continue(()))
    }
    pub(crate) fn search(
        &self,
        search: &Search,
        found: &mut dyn FnMut(StoredRecord) -> ControlFlow<()>,
    ) -> Result<Answered> {
        let mut answered = Answered::default();
        let mut records = Vec::new();
        for stream in self.0.streams()? {
            if !(search.streams.is_empty() || search.streams.iter().any(|pattern| pattern.matches(&stream.name))) {
                continue;
            }
            answered.records += stream.records;
            answered.blocks += stream.blocks;
            answered.blocks_read += stream.blocks;
            for record in self.0.records(&stream.name, 0..u64::MAX) {
                match record {
                    Ok(record) => records.push(record),
                    Err(Error::Damaged(damage)) => answered.damage.push(*damage),
                    Err(other) => return Err(other),
                }
            }
        }
        records.retain(|record| {
            search.since.is_none_or(|since| record.event >= since) && search.until.is_none_or(|until| record.event < until)
        });
        records.retain(|record| {
            let mut values = Vec::new();
            record_fields(&record.body, &mut |path, value| values.push((path.to_owned(), value.text.to_owned(), value.kind)));
            let values: Vec<_> =
                values.iter().map(|(path, text, kind)| (path.as_str(), Value { text, kind: *kind })).collect();
            search.filter.matches(&values)
        });
        records.sort_by(|a, b| b.event.cmp(&a.event).then(b.id.cmp(&a.id)));
        if search.order == Order::Oldest {
            records.reverse();
        }
        let limit = search.limit.map_or(usize::MAX, |limit| limit as usize);
        answered.cut = records.len() > limit;
        for record in records.into_iter().take(limit) {
            answered.matched += 1;
            if found(record).is_break() {
                break;
            }
        }
        Ok(answered)
    }
}

pub(crate) fn record_fields(body: &[u8], found: &mut dyn FnMut(&str, Value<'_>)) {
    let mut fields = Fields::default();
    let mut values = Vec::new();
    fields.of(body, |path, raw, quoted| values.push((path.to_owned(), raw.to_vec(), quoted)));
    for (path, raw, quoted) in values {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let decoded: String = if quoted { serde_json::from_str(&format!("\"{text}\"")).unwrap_or(text) } else { text };
        let kind = match decoded.as_str() {
            _ if quoted || path.is_empty() => ValueKind::String,
            "null" => ValueKind::Null,
            "true" | "false" => ValueKind::Bool,
            _ => ValueKind::Number,
        };
        found(&path, Value { text: &decoded, kind });
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) records: u64,
    pub(crate) records_total: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Verification {
    pub(crate) streams: u64,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) blocks: u64,
    pub(crate) tips: u64,
    pub(crate) damage: Vec<Damage>,
    pub(crate) unchecked: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Verification {
    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0 && self.damage.is_empty() && self.unchecked.is_empty()
    }
}

pub(crate) fn verify(archive: &Archive, progress: &mut dyn FnMut(Progress)) -> Result<Verification> {
    let mut report = Verification::default();
    for stream in archive.streams()? {
        report.streams += 1;
        report.blocks += stream.blocks;
        for record in archive.records(&stream.name, 0..u64::MAX) {
            match record {
                Ok(record) => {
                    report.records += 1;
                    report.bytes += record.body.len() as u64;
                }
                Err(Error::Damaged(damage)) => report.damage.push(*damage),
                Err(other) => return Err(other),
            }
        }
        progress(Progress { records: report.records, records_total: report.records, bytes: report.bytes });
    }
    Ok(report)
}
