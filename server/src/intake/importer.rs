//! Drives an import: inputs → records → portions → appends, reading on while the archive commits.
//!
//! Two threads: one reads, splits and recognises, this one appends. At most one portion waits between them. A cursor
//! moves in the same append as the records before it; what was rejected before it is on disk before that append.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use logkeep_storage::{Append, Appended, Timestamp};

use crate::intake::follow;
use crate::intake::portion::Portion;
use crate::intake::reading::{Gone, Reading};
use crate::intake::recognise::Overrides;
use crate::intake::rejected::RejectedFolder;
use crate::intake::splitter::Form;
use crate::intake::summary::{OtherManner, Progress, Summary, Unfinished};

/// Portions that wait for the archive.
const PORTIONS_MAX: usize = 1;

/// Where records go: the archive's writer, or a test's stand-in for it.
///
/// `append` stores all of it or nothing and returns when it is durable.
pub trait Sink {
    /// Stores records and cursors; one answer for each batch, in order.
    fn append(&mut self, append: &Append) -> Result<Vec<Appended>, SinkError>;
    /// The value that a cursor was last stored with.
    fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError>;
    /// A followed file has been quiet for [`ImportOptions::rest_after`] since the last append: time to put things in
    /// order.
    fn rest(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// What a sink says when it cannot.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Where records come from.
pub enum Origin {
    /// A file, a folder of files, or a pipe.
    Path(PathBuf),
    /// A stream without a place to go on from: only ids keep it from being stored twice.
    Stream {
        /// What to call it: `-`.
        name: String,
        /// Its bytes.
        reader: Box<dyn Read + Send>,
    },
}

/// How to import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// How to cut inputs into records.
    pub form: Form,
    /// What the user says about the records.
    pub overrides: Overrides,
    /// Larger records are rejected.
    pub record_bytes_max: usize,
    /// After the last input's end: look again so often whether that file has grown.
    pub follow: Option<Duration>,
    /// Records of a stream that stands still are appended after so long.
    pub patience: Duration,
    /// While a file is followed: so long after the last append the sink may rest.
    pub rest_after: Duration,
    /// The folder for what cannot be taken.
    pub rejected: PathBuf,
}

impl ImportOptions {
    /// The defaults, with the archive's folder for rejected records.
    #[must_use]
    pub fn new(rejected: PathBuf) -> Self {
        Self {
            form: Form::Auto,
            overrides: Overrides::default(),
            record_bytes_max: 64 << 20,
            follow: None,
            patience: Duration::from_secs(1),
            rest_after: Duration::from_secs(30),
            rejected,
        }
    }
}

/// The world around an import: tests have one of their own.
pub struct Surroundings<'a> {
    /// The present time.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Waits between two looks at a followed file.
    pub sleep: &'a (dyn Fn(Duration) + Sync),
    /// Set to end the import soon; what was read until then is appended.
    pub stop: &'a AtomicBool,
}

/// Why an import ended before its inputs did. Everything counted in the summary is stored, with its cursors.
#[derive(Debug)]
pub struct ImportError {
    /// What happened.
    pub kind: ImportErrorKind,
    /// What was done before.
    pub summary: Box<Summary>,
}

/// What an import could not go on without.
#[derive(Debug)]
pub enum ImportErrorKind {
    /// The archive did not take the records or did not tell a cursor.
    Sink(SinkError),
    /// The folder for rejected records could not be written.
    Rejected {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ImportErrorKind::Sink(_) => f.write_str("the archive could not store the next records")?,
            ImportErrorKind::Rejected { path, .. } => write!(f, "cannot write to {}", path.display())?,
        }
        let records = self.summary.records;
        write!(f, "; {records} records before them are stored: remove the cause and run the same command again")
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ImportErrorKind::Sink(source) => Some(source.as_ref()),
            ImportErrorKind::Rejected { source, .. } => Some(source),
        }
    }
}

/// What the reading thread sends.
pub(crate) enum Message {
    /// Inputs and their bytes, once these are known.
    Total(Option<u64>),
    Cursor(String, Sender<Option<Vec<u8>>>),
    Portion(Portion),
    Opened,
    /// An input that an earlier import had taken in full, and that import's options if they were others.
    Known(Option<OtherManner>),
    /// An input that an earlier import had taken with other options, and that is taken once more.
    TakenOtherwise(OtherManner),
    /// Pieces of an input that earlier imports could not take.
    RejectedBefore(u64),
    /// It was told to stop before the inputs' ends.
    CutShort,
    Unfinished(Unfinished),
}

