//! `logkeep demo`: everything once, on a generated day with an attack in it; one bit flipped in a copy, and found.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::args::{Cli, DemoArgs};
use crate::commands::{self, search, verify};
use crate::demo::{self, Story};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::output::narrate::Narrator;
use crate::place::Place;
use crate::size;

/// The day that is generated: the first of those that a provider lost.
const DATE: (i32, u32, u32) = (2024, 9, 2);
/// Says that a directory was made by the demo and may be replaced by it.
const MARKER: &str = ".made-by-logkeep-demo";
const MARKER_TEXT: &str = "`logkeep demo` made this directory, and replaces it the next time.\n";

/// A running demo.
struct Demo<'a> {
    dir: &'a Path,
    place: Place,
    narrator: Narrator,
    output: &'a mut Output,
}

/// Runs all steps; each says what it does and checks what came out.
pub(crate) fn run(args: &DemoArgs, place: &Place, output: &mut Output) -> Result<Exit, Failure> {
    claim(&args.dir)?;
    if output.is_quiet() {
        output.mute();
    }
    let place = place.at(&args.dir.join("archive"));
    let mut demo = Demo { dir: &args.dir, place, narrator: Narrator::default(), output };
    let (records, story) = demo.generate(args)?;
    demo.import(records)?;
    demo.search(&story)?;
    demo.verify()?;
    demo.damage(args.keep)?;
    demo.end()
}

/// Makes the directory, or empties it if an earlier demo made it.
fn claim(dir: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::file("make", dir, &error);
    let marker = dir.join(MARKER);
    let theirs = Failure::usage(format!("{} is there already and was not made by the demo", dir.display()));
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) | Err(_) => {}
        Ok(false) if marker.try_exists().map_err(failed)? => fs::remove_dir_all(dir).map_err(failed)?,
        Ok(false) => return Err(theirs.hint("name another with --dir DIR; it is left as it is")),
    }
    fs::create_dir_all(dir).and_then(|()| fs::write(&marker, MARKER_TEXT)).map_err(failed)
}

