//! What a tool's calls give another name at the far end: what stands in a project's list goes by the new one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::told::{CallValues, ResourceType, Template, ToldType, address, is_id, says_no, shown_name};
use crate::ToolOutcome;

/// That a tool's calls can give a resource another name. A call whose values have neither a new name nor a new id has
/// renamed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renames {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ToldType,
    /// The id that it was made with, or has had since it was renamed last.
    pub id: Template,
    /// Its id from now on, where that is its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Template>,
    /// What people call it from now on; its new id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Template>,
    /// Where people see it from now on; without one the address stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Template>,
    /// A field of the result that says whether this call changed it; without one each call that succeeds did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// A resource with another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenamedResource {
    /// What it is.
    pub kind: ResourceType,
    /// Its id so far.
    pub id: String,
    /// Its id from now on; mostly the same.
    pub to: String,
    /// What people call it from now on.
    pub name: String,
    /// Where people see it from now on, when the call told it.
    pub link: Option<String>,
}

impl Renames {
    pub(super) fn renamed(&self, input: &Value, outcome: &ToolOutcome) -> Option<RenamedResource> {
        let values = CallValues { input, result: outcome.structured.as_ref() };
        if outcome.is_error() || says_no(self.when.as_deref(), &values) {
            return None;
        }
        let told = |template: &Option<Template>| template.as_ref().and_then(|template| template.of(&values));
        let (kind, id, to) = (self.kind.of(input)?, self.id.of(&values)?, told(&self.to));
        let name = shown_name(&told(&self.name).or_else(|| to.clone())?);
        let to = to.unwrap_or_else(|| id.clone());
        let link = address(self.link.as_ref(), &values);
        is_id(&to).then_some(RenamedResource { kind, id, to, name, link })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ToolErrorKind, ToolFailure};

    fn renamed(renames: Value, input: Value, result: Value) -> Option<(String, String, String)> {
        let renames: Renames = serde_json::from_value(renames).unwrap();
        let outcome = ToolOutcome { structured: Some(result), ..ToolOutcome::default() };
        let found = renames.renamed(&input, &outcome)?;
        let failed = ToolOutcome::failed(ToolFailure::new(ToolErrorKind::NotFound, "there is none"));
        assert_eq!(renames.renamed(&input, &failed), None);
        Some((found.id, found.to, found.name))
    }

    #[test]
    fn a_name_is_new_where_the_call_says_one() {
        let job = json!({"type": "job", "id": "{job_id}", "name": "{settings.name}"});
        let changed = |settings| renamed(job.clone(), json!({"job_id": 7, "settings": settings}), json!({"job_id": 7}));
        let is = |id: &str, to: &str, name: &str| Some((id.to_owned(), to.to_owned(), name.to_owned()));
        assert_eq!(changed(json!({"name": "second"})), is("7", "7", "second"));
        for without in [json!({}), json!(null), json!("text"), json!({"name": ""}), json!({"name": ["a"]})] {
            assert_eq!(changed(without.clone()), None, "{without}");
        }
        let object = json!({"type": "{kind}", "id": "{old_name}", "to": "{name}", "when": "changed"});
        let input = json!({"kind": "external-location", "name": "`a`"});
        let told = |result| renamed(object.clone(), input.clone(), result);
        assert_eq!(told(json!({"name": "b", "old_name": "a", "changed": true})), is("a", "b", "b"));
        assert_eq!(told(json!({"name": "a", "old_name": null, "changed": true})), None);
        assert_eq!(told(json!({"name": "b", "old_name": "a", "changed": false})), None);
        assert_eq!(told(json!({"name": "b\n", "old_name": "a", "changed": true})), None, "no id");
    }
}
