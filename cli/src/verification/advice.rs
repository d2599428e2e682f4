//! What to do about a finding: words that can be followed where the archive is as it is.

use logkeep_storage::{Damage, DamageCode};

use crate::verification::Report;

const REPAIR: &str = "write nothing more into the stream, and put the newest sound copy of the archive in its place (a \
                      replica: `logkeep restore`; a backup); keep this one as evidence. Without a copy: `logkeep export \
                      --to DIR` saves what is sound. What comes meanwhile can go into another stream (`import --stream \
                      OTHER`)";
const PUT_BACK: &str = "nothing can be read any more: move the archive's directory aside and put a copy in its place (a \
                        replica, a backup); `logkeep verify --archive COPY` says whether that is whole";
const LEDGER: &str = "nothing else is wrong; if the streams end where you expect them to, `logkeep verify --renew-ledger` \
                      writes the ledger anew and keeps the damaged one";
const LEDGER_LATER: &str = "mend the other findings first; then `logkeep verify --renew-ledger` writes the ledger anew";
const LOST: &str = "records that were acknowledged are gone: put the newest copy of the archive in its place (a replica, \
                    a backup), then import the same inputs again, which takes only what is missing";
const OLDER: &str = "this is an older copy, or a part was taken out: find the newest one; keep this one as evidence";
const STRAY: &str = "something else than logkeep wrote into the database: keep a copy of the directory as evidence, and \
                     find out who else writes to it";
const CHECKPOINT: &str = "what was signed is not what is there: hold the archive against what you kept elsewhere \
                          (`logkeep verify --trust FILE`), and take a copy that passes";
const FILE: &str = "take the file named above from a copy of the archive";
const INDEX: &str = "`logkeep index rebuild` makes the index anew; the records are not concerned";
const PROOF: &str =
    "mend the other findings first; if this one stays, keep a copy of the archive and report it as a bug";

/// What the user can do about each finding: the advice, and the numbers of the findings from 1.
pub(crate) fn all(report: &Report) -> Vec<(String, Vec<usize>)> {
    let mut advice: Vec<(String, Vec<usize>)> = Vec::new();
    for (number, damage) in report.checked.damage.iter().enumerate() {
        let text = about(damage, report);
        match advice.iter_mut().find(|(known, _)| *known == text) {
            Some((_, numbers)) => numbers.push(number + 1),
            None => advice.push((text, vec![number + 1])),
        }
    }
    advice
}

/// What to do about one finding.
pub(crate) fn about(damage: &Damage, report: &Report) -> String {
    let text = match damage.code {
        DamageCode::Format => return format(damage, report),
        DamageCode::Mode => return mode(damage),
        DamageCode::Index => INDEX,
        _ if !report.opens => PUT_BACK,
        DamageCode::Tips if report.is_only_the_ledger() => LEDGER,
        DamageCode::Tips => LEDGER_LATER,
        DamageCode::Acknowledged => LOST,
        DamageCode::StreamMissing | DamageCode::Rollback => OLDER,
        DamageCode::Checkpoint => CHECKPOINT,
        DamageCode::File => FILE,
        DamageCode::Stray => STRAY,
        DamageCode::Proof => PROOF,
        _ => REPAIR,
    };
    text.to_owned()
}

/// What to do about things that could not be checked.
pub(crate) fn about_unchecked(report: &Report) -> Vec<String> {
    let any = |text: &str| report.checked.unchecked.iter().any(|what| what.contains(text));
    let mut advice = Vec::new();
    if report.denied {
        advice.push("run it as the archive's owner, with `sudo -u USER logkeep verify` for example".to_owned());
    }
    if any(": no key") || any("signing key") {
        advice.push(
            "put keys/log.key back from your copy (chmod 600), or name the trust file that you kept elsewhere with \
             --trust"
                .to_owned(),
        );
    }
    if any("self-test") {
        advice
            .push("give it a folder with 20 MB of space in TMPDIR; if it still fails, install logkeep anew".to_owned());
    }
    advice
}

/// The whole file is known; who has lost it can write it.
fn format(damage: &Damage, report: &Report) -> String {
    let file = damage.file.as_ref().map_or_else(|| report.archive.clone(), |file| file.display().to_string());
    format!(
        "the file says what kind of archive this is; write it again: printf 'logkeep archive 1\\n' > '{file}', then \
         `logkeep verify` checks everything else"
    )
}

fn mode(damage: &Damage) -> String {
    let file = damage.file.as_ref().map_or_else(|| "the key".into(), |file| file.display().to_string());
    format!(
        "chmod 600 '{file}'; if somebody else may have copied it, what was signed since is as good as his word: hold \
         the archive against what you kept elsewhere (--trust)"
    )
}
