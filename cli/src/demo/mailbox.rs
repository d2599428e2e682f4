//! Exchange in the unified audit log: mail read, sent and moved, and rules of inboxes.

use crate::demo::company::{DOMAIN, ORGANIZATION, TENANT};
use crate::demo::json::{Json, named, object};
use crate::demo::moment::Moment;
use crate::demo::people::{People, Person};
use crate::demo::random::Random;
use crate::demo::story::Plot;
use crate::demo::unified::{Event, Head, insider, outsider};

const SERVER: &str = "AM7PR08MB5512 (15.20.9073.014)\r\n";
const RULES_PER_MILLE: u64 = 6;
/// Minutes after the attacker's success at which mail is read.
const READ_MINUTES: [i64; 5] = [2, 3, 4, 9, 21];
const OPERATIONS: [((&str, i64), u64); 7] = [
    (("MailItemsAccessed", 50), 52),
    (("Send", 2), 14),
    (("MoveToDeletedItems", 3), 11),
    (("SoftDelete", 3), 7),
    (("HardDelete", 3), 5),
    (("Create", 2), 6),
    (("Update", 2), 5),
];
const CLIENTS: [&str; 4] = [
    "Client=OWA;Action=ViaProxy",
    "Client=MSExchangeRPC",
    "Client=REST;Client=RESTSystem;;",
    "Client=OutlookService;Outlook-iOS/2.0;",
];
const FOLDERS: [&str; 5] = ["\\Inbox", "\\Sent Items", "\\Deleted Items", "\\Inbox\\Projects", "\\Archive"];
const SUBJECTS: [&str; 8] = [
    "Minutes of this morning",
    "RE: Offer for the second quarter",
    "Invoice 20417",
    "Planning for week 37",
    "FW: Zusammenfassung für Zürich",
    "Lunch?",
    "Heron: open questions",
    "Your travel request was approved",
];
const RULES: [(&str, &str); 4] =
    [("Newsletters", "Newsletters"), ("Heron", "Projects"), ("Build failures", "CI"), ("Invoices", "Finance")];

/// Something that a person does with mail.
pub(crate) fn work(midnight: Moment, people: &People, random: &mut Random) -> Event {
    let person = people.anyone(random);
    let (at, address) = (person.moment(midnight, random), person.address(random));
    if random.chance(RULES_PER_MILLE) {
        let (name, folder) = random.choice(&RULES);
        return rule(
            at,
            person,
            &address,
            &[("Name", name), ("MoveToFolder", folder), ("FromAddressContainsWords", "noreply")],
            random,
        );
    }
    let (operation, record_type) = random.weighted_choice(&OPERATIONS);
    let act = Act { at, person, address, operation, record_type, client: random.choice(&CLIENTS) };
    act.event(people, random)
}

/// What the attacker does in the victim's mailbox.
pub(crate) fn plot(plot: &Plot<'_>, random: &mut Random) -> Vec<Event> {
    let read = |minutes: i64| Act {
        at: plot.success.plus_ms(minutes * 60_000),
        person: plot.victim,
        address: plot.attacker.clone(),
        operation: "MailItemsAccessed",
        record_type: 50,
        client: "Client=POP3/IMAP4;Protocol=IMAP4",
    };
    let mut events: Vec<Event> = READ_MINUTES.iter().map(|minutes| read(*minutes).read_event(random)).collect();
    events.push(hiding_rule(plot, random));
    events
}

// The rule moves every answer out of the victim's sight.
fn hiding_rule(plot: &Plot<'_>, random: &mut Random) -> Event {
    let parameters = [
        ("Name", plot.rule_name),
        ("SubjectOrBodyContainsWords", "invoice;payment;bank;iban"),
        ("MoveToFolder", "RSS Feeds"),
        ("MarkAsRead", "True"),
        ("StopProcessingRules", "True"),
    ];
    rule(plot.rule, plot.victim, &plot.attacker, &parameters, random)
}

