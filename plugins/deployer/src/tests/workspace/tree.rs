//! The folders and files of the workspace in memory.

use serde_json::{Value, json};

use super::{Workspace, missing, plain, text};
use crate::{Body, Call, Fault, FaultKind};

impl Workspace {
    pub(super) fn tree_call(&self, call: &Call, parts: &[&str], query: &Value, body: &Value) -> Result<Value, Fault> {
        let mut tree = self.tree.borrow_mut();
        match parts {
            ["2.0", "workspace-files", "import-file", rest @ ..] => {
                let mut path = plain(&format!("/{}", rest.join("/")));
                let parent = path.rsplit_once('/').unwrap().0.to_owned();
                if !tree.contains_key(&parent) {
                    return Err(missing(&parent));
                }
                let content = match &call.body {
                    Body::Bytes(bytes) => bytes.clone(),
                    Body::File { path, .. } => self.project.borrow()[path].clone().into_bytes(),
                    _ => panic!("a file has a body"),
                };
                if content.starts_with(b"# Databricks notebook source") {
                    path = path.trim_end_matches(".py").to_owned();
                }
                if text(query, "overwrite") == "false" && tree.contains_key(&path) {
                    return Err(Fault::new(FaultKind::Exists, format!("{path} already exists.")));
                }
                self.clock.set(self.clock.get() + 1);
                self.changed.borrow_mut().insert(path.clone(), self.clock.get());
                tree.insert(path, Some(content));
                Ok(json!({}))
            }
            ["2.0", "workspace-files", rest @ ..] => {
                let path = plain(&format!("/{}", rest.join("/")));
                let content = tree.get(&path).cloned().flatten().ok_or_else(|| missing(&path))?;
                Ok(serde_json::from_slice(&content).unwrap())
            }
            ["2.0", "workspace", "mkdirs"] => {
                let path = plain(&text(body, "path"));
                let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
                for end in ends {
                    tree.entry(path[..end].to_owned()).or_insert(None);
                }
                Ok(json!({}))
            }
            ["2.0", "workspace", "delete"] => {
                let path = plain(&text(body, "path"));
                if !tree.contains_key(&path) {
                    return Err(missing(&path));
                }
                let below = format!("{path}/");
                tree.retain(|one, _| *one != path && !one.starts_with(&below));
                Ok(json!({}))
            }
            ["2.0", "workspace", "list"] => {
                let path = plain(&text(query, "path"));
                if !tree.contains_key(&path) {
                    return Err(missing(&path));
                }
                let below = format!("{path}/");
                let of_folder =
                    tree.iter().filter(|(one, _)| one.strip_prefix(&below).is_some_and(|rest| !rest.contains('/')));
                let object = |(path, content): (&String, &Option<Vec<u8>>)| {
                    let kind = if content.is_some() { "FILE" } else { "DIRECTORY" };
                    json!({"path": path, "object_type": kind, "modified_at": self.changed.borrow().get(path)})
                };
                Ok(json!({"objects": of_folder.map(object).collect::<Vec<_>>()}))
            }
            ["2.0", "workspace", "get-status"] => {
                let path = plain(&text(query, "path"));
                let content = tree.get(&path).ok_or_else(|| missing(&path))?;
                let id = content.as_ref().filter(|_| path.ends_with(".lvdash.json"));
                Ok(json!({"object_id": 7, "resource_id": id.map(|id| String::from_utf8_lossy(id).into_owned())}))
            }
            _ => panic!("no such route: {}", call.path),
        }
    }
}
