//! Facts that bundles are made of, asked from the workspace.

mod chosen;
mod code;
mod names;
mod objects;
mod resources;

pub(crate) use chosen::{Chosen, Look, choose};
pub(crate) use code::{analyse, analysed, code};
pub(crate) use names::names;
pub(crate) use objects::{in_short, objects};
pub(crate) use resources::Resources;

use std::net::Ipv4Addr;

use bricklayer_databricks::current_user::Me;
use bricklayer_databricks::side_by_side;
use bricklayer_generator::{Cluster, Principal};
use bricklayer_sdk::{Errand, Failure, Method, Platform, Request};
use serde_json::Value;

/// Something that could not be had, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) what: String,
    pub(crate) why: String,
}

/// Answers to many reads at once, in their order. What the call's time did not reach says so.
pub(crate) fn reads(platform: &impl Platform, paths: &[String]) -> Vec<Result<Value, Failure>> {
    let errand = |item: usize| {
        let path = paths.get(item).cloned().unwrap_or_default();
        Errand::Send(Request { method: Method::Get, path, body: None })
    };
    let answers = side_by_side::all(platform, paths.len(), errand);
    answers.into_iter().map(|answer| answer.and_then(|response| response.json())).collect()
}

/// A field of an answer that is a text, and not empty.
pub(crate) fn text<'a>(answer: &'a Value, field: &str) -> Option<&'a str> {
    answer.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The items of a field of an answer that is a list.
pub(crate) fn items<'a>(answer: &'a Value, field: &str) -> &'a [Value] {
    answer.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The caller as bundles name them.
pub(crate) fn principal(me: &Me) -> Principal {
    if me.user_name.contains('@') {
        Principal::User(me.user_name.clone())
    } else {
        Principal::ServicePrincipal(me.user_name.clone())
    }
}

/// The workspace's address for a bundle; none for one on this machine, which other machines have elsewhere.
pub(crate) fn host(platform: &impl Platform) -> Option<String> {
    let host = platform.context().workspace_host?;
    let elsewhere = host.contains(':') || host == "localhost" || host.parse::<Ipv4Addr>().is_ok();
    (!elsewhere && host.contains('.')).then(|| format!("https://{host}"))
}

/// A cluster that the workspace's cloud has.
pub(crate) fn cluster(platform: &impl Platform) -> Cluster {
    let host = platform.context().workspace_host.unwrap_or_default();
    let node = if host.ends_with("azuredatabricks.net") {
        "Standard_D4ds_v5"
    } else if host.ends_with("gcp.databricks.com") {
        "n2-highmem-4"
    } else {
        return Cluster::default();
    };
    Cluster { node_type_id: node.to_owned(), ..Cluster::default() }
}
