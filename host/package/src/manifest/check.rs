//! What a manifest may say beyond its form: ranges, lengths, combinations.

use super::{MAX_TIME_LIMIT_SECONDS, Manifest, ManifestError, RequestedLimits, ToolEntry, is_version};
use crate::text::is_tricky;
use crate::{
    Audience, DEFAULT_CPU_SECONDS, DEFAULT_MEMORY_MIB, DEFAULT_TRANSFER_GIB, HttpRule, MAX_CPU_SECONDS, MAX_MEMORY_MIB,
    MAX_TRANSFER_GIB, Method,
};

/// Most HTTP rules of one plugin, and most entries of one rule; a person has to be able to judge them.
const MAX_RULES: usize = 64;

/// Most powers that all rules together ask for: methods times paths, which a person sees one by one.
const MAX_POWERS: usize = 512;

/// Longest address or file name in a manifest, in bytes.
const MAX_NAME_BYTES: usize = 500;

/// Longest description of a tool or parameter in a manifest, in bytes; a model reads all of them.
const MAX_DESCRIPTION_BYTES: usize = 4 * 1024;

/// Longest title of a tool, in characters: a few words beside a mark.
const MAX_TITLE_CHARS: usize = 60;

impl Manifest {
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        if !is_version(&self.version) {
            return Err(fault("version", "not a semantic version such as 1.0.0"));
        }
        let line = |field: &str, text: &str, max: usize| {
            if text.chars().count() > max || text.chars().any(|c| c.is_control() || is_tricky(c)) {
                return Err(fault(field, &format!("must be one line of at most {max} characters")));
            }
            Ok(())
        };
        line("description", &self.description, 500)?;
        line("licence", &self.licence, 200)?;
        if self.authors.len() > MAX_RULES {
            return Err(fault("authors", "more than 64 entries"));
        }
        for author in &self.authors {
            line("authors", author, 200)?;
        }
        if self.grants.http.len() > MAX_RULES {
            return Err(fault("grants.http", "more than 64 rules"));
        }
        for (index, rule) in self.grants.http.iter().enumerate() {
            let field = |name: &str| format!("grants.http[{index}].{name}");
            if rule.methods.is_empty() || rule.methods.len() > MAX_RULES {
                return Err(fault(&field("methods"), "between 1 and 64 methods are needed"));
            }
            if rule.paths.is_empty() || rule.paths.len() > MAX_RULES {
                return Err(fault(&field("paths"), "between 1 and 64 paths are needed"));
            }
            if rule.credential && rule.audience != Audience::Workspace {
                return Err(fault(&field("credential"), "only the audience `workspace` gets the caller's credential"));
            }
        }
        if self.previews.posts.len() > MAX_RULES {
            return Err(fault("previews.posts", "more than 64 paths"));
        }
        for path in &self.previews.posts {
            let asks = |rule: &&HttpRule| rule.methods.contains(&Method::Post) && rule.paths.contains(path);
            if !self.grants.http.iter().any(|rule| asks(&rule)) {
                let path = String::from(path.clone());
                let reason = format!("no rule of grants.http asks for POST to {path}; write it there as here");
                return Err(fault("previews.posts", &reason));
            }
        }
        let asked: usize = self.grants.http.iter().map(|rule| rule.methods.len() * rule.paths.len()).sum();
        if asked > MAX_POWERS {
            return Err(fault("grants.http", "more than 512 pairs of a method and a path; use wider paths"));
        }
        if self.omit.len() > MAX_RULES {
            return Err(fault("omit", "more than 64 entries"));
        }
        self.limits.check()?;
        self.check_names()?;
        for (tool, entry) in &self.tools {
            entry.check(tool)?;
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), ManifestError> {
        if let Some(homepage) = &self.homepage
            && (homepage.len() > MAX_NAME_BYTES
                || !homepage.starts_with("https://")
                || !homepage.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\')))
        {
            return Err(fault("homepage", "must be an address that begins with https://, of at most 500 bytes"));
        }
        if let Some(icon) = &self.icon {
            file_name("icon", icon)?;
            if !icon.ends_with(".png") && !icon.ends_with(".svg") {
                return Err(fault("icon", "must be a file that ends with .png or .svg"));
            }
        }
        if let Some(readme) = &self.readme {
            file_name("readme", readme)?;
        }
        if let Some(output) = self.build.as_ref().and_then(|build| build.output.as_ref()) {
            file_name("build.output", output)?;
        }
        Ok(())
    }
}

impl RequestedLimits {
    fn check(self) -> Result<(), ManifestError> {
        let range = |field: &str, asked: Option<u32>, default: u32, max: u32, unit: &str| match asked {
            Some(amount) if amount <= default || amount > max => Err(fault(
                field,
                &format!(
                    "must be between {} and {max}; {default} {unit} are given without asking, so leave it out when \
                     they do",
                    default + 1
                ),
            )),
            _ => Ok(()),
        };
        range("limits.memory-mib", self.memory_mib, DEFAULT_MEMORY_MIB, MAX_MEMORY_MIB, "MiB")?;
        range("limits.cpu-seconds", self.cpu_seconds, DEFAULT_CPU_SECONDS, MAX_CPU_SECONDS, "seconds")?;
        range("limits.transfer-gib", self.transfer_gib, DEFAULT_TRANSFER_GIB, MAX_TRANSFER_GIB, "GiB")
    }
}

impl ToolEntry {
    fn check(&self, tool: &str) -> Result<(), ManifestError> {
        let field = |name: &str| format!("tools.{tool}.{name}");
        if self.time_limit_seconds.is_some_and(|limit| limit == 0 || limit > MAX_TIME_LIMIT_SECONDS) {
            return Err(fault(&field("time-limit-seconds"), "must be between 1 and 900"));
        }
        if self.read_only && self.destructive {
            return Err(fault(&field("destructive"), "a read-only tool cannot be destructive"));
        }
        if self.read_only && !self.resources().is_empty() {
            return Err(fault(&field("creates"), "a read-only tool makes, renames and deletes nothing"));
        }
        if let Some(title) = &self.title
            && (title.trim().is_empty()
                || title.chars().count() > MAX_TITLE_CHARS
                || title.chars().any(|c| c.is_control() || is_tricky(c)))
        {
            return Err(fault(&field("title"), "must be one line of 1 to 60 characters"));
        }
        let texts = self.description.iter().map(|text| ("description", text));
        for (name, text) in texts.chain(self.parameters.values().map(|text| ("parameters", text))) {
            if text.len() > MAX_DESCRIPTION_BYTES || text.chars().any(is_tricky) {
                return Err(fault(&field(name), "must be text of at most 4096 bytes"));
            }
        }
        Ok(())
    }
}

/// A file below the plugin's folder, in one spelling for every system.
fn file_name(field: &str, name: &str) -> Result<(), ManifestError> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':');
    if name.len() > MAX_NAME_BYTES || name.contains(odd) || !name.split('/').all(plain) {
        return Err(fault(field, "must be a file below the plugin's folder, such as `assets/icon.png`"));
    }
    Ok(())
}

pub(crate) fn fault(field: &str, reason: &str) -> ManifestError {
    ManifestError::Value { field: field.to_owned(), reason: reason.to_owned() }
}
