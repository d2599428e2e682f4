//! Microsoft Defender for Cloud alerts, as Azure Resource Manager lists them.

use crate::demo::company::{ELSEWHERE, GROUP, SUBSCRIPTION, WORKSPACE};
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::people::{People, anytime};
use crate::demo::random::Random;
use crate::demo::story::Plot;
use crate::demo::wire::{Delivery, Record};

const PAGE_RECORDS: usize = 50;
const LOCATION: &str = "westeurope";
const API_VERSION: &str = "2022-01-01";
const MACHINES: [&str; 6] = ["vm-web-01", "vm-web-02", "vm-build-01", "vm-sql-01", "vm-jump-01", "vm-files-01"];

/// A kind of alert.
struct Kind {
    alert_type: &'static str,
    title: &'static str,
    description: &'static str,
    severity: &'static str,
    intent: &'static str,
    technique: &'static str,
    steps: [&'static str; 2],
}

const KINDS: [(Kind, u64); 6] = [
    (
        Kind {
            alert_type: "VM_SshBruteForceFailed",
            title: "Failed SSH brute force attack",
            description: "Failed brute force attacks were detected from the following attackers. Attackers were trying to access the host with several user names.",
            severity: "Medium",
            intent: "PreAttack",
            technique: "T1110",
            steps: [
                "Enforce the use of strong passwords and do not re-use them across multiple resources.",
                "Restrict SSH to known addresses with just-in-time access.",
            ],
        },
        30,
    ),
    (
        Kind {
            alert_type: "VM_SuspiciousProcess",
            title: "Suspicious process executed",
            description: "Machine logs indicate that a process that is often associated with attempts to read credentials was running on the machine.",
            severity: "High",
            intent: "CredentialAccess",
            technique: "T1003",
            steps: [
                "Review with the machine's owner the command line in this alert.",
                "If it is not known, isolate the machine and start an investigation.",
            ],
        },
        8,
    ),
    (
        Kind {
            alert_type: "VM_TimerServiceChanged",
            title: "New scheduled task observed on a server",
            description: "A scheduled task was created that runs a script from a folder which every user can write to.",
            severity: "Low",
            intent: "Persistence",
            technique: "T1053",
            steps: ["Check who created the task.", "Remove it if it is not known."],
        },
        18,
    ),
    (
        Kind {
            alert_type: "Storage.Blob_AnonymousScan",
            title: "Unauthenticated scan of a storage account",
            description: "Containers of the storage account were listed by an unauthenticated client that guessed their names.",
            severity: "Medium",
            intent: "Discovery",
            technique: "T1619",
            steps: [
                "Disallow public access to containers that do not need it.",
                "Limit the account to selected networks.",
            ],
        },
        16,
    ),
    (
        Kind {
            alert_type: "K8S_ExposedDashboard",
            title: "Management interface reachable from the internet",
            description: "A management interface became reachable from any address. Anyone who finds it can try to sign in.",
            severity: "Medium",
            intent: "InitialAccess",
            technique: "T1133",
            steps: ["Restrict the interface to the company's addresses.", "Review sign-ins since it was exposed."],
        },
        6,
    ),
    (
        Kind {
            alert_type: "DNS_RareDomain",
            title: "Communication with a domain seen for the first time",
            description: "A machine asked for a domain that no machine of this subscription has asked for in the last 30 days.",
            severity: "Informational",
            intent: "CommandAndControl",
            technique: "T1071",
            steps: ["Review the process that asked for the domain.", "Block the domain if it is not needed."],
        },
        22,
    ),
];

const PLOT_KIND: Kind = Kind {
    alert_type: "ARM_OperationFromSuspiciousIP",
    title: "Azure Resource Manager operation from suspicious IP address",
    description: "An operation of a user of this subscription came from an address that shortly before had tried many passwords against the directory.",
    severity: "High",
    intent: "InitialAccess",
    technique: "T1078",
    steps: [
        "Revoke the user's sessions and reset the password.",
        "Review what the user has done since, inbox rules among it.",
    ],
};

/// One alert.
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) at: Moment,
    kind: &'static Kind,
    machine: &'static str,
    status: &'static str,
    address: String,
    account: Option<(String, String)>,
    key: String,
    agent: String,
}

