//! Who deploys, and where in the workspace the bundle lies.

use crate::finding::{Findings, Rule};
use crate::value::Value;

/// Paths of the workspace that have a place below the root when nothing is said.
const BELOW_ROOT: [(&str, &str); 4] =
    [("file_path", "files"), ("resource_path", "resources"), ("artifact_path", "artifacts"), ("state_path", "state")];

/// All paths of the workspace.
pub(crate) const PATHS: [&str; 5] = ["root_path", "file_path", "resource_path", "artifact_path", "state_path"];

/// Fields by which a person or program signs in: they are read before references are put in.
const AUTH_FIELDS: [&str; 13] = [
    "host",
    "profile",
    "auth_type",
    "account_id",
    "workspace_id",
    "client_id",
    "azure_workspace_resource_id",
    "azure_resource_id",
    "azure_client_id",
    "azure_tenant_id",
    "azure_environment",
    "azure_login_app_id",
    "google_service_account",
];

/// Who deploys, as the workspace knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// An address, or a service principal's application id.
    pub user_name: String,
    /// The name for people.
    pub display_name: Option<String>,
    /// The names of their groups.
    pub groups: Vec<String>,
}

impl User {
    /// Whether this is a service principal: its name is then a UUID.
    #[must_use]
    pub fn is_service_principal(&self) -> bool {
        let groups: Vec<usize> = self.user_name.split('-').map(str::len).collect();
        groups == [8, 4, 4, 4, 12] && self.user_name.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    }

    /// The name in prefixes and tags: the local part of the address, or a service principal's display name; in small
    /// letters, each run of other characters than letters and digits one underscore.
    #[must_use]
    pub fn short_name(&self) -> String {
        let display = self.display_name.as_deref().filter(|name| self.is_service_principal() && !name.is_empty());
        normalize(display.unwrap_or_else(|| self.user_name.split('@').next().unwrap_or_default()))
    }
}

/// Letters and digits in small letters, and one underscore for each run of anything else within.
pub(crate) fn normalize(text: &str) -> String {
    let mut normal = String::new();
    for c in text.chars() {
        if is_word(c) {
            normal.push(lower(c));
        } else if !normal.ends_with('_') {
            normal.push('_');
        }
    }
    normal.trim_matches('_').to_owned()
}

/// Letters and digits. The standard library's tables are left out of a component for these few names: what is beyond
/// ASCII counts as a letter, but for the signs and spaces of Latin-1, general punctuation and CJK.
fn is_word(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric(),
        '\u{80}'..='\u{bf}' => matches!(c, 'ª' | 'µ' | 'º'),
        '×' | '÷' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' => false,
        _ => true,
    }
}

/// The small letter of a Latin, Greek or Cyrillic one.
fn lower(c: char) -> char {
    let moved = |by: u32| char::from_u32(u32::from(c).saturating_add(by)).unwrap_or(c);
    match c {
        'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ω' | 'А'..='Я' => moved(32),
        'Ѐ'..='Џ' => moved(80),
        // Extended Latin has the small letter behind each capital one, in two rows of which one begins with an odd number.
        'Ā'..='ķ' | 'Ŋ'..='ŷ' if u32::from(c).is_multiple_of(2) => moved(1),
        'Ĺ'..='ň' | 'Ź'..='ž' if !u32::from(c).is_multiple_of(2) => moved(1),
        'Ÿ' => 'ÿ',
        _ => c,
    }
}

/// Looks at what is read before references are put in.
pub(crate) fn check_sign_in(root: &Value, host: Option<&str>, findings: &mut Findings) {
    for field in AUTH_FIELDS {
        let Some(value) = root.get(&["workspace", field]) else { continue };
        if value.as_text().is_some_and(|text| text.contains("${")) {
            let message = format!("`{field}` is read before references are put in, so this one stays as it is");
            let advice = "write the value out, in each target where it differs";
            findings.add(Rule::ReferenceInAuth, format!("workspace.{field}"), value, message, advice);
        }
    }
    let plain = |host: &str| {
        let host = host.trim_start_matches("https://").trim_start_matches("http://");
        host.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase()
    };
    if let (Some(wanted), Some(host)) = (root.get(&["workspace", "host"]), host)
        && let Some(text) = wanted.as_text().filter(|text| !text.contains("${") && plain(text) != plain(host))
    {
        let message = format!("the target is for {text}, and this project works with {host}");
        let advice = "choose another target, or sign in to that workspace";
        findings.add(Rule::WorkspaceHost, "workspace.host", wanted, message, advice);
    }
}

