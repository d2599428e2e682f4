//! The command line's tree: doc comments are the help text, examples and exit codes stand below the options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use logkeep_server::intake::{JsonPath, StreamTemplate};
use logkeep_storage::RecordId;

use crate::commands::replicate::ReplicateArgs;
use crate::commands::restore::RestoreArgs;
use crate::nearest::nearest;
use crate::size::{self, Size};

/// What `--version` says.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("LOGKEEP_COMMIT"), ")");

/// Keep your own provable copy of your cloud's security logs, and search it
#[derive(Debug, Parser)]
#[command(name = "logkeep", version = VERSION, after_help = OVERVIEW, max_term_width = 100)]
#[command(infer_long_args = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const OVERVIEW: &str = "\
Examples:
  logkeep demo                              see all of it in a minute, in ./logkeep-demo
  logkeep import signins.json.gz            archive a file
  logkeep search 'anna 50126' --since 7d    find records
  logkeep verify                            check that nothing was lost or changed

Exit codes: 0 found, or all right; 1 nothing found, or damage; 2 wrong usage, or an error;
3 an answer or a job that is not complete.";

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Every command")]
pub(crate) struct Global {
    /// The archive's directory [default: $XDG_DATA_HOME/logkeep, else ~/.local/share/logkeep]
    #[arg(long, global = true, value_name = "DIR", env = "LOGKEEP_ARCHIVE", hide_env_values = true)]
    pub(crate) archive: Option<PathBuf>,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more: what took how long, what was skipped and why
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Memory for caches and buffers, 64MiB or more
    #[arg(long, global = true, value_name = "SIZE", default_value = "256MiB", value_parser = size::memory)]
    pub(crate) memory: Size,
}

/// The commands, one file each.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Init(InitArgs),
    Import(ImportArgs),
    Search(SearchArgs),
    Show(ShowArgs),
    Streams(StreamsArgs),
    Verify(crate::commands::verify::VerifyArgs),
    Export(ExportArgs),
    Prove(ProveArgs),
    Key(KeyArgs),
    Replicate(ReplicateArgs),
    Restore(RestoreArgs),
    Index(IndexArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// See what logkeep does, on a generated day of logs
///
/// Generates a day of a fictitious company's logs with an attack in it, archives them, searches them, verifies the
/// archive, then flips one bit in a copy and finds it. Says at each step what you would type.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep demo                 in ./logkeep-demo; an earlier demo there is replaced
  logkeep demo --dir /tmp/x    somewhere else
  logkeep demo --scale 10      a day ten times as large, 120,000 records

Exit codes: 0 every step gave what it must; 1 one did not; 2 error.")]
pub(crate) struct DemoArgs {
    /// Where the demo's files go
    #[arg(long, value_name = "DIR", default_value = "logkeep-demo")]
    pub(crate) dir: PathBuf,
    /// Another number makes another day
    #[arg(long, value_name = "NUMBER", default_value_t = 20240902)]
    pub(crate) seed: u64,
    /// Size of the day; 1 is about 12,000 records
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) scale: f64,
    /// Keep the copy that was damaged on purpose, to try things on it
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Make a new, empty archive
///
/// The directory must be empty or not exist yet. `import` makes the archive by itself where there is none.
///
/// The archive gets a signing key, keys/log.key, which only you may read. `import` signs with it how far each stream
/// goes; whoever has the line that is printed can check that later. Keep a copy of the key where the archive is not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep init                                in the default place
  logkeep init --archive /srv/logs            somewhere else
  logkeep init --name contoso.com/logs        under a name of yours
  export LOGKEEP_ARCHIVE=/srv/logs            so that you need not say it again

Exit codes: 0 made; 2 error, such as a directory that is not empty.")]
pub(crate) struct InitArgs {
    /// The archive's name in what it signs, for ever: letters, digits, . _ - and / [default: logkeep.local/ and a
    /// random number]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Archive files, directories or standard input
///
/// Takes JSON lines, JSON arrays, {"records":[…]} and {"value":[…]} pages, JSON values one after another, and text
/// lines; also compressed with gzip or zstd. Every element is one record, kept byte for byte. Records of Microsoft
/// Entra, Microsoft 365, Sentinel and Defender for Cloud are recognised: stream, event time and id are their own.
///
/// A file is known again, also as a copy or compressed, if every byte up to the place reached is what it was: these
/// bytes are read once more, about 2 GB/s. Exports are imported as what they were, and compared
/// with their manifest.
///
/// Lines of text have the time they begin with, that of syslog, or that of a web server. Syslog
/// without year and zone (Sep  2 23:00:00) is UTC, in the year that brings it nearest to now.
///
/// What was acknowledged is on the disk. Stop it whenever you want; the same command again takes only what is missing.
/// It is signed at the end, if the archive has a key (see `logkeep init`).
/// What cannot be taken is put aside in the archive's rejected/, with its place and the reason. Files
/// that hold no text (UTF-16, packed files, programs) are refused as a whole; --form text takes their
/// lines as they are.
///
/// --follow makes blocks and index of what came after 30 quiet seconds, or 128 blocks.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  logkeep import signins.json                       one file
  logkeep import exports/                           all files in a directory, in order of their names
  zcat old.gz | logkeep import - --stream entra/signin
  logkeep import /var/log/auth.log --stream linux/auth --form text --follow
  logkeep import events.jsonl --stream 'app/{level}' --time-path ts --id-path event.id

Exit codes: 0 all archived; 2 error; 3 something could not be taken: it is counted, named, kept in
rejected/; or an export is not what its manifest says; or it was stopped before the end; or the key
cannot be used to sign."
)]
pub(crate) struct ImportArgs {
    /// Files or directories; - is standard input
    #[arg(required = true, value_name = "FILE|DIR|-")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The records' stream, such as entra/signin; {path} stands for a value of the record
    #[arg(long, value_name = "NAME")]
    pub(crate) stream: Option<StreamTemplate>,
    /// Where a record's event time is, such as properties.createdDateTime
    #[arg(long, value_name = "PATH")]
    pub(crate) time_path: Option<JsonPath>,
    /// Where a record's own id is: the same id with the same bytes is kept once
    #[arg(long, value_name = "PATH")]
    pub(crate) id_path: Option<JsonPath>,
    /// How the input is read: values takes every JSON value as one record and opens no arrays or pages
    #[arg(long, value_enum, default_value_t = InputForm::Auto)]
    pub(crate) form: InputForm,
    /// Go on with what is appended to the file, until stopped
    #[arg(long)]
    pub(crate) follow: bool,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// How an input is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputForm {
    Auto,
    Json,
    Values,
    Text,
}