impl Demo<'_> {
    fn generate(&mut self, args: &DemoArgs) -> Result<(u64, Story), Failure> {
        self.narrator.step(self.output, "A day of logs")?;
        let day = demo::day(args.seed, DATE, args.scale.clamp(0.0, 1000.0));
        let input = self.dir.join("input");
        fs::create_dir_all(&input).map_err(|error| Failure::file("make", &input, &error))?;
        let (mut records, mut bytes) = (0, 0);
        for file in &day.files {
            let path = input.join(&file.name);
            fs::write(&path, &file.bytes).map_err(|error| Failure::file("write", &path, &error))?;
            records += file.records as u64;
            bytes += file.bytes.len() as u64;
        }
        let files = size::counted(day.files.len() as u64, "file");
        let text = format!(
            "Generated {files} in {} with {} ({}) of a made-up company:",
            input.display(),
            size::counted(records, "record"),
            size::human(bytes)
        );
        self.why(&text)?;
        self.why("Entra sign-ins and audits, Microsoft 365 audit, Sentinel tables, Defender for Cloud alerts,")?;
        self.why(
            "as Graph pages, event hub messages, audit blobs and exported lines. Somewhere in there is an attack.",
        )?;
        Ok((records, day.story))
    }

    fn import(&mut self, expected: u64) -> Result<(), Failure> {
        self.narrator.step(self.output, "Archive them")?;
        self.why("Every record is kept byte for byte, and is on the disk when the command says so.")?;
        self.narrator.command(self.output, &format!("export LOGKEEP_ARCHIVE={}", self.place.path().display()))?;
        let input = self.dir.join("input").display().to_string();
        self.command(&["import", &input])?;
        self.command(&["streams"])?;
        let streams = self.place.read()?.streams().map_err(|error| crate::place::failure(&error))?;
        let found = streams.iter().filter(|stream| !stream.name.is_own()).map(|stream| stream.records).sum::<u64>();
        let claim = format!("all {} are in the archive, each once", size::counted(expected, "record"));
        self.check(found == expected, &claim)
    }

    fn search(&mut self, story: &Story) -> Result<(), Failure> {
        self.narrator.step(self.output, "Search them")?;
        self.guesses(story)?;
        self.output.line("")?;
        self.success(story)?;
        self.output.line("")?;
        self.aftermath(story)
    }

    fn guesses(&mut self, story: &Story) -> Result<(), Failure> {
        let Story { attacker, spray_attempts, sprayed_users, .. } = story;
        self.why("Error 50126 is a wrong password. One address has many of them:")?;
        let filter = format!("errorCode:50126 ipAddress:\"{attacker}\"");
        self.command(&["search", &filter, "--in", "entra/*", "--limit", "3"])?;
        let claim = format!("{spray_attempts} guesses at {sprayed_users} people from one address: a password spray");
        self.expect(&filter, &["entra/*"], *spray_attempts, &claim)
    }

    fn success(&mut self, story: &Story) -> Result<(), Failure> {
        let Story { attacker, victim, success_id, success_at, .. } = story;
        self.why("Was one of the guesses right?")?;
        let filter = format!("errorCode=0 ipAddress:\"{attacker}\"");
        let fields = "createdDateTime,userPrincipalName,appDisplayName";
        self.command(&["search", &filter, "--in", "entra/*", "--fields", fields])?;
        self.expect(&filter, &["entra/*"], 1, &format!("one, for {victim} at {success_at}"))?;
        let same = format!("{filter} id:{success_id}");
        self.expect(&same, &["entra/*"], 1, &format!("it is the sign-in {success_id}"))
    }

    fn aftermath(&mut self, story: &Story) -> Result<(), Failure> {
        let Story { attacker, victim, inbox_rules, attacker_inbox_rules, .. } = story;
        self.why(&format!("{victim} is taken over. What came of it, in whatever product?"))?;
        let rule = format!("Operation=New-InboxRule \"{attacker}\"");
        self.command(&["search", &rule, "--fields", "UserId,ClientIP,Parameters.Value"])?;
        let others = size::counted((inbox_rules - attacker_inbox_rules) as u64, "other rule");
        let claim =
            format!("a rule named {:?} hides mail since {}; {others} are harmless", story.rule_name, story.rule_at);
        self.expect(&rule, &[], *attacker_inbox_rules, &claim)?;
        let everywhere = format!("\"{attacker}\"");
        self.command(&["search", &everywhere, "--count"])?;
        let mentions = story.mentions.iter().map(|(_, count)| count).sum();
        let products: Vec<_> = story.mentions.iter().map(|(name, count)| format!("{name} {count}")).collect();
        self.expect(&everywhere, &[], mentions, &format!("records name the address: {}", products.join(", ")))?;
        let alert = format!("name:{} \"{attacker}\"", story.alert_id);
        self.expect(&alert, &["defender/*"], 1, &format!("one of them is the alert {:?}", story.alert_title))
    }

    fn verify(&mut self) -> Result<(), Failure> {
        self.narrator.step(self.output, "Prove that nothing was lost or changed")?;
        self.why(
            "Every record is a leaf in its stream's Merkle tree. Verify reads everything and computes the roots again.",
        )?;
        let exit = self.command(&["verify"])?;
        self.check(exit == Exit::Success, "the archive is what was acknowledged, record for record")
    }

    fn damage(&mut self, keep: bool) -> Result<(), Failure> {
        self.narrator.step(self.output, "Flip one bit in a copy, and find it")?;
        let copy = self.dir.join("damaged");
        copy_all(self.place.path(), &copy)?;
        let (file, offset) = flip_one_bit(&copy)?;
        self.why(&format!("Copied the archive to {}, and flipped one bit of byte {offset} in", copy.display()))?;
        self.why(&format!("{}.", file.display()))?;
        let damaged = self.place.at(&copy);
        self.narrator.command(self.output, &format!("logkeep verify --archive {}", copy.display()))?;
        let report = verify::report(&damaged, self.output)?;
        crate::verification::page::print(&report, self.output)?;
        let found = report.verdict() == crate::verification::Verdict::Failed;
        self.check(found, "one bit in all these bytes, and verify says where (exit code 1)")?;
        if keep {
            return self.why(&format!("The damaged copy is kept in {}.", copy.display()));
        }
        fs::remove_dir_all(&copy).map_err(|error| Failure::file("remove", &copy, &error))
    }

    fn end(&mut self) -> Result<Exit, Failure> {
        self.output.line("")?;
        for claim in self.narrator.wrong().to_vec() {
            self.output.warn(&format!("this did not come out right: {claim}"));
        }
        if !self.narrator.wrong().is_empty() {
            return Ok(Exit::Nothing);
        }
        let archive = self.place.path().display();
        let lines = [
            "Every step gave what it must. What to try next:".to_owned(),
            format!("   export LOGKEEP_ARCHIVE={archive}"),
            "   logkeep search 'New-InboxRule or \"Add member to role\"' --in 'purview/*' --in 'entra/*'".to_owned(),
            "   logkeep show entra/signin@0".to_owned(),
            "   logkeep import YOUR-OWN-FILES/    (a second time, nothing is stored twice)".to_owned(),
            "   logkeep --help".to_owned(),
        ];
        lines.iter().try_for_each(|line| self.output.line(line))?;
        Ok(Exit::Success)
    }

    /// Shows a command as the user would type it, and runs just that on the demo's archive.
    fn command(&mut self, words: &[&str]) -> Result<Exit, Failure> {
        let typed: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        self.narrator.command(self.output, &format!("logkeep {}", typed.join(" ")))?;
        // People read the demo, also where it is written into a file.
        let table: &[&str] =
            if words.first() == Some(&"search") && !words.contains(&"--count") { &["-o", "table"] } else { &[] };
        let words = std::iter::once(&"logkeep").chain(words).chain(table);
        let cli = Cli::try_parse_from(words).map_err(|error| Failure::error(error.to_string()))?;
        commands::run_at(cli.command, &self.place, self.output)
    }

    fn expect(&mut self, filter: &str, streams: &[&str], expected: usize, claim: &str) -> Result<(), Failure> {
        let found = search::count_all(&self.place, filter, streams)?;
        self.check(found == expected as u64, claim)
    }

    fn check(&mut self, right: bool, claim: &str) -> Result<(), Failure> {
        self.narrator.check(self.output, right, claim)
    }

    fn why(&mut self, text: &str) -> Result<(), Failure> {
        self.narrator.why(self.output, text)
    }
}

