//! From a component's own types to the tools that it offers.
//!
//! A [`Shape`] is a WIT type with its names and documentation, resolved and free of aliases; schemas and conversions
//! fold over it and never look at a component again.

use wit_parser::decoding::DecodedWasm;
use wit_parser::{
    Function as WitFunction, FunctionKind, InterfaceId, PackageId, Resolve, Type, TypeDefKind, TypeId, TypeOwner,
    WorldItem, WorldKey,
};

use crate::WitPackage;
use crate::docs::Docs;

/// Most tools of one plugin; a model reads every one of them.
const MAX_TOOLS: usize = 256;

/// Deepest nesting of a type and most nodes of one signature: a short WIT text can describe a type of exponential
/// size by using a record twice in the next one, so both are bounded.
const MAX_DEPTH: usize = 24;
const MAX_NODES: usize = 4096;

/// Why a component offers no usable tools.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// The bytes are no valid component, or a WIT package and not a component.
    #[error("cannot read the component's types: {0}")]
    Decode(String),
    /// It exports no function.
    #[error("the component exports no function of {0}")]
    NoTools(WitPackageName),
    /// A signature holds a type that cannot be expressed in JSON.
    #[error("tool `{tool}`: {what} cannot be part of a tool's signature")]
    Unsupported {
        /// The function.
        tool: String,
        /// The type in words.
        what: String,
    },
    /// A signature is too large or too deep.
    #[error("tool `{tool}`: its types are nested more than 24 deep or have more than 4096 parts")]
    TooLarge {
        /// The function.
        tool: String,
    },
    /// Two exported functions would have one name.
    #[error("two exported functions are called `{0}`")]
    Duplicate(String),
    /// Too many tools.
    #[error("more than 256 tools")]
    TooMany,
}

/// The package's name, kept as text so that the error stays comparable.
type WitPackageName = String;

/// A type with its names and documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
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
    /// Its documentation; empty when it has none.
    pub docs: String,
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

/// What a component offers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Catalogue {
    /// Its tools, ordered by name.
    pub(crate) functions: Vec<Function>,
    /// `effect-of` of the optional interface `bricklayer:host/review`, which is no tool.
    pub(crate) review: Option<Function>,
}

/// The optional interface that says what one call would do; any 0.1 version.
const REVIEW_INTERFACE: &str = "bricklayer:host/review@0.1.";
const REVIEW_FUNCTION: &str = "effect-of";

/// Snake case, as tools and properties are named in JSON.
pub(crate) fn snake(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// The tools of a component. Documentation is found for items of `package` only, since that is
/// whose documentation the component carries.
pub(crate) fn functions(
    component: &[u8],
    package: Option<&WitPackage>,
    docs: &Docs,
) -> Result<Catalogue, CatalogueError> {
    let decoded = wit_component::decode(component).map_err(|error| CatalogueError::Decode(format!("{error:#}")))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(CatalogueError::Decode("it is a WIT package and not a component".to_owned()));
    };
    let reader =
        Reader { resolve: &resolve, docs, documented: package.and_then(|package| documented(&resolve, package)) };
    let mut found = Vec::new();
    let mut review = None;
    let Some(world) = resolve.worlds.get(world) else {
        return Err(CatalogueError::Decode("it has no world".to_owned()));
    };
    for (key, item) in &world.exports {
        match item {
            WorldItem::Function(function) => found.push(reader.function(None, None, function)?),
            WorldItem::Interface { id, .. } => {
                let export = match key {
                    WorldKey::Name(name) => name.clone(),
                    WorldKey::Interface(id) => resolve.id_of(*id).unwrap_or_default(),
                };
                let is_review = export.starts_with(REVIEW_INTERFACE);
                // What WASI or the host itself calls, such as `wasi:cli/run`, is no tool.
                if reader.is_called_by_host(*id) && !is_review {
                    continue;
                }
                for function in resolve.interfaces.get(*id).into_iter().flat_map(|found| found.functions.values()) {
                    let function = reader.function(Some(&export), Some(*id), function)?;
                    if !is_review {
                        found.push(function);
                    } else if function.name == REVIEW_FUNCTION {
                        review = Some(function);
                    }
                }
            }
            WorldItem::Type { .. } => {}
        }
    }
    if found.is_empty() {
        return Err(CatalogueError::NoTools(package.map_or("its own", WitPackage::as_str).to_owned()));
    }
    if found.len() > MAX_TOOLS {
        return Err(CatalogueError::TooMany);
    }
    found.sort_by(|a, b| a.tool.cmp(&b.tool));
    if let Some(pair) = found.windows(2).find(|pair| matches!(pair, [a, b] if a.tool == b.tool)) {
        return Err(CatalogueError::Duplicate(pair.first().map(|function| function.tool.clone()).unwrap_or_default()));
    }
    Ok(Catalogue { functions: found, review })
}

