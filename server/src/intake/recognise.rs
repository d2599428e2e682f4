//! Which product wrote a record: its stream, the time it happened and its id.
//!
//! What the products write is one table, [`SHAPES`]; the first shape whose members a record has is its shape. A
//! record of no shape goes to [`UNKNOWN_STREAM`] with the first of [`GENERIC_TIMES`] that is a time.
//!
//! An id is used only where the provider says that no two records share it, because a second record with the same id
//! and the same bytes is counted as a repetition and not kept again.

use logkeep_storage::{StreamName, Timestamp};

use crate::intake::event_time;
use crate::intake::json_path::JsonPath;
use crate::intake::json_scan::{SLOTS_MAX, Scanner, bit};
use crate::intake::line_time;
use crate::intake::stream_template::StreamTemplate;

/// Where JSON records of no known shape go.
pub(crate) const UNKNOWN_STREAM: &str = "unknown/json";
/// A time before 1980 in a field that only looks like one is a duration or a counter.
const GENERIC_TIME_MIN: Timestamp = Timestamp(315_532_800_000_000_000);

macro_rules! fields {
    ($($field:ident = $($path:literal)|+;)+) => {
        /// The members that recognition looks at; several spellings may be one field.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Field { $($field),+ }
        const FIELDS: &[(Field, &[&str])] = &[$((Field::$field, &[$($path),+])),+];
    };
}

fields! {
    ActivityDateTime = "activityDateTime";
    ActivityDisplayName = "activityDisplayName";
    AlertName = "properties.alertDisplayName" | "properties.alertType";
    AppDisplayName = "appDisplayName";
    AtTimestamp = "@timestamp";
    AuditLogRecordType = "auditLogRecordType";
    Category = "category";
    ChangeId = "changeId";
    Channel = "Channel" | "log_name" | "winlog";
    CreatedDateTime = "createdDateTime";
    CreationTime = "CreationTime" | "creationtime";
    DetectedDateTime = "detectedDateTime";
    DetectionSource = "detectionSource" | "serviceSource";
    EventId = "EventID" | "EventId" | "event_id";
    EventName = "eventName";
    EventSource = "eventSource";
    EventTime = "EventTime";
    Id = "Id";
    IncidentName = "IncidentName";
    IncidentWebUrl = "incidentWebUrl";
    IpAddress = "ipAddress";
    ItemId = "_ItemId";
    LastModifiedTime = "LastModifiedTime";
    LowerEventId = "eventID";
    LowerEventTime = "eventTime";
    LowerId = "id";
    Name = "name";
    OfficeId = "OfficeId";
    Operation = "Operation" | "operation";
    Properties = "properties";
    PropertiesActivity = "properties.activityDateTime";
    PropertiesCreated = "properties.createdDateTime";
    PropertiesId = "properties.id";
    PropertiesTimestamp = "properties.Timestamp";
    PropertiesTimeGenerated = "properties.timeGeneratedUtc";
    RecordType = "RecordType" | "recordtype";
    ResourceId = "resourceId" | "resourceid";
    RiskEventType = "riskEventType";
    Service = "service";
    SignInEventTypes = "signInEventTypes";
    StartTimeUtc = "StartTimeUtc";
    SystemAlertId = "SystemAlertId";
    TenantId = "tenantId";
    Time = "time";
    TimeCreated = "TimeCreated";
    TimeGenerated = "TimeGenerated" | "TimeGenerated [UTC]";
    Type = "Type";
    Workload = "Workload" | "workload";
    // Times of shapes we do not know.
    Ts = "ts";
    LowerTimestamp = "timestamp";
    UpperTimestamp = "Timestamp";
    SnakeEventTime = "event_time";
    ReportTime = "ReportTime";
    DateTime = "datetime" | "dateTime" | "date" | "timestamp_derived" | "id.time";
}

/// Tried in this order in records of no known shape.
const GENERIC_TIMES: &[Field] = &[
    Field::Ts,
    Field::Time,
    Field::LowerTimestamp,
    Field::AtTimestamp,
    Field::TimeGenerated,
    Field::LowerEventTime,
    Field::CreatedDateTime,
    Field::CreationTime,
    Field::UpperTimestamp,
    Field::ActivityDateTime,
    Field::TimeCreated,
    Field::EventTime,
    Field::SnakeEventTime,
    Field::StartTimeUtc,
    Field::ReportTime,
    Field::DateTime,
];

