//! Cases of the family `catalog`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, PermissionDenied};
use serde_json::{Value, json};

use super::{Case, Stage, answered, fails, stopped, works};

const UNITY: &str = "/api/2.1/unity-catalog";
const STATEMENTS: &str = "/api/2.0/sql/statements";

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    prepare(stage).await;
    [objects(stage), rights(stage), tags(), outside(), shares(), policies(), monitors()].concat()
}

/// What the cases are about: a catalog of their own, and what lies outside.
async fn prepare(stage: &Stage) {
    let owner = &stage.owner;
    owner.post(&format!("{UNITY}/catalogs"), json!({"name": "cases"})).await;
    for statement in [
        "CREATE SCHEMA cases.s",
        "CREATE SCHEMA cases.spare",
        "CREATE TABLE cases.s.t AS SELECT 'Zug' AS city, 3 AS n",
        "CREATE VOLUME cases.s.v",
        "CREATE FUNCTION cases.s.keep(city STRING) RETURNS BOOLEAN RETURN city = 'Zug'",
    ] {
        owner.sql(statement).await;
    }
    let role = json!({"role_arn": "arn:aws:iam::123456789012:role/r"});
    for (kind, body) in [
        ("storage-credentials", json!({"name": "cred", "aws_iam_role": role})),
        ("external-locations", json!({"name": "place", "url": "s3://bucket/cases", "credential_name": "cred"})),
        (
            "connections",
            json!({"name": "pg", "connection_type": "POSTGRESQL", "options": {"host": "h", "port": "1", "user": "u"}}),
        ),
        ("shares", json!({"name": "sh"})),
        ("recipients", json!({"name": "them", "authentication_type": "TOKEN"})),
    ] {
        owner.post(&format!("{UNITY}/{kind}"), body).await;
    }
    let monitor = json!({"output_schema_name": "cases.s", "assets_dir": "/Shared/cases", "snapshot": {}});
    owner.post(&format!("{UNITY}/tables/cases.s.t/monitor"), monitor).await;
}

fn of(kind: &str, name: &str) -> Value {
    json!({"kind": kind, "name": name})
}

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// The next page of a list of the catalog.
fn page(path: &str, body: Value) -> Value {
    answered("GET", &format!("{UNITY}{path}"), &body)
}

/// The next statement ends with these rows.
fn rows(columns: &[&str], rows: &Value) -> Value {
    let columns: Vec<_> = columns.iter().map(|name| json!({"name": name, "type_text": "STRING"})).collect();
    let count = rows.as_array().unwrap().len();
    let body = json!({"statement_id": "s", "status": {"state": "SUCCEEDED"},
        "manifest": {"total_row_count": count, "schema": {"columns": columns}},
        "result": {"row_count": count, "data_array": rows}});
    answered("POST", STATEMENTS, &body)
}

