//! What an author should mend before others install a plugin: it works, and could be understood or trusted better.

use serde::Serialize;

use crate::{
    Audience, DocsSource, Field, FilesGrant, Function, PackageContents, Power, Powers, Shape, ShapeKind, ToolEntry,
};

/// How much an advice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// No host can run the package, or part of it can never work.
    Error,
    /// Models or people will misunderstand it.
    Warning,
    /// It could be better.
    Hint,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Advice {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, and where.
    pub what: String,
    /// What to write.
    pub fix: String,
}

/// Everything worth mending in a package, what matters most first.
#[must_use]
pub fn review_for_author(contents: &PackageContents) -> Vec<Advice> {
    let mut found = Vec::new();
    for refused in &contents.refused_imports {
        add(&mut found, Severity::Error, format!("import {}", refused.import), refused.reason.clone());
    }
    for function in &contents.functions {
        documentation(function, &mut found);
        annotations(function, contents.manifest.tools.get(&function.tool), &mut found);
    }
    powers(contents, &mut found);
    about(contents, &mut found);
    found.sort();
    found.dedup();
    found
}

fn add(found: &mut Vec<Advice>, severity: Severity, what: impl Into<String>, fix: impl Into<String>) {
    found.push(Advice { severity, what: what.into(), fix: fix.into() });
}

/// Where an author finds a function: `function `x` of the interface `a:b/c``.
fn place(function: &Function) -> String {
    match &function.interface {
        Some(interface) => format!("the function `{}` of the interface `{interface}`", function.name),
        None => format!("the function `{}` of the world", function.name),
    }
}

fn documentation(function: &Function, found: &mut Vec<Advice>) {
    let place = place(function);
    let tool = &function.tool;
    match function.docs_source {
        DocsSource::Wit => {}
        DocsSource::Manifest => {
            return;
        }
        DocsSource::Types => add(
            found,
            Severity::Warning,
            format!("tool `{tool}` is not documented; a model has to guess what it does"),
            format!(
                "in WIT, write `/// What it does.` above {place}; for a component of others, write \
                 [tools.{tool}] description = \"…\" in plugin.toml"
            ),
        ),
    }
    if function.takes_record() {
        for field in function.properties() {
            documented_field(tool, "the input", function.params.first().map(|param| &param.shape), field, found);
        }
    } else {
        for param in &function.params {
            if param.docs.is_none() && !function.docs.contains(&param.name) && !function.docs.contains(&param.property)
            {
                add(
                    found,
                    Severity::Hint,
                    format!("tool `{tool}`: nothing says what the parameter `{}` means", param.name),
                    format!(
                        "name it in the documentation of {place}, or take one record whose fields have `///` lines"
                    ),
                );
            }
            documented_shape(tool, &param.shape, found);
        }
    }
    if let Some(success) = function.success() {
        documented_shape(tool, success, found);
    }
    if function.params.iter().any(|param| has_wide_integer(&param.shape))
        || function.result.as_ref().is_some_and(has_wide_integer)
    {
        add(
            found,
            Severity::Hint,
            format!("tool `{tool}` uses 64-bit integers, which JavaScript guests and some clients cannot hold"),
            format!("use u32, s32, f64 or a string in {place}"),
        );
    }
}

fn documented_field(tool: &str, what: &str, owner: Option<&Shape>, field: &Field, found: &mut Vec<Advice>) {
    let record = owner.and_then(|shape| shape.name.as_deref()).unwrap_or("its record");
    if field.docs.is_none() && field.shape.docs.is_none() {
        add(
            found,
            Severity::Warning,
            format!("tool `{tool}`: the field `{}` of {what} is not documented", field.name),
            format!("in WIT, write `/// What it means.` above `{}` in the record `{record}`", field.name),
        );
    }
    documented_shape(tool, &field.shape, found);
}

fn documented_shape(tool: &str, shape: &Shape, found: &mut Vec<Advice>) {
    let name = shape.name.as_deref().unwrap_or("(without a name)");
    let case = |case: &str, docs: &Option<String>, found: &mut Vec<Advice>| {
        if docs.is_none() {
            add(
                found,
                Severity::Hint,
                format!("tool `{tool}`: the case `{case}` of `{name}` is not documented"),
                format!("in WIT, write `/// When it applies.` above `{case}` in `{name}`"),
            );
        }
    };
    match &shape.kind {
        ShapeKind::Record(fields) => {
            for field in fields {
                documented_field(tool, &format!("`{name}`"), Some(shape), field, found);
            }
        }
        ShapeKind::Enum(cases) | ShapeKind::Flags(cases) => {
            for own in cases {
                case(&own.name, &own.docs, found);
            }
        }
        ShapeKind::Variant(cases) => {
            for own in cases {
                case(&own.name, &own.docs, found);
                if let Some(payload) = &own.payload {
                    documented_shape(tool, payload, found);
                }
            }
        }
        _ => children(shape).into_iter().for_each(|child| documented_shape(tool, child, found)),
    }
}

