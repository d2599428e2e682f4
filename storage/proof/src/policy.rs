//! Trust policies: whose signatures make a checkpoint believed (C2SP tlog-policy, draft).

use std::collections::HashMap;

use crate::checkpoint::Checkpoint;
use crate::decimal;
use crate::error::Error;
use crate::key::{KeyKind, VerifierKey};
use crate::note::{Note, Verified};

/// The most bytes of a policy that are read.
const POLICY_BYTES_MAX: usize = 1 << 20;
/// The quorum of nobody.
const NONE: &[u8] = b"none";

/// What an auditor is handed once and keeps: the logs, the witnesses and how many of them it takes.
///
/// ```text
/// log archive.example/contoso/entra-signin+ef3859de+Aawn…
/// witness replica replica.example/w1+a9d40275+BPq4…
/// witness w2 <vkey> https://witness.example/
/// group any2 2 replica w2
/// quorum any2
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    logs: Vec<Party>,
    witnesses: Vec<Party>,
    rules: Vec<Rule>,
    /// Place in `rules`; `None` asks for no witness.
    quorum: Option<usize>,
    /// As it was named.
    quorum_name: String,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// `Form` with the line that is wrong, `Range` if it is too long.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(Error::range("policy bytes", text.len() as u64, format!("at most {POLICY_BYTES_MAX}")));
        }
        if text.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n')) {
            return Err(Error::form("policy", "no control characters but tab and newline", text));
        }
        // A policy that was cut off could ask for less, so the last newline is demanded.
        let lines =
            text.strip_suffix(b"\n").ok_or_else(|| Error::form("policy", "a newline after the last line", text))?;
        let mut reader = Reader::default();
        lines.split(|byte| *byte == b'\n').try_for_each(|line| reader.line(line))?;
        reader.policy()
    }

    /// Checks that the note is a checkpoint, signed by one of the logs under its own name and
    /// cosigned by the quorum. Signatures by others are ignored; one that fails, by a log or
    /// witness of this policy, refuses the whole. While a log changes its key it has two lines in
    /// the policy, and either key is enough.
    ///
    /// # Errors
    /// `Form` if it is no checkpoint, `Signature` or `Unmet` if it is not to be believed.
    pub fn check(&self, note: &Note) -> Result<Accepted, Error> {
        let Signed { checkpoint, keys, cosigned, quorum } = self.signed(note)?;
        quorum.map(|()| Accepted { checkpoint, keys, cosigned })
    }

    /// As [`Policy::check`], but a missing quorum is told and not refused: for whoever can find it
    /// in another way, as a checkpoint that is repeated in a log with a quorum.
    ///
    /// # Errors
    /// As [`Policy::check`], but for the quorum.
    pub fn signed(&self, note: &Note) -> Result<Signed, Error> {
        let checkpoint: Checkpoint = note.text().parse()?;
        let keys: Vec<&VerifierKey> = self.logs.iter().chain(&self.witnesses).map(|party| &party.key).collect();
        let verified = note.verify(&keys)?;
        let by_log = |found: &&Verified<'_>| found.time_s.is_none() && found.key.name() == checkpoint.origin();
        let keys: Vec<VerifierKey> = verified.iter().filter(by_log).map(|found| found.key.clone()).collect();
        if keys.is_empty() {
            let expected = format!("a signature of the log {}", checkpoint.origin());
            return Err(Error::Unmet { expected, got: "none by a log of that name in the policy".to_owned() });
        }
        let cosigned: Vec<Cosigned> = verified.iter().filter_map(Cosigned::of).collect();
        let quorum = self.quorum_is_met(&verified, cosigned.len());
        Ok(Signed { checkpoint, keys, cosigned, quorum })
    }

    /// The name of the quorum, `none` if no witness is asked for.
    #[must_use]
    pub fn quorum(&self) -> &str {
        &self.quorum_name
    }

    /// The logs, in their order.
    #[must_use]
    pub fn logs(&self) -> &[Party] {
        &self.logs
    }

    /// Whether there is a key for the log of this origin.
    #[must_use]
    pub fn knows_log(&self, origin: &str) -> bool {
        self.logs.iter().any(|log| log.key.name() == origin)
    }

    /// The witnesses, in their order.
    #[must_use]
    pub fn witnesses(&self) -> &[Party] {
        &self.witnesses
    }

    fn quorum_is_met(&self, verified: &[Verified<'_>], cosignatures: usize) -> Result<(), Error> {
        let Some(quorum) = self.quorum else { return Ok(()) };
        // Rules name only rules before them, so one pass decides all.
        let mut met = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let holds = match rule {
                Rule::Witness(key) => verified.iter().any(|found| found.key == key),
                Rule::Group { threshold, members } => {
                    members.iter().filter(|member| met.get(**member) == Some(&true)).count() >= *threshold
                }
            };
            met.push(holds);
        }
        if met.get(quorum) == Some(&true) {
            return Ok(());
        }
        let expected = format!("quorum {}", self.quorum_name);
        Err(Error::Unmet { expected, got: format!("{cosignatures} cosignatures that do not make it") })
    }
}