/// What one kind of record looks like.
struct Shape {
    /// Members that it has.
    all: &'static [Field],
    /// It has one of these, if there are any.
    any: &'static [Field],
    stream: Stream,
    /// The first that is a time is the event time.
    times: &'static [Field],
    /// The values that together are the record's id; of several such lists the first whose values are all there.
    ids: &'static [&'static [Field]],
}

enum Stream {
    Fixed(&'static str),
    /// A folder, and the value of a field in lower case; the last name is for records without the value.
    By(&'static str, Field, &'static str),
    /// By the category of diagnostic settings: [`CATEGORIES`].
    ByCategory,
    /// By the kind of sign-in, where Graph says it.
    BySignInKind,
}

const SHAPES: &[Shape] = &[
    // Log Analytics rows: query, data export. Alerts and incidents get a row for every change.
    Shape {
        all: &[Field::TimeGenerated, Field::SystemAlertId],
        any: &[],
        stream: Stream::Fixed("sentinel/securityalert"),
        times: &[Field::TimeGenerated, Field::StartTimeUtc],
        ids: &[&[Field::ItemId], &[Field::SystemAlertId, Field::TimeGenerated]],
    },
    Shape {
        all: &[Field::TimeGenerated, Field::IncidentName],
        any: &[],
        stream: Stream::Fixed("sentinel/securityincident"),
        times: &[Field::TimeGenerated],
        ids: &[&[Field::ItemId], &[Field::IncidentName, Field::LastModifiedTime]],
    },
    Shape {
        all: &[Field::TimeGenerated, Field::OfficeId],
        any: &[],
        stream: Stream::Fixed("sentinel/officeactivity"),
        times: &[Field::TimeGenerated],
        ids: &[&[Field::ItemId], &[Field::OfficeId]],
    },
    Shape {
        all: &[Field::TimeGenerated, Field::Type],
        any: &[],
        stream: Stream::By("sentinel/", Field::Type, "untyped"),
        times: &[Field::TimeGenerated],
        ids: &[&[Field::ItemId]],
    },
    // Diagnostic settings and the Defender XDR streaming API.
    Shape {
        all: &[Field::Time, Field::Category],
        any: &[Field::ResourceId, Field::Properties, Field::TenantId],
        stream: Stream::ByCategory,
        times: &[Field::PropertiesCreated, Field::PropertiesActivity, Field::PropertiesTimestamp, Field::Time],
        ids: &[&[Field::PropertiesId]],
    },
    // Management Activity API. Times are UTC without saying so.
    Shape {
        all: &[Field::CreationTime, Field::RecordType, Field::Operation],
        any: &[],
        stream: Stream::By("purview/", Field::Workload, "general"),
        times: &[Field::CreationTime],
        ids: &[&[Field::Id], &[Field::LowerId]],
    },
    Shape {
        all: &[Field::CreatedDateTime, Field::LowerId, Field::AuditLogRecordType],
        any: &[],
        stream: Stream::By("purview/query-", Field::Service, "general"),
        times: &[Field::CreatedDateTime],
        ids: &[&[Field::LowerId]],
    },
    // Microsoft Graph.
    Shape {
        all: &[Field::CreatedDateTime, Field::LowerId, Field::AppDisplayName, Field::IpAddress],
        any: &[],
        stream: Stream::BySignInKind,
        times: &[Field::CreatedDateTime],
        ids: &[&[Field::LowerId]],
    },
    Shape {
        all: &[Field::ActivityDateTime, Field::LowerId, Field::ChangeId],
        any: &[],
        stream: Stream::Fixed("entra/provisioning"),
        times: &[Field::ActivityDateTime],
        ids: &[&[Field::LowerId]],
    },
    Shape {
        all: &[Field::ActivityDateTime, Field::LowerId, Field::ActivityDisplayName],
        any: &[],
        stream: Stream::Fixed("entra/audit"),
        times: &[Field::ActivityDateTime],
        ids: &[&[Field::LowerId]],
    },
    Shape {
        all: &[Field::LowerId, Field::RiskEventType],
        any: &[Field::ActivityDateTime, Field::DetectedDateTime],
        stream: Stream::Fixed("entra/risk-detection"),
        times: &[Field::ActivityDateTime, Field::DetectedDateTime],
        ids: &[&[Field::LowerId]],
    },
    Shape {
        all: &[Field::CreatedDateTime, Field::LowerId, Field::DetectionSource],
        any: &[],
        stream: Stream::Fixed("defender/alert-graph"),
        times: &[Field::CreatedDateTime],
        ids: &[&[Field::LowerId]],
    },
    Shape {
        all: &[Field::CreatedDateTime, Field::LowerId, Field::IncidentWebUrl],
        any: &[],
        stream: Stream::Fixed("defender/incident"),
        times: &[Field::CreatedDateTime],
        ids: &[&[Field::LowerId]],
    },
    // Defender for Cloud, from Azure Resource Manager. Two alerts may share a systemAlertId, none share a name.
    Shape {
        all: &[Field::Name, Field::PropertiesTimeGenerated, Field::AlertName],
        any: &[],
        stream: Stream::Fixed("defender/alert"),
        times: &[Field::PropertiesTimeGenerated],
        ids: &[&[Field::Name]],
    },
    Shape {
        all: &[Field::LowerEventId, Field::EventSource, Field::EventName],
        any: &[Field::LowerEventTime, Field::AtTimestamp],
        stream: Stream::Fixed("aws/cloudtrail"),
        times: &[Field::LowerEventTime, Field::AtTimestamp],
        ids: &[&[Field::LowerEventId]],
    },
    // Windows events as NXLog, Winlogbeat and others forward them.
    Shape {
        all: &[Field::Channel],
        any: &[Field::EventId, Field::AtTimestamp],
        stream: Stream::Fixed("windows/event"),
        times: &[Field::AtTimestamp, Field::TimeCreated, Field::EventTime],
        ids: &[],
    },
];

/// Category of diagnostic settings → stream, and whether `properties.id` names one record only.
const CATEGORIES: &[(&str, &str, bool)] = &[
    ("SignInLogs", "entra/signin", true),
    ("NonInteractiveUserSignInLogs", "entra/signin-noninteractive", true),
    ("ServicePrincipalSignInLogs", "entra/signin-serviceprincipal", true),
    ("ManagedIdentitySignInLogs", "entra/signin-managedidentity", true),
    ("ADFSSignInLogs", "entra/signin-adfs", true),
    ("AuditLogs", "entra/audit", true),
    ("ProvisioningLogs", "entra/provisioning", true),
    ("RiskyUsers", "entra/risky-user", false),
    ("UserRiskEvents", "entra/user-risk-event", true),
    ("RiskyServicePrincipals", "entra/risky-serviceprincipal", false),
    ("ServicePrincipalRiskEvents", "entra/serviceprincipal-risk-event", true),
    ("MicrosoftGraphActivityLogs", "entra/graph-activity", false),
    ("NetworkAccessTrafficLogs", "entra/network-access", false),
    ("EnrichedOffice365AuditLogs", "entra/enriched-office365-audit", false),
    ("CustomSecurityAttributeAuditLogs", "entra/custom-security-attribute-audit", true),
    ("Administrative", "azure/activity", false),
    ("Security", "azure/activity", false),
    ("ServiceHealth", "azure/activity", false),
    ("Alert", "azure/activity", false),
    ("Recommendation", "azure/activity", false),
    ("Policy", "azure/activity", false),
    ("Autoscale", "azure/activity", false),
    ("ResourceHealth", "azure/activity", false),
];
/// Categories of the Defender XDR streaming API begin with this; a table's name follows.
const HUNTING: &str = "AdvancedHunting-";

/// What the user says about the records; it goes before what recognition finds.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Name of the stream, with values of the record in braces: `bench/{src}`.
    pub stream: Option<StreamTemplate>,
    /// Where the event time is.
    pub time: Option<JsonPath>,
    /// Where the provider's id is.
    pub id: Option<JsonPath>,
}

