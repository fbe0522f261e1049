//! From what a check or a tool says to what an author does about it.

use bricklayer_package::{
    Advice, CatalogueError, Language, Outline, PackageError, Severity, outline, review_for_author,
};

use crate::{Problem, Project, template};

impl Project {
    /// What the plugin will be, from its WIT alone.
    ///
    /// # Errors
    /// WIT that cannot be read, or that offers no usable tools.
    pub fn outline(&self) -> Result<Outline, Problem> {
        if !self.folder.join("wit").is_dir() {
            return Err(Problem::new("there is no folder `wit`")
                .fix("put the plugin's world into wit/world.wit and bricklayer:host into wit/deps; `bricklayer plugin new` shows how"));
        }
        outline(&self.wit(), &self.manifest_text, &self.assets()?).map_err(|error| package(&error, self))
    }
}

/// What a package error means in a plugin's folder: each has a way out.
pub(crate) fn package(error: &PackageError, project: &Project) -> Problem {
    let fix = match error {
        PackageError::UnknownTool(tool) => {
            let known = project.tool_names().join(", ");
            format!(
                "tools are functions of wit/, in snake case. It has: {known}. Rename [tools.{tool}] in plugin.toml, or write the function"
            )
        }
        PackageError::UnknownParameter { tool, parameter } => format!(
            "take {parameter} out of [tools.{tool}.parameters] in plugin.toml, or spell it as the function in wit/ does, in snake case"
        ),
        PackageError::CoreModule => "[build] output must name a component, and not a core module".to_owned(),
        PackageError::NotAComponent(_) => {
            "build with the usual tools of the language, for wasm32-wasip2; [build] output names the .wasm file that they leave"
                .to_owned()
        }
        PackageError::Precompiled(_) => "[build] output must name the .wasm file, and nothing compiled from it".to_owned(),
        PackageError::TooLarge(_) => {
            "leave out libraries and data that the tools do not need; files are read from the project when a tool runs".to_owned()
        }
        PackageError::Section { name, .. } => {
            format!("build the component anew; its section `{name}` is written by `bricklayer plugin build` alone")
        }
        PackageError::NestedSection(_) => "pack the whole after composing, and none of its parts before".to_owned(),
        PackageError::Asset { field, .. } => format!("correct the file that `{field}` in plugin.toml names, or leave `{field}` out"),
        PackageError::Manifest(_) => {
            "correct that line of plugin.toml; `bricklayer plugin new` writes one with every field explained".to_owned()
        }
        PackageError::Catalogue(error) => catalogue_fix(error),
        PackageError::Wordy(tool) => format!("shorten what is written above `{tool}` and its types in wit/"),
        PackageError::Wit(text) => wit_fix(text, project).unwrap_or_else(|| {
            "correct that place in wit/; names are in kebab case (get-forecast), and \
             https://component-model.bytecodealliance.org/design/wit.html has the language"
                .to_owned()
        }),
    };
    Problem::new(error.to_string()).fix(fix)
}

/// The way out of types and functions that make no tools.
fn catalogue_fix(error: &CatalogueError) -> String {
    match error {
        CatalogueError::Decode(_) | CatalogueError::WitPackage => {
            "build a component with the usual tools of the language; [build] output names it".to_owned()
        }
        CatalogueError::NoTools => {
            "write an interface with functions in wit/world.wit, and `export` it in the world".to_owned()
        }
        CatalogueError::Unsupported { tool, what } => {
            let instead = match what.as_str() {
                what if what.contains("async") => "leave `async` out: a call returns when its work is done",
                what if what.contains("map") => {
                    "use list<tuple<string, T>>, or `type json = string` for values of any shape"
                }
                what if what.contains("stream") || what.contains("future") => "return the whole as a list or string",
                what if what.contains("resource") || what.contains("handle") => {
                    "pass an id as a string, and look the thing up in each call"
                }
                _ => "use records, lists, options, enums, variants, numbers, strings, or `type json = string`",
            };
            format!("in the function `{}` of wit/: {instead}", tool.replace('_', "-"))
        }
        CatalogueError::TooLarge { tool } => {
            format!(
                "flatten the types of `{}` in wit/, or take a `json` where their depth has no end",
                tool.replace('_', "-")
            )
        }
        CatalogueError::Duplicate(tool) => {
            format!(
                "rename one of the functions `{}` in wit/, or write omit = [\"interface\"] in plugin.toml",
                tool.replace('_', "-")
            )
        }
        CatalogueError::LongName(_) => {
            "rename the function in wit/, or write omit = [\"function\"] in plugin.toml".to_owned()
        }
        CatalogueError::UnknownOmission(name) => {
            format!("take `{name}` out of omit in plugin.toml, or spell it as the component does")
        }
        CatalogueError::TooMany => {
            "put them into several plugins, or leave some out with omit in plugin.toml".to_owned()
        }
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
    advice.retain(|advice| !advice.what.starts_with(ABOUT_IMPORTS) && !advice.what.contains(CANNOT_USE));
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

/// What [`review_for_author`] says of a request that nothing imported could use. The file system comes with the standard
/// library of each language, and stands in no plugin's own WIT.
const CANNOT_USE: &str = "asks for what the component cannot use";

/// How [`review_for_author`] begins what it says of interfaces that a component imports and does not ask grants for.
const ABOUT_IMPORTS: &str = "the component imports ";

/// A model cannot use what nobody explains: for a plugin's own author that is a mistake and not a blemish.
fn undocumented_tools_are_errors(advice: &mut [Advice]) {
    for advice in advice.iter_mut().filter(|advice| advice.what.contains("is not documented; a model has to guess")) {
        advice.severity = Severity::Error;
    }
    advice.sort();
}
