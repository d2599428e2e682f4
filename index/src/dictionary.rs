//! tantivy's side of the index: for each word and column the blocks that hold it. The only file that names tantivy.

use std::path::Path;

use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use tantivy::{DocSet, Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TERMINATED, TantivyDocument};

use crate::entry::MARK;
use crate::error::{Error, Result};
use crate::position::Position;
use crate::run::Place;

/// Divides terms in the text that a block gives to tantivy.
const SEPARATOR: char = '\u{3}';
/// Bytes at the end of each of tantivy's files: the length of its footer, and a mark.
const FOOTER_BYTES_MIN: u64 = 8;
/// Name of our tokenizer, which only divides at [`SEPARATOR`].
const TOKENIZER: &str = "separated";

/// The dictionary, open for writing.
pub(crate) struct DictionaryWriter {
    writer: IndexWriter,
    fields: Fields,
    root: std::path::PathBuf,
}

/// The dictionary as of a commit.
#[derive(Clone)]
pub(crate) struct Dictionary {
    reader: IndexReader,
    fields: Fields,
    root: std::path::PathBuf,
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    terms: Field,
    stream: Field,
    first: Field,
}

/// A column of a block in which a word occurs: the block, and the column's mark.
pub(crate) type Occurrence = (Place, [u8; 4]);

impl DictionaryWriter {
    /// Opens or makes the dictionary; `None` position for a new one.
    pub(crate) fn open(root: &Path, memory_bytes: usize) -> Result<(Self, Option<Position>)> {
        let failed = |error: tantivy::TantivyError| failed(root, error);
        std::fs::create_dir_all(root).map_err(|source| Error::Io { path: root.to_owned(), source })?;
        let directory = MmapDirectory::open(root).map_err(|error| failed(error.into()))?;
        let schema = schema();
        let fields = Fields::of(&schema);
        let index = Index::builder().schema(schema).settings(IndexSettings::default()).open_or_create(directory);
        let index = registered(index.map_err(failed)?);
        let metas = index.load_metas().map_err(failed)?;
        let (payload, is_empty) = (metas.payload, metas.segments.is_empty());
        if let Some(problem) = damage(&index, root)?.into_iter().next() {
            // A merge would give damaged terms a right checksum.
            return Err(Error::Damaged { path: root.to_owned(), problem });
        }
        let writer = index.writer_with_num_threads(1, memory_bytes).map_err(|error| locked(root, error))?;
        let position = payload.as_deref().and_then(Position::parse);
        if position.is_none() && !(is_empty && payload.is_none()) {
            return Err(Error::Damaged {
                path: root.to_owned(),
                problem: "has no position of this version".to_owned(),
            });
        }
        Ok((Self { writer, fields, root: root.to_owned() }, position))
    }

    /// Adds a block's words.
    pub(crate) fn add(&mut self, place: Place, words: &[String]) -> Result<()> {
        let mut document = TantivyDocument::new();
        document.add_text(self.fields.terms, words.join(&SEPARATOR.to_string()));
        document.add_u64(self.fields.stream, u64::from(place.stream));
        document.add_u64(self.fields.first, place.first);
        self.writer.add_document(document).map_err(|error| failed(&self.root, error))?;
        Ok(())
    }

    /// Forgets all blocks, with the next commit.
    pub(crate) fn clear(&mut self) -> Result<()> {
        self.writer.delete_all_documents().map_err(|error| failed(&self.root, error))?;
        Ok(())
    }

    /// Makes what was added durable, together with the position.
    pub(crate) fn commit(&mut self, position: &Position) -> Result<()> {
        let failed = |error| failed(&self.root, error);
        let mut commit = self.writer.prepare_commit().map_err(failed)?;
        commit.set_payload(&position.to_text());
        commit.commit().map_err(failed)?;
        Ok(())
    }

    /// Waits for merges of segments.
    pub(crate) fn finish(self) -> Result<()> {
        let root = self.root.clone();
        self.writer.wait_merging_threads().map_err(|error| failed(&root, error))
    }
}

