//! Microsoft Entra sign-ins of programs (service principals), on a clock.

use crate::demo::company::{CITIES, City, SERVICES, Service, TENANT};
use crate::demo::json::{Json, object};
use crate::demo::moment::Moment;
use crate::demo::people::anytime;
use crate::demo::random::Random;
use crate::demo::signin::{Wire, location, time};

/// One sign-in of a program.
pub(crate) struct ServiceSignIn {
    pub(crate) id: String,
    pub(crate) at: Moment,
    pub(crate) service: &'static Service,
    pub(crate) correlation: String,
    pub(crate) code: i64,
    token: String,
    credential: String,
}

/// `count` sign-ins of the company's programs; those that work more often come more often.
pub(crate) fn services(count: usize, midnight: Moment, random: &mut Random) -> Vec<ServiceSignIn> {
    (0..count).map(|_| service(midnight, random)).collect()
}

fn service(midnight: Moment, random: &mut Random) -> ServiceSignIn {
    let shares: Vec<_> = SERVICES.iter().map(|service| (service, 60 / service.every_minutes as u64)).collect();
    let service = random.weighted_choice(&shares);
    ServiceSignIn {
        id: random.request(),
        at: anytime(midnight, random),
        service,
        correlation: random.guid(),
        code: if random.chance(12) { 7_000_222 } else { 0 },
        token: random.token(22),
        credential: Random::of(1, service.name).guid(),
    }
}

impl ServiceSignIn {
    /// The `properties` of the diagnostic record.
    pub(crate) fn json(&self) -> Json {
        Json::joined(vec![self.who(), self.what(), self.how()])
    }

    fn who(&self) -> Json {
        object! {
            "id": &self.id,
            "createdDateTime": time(self.at, Wire::Diagnostic),
            "appId": self.service.app_id,
            "ipAddress": self.service.address,
            "correlationId": &self.correlation,
            "conditionalAccessStatus": "notApplied",
            "isInteractive": false,
            "tokenIssuerName": "",
            "tokenIssuerType": "AzureAD",
            "clientCredentialType": "clientSecret",
            "processingTimeInMilliseconds": 0,
            "riskDetail": "none",
            "riskLevelAggregated": "none",
            "riskLevelDuringSignIn": "none",
            "riskState": "none",
        }
    }

    fn what(&self) -> Json {
        object! {
            "resourceDisplayName": self.service.resource,
            "resourceId": self.service.resource_id,
            "resourceTenantId": TENANT,
            "homeTenantId": TENANT,
            "servicePrincipalName": self.service.name,
            "servicePrincipalId": self.service.object_id,
            "servicePrincipalCredentialKeyId": &self.credential,
            "servicePrincipalCredentialThumbprint": "",
            "managedIdentityType": "none",
            "uniqueTokenIdentifier": &self.token,
            "incomingTokenType": "none",
            "authenticationProtocol": "none",
            "flaggedForReview": false,
            "isTenantRestricted": false,
            "crossTenantAccessType": "none",
            "federatedCredentialId": "",
        }
    }

    fn how(&self) -> Json {
        let library = "Family: MSAL Library: MSAL.Python 1.33.0 Platform: Python";
        let reason = if self.code == 0 { "Other." } else { "The provided client secret keys are expired." };
        object! {
            "status": object! { "errorCode": self.code, "failureReason": reason },
            "location": location(office()),
            "appliedConditionalAccessPolicies": Json::none(),
            "authenticationContextClassReferences": Json::none(),
            "authenticationProcessingDetails": Json::array([
                object! { "key": "Azure AD App Authentication Library", "value": library },
            ]),
            "networkLocationDetails": Json::none(),
        }
    }
}

// Programs run in the first office's data centre.
fn office() -> &'static City {
    let [(city, _), ..] = &CITIES;
    city
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_programs_come_more_often() {
        let signins = services(2000, Moment::midnight((2026, 9, 2)), &mut Random::of(1, "services"));
        let count = |name| signins.iter().filter(|signin| signin.service.name == name).count();
        assert!(count("svc-backup-prod") > 3 * count("hr-provisioning"));
        assert!(signins.iter().any(|signin| signin.code != 0));
    }
}
