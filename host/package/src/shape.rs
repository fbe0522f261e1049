//! A tool's signature: WIT types with their names and documentation, resolved and free of aliases.
//!
//! Schemas and conversions fold over a [`Shape`] and never look at a component again.

/// A type with its names and documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The name of its WIT type, when it has one.
    pub name: Option<String>,
    /// What its WIT type says about itself.
    pub docs: Option<String>,
    /// What it is.
    pub kind: ShapeKind,
}

/// The kinds of types that a tool's signature may hold.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as in WIT")]
pub enum ShapeKind {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    /// A `string` under the name `json`: any JSON value, passed as its text.
    Json,
    List(Box<Shape>),
    Option(Box<Shape>),
    Tuple(Vec<Shape>),
    Record(Vec<Field>),
    Enum(Vec<Case>),
    Flags(Vec<Case>),
    Variant(Vec<VariantCase>),
    Result {
        ok: Option<Box<Shape>>,
        error: Option<Box<Shape>>,
    },
}

/// A type, or the one that an option is of.
pub(crate) fn without_option(shape: &Shape) -> &Shape {
    match &shape.kind {
        ShapeKind::Option(inner) => inner,
        _ => shape,
    }
}

/// A field of a record, or a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name in WIT.
    pub name: String,
    /// Its name in JSON: snake case.
    pub property: String,
    /// Its documentation; bare parameters have none.
    pub docs: Option<String>,
    /// Its type.
    pub shape: Shape,
}

/// A case of an enum, or a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name in WIT and in JSON.
    pub name: String,
    /// Its documentation.
    pub docs: Option<String>,
}

/// A case of a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantCase {
    /// Its name in WIT and in JSON.
    pub name: String,
    /// Its documentation.
    pub docs: Option<String>,
    /// What it carries.
    pub payload: Option<Shape>,
}

/// Where the description of a tool comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocsSource {
    /// The documentation of its WIT function.
    Wit,
    /// The manifest.
    Manifest,
    /// Nobody wrote one: made from its name and types.
    Types,
}

/// An exported function: a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// The tool's name: the function's in snake case.
    pub tool: String,
    /// The exported interface that holds it, as the component names it (`acme:geo/geo@1.0.0`); none for a function
    /// that the component exports by itself.
    pub interface: Option<String>,
    /// Its name in WIT.
    pub name: String,
    /// What it does, for the model; never empty.
    pub docs: String,
    /// Who says so.
    pub docs_source: DocsSource,
    /// Its parameters in order.
    pub params: Vec<Field>,
    /// What it returns.
    pub result: Option<Shape>,
}

impl Function {
    /// Whether the one parameter is a record whose fields are the tool's properties.
    #[must_use]
    pub fn takes_record(&self) -> bool {
        matches!(self.params.as_slice(), [Field { shape: Shape { kind: ShapeKind::Record(_), .. }, .. }])
    }

    /// The tool's properties: the fields of its one record, or its parameters.
    #[must_use]
    pub fn properties(&self) -> &[Field] {
        match self.params.as_slice() {
            [Field { shape: Shape { kind: ShapeKind::Record(fields), .. }, .. }] => fields,
            params => params,
        }
    }

    /// What a successful call returns: the `ok` of a result, or the result itself.
    #[must_use]
    pub fn success(&self) -> Option<&Shape> {
        match &self.result.as_ref()?.kind {
            ShapeKind::Result { ok, .. } => ok.as_deref(),
            _ => self.result.as_ref(),
        }
    }

    /// What a failed call returns, when the function returns a result.
    #[must_use]
    pub fn failure(&self) -> Option<&Shape> {
        match &self.result.as_ref()?.kind {
            ShapeKind::Result { error, .. } => error.as_deref(),
            _ => None,
        }
    }
}
