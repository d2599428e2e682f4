//! Microsoft Entra sign-ins of people: what happened, and the JSON of both wires.

use crate::demo::company::{APPS, App, City, ELSEWHERE, GUESSED, RULES, Rule, TENANT};
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::people::{Device, People, Person};
use crate::demo::random::Random;
use crate::demo::story::Plot;

/// Entra's code for a wrong password.
pub(crate) const WRONG_PASSWORD: i64 = 50_126;

/// How a sign-in ended: code, reason, more words; and the step that decided it.
pub(crate) struct Outcome {
    pub(crate) code: i64,
    pub(crate) reason: &'static str,
    pub(crate) details: Option<&'static str>,
    step: &'static str,
    pub(crate) audit_error: &'static str,
}

const fn outcome(
    code: i64,
    reason: &'static str,
    details: Option<&'static str>,
    step: &'static str,
    audit_error: &'static str,
) -> Outcome {
    Outcome { code, reason, details, step, audit_error }
}

const SUCCESS: Outcome = outcome(
    0,
    "Other.",
    Some("MFA requirement satisfied by claim in the token"),
    "MFA requirement satisfied by claim in the token",
    "",
);
const GUESSED_RIGHT: Outcome = outcome(0, "Other.", None, "Correct password", "");
const GUESSED_WRONG: Outcome = outcome(
    WRONG_PASSWORD,
    "Error validating credentials due to invalid username or password.",
    Some(
        "The user didn't enter the right credentials.  It's expected to see some number of these errors in your logs due to users making mistakes.",
    ),
    "Invalid username or password or Invalid on-premise username or password.",
    "InvalidUserNameOrPassword",
);

const INTERACTIVE: [(Outcome, u64); 7] = [
    (SUCCESS, 880),
    (GUESSED_WRONG, 34),
    (
        outcome(
            50_074,
            "Strong Authentication is required.",
            None,
            "User needs to perform multi-factor authentication.",
            "UserStrongAuthClientAuthNRequired",
        ),
        30,
    ),
    (
        outcome(
            50_140,
            "This occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
            None,
            "",
            "KmsiInterrupt",
        ),
        26,
    ),
    (
        outcome(
            500_121,
            "Authentication failed during strong authentication request.",
            Some("MFA denied; user did not respond to mobile app notification"),
            "MFA denied; user did not respond to mobile app notification",
            "AuthenticationFailedSasError",
        ),
        14,
    ),
    (
        outcome(
            53_003,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
            None,
            "",
            "BlockedByConditionalAccess",
        ),
        8,
    ),
    (
        outcome(
            50_055,
            "Invalid password, entered expired password.",
            None,
            "Entered expired password",
            "InvalidPasswordExpiredPassword",
        ),
        8,
    ),
];

const SILENT: [(Outcome, u64); 4] = [
    (SUCCESS, 940),
    (
        outcome(
            70_043,
            "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
            None,
            "",
            "TokenExpired",
        ),
        30,
    ),
    (outcome(50_173, "The provided grant has expired due to it being revoked.", None, "", "FreshTokenNeeded"), 10),
    (
        outcome(
            65_001,
            "The user or administrator has not consented to use the application.",
            None,
            "",
            "DelegationDoesNotExist",
        ),
        20,
    ),
];

/// The agent of clients that send name and password as such.
const SCRIPT_AGENT: &str = "BAV2ROPC";

/// Which wire a record is spelled for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// `auditLogs/signIns` of Graph.
    Graph,
    /// The `properties` of a diagnostic settings record.
    Diagnostic,
}

/// One sign-in of a person.
pub(crate) struct SignIn<'a> {
    pub(crate) id: String,
    pub(crate) at: Moment,
    pub(crate) person: &'a Person,
    pub(crate) app: &'static App,
    pub(crate) address: String,
    pub(crate) outcome: &'static Outcome,
    pub(crate) correlation: String,
    pub(crate) interactive: bool,
    city: &'static City,
    device: Option<&'a Device>,
    session: String,
    token: String,
    processing_ms: i64,
    risk: &'static str,
}

/// Sign-ins at a keyboard: `count` of the day's work and all of the plot's.
pub(crate) fn interactive<'a>(
    count: usize,
    midnight: Moment,
    people: &'a People,
    plot: &Plot<'a>,
    random: &mut Random,
) -> Vec<SignIn<'a>> {
    let mut signins: Vec<SignIn> = (0..count).map(|_| work(true, midnight, people, random)).collect();
    signins.extend(plot.guesses.iter().map(|guess| guessed(guess.at, guess.person, &GUESSED_WRONG, plot, random)));
    signins.push(guessed(plot.success, plot.victim, &GUESSED_RIGHT, plot, random));
    signins
}

