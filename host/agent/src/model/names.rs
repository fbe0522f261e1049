//! Names and ids of calls as the APIs take them.

use std::borrow::Cow;

use bricklayer_domain::{ToolCallId, ToolSpec};

use super::ModelRequest;
use super::found;

/// Longest name of a tool, in characters; the Messages API's own limit, and the longest of all.
pub(super) const MAX_WIRE_NAME: usize = 128;

/// The tools that a request tells of, in their order. What a refusal counts is this list.
pub(super) fn told_tools(request: &ModelRequest) -> impl Iterator<Item = &ToolSpec> {
    let told = request.tools.iter().map(|spec| &**spec).filter(|spec| !request.offer.is_found(&spec.name.0));
    told.chain(request.offer.finds().then_some(&*found::CALL_SPEC))
}

/// A tool's name as the API takes it. The name of a real tool comes back as it is: the API refuses a conversation for
/// ever for one name that it does not take.
pub(super) fn wire_name(name: &str) -> Cow<'_, str> {
    if name.is_empty() {
        return Cow::Borrowed("unnamed");
    }
    if name.len() <= MAX_WIRE_NAME && name.chars().all(is_fit) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().map(fit_char).take(MAX_WIRE_NAME).collect())
}

/// A tool use's id as the API takes it; ids made by the turn's state come back as they are.
pub(super) fn wire_id(id: &ToolCallId) -> Cow<'_, str> {
    if id.0.chars().all(is_fit) { Cow::Borrowed(&id.0) } else { Cow::Owned(id.0.chars().map(fit_char).collect()) }
}

const fn is_fit(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

const fn fit_char(c: char) -> char {
    if is_fit(c) { c } else { '_' }
}
