//! Microsoft Entra's files: pulled from Graph until noon, pushed by diagnostic settings after it.

use crate::demo::audit::{self, Audit};
use crate::demo::company::TENANT;
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::random::Random;
use crate::demo::service::ServiceSignIn;
use crate::demo::signin::{SignIn, Wire};
use crate::demo::wire::{Delivery, Record};

const NOON_MS: i64 = 12 * 3_600_000;
const PAGE_RECORDS: usize = 250;
const MESSAGE_RECORDS: usize = 20;
/// Between an event and its record: one to four minutes.
const EMISSION_MS: (i64, i64) = (60_000, 240_000);

/// Everything that Entra logged.
pub(crate) struct Entra<'a> {
    pub(crate) interactive: Vec<SignIn<'a>>,
    pub(crate) silent: Vec<SignIn<'a>>,
    pub(crate) services: Vec<ServiceSignIn>,
    pub(crate) audits: Vec<Audit<'a>>,
}

impl Entra<'_> {
    /// What is handed over for the day of `midnight`.
    pub(crate) fn deliveries(&self, midnight: Moment, random: &mut Random) -> Vec<Delivery> {
        let noon = midnight.plus_ms(NOON_MS);
        let mut deliveries = Vec::new();
        deliveries.extend(self.signins(noon, random));
        deliveries.extend(self.directory_audits(noon, random));
        deliveries.extend(self.silent_hours(noon, random));
        let services = self.services.iter().map(|signin| service_record(signin, random)).collect();
        deliveries.push(Delivery::packed("entra-serviceprincipal-signins-pt1h", services));
        deliveries
    }

    fn signins(&self, noon: Moment, random: &mut Random) -> [Delivery; 2] {
        let (pulled, pushed): (Vec<_>, Vec<_>) = self.interactive.iter().partition(|signin| signin.at < noon);
        let pulled = pulled.iter().map(|signin| plain(signin.at, &signin.json(Wire::Graph))).collect();
        let pushed = pushed.iter().map(|signin| signin_record(signin, random)).collect();
        [
            Delivery::graph("entra-signins-graph-page", "auditLogs/signIns", PAGE_RECORDS, pulled),
            Delivery::hub("entra-signins-eventhub", MESSAGE_RECORDS, pushed),
        ]
    }

    fn directory_audits(&self, noon: Moment, random: &mut Random) -> [Delivery; 2] {
        let (pulled, pushed): (Vec<_>, Vec<_>) = self.audits.iter().partition(|audit| audit.at < noon);
        let pulled = pulled.iter().map(|audit| plain(audit.at, &audit.json(Wire::Graph))).collect();
        let pushed = pushed.iter().map(|audit| audit_record(audit, random)).collect();
        [
            Delivery::graph("entra-directoryaudits-graph-page", "auditLogs/directoryAudits", PAGE_RECORDS, pulled),
            Delivery::hub("entra-directoryaudits-eventhub", MESSAGE_RECORDS, pushed),
        ]
    }

    fn silent_hours(&self, noon: Moment, random: &mut Random) -> [Delivery; 2] {
        let records: Vec<_> = self.silent.iter().map(|signin| signin_record(signin, random)).collect();
        let (before, after) = records.into_iter().partition(|record| record.available < noon);
        [("entra-noninteractive-signins-pt1h-am", before), ("entra-noninteractive-signins-pt1h-pm", after)]
            .map(|(name, records)| Delivery::lines(name, records))
    }
}

/// The members around the properties of a diagnostic record.
struct Envelope<'a> {
    at: Moment,
    operation: &'a str,
    category: &'static str,
    code: i64,
    reason: Option<&'static str>,
    address: &'a str,
    correlation: &'a str,
    identity: &'a str,
    location: Option<&'static str>,
}

impl Envelope<'_> {
    fn record(&self, properties: Json, random: &mut Random) -> Record {
        let available = self.at.plus_ms(random.between(EMISSION_MS.0, EMISSION_MS.1)).jittered(random);
        let head = object! {
            "time": available.ticks(),
            "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"),
            "operationName": self.operation,
            "operationVersion": "1.0",
            "category": self.category,
            "tenantId": TENANT,
            "resultType": self.code.to_string(),
            "resultSignature": "None",
        };
        let words = self.reason.map_or(object! {}, |reason| object! { "resultDescription": reason });
        let tail = object! {
            "durationMs": 0,
            "callerIpAddress": self.address,
            "correlationId": self.correlation,
            "identity": self.identity,
            "Level": 4,
        };
        let place = self.location.map_or(object! {}, |country| object! { "location": country });
        let json = Json::joined(vec![head, words, tail, place, object! { "properties": properties }]).to_string();
        Record { at: self.at, available, json }.straggling(random)
    }
}

fn plain(at: Moment, json: &Json) -> Record {
    Record { at, available: at, json: json.to_string() }
}

fn signin_record(signin: &SignIn<'_>, random: &mut Random) -> Record {
    let envelope = Envelope {
        at: signin.at,
        operation: "Sign-in activity",
        category: if signin.interactive { "SignInLogs" } else { "NonInteractiveUserSignInLogs" },
        code: signin.outcome.code,
        reason: (signin.outcome.code != 0).then_some(signin.outcome.reason),
        address: &signin.address,
        correlation: &signin.correlation,
        identity: &signin.person.name,
        location: Some(signin.country()),
    };
    envelope.record(signin.json(Wire::Diagnostic), random)
}

fn service_record(signin: &ServiceSignIn, random: &mut Random) -> Record {
    let envelope = Envelope {
        at: signin.at,
        operation: "Sign-in activity",
        category: "ServicePrincipalSignInLogs",
        code: signin.code,
        reason: (signin.code != 0).then_some("The provided client secret keys are expired."),
        address: signin.service.address,
        correlation: &signin.correlation,
        identity: "",
        location: Some("NL"),
    };
    envelope.record(signin.json(), random)
}

fn audit_record(audit: &Audit<'_>, random: &mut Random) -> Record {
    let envelope = Envelope {
        at: audit.at,
        operation: audit.activity.name,
        category: audit::CATEGORY,
        code: 0,
        reason: None,
        address: &audit.address,
        correlation: &audit.correlation,
        identity: audit.identity(),
        location: None,
    };
    envelope.record(audit.json(Wire::Diagnostic), random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::people::People;
    use crate::demo::signin::silent;

    #[test]
    fn the_envelope_is_emitted_after_the_event() {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let mut random = Random::of(5, "entra");
        let signin = &silent(1, midnight, &people, &mut random)[0];
        let record = signin_record(signin, &mut random);
        let value: serde_json::Value = serde_json::from_str(&record.json).unwrap();
        assert_eq!(value["category"], "NonInteractiveUserSignInLogs");
        assert_eq!(value["correlationId"], value["properties"]["correlationId"]);
        assert_eq!(value["time"].as_str().unwrap().len(), 28);
        let delay = record.available.unix_ms() - record.at.unix_ms();
        assert!((60_000..=240_000 + 6 * 3_600_000).contains(&delay), "{delay}");
    }
}
