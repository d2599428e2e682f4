//! A witness signs what grew and nothing else; a log understands every answer.

use proptest::prelude::*;

use super::*;
use crate::note::NoteSigner;
use crate::tree::tests::Nodes;

const ORIGIN: &str = "log.example/one";
const NOW_S: u64 = 1_788_390_060;

fn log() -> NoteSigner {
    NoteSigner::new(ORIGIN, &[100; 32]).unwrap()
}

fn cosigner() -> Cosigner {
    Cosigner::new("w.example", &[1; 32]).unwrap()
}

fn witness() -> Witness {
    let other = NoteSigner::new("log.example/two", &[102; 32]).unwrap();
    Witness::new(cosigner(), vec![other.verifier().clone(), log().verifier().clone()])
}

fn checkpoint(size: u64, root: Hash) -> Checkpoint {
    Checkpoint::new(ORIGIN, size, root).unwrap()
}

fn signed(checkpoint: &Checkpoint) -> Note {
    let mut note = Note::new(checkpoint.to_string()).unwrap();
    note.sign(&log()).unwrap();
    note
}

/// A log that asks and a witness that keeps what it answers.
struct Pair {
    tree: Nodes,
    witness: Witness,
    state: Option<String>,
}

impl Pair {
    fn new(size: u64) -> Self {
        Self { tree: Nodes::new(size), witness: witness(), state: None }
    }

    fn latest(&self) -> Option<Checkpoint> {
        self.state.as_ref().map(|state| self.witness.recall(ORIGIN, state.as_bytes()).unwrap())
    }

    fn note(&self, size: u64) -> Note {
        signed(&checkpoint(size, self.tree.root(size)))
    }

    fn proof(&self, old: u64, new: u64) -> Vec<Hash> {
        consistency::prove(old, new, self.tree.source()).unwrap()
    }

    /// Sends the growth from `old` to `new`, and reads the answer.
    fn grow(&mut self, old: u64, new: u64) -> Reply {
        let proof = if old <= new { self.proof(old, new) } else { Vec::new() };
        self.send(old, &proof, &self.note(new))
    }

    fn send(&mut self, old: u64, proof: &[Hash], note: &Note) -> Reply {
        let answer = self.answer(request(old, proof, note).unwrap().as_bytes());
        let reply = Reply::parse(answer.status, answer.body.as_bytes(), note, &[self.witness.verifier()]).unwrap();
        assert_eq!(answer.state.is_some(), matches!(reply, Reply::Cosigned(_)));
        self.state = answer.state.or(self.state.take());
        reply
    }

    fn answer(&self, body: &[u8]) -> Answer {
        match Request::parse(body) {
            Ok(request) => self.witness.answer(&request, self.latest().as_ref(), NOW_S),
            Err(error) => Answer::malformed(&error),
        }
    }
}

#[test]
fn a_log_that_grows_is_cosigned_and_the_state_follows() {
    let mut pair = Pair::new(70);
    let mut before = 0;
    for size in [0, 0, 1, 1, 2, 3, 64, 65, 70, 70] {
        let Reply::Cosigned(signatures) = pair.grow(before, size) else { panic!("{before} to {size}") };
        let mut note = pair.note(size);
        signatures.into_iter().for_each(|signature| note.add(signature).unwrap());
        let verified = note.verify(&[pair.witness.verifier(), log().verifier()]).map(|all| all.len());
        assert_eq!(verified, Ok(2));
        assert_eq!(pair.state, Some(note.to_string()), "log's signature, then our own");
        assert_eq!(pair.latest(), Some(checkpoint(size, pair.tree.root(size))));
        before = size;
    }
}

#[test]
fn an_archive_that_was_set_back_is_found() {
    let mut pair = Pair::new(70);
    assert!(matches!(pair.grow(0, 70), Reply::Cosigned(_)));
    for (old, new) in [(0, 60), (50, 60), (60, 60), (0, 69)] {
        let reply = pair.grow(old, new);
        assert_eq!(reply, Reply::Conflict(70), "{old} to {new}");
        assert!(reply.is_rollback(new));
    }
    // An archive that honestly forgot what it sent last only asks again.
    let reply = pair.grow(0, 70);
    assert_eq!(reply, Reply::Conflict(70));
    assert!(!reply.is_rollback(70) && reply.is_rollback(69));
    assert!(!Reply::Refused(404, String::new()).is_rollback(0));
}

