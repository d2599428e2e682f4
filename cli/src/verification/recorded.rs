//! The report as a record of `_meta`, and the one before it.

use std::fmt;

use logkeep_storage::{Archive, DamageCode, Error, StoredRecord, Timestamp, Writer};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::place::Place;
use crate::signing;
use crate::verification::Report;

/// Records of `_meta` that are read at once, from its end on.
const PAGE_RECORDS: u64 = 256;
/// Pages that are looked through for the last report: ticks and tips may stand between.
const PAGES_MAX: u64 = 64;
/// Findings that are named in a record; all are counted.
const FINDINGS_MAX: usize = 50;
/// Damage with which the archive may still be written to: the records are not concerned.
const HARMLESS: [DamageCode; 2] = [DamageCode::Index, DamageCode::Mode];

/// Where the report stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// A record of `_meta`.
    As(String),
    /// Nowhere, and why.
    Not(String),
}

/// The last report in `_meta`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) id: String,
    pub(crate) time: Timestamp,
    pub(crate) verdict: String,
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recorded::As(id) => write!(f, "report: {id}"),
            Recorded::Not(why) => write!(f, "report: not recorded, {why}"),
        }
    }
}

/// The newest report in `_meta`.
///
/// # Errors
/// When the archive cannot be read. Damaged records are findings of the verification, and passed over here.
pub(crate) fn previous(archive: &Archive) -> Result<Option<Previous>, Error> {
    let Ok(meta) = signing::meta() else { return Ok(None) };
    let mut end = archive.head(&meta)?.map_or(0, |head| head.size);
    for _ in 0..PAGES_MAX {
        let first = end.saturating_sub(PAGE_RECORDS);
        let mut found = None;
        for record in archive.records(&meta, first..end) {
            match record {
                Ok(record) => found = report_in(&record).or(found),
                Err(Error::Damaged(_)) => {}
                Err(other) => return Err(other),
            }
        }
        if found.is_some() || first == 0 {
            return Ok(found);
        }
        end = first;
    }
    Ok(None)
}

/// The report that a record of `_meta` is, if it is one.
fn report_in(record: &StoredRecord) -> Option<Previous> {
    let event: Value = serde_json::from_slice(&record.body).ok()?;
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    let is_report = text("event").as_deref() == Some("verify");
    let time = text("time")?.parse().ok()?;
    is_report.then_some(Previous { id: record.id.to_string(), time, verdict: text("verdict")? })
}

/// Appends the report to `_meta` and signs it, if that can be done.
pub(crate) fn record(report: &Report, place: &Place, now: Timestamp) -> Recorded {
    match try_record(report, place, now) {
        Ok(recorded) => recorded,
        Err(Error::Locked(_)) => Recorded::Not("another process is writing the archive".to_owned()),
        Err(error) => Recorded::Not(Failure::of(&error).to_string()),
    }
}

fn try_record(report: &Report, place: &Place, now: Timestamp) -> Result<Recorded, Error> {
    let not = |why: &str| Ok(Recorded::Not(why.to_owned()));
    if !report.opens || report.checked.damage.iter().any(|damage| !HARMLESS.contains(&damage.code)) {
        return not("nothing is written into a damaged archive");
    }
    if report.checked.is_empty() {
        return not("there is nothing to report on");
    }
    let Some(key) = signing::read(place)? else { return not("there is no key") };
    let mut writer = Writer::open(place.path(), place.options())?;
    let id = writer.note(&key, &event(report, now).to_string(), now)?;
    Ok(Recorded::As(id.to_string()))
}

/// What the record says; serde_json puts the keys in order.
fn event(report: &Report, now: Timestamp) -> Value {
    let checked = &report.checked;
    let content: Vec<Value> = checked
        .streams
        .iter()
        .flat_map(|row| row.content.iter().map(|records| json!([row.name, records.start, records.end])))
        .collect();
    let findings: Vec<Value> = checked
        .damage
        .iter()
        .take(FINDINGS_MAX)
        .map(|damage| {
            let records = damage.records.as_ref().map(|records| [records.start, records.end]);
            json!({ "code": damage.code.as_str(), "records": records, "stream": damage.stream.as_ref().map(ToString::to_string) })
        })
        .collect();
    json!({
        "blocks": checked.blocks, "bytes": checked.bytes, "content": content, "event": "verify",
        "expected": checked.expected(), "findings": findings, "findings_count": checked.damage.len(),
        "previous": report.previous.as_ref().map(|previous| previous.id.as_str()), "records": checked.records,
        "scope": report.scope.name(), "started": report.started.to_string(), "time": now.to_string(),
        "unchecked_count": checked.unchecked.len(), "verdict": report.verdict().word(),
        "version": env!("CARGO_PKG_VERSION"),
    })
}