/// Names records. Holds the overrides and the slots they use in the scanner.
#[derive(Debug)]
pub(crate) struct Recogniser {
    overrides: Overrides,
    time: Option<u8>,
    id: Option<u8>,
    placeholders: Vec<u8>,
    name: Vec<u8>,
    joined_id: Vec<u8>,
}

/// What was found out about one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recognised<'a> {
    /// Text to be made a stream name: not sanitised, because most records have the name of the one before.
    pub(crate) stream: &'a [u8],
    /// `None` if the record does not tell: then the received time stands for it.
    pub(crate) event: Option<Timestamp>,
    pub(crate) id: Option<&'a [u8]>,
}

impl Recogniser {
    /// A recogniser and the scanner that finds what it looks at.
    pub(crate) fn new(overrides: Overrides) -> (Self, Scanner) {
        let mut slots = Slots::built_in();
        let time = overrides.time.as_ref().map(|path| slots.of(path));
        let id = overrides.id.as_ref().map(|path| slots.of(path));
        let template = overrides.stream.as_ref();
        let placeholders = template.map(|template| template.paths().map(|path| slots.of(path)).collect());
        let scanner = Scanner::new(&slots.paths);
        let placeholders = placeholders.unwrap_or_default();
        (Self { overrides, time, id, placeholders, name: Vec::new(), joined_id: Vec::new() }, scanner)
    }