fn objects(stage: &Stage) -> Vec<Case> {
    let mine = "USE CATALOG";
    let schema = |name: &str| json!({"name": name, "full_name": format!("cases.{name}")});
    let to_owner = |name: &str| with(of("schema", name), json!({"owner": stage.owner.user}));
    let function = |name: &str| json!({"name": name, "parameters": [{"name": "x", "value": "INT"}], "returns": "INT", "expression": "x + 1"});
    vec![
        works("list_catalog_objects", json!({"kind": "schema", "within": "cases"}), "cases.spare"),
        works("list_catalog_objects", json!({"kind": "schema", "within": "cases"}), "cases.one")
            .and("cases.two")
            .and("all there are")
            .under(page("/schemas", json!({"schemas": [schema("one")], "next_page_token": "t"})))
            .under(page("/schemas", json!({"schemas": [schema("two")]})))
            .in_pages("/unity-catalog/schemas", 2),
        works("list_catalog_objects", json!({"kind": "schema", "within": "cases", "limit": 1}), "there are more")
            .alone(),
        fails("list_catalog_objects", json!({"kind": "schema"}), InvalidInput, "within"),
        works("list_catalog_objects", json!({"kind": "table", "within": "cases.s"}), "No objects").by_stranger(),
        fails("list_catalog_objects", json!({"kind": "table", "within": "cases.nosuch"}), NotFound, "nosuch"),
        works("get_catalog_object", of("table", "cases.s.t"), "city"),
        works("get_catalog_object", of("connection", "pg"), "POSTGRESQL"),
        fails("get_catalog_object", of("table", "cases.s.u"), NotFound, "There are: t."),
        fails("get_catalog_object", of("schema", "cases.s"), PermissionDenied, mine).by_stranger(),
        fails("get_catalog_object", of("table", "t"), InvalidInput, "catalog.schema.name"),
        works("create_catalog", json!({"name": "cases_new"}), "was made"),
        works("create_catalog", json!({"name": "cases"}), "already").and("left as it is").alone(),
        fails("create_catalog", json!({"name": "a.b"}), InvalidInput, "name"),
        fails("create_catalog", json!({"name": "theirs"}), PermissionDenied, "CREATE CATALOG").by_stranger(),
        // The local workspace reaches no other system.
        works("create_foreign_catalog", json!({"name": "cases_pg", "connection_name": "pg"}), "was made")
            .under(answered("POST", &format!("{UNITY}/catalogs"), &json!({"name": "cases_pg"}))),
        fails(
            "create_foreign_catalog",
            json!({"name": "x", "connection_name": "a.b"}),
            InvalidInput,
            "connection_name",
        ),
        works("create_schema", json!({"name": "cases.made"}), "was made"),
        fails("create_schema", json!({"name": "nosuch.s"}), NotFound, "nosuch"),
        fails("create_schema", json!({"name": "cases.theirs"}), PermissionDenied, mine).by_stranger(),
        works("create_volume", json!({"name": "cases.s.made"}), "was made"),
        fails("create_volume", json!({"name": "cases.nosuch.v"}), NotFound, "nosuch"),
        fails("create_volume", json!({"name": "cases.s.theirs"}), PermissionDenied, mine).by_stranger(),
        works("create_function", function("cases.s.plus"), "CREATE FUNCTION IF NOT EXISTS"),
        works("create_function", function("cases.s.keep"), "already").and("left as it is").alone(),
        fails("create_function", function("cases.nosuch.plus"), NotFound, "nosuch"),
        fails(
            "create_function",
            with(function("cases.s.f"), json!({"expression": "1; DROP"})),
            InvalidInput,
            "one SQL",
        ),
        works("update_catalog_object", with(of("schema", "cases.made"), json!({"comment": "it's"})), "comment"),
        // The local workspace renames nothing.
        works("update_catalog_object", with(of("volume", "cases.s.v"), json!({"new_name": "w"})), "cases.s.w now")
            .under(answered("PATCH", &format!("{UNITY}/volumes/cases.s.v"), &json!({"name": "w"})))
            .alone(),
        fails("update_catalog_object", of("schema", "cases.s"), InvalidInput, "nothing is named"),
        fails("update_catalog_object", with(of("schema", "cases.nosuch"), json!({"comment": "c"})), NotFound, "nosuch"),
        fails("update_catalog_object", with(of("schema", "cases.s"), json!({"comment": "c"})), PermissionDenied, mine)
            .by_stranger(),
        works("set_owner", to_owner("cases.s"), "is owned by"),
        fails("set_owner", to_owner("cases.nosuch"), NotFound, "nosuch"),
        fails("set_owner", to_owner("cases.s"), PermissionDenied, mine).by_stranger(),
        works("set_comment", with(of("schema", "cases.s"), json!({"comment": "it's"})), "was changed: comment"),
        works(
            "set_comment",
            with(of("table", "cases.s.t"), json!({"comment": "it's", "column": "city"})),
            "ALTER TABLE",
        ),
        fails("set_comment", with(of("table", "cases.s.nosuch"), json!({"comment": "c"})), NotFound, "nosuch"),
        fails("set_comment", with(of("function", "cases.s.keep"), json!({"comment": "c"})), InvalidInput, "anew"),
        works("delete_catalog_object", of("volume", "cases.s.made"), "is deleted"),
        works("delete_catalog_object", of("volume", "cases.s.made"), "Nothing was deleted").alone(),
        fails("delete_catalog_object", of("schema", "cases.s"), InvalidInput, "With force"),
        fails("delete_catalog_object", of("schema", "cases.s"), PermissionDenied, mine).by_stranger(),
        works("delete_catalog_object", with(of("catalog", "cases_new"), json!({"force": true})), "is deleted"),
    ]
}