/// `count` sign-ins by tokens that clients renew by themselves.
pub(crate) fn silent<'a>(count: usize, midnight: Moment, people: &'a People, random: &mut Random) -> Vec<SignIn<'a>> {
    (0..count).map(|_| work(false, midnight, people, random)).collect()
}

fn work<'a>(interactive: bool, midnight: Moment, people: &'a People, random: &mut Random) -> SignIn<'a> {
    let person = people.anyone(random);
    let outcome = random.weighted(if interactive { &INTERACTIVE[..] } else { &SILENT[..] });
    SignIn {
        id: random.request(),
        at: person.moment(midnight, random),
        person,
        app: random.weighted(&APPS),
        address: person.address(random),
        outcome,
        correlation: random.guid(),
        interactive,
        city: person.city,
        device: Some(person.device(random)),
        session: random.guid(),
        token: random.token(22),
        processing_ms: random.between(38, 620),
        risk: "none",
    }
}

fn guessed<'a>(
    at: Moment,
    person: &'a Person,
    outcome: &'static Outcome,
    plot: &Plot<'_>,
    random: &mut Random,
) -> SignIn<'a> {
    SignIn {
        id: random.request(),
        at,
        person,
        app: &GUESSED,
        address: plot.attacker.clone(),
        outcome,
        correlation: random.guid(),
        interactive: true,
        city: &ELSEWHERE,
        device: None,
        session: String::new(),
        token: random.token(22),
        processing_ms: random.between(110, 240),
        risk: if outcome.code == 0 { "medium" } else { "none" },
    }
}

