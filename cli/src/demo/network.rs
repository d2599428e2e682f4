//! Firewall and server logs as Sentinel keeps them: `CommonSecurityLog` (CEF) and `Syslog` rows.

use crate::demo::company::{GROUP, SUBSCRIPTION, WORKSPACE};
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::people::{People, anytime};
use crate::demo::random::Random;
use crate::demo::story::Plot;
use crate::demo::wire::{Delivery, Record};

/// How often the attacker knocked at the VPN gateway before the guesses, and on the jump host after it.
const KNOCKS: i64 = 9;
const MACHINES: [(&str, &str); 5] = [
    ("vm-web-01", "10.20.1.11"),
    ("vm-web-02", "10.20.1.12"),
    ("vm-build-01", "10.20.2.21"),
    ("vm-sql-01", "10.20.3.31"),
    ("vm-jump-01", "10.20.4.41"),
];
/// Columns that a firewall leaves empty; a workspace answers them all the same.
const EMPTY_BEFORE: [&str; 10] = [
    "ReceiptTime",
    "OriginalLogSeverity",
    "SimplifiedDeviceAction",
    "DeviceFacility",
    "RemoteIP",
    "RemotePort",
    "MaliciousIP",
    "IndicatorThreatType",
    "ThreatDescription",
    "ReportReferenceLink",
];
const EMPTY_AFTER: [&str; 40] = [
    "DestinationDnsDomain",
    "DestinationTranslatedAddress",
    "DeviceDnsDomain",
    "DeviceNtDomain",
    "DevicePayloadId",
    "ProcessName",
    "DestinationHostName",
    "DestinationMACAddress",
    "DestinationNTDomain",
    "DestinationUserPrivileges",
    "DestinationProcessName",
    "DeviceTimeZone",
    "DestinationUserID",
    "DestinationUserName",
    "DeviceMacAddress",
    "FileCreateTime",
    "FileHash",
    "FileID",
    "FilePath",
    "FilePermission",
    "FileType",
    "FileName",
    "OldFileHash",
    "OldFileName",
    "OldFilePath",
    "RequestURL",
    "RequestClientApplication",
    "RequestContext",
    "RequestCookies",
    "RequestMethod",
    "SourceHostName",
    "SourceMACAddress",
    "SourceNTDomain",
    "SourceDnsDomain",
    "SourceServiceName",
    "SourceTranslatedAddress",
    "SourceUserPrivileges",
    "SourceProcessName",
    "SourceUserID",
    "SourceUserName",
];
const SERVICES: [((&str, i64), u64); 5] =
    [(("https", 443), 60), (("dns", 53), 18), (("ssh", 22), 8), (("smtp", 587), 6), (("ms-sql", 1433), 8)];

/// The rows of firewall and servers.
pub(crate) fn deliveries(
    [connections, messages]: [usize; 2],
    midnight: Moment,
    people: &People,
    plot: &Plot<'_>,
    random: &mut Random,
) -> Vec<Delivery> {
    let mut firewall: Vec<Record> =
        (0..connections).map(|_| traffic(midnight, people, random).record(random)).collect();
    firewall.extend((0..KNOCKS).map(|knock| knocked(knock, plot, random).record(random)));
    let mut servers: Vec<Record> = (0..messages).map(|_| message(midnight, people, random)).collect();
    servers.extend((1..=KNOCKS).map(|knock| refused(plot.alert.plus_ms(knock * 2_113), plot, random)));
    vec![Delivery::lines("sentinel-commonsecuritylog", firewall), Delivery::lines("sentinel-syslog", servers)]
}

/// One connection that the firewall saw.
struct Connection {
    at: Moment,
    source: String,
    target: String,
    service: &'static str,
    port: i64,
    allowed: bool,
    inbound: bool,
}

