//! The fictitious company: its tenant, offices, apps and rules. No name or address in it is real.

/// The tenant's id.
pub(crate) const TENANT: &str = "5a1de2c4-7b0f-4c83-9d36-2f8be1047a95";
/// The tenant's domain, reserved for documentation by its owner.
pub(crate) const DOMAIN: &str = "contoso.com";
/// The tenant's first domain, as Exchange and SharePoint write it.
pub(crate) const ORGANIZATION: &str = "contoso.onmicrosoft.com";
/// The Azure subscription with the company's machines.
pub(crate) const SUBSCRIPTION: &str = "c3f7a9d0-18e2-4b65-a7c9-60d5f1be8432";
/// The resource group of the company's machines.
pub(crate) const GROUP: &str = "rg-prod-weu";
/// The Log Analytics workspace's id, `TenantId` in its rows.
pub(crate) const WORKSPACE: &str = "e90b64f3-2ad7-4718-8c5e-d1730fa2b96c";

/// A place with an office: people work there or nearby.
pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) state: &'static str,
    pub(crate) country: &'static str,
    pub(crate) latitude: &'static str,
    pub(crate) longitude: &'static str,
    /// Hours to subtract from local time to get UTC.
    pub(crate) offset_hours: i64,
    /// The address from which the office's traffic leaves (RFC 5737).
    pub(crate) office: &'static str,
    pub(crate) network: i64,
}

const fn city(
    names: [&'static str; 3],
    position: [&'static str; 2],
    offset_hours: i64,
    office: &'static str,
    network: i64,
) -> City {
    let [name, state, country] = names;
    let [latitude, longitude] = position;
    City { name, state, country, latitude, longitude, offset_hours, office, network }
}

/// The offices, and how many of 100 people work there.
pub(crate) const CITIES: [(City, u64); 5] = [
    (city(["Utrecht", "Utrecht", "NL"], ["52.09083", "5.12222"], 2, "192.0.2.10", 64_496), 44),
    (city(["Bristol", "Bristol, City of", "GB"], ["51.45523", "-2.59665"], 1, "192.0.2.74", 64_497), 22),
    (city(["Kraków", "Malopolskie", "PL"], ["50.06143", "19.93658"], 2, "192.0.2.138", 64_498), 16),
    (city(["Boston", "Massachusetts", "US"], ["42.35843", "-71.05977"], -4, "192.0.2.202", 64_499), 14),
    (city(["Malmö", "Skane Lan", "SE"], ["55.60587", "13.00073"], 2, "192.0.2.222", 64_500), 4),
];

/// Where the attacker's address is said to be.
pub(crate) const ELSEWHERE: City =
    city(["Reykjavik", "Capital Region", "IS"], ["64.13548", "-21.89541"], 0, "203.0.113.0", 64_511);

/// A client and what it asks for. The ids are those of Microsoft's own apps in every tenant.
pub(crate) struct App {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) resource_id: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) client: &'static str,
}

const EXCHANGE: [&str; 2] = ["00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"];
const SHAREPOINT: [&str; 2] = ["00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"];
const GRAPH: [&str; 2] = ["00000003-0000-0000-c000-000000000000", "Microsoft Graph"];
const AZURE: [&str; 2] = ["797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"];
const DIRECTORY: [&str; 2] = ["00000002-0000-0000-c000-000000000000", "Windows Azure Active Directory"];

const BROWSER: &str = "Browser";
const DESKTOP: &str = "Mobile Apps and Desktop clients";

