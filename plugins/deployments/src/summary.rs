//! bundle_summary.

use bricklayer_databricks::show::{link, workspace_link};
use bricklayer_deployer::{Standing, summary};
use bricklayer_sdk::{Failure, Platform};

use crate::opened::{self, Asked};
use crate::remote::Remote;
use crate::types;

/// Resources that the text names.
const MAX_TOLD: usize = 200;

/// Sums a bundle up.
///
/// # Errors
/// A bundle with errors, a state that cannot be read.
pub(crate) fn sum_up(
    platform: &impl Platform,
    request: types::BundleSummaryRequest,
) -> Result<types::SummedBundle, Failure> {
    let asked = Asked { path: request.bundle_path, target: request.target, variables: request.variables };
    let opened = opened::good(platform, asked)?;
    let bundle = &opened.bundle;
    let remote = Remote::new(platform, bundle, false);
    let summed = summary(&remote, bundle).map_err(|fault| remote.failure(fault))?;
    let resources: Vec<types::SummedResource> = summed
        .into_iter()
        .map(|one| types::SummedResource {
            key: format!("{}.{}", one.kind, one.key),
            name: one.name,
            standing: match one.standing {
                Standing::Deployed => types::Standing::Deployed,
                Standing::New => types::Standing::New,
                Standing::Removed => types::Standing::Removed,
            },
            id: one.id,
            link: one.page.and_then(|page| workspace_link(platform, &format!("/{page}"))),
        })
        .collect();
    let mut summary = types::SummedBundle {
        text: String::new(),
        name: bundle.name.clone(),
        target: bundle.target.clone(),
        user: opened.me.user_name.clone(),
        root_path: bundle.workspace_path("root_path").to_owned(),
        resources,
    };
    summary.text = text(&summary);
    Ok(summary)
}

fn text(summary: &types::SummedBundle) -> String {
    let mut text =
        format!("**{}**, target `{}`, of {}, at {}.", summary.name, summary.target, summary.user, summary.root_path);
    if summary.resources.is_empty() {
        text.push_str("\nIt has no resources.");
    }
    for one in summary.resources.iter().take(MAX_TOLD) {
        let name = if one.name.is_empty() { String::new() } else { format!(" “{}”", one.name) };
        let said = match (one.standing, &one.id) {
            (types::Standing::Deployed, Some(id)) => id.clone(),
            (types::Standing::Removed, Some(id)) => format!("{id}; in the bundle no more, the next deploy deletes it"),
            _ => "not deployed yet".to_owned(),
        };
        text.push_str(&format!("\n- {}{name}: {said}", link(&one.key, one.link.as_deref())));
    }
    if summary.resources.len() > MAX_TOLD {
        text.push_str(&format!("\n- and {} more", summary.resources.len() - MAX_TOLD));
    }
    text
}
