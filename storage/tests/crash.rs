//! What was acknowledged and is gone is always noticed; what was cut short before is dropped and said.

use std::fs;
use std::path::PathBuf;

use logkeep_storage::{Append, Archive, DamageCode, Error, Recovery, Writer, verify};

use crate::sandbox::{Sandbox, append, batch, bodies, numbered, options};

/// The log of writes that has the last append.
fn live_log(sandbox: &Sandbox) -> PathBuf {
    let files = fs::read_dir(sandbox.path().join("db")).unwrap().map(|entry| entry.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|end| end == "log"));
    logs.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

/// An archive as a crash leaves it after some appends, and the length of its log of writes after each of them.
fn crashed(appends: u64) -> (Sandbox, Vec<u64>) {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    let mut lengths = Vec::new();
    for number in 0..appends {
        append(&mut writer, numbered("a/b", number * 3..number * 3 + 3));
        lengths.push(fs::metadata(live_log(&sandbox)).unwrap().len());
    }
    (sandbox.copy(), lengths)
}

fn cut(sandbox: &Sandbox, length: u64) -> Sandbox {
    let copy = sandbox.copy();
    fs::File::options().write(true).open(live_log(&copy)).unwrap().set_len(length).unwrap();
    copy
}

/// Refused, or open and saying what is missing.
fn assert_loss_is_noticed(sandbox: &Sandbox, what: &str) {
    let opened = Archive::open(&sandbox.path(), &options());
    if let Ok(archive) = opened {
        assert!(!archive.lost().is_empty(), "{what}: a reader says nothing");
        let found = verify(&archive, None, None, &mut |_| {}).unwrap();
        assert!(found.damage.iter().any(|damage| damage.code == DamageCode::Acknowledged), "{what}: verify is silent");
    }
    let refused = Writer::open(&sandbox.path(), &options());
    assert!(matches!(refused, Err(Error::AcknowledgedLost { .. } | Error::Damaged(_))), "{what}: {refused:?}");
}

#[test]
fn a_log_of_writes_cut_between_two_appends_is_noticed_every_time() {
    let (sandbox, lengths) = crashed(12);
    drop(cut(&sandbox, *lengths.last().unwrap()).open());
    assert_loss_is_noticed(&cut(&sandbox, 0), "emptied");
    for length in &lengths[..lengths.len() - 1] {
        assert_loss_is_noticed(&cut(&sandbox, *length), &format!("cut at {length} of {lengths:?}"));
    }
}

#[test]
fn a_log_of_writes_cut_at_any_byte_is_noticed() {
    let (sandbox, lengths) = crashed(3);
    for length in (0..lengths[2]).step_by(13) {
        assert_loss_is_noticed(&cut(&sandbox, length), &format!("cut at {length} of {lengths:?}"));
    }
}

#[test]
fn a_removed_log_of_writes_is_noticed() {
    let (sandbox, _) = crashed(3);
    fs::remove_file(live_log(&sandbox)).unwrap();
    assert_loss_is_noticed(&sandbox, "removed");
}

#[test]
fn an_older_database_under_a_newer_ledger_is_noticed() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one"]));
    let older = sandbox.copy();
    append(&mut writer, batch("a/b", &[b"two"]));
    append(&mut writer, batch("c/d", &[b"three"]));
    fs::copy(sandbox.path().join("tips.log"), older.path().join("tips.log")).unwrap();
    let lost = older.reader().lost();
    let counts: Vec<_> = lost.iter().map(|lost| (lost.number, lost.acknowledged, lost.found)).collect();
    assert_eq!(counts, [(1, 2, 1), (2, 1, 0)]);
    assert_loss_is_noticed(&older, "rolled back");
    assert_eq!(bodies(&older.reader(), "a/b"), [b"one"], "what is there can be read");
}

#[test]
fn an_unfinished_append_is_dropped_and_said() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"acknowledged"]));
    let acknowledged = fs::metadata(live_log(&sandbox)).unwrap().len();
    let tips = fs::read(sandbox.path().join("tips.log")).unwrap();
    append(&mut writer, batch("a/b", &[b"not acknowledged, it never came to the ledger"]));
    let end = fs::metadata(live_log(&sandbox)).unwrap().len();
    let crashed = sandbox.copy();
    fs::write(crashed.path().join("tips.log"), tips).unwrap();
    for length in (acknowledged..=end).step_by(7).chain([end]) {
        let copy = cut(&crashed, length);
        let reader = copy.reader();
        let found = verify(&reader, None, None, &mut |_| {}).unwrap();
        assert_eq!((reader.lost(), found.damage), (vec![], vec![]), "cut at {length}");
        drop(reader);
        let mut writer = copy.open();
        let is_cut = length != acknowledged && length != end;
        let adopted = u64::from(length == end);
        let expected = Recovery { torn_log: is_cut, adopted, ..Recovery::default() };
        assert_eq!(*writer.recovery(), expected, "cut at {length}");
        assert_eq!(found.notes.len(), usize::from(length != acknowledged), "{:?}", found.notes);
        append(&mut writer, batch("a/b", &[b"next"]));
        let kept = if length == end { 3 } else { 2 };
        assert_eq!(bodies(&writer.archive(), "a/b").len(), kept, "cut at {length}");
    }
}

