//! A generated day of a fictitious company's cloud logs: real shapes, no copied records, one seed one day.
//!
//! `day` gives files of the four products as their wires give them, and the story that they tell:
//! somebody tries one password for everybody, gets in as one user, reads mail and hides the answers.
//! Only standard library, no clock: the caller chooses seed, date and size.

mod audit;
mod company;
mod defender;
mod documents;
mod entra;
mod gzip;
mod json;
mod mailbox;
mod moment;
mod network;
mod people;
mod random;
mod sentinel;
mod service;
mod signin;
mod story;
mod unified;
mod wire;

pub(crate) use story::Story;
pub(crate) use wire::DemoFile;

use entra::Entra;
use moment::Moment;
use people::People;
use random::Random;
use story::Plot;
use wire::Delivery;

/// What one day of scale 1.0 has of each kind, beside the story's own records.
const INTERACTIVE: usize = 1_200;
const SILENT: usize = 1_800;
const SERVICES: usize = 700;
const AUDITS: usize = 400;
const UNIFIED: usize = 4_000;
const DETECTIONS: usize = 60;
const CONNECTIONS: usize = 1_500;
const MESSAGES: usize = 1_200;
const ALERTS: usize = 90;

/// The day: its files in no particular order, and what searches in them must find.
pub(crate) struct Day {
    pub(crate) files: Vec<DemoFile>,
    pub(crate) story: Story,
}

