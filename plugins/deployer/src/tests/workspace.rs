//! A workspace in memory, as far as deploys need one, that can be cut off at any call.

mod tree;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{Body, Call, Fault, FaultKind, Method, Step, World};

/// What happens at one call or write, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests) enum Trouble {
    /// Whoever deploys is gone before it is done.
    GoneBefore(usize),
    /// Whoever deploys is gone once it is done.
    GoneAfter(usize),
    /// It is done, and its answer is lost.
    LostAfter(usize),
    /// It is not done, and nobody hears of that.
    LostBefore(usize),
}

#[derive(Default, Clone)]
pub(in crate::tests) struct Workspace {
    /// By kind and id.
    pub(in crate::tests) objects: RefCell<BTreeMap<(String, String), Value>>,
    /// By path: contents, none for folders.
    pub(in crate::tests) tree: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
    changed: RefCell<BTreeMap<String, u64>>,
    pub(in crate::tests) rights: RefCell<BTreeMap<String, Value>>,
    pub(in crate::tests) kept: RefCell<BTreeMap<String, Vec<u8>>>,
    project: RefCell<BTreeMap<String, String>>,
    /// How often something of a kind and name was made.
    pub(in crate::tests) made: RefCell<BTreeMap<(String, String), usize>>,
    pub(in crate::tests) log: RefCell<Vec<String>>,
    count: Cell<usize>,
    trouble: Cell<Option<Trouble>>,
    is_gone: Cell<bool>,
    clock: Cell<u64>,
}

