//! Which tools there are: what each source offers, as one list.

use std::collections::HashSet;
use std::sync::Arc;

use bricklayer_domain::{ToolName, ToolSpec};

/// Tools, in an order that is the same for every turn (a model's prompt cache depends on it). Their descriptions are
/// shared by all who hold a list.
pub type ToolList = Arc<[Arc<ToolSpec>]>;

/// The lists of several sources as one, in their order. Of two tools with one name the first counts: a plugin cannot
/// take the name of a built-in tool.
#[must_use]
pub fn catalogue(lists: &[ToolList]) -> ToolList {
    let mut filled = lists.iter().filter(|list| !list.is_empty());
    match (filled.next(), filled.next()) {
        (None, _) => Arc::default(),
        (Some(only), None) => Arc::clone(only),
        (Some(_), Some(_)) => merged(lists),
    }
}

fn merged(lists: &[ToolList]) -> ToolList {
    let mut names: HashSet<&ToolName> = HashSet::with_capacity(lists.iter().map(|list| list.len()).sum());
    let all = lists.iter().flat_map(|list| list.iter());
    all.filter(|spec| names.insert(&spec.name)).map(Arc::clone).collect()
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{ToolAnnotations, ToolSource};

    use super::*;

    fn list(source: &str, names: &[&str]) -> ToolList {
        let spec = |name: &&str| ToolSpec {
            name: ToolName((*name).to_owned()),
            source: ToolSource::BuiltIn,
            description: source.to_owned(),
            input_schema: Default::default(),
            output_schema: None,
            annotations: ToolAnnotations::reads(),
            display: Default::default(),
            resources: Default::default(),
        };
        names.iter().map(spec).map(Arc::new).collect()
    }

    #[test]
    fn sources_keep_their_order_and_the_first_of_a_name_counts() {
        let (host, plugins) = (list("host", &["Read", "Write"]), list("plugins", &["b", "Read", "a"]));
        let all = catalogue(&[Arc::clone(&host), list("none", &[]), Arc::clone(&plugins)]);
        let told: Vec<_> = all.iter().map(|spec| (spec.name.0.as_str(), spec.description.as_str())).collect();
        assert_eq!(told, [("Read", "host"), ("Write", "host"), ("b", "plugins"), ("a", "plugins")]);
    }

    #[test]
    fn what_is_listed_is_shared() {
        let host = list("host", &["Read"]);
        let alone = catalogue(&[Arc::clone(&host), list("none", &[])]);
        assert!(Arc::ptr_eq(&alone, &host));
        let two = catalogue(&[Arc::clone(&host), list("plugins", &["a"])]);
        assert!(two.iter().zip(host.iter()).all(|(one, other)| Arc::ptr_eq(one, other)));
    }
}
