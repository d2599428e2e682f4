//! A stream that may stand still for long, read so that waiting for it stops nothing else.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks that wait to be taken.
const CHUNKS_MAX: usize = 4;

/// Reads in a thread of its own; gives [`io::ErrorKind::WouldBlock`] when nothing came for a while.
pub(crate) struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    patience: Duration,
}

impl Pipe {
    pub(crate) fn new(mut reader: Box<dyn Read + Send>, patience: Duration) -> Self {
        let (sender, chunks) = sync_channel(CHUNKS_MAX);
        // The thread ends with the stream, or at the first chunk that no one takes. It is not waited for: a read of a
        // terminal or pipe cannot be broken off.
        std::thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = reader.read(&mut chunk);
                let ended = matches!(read, Ok(0));
                if matches!(&read, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
                    continue;
                }
                let failed = read.is_err();
                let message = read.map(|length| {
                    chunk.truncate(length);
                    chunk
                });
                if sender.send(message).is_err() || ended || failed {
                    return;
                }
            }
        });
        Self { chunks, chunk: io::Cursor::default(), patience }
    }

    /// The rest of it, waited for as long as it takes.
    pub(crate) fn blocking(self) -> impl Read + Send {
        Blocking(self)
    }
}

/// A named pipe, opened by whoever reads it first: opening waits for a writer, for ever if there is none.
pub(crate) enum Named {
    Unopened(PathBuf),
    Open(File),
}

impl Read for Named {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Self::Unopened(path) = self {
            *self = Self::Open(File::open(path)?);
        }
        match self {
            Self::Open(file) => file.read(into),
            Self::Unopened(_) => Ok(0),
        }
    }
}

struct Blocking(Pipe);

impl Read for Blocking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.chunk.read(into)?;
        if read > 0 {
            return Ok(read);
        }
        match self.chunks.recv_timeout(self.patience) {
            Ok(chunk) => {
                self.chunk = io::Cursor::new(chunk?);
                self.chunk.read(into)
            }
            Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::WouldBlock.into()),
            Err(RecvTimeoutError::Disconnected) => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_all_bytes_and_the_end() {
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut pipe = Pipe::new(Box::new(io::Cursor::new(bytes.clone())), Duration::from_secs(60));
        let mut read = Vec::new();
        pipe.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn standing_still_is_said() {
        let (reader, writer) = io::pipe().unwrap();
        let mut pipe = Pipe::new(Box::new(reader), Duration::from_millis(1));
        assert_eq!(pipe.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(writer);
    }
}
