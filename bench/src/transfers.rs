//! The local workspace: how fast it starts, and what files on their way into it take of time and memory.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use serde_json::json;
use url::Url;

use crate::client::User;
use crate::host::{FarEnds, Host};
use crate::local_workspace::LocalWorkspace;
use crate::mib;
use crate::process::peak_kib;
use crate::stats::{Table, ms};

/// Files of the folder.
const FILES: usize = 1_000;
/// Bytes of each.
const FILE_BYTES: usize = 4 * 1024;
/// MiB of the large file.
const LARGE_MIB: usize = 1024;
/// Its user.
const USER: &str = "files@example.com";

pub(crate) async fn measure(table: &mut Table, binary: &Path, data_dir: &Path, model: &Url) -> Result<()> {
    let objects = data_dir.join("local-workspace");
    let first = LocalWorkspace::start(&objects, &[USER]).await?;
    table.row("local workspace, first start with its sample data", ms(first.start_up), "");
    drop(first);
    let workspace = LocalWorkspace::start(&objects, &[USER]).await?;
    table.row("local workspace, later start", ms(workspace.start_up), "");

    let far = FarEnds { model: model.clone(), workspace: workspace.url.clone() };
    let data_dir = data_dir.join("transfers");
    std::fs::create_dir_all(&data_dir)?;
    let host = Host::start(binary, &data_dir, &far, None).await?;
    let user = User::new(&host.base, USER).await?;
    let folder = data_dir.join("projects").join(user.project());
    folder_of_files(&folder.join("many"))?;
    large_file(&folder.join("large.bin"))?;
    workspace.post(USER, "api/2.1/unity-catalog/catalogs", json!({"name": "bench"})).await?;
    workspace.post(USER, "api/2.1/unity-catalog/schemas", json!({"name": "files", "catalog_name": "bench"})).await?;
    let volume = json!({"name": "large", "catalog_name": "bench", "schema_name": "files", "volume_type": "MANAGED"});
    workspace.post(USER, "api/2.1/unity-catalog/volumes", volume).await?;

    let many = json!({"local_folder": "many", "workspace_folder": "/Shared/many"});
    let large = json!({"local_path": "large.bin", "volume_path": "/Volumes/bench/files/large/large.bin"});
    let back = json!({"volume_path": "/Volumes/bench/files/large/large.bin", "local_path": "back.bin"});
    for (what, command) in [
        (format!("upload of {FILES} files of {} KiB", FILE_BYTES / 1024), format!("/upload_folder {many}")),
        (format!("the same again ({FILES} unchanged files)"), format!("/upload_folder {many}")),
        (format!("upload of a file of {LARGE_MIB} MiB to a volume"), format!("/upload_to_volume {large}")),
        ("the same file back".to_owned(), format!("/download_from_volume {back}")),
    ] {
        host.peak_kib()?;
        peak_kib(workspace.pid)?;
        let (before, took) = (host.rss_kib()?, user.call(&command).await?.0);
        let (peak, of_workspace) = (host.peak_kib()?, peak_kib(workspace.pid)?);
        let grown = peak.saturating_sub(before);
        let memory = format!("host {:+.0} MiB, workspace at most {:.0} MiB", mib(grown), mib(of_workspace));
        table.row(&what, format!("{:.2} s; {memory}", took.as_secs_f64()), "memory is flat");
    }
    host.stop().await
}

fn folder_of_files(folder: &Path) -> Result<()> {
    for number in 0..FILES {
        let folder = folder.join(format!("part{}", number % 10));
        std::fs::create_dir_all(&folder)?;
        let line = format!("line of file {number}\n");
        std::fs::write(folder.join(format!("file{number}.txt")), line.repeat(FILE_BYTES / line.len()))?;
    }
    Ok(())
}

/// Bytes that no two pieces share, so that nothing is saved by being the same.
fn large_file(path: &Path) -> Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut piece = vec![0; 1 << 20];
    for _ in 0..LARGE_MIB {
        for bytes in piece.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&piece)?;
    }
    Ok(file.flush()?)
}