const fn app(id: &'static str, name: &'static str, resource: [&'static str; 2], client: &'static str) -> App {
    let [resource_id, resource] = resource;
    App { id, name, resource_id, resource, client }
}

/// What people open, and how often.
pub(crate) const APPS: [(App, u64); 11] = [
    (app("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams", GRAPH, DESKTOP), 22),
    (app("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office", EXCHANGE, DESKTOP), 20),
    (app("9199bf20-a13f-4107-85dc-02114787ef48", "One Outlook Web", EXCHANGE, BROWSER), 12),
    (app("27922004-5251-4030-b22d-91ecd9a37ea4", "Outlook Mobile", EXCHANGE, DESKTOP), 11),
    (app("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online", SHAREPOINT, BROWSER), 10),
    (app("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome", GRAPH, BROWSER), 9),
    (app("29d9ed98-a469-4536-ade2-f981bc1d605e", "Microsoft Authentication Broker", DIRECTORY, DESKTOP), 6),
    (app("38aa3b87-a06d-4817-b275-7a316988d93b", "Windows Sign In", DIRECTORY, DESKTOP), 5),
    (app("b4d1c6a2-5e0f-4f3b-8d27-9a6c3e81f750", "Contoso Travel", GRAPH, BROWSER), 3),
    (app("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal", AZURE, BROWSER), 1),
    (app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI", AZURE, DESKTOP), 1),
];

/// What a script that guesses passwords talks to: it needs no browser and no second factor.
pub(crate) const GUESSED: App = app(EXCHANGE[0], "Office 365 Exchange Online", EXCHANGE, "Authenticated SMTP");

/// A program that signs in as itself.
pub(crate) struct Service {
    pub(crate) app_id: &'static str,
    pub(crate) object_id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) resource_id: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) address: &'static str,
    pub(crate) every_minutes: i64,
}

const fn service(
    ids: [&'static str; 2],
    name: &'static str,
    resource: [&'static str; 2],
    address: &'static str,
    every_minutes: i64,
) -> Service {
    let ([app_id, object_id], [resource_id, resource]) = (ids, resource);
    Service { app_id, object_id, name, resource_id, resource, address, every_minutes }
}

/// The company's programs, by how often they work.
pub(crate) const SERVICES: [Service; 6] = [
    service(
        ["7d9f1c3b-60e8-4a52-b1d4-0c8e5fa27b36", "02c4e6f8-9b1d-4f3a-8e75-d6a0b2c48e91"],
        "svc-backup-prod",
        AZURE,
        "192.0.2.33",
        5,
    ),
    service(
        ["e2b85d07-4c9a-4e61-93f8-7a1d0b6cf254", "51f0a7d3-e8c2-46b9-a0f4-93b7c5d1e826"],
        "svc-log-collector",
        GRAPH,
        "192.0.2.34",
        5,
    ),
    service(
        ["93a6f0e1-d275-4b8c-8f49-c5e30d7b1a68", "b8d2c7e5-03f9-4a1e-9c86-4f7a2e0d5b13"],
        "ci-deploy",
        AZURE,
        "198.51.100.240",
        15,
    ),
    service(
        ["0f4c7b92-ae13-4d56-b8e0-61d9f2a5c387", "c96e3a14-5d07-4f82-b2a9-e8f01c7d6b45"],
        "hr-provisioning",
        DIRECTORY,
        "198.51.100.241",
        30,
    ),
    service(
        ["68e1d5a4-b3f7-4029-9e8c-25c0f7d4b19a", "3da9f8b6-c2e0-4751-86f3-0b5d7e1a9c24"],
        "invoice-robot",
        EXCHANGE,
        "192.0.2.35",
        20,
    ),
    service(
        ["d70b29e8-15c6-4f9d-a34e-8e6f1b0c5d72", "84b5e1f0-7a3c-4d68-95b2-f1c9d0e6a837"],
        "intranet-search",
        SHAREPOINT,
        "192.0.2.36",
        15,
    ),
];

/// A conditional access rule of the tenant: id, name, control, whether it is only tried out.
pub(crate) type Rule = (&'static str, &'static str, &'static str, bool);

/// The tenant's rules. The second is for people outside the offices; it is the only one that applies to usual work.
pub(crate) const RULES: [Rule; 4] = [
    ("1b7e94d0-c2f6-4a83-95e1-7d0c3fb8a246", "CA001: MFA for administrators", "Mfa", false),
    ("7c3a5f91-08de-4e62-b4f0-2a9d8e6c1b75", "CA002: MFA outside offices", "Mfa", false),
    ("a2d6e0b8-f471-4c95-9d3b-86e5f7c0a1d4", "CA003: Compliant device for portals", "RequireCompliantDevice", false),
    ("e5097da3-b1c8-4f36-a2e9-41f6d8b7c0ea", "CA004: Block risky sign-ins", "Block", true),
];
