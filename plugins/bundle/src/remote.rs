//! What can be said of a bundle once the workspace was asked: the volume for artifacts, and who may change the folder that
//! the bundle lies in.

use crate::bundle::Bundle;
use crate::finding::{Finding, Findings, Rule};
use crate::permissions::{principal, rank};
use crate::value::At;

/// What the workspace said.
#[derive(Debug, Clone, Default)]
pub struct Remote {
    /// Whether the volume for artifacts is there; none where that cannot be told.
    pub has_artifact_volume: Option<bool>,
    /// Who may do what in the bundle's root folder, by the folders above it as well.
    pub folder_permissions: Vec<FolderPermission>,
}

/// What somebody may do in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderPermission {
    /// `user_name`, `group_name` or `service_principal_name`.
    pub field: String,
    /// Who it is.
    pub name: String,
    /// The highest level, such as `CAN_MANAGE`.
    pub level: String,
}

/// Everybody who administers the workspace may do everything.
const ADMINS: &str = "admins";

impl Bundle {
    /// The full name of the volume that artifacts are uploaded to; none where they go elsewhere.
    #[must_use]
    pub fn artifact_volume(&self) -> Option<String> {
        let inside = self.workspace_path("artifact_path").strip_prefix("/Volumes/")?;
        let names: Vec<&str> = inside.split('/').take(3).collect();
        (names.len() == 3).then(|| names.join("."))
    }

    /// Looks at the bundle with what the workspace said.
    #[must_use]
    pub fn check_remote(&self, remote: &Remote, deployer: &str) -> Vec<Finding> {
        let mut findings = Findings::default();
        self.check_volume(remote, &mut findings);
        self.check_folder(remote, deployer, &mut findings);
        findings.finish()
    }

    fn check_volume(&self, remote: &Remote, findings: &mut Findings) {
        let missing = remote.has_artifact_volume == Some(false);
        let Some(name) = self.artifact_volume().filter(|_| missing) else { return };
        let is_own = self.config.entries_at(&["resources", "volumes"]).any(|volume| {
            let part = |field: &str| volume.value.text_at(&[field]).unwrap_or_default();
            [part("catalog_name"), part("schema_name"), part("name")].join(".") == name
        });
        let value = self.config.get(&["workspace", "artifact_path"]).unwrap_or(&self.config);
        let advice = if is_own {
            "this bundle makes the volume after it uploads artifacts: let another bundle make it, and deploy that first"
        } else {
            "make the volume first, or choose another path"
        };
        let message = format!("there is no volume {name}, or you may not see it");
        findings.add(Rule::ArtifactVolume, "workspace.artifact_path", value, message, advice);
    }

    fn check_folder(&self, remote: &Remote, deployer: &str, findings: &mut Findings) {
        let declared = self.config.items_at(&["permissions"]);
        if declared.is_empty() {
            return;
        }
        let at = At::ROOT.key("permissions");
        let place = self.config.get(&["permissions"]).unwrap_or(&self.config);
        for found in remote.folder_permissions.iter().filter(|found| found.name != deployer && found.name != ADMINS) {
            let own = declared.iter().filter(|entry| principal(entry) == Some((found.field.as_str(), &found.name)));
            let most = own.filter_map(|entry| entry.text_at(&["level"])).map(rank).max().unwrap_or(0);
            if rank(&found.level) > most {
                let message = format!(
                    "{} has {} in {}, which is more than the bundle says",
                    found.name,
                    found.level,
                    self.workspace_path("root_path")
                );
                let advice = "add them to `permissions`, or take their rights in that folder and those above it away";
                findings.add(Rule::FolderPermissions, at, place, message, advice);
            }
        }
    }
}

impl FolderPermission {
    /// From an entry of the workspace's access control list, as JSON; none where it names nobody or nothing.
    #[must_use]
    pub fn from_json(entry: &serde_json::Value) -> Option<Self> {
        let text = |field: &str| entry.get(field).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
        let (field, name) = crate::permissions::PRINCIPALS
            .iter()
            .find_map(|field| Some(((*field).to_owned(), text(field)?.to_owned())))?;
        let all = entry.get("all_permissions").and_then(serde_json::Value::as_array)?;
        let levels = all.iter().filter_map(|one| one.get("permission_level").and_then(serde_json::Value::as_str));
        Some(Self { field, name, level: levels.max_by_key(|level| rank(level))?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_access_control_lists_are_read() {
        let read = |text: &str| FolderPermission::from_json(&serde_json::from_str(text).unwrap());
        let entry = r#"{"group_name":"g","all_permissions":[{"permission_level":"CAN_READ"},{"permission_level":"CAN_MANAGE"}]}"#;
        let expect = FolderPermission { field: "group_name".into(), name: "g".into(), level: "CAN_MANAGE".into() };
        assert_eq!(read(entry), Some(expect));
        for other in [r#"{}"#, r#"{"group_name":"g"}"#, r#"{"group_name":"g","all_permissions":[]}"#, "[1]"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
