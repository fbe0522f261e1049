//! Packing and reading: one file is a whole plugin.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wit_parser::{PackageMetadata, Resolve};

use crate::catalogue::{self, Catalogue, CatalogueError, Function};
use crate::docs::{Docs, MAX_DOCS_BYTES};
use crate::sections;
use crate::{Manifest, ManifestError};

/// Largest package, in bytes: room for an interpreter of another language (CPython's component has 18.5 MB).
pub const MAX_PACKAGE_BYTES: usize = 32 * 1024 * 1024;

const MANIFEST_SECTION: &str = "bricklayer-manifest";
const DOCS_SECTION: &str = PackageMetadata::SECTION_NAME;

/// Why bytes are no plugin package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Larger than [`MAX_PACKAGE_BYTES`].
    #[error("the package has {0} bytes; at most 33554432 are allowed")]
    TooLarge(usize),
    /// Compiled code instead of a component; packages never carry it.
    #[error("this is precompiled native code; a package holds a WebAssembly component and nothing compiled")]
    Precompiled,
    /// A core module.
    #[error("this is a core WebAssembly module and not a component; build for wasm32-wasip2")]
    CoreModule,
    /// Something else.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// A section that is missing, double or too large.
    #[error("custom section `{name}`: {reason}")]
    Section {
        /// Which.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A bad manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The component's functions are no tools.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The manifest speaks of a tool that the component does not have.
    #[error("plugin.toml: tools.{0}: the component exports no such function")]
    UnknownTool(String),
    /// The WIT source cannot be read.
    #[error("cannot read the WIT source: {0}")]
    Wit(String),
}

/// A package made by [`pack`].
#[derive(Debug, Clone)]
pub struct Packed {
    /// The package.
    pub bytes: Vec<u8>,
    /// What [`read`] finds in it.
    pub contents: PackageContents,
}

/// What a package holds, checked.
#[derive(Debug, Clone)]
pub struct PackageContents {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its tools, ordered by name.
    pub functions: Vec<Function>,
    /// The exported `bricklayer:host/review`, when it has one: says what one call would do, and is no tool.
    pub review: Option<Function>,
    /// SHA-256 of the whole package, lower-case hex.
    pub digest: String,
}

/// Makes a package from a component, its WIT source and its manifest. The same input gives the same bytes.
///
/// `wit` are WIT files or folders in the order of their dependencies, the plugin's own package among them (the one
/// that the manifest names): `["wit/host.wit", "wit/sql.wit"]`.
///
/// # Errors
/// [`PackageError`]; whatever [`read`] would refuse is refused here.
pub fn pack(component: &[u8], wit: &[PathBuf], manifest: &str) -> Result<Packed, PackageError> {
    let parsed = Manifest::parse(manifest)?;
    let docs = wit_docs(wit, &parsed)?;
    let bytes = sections::replace(component, &[(DOCS_SECTION, &docs), (MANIFEST_SECTION, manifest.as_bytes())])?;
    let contents = read(&bytes)?;
    Ok(Packed { bytes, contents })
}

/// Reads and checks a package. Runs nothing.
///
/// # Errors
/// [`PackageError`].
pub fn read(bytes: &[u8]) -> Result<PackageContents, PackageError> {
    if bytes.len() > MAX_PACKAGE_BYTES {
        return Err(PackageError::TooLarge(bytes.len()));
    }
    let sections = sections::sections(bytes)?;
    let find = |name: &'static str, max: usize| {
        let mut found = sections.iter().filter_map(|section| section.custom).filter(|(own, _)| *own == name);
        let data = found.next().map(|(_, data)| data);
        let fault = |reason: &str| Err(PackageError::Section { name, reason: reason.to_owned() });
        if found.next().is_some() {
            return fault("it is there twice");
        }
        if data.is_some_and(|data| data.len() > max) {
            return fault("it is too large");
        }
        Ok(data)
    };
    let fault = |name, reason: String| PackageError::Section { name, reason };
    let manifest = find(MANIFEST_SECTION, crate::manifest::MAX_MANIFEST_BYTES)?
        .ok_or_else(|| fault(MANIFEST_SECTION, "it is missing; pack the component first".to_owned()))?;
    let manifest = std::str::from_utf8(manifest).map_err(|_| fault(MANIFEST_SECTION, "it is not UTF-8".to_owned()))?;
    let manifest = Manifest::parse(manifest)?;
    let docs = match find(DOCS_SECTION, MAX_DOCS_BYTES)? {
        Some(section) => Docs::decode(section).map_err(|error| fault(DOCS_SECTION, error.to_string()))?,
        None => Docs::default(),
    };
    // The documentation also speaks of what a component drops (its world, unused types), and the decoder refuses that.
    let component = sections::without(bytes, &[DOCS_SECTION])?;
    let Catalogue { functions, review } = catalogue::functions(&component, manifest.wit.as_ref(), &docs)?;
    if let Some(unknown) = manifest.tools.keys().find(|tool| !functions.iter().any(|found| &&found.tool == tool)) {
        return Err(PackageError::UnknownTool(unknown.clone()));
    }
    Ok(PackageContents { manifest, functions, review, digest: hex::encode(Sha256::digest(bytes)) })
}

fn wit_docs(wit: &[PathBuf], manifest: &Manifest) -> Result<Vec<u8>, PackageError> {
    let fault = |path: &Path, error: String| PackageError::Wit(format!("{}: {error}", path.display()));
    let mut resolve = Resolve::default();
    for path in wit {
        if path.is_dir() {
            resolve.push_dir(path).map_err(|error| fault(path, format!("{error:#}")))?;
        } else {
            resolve.push_file(path).map_err(|error| fault(path, format!("{error:#}")))?;
        }
    }
    let wanted = manifest.wit.as_ref().map(crate::WitPackage::as_str).ok_or_else(|| {
        PackageError::Wit(
            "plugin.toml does not say which package it is; add wit = \"namespace:name@version\"".to_owned(),
        )
    })?;
    let package = resolve
        .packages
        .iter()
        .find(|(_, package)| {
            let name = package.name.to_string();
            name == wanted || name.split('@').next() == Some(wanted)
        })
        .map(|(id, _)| id)
        .ok_or_else(|| PackageError::Wit(format!("none of the given files is the package {wanted}")))?;
    PackageMetadata::extract(&resolve, package).encode().map_err(|error| PackageError::Wit(format!("{error:#}")))
}
