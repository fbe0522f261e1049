//! What a manifest says about the resources of a tool's calls, held against the tool's own types.

use bricklayer_domain::{Renames, Template, ToldType};

use crate::manifest::{ManifestError, fault};
use crate::shape::without_option;
use crate::{Field, Function, Shape, ShapeKind, ToolEntry};

/// Refuses values that neither the tool's result nor its arguments have, and a `when` that is no truth value.
pub(super) fn check(function: &Function, entry: &ToolEntry) -> Result<(), ManifestError> {
    let field = |name: &str| format!("tools.{}.{name}", function.tool);
    let result = function.success().map(without_option).map(fields).unwrap_or_default();
    let arguments = function.properties();
    let known = |template: &Template, name: &str| {
        let unknown = template.fields().find(|path| !has(result, path) && !has(arguments, path));
        let Some(path) = unknown else { return Ok(()) };
        let path = path.join(".");
        Err(fault(&field(name), &format!("neither the tool's result nor its arguments have a plain value `{path}`")))
    };
    let says = |when: Option<&String>, name: &str| {
        let is_truth = |when: &String| {
            result.iter().any(|found| found.property == *when && matches!(found.shape.kind, ShapeKind::Bool))
        };
        match when.filter(|when| !is_truth(when)) {
            Some(when) => Err(fault(&field(name), &format!("the tool's result has no truth value `{when}`"))),
            None => Ok(()),
        }
    };
    if let Some(creates) = &entry.creates {
        known(&creates.id, "creates.id")?;
        for (template, name) in [(&creates.name, "creates.name"), (&creates.link, "creates.link")] {
            template.as_ref().map_or(Ok(()), |template| known(template, name))?;
        }
        says(creates.when.as_ref(), "creates.when")?;
    }
    let typed = |kind: &ToldType, name: &str| {
        let Some(said) = kind.argument() else { return Ok(()) };
        let kinds = arguments.iter().find(|argument| argument.property == said);
        if kinds.is_some_and(|found| matches!(without_option(&found.shape).kind, ShapeKind::Enum(_))) {
            return Ok(());
        }
        Err(fault(&field(name), &format!("the tool has no argument `{said}` that is one of several words")))
    };
    if let Some(renames) = &entry.renames {
        typed(&renames.kind, "renames.type")?;
        known(&renames.id, "renames.id")?;
        let Renames { to, name, link, .. } = renames;
        if to.is_none() && name.is_none() {
            return Err(fault(&field("renames"), "says neither a new `name` nor a new id with `to`"));
        }
        for (template, name) in [(to, "renames.to"), (name, "renames.name"), (link, "renames.link")] {
            template.as_ref().map_or(Ok(()), |template| known(template, name))?;
        }
        says(renames.when.as_ref(), "renames.when")?;
    }
    if let Some(deletes) = &entry.deletes {
        typed(&deletes.kind, "deletes.type")?;
        known(&deletes.id, "deletes.id")?;
        says(deletes.when.as_ref(), "deletes.when")?;
    }
    Ok(())
}

/// Whether a path leads through these fields to a text or number.
fn has(found: &[Field], path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let Some(field) = found.iter().find(|field| field.property == *first) else { return false };
    let shape = without_option(&field.shape);
    match rest {
        [] => is_plain(shape),
        // What is in any JSON is not known before the call.
        _ if matches!(shape.kind, ShapeKind::Json) => true,
        rest => has(fields(shape), rest),
    }
}

fn fields(shape: &Shape) -> &[Field] {
    match &shape.kind {
        ShapeKind::Record(fields) => fields,
        _ => &[],
    }
}