    /// Names the JSON record that `scanner` has scanned last.
    pub(crate) fn record<'a>(&'a mut self, record: &'a [u8], scanner: &Scanner) -> Recognised<'a> {
        let shape = SHAPES.iter().find(|shape| shape.fits(scanner.present()));
        self.name.clear();
        let category = self.name_stream(record, scanner, shape);
        let event = self.event(record, scanner, shape);
        let id = match self.id {
            Some(slot) => scanner.value(record, slot).and_then(id_text),
            None if category.is_some_and(|(_, _, unique)| !unique) => None,
            None => shape.and_then(|shape| find_id(shape, record, scanner, &mut self.joined_id)),
        };
        Recognised { stream: &self.name, event, id }
    }

    /// Names a line of text that came `now`. `default` is its stream unless the user gave one.
    pub(crate) fn line<'a>(
        &'a mut self,
        line: &[u8],
        default: &'a StreamName,
        now: impl FnOnce() -> Timestamp,
    ) -> Recognised<'a> {
        let event = line_time::parse_line(line, now);
        let Some(template) = &self.overrides.stream else {
            return Recognised { stream: default.as_str().as_bytes(), event, id: None };
        };
        self.name.clear();
        template.fill(&mut self.name, |_| None);
        Recognised { stream: &self.name, event, id: None }
    }

    /// Fills `self.name`; the category, if that was what decided.
    fn name_stream(
        &mut self,
        record: &[u8],
        scanner: &Scanner,
        shape: Option<&Shape>,
    ) -> Option<&'static (&'static str, &'static str, bool)> {
        let decided = match shape {
            Some(Shape { stream: Stream::ByCategory, .. }) => category(record, scanner),
            _ => None,
        };
        if let Some(template) = &self.overrides.stream {
            let placeholders = &self.placeholders;
            template.fill(&mut self.name, |index| scanner.value(record, *placeholders.get(index)?).and_then(id_text));
            return decided;
        }
        match shape.map(|shape| &shape.stream) {
            None => self.name.extend_from_slice(UNKNOWN_STREAM.as_bytes()),
            Some(Stream::Fixed(name)) => self.name.extend_from_slice(name.as_bytes()),
            Some(Stream::By(folder, field, otherwise)) => {
                let value = value(record, scanner, *field).and_then(id_text).unwrap_or(otherwise.as_bytes());
                append_name(&mut self.name, folder, value);
            }
            Some(Stream::ByCategory) => match decided {
                Some((_, name, _)) => self.name.extend_from_slice(name.as_bytes()),
                None => append_category(&mut self.name, record, scanner),
            },
            Some(Stream::BySignInKind) => {
                let kinds = value(record, scanner, Field::SignInEventTypes).unwrap_or_default();
                self.name.extend_from_slice(sign_in_stream(kinds).as_bytes());
            }
        }
        decided
    }

    fn event(&self, record: &[u8], scanner: &Scanner, shape: Option<&Shape>) -> Option<Timestamp> {
        if let Some(slot) = self.time {
            return scanner.value(record, slot).and_then(event_time::parse_value);
        }
        let time = |field: &Field| value(record, scanner, *field).and_then(event_time::parse_value);
        match shape {
            Some(shape) => shape.times.iter().find_map(time),
            None => GENERIC_TIMES.iter().filter_map(time).find(|time| *time >= GENERIC_TIME_MIN),
        }
    }
}