/// `count` alerts of a usual day, and the plot's (the last).
pub(crate) fn alerts(
    count: usize,
    midnight: Moment,
    people: &People,
    plot: &Plot<'_>,
    random: &mut Random,
) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = (0..count).map(|_| usual(midnight, people, random)).collect();
    alerts.push(plotted(plot, random));
    alerts
}

/// The alerts as pages of the list.
pub(crate) fn delivery(alerts: &[Alert]) -> Delivery {
    let record = |alert: &Alert| Record { at: alert.at, available: alert.at, json: alert.json().to_string() };
    let url = format!(
        "https://management.azure.com/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/alerts?api-version={API_VERSION}"
    );
    Delivery::arm("defender-alerts-page", url, PAGE_RECORDS, alerts.iter().map(record).collect())
}

fn usual(midnight: Moment, people: &People, random: &mut Random) -> Alert {
    let at = anytime(midnight, random);
    let kind = random.weighted(&KINDS);
    let address = format!("203.0.113.{}", random.between(1, 199));
    let person = people.anyone(random);
    let account = (kind.intent == "CredentialAccess").then(|| (person.name.clone(), person.upn.clone()));
    alert(at, kind, address, account, random)
}

fn plotted(plot: &Plot<'_>, random: &mut Random) -> Alert {
    let account = (plot.victim.name.clone(), plot.victim.upn.clone());
    let mut alert = alert(plot.alert, &PLOT_KIND, plot.attacker.clone(), Some(account), random);
    alert.status = "Active";
    alert
}

fn alert(
    at: Moment,
    kind: &'static Kind,
    address: String,
    account: Option<(String, String)>,
    random: &mut Random,
) -> Alert {
    Alert {
        name: format!("{}_{}", at.countdown(), random.guid()),
        at,
        kind,
        machine: random.choice(&MACHINES),
        status: random.weighted_choice(&[("Active", 70), ("Dismissed", 18), ("Resolved", 12)]),
        address,
        account,
        key: format!("{}=", random.token(43).replace('-', "+").replace('_', "/")),
        agent: random.guid(),
    }
}

