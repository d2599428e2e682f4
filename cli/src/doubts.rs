//! What makes every answer of an archive doubtful: acknowledged records that are missing, or a ledger that cannot tell.

use logkeep_storage::Archive;

use crate::output::Output;

/// What to do about damage of any kind.
pub(crate) const VERIFY: &str = "`logkeep verify` lists all damage and says what to do";

/// Says it on standard error; whether there was something to say. The answer is not complete then: exit code 3.
pub(crate) fn tell(archive: &Archive, output: &mut Output) -> bool {
    let (lost, damage) = (archive.lost(), archive.ledger_damage());
    for lost in &lost {
        output.warn(&format!("acknowledged records are missing: {lost}"));
    }
    for damage in &damage {
        output.warn(&format!("records may be missing, the ledger of what was acknowledged does not tell: {damage}"));
    }
    let any = !lost.is_empty() || !damage.is_empty();
    if any {
        output.hint(VERIFY);
    }
    any
}
