//! Microsoft Sentinel's alerts and incidents as rows of Log Analytics: JSON inside strings.

use crate::demo::company::{DOMAIN, GROUP, SUBSCRIPTION, TENANT, WORKSPACE};
use crate::demo::defender::Alert;
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::people::{People, Person};
use crate::demo::random::Random;
use crate::demo::story::Plot;
use crate::demo::wire::{Delivery, Record};

const MINUTE_MS: i64 = 60_000;
/// Latest start of an incident's first version, so that its last is still of the day.
const INCIDENT_MINUTES_MAX: i64 = 21 * 60;
/// A detection: provider, product, alert type, title, severity, tactic, technique.
type Detection = [&'static str; 7];

const DETECTIONS: [(Detection, u64); 6] = [
    (
        [
            "MDATP",
            "Microsoft Defender Advanced Threat Protection",
            "WindowsDefenderAtp",
            "Suspicious script started by an Office document",
            "Medium",
            "Execution",
            "T1059",
        ],
        26,
    ),
    (
        [
            "IPC",
            "Azure Active Directory Identity Protection",
            "UnfamiliarLocation",
            "Unfamiliar sign-in properties",
            "Low",
            "InitialAccess",
            "T1078",
        ],
        30,
    ),
    (
        [
            "MCAS",
            "Microsoft Cloud App Security",
            "MCAS_ALERT_ANUBIS_DETECTION_REPEATED_ACTIVITY",
            "Unusual volume of file downloads (by user)",
            "Medium",
            "Exfiltration",
            "T1567",
        ],
        14,
    ),
    (
        [
            "OATP",
            "Office 365 Advanced Threat Protection",
            "ReportedPhish",
            "Email reported by user as malware or phish",
            "Low",
            "InitialAccess",
            "T1566",
        ],
        24,
    ),
    (
        [
            "ASI Scheduled Alerts",
            "Azure Sentinel",
            "contoso_rare_agent",
            "Rare user agent for a privileged account",
            "Medium",
            "DefenseEvasion",
            "T1036",
        ],
        10,
    ),
    (
        [
            "AATP",
            "Azure Advanced Threat Protection",
            "LdapReconnaissance",
            "Enumeration of accounts over LDAP",
            "Medium",
            "Discovery",
            "T1087",
        ],
        6,
    ),
];
const SPRAY: Detection = [
    "IPC",
    "Azure Active Directory Identity Protection",
    "PasswordSpray",
    "Password Spray",
    "High",
    "CredentialAccess",
    "T1110",
];
const STEPS: [&str; 4] = [
    "1. Ask the user whether the activity was theirs, by another way than mail.",
    "2. If it was not: revoke the sessions, reset the password, and check the registered methods of authentication.",
    "3. Search the same address and the same agent over all users, from a day before the first event on.",
    "4. Review inbox rules, forwarding and consents that were made since.",
];

/// One row of `SecurityAlert`.
struct Row {
    id: String,
    original: String,
    at: Moment,
    detection: Detection,
    description: String,
    compromised: String,
    steps: Json,
    entities: Json,
    link: String,
}

/// `SecurityAlert` and `SecurityIncident`: `count` detections beside those of Defender for Cloud.
pub(crate) fn deliveries(
    count: usize,
    midnight: Moment,
    people: &People,
    plot: &Plot<'_>,
    cloud: &[Alert],
    random: &mut Random,
) -> Vec<Delivery> {
    let mut rows: Vec<Row> = (0..count).map(|_| detected(midnight, people, random)).collect();
    // The last two belong together: the spray, and the Defender for Cloud alert of the same address.
    rows.push(sprayed(plot, random));
    rows.extend(cloud.iter().rev().take(1 + count / 4).rev().map(|alert| mirrored(alert, random)));
    let story: Vec<&Row> = rows.iter().skip(count).step_by(rows.len() - count - 1).collect();
    let incidents = incidents(&rows, &story, midnight, random);
    let alerts = rows.iter().map(|row| record(row.at, &row.json())).collect();
    vec![Delivery::lines("sentinel-securityalert", alerts), Delivery::lines("sentinel-securityincident", incidents)]
}

fn record(at: Moment, json: &Json) -> Record {
    Record { at, available: at, json: json.to_string() }
}

fn detected(midnight: Moment, people: &People, random: &mut Random) -> Row {
    let person = people.anyone(random);
    let detection = random.weighted_choice(&DETECTIONS);
    let [.., title, _, _, _] = detection;
    let address = person.address(random);
    let description = format!(
        "{title}: the activity of {} differs from what was seen in the last 30 days.\nThis can be the work of somebody else who has the user's credentials, or a change of habit such as a journey or a new device.",
        person.upn
    );
    row(person.moment(midnight, random), detection, description, person, &address, random)
}

fn sprayed(plot: &Plot<'_>, random: &mut Random) -> Row {
    let description = format!(
        "A password spray attack against {} users of {DOMAIN} was detected.\nOne of the passwords was right.",
        plot.guesses.len()
    );
    let at = plot.alert.plus_ms(11 * MINUTE_MS).jittered(random);
    row(at, SPRAY, description, plot.victim, &plot.attacker, random)
}

fn row(
    at: Moment,
    detection: Detection,
    description: String,
    person: &Person,
    address: &str,
    random: &mut Random,
) -> Row {
    let id = random.guid();
    Row {
        original: random.hex(64),
        at,
        detection,
        description,
        compromised: person.upn.clone(),
        steps: Json::array(STEPS),
        entities: entities(person, address, random),
        link: format!("https://security.microsoft.com/alerts/{id}?tid={TENANT}"),
        id,
    }
}

// Defender for Cloud's alerts come a second time, as rows of the workspace.
fn mirrored(alert: &Alert, random: &mut Random) -> Row {
    let [alert_type, description, severity, tactic, technique] = alert.words();
    Row {
        id: random.guid(),
        original: alert.name.clone(),
        at: alert.at.plus_ms(random.between(1, 4) * MINUTE_MS).jittered(random),
        detection: [
            "Azure Security Center",
            "Microsoft Defender for Cloud",
            alert_type,
            alert.title(),
            severity,
            tactic,
            technique,
        ],
        description: description.to_owned(),
        compromised: alert.compromised().to_owned(),
        steps: alert.steps(),
        entities: alert.entities(),
        link: alert.link(),
    }
}

fn entities(person: &Person, address: &str, random: &mut Random) -> Json {
    let account = object! {
        "$id": "3",
        "Name": person.alias(),
        "UPNSuffix": DOMAIN,
        "Sid": &person.sid,
        "AadUserId": &person.id,
        "IsDomainJoined": true,
        "DisplayName": &person.name,
        "Type": "account",
        "UserPrincipalName": &person.upn,
    };
    let place = object! { "CountryCode": person.city.country, "City": person.city.name };
    let file = object! { "$id": "6", "Directory": "C:\\Users\\Public\\Downloads", "Name": "report_final.docm", "Type": "file" };
    let process = object! {
        "$id": "5",
        "ProcessId": random.between(2_000, 19_999).to_string(),
        "CommandLine": "\"WINWORD.EXE\" /n \"C:\\Users\\Public\\Downloads\\report_final.docm\"",
        "ImageFile": file,
        "Host": object! { "$ref": "2" },
        "Type": "process",
    };
    Json::array([
        object! { "$id": "2", "HostName": &person.laptop.name, "OSFamily": person.laptop.system, "IsDomainJoined": true, "AadDeviceId": &person.laptop.id, "Type": "host" },
        account,
        object! { "$id": "4", "Address": address, "Location": place, "Type": "ip" },
        process,
    ])
}

impl Row {
    fn json(&self) -> Json {
        Json::joined(vec![self.names(), self.texts(), self.workspace()])
    }

    fn names(&self) -> Json {
        let [provider, _, alert_type, title, severity, ..] = self.detection;
        object! {
            "TenantId": WORKSPACE,
            "TimeGenerated": self.at.trimmed(),
            "DisplayName": title,
            "AlertName": title,
            "AlertSeverity": severity,
            "Description": &self.description,
            "ProviderName": provider,
            "VendorName": "Microsoft",
            "VendorOriginalId": &self.original,
            "SystemAlertId": &self.id,
            "ResourceId": "",
            "SourceComputerId": "",
            "AlertType": alert_type,
            "ConfidenceLevel": "",
            "ConfidenceScore": Json::Null,
            "IsIncident": false,
            "StartTime": self.at.plus_ms(-40 * MINUTE_MS).trimmed(),
            "EndTime": self.at.plus_ms(-7 * MINUTE_MS).trimmed(),
            "ProcessingEndTime": self.at.plus_ms(-1_204).trimmed(),
        }
    }

    fn texts(&self) -> Json {
        let extended = object! {
            "Client Location": "",
            "LastUpdated": self.at.bare(),
            "DetectionSource": self.detection.first().copied(),
            "Determination": Json::Null,
            "Classification": Json::Null,
            "AssignedTo": Json::Null,
            "Action": "A. Validate the alert.\n1. Look at what the user did in the hour before.\n2. Compare the agent and the address with those of the last 30 days.\n\nB. Scope it.\n1. Find other users with the same address.\n2. Find what was read, changed or sent.",
            "ProcessedBySentinel": "True",
            "Alert generation status": "Full alert created",
        };
        object! {
            "RemediationSteps": self.steps.in_text(),
            "ExtendedProperties": extended.in_text(),
            "Entities": self.entities.in_text(),
        }
    }

    fn workspace(&self) -> Json {
        let [_, product, .., tactic, technique] = self.detection;
        object! {
            "SourceSystem": "Detection",
            "WorkspaceSubscriptionId": SUBSCRIPTION,
            "WorkspaceResourceGroup": GROUP,
            "ExtendedLinks": "",
            "ProductName": product,
            "ProductComponentName": "",
            "AlertLink": &self.link,
            "Status": "New",
            "CompromisedEntity": &self.compromised,
            "Tactics": tactic,
            "Techniques": Json::array([technique]).in_text(),
            "SubTechniques": "",
            "Type": "SecurityAlert",
        }
    }
}

/// One incident; every change of it is a row.
struct Incident<'a> {
    name: String,
    number: i64,
    title: String,
    alerts: Vec<&'a Row>,
    created: Moment,
}

