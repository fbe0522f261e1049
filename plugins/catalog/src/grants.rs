//! get_grants and change_grants.

use bricklayer_sdk::{Failure, Platform, Workspace};
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::names::FullName;
use crate::objects::below;
use crate::show::{self, items, text};
use crate::types;

/// Principals that are listed at most.
const MAX_PRINCIPALS: usize = 2_000;

/// Principals whose privileges one call changes at most.
const MAX_CHANGES: usize = 50;

/// Reads privileges.
///
/// # Errors
/// No such object, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::GetGrantsRequest) -> Result<types::GrantList, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    let effective = request.effective.unwrap_or(false);
    let path = match (kind.route, effective) {
        ("shares", true) => {
            return Err(Failure::invalid("effective", "of a share there are only the grants themselves"));
        }
        ("shares", false) => below("shares", &name, "/permissions"),
        (_, false) => below(&format!("permissions/{}", kind.securable), &name, ""),
        (_, true) => below(&format!("effective-permissions/{}", kind.securable), &name, ""),
    };
    let mut query = vec![("max_results", "0")];
    let principal = request.principal.unwrap_or_default();
    if !principal.is_empty() {
        query.push(("principal", &principal));
    }
    let pages = Workspace::new(platform).list::<Value>(&path, &query, "privilege_assignments", MAX_PRINCIPALS)?;
    // Routes that do not know the filter give everybody's.
    let is_wanted = |assignment: &&Value| {
        principal.is_empty() || assignment.get("principal").and_then(Value::as_str) == Some(principal.as_str())
    };
    let wanted: Vec<&Value> = pages.items.iter().filter(is_wanted).collect();
    Ok(shown(&kind, &name, &wanted, !pages.more))
}

fn shown(kind: &Kind, name: &FullName, assignments: &[&Value], complete: bool) -> types::GrantList {
    let mut grants = Vec::new();
    for assignment in assignments {
        let principal = text(assignment, "principal").unwrap_or_default();
        for privilege in items(assignment, "privileges") {
            // Effective privileges say where they come from, others are their names alone.
            let named = privilege.as_str().map(str::to_owned).or_else(|| text(privilege, "privilege"));
            let kind = text(privilege, "inherited_from_type").unwrap_or_default().to_lowercase();
            let inherited_from = text(privilege, "inherited_from_name").map(|from| format!("{kind} {from}"));
            grants.push(types::Grant {
                principal: principal.clone(),
                privilege: named.unwrap_or_default(),
                inherited_from,
            });
        }
    }
    let rows: Vec<Vec<Option<String>>> = grants
        .iter()
        .map(|grant| vec![Some(grant.principal.clone()), Some(grant.privilege.clone()), grant.inherited_from.clone()])
        .collect();
    let noun = format!("privileges on {}", kind.shown(name));
    let text = show::table(&["principal", "privilege", "inherited from"], &rows, &noun, complete);
    types::GrantList { text, grants, complete }
}

/// Changes privileges.
///
/// # Errors
/// Changes that change nothing or contradict each other, no such object, or what the workspace refuses.
pub(crate) fn change(
    platform: &impl Platform,
    request: types::ChangeGrantsRequest,
) -> Result<types::GrantList, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    if request.changes.is_empty() || request.changes.len() > MAX_CHANGES {
        return Err(Failure::invalid("changes", format!("must be 1 to {MAX_CHANGES} changes")));
    }
    let mut changes = Vec::new();
    for change in request.changes {
        let principal = change.principal.trim().to_owned();
        if principal.is_empty() {
            return Err(Failure::invalid("changes", "a principal is empty"));
        }
        let add = privileges(&change.add.unwrap_or_default())?;
        let remove = privileges(&change.remove.unwrap_or_default())?;
        if add.is_empty() && remove.is_empty() {
            return Err(Failure::invalid("changes", format!("nothing is added or removed for {principal}")));
        }
        if let Some(both) = add.iter().find(|privilege| remove.contains(privilege)) {
            return Err(Failure::invalid("changes", format!("{both} is both added and removed for {principal}")));
        }
        changes.push(json!({"principal": principal, "add": add, "remove": remove}));
    }
    let path = match kind.route {
        "shares" => below("shares", &name, "/permissions"),
        _ => below(&format!("permissions/{}", kind.securable), &name, ""),
    };
    let answer: Value = Workspace::new(platform).patch(&path, &json!({"changes": changes}))?;
    let now: Vec<&Value> = items(&answer, "privilege_assignments").iter().collect();
    let list = shown(&kind, &name, &now, true);
    let text = format!("Changed. As it is now:\n\n{}", list.text);
    Ok(types::GrantList { text, ..list })
}