fn traffic(midnight: Moment, people: &People, random: &mut Random) -> Connection {
    let (service, port) = random.weighted_choice(&SERVICES);
    let inside = format!("10.20.{}.{}", random.between(16, 31), random.between(2, 250));
    let outside = format!("203.0.113.{}", random.between(1, 199));
    let inbound = random.chance(280);
    let at = if inbound { anytime(midnight, random) } else { people.anyone(random).moment(midnight, random) };
    let (source, target) = if inbound { (outside, inside) } else { (inside, outside) };
    Connection { at, source, target, service, port, allowed: !inbound || random.chance(250), inbound }
}

fn knocked(knock: i64, plot: &Plot<'_>, random: &mut Random) -> Connection {
    let first = plot.guesses.first().map_or(plot.success, |guess| guess.at);
    Connection {
        at: first.plus_ms(-(KNOCKS - knock) * 47_000).jittered(random),
        source: plot.attacker.clone(),
        target: "192.0.2.10".to_owned(),
        service: "ssl-vpn",
        port: 8443,
        allowed: false,
        inbound: true,
    }
}

impl Connection {
    fn record(&self, random: &mut Random) -> Record {
        let available = self.at.plus_ms(random.between(900, 9_000));
        let json = Json::joined(vec![
            self.device(),
            blank(&EMPTY_BEFORE),
            self.ends(random),
            self.counts(random),
            blank(&EMPTY_AFTER),
            self.tail(random),
        ]);
        Record { at: self.at, available, json: json.to_string() }
    }

    fn device(&self) -> Json {
        object! {
            "TenantId": WORKSPACE,
            "SourceSystem": "OpsManager",
            "TimeGenerated": self.at.trimmed(),
            "DeviceVendor": "Contoso Networks",
            "DeviceProduct": "EdgeWall",
            "DeviceVersion": "11.2.4",
            "DeviceEventClassID": if self.allowed { "traffic-allow" } else { "traffic-deny" },
            "Activity": if self.allowed { "TRAFFIC end" } else { "TRAFFIC deny" },
            "LogSeverity": if self.allowed { "1" } else { "5" },
            "DeviceAction": if self.allowed { "allow" } else { "deny" },
            "Computer": "edgewall-01",
        }
    }

    fn ends(&self, random: &mut Random) -> Json {
        object! {
            "CommunicationDirection": if self.inbound { "Inbound" } else { "Outbound" },
            "DestinationIP": &self.target,
            "DestinationPort": self.port,
            "SourceIP": &self.source,
            "SourcePort": random.between(32_768, 49_151),
            "Protocol": if self.port == 53 { "UDP" } else { "TCP" },
            "ApplicationProtocol": self.service,
            "DeviceName": "edgewall-01",
            "DeviceInboundInterface": if self.inbound { "ethernet1/1" } else { "ethernet1/2" },
            "DeviceOutboundInterface": if self.inbound { "ethernet1/2" } else { "ethernet1/1" },
            "DeviceExternalID": "0117020A5C3",
        }
    }

    fn counts(&self, random: &mut Random) -> Json {
        object! {
            "EventCount": 1,
            "SentBytes": random.between(120, 40_000),
            "ReceivedBytes": if self.allowed { random.between(300, 900_000) } else { 0 },
            "ExternalID": random.between(1_000_000, 9_999_999),
            "StartTime": self.at.plus_ms(-random.between(20, 30_000)).trimmed(),
            "EndTime": self.at.trimmed(),
            "DeviceCustomString1": if self.inbound { "untrust-to-dmz" } else { "trust-to-untrust" },
            "DeviceCustomString1Label": "Rule",
            "DeviceCustomNumber1": random.between(1_000, 999_999),
            "DeviceCustomNumber1Label": "SessionID",
        }
    }

