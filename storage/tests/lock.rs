//! One writer at a time, and only in an archive.

use logkeep_storage::{Archive, Error, Writer};

use crate::sandbox::{Sandbox, options};

#[test]
fn a_second_writer_is_refused() {
    let sandbox = Sandbox::new();
    let writer = sandbox.create();
    assert!(matches!(Writer::open(&sandbox.path(), &options()), Err(Error::Locked(_))));
    let archive = writer.archive();
    drop(writer);
    assert!(matches!(Writer::open(&sandbox.path(), &options()), Err(Error::Locked(_))), "its database is still open");
    drop(archive);
    drop(sandbox.open());
}

#[test]
fn what_is_no_archive_is_refused() {
    let sandbox = Sandbox::new();
    assert!(matches!(Writer::open(&sandbox.path(), &options()), Err(Error::NotAnArchive(_))));
    assert!(matches!(Archive::open(&sandbox.path(), &options()), Err(Error::NotAnArchive(_))));
    drop(sandbox.create());
    assert!(matches!(Writer::create(&sandbox.path(), &options()), Err(Error::AlreadyAnArchive(_))));
    std::fs::write(sandbox.path().join("FORMAT"), "logkeep archive 2\n").unwrap();
    let error = Archive::open(&sandbox.path(), &options()).unwrap_err();
    assert!(matches!(&error, Error::Format { found, .. } if found == "logkeep archive 2\n"), "{error}");
}

#[test]
fn a_directory_with_other_things_is_not_taken() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path()).unwrap();
    std::fs::write(sandbox.path().join("letter.txt"), "dear").unwrap();
    assert!(matches!(Writer::create(&sandbox.path(), &options()), Err(Error::AlreadyAnArchive(_))));
    assert_eq!(std::fs::read_dir(sandbox.path()).unwrap().count(), 1);
}

#[test]
fn what_a_killed_creation_left_is_taken() {
    let sandbox = Sandbox::new();
    drop(sandbox.create());
    std::fs::remove_file(sandbox.path().join("FORMAT")).unwrap();
    drop(sandbox.create());
    drop(sandbox.open());
}
