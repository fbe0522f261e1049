//! The texts of a bundle's own files.

mod readme;
mod root;

pub(crate) use readme::readme;
pub(crate) use root::root;

use serde_json::{Value, json};

use crate::draft::Draft;
use crate::note::Notes;
use crate::order::ordered;
use crate::plan::{TextFile, VariableNote};
use crate::references::escape;
use crate::source::{Grant, Source};
use crate::variables::{Meaning, Variable, Variables};
use crate::yaml::{Pair, Yaml};

/// What a bundle's folder holds beside the bundle. Patterns begin at the top, so that nothing the bundle holds is passed over.
const IGNORED: &str = ".databricks/\n/.venv/\n/dist/\n/build/\n__pycache__/\n.pytest_cache/\n";

/// The owner's level: each deployment makes who deploys the owner.
const OWNER: &str = "IS_OWNER";

/// Where the file of a resource is.
pub(crate) fn resource_path(draft: &Draft) -> String {
    format!("resources/{}.{}.yml", draft.key, draft.kind.word())
}

/// The file of a resource.
pub(crate) fn resource(draft: &Draft) -> TextFile {
    let mut body = ordered(draft.kind.field(), &Value::Object(draft.settings.clone()));
    explain_order(&mut body, draft);
    let origin = match &draft.id {
        Some(id) => format!("The {} \"{}\" ({id}).", draft.kind.word(), draft.name),
        None => format!("The {} \"{}\".", draft.kind.word(), draft.name),
    };
    let of_kind = Yaml::map([Pair::new(draft.key.as_str(), body)]);
    let resources = Yaml::map([Pair::new(draft.kind.field(), of_kind)]);
    let document = Yaml::map([Pair::new("resources", resources).comment(origin)]);
    TextFile { path: resource_path(draft), text: document.document() }
}

/// Puts the reason why a task comes after another into the line before.
fn explain_order(body: &mut Yaml, draft: &Draft) {
    let Yaml::Map(fields) = body else { return };
    let tasks = fields.iter_mut().find(|pair| pair.key == "tasks");
    let Some(Pair { value: Yaml::List(tasks), .. }) = tasks else { return };
    for (_, task) in tasks {
        let Yaml::Map(task) = task else { continue };
        let Some(key) = text_of(task, "task_key").map(str::to_owned) else { continue };
        let before = task.iter_mut().find(|pair| pair.key == "depends_on");
        let Some(Pair { value: Yaml::List(before), .. }) = before else { continue };
        for (comment, other) in before {
            if let Yaml::Map(other) = other
                && let Some(other) = text_of(other, "task_key")
            {
                *comment = draft.reasons.get(&(key.clone(), other.to_owned())).cloned();
            }
        }
    }
}

fn text_of<'a>(map: &'a [Pair], key: &str) -> Option<&'a str> {
    map.iter().find(|pair| pair.key == key).and_then(|pair| match &pair.value {
        Yaml::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// Permissions as a resource has them in a bundle: without the owner, and without who deploys, whom each deployment adds.
pub(crate) fn permit(draft: &mut Draft, source: &Source, notes: &mut Notes) {
    let told = draft.told();
    let mut written = Vec::new();
    for Grant { principal, level } in draft.grants.clone() {
        let (field, name) = principal.field();
        if source.deployer.as_ref() == Some(&principal) {
            continue;
        }
        if level == OWNER {
            notes.add(&told, format!("{name} owns it; who deploys the bundle will own what it makes"));
            continue;
        }
        let entry = json!({ field: escape(name), "level": level });
        if !written.contains(&entry) {
            written.push(entry);
        }
    }
    if !written.is_empty() {
        draft.settings.insert("permissions".to_owned(), Value::Array(written));
    }
}

/// What a bundle tells of a variable.
pub(crate) fn variable_note(name: &str, variable: &Variable) -> VariableNote {
    let needed = variable.meaning == Meaning::Withheld;
    VariableNote { name: name.to_owned(), description: variable.description.clone(), needed }
}

/// Says what was guessed about variables.
pub(crate) fn explain(variables: &Variables, notes: &mut Notes) {
    for (name, variable) in variables.iter() {
        if variable.targets.values().any(|value| value.starts_with("${")) {
            let guess = "in dev it is each developer's own, in staging the name with _staging, so that neither writes where prod \
                         does; make these schemas or change the names in databricks.yml";
            notes.add(&format!("variable {name}"), guess);
        }
    }
}

/// What Git passes over, and with it each deployment.
pub(crate) fn gitignore() -> TextFile {
    TextFile { path: ".gitignore".to_owned(), text: IGNORED.to_owned() }
}
