//! The values of a record that a person wants to see: those asked for, or those that tell most.

use logkeep_index::filter::{self, FieldName, Filter, ValueKind};
use logkeep_index::record_values;

use crate::output::{escape, json};

/// What to look for in a record of a known product: who, from where, how it ended, what, with what, why. Of each
/// line the first name that the record has is shown.
const TELLING: [&[&str]; 7] = [
    &[
        "properties.userPrincipalName",
        "userPrincipalName",
        "initiatedBy.user.userPrincipalName",
        "initiatedBy.app.displayName",
        "servicePrincipalName",
        "accountUpn",
        "userId",
        "caller",
        "compromisedEntity",
    ],
    &["ipAddress", "clientIP", "callerIpAddress", "sourceIP", "remoteIP", "localIP", "clientIPAddress"],
    &["status.errorCode", "resultStatus", "resultType", "properties.result", "result", "severity", "level"],
    &["alertDisplayName", "alertName", "activityDisplayName", "operation", "operationName", "actionType", "title"],
    &["appDisplayName", "resourceDisplayName", "workload", "deviceName", "serviceName"],
    &["failureReason", "resultReason", "resultDescription", "message", "description"],
    &["targetResources[].displayName", "objectId", "subject"],
];
/// So many lines of [`TELLING`] at least make a record one that we know.
const KNOWN_MIN: usize = 2;
/// Values shown of a record that we do not know.
const UNKNOWN_MAX: usize = 8;
/// Longer values are cut in a line that shows several.
const VALUE_COLUMNS_MAX: usize = 60;

/// The values of one record in their order.
pub(crate) struct Fields(Vec<Field>);

struct Field {
    path: String,
    text: String,
    kind: ValueKind,
}

/// A name that the user gave, or one of ours.
pub(crate) fn names(names: &[String]) -> Vec<FieldName> {
    names.iter().map(|name| FieldName::new(name)).collect()
}

/// Whether a record is one that the filter describes.
pub(crate) fn matches(filter: &Filter, body: &[u8]) -> bool {
    let fields = Fields::of(body).0;
    let values: Vec<_> =
        fields.iter().map(|Field { path, text, kind }| (path.as_str(), filter::Value { text, kind: *kind })).collect();
    filter.matches(&values)
}

impl Fields {
    /// Takes a record apart.
    pub(crate) fn of(body: &[u8]) -> Fields {
        let mut fields = Vec::new();
        record_values(&mut logkeep_storage::Fields::default(), body, |path, value| {
            fields.push(Field { path: path.to_owned(), text: value.text.to_owned(), kind: value.kind });
        });
        Fields(fields)
    }

    /// The paths of all values.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|field| field.path.as_str())
    }

    /// Whether there is a value of this name.
    pub(crate) fn has(&self, name: &FieldName) -> bool {
        self.named(name).next().is_some()
    }

    /// The values at the paths that a name means, as text, joined by commas.
    pub(crate) fn text(&self, name: &FieldName) -> String {
        self.named(name).map(|field| field.text.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The values at the paths that a name means, as JSON; numbers as they are spelled.
    pub(crate) fn json(&self, name: &FieldName) -> Vec<String> {
        self.named(name).map(Field::json).collect()
    }

    /// The record in one line: `userPrincipalName=anna@contoso.com ipAddress=203.0.113.7 …`.
    pub(crate) fn summary(&self, body: &[u8]) -> String {
        if let [Field { path, text, .. }] = self.0.as_slice()
            && path.is_empty()
        {
            return text.clone();
        }
        let telling: Vec<&Field> = TELLING.iter().filter_map(|names| self.first_of(names)).collect();
        if telling.len() >= KNOWN_MIN {
            return joined(telling.into_iter());
        }
        if self.0.is_empty() {
            return String::from_utf8_lossy(body).into_owned();
        }
        joined(self.0.iter().filter(|field| !field.text.is_empty()).take(UNKNOWN_MAX))
    }

    fn named(&self, name: &FieldName) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(|field| name.matches(&field.path))
    }

    fn first_of(&self, names: &[&str]) -> Option<&Field> {
        let tells = |field: &&Field| field.kind != ValueKind::Null && !field.text.is_empty();
        names.iter().find_map(|name| self.named(&FieldName::new(name)).find(tells))
    }
}

impl Field {
    fn json(&self) -> String {
        let spelled = self.kind != ValueKind::String && json::is_json(self.text.as_bytes()).is_some();
        if spelled { self.text.clone() } else { json::string(&self.text) }
    }

    /// `errorCode=50126`, with quotes where the value has blanks.
    fn named_value(&self) -> String {
        let path = self.path.trim_end_matches("[]");
        let name = path.rsplit('.').next().unwrap_or(path);
        let value = escape::cut(&self.text, VALUE_COLUMNS_MAX);
        let quoted = value.is_empty() || value.contains(char::is_whitespace);
        if quoted { format!("{name}=\"{value}\"") } else { format!("{name}={value}") }
    }
}

fn joined<'a>(fields: impl Iterator<Item = &'a Field>) -> String {
    fields.map(Field::named_value).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(body: &str) -> String {
        Fields::of(body.as_bytes()).summary(body.as_bytes())
    }

    #[test]
    fn a_known_record_tells_who_what_and_how() {
        let signin = r#"{"time":"2024","properties":{"id":"x","userPrincipalName":"anna@contoso.com","appDisplayName":
            "Microsoft Teams","ipAddress":"203.0.113.7","status":{"errorCode":50126,"failureReason":null}}}"#;
        let expected = "userPrincipalName=anna@contoso.com ipAddress=203.0.113.7 errorCode=50126 \
                        appDisplayName=\"Microsoft Teams\"";
        assert_eq!(summary(signin), expected);
    }

    #[test]
    fn an_unknown_record_tells_its_first_values() {
        assert_eq!(summary(r#"{"a":1,"b":["x y",null],"c":""}"#), "a=1 b=\"x y\" b=null");
        assert_eq!(summary("Sep  2 sshd: no"), "Sep  2 sshd: no");
        assert_eq!(summary("{}"), "{}");
    }

    #[test]
    fn values_asked_for_are_found_by_their_last_names() {
        let fields = Fields::of(br#"{"a":{"b":1.50,"c":[{"d":"x"},{"d":true}]}}"#);
        assert_eq!(fields.text(&FieldName::new("a.b")), "1.50");
        assert_eq!(fields.text(&FieldName::new("D")), "x, true");
        assert_eq!(fields.text(&FieldName::new("e")), "");
        assert_eq!(fields.json(&FieldName::new("b")), ["1.50"]);
        assert_eq!(fields.json(&FieldName::new("c.d")), ["\"x\"", "true"]);
    }
}
