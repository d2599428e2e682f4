//! Microsoft Entra directory audits: who changed what in the directory.

use crate::demo::company::{DOMAIN, RULES, SERVICES, TENANT};
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::people::{People, Person};
use crate::demo::random::Random;
use crate::demo::signin::Wire;
use crate::demo::story::Plot;

/// The category of every directory audit in diagnostic settings.
pub(crate) const CATEGORY: &str = "AuditLogs";

/// A kind of change.
pub(crate) struct Activity {
    pub(crate) name: &'static str,
    category: &'static str,
    service: &'static str,
    operation: &'static str,
    target: Target,
    property: &'static str,
}

#[derive(Clone, Copy)]
enum Target {
    User,
    Group,
    Application,
    Policy,
    Device,
}

const fn activity(
    name: &'static str,
    [category, service, operation]: [&'static str; 3],
    target: Target,
    property: &'static str,
) -> Activity {
    Activity { name, category, service, operation, target, property }
}

const CORE: &str = "Core Directory";
const REGISTERED: Activity = activity(
    "User registered security info",
    ["UserManagement", "Authentication Methods", "Update"],
    Target::User,
    "StrongAuthenticationMethod",
);
const ACTIVITIES: [(Activity, u64); 10] = [
    (activity("Update user", ["UserManagement", CORE, "Update"], Target::User, "LastDirSyncTime"), 34),
    (activity("Add member to group", ["GroupManagement", CORE, "Assign"], Target::Group, "Group.DisplayName"), 18),
    (
        activity("Remove member from group", ["GroupManagement", CORE, "Unassign"], Target::Group, "Group.DisplayName"),
        7,
    ),
    (activity("Update device", ["Device", CORE, "Update"], Target::Device, "DeviceOSVersion"), 16),
    (
        activity(
            "Change user password",
            ["UserManagement", "Self-service Password Management", "Update"],
            Target::User,
            "PasswordLastChanged",
        ),
        8,
    ),
    (REGISTERED, 5),
    (
        activity(
            "Consent to application",
            ["ApplicationManagement", CORE, "Assign"],
            Target::Application,
            "ConsentContext.IsAdminConsent",
        ),
        3,
    ),
    (
        activity(
            "Update application – Certificates and secrets management ",
            ["ApplicationManagement", CORE, "Update"],
            Target::Application,
            "KeyDescription",
        ),
        2,
    ),
    (
        activity(
            "Update conditional access policy",
            ["Policy", "Conditional Access", "Update"],
            Target::Policy,
            "ConditionalAccessPolicy",
        ),
        2,
    ),
    (
        activity(
            "Add app role assignment to service principal",
            ["ApplicationManagement", CORE, "Assign"],
            Target::Application,
            "AppRole.Value",
        ),
        5,
    ),
];
const GROUPS: [&str; 5] = ["Sales EMEA", "Engineering All", "VPN Users", "Finance Reports Readers", "Project Heron"];
const SYNC: &str = "hr-provisioning";

/// One change in the directory.
pub(crate) struct Audit<'a> {
    pub(crate) at: Moment,
    pub(crate) activity: &'static Activity,
    pub(crate) address: String,
    pub(crate) correlation: String,
    id: String,
    actor: Option<&'a Person>,
    target: &'a Person,
    object_id: String,
    object_name: String,
    agent: &'static str,
}

/// `count` changes of the day, and the one of the plot.
pub(crate) fn audits<'a>(
    count: usize,
    midnight: Moment,
    people: &'a People,
    plot: &Plot<'a>,
    random: &mut Random,
) -> Vec<Audit<'a>> {
    let mut audits: Vec<Audit> = (0..count).map(|_| change(midnight, people, random)).collect();
    audits.push(registered(plot, random));
    audits
}

fn change<'a>(midnight: Moment, people: &'a People, random: &mut Random) -> Audit<'a> {
    let activity: &'static Activity = random.weighted(&ACTIVITIES);
    let target = people.anyone(random);
    let own =
        matches!(activity.name, "Change user password" | "User registered security info" | "Consent to application");
    let actor = if own { Some(target) } else { random.chance(450).then(|| people.administrator(random)) };
    let address = actor.map_or_else(String::new, |actor| actor.address(random));
    let at = actor.unwrap_or(target).moment(midnight, random);
    audit(at, activity, actor, target, address, random)
}

// With a password alone the attacker adds a phone of their own, so that the next sign-in has its second factor.
fn registered<'a>(plot: &Plot<'a>, random: &mut Random) -> Audit<'a> {
    let at = plot.success.plus_ms(7 * 60_000).jittered(random);
    audit(at, &REGISTERED, Some(plot.victim), plot.victim, plot.attacker.clone(), random)
}

fn audit<'a>(
    at: Moment,
    activity: &'static Activity,
    actor: Option<&'a Person>,
    target: &'a Person,
    address: String,
    random: &mut Random,
) -> Audit<'a> {
    let correlation = random.guid();
    let prefix = if activity.service == CORE { "Directory" } else { "AuthenticationMethods" };
    let id =
        format!("{prefix}_{correlation}_{}_{}", random.token(5).to_uppercase(), random.between(1_000_000, 99_999_999));
    let (object_id, object_name) = object_of(activity.target, target, random);
    let agent = if actor.is_some() { target.laptop.agent } else { "" };
    Audit { at, activity, address, correlation, id, actor, target, object_id, object_name, agent }
}

fn object_of(kind: Target, person: &Person, random: &mut Random) -> (String, String) {
    match kind {
        Target::User => (person.id.clone(), person.name.clone()),
        Target::Device => (person.laptop.id.clone(), person.laptop.name.clone()),
        Target::Group => {
            let group = random.pick(&GROUPS);
            (Random::of(2, group).guid(), (*group).to_owned())
        }
        Target::Application => {
            let service = random.pick(&SERVICES);
            (service.object_id.to_owned(), service.name.to_owned())
        }
        Target::Policy => {
            let (id, name, ..) = random.pick(&RULES);
            ((*id).to_owned(), (*name).to_owned())
        }
    }
}