fn missing(what: &str) -> Fault {
    Fault::new(FaultKind::Missing, format!("{what} does not exist"))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, after @ ..]) = (first, tail) {
            let digits = [*high, *low];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn plain(path: &str) -> String {
    path.strip_prefix("/Workspace").unwrap_or(path).to_owned()
}

fn text(body: &Value, field: &str) -> String {
    match &body[field] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Workspace {
    pub(in crate::tests) fn put_project_file(&self, path: &str, content: &str) {
        self.project.borrow_mut().insert(path.to_owned(), content.to_owned());
    }

    /// From now on: trouble at one call or write; returns how many there were.
    pub(in crate::tests) fn trouble(&self, trouble: Option<Trouble>) -> usize {
        self.trouble.set(trouble);
        self.is_gone.set(false);
        self.log.borrow_mut().clear();
        self.count.replace(0)
    }

    /// Does something, with the trouble that is due.
    fn act<T>(&self, act: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let lost = || Err(Fault::new(FaultKind::Lost, "no answer"));
        if self.is_gone.get() {
            return lost();
        }
        self.count.set(self.count.get() + 1);
        let now = self.count.get();
        match self.trouble.get() {
            Some(Trouble::GoneBefore(at)) if at == now => {
                self.is_gone.set(true);
                lost()
            }
            Some(Trouble::GoneAfter(at)) if at == now => {
                let _ = act();
                self.is_gone.set(true);
                lost()
            }
            Some(Trouble::LostAfter(at)) if at == now => {
                let _ = act();
                lost()
            }
            Some(Trouble::LostBefore(at)) if at == now => lost(),
            _ => act(),
        }
    }

    /// Something is made; its id is of its name and how often that was made.
    fn make(&self, kind: &str, name: &str, value: Value) -> String {
        let mut made = self.made.borrow_mut();
        let times = made.entry((kind.to_owned(), name.to_owned())).or_default();
        *times += 1;
        let id = if kind == "jobs" {
            let sum: usize = name.bytes().map(usize::from).sum();
            format!("{}{times:03}", 9_000_000_000_000_000_usize + sum)
        } else {
            format!("{kind}-{}-{times}", name.replace('/', "_"))
        };
        self.objects.borrow_mut().insert((kind.to_owned(), id.clone()), value);
        id
    }

    fn get(&self, kind: &str, id: &str) -> Result<Value, Fault> {
        self.objects.borrow().get(&(kind.to_owned(), id.to_owned())).cloned().ok_or_else(|| missing(id))
    }

    fn set(&self, kind: &str, id: &str, value: Value) -> Result<Value, Fault> {
        self.get(kind, id)?;
        self.objects.borrow_mut().insert((kind.to_owned(), id.to_owned()), value);
        Ok(json!({}))
    }

    fn delete(&self, kind: &str, id: &str) -> Result<Value, Fault> {
        self.objects
            .borrow_mut()
            .remove(&(kind.to_owned(), id.to_owned()))
            .map(|_| json!({}))
            .ok_or_else(|| missing(id))
    }

    fn patch(&self, kind: &str, id: &str, body: &Value) -> Result<Value, Fault> {
        let mut value = self.get(kind, id)?;
        for (field, new) in body.as_object().unwrap() {
            value[field] = new.clone();
        }
        self.set(kind, id, value.clone())?;
        Ok(value)
    }

    fn all(&self, kind: &str) -> Vec<(String, Value)> {
        let objects = self.objects.borrow();
        objects.iter().filter(|((of, _), _)| of == kind).map(|((_, id), value)| (id.clone(), value.clone())).collect()
    }

    fn handle(&self, call: &Call) -> Result<Value, Fault> {
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let query: Map<String, Value> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), json!(decode(value))))
            .collect();
        let query = Value::Object(query);
        let path = decode(path.strip_prefix("/api/").unwrap());
        let body = match &call.body {
            Body::Json(value) => value.clone(),
            _ => Value::Null,
        };
        let parts: Vec<&str> = path.split('/').collect();
        let number = |id: String| json!(id.parse::<u64>().unwrap());
        match (call.method, parts.as_slice()) {
            (_, ["2.0", "workspace" | "workspace-files", ..]) => self.tree_call(call, &parts, &query, &body),
            (Method::Post, ["2.2", "jobs", "create"]) => {
                Ok(json!({"job_id": number(self.make("jobs", &text(&body, "name"), body.clone()))}))
            }
            (Method::Get, ["2.2", "jobs", "get"]) => {
                let id = text(&query, "job_id");
                Ok(json!({"job_id": number(id.clone()), "settings": self.get("jobs", &id)?}))
            }
            (Method::Post, ["2.2", "jobs", "reset"]) => {
                self.set("jobs", &text(&body, "job_id"), body["new_settings"].clone())
            }
            (Method::Post, ["2.2", "jobs", "delete"]) => self.delete("jobs", &text(&body, "job_id")),
            (Method::Get, ["2.2", "jobs", "list"]) => {
                let of_name = self.all("jobs").into_iter().filter(|(_, job)| job["name"] == query["name"]);
                let jobs: Vec<Value> =
                    of_name.map(|(id, job)| json!({"job_id": number(id), "settings": {"name": job["name"]}})).collect();
                Ok(json!({"jobs": jobs}))
            }
            (Method::Post, ["2.0", "pipelines"]) => {
                Ok(json!({"pipeline_id": self.make("pipelines", &text(&body, "name"), body.clone())}))
            }
            (Method::Get, ["2.0", "pipelines"]) => {
                let statuses = self
                    .all("pipelines")
                    .into_iter()
                    .map(|(id, spec)| json!({"pipeline_id": id, "name": spec["name"]}));
                Ok(json!({"statuses": statuses.collect::<Vec<_>>()}))
            }
            (Method::Get, ["2.0", "pipelines", id]) => {
                Ok(json!({"pipeline_id": id, "spec": self.get("pipelines", id)?}))
            }
            (Method::Put, ["2.0", "pipelines", id]) => {
                let mut spec = body;
                spec.as_object_mut().unwrap().remove("id");
                self.set("pipelines", id, spec)
            }
            (Method::Delete, ["2.0", "pipelines", id]) => self.delete("pipelines", id),
            (Method::Get, ["2.1", "unity-catalog", "permissions", of, name]) => {
                Ok(self.rights.borrow().get(&format!("{of}/{name}")).cloned().unwrap_or(json!({})))
            }
            (Method::Patch, ["2.1", "unity-catalog", "permissions", of, name]) => {
                let given = body["changes"].as_array().unwrap().iter().filter(|change| change.get("add").is_some());
                let given: Vec<Value> = given
                    .map(|change| json!({"principal": change["principal"], "privileges": change["add"]}))
                    .collect();
                self.rights.borrow_mut().insert(format!("{of}/{name}"), json!({"privilege_assignments": given}));
                Ok(json!({}))
            }
            (Method::Post, ["2.1", "unity-catalog", kind]) => {
                let names = ["catalog_name", "schema_name", "name"].iter().map(|field| text(&body, field));
                let full = names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(".");
                if self.get(kind, &full).is_ok() {
                    return Err(Fault::new(FaultKind::Exists, format!("{full} already exists")));
                }
                *self.made.borrow_mut().entry(((*kind).to_owned(), full.clone())).or_default() += 1;
                self.objects.borrow_mut().insert(((*kind).to_owned(), full), body.clone());
                Ok(body)
            }
            (Method::Get, ["2.1", "unity-catalog", kind, name]) => self.get(kind, name),
            (Method::Patch, ["2.1", "unity-catalog", kind, name]) => {
                let is_empty = body.as_object().unwrap().is_empty();
                assert!(!is_empty, "the workspace refuses a change of nothing");
                let Some(new) = body.get("new_name").cloned() else { return self.patch(kind, name, &body) };
                let mut value = self.get(kind, name)?;
                value["name"] = new.clone();
                self.delete(kind, name)?;
                let parent = name.rsplit_once('.').unwrap().0;
                let id = format!("{parent}.{}", new.as_str().unwrap());
                self.objects.borrow_mut().insert(((*kind).to_owned(), id), value.clone());
                Ok(value)
            }
            (Method::Delete, ["2.1", "unity-catalog", kind, name]) => {
                self.objects.borrow_mut().retain(|(of, id), _| of != "volumes" || !id.starts_with(&format!("{name}.")));
                self.delete(kind, name)
            }
            (Method::Put, ["2.0", "permissions", rest @ ..]) => {
                let entries = body["access_control_list"].as_array().unwrap().iter().map(|entry| {
                    let mut entry = entry.clone();
                    let level = entry.as_object_mut().unwrap().remove("permission_level").unwrap();
                    entry["all_permissions"] = json!([{"permission_level": level, "inherited": false}]);
                    entry
                });
                let list = json!({"access_control_list": entries.collect::<Vec<_>>()});
                self.rights.borrow_mut().insert(format!("/{}", rest.join("/")), list);
                Ok(json!({}))
            }
            (Method::Get, ["2.0", "permissions", rest @ ..]) => {
                Ok(self.rights.borrow().get(&format!("/{}", rest.join("/"))).cloned().unwrap_or(json!({})))
            }
            (Method::Post, ["2.0", "lakeview", "dashboards"]) => {
                let path =
                    plain(&format!("{}/{}.lvdash.json", text(&body, "parent_path"), text(&body, "display_name")));
                if self.tree.borrow().contains_key(&path) {
                    return Err(Fault::new(FaultKind::Exists, format!("{path} already exists")));
                }
                let id = self.make("dashboards", &text(&body, "display_name"), body.clone());
                self.tree.borrow_mut().insert(path, Some(id.clone().into_bytes()));
                let made = self.patch("dashboards", &id, &json!({"etag": "1", "dashboard_id": id}))?;
                Ok(made)
            }
            (Method::Get, ["2.0", "lakeview", "dashboards", id]) => self.get("dashboards", id),
            (Method::Patch, ["2.0", "lakeview", "dashboards", id]) => {
                let etag = self.get("dashboards", id)?["etag"].as_str().unwrap().parse::<u32>().unwrap() + 1;
                let mut body = body;
                body["etag"] = json!(etag.to_string());
                self.patch("dashboards", id, &body)
            }
            (Method::Post, ["2.0", "lakeview", "dashboards", id, "published"]) => {
                self.patch("dashboards", id, &json!({"published": body}))
            }
            (Method::Delete, ["2.0", "lakeview", "dashboards", id]) => {
                self.tree.borrow_mut().retain(|_, content| content.as_deref() != Some(id.as_bytes()));
                self.delete("dashboards", id)
            }
            (Method::Get, ["2.0", "sql", "warehouses"]) => {
                let all = self.all("warehouses").into_iter().map(|(id, one)| json!({"id": id, "name": one["name"]}));
                Ok(json!({"warehouses": all.collect::<Vec<_>>()}))
            }
            (Method::Post, ["2.0", "sql", "warehouses"]) => {
                Ok(json!({"id": self.make("warehouses", &text(&body, "name"), body.clone())}))
            }
            (Method::Get, ["2.0", "sql", "warehouses", id]) => self.get("warehouses", id),
            (Method::Post, ["2.0", "sql", "warehouses", id, "edit"]) => self.set("warehouses", id, body),
            (Method::Delete, ["2.0", "sql", "warehouses", id]) => self.delete("warehouses", id),
            (Method::Post, ["2.0", "secrets", "scopes", "create"]) => {
                let name = text(&body, "scope");
                if self.get("scopes", &name).is_ok() {
                    return Err(Fault::new(FaultKind::Exists, "the scope exists"));
                }
                *self.made.borrow_mut().entry(("scopes".to_owned(), name.clone())).or_default() += 1;
                // Whoever makes one may manage it.
                let mut body = body;
                body["acls"] = json!({"ann@x.y": "MANAGE"});
                self.objects.borrow_mut().insert(("scopes".to_owned(), name), body);
                Ok(json!({}))
            }
            (Method::Get, ["2.0", "secrets", "scopes", "list"]) => {
                let all =
                    self.all("scopes").into_iter().map(|(name, _)| json!({"name": name, "backend_type": "DATABRICKS"}));
                Ok(json!({"scopes": all.collect::<Vec<_>>()}))
            }
            (Method::Post, ["2.0", "secrets", "scopes", "delete"]) => self.delete("scopes", &text(&body, "scope")),
            (Method::Post, ["2.0", "secrets", "acls", what]) => {
                let mut scope = self.get("scopes", &text(&body, "scope"))?;
                let principal = text(&body, "principal");
                scope["acls"][principal.as_str()] =
                    if *what == "put" { body["permission"].clone() } else { Value::Null };
                self.set("scopes", &text(&body, "scope"), scope)
            }
            (Method::Get, ["2.0", "secrets", "acls", "list"]) => {
                let scope = self.get("scopes", &text(&query, "scope"))?;
                let all = scope["acls"].as_object().into_iter().flatten().filter(|(_, level)| !level.is_null());
                let items: Vec<Value> =
                    all.map(|(who, level)| json!({"principal": who, "permission": level})).collect();
                Ok(json!({"items": items}))
            }
            _ => panic!("no such route: {:?} {}", call.method, call.path),
        }
    }
}

impl World for Workspace {
    fn each(&self, calls: &[Call], done: &mut dyn FnMut(usize, Result<Value, Fault>)) {
        for (at, call) in calls.iter().enumerate() {
            if call.method != Method::Get {
                self.log.borrow_mut().push(format!("{:?} {}", call.method, call.path));
            }
            done(at, self.act(|| self.handle(call)));
        }
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.project.borrow().get(path).map(|content| content.len() as u64)
    }

    fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.kept.borrow().get(name).cloned())
    }

    fn keep(&self, name: &str, content: &[u8]) -> Result<(), Fault> {
        self.act(|| {
            self.kept.borrow_mut().insert(name.to_owned(), content.to_vec());
            Ok(())
        })
    }

    fn append(&self, name: &str, content: &[u8]) -> Result<(), Fault> {
        self.act(|| {
            self.kept.borrow_mut().entry(name.to_owned()).or_default().extend_from_slice(content);
            Ok(())
        })
    }

    fn forget(&self, name: &str) -> Result<(), Fault> {
        self.act(|| {
            self.kept.borrow_mut().remove(name);
            Ok(())
        })
    }

    fn tell(&self, _: Step, _: usize, _: usize) {}
}
