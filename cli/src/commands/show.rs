//! `logkeep show`: records with all that is known of them.

use logkeep_proof::{Leaf, SaltKey, commitment};
use logkeep_storage::{Archive, BlockHead, Error, RecordId, StoredRecord, hex};

use crate::args::{ShowArgs, ShowForm};
use crate::doubts;
use crate::exit::{Exit, Failure};
use crate::moment;
use crate::output::{Output, escape, json};
use crate::place::{self, Place};
use crate::size;

/// Prints the records in the order in which they were named.
pub(crate) fn run(args: &ShowArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let archive = place.read()?;
    let form = form(args, output);
    let mut exit = Exit::complete(!doubts::tell(&archive, output));
    let mut damaged = false;
    for (number, id) in args.records.iter().enumerate() {
        match archive.record(id) {
            Ok(Some(record)) => print(&archive, &record, form, number > 0, output)?,
            Ok(None) => {
                output.warn(&missing(&archive, id));
                exit = worse(exit, Exit::Nothing);
            }
            Err(Error::Damaged(damage)) => {
                output.warn(&format!("{id} cannot be read: {damage}"));
                (exit, damaged) = (Exit::Partial, true);
            }
            Err(error) => return Err(place::failure(&error)),
        }
    }
    if damaged {
        output.hint(doubts::VERIFY);
    }
    Ok(exit)
}

fn form(args: &ShowArgs, output: &Output) -> ShowForm {
    let default = if output.to_terminal { ShowForm::Text } else { ShowForm::Json };
    if args.raw { ShowForm::Raw } else { args.output.unwrap_or(default) }
}

fn worse(one: Exit, other: Exit) -> Exit {
    if one == Exit::Partial { one } else { other }
}

fn missing(archive: &Archive, id: &RecordId) -> String {
    match archive.head(&id.stream) {
        Ok(Some(head)) => format!("{id} does not exist: {} has {}", id.stream, size::counted(head.size, "record")),
        _ => format!("{id} does not exist: there is no stream {}; `logkeep streams` lists them", id.stream),
    }
}

fn print(
    archive: &Archive,
    record: &StoredRecord,
    form: ShowForm,
    follows: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    match form {
        ShowForm::Raw => {
            if follows {
                output.bytes(b"\n")?;
            }
            output.foreign(&record.body)
        }
        ShowForm::Json => output.foreign(format!("{}\n", object(record, &Origin::of(archive, record)?)).as_bytes()),
        ShowForm::Text => {
            if follows {
                output.line("")?;
            }
            for line in Origin::of(archive, record)?.lines(record) {
                output.dim_line(&escape::line(&line))?;
            }
            output.line(&escape::lines(&readable(&record.body)))
        }
    }
}

/// Where a record lies, and its place in the stream's tree.
struct Origin {
    block: Option<BlockHead>,
    leaf: Option<[u8; 32]>,
    size: u64,
    root: [u8; 32],
}

impl Origin {
    fn of(archive: &Archive, record: &StoredRecord) -> Result<Origin, Failure> {
        let failed = |error| place::failure(&error);
        let head = archive.head(&record.id.stream).map_err(failed)?;
        let blocks = archive.blocks(&record.id.stream, record.id.index).map_err(failed)?;
        let block = blocks.into_iter().next().filter(|block| block.first <= record.id.index);
        let leaf = block.as_ref().map(|block| leaf_hash(record, block));
        Ok(Origin { block, leaf, size: head.map_or(0, |head| head.size), root: head.map_or([0; 32], |head| head.root) })
    }

    fn lines(&self, record: &StoredRecord) -> Vec<String> {
        let StoredRecord { id, body, event, received } = record;
        let block = match &self.block {
            Some(block) => format!("{} of {} records from {} on", block.first, block.count, block.first),
            None => "none yet, it waits in the tail".to_owned(),
        };
        let leaf = self.leaf.map_or_else(|| "known when it is in a block".to_owned(), |leaf| hex(&leaf));
        vec![
            format!("record    {id}"),
            format!("event     {}", moment::shown(*event)),
            format!("received  {}", moment::shown(*received)),
            format!("bytes     {}", size::grouped(body.len() as u64)),
            format!("block     {block}"),
            format!("leaf      {leaf}"),
            format!("stream    {} of {} records, root {}", id.stream, size::grouped(self.size), hex(&self.root)),
        ]
    }
}

fn leaf_hash(record: &StoredRecord, block: &BlockHead) -> [u8; 32] {
    let salt = SaltKey::new(&block.salt).salt(record.id.index);
    let leaf = Leaf {
        index: record.id.index,
        event_ns: record.event.0,
        received_ns: record.received.0,
        body_len: record.body.len() as u64,
        commitment: commitment(&salt, &record.body),
    };
    leaf.hash(&mut Vec::new())
}

/// `{"_id":…,"_event":…,"_received":…,"bytes":…,"block":…,"leaf":…,"size":…,"root":…,"record":…}`.
fn object(record: &StoredRecord, origin: &Origin) -> String {
    let StoredRecord { id, body, event, received } = record;
    let block = origin.block.as_ref().map_or_else(|| "null".to_owned(), |block| block.first.to_string());
    let leaf = origin.leaf.map_or_else(|| "null".to_owned(), |leaf| json::string(&hex(&leaf)));
    let (size, root, content) = (origin.size, json::string(&hex(&origin.root)), json::content(body));
    format!(
        r#"{{"_id":"{id}","_event":"{event}","_received":"{received}","bytes":{},"block":{block},"leaf":{leaf},"size":{size},"root":{root},"record":{content}}}"#,
        body.len()
    )
}

/// JSON with a line for each value, its own spelling kept; else the text.
fn readable(body: &[u8]) -> String {
    match json::is_json(body) {
        Some(text) => json::indented(text),
        None => String::from_utf8_lossy(body).into_owned(),
    }
}