impl Audit<'_> {
    /// The record as `wire` gives it; diagnostic settings wrap it once more.
    pub(crate) fn json(&self, wire: Wire) -> Json {
        let repeated = match wire {
            Wire::Graph => object! {},
            Wire::Diagnostic => self.repeated(),
        };
        Json::joined(vec![repeated, self.head(wire), self.who(), self.what()])
    }

    /// Who did it, in one word.
    pub(crate) fn identity(&self) -> &str {
        self.actor.map_or(SYNC, |actor| actor.name.as_str())
    }

    fn repeated(&self) -> Json {
        object! {
            "tenantId": TENANT,
            "resultType": "",
            "resultDescription": "",
            "operationName": self.activity.name,
            "identity": "",
            "tenantGeo": "EU",
        }
    }

    fn head(&self, wire: Wire) -> Json {
        object! {
            "id": &self.id,
            "category": self.activity.category,
            "correlationId": &self.correlation,
            "result": "success",
            "resultReason": "",
            "activityDisplayName": self.activity.name,
            "activityDateTime": if wire == Wire::Graph { self.at.ticks() } else { self.at.offset() },
            "loggedByService": self.activity.service,
            "operationType": self.activity.operation,
            "userAgent": Json::Null,
        }
    }

    fn who(&self) -> Json {
        let user = self.actor.map(|actor| {
            object! {
                "id": &actor.id,
                "displayName": Json::Null,
                "userPrincipalName": &actor.upn,
                "ipAddress": &self.address,
                "userType": Json::Null,
                "homeTenantId": Json::Null,
                "homeTenantName": Json::Null,
                "roles": Json::none(),
            }
        });
        let app = self.actor.is_none().then(|| {
            object! {
                "appId": Json::Null,
                "displayName": SYNC,
                "servicePrincipalId": "c96e3a14-5d07-4f82-b2a9-e8f01c7d6b45",
                "servicePrincipalName": Json::Null,
            }
        });
        object! { "initiatedBy": object! { "user": user, "app": app } }
    }

    fn what(&self) -> Json {
        let changed = object! {
            "id": &self.object_id,
            "displayName": &self.object_name,
            "type": self.kind(),
            "userPrincipalName": matches!(self.activity.target, Target::User).then_some(&self.target.upn),
            "groupType": matches!(self.activity.target, Target::Group).then_some("azureAD"),
            "modifiedProperties": Json::array(self.properties()),
            "administrativeUnits": Json::none(),
        };
        object! {
            "targetResources": Json::array([changed].into_iter().chain(self.member())),
            "additionalDetails": Json::array([object! { "key": "User-Agent", "value": self.agent }]),
        }
    }

    fn properties(&self) -> Vec<Json> {
        let property =
            |name: &str, old: Json, new: Json| object! { "displayName": name, "oldValue": old, "newValue": new };
        let new = match self.activity.target {
            Target::Policy => self.policy("enabled"),
            Target::Group => Json::Text(self.object_name.clone()).in_text(),
            Target::Device => Json::array(["10.0.22631.5768"]).in_text(),
            _ => Json::array([self.at.seconds()]).in_text(),
        };
        let old = if matches!(self.activity.target, Target::Policy) { self.policy("disabled") } else { "[]".into() };
        let names = Json::from(self.activity.property).in_text();
        vec![
            property(self.activity.property, old, new),
            property("Included Updated Properties", Json::Null, names),
            property("TargetId.UserType", Json::Null, Json::from("Member").in_text()),
        ]
    }

    fn policy(&self, state: &str) -> Json {
        let users = object! { "includeUsers": Json::array(["All"]), "excludeUsers": Json::none(), "includeGroups": Json::none() };
        let applications = object! { "includeApplications": Json::array(["All"]), "excludeApplications": Json::none() };
        let policy = object! {
            "id": &self.object_id,
            "displayName": &self.object_name,
            "modifiedDateTime": self.at.offset(),
            "state": state,
            "conditions": object! { "applications": applications, "users": users, "clientAppTypes": Json::array(["all"]) },
            "grantControls": object! { "operator": "OR", "builtInControls": Json::array(["mfa"]) },
        };
        policy.in_text()
    }

    // Membership changes name the person besides the group.
    fn member(&self) -> Option<Json> {
        matches!(self.activity.target, Target::Group).then(|| {
            object! {
                "id": &self.target.id,
                "displayName": Json::Null,
                "type": "User",
                "userPrincipalName": format!("{}@{DOMAIN}", self.target.alias()),
                "groupType": Json::Null,
                "modifiedProperties": Json::none(),
                "administrativeUnits": Json::none(),
            }
        })
    }

    fn kind(&self) -> &'static str {
        match self.activity.target {
            Target::User => "User",
            Target::Group => "Group",
            Target::Application => "ServicePrincipal",
            Target::Policy => "Policy",
            Target::Device => "Device",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_in_text() {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let plot = Plot::of(5, midnight, &people);
        for audit in audits(200, midnight, &people, &plot, &mut Random::of(5, "audits")) {
            let value: serde_json::Value = serde_json::from_str(&audit.json(Wire::Graph).to_string()).unwrap();
            let property = &value["targetResources"][0]["modifiedProperties"][0];
            let new = property["newValue"].as_str().unwrap();
            serde_json::from_str::<serde_json::Value>(new).unwrap();
            assert_ne!(value["initiatedBy"]["user"].is_null(), value["initiatedBy"]["app"].is_null());
        }
    }
}
