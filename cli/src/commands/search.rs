//! `logkeep search`: records that a filter describes, newest first.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use logkeep_index::filter::{Filter, ParseError};
use logkeep_index::{Answered, Index, Order, Search, Searcher, StreamPattern};
use logkeep_storage::{Archive, RecordId, StoredRecord, Timestamp};

use crate::args::{RecordForm, SearchArgs};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::output::records::{Mark, RecordPrinter};
use crate::place::{self, Place};
use crate::{doubts, moment, selection, size, unfound, unknown_fields};

/// Records shown on a terminal if nobody says how many.
const TERMINAL_LIMIT: usize = 100;
/// How often new records are looked for.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);

/// What was asked, understood.
struct Question {
    search: Search,
    as_of: Option<Timestamp>,
    limit: Option<usize>,
    /// Whether nobody asked for the limit.
    limit_is_ours: bool,
    context: u64,
}

/// How it was answered.
#[derive(Default)]
struct Answer {
    answered: Answered,
    printed: u64,
    cut: bool,
    /// Whether a record around a found one could not be read.
    context_damaged: bool,
}

/// Searches and prints.
pub(crate) fn run(args: &SearchArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let question = question(args, output)?;
    let archive = place.read()?;
    let doubted = doubts::tell(&archive, output);
    selection::strange(&archive, &args.streams, args.follow, output)?;
    let started = Instant::now();
    let searcher = Searcher::new(archive.clone(), index(args, place, output), place.options().threads);
    if args.count {
        let (count, answer) = count(&searcher, &question)?;
        output.line(&count.to_string())?;
        let exit = report(&answer, count, &question, started.elapsed(), output);
        hint_at_fields(&archive, &question, count, output)?;
        return Ok(doubtful(exit, doubted));
    }
    let mut printer = RecordPrinter::new(form(args, output), &args.fields, args.context > 0);
    let mut answer = print(&searcher, &archive, &question, &mut printer, output)?;
    if args.follow {
        answer.printed += follow(&archive, &question, &mut printer, output)?;
    }
    let unseen = printer.finish(output)?;
    let exit = report(&answer, answer.printed, &question, started.elapsed(), output);
    hint_at_fields(&archive, &question, answer.printed, output)?;
    let doubted = doubted || answer.context_damaged;
    for hint in unknown_fields::hints(&archive, &question.search.streams, &unseen)? {
        output.hint(&hint);
    }
    Ok(doubtful(exit, doubted))
}

fn doubtful(exit: Exit, doubted: bool) -> Exit {
    if doubted { Exit::Partial } else { exit }
}

/// A field that no record has is most likely misspelt. That is told where it decided the answer.
fn hint_at_fields(archive: &Archive, question: &Question, count: u64, output: &mut Output) -> Result<(), Failure> {
    let Search { filter, streams, .. } = &question.search;
    if count == 0 || unknown_fields::is_negated(filter) {
        for hint in unknown_fields::hints(archive, streams, &unknown_fields::of_filter(filter))? {
            output.hint(&hint);
        }
    }
    if count == 0 {
        unfound::hints(filter).iter().for_each(|hint| output.hint(hint));
    }
    Ok(())
}

/// Counts without a word: what the demo compares with its story.
pub(crate) fn count_all(place: &Place, text: &str, streams: &[&str]) -> Result<u64, Failure> {
    let streams: Vec<_> = streams.iter().map(|&stream| stream.to_owned()).collect();
    let streams = selection::patterns(&streams)?;
    let index = Index::open(&place.index()).map_err(|error| Failure::of(&error))?;
    let search = Search { filter: filter(text)?, streams, since: None, until: None, order: Order::Newest, limit: None };
    let searcher = Searcher::new(place.read()?, index, place.options().threads);
    Ok(searcher.count(&search).map_err(|error| Failure::of(&error))?.matched)
}