/// Imports all origins, one after another.
///
/// Running it again with the same files imports only what is missing.
///
/// # Errors
/// When the sink or the folder for rejected records fails. Bad input is no error: see [`Summary::is_partial`].
pub fn import(
    origins: Vec<Origin>,
    options: &ImportOptions,
    surroundings: &Surroundings<'_>,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, ImportError> {
    let (sender, receiver) = sync_channel(PORTIONS_MAX);
    let mut appending = Appending {
        sink,
        rejected: RejectedFolder::new(options.rejected.clone()),
        summary: Summary::default(),
        bytes_total: None,
        bytes_done: 0,
        rest_after: options.follow.map(|_| options.rest_after),
        is_tired: false,
    };
    let result = std::thread::scope(|scope| {
        scope.spawn(|| Reading::new(options, surroundings, Outlet(sender)).run(origins));
        // The receiver is dropped with the first error, at which the reading thread ends.
        appending.run(receiver, progress)
    });
    appending.summary.stopped = surroundings.stop.load(Ordering::Relaxed);
    match result {
        Ok(()) => Ok(appending.summary),
        Err(kind) => Err(ImportError { kind, summary: Box::new(appending.summary) }),
    }
}

/// The reading thread's end of the channel.
pub(crate) struct Outlet(SyncSender<Message>);

impl Outlet {
    pub(crate) fn send(&self, message: Message) -> Result<(), Gone> {
        self.0.send(message).map_err(|_| Gone)
    }

    /// The stored value of a cursor, after all portions sent before are stored.
    pub(crate) fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, Gone> {
        let (reply, answer) = channel();
        self.send(Message::Cursor(name.to_owned(), reply))?;
        answer.recv().map_err(|_| Gone)
    }
}

struct Appending<'a> {
    sink: &'a mut dyn Sink,
    rejected: RejectedFolder,
    summary: Summary,
    bytes_total: Option<u64>,
    bytes_done: u64,
    /// Only while a file is followed.
    rest_after: Option<Duration>,
    /// Whether something was appended since the sink rested.
    is_tired: bool,
}

impl Appending<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "dropping the receiver ends the reading thread")]
    fn run(&mut self, receiver: Receiver<Message>, progress: &mut dyn FnMut(Progress)) -> Result<(), ImportErrorKind> {
        while let Some(message) = self.next(&receiver)? {
            match message {
                Message::Total(bytes) => self.bytes_total = bytes,
                Message::Opened => self.summary.inputs += 1,
                Message::Known(other) => {
                    self.summary.known += 1;
                    self.summary.known_otherwise.extend(other);
                }
                Message::TakenOtherwise(manner) => self.summary.taken_otherwise.push(manner),
                Message::RejectedBefore(pieces) => self.summary.rejected_before += pieces,
                Message::CutShort => self.summary.cut_short = true,
                Message::Unfinished(unfinished) => self.summary.unfinished.push(unfinished),
                Message::Cursor(name, reply) => {
                    let value = self.sink.cursor(&name).map_err(ImportErrorKind::Sink)?;
                    // If no one waits for the answer, the reading thread is ending.
                    let _ = reply.send(value);
                }
                Message::Portion(portion) => {
                    self.append(&portion)?;
                    progress(self.progress());
                }
            }
        }
        Ok(())
    }

    /// The next message; lets the sink rest while there is none. `None` when the reading thread has ended.
    fn next(&mut self, receiver: &Receiver<Message>) -> Result<Option<Message>, ImportErrorKind> {
        if let Some(rest_after) = self.rest_after.filter(|_| self.is_tired) {
            match receiver.recv_timeout(rest_after) {
                Ok(message) => return Ok(Some(message)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {
                    self.sink.rest().map_err(ImportErrorKind::Sink)?;
                    self.is_tired = false;
                }
            }
        }
        Ok(receiver.recv().ok())
    }

    fn append(&mut self, portion: &Portion) -> Result<(), ImportErrorKind> {
        if let Err(source) = self.rejected.append(&portion.rejections) {
            return Err(ImportErrorKind::Rejected { path: self.rejected.path().to_owned(), source });
        }
        let appended = self.sink.append(&portion.append).map_err(ImportErrorKind::Sink)?;
        for (batch, appended) in portion.append.batches.iter().zip(&appended) {
            self.summary.add(batch, appended);
        }
        self.is_tired |= !portion.append.batches.is_empty();
        portion.rejections.iter().for_each(|rejection| self.summary.reject(rejection));
        self.summary.skipped_empty += portion.counts.empty_lines;
        self.summary.without_time += portion.counts.without_time;
        self.summary.lines_without_time += portion.counts.lines_without_time;
        self.summary.without_id += portion.counts.without_id;
        self.summary.beyond_streams += portion.counts.beyond_streams;
        self.summary.opaque += portion.counts.opaque;
        self.bytes_done = portion.counts.bytes_done;
        Ok(())
    }

    fn progress(&self) -> Progress {
        let Summary { records, rejected, .. } = self.summary;
        Progress { bytes_done: self.bytes_done, bytes_total: self.bytes_total, records, rejected }
    }
}

/// What to call a path in messages and rejections.
pub(crate) fn path_name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// How often a followed file is looked at.
pub(crate) fn follow_interval(options: &ImportOptions) -> Duration {
    follow::interval(options.follow.unwrap_or(Duration::from_millis(500)))
}

#[cfg(test)]
mod tests;
