//! Microsoft 365 unified audit records, in content blobs of the Management Activity API.

use crate::demo::company::{DOMAIN, TENANT};
use crate::demo::documents;
use crate::demo::json::{Json, named, object};
use crate::demo::mailbox;
use crate::demo::moment::Moment;
use crate::demo::people::{People, Person};
use crate::demo::random::Random;
use crate::demo::signin::{SignIn, WRONG_PASSWORD};
use crate::demo::story::Plot;
use crate::demo::wire::{Delivery, Record};

const BLOB_RECORDS: usize = 400;
/// Blobs become available 3 to 90 minutes after the event: records come in no order.
const DELAY_MS: (i64, i64) = (3 * 60_000, 90 * 60_000);
/// Of the sign-ins of the day's work, this many of 1,000 have reached the unified audit log so far.
const AUDITED_PER_MILLE: u64 = 600;

/// One record before its file is known.
pub(crate) struct Event {
    at: Moment,
    json: Json,
}

/// The members that all unified audit records start with.
pub(crate) struct Head<'a> {
    pub(crate) at: Moment,
    pub(crate) id: String,
    pub(crate) operation: &'a str,
    pub(crate) record_type: i64,
    pub(crate) result: Option<&'a str>,
    pub(crate) workload: &'a str,
    pub(crate) address: &'a str,
    pub(crate) object: Option<&'a str>,
    pub(crate) person: &'a Person,
}

impl Head<'_> {
    /// The record: these members, then `rest`.
    pub(crate) fn event(&self, rest: Vec<Json>) -> Event {
        let mut parts = vec![self.names(), self.result(), self.actor()];
        parts.extend(rest);
        Event { at: self.at, json: Json::joined(parts) }
    }

    fn names(&self) -> Json {
        object! {
            "CreationTime": self.at.bare(),
            "Id": &self.id,
            "Operation": self.operation,
            "OrganizationId": TENANT,
            "RecordType": self.record_type,
        }
    }

    // SharePoint and Teams give no result.
    fn result(&self) -> Json {
        self.result.map_or(object! {}, |result| object! { "ResultStatus": result })
    }

    fn actor(&self) -> Json {
        let head = object! {
            "UserKey": &self.person.key,
            "UserType": 0,
            "Version": 1,
            "Workload": self.workload,
            "ClientIP": self.address,
        };
        let object = self.object.map_or(object! {}, |id| object! { "ObjectId": id });
        Json::joined(vec![head, object, object! { "UserId": &self.person.upn }])
    }
}

/// The day's content blobs: `count` records of work beside those of sign-ins and plot.
pub(crate) fn deliveries(
    count: usize,
    midnight: Moment,
    people: &People,
    plot: &Plot<'_>,
    signins: &[SignIn<'_>],
    random: &mut Random,
) -> Vec<Delivery> {
    let share = |percent: usize| 0..count * percent / 100;
    let directory = directory(count / 50, midnight, people, plot, signins, random);
    let mut exchange: Vec<Event> = share(38).map(|_| mailbox::work(midnight, people, random)).collect();
    exchange.extend(mailbox::plot(plot, random));
    let sharepoint = share(42).map(|_| documents::file(midnight, people, random)).collect();
    let general = share(20).map(|_| documents::chat(midnight, people, random)).collect();
    let blobs =
        [("azureactivedirectory", directory), ("exchange", exchange), ("sharepoint", sharepoint), ("general", general)];
    blobs.into_iter().map(|(name, events)| blobs_of(name, events, random)).collect()
}

fn blobs_of(content: &str, events: Vec<Event>, random: &mut Random) -> Delivery {
    let record = |event: Event| {
        let available = event.at.plus_ms(random.between(DELAY_MS.0, DELAY_MS.1));
        Record { at: event.at, available, json: event.json.to_string() }.straggling(random)
    };
    Delivery::blobs(format!("m365-audit-{content}"), BLOB_RECORDS, events.into_iter().map(record).collect())
}

fn directory(
    updates: usize,
    midnight: Moment,
    people: &People,
    plot: &Plot<'_>,
    signins: &[SignIn<'_>],
    random: &mut Random,
) -> Vec<Event> {
    let mut events = Vec::new();
    for signin in signins {
        if signin.address == plot.attacker || random.chance(AUDITED_PER_MILLE) {
            events.push(logon(signin, random));
        }
    }
    events.extend((0..updates).map(|_| update(midnight, people, random)));
    events
}

// The record of a sign-in has the sign-in's own id: both products can be joined on it.
fn logon(signin: &SignIn<'_>, random: &mut Random) -> Event {
    let failed = signin.outcome.code != 0;
    let head = Head {
        at: signin.at,
        id: signin.id.clone(),
        operation: if failed { "UserLoginFailed" } else { "UserLoggedIn" },
        record_type: 15,
        result: Some("Success"),
        workload: "AzureActiveDirectory",
        address: &signin.address,
        object: Some(signin.app.resource_id),
        person: signin.person,
    };
    let tail = object! { "ErrorNumber": signin.outcome.code.to_string() };
    let error = if failed {
        object! { "LogonError": signin.outcome.audit_error }
    } else {
        object! {}
    };
    head.event(vec![logon_properties(signin), logon_parties(signin, random), tail, error])
}

fn logon_properties(signin: &SignIn<'_>) -> Json {
    let details = if signin.outcome.code == WRONG_PASSWORD { "UserError" } else { "Success" };
    let request = if signin.device().is_some() { "OAuth2:Authorize" } else { "OAuth2:Token" };
    object! {
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": named([
            ("ResultStatusDetail", details),
            ("UserAgent", signin.agent()),
            ("RequestType", request),
        ]),
        "ModifiedProperties": Json::none(),
    }
}

