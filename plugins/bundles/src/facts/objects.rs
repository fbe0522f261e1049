//! What the paths in settings name.

use std::collections::BTreeSet;

use bricklayer_databricks::tree;
use bricklayer_generator::{Language, Object, Objects, Stored, Wanted, WorkspacePath};
use bricklayer_sdk::{Failure, Platform};

use super::Missing;

/// Objects of one folder that go along: protects the call's memory and the project.
const MAX_BELOW: usize = 1_000;

/// How a notebook says that it is stored as `.ipynb`.
const JUPYTER: &str = "JUPYTER";

/// The objects at these paths. What cannot be looked at is left, with the reason; what is below a folder and cannot be is
/// told.
pub(crate) fn objects(platform: &impl Platform, wanted: &BTreeSet<Wanted>, missing: &mut Vec<Missing>) -> Objects {
    let (folders, single): (Vec<_>, Vec<_>) = wanted.iter().partition(|wanted| wanted.folder);
    let paths: Vec<String> = single.iter().map(|wanted| wanted.path.as_str().to_owned()).collect();
    let mut objects = Objects::new();
    for (wanted, found) in single.into_iter().zip(tree::statuses(platform, &paths)) {
        let object = found.map_or_else(|failure| Object::Left(in_short(&failure)), |found| object(&found));
        objects.insert(wanted.path.clone(), object);
    }
    for folder in folders {
        objects.insert(folder.path.clone(), whole_folder(platform, &folder.path, missing));
    }
    objects
}

/// What an object is to a bundle.
pub(super) fn object(found: &tree::Object) -> Object {
    match found.object_type.as_str() {
        "NOTEBOOK" => match found.language.as_deref().and_then(Language::parse) {
            Some(language) => {
                let jupyter = found.repos_export_format.as_deref() == Some(JUPYTER);
                Object::Notebook { language, stored: if jupyter { Stored::Jupyter } else { Stored::Source } }
            }
            None => Object::Left("the workspace does not say its language".to_owned()),
        },
        "FILE" | "DESIGNER_FILE" => Object::File,
        other => Object::Left(format!("it is a {other}")),
    }
}

fn whole_folder(platform: &impl Platform, path: &WorkspacePath, missing: &mut Vec<Missing>) -> Object {
    let found = match tree::list(platform, path.as_str(), true, MAX_BELOW) {
        Ok(found) => found,
        Err(failure) => return Object::Left(in_short(&failure)),
    };
    missing.extend(found.failed.iter().map(|(folder, why)| Missing { what: folder.clone(), why: why.clone() }));
    if !found.whole {
        return Object::Left(format!("it has more than {MAX_BELOW} objects"));
    }
    let below = found.objects.iter().filter(|object| !object.is_folder());
    let below = below.filter_map(|found| Some((WorkspacePath::parse(&found.path)?, object(found))));
    Object::Folder(below.collect())
}

/// The first line of a failure: the rest is advice for a call that fails as a whole.
pub(crate) fn in_short(failure: &Failure) -> String {
    failure.message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    #[test]
    fn what_cannot_be_looked_at_is_left_with_the_reason() {
        let status = |path: &str| format!("GET /api/2.0/workspace/get-status?path=%2F{path}&return_export_info=true");
        let script = Script::new()
            .on(
                &status("a"),
                200,
                r#"{"object_type":"NOTEBOOK","path":"/a","language":"SQL","repos_export_format":"JUPYTER"}"#,
            )
            .on(&status("b"), 200, r#"{"object_type":"FILE","path":"/b"}"#)
            .on(&status("c"), 404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Path (/c) doesn't exist."}"#)
            .on(&status("d"), 200, r#"{"object_type":"LIBRARY","path":"/d"}"#)
            .on("GET /api/2.0/workspace/list?path=%2Ff", 200, r#"{"objects":[{"path":"/f/g","object_type":"FILE"}]}"#);
        let wanted = ["a", "b", "c", "d"].map(|name| Wanted { path: path(&format!("/{name}")), folder: false });
        let wanted = wanted.into_iter().chain([Wanted { path: path("/f"), folder: true }]).collect();
        let found = objects(&script, &wanted, &mut Vec::new());
        let expected = [
            (path("/a"), Object::Notebook { language: Language::Sql, stored: Stored::Jupyter }),
            (path("/b"), Object::File),
            (path("/c"), Object::Left("RESOURCE_DOES_NOT_EXIST: Path (/c) doesn't exist. (HTTP 404)".to_owned())),
            (path("/d"), Object::Left("it is a LIBRARY".to_owned())),
            (path("/f"), Object::Folder(vec![(path("/f/g"), Object::File)])),
        ];
        assert_eq!(found, Objects::from(expected));
        script.done();
    }
}