/// Find records
///
/// Newest first. A record is found if one of its values passes each of the filter's tests:
///
///   anna  "invalid password"     has these words, in any case
///   prefix*  *suffix  *inside*   has a word that begins, ends with it; contains it
///   /re.*gex/  /regex/i          matches
///   status.errorCode:50126       one of these in that field; the field's last names are enough
///   appDisplayName=Teams         the whole value, in this case; != is not it
///   durationMs>500  time<=2024-09-02T12:00
///   a b   a or b   -a   not (a or b)   user:(anna or ben)   *
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    override_usage = "logkeep search [OPTIONS] <FILTER>",
    after_help = "\
Times are RFC 3339 (2024-09-02T23:00:00Z), dates (their midnight, UTC), today, yesterday, or a distance
back from now: 90s, 15m, 8h, 7d, 4w. --since is inclusive, --until is not.

Examples:
  logkeep search 'anna 50126 -Teams' --since 7d
  logkeep search 'userPrincipalName:\"anna@contoso.com\" errorCode:(50126 or 50053)' --in 'entra/*'
  logkeep search '203.0.113.*' --count
  logkeep search 'Operation=New-InboxRule' --fields CreationTime,UserId,ClientIP
  logkeep search '*' --in purview/exchange --since yesterday -o raw | jq .UserId
  logkeep search 'CRITICAL' -f

Exit codes: 0 found; 1 nothing found; 2 error; 3 the answer is not complete: some records are damaged."
)]
pub(crate) struct SearchArgs {
    /// What to find, see above; * is everything. One that begins with -- stands behind a --
    #[arg(allow_hyphen_values = true, required_unless_present = "filter_behind", value_parser = filter)]
    pub(crate) filter: Option<String>,
    /// More than one: it was not quoted
    #[arg(hide = true)]
    pub(crate) more: Vec<String>,
    /// The same behind a --
    #[arg(last = true, hide = true, conflicts_with = "filter")]
    pub(crate) filter_behind: Option<String>,
    /// Only in streams of this name; * stands for anything. May be given several times
    #[arg(long = "in", value_name = "PATTERN")]
    pub(crate) streams: Vec<String>,
    /// Events at or after this time
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Events before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only what the archive held at this time
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Stop after this many records, 0 is all [default: 100 on a terminal, else all]
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Show N records before and after each, of the same stream
    #[arg(short = 'C', long, value_name = "N", default_value_t = 0, conflicts_with_all = ["count", "follow"])]
    pub(crate) context: u64,
    /// Go on with new records until stopped
    #[arg(short, long, conflicts_with_all = ["count", "as_of", "until"])]
    pub(crate) follow: bool,
    /// How records are printed [default: table on a terminal, else jsonl]
    #[arg(short, long, value_enum, value_name = "FORM")]
    pub(crate) output: Option<RecordForm>,
    /// Print only how many there are
    #[arg(long, conflicts_with_all = ["output", "fields"])]
    pub(crate) count: bool,
    /// Print only these fields: paths, or their last names
    #[arg(long, value_name = "A,B.C", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Read everything instead of asking the index; the answer is the same
    #[arg(long)]
    pub(crate) no_index: bool,
}

