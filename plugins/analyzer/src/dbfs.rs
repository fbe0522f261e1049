//! Commands of `dbutils.fs` and `%fs`.

use crate::analysis::{PathOperation, Severity};
use crate::facts::Facts;
use crate::names::Reader;
use crate::text::Text;

/// A command with the paths it is given.
pub(crate) fn command(facts: &mut Facts, name: &str, paths: &[Text], via: &str) {
    use PathOperation::{Delete, List, MakeFolder, Mount, Read, Write};
    let operations: &[PathOperation] = match name {
        "ls" => &[List],
        "cp" => &[Read, Write],
        "mv" => &[Delete, Write],
        "rm" => &[Delete],
        "head" => &[Read],
        "put" => &[Write],
        "mkdirs" => &[MakeFolder],
        "mount" | "updateMount" => &[Read, Mount],
        "unmount" => &[Mount],
        "mounts" | "refreshMounts" => &[],
        _ => return,
    };
    for (path, operation) in paths.iter().zip(operations) {
        facts.path(path, *operation, &format!("{via}.{name}"), Reader::Spark);
    }
    if name.to_ascii_lowercase().contains("mount") {
        facts.reason("serverless", "DBFS mounts are not available");
        facts.finding(
            "dbfs-mount",
            Severity::Warning,
            "storage is mounted into DBFS, where rights are not governed",
            "Use a volume or an external location of Unity Catalog.",
        );
    }
}