impl SignIn<'_> {
    /// The sign-in as `wire` gives it.
    pub(crate) fn json(&self, wire: Wire) -> Json {
        Json::joined(vec![
            self.who(wire),
            self.how(),
            self.risks(),
            self.what(),
            self.token(),
            self.surroundings(wire),
            self.rules(wire),
        ])
    }

    /// The browser's or client's own words about itself.
    pub(crate) fn agent(&self) -> &'static str {
        self.device.map_or(SCRIPT_AGENT, |device| device.agent)
    }

    /// The device, if the client named one.
    pub(crate) fn device(&self) -> Option<&Device> {
        self.device
    }

    /// Where the address is said to be.
    pub(crate) fn country(&self) -> &'static str {
        self.city.country
    }

    fn who(&self, wire: Wire) -> Json {
        object! {
            "id": &self.id,
            "createdDateTime": time(self.at, wire),
            "userDisplayName": &self.person.name,
            "userPrincipalName": &self.person.upn,
            "userId": &self.person.id,
            "appId": self.app.id,
            "appDisplayName": self.app.name,
            "ipAddress": &self.address,
            "clientAppUsed": self.app.client,
            "userAgent": self.agent(),
        }
    }

    fn how(&self) -> Json {
        object! {
            "correlationId": &self.correlation,
            "conditionalAccessStatus": self.access(),
            "originalRequestId": &self.id,
            "isInteractive": self.interactive,
            "tokenIssuerName": "",
            "tokenIssuerType": "AzureAD",
            "clientCredentialType": "none",
            "processingTimeInMilliseconds": self.processing_ms,
        }
    }

    fn risks(&self) -> Json {
        let kinds = || {
            if self.risk == "none" { Json::none() } else { Json::array(["unfamiliarFeatures"]) }
        };
        object! {
            "riskDetail": "none",
            "riskLevelAggregated": self.risk,
            "riskLevelDuringSignIn": self.risk,
            "riskState": if self.risk == "none" { "none" } else { "atRisk" },
            "riskEventTypes": kinds(),
            "riskEventTypes_v2": kinds(),
        }
    }

    fn what(&self) -> Json {
        object! {
            "resourceDisplayName": self.app.resource,
            "resourceId": self.app.resource_id,
            "resourceTenantId": TENANT,
            "homeTenantId": TENANT,
            "authenticationRequirement": self.requirement(),
            "signInIdentifier": if self.interactive { self.person.upn.as_str() } else { "" },
            "servicePrincipalName": Json::Null,
            "servicePrincipalId": "",
            "signInEventTypes": Json::array([if self.interactive { "interactiveUser" } else { "nonInteractiveUser" }]),
        }
    }

    fn token(&self) -> Json {
        let incoming = if self.interactive { "none" } else { "primaryRefreshToken" };
        object! {
            "uniqueTokenIdentifier": &self.token,
            "incomingTokenType": incoming,
            "authenticationProtocol": if self.device.is_none() { "ropc" } else { "none" },
            "originalTransferMethod": "none",
            "sessionId": Some(&self.session).filter(|session| !session.is_empty()),
            "signInTokenProtectionStatus": "none",
            "tokenProtectionStatusDetails": object! {
                "signInSessionStatus": if self.managed() && !self.interactive { "bound" } else { "unbound" },
                "signInSessionStatusCode": if self.managed() { 0 } else { 1008 },
            },
            "resourceServicePrincipalId": service_principal(self.app.resource_id),
        }
    }

    fn surroundings(&self, wire: Wire) -> Json {
        object! {
            "userType": if wire == Wire::Graph { "member" } else { "Member" },
            "flaggedForReview": false,
            "isTenantRestricted": false,
            "autonomousSystemNumber": self.city.network,
            "crossTenantAccessType": "none",
            "privateLinkDetails": object! {},
            "mfaDetail": self.second_factor(),
            "status": object! {
                "errorCode": self.outcome.code,
                "failureReason": self.outcome.reason,
                "additionalDetails": self.outcome.details,
            },
            "deviceDetail": self.device_detail(),
            "location": location(self.city),
        }
    }

    fn rules(&self, wire: Wire) -> Json {
        let rules = RULES.iter().enumerate().map(|(position, rule)| self.rule(position, rule, wire));
        object! {
            "appliedConditionalAccessPolicies": Json::array(rules),
            "authenticationContextClassReferences": Json::none(),
            "authenticationProcessingDetails": self.processing(),
            "networkLocationDetails": self.network(),
            "authenticationDetails": Json::array(self.steps(wire)),
            "authenticationRequirementPolicies": Json::array(self.required_by()),
            "sessionLifetimePolicies": Json::none(),
        }
    }

    fn rule(&self, position: usize, rule: &Rule, wire: Wire) -> Json {
        let (id, name, control, tried) = *rule;
        let applies = position == 1 && self.strong();
        let result = match (applies, tried) {
            (true, _) if self.outcome.code == 53_003 => "failure",
            (true, _) => "success",
            (false, true) => "reportOnlyNotApplied",
            (false, false) => "notApplied",
        };
        let head = object! {
            "id": id,
            "displayName": name,
            "enforcedGrantControls": Json::array([control]),
            "enforcedSessionControls": Json::none(),
            "result": result,
        };
        let conditions = match wire {
            Wire::Graph => object! {},
            Wire::Diagnostic => object! {
                "conditionsSatisfied": if applies { 23 } else { 1 },
                "conditionsNotSatisfied": if applies { 0 } else { 2 },
            },
        };
        Json::joined(vec![head, conditions])
    }

    fn steps(&self, wire: Wire) -> Vec<Json> {
        let first = if self.interactive { "Password" } else { "Previously satisfied" };
        let step = |method: &str, detail: Option<&str>, result: &str, requirement: &str| {
            object! {
                "authenticationStepDateTime": time(self.at, wire),
                "authenticationMethod": method,
                "authenticationMethodDetail": detail,
                "succeeded": self.outcome.code == 0,
                "authenticationStepResultDetail": result,
                "authenticationStepRequirement": requirement,
            }
        };
        let detail = self.interactive.then_some("Password in the cloud");
        let mut steps = vec![step(first, detail, self.outcome.step, "Primary authentication")];
        if self.second_step() {
            steps.push(step(self.person.method, None, "MFA completed in Azure AD", "Multi-factor authentication"));
        }
        steps
    }

    fn second_factor(&self) -> Json {
        if !self.second_step() {
            return Json::Null;
        }
        object! { "authMethod": self.person.method, "authDetail": Json::Null }
    }

    fn device_detail(&self) -> Json {
        let text = |read: fn(&Device) -> &str| self.device.map_or("", read);
        object! {
            "deviceId": text(|device| &device.id),
            "displayName": text(|device| &device.name),
            "operatingSystem": text(|device| device.system),
            "browser": text(|device| device.browser),
            "isCompliant": self.managed(),
            "isManaged": self.managed(),
            "trustType": text(|device| device.trust),
        }
    }

    fn processing(&self) -> Json {
        let mut details = vec![("Legacy TLS (TLS 1.0, 1.1, 3DES)", "False")];
        if !self.interactive {
            details
                .push(("Oauth Scope Info", "[\"email\",\"openid\",\"profile\",\"User.Read\",\"Files.ReadWrite.All\"]"));
        }
        details.push(("Is CAE Token", if self.managed() { "True" } else { "False" }));
        Json::array(details.into_iter().map(|(key, value)| object! { "key": key, "value": value }))
    }

    fn network(&self) -> Json {
        if !self.in_office() {
            return Json::none();
        }
        let names = Json::array(["Offices".to_owned(), format!("Office {}", self.city.name)]);
        Json::array([object! { "networkType": "trustedNamedLocation", "networkNames": names }])
    }

    fn required_by(&self) -> Option<Json> {
        let provider = "multiConditionalAccess";
        self.strong().then(|| object! { "requirementProvider": provider, "detail": "Conditional Access" })
    }

    fn access(&self) -> &'static str {
        match (self.strong(), self.outcome.code) {
            (_, 53_003) => "failure",
            (true, 0) => "success",
            _ => "notApplied",
        }
    }

    fn requirement(&self) -> &'static str {
        if self.strong() { "multiFactorAuthentication" } else { "singleFactorAuthentication" }
    }

    fn strong(&self) -> bool {
        !self.in_office() && self.device.is_some()
    }

    fn second_step(&self) -> bool {
        self.strong() && self.interactive && self.outcome.code == 0
    }

    fn in_office(&self) -> bool {
        self.address == self.city.office
    }

    fn managed(&self) -> bool {
        self.device.is_some_and(|device| device.managed)
    }
}