/// A filter may begin with `-`, which negates a word; what begins with `--` is an option that there is not.
fn filter(text: &str) -> Result<String, String> {
    let Some(name) = text.strip_prefix("--").map(|name| name.split('=').next().unwrap_or(name)) else {
        return Ok(text.to_owned());
    };
    let command = Global::augment_args(SearchArgs::augment_args(clap::Command::new("search")));
    let names: Vec<_> = command.get_arguments().filter_map(|argument| argument.get_long()).chain(["help"]).collect();
    let near = nearest(name, names).map(|near| format!(", the nearest is --{near}")).unwrap_or_default();
    Err(format!("there is no such option{near}; a filter that begins so stands behind a --"))
}

/// How records are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordForm {
    /// Time, name and the fields that tell most, one line a record
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line: name, times, and the record
    Jsonl,
    /// The records' exact bytes, each followed by a line feed
    Raw,
    /// Comma-separated values with a header
    Csv,
}

/// Print records with all that is known of them
///
/// On a terminal: where the record is, its times, its leaf in the stream's Merkle tree, and its content made readable.
/// Into a pipe: the same as one JSON object a line, as `search` prints them. With --raw: its exact bytes and nothing
/// else, no line feed either; several are separated by line feeds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep show entra/signin@123
  logkeep show entra/signin@123 --raw | sha256sum
  logkeep show entra/signin@123 | jq .leaf
  logkeep search 'anna' -o jsonl | jq -r ._id | xargs logkeep show

Exit codes: 0 all there; 1 one is not there; 2 error; 3 one is damaged, or acknowledged records are missing.")]
pub(crate) struct ShowArgs {
    /// Names of records: STREAM@INDEX
    #[arg(required = true, value_name = "RECORD")]
    pub(crate) records: Vec<RecordId>,
    /// The exact bytes, also on a terminal
    #[arg(long, conflicts_with = "output")]
    pub(crate) raw: bool,
    /// How it is printed [default: text on a terminal, else json]
    #[arg(short, long, value_enum, value_name = "FORM")]
    pub(crate) output: Option<ShowForm>,
}

/// How one record is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowForm {
    /// For people
    Text,
    /// One JSON object a line: what is known of it, and the record
    #[value(alias = "jsonl")]
    Json,
    /// The exact bytes, without a line feed behind them
    Raw,
}

/// List the streams: how many records, how large, from when to when
///
/// RAW is the bytes of the records. EMPTY HOURS are the hours (UTC) between first and last event in which no event
/// lies. With -v also: TAIL, the records that wait to be put into a block; STORED, what the blocks take; RATIO, how many
/// times smaller that is; LONGEST GAP, how many empty hours follow one another at most, and from when on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep streams
  logkeep streams -v --in 'entra/*'
  logkeep streams -o json | jq '.[] | select(.empty_hours > 0)'

Exit codes: 0 listed; 1 there are none; 2 error; 3 a stream is damaged, or acknowledged records are missing.")]
pub(crate) struct StreamsArgs {
    /// Only streams of this name; * stands for anything. May be given several times
    #[arg(long = "in", value_name = "PATTERN")]
    pub(crate) streams: Vec<String>,
    /// How they are printed
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t = ListForm::Table)]
    pub(crate) output: ListForm,
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListForm {
    Table,
    Json,
}

/// Write records into files, byte for byte, with a manifest
///
/// One file for each stream that has records, and MANIFEST.json with its count, bytes, SHA-256 and the stream's size and root. Records
/// are lines: of STREAM.jsonl if all are JSON, else of STREAM.txt. If JSON has line feeds in it, the file is STREAM.json
/// with one value after another; if other records have some, or blanks around them, it is STREAM.records, where each
/// record is its length in decimal, a line feed, its bytes, a line feed. (+ stands for / in file names.) `logkeep import`
/// takes the directory and gives the same records.
/// Stop it whenever you want; the same command goes on, and takes what was archived since.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep export --to backup/
  logkeep export --to september/ --in 'entra/*' --since 2024-09-01 --until 2024-10-01
  logkeep export --in entra/signin | zstd > signins.jsonl.zst

Exit codes: 0 all written; 1 nothing to write; 2 error; 3 records are damaged or lost and missing in the files; or it
was stopped.")]
pub(crate) struct ExportArgs {
    /// Only streams of this name; * stands for anything. May be given several times
    #[arg(long = "in", value_name = "PATTERN")]
    pub(crate) streams: Vec<String>,
    /// Events at or after this time
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Events before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// The directory for the files; without it, lines go to standard output
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
}

