//! What a model and a person read about a tool: WIT documentation, the manifest's words, or a sentence from the types.

mod display;
mod resources;

use crate::error::PackageError;
use crate::text::is_tricky;
use crate::{DocsSource, Field, Function, Manifest, Shape, ShapeKind};

/// Longest description of one tool with its schemas, in bytes, and of all tools of a plugin: a model reads them in
/// every turn.
const MAX_TOOL_BYTES: usize = 64 * 1024;
const MAX_CATALOGUE_BYTES: usize = 512 * 1024;

/// Fills in descriptions and bounds them.
pub(crate) fn describe(functions: &mut [Function], manifest: &Manifest) -> Result<(), PackageError> {
    if let Some(unknown) = manifest.tools.keys().find(|tool| !functions.iter().any(|found| &&found.tool == tool)) {
        return Err(PackageError::UnknownTool(unknown.clone()));
    }
    let mut total = 0_usize;
    for function in functions {
        describe_one(function, manifest)?;
        if let Some(entry) = manifest.tools.get(&function.tool) {
            display::check(function, entry)?;
            resources::check(function, entry)?;
        }
        let schemas = [Some(function.input_schema()), function.output_schema()];
        let length =
            schemas.iter().flatten().map(|schema| schema.to_string().len()).sum::<usize>() + function.docs.len();
        total += length;
        if length > MAX_TOOL_BYTES || total > MAX_CATALOGUE_BYTES {
            return Err(PackageError::Wordy(function.tool.clone()));
        }
    }
    Ok(())
}

fn describe_one(function: &mut Function, manifest: &Manifest) -> Result<(), PackageError> {
    let entry = manifest.tools.get(&function.tool);
    for (name, text) in entry.into_iter().flat_map(|entry| &entry.parameters) {
        let Some(field) = function.properties_mut().iter_mut().find(|field| field.property == *name) else {
            return Err(PackageError::UnknownParameter { tool: function.tool.clone(), parameter: name.clone() });
        };
        field.docs = Some(text.clone());
    }
    clean_fields(&mut function.params);
    if let Some(result) = &mut function.result {
        clean_shape(result);
    }
    clean(&mut function.docs);
    if let Some(text) = entry.and_then(|entry| entry.description.as_ref()) {
        function.docs.clone_from(text);
        function.docs_source = DocsSource::Manifest;
    }
    if function.docs.is_empty() {
        function.docs = sentence(function);
        function.docs_source = DocsSource::Types;
    }
    Ok(())
}

impl Function {
    fn properties_mut(&mut self) -> &mut [Field] {
        if !self.takes_record() {
            return &mut self.params;
        }
        match self.params.first_mut() {
            Some(Field { shape: Shape { kind: ShapeKind::Record(fields), .. }, .. }) => fields,
            _ => &mut [],
        }
    }
}

fn clean(text: &mut String) {
    text.retain(|c| !is_tricky(c));
    if text.trim().len() != text.len() {
        *text = text.trim().to_owned();
    }
}

fn clean_fields(fields: &mut [Field]) {
    for field in fields {
        field.docs.as_mut().map(clean);
        clean_shape(&mut field.shape);
    }
}

fn clean_shape(shape: &mut Shape) {
    shape.docs.as_mut().map(clean);
    match &mut shape.kind {
        ShapeKind::List(inner) | ShapeKind::Option(inner) => clean_shape(inner),
        ShapeKind::Tuple(parts) => parts.iter_mut().for_each(clean_shape),
        ShapeKind::Record(fields) => clean_fields(fields),
        ShapeKind::Enum(cases) | ShapeKind::Flags(cases) => {
            for case in cases {
                case.docs.as_mut().map(clean);
            }
        }
        ShapeKind::Variant(cases) => {
            for case in cases {
                case.docs.as_mut().map(clean);
                case.payload.as_mut().map(clean_shape);
            }
        }
        ShapeKind::Result { ok, error } => {
            for side in [ok, error].into_iter().flatten() {
                clean_shape(side);
            }
        }
        ShapeKind::Bool
        | ShapeKind::S8
        | ShapeKind::U8
        | ShapeKind::S16
        | ShapeKind::U16
        | ShapeKind::S32
        | ShapeKind::U32
        | ShapeKind::S64
        | ShapeKind::U64
        | ShapeKind::F32
        | ShapeKind::F64
        | ShapeKind::Char
        | ShapeKind::String
        | ShapeKind::Json => {}
    }
}

/// A description from names and types, when nobody wrote one.
fn sentence(function: &Function) -> String {
    let owner = function.interface.as_ref().map(|interface| format!(" of `{interface}`")).unwrap_or_default();
    let takes: Vec<String> = function.properties().iter().map(property).collect();
    let takes = if takes.is_empty() { "nothing".to_owned() } else { takes.join(", ") };
    let gives = function.success().map_or_else(|| "nothing".to_owned(), words);
    format!("The function `{}`{owner}. Takes {takes}. Returns {gives}.", function.name)
}

fn property(field: &Field) -> String {
    match &field.shape.kind {
        ShapeKind::Option(some) => format!("`{}` (optional {})", field.property, words(some)),
        _ => format!("`{}` ({})", field.property, words(&field.shape)),
    }
}

fn words(shape: &Shape) -> String {
    match &shape.kind {
        ShapeKind::Bool => "true or false".to_owned(),
        ShapeKind::S8
        | ShapeKind::U8
        | ShapeKind::S16
        | ShapeKind::U16
        | ShapeKind::S32
        | ShapeKind::U32
        | ShapeKind::S64
        | ShapeKind::U64 => "whole number".to_owned(),
        ShapeKind::F32 | ShapeKind::F64 => "number".to_owned(),
        ShapeKind::Char => "one character".to_owned(),
        ShapeKind::String => "text".to_owned(),
        ShapeKind::Json => "any JSON value".to_owned(),
        ShapeKind::List(element) => format!("list of {}", words(element)),
        ShapeKind::Option(some) => format!("{} or nothing", words(some)),
        ShapeKind::Tuple(parts) => format!("list of exactly {} values", parts.len()),
        ShapeKind::Enum(cases) => {
            format!("one of {}", cases.iter().map(|case| format!("`{}`", case.name)).collect::<Vec<_>>().join(", "))
        }
        ShapeKind::Record(_) | ShapeKind::Flags(_) | ShapeKind::Variant(_) | ShapeKind::Result { .. } => {
            shape.name.as_ref().map_or_else(|| "object".to_owned(), |name| format!("`{name}`"))
        }
    }
}
