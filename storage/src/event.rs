//! What happens to the archive, written down in `_meta`.

use crate::checkpoint::META;
use crate::error::{Error, Result};
use crate::log_key::LogKey;
use crate::record::{Append, Batch};
use crate::stream::{RecordId, StreamName};
use crate::time::Timestamp;
use crate::writer::Writer;

impl Writer {
    /// Appends an event to `_meta`, JSON with its keys in the order of RFC 8785, and signs what grew. Returns where the
    /// event stands.
    ///
    /// # Errors
    /// As [`Writer::append`] and [`Writer::sign`].
    pub fn note(&mut self, key: &LogKey, event: &str, now: Timestamp) -> Result<RecordId> {
        // The first record of `_meta` is not this one.
        self.sign(key, now)?;
        let meta: StreamName = META.parse().map_err(|e| Error::Key(format!("{META}: {e}")))?;
        let mut batch = Batch::new(meta.clone(), now);
        batch.push(event.as_bytes(), now, None);
        let appended = self.append(&Append { batches: vec![batch], cursors: Vec::new() })?;
        self.sign(key, now)?;
        let index = appended.first().map_or(0, |appended| appended.indexes.start);
        Ok(RecordId { stream: meta, index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn an_event_is_appended_and_signed_after_the_first_record() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(directory.path(), &Options::default()).unwrap();
        let key = LogKey::generate("a.example/b").unwrap();
        let ids: Vec<u64> =
            (0..2).map(|_| writer.note(&key, r#"{"event":"x"}"#, Timestamp(5)).unwrap().index).collect();
        assert_eq!(ids, [1, 2]);
        let meta = META.parse().unwrap();
        let archive = writer.archive();
        assert_eq!(archive.checkpoint(&meta).unwrap().unwrap().size, 3);
        let bodies: Vec<Vec<u8>> = archive.records(&meta, 0..9).map(|record| record.unwrap().body).collect();
        assert!(bodies[0].starts_with(br#"{"event":"genesis","#));
        assert_eq!(bodies[2], br#"{"event":"x"}"#);
    }
}
