//! get_tags, change_tags, find_tagged and set_comment.
//!
//! Tags are read and changed by the REST interface, which needs no warehouse; finding them is a query.

use bricklayer_databricks::statement::Parameter;
use bricklayer_sdk::{Failure, Kind as FailureKind, Platform, Workspace, encode_segment};
use serde_json::{Map, Value, json};

use crate::kind::{Kind, UNITY};
use crate::names::{FullName, column, literal};
use crate::objects::changed;
use crate::show::{self, text};
use crate::sql::{self, Sql};
use crate::types;

/// Tags of one object at most, the service's own bound.
const MAX_TAGS: usize = 50;

/// Tagged objects found when the caller names no number, and at most.
const DEFAULT_FOUND: u32 = 100;
const MAX_FOUND: u32 = 1_000;

/// Where assignments of tags live.
fn assignments() -> String {
    format!("{UNITY}/entity-tag-assignments")
}

/// What a tag is on, as the REST interface names it: type and name.
struct Entity {
    kind: &'static str,
    name: String,
}

impl Entity {
    /// # Errors
    /// A kind that has no tags, a column of something else than a table.
    fn of(kind: &Kind, name: &FullName, column: Option<&str>) -> Result<Self, Failure> {
        let Some(tagged) = kind.tagged else {
            return Err(Failure::invalid("kind", format!("a {} has no tags", kind.word)));
        };
        match column.map(str::trim).filter(|column| !column.is_empty()) {
            None => Ok(Self { kind: tagged, name: name.dotted() }),
            Some(column) if kind.route == "tables" => {
                Ok(Self { kind: "columns", name: format!("{}.{column}", name.dotted()) })
            }
            Some(_) => Err(Failure::invalid("column", "only tables have columns")),
        }
    }

    fn path(&self, key: Option<&str>) -> String {
        let tags = format!("{}/{}/{}/tags", assignments(), self.kind, encode_segment(&self.name));
        match key {
            None => tags,
            Some(key) => format!("{tags}/{}", encode_segment(key)),
        }
    }
}

/// Reads tags.
///
/// # Errors
/// What has no tags, no such object, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::GetTagsRequest) -> Result<types::TagList, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    let entity = Entity::of(&kind, &name, request.column.as_deref())?;
    let pages = Workspace::new(platform).list::<Value>(&entity.path(None), &[], "tag_assignments", MAX_TAGS * 2)?;
    let tags: Vec<types::NamedValue> = pages
        .items
        .iter()
        .map(|tag| types::NamedValue {
            name: text(tag, "tag_key").unwrap_or_default(),
            value: text(tag, "tag_value").unwrap_or_default(),
        })
        .collect();
    let rows: Vec<Vec<Option<String>>> =
        tags.iter().map(|tag| vec![Some(tag.name.clone()), Some(tag.value.clone())]).collect();
    let noun = format!("tags on {}", entity.name);
    Ok(types::TagList { text: show::table(&["key", "value"], &rows, &noun, !pages.more), tags, complete: !pages.more })
}

/// Changes tags, one by one; what was done before one that fails is told.
///
/// # Errors
/// What has no tags, no tags to change, or what the workspace refuses.
pub(crate) fn change(
    platform: &impl Platform,
    request: types::ChangeTagsRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    let entity = Entity::of(&kind, &name, request.column.as_deref())?;
    let (set, remove) = (request.set.unwrap_or_default(), request.remove.unwrap_or_default());
    if set.is_empty() && remove.is_empty() {
        return Err(Failure::invalid("set", "no tag is set or removed"));
    }
    if set.len() + remove.len() > MAX_TAGS {
        return Err(Failure::invalid("set", format!("at most {MAX_TAGS} tags are changed at once")));
    }
    let mut keys = set.iter().map(|tag| &tag.name).chain(&remove);
    if keys.any(|key| key.trim().is_empty()) {
        return Err(Failure::invalid("set", "a key is empty"));
    }
    let workspace = Workspace::new(platform);
    let mut done: Vec<String> = Vec::new();
    let told = |done: &[String], failure: Failure| {
        if done.is_empty() { failure } else { failure.advise(format!("Done before: {}.", done.join(", "))) }
    };
    for tag in &set {
        let body = json!({
            "entity_type": entity.kind, "entity_name": entity.name, "tag_key": tag.name, "tag_value": tag.value,
        });
        let made = match workspace.post::<Value>(&assignments(), &body) {
            Err(failure) if failure.code.as_deref().is_some_and(|code| code.ends_with("ALREADY_EXISTS")) => {
                let path = format!("{}?update_mask=tag_value", entity.path(Some(&tag.name)));
                workspace.patch::<Value>(&path, &body)
            }
            made => made,
        };
        made.map_err(|failure| told(&done, failure))?;
        done.push(format!("{} = '{}'", tag.name, tag.value));
    }
    let mut changed = !set.is_empty();
    for key in &remove {
        match workspace.delete::<Value>(&entity.path(Some(key)), &[]) {
            Ok(_) => {
                changed = true;
                done.push(format!("{key} removed"));
            }
            // No tag is no tag; an object that is not there is found by the first that is set.
            Err(failure) if failure.kind == FailureKind::NotFound && !failure.message.contains("ENDPOINT") => {
                done.push(format!("{key} was not there"));
            }
            Err(failure) => return Err(told(&done, failure)),
        }
    }
    Ok(show::change(&name, format!("Tags on {}: {}.", entity.name, done.join(", ")), changed))
}

