//! Answers the benchmark's questions in one process: one JSON request a line, one JSON answer a line.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;
use std::path::Path;

use logkeep_index::filter::{FieldName, Filter, Literal, Pattern, Test};
use logkeep_index::terms::Needle;
use logkeep_index::{Answered, Index, Search, Searcher};
use logkeep_storage::{Archive, Options};
use serde_json::{Value, json};

use crate::ingest::INDEX;

/// Serves until standard input ends.
pub(crate) fn run(directory: &Path) -> Result<(), Box<dyn Error>> {
    let path = directory.join("archive");
    let archive = Archive::open(&path, &Options::default())?;
    let searcher = Searcher::new(archive, Index::open(&path.join(INDEX))?, 2);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!({"ready": true}))?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = answer(&searcher, &request).unwrap_or_else(|error| json!({"error": error.to_string()}));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(searcher: &Searcher, request: &Value) -> Result<Value, Box<dyn Error>> {
    let text = request["text"].as_str().unwrap_or_default();
    let find = |needle: Needle| Search::new(Filter::Text(Test::Find(needle)));
    match request["kind"].as_str().unwrap_or_default() {
        "phrase_records" => records(searcher, &find(Needle::has(text))),
        "substr_records" => records(searcher, &find(Needle::contains(text))),
        "term_count" => count(searcher, &find(Needle::has(text))),
        "prefix_count" => count(searcher, &find(Needle::prefix(text))),
        "regex_count" => count(searcher, &Search::new(Filter::Text(Test::Regex(Pattern::new(text)?)))),
        "newest" => records(searcher, &with_fields(request)?),
        "top" => top(searcher, request),
        "hist" => histogram(searcher, &find(Needle::has(text)), request["step_ms"].as_i64().unwrap_or(1)),
        other => Err(format!("no such kind of question: {other}").into()),
    }
}

fn complete(answered: &Answered) -> Result<(), Box<dyn Error>> {
    match answered.damage.first() {
        Some(damage) => Err(damage.to_string().into()),
        None => Ok(()),
    }
}

fn records(searcher: &Searcher, search: &Search) -> Result<Value, Box<dyn Error>> {
    let mut records = Vec::new();
    let answered = searcher.search(search, &mut |record| {
        records.push(String::from_utf8_lossy(&record.body).into_owned());
        ControlFlow::Continue(())
    })?;
    complete(&answered)?;
    Ok(json!({"count": records.len(), "records": records}))
}

fn count(searcher: &Searcher, search: &Search) -> Result<Value, Box<dyn Error>> {
    let answered = searcher.count(search)?;
    complete(&answered)?;
    Ok(json!({"count": answered.matched}))
}

fn with_fields(request: &Value) -> Result<Search, Box<dyn Error>> {
    let tests = request["where"].as_array().cloned().unwrap_or_default();
    let mut filters = Vec::new();
    for test in &tests {
        let field = FieldName::new(test[0].as_str().unwrap_or_default());
        let literal = test[2].as_str().map_or_else(|| test[2].to_string(), str::to_owned);
        let equals = Filter::Field(field.clone(), Test::Equals(Literal::new(&literal)));
        match test[1].as_str() {
            // As the benchmark means it: the field is there and has another value.
            Some("!=") => filters.extend([Filter::Field(field, Test::Exists), Filter::not(equals)]),
            _ => filters.push(equals),
        }
    }
    let mut search = Search::new(Filter::and(filters));
    if let Some([from, to]) = request["range"].as_array().map(Vec::as_slice) {
        search.since = Some(from.as_str().unwrap_or_default().parse()?);
        search.until = Some(to.as_str().unwrap_or_default().parse()?);
    }
    search.limit = request["limit"].as_u64().filter(|_| request["kind"] == "newest");
    Ok(search)
}

fn top(searcher: &Searcher, request: &Value) -> Result<Value, Box<dyn Error>> {
    let by = FieldName::new(request["by"].as_str().unwrap_or_default());
    let (counts, answered) = searcher.scan(
        &with_fields(request)?,
        |_, block, rows| {
            let mut counts: HashMap<Vec<u8>, u64> = HashMap::new();
            for (number, head) in block.head().columns()?.iter().enumerate() {
                if !by.matches(&head.path) {
                    continue;
                }
                let column = block.column(number)?;
                let mut of_code = vec![0_u64; column.distinct_len()];
                for (row, code) in column.entries() {
                    if let Some(count) = of_code.get_mut(code).filter(|_| rows.contains(row)) {
                        *count += 1;
                    }
                }
                for (code, count) in of_code.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                    let (raw, _) = column.distinct(code).unwrap_or_default();
                    *counts.entry(raw.to_vec()).or_default() += count;
                }
            }
            Ok(counts)
        },
        |_| HashMap::new(),
    )?;
    complete(&answered)?;
    let mut total: HashMap<Vec<u8>, u64> = HashMap::new();
    for (value, count) in counts.into_iter().flat_map(HashMap::into_iter) {
        *total.entry(value).or_default() += count;
    }
    let mut table: Vec<(Vec<u8>, u64)> = total.into_iter().collect();
    table.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    table.truncate(request["limit"].as_u64().unwrap_or(10) as usize);
    let table: Vec<Value> = table.iter().map(|(value, count)| json!([String::from_utf8_lossy(value), count])).collect();
    Ok(json!({"count": table.len(), "table": table}))
}

fn histogram(searcher: &Searcher, search: &Search, step_ms: i64) -> Result<Value, Box<dyn Error>> {
    let bucket = |event_ns: i64| event_ns.div_euclid(step_ms * 1_000_000) * step_ms;
    let (buckets, answered) = searcher.scan(
        search,
        |_, block, rows| {
            let events = block.events()?;
            Ok(rows.iter().filter_map(|row| events.get(row)).map(|event| bucket(*event)).collect::<Vec<_>>())
        },
        |record| vec![bucket(record.event.0)],
    )?;
    complete(&answered)?;
    let mut counts: std::collections::BTreeMap<i64, u64> = std::collections::BTreeMap::new();
    buckets.into_iter().flat_map(Vec::into_iter).for_each(|bucket| *counts.entry(bucket).or_default() += 1);
    let table: Vec<Value> = counts.iter().map(|(time, count)| json!([time, count])).collect();
    Ok(json!({"count": table.len(), "table": table}))
}
