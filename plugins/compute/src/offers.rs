//! list_node_types and list_spark_versions, and what is chosen when nobody names any.

use bricklayer_sdk::{Cut, Failure, Kind, Platform, Table, Workspace};
use serde::Deserialize;

use crate::list::CLUSTERS;
use crate::types;

/// Types of machines that are usual for small work, one per cloud.
const USUAL_NODE_TYPES: [&str; 5] = ["i3.xlarge", "Standard_DS3_v2", "n1-highmem-4", "Standard_D4ds_v5", "m5d.xlarge"];

#[derive(Debug, Deserialize)]
struct NodeTypes {
    #[serde(default)]
    node_types: Vec<NodeType>,
}

#[derive(Debug, Deserialize)]
struct NodeType {
    #[serde(default)]
    node_type_id: String,
    #[serde(default)]
    memory_mb: u64,
    #[serde(default)]
    num_cores: f64,
    #[serde(default)]
    num_gpus: u32,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    is_deprecated: bool,
    #[serde(default)]
    is_hidden: bool,
}

#[derive(Debug, Deserialize)]
struct Versions {
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Debug, Deserialize)]
struct Version {
    #[serde(default)]
    key: String,
    #[serde(default)]
    name: String,
}

impl Version {
    /// The numbers that its key begins with: 16.4 is newer than 9.1.
    fn number(&self) -> (u32, u32) {
        let mut parts = self.key.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// Whether it is the plain runtime with long-term support.
    fn is_plain_lts(&self) -> bool {
        let other = ["ml", "gpu", "photon", "aarch64", "hls"];
        self.name.contains("LTS") && !self.key.split(['.', '-']).any(|part| other.contains(&part))
    }
}

fn node_type_list(platform: &impl Platform) -> Result<Vec<NodeType>, Failure> {
    let answer: NodeTypes = Workspace::new(platform).get(&format!("{CLUSTERS}/list-node-types"), &[])?;
    let mut found = answer.node_types;
    found.retain(|kind| !kind.is_deprecated && !kind.is_hidden);
    found.sort_by(|a, b| (a.num_gpus, a.memory_mb, &a.node_type_id).cmp(&(b.num_gpus, b.memory_mb, &b.node_type_id)));
    Ok(found)
}

fn version_list(platform: &impl Platform) -> Result<Vec<Version>, Failure> {
    let answer: Versions = Workspace::new(platform).get(&format!("{CLUSTERS}/spark-versions"), &[])?;
    let mut found = answer.versions;
    found.sort_by(|a, b| b.number().cmp(&a.number()).then_with(|| a.key.cmp(&b.key)));
    Ok(found)
}

/// Types of machines.
///
/// # Errors
/// A workspace that cannot be asked.
pub(crate) fn node_types(platform: &impl Platform) -> Result<types::NodeTypeList, Failure> {
    let found = node_type_list(platform)?;
    let row = |kind: &NodeType| {
        vec![
            Some(kind.node_type_id.clone()),
            Some(kind.memory_mb.to_string()),
            Some(kind.num_cores.to_string()),
            Some(kind.num_gpus.to_string()),
            kind.category.clone(),
        ]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    let table = Table::render(&["id", "memory (MiB)", "cores", "GPUs", "category"], &rows, Cut::default());
    let text = format!("{}\n\n(showing {} of {} types)", table.text, table.shown, rows.len());
    let node_types = found
        .into_iter()
        .map(|kind| types::NodeType {
            node_type_id: kind.node_type_id,
            memory_mb: kind.memory_mb,
            num_cores: kind.num_cores,
            num_gpus: kind.num_gpus,
            category: kind.category,
        })
        .collect();
    Ok(types::NodeTypeList { text, node_types })
}

/// Versions of the runtime.
///
/// # Errors
/// A workspace that cannot be asked.
pub(crate) fn spark_versions(platform: &impl Platform) -> Result<types::SparkVersionList, Failure> {
    let found = version_list(platform)?;
    let rows: Vec<_> = found.iter().map(|v| vec![Some(v.key.clone()), Some(v.name.clone())]).collect();
    let table = Table::render(&["key", "name"], &rows, Cut::default());
    let text = format!("{}\n\n(showing {} of {} versions)", table.text, table.shown, rows.len());
    let versions = found.into_iter().map(|v| types::SparkVersion { key: v.key, name: v.name }).collect();
    Ok(types::SparkVersionList { text, versions })
}

/// The newest plain version with long-term support.
///
/// # Errors
/// A workspace that cannot be asked or has none.
pub(crate) fn usual_version(platform: &impl Platform) -> Result<String, Failure> {
    let found = version_list(platform)?.into_iter().find(Version::is_plain_lts);
    let none = || {
        Failure::new(
            Kind::NotFound,
            "the workspace has no version with long-term support; name one in spark_version (list_spark_versions)",
        )
    };
    Ok(found.ok_or_else(none)?.key)
}

/// A small usual type of machines.
///
/// # Errors
/// A workspace that cannot be asked or has none.
pub(crate) fn usual_node_type(platform: &impl Platform) -> Result<String, Failure> {
    let found = node_type_list(platform)?;
    let usual = USUAL_NODE_TYPES.into_iter().find(|id| found.iter().any(|kind| kind.node_type_id == *id));
    let none = || Failure::new(Kind::NotFound, "the workspace has no type of machines; name one in node_type_id");
    match usual {
        Some(id) => Ok(id.to_owned()),
        None => Ok(found.into_iter().next().ok_or_else(none)?.node_type_id),
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const VERSIONS: &str = r#"{"versions":[{"key":"9.1.x-scala2.12","name":"9.1 LTS"},{"key":"17.0.x-scala2.13","name":"17.0"},
        {"key":"16.4.x-cpu-ml-scala2.12","name":"16.4 LTS ML"},{"key":"16.4.x-scala2.12","name":"16.4 LTS"}]}"#;

    #[test]
    fn versions_are_compared_as_numbers() {
        let script = Script::new().always("GET /api/2.1/clusters/spark-versions", 200, VERSIONS);
        assert_eq!(usual_version(&script).unwrap(), "16.4.x-scala2.12");
        let keys: Vec<_> = spark_versions(&script).unwrap().versions.into_iter().map(|v| v.key).collect();
        assert_eq!(keys, ["17.0.x-scala2.13", "16.4.x-cpu-ml-scala2.12", "16.4.x-scala2.12", "9.1.x-scala2.12"]);
    }

    #[test]
    fn the_usual_machine_is_a_known_one_or_the_smallest() {
        for (list, id) in [
            (
                r#"{"node_types":[{"node_type_id":"big","memory_mb":9},{"node_type_id":"i3.xlarge","memory_mb":5}]}"#,
                "i3.xlarge",
            ),
            (
                r#"{"node_types":[{"node_type_id":"b","memory_mb":9},{"node_type_id":"a","memory_mb":5},{"node_type_id":"old","memory_mb":1,"is_deprecated":true}]}"#,
                "a",
            ),
        ] {
            let script = Script::new().always("GET /api/2.1/clusters/list-node-types", 200, list);
            assert_eq!(usual_node_type(&script).unwrap(), id);
            assert!(node_types(&script).unwrap().node_types.len() == 2);
        }
        let script = Script::new().on("GET /api/2.1/clusters/list-node-types", 200, "{}");
        assert_eq!(usual_node_type(&script).unwrap_err().kind, Kind::NotFound);
    }
}
