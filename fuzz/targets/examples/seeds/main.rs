//! Writes the committed corpus as the fuzzers want it, one folder for each target:
//! `cargo run -p bricklayer-fuzz --no-default-features --example seeds -- FOLDER`.

use std::path::{Path, PathBuf};

mod component;

fn main() -> std::io::Result<()> {
    let out = std::env::args().nth(1).map_or_else(|| PathBuf::from("fuzz/run"), PathBuf::from);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for target in std::fs::read_dir(corpus)? {
        let target = target?;
        let folder = out.join(target.file_name());
        std::fs::create_dir_all(&folder)?;
        for file in std::fs::read_dir(target.path())? {
            let file = file?;
            std::fs::write(folder.join(file.file_name()), component::seed(&file.path()))?;
        }
    }
    Ok(())
}