fn rule(at: Moment, person: &Person, address: &str, parameters: &[(&'static str, &str)], random: &mut Random) -> Event {
    let name = parameters.first().map_or("", |(_, name)| name);
    let object = format!(
        "EURPR08A006.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{ORGANIZATION}/{}\\{name}",
        person.id
    );
    let port = random.between(10_000, 19_999);
    let head = Head {
        at,
        id: random.guid(),
        operation: "New-InboxRule",
        record_type: 1,
        result: Some("True"),
        workload: "Exchange",
        address: &format!("{address}:{port}"),
        object: Some(&object),
        person,
    };
    let defaults = [("AlwaysDeleteOutlookRulesBlob", "False"), ("Force", "False")];
    head.event(vec![object! {
        "AppId": "",
        "ClientAppId": "",
        "ExternalAccess": false,
        "OrganizationName": ORGANIZATION,
        "OriginatingServer": SERVER,
        "Parameters": named(defaults.into_iter().chain(parameters.iter().copied())),
        "SessionId": random.guid(),
    }])
}

/// One act in a mailbox.
struct Act<'a> {
    at: Moment,
    person: &'a Person,
    address: String,
    operation: &'static str,
    record_type: i64,
    client: &'static str,
}

impl Act<'_> {
    fn event(&self, people: &People, random: &mut Random) -> Event {
        match self.record_type {
            50 => self.read_event(random),
            3 => self.moved_event(random),
            _ => self.item_event(people, random),
        }
    }

    fn read_event(&self, random: &mut Random) -> Event {
        let count = random.between(1, 6);
        let items = (0..count).map(
            |_| object! { "InternetMessageId": message_id(random), "SizeInBytes": random.between(4_000, 180_000) },
        );
        let items = Json::array(items.collect::<Vec<_>>());
        let folder = object! { "FolderItems": items, "Id": folder_id(self.person), "Path": random.choice(&FOLDERS) };
        let properties = named([("MailAccessType", "Bind"), ("IsThrottled", "False")]);
        let rest =
            object! { "OperationProperties": properties, "Folders": Json::array([folder]), "OperationCount": count };
        self.head(random).event(vec![self.mailbox(random), rest])
    }

    fn moved_event(&self, random: &mut Random) -> Event {
        let items = Json::array([item(random)]);
        let folder = |path: &str| object! { "Id": folder_id(self.person), "Path": path };
        let rest = object! {
            "AffectedItems": items,
            "CrossMailboxOperation": false,
            "DestFolder": folder("\\Deleted Items"),
            "Folder": folder("\\Inbox"),
        };
        self.head(random).event(vec![self.mailbox(random), rest])
    }

    fn item_event(&self, people: &People, random: &mut Random) -> Event {
        let recipient = if random.chance(350) { outsider(random) } else { insider(people, random) };
        let rest = object! {
            "Item": item(random),
            "SaveToSentItems": self.operation == "Send",
            "Recipients": Json::array([recipient]),
        };
        self.head(random).event(vec![self.mailbox(random), rest])
    }

    fn head(&self, random: &mut Random) -> Head<'_> {
        Head {
            at: self.at,
            id: random.guid(),
            operation: self.operation,
            record_type: self.record_type,
            result: Some("Succeeded"),
            workload: "Exchange",
            address: &self.address,
            object: None,
            person: self.person,
        }
    }

    fn mailbox(&self, random: &mut Random) -> Json {
        object! {
            "AppId": "00000002-0000-0ff1-ce00-000000000000",
            "ClientIPAddress": &self.address,
            "ClientInfoString": self.client,
            "ExternalAccess": false,
            "InternalLogonType": 0,
            "LogonType": 0,
            "LogonUserSid": &self.person.sid,
            "MailboxGuid": &self.person.mailbox,
            "MailboxOwnerSid": &self.person.sid,
            "MailboxOwnerUPN": &self.person.upn,
            "OrganizationName": ORGANIZATION,
            "OriginatingServer": SERVER,
            "SessionId": random.guid(),
            "TokenTenantId": TENANT,
        }
    }
}

fn item(random: &mut Random) -> Json {
    object! {
        "Id": format!("RgAAAA{}", random.token(58)),
        "InternetMessageId": message_id(random),
        "ParentFolder": object! { "Id": format!("LgAAAA{}", random.token(50)), "Path": random.choice(&FOLDERS) },
        "SizeInBytes": random.between(4_000, 180_000),
        "Subject": random.choice(&SUBJECTS),
    }
}

fn message_id(random: &mut Random) -> String {
    format!("<{}@mail.{DOMAIN}>", random.hex(32).to_uppercase())
}

fn folder_id(person: &Person) -> String {
    format!("LgAAAA{}AQABAAAA", Random::of(3, &person.upn).token(42))
}