/// Finds tagged tables or columns.
///
/// # Errors
/// A name that is none, no warehouse, or a query that fails.
pub(crate) fn find(platform: &impl Platform, request: types::FindTaggedRequest) -> Result<types::TaggedList, Failure> {
    let catalog = FullName::parse("catalog", &request.catalog, 1)?;
    let limit = show::limit(request.limit, DEFAULT_FOUND, MAX_FOUND)?;
    let columns = request.columns.unwrap_or(false);
    let (view, column) = if columns { ("column_tags", ", column_name") } else { ("table_tags", "") };
    let mut statement = format!(
        "SELECT schema_name, table_name, tag_name, tag_value{column} FROM {}.information_schema.{view}",
        catalog.sql()
    );
    let mut parameters = Vec::new();
    for (field, value) in [("tag_name", request.key), ("tag_value", request.value)] {
        if let Some(value) = value {
            let word = if parameters.is_empty() { "WHERE" } else { "AND" };
            statement.push_str(&format!(" {word} {field} = :{field}"));
            parameters.push(Parameter { name: field.to_owned(), value: Some(value), type_text: None });
        }
    }
    // One more than is wanted says whether there are more.
    statement.push_str(&format!(" ORDER BY ALL LIMIT {}", limit + 1));
    let ask = Sql { warehouse_id: request.warehouse_id, statement, parameters, reads: true, keep_rows: limit + 1 };
    let (rows, ran) = ask.run(platform)?;
    let complete = rows.rows.len() <= limit && !rows.truncated;
    let found: Vec<types::Tagged> = rows
        .rows
        .into_iter()
        .take(limit)
        .map(|row| {
            let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
            let column = if columns { format!(".{}", cell(4)) } else { String::new() };
            let name = format!("{}.{}.{}{column}", catalog.dotted(), cell(0), cell(1));
            types::Tagged { name, key: cell(2), value: cell(3) }
        })
        .collect();
    let rows: Vec<Vec<Option<String>>> = found
        .iter()
        .map(|tagged| vec![Some(tagged.name.clone()), Some(tagged.key.clone()), Some(tagged.value.clone())])
        .collect();
    let noun = if columns { "tagged columns" } else { "tagged tables" };
    let text = format!("{}{ran}", show::table(&["name", "key", "value"], &rows, noun, complete));
    Ok(types::TaggedList { text, found, complete })
}