/// Prove records to others, in a file that they can check by themselves
///
/// Writes a bundle: the exact bytes of the records, what it takes to see that they stood in the archive when it was
/// signed, and nothing of the others. `logkeep-check FILE --policy TRUST` checks it, a small program of its own; TRUST
/// is the file of `logkeep key export`, handed over before.
///
/// Records that came after the last signature are signed first, unless another process is writing the archive.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep prove entra/signin@123 -o signin.bundle
  logkeep prove --in 'entra/*' --since 2024-09-02 --until 2024-09-03 -o day.bundle
  logkeep search 'anna' -o jsonl | jq -r ._id | xargs logkeep prove -o anna.bundle
  logkeep-check anna.bundle --policy contoso.trust

Exit codes: 0 written; 1 a record is not there, or there are none: nothing is written; 2 error;
3 some records are not signed yet, damaged or lost, and not in the file.")]
pub(crate) struct ProveArgs {
    /// Names of records: STREAM@INDEX
    #[arg(value_name = "RECORD", required_unless_present = "streams", conflicts_with_all = ["streams", "since", "until"])]
    pub(crate) records: Vec<RecordId>,
    /// All records of the streams of this name; * stands for anything. May be given several times
    #[arg(long = "in", value_name = "PATTERN")]
    pub(crate) streams: Vec<String>,
    /// Events at or after this time
    #[arg(long, value_name = "TIME", requires = "streams")]
    pub(crate) since: Option<String>,
    /// Events before this time
    #[arg(long, value_name = "TIME", requires = "streams")]
    pub(crate) until: Option<String>,
    /// The file for the bundle
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// Look after the signing key, and hand out what others check with
///
/// The key is keys/log.key in the archive's directory. It signs how far each stream goes, so that nobody can change
/// records later unseen. Who has the key can sign another history: copy it to where the archive is not, and show it to
/// nobody.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

/// What can be done with the key.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Print the archive's name, the key's file and the public keys
    #[command(after_help = "\
Examples:
  logkeep key show

Exit codes: 0 printed; 2 error, such as a key that others can read; 3 there is no key.")]
    Show,
    /// Print a trust file: what to give to an auditor, and to keep elsewhere
    ///
    /// It has the public keys, and how many signed records each stream has now. Whoever has it can check bundles
    /// (`logkeep-check BUNDLE --policy FILE`) and finds an archive that was set back to an older state (`logkeep verify
    /// --trust FILE`). It has no secrets. Hand it over before there is a reason to doubt, in a way that nobody else can
    /// change; make a new one now and then.
    #[command(after_help = "\
Examples:
  logkeep key export > contoso.trust
  logkeep verify --trust contoso.trust

Exit codes: 0 printed; 2 error; 3 there is no key.")]
    Export,
    /// Make a key for an archive that never had one
    #[command(after_help = "\
Examples:
  logkeep key new
  logkeep key new --name contoso.com/logs

Exit codes: 0 made; 2 error, such as a key that is there or one that is gone.")]
    New {
        /// The archive's name in what it signs, for ever [default: logkeep.local/ and a random number]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
}

/// Look after the search index
///
/// The index only makes searches faster, their answer never depends on it. It can be deleted at any time.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    #[command(subcommand)]
    pub(crate) action: IndexAction,
}

/// What can be done with the index.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexAction {
    /// Say how far the index has come
    #[command(after_help = "\
Examples:
  logkeep index status

Exit codes: 0 it has everything that is in blocks; 2 error; 3 it is behind, or there is none.")]
    Status,
    /// Delete the index and make it anew
    #[command(after_help = "\
Examples:
  logkeep index rebuild

Exit codes: 0 done; 2 error; 3 some blocks are damaged and not in the index.")]
    Rebuild,
    /// Compare the index with the archive, both ways
    #[command(after_help = "\
Examples:
  logkeep index check || logkeep index rebuild

Exit codes: 0 they agree; 1 they do not; 2 error; 3 not everything could be checked.")]
    Check,
}

/// Print what makes your shell complete logkeep's commands
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep completions bash > ~/.local/share/bash-completion/completions/logkeep
  logkeep completions zsh > ~/.zfunc/_logkeep
  logkeep completions fish > ~/.config/fish/completions/logkeep.fish

Exit codes: 0 printed; 2 error.")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Write the man pages
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logkeep man ~/.local/share/man/man1
  man logkeep-search

Exit codes: 0 written; 2 error.")]
pub(crate) struct ManArgs {
    /// The directory for logkeep.1, logkeep-search.1 and so on
    pub(crate) dir: PathBuf,
}