    fn tail(&self, random: &mut Random) -> Json {
        let zones = if self.inbound { "SrcZone=untrust;DstZone=dmz" } else { "SrcZone=trust;DstZone=untrust" };
        object! {
            "Message": "",
            "AdditionalExtensions": format!("cat=traffic;act={};{zones};flags=0x{}", if self.allowed { "allow" } else { "deny" }, random.hex(6)),
            "Type": "CommonSecurityLog",
            "_ResourceId": machine_path("vm-logs-01"),
            "_ItemId": random.guid(),
        }
    }
}

fn blank(columns: &[&'static str]) -> Json {
    Json::Object(columns.iter().map(|column| (*column, Json::from(""))).collect())
}

fn message(midnight: Moment, people: &People, random: &mut Random) -> Record {
    let (machine, address) = random.choice(&MACHINES);
    let person = people.administrator(random);
    let user = person.alias();
    let guesser = format!("203.0.113.{}", random.between(1, 199));
    let port = random.between(32_768, 49_151);
    let (facility, level, program, text) = match random.below(10) {
        0..3 => (
            "cron",
            "info",
            "CRON",
            "(root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.hourly)".to_owned(),
        ),
        3..5 => (
            "authpriv",
            "info",
            "sshd",
            format!(
                "Accepted publickey for {user} from 10.20.16.{} port {port} ssh2: ED25519 SHA256:{}",
                random.between(2, 250),
                random.token(43)
            ),
        ),
        5..8 => (
            "authpriv",
            "info",
            "sshd",
            format!("Failed password for invalid user admin from {guesser} port {port} ssh2"),
        ),
        8 => ("daemon", "notice", "systemd", "Started session-4711.scope - Session 4711 of User backup.".to_owned()),
        _ => (
            "authpriv",
            "notice",
            "sudo",
            format!("{user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx"),
        ),
    };
    let line = Line { at: anytime(midnight, random), machine, address, facility, level, program, text: &text };
    line.record(random)
}

fn refused(at: Moment, plot: &Plot<'_>, random: &mut Random) -> Record {
    let port = random.between(32_768, 49_151);
    let text = format!("Failed password for {} from {} port {port} ssh2", plot.victim.alias(), plot.attacker);
    let [.., (machine, address)] = MACHINES;
    let line = Line { at, machine, address, facility: "authpriv", level: "info", program: "sshd", text: &text };
    line.record(random)
}

/// One line of a server's log.
struct Line<'a> {
    at: Moment,
    machine: &'static str,
    address: &'static str,
    facility: &'static str,
    level: &'static str,
    program: &'static str,
    text: &'a str,
}

impl Line<'_> {
    fn record(&self, random: &mut Random) -> Record {
        let process = random.between(700, 32_767);
        let json = object! {
            "TenantId": WORKSPACE,
            "SourceSystem": "Linux",
            "TimeGenerated": self.at.trimmed(),
            "Computer": self.machine,
            "EventTime": self.at.seconds(),
            "Facility": self.facility,
            "HostName": self.machine,
            "SeverityLevel": self.level,
            "SyslogMessage": format!("{} {} {}[{process}]: {}", self.at.syslog(), self.machine, self.program, self.text),
            "ProcessID": process,
            "HostIP": self.address,
            "ProcessName": self.program,
            "MG": "00000000-0000-0000-0000-000000000002",
            "CollectorHostName": "vm-logs-01",
            "Type": "Syslog",
            "_ResourceId": machine_path(self.machine),
            "_ItemId": random.guid(),
        };
        Record { at: self.at, available: self.at.plus_ms(random.between(900, 9_000)), json: json.to_string() }
    }
}

fn machine_path(machine: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}/providers/microsoft.compute/virtualmachines/{machine}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attacker_knocks_at_both_doors() {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let plot = Plot::of(5, midnight, &people);
        for table in deliveries([300, 200], midnight, &people, &plot, &mut Random::of(5, "network")) {
            let naming = table.records.iter().filter(|row| row.json.contains(&plot.attacker));
            assert_eq!(naming.count(), KNOCKS as usize, "{}", table.name);
        }
    }
}
