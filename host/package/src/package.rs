//! Packing and reading: one file is a whole plugin.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wit_parser::{PackageMetadata, Resolve, SourceMap};

use crate::assets::{self, Assets, ICON_SECTION, Icon, README_SECTION};
use crate::catalogue::{self, Catalogue};
use crate::describe::describe;
use crate::docs::{Docs, MAX_DOCS_BYTES};
use crate::error::{PackageError, check_size};
use crate::imports::RefusedImport;
use crate::sections::{self, Section};
use crate::signature::{SIGNATURE_SECTION, signed_part};
use crate::{Function, Manifest};

const MANIFEST_SECTION: &str = "bricklayer-manifest";
const DOCS_SECTION: &str = PackageMetadata::SECTION_NAME;

/// What [`pack`] writes anew; everything else of a component stays as it is.
const OURS: [&str; 4] = [MANIFEST_SECTION, ICON_SECTION, README_SECTION, SIGNATURE_SECTION];

/// A package made by [`pack`] and its like.
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
    /// The manifest's text, as written.
    pub manifest_text: String,
    /// Its tools, ordered by name.
    pub functions: Vec<Function>,
    /// The exported `operations-of` of `bricklayer:host/operations`, or `effect-of` of the older `review`, when it has
    /// one: says what one call would do, and is no tool.
    pub review: Option<Function>,
    /// The exported `preview-of` of `bricklayer:host/previews`, when it has one: says what one call would meet, and is no
    /// tool.
    pub preview: Option<Function>,
    /// SHA-256 of the whole package, lower-case hex.
    pub digest: String,
    /// Length of the whole package, in bytes.
    pub size_bytes: usize,
    /// The interfaces that the component needs, ordered by name.
    pub imports: Vec<String>,
    /// Those that no host offers: the package can be looked at and not be run.
    pub refused_imports: Vec<RefusedImport>,
    /// The newest version of the contract `bricklayer:host` that it was built against; none when it needs none.
    pub contract: Option<String>,
    /// Its picture.
    pub icon: Option<Icon>,
    /// Its description for people, Markdown.
    pub readme: Option<String>,
    /// Its signature's text, not judged.
    pub signature: Option<String>,
}

impl PackageContents {
    /// Why the component cannot run on this host, in one sentence for all reasons; none when nothing is known.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let reasons: Vec<String> = self.refused_imports.iter().map(ToString::to_string).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// Makes a package from a component, its WIT source and its manifest. The same input gives the same bytes.
///
/// `wit` are WIT files or folders in the order of their dependencies, the plugin's own package among them (the one
/// that the manifest names): `["wit/host.wit", "wit/sql.wit"]`. A manifest that names an icon or a readme needs
/// [`pack_with`].
///
/// # Errors
/// [`PackageError`]; whatever [`read`] would refuse is refused here.
pub fn pack(component: &[u8], wit: &[PathBuf], manifest: &str) -> Result<Packed, PackageError> {
    pack_with(component, wit, manifest, &Assets::default())
}

/// As [`pack`], with what [`Assets::read`] found.
///
/// # Errors
/// As [`pack`], and when the manifest names a file that `assets` do not hold.
pub fn pack_with(component: &[u8], wit: &[PathBuf], manifest: &str, assets: &Assets) -> Result<Packed, PackageError> {
    let parsed = Manifest::parse(manifest)?;
    let given = |field: &'static str, named: bool, given: bool| match (named, given) {
        (true, false) => Err(PackageError::Asset { field, reason: "the file was not given".to_owned() }),
        _ => Ok(()),
    };
    given("icon", parsed.icon.is_some(), assets.icon.is_some())?;
    given("readme", parsed.readme.is_some(), assets.readme.is_some())?;
    let docs = wit_docs(wit, &parsed)?;
    assemble(component, Some(&docs), manifest, assets)
}

/// Makes a package from a component that was built for another host and a manifest given on the side. Descriptions
/// come from the manifest, from documentation that the component carries, or from names and types.
///
/// # Errors
/// [`PackageError`]; whatever [`read`] would refuse is refused here.
pub fn pack_foreign(component: &[u8], manifest: &str) -> Result<Packed, PackageError> {
    assemble(component, None, manifest, &Assets::default())
}

fn assemble(component: &[u8], docs: Option<&[u8]>, manifest: &str, assets: &Assets) -> Result<Packed, PackageError> {
    check_size(component)?;
    let mut drop = OURS.to_vec();
    drop.extend(docs.map(|_| DOCS_SECTION));
    let mut bytes = sections::without(component, &drop)?;
    let written = [
        (DOCS_SECTION, docs),
        (MANIFEST_SECTION, Some(manifest.as_bytes())),
        (ICON_SECTION, assets.icon.as_ref().map(|icon| icon.bytes.as_slice())),
        (README_SECTION, assets.readme.as_ref().map(String::as_bytes)),
    ];
    for (name, data) in written {
        if let Some(data) = data {
            sections::append(&mut bytes, name, data);
        }
    }
    let contents = read(&bytes)?;
    Ok(Packed { bytes, contents })
}

/// The manifest alone, of a package that is read whole elsewhere: a small part of the work.
///
/// # Errors
/// [`PackageError`] of its sections and its manifest.
pub fn read_manifest(bytes: &[u8]) -> Result<Manifest, PackageError> {
    let sections = sections::sections(bytes)?;
    sections::check_nested(&sections)?;
    Ok(Manifest::parse(manifest_text(&sections)?)?)
}