impl Alert {
    /// The alert's title.
    pub(crate) fn title(&self) -> &'static str {
        self.kind.title
    }

    /// What the alert says, how grave it is, and which tactic and technique it stands for.
    pub(crate) fn words(&self) -> [&'static str; 5] {
        [self.kind.alert_type, self.kind.description, self.kind.severity, self.kind.intent, self.kind.technique]
    }

    /// What to do about it.
    pub(crate) fn steps(&self) -> Json {
        Json::array(self.kind.steps)
    }

    /// The machine or account that is affected.
    pub(crate) fn compromised(&self) -> &str {
        self.account.as_ref().map_or(self.machine, |(_, upn)| upn)
    }

    /// Account, address and machine.
    pub(crate) fn entities(&self) -> Json {
        let location = object! {
            "countryCode": ELSEWHERE.country,
            "state": ELSEWHERE.state,
            "city": ELSEWHERE.name,
            "longitude": Json::Spelled(ELSEWHERE.longitude),
            "latitude": Json::Spelled(ELSEWHERE.latitude),
            "asn": ELSEWHERE.network,
        };
        let mut entities = vec![
            object! { "$id": "westeurope_1", "hostName": self.machine, "azureID": self.resource(), "type": "host" },
            object! { "$id": "westeurope_2", "address": &self.address, "location": location, "type": "ip" },
        ];
        if let Some((name, upn)) = &self.account {
            entities.push(object! { "$id": "westeurope_3", "name": upn, "displayName": name, "isDomainJoined": true, "host": object! { "$ref": "westeurope_1" }, "type": "account" });
        }
        Json::Array(entities)
    }

    /// The resource's path in Azure.
    pub(crate) fn resource(&self) -> String {
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/virtualMachines/{}",
            self.machine
        )
    }

    /// The link to the alert in the portal.
    pub(crate) fn link(&self) -> String {
        format!(
            "https://portal.azure.com/#blade/Microsoft_Azure_Security_AzureDefenderForData/AlertBlade/alertId/{}/subscriptionId/{SUBSCRIPTION}/resourceGroup/{GROUP}/referencedFrom/alertDeepLink/location/{LOCATION}",
            self.name
        )
    }

    fn json(&self) -> Json {
        let id = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Security/locations/{LOCATION}/alerts/{}",
            self.name
        );
        let properties = Json::joined(vec![self.about(), self.where_and_what(), self.facts()]);
        object! { "id": id, "name": &self.name, "type": "Microsoft.Security/Locations/alerts", "properties": properties }
    }

    fn about(&self) -> Json {
        let started = self.at.plus_ms(-9 * 60_000);
        object! {
            "version": API_VERSION,
            "alertType": self.kind.alert_type,
            "systemAlertId": &self.name,
            "productComponentName": "Servers",
            "alertDisplayName": self.kind.title,
            "description": self.kind.description,
            "severity": self.kind.severity,
            "intent": self.kind.intent,
            "startTimeUtc": started.ticks(),
            "endTimeUtc": self.at.plus_ms(-4 * 60_000).ticks(),
        }
    }

    fn where_and_what(&self) -> Json {
        let workspace = object! {
            "workspaceId": WORKSPACE,
            "workspaceSubscriptionId": SUBSCRIPTION,
            "workspaceResourceGroup": GROUP,
            "agentId": &self.agent,
            "type": "LogAnalytics",
        };
        object! {
            "resourceIdentifiers": Json::array([object! { "azureResourceId": self.resource(), "type": "AzureResource" }, workspace]),
            "remediationSteps": self.steps(),
            "vendorName": "Microsoft",
            "status": self.status,
            "extendedLinks": Json::Null,
            "alertUri": self.link(),
            "timeGeneratedUtc": self.at.ticks(),
            "productName": "Microsoft Defender for Cloud",
            "processingEndTimeUtc": self.at.plus_ms(1_417).ticks(),
            "entities": self.entities(),
            "isIncident": false,
            "correlationKey": &self.key,
        }
    }

    fn facts(&self) -> Json {
        object! {
            "extendedProperties": object! {
                "resourceType": "Virtual Machine",
                "attacker address": &self.address,
                "effectiveSubscriptionId": SUBSCRIPTION,
                "killChainIntent": self.kind.intent,
                "investigation steps": object! { "displayValue": "View related activity", "kind": "Link", "value": self.link() }.in_text(),
            },
            "compromisedEntity": self.compromised(),
            "techniques": Json::array([self.kind.technique]),
            "subTechniques": Json::none(),
            "supportingEvidence": self.evidence(),
        }
    }

    fn evidence(&self) -> Json {
        let row = |minutes: i64, activity: &str| {
            let at = self.at.plus_ms(-minutes * 60_000).trimmed();
            Json::array([Json::from(at), activity.into(), self.compromised().into(), self.address.as_str().into()])
        };
        object! {
            "type": "tabularEvidences",
            "title": "Related activity",
            "columns": Json::array(["Date", "Activity", "Entity", "Address"]),
            "rows": Json::array([row(9, "First seen"), row(6, "Repeated"), row(4, "Last seen")]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_all_alerts_by_name() {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let plot = Plot::of(5, midnight, &people);
        let alerts = alerts(70, midnight, &people, &plot, &mut Random::of(5, "defender"));
        let files = delivery(&alerts).files();
        let page = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        let values: Vec<_> =
            files.iter().flat_map(|file| page(&file.bytes)["value"].as_array().unwrap().clone()).collect();
        assert_eq!(values.len(), 71);
        let naming = values.iter().filter(|value| value.to_string().contains(&plot.attacker)).collect::<Vec<_>>();
        assert_eq!(naming.len(), 1);
        assert_eq!(naming[0]["name"], alerts.last().unwrap().name.as_str());
        assert_eq!(naming[0]["properties"]["compromisedEntity"], plot.victim.upn.as_str());
    }
}
