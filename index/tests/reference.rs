//! The meaning of a search, said plainly: every record, one by one.

use logkeep_index::filter::{Filter, Value, ValueKind};
use logkeep_index::{Order, Search, record_values};
use logkeep_storage::{Fields, StreamName, Timestamp};

/// A record as it was appended.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) stream: StreamName,
    pub(crate) index: u64,
    pub(crate) body: Vec<u8>,
    pub(crate) event: Timestamp,
    pub(crate) values: Vec<(String, String, ValueKind)>,
}

impl Known {
    pub(crate) fn new(stream: &StreamName, index: u64, body: &[u8], event: Timestamp) -> Self {
        let mut values = Vec::new();
        record_values(&mut Fields::default(), body, |path, value| {
            values.push((path.to_owned(), value.text.to_owned(), value.kind));
        });
        Self { stream: stream.clone(), index, body: body.to_vec(), event, values }
    }

    pub(crate) fn matches(&self, filter: &Filter) -> bool {
        let values: Vec<(&str, Value<'_>)> =
            self.values.iter().map(|(path, text, kind)| (path.as_str(), Value { text, kind: *kind })).collect();
        filter.matches(&values)
    }
}

/// What a search must hand out, in order, limit aside.
pub(crate) fn expected<'a>(all: &'a [Known], search: &Search) -> Vec<&'a Known> {
    let meant = |stream: &StreamName| search.streams.is_empty() || search.streams.iter().any(|p| p.matches(stream));
    let in_time = |event: Timestamp| {
        search.since.is_none_or(|since| event >= since) && search.until.is_none_or(|until| event < until)
    };
    let mut found: Vec<&Known> = all
        .iter()
        .filter(|known| meant(&known.stream) && in_time(known.event) && known.matches(&search.filter))
        .collect();
    found.sort_by(|a, b| {
        let by_index = a.index.cmp(&b.index);
        let by_event = a.event.cmp(&b.event);
        match search.order {
            Order::Newest => by_event.reverse().then(a.stream.cmp(&b.stream)).then(by_index.reverse()),
            Order::Oldest => by_event.then(a.stream.cmp(&b.stream)).then(by_index),
        }
    });
    found
}
