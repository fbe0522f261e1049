//! From a component's own types to the tools that it offers, as [`Function`]s.

use wit_parser::decoding::DecodedWasm;
use wit_parser::{
    Function as WitFunction, FunctionKind, InterfaceId, PackageId, Resolve, Type, TypeDefKind, TypeId, TypeOwner,
    World, WorldItem,
};

use crate::docs::Docs;
use crate::imports::{self, Imports};
use crate::{Case, DocsSource, Field, Function, Manifest, Shape, ShapeKind, VariantCase, WitPackage};

/// Most tools of one plugin; a model reads every one of them.
const MAX_TOOLS: usize = 256;

/// Longest name of a tool, in bytes: with the plugin's name (48) and the separators it stays below the 128 that models
/// allow.
const MAX_TOOL_NAME_BYTES: usize = 64;

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
    /// A WIT package in its binary form: types without code.
    #[error("this is a WIT package and not a component; pack what a compiler makes of it")]
    WitPackage,
    /// It exports no function.
    #[error("the component exports no function that could be a tool; export functions from the plugin's world")]
    NoTools,
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
    #[error("two exported functions are called `{0}`; rename one, or leave one interface out with `omit`")]
    Duplicate(String),
    /// A name that models would refuse.
    #[error("tool `{0}`: its name has more than 64 bytes; rename it, or leave it out with `omit`")]
    LongName(String),
    /// `omit` names what the component does not export.
    #[error("plugin.toml: omit: the component exports no function or interface `{0}`")]
    UnknownOmission(String),
    /// Too many tools.
    #[error("more than 256 tools")]
    TooMany,
}

/// What a component offers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Catalogue {
    /// Its tools, ordered by name.
    pub(crate) functions: Vec<Function>,
    /// What says what one call would do, and is no tool: `operations-of` of the optional interface
    /// `bricklayer:host/operations`, or `effect-of` of the older `bricklayer:host/review`.
    pub(crate) review: Option<Function>,
    /// What says what a call would meet, and is no tool: `preview-of` of the optional interface
    /// `bricklayer:host/previews`.
    pub(crate) preview: Option<Function>,
    /// What it needs.
    pub(crate) imports: Imports,
}

/// The optional interfaces that the host asks about a call, any 0.1 version, and their functions. Of the first two, which
/// say what it would do, the first that a component exports is asked.
const ASKED: [(&str, &str); 3] = [
    ("bricklayer:host/operations@0.1.", "operations-of"),
    ("bricklayer:host/review@0.1.", "effect-of"),
    ("bricklayer:host/previews@0.1.", "preview-of"),
];

/// What interpreters' tools call while building and leave in the component: componentize-py in an interface of this
/// name, componentize-qjs in the world itself. It is no tool.
const START_INTERFACE: &str = "exports";
const START_FUNCTION: &str = "init";
const START_PARAMETER: &str = "shim";

/// Snake case, as tools and properties are named in JSON.
pub(crate) fn snake(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// The tools of a component. Documentation is found for items of one package only, since that is whose documentation
/// the component carries: the one that the manifest names, or the only one whose interfaces it exports.
pub(crate) fn functions(component: &[u8], manifest: &Manifest, docs: &Docs) -> Result<Catalogue, CatalogueError> {
    let decoded = wit_component::decode(component).map_err(|error| CatalogueError::Decode(format!("{error:#}")))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(CatalogueError::WitPackage);
    };
    let Some(world) = resolve.worlds.get(world) else {
        return Err(CatalogueError::Decode("it has no world".to_owned()));
    };
    let documented = match &manifest.wit {
        Some(package) => documented(&resolve, package),
        None => only_exported(&resolve, world),
    };
    let reader = Reader { resolve: &resolve, docs, documented };
    let mut omit = Omit { names: &manifest.omit, used: vec![false; manifest.omit.len()] };
    let Exports { mut functions, review, preview } = reader.exports(world, &mut omit)?;
    if let Some(name) = omit.unused() {
        return Err(CatalogueError::UnknownOmission(name.to_owned()));
    }
    if functions.is_empty() {
        return Err(CatalogueError::NoTools);
    }
    if functions.len() > MAX_TOOLS {
        return Err(CatalogueError::TooMany);
    }
    functions.sort_by(|a, b| a.tool.cmp(&b.tool));
    if let Some(pair) = functions.windows(2).find(|pair| matches!(pair, [a, b] if a.tool == b.tool)) {
        return Err(CatalogueError::Duplicate(pair.first().map(|function| function.tool.clone()).unwrap_or_default()));
    }
    Ok(Catalogue { functions, review, preview, imports: imports::of(&resolve, world) })
}