/// A moment as `wire` spells it.
pub(crate) fn time(at: Moment, wire: Wire) -> String {
    match wire {
        Wire::Graph => at.seconds(),
        Wire::Diagnostic => at.offset(),
    }
}

/// A place as Entra describes it.
pub(crate) fn location(city: &City) -> Json {
    object! {
        "city": city.name,
        "state": city.state,
        "countryOrRegion": city.country,
        "geoCoordinates": object! {
            "altitude": Json::Null,
            "latitude": Json::Spelled(city.latitude),
            "longitude": Json::Spelled(city.longitude),
        },
    }
}

/// The object that stands for a resource in this tenant: one per resource, the same all day.
fn service_principal(resource: &str) -> String {
    Random::of(0, resource).guid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Object(members) => members.values().map(leaves).sum(),
            serde_json::Value::Array(members) => members.iter().map(leaves).sum::<usize>().max(1),
            _ => 1,
        }
    }

    fn day() -> Vec<(String, serde_json::Value)> {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let plot = Plot::of(5, midnight, &people);
        let signins = interactive(300, midnight, &people, &plot, &mut Random::of(5, "entra"));
        let texts = signins.iter().map(|signin| signin.json(Wire::Graph).to_string());
        texts.map(|text| (text.clone(), serde_json::from_str(&text).unwrap())).collect()
    }

    #[test]
    fn a_sign_in_is_as_large_as_real_ones() {
        let day = day();
        let bytes = day.iter().map(|(text, _)| text.len()).sum::<usize>() / day.len();
        let fields = day.iter().map(|(_, value)| leaves(value)).sum::<usize>() / day.len();
        assert!((2800..4200).contains(&bytes), "{bytes}");
        assert!((85..170).contains(&fields), "{fields}");
    }

    #[test]
    fn the_attacker_succeeds_once() {
        let right = |value: &serde_json::Value| value["userAgent"] == SCRIPT_AGENT && value["status"]["errorCode"] == 0;
        assert_eq!(day().iter().filter(|(_, value)| right(value)).count(), 1);
    }

    #[test]
    fn the_wires_differ_in_their_spelling() {
        let (midnight, people) = (Moment::midnight((2026, 9, 2)), People::of(5));
        let signin = &silent(1, midnight, &people, &mut Random::of(5, "entra"))[0];
        let created =
            |wire| signin.json(wire).to_string().split("\"createdDateTime\":\"").nth(1).unwrap()[19..].to_owned();
        assert!(created(Wire::Graph).starts_with("Z\""));
        assert!(created(Wire::Diagnostic)[8..].starts_with("+00:00\""));
    }
}
