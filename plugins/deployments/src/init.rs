//! init_bundle.

use bricklayer_bundle::User;
use bricklayer_databricks::current_user::me;
use bricklayer_databricks::project_file::write_text;
use bricklayer_databricks::remote_path::{join, project_path};
use bricklayer_databricks::show::address;
use bricklayer_sdk::{Failure, Platform};

use self::files::{Spec, files};
use crate::types;
use crate::work::uuid;

mod files;

/// Characters of a name.
const MAX_NAME_CHARS: usize = 100;

/// Begins a bundle.
///
/// # Errors
/// A name that is none, files that are there already, a workspace that does not say who the caller is.
pub(crate) fn init(platform: &impl Platform, request: types::InitBundleRequest) -> Result<types::BegunBundle, Failure> {
    let template = request.template.unwrap_or(types::BundleTemplate::DefaultMinimal);
    let name = request.project_name.trim();
    check_name("project_name", name, template == types::BundleTemplate::DefaultSql)?;
    let catalog = request.catalog.as_deref().map_or("main", str::trim);
    check_name("catalog", catalog, true)?;
    let warehouse = request.warehouse.as_deref().map(str::trim).filter(|name| !name.is_empty());
    if template == types::BundleTemplate::DefaultSql && warehouse.is_none() {
        return Err(Failure::invalid("warehouse", "default-sql needs the name of a warehouse"));
    }
    let folder = project_path("folder", request.folder.as_deref().unwrap_or(name))?;
    let me = me(platform)?;
    let user = User { user_name: me.user_name.clone(), display_name: me.display_name, groups: Vec::new() };
    let (python, lakeflow) =
        (template == types::BundleTemplate::DefaultPython, template == types::BundleTemplate::LakeflowPipelines);
    let spec = Spec {
        template,
        name,
        catalog,
        personal_schemas: request.personal_schemas != Some(false),
        has_job: request.include_job.unwrap_or(python),
        has_pipeline: request.include_pipeline.unwrap_or(python || lakeflow),
        is_sql: request.language == Some(types::PipelineLanguage::Sql),
        warehouse,
        host: platform.context().workspace_host.map(|host| address(&host)),
        user: &user.user_name,
        uuid: uuid(),
    };
    let files = files(&spec);
    let project = platform.project();
    let place = |path: &str| if folder.is_empty() { path.to_owned() } else { join(&folder, path) };
    let overwrite = request.overwrite == Some(true);
    let there: Vec<&str> =
        files.iter().map(|(path, _)| path.as_str()).filter(|path| project.join(place(path)).exists()).collect();
    if !there.is_empty() && !overwrite {
        let message = format!("{} is there already; nothing was written", there.join(", "));
        return Err(
            Failure::invalid("overwrite", message).advise("Name another folder, or set overwrite to replace it.")
        );
    }
    for (path, text) in &files {
        write_text(&project, &place(path), text, overwrite)?;
    }
    let written: Vec<String> = files.iter().map(|(path, _)| place(path)).collect();
    let shown = if folder.is_empty() { "the project's folder" } else { folder.as_str() };
    let text = format!(
        "The bundle **{name}** is in `{shown}`:\n{}\n\nvalidate_bundle checks it, plan_bundle and deploy_bundle deploy it to `dev`.",
        written.iter().map(|path| format!("- {path}")).collect::<Vec<_>>().join("\n")
    );
    Ok(types::BegunBundle { text, name: name.to_owned(), folder, files: written })
}

/// Names that stand in paths, keys and names of the workspace as they are.
fn check_name(field: &str, name: &str, with_dashes: bool) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || with_dashes && c == '-';
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(fits);
    if is_name && name.len() <= MAX_NAME_CHARS && !name.ends_with(['-', '_']) {
        return Ok(());
    }
    let dashes = if with_dashes { ", dashes" } else { "" };
    let rule = format!(
        "must begin with a letter, hold letters, digits{dashes} and underscores, and end with a letter or digit"
    );
    Err(Failure::invalid(field, format!("{rule}; is {name:?}")))
}

#[cfg(test)]
mod tests;
