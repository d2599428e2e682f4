//! Stand-in for `bindgen` that hands librocksdb-sys its committed bindings, so that no libclang is needed.
//!
//! Only `librocksdb-sys`'s build script uses it. The bindings are valid for one version of RocksDB:
//! [`Builder::generate`] refuses a header of any other one. `scripts/bindings.sh` makes them anew.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

const BINDINGS: &str = include_str!("../rocksdb-11.8.1.rs");

/// The RocksDB version whose C header the committed bindings were made from.
pub const ROCKSDB_VERSION: &str = "11.8.1";

/// Takes the options that librocksdb-sys sets; the bindings were made with the same ones.
#[derive(Debug, Default)]
pub struct Builder {
    header: PathBuf,
}

impl Builder {
    /// The C header whose bindings are wanted, `…/rocksdb/c.h`.
    #[must_use]
    pub fn header(mut self, header: impl Into<String>) -> Self {
        self.header = PathBuf::from(header.into());
        self
    }

    /// Already applied to the committed bindings.
    #[must_use]
    pub fn derive_debug(self, _: bool) -> Self {
        self
    }

    /// Already applied to the committed bindings.
    #[must_use]
    pub fn blocklist_type(self, _: impl AsRef<str>) -> Self {
        self
    }

    /// Already applied to the committed bindings.
    #[must_use]
    pub fn ctypes_prefix(self, _: impl Into<String>) -> Self {
        self
    }

    /// Already applied to the committed bindings.
    #[must_use]
    pub fn size_t_is_usize(self, _: bool) -> Self {
        self
    }

    /// The committed bindings, if the header belongs to [`ROCKSDB_VERSION`].
    ///
    /// # Errors
    /// When `version.h` beside the header cannot be read or names another version.
    pub fn generate(self) -> Result<Bindings, WrongHeader> {
        let version_header = self.header.with_file_name("version.h");
        let found = header_version(&version_header)?;
        if found != ROCKSDB_VERSION {
            return Err(WrongHeader(format!(
                "{} is RocksDB {found}, the committed bindings are for {ROCKSDB_VERSION}: run scripts/bindings.sh",
                version_header.display()
            )));
        }
        Ok(Bindings)
    }
}

/// Bindings ready to be written.
#[derive(Debug)]
pub struct Bindings;

impl Bindings {
    /// Writes the bindings, as bindgen does.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_to_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        fs::write(path, BINDINGS)
    }
}

/// The header is missing or belongs to another RocksDB.
#[derive(Debug)]
pub struct WrongHeader(String);

impl fmt::Display for WrongHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongHeader {}

fn header_version(path: &Path) -> Result<String, WrongHeader> {
    let text = fs::read_to_string(path).map_err(|error| WrongHeader(format!("{}: {error}", path.display())))?;
    let number = |name: &str| {
        text.lines()
            .filter_map(|line| line.strip_prefix("#define "))
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim().to_owned())
            .ok_or_else(|| WrongHeader(format!("{}: no {name}", path.display())))
    };
    Ok([number("ROCKSDB_MAJOR ")?, number("ROCKSDB_MINOR ")?, number("ROCKSDB_PATCH ")?].join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(version: &str) -> (PathBuf, PathBuf) {
        let folder = std::env::temp_dir().join(format!("logkeep-bindgen-{}-{version}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let [major, minor, patch] = version.split('.').collect::<Vec<_>>().try_into().unwrap();
        let text =
            format!("#define ROCKSDB_MAJOR {major}\n#define ROCKSDB_MINOR {minor}\n#define ROCKSDB_PATCH {patch}\n");
        fs::write(folder.join("version.h"), text).unwrap();
        (folder.join("c.h"), folder)
    }

    #[test]
    fn accepts_its_own_version_only() {
        for (version, accepted) in [(ROCKSDB_VERSION, true), ("11.8.2", false), ("12.8.1", false)] {
            let (header, folder) = header(version);
            let result = Builder::default().header(header.display().to_string()).generate();
            assert_eq!(result.is_ok(), accepted, "{version}");
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn refuses_a_missing_header() {
        assert!(Builder::default().header("/nowhere/c.h").generate().is_err());
    }
}