#[test]
fn another_history_is_refused() {
    let mut pair = Pair::new(70);
    let fork = |size: u64| signed(&checkpoint(size, [7; 32]));
    assert!(matches!(pair.grow(0, 40), Reply::Cosigned(_)));
    // The same size with another root, and a larger tree that does not begin with ours.
    let proof = pair.proof(40, 70);
    for (proof, note) in [(vec![], fork(40)), (proof.clone(), fork(70)), (vec![], fork(70)), (vec![], pair.note(70))] {
        assert!(matches!(pair.send(40, &proof, &note), Reply::Fork(_)), "{note}");
    }
    let mut longer = proof.clone();
    longer.push([0; 32]);
    assert!(matches!(pair.send(40, &longer, &pair.note(70)), Reply::Fork(_)));
    assert!(matches!(pair.send(40, &[[0; 32]], &pair.note(40)), Reply::Fork(_)), "a proof of nothing");
    assert_eq!(pair.latest().unwrap().size(), 40);
    assert!(matches!(pair.send(40, &proof, &pair.note(70)), Reply::Cosigned(_)));
}

#[test]
fn the_first_checkpoint_needs_no_proof_and_the_empty_tree_its_root() {
    let mut pair = Pair::new(5);
    assert!(matches!(pair.send(0, &[[0; 32]], &pair.note(5)), Reply::Fork(_)));
    assert!(matches!(pair.send(0, &[], &signed(&checkpoint(0, [7; 32]))), Reply::Fork(_)));
    assert_eq!(pair.state, None);
    assert!(matches!(pair.send(0, &[], &pair.note(5)), Reply::Cosigned(_)));
}

#[test]
fn strangers_and_wrong_keys_get_nothing() {
    let mut pair = Pair::new(5);
    let foreign = |origin: &str, signer: &NoteSigner| {
        let mut note = Note::new(Checkpoint::new(origin, 5, pair.tree.root(5)).unwrap().to_string()).unwrap();
        note.sign(signer).unwrap();
        note
    };
    let thief = NoteSigner::new(ORIGIN, &[9; 32]).unwrap();
    let two = NoteSigner::new("log.example/two", &[102; 32]).unwrap();
    let (unknown, by_thief, by_other_log) =
        (foreign("log.example/three", &log()), foreign(ORIGIN, &thief), foreign(ORIGIN, &two));
    // A known key under a signature of another text.
    let mut wrong = Note::new(pair.note(5).text().to_owned()).unwrap();
    wrong.add(pair.note(4).signatures()[0].clone()).unwrap();
    let mut harmed = pair.note(5);
    harmed.add(pair.note(4).signatures()[0].clone()).unwrap();
    for (note, status) in [(unknown, 404), (by_thief, 403), (by_other_log, 403), (wrong, 403), (harmed, 403)] {
        assert!(matches!(pair.send(0, &[], &note), Reply::Refused(got, _) if got == status), "{status} {note}");
        // Who may not ask is told nothing, not even the size.
        assert!(matches!(pair.send(6, &[], &note), Reply::Refused(got, _) if got == status), "{status} {note}");
    }
    assert_eq!(pair.state, None);
}

#[test]
fn an_old_size_above_the_new_one_is_a_bad_request() {
    let mut pair = Pair::new(9);
    assert!(matches!(pair.grow(0, 5), Reply::Cosigned(_)));
    assert!(matches!(pair.grow(5, 4), Reply::Refused(400, _)));
    assert!(matches!(pair.grow(9, 5), Reply::Refused(400, _)));
    assert_eq!(pair.grow(4, 4), Reply::Conflict(5));
    assert_eq!(pair.answer(request(6, &[], &pair.note(9)).unwrap().as_bytes()).content_type, "text/x.tlog.size");
}

#[test]
fn either_key_of_a_log_that_changes_it_is_enough_and_others_are_not_kept() {
    let new = NoteSigner::new(ORIGIN, &[101; 32]).unwrap();
    let stranger = NoteSigner::new("stranger.example", &[5; 32]).unwrap();
    let logs = vec![log().verifier().clone(), new.verifier().clone()];
    let mut pair = Pair { witness: Witness::new(cosigner(), logs), ..Pair::new(9) };
    let mut both = pair.note(5);
    both.sign(&new).unwrap();
    both.sign(&stranger).unwrap();
    both.cosign(&Cosigner::new("w2.example", &[2; 32]).unwrap(), 7).unwrap();
    assert!(matches!(pair.send(0, &[], &both), Reply::Cosigned(_)));
    let kept = Note::parse(pair.state.as_ref().unwrap().as_bytes()).unwrap();
    let names: Vec<&str> = kept.signatures().iter().map(Signature::name).collect();
    assert_eq!(names, [ORIGIN, ORIGIN, "w.example"]);
    let mut only_new = Note::new(pair.note(9).text().to_owned()).unwrap();
    only_new.sign(&new).unwrap();
    let proof = pair.proof(5, 9);
    assert!(matches!(pair.send(5, &proof, &only_new), Reply::Cosigned(_)));
}

