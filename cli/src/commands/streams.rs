//! `logkeep streams`: how many records, how large, from when to when, and where nothing is.

use logkeep_storage::{Archive, StreamStat, hex};

use crate::args::{ListForm, StreamsArgs};
use crate::exit::{Exit, Failure};
use crate::hours::{self, Hours};
use crate::output::Output;
use crate::output::table::{Side, Table};
use crate::place::Place;
use crate::{doubts, moment, selection, size};

/// A column: its heading, its side, and whether only who wants to know more sees it.
const COLUMNS: [(&str, Side, bool); 10] = [
    ("STREAM", Side::Left, false),
    ("RECORDS", Side::Right, false),
    ("TAIL", Side::Right, true),
    ("RAW", Side::Right, false),
    ("STORED", Side::Right, true),
    ("RATIO", Side::Right, true),
    ("FIRST EVENT", Side::Left, false),
    ("LAST EVENT (UTC)", Side::Left, false),
    ("EMPTY HOURS", Side::Right, false),
    ("LONGEST GAP", Side::Left, true),
];

/// A stream with its hours.
struct Row {
    stat: StreamStat,
    hours: Hours,
    hours_known: bool,
}

/// Lists the streams.
pub(crate) fn run(args: &StreamsArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    let archive = place.read()?;
    let streams = selection::streams(&archive, &args.streams)?;
    let rows = streams.into_iter().map(|stat| row(&archive, stat, output)).collect::<Result<Vec<_>, _>>()?;
    match args.output {
        ListForm::Json => output.line(&json(&rows))?,
        ListForm::Table if rows.is_empty() => {}
        ListForm::Table => table(&rows, output)?,
    }
    let doubted = doubts::tell(&archive, output);
    if rows.iter().any(|row| !row.hours_known) {
        output.hint(doubts::VERIFY);
    }
    if rows.is_empty() {
        output.say(if args.streams.is_empty() {
            "the archive is empty; next: logkeep import FILE"
        } else {
            "no such stream"
        });
        return Ok(if doubted { Exit::Partial } else { Exit::Nothing });
    }
    if args.output == ListForm::Table {
        let words = footer(&rows, output.is_verbose());
        output.say(&words);
    }
    Ok(Exit::complete(rows.iter().all(|row| row.hours_known) && !doubted))
}

fn row(archive: &Archive, stat: StreamStat, output: &mut Output) -> Result<Row, Failure> {
    let (hours, damage) = hours::of_stream(archive, &stat)?;
    for found in &damage {
        output.warn(&found.to_string());
    }
    Ok(Row { stat, hours, hours_known: damage.is_empty() })
}

fn table(rows: &[Row], output: &mut Output) -> Result<(), Failure> {
    let verbose = output.is_verbose();
    let mut table = Table::new(shown(COLUMNS, verbose).map(|(name, side, _)| (name, side)));
    for row in rows {
        table.push(shown(row.cells(), verbose));
    }
    if rows.len() > 1 {
        table.push(shown(total(rows), verbose));
    }
    // Lines are not cut: every column is worth its place, and a terminal shows long lines on two.
    let lines = table.lines(None);
    if let Some((heading, rows)) = lines.split_first() {
        output.dim_line(heading)?;
        rows.iter().try_for_each(|line| output.line(line))?;
    }
    Ok(())
}

/// Of something for each column that for those which are shown.
fn shown<T>(cells: [T; COLUMNS.len()], verbose: bool) -> impl Iterator<Item = T> {
    cells.into_iter().zip(COLUMNS).filter(move |(_, (_, _, more))| verbose || !more).map(|(cell, _)| cell)
}

