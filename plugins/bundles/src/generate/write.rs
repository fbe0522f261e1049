//! From a source of facts to files of the project.

use bricklayer_databricks::remote_path::join;
use bricklayer_generator::{Object, Plan, Source, WorkspacePath, plan};
use bricklayer_sdk::{Failure, Kind, Platform};

use crate::facts::{Missing, in_short};
use crate::staging::Staging;
use crate::types;

/// Times that a bundle is planned anew because something did not come.
const MAX_PLANS: usize = 3;

/// Files and notes of an answer, and how many of the notes its text repeats.
const MAX_FILES: usize = 200;
const MAX_NOTES: usize = 100;
const MAX_TOLD: usize = 10;

/// Plans a bundle, fetches what it holds, and writes it. What cannot be fetched stays where it is and is told.
pub(super) fn bundle(
    platform: &impl Platform,
    mut source: Source,
    mut staging: Staging,
    force: bool,
    mut missing: Vec<Missing>,
) -> Result<types::GeneratedBundle, Failure> {
    let mut planned = plan(&source);
    for _ in 0..MAX_PLANS {
        if planned.resources.is_empty() {
            return Err(nothing(&planned, &missing));
        }
        staging.refuse_existing(&planned.files, &planned.fetches, force)?;
        let failed = staging.fetch(platform, &planned.fetches);
        if failed.is_empty() {
            break;
        }
        for (path, failure) in failed {
            leave(&mut source, &path, &in_short(&failure));
        }
        planned = plan(&source);
    }
    let files = staging.place(&planned.files, &planned.fetches, force)?;
    missing.extend(
        planned
            .left
            .iter()
            .map(|left| Missing { what: format!("{} ({})", left.path, left.place), why: left.why.clone() }),
    );
    Ok(answer(&source, &planned, staging.target(), files, missing))
}

/// Marks an object as one that stays where it is, also within a folder.
fn leave(source: &mut Source, path: &WorkspacePath, why: &str) {
    for (known, object) in &mut source.objects {
        if known == path {
            *object = Object::Left(why.to_owned());
        } else if let Object::Folder(below) = object {
            for (_, inner) in below.iter_mut().filter(|(inner, _)| inner == path) {
                *inner = Object::Left(why.to_owned());
            }
        }
    }
}

fn nothing(planned: &Plan, missing: &[Missing]) -> Failure {
    let why = planned.notes.iter().map(|note| format!("{} {}", note.about, note.text));
    let why: Vec<String> =
        why.chain(missing.iter().map(|one| format!("{}: {}", one.what, one.why))).take(MAX_TOLD).collect();
    Failure::new(
        Kind::InvalidInput,
        format!("there is nothing to make a bundle of; nothing was written\n{}", why.join("\n")),
    )
}

fn answer(
    source: &Source,
    planned: &Plan,
    folder: &str,
    files: Vec<String>,
    missing: Vec<Missing>,
) -> types::GeneratedBundle {
    let name = source.name.as_str();
    let resources: Vec<_> = planned
        .resources
        .iter()
        .map(|resource| types::BundleResource {
            kind: resource.kind.word().to_owned(),
            key: resource.key.clone(),
            name: resource.name.clone(),
            file: join(folder, &resource.file).trim_start_matches('/').to_owned(),
        })
        .collect();
    let notes: Vec<String> = planned.notes.iter().map(|note| format!("{}: {}", note.about, note.text)).collect();
    let shown = if folder.is_empty() { "the project's folder" } else { folder };
    let mut text = format!("The bundle **{name}** is in `{shown}`: {} files.\n", files.len());
    for resource in &resources {
        text.push_str(&format!("\n- {} `{}` in `{}`", resource.kind, resource.key, resource.file));
    }
    let needed: Vec<_> =
        planned.variables.iter().filter(|variable| variable.needed).map(|variable| variable.name.as_str()).collect();
    if !needed.is_empty() {
        text.push_str(&format!(
            "\n\nWhoever deploys gives values for {}: secrets are not in the bundle.",
            needed.join(", ")
        ));
    }
    list(&mut text, "Not in the bundle", missing.iter().map(|one| format!("{}: {}", one.what, one.why)).collect());
    list(&mut text, "To look at", notes.clone());
    types::GeneratedBundle {
        text,
        name: name.to_owned(),
        folder: folder.to_owned(),
        file_count: files.len() as u32,
        files: files.into_iter().take(MAX_FILES).collect(),
        resources,
        variables: planned
            .variables
            .iter()
            .map(|variable| types::BundleVariable {
                name: variable.name.clone(),
                description: variable.description.clone(),
                needed: variable.needed,
            })
            .collect(),
        notes: notes.into_iter().take(MAX_NOTES).collect(),
        complete: missing.is_empty(),
        skipped: missing.into_iter().map(|one| types::LeftOut { what: one.what, why: one.why }).collect(),
    }
}

fn list(text: &mut String, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n\n{title}:"));
    for line in lines.iter().take(MAX_TOLD) {
        text.push_str(&format!("\n- {line}"));
    }
    if lines.len() > MAX_TOLD {
        text.push_str(&format!("\n- and {} more", lines.len() - MAX_TOLD));
    }
}