#[test]
fn a_full_note_is_cosigned_and_kept() {
    let pair = Pair::new(5);
    let mut note = pair.note(5);
    (1..100).for_each(|_| note.sign(&log()).unwrap());
    let answer = pair.answer(request(0, &[], &note).unwrap().as_bytes());
    assert_eq!(answer.status, 200);
    let kept = Note::parse(answer.state.unwrap().as_bytes()).unwrap();
    assert_eq!(kept.signatures().len(), KEPT_MAX + 1);
    assert!(witness().recall(ORIGIN, kept.to_string().as_bytes()).is_ok());
}

#[test]
fn a_time_that_cannot_be_signed_is_our_fault() {
    let request = Request::parse(request(0, &[], &Pair::new(5).note(5)).unwrap().as_bytes()).unwrap();
    assert_eq!(request.origin(), ORIGIN);
    let answer = witness().answer(&request, None, u64::MAX);
    assert_eq!((answer.status, answer.state), (500, None));
}

#[test]
fn a_changed_state_is_found() {
    let mut pair = Pair::new(9);
    assert!(matches!(pair.grow(0, 5), Reply::Cosigned(_)));
    let state = pair.state.unwrap();
    let recall = |state: &str| witness().recall(ORIGIN, state.as_bytes());
    assert_eq!(recall(&state).unwrap().size(), 5);
    assert!(matches!(recall(&state.replace("\n5\n", "\n4\n")), Err(Error::Signature { .. })));
    assert!(matches!(recall(&signed(&checkpoint(5, [7; 32])).to_string()), Err(Error::Unmet { .. })));
    assert!(matches!(witness().recall("log.example/two", state.as_bytes()), Err(Error::Origin { .. })));
    assert!(recall("").is_err());
    let mut note = Note::new("no checkpoint\n".to_owned()).unwrap();
    note.sign(&log()).unwrap();
    assert!(recall(&note.to_string()).is_err());
}