/// Privileges as the REST interface spells them.
///
/// # Errors
/// What is no privilege.
fn privileges(given: &[String]) -> Result<Vec<String>, Failure> {
    let spell = |text: &String| {
        let name = text.trim().to_ascii_uppercase().replace(' ', "_");
        let is_good = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        match name.as_str() {
            "ALL" => Ok("ALL_PRIVILEGES".to_owned()),
            _ if is_good => Ok(name),
            _ => Err(Failure::invalid("changes", format!("'{text}' is not a privilege"))),
        }
    };
    given.iter().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind as FailureKind;
    use bricklayer_sdk::testing::Script;

    use super::*;
    use crate::types::ObjectKind;

    fn read(effective: bool) -> types::GetGrantsRequest {
        types::GetGrantsRequest {
            kind: ObjectKind::Table,
            name: "c.s.t".to_owned(),
            principal: None,
            effective: Some(effective),
        }
    }

    fn give(add: &[&str], remove: &[&str]) -> types::ChangeGrantsRequest {
        let texts = |list: &[&str]| Some(list.iter().map(|text| (*text).to_owned()).collect());
        types::ChangeGrantsRequest {
            kind: ObjectKind::Table,
            name: "c.s.t".to_owned(),
            changes: vec![types::GrantChange { principal: "bob@x".to_owned(), add: texts(add), remove: texts(remove) }],
        }
    }

    #[test]
    fn all_pages_are_read_and_inheritance_is_told() {
        let path = "GET /api/2.1/unity-catalog/effective-permissions/table/c.s.t?max_results=0";
        let script = Script::new()
            .on(path, 200, r#"{"privilege_assignments":[{"principal":"a","privileges":[{"privilege":"SELECT","inherited_from_type":"CATALOG","inherited_from_name":"c"}]}],"next_page_token":"n"}"#)
            .on(&format!("{path}&page_token=n"), 200, r#"{"privilege_assignments":[{"principal":"b","privileges":[{"privilege":"MODIFY"}]}]}"#);
        let list = get(&script, read(true)).unwrap();
        assert_eq!(list.grants.len(), 2);
        assert_eq!(list.grants[0].inherited_from.as_deref(), Some("catalog c"));
        assert!(list.complete && list.text.contains("all there are"), "{}", list.text);
        script.done();
    }

    #[test]
    fn privileges_are_spelled_as_the_interface_does() {
        let line = "PATCH /api/2.1/unity-catalog/permissions/table/c.s.t";
        let script =
            Script::new().on(line, 200, r#"{"privilege_assignments":[{"principal":"bob@x","privileges":["SELECT"]}]}"#);
        let list = change(&script, give(&["select", "all privileges"], &["use schema"])).unwrap();
        assert_eq!(list.grants.len(), 1);
        let sent: Value = serde_json::from_str(script.sent()[0].body.as_deref().unwrap()).unwrap();
        let wanted =
            json!({"changes": [{"principal": "bob@x", "add": ["SELECT", "ALL_PRIVILEGES"], "remove": ["USE_SCHEMA"]}]});
        assert_eq!(sent, wanted);
        script.done();
    }

    #[test]
    fn what_makes_no_sense_is_not_sent() {
        for request in [
            give(&[], &[]),
            give(&["SELECT"], &["select"]),
            give(&["DROP TABLE x; --"], &[]),
            types::ChangeGrantsRequest { changes: Vec::new(), ..give(&[], &[]) },
            types::ChangeGrantsRequest { name: "c.s".to_owned(), ..give(&["SELECT"], &[]) },
        ] {
            let failure = change(&Script::new(), request.clone()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidInput, "{request:?}");
        }
    }
}