#[test]
fn what_was_stored_and_not_acknowledged_is_kept_from_then_on() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one"]));
    let tips = fs::read(sandbox.path().join("tips.log")).unwrap();
    append(&mut writer, batch("a/b", &[b"two"]));
    append(&mut writer, numbered("c/d", 0..1024));
    let crashed = sandbox.copy();
    fs::write(crashed.path().join("tips.log"), tips).unwrap();
    let writer = crashed.open();
    assert_eq!(writer.recovery().adopted, 1025);
    let reopened = crashed.copy();
    drop(writer);
    let found = verify(&crashed.reader(), None, None, &mut |_| {}).unwrap();
    assert_eq!((found.damage, found.notes, found.tips), (vec![], vec![], 3));
    assert_eq!(reopened.open().recovery().adopted, 0, "the ledger has them, whatever happened to the process");
}

#[test]
fn a_ledger_cut_at_any_byte_opens_and_says_so() {
    let (sandbox, _) = crashed(3);
    let tips = fs::read(sandbox.path().join("tips.log")).unwrap();
    for length in (tips.len() - 64..tips.len()).step_by(9) {
        let copy = sandbox.copy();
        fs::write(copy.path().join("tips.log"), &tips[..length]).unwrap();
        let mut writer = copy.open();
        assert_eq!(writer.recovery().torn_tip_bytes, (length % 64) as u64);
        append(&mut writer, batch("a/b", &[b"next"]));
        drop(writer);
        let found = verify(&copy.reader(), None, None, &mut |_| {}).unwrap();
        assert_eq!(found.damage, [], "cut at {length}");
    }
}

#[test]
fn a_changed_byte_of_the_ledger_is_corrected_and_kept() {
    let (sandbox, _) = crashed(3);
    let path = sandbox.path().join("tips.log");
    let mut changed = fs::read(&path).unwrap();
    changed[70] ^= 1;
    fs::write(&path, &changed).unwrap();
    let found = verify(&sandbox.reader(), None, None, &mut |_| {}).unwrap();
    assert!(found.damage.iter().all(|damage| damage.code == DamageCode::Tips) && !found.damage.is_empty());
    let mut writer = sandbox.open();
    let aside = writer.recovery().ledger_set_aside.clone().unwrap();
    assert_eq!(fs::read(aside).unwrap(), changed);
    append(&mut writer, batch("a/b", &[b"next"]));
    drop(writer);
    assert_eq!(verify(&sandbox.reader(), None, None, &mut |_| {}).unwrap().damage, []);
    assert_eq!(sandbox.open().recovery().ledger_set_aside, None);
}

#[test]
fn a_damaged_ledger_can_be_read_beside_and_written_when_someone_accepts_it() {
    let (sandbox, _) = crashed(3);
    let path = sandbox.path().join("tips.log");
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[70..90].fill(7);
    for (damaged, what) in [(changed, "changed"), (vec![], "emptied"), (whole[..64].to_vec(), "cut")] {
        fs::write(&path, &damaged).unwrap();
        let refused = Writer::open(&sandbox.path(), &options());
        assert!(matches!(refused, Err(Error::Damaged(damage)) if damage.code == DamageCode::Tips), "{what}");
        let reader = sandbox.reader();
        assert_eq!(bodies(&reader, "a/b").len(), 9);
        assert_eq!(reader.ledger_damage().first().map(|damage| damage.code), Some(DamageCode::Tips), "{what}");
        let found = verify(&reader, None, None, &mut |_| {}).unwrap();
        assert!(found.damage.iter().all(|damage| damage.code == DamageCode::Tips) && !found.damage.is_empty());
        let aside = Writer::renew_ledger(&sandbox.path(), &options()).unwrap().unwrap();
        assert_eq!(fs::read(aside).unwrap(), damaged);
        drop(sandbox.open());
        assert_eq!(verify(&sandbox.reader(), None, None, &mut |_| {}).unwrap().damage, [], "{what}");
    }
    fs::remove_file(&path).unwrap();
    assert!(Writer::open(&sandbox.path(), &options()).is_err());
    assert_eq!(Writer::renew_ledger(&sandbox.path(), &options()).unwrap(), None);
    append(&mut sandbox.open(), batch("a/b", &[b"next"]));
}

