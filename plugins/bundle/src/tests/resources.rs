use super::{Case, run};

pub(super) const CASES: &[Case] = &[
    ("resources: {dashboards: {d: {display_name: x}}}", &["incomplete@1:29 ~ `warehouse_id`"]),
    ("resources: {sql_warehouses: {w: {cluster_size: Small}}}", &["incomplete@1:33 ~ `name`"]),
    ("resources: {jobs: {a: {id: 1}}}", &["managed-field@1:28 resources.jobs.a.id"]),
    ("resources: {dashboards: {d: {display_name: x, warehouse_id: w, etag: e}}}", &["managed-field@1:70"]),
    (
        "resources: {schemas: {s: {name: x, catalog_name: c, grants: [{privileges: [SELECT]}]}}}",
        &["incomplete@1:62 resources.schemas.s.grants[0]", "required-field@1:62"],
    ),
    ("resources: {schemas: {s: {name: x, catalog_name: c, grants: [{principal: p, privileges: [SELECT]}]}}}", &[]),
    ("resources: {secret_scopes: {s: {name: x, permissions: [{level: READ}]}}}", &["permission@1:56 ~ names nobody"]),
    (
        "resources: {secret_scopes: {s: {name: x, permissions: [{level: CAN_READ, group_name: g}]}}}",
        &["scope-level@1:64"],
    ),
    (
        "resources: {model_serving_endpoints: {m: {name: x, config: {name: x, served_models: [], served_entities: []}}}}",
        &["exclusive@1:60"],
    ),
    ("resources: {jobs: {a: {name: x}, b: {name: x}}}", &["name-clash@1:34 resources.jobs.b ~ `a`"]),
    ("resources: {jobs: {a: {name: x}, b: {name: y}}}", &[]),
    ("resources: {secrets: {s: {scope: x, key: k, string_value: hunter2hunter2}}}", &["secret-value@1:59"]),
    (
        "#! var p=hunter2\nvariables: {p: {}}\nresources: {secrets: {s: {scope: x, key: k, string_value: '${var.p}'}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {tags: {x: dapi0123456789abcdef0123456789abcdef}}}}",
        &["secret-text@1:34 resources.jobs.a.tags.x"],
    ),
    ("resources: {clusters: {c: {num_workers: 1, spark_env_vars: {API_KEY: k3yk3yk3y}}}}", &["secret-text@1:70"]),
    ("resources: {clusters: {c: {num_workers: 1, spark_env_vars: {API_KEY: '{{secrets/s/k}}'}}}}", &[]),
    ("resources: {jobs: {a: {parameters: [{name: db_password, default: pa55word1}]}}}", &["secret-text@1:66"]),
    ("resources: {jobs: {a: {parameters: [{name: token_count, default: '12345678'}]}}}", &[]),
    ("resources: {jobs: {a: {parameters: [{name: secret, default: my_scope}]}}}", &[]),
    (
        "resources: {apps: {a: {name: x, source_code_path: ./s}, b: {name: y, source_code_path: s}}}\n--- s/a.py\nx",
        &["app-folder@1:88 ~ `a`"],
    ),
];

#[test]
fn resources_can_be_made() {
    run(CASES);
}