fn question(args: &SearchArgs, output: &Output) -> Result<Question, Failure> {
    let now = moment::now();
    if args.output == Some(RecordForm::Raw) && !args.fields.is_empty() {
        return Err(Failure::usage("-o raw prints whole records, --fields parts of them: choose one"));
    }
    if args.follow && args.output == Some(RecordForm::Json) {
        return Err(Failure::usage("-o json is one array with an end, --follow has none").hint("use -o jsonl"));
    }
    if let (Some(filter), false) = (&args.filter, args.more.is_empty()) {
        let quoted = format!("'{filter} {}'", args.more.join(" "));
        return Err(Failure::usage("the filter is one argument").hint(format!("quote it: logkeep search {quoted}")));
    }
    check_fields(&args.fields)?;
    let ours = args.limit.is_none() && output.to_terminal && !args.count;
    let limit = if ours { Some(TERMINAL_LIMIT) } else { args.limit.filter(|limit| *limit > 0) };
    let as_of = moment::option("--as-of", args.as_of.as_deref(), now)?;
    // One more than is shown tells whether something was cut off; what came after `as_of` does not count.
    let asked = limit.filter(|_| as_of.is_none()).map(|limit| limit as u64);
    let search = Search {
        filter: filter(args.filter.as_deref().or(args.filter_behind.as_deref()).unwrap_or_default())?,
        streams: selection::patterns(&args.streams)?,
        since: moment::option("--since", args.since.as_deref(), now)?,
        until: moment::option("--until", args.until.as_deref(), now)?,
        order: Order::Newest,
        limit: asked,
    };
    if let (Some(since), Some(until)) = (search.since, search.until)
        && since >= until
    {
        return Err(Failure::usage("--since is not before --until: nothing lies between them"));
    }
    Ok(Question { search, as_of, limit, limit_is_ours: ours, context: args.context })
}

/// Columns without a name, or with the same, are a slip of the fingers.
fn check_fields(names: &[String]) -> Result<(), Failure> {
    for (place, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Failure::usage("--fields has an empty name")
                .hint("name fields like this: --fields user,status.errorCode"));
        }
        if names.iter().take(place).any(|other| other == name) {
            return Err(Failure::usage(format!("--fields names {name} twice")));
        }
    }
    Ok(())
}

/// Reads the filter; if it cannot be read, shows the place.
fn filter(text: &str) -> Result<Filter, Failure> {
    text.parse().map_err(|error: ParseError| {
        let before = text.get(..error.at.start).unwrap_or_default().chars().count();
        let length = text.get(error.at.clone()).unwrap_or_default().chars().count().max(1);
        let place = format!("  {text}\n  {}{}", " ".repeat(before), "^".repeat(length));
        Failure::usage(format!("the filter cannot be read: {error}\n{place}"))
            .maybe_hint(error.hint)
            .hint("`logkeep search --help` shows how filters are written")
    })
}

fn index(args: &SearchArgs, place: &Place, output: &mut Output) -> Option<Index> {
    if args.no_index {
        return None;
    }
    Index::open(&place.index()).unwrap_or_else(|error| {
        output.warn(&format!("the index cannot be used, everything is read: {}", Failure::of(&error)));
        None
    })
}

fn form(args: &SearchArgs, output: &Output) -> RecordForm {
    let default = if output.to_terminal { RecordForm::Table } else { RecordForm::Jsonl };
    args.output.unwrap_or(default)
}

fn count(searcher: &Searcher, question: &Question) -> Result<(u64, Answer), Failure> {
    let mut counted = 0;
    let answered = match question.as_of {
        None => searcher.count(&question.search),
        Some(as_of) => searcher.search(&question.search, &mut |record| {
            counted += u64::from(record.received <= as_of);
            ControlFlow::Continue(())
        }),
    };
    let answered = answered.map_err(|error| Failure::of(&error))?;
    let count = if question.as_of.is_some() { counted } else { answered.matched };
    Ok((count, Answer { cut: answered.cut, answered, printed: count, context_damaged: false }))
}

