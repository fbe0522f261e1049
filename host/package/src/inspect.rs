//! Everything that can be told about a package without running it, as data: for the command line, the HTTP API and
//! tests.

use bricklayer_domain::{ToolAnnotations, ToolDisplay};
use serde::Serialize;
use serde_json::Value;

use crate::{Function, PackageContents, Power, PowerKind};

/// What a package is, offers and asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One line for people.
    pub description: String,
    /// Who made it.
    pub authors: Vec<String>,
    /// An SPDX expression; empty when it names none.
    pub licence: String,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// SHA-256 of the whole package, lower-case hex.
    pub digest: String,
    /// Length of the whole package.
    pub size_bytes: usize,
    /// Its tools, ordered by name.
    pub tools: Vec<ToolInspection>,
    /// What it asks for, power by power.
    pub requests: Vec<RequestInspection>,
    /// The same for people, methods to one place in one line.
    pub requests_in_words: Vec<String>,
    /// The newest version of the contract `bricklayer:host` that it was built against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The interfaces that the component needs.
    pub imports: Vec<String>,
    /// Why it cannot run on this host, with the way out; empty when nothing is known.
    pub refusals: Vec<String>,
    /// Whether it carries a picture.
    pub has_icon: bool,
    /// Whether it carries a description for people.
    pub has_readme: bool,
    /// Whether it carries a signature; whose it is and whether it holds is another question.
    pub signed: bool,
}

/// One tool of a package.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolInspection {
    /// Its name, without any prefix.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The exported interface that holds it; none for a function of the world itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// JSON Schema of its typed result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// What its author says about it.
    pub annotations: ToolAnnotations,
    /// How it wants to be shown.
    #[serde(flatten)]
    pub display: ToolDisplay,
}

/// One power that a package asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestInspection {
    /// The power's id.
    pub id: String,
    /// What it is about.
    pub kind: PowerKind,
    /// The power in words.
    pub words: String,
    /// Whether requests carry the caller's identity.
    pub identity: bool,
}

impl From<&Power> for RequestInspection {
    fn from(power: &Power) -> Self {
        Self { id: power.id(), kind: power.kind(), words: power.words(), identity: power.identity() }
    }
}

impl Inspection {
    /// Tells everything about a package.
    #[must_use]
    pub fn of(contents: &PackageContents) -> Self {
        let manifest = &contents.manifest;
        let requests = manifest.requests();
        Self {
            name: manifest.name.to_string(),
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            authors: manifest.authors.clone(),
            licence: manifest.licence.clone(),
            homepage: manifest.homepage.clone(),
            digest: contents.digest.clone(),
            size_bytes: contents.size_bytes,
            tools: contents.functions.iter().map(|function| tool(function, contents)).collect(),
            requests: requests.iter().map(RequestInspection::from).collect(),
            requests_in_words: requests.words(),
            contract: contents.contract.clone(),
            imports: contents.imports.clone(),
            refusals: contents.refused_imports.iter().map(ToString::to_string).collect(),
            has_icon: contents.icon.is_some(),
            has_readme: contents.readme.is_some(),
            signed: contents.signature.is_some(),
        }
    }
}

fn tool(function: &Function, contents: &PackageContents) -> ToolInspection {
    ToolInspection {
        name: function.tool.clone(),
        description: function.docs.clone(),
        interface: function.interface.clone(),
        input_schema: function.input_schema(),
        output_schema: function.output_schema(),
        annotations: contents.manifest.annotations(&function.tool),
        display: contents.manifest.display(&function.tool),
    }
}