impl Shape {
    fn fits(&self, present: u128) -> bool {
        let all = bits(self.all);
        present & all == all && (self.any.is_empty() || present & bits(self.any) != 0)
    }
}

/// The slots of the scanner and their paths.
struct Slots {
    paths: Vec<(u8, JsonPath)>,
    next: u8,
}

impl Slots {
    fn built_in() -> Self {
        let spellings = FIELDS.iter().flat_map(|(field, paths)| paths.iter().map(|path| (*field as u8, path)));
        let paths = spellings.filter_map(|(slot, path)| Some((slot, path.parse().ok()?))).collect();
        Self { paths, next: FIELDS.len() as u8 }
    }

    /// The slot of a path; a new one if the path is new. With too many paths the last slot stays without a value.
    fn of(&mut self, path: &JsonPath) -> u8 {
        if let Some((slot, _)) = self.paths.iter().find(|(_, known)| known == path) {
            return *slot;
        }
        let slot = self.next;
        if usize::from(slot) + 1 < SLOTS_MAX {
            self.paths.push((slot, path.clone()));
            self.next += 1;
        }
        slot
    }
}

fn bits(fields: &[Field]) -> u128 {
    fields.iter().fold(0, |bits, field| bits | bit(*field as u8))
}

fn value<'a>(record: &'a [u8], scanner: &Scanner, field: Field) -> Option<&'a [u8]> {
    scanner.value(record, field as u8)
}

/// A string without its quotes or a number, as spelled; nothing else is a name.
fn id_text(raw: &[u8]) -> Option<&[u8]> {
    match raw {
        [b'"', b'"'] => None,
        [b'"', text @ .., b'"'] => Some(text),
        [b'-' | b'0'..=b'9', ..] => Some(raw),
        _ => None,
    }
}

fn find_id<'a>(shape: &Shape, record: &'a [u8], scanner: &Scanner, joined: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let part = |field: &Field| value(record, scanner, *field).and_then(id_text);
    let fields = shape.ids.iter().find(|fields| fields.iter().all(|field| part(field).is_some()))?;
    if let [single] = fields {
        return part(single);
    }
    joined.clear();
    for field in *fields {
        joined.extend_from_slice(part(field)?);
        joined.push(b'|');
    }
    joined.pop();
    Some(joined)
}

fn category(record: &[u8], scanner: &Scanner) -> Option<&'static (&'static str, &'static str, bool)> {
    let category = id_text(value(record, scanner, Field::Category)?)?;
    CATEGORIES.iter().find(|(name, _, _)| name.as_bytes().eq_ignore_ascii_case(category))
}

/// Categories that are not in the table: tables of Defender XDR, newer logs of Entra, and resource logs of Azure.
fn append_category(name: &mut Vec<u8>, record: &[u8], scanner: &Scanner) {
    let category = value(record, scanner, Field::Category).and_then(id_text).unwrap_or(b"uncategorised");
    let resource = value(record, scanner, Field::ResourceId).unwrap_or_default();
    match category.split_at_checked(HUNTING.len()) {
        Some((prefix, table)) if prefix.eq_ignore_ascii_case(HUNTING.as_bytes()) => {
            append_name(name, "defender/", table);
        }
        _ if has_ignoring_case(resource, b"/microsoft.aadiam") => append_name(name, "entra/", category),
        _ => append_name(name, "azure/", category),
    }
}