fn incidents(rows: &[Row], story: &[&Row], midnight: Moment, random: &mut Random) -> Vec<Record> {
    let latest = midnight.plus_ms(INCIDENT_MINUTES_MAX * MINUTE_MS);
    let usual = rows.iter().filter(|row| row.at < latest && !story.iter().any(|other| other.id == row.id));
    let mut groups: Vec<Vec<&Row>> = usual.step_by(3).map(|row| vec![row]).collect();
    groups.push(story.to_vec());
    groups.into_iter().enumerate().flat_map(|(position, alerts)| versions(position, alerts, random)).collect()
}

fn versions(position: usize, alerts: Vec<&Row>, random: &mut Random) -> Vec<Record> {
    let created = alerts.iter().map(|row| row.at).max();
    let Some((created, first)) = created.zip(alerts.first()) else {
        return Vec::new();
    };
    let incident = Incident {
        name: random.guid(),
        number: 4_100 + position as i64,
        title: if alerts.len() > 1 {
            format!("Multi-stage incident involving {} on one user", first.title())
        } else {
            first.title().to_owned()
        },
        created: created.plus_ms(MINUTE_MS).jittered(random),
        alerts,
    };
    let mut changed = incident.created;
    let states = ["New", "Active", "Closed"].into_iter().take(random.between(2, 3) as usize);
    let version = |status| {
        let record = record(changed, &incident.json(status, changed));
        changed = changed.plus_ms(random.between(4, 50) * MINUTE_MS).jittered(random);
        record
    };
    states.map(version).collect()
}