#[test]
fn a_ledger_that_knows_of_more_is_not_written_anew() {
    let (sandbox, lengths) = crashed(3);
    let shorter = cut(&sandbox, lengths[1]);
    let path = shorter.path().join("tips.log");
    let mut changed = fs::read(&path).unwrap();
    changed[70..90].fill(7);
    fs::write(&path, &changed).unwrap();
    let refused = Writer::renew_ledger(&shorter.path(), &options());
    assert!(matches!(refused, Err(Error::AcknowledgedLost { .. })));
    assert_eq!(fs::read(&path).unwrap(), changed);
}

#[test]
fn the_first_append_cut_short_before_the_ledger_is_no_damage() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/b", &[b"one"]));
    let crashed = sandbox.copy();
    fs::write(crashed.path().join("tips.log"), b"").unwrap();
    assert_eq!(crashed.reader().ledger_damage(), []);
    append(&mut writer, batch("a/b", &[b"two"]));
    let crashed = sandbox.copy();
    fs::write(crashed.path().join("tips.log"), b"").unwrap();
    assert_eq!(crashed.reader().ledger_damage().len(), 1, "the first append was acknowledged");
}

#[test]
fn another_root_at_the_acknowledged_size_is_refused() {
    let sandbox = Sandbox::new();
    append(&mut sandbox.create(), batch("a/b", &[b"one"]));
    let other = Sandbox::new();
    append(&mut other.create(), batch("a/b", &[b"eno"]));
    fs::copy(other.path().join("tips.log"), sandbox.path().join("tips.log")).unwrap();
    let refused = Writer::open(&sandbox.path(), &options());
    assert!(matches!(refused, Err(Error::Damaged(damage)) if damage.code == DamageCode::Head));
    let found = verify(&sandbox.reader(), None, None, &mut |_| {}).unwrap();
    assert_eq!(found.damage.iter().map(|damage| damage.code).collect::<Vec<_>>(), [DamageCode::Acknowledged]);
}

#[test]
fn an_archive_whose_making_was_killed_is_made_again() {
    let sandbox = Sandbox::new();
    drop(sandbox.create());
    let unfinished = sandbox.copy();
    fs::remove_file(unfinished.path().join("FORMAT")).unwrap();
    for entry in fs::read_dir(unfinished.path().join("db")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "log" || end == "sst") {
            fs::remove_file(path).unwrap();
        }
    }
    append(&mut unfinished.create(), batch("a/b", &[b"one"]));
    assert_eq!(bodies(&unfinished.reader(), "a/b"), [b"one"]);
}

/// Two of the tips of the last append never reached the disk, those behind them did.
#[test]
fn an_append_whose_tips_have_a_hole_was_never_acknowledged() {
    let sandbox = Sandbox::new();
    let mut writer = sandbox.create();
    append(&mut writer, batch("a/0", &[b"one"]));
    let before = fs::metadata(sandbox.path().join("tips.log")).unwrap().len() as usize;
    let batches = (0..20).map(|n| batch(&format!("a/{n}"), &[b"two"])).collect();
    writer.append(&Append { batches, cursors: Vec::new() }).unwrap();
    let crashed = sandbox.copy();
    let path = crashed.path().join("tips.log");
    let mut tips = fs::read(&path).unwrap();
    tips[before + 64..before + 192].fill(0);
    fs::write(&path, &tips).unwrap();
    let reader = crashed.reader();
    assert_eq!((reader.lost(), verify(&reader, None, None, &mut |_| {}).unwrap().damage), (vec![], vec![]));
    drop(reader);
    let writer = crashed.open();
    assert_eq!((writer.recovery().torn_tip_bytes, writer.recovery().adopted), (19 * 64, 19));
    // A hole in what was acknowledged before is damage.
    let acknowledged = sandbox.copy();
    let path = acknowledged.path().join("tips.log");
    let mut tips = fs::read(&path).unwrap();
    tips[..64].fill(0);
    fs::write(&path, &tips).unwrap();
    assert!(Writer::open(&acknowledged.path(), &options()).is_err());
    assert!(!acknowledged.reader().ledger_damage().is_empty());
}