impl Dictionary {
    /// Opens the newest commit; `None` if there is none or it is of another version.
    pub(crate) fn open(root: &Path) -> Result<Option<(Self, Position)>> {
        let failed = |error: tantivy::TantivyError| failed(root, error);
        let present =
            root.join("meta.json").try_exists().map_err(|source| Error::Io { path: root.to_owned(), source })?;
        if !present {
            return Ok(None);
        }
        let index = registered(Index::open_in_dir(root).map_err(failed)?);
        if index.schema() != schema() {
            return Ok(None);
        }
        let payload = index.load_metas().map_err(failed)?.payload;
        let Some(position) = payload.as_deref().and_then(Position::parse) else { return Ok(None) };
        if let Some(problem) = damage(&index, root)?.into_iter().next() {
            return Err(Error::Damaged { path: root.to_owned(), problem });
        }
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        let fields = Fields::of(&index.schema());
        Ok(Some((Self { reader, fields, root: root.to_owned() }, position)))
    }

    /// Where this word occurs.
    pub(crate) fn word(&self, word: &str, found: &mut dyn FnMut(Occurrence)) -> Result<()> {
        let from = format!("{word}{MARK}");
        let to = format!("{word}{}", char::from(MARK as u8 + 1));
        self.range(&from, &to, &mut |_| true, found)
    }

    /// Where words with this beginning occur.
    pub(crate) fn prefix(&self, prefix: &str, found: &mut dyn FnMut(Occurrence)) -> Result<()> {
        self.range(prefix, &format!("{prefix}{}", char::MAX), &mut |_| true, found)
    }

    /// Where words that `wanted` accepts occur; looks at each word of the dictionary.
    pub(crate) fn scan(&self, wanted: &mut dyn FnMut(&[u8]) -> bool, found: &mut dyn FnMut(Occurrence)) -> Result<()> {
        self.range(" ", &char::MAX.to_string(), wanted, found)
    }

    /// Number of terms, over all of tantivy's segments.
    pub(crate) fn terms(&self) -> Result<usize> {
        let count = |segment: &tantivy::SegmentReader| {
            let inverted = segment.inverted_index(self.fields.terms).map_err(|error| failed(&self.root, error))?;
            Ok(inverted.terms().num_terms())
        };
        self.reader.searcher().segment_readers().iter().map(count).sum()
    }

    /// Every word with every place where it occurs.
    pub(crate) fn all(&self, found: &mut dyn FnMut(&[u8], Occurrence)) -> Result<()> {
        let word = std::cell::RefCell::new(Vec::new());
        let mut keep = |bytes: &[u8]| {
            word.replace(bytes.to_vec());
            true
        };
        self.range("\u{0}", &char::MAX.to_string(), &mut keep, &mut |place| found(&word.borrow(), place))
    }

    /// All blocks in the dictionary.
    pub(crate) fn places(&self) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for segment in self.reader.searcher().segment_readers() {
            let place = self.place_reader(segment)?;
            places.extend((0..segment.max_doc()).map(place));
        }
        Ok(places)
    }

    fn range(
        &self,
        from: &str,
        to: &str,
        wanted: &mut dyn FnMut(&[u8]) -> bool,
        found: &mut dyn FnMut(Occurrence),
    ) -> Result<()> {
        let io = |source| Error::Io { path: self.root.clone(), source };
        for segment in self.reader.searcher().segment_readers() {
            let place = self.place_reader(segment)?;
            let inverted = segment.inverted_index(self.fields.terms).map_err(|error| failed(&self.root, error))?;
            let mut stream =
                inverted.terms().range().ge(from.as_bytes()).lt(to.as_bytes()).into_stream().map_err(io)?;
            while stream.advance() {
                let Some((word, mark)) = divided(stream.key()) else { continue };
                if !wanted(word) {
                    continue;
                }
                let info = stream.value().clone();
                let mut postings = inverted.read_postings_from_terminfo(&info, IndexRecordOption::Basic).map_err(io)?;
                let mut document = postings.doc();
                while document != TERMINATED {
                    found((place(document), mark));
                    document = postings.advance();
                }
            }
        }
        Ok(())
    }

    fn place_reader(&self, segment: &tantivy::SegmentReader) -> Result<impl Fn(u32) -> Place + use<>> {
        let failed = |error| failed(&self.root, error);
        let streams = segment.fast_fields().u64("stream").map_err(failed)?;
        let firsts = segment.fast_fields().u64("first").map_err(failed)?;
        let value = |column: &tantivy::columnar::Column<u64>, document| column.first(document).unwrap_or(u64::MAX);
        Ok(move |document| Place {
            stream: u32::try_from(value(&streams, document)).unwrap_or(u32::MAX),
            first: value(&firsts, document),
        })
    }
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Dictionary").field(&self.root).finish()
    }
}