fn has_ignoring_case(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

/// One more segment: a slash in the value must not make two.
fn append_name(name: &mut Vec<u8>, folder: &str, value: &[u8]) {
    name.extend_from_slice(folder.as_bytes());
    name.extend(value.iter().map(|byte| if *byte == b'/' { b'-' } else { *byte }));
}

fn sign_in_stream(kinds: &[u8]) -> &'static str {
    let has = |kind: &[u8]| memchr::memmem::find(kinds, kind).is_some();
    match () {
        () if has(b"nonInteractiveUser") => "entra/signin-noninteractive",
        () if has(b"servicePrincipal") => "entra/signin-serviceprincipal",
        () if has(b"managedIdentity") => "entra/signin-managedidentity",
        () => "entra/signin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognise(overrides: Overrides, record: &str) -> (String, Option<String>, Option<String>) {
        let (mut recogniser, mut scanner) = Recogniser::new(overrides);
        assert_eq!(scanner.scan(record.as_bytes(), true), Ok(record.len()), "{record}");
        let found = recogniser.record(record.as_bytes(), &scanner);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let stream = StreamName::sanitised(&text(found.stream)).to_string();
        (stream, found.event.map(|time| time.to_string()), found.id.map(text))
    }

    #[test]
    fn the_products_are_recognised() {
        let cases = [
            (
                r#"{"time":"2024-09-02T23:00:01Z","category":"SignInLogs","properties":{"id":"i1","createdDateTime":"2024-09-02T23:00:00Z"}}"#,
                "entra/signin",
                "23:00:00",
                Some("i1"),
            ),
            (
                r#"{"time":"2024-09-02T23:00:01Z","category":"NonInteractiveUserSignInLogs","properties":{"id":"i1"}}"#,
                "entra/signin-noninteractive",
                "23:00:01",
                Some("i1"),
            ),
            (
                r#"{"time":"2024-09-02T23:00:01Z","category":"AuditLogs","properties":{"id":"i2","activityDateTime":"2024-09-02T23:00:00Z"}}"#,
                "entra/audit",
                "23:00:00",
                Some("i2"),
            ),
            (
                r#"{"time":"2024-09-02T23:00:01Z","category":"Administrative","resourceId":"/x","properties":{"id":"i2"}}"#,
                "azure/activity",
                "23:00:01",
                None,
            ),
            (
                r#"{"time":"2024-09-02T23:00:01Z","category":"StorageRead","resourceId":"/x"}"#,
                "azure/storageread",
                "23:00:01",
                None,
            ),
            (
                r#"{"time":"2024-09-02T23:00:01Z","category":"NewLogs","resourceId":"/tenants/x/providers/Microsoft.aadiam"}"#,
                "entra/newlogs",
                "23:00:01",
                None,
            ),
            (
                r#"{"time":"2024-09-02T23:00:01Z","category":"AdvancedHunting-DeviceEvents","properties":{"Timestamp":"2024-09-02T23:00:00Z"}}"#,
                "defender/deviceevents",
                "23:00:00",
                None,
            ),
            (
                r#"{"id":"g1","createdDateTime":"2024-09-02T23:00:01Z","userPrincipalName":"a@b.c","appDisplayName":"x","ipAddress":"::1"}"#,
                "entra/signin",
                "23:00:01",
                Some("g1"),
            ),
            (
                r#"{"id":"g1","createdDateTime":"2024-09-02T23:00:01Z","appDisplayName":"x","ipAddress":"::1","signInEventTypes":["nonInteractiveUser"]}"#,
                "entra/signin-noninteractive",
                "23:00:01",
                Some("g1"),
            ),
            (
                r#"{"id":"g2","category":"UserManagement","activityDateTime":"2024-09-02T23:00:01Z","activityDisplayName":"Add user","loggedByService":"Core Directory"}"#,
                "entra/audit",
                "23:00:01",
                Some("g2"),
            ),
            (
                r#"{"id":"g3","riskEventType":"unfamiliarFeatures","activityDateTime":"2024-09-02T23:00:01Z","detectedDateTime":"2024-09-02T23:00:09Z"}"#,
                "entra/risk-detection",
                "23:00:01",
                Some("g3"),
            ),
            (
                r#"{"id":"g4","serviceSource":"microsoftDefenderForEndpoint","createdDateTime":"2024-09-02T23:00:01Z","lastUpdateDateTime":"2024-09-03T00:00:00Z"}"#,
                "defender/alert-graph",
                "23:00:01",
                Some("g4"),
            ),
            (
                r#"{"CreationTime":"2024-09-02T23:00:01","Id":"m1","RecordType":15,"Operation":"UserLoggedIn","Workload":"AzureActiveDirectory"}"#,
                "purview/azureactivedirectory",
                "23:00:01",
                Some("m1"),
            ),
            (
                r#"{"CreationTime":"2024-09-02T23:00:01","Id":"m2","RecordType":2,"Operation":"x"}"#,
                "purview/general",
                "23:00:01",
                Some("m2"),
            ),
            (
                r#"{"TimeGenerated":"2024-09-02T23:00:01Z","Type":"SigninLogs","Id":"s"}"#,
                "sentinel/signinlogs",
                "23:00:01",
                None,
            ),
            (
                r#"{"TimeGenerated":"2024-09-02T23:00:01Z","Type":"X_CL","_ItemId":"s"}"#,
                "sentinel/x_cl",
                "23:00:01",
                Some("s"),
            ),
            (
                r#"{"TimeGenerated":"2024-09-02T23:00:01Z","SystemAlertId":"a"}"#,
                "sentinel/securityalert",
                "23:00:01",
                Some("a|2024-09-02T23:00:01Z"),
            ),
            (
                r#"{"TimeGenerated":"2024-09-02T23:00:01Z","IncidentName":"a","LastModifiedTime":"b"}"#,
                "sentinel/securityincident",
                "23:00:01",
                Some("a|b"),
            ),
            (
                r#"{"id":"/subscriptions/x","name":"n1","type":"Microsoft.Security/Locations/alerts","properties":{"alertType":"t","timeGeneratedUtc":"2024-09-02T23:00:01Z"}}"#,
                "defender/alert",
                "23:00:01",
                Some("n1"),
            ),
            (
                r#"{"eventVersion":"1.08","eventTime":"2024-09-02T23:00:01Z","eventSource":"s3","eventName":"Get","eventID":"c1"}"#,
                "aws/cloudtrail",
                "23:00:01",
                Some("c1"),
            ),
            (
                r#"{"Channel":"Security","EventID":4688,"@timestamp":"2024-09-02T23:00:01Z"}"#,
                "windows/event",
                "23:00:01",
                None,
            ),
            (r#"{"ts":1725318001000,"id":"x","a":1}"#, "unknown/json", "23:00:01", None),
            (r#"{"ts":5,"time":"2024-09-02T23:00:01Z"}"#, "unknown/json", "23:00:01", None),
        ];
        for (record, stream, time, id) in cases {
            let found = recognise(Overrides::default(), record);
            let time = Some(format!("2024-09-02T{time}.000000000Z"));
            assert_eq!(found, (stream.to_owned(), time, id.map(str::to_owned)), "{record}");
        }
    }

    #[test]
    fn what_the_user_says_goes_first() {
        let overrides = Overrides {
            stream: Some("bench/{src}/{time}".parse().unwrap()),
            time: Some("properties.createdDateTime".parse().unwrap()),
            id: Some("deep.er".parse().unwrap()),
        };
        let record =
            r#"{"src":"A b","time":"t/1","properties":{"createdDateTime":"2024-09-02T23:00:00Z"},"deep":{"er":7}}"#;
        let (stream, time, id) = recognise(overrides.clone(), record);
        assert_eq!(stream, "bench/a-b/t-1");
        assert_eq!(time.as_deref(), Some("2024-09-02T23:00:00.000000000Z"));
        assert_eq!(id.as_deref(), Some("7"));
        let (stream, time, id) = recognise(overrides, r#"{"ts":1725318001000}"#);
        assert_eq!((stream.as_str(), time, id), ("bench/unknown/unknown", None, None));
    }

    #[test]
    fn scalars_and_arrays_are_records_of_no_shape() {
        for record in ["1", "[]", "\"a\"", "null", "{}"] {
            assert_eq!(recognise(Overrides::default(), record), (UNKNOWN_STREAM.to_owned(), None, None), "{record}");
        }
    }

    #[test]
    fn every_field_has_a_slot_and_the_user_some_more() {
        assert!(FIELDS.len() + 16 < SLOTS_MAX);
        assert!(FIELDS.iter().flat_map(|(_, paths)| *paths).all(|path| path.parse::<JsonPath>().is_ok()));
    }
}
