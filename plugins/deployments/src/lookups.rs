//! Objects of the workspace that a bundle's variables name, and their ids.

use bricklayer_bundle::{Found, Lookup};
use bricklayer_sdk::{Failure, Kind, Pages, Platform, Workspace};
use serde_json::Value;

/// Objects of a kind that are looked through; a workspace with more of them has their ids written out.
const MAX_OBJECTS: usize = 5_000;

/// Names that an answer offers.
const MAX_NAMES: usize = 500;

/// How objects of a kind are listed.
struct List {
    kind: &'static str,
    path: &'static str,
    /// The array in an answer.
    items: &'static str,
    /// Where an item has its name.
    name: &'static str,
    /// Where it has its id.
    id: &'static str,
    /// The parameter that asks for one name.
    filter: Filter,
}

enum Filter {
    None,
    /// `?name=nightly`.
    Name,
    /// SCIM's `?filter=displayName eq "nightly"`.
    Scim,
    /// `?filter=name LIKE 'nightly'`.
    Like,
}

const fn list(
    kind: &'static str,
    path: &'static str,
    items: &'static str,
    name: &'static str,
    id: &'static str,
) -> List {
    List { kind, path, items, name, id, filter: Filter::None }
}

const LISTS: [List; 12] = [
    list("alert", "/api/2.0/sql/alerts", "results", "/display_name", "/id"),
    list("cluster", "/api/2.1/clusters/list", "clusters", "/cluster_name", "/cluster_id"),
    list("cluster_policy", "/api/2.0/policies/clusters/list", "policies", "/name", "/policy_id"),
    list("dashboard", "/api/2.0/lakeview/dashboards", "dashboards", "/display_name", "/dashboard_id"),
    list("instance_pool", "/api/2.0/instance-pools/list", "instance_pools", "/instance_pool_name", "/instance_pool_id"),
    List { filter: Filter::Name, ..list("job", "/api/2.2/jobs/list", "jobs", "/settings/name", "/job_id") },
    list("metastore", "/api/2.1/unity-catalog/metastores", "metastores", "/name", "/metastore_id"),
    list("notification_destination", "/api/2.0/notification-destinations", "results", "/display_name", "/id"),
    List { filter: Filter::Like, ..list("pipeline", "/api/2.0/pipelines", "statuses", "/name", "/pipeline_id") },
    list("query", "/api/2.0/sql/queries", "results", "/display_name", "/id"),
    List {
        filter: Filter::Scim,
        ..list(
            "service_principal",
            "/api/2.0/preview/scim/v2/ServicePrincipals",
            "Resources",
            "/displayName",
            "/applicationId",
        )
    },
    list("warehouse", "/api/2.0/sql/warehouses", "warehouses", "/name", "/id"),
];

/// Asks the workspace for the ids of these objects.
pub(crate) fn answer(platform: &impl Platform, lookups: Vec<Lookup>) -> Vec<(Lookup, Found)> {
    let found = |lookup: &Lookup| match find(platform, lookup) {
        Ok(found) => found,
        Err(failure) => Found::Failed(failure.message),
    };
    let answered = |lookup: Lookup| {
        let found = found(&lookup);
        (lookup, found)
    };
    lookups.into_iter().map(answered).collect()
}

fn find(platform: &impl Platform, lookup: &Lookup) -> Result<Found, Failure> {
    let Some(list) = LISTS.iter().find(|list| list.kind == lookup.kind) else {
        return Err(Failure::new(Kind::InvalidInput, "objects of this kind cannot be looked up"));
    };
    let filter = match list.filter {
        Filter::None => None,
        Filter::Name => Some(("name", lookup.name.clone())),
        Filter::Scim => Some(("filter", format!("displayName eq \"{}\"", lookup.name.replace(['"', '\\'], "")))),
        // A quote in it cannot be written; the whole list has it.
        Filter::Like if lookup.name.contains('\'') => None,
        Filter::Like => Some(("filter", format!("name LIKE '{}'", lookup.name))),
    };
    let query: Vec<(&str, &str)> = filter.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let pages: Pages<Value> = Workspace::new(platform).list(list.path, &query, list.items, MAX_OBJECTS)?;
    let text = |item: &Value, pointer: &str| match item.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let all: Vec<(String, String)> =
        pages.items.iter().filter_map(|item| Some((text(item, list.name)?, text(item, list.id)?))).collect();
    let ids: Vec<String> = all.iter().filter(|(name, _)| *name == lookup.name).map(|(_, id)| id.clone()).collect();
    Ok(match ids.as_slice() {
        [id] => Found::One(id.clone()),
        [] if pages.more => Found::Failed(format!("the workspace has more than {MAX_OBJECTS} of them")),
        [] => Found::None(all.into_iter().map(|(name, _)| name).take(MAX_NAMES).collect()),
        _ => Found::Several(ids),
    })
}

#[cfg(test)]
mod tests {
    use bricklayer_bundle::LOOKUP_KINDS;
    use bricklayer_sdk::testing::Script;

    use super::*;

    #[track_caller]
    fn check(kind: &str, name: &str, line: &str, body: &str, expect: Found) {
        let script = Script::new().on(line, 200, body);
        let lookup = Lookup { kind: kind.to_owned(), name: name.to_owned() };
        let found = answer(&script, vec![lookup]);
        assert_eq!(found.into_iter().map(|(_, found)| found).collect::<Vec<_>>(), [expect]);
        script.done();
    }

    #[test]
    fn each_kind_is_found_by_its_name() {
        let one = |id: &str| Found::One(id.to_owned());
        check(
            "job",
            "n",
            "GET /api/2.2/jobs/list?name=n",
            r#"{"jobs":[{"job_id":9223372036854775807,"settings":{"name":"n"}}]}"#,
            one("9223372036854775807"),
        );
        check(
            "pipeline",
            "a b",
            "GET /api/2.0/pipelines?filter=name%20LIKE%20%27a%20b%27",
            r#"{"statuses":[{"pipeline_id":"p","name":"a b"}]}"#,
            one("p"),
        );
        check(
            "service_principal",
            "s\"x",
            "GET /api/2.0/preview/scim/v2/ServicePrincipals?filter=displayName%20eq%20%22sx%22",
            r#"{"Resources":[]}"#,
            Found::None(Vec::new()),
        );
        check(
            "warehouse",
            "w",
            "GET /api/2.0/sql/warehouses",
            r#"{"warehouses":[{"id":"1","name":"w"},{"id":"2","name":"w"},{"id":"3","name":"x"}]}"#,
            Found::Several(vec!["1".to_owned(), "2".to_owned()]),
        );
        check(
            "cluster",
            "c",
            "GET /api/2.1/clusters/list",
            r#"{"clusters":[{"cluster_id":"1","cluster_name":"d"}]}"#,
            Found::None(vec!["d".to_owned()]),
        );
    }

    #[test]
    fn each_kind_of_the_library_has_a_list() {
        let known: Vec<&str> = LISTS.iter().map(|list| list.kind).collect();
        assert_eq!(known, LOOKUP_KINDS);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_told_of() {
        let script = Script::new().on(
            "GET /api/2.0/sql/warehouses",
            403,
            r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#,
        );
        let lookup = Lookup { kind: "warehouse".to_owned(), name: "w".to_owned() };
        let found = answer(&script, vec![lookup]);
        assert!(matches!(found.as_slice(), [(_, Found::Failed(why))] if why.contains("no")), "{found:?}");
    }
}
