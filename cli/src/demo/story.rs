//! The attack of the day, and what a search for it must find.

use std::collections::HashSet;

use crate::demo::defender::Alert;
use crate::demo::moment::Moment;
use crate::demo::people::{People, Person};
use crate::demo::random::Random;
use crate::demo::signin::{SignIn, WRONG_PASSWORD};
use crate::demo::wire::Delivery;

const MINUTE_MS: i64 = 60_000;
/// The guesses last for about an hour and a half around noon.
const FIRST_GUESS_MS: i64 = (11 * 60 + 22) * MINUTE_MS;
const BETWEEN_GUESSES_MS: (i64, i64) = (38_000, 58_000);
const GUESSED_PER_MILLE: u64 = 900;
/// The rule's name: one letter, as real ones have it, so that nobody sees it in a list.
const RULE_NAME: &str = ".";

/// What happened, and how many records of the day tell it. Times are as the provider spells them.
pub(crate) struct Story {
    /// The address of the attacker.
    pub(crate) attacker: String,
    /// The user whose password was guessed.
    pub(crate) victim: String,
    /// Sign-ins from that address that failed with error 50126.
    pub(crate) spray_attempts: usize,
    /// How many different people were tried.
    pub(crate) sprayed_users: usize,
    /// The one sign-in from that address that succeeded: its id, and when.
    pub(crate) success_id: String,
    pub(crate) success_at: String,
    /// The inbox rule that the attacker made, and when.
    pub(crate) rule_name: String,
    pub(crate) rule_at: String,
    /// All `New-InboxRule` records of the day, and those made from the attacker's address.
    pub(crate) inbox_rules: usize,
    pub(crate) attacker_inbox_rules: usize,
    /// The Defender for Cloud alert that names the address.
    pub(crate) alert_id: String,
    pub(crate) alert_title: String,
    /// Records that name the attacker's address: product, count.
    pub(crate) mentions: Vec<(&'static str, usize)>,
}

/// The story before the day is written: who does what, when.
pub(crate) struct Plot<'a> {
    pub(crate) attacker: String,
    pub(crate) victim: &'a Person,
    /// Every wrong guess.
    pub(crate) guesses: Vec<Guess<'a>>,
    pub(crate) success: Moment,
    pub(crate) rule: Moment,
    pub(crate) rule_name: &'static str,
    pub(crate) alert: Moment,
}

/// One wrong password for one person.
pub(crate) struct Guess<'a> {
    pub(crate) at: Moment,
    pub(crate) person: &'a Person,
}

impl Plot<'_> {
    /// The plot of `seed` on the day of `midnight`.
    pub(crate) fn of(seed: u64, midnight: Moment, people: &People) -> Plot<'_> {
        let mut random = Random::of(seed, "story");
        let guesses = guesses(midnight, people, &mut random);
        let victim =
            guesses.get(guesses.len() * 3 / 4).map_or_else(|| people.anyone(&mut random), |guess| guess.person);
        let end = guesses.last().map_or(midnight, |guess| guess.at);
        let after = |minutes: i64| end.plus_ms(minutes * MINUTE_MS);
        Plot {
            // Three digits at the end: no other address of the day continues it or is continued by it.
            attacker: format!("203.0.113.{}", random.between(201, 249)),
            victim,
            success: after(1).jittered(&mut random),
            rule: after(14),
            rule_name: RULE_NAME,
            alert: after(31).jittered(&mut random),
            guesses,
        }
    }
}

impl Plot<'_> {
    /// The story as the day's records tell it; `alerts` ends with the plot's own.
    pub(crate) fn told(
        &self,
        signins: &[SignIn<'_>],
        alerts: &[Alert],
        products: &[(&'static str, Vec<Delivery>)],
    ) -> Story {
        let attacks: Vec<_> = signins.iter().filter(|signin| signin.address == self.attacker).collect();
        let failed: Vec<_> = attacks.iter().filter(|signin| signin.outcome.code == WRONG_PASSWORD).collect();
        let success = attacks.iter().find(|signin| signin.outcome.code == 0);
        let rule = |record: &str| record.contains(r#""Operation":"New-InboxRule""#);
        let attacker_rule = |record: &str| rule(record) && mentions(record, &self.attacker);
        let count = |test: &dyn Fn(&str) -> bool| products.iter().map(|(_, product)| matching(product, test)).sum();
        Story {
            attacker: self.attacker.clone(),
            victim: self.victim.upn.clone(),
            spray_attempts: failed.len(),
            sprayed_users: failed.iter().map(|signin| &signin.person.id).collect::<HashSet<_>>().len(),
            success_id: success.map_or_else(String::new, |signin| signin.id.clone()),
            success_at: self.success.seconds(),
            rule_name: self.rule_name.to_owned(),
            rule_at: self.rule.bare(),
            inbox_rules: count(&rule),
            attacker_inbox_rules: count(&attacker_rule),
            alert_id: alerts.last().map_or_else(String::new, |alert| alert.name.clone()),
            alert_title: alerts.last().map_or("", Alert::title).to_owned(),
            mentions: products
                .iter()
                .map(|(name, product)| (*name, matching(product, &|record| mentions(record, &self.attacker))))
                .collect(),
        }
    }
}

fn matching(product: &[Delivery], test: &dyn Fn(&str) -> bool) -> usize {
    product.iter().flat_map(|delivery| &delivery.records).filter(|record| test(&record.json)).count()
}

fn guesses<'a>(midnight: Moment, people: &'a People, random: &mut Random) -> Vec<Guess<'a>> {
    let mut at = midnight.plus_ms(FIRST_GUESS_MS);
    let mut guesses = Vec::new();
    for person in &people.all {
        if random.chance(GUESSED_PER_MILLE) {
            at = at.plus_ms(random.between(BETWEEN_GUESSES_MS.0, BETWEEN_GUESSES_MS.1)).jittered(random);
            guesses.push(Guess { at, person });
        }
    }
    guesses
}

/// Whether `record` names `address` as a word: not as part of a longer address.
pub(crate) fn mentions(record: &str, address: &str) -> bool {
    let bounded = |at: usize| {
        let before = record.get(..at).and_then(|text| text.chars().next_back());
        let after = record.get(at + address.len()..).and_then(|text| text.chars().next());
        // tidy: no results here
        ![before, after].iter().flatten().any(char::is_ascii_alphanumeric)
    };
    record.match_indices(address).any(|(at, _)| bounded(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plot_of_every_seed_goes_on_in_order() {
        for seed in 0..50 {
            let people = People::of(seed);
            let plot = Plot::of(seed, Moment::midnight((2026, 9, 2)), &people);
            assert!(plot.guesses.len() > 80);
            assert!(plot.guesses.is_sorted_by_key(|guess| guess.at));
            assert!(plot.guesses.last().unwrap().at < plot.success);
            assert!(plot.success < plot.rule && plot.rule < plot.alert);
            assert!(plot.guesses.iter().any(|guess| guess.person.upn == plot.victim.upn));
        }
    }

    #[test]
    fn a_longer_address_is_another() {
        assert!(mentions(r#"{"ip":"203.0.113.214"}"#, "203.0.113.214"));
        assert!(mentions("203.0.113.214:51234", "203.0.113.214"));
        assert!(!mentions("1203.0.113.214", "203.0.113.214"));
        assert!(!mentions("203.0.113.2140", "203.0.113.214"));
    }
}