fn rights(stage: &Stage) -> Vec<Case> {
    let table = of("table", "cases.s.t");
    let give = |privilege: &str, to: &str| json!({"changes": [{"principal": to, "add": [privilege]}]});
    let them = &stage.stranger.user;
    let grants = |who: &str, more: Value| {
        let body = json!({"privilege_assignments": [{"principal": who, "privileges": ["SELECT"]}]});
        page("/permissions/table/cases.s.t", with(body, more))
    };
    vec![
        fails("change_grants", with(table.clone(), give("SELECT", them)), PermissionDenied, "").by_stranger(),
        works("change_grants", with(table.clone(), give("select", them)), them),
        fails("change_grants", with(table.clone(), give("DROP IT", them)), InvalidInput, "DROP_IT"),
        fails("change_grants", with(of("table", "cases.s.nosuch"), give("SELECT", them)), NotFound, "nosuch"),
        works("change_grants", with(of("share", "sh"), give("SELECT", "them")), "them"),
        works("get_grants", table.clone(), "SELECT"),
        works("get_grants", with(table.clone(), json!({"effective": true})), "SELECT"),
        works("get_grants", table.clone(), "| one |")
            .and("| two |")
            .under(grants("one", json!({"next_page_token": "t"})))
            .under(grants("two", json!({})))
            .in_pages("/permissions/table", 2),
        works("get_grants", of("share", "sh"), "them"),
        fails("get_grants", of("table", "cases.s.nosuch"), NotFound, "nosuch"),
        fails("get_grants", table, PermissionDenied, "").by_stranger(),
    ]
}

fn tags() -> Vec<Case> {
    let table = of("table", "cases.s.t");
    let set = |key: &str| json!({"set": [{"name": key, "value": "yes"}]});
    let tag = |key: &str, more: Value| {
        let body = json!({"tag_assignments": [{"tag_key": key, "tag_value": "v"}]});
        page("/entity-tag-assignments/tables/cases.s.t/tags", with(body, more))
    };
    // The local workspace's information schema has no tags.
    let found =
        |row: &[&str]| rows(&["schema_name", "table_name", "tag_name", "tag_value", "column_name"], &json!([row]));
    let in_column = json!({"column": "city"});
    vec![
        works("change_tags", with(table.clone(), set("pii")), "pii = 'yes'"),
        works("change_tags", with(with(table.clone(), set("mail")), in_column.clone()), "cases.s.t.city"),
        works("change_tags", with(table.clone(), json!({"remove": ["nosuch"]})), "nosuch was not there").alone(),
        fails("change_tags", with(of("table", "cases.s.nosuch"), set("pii")), NotFound, "nosuch"),
        fails("change_tags", with(of("function", "cases.s.keep"), set("pii")), InvalidInput, "no tags"),
        fails("change_tags", with(table.clone(), set("pii")), PermissionDenied, "").by_stranger(),
        works("get_tags", table.clone(), "| pii | yes |"),
        works("get_tags", with(table.clone(), in_column), "| mail | yes |"),
        works("get_tags", table.clone(), "| one | v |")
            .and("| two | v |")
            .under(tag("one", json!({"next_page_token": "t"})))
            .under(tag("two", json!({})))
            .in_pages("/entity-tag-assignments", 2),
        fails("get_tags", of("table", "cases.s.nosuch"), NotFound, "nosuch"),
        fails("get_tags", table, PermissionDenied, "").by_stranger(),
        works("find_tagged", json!({"catalog": "cases", "key": "pii"}), "| cases.s.t | pii | yes |")
            .under(found(&["s", "t", "pii", "yes"])),
        works("find_tagged", json!({"catalog": "cases", "columns": true}), "| cases.s.t.city | mail | yes |")
            .under(found(&["s", "t", "mail", "yes", "city"]))
            .alone(),
        works("find_tagged", json!({"catalog": "cases", "limit": 1}), "there are more")
            .under(rows(&["a", "b"], &json!([["s", "t"], ["s", "u"]])))
            .alone(),
        fails("find_tagged", json!({"catalog": "nosuch"}), NotFound, "nosuch"),
    ]
}

