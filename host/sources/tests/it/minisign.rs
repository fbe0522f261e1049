//! The `minisign` program reads what is written here, and the other way round.

use std::path::Path;
use std::process::{Command, Stdio};

use bricklayer_sources::{TrustedKeys, key_id, keygen, sign, verify};
use secrecy::ExposeSecret;

fn minisign(folder: &Path, arguments: &[&str]) -> bool {
    let run = Command::new("minisign").current_dir(folder).args(arguments).stdin(Stdio::null()).output().unwrap();
    run.status.success()
}

#[test]
fn the_minisign_program_agrees() {
    if Command::new("minisign").arg("-v").output().is_err() {
        println!("not run: the minisign program is not installed");
        return;
    }
    println!("ran against the minisign program");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let read = |name: &str| std::fs::read_to_string(at(name)).unwrap();
    std::fs::write(at("package.wasm"), b"package").unwrap();

    let pair = keygen(None).unwrap();
    std::fs::write(at("own.pub"), &pair.public_key).unwrap();
    std::fs::write(at("own.key"), pair.secret_key.expose_secret()).unwrap();
    std::fs::write(at("package.wasm.minisig"), sign(b"package", &pair.secret_key, None, "weather 1").unwrap()).unwrap();
    assert!(minisign(folder.path(), &["-V", "-p", "own.pub", "-m", "package.wasm"]), "our signature is valid there");

    assert!(minisign(folder.path(), &["-G", "-W", "-p", "their.pub", "-s", "their.key"]));
    assert!(minisign(folder.path(), &["-S", "-s", "their.key", "-m", "package.wasm"]));
    let line = read("their.pub").lines().last().unwrap().to_owned();
    // The program writes no zeros before a number.
    let id = key_id(&line).unwrap();
    assert!(read("their.pub").contains(id.trim_start_matches('0')), "the key's id is written alike");
    let trusted = TrustedKeys::parse(&format!("them={line}")).unwrap();
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let status = |bytes: &[u8]| verify(bytes, Some(&read("package.wasm.minisig")), &trusted, now).word();
    assert_eq!((status(b"package"), status(b"packagE")), ("trusted", "invalid"), "their signature is judged here");
    let theirs = read("their.key").into();
    assert!(
        sign(b"package", &theirs, None, "signed with their key").is_ok(),
        "{:?}",
        sign(b"package", &theirs, None, "c")
    );
}