impl Fields {
    fn of(schema: &Schema) -> Self {
        let field = |name| schema.get_field(name).unwrap_or(Field::from_field_id(0));
        Self { terms: field("terms"), stream: field("stream"), first: field("first") }
    }
}

/// Files that are missing or have a wrong checksum. tantivy itself looks at no checksum when it reads, and
/// `validate_checksum` passes over files that are missing or that `.managed.json` does not name.
fn damage(index: &Index, root: &Path) -> Result<Vec<String>> {
    let metas = index.load_metas().map_err(|error| failed(root, error))?;
    let mut files: Vec<_> = metas.list_segment_files().into_iter().collect();
    // tantivy names a file of deleted documents for every segment; nothing is ever deleted here.
    files.retain(|file| file.extension().is_none_or(|ending| ending != "del"));
    files.sort();
    // tantivy panics where a file is shorter than a footer's end.
    let is_cut = |file: &Path| std::fs::metadata(root.join(file)).is_ok_and(|data| data.len() < FOOTER_BYTES_MIN);
    let problem = |file: &std::path::PathBuf| {
        if is_cut(file) {
            return Some(format!("{} is cut", file.display()));
        }
        match index.directory().validate_checksum(file) {
            Ok(true) => None,
            Ok(false) => Some(format!("{} has a wrong checksum", file.display())),
            Err(OpenReadError::FileDoesNotExist(_)) => Some(format!("{} is missing", file.display())),
            Err(error) => Some(format!("{} cannot be read: {error}", file.display())),
        }
    };
    Ok(files.iter().filter_map(problem).collect())
}

fn schema() -> Schema {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    schema.add_text_field("terms", TextOptions::default().set_indexing_options(indexing));
    schema.add_u64_field("stream", FAST);
    schema.add_u64_field("first", FAST);
    schema.build()
}

fn registered(index: Index) -> Index {
    index.tokenizers().register(TOKENIZER, TextAnalyzer::from(Separated));
    index
}

/// A term's word and its column's mark.
fn divided(term: &[u8]) -> Option<(&[u8], [u8; 4])> {
    let (rest, mark) = term.split_last_chunk::<4>()?;
    let (divider, word) = rest.split_last()?;
    (*divider == MARK as u8).then_some((word, *mark))
}

fn failed(root: &Path, error: tantivy::TantivyError) -> Error {
    Error::Index { path: root.to_owned(), source: Box::new(error) }
}

fn locked(root: &Path, error: tantivy::TantivyError) -> Error {
    match error {
        tantivy::TantivyError::LockFailure(..) => Error::Locked(root.to_owned()),
        other => failed(root, other),
    }
}

/// Divides a text at each [`SEPARATOR`].
#[derive(Clone)]
struct Separated;

struct SeparatedStream<'a> {
    rest: Option<&'a str>,
    token: Token,
}

impl Tokenizer for Separated {
    type TokenStream<'a> = SeparatedStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> SeparatedStream<'a> {
        // The default position is no position, and tantivy counts on from it.
        let token = Token { position: 0, ..Token::default() };
        SeparatedStream { rest: Some(text).filter(|text| !text.is_empty()), token }
    }
}

impl TokenStream for SeparatedStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(rest) = self.rest else { return false };
        let (term, rest) = match rest.split_once(SEPARATOR) {
            Some((term, rest)) => (term, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        self.token.text.clear();
        self.token.text.push_str(term);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