fn outside() -> Vec<Case> {
    let arn = |name: &str| json!({"name": name, "aws_iam_role_arn": "arn:aws:iam::123456789012:role/r"});
    let place = |name: &str, with: &str| json!({"name": name, "url": "s3://bucket/more", "credential_name": with});
    let try_at = |credential: &str| json!({"credential_name": credential, "external_location_name": "place"});
    let connection = |name: &str, password: &str| {
        let mut options = vec![json!({"name": "host", "value": "h"})];
        if !password.is_empty() {
            options.push(json!({"name": "password", "value": password}));
        }
        json!({"name": name, "connection_type": "POSTGRESQL", "options": options})
    };
    let by_statement = json!({"statement_id": "s", "status": {"state": "SUCCEEDED"}});
    vec![
        works("create_storage_credential", arn("cred_new"), "was made"),
        fails("create_storage_credential", json!({"name": "x"}), InvalidInput, "exactly one"),
        fails("create_storage_credential", arn("x"), PermissionDenied, "").by_stranger(),
        works("create_external_location", place("place_new", "cred"), "was made"),
        fails("create_external_location", place("x", "nosuch"), NotFound, "nosuch"),
        fails("create_external_location", place("x", "cred"), PermissionDenied, "").by_stranger(),
        works("validate_storage_credential", try_at("cred"), "was not tried"),
        fails("validate_storage_credential", try_at("nosuch"), NotFound, "nosuch"),
        fails("validate_storage_credential", json!({"credential_name": "cred"}), InvalidInput, "url"),
        works("create_connection", connection("pg_new", ""), "was made"),
        works("create_connection", connection("pg_secret", "{{secrets/a/b}}"), "secret('a', 'b')").under(answered(
            "POST",
            STATEMENTS,
            &by_statement,
        )),
        fails("create_connection", connection("x", "hunter2"), InvalidInput, "{{secrets/"),
        fails("create_connection", connection("x", ""), PermissionDenied, "").by_stranger(),
        works(
            "update_external_object",
            with(of("external-location", "place"), json!({"comment": "c", "read_only": true})),
            "was changed: comment, read_only",
        ),
        fails("update_external_object", of("connection", "pg"), InvalidInput, "nothing is named"),
        fails("update_external_object", with(of("share", "nosuch"), json!({"comment": "c"})), NotFound, "nosuch"),
        fails("update_external_object", with(of("share", "sh"), json!({"comment": "c"})), PermissionDenied, "")
            .by_stranger(),
    ]
}

fn shares() -> Vec<Case> {
    let add = |share: &str, table: &str| json!({"name": share, "add": [{"name": table}]});
    let share = |name: &str, more: Value| with(json!({"shares": [{"name": name}]}), more);
    vec![
        works("create_share", json!({"name": "sh_new"}), "was made"),
        fails("create_share", json!({"name": "a.b"}), InvalidInput, "name"),
        fails("create_share", json!({"name": "x"}), PermissionDenied, "").by_stranger(),
        works("change_share", add("sh", "cases.s.t"), "1 tables added"),
        fails("change_share", json!({"name": "sh"}), InvalidInput, "add"),
        fails("change_share", add("nosuch", "cases.s.t"), NotFound, "nosuch"),
        fails("change_share", add("sh", "cases.s.nosuch"), NotFound, "nosuch"),
        fails("change_share", add("sh", "cases.s.t"), PermissionDenied, "").by_stranger(),
        works("get_catalog_object", of("share", "sh"), "cases.s.t"),
        works("create_recipient", json!({"name": "them_new"}), "is not shown here"),
        fails(
            "create_recipient",
            json!({"name": "x", "sharing_identifier": "aws:eu:1", "ip_access_list": ["10.0.0.0/8"]}),
            InvalidInput,
            "ip_access_list",
        ),
        fails("create_recipient", json!({"name": "x"}), PermissionDenied, "").by_stranger(),
        works("rotate_recipient_token", json!({"name": "them"}), "ends in 86400 s"),
        fails("rotate_recipient_token", json!({"name": "nosuch"}), NotFound, "nosuch"),
        works("get_catalog_object", of("provider", "they"), "| one |")
            .and("| two |")
            .under(page("/providers/they", json!({"name": "they"})))
            .under(page("/providers/they/shares", share("one", json!({"next_page_token": "t"}))))
            .under(page("/providers/they/shares", share("two", json!({}))))
            .in_pages("/providers/they/shares", 2),
    ]
}

