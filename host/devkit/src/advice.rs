//! From what a check or a tool says to what an author does about it.

use bricklayer_package::{Advice, Language, Outline, PackageError, Severity, review_for_author};

use crate::{Problem, Project, template};

/// What a package error means in a plugin's folder.
pub(crate) fn package(error: &PackageError, project: &Project) -> Problem {
    let problem = Problem::new(error.to_string());
    match error {
        PackageError::UnknownTool(tool) => {
            let known = project.tool_names().join(", ");
            problem.fix(format!(
                "tools are functions of wit/, in snake case. It has: {known}. Rename [tools.{tool}] in plugin.toml, or write the function"
            ))
        }
        PackageError::CoreModule => problem.fix("[build] output must name a component, and not a core module"),
        PackageError::Wit(text) => match wit_fix(text, project) {
            Some(fix) => problem.fix(fix),
            None => problem,
        },
        _ => problem,
    }
}

/// Usual mistakes in WIT.
fn wit_fix(text: &str, project: &Project) -> Option<String> {
    let contract = template::contract_version();
    if text.contains("bricklayer:host") && (text.contains("not found") || text.contains("unknown")) {
        return Some(format!(
            "put the contract into wit/deps/bricklayer-host/host.wit and name its version as it stands there; this \
             toolkit's is {contract}: `bricklayer plugin new` writes it"
        ));
    }
    if text.contains("is defined more than once") {
        return Some(
            "a function and a type of one interface cannot share a name: call one of them otherwise".to_owned(),
        );
    }
    if text.contains("none of the given files is the package") {
        let wanted = project.manifest.wit.as_ref().map(ToString::to_string).unwrap_or_default();
        return Some(format!("begin wit/world.wit with `package {wanted};`, or correct `wit` in plugin.toml"));
    }
    None
}

/// What WIT and manifest give to mend. An outline imports all that its world offers, so what it imports says nothing
/// of what the plugin will use.
pub(crate) fn of_outline(outline: &Outline) -> Vec<Advice> {
    let mut advice = review_for_author(&outline.packed.contents);
    advice.retain(|advice| !advice.what.starts_with(ABOUT_IMPORTS));
    undocumented_tools_are_errors(&mut advice);
    advice
}

/// What a built package gives to mend. Interpreters import the whole world, used or not.
pub(crate) fn of_package(advice: &[Advice], project: &Project) -> Vec<Advice> {
    let whole_world = !matches!(project.language(), Ok(Language::Rust));
    let mut advice = advice.to_vec();
    advice.retain(|advice| !(whole_world && advice.what.starts_with(ABOUT_IMPORTS)));
    undocumented_tools_are_errors(&mut advice);
    advice
}

/// How [`review_for_author`] begins what it says of interfaces that a component imports and does not ask grants for.
const ABOUT_IMPORTS: &str = "the component imports ";

/// A model cannot use what nobody explains: for a plugin's own author that is a mistake and not a blemish.
fn undocumented_tools_are_errors(advice: &mut [Advice]) {
    for advice in advice.iter_mut().filter(|advice| advice.what.contains("is not documented; a model has to guess")) {
        advice.severity = Severity::Error;
    }
    advice.sort();
}