/// Sets the paths that nothing is said of, and what references can name: the caller, the paths. Before references.
pub(crate) fn set_defaults(root: &mut Value, user: &User, findings: &mut Findings) {
    let name = root.text_at(&["bundle", "name"]).unwrap_or_default().to_owned();
    let target = root.text_at(&["bundle", "target"]).unwrap_or_default().to_owned();
    let Some(workspace) = root.section("workspace") else { return };
    workspace.set_default("root_path", Value::text(format!("~/.bundle/{name}/{target}")));
    for (field, folder) in BELOW_ROOT {
        // By a reference, because the root may hold some.
        workspace.set_default(field, Value::text(format!("${{workspace.root_path}}/{folder}")));
    }
    for field in PATHS {
        let Some(value) = workspace.get_mut(&[field]) else { continue };
        let Some(text) = value.as_text() else { continue };
        let text = match text.strip_prefix("/Workspace${workspace.") {
            Some(rest) if PATHS.iter().any(|path| rest.starts_with(path)) => {
                let message = "the path that this refers to begins with /Workspace already";
                let advice = "take /Workspace away in front of the reference";
                findings.add(Rule::WorkspacePrefix, format!("workspace.{field}"), value, message, advice);
                format!("${{workspace.{rest}")
            }
            _ => expanded(text, user),
        };
        *value = Value::text(text).at(value.place.clone());
    }
    let short_name = user.short_name();
    let current_user = Value::map([
        ("domain_friendly_name", Value::text(short_name.replace('_', "-"))),
        ("short_name", Value::text(short_name)),
        ("userName", Value::text(user.user_name.clone())),
        ("displayName", Value::text(user.display_name.clone().unwrap_or_default())),
    ]);
    workspace.set("current_user", current_user);
}

/// The paths once references are in: absolute, below `/Workspace` or `/Volumes`.
pub(crate) fn finish_paths(root: &mut Value, user: &User) {
    for field in PATHS {
        if let Some(value) = root.get_mut(&["workspace", field])
            && let Some(text) = value.as_text()
        {
            let whole = expanded(text, user);
            let trimmed = whole.trim_end_matches('/');
            *value = Value::text(trimmed).at(value.place.clone());
        }
    }
}

fn expanded(path: &str, user: &User) -> String {
    let has_place = |path: &str| {
        ["/Workspace", "/Volumes"]
            .iter()
            .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/Workspace/Users/{}{rest}", user.user_name),
        _ if path.starts_with('/') && !has_place(path) => format!("/Workspace{path}"),
        _ => path.to_owned(),
    }
}

/// Only artifacts may lie in a volume.
pub(crate) fn check_volumes(root: &Value, findings: &mut Findings) {
    for field in PATHS {
        let Some(value) = root.get(&["workspace", field]) else { continue };
        let Some(text) = value.as_text().filter(|text| text.starts_with("/Volumes")) else { continue };
        let path = format!("workspace.{field}");
        // A volume is named by catalog, schema and volume.
        if field != "artifact_path" {
            let message = format!("`{field}` lies in a volume, and only artifacts may");
            findings.add(Rule::VolumePath, path, value, message, "choose a path below /Workspace");
        } else if text.split('/').skip(2).filter(|part| !part.is_empty()).count() < 3 {
            let message = format!("{text} names no volume");
            let advice = "write /Volumes/<catalog>/<schema>/<volume>/…";
            findings.add(Rule::ArtifactVolume, path, value, message, advice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_of_letters_and_digits() {
        let principal = "11111111-2222-3333-4444-555555555555";
        for (user_name, display_name, expect) in [
            ("Ann.Lee@example.com", None, "ann_lee"),
            ("ann+x--y@example.com", Some("Ann"), "ann_x_y"),
            ("JÖRG.Ščepan_ŸŁ@example.com", None, "jörg_ščepan_ÿł"),
            ("Ирина«Ёлкина»@example.com", None, "ирина_ёлкина"),
            ("山田 太郎@example.com", None, "山田_太郎"),
            ("__a__b__@example.com", None, "a_b"),
            (principal, Some("Deploy Bot #1"), "deploy_bot_1"),
            (principal, None, "11111111_2222_3333_4444_555555555555"),
        ] {
            let user = User {
                user_name: user_name.to_owned(),
                display_name: display_name.map(str::to_owned),
                groups: Vec::new(),
            };
            assert_eq!(user.short_name(), expect);
            assert_eq!(user.is_service_principal(), user_name == principal);
        }
    }
}