impl Row {
    fn title(&self) -> &'static str {
        let [_, _, _, title, ..] = self.detection;
        title
    }
}

impl Incident<'_> {
    fn json(&self, status: &str, changed: Moment) -> Json {
        Json::joined(vec![self.state(status, changed), self.lists(status, changed), self.rest()])
    }

    fn state(&self, status: &str, changed: Moment) -> Json {
        let severity = self.alerts.first().map(|row| {
            let [_, _, _, _, severity, ..] = row.detection;
            severity
        });
        let closed = status == "Closed";
        object! {
            "TenantId": WORKSPACE,
            "TimeGenerated": changed.trimmed(),
            "IncidentName": &self.name,
            "Title": &self.title,
            "Description": "",
            "Severity": severity,
            "Status": status,
            "Classification": if closed { "BenignPositive" } else { "" },
            "ClassificationComment": if closed { "The user confirmed it." } else { "" },
            "ClassificationReason": if closed { "SuspiciousButExpected" } else { "" },
            "Owner": self.owner(status),
            "ProviderName": "Azure Sentinel",
            "ProviderIncidentId": self.number.to_string(),
            "FirstActivityTime": self.alerts.first().map(|row| row.at.plus_ms(-40 * MINUTE_MS).trimmed()),
            "LastActivityTime": self.alerts.last().map(|row| row.at.plus_ms(-7 * MINUTE_MS).trimmed()),
            "FirstModifiedTime": (status != "New").then(|| self.created.trimmed()),
            "LastModifiedTime": changed.trimmed(),
            "CreatedTime": self.created.trimmed(),
            "ClosedTime": closed.then(|| changed.trimmed()),
            "IncidentNumber": self.number,
        }
    }

    fn owner(&self, status: &str) -> Json {
        let owner = (status != "New").then(|| format!("soc@{DOMAIN}"));
        object! { "objectId": Json::Null, "email": owner.clone(), "assignedTo": owner.as_ref().map(|_| "SOC"), "userPrincipalName": owner }.in_text()
    }

    fn lists(&self, status: &str, changed: Moment) -> Json {
        let author = object! { "objectId": Json::Null, "email": format!("soc@{DOMAIN}"), "name": "SOC", "userPrincipalName": Json::Null };
        let comment = object! { "message": "Asked the user, waiting for an answer.", "createdTimeUtc": changed.ticks(), "lastModifiedTimeUtc": changed.ticks(), "author": author };
        let comments = if status == "New" { Json::none() } else { Json::array([comment]) };
        object! {
            "RelatedAnalyticRuleIds": Json::array([Random::of(10, &self.title).guid()]).in_text(),
            "AlertIds": Json::array(self.alerts.iter().map(|row| &row.id)).in_text(),
            "BookmarkIds": Json::none().in_text(),
            "Comments": comments.in_text(),
            "Tasks": Json::none().in_text(),
            "Labels": Json::none().in_text(),
        }
    }

    fn rest(&self) -> Json {
        let texts =
            |position: usize| Json::array(self.alerts.iter().filter_map(|row| row.detection.get(position).copied()));
        let data = object! {
            "alertsCount": self.alerts.len() as i64,
            "bookmarksCount": 0,
            "commentsCount": 1,
            "alertProductNames": texts(1),
            "tactics": texts(5),
            "techniques": texts(6),
        };
        let workspace = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.OperationalInsights/workspaces/contoso-soc"
        );
        object! {
            "IncidentUrl": format!("https://portal.azure.com/#asset/Microsoft_Azure_Security_Insights/Incident{workspace}/providers/Microsoft.SecurityInsights/Incidents/{}", self.name),
            "AdditionalData": data.in_text(),
            "ModifiedBy": "Incident created from alert",
            "SourceSystem": "Azure",
            "Type": "SecurityIncident",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::defender;

    fn tables() -> Vec<Vec<serde_json::Value>> {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let plot = Plot::of(5, midnight, &people);
        let mut random = Random::of(5, "sentinel");
        let cloud = defender::alerts(40, midnight, &people, &plot, &mut random);
        let tables = deliveries(40, midnight, &people, &plot, &cloud, &mut random);
        let rows =
            |table: &Delivery| table.records.iter().map(|row| serde_json::from_str(&row.json).unwrap()).collect();
        tables.iter().map(rows).collect()
    }

    #[test]
    fn dynamic_columns_are_json_in_text() {
        for row in &tables()[0] {
            for column in ["Entities", "ExtendedProperties", "RemediationSteps", "Techniques"] {
                serde_json::from_str::<serde_json::Value>(row[column].as_str().unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn incidents_come_again_at_every_change_and_name_alerts_that_exist() {
        let tables = tables();
        let alerts: Vec<&str> = tables[0].iter().map(|row| row["SystemAlertId"].as_str().unwrap()).collect();
        let mut versions = std::collections::HashSet::new();
        for row in &tables[1] {
            let ids: Vec<String> = serde_json::from_str(row["AlertIds"].as_str().unwrap()).unwrap();
            assert!(ids.iter().all(|id| alerts.contains(&id.as_str())));
            assert!(versions.insert((row["IncidentName"].to_string(), row["LastModifiedTime"].to_string())));
        }
        let names: std::collections::HashSet<_> = versions.iter().map(|(name, _)| name).collect();
        assert!(names.len() * 2 <= versions.len());
        let stages = tables[1].iter().filter(|row| row["Title"].as_str().unwrap().starts_with("Multi-stage"));
        assert!(stages.clone().count() >= 2);
        assert!(stages.clone().all(|row| { row["AdditionalData"].as_str().unwrap().contains("\"alertsCount\":2") }));
    }
}
