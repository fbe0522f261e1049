//! What can be said of a bundle without a workspace, beside the form of its values. A file is a subject.

mod clusters;
mod graph;
mod jobs;
mod names;
mod resources;
mod schedules;
mod secrets;
mod settings;
mod tasks;
mod variables;
mod version;

pub(crate) use graph::{dependencies, texts};
pub(crate) use secrets::check_values as check_secret_values;
pub(crate) use settings::check as check_settings;
pub(crate) use variables::{check_unused, used};

use crate::fields::Fields;
use crate::finding::Findings;
use crate::value::Value;

/// Looks at a bundle whose references are in, before anything is added to it.
pub(crate) fn check_written(root: &Value, findings: &mut Findings) {
    resources::check(root, findings);
    clusters::check(root, findings);
    jobs::check(root, findings);
    schedules::check(root, findings);
    secrets::check_texts(root, findings);
}

/// Looks at a bundle with all that is added to it.
pub(crate) fn check_whole(root: &Value, table: &Fields, findings: &mut Findings) {
    graph::check(root, table, findings);
    names::check(root, findings);
}