/// `27.3 MB in 4.1 MB of blocks, 6.6 times smaller`.
fn footer(rows: &[Row], verbose: bool) -> String {
    let sum = |value: fn(&StreamStat) -> u64| rows.iter().map(|row| value(&row.stat)).sum::<u64>();
    let (raw, stored) = (sum(|stat| stat.bytes_raw), sum(|stat| stat.bytes_stored));
    let ratio = if stored > 0 && stored < raw {
        format!(", {:.1} times smaller", raw as f64 / stored as f64)
    } else {
        String::new()
    };
    let more = if verbose { "" } else { "; -v shows more columns" };
    format!("{} in {} of blocks{ratio}{more}", size::human(raw), size::human(stored))
}

impl Row {
    fn cells(&self) -> [String; COLUMNS.len()] {
        let StreamStat { name, records, bytes_raw, bytes_stored, events, tail, .. } = &self.stat;
        let time = |time: Option<_>| time.map_or_else(none, moment::to_the_minute);
        [
            name.to_string(),
            size::grouped(*records),
            size::grouped(*tail),
            size::human(*bytes_raw),
            size::human(*bytes_stored),
            ratio(&self.stat).map_or_else(none, |ratio| format!("{ratio:.1}")),
            time(events.map(|events| events.0)),
            time(events.map(|events| events.1)),
            if self.hours_known { size::grouped(self.hours.empty) } else { "damage".to_owned() },
            self.longest_gap(),
        ]
    }

    fn longest_gap(&self) -> String {
        let gap = |(from, hours)| format!("{} from {}", size::counted(hours, "hour"), moment::to_the_minute(from));
        self.hours.longest.filter(|_| self.hours_known).map_or_else(none, gap)
    }

    fn json(&self) -> String {
        let StreamStat { name, records, root, sealed, tail, blocks, bytes_raw, bytes_stored, events, .. } = &self.stat;
        let root = hex(root);
        let time = |time: Option<String>| time.map_or_else(|| "null".to_owned(), |time| format!("\"{time}\""));
        let longest = self.hours.longest;
        format!(
            concat!(
                r#"{{"stream":"{}","records":{},"root":"{}","sealed":{},"tail":{},"blocks":{},"bytes_raw":{},"#,
                r#""bytes_stored":{},"first_event":{},"last_event":{},"empty_hours":{},"longest_empty_from":{},"#,
                r#""longest_empty_hours":{}}}"#
            ),
            name,
            records,
            root,
            sealed,
            tail,
            blocks,
            bytes_raw,
            bytes_stored,
            time(events.map(|events| events.0.to_string())),
            time(events.map(|events| events.1.to_string())),
            if self.hours_known { self.hours.empty.to_string() } else { "null".to_owned() },
            time(longest.map(|(from, _)| from.to_string())),
            longest.map_or(0, |(_, hours)| hours),
        )
    }
}

/// Raw bytes to stored bytes, where everything is in blocks or nearly so: the tail is not compressed yet.
fn ratio(stat: &StreamStat) -> Option<f64> {
    (stat.bytes_stored > 0 && stat.tail == 0).then(|| stat.bytes_raw as f64 / stat.bytes_stored as f64)
}

fn total(rows: &[Row]) -> [String; COLUMNS.len()] {
    let sum = |value: fn(&StreamStat) -> u64| rows.iter().map(|row| value(&row.stat)).sum::<u64>();
    let (raw, stored) = (sum(|stat| stat.bytes_raw), sum(|stat| stat.bytes_stored));
    let ratio = (stored > 0).then(|| format!("{:.1}", raw as f64 / stored as f64));
    let blank = String::new;
    [
        "all".to_owned(),
        size::grouped(sum(|stat| stat.records)),
        size::grouped(sum(|stat| stat.tail)),
        size::human(raw),
        size::human(stored),
        ratio.unwrap_or_default(),
        blank(),
        blank(),
        blank(),
        blank(),
    ]
}

fn none() -> String {
    "-".to_owned()
}

fn json(rows: &[Row]) -> String {
    let objects: Vec<_> = rows.iter().map(Row::json).collect();
    if objects.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", objects.join(",\n")) }
}
