//! A report as JSON, as `docs/report.schema.json` describes it.

use logkeep_storage::{CheckedStream, Damage, hex};
use serde_json::{Value, json};

use crate::verification::recorded::Recorded;
use crate::verification::trial::Trial;
use crate::verification::{Report, Scope, advice, page};

/// The number of the form; it changes when a member changes its meaning.
const FORM: &str = "logkeep report 1";

/// The whole report in one object.
pub(crate) fn object(report: &Report) -> Value {
    let checked = &report.checked;
    let (recorded, not_recorded) = match &report.recorded {
        Recorded::As(id) => (json!(id), Value::Null),
        Recorded::Not(why) => (Value::Null, json!(why)),
    };
    json!({
        "form": FORM,
        "version": env!("CARGO_PKG_VERSION"),
        "commit": env!("LOGKEEP_COMMIT"),
        "archive": report.archive,
        "verdict": report.verdict().word(),
        "scope": scope(report),
        "started": report.started.to_string(),
        "milliseconds": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        "expected": checked.expected(),
        "records": checked.records,
        "bytes": checked.bytes,
        "blocks": checked.blocks,
        "tips": checked.tips,
        "checkpoints": checked.checkpoints,
        "files": checked.files,
        "streams": checked.streams.iter().map(|row| stream(row, report)).collect::<Vec<_>>(),
        "findings": checked.damage.iter().map(|damage| finding(damage, report)).collect::<Vec<_>>(),
        "unchecked": checked.unchecked,
        "notes": checked.notes,
        "notices": checked.notices,
        "cures": page::cures(report),
        "self_test": trial(&report.trial),
        "drill": report.drill.as_ref().map(|drill| json!({ "records": drill.asked, "proven": drill.proven })),
        "previous": report.previous.as_ref().map(|previous| {
            json!({ "id": previous.id, "time": previous.time.to_string(), "verdict": previous.verdict })
        }),
        "recorded": recorded,
        "not_recorded": not_recorded,
    })
}

fn scope(report: &Report) -> Value {
    let mut scope = json!({ "mode": report.scope.name() });
    if let (Scope::Rolling { budget, nights }, Some(members)) = (report.scope, scope.as_object_mut()) {
        members.insert("budget_seconds".to_owned(), json!(budget.as_secs()));
        members.insert("nights".to_owned(), json!(nights));
    }
    if let (Some(rolled), Some(members)) = (&report.rolled, scope.as_object_mut()) {
        members.insert("covered".to_owned(), json!(rolled.covered));
        members.insert("coverable".to_owned(), json!(rolled.all));
    }
    scope
}

fn stream(row: &CheckedStream, report: &Report) -> Value {
    let content: Vec<[u64; 2]> = row.content.iter().map(|records| [records.start, records.end]).collect();
    json!({
        "stream": row.name, "expected": row.expected, "signed": row.signed, "size": row.records, "root": hex(&row.root),
        "checked": row.checked, "content": content, "findings": report.findings_of(&row.name),
    })
}

fn finding(damage: &Damage, report: &Report) -> Value {
    let Damage { code, stream, block, column, file, offset, records, expected, found } = damage;
    json!({
        "code": code.as_str(), "stream": stream.as_ref().map(ToString::to_string), "block": block, "column": column,
        "file": file.as_ref().map(|file| file.display().to_string()), "offset": offset,
        "records": records.as_ref().map(|records| [records.start, records.end]), "expected": expected, "found": found,
        "action": advice::about(damage, report),
    })
}

fn trial(trial: &Trial) -> Value {
    match trial {
        Trial::Skipped => Value::Null,
        Trial::Passed { faults } => json!({ "faults": faults, "found": faults, "problems": [] }),
        Trial::Failed { faults, problems } => {
            json!({ "faults": faults, "found": faults.saturating_sub(problems.len()), "problems": problems })
        }
    }
}
