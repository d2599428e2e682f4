//! What the user asked: a bundle, perhaps a policy, and how to answer.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Check a proof bundle: are these the records that stood in the archive?

Usage: logkeep-check [OPTIONS] BUNDLE

  --policy FILE  Your own trust file or C2SP policy: whose keys and witnesses you trust.
                 Without it the bundle's own is used, and the answer is never VERIFIED,
                 because anybody can make keys and a history to go with them.
  --export DIR   Write each record, its leaf and its C2SP proof into the new folder DIR
  -q, --quiet    Print the first line only
      --json     Print one JSON object
  -h, --help     Print this
  -V, --version  Print the version

Exit codes: 0 VERIFIED, all is proven; 1 FAILED, something is not; 2 wrong usage, or a file
that cannot be read or written; 3 INCOMPLETE, nothing to check or no policy given.
";

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
    /// Check a bundle.
    Check(Args),
}

/// A bundle to check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// The bundle.
    pub(crate) bundle: PathBuf,
    /// The auditor's own policy.
    pub(crate) policy: Option<PathBuf>,
    /// A folder to make.
    pub(crate) export: Option<PathBuf>,
    /// How to answer.
    pub(crate) output: Output,
}

/// How to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// The first line.
    Quiet,
    /// A page.
    Text,
    /// One object.
    Json,
}

/// Reads the arguments after the program's name. After `--` all are files.
pub(crate) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Order, String> {
    let (mut bundle, mut policy, mut export, mut output) = (None, None, None, None);
    let mut files_only = false;
    while let Some(arg) = args.next() {
        let option = arg.to_str().filter(|text| !files_only && text.len() > 1 && text.starts_with('-'));
        match option {
            Some("-h" | "--help") => return Ok(Order::Help),
            Some("-V" | "--version") => return Ok(Order::Version),
            Some("--") => files_only = true,
            Some("-q" | "--quiet") => once(&mut output, Output::Quiet, "-q or --json")?,
            Some("--json") => once(&mut output, Output::Json, "-q or --json")?,
            Some("--policy") => once(&mut policy, value(&mut args, "--policy")?, "--policy")?,
            Some("--export") => once(&mut export, value(&mut args, "--export")?, "--export")?,
            Some(other) => return Err(format!("{other}: no such option, see --help")),
            None => once(&mut bundle, PathBuf::from(arg), "BUNDLE")?,
        }
    }
    let bundle = bundle.ok_or("a BUNDLE is needed, see --help")?;
    Ok(Order::Check(Args { bundle, policy, export, output: output.unwrap_or(Output::Text) }))
}

fn once<T>(place: &mut Option<T>, value: T, what: &str) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{what} was given twice")),
    }
}

fn value(args: &mut impl Iterator<Item = OsString>, option: &str) -> Result<PathBuf, String> {
    args.next().map(PathBuf::from).ok_or_else(|| format!("{option} needs a path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &str, expected: Option<(&str, Option<&str>, Option<&str>, Output)>) {
        let parsed = parse(args.split_whitespace().map(OsString::from));
        let expected = expected.map(|(bundle, policy, export, output)| {
            let path = |text: &str| PathBuf::from(text);
            Order::Check(Args { bundle: path(bundle), policy: policy.map(path), export: export.map(path), output })
        });
        assert_eq!(parsed.ok(), expected, "{args}");
    }

    #[test]
    fn orders() {
        check("b", Some(("b", None, None, Output::Text)));
        check("-q b --policy p", Some(("b", Some("p"), None, Output::Quiet)));
        check("--json --export d b", Some(("b", None, Some("d"), Output::Json)));
        check("--quiet -- -b", Some(("-b", None, None, Output::Quiet)));
        check("-", Some(("-", None, None, Output::Text)));
        for wrong in
            ["", "a b", "--policy", "b --policy", "b -x", "b --quiet --json", "b -q -q", "--policy p --policy p b"]
        {
            check(wrong, None);
        }
        for (args, order) in [("b -h", Order::Help), ("--help", Order::Help), ("-V", Order::Version)] {
            assert_eq!(parse(args.split_whitespace().map(OsString::from)), Ok(order), "{args}");
        }
    }
}
