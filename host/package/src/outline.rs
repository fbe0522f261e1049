//! What a plugin will be, from its WIT and its manifest alone: a package whose code does nothing.
//!
//! An author's tools check a plugin with it before anything is built, by the same rules as a real package.

use std::path::PathBuf;

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

use crate::package::{own_package, pack_with, resolve_wit};
use crate::{Assets, Manifest, PackageError, Packed};

/// A plugin without its code.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The world that its component has, by its name in the plugin's package.
    pub world: String,
    /// The package that it would be. It imports all that the world offers, while a compiler drops what is not used.
    pub packed: Packed,
}

/// Reads WIT files or folders as [`pack`](crate::pack()) does and makes the package that they and the manifest promise.
///
/// # Errors
/// [`PackageError`]: whatever `pack` would refuse, and a WIT package without exactly one world that exports something.
pub fn outline(wit: &[PathBuf], manifest: &str, assets: &Assets) -> Result<Outline, PackageError> {
    let parsed = Manifest::parse(manifest)?;
    let resolve = resolve_wit(wit)?;
    let world = world(&resolve, &parsed)?;
    let fault = |error: &dyn std::fmt::Display| PackageError::Wit(format!("{error:#}"));
    let mut module = dummy_module(&resolve, world.0, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world.0, StringEncoding::UTF8).map_err(|error| fault(&error))?;
    let component = ComponentEncoder::default()
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| fault(&error))?;
    Ok(Outline { world: world.1, packed: pack_with(&component, wit, manifest, assets)? })
}

fn world(resolve: &Resolve, manifest: &Manifest) -> Result<(wit_parser::WorldId, String), PackageError> {
    let package = own_package(resolve, manifest)?;
    let worlds = resolve.packages.get(package).map(|package| &package.worlds);
    let exporting: Vec<_> = worlds
        .into_iter()
        .flatten()
        .filter(|(_, id)| resolve.worlds.get(**id).is_some_and(|world| !world.exports.is_empty()))
        .collect();
    let fault = |reason: String| Err(PackageError::Wit(reason));
    match exporting.as_slice() {
        [(name, id)] => Ok((**id, (*name).clone())),
        [] => fault(
            "the package has no world that exports something; write `world my-plugin { include \
             bricklayer:host/plugin@…; export tools; }`"
                .to_owned(),
        ),
        several => {
            let names: Vec<_> = several.iter().map(|(name, _)| name.as_str()).collect();
            fault(format!("the package has several worlds that export something ({}); keep one", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "name = \"t\"\nversion = \"0.1.0\"\ndescription = \"t\"\nwit = \"my:t@0.1.0\"";

    fn of(wit: &str) -> Result<Outline, PackageError> {
        let folder = std::env::temp_dir().join(format!("bricklayer-outline-{}", uuid()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("world.wit"), wit).unwrap();
        let outline = outline(std::slice::from_ref(&folder), MANIFEST, &Assets::default());
        std::fs::remove_dir_all(folder).unwrap();
        outline
    }

    fn uuid() -> usize {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + std::process::id() as usize * 1000
    }

    #[test]
    fn tools_and_their_words_are_known_before_there_is_code() {
        let outline = of("package my:t@0.1.0;\ninterface tools {\n /// Adds.\n add: func(a: u32, b: u32) -> u32;\n}\nworld w { export tools; }").unwrap();
        assert_eq!(outline.world, "w");
        let [add] = outline.packed.contents.functions.as_slice() else { panic!("{outline:?}") };
        assert_eq!((add.tool.as_str(), add.docs.as_str()), ("add", "Adds."));
    }

    #[test]
    fn one_world_has_to_export_something() {
        let none = of("package my:t@0.1.0;\nworld w { import f: func(); }").unwrap_err().to_string();
        assert!(none.contains("no world"), "{none}");
        let two = of("package my:t@0.1.0;\nworld a { export f: func(); }\nworld b { export f: func(); }").unwrap_err();
        assert!(two.to_string().contains("several worlds that export something (a, b)"), "{two}");
    }
}