fn manifest_text<'a>(sections: &[Section<'a>]) -> Result<&'a str, PackageError> {
    let fault = |reason: &str| PackageError::Section { name: MANIFEST_SECTION, reason: reason.to_owned() };
    let text = find(sections, MANIFEST_SECTION, crate::manifest::MAX_MANIFEST_BYTES)?
        .ok_or_else(|| fault("it is missing; pack the component first, or give a manifest beside it"))?;
    std::str::from_utf8(text).map_err(|_| fault("it is not UTF-8"))
}

/// Reads and checks a package. Runs nothing.
///
/// # Errors
/// [`PackageError`].
pub fn read(bytes: &[u8]) -> Result<PackageContents, PackageError> {
    let (_, signature) = signed_part(bytes)?;
    let sections = sections::sections(bytes)?;
    sections::check_nested(&sections)?;
    let find = |name, max| find(&sections, name, max);
    let fault = |name, reason: &str| PackageError::Section { name, reason: reason.to_owned() };
    let manifest_text = manifest_text(&sections)?;
    let manifest = Manifest::parse(manifest_text)?;
    let docs = match find(DOCS_SECTION, MAX_DOCS_BYTES)? {
        Some(section) => Docs::decode(section).map_err(|error| fault(DOCS_SECTION, &error.to_string()))?,
        None => Docs::default(),
    };
    let icon = find(ICON_SECTION, assets::MAX_ICON_BYTES)?.map(Icon::parse).transpose()?;
    let readme = find(README_SECTION, assets::MAX_README_BYTES)?.map(assets::readme).transpose()?;
    // The documentation also speaks of what a component drops (its world, unused types), and the decoder refuses that.
    let component = sections::without(bytes, &[DOCS_SECTION])?;
    let Catalogue { mut functions, review, preview, imports } = catalogue::functions(&component, &manifest, &docs)?;
    describe(&mut functions, &manifest)?;
    Ok(PackageContents {
        manifest,
        manifest_text: manifest_text.to_owned(),
        functions,
        review,
        preview,
        digest: hex::encode(Sha256::digest(bytes)),
        size_bytes: bytes.len(),
        imports: imports.names,
        refused_imports: imports.refused,
        contract: imports.contract,
        icon,
        readme,
        signature: signature.map(str::to_owned),
    })
}

/// The data of the only section of a name.
fn find<'a>(sections: &[Section<'a>], name: &'static str, max: usize) -> Result<Option<&'a [u8]>, PackageError> {
    let fault = |reason: String| Err(PackageError::Section { name, reason });
    let mut found = sections.iter().filter_map(|section| section.named(name));
    let data = found.next();
    if found.next().is_some() {
        return fault("it is there twice; pack the component again".to_owned());
    }
    if data.is_some_and(|data| data.len() > max) {
        return fault(format!("it has more than {max} bytes"));
    }
    Ok(data)
}

fn wit_docs(wit: &[PathBuf], manifest: &Manifest) -> Result<Vec<u8>, PackageError> {
    let resolve = resolve_wit(wit)?;
    let package = own_package(&resolve, manifest)?;
    PackageMetadata::extract(&resolve, package).encode().map_err(|error| PackageError::Wit(format!("{error:#}")))
}

/// Reads WIT files and folders, each of which may build on those before it.
pub(crate) fn resolve_wit(wit: &[PathBuf]) -> Result<Resolve, PackageError> {
    let fault = |path: &Path, error: String| PackageError::Wit(format!("{}: {error}", path.display()));
    let mut resolve = Resolve::default();
    for path in wit {
        let pushed = if path.is_dir() { resolve.push_dir(path).map(drop) } else { resolve.push_file(path).map(drop) };
        if let Err(error) = pushed {
            return Err(syntax(path).map_or_else(|| fault(path, format!("{error:#}")), PackageError::Wit));
        }
    }
    Ok(resolve)
}

/// The first syntax error of a WIT file or folder, with its file, line and text; the parser's own error has none of them.
fn syntax(path: &Path) -> Option<String> {
    let mut folders = vec![path.to_owned()];
    let deps = path.join("deps");
    folders.extend(std::fs::read_dir(deps).into_iter().flatten().flatten().map(|entry| entry.path()));
    folders.into_iter().find_map(|folder| {
        let mut sources = SourceMap::default();
        let pushed = if folder.is_dir() { sources.push_dir(&folder) } else { sources.push_file(&folder) };
        pushed.ok()?;
        match sources.parse() {
            Ok(_) => None,
            Err((sources, error)) => Some(error.render(&sources)),
        }
    })
}

/// The package that the manifest names.
pub(crate) fn own_package(resolve: &Resolve, manifest: &Manifest) -> Result<wit_parser::PackageId, PackageError> {
    let wanted = manifest.wit.as_ref().map(crate::WitPackage::as_str).ok_or_else(|| {
        PackageError::Wit(
            "plugin.toml does not say which package it is; add wit = \"namespace:name@version\"".to_owned(),
        )
    })?;
    resolve
        .packages
        .iter()
        .find(|(_, package)| {
            let name = package.name.to_string();
            name == wanted || name.split('@').next() == Some(wanted)
        })
        .map(|(id, _)| id)
        .ok_or_else(|| PackageError::Wit(format!("none of the given files is the package {wanted}")))
}
