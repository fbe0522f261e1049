//! What a tool's calls make, rename and delete at the far end. Its author says it, so that nobody else keeps a list of tools.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::renames::{RenamedResource, Renames};
use super::told::{CallValues, ResourceType, Template, ToldType, address, is_id, says_no, shown_name};
use crate::ToolOutcome;

/// What a failure says of a resource that was made before it: `created (job_id 12)`.
const LEFT_BY_FAILURE: &str = "created (";

/// That a tool's calls make a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Creates {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// The id by which the tool that deletes it knows it.
    pub id: Template,
    /// What people call it; its id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Template>,
    /// Where people see it: an address of the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Template>,
    /// A field of the result that says whether this call made it; without one each call that succeeds did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// That a tool's calls delete a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletes {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ToldType,
    /// Its id, the one that it was made with.
    pub id: Template,
    /// A field of the result that says whether it is gone; without one each call that succeeds deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// What a tool's author says of the resources that its calls make, rename and delete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolResources {
    /// What they make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creates: Option<Creates>,
    /// What they give another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renames: Option<Renames>,
    /// What they delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<Deletes>,
}

/// A resource that a call made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeResource {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where people see it: an http or https address.
    pub link: Option<String>,
    /// Whether the call that made it came to a good end; one that did not may have left it half made.
    pub is_whole: bool,
}

/// What one call did to resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceChange {
    /// It made one.
    Made(MadeResource),
    /// It gave one another name.
    Renamed(RenamedResource),
    /// It deleted one.
    Deleted {
        /// What it was.
        kind: ResourceType,
        /// Its id.
        id: String,
    },
}

impl ToolResources {
    /// Whether its calls neither make, nor rename, nor delete anything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.creates.is_none() && self.renames.is_none() && self.deletes.is_none()
    }

    /// What a call did, by what it was given and what came of it.
    #[must_use]
    pub fn changes(&self, input: &Value, outcome: &ToolOutcome) -> Vec<ResourceChange> {
        let made = self.creates.as_ref().and_then(|creates| creates.made(input, outcome)).map(ResourceChange::Made);
        let renamed = self.renames.as_ref().and_then(|renames| renames.renamed(input, outcome));
        let deleted = self.deletes.as_ref().and_then(|deletes| deletes.deleted(input, outcome));
        made.into_iter().chain(renamed.map(ResourceChange::Renamed)).chain(deleted).collect()
    }
}

impl Creates {
    fn made(&self, input: &Value, outcome: &ToolOutcome) -> Option<MadeResource> {
        let values = CallValues { input, result: outcome.structured.as_ref() };
        let id = match &outcome.failure {
            None if says_no(self.when.as_deref(), &values) => return None,
            None => self.id.of(&values)?,
            Some(failure) => self.left_by(&failure.message)?,
        };
        if !is_id(&id) {
            return None;
        }
        let name = self.name.as_ref().and_then(|name| name.of(&values)).unwrap_or_else(|| id.clone());
        let link = address(self.link.as_ref(), &values);
        Some(MadeResource {
            kind: self.kind.clone(),
            id,
            name: shown_name(&name),
            link,
            is_whole: outcome.failure.is_none(),
        })
    }

    /// The id in a failure that says `created (FIELD ID)`, with the field of the id, or `id`.
    fn left_by(&self, message: &str) -> Option<String> {
        let field = self.id.only_field().and_then(<[String]>::last).map_or("id", String::as_str);
        let said = message.split(LEFT_BY_FAILURE).skip(1).filter_map(|rest| rest.split_once(')')?.0.split_once(' '));
        said.filter(|(name, _)| *name == field || *name == "id").map(|(_, id)| id.trim().to_owned()).next()
    }
}

impl Deletes {
    fn deleted(&self, input: &Value, outcome: &ToolOutcome) -> Option<ResourceChange> {
        let values = CallValues { input, result: outcome.structured.as_ref() };
        if outcome.is_error() || says_no(self.when.as_deref(), &values) {
            return None;
        }
        Some(ResourceChange::Deleted { kind: self.kind.of(input)?, id: self.id.of(&values)? })
    }