/// What goes by statements that the local workspace does not have: it plays their answers.
fn policies() -> Vec<Case> {
    let ended = |state: &str| json!({"statement_id": "s", "status": {"state": state}});
    let failed = json!({"statement_id": "s", "status": {"state": "FAILED", "error": {"error_code": "BAD_REQUEST",
        "message": "[TABLE_OR_VIEW_NOT_FOUND] The table or view `cases`.`s`.`nosuch` cannot be found. SQLSTATE: 42P01"}}});
    let goes = |case: Case| case.under(answered("POST", STATEMENTS, &ended("SUCCEEDED")));
    let not_found = |tool, input| {
        fails(tool, input, NotFound, "[TABLE_OR_VIEW_NOT_FOUND]").under(answered("POST", STATEMENTS, &failed))
    };
    let filter = json!({"table": "cases.s.t", "function": "cases.s.keep", "columns": ["city"]});
    let mask = json!({"table": "cases.s.t", "column": "city", "function": "cases.s.hide"});
    let (table, column) = (json!({"table": "cases.s.t"}), json!({"table": "cases.s.t", "column": "city"}));
    let view = |more: Value| with(json!({"name": "cases.s.m"}), more);
    let measures = json!({"definition": {"source": "cases.s.t", "measures": [{"name": "m", "expr": "sum(n)"}]}});
    let described = json!({"type": "METRIC_VIEW", "columns": [{"name": "m", "is_measure": true}]}).to_string();
    let endless = |method: &str, path: &str| {
        let mut rule = answered(method, path, &ended("RUNNING"));
        rule.as_object_mut().unwrap().remove("times");
        rule
    };
    let wrong = json!({"table": "t"});
    vec![
        goes(works("set_row_filter", filter.clone(), "SET ROW FILTER `cases`.`s`.`keep` ON (`city`)")),
        not_found("set_row_filter", filter.clone()),
        fails("set_row_filter", with(filter.clone(), wrong.clone()), InvalidInput, "table"),
        stopped("set_row_filter", filter, STATEMENTS, "/cancel")
            .under(endless("POST", STATEMENTS))
            .under(endless("GET", "/api/2.0/sql/statements/*")),
        goes(works("drop_row_filter", table.clone(), "DROP ROW FILTER")),
        not_found("drop_row_filter", table),
        fails("drop_row_filter", wrong.clone(), InvalidInput, "table"),
        goes(works("set_column_mask", mask.clone(), "ALTER COLUMN `city` SET MASK `cases`.`s`.`hide`")),
        not_found("set_column_mask", mask.clone()),
        fails("set_column_mask", with(mask, wrong.clone()), InvalidInput, "table"),
        goes(works("drop_column_mask", column.clone(), "ALTER COLUMN `city` DROP MASK")),
        not_found("drop_column_mask", column),
        goes(works("create_metric_view", view(measures.clone()), "WITH METRICS LANGUAGE YAML")),
        not_found("create_metric_view", view(measures)),
        fails("create_metric_view", view(json!({"definition": {}})), InvalidInput, "source is missing"),
        works("get_metric_view", view(json!({})), "| m | measure |").under(rows(&["json"], &json!([[described]]))),
        not_found("get_metric_view", view(json!({}))),
    ]
}

fn monitors() -> Vec<Case> {
    let of = |table: &str| json!({"table": table});
    let new = |table: &str| json!({"table": table, "output_schema": "cases.s"});
    vec![
        works("get_monitor", of("cases.s.t"), "Monitor of cases.s.t"),
        fails("get_monitor", of("cases.s.nosuch"), NotFound, "nosuch"),
        fails("get_monitor", of("cases.s.t"), PermissionDenied, "").by_stranger(),
        works("refresh_monitor", of("cases.s.t"), "get_monitor shows how far it is"),
        fails("refresh_monitor", of("cases.s.nosuch"), NotFound, "nosuch"),
        works("create_monitor", new("cases.s.t"), "has a monitor already").alone(),
        fails("create_monitor", new("cases.s.t"), PermissionDenied, "").by_stranger(),
        fails("create_monitor", new("cases.s.nosuch"), NotFound, "nosuch"),
        fails("delete_monitor", of("cases.s.t"), PermissionDenied, "").by_stranger(),
        works("delete_monitor", of("cases.s.t"), "is deleted"),
        works("delete_monitor", of("cases.s.t"), "Nothing was deleted").alone(),
        fails("delete_monitor", of("t"), InvalidInput, "table"),
        works("create_monitor", new("cases.s.t"), "has a monitor now"),
    ]
}
