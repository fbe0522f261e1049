//! Test guests, built once per test process by the guests' own workspace.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Variables of the outer cargo and of the harness. With `RUSTC_BOOTSTRAP`, which opens the harness' times, every
/// dependency that looks for it would be compiled anew.
const FOREIGN: [&str; 6] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "RUSTC_BOOTSTRAP",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The target folder that this test was built into.
pub(crate) fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

fn wit_file(name: &str) -> PathBuf {
    root().join("wit").join(name)
}

/// Builds every test guest. A target folder of its own, because the outer cargo holds the other one's lock; and
/// without the outer cargo's settings, which are not meant for guests.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = target_dir().join("guests");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(root().join("plugins"))
            .args(["build", "--quiet", "--release", "--locked", "--target", "wasm32-wasip2"])
            .args(["--package", "test-hostile", "--package", "test-noop"])
            .env("CARGO_TARGET_DIR", &target);
        let foreign = |name: &str| {
            FOREIGN.contains(&name)
                || ["CARGO_PKG_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PROFILE_", "DEP_"]
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
        };
        for (name, _) in std::env::vars() {
            if foreign(&name) {
                cargo.env_remove(name);
            }
        }
        assert!(cargo.status().unwrap().success(), "the test guests do not build");
        target.join("wasm32-wasip2/release")
    })
}

fn package(crate_name: &str, folder: &str) -> Vec<u8> {
    let component = std::fs::read(built().join(format!("{crate_name}.wasm"))).unwrap();
    let folder = root().join("plugins/test-guests").join(folder);
    let manifest = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let wit = [wit_file("host.wit"), folder.join(format!("wit/{}.wit", folder.file_name().unwrap().display()))];
    bricklayer_package::pack(&component, &wit, &manifest).unwrap().bytes
}

/// The guest that does what it must not.
pub(crate) fn hostile() -> Vec<u8> {
    package("test_hostile", "hostile")
}

/// The guest that does nothing.
pub(crate) fn noop() -> Vec<u8> {
    package("test_noop", "noop")
}

/// A package from WebAssembly text, its WIT and a manifest for the package `test:wat`.
pub(crate) fn package_of(component: &str, wit: &str) -> Vec<u8> {
    package_with(component, wit, "")
}

/// The same with more in its manifest.
pub(crate) fn package_with(component: &str, wit: &str, more: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wat.wit");
    std::fs::write(&path, wit).unwrap();
    let manifest = format!("name = \"test-wat\"\nversion = \"0.1.0\"\ndescription = \"d\"\nwit = \"test:wat\"\n{more}");
    bricklayer_package::pack(&wat::parse_str(component).unwrap(), &[path], &manifest).unwrap().bytes
}
