//! Permissions, grants and a scope's access control list: the calls that set them, and their ids.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::compare::EMBEDDED;
use crate::desired::What;
use crate::world::{Call, Method, encode_path};

/// What stands for all grants of somebody when they are taken away.
const ALL: &str = "ALL_PRIVILEGES";

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The id of rights in a state.
pub(crate) fn id(what: What, settings: &Value) -> String {
    match what {
        What::Permissions => text(settings, "object_id").to_owned(),
        What::Grants => format!("{}/{}", text(settings, "securable_type"), text(settings, "full_name")),
        What::Acls => text(settings, "scope_name").to_owned(),
        What::Resource(_) => String::new(),
    }
}

/// The calls that set rights; `saved` are those before.
pub(crate) fn calls(what: What, settings: &Value, saved: Option<&Value>) -> Vec<Call> {
    match what {
        What::Permissions => {
            let path = format!("/api/2.0/permissions{}", encode_path(text(settings, "object_id")));
            let entries: Vec<Value> = list(settings, EMBEDDED).iter().map(access).collect();
            vec![Call::json(Method::Put, path, json!({"access_control_list": entries}))]
        }
        What::Grants => {
            let path = format!("/api/2.1/unity-catalog/permissions/{}", encode_path(&id(what, settings)));
            vec![Call::json(Method::Patch, path, json!({"changes": changes(settings, saved)}))]
        }
        What::Acls => acl_calls(settings, saved),
        What::Resource(_) => Vec::new(),
    }
}

/// An entry as the permissions API spells it.
pub(crate) fn access(entry: &Value) -> Value {
    let fields = entry.as_object().into_iter().flatten();
    let spelled = |(field, value): (&String, &Value)| {
        let field = if field == "level" { "permission_level" } else { field };
        (field.to_owned(), value.clone())
    };
    Value::Object(fields.map(spelled).collect::<Map<_, _>>())
}

/// Everybody whom the bundle names has what it says and nothing else; whom it named before has nothing.
fn changes(settings: &Value, saved: Option<&Value>) -> Vec<Value> {
    let grants = list(settings, EMBEDDED);
    let mut changes = Vec::new();
    for grant in grants {
        let add = list(grant, "privileges");
        let mut change = json!({"principal": text(grant, "principal"), "add": add});
        // The same privilege cannot be added and taken away in one change.
        if !add.iter().any(|privilege| privilege.as_str() == Some(ALL))
            && let Some(fields) = change.as_object_mut()
        {
            fields.insert("remove".to_owned(), json!([ALL]));
        }
        changes.push(change);
    }
    let named: BTreeSet<&str> = grants.iter().map(|grant| text(grant, "principal")).collect();
    let before = saved.map(|saved| list(saved, EMBEDDED)).unwrap_or_default();
    let left = before.iter().map(|grant| text(grant, "principal")).filter(|name| !named.contains(name));
    changes.extend(left.map(|name| json!({"principal": name, "remove": [ALL]})));
    changes
}

fn acl_calls(settings: &Value, saved: Option<&Value>) -> Vec<Call> {
    let scope = text(settings, "scope_name");
    let acls = list(settings, "acls");
    let put = |acl: &Value| {
        let body = json!({"scope": scope, "principal": text(acl, "principal"), "permission": text(acl, "permission")});
        Call::json(Method::Post, "/api/2.0/secrets/acls/put", body)
    };
    let mut calls: Vec<Call> = acls.iter().map(put).collect();
    let named: BTreeSet<&str> = acls.iter().map(|acl| text(acl, "principal")).collect();
    let before = saved.map(|saved| list(saved, "acls")).unwrap_or_default();
    let left = before.iter().map(|acl| text(acl, "principal")).filter(|name| !named.contains(name));
    calls.extend(left.map(|name| {
        Call::json(Method::Post, "/api/2.0/secrets/acls/delete", json!({"scope": scope, "principal": name}))
    }));
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Body;

    #[test]
    fn rights_become_what_the_bundle_says() {
        let permissions = json!({"object_id": "/jobs/1", "__embed__": [{"level": "CAN_VIEW", "group_name": "g"}]});
        let calls = calls(What::Permissions, &permissions, None);
        assert_eq!(calls[0].path, "/api/2.0/permissions/jobs/1");
        let list = json!({"access_control_list": [{"permission_level": "CAN_VIEW", "group_name": "g"}]});
        assert_eq!(calls[0].body, Body::Json(list));
        let grant = |name: &str, privilege: &str| json!({"principal": name, "privileges": [privilege]});
        let of = |grants: Vec<Value>| json!({"securable_type": "schema", "full_name": "c.s", "__embed__": grants});
        let now = of(vec![grant("a", "SELECT"), grant("b", ALL)]);
        let before = of(vec![grant("a", "MODIFY"), grant("c", "SELECT")]);
        let calls = super::calls(What::Grants, &now, Some(&before));
        assert_eq!(calls[0].path, "/api/2.1/unity-catalog/permissions/schema/c.s");
        let expect = json!({"changes": [
            {"principal": "a", "add": ["SELECT"], "remove": [ALL]}, {"principal": "b", "add": [ALL]},
            {"principal": "c", "remove": [ALL]}]});
        assert_eq!(calls[0].body, Body::Json(expect));
        let scope = |acls: Value| json!({"scope_name": "s", "acls": acls});
        let now = scope(json!([{"principal": "a", "permission": "READ"}]));
        let before = scope(json!([{"principal": "b", "permission": "READ"}]));
        let paths: Vec<String> =
            super::calls(What::Acls, &now, Some(&before)).into_iter().map(|call| call.path).collect();
        assert_eq!(paths, ["/api/2.0/secrets/acls/put", "/api/2.0/secrets/acls/delete"]);
    }
}
