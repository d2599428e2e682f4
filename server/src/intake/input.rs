//! One input: a file or a stream of bytes, decompressed if its content says that it is compressed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;

use crate::intake::pipe::Pipe;

/// Decoded bytes at the front of an input that its fingerprint covers.
pub(crate) const HEAD_BYTES: usize = 4096;
/// Compressed bytes read at once.
const PACKED_BUFFER_BYTES: usize = 256 << 10;
const GZIP_MAGIC: &[u8] = b"\x1f\x8b\x08";
const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";

/// Which file it is, whatever its name: device and inode.
pub(crate) type Inode = (u64, u64);

/// An open input. Reading gives decoded bytes.
pub(crate) struct Input {
    decoder: Decoder,
    /// The first decoded bytes, [`HEAD_BYTES`] at most.
    head: Vec<u8>,
    /// How many bytes of the head were given out.
    head_given: usize,
    /// What went wrong while the head was read; given out behind it.
    fault: Option<io::Error>,
    inode: Option<Inode>,
    stored_bytes: Arc<AtomicU64>,
    /// Decoded bytes given out or passed.
    offset: u64,
}

enum Decoder {
    /// A regular file as it is.
    Plain(File),
    /// Anything else.
    Stream(Box<dyn Read + Send>, Compression),
}

/// How an input is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Input {
    /// Opens a regular file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("is no file"));
        }
        let mut first = Vec::new();
        file.by_ref().take(GZIP_MAGIC.len().max(ZSTD_MAGIC.len()) as u64).read_to_end(&mut first)?;
        file.seek(SeekFrom::Start(0))?;
        let stored_bytes = Arc::new(AtomicU64::new(0));
        let decoder = match compression(&first) {
            Compression::None => Decoder::Plain(file),
            packed => unpack(Box::new(file), packed, &stored_bytes)?,
        };
        let mut input = Self::new(decoder, stored_bytes);
        input.inode = Some((metadata.dev(), metadata.ino()));
        input.read_head();
        Ok(input)
    }

    /// Takes a stream that may stand still for long: reading it gives [`io::ErrorKind::WouldBlock`] after `patience`,
    /// unless it is compressed, because decompression cannot be broken off. `None` if it was told to stop before there
    /// were the bytes that tell.
    pub(crate) fn stream(
        reader: Box<dyn Read + Send>,
        patience: Duration,
        stop: &AtomicBool,
    ) -> io::Result<Option<Self>> {
        let mut pipe = Pipe::new(reader, patience);
        let Some(first) = first_bytes(&mut pipe, stop)? else { return Ok(None) };
        let stored_bytes = Arc::new(AtomicU64::new(0));
        let packed = compression(&first);
        let first = io::Cursor::new(first);
        let decoder = match packed {
            Compression::None => Decoder::Stream(Box::new(first.chain(pipe)), packed),
            packed => unpack(Box::new(first.chain(pipe.blocking())), packed, &stored_bytes)?,
        };
        Ok(Some(Self::new(decoder, stored_bytes)))
    }

    fn new(decoder: Decoder, stored_bytes: Arc<AtomicU64>) -> Self {
        Self { decoder, head: Vec::new(), head_given: 0, fault: None, inode: None, stored_bytes, offset: 0 }
    }

    /// The file's identity; `None` for a stream.
    pub(crate) fn inode(&self) -> Option<Inode> {
        self.inode
    }

    /// The first decoded bytes, as far as they were read.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Bytes used up of what is stored: compressed ones if it is compressed.
    pub(crate) fn stored_bytes(&self) -> u64 {
        let packed = matches!(self.decoder, Decoder::Stream(_, Compression::Gzip | Compression::Zstd));
        if packed { self.stored_bytes.load(Ordering::Relaxed) } else { self.offset }
    }

    /// The present length of a plain file; `None` for anything else.
    pub(crate) fn plain_length(&self) -> io::Result<Option<u64>> {
        match &self.decoder {
            Decoder::Plain(file) => file.metadata().map(|metadata| Some(metadata.len())),
            Decoder::Stream(..) => Ok(None),
        }
    }

    /// Decoded bytes given out or passed.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// How its content is compressed.
    pub(crate) fn compression(&self) -> Compression {
        match self.decoder {
            Decoder::Plain(_) => Compression::None,
            Decoder::Stream(_, compression) => compression,
        }
    }

    fn read_head(&mut self) {
        let mut head = vec![0; HEAD_BYTES];
        let mut length = 0;
        while length < HEAD_BYTES && self.fault.is_none() {
            match read_once(self.decoder.reader(), head.get_mut(length..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) => self.fault = Some(error),
            }
        }
        head.truncate(length);
        self.head = head;
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let waiting = self.head.get(self.head_given..).unwrap_or_default();
        if !waiting.is_empty() {
            let length = waiting.len().min(into.len());
            into.iter_mut().zip(waiting).for_each(|(into, byte)| *into = *byte);
            self.head_given += length;
            self.offset += length as u64;
            return Ok(length);
        }
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let read = self.decoder.reader().read(into)?;
        // A short file may grow while it is followed: its head grows with it.
        if self.offset == self.head.len() as u64 && self.head.len() < HEAD_BYTES {
            let room = HEAD_BYTES - self.head.len();
            self.head.extend_from_slice(into.get(..read.min(room)).unwrap_or_default());
            self.head_given = self.head.len();
        }
        self.offset += read as u64;
        Ok(read)
    }
}