fn print(
    searcher: &Searcher,
    archive: &Archive,
    question: &Question,
    printer: &mut RecordPrinter,
    output: &mut Output,
) -> Result<Answer, Failure> {
    let mut failed = None;
    let mut answer = Answer::default();
    let mut shown = HashSet::new();
    let answered = searcher.search(&question.search, &mut |record| {
        if question.as_of.is_some_and(|as_of| record.received > as_of) {
            return ControlFlow::Continue(());
        }
        if question.limit.is_some_and(|limit| answer.printed >= limit as u64) {
            answer.cut = true;
            return ControlFlow::Break(());
        }
        answer.printed += 1;
        let printed = match question.context {
            0 => printer.record(output, &record, Mark::Found),
            lines => with_context(archive, &record, lines, &mut shown, printer, output)
                .map(|whole| answer.context_damaged |= !whole),
        };
        match printed {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(failure) = failed {
        return Err(failure);
    }
    answer.answered = answered.map_err(|error| Failure::of(&error))?;
    answer.cut |= answer.answered.cut;
    printer.flush(output)?;
    Ok(answer)
}

/// The record among its neighbours in the stream, newest first like everything else; whether all could be read.
fn with_context(
    archive: &Archive,
    record: &StoredRecord,
    lines: u64,
    shown: &mut HashSet<RecordId>,
    printer: &mut RecordPrinter,
    output: &mut Output,
) -> Result<bool, Failure> {
    printer.separator();
    let mut whole = true;
    let index = record.id.index;
    let range = index.saturating_sub(lines)..index.saturating_add(lines).saturating_add(1);
    let mut near = Vec::new();
    for neighbour in archive.records(&record.id.stream, range) {
        match neighbour {
            Ok(neighbour) => near.push(neighbour),
            Err(error) => {
                whole = false;
                output.warn(&format!("records around {} cannot be read: {error}", record.id));
            }
        }
    }
    for neighbour in near.iter().rev() {
        let is_it = neighbour.id.index == index;
        if shown.insert(neighbour.id.clone()) || is_it {
            printer.record(output, neighbour, if is_it { Mark::Found } else { Mark::Context })?;
        }
    }
    Ok(whole)
}

/// Prints records that come in from now on, in the order in which they come, until interrupted.
fn follow(
    archive: &Archive,
    question: &Question,
    printer: &mut RecordPrinter,
    output: &mut Output,
) -> Result<u64, Failure> {
    let interrupt =
        Interrupt::listen().map_err(|error| Failure::error(format!("cannot listen for Ctrl-C: {error}")))?;
    let failed = |error| place::failure(&error);
    let mut sizes: std::collections::BTreeMap<_, _> =
        archive.streams().map_err(failed)?.into_iter().map(|stream| (stream.name, stream.records)).collect();
    output.detail("waiting for new records; Ctrl-C ends");
    let mut printed = 0;
    while !interrupt.is_set() {
        if !output.wait(FOLLOW_INTERVAL) {
            return Err(Failure::nobody_reads());
        }
        archive.refresh().map_err(failed)?;
        for stream in archive.streams().map_err(failed)? {
            let known = sizes.insert(stream.name.clone(), stream.records).unwrap_or(0);
            if !StreamPattern::any_matches(&question.search.streams, &stream.name) {
                continue;
            }
            for record in archive.records(&stream.name, known..stream.records) {
                let record = record.map_err(failed)?;
                let in_time = question.search.since.is_none_or(|since| record.event >= since);
                if in_time && crate::fields::matches(&question.search.filter, &record.body) {
                    printer.record(output, &record, Mark::Found)?;
                    printed += 1;
                }
            }
        }
        printer.flush(output)?;
    }
    Ok(printed)
}

/// Says on standard error what was found, what was left out, and what it took.
fn report(answer: &Answer, count: u64, question: &Question, took: Duration, output: &mut Output) -> Exit {
    let Answered { blocks, blocks_read, records, bytes, damage, index_problem, .. } = &answer.answered;
    if let Some(problem) = index_problem {
        output.warn(&format!("the index was not used: {problem}; `logkeep index check` says more"));
    }
    let found =
        if count == 0 { "nothing found".to_owned() } else { format!("{} found", size::counted(count, "record")) };
    output.say(&format!(
        "{found} among {} ({}), {} of {} read, {}",
        size::grouped(*records),
        size::human(*bytes),
        size::grouped(*blocks_read),
        size::counted(*blocks, "block"),
        duration(took),
    ));
    if answer.cut {
        let limit = question.limit.unwrap_or_default();
        let how =
            if question.limit_is_ours { "--limit N shows more, --count counts all" } else { "--count counts all" };
        output.say(&format!("only the newest {} are shown, there are more: {how}", size::grouped(limit as u64)));
    }
    if !damage.is_empty() {
        output.warn("the answer is not complete, these could not be read:");
        damage.iter().for_each(|found| output.warn(&format!("  {found}")));
        output.hint(doubts::VERIFY);
        return Exit::Partial;
    }
    if count == 0 { Exit::Nothing } else { Exit::Success }
}

fn duration(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}
