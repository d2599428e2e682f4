//! Fields that a search names and no record has: most likely a slip of the fingers.

use std::collections::BTreeSet;

use logkeep_index::StreamPattern;
use logkeep_index::filter::{FieldName, Filter};
use logkeep_storage::{Archive, Error, StreamStat};

use crate::exit::Failure;
use crate::fields::Fields;
use crate::nearest::nearest;
use crate::place;

/// Records of a stream whose paths are looked at, the newest.
const RECORDS_MAX: u64 = 64 * 1024;

/// The fields that a filter names.
pub(crate) fn of_filter(filter: &Filter) -> Vec<FieldName> {
    match filter {
        Filter::All | Filter::Text(_) => Vec::new(),
        Filter::And(members) | Filter::Or(members) => members.iter().flat_map(of_filter).collect(),
        Filter::Not(inner) => of_filter(inner),
        Filter::Field(name, _) => vec![name.clone()],
    }
}

/// Whether a filter asks that a field has no such value: with a misspelt field every record passes.
pub(crate) fn is_negated(filter: &Filter) -> bool {
    match filter {
        Filter::All | Filter::Text(_) | Filter::Field(..) => false,
        Filter::And(members) | Filter::Or(members) => members.iter().any(is_negated),
        Filter::Not(inner) => !of_filter(inner).is_empty(),
    }
}

/// What to say about those of the fields that are in none of the streams.
pub(crate) fn hints(archive: &Archive, streams: &[StreamPattern], names: &[FieldName]) -> Result<Vec<String>, Failure> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let all = archive.streams().map_err(|error| place::failure(&error))?;
    let wanted = all.iter().filter(|stream| StreamPattern::any_matches(streams, &stream.name));
    let (mut paths, mut is_whole) = (BTreeSet::new(), true);
    for stream in wanted {
        gather(archive, stream, &mut paths)?;
        is_whole &= stream.records <= RECORDS_MAX;
    }
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let unknown = names.iter().filter(|name| !paths.iter().any(|path| name.matches(path)));
    Ok(unknown.map(|name| hint(name.as_str(), &paths, is_whole)).collect())
}

/// The paths of a stream's values. What cannot be read is told elsewhere.
fn gather(archive: &Archive, stream: &StreamStat, paths: &mut BTreeSet<String>) -> Result<(), Failure> {
    let from = stream.records.saturating_sub(RECORDS_MAX);
    let failed = |error: &Error| place::failure(error);
    let (heads, _) = archive.blocks_with_damage(&stream.name, from).map_err(|error| failed(&error))?;
    for head in &heads {
        for column in head.columns().unwrap_or_default() {
            if !paths.contains(&column.path) {
                paths.insert(column.path.clone());
            }
        }
    }
    let (tail, _) = archive.tail_with_damage(&stream.name).map_err(|error| failed(&error))?;
    for record in &tail {
        paths.extend(Fields::of(&record.body).paths().map(str::to_owned));
    }
    Ok(())
}

fn hint(name: &str, paths: &BTreeSet<String>, is_whole: bool) -> String {
    let segments = name.split('.').count();
    let ends: BTreeSet<String> = paths.iter().map(|path| end(path, segments)).collect();
    let near = nearest(name, ends.iter().map(String::as_str));
    let near = near.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
    let of = if is_whole { "no record" } else { "none of the newest records" };
    format!("{of} of these streams has a field {name}{near}")
}

/// The last segments of a path, without steps into arrays.
fn end(path: &str, segments: usize) -> String {
    let path = path.replace("[]", "");
    let start = path.rmatch_indices('.').nth(segments - 1).map_or(0, |(dot, _)| dot + 1);
    path.get(start..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_filter() {
        let fields = |text: &str| {
            let names = of_filter(&text.parse().unwrap());
            names.iter().map(FieldName::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fields("a b:1 or not (c.d>5 e=x)"), "b c.d e");
        assert_eq!(fields("* word"), "");
        for (text, expected) in [("-a:1", true), ("b a!=1", true), ("-a b:1", false), ("not (x or a:1)", true)] {
            assert_eq!(is_negated(&text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn names_are_compared_with_as_many_segments() {
        let paths = ["properties.status.errorCode", "targetResources[].id", ""].map(str::to_owned).into();
        let said = |name: &str| hint(name, &paths, true);
        assert_eq!(said("erorCode"), "no record of these streams has a field erorCode: did you mean errorCode?");
        assert!(said("staus.errorCode").ends_with(": did you mean status.errorCode?"));
        assert!(said("targetResource.id").ends_with(": did you mean targetResources.id?"));
        assert!(said("nothing").ends_with(" has a field nothing"));
        assert!(hint("x", &paths, false).starts_with("none of the newest records"));
    }
}