fn has_wide_integer(shape: &Shape) -> bool {
    matches!(shape.kind, ShapeKind::S64 | ShapeKind::U64) || children(shape).into_iter().any(has_wide_integer)
}

/// The types inside a type.
fn children(shape: &Shape) -> Vec<&Shape> {
    match &shape.kind {
        ShapeKind::List(inner) | ShapeKind::Option(inner) => vec![inner],
        ShapeKind::Tuple(parts) => parts.iter().collect(),
        ShapeKind::Record(fields) => fields.iter().map(|field| &field.shape).collect(),
        ShapeKind::Variant(cases) => cases.iter().filter_map(|case| case.payload.as_ref()).collect(),
        ShapeKind::Result { ok, error } => [ok, error].into_iter().flatten().map(|side| &**side).collect(),
        _ => Vec::new(),
    }
}

fn annotations(function: &Function, entry: Option<&ToolEntry>, found: &mut Vec<Advice>) {
    let tool = &function.tool;
    let Some(entry) = entry else {
        return add(
            found,
            Severity::Warning,
            format!("tool `{tool}` has no annotations, so it counts as destructive and every call asks the user"),
            format!("in plugin.toml, write [tools.{tool}] with read-only, destructive, idempotent and ask"),
        );
    };
    let said_nothing = ToolEntry { description: None, parameters: Default::default(), ..entry.clone() };
    if said_nothing == ToolEntry::default() && entry.description.is_none() && entry.parameters.is_empty() {
        add(
            found,
            Severity::Hint,
            format!("plugin.toml: [tools.{tool}] says nothing beyond the default"),
            "say whether the tool only reads, or leave the section out",
        );
    }
    if entry.read_only && entry.ask {
        add(
            found,
            Severity::Hint,
            format!("tool `{tool}` only reads and still asks the user each time"),
            format!("in plugin.toml, write ask = false under [tools.{tool}] unless reading itself needs consent"),
        );
    }
}

/// What a request needs in the component, when it is to be of use.
fn powers(contents: &PackageContents, found: &mut Vec<Advice>) {
    let imports = |start: &str| contents.imports.iter().any(|import| import.starts_with(start));
    let requests = contents.manifest.requests();
    let grants = &contents.manifest.grants;
    let speaks_http = imports("wasi:http/outgoing-handler@") || imports("bricklayer:host/http@");
    let pairs = [
        (
            !grants.http.is_empty(),
            speaks_http,
            "grants.http",
            "an HTTP interface (wasi:http/outgoing-handler or bricklayer:host/http)",
        ),
        (grants.files != FilesGrant::None, imports("wasi:filesystem/"), "grants.files", "wasi:filesystem"),
        (grants.state, imports("bricklayer:host/state@"), "grants.state", "bricklayer:host/state"),
    ];
    for (asks, imports, field, interface) in pairs {
        if asks && !imports {
            add(
                found,
                Severity::Warning,
                format!("plugin.toml: {field} asks for what the component cannot use: it does not import {interface}"),
                "leave the request out; people judge a plugin by what it asks for",
            );
        }
        // Compilers import the file system unasked, so only the others tell something.
        if imports && !asks && field != "grants.files" {
            add(
                found,
                Severity::Warning,
                format!(
                    "the component imports {interface} and plugin.toml asks for nothing of it: each use is refused"
                ),
                format!("write the request under {field}, or stop using the interface"),
            );
        }
    }
    for power in &requests {
        let others: Powers = requests.iter().filter(|other| *other != power).cloned().collect();
        if let Some(wider) = others.iter().find(|other| other.covers(power)) {
            add(
                found,
                Severity::Hint,
                format!("plugin.toml asks for `{power}`, which `{wider}` allows already"),
                "leave the narrower one out, or the wider one",
            );
        }
        if let Power::Http { audience: Audience::Workspace, credential: false, .. } = power {
            add(
                found,
                Severity::Warning,
                format!("`{power}` goes out without the caller's identity, and a workspace answers nobody"),
                "write credential = true for the audience `workspace`",
            );
        }
    }
}

fn about(contents: &PackageContents, found: &mut Vec<Advice>) {
    let manifest = &contents.manifest;
    if manifest.description.trim().is_empty() {
        add(found, Severity::Warning, "plugin.toml: description is empty", "say in one line what the plugin is for");
    }
    if manifest.authors.is_empty() {
        add(found, Severity::Hint, "plugin.toml: nobody stands behind the plugin", "write authors = [\"Your name\"]");
    }
    if manifest.licence.is_empty() {
        add(found, Severity::Hint, "plugin.toml: no licence is named", "write licence = \"Apache-2.0\" or another one");
    }
}
