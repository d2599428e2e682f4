//! The files below a path, in order of their names.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Deepest nesting of folders that is entered.
const DEPTH_MAX: usize = 64;

/// A file to import, or a place that could not be looked at.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Its length, if it is a regular file.
    pub(crate) bytes: io::Result<Option<u64>>,
}

/// The path itself if it is no folder; else the files below it in sorted order, without hidden ones, pipes and
/// devices. A folder that links lead to a second time is not entered again.
pub(crate) fn files(path: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    visit(path, 0, &mut HashSet::new(), &mut found);
    found
}

fn visit(path: &Path, depth: usize, entered: &mut HashSet<(u64, u64)>, found: &mut Vec<Found>) {
    let mut add = |bytes| found.push(Found { path: path.to_owned(), bytes });
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return add(Err(of_link(path, error))),
    };
    if metadata.is_file() {
        return add(Ok(Some(metadata.len())));
    }
    if !metadata.is_dir() {
        // Whoever names a pipe wants it read; one found in a folder would block for ever.
        return if depth == 0 {
            add(Ok(None))
        };
    }
    if depth >= DEPTH_MAX {
        return add(Err(io::Error::other("folders are nested more than 64 deep")));
    }
    if !entered.insert((metadata.dev(), metadata.ino())) {
        return;
    }
    let mut names = match list(path) {
        Ok(names) => names,
        Err(error) => return add(Err(error)),
    };
    names.sort();
    for name in names {
        visit(&name, depth + 1, entered, found);
    }
}

/// A link to nowhere is there, whatever the system says.
fn of_link(path: &Path, error: io::Error) -> io::Error {
    match fs::read_link(path) {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => {
            io::Error::new(error.kind(), format!("it is a link to {}, which does not exist", target.display()))
        }
        _ => error,
    }
}

fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    entries.filter(|path| path.as_ref().map_or(true, |path| !hidden(path))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn sorted_without_hidden_ones_and_loops_end() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        for name in ["b/2", "b/1", "a", ".hidden", "b/c/3", "d"] {
            fs::write(root.join(name), "x").unwrap();
        }
        symlink(root, root.join("b/c/loop")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        let found = files(root);
        let names: Vec<_> = found.iter().map(|f| f.path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a", "b/1", "b/2", "b/c/3", "d", "dangling"]);
        let errors: Vec<_> = found.iter().filter_map(|f| f.bytes.as_ref().err().map(ToString::to_string)).collect();
        assert_eq!(errors, ["it is a link to nowhere, which does not exist"]);
        assert_eq!(files(&root.join(".hidden")).len(), 1);
    }
}