    /// The arguments of the call that deletes a resource, when things of its type are deleted by this tool and its id is
    /// one argument, whose schema says whether it is a number.
    #[must_use]
    pub fn arguments(&self, kind: &ResourceType, id: &str, input_schema: &Value) -> Option<Value> {
        let [name] = self.id.only_field()? else { return None };
        let properties = input_schema.get("properties")?;
        let said = self.kind.argument_for(kind, properties)?;
        let is_number = properties.get(name)?.get("type").and_then(Value::as_str) == Some("integer");
        let value = if is_number { Value::from(id.parse::<u64>().ok()?) } else { Value::from(id) };
        Some(Value::Object(Map::from_iter([(name.clone(), value)].into_iter().chain(said))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ToolErrorKind, ToolFailure};

    fn resources(json: Value) -> ToolResources {
        serde_json::from_value(json).unwrap()
    }

    fn job() -> ToolResources {
        resources(json!({
            "creates": {"type": "job", "id": "{job_id}", "name": "{name}", "link": "{link}", "when": "created"},
            "deletes": {"type": "job", "id": "{job_id}"},
        }))
    }

    fn outcome(structured: Value) -> ToolOutcome {
        ToolOutcome { structured: Some(structured), ..ToolOutcome::default() }
    }

    fn made(resources: &ToolResources, input: Value, outcome: &ToolOutcome) -> Option<MadeResource> {
        resources.changes(&input, outcome).into_iter().find_map(|change| match change {
            ResourceChange::Made(made) => Some(made),
            ResourceChange::Renamed(_) | ResourceChange::Deleted { .. } => None,
        })
    }

    #[test]
    fn a_resource_is_what_the_result_and_the_arguments_say() {
        let link = "https://w.example/jobs/12";
        let told = outcome(json!({"job_id": 12, "created": true, "link": link}));
        let expected = MadeResource {
            kind: ResourceType::parse("job").unwrap(),
            id: "12".into(),
            name: "nightly".into(),
            link: Some(link.into()),
            is_whole: true,
        };
        assert_eq!(made(&job(), json!({"name": "nightly"}), &told), Some(expected));
        let was_there = outcome(json!({"job_id": 12, "created": false}));
        assert_eq!(made(&job(), json!({"name": "nightly"}), &was_there), None);
        // No id, no resource; an address that is none is left out.
        assert_eq!(made(&job(), json!({"name": "x"}), &outcome(json!({"created": true}))), None);
        let odd = outcome(json!({"job_id": 12, "created": true, "link": "javascript:alert(1)"}));
        assert_eq!(made(&job(), json!({}), &odd).unwrap().link, None);
        assert_eq!(made(&job(), json!({}), &odd).unwrap().name, "12");
        let volume = resources(json!({"creates": {"type": "volume", "id": "{catalog}.{schema}.{made.name}"}}));
        let made = made(&volume, json!({"catalog": "a", "schema": "b"}), &outcome(json!({"made": {"name": "c"}})));
        assert_eq!(made.unwrap().id, "a.b.c");
    }

    #[test]
    fn a_failure_after_the_making_tells_what_it_left() {
        let failed = |message: &str| ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Upstream, message));
        let left = |message: &str| made(&job(), json!({"name": "nightly"}), &failed(message));
        let half = left("the job was created (job_id 12), but its rights were not set").unwrap();
        assert_eq!((half.id.as_str(), half.name.as_str(), half.is_whole), ("12", "nightly", false));
        assert_eq!(left("it was created (id 13).").unwrap().id, "13");
        for other in ["no job with job_id 12", "created (run_id 12)", "created (job_id 12", "created ()"] {
            assert_eq!(left(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_deleted_is_known_by_its_id() {
        let kind = ResourceType::parse("job").unwrap();
        let gone = job().changes(&json!({"job_id": 12}), &outcome(json!({"text": "gone"})));
        assert_eq!(gone, [ResourceChange::Deleted { kind, id: "12".into() }]);
        let failed = ToolOutcome::failed(ToolFailure::new(ToolErrorKind::NotFound, "there is none"));
        assert!(job().changes(&json!({"job_id": 12}), &failed).is_empty());
    }

    #[test]
    fn a_resource_is_deleted_by_one_argument() {
        let schema = json!({"properties": {"job_id": {"type": "integer"}, "path": {"type": "string"}}});
        let (deletes, a_job) = (job().deletes.unwrap(), ResourceType::parse("job").unwrap());
        assert_eq!(deletes.arguments(&a_job, "12", &schema), Some(json!({"job_id": 12})));
        assert_eq!(deletes.arguments(&a_job, "twelve", &schema), None);
        assert_eq!(deletes.arguments(&ResourceType::parse("run").unwrap(), "12", &schema), None);
        let by = |id: &str| Deletes { id: Template::parse(id).unwrap(), ..deletes.clone() };
        assert_eq!(by("{path}").arguments(&a_job, "/a", &schema), Some(json!({"path": "/a"})));
        for many in ["{a}.{path}", "x{path}", "{path}x", "{path.a}", "{missing}"] {
            assert_eq!(by(many).arguments(&a_job, "/a", &schema), None, "{many}");
        }
    }

    #[test]
    fn an_argument_may_say_the_type() {
        let resources = resources(json!({"deletes": {"type": "{kind}", "id": "{name}"}}));
        let type_of = |text: &str| ResourceType::parse(text).unwrap();
        let input = json!({"kind": "external-location", "name": "place"});
        let gone = resources.changes(&input, &outcome(json!({"text": "gone"})));
        assert_eq!(gone, [ResourceChange::Deleted { kind: type_of("external_location"), id: "place".into() }]);
        for unknown in [json!({"name": "place"}), json!({"kind": 7, "name": "n"}), json!({"kind": "A b", "name": "n"})]
        {
            assert!(resources.changes(&unknown, &outcome(json!({}))).is_empty(), "{unknown}");
        }
        let kinds = json!({"type": "string", "enum": ["table", "external-location"]});
        let schema = json!({"properties": {"kind": kinds, "name": {"type": "string"}}});
        let deletes = resources.deletes.unwrap();
        let arguments = |kind: &str| deletes.arguments(&type_of(kind), "n", &schema);
        assert_eq!(arguments("external_location"), Some(json!({"kind": "external-location", "name": "n"})));
        assert_eq!(arguments("job"), None);
        assert_eq!(serde_json::to_value(&deletes).unwrap(), json!({"type": "{kind}", "id": "{name}"}));
        for text in ["{a}{b}", "{a.b}", "x{a}", "{a}x", "{}", "Job"] {
            assert!(ToldType::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in ["", "job_id", "{}", "{a", "a}", "{a b}", "{a..b}", "{a}{b}{c}{d}{e}", "{a}}", "{a\n}", "{{a}"] {
            assert!(Template::parse(text).unwrap_err().contains("in braces"), "{text:?}");
        }
        for text in ["", "Job", "1job", "job_", "a__b", "a-b", &"a".repeat(41)] {
            assert!(ResourceType::parse(text).is_err(), "{text:?}");
        }
    }
}