fn documented(resolve: &Resolve, package: &WitPackage) -> Option<PackageId> {
    let (name, version) = package.as_str().split_once('@').map_or((package.as_str(), None), |(n, v)| (n, Some(v)));
    resolve.packages.iter().find_map(|(id, found)| {
        let same_name = format!("{}:{}", found.name.namespace, found.name.name) == name;
        let same_version =
            version.is_none_or(|version| found.name.version.as_ref().is_some_and(|found| found.to_string() == version));
        (same_name && same_version).then_some(id)
    })
}

struct Reader<'a> {
    resolve: &'a Resolve,
    docs: &'a Docs,
    documented: Option<PackageId>,
}

/// How much of a signature may still be read.
struct Budget<'a> {
    tool: &'a str,
    nodes: usize,
}

impl Reader<'_> {
    fn is_called_by_host(&self, interface: InterfaceId) -> bool {
        self.package_of(interface).and_then(|id| self.resolve.packages.get(id)).is_some_and(|package| {
            package.name.namespace == "wasi" || (package.name.namespace == "bricklayer" && package.name.name == "host")
        })
    }

    fn package_of(&self, interface: InterfaceId) -> Option<PackageId> {
        self.resolve.interfaces.get(interface)?.package
    }

    /// The name under which the documentation knows an interface; none when it does not.
    fn documented_name(&self, interface: InterfaceId) -> Option<&str> {
        if self.documented.is_none() || self.package_of(interface) != self.documented {
            return None;
        }
        self.resolve.interfaces.get(interface)?.name.as_deref()
    }

    fn function(
        &self,
        export: Option<&str>,
        interface: Option<InterfaceId>,
        function: &WitFunction,
    ) -> Result<Function, CatalogueError> {
        let tool = snake(&function.name);
        let unsupported = |what: &str| CatalogueError::Unsupported { tool: tool.clone(), what: what.to_owned() };
        match function.kind {
            FunctionKind::Freestanding => {}
            FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) | FunctionKind::AsyncStatic(_) => {
                return Err(unsupported("`async`"));
            }
            FunctionKind::Method(_) | FunctionKind::Static(_) | FunctionKind::Constructor(_) => {
                return Err(unsupported("a resource"));
            }
        }
        let docs = match interface {
            Some(id) => self.documented_name(id).and_then(|name| self.docs.function(Some(name), &function.name)),
            None => self.docs.function(None, &function.name),
        };
        let mut budget = Budget { tool: &tool, nodes: MAX_NODES };
        let mut params = Vec::new();
        for param in &function.params {
            params.push(Field {
                name: param.name.clone(),
                property: snake(&param.name),
                docs: None,
                shape: self.shape(&param.ty, 0, &mut budget)?,
            });
        }
        let result = function.result.as_ref().map(|ty| self.shape(ty, 0, &mut budget)).transpose()?;
        Ok(Function {
            interface: export.map(str::to_owned),
            name: function.name.clone(),
            docs: docs.unwrap_or_default().trim().to_owned(),
            params,
            result,
            tool,
        })
    }

    fn shape(&self, ty: &Type, depth: usize, budget: &mut Budget<'_>) -> Result<Shape, CatalogueError> {
        budget.nodes = budget
            .nodes
            .checked_sub(1)
            .filter(|_| depth <= MAX_DEPTH)
            .ok_or_else(|| CatalogueError::TooLarge { tool: budget.tool.to_owned() })?;
        let kind = match ty {
            Type::Bool => ShapeKind::Bool,
            Type::U8 => ShapeKind::U8,
            Type::U16 => ShapeKind::U16,
            Type::U32 => ShapeKind::U32,
            Type::U64 => ShapeKind::U64,
            Type::S8 => ShapeKind::S8,
            Type::S16 => ShapeKind::S16,
            Type::S32 => ShapeKind::S32,
            Type::S64 => ShapeKind::S64,
            Type::F32 => ShapeKind::F32,
            Type::F64 => ShapeKind::F64,
            Type::Char => ShapeKind::Char,
            Type::String => ShapeKind::String,
            Type::ErrorContext => {
                return Err(CatalogueError::Unsupported {
                    tool: budget.tool.to_owned(),
                    what: "an `error-context`".to_owned(),
                });
            }
            Type::Id(id) => return self.named(*id, depth, budget),
        };
        Ok(Shape { docs: None, kind })
    }

    fn named(&self, id: TypeId, depth: usize, budget: &mut Budget<'_>) -> Result<Shape, CatalogueError> {
        let Some(definition) = self.resolve.types.get(id) else {
            return Err(CatalogueError::Decode("a type is missing".to_owned()));
        };
        let owner = match definition.owner {
            TypeOwner::Interface(interface) => self.documented_name(interface),
            TypeOwner::World(_) | TypeOwner::None => None,
        };
        let in_world = matches!(definition.owner, TypeOwner::World(_));
        let name = definition.name.as_deref().filter(|_| owner.is_some() || in_world);
        let item = |item: &str| name.and_then(|name| self.docs.item(owner, name, item));
        let mut inner = |ty: &Type| self.shape(ty, depth + 1, budget);
        let kind = match &definition.kind {
            TypeDefKind::Record(record) => ShapeKind::Record(
                record
                    .fields
                    .iter()
                    .map(|field| {
                        Ok(Field {
                            name: field.name.clone(),
                            property: snake(&field.name),
                            docs: item(&field.name),
                            shape: inner(&field.ty)?,
                        })
                    })
                    .collect::<Result<_, CatalogueError>>()?,
            ),
            TypeDefKind::Enum(cases) => ShapeKind::Enum(
                cases.cases.iter().map(|case| Case { name: case.name.clone(), docs: item(&case.name) }).collect(),
            ),
            TypeDefKind::Flags(flags) => ShapeKind::Flags(
                flags.flags.iter().map(|flag| Case { name: flag.name.clone(), docs: item(&flag.name) }).collect(),
            ),
            TypeDefKind::Variant(variant) => ShapeKind::Variant(
                variant
                    .cases
                    .iter()
                    .map(|case| {
                        Ok(VariantCase {
                            name: case.name.clone(),
                            docs: item(&case.name),
                            payload: case.ty.as_ref().map(&mut inner).transpose()?,
                        })
                    })
                    .collect::<Result<_, CatalogueError>>()?,
            ),
            TypeDefKind::Tuple(tuple) => {
                ShapeKind::Tuple(tuple.types.iter().map(&mut inner).collect::<Result<_, CatalogueError>>()?)
            }
            TypeDefKind::List(element) => ShapeKind::List(Box::new(inner(element)?)),
            TypeDefKind::Option(some) => ShapeKind::Option(Box::new(inner(some)?)),
            TypeDefKind::Result(result) => ShapeKind::Result {
                ok: result.ok.as_ref().map(&mut inner).transpose()?.map(Box::new),
                error: result.err.as_ref().map(&mut inner).transpose()?.map(Box::new),
            },
            TypeDefKind::Type(Type::String) if definition.name.as_deref() == Some("json") => ShapeKind::Json,
            TypeDefKind::Type(target) => {
                let target = inner(target)?;
                let docs = name.and_then(|name| self.docs.type_docs(owner, name)).or(target.docs);
                return Ok(Shape { docs, kind: target.kind });
            }
            TypeDefKind::Resource
            | TypeDefKind::Handle(_)
            | TypeDefKind::Map(_, _)
            | TypeDefKind::FixedLengthList(_, _)
            | TypeDefKind::Future(_)
            | TypeDefKind::Stream(_)
            | TypeDefKind::Unknown => {
                return Err(CatalogueError::Unsupported {
                    tool: budget.tool.to_owned(),
                    what: format!("a `{}`", definition.kind.as_str()),
                });
            }
        };
        Ok(Shape { docs: name.and_then(|name| self.docs.type_docs(owner, name)), kind })
    }
}