fn logon_parties(signin: &SignIn<'_>, random: &mut Random) -> Json {
    let party = |id: &str, kind: i64| object! { "ID": id, "Type": kind };
    object! {
        "Actor": Json::array([party(&signin.person.id, 0), party(&signin.person.upn, 5)]),
        "ActorContextId": TENANT,
        "ActorIpAddress": &signin.address,
        "InterSystemsId": random.guid(),
        "IntraSystemId": &signin.id,
        "SupportTicketId": "",
        "Target": Json::array([party(signin.app.resource_id, 0)]),
        "TargetContextId": TENANT,
        "ApplicationId": signin.app.id,
        "DeviceProperties": logon_device(signin),
    }
}

fn logon_device(signin: &SignIn<'_>) -> Json {
    let known = signin.device().into_iter().flat_map(|device| {
        let managed = if device.managed { "True" } else { "False" };
        [
            ("Id", device.id.as_str()),
            ("DisplayName", &device.name),
            ("OS", device.system),
            ("BrowserType", device.browser),
            ("IsCompliantAndManaged", managed),
        ]
    });
    named(known)
}

fn update(midnight: Moment, people: &People, random: &mut Random) -> Event {
    let target = people.anyone(random);
    let actor = people.administrator(random);
    let operation = random.weighted(&[("Update user.", 6), ("Add member to group.", 3), ("Reset user password.", 1)]);
    let head = Head {
        at: actor.moment(midnight, random),
        id: random.guid(),
        operation,
        record_type: 8,
        result: Some("Success"),
        workload: "AzureActiveDirectory",
        address: "",
        object: Some(&target.upn),
        person: actor,
    };
    head.event(vec![update_parties(actor, target, random)])
}

fn update_parties(actor: &Person, target: &Person, random: &mut Random) -> Json {
    let parties = |person: &Person| {
        let id = format!("User_{}", person.id);
        let ids = [(person.upn.as_str(), 5), (&person.key, 3), (&id, 2), ("User", 2)];
        Json::array(ids.map(|(id, kind)| object! { "ID": id, "Type": kind }))
    };
    let changed = object! { "Name": "Included Updated Properties", "NewValue": "LastDirSyncTime", "OldValue": "" };
    object! {
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": named([("additionalDetails", "{}"), ("extendedAuditEventCategory", "User")]),
        "ModifiedProperties": Json::array([changed]),
        "Actor": parties(actor),
        "ActorContextId": TENANT,
        "InterSystemsId": random.guid(),
        "IntraSystemId": random.guid(),
        "SupportTicketId": "",
        "Target": parties(target),
        "TargetContextId": TENANT,
    }
}

/// An address outside the company.
pub(crate) fn outsider(random: &mut Random) -> String {
    let name = random.pick(&["orders", "info", "m.keller", "press", "j.duarte", "billing"]);
    let domain = random.pick(&["fabrikam.example", "adatum.example", "northwind.example", "litware.example"]);
    format!("{name}@{domain}")
}

/// A member of the company as a recipient.
pub(crate) fn insider(people: &People, random: &mut Random) -> String {
    format!("{}@{DOMAIN}", people.anyone(random).alias())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::signin::interactive;

    fn day() -> Vec<serde_json::Value> {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let plot = Plot::of(5, midnight, &people);
        let mut random = Random::of(5, "m365");
        let signins = interactive(100, midnight, &people, &plot, &mut random);
        let deliveries = deliveries(600, midnight, &people, &plot, &signins, &mut random);
        let records = deliveries.iter().flat_map(|delivery| &delivery.records);
        records.map(|record| serde_json::from_str(&record.json).unwrap()).collect()
    }

    #[test]
    fn sign_ins_carry_the_id_of_entra() {
        let logons: Vec<_> = day().into_iter().filter(|record| record["RecordType"] == 15).collect();
        assert!(logons.len() > 100);
        assert!(logons.iter().all(|record| record["Id"] == record["IntraSystemId"]));
    }

    #[test]
    fn times_have_no_zone_and_every_workload_is_there() {
        let day = day();
        assert!(day.iter().all(|record| record["CreationTime"].as_str().unwrap().len() == 19));
        for workload in ["AzureActiveDirectory", "Exchange", "SharePoint", "OneDrive", "MicrosoftTeams"] {
            assert!(day.iter().any(|record| record["Workload"] == workload), "{workload}");
        }
    }
}