/// What the manifest leaves out: tools by their name, interfaces by theirs with or without a version.
struct Omit<'a> {
    names: &'a [String],
    used: Vec<bool>,
}

impl<'a> Omit<'a> {
    fn has(&mut self, name: &str) -> bool {
        let mut found = false;
        for (own, used) in self.names.iter().zip(&mut self.used) {
            if own == name || name.split_once('@').is_some_and(|(bare, _)| own == bare) {
                (found, *used) = (true, true);
            }
        }
        found
    }

    fn unused(&self) -> Option<&'a str> {
        self.names.iter().zip(&self.used).find(|(_, used)| !**used).map(|(name, _)| name.as_str())
    }
}

/// The package of the interfaces that a world exports, when they all have one.
fn only_exported(resolve: &Resolve, world: &World) -> Option<PackageId> {
    let mut packages = world.exports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => resolve.interfaces.get(*id)?.package,
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    });
    let first = packages.find(|id| !is_called_by_host(resolve, *id))?;
    packages.all(|id| id == first || is_called_by_host(resolve, id)).then_some(first)
}

/// What WASI or the host itself calls, such as `wasi:cli/run`, is no tool.
fn is_called_by_host(resolve: &Resolve, package: PackageId) -> bool {
    resolve.packages.get(package).is_some_and(|package| {
        package.name.namespace == "wasi" || (package.name.namespace == "bricklayer" && package.name.name == "host")
    })
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

/// What a component exports.
struct Exports {
    functions: Vec<Function>,
    review: Option<Function>,
    preview: Option<Function>,
}

impl Reader<'_> {
    /// Every exported tool, and what the host asks about calls.
    fn exports(&self, world: &World, omit: &mut Omit<'_>) -> Result<Exports, CatalogueError> {
        let (mut functions, mut answers) = (Vec::new(), [const { None }; ASKED.len()]);
        for (key, item) in &world.exports {
            let (export, id) = match item {
                WorldItem::Function(function) if self.is_start(function) => continue,
                WorldItem::Function(function) => {
                    if !omit.has(&snake(&function.name)) {
                        functions.push(self.function(None, None, function)?);
                    }
                    continue;
                }
                WorldItem::Interface { id, .. } => (self.resolve.name_world_key(key), *id),
                WorldItem::Type { .. } => continue,
            };
            if export == START_INTERFACE && self.holds_start_alone(id) {
                continue;
            }
            let asked = ASKED.iter().zip(&mut answers).find(|((interface, _), _)| export.starts_with(interface));
            let by_host = self.package_of(id).is_some_and(|package| is_called_by_host(self.resolve, package));
            let exported = self.resolve.interfaces.get(id).into_iter().flat_map(|found| found.functions.values());
            if let Some(((_, name), answer)) = asked {
                for function in exported.filter(|function| function.name == *name) {
                    *answer = Some(self.function(Some(&export), Some(id), function)?);
                }
                continue;
            }
            if by_host || omit.has(&export) {
                continue;
            }
            for function in exported {
                if !omit.has(&snake(&function.name)) {
                    functions.push(self.function(Some(&export), Some(id), function)?);
                }
            }
        }
        let [operations, review, preview] = answers;
        Ok(Exports { functions, review: operations.or(review), preview })
    }

    fn holds_start_alone(&self, interface: InterfaceId) -> bool {
        let found = self.resolve.interfaces.get(interface);
        found.is_some_and(|found| found.functions.keys().eq([START_FUNCTION]))
    }

    /// A function of that name that nobody documented, and that takes nothing or an interpreter's beginning.
    fn is_start(&self, function: &WitFunction) -> bool {
        let starts = match function.params.first() {
            None => function.result.is_none(),
            Some(param) => param.name == START_PARAMETER,
        };
        function.name == START_FUNCTION && starts && self.docs.function(None, &function.name).is_none()
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
        if tool.len() > MAX_TOOL_NAME_BYTES {
            return Err(CatalogueError::LongName(tool));
        }
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
            docs: docs.unwrap_or_default(),
            docs_source: DocsSource::Wit,
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
        Ok(Shape { name: None, docs: None, kind })
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
        let own_name = || definition.name.clone();
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
                return Ok(Shape { name: own_name().or(target.name), docs, kind: target.kind });
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
        Ok(Shape { name: own_name(), docs: name.and_then(|name| self.docs.type_docs(owner, name)), kind })
    }
}
