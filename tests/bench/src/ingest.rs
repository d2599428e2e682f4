//! A corpus into an archive, through the same intake as `logkeep import`, indexed behind the appends.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use logkeep_index::Indexer;
use logkeep_server::intake::{self, ImportOptions, Origin, Overrides, Sink, SinkError, Surroundings};
use logkeep_storage::{Append, Appended, Options, Timestamp, Writer};

/// Where the index lies in an archive.
pub(crate) const INDEX: &str = "index";

/// Blocks that are indexed together while the import goes on.
const BLOCKS_AT_ONCE: u64 = 128;

/// Imports `corpus` and returns when all is durable, sealed and indexed.
pub(crate) fn run(directory: &Path, corpus: &Path) -> Result<(), Box<dyn Error>> {
    let options = Options::default();
    let archive_path = directory.join("archive");
    let writer = Writer::create(&archive_path, &options)?;
    let archive = writer.archive();
    let mut indexer = Indexer::open(&archive_path.join(INDEX), options.memory_bytes, 1)?;
    let done = AtomicBool::new(false);
    let indexed = std::thread::scope(|scope| {
        let indexing = scope.spawn(|| -> Result<(), logkeep_index::Error> {
            loop {
                let last = done.load(Ordering::Acquire);
                if last || indexer.waiting(&archive)? >= BLOCKS_AT_ONCE {
                    indexer.catch_up(&archive, &mut |_| {})?;
                }
                if last {
                    return indexer.finish();
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let imported = import(writer, &archive_path, corpus);
        done.store(true, Ordering::Release);
        let indexed = indexing.join();
        imported.map(|()| indexed)
    })?;
    indexed.map_err(|_| "the indexing thread panicked")??;
    Ok(())
}

fn import(writer: Writer, archive: &Path, corpus: &Path) -> Result<(), Box<dyn Error>> {
    let mut sink = ToWriter(writer);
    let mut options = ImportOptions::new(archive.join("rejected"));
    options.overrides = Overrides { stream: Some("bench/{src}".parse()?), ..Overrides::default() };
    let surroundings = Surroundings { clock: &now, sleep: &std::thread::sleep, stop: &AtomicBool::new(false) };
    let origins = vec![Origin::Path(corpus.to_owned())];
    intake::import(origins, &options, &surroundings, &mut sink, &mut |_| {})?;
    sink.0.seal_tails()?;
    Ok(())
}

struct ToWriter(Writer);

impl Sink for ToWriter {
    fn append(&mut self, append: &Append) -> Result<Vec<Appended>, SinkError> {
        Ok(self.0.append(append)?)
    }

    fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError> {
        Ok(self.0.archive().cursor(name)?)
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