impl Decoder {
    fn reader(&mut self) -> &mut dyn Read {
        match self {
            Self::Plain(file) => file,
            Self::Stream(reader, _) => reader,
        }
    }
}

/// How the content is compressed, by its first bytes. A zstd file may begin with a frame that is to be skipped.
fn compression(first: &[u8]) -> Compression {
    match first {
        _ if first.starts_with(GZIP_MAGIC) => Compression::Gzip,
        _ if first.starts_with(ZSTD_MAGIC) => Compression::Zstd,
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

fn unpack(packed: Box<dyn Read + Send>, compression: Compression, count: &Arc<AtomicU64>) -> io::Result<Decoder> {
    let counted = Counted { inner: packed, count: Arc::clone(count) };
    let buffered = BufReader::with_capacity(PACKED_BUFFER_BYTES, counted);
    let reader: Box<dyn Read + Send> = match compression {
        Compression::Zstd => Box::new(logkeep_storage::zstd_reader(buffered)?),
        Compression::Gzip | Compression::None => Box::new(MultiGzDecoder::new(buffered)),
    };
    Ok(Decoder::Stream(reader, compression))
}

struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The first bytes of a stream, as few as tell how it is compressed; `None` if it was told to stop before.
fn first_bytes(reader: &mut dyn Read, stop: &AtomicBool) -> io::Result<Option<Vec<u8>>> {
    let mut first = Vec::new();
    let mut next = [0];
    while may_be_compressed(&first) {
        match read_once(reader, &mut next) {
            Ok(0) => break,
            Ok(_) => first.extend(next),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) if stop.load(Ordering::Relaxed) => return Ok(None),
            Err(_) => {}
        }
    }
    Ok(Some(first))
}

/// Whether so few bytes do not tell yet how the content is compressed.
fn may_be_compressed(first: &[u8]) -> bool {
    let begins = |magic: &[u8]| first.len() < magic.len() && magic.starts_with(first);
    // The first byte of a frame that is to be skipped may be any of sixteen.
    let skipped = matches!(first, [] | [0x50..=0x5f] | [0x50..=0x5f, 0x2a] | [0x50..=0x5f, 0x2a, 0x4d]);
    begins(GZIP_MAGIC) || begins(ZSTD_MAGIC) || skipped
}

fn read_once(reader: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What can be read, and whether it ends with an error.
    fn read(bytes: &[u8]) -> (Vec<u8>, bool) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let go_on = AtomicBool::new(false);
        let stream = Input::stream(Box::new(io::Cursor::new(bytes.to_vec())), Duration::from_secs(60), &go_on);
        let inputs = [Input::open(file.path()).unwrap(), stream.unwrap().unwrap()];
        let answers = inputs.map(|mut input| {
            let mut decoded = Vec::new();
            let mut buffer = [0; 7];
            loop {
                match input.read(&mut buffer) {
                    Ok(0) => return (decoded, false),
                    Ok(length) => decoded.extend_from_slice(&buffer[..length]),
                    Err(_) => return (decoded, true),
                }
            }
        });
        assert_eq!(answers[0], answers[1]);
        answers[0].clone()
    }

    #[test]
    fn content_decides_and_members_follow_one_another() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        assert_eq!(read(&text), (text.clone(), false));
        assert_eq!(read(&gzip(&text)), (text.clone(), false));
        assert_eq!(read(&[gzip(&text), gzip(b"tail")].concat()), ([&text[..], b"tail"].concat(), false));
        assert_eq!(read(b""), (Vec::new(), false));
        assert_eq!(read(b"\x1f"), (b"\x1f".to_vec(), false));
        assert_eq!(read(&gzip(b"")), (Vec::new(), false));
    }

    #[test]
    fn a_stream_that_says_nothing_can_be_stopped() {
        for said in [&b""[..], b"\x1f", b"P*M"] {
            let (reader, mut writer) = io::pipe().unwrap();
            writer.write_all(said).unwrap();
            let stop = AtomicBool::new(true);
            let input = Input::stream(Box::new(reader), Duration::from_millis(1), &stop).unwrap();
            assert!(input.is_none(), "{said:?}");
        }
        // What can be no compressed stream is not waited for.
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"1\n").unwrap();
        let input = Input::stream(Box::new(reader), Duration::from_millis(1), &AtomicBool::new(false)).unwrap();
        assert_eq!(input.unwrap().read(&mut [0; 9]).unwrap(), 1);
    }

    #[test]
    fn data_behind_the_end_is_an_error_behind_all_data() {
        assert_eq!(read(&[gzip(b"all"), b"garbage behind it".to_vec()].concat()), (b"all".to_vec(), true));
    }

    #[test]
    fn a_cut_at_every_byte_gives_a_front_and_an_error() {
        let text: Vec<u8> = (0..60_u32).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let packed = gzip(&text);
        // Fewer than three bytes are no gzip yet.
        for cut in 3..packed.len() {
            let (decoded, failed) = read(&packed[..cut]);
            assert!(failed && text.starts_with(&decoded), "{cut}");
        }
    }
}