#[test]
fn malformed_requests_are_refused() {
    let pair = Pair::new(70);
    let good = request(40, &pair.proof(40, 70), &pair.note(70)).unwrap();
    assert!(Request::parse(good.as_bytes()).is_ok());
    let hash = base64::encode(&[1; 32]);
    let many = |count: usize| good.replace("old 40\n", &format!("old 40\n{}", format!("{hash}\n").repeat(count)));
    let proof = pair.proof(40, 70).len();
    assert!(Request::parse(many(63 - proof).as_bytes()).is_ok());
    let refused = [
        String::new(),
        "old 40\n".to_owned(),
        many(64 - proof),
        many(1000),
        good.replace("old 40", "old 040"),
        good.replace("old 40", "old -1"),
        good.replace("old 40", "old  40"),
        good.replace("old 40", "old"),
        good.replace("old 40", "new 40"),
        good.replace("old 40\n", "old 40\n\n"),
        good.replace("old 40\n", "old 40\nAA==\n"),
        good.replace("old 40\n", ""),
        good.replace('\n', "\r\n"),
        good.replace("\n70\n", "\n070\n"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("\n{good}"),
        "x".repeat(REQUEST_BYTES_MAX + 1),
    ];
    for body in &refused {
        assert!(Request::parse(body.as_bytes()).is_err(), "{body:?}");
        let answer = pair.answer(body.as_bytes());
        assert_eq!((answer.status, answer.state), (400, None));
        assert!(answer.body.ends_with('\n') && answer.content_type.starts_with("text/plain"));
    }
    assert!(Request::parse(b"old 0\n\n\xff\n").is_err());
    assert!(matches!(request(0, &[[0; 32]; 64], &pair.note(1)), Err(Error::Range { .. })));
}

#[test]
fn the_longest_request_is_read_and_no_longer_one() {
    assert_eq!(REQUEST_BYTES_MAX, (1 << 20) + 64 * 45);
    let parse = |bytes: usize| Request::parse("x".repeat(bytes).as_bytes());
    assert!(matches!(parse(REQUEST_BYTES_MAX), Err(Error::Form { .. })));
    let too_long = parse(REQUEST_BYTES_MAX + 1);
    assert!(matches!(too_long, Err(Error::Range { what: "request bytes", .. })), "{too_long:?}");
    assert!(matches!(parse(REQUEST_BYTES_MAX + 2), Err(Error::Range { what: "request bytes", .. })));
}

#[test]
fn answers_are_read_strictly() {
    let (note, witness) = (Pair::new(5).note(5), witness());
    let parse = |status: u16, body: &str| Reply::parse(status, body.as_bytes(), &note, &[witness.verifier()]);
    assert_eq!(parse(409, "17\n"), Ok(Reply::Conflict(17)));
    for body in ["", "17", "017\n", "17\n\n", "-1\n", "the size is 17\n"] {
        assert!(parse(409, body).is_err(), "{body:?}");
    }
    assert_eq!(parse(422, "bad\x1b proof\n"), Ok(Reply::Fork("\"bad\\u{1b} proof\"".to_owned())));
    assert_eq!(parse(503, ""), Ok(Reply::Refused(503, "\"\"".to_owned())));
    let line = |seed: u8, size: u64| {
        let checkpoint = checkpoint(size, Nodes::new(5).root(5));
        format!("{}\n", Cosigner::new("w.example", &[seed; 32]).unwrap().cosign(&checkpoint, 60).unwrap())
    };
    let (good, stranger, wrong) = (line(1, 5), line(2, 5), line(1, 4));
    assert!(matches!(parse(200, &good), Ok(Reply::Cosigned(found)) if found.len() == 1));
    assert!(matches!(parse(200, &(stranger.clone() + &good)), Ok(Reply::Cosigned(found)) if found.len() == 1));
    assert!(matches!(parse(200, &stranger), Err(Error::Unmet { .. })));
    assert!(matches!(parse(200, &wrong), Err(Error::Signature { .. })));
    assert!(matches!(parse(200, &(good.clone() + &wrong)), Err(Error::Signature { .. })));
    for body in ["", "\n", "ok\n", good.trim_end(), &format!("{good}\n")] {
        assert!(parse(200, body).is_err(), "{body:?}");
    }
}

proptest! {
    #[test]
    fn only_growth_from_the_last_size_is_cosigned(
        steps in prop::collection::vec((0..40_u64, 0..40_u64, any::<bool>(), 0..4_u8), 1..25),
    ) {
        let mut pair = Pair::new(40);
        let mut seen: Option<u64> = None;
        for (old, new, honest, harm) in steps {
            // Half of the requests go on from where the witness is.
            let old = if honest { seen.unwrap_or(0) } else { old };
            let mut proof = if old <= new { pair.proof(old, new) } else { Vec::new() };
            let mut note = pair.note(new);
            let harmed = match harm {
                1 => proof.pop().is_some(),
                // The first checkpoint of all is believed: there is nothing to hold it against.
                2 if old > 0 || new == 0 => { note = signed(&checkpoint(new, [7; 32])); true }
                _ => false,
            };
            let reply = pair.send(old, &proof, &note);
            let last = seen.unwrap_or(0);
            if old > new {
                prop_assert!(matches!(reply, Reply::Refused(400, _)));
            } else if old != last {
                prop_assert_eq!(&reply, &Reply::Conflict(last));
                prop_assert_eq!(reply.is_rollback(new), new < last);
            } else if harmed {
                prop_assert!(matches!(reply, Reply::Fork(_)), "{:?}", reply);
            } else {
                prop_assert!(matches!(reply, Reply::Cosigned(_)), "{:?}", reply);
                seen = Some(new);
            }
            prop_assert_eq!(pair.latest().map(|latest| latest.size()), seen);
            prop_assert!(pair.latest().is_none_or(|latest| *latest.root() == pair.tree.root(latest.size())));
        }
    }

    #[test]
    fn requests_come_back(old: u64, proof in prop::collection::vec(any::<Hash>(), 0..=63), size: u64, root: Hash) {
        let note = signed(&checkpoint(size, root));
        let read = Request::parse(request(old, &proof, &note).unwrap().as_bytes()).unwrap();
        prop_assert_eq!(read, Request { old, proof, note, checkpoint: checkpoint(size, root) });
    }

    #[test]
    fn any_bytes_are_refused_not_panicked_at(body in prop::collection::vec(any::<u8>(), 0..200), status: u16) {
        prop_assert!(Request::parse(&body).is_err());
        let _ = Reply::parse(status, &body, &Pair::new(1).note(1), &[witness().verifier()]);
    }

    #[test]
    fn whatever_is_read_is_one_spelling(text in "old [0-9]{1,3}\n([A-Za-z0-9+/]{43}=\n){0,2}\n\\PC{1,9}\n[0-9]{1,3}\n[A-Za-z0-9+/]{43}=\n\n\u{2014} a [A-Za-z0-9+/]{8}\n") {
        if let Ok(read) = Request::parse(text.as_bytes()) {
            prop_assert_eq!(request(read.old, &read.proof, &read.note).unwrap(), text);
        }
    }
}
