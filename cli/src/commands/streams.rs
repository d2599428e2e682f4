//! `logkeep streams`: how many records, how large, from when to when, and where nothing is.

use logkeep_storage::{Archive, StreamStat};

use crate::args::{ListForm, StreamsArgs};
use crate::exit::{Exit, Failure};
use crate::hours::{self, Hours};
use crate::output::Output;
use crate::output::table::{Side, Table};
use crate::place::Place;
use crate::{moment, selection, size};

const COLUMNS: [(&str, Side); 9] = [
    ("STREAM", Side::Left),
    ("RECORDS", Side::Right),
    ("TAIL", Side::Right),
    ("RAW", Side::Right),
    ("STORED", Side::Right),
    ("RATIO", Side::Right),
    ("FIRST EVENT", Side::Left),
    ("LAST EVENT (UTC)", Side::Left),
    ("EMPTY HOURS", Side::Left),
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
    for lost in archive.lost() {
        output.warn(&format!("acknowledged records are missing: {lost}"));
    }
    if rows.is_empty() {
        output.say(if args.streams.is_empty() {
            "the archive is empty; next: logkeep import FILE"
        } else {
            "no such stream"
        });
        return Ok(Exit::Nothing);
    }
    Ok(Exit::complete(rows.iter().all(|row| row.hours_known) && archive.lost().is_empty()))
}

fn row(archive: &Archive, stat: StreamStat, output: &mut Output) -> Result<Row, Failure> {
    let (hours, damage) = hours::of_stream(archive, &stat)?;
    for found in &damage {
        output.warn(&found.to_string());
    }
    Ok(Row { stat, hours, hours_known: damage.is_empty() })
}

fn table(rows: &[Row], output: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(COLUMNS);
    for row in rows {
        table.push(row.cells());
    }
    if rows.len() > 1 {
        table.push(total(rows));
    }
    // Lines are not cut: every column is worth its place, and a terminal shows long lines on two.
    let lines = table.lines(None);
    if let Some((heading, rows)) = lines.split_first() {
        output.dim_line(heading)?;
        rows.iter().try_for_each(|line| output.line(line))?;
    }
    Ok(())
}

impl Row {
    fn cells(&self) -> [String; 9] {
        let StreamStat { name, records, bytes_raw, bytes_stored, events, tail, .. } = &self.stat;
        let time = |time: Option<_>| time.map_or_else(|| "-".to_owned(), moment::to_the_minute);
        [
            name.to_string(),
            size::grouped(*records),
            size::grouped(*tail),
            size::human(*bytes_raw),
            size::human(*bytes_stored),
            ratio(&self.stat).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}")),
            time(events.map(|events| events.0)),
            time(events.map(|events| events.1)),
            self.empty_hours(),
        ]
    }

    fn empty_hours(&self) -> String {
        match self.hours.longest {
            _ if !self.hours_known => "unknown: damage".to_owned(),
            None => "-".to_owned(),
            Some((from, hours)) => {
                let (empty, hours) = (size::grouped(self.hours.empty), size::grouped(hours));
                format!("{empty}, of them {hours} from {}", moment::to_the_minute(from))
            }
        }
    }

    fn json(&self) -> String {
        let StreamStat { name, records, root, sealed, tail, blocks, bytes_raw, bytes_stored, events, .. } = &self.stat;
        let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
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

fn total(rows: &[Row]) -> [String; 9] {
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
    ]
}

fn json(rows: &[Row]) -> String {
    let objects: Vec<_> = rows.iter().map(Row::json).collect();
    if objects.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", objects.join(",\n")) }
}