/// The day `date` (year, month, day) of `seed`: about 12,000 records and 27 MB at `scale` 1.0, fewer or more
/// in proportion; the story is whole at every scale. The same arguments give the same bytes.
pub(crate) fn day(seed: u64, date: (i32, u32, u32), scale: f64) -> Day {
    let scaled = |count: usize| ((count as f64 * scale).round() as usize).max(1);
    let midnight = Moment::midnight(date);
    let people = People::of(seed);
    let plot = Plot::of(seed, midnight, &people);
    let [mut entra, mut m365, mut sentinel, mut defender] =
        ["entra", "m365", "sentinel", "defender"].map(|product| Random::of(seed, product));

    let logged = Entra {
        interactive: signin::interactive(scaled(INTERACTIVE), midnight, &people, &plot, &mut entra),
        silent: signin::silent(scaled(SILENT), midnight, &people, &mut entra),
        services: service::services(scaled(SERVICES), midnight, &mut entra),
        audits: audit::audits(scaled(AUDITS), midnight, &people, &plot, &mut entra),
    };
    let alerts = defender::alerts(scaled(ALERTS), midnight, &people, &plot, &mut defender);
    let unified = unified::deliveries(scaled(UNIFIED), midnight, &people, &plot, &logged.interactive, &mut m365);
    let mut tables = sentinel::deliveries(scaled(DETECTIONS), midnight, &people, &plot, &alerts, &mut sentinel);
    tables.extend(network::deliveries([CONNECTIONS, MESSAGES].map(scaled), midnight, &people, &plot, &mut sentinel));
    let products = [
        ("entra", logged.deliveries(midnight, &mut entra)),
        ("m365", unified),
        ("sentinel", tables),
        ("defender", vec![defender::delivery(&alerts)]),
    ];
    let story = plot.told(&logged.interactive, &alerts, &products);
    let deliveries = products.into_iter().flat_map(|(_, deliveries)| deliveries);
    Day { files: deliveries.flat_map(Delivery::files).collect(), story }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    use serde_json::Value;

    use signin::WRONG_PASSWORD;

    const DATE: (i32, u32, u32) = (2026, 9, 2);

    /// The records of a file, whatever its form.
    fn records(file: &DemoFile) -> Vec<Value> {
        let bytes = if file.name.ends_with(".gz") { unpacked(&file.bytes) } else { file.bytes.clone() };
        let values: Vec<Value> =
            serde_json::Deserializer::from_slice(&bytes).into_iter().map(|value| value.unwrap()).collect();
        values.into_iter().flat_map(members).collect()
    }

    /// The stored blocks between a gzip file's header and trailer, without their frames.
    fn unpacked(packed: &[u8]) -> Vec<u8> {
        let mut rest = &packed[10..packed.len() - 8];
        let mut bytes = Vec::new();
        while let [_, low, high, _, _, after @ ..] = rest {
            let (block, next) = after.split_at(usize::from(u16::from_le_bytes([*low, *high])));
            bytes.extend(block);
            rest = next;
        }
        bytes
    }

    fn members(value: Value) -> Vec<Value> {
        match value {
            Value::Array(members) => members,
            Value::Object(ref page) => match page.get("value").or(page.get("records")) {
                Some(Value::Array(members)) => members.clone(),
                _ => vec![value],
            },
            _ => panic!("no record: {value}"),
        }
    }

    fn id(record: &Value) -> String {
        if let Some(changed) = record.get("LastModifiedTime") {
            return format!("{}{changed}", record["IncidentName"]);
        }
        let places =
            [&record["properties"]["id"], &record["id"], &record["Id"], &record["SystemAlertId"], &record["_ItemId"]];
        places.into_iter().find_map(Value::as_str).unwrap().to_owned()
    }

    fn event(record: &Value) -> &str {
        let inner = &record["properties"];
        let places = [
            &inner["createdDateTime"],
            &inner["activityDateTime"],
            &inner["timeGeneratedUtc"],
            &record["createdDateTime"],
            &record["activityDateTime"],
            &record["CreationTime"],
            &record["TimeGenerated"],
        ];
        places.into_iter().find_map(Value::as_str).unwrap()
    }

    fn all(day: &Day, product: &str) -> Vec<Value> {
        day.files.iter().filter(|file| file.name.starts_with(product)).flat_map(records).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let digest =
            |seed| day(seed, DATE, 0.05).files.into_iter().map(|file| (file.name, file.bytes)).collect::<Vec<_>>();
        assert_eq!(digest(7), digest(7));
        assert_ne!(digest(7), digest(8));
    }

    #[test]
    fn size_follows_the_scale() {
        let whole = day(1, DATE, 1.0);
        let records: usize = whole.files.iter().map(|file| file.records).sum();
        let bytes: usize = whole.files.iter().map(|file| file.bytes.len()).sum();
        assert!((11_000..13_500).contains(&records), "{records}");
        assert!((22_000_000..30_000_000).contains(&bytes), "{bytes}");
        let small: usize = day(1, DATE, 0.1).files.iter().map(|file| file.records).sum();
        assert!(small < records / 6, "{small}");
    }

    #[test]
    fn every_record_is_there_and_json_and_its_id_is_its_own() {
        let day = day(2, DATE, 0.5);
        for product in ["entra", "m365", "sentinel", "defender"] {
            let mut ids = HashSet::new();
            for file in day.files.iter().filter(|file| file.name.starts_with(product)) {
                let records = records(file);
                assert_eq!(records.len(), file.records, "{}", file.name);
                assert!(records.iter().all(|record| ids.insert(id(record))), "{}", file.name);
            }
        }
    }

    #[test]
    fn events_are_of_the_day_or_at_most_two_hours_late() {
        let day = day(3, DATE, 0.5);
        let mut late = 0;
        for record in day.files.iter().flat_map(records) {
            let at = event(&record);
            assert!(at.starts_with("2026-09-02T") || ("2026-09-01T21:59".."2026-09-02").contains(&at), "{at}");
            late += usize::from(at < "2026-09-02");
        }
        assert!((5..200).contains(&late), "{late}");
    }

    /// The story is whole in the smallest day and in a larger one.
    fn days() -> [Day; 2] {
        [0.0, 0.3].map(|scale| day(4, DATE, scale))
    }

    fn signins(day: &Day) -> Vec<Value> {
        let properties = |record: Value| match record.get("properties") {
            Some(properties) => properties.clone(),
            None => record,
        };
        all(day, "entra-signins").into_iter().map(properties).collect()
    }

    #[test]
    fn the_spray_is_as_large_as_the_story_says_and_one_guess_is_right() {
        for day in days() {
            let (story, signins) = (&day.story, signins(&day));
            let attacks = signins.iter().filter(|signin| signin["ipAddress"] == story.attacker.as_str());
            let (right, wrong): (Vec<_>, Vec<_>) = attacks.partition(|signin| signin["status"]["errorCode"] == 0);
            assert!(wrong.iter().all(|signin| signin["status"]["errorCode"] == WRONG_PASSWORD));
            assert_eq!(wrong.len(), story.spray_attempts);
            assert_eq!(wrong.iter().map(|signin| &signin["userId"]).collect::<HashSet<_>>().len(), story.sprayed_users);
            assert_eq!(right.len(), 1);
            assert_eq!(right[0]["id"], story.success_id.as_str());
            assert_eq!(right[0]["userPrincipalName"], story.victim.as_str());
            assert_eq!(right[0]["createdDateTime"].as_str().unwrap()[..19], story.success_at[..19]);
        }
    }

    #[test]
    fn the_rule_is_the_victims() {
        for day in days() {
            let (story, audits) = (&day.story, all(&day, "m365"));
            let rules: Vec<_> = audits.iter().filter(|record| record["Operation"] == "New-InboxRule").collect();
            assert_eq!(rules.len(), story.inbox_rules);
            let from_attacker = |rule: &&&Value| rule["ClientIP"].as_str().unwrap().starts_with(&story.attacker);
            let made: Vec<_> = rules.iter().filter(from_attacker).collect();
            assert_eq!(made.len(), story.attacker_inbox_rules);
            for rule in made {
                assert_eq!(rule["UserId"], story.victim.as_str());
                assert_eq!(rule["CreationTime"], story.rule_at.as_str());
                let parameters = rule["Parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|parameter| parameter["Value"] == story.rule_name.as_str()));
            }
        }
    }

    #[test]
    fn every_product_mentions_the_attacker_as_often_as_the_story_says() {
        for day in days() {
            let story = &day.story;
            for (product, count) in &story.mentions {
                let naming = |record: &Value| record.to_string().contains(&story.attacker);
                assert_eq!(all(&day, product).iter().filter(|record| naming(record)).count(), *count, "{product}");
                assert!(*count > 0);
            }
            let alerts = all(&day, "defender");
            let alert = alerts.iter().find(|alert| alert["name"] == story.alert_id.as_str()).unwrap();
            assert_eq!(alert["properties"]["alertDisplayName"], story.alert_title.as_str());
        }
    }

    #[test]
    fn both_wires_of_entra_carry_a_part_of_the_spray() {
        let day = day(6, DATE, 0.1);
        for name in ["entra-signins-graph", "entra-signins-eventhub"] {
            assert!(all(&day, name).iter().any(|record| record.to_string().contains(&day.story.attacker)), "{name}");
        }
    }
}