/// A log or a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its key; a log's has the log's origin as its name.
    pub key: VerifierKey,
    /// Where it is reached, if the policy says so.
    pub url: Option<String>,
}

/// A checkpoint that the policy believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The log's keys that signed it, in the order of the signatures.
    pub keys: Vec<VerifierKey>,
    /// The cosignatures by witnesses of the policy, in their order.
    pub cosigned: Vec<Cosigned>,
}

/// A checkpoint that a log of the policy signed. **Not to be believed before the quorum is met.**
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The log's keys that signed it, in the order of the signatures.
    pub keys: Vec<VerifierKey>,
    /// The cosignatures by witnesses of the policy, in their order.
    pub cosigned: Vec<Cosigned>,
    /// Whether they make the quorum; `Unmet` if not.
    pub quorum: Result<(), Error>,
}

/// That a witness saw the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The name of the witness's key.
    pub witness: String,
    /// When, in seconds since 1970, by the witness's clock.
    pub time_s: u64,
}

impl Cosigned {
    fn of(found: &Verified<'_>) -> Option<Self> {
        Some(Self { witness: found.key.name().to_owned(), time_s: found.time_s? })
    }
}

/// What a name of the policy stands for. Members are places of earlier rules.
#[derive(Debug, Clone)]
enum Rule {
    Witness(VerifierKey),
    Group { threshold: usize, members: Vec<usize> },
}

/// A policy as far as it was read. Names are bytes: the format knows no encoding.
#[derive(Default)]
struct Reader {
    logs: Vec<Party>,
    witnesses: Vec<Party>,
    rules: Vec<Rule>,
    places: HashMap<Vec<u8>, usize>,
    /// Whether the rule is a member of a group already.
    taken: Vec<bool>,
    quorum: Option<(Option<usize>, String)>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        let items = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty());
        let items: Vec<&[u8]> = items.collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key, url @ ..] => self.log(party(line, KeyKind::Note, key, url)?, line),
            [b"witness", name, key, url @ ..] => self.witness(name, party(line, KeyKind::Cosigner, key, url)?, line),
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members, line),
            [b"quorum", name] => self.quorum(name, line),
            _ => Err(refused("log, witness, group or quorum with its items", line)),
        }
    }

    fn log(&mut self, party: Party, line: &[u8]) -> Result<(), Error> {
        add(&mut self.logs, party, line)
    }

    fn witness(&mut self, name: &[u8], party: Party, line: &[u8]) -> Result<(), Error> {
        let key = party.key.clone();
        add(&mut self.witnesses, party, line)?;
        self.define(name, Rule::Witness(key), line)
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]], line: &[u8]) -> Result<(), Error> {
        let threshold = match threshold {
            b"any" => 1,
            b"all" => members.len(),
            number => usize::try_from(decimal::parse("policy threshold", number)?).unwrap_or(usize::MAX),
        };
        if threshold == 0 || threshold > members.len() {
            return Err(refused("a threshold of 1 to the number of members", line));
        }
        let members = members.iter().map(|member| self.take(member, line)).collect::<Result<_, _>>()?;
        self.define(name, Rule::Group { threshold, members }, line)
    }

    /// Each name may be a member once in the whole policy, so that nobody counts twice.
    fn take(&mut self, member: &[u8], line: &[u8]) -> Result<usize, Error> {
        let place = self.place(member, line)?;
        match self.taken.get_mut(place) {
            Some(taken) if !*taken => *taken = true,
            _ => return Err(refused("members that are in no group yet", line)),
        }
        Ok(place)
    }

    fn quorum(&mut self, name: &[u8], line: &[u8]) -> Result<(), Error> {
        let place = if name == NONE { None } else { Some(self.place(name, line)?) };
        match self.quorum.replace((place, String::from_utf8_lossy(name).into_owned())) {
            None => Ok(()),
            Some(_) => Err(refused("one quorum line", line)),
        }
    }

    fn define(&mut self, name: &[u8], rule: Rule, line: &[u8]) -> Result<(), Error> {
        if name == NONE || self.places.insert(name.to_vec(), self.rules.len()).is_some() {
            return Err(refused("a name that is not defined yet", line));
        }
        self.rules.push(rule);
        self.taken.push(false);
        Ok(())
    }

    fn place(&self, name: &[u8], line: &[u8]) -> Result<usize, Error> {
        self.places.get(name).copied().ok_or_else(|| refused("names that are defined on lines before", line))
    }

    fn policy(self) -> Result<Policy, Error> {
        let (quorum, quorum_name) = self.quorum.ok_or_else(|| refused("a quorum line", b""))?;
        Ok(Policy { logs: self.logs, witnesses: self.witnesses, rules: self.rules, quorum, quorum_name })
    }
}