/// A word as it is typed into a shell.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-,=@".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|error| Failure::file("make", to, &error))?;
    let entries = fs::read_dir(from).map_err(|error| Failure::file("read", from, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file("read", from, &error))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| Failure::file("read", &path, &error))?;
        if kind.is_dir() {
            copy_all(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|error| Failure::file("copy", &path, &error))?;
        }
    }
    Ok(())
}

/// Flips the lowest bit in the middle of the largest file that holds records. Says which, and where.
fn flip_one_bit(archive: &Path) -> Result<(PathBuf, u64), Failure> {
    let file = largest_data_file(&archive.join("db"))?;
    let failed = |error| Failure::file("change", &file, &error);
    let mut bytes = fs::read(&file).map_err(failed)?;
    let offset = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(offset) {
        *byte ^= 1;
    }
    fs::write(&file, &bytes).map_err(failed)?;
    Ok((file.clone(), offset as u64))
}

fn largest_data_file(database: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::file("read", database, &error);
    let mut largest: Option<(bool, u64, PathBuf)> = None;
    for entry in fs::read_dir(database).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        // Sealed files first: the log of writes holds records too, but is checked as a whole.
        let (holds, sealed) = (["sst", "blob", "log"].contains(&ending), ending != "log");
        let bytes = entry.metadata().map_err(failed)?.len();
        if holds && largest.as_ref().is_none_or(|(s, b, _)| (sealed, bytes) > (*s, *b)) {
            largest = Some((sealed, bytes, path));
        }
    }
    let none = || Failure::error(format!("{} has no file with records", database.display()));
    largest.map(|(_, _, path)| path).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("entra/signin"), "entra/signin");
        assert_eq!(quoted("entra/*"), "'entra/*'");
        assert_eq!(quoted("a \"b\""), "'a \"b\"'");
    }

    #[test]
    fn only_a_demo_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        claim(&ours).unwrap();
        fs::write(ours.join("x"), "x").unwrap();
        claim(&ours).unwrap();
        assert!(!ours.join("x").try_exists().unwrap());
        fs::create_dir(&theirs).unwrap();
        fs::write(theirs.join("x"), "x").unwrap();
        assert!(claim(&theirs).is_err());
        assert!(theirs.join("x").try_exists().unwrap());
    }
}
