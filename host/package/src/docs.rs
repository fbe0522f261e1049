//! The documentation of a WIT package as its `package-docs` section carries it.
//!
//! The format is `wit_parser::PackageMetadata`'s: a version byte and JSON. It is read leniently here: a component
//! holds only the types that it uses, so entries without a counterpart are normal and simply never asked for.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Largest documentation section, in bytes.
pub(crate) const MAX_DOCS_BYTES: usize = 1024 * 1024;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Docs {
    worlds: BTreeMap<String, World>,
    interfaces: BTreeMap<String, Interface>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct World {
    #[serde(rename = "funcs")]
    functions: BTreeMap<String, Item>,
    func_exports: BTreeMap<String, Item>,
    types: BTreeMap<String, Type>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Interface {
    #[serde(rename = "funcs")]
    functions: BTreeMap<String, Item>,
    types: BTreeMap<String, Type>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Item {
    Bare(Option<String>),
    Full {
        #[serde(default)]
        docs: Option<String>,
    },
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Type {
    docs: Option<String>,
    items: BTreeMap<String, String>,
}

impl Item {
    fn text(&self) -> Option<String> {
        match self {
            Self::Bare(docs) | Self::Full { docs } => docs.clone(),
        }
    }
}

impl Docs {
    /// Reads a section's contents; an unknown version is no documentation rather than an error.
    pub(crate) fn decode(section: &[u8]) -> Result<Self, serde_json::Error> {
        match section.split_first() {
            Some((0 | 1, json)) => serde_json::from_slice(json),
            _ => Ok(Self::default()),
        }
    }

    /// A function's documentation; without an interface, of a function that a world exports.
    pub(crate) fn function(&self, interface: Option<&str>, name: &str) -> Option<String> {
        match interface {
            Some(interface) => self.interfaces.get(interface)?.functions.get(name)?.text(),
            None => self
                .worlds
                .values()
                .find_map(|world| world.func_exports.get(name).or_else(|| world.functions.get(name)))?
                .text(),
        }
    }

    /// A type's documentation.
    pub(crate) fn type_docs(&self, interface: Option<&str>, name: &str) -> Option<String> {
        self.find_type(interface, name)?.docs.clone()
    }

    /// The documentation of a record's field, or of a case or flag.
    pub(crate) fn item(&self, interface: Option<&str>, name: &str, item: &str) -> Option<String> {
        self.find_type(interface, name)?.items.get(item).cloned()
    }

    fn find_type(&self, interface: Option<&str>, name: &str) -> Option<&Type> {
        match interface {
            Some(interface) => self.interfaces.get(interface)?.types.get(name),
            None => self.worlds.values().find_map(|world| world.types.get(name)),
        }
    }
}
