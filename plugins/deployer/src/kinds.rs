//! The kinds of resources that are deployed: one table, a row each. A kind whose calls are simple is one more row.

mod table;

pub use table::KINDS;

use serde_json::{Map, Value, json};

use crate::world::{Body, Call, Method, encode};

/// A kind of resources.
#[derive(Debug)]
pub struct Kind {
    /// The section of a bundle, such as `jobs`.
    pub name: &'static str,
    /// One of them, in words.
    pub one: &'static str,
    pub(crate) create: Route,
    pub(crate) read: Read,
    /// None where a change makes a new one.
    pub(crate) update: Option<Route>,
    pub(crate) delete: Route,
    /// What completes a resource once it was made or changed; sending it again changes nothing.
    pub(crate) complete: Option<Route>,
    pub(crate) id: Id,
    pub(crate) find: Find,
    /// Fields whose change makes a new one.
    pub(crate) immutable: &'static [&'static str],
    /// Fields that the workspace sets, or does not tell, so that a difference there is none.
    pub(crate) ignored: &'static [&'static str],
    /// Fields that nobody set here and that somebody set there are a difference.
    pub(crate) watched: &'static [&'static str],
    /// Fields that are kept in the state and not sent with the settings.
    pub(crate) hidden: &'static [&'static str],
    /// Whether it keeps what it holds when its name changes: its id changes with it.
    pub(crate) renames: bool,
    /// Fields that go into the query.
    pub(crate) query: &'static [&'static str],
    /// Where permissions are set: `/jobs/`, in front of the id.
    pub(crate) permissions: Option<&'static str>,
    /// The securable that grants are given on.
    pub(crate) grants: Option<&'static str>,
    /// The page in the workspace, from its address; `{id}`, and `{path}` for an id whose parts are folders there.
    pub(crate) page: Option<&'static str>,
    /// Whether deleting one loses what people cannot make again from the bundle.
    pub holds_data: bool,
}

/// One call of a kind.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// `{id}`, and `{mask}` for the fields that are sent.
    pub(crate) path: &'static str,
    pub(crate) shape: Shape,
}

/// What a call sends.
#[derive(Debug)]
pub(crate) enum Shape {
    Nothing,
    /// The settings.
    Whole,
    /// The settings with the id under this name.
    With(&'static str),
    /// The id and the settings under these names.
    Wrapped(&'static str, &'static str),
    /// These fields of the settings; what is no longer set is emptied.
    Only(&'static [&'static str]),
    /// The id under this name.
    Id(&'static str),
    /// The id and the name, under these names.
    Rename(&'static str, &'static str),
}

/// How one is read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) path: &'static str,
    /// Where its settings are in the answer.
    pub(crate) at: &'static str,
    /// Where the answer says that it is deleted, and the word.
    pub(crate) gone: Option<(&'static str, &'static str)>,
}

/// What the id of one is.
#[derive(Debug)]
pub(crate) enum Id {
    /// The answer says it, under this name.
    Answer(&'static str),
    /// These fields, with dots.
    Fields(&'static [&'static str]),
}

/// How one is found that is not in the state.
#[derive(Debug)]
pub(crate) enum Find {
    /// Its id is its name.
    ById,
    /// In a list; `{name}` is its name and `{like}` a filter for it.
    List {
        path: &'static str,
        items: &'static str,
        /// The field with its name, here and in the list.
        name: &'static str,
        listed: &'static str,
        id: &'static str,
        whose: Whose,
    },
    /// At a place of its own; `{name}` is its name.
    At { path: &'static str, id: &'static str },
}

/// Whose an object of the right name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The bundle's whose metadata file it names here, in what is read.
    Metadata(&'static str),
    /// Nobody can tell: only one whose creation was not answered is taken for the bundle's.
    Unknown,
    /// As before; and there is only one of a name.
    Unique,
}