fn party(line: &[u8], kind: KeyKind, key: &[u8], url: &[&[u8]]) -> Result<Party, Error> {
    let key: VerifierKey = str::from_utf8(key).map_err(|_| refused("a key in UTF-8", line))?.parse()?;
    if key.kind() != kind {
        return Err(refused("a log's key of type 01, a witness's of type 04", line));
    }
    let url = match url {
        [] => None,
        [url] => Some(str::from_utf8(url).map_err(|_| refused("a URL in UTF-8", line))?.to_owned()),
        _ => return Err(refused("at most one URL after the key", line)),
    };
    Ok(Party { key, url })
}

/// The same public key under two names would count twice.
fn add(parties: &mut Vec<Party>, party: Party, line: &[u8]) -> Result<(), Error> {
    if parties.iter().any(|other| other.key.public() == party.key.public()) {
        return Err(refused("a key that is not listed yet", line));
    }
    parties.push(party);
    Ok(())
}

fn refused(expected: &'static str, line: &[u8]) -> Error {
    Error::form("policy line", expected, line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cosignature::Cosigner;
    use crate::note::NoteSigner;

    const ORIGIN: &str = "log.example/one";

    fn log() -> NoteSigner {
        NoteSigner::new(ORIGIN, &[100; 32]).unwrap()
    }

    fn witness(number: u8) -> Cosigner {
        Cosigner::new(&format!("w{number}.example"), &[number; 32]).unwrap()
    }

    /// One log, six witnesses w1 to w6, then these lines.
    fn policy(lines: &str) -> Result<Policy, Error> {
        let witnesses: String = (1..=6).map(|n| format!("witness w{n} {}\n", witness(n).verifier())).collect();
        Policy::parse(format!("log {}\n{witnesses}{lines}", log().verifier()).as_bytes())
    }

    fn checkpoint(cosigners: &[u8]) -> Note {
        let text = Checkpoint::new(ORIGIN, 5, [7; 32]).unwrap().to_string();
        let mut note = Note::new(text).unwrap();
        note.sign(&log()).unwrap();
        cosigners.iter().for_each(|number| note.cosign(&witness(*number), 60).unwrap());
        note
    }

    fn check(lines: &str, cosigners: &[u8], expected: bool) {
        let answer = policy(lines).unwrap().check(&checkpoint(cosigners));
        assert_eq!(answer.is_ok(), expected, "{lines} {cosigners:?} {answer:?}");
    }

    #[test]
    fn quorums() {
        check("quorum none\n", &[], true);
        check("quorum w1\n", &[1], true);
        check("quorum w1\n", &[2, 3, 7], false);
        check("group g any w1 w2\nquorum g\n", &[2], true);
        check("group g any w1 w2\nquorum g\n", &[3], false);
        check("group g all w1 w2\nquorum g\n", &[1], false);
        check("group g all w1 w2\nquorum g\n", &[2, 1], true);
        check("group g 2 w1 w2 w3\nquorum g\n", &[3, 1], true);
        check("group g 2 w1 w2 w3\nquorum g\n", &[3, 3], false);
        // The example of the specification: two of one organisation and one of the other.
        let nested = "group x 2 w1 w2 w3\ngroup y any w4 w5 w6\ngroup both all x y\nquorum both\n";
        check(nested, &[1, 3, 5], true);
        check(nested, &[1, 2, 3], false);
        check(nested, &[1, 4, 5, 6], false);
    }

    #[test]
    fn what_was_accepted_is_told() {
        let accepted = policy("group g any w1 w2\nquorum g\n").unwrap().check(&checkpoint(&[9, 2])).unwrap();
        assert_eq!((accepted.checkpoint.size(), accepted.checkpoint.root()), (5, &[7; 32]));
        assert_eq!(accepted.cosigned, [Cosigned { witness: "w2.example".to_owned(), time_s: 60 }]);
    }

    #[test]
    fn either_key_is_enough_while_a_log_changes_its_key() {
        let new = NoteSigner::new(ORIGIN, &[101; 32]).unwrap();
        let mut both = checkpoint(&[]);
        both.sign(&new).unwrap();
        let key_of = |signer: &NoteSigner| signer.verifier().clone();
        let keys = |signers: &[&NoteSigner], note: &Note| {
            let logs: String = signers.iter().map(|signer| format!("log {}\n", signer.verifier())).collect();
            let policy = Policy::parse(format!("{logs}quorum none\n").as_bytes()).unwrap();
            policy.check(note).map(|accepted| accepted.keys)
        };
        let old = log();
        assert_eq!(keys(&[&old], &both), Ok(vec![key_of(&old)]));
        assert_eq!(keys(&[&new], &both), Ok(vec![key_of(&new)]));
        assert_eq!(keys(&[&new, &old], &both), Ok(vec![key_of(&old), key_of(&new)]));
        assert_eq!(keys(&[&new, &old], &checkpoint(&[])), Ok(vec![key_of(&old)]));
        assert!(matches!(keys(&[&new], &checkpoint(&[])), Err(Error::Unmet { .. })));
        // A known key that has signed something else refuses the whole, whatever the other says.
        let mut elsewhere = Note::new("something else\n".to_owned()).unwrap();
        elsewhere.sign(&new).unwrap();
        let mut one_wrong = checkpoint(&[]);
        one_wrong.add(elsewhere.signatures()[0].clone()).unwrap();
        assert!(matches!(keys(&[&new, &old], &one_wrong), Err(Error::Signature { .. })));
        assert_eq!(keys(&[&old], &one_wrong), Ok(vec![key_of(&old)]));
    }

    #[test]
    fn the_longest_policy_is_read_and_no_longer_one() {
        let of_bytes = |bytes: usize| {
            let comment = "#".repeat(bytes - "quorum none\n\n".len());
            Policy::parse(format!("quorum none\n{comment}\n").as_bytes()).map(|_| ())
        };
        assert_eq!(of_bytes(POLICY_BYTES_MAX), Ok(()));
        for bytes in [POLICY_BYTES_MAX + 1, POLICY_BYTES_MAX + 2] {
            assert!(matches!(of_bytes(bytes), Err(Error::Range { what: "policy bytes", .. })), "{bytes}");
        }
    }

    #[test]
    fn known_logs_are_those_with_a_line() {
        let policy = policy("quorum none\n").unwrap();
        assert!(policy.knows_log(ORIGIN));
        assert!(!policy.knows_log("log.example/two") && !policy.knows_log("w1.example"));
    }

    #[test]
    fn a_missing_quorum_is_told() {
        let policy = policy("group g 2 w1 w2 w3\nquorum g\n").unwrap();
        assert_eq!(policy.quorum(), "g");
        let signed = policy.signed(&checkpoint(&[2, 9])).unwrap();
        assert_eq!(signed.cosigned, [Cosigned { witness: "w2.example".to_owned(), time_s: 60 }]);
        assert!(matches!(&signed.quorum, Err(Error::Unmet { expected, .. }) if expected == "quorum g"));
        assert_eq!(policy.signed(&checkpoint(&[1, 3])).unwrap().quorum, Ok(()));
    }

    #[test]
    fn the_log_must_sign_under_its_own_name() {
        let text = Checkpoint::new("log.example/two", 5, [7; 32]).unwrap().to_string();
        let mut note = Note::new(text).unwrap();
        note.sign(&log()).unwrap();
        assert!(matches!(policy("quorum none\n").unwrap().check(&note), Err(Error::Unmet { .. })));
        let mut unsigned = Note::new(checkpoint(&[]).text().to_owned()).unwrap();
        unsigned.cosign(&witness(1), 60).unwrap();
        assert!(matches!(policy("quorum w1\n").unwrap().check(&unsigned), Err(Error::Unmet { .. })));
    }

    #[test]
    fn a_witness_that_fails_refuses_even_without_quorum() {
        let mut note = checkpoint(&[]);
        let other = Checkpoint::new(ORIGIN, 6, [7; 32]).unwrap();
        note.add(witness(1).cosign(&other, 60).unwrap()).unwrap();
        assert!(matches!(policy("quorum none\n").unwrap().check(&note), Err(Error::Signature { .. })));
    }

    #[test]
    fn comments_spaces_urls_and_any_bytes_in_names() {
        let (log, witness_1) = (log().verifier().to_string(), witness(1).verifier().to_string());
        let text = [
            b"# who is trusted \xff\n\n \t# indented\n\tlog  ".as_slice(),
            log.as_bytes(),
            b" https://log.example/\n witness \xc3\x28 ",
            witness_1.as_bytes(),
            b"\thttps://w1.example/ \nquorum \xc3\x28\n",
        ];
        let policy = Policy::parse(&text.concat()).unwrap();
        assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
        assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w1.example/"));
        assert!(policy.check(&checkpoint(&[1])).is_ok());
        assert!(policy.check(&checkpoint(&[2])).is_err());
    }

    #[test]
    fn forty_of_each_are_read() {
        let mut text = String::new();
        for number in 1..=40 {
            let log = NoteSigner::new(&format!("log{number}.example"), &[number; 32]).unwrap();
            text += &format!("log {}\nwitness w{number} {}\n", log.verifier(), witness(number).verifier());
            text += &format!("group g{number} any w{number}\n");
        }
        let policy = Policy::parse(format!("{text}quorum g40\n").as_bytes()).unwrap();
        assert_eq!((policy.logs().len(), policy.witnesses().len()), (40, 40));
    }

    #[test]
    fn wrong_policies_are_refused() {
        let again = |party: &str| format!("{party}\nquorum none\n");
        let refused = [
            String::new(),
            "quorum none".to_owned(),
            "quorum none\nquorum none\n".to_owned(),
            "quorum none\r\n".to_owned(),
            "quorum w9\n".to_owned(),
            "quorum\n".to_owned(),
            "quorum w1 w2\n".to_owned(),
            "quorum g\ngroup g any w1\n".to_owned(),
            "group g 0 w1\nquorum g\n".to_owned(),
            "group g 2 w1\nquorum g\n".to_owned(),
            "group g 01 w1\nquorum g\n".to_owned(),
            "group g -1 w1\nquorum g\n".to_owned(),
            "group g some w1\nquorum g\n".to_owned(),
            "group g any\nquorum g\n".to_owned(),
            "group g all\nquorum g\n".to_owned(),
            "group g any w9\nquorum g\n".to_owned(),
            "group g any none\nquorum g\n".to_owned(),
            "group g any g\nquorum g\n".to_owned(),
            "group g 2 w1 w1\nquorum g\n".to_owned(),
            "group g any w1\ngroup h any w1\nquorum g\n".to_owned(),
            "group w1 any w2\nquorum w1\n".to_owned(),
            "group none any w2\nquorum none\n".to_owned(),
            "Quorum none\n".to_owned(),
            again("log"),
            again(&format!("log {}", log().verifier())),
            again(&format!("log {}", witness(8).verifier())),
            again(&format!("log {} https://a https://b", NoteSigner::new("l", &[8; 32]).unwrap().verifier())),
            again(&format!("witness w8 {}", witness(1).verifier())),
            again(&format!("witness w1 {}", witness(8).verifier())),
            again(&format!("witness none {}", witness(8).verifier())),
            again(&format!("witness w8 {}", NoteSigner::new("l", &[8; 32]).unwrap().verifier())),
            again(&format!("witness w8 {}", Cosigner::new("another.name", &[1; 32]).unwrap().verifier())),
        ];
        for lines in refused {
            assert!(policy(&lines).is_err(), "{lines}");
        }
        assert!(Policy::parse(&vec![b'\n'; POLICY_BYTES_MAX + 1]).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(lines in "((group|quorum|log|witness|#) [a-z0-9 \t]{0,12}\n){0,6}|[ -~\n\t]{0,60}\n") {
            if let Ok(policy) = policy(&lines) {
                let _ = policy.check(&checkpoint(&[1, 2, 3]));
            }
        }

        #[test]
        fn more_cosignatures_never_unmeet_a_quorum(threshold in 1..=6_usize, cosigners in prop::collection::vec(1..=6_u8, 0..6)) {
            let policy = policy(&format!("group g {threshold} w1 w2 w3 w4 w5 w6\nquorum g\n")).unwrap();
            let distinct: std::collections::HashSet<_> = cosigners.iter().collect();
            prop_assert_eq!(policy.check(&checkpoint(&cosigners)).is_ok(), distinct.len() >= threshold);
        }
    }
}
