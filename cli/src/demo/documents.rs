//! SharePoint, OneDrive and Teams in the unified audit log.

use crate::demo::company::TENANT;
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::people::{Device, People, Person};
use crate::demo::random::Random;
use crate::demo::unified::{Event, Head, outsider};

const HOST: &str = "https://contoso.sharepoint.com";
const OWN_HOST: &str = "https://contoso-my.sharepoint.com";
const OWN_PER_MILLE: u64 = 420;
const FILE_OPERATIONS: [((&str, i64), u64); 7] = [
    (("FileAccessed", 6), 46),
    (("FileModified", 6), 17),
    (("FileSyncDownloadedFull", 6), 12),
    (("FileDownloaded", 6), 9),
    (("FileUploaded", 6), 8),
    (("PageViewed", 4), 5),
    (("SharingSet", 14), 3),
];
const SITES: [&str; 5] = ["sales", "engineering", "finance", "heron", "hr"];
const STEMS: [&str; 8] =
    ["Forecast", "Release notes", "Board pack", "Überblick", "Contract draft", "Test plan", "Onboarding", "Price list"];
const EXTENSIONS: [&str; 4] = ["docx", "xlsx", "pptx", "pdf"];
const CHAT_OPERATIONS: [(&str, u64); 6] = [
    ("MessageSent", 52),
    ("MessageRead", 18),
    ("MeetingParticipantDetail", 10),
    ("TeamsSessionStarted", 9),
    ("ReactedToMessage", 8),
    ("MemberAdded", 3),
];
const TEAMS: [(&str, &str); 4] = [
    ("Heron", "3f81d6b2-90c5-4e7a-8d14-b2f0a6c9e573"),
    ("Sales EMEA", "8a2c5f07-d4e1-4963-b0a8-7e1d3c95f2b6"),
    ("Engineering", "d16e0b94-57f2-4c8d-a3b9-0f6e2d7c81a5"),
    ("Company news", "f5b7930e-1c6a-4d28-9e07-a4c2d8f1b063"),
];

/// Something that a person does with a file.
pub(crate) fn file(midnight: Moment, people: &People, random: &mut Random) -> Event {
    let person = people.anyone(random);
    let at = person.moment(midnight, random);
    let (operation, record_type) = random.weighted_choice(&FILE_OPERATIONS);
    let place = Place::of(person, random);
    let address = person.address(random);
    let head = Head {
        at,
        id: random.guid(),
        operation,
        record_type,
        result: None,
        workload: if place.own { "OneDrive" } else { "SharePoint" },
        address: &address,
        object: Some(&place.url()),
        person,
    };
    let device = person.device(random);
    let mut rest = vec![place.site(random), place.client(device), place.file(random)];
    if operation == "SharingSet" {
        rest.push(object! { "TargetUserOrGroupName": outsider(random), "TargetUserOrGroupType": "Guest" });
    }
    head.event(rest)
}

/// Where a file lies.
struct Place {
    own: bool,
    site: String,
    folder: &'static str,
    name: String,
    extension: &'static str,
}

impl Place {
    fn of(person: &Person, random: &mut Random) -> Place {
        let own = random.chance(OWN_PER_MILLE);
        let site = if own {
            format!("{OWN_HOST}/personal/{}_contoso_com/", person.alias().replace('.', "_"))
        } else {
            format!("{HOST}/sites/{}/", random.pick(&SITES))
        };
        let extension = random.pick(&EXTENSIONS);
        let name = format!("{} {}.{extension}", random.pick(&STEMS), random.between(1, 90));
        Place { own, site, folder: if own { "Documents" } else { "Shared Documents" }, name, extension }
    }

    fn url(&self) -> String {
        format!("{}{}/{}", self.site, self.folder, self.name)
    }