/// The kind of a section.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// The settings as they are sent.
    fn sent(&self, settings: &Value) -> Map<String, Value> {
        let fields = settings.as_object().cloned().unwrap_or_default();
        let is_sent = |field: &str| !self.hidden.contains(&field) && !self.query.contains(&field) && field != "etag";
        fields.into_iter().filter(|(field, _)| is_sent(field)).collect()
    }

    /// The call of a route, for a resource with this id and these settings; `saved` are the ones before.
    pub(crate) fn call(&self, route: &Route, id: &str, settings: &Value, saved: Option<&Value>) -> Call {
        let mut path = route.path.replace("{id}", &encode(id));
        if path.contains("{mask}") {
            let fields: Vec<String> = self.sent(settings).keys().cloned().collect();
            path = path.replace("{mask}", &encode(&fields.join(",")));
        }
        if path.contains("{cascade}") {
            let said = settings.get("cascade_on_destroy").and_then(Value::as_bool);
            path = path.replace("{cascade}", &said.map_or_else(String::new, |cascade| format!("?cascade={cascade}")));
        }
        if matches!(route.shape, Shape::Whole) {
            for field in self.query {
                if let Some(text) = settings.get(field).and_then(Value::as_str) {
                    path.push(if path.contains('?') { '&' } else { '?' });
                    path.push_str(&format!("{field}={}", encode(text)));
                }
            }
        }
        let id_value = || match id.parse::<i64>() {
            // Ids of jobs are numbers.
            Ok(number) if self.name == "jobs" => json!(number),
            _ => json!(id),
        };
        let mut body = Map::new();
        match route.shape {
            Shape::Nothing => return Call { method: route.method, path, body: Body::Nothing },
            Shape::Whole => body = self.sent(settings),
            Shape::With(field) => {
                body = self.sent(settings);
                body.insert(field.to_owned(), id_value());
            }
            Shape::Wrapped(field, under) => {
                body.insert(field.to_owned(), id_value());
                body.insert(under.to_owned(), Value::Object(self.sent(settings)));
            }
            Shape::Only(fields) => {
                for field in fields {
                    let emptied = || saved.and_then(|saved| saved.get(*field)).map(empty);
                    if let Some(value) = settings.get(*field).cloned().or_else(emptied) {
                        body.insert((*field).to_owned(), value);
                    }
                }
                if self.renames && self.id_of(settings, &Value::Null).is_some_and(|new| !new.eq_ignore_ascii_case(id)) {
                    body.insert("new_name".to_owned(), settings.get("name").cloned().unwrap_or_default());
                }
            }
            Shape::Id(field) => {
                body.insert(field.to_owned(), id_value());
            }
            Shape::Rename(field, under) => {
                body.insert(field.to_owned(), id_value());
                body.insert(under.to_owned(), settings.get("name").cloned().unwrap_or_default());
            }
        }
        Call::json(route.method, path, Value::Object(body))
    }

    /// The id of a resource that was made with these settings and this answer.
    pub(crate) fn id_of(&self, settings: &Value, answer: &Value) -> Option<String> {
        match self.id {
            Id::Answer(field) => text(answer.get(field)?),
            Id::Fields(fields) => {
                let parts: Option<Vec<String>> = fields.iter().map(|field| text(settings.get(*field)?)).collect();
                parts.map(|parts| parts.join("."))
            }
        }
    }

    /// Whether the id is what the resource is called, so that nobody else's can have it.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self.id, Id::Fields(_))
    }

    /// A resource's page, from the workspace's address.
    #[must_use]
    pub fn page_of(&self, id: &str) -> Option<String> {
        let parts: Vec<String> = id.split('.').map(encode).collect();
        Some(self.page?.replace("{id}", &encode(id)).replace("{path}", &parts.join("/")))
    }
}

impl Call {
    /// Whether sending it twice comes to the same as sending it once: everything but what makes a resource.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        self.method != Method::Post || !KINDS.iter().any(|kind| kind.create.path == path)
    }
}

/// An id as a text: a text, or a number.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn empty(value: &Value) -> Value {
    match value {
        Value::Object(_) => json!({}),
        Value::Array(_) => json!([]),
        Value::Bool(_) => json!(false),
        _ => json!(""),
    }
}

#[cfg(test)]
mod tests;
