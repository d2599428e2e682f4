//! A report on one page: the verdict first, then streams, findings, what to do.

use logkeep_storage::{Damage, Verification, hex};

use crate::exit::Failure;
use crate::output::Output;
use crate::output::table::{Side, Table};
use crate::size::{counted, grouped, human};
use crate::verification::trial::Trial;
use crate::verification::{Report, Scope, Verdict, advice};

/// Findings that are told on the page; `--json` tells all.
const FINDINGS_MAX: usize = 20;

/// Prints the report for people.
pub(crate) fn print(report: &Report, output: &mut Output) -> Result<(), Failure> {
    output.line(&first_line(report))?;
    if !report.checked.streams.is_empty() {
        output.line("")?;
        table(report).lines(None).iter().try_for_each(|line| output.line(line))?;
    }
    print_findings(report, output)?;
    list(output, [last_line(report)].into_iter())?;
    output.detail(&speed(report));
    Ok(())
}

/// Prints what is wrong, and what to do.
pub(crate) fn print_findings(report: &Report, output: &mut Output) -> Result<(), Failure> {
    let Verification { damage, unchecked, notes, notices, .. } = &report.checked;
    let shown = damage.iter().take(FINDINGS_MAX).enumerate();
    list(output, shown.map(|(number, damage)| finding(number + 1, damage)))?;
    let rest = damage.len().saturating_sub(FINDINGS_MAX);
    list(output, (rest > 0).then(|| format!("and {} more: --json lists all", grouped(rest as u64))).into_iter())?;
    list(output, unchecked.iter().map(|what| format!("not checked: {what}")))?;
    list(output, notes.iter().chain(notices).map(|note| format!("note: {note}")))?;
    list(output, cures(report).into_iter())
}

/// What the user can do, each with the findings that it is about.
pub(crate) fn cures(report: &Report) -> Vec<String> {
    let about = advice::all(report).into_iter().map(|(text, numbers)| {
        let numbers =
            if report.checked.damage.len() > 1 { format!(" about {}", ranges(&numbers)) } else { String::new() };
        format!("what to do{numbers}: {text}")
    });
    let unchecked = advice::about_unchecked(report).into_iter().map(|text| format!("what to do: {text}"));
    about.chain(unchecked).collect()
}

/// `1, 3 to 5`.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let text = |(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        _ => format!("{first} to {last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A finding in two or three lines.
fn finding(number: usize, damage: &Damage) -> String {
    let Damage { code, stream, block, column, file, offset, records, expected, found } = damage;
    let mut place: Vec<String> = stream.iter().map(ToString::to_string).collect();
    place.extend(records.as_ref().map(|records| format!("records {}..{}", records.start, records.end)));
    place.extend(block.map(|block| format!("block {block}")));
    place.extend(column.clone());
    let file = file.as_ref().map(|file| match offset {
        Some(offset) => format!("\n   {}, byte {offset}", file.display()),
        None => format!("\n   {}", file.display()),
    });
    let head = format!("{number}. {code}  {}", place.join(", "));
    format!("{}{}\n   expected {expected}, found {found}", head.trim_end(), file.unwrap_or_default())
}

/// The verdict, and how much it is about.
pub(crate) fn first_line(report: &Report) -> String {
    let checked = &report.checked;
    let Verification { records, bytes, streams, blocks, tips, checkpoints, .. } = checked;
    let verdict = report.verdict().word();
    let expected = checked.expected();
    let read = format!("{} of {}", grouped(*records), counted(expected, "record"));
    let places = format!("{} and {}", counted(streams.len() as u64, "stream"), counted(*blocks, "block"));
    match report.verdict() {
        Verdict::Verified => {
            let signed = match checkpoints {
                0 => String::new(),
                _ => format!(" and {}", counted(*checkpoints, "signed checkpoint")),
            };
            let against = format!("against {}{signed}", counted(*tips, "acknowledged state"));
            match report.scope {
                Scope::Full => format!("{verdict} {read} ({}) in {places}, {against}", human(*bytes)),
                Scope::Quick => {
                    format!(
                        "{verdict} {} in {places}, {against}; contents read of {}",
                        counted(expected, "record"),
                        grouped(*records)
                    )
                }
                Scope::SinceReport | Scope::Rolling { .. } => {
                    format!("{verdict} {} in {places}, {against}; contents read of {read}", counted(expected, "record"))
                }
            }
        }
        Verdict::Failed => format!("{verdict} {}; {read} checked", counted(checked.damage.len() as u64, "finding")),
        Verdict::Incomplete if checked.is_empty() => format!("{verdict} nothing to verify: the archive is empty"),
        Verdict::Incomplete => {
            let things = counted(checked.unchecked.len() as u64, "thing");
            format!("{verdict} {things} could not be checked; no damage in {read}")
        }
    }
}

fn table(report: &Report) -> Table {
    let columns = [
        ("STREAM", Side::Left),
        ("EXPECTED", Side::Right),
        ("CHECKED", Side::Right),
        ("ROOT", Side::Left),
        ("", Side::Left),
    ];
    let mut table = Table::new(columns);
    for stream in &report.checked.streams {
        let findings = report.findings_of(&stream.name) as u64;
        let verdict = match findings {
            0 if stream.records < stream.expected => "lost".to_owned(),
            0 => "ok".to_owned(),
            _ => counted(findings, "finding"),
        };
        let (expected, checked) = (grouped(stream.expected), grouped(stream.checked));
        table.push([stream.name.clone(), expected, checked, hex(&stream.root), verdict]);
    }
    table
}

/// How the verifier itself was checked, what strangers would say, and where the report is.
fn last_line(report: &Report) -> String {
    let mut parts = vec![match &report.trial {
        Trial::Passed { faults } => format!("self-test: {faults} of {faults} faults found"),
        Trial::Skipped => "self-test: left out".to_owned(),
        Trial::Failed { .. } => "self-test: failed".to_owned(),
    }];
    parts.extend(report.drill.as_ref().map(|drill| {
        format!("proven as to a stranger: {} of {}", grouped(drill.proven), counted(drill.asked, "record"))
    }));
    parts.extend(report.rolled.as_ref().map(|rolled| rolled.to_string()));
    parts.push(report.recorded.to_string());
    parts.join("; ")
}

fn speed(report: &Report) -> String {
    let seconds = report.took.as_secs_f64();
    format!("took {seconds:.2} s, {:.0} MB/s", report.checked.bytes as f64 / 1e6 / seconds.max(1e-6))
}

fn list(output: &mut Output, items: impl Iterator<Item = String>) -> Result<(), Failure> {
    for (number, item) in items.enumerate() {
        if number == 0 {
            output.line("")?;
        }
        output.foreign(format!("{item}\n").as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(ranges(&[1]), "1");
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8]), "1 to 3, 5, 7 to 8");
    }
}
