//! What a plugin asks for, in plain words, for the person who decides.

use crate::{Audience, FilesGrant, HttpRule, Manifest};

impl Manifest {
    /// One sentence for each power that the plugin asks for; empty when it asks for none.
    #[must_use]
    pub fn requests_in_words(&self) -> Vec<String> {
        let grants = &self.grants;
        let mut sentences: Vec<String> = grants.http.iter().map(http).collect();
        match grants.files {
            FilesGrant::None => {}
            FilesGrant::Read => sentences.push("Read every file in the project's folder.".to_owned()),
            FilesGrant::ReadWrite => {
                sentences.push("Read, change, create and delete files in the project's folder.".to_owned());
            }
        }
        if grants.state {
            sentences.push("Keep a small store of its own for each project.".to_owned());
        }
        sentences
    }
}

fn http(rule: &HttpRule) -> String {
    let whom = match &rule.audience {
        Audience::Workspace => "your workspace".to_owned(),
        Audience::Host(host) => format!("{host} on the internet"),
    };
    let methods: Vec<&str> = rule.methods.iter().map(|method| method.as_str()).collect();
    let paths: Vec<String> = rule.paths.iter().map(|path| format!("`{}`", path.as_str())).collect();
    let identity = if rule.credential { "with your identity" } else { "without your identity" };
    format!("Send {} requests to {whom}, {identity}, under {}.", methods.join(", "), paths.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_power_has_its_sentence() {
        let manifest = Manifest::parse(
            r#"
            name = "x"
            version = "1.0.0"
            description = "d"
            wit = "a:b"
            [grants]
            files = "read-write"
            state = true
            [[grants.http]]
            audience = "workspace"
            methods = ["GET"]
            paths = ["/api/2.0/sql/**"]
            credential = true
            "#,
        )
        .unwrap();
        assert_eq!(
            manifest.requests_in_words(),
            [
                "Send GET requests to your workspace, with your identity, under `/api/2.0/sql/**`.",
                "Read, change, create and delete files in the project's folder.",
                "Keep a small store of its own for each project.",
            ]
        );
    }
}