    fn site(&self, random: &mut Random) -> Json {
        let of_site = |part: u64| Random::of(part, &self.site).guid();
        object! {
            "CorrelationId": random.guid(),
            "EventSource": "SharePoint",
            "ItemType": "File",
            "ListId": of_site(4),
            "ListItemUniqueId": Random::of(5, &self.url()).guid(),
            "Site": of_site(6),
            "WebId": of_site(7),
            "ListBaseType": 1,
            "ListServerTemplate": if self.own { 700 } else { 101 },
        }
    }

    fn client(&self, device: &Device) -> Json {
        object! {
            "UserAgent": device.agent,
            "DeviceDisplayName": &device.name,
            "IsManagedDevice": device.managed,
            "BrowserName": device.browser.split(' ').next().unwrap_or_default(),
            "BrowserVersion": device.browser.split(' ').next_back().unwrap_or_default(),
            "Platform": device.system,
            "AuthenticationType": "OAuth",
            "ApplicationDisplayName": if self.own { "Microsoft OneDrive" } else { "SharePoint Online Web Client" },
            "HighPriorityMediaProcessing": false,
        }
    }

    fn file(&self, random: &mut Random) -> Json {
        object! {
            "FileSizeBytes": random.between(9_000, 9_000_000),
            "SourceFileExtension": self.extension,
            "SiteUrl": &self.site,
            "SourceFileName": &self.name,
            "SourceRelativeUrl": self.folder,
        }
    }
}

/// Something that a person does in Teams.
pub(crate) fn chat(midnight: Moment, people: &People, random: &mut Random) -> Event {
    let person = people.anyone(random);
    let operation = random.weighted(&CHAT_OPERATIONS);
    let at = person.moment(midnight, random);
    let address = person.address(random);
    let head = Head {
        at,
        id: random.guid(),
        operation,
        record_type: 25,
        result: None,
        workload: "MicrosoftTeams",
        address: &address,
        object: None,
        person,
    };
    let device = person.device(random);
    let rest = match *operation {
        "MemberAdded" => member(people, random),
        "TeamsSessionStarted" => object! { "ItemName": "", "DeviceId": &device.id },
        _ => message(at, random),
    };
    head.event(vec![extra(device), rest])
}

fn extra(device: &Device) -> Json {
    let client = if device.trust == "Azure AD joined" { "Desktop" } else { "Mobile" };
    object! {
        "ExtraProperties": Json::array([
            object! { "Key": "TimeZone", "Value": "Europe/Amsterdam" },
            object! { "Key": "OsName", "Value": device.system },
            object! { "Key": "ClientName", "Value": client },
            object! { "Key": "UserAgent", "Value": device.agent },
        ]),
        "ResourceTenantId": TENANT,
    }
}

fn message(at: Moment, random: &mut Random) -> Json {
    let (team, id) = random.choice(&TEAMS);
    let thread = format!("19:{}@thread.v2", Random::of(8, team).hex(32));
    let number = at.unix_ms().to_string();
    object! {
        "AADGroupId": id,
        "ChannelGuid": &thread,
        "ChannelName": "General",
        "ChannelType": "Standard",
        "ChatThreadId": &thread,
        "CommunicationType": "Channel",
        "MessageId": &number,
        "MessageVersion": &number,
        "MessageSizeInBytes": random.between(40, 4_000),
        "MessageURLs": Json::none(),
        "ParticipantInfo": object! {
            "HasForeignTenantUsers": false,
            "HasGuestUsers": false,
            "HasOtherGuestUsers": false,
            "HasUnauthenticatedUsers": false,
            "ParticipatingTenantIds": Json::array([TENANT]),
        },
        "TeamGuid": format!("19:{}@thread.tacv2", Random::of(9, team).hex(32)),
        "TeamName": team,
    }
}

fn member(people: &People, random: &mut Random) -> Json {
    let (team, id) = random.choice(&TEAMS);
    let added = people.anyone(random);
    object! {
        "AADGroupId": id,
        "TeamGuid": format!("19:{}@thread.tacv2", Random::of(9, team).hex(32)),
        "TeamName": team,
        "Members": Json::array([object! { "DisplayName": &added.name, "Role": 1, "UPN": &added.upn }]),
        "ModifiedProperties": Json::none(),
    }
}