/// Sets a comment: by SQL for tables and columns, which the REST interface does not change.
///
/// # Errors
/// What has no comment to set here, no such object, or what the workspace refuses.
pub(crate) fn set_comment(
    platform: &impl Platform,
    request: types::SetCommentRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    let comment = request.comment;
    let said = format!("the comment of {} was set.", kind.shown(&name));
    match (kind.route, request.column) {
        ("tables", Some(of)) => {
            let column = column("column", &of)?;
            let statement = format!("ALTER TABLE {} ALTER COLUMN {column} COMMENT {}", name.sql(), literal(&comment));
            sql::done(platform, &name, request.warehouse_id, statement, &format!("{said} Column: {of}."))
        }
        ("tables", None) => {
            let statement = format!("COMMENT ON TABLE {} IS {}", name.sql(), literal(&comment));
            sql::done(platform, &name, request.warehouse_id, statement, &said)
        }
        (_, Some(_)) => Err(Failure::invalid("column", "only tables have columns")),
        ("catalogs" | "schemas" | "volumes", None) => {
            changed(platform, &kind, &name, Map::from_iter([("comment".to_owned(), comment.into())]))
        }
        _ if kind.is_external => {
            Err(Failure::invalid("kind", format!("the comment of a {} is set with update_external_object", kind.word)))
        }
        _ => Err(Failure::invalid("kind", "a function's comment is set when it is made; make it anew with replace")),
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;
    use crate::types::ObjectKind;

    const TAGS: &str = "/api/2.1/unity-catalog/entity-tag-assignments";

    fn request(set: &[(&str, &str)], remove: &[&str], column: Option<&str>) -> types::ChangeTagsRequest {
        let pair =
            |(name, value): &(&str, &str)| types::NamedValue { name: (*name).to_owned(), value: (*value).to_owned() };
        types::ChangeTagsRequest {
            kind: ObjectKind::Table,
            name: "c.s.t".to_owned(),
            column: column.map(str::to_owned),
            set: Some(set.iter().map(pair).collect()),
            remove: Some(remove.iter().map(|key| (*key).to_owned()).collect()),
        }
    }

    #[test]
    fn a_tag_that_is_there_gets_its_new_value() {
        let script = Script::new()
            .on(&format!("POST {TAGS}"), 409, r#"{"error_code":"ALREADY_EXISTS","message":"there"}"#)
            .on(&format!("PATCH {TAGS}/columns/c.s.t.a/tags/k%20k?update_mask=tag_value"), 200, "{}")
            .on(
                &format!("DELETE {TAGS}/columns/c.s.t.a/tags/old"),
                404,
                r#"{"error_code":"NOT_FOUND","message":"no"}"#,
            );
        let change = change(&script, request(&[("k k", "it's")], &["old"], Some("a"))).unwrap();
        assert!(change.changed);
        assert_eq!(change.text, "Tags on c.s.t.a: k k = 'it's', old was not there.");
        assert_eq!(script.body(1)["tag_value"], "it's");
        script.done();
    }

    #[test]
    fn what_was_done_before_a_failure_is_told() {
        let script = Script::new().on(&format!("POST {TAGS}"), 200, "{}").on(
            &format!("POST {TAGS}"),
            403,
            r#"{"error_code":"PERMISSION_DENIED","message":"no APPLY TAG"}"#,
        );
        let failure = change(&script, request(&[("a", "1"), ("b", "2")], &[], None)).unwrap_err();
        assert!(
            failure.message.contains("no APPLY TAG") && failure.message.contains("Done before: a = '1'."),
            "{failure:?}"
        );
    }

    #[test]
    fn values_to_find_are_parameters() {
        let context = CallContext {
            warehouse: Some("w".to_owned()),
            time_left: std::time::Duration::from_secs(120),
            ..CallContext::default()
        };
        let script = Script::new().context(context).on(
            "POST /api/2.0/sql/statements",
            200,
            r#"{"statement_id":"s","status":{"state":"SUCCEEDED"},"manifest":{"schema":{"columns":[{"name":"schema_name"},{"name":"table_name"},{"name":"tag_name"},{"name":"tag_value"}]}},"result":{"data_array":[["s","t","pii","yes"]]}}"#,
        );
        let asked = types::FindTaggedRequest {
            catalog: "my`cat".to_owned(),
            key: Some("' OR 1=1 --".to_owned()),
            value: None,
            columns: None,
            limit: None,
            warehouse_id: None,
        };
        assert!(find(&Script::new(), asked.clone()).is_err());
        let found = find(&script, types::FindTaggedRequest { catalog: "c".to_owned(), ..asked }).unwrap();
        assert_eq!(found.found[0].name, "c.s.t");
        let sent = script.body(0);
        assert!(sent["statement"].as_str().unwrap().contains("WHERE tag_name = :tag_name ORDER BY"), "{sent}");
        assert_eq!(sent["parameters"][0]["value"], "' OR 1=1 --");
    }

    #[test]
    fn comments_go_by_sql_where_they_must() {
        let context = CallContext {
            warehouse: Some("w".to_owned()),
            time_left: std::time::Duration::from_secs(120),
            ..CallContext::default()
        };
        let ended = r#"{"statement_id":"s","status":{"state":"SUCCEEDED"}}"#;
        let asked = |kind, name: &str, column: Option<&str>| types::SetCommentRequest {
            kind,
            name: name.to_owned(),
            column: column.map(str::to_owned),
            comment: "it's".to_owned(),
            warehouse_id: None,
        };
        for (column, statement) in [
            (None, r"COMMENT ON TABLE `c`.`s`.`t` IS 'it\'s'"),
            (Some("a b"), r"ALTER TABLE `c`.`s`.`t` ALTER COLUMN `a b` COMMENT 'it\'s'"),
        ] {
            let script = Script::new().context(context.clone()).on("POST /api/2.0/sql/statements", 200, ended);
            let change = set_comment(&script, asked(ObjectKind::Table, "c.s.t", column)).unwrap();
            assert_eq!(change.statement.as_deref(), Some(statement));
            assert_eq!(script.body(0)["statement"], statement);
        }
        let script = Script::new().on("PATCH /api/2.1/unity-catalog/schemas/c.s", 200, "{}");
        set_comment(&script, asked(ObjectKind::Schema, "c.s", None)).unwrap();
        assert_eq!(script.body(0), json!({"comment": "it's"}));
        assert!(set_comment(&Script::new(), asked(ObjectKind::Share, "c", None)).is_err());
    }
}
