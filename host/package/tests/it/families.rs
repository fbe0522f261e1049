//! The shipped families, as their manifests have them: each reaches its own endpoints and no other family's.

use std::collections::BTreeMap;
use std::path::Path;

use bricklayer_package::{Audience, Manifest, Method};

/// What several families may ask for, and which. Everything else is one family's alone.
const SHARED: &[(&str, &[&str])] = &[
    // Notebooks are workspace objects, and so is what code is run from.
    (
        "/api/2.0/workspace",
        &[
            "databricks-files",
            "databricks-notebooks",
            "databricks-compute",
            "databricks-deployments",
            "databricks-bundles",
        ],
    ),
    // Bundles are made of jobs and pipelines, and make them.
    ("/api/2.2/jobs/get", &["databricks-jobs", "databricks-bundles", "databricks-deployments"]),
    ("/api/2.0/pipelines/", &["databricks-pipelines", "databricks-bundles", "databricks-deployments"]),
    ("/api/2.2/jobs/create", &["databricks-jobs", "databricks-deployments"]),
    ("/api/2.2/jobs/reset", &["databricks-jobs", "databricks-deployments"]),
    ("/api/2.2/jobs/delete", &["databricks-jobs", "databricks-deployments"]),
    ("/api/2.2/jobs/run-now", &["databricks-jobs", "databricks-deployments"]),
    // Code without a cluster runs as a job's single run.
    ("/api/2.2/jobs/runs/", &["databricks-jobs", "databricks-compute", "databricks-deployments"]),
    // Tables are looked into, and some things of Unity Catalog done, by statements at a warehouse that has to be chosen.
    ("/api/2.0/sql/statements", &["databricks-sql", "databricks-tables", "databricks-catalog"]),
    (
        "/api/2.0/sql/warehouses",
        &[
            "databricks-sql",
            "databricks-tables",
            "databricks-warehouses",
            "databricks-catalog",
            "databricks-workspace",
            "databricks-deployments",
            "databricks-bundles",
        ],
    ),
    // What statistics are of, and names near one that was not found.
    ("/api/2.1/unity-catalog/tables", &["databricks-sql", "databricks-tables", "databricks-catalog"]),
    (
        "/api/2.1/unity-catalog/schemas",
        &["databricks-sql", "databricks-tables", "databricks-catalog", "databricks-deployments"],
    ),
    // A query over files is written after a look at their folder.
    ("/api/2.0/fs/directories/", &["databricks-files", "databricks-tables"]),
    // The notebook of such a run lies in the caller's home.
    (
        "/api/2.0/preview/scim/v2/Me",
        &["databricks-workspace", "databricks-compute", "databricks-deployments", "databricks-bundles"],
    ),
    // What a bundle names, and what it is made of: one family makes bundles, the other brings them to a workspace.
    ("/api/2.0/instance-pools/list", &["databricks-deployments", "databricks-bundles"]),
    ("/api/2.0/notification-destinations", &["databricks-deployments", "databricks-bundles"]),
    ("/api/2.0/policies/clusters/list", &["databricks-deployments", "databricks-bundles"]),
    // Health is a sign of life of each family's service.
    (
        "/api/2.1/clusters/list",
        &["databricks-workspace", "databricks-compute", "databricks-deployments", "databricks-bundles"],
    ),
    ("/api/2.2/jobs/list", &["databricks-workspace", "databricks-jobs", "databricks-deployments"]),
    // Variables of a bundle name objects, and get their ids.
    ("/api/2.0/pipelines", &["databricks-pipelines", "databricks-deployments"]),
    // A bundle makes catalogs, registered models, grants, clusters and secret scopes as well, and says who may what.
    ("/api/2.1/unity-catalog/catalogs", &["databricks-catalog", "databricks-deployments"]),
    ("/api/2.1/unity-catalog/models", &["databricks-catalog", "databricks-deployments"]),
    ("/api/2.1/unity-catalog/permissions/", &["databricks-catalog", "databricks-deployments"]),
    ("/api/2.1/clusters/", &["databricks-compute", "databricks-deployments"]),
    ("/api/2.0/secrets/", &["databricks-workspace", "databricks-deployments"]),
    ("/api/2.0/permissions/", &["databricks-bundles", "databricks-deployments"]),
    // A bundle's artifacts may lie in a volume.
    ("/api/2.0/fs/files/", &["databricks-files", "databricks-deployments"]),
    ("/api/2.1/unity-catalog/volumes", &["databricks-catalog", "databricks-deployments"]),
    (
        "/api/2.0/workspace/get-status",
        &[
            "databricks-workspace",
            "databricks-files",
            "databricks-notebooks",
            "databricks-deployments",
            "databricks-bundles",
        ],
    ),
];

fn families() -> BTreeMap<String, Manifest> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let folders = std::fs::read_dir(plugins).unwrap().map(|entry| entry.unwrap().path());
    let manifests = folders.filter_map(|folder| std::fs::read_to_string(folder.join("plugin.toml")).ok());
    let parsed = manifests.map(|text| Manifest::parse(&text).unwrap());
    parsed.map(|manifest| (manifest.name.to_string(), manifest)).collect()
}

/// A request that each pair of a method and a path allows.
fn requests(manifest: &Manifest) -> Vec<(Method, String)> {
    let example = |pattern: String| {
        let segment = |part: &str| if part.starts_with(['{', '*']) { "x".to_owned() } else { part.to_owned() };
        pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
    };
    let mut all = Vec::new();
    for rule in &manifest.grants.http {
        for path in &rule.paths {
            all.extend(rule.methods.iter().map(|method| (*method, example(String::from(path.clone())))));
        }
    }
    all
}

#[test]
fn no_family_reaches_anothers_endpoints() {
    let families = families();
    assert!(families.len() > 2, "{:?}", families.keys());
    for (name, family) in &families {
        for rule in &family.grants.http {
            assert_eq!(rule.audience, Audience::Workspace, "{name} reaches beyond the workspace");
            // A pattern stands behind a service's name and a thing of it; a single path may be the service's own.
            let is_narrow = |path: String| !path.contains(['{', '*']) || path.matches('/').count() > 3;
            assert!(rule.paths.iter().all(|path| is_narrow(String::from(path.clone()))), "{name}: {rule:?}");
        }
        for (other, manifest) in families.iter().filter(|(other, _)| *other != name) {
            for (method, path) in requests(manifest) {
                let both = |families: &[&str]| families.contains(&&**name) && families.contains(&&**other);
                let shared = SHARED.iter().any(|(under, families)| path.starts_with(under) && both(families));
                let reaches = family.grants.http.iter().any(|rule| rule.allows(&Audience::Workspace, method, &path));
                assert!(shared || !reaches, "{name} reaches {} {path}, which is {other}'s", method.as_str());
            }
        }
    }
}