const fn is_plain(shape: &Shape) -> bool {
    matches!(
        shape.kind,
        ShapeKind::String
            | ShapeKind::Enum(_)
            | ShapeKind::S8
            | ShapeKind::U8
            | ShapeKind::S16
            | ShapeKind::U16
            | ShapeKind::S32
            | ShapeKind::U32
            | ShapeKind::S64
            | ShapeKind::U64
    )
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

    /// Of a tool `make` with the argument `name`, whose result has an id, a record with one, and whether it was made.
    fn refusal(section: &str) -> Option<String> {
        let id = || field("job_id", ShapeKind::U64);
        let job = field("job", ShapeKind::Record(vec![id()]));
        let result = ShapeKind::Record(vec![id(), job, field("created", ShapeKind::Bool)]);
        let function = Function {
            tool: "make".to_owned(),
            interface: None,
            name: "make".to_owned(),
            docs: "Makes.".to_owned(),
            docs_source: DocsSource::Wit,
            params: vec![
                field("name", ShapeKind::Option(Box::new(shape(ShapeKind::String)))),
                field("settings", ShapeKind::Option(Box::new(shape(ShapeKind::Json)))),
            ],
            result: Some(shape(ShapeKind::Result { ok: Some(Box::new(shape(result))), error: None })),
        };
        let head = "name = \"a\"\nversion = \"1.0.0\"\ndescription = \"b\"\n[tools.make]\n";
        let manifest = match Manifest::parse(&format!("{head}{section}")) {
            Ok(manifest) => manifest,
            Err(error) => return Some(error.to_string()),
        };
        check(&function, &manifest.tools["make"]).err().map(|error| error.to_string())
    }

    #[test]
    fn a_resource_is_made_of_values_that_there_are() {
        let good = [
            "creates = { type = \"job\", id = \"{job_id}\", name = \"{name}\", when = \"created\" }",
            "renames = { type = \"job\", id = \"{job_id}\", name = \"{settings.name}\" }",
            "creates = { type = \"job\", id = \"{job.job_id}\" }\ndeletes = { type = \"job\", id = \"{name}\" }",
        ];
        for section in good {
            assert_eq!(refusal(section), None, "{section}");
        }
        for (section, place, why) in [
            ("creates = { type = \"job\", id = \"{jobid}\" }", "tools.make.creates.id", "`jobid`"),
            ("creates = { type = \"job\", id = \"{job}\" }", "tools.make.creates.id", "`job`"),
            ("creates = { type = \"job\", id = \"{job.id}\" }", "tools.make.creates.id", "`job.id`"),
            ("creates = { type = \"job\", id = \"{job_id}\", link = \"{link}\" }", "tools.make.creates.link", "`link`"),
            (
                "creates = { type = \"job\", id = \"{job_id}\", when = \"job_id\" }",
                "tools.make.creates.when",
                "`job_id`",
            ),
            ("renames = { type = \"job\", id = \"{id}\", name = \"{name}\" }", "tools.make.renames.id", "`id`"),
            ("renames = { type = \"job\", id = \"{name}\", to = \"{new}\" }", "tools.make.renames.to", "`new`"),
            (
                "renames = { type = \"job\", id = \"{name}\", to = \"{settings}\" }",
                "tools.make.renames.to",
                "`settings`",
            ),
            ("renames = { type = \"{kind}\", id = \"{name}\" }", "tools.make.renames.type", "`kind`"),
            ("renames = { type = \"job\", id = \"{name}\" }", "tools.make.renames", "neither a new `name`"),
            ("deletes = { type = \"job\", id = \"{id}\" }", "tools.make.deletes.id", "`id`"),
            ("deletes = { type = \"{name}\", id = \"{name}\" }", "tools.make.deletes.type", "one of several words"),
            ("deletes = { type = \"{kind}\", id = \"{name}\" }", "tools.make.deletes.type", "`kind`"),
            ("deletes = { type = \"{a.b}\", id = \"{name}\" }", "", "one argument in braces"),
            (
                "read-only = true\ndestructive = false\ndeletes = { type = \"job\", id = \"{name}\" }",
                "creates",
                "read-only",
            ),
            ("creates = { type = \"Job\", id = \"{job_id}\" }", "", "a word such as"),
            ("creates = { type = \"job\", id = \"job_id\" }", "", "in braces"),
            ("creates = { type = \"job\" }", "", "missing field `id`"),
            ("creates = { type = \"job\", id = \"{job_id}\", url = \"{job_id}\" }", "", "unknown field `url`"),
        ] {
            let said = refusal(section).unwrap_or_else(|| panic!("not refused: {section}"));
            assert!(said.contains(place) && said.contains(why), "{section}: {said}");
        }
    }
}
