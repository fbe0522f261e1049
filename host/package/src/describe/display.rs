//! What a manifest says about showing a tool, held against the tool's own types.

use bricklayer_domain::ResultKind;

use crate::manifest::{ManifestError, fault};
use crate::shape::without_option;
use crate::{Field, Function, Shape, ShapeKind, ToolEntry};

/// Refuses a detail of arguments that the tool does not have, and a kind of result that it does not give.
pub(super) fn check(function: &Function, entry: &ToolEntry) -> Result<(), ManifestError> {
    let field = |name: &str| format!("tools.{}.{name}", function.tool);
    for argument in entry.detail.iter().flat_map(|detail| detail.arguments()) {
        if !function.properties().iter().any(|known| known.property == argument) {
            let known: Vec<String> =
                function.properties().iter().map(|known| format!("`{}`", known.property)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(fault(&field("detail"), &format!("the tool has no argument `{argument}`; it has {known}")));
        }
    }
    let Some(kind) = entry.result else { return Ok(()) };
    let found = function.success().map(without_option).map(fields).unwrap_or_default();
    if has_shape(kind, found) {
        return Ok(());
    }
    Err(fault(&field("result"), &format!("`{}` needs a result with {}", kind.as_str(), needed(kind))))
}

const fn needed(kind: ResultKind) -> &'static str {
    match kind {
        ResultKind::Text | ResultKind::Markdown => "a field `text`",
        ResultKind::Table => "the fields `columns`, a list of records with a `name`, and `rows`, a list",
        ResultKind::Tables => "the field `tables`, a list of records with a `name` and `columns`",
        ResultKind::List => "exactly one field that is a list of records, whose name says what they are",
        ResultKind::Steps => "the field `steps`, a list of records with a `status`",
        ResultKind::Change => "the fields `path` and `patch`",
        ResultKind::Chart => "the field `chart`",
        ResultKind::Todos => "the field `todos`, a list of records with a `content` and a `status`",
    }
}

fn has_shape(kind: ResultKind, found: &[Field]) -> bool {
    let has = |name: &str| found.iter().any(|field| field.property == name);
    let list_with = |name: &str, needed: &[&str]| {
        let list = found.iter().find(|field| field.property == name).and_then(|field| records(&field.shape));
        list.is_some_and(|fields| needed.iter().all(|name| fields.iter().any(|field| field.property == *name)))
    };
    match kind {
        ResultKind::Text | ResultKind::Markdown => has("text"),
        ResultKind::Table => list_with("columns", &["name"]) && has("rows"),
        ResultKind::Tables => list_with("tables", &["name", "columns"]),
        ResultKind::List => found.iter().filter(|field| records(&field.shape).is_some()).count() == 1,
        ResultKind::Steps => list_with("steps", &["status"]),
        ResultKind::Change => has("path") && has("patch"),
        ResultKind::Chart => has("chart"),
        ResultKind::Todos => list_with("todos", &["content", "status"]),
    }
}

/// The fields of the records of a list.
fn records(shape: &Shape) -> Option<&[Field]> {
    match &without_option(shape).kind {
        ShapeKind::List(inner) => match &inner.kind {
            ShapeKind::Record(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

fn fields(shape: &Shape) -> &[Field] {
    match &shape.kind {
        ShapeKind::Record(fields) => fields,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DocsSource, Manifest};

    fn shape(kind: ShapeKind) -> Shape {
        Shape { name: None, docs: None, kind }
    }

    fn field(name: &str, kind: ShapeKind) -> Field {
        Field { name: name.to_owned(), property: name.to_owned(), docs: None, shape: shape(kind) }
    }

    fn records(fields: &[&str]) -> ShapeKind {
        let fields = fields.iter().map(|name| field(name, ShapeKind::String)).collect();
        ShapeKind::List(Box::new(shape(ShapeKind::Record(fields))))
    }

    /// A tool `find` with the argument `name` and a result of these fields, and what its section says.
    fn refusal(result: Vec<Field>, section: &str) -> Option<String> {
        let ok = Some(Box::new(shape(ShapeKind::Record(result))));
        let function = Function {
            tool: "find".to_owned(),
            interface: None,
            name: "find".to_owned(),
            docs: "Finds.".to_owned(),
            docs_source: DocsSource::Wit,
            params: vec![field("name", ShapeKind::String)],
            result: Some(shape(ShapeKind::Result { ok, error: None })),
        };
        let head = "name = \"a\"\nversion = \"1.0.0\"\ndescription = \"b\"\n[tools.find]\n";
        let manifest = Manifest::parse(&format!("{head}{section}")).unwrap();
        check(&function, &manifest.tools["find"]).err().map(|error| error.to_string())
    }

    #[test]
    fn a_detail_names_arguments_that_there_are() {
        assert_eq!(refusal(Vec::new(), "detail = \"{name}\""), None);
        assert_eq!(
            refusal(Vec::new(), "detail = \"{nmae}\"").as_deref(),
            Some("plugin.toml: tools.find.detail: the tool has no argument `nmae`; it has `name`")
        );
    }

    #[test]
    fn a_result_is_what_it_is_called() {
        let rows = || field("rows", ShapeKind::List(Box::new(shape(ShapeKind::String))));
        let good = [
            ("text", vec![field("text", ShapeKind::String)]),
            ("table", vec![field("columns", records(&["name"])), rows()]),
            ("tables", vec![field("tables", records(&["name", "columns"])), field("more", ShapeKind::Bool)]),
            ("list", vec![field("clusters", records(&["id"])), rows()]),
            ("steps", vec![field("steps", records(&["status"]))]),
            ("change", vec![field("path", ShapeKind::String), field("patch", records(&["lines"]))]),
        ];
        for (kind, fields) in good {
            assert_eq!(refusal(fields, &format!("result = \"{kind}\"")), None);
            let refused = refusal(vec![rows()], &format!("result = \"{kind}\"")).unwrap();
            assert!(refused.starts_with(&format!("plugin.toml: tools.find.result: `{kind}` needs")), "{refused}");
        }
        let two = vec![field("a", records(&["id"])), field("b", records(&["id"]))];
        assert!(refusal(two, "result = \"list\"").unwrap().contains("exactly one field"));
    }
}
