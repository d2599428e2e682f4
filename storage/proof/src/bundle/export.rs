//! Records of a bundle as files of public formats, for programs that are not ours.

use super::{ProvenLog, ProvenRange, ProvenRecord};
use crate::base64;
use crate::error::Error;
use crate::range::Range;
use crate::record_proof::RecordProof;
use crate::time::push_time;

/// One record with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported<'a> {
    /// The exact bytes, in the bundle.
    pub body: &'a [u8],
    /// The leaf as the tree has it: six lines.
    pub leaf: Vec<u8>,
    /// C2SP tlog-proof; its extra has what is needed to make the leaf from the body.
    pub proof: RecordProof,
}

impl<'a> ProvenLog<'a> {
    /// All records of a range with a proof each, one after another.
    ///
    /// # Errors
    /// `Range` or `ProofLength` if the path is not one of the range. Whether it is the right one is
    /// for [`super::Bundle::check`] to say.
    pub fn export<'r>(
        &'r self,
        range: &'r ProvenRange<'a>,
    ) -> Result<impl Iterator<Item = Result<Exported<'a>, Error>>, Error> {
        let tree = Range::new(range.first, &range.leaf_hashes(), self.checkpoint.size(), &range.path)?;
        Ok(range.records.iter().zip(range.first..).map(move |(record, index)| self.exported(index, record, &tree)))
    }

    fn exported(&self, index: u64, record: &ProvenRecord<'a>, tree: &Range) -> Result<Exported<'a>, Error> {
        let mut leaf = Vec::new();
        record.leaf(index).entry(&mut leaf);
        let proof = RecordProof {
            extra: Some(record.extra().into_bytes()),
            index,
            path: tree.path_of(index)?,
            checkpoint: self.note.clone(),
        };
        Ok(Exported { body: record.body, leaf, proof })
    }
}

impl ProvenRecord<'_> {
    /// What a proof's extra says: `{"event":"…","received":"…","salt":"…"}`. Nobody signs it; it only
    /// helps to make the leaf, which then is right or not.
    #[must_use]
    pub fn extra(&self) -> String {
        let salt = base64::encode(&self.salt);
        format!(r#"{{"event":"{}","received":"{}","salt":"{salt}"}}"#, text(self.event_ns), text(self.received_ns))
    }
}

fn text(nanos: i64) -> String {
    let mut out = Vec::new();
    push_time(nanos, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
