use super::{Case, Gives, give, run};

pub(super) const CASES: &[Case] = &[
    ("presets: {trigger_pause_status: STOPPED}", &["preset@1:33"]),
    ("presets: {trigger_pause_status: PAUSED}", &[]),
    ("targets: {d: {mode: development}}", &[]),
    ("targets: {d: {mode: development, presets: {name_prefix: ''}}}", &["preset-ignored@1:57"]),
    ("targets: {d: {mode: development, presets: {name_prefix: 'x '}}}", &["development-mode@1:57 presets.name_prefix"]),
    ("targets: {d: {mode: development, presets: {name_prefix: 'ann_lee '}}}", &[]),
    ("targets: {d: {mode: development, presets: {trigger_pause_status: UNPAUSED}}}", &["development-mode@1:66"]),
    (
        "targets: {d: {mode: development, workspace: {root_path: /Shared/x}}}",
        &[
            "development-mode@1:57 workspace.root_path",
            "development-mode@0:0 workspace.file_path",
            "development-mode@0:0 workspace.resource_path",
            "development-mode@0:0 workspace.artifact_path",
            "development-mode@0:0 workspace.state_path",
            "shared-root@1:57",
        ],
    ),
    ("targets: {d: {mode: development, workspace: {root_path: ~/x}}}", &[]),
    (
        "resources: {jobs: {a: {}}}\ntargets: {d: {mode: production}}",
        &["production-mode@2:21 workspace.root_path ~ /Workspace/Users/ann.lee@example.com"],
    ),
    ("targets: {d: {mode: production, workspace: {root_path: /Workspace/Users/bot/x}}}", &[]),
    ("targets: {d: {mode: production}}", &["production-root@1:21"]),
    ("#! user 11111111-2222-3333-4444-555555555555\ntargets: {d: {mode: production}}", &["production-root@1:21"]),
    ("run_as: {user_name: x}\nresources: {jobs: {a: {}}}\ntargets: {d: {mode: production}}", &["production-root@3:21"]),
    (
        "resources: {pipelines: {p: {development: true}}}\ntargets: {d: {mode: production, workspace: {root_path: /x}}}",
        &["production-mode@1:42 resources.pipelines.p.development"],
    ),
    ("bundle: {name: b, cluster_id: c}", &["mode@1:31 bundle.cluster_id"]),
    ("targets: {d: {mode: development, cluster_id: c}}", &[]),
    ("run_as: {}", &["run-as@1:9 ~ nobody"]),
    ("run_as: {user_name: a, service_principal_name: b}", &["run-as@1:9 ~ two"]),
    ("run_as: {user_name: other@example.com}\nresources: {apps: {a: {name: x}}}", &["run-as@1:9 ~ resources.apps.a"]),
    ("run_as: {user_name: ann.lee@example.com}\nresources: {apps: {a: {name: x}}}", &[]),
    (
        "run_as: {user_name: other@example.com}\nresources: {dashboards: {a: {display_name: x, warehouse_id: w, embed_credentials: true}}}",
        &["run-as@1:9 ~ embeds"],
    ),
    ("permissions: [{level: CAN_MANAGE, user_name: ann.lee@example.com}]", &[]),
    ("permissions: [{level: CAN_MANAGE, group_name: team}]", &[]),
    ("permissions: [{level: CAN_VIEW, group_name: g}]", &["permission-deployer@1:15"]),
    (
        "permissions: [{level: CAN_EDIT, group_name: team}, {level: CAN_MANAGE, group_name: team}]",
        &["permission@1:23 permissions[0].level ~ CAN_EDIT"],
    ),
    (
        "permissions: [{level: CAN_MANAGE, group_name: team, user_name: x}]",
        &["permission@1:15 ~ several", "permission-deployer@1:15"],
    ),
    (
        "permissions: [{level: CAN_MANAGE, group_name: team}]\nresources: {jobs: {a: {permissions: [{level: CAN_VIEW, group_name: team}]}}}",
        &["permission-overlap@2:38"],
    ),
    ("workspace: {root_path: /Workspace/Shared/x}", &["shared-root@1:24"]),
    (
        "workspace: {root_path: /Workspace/Shared/x}\npermissions: [{level: CAN_MANAGE, group_name: users}, {level: CAN_MANAGE, group_name: team}]",
        &[],
    ),
];

#[test]
fn what_is_added_is_looked_at() {
    run(CASES);
}

const DEV: &str = "targets: {d: {mode: development}}";

const GIVES: &[Gives] = &[
    (
        "resources: {jobs: {a: {name: n}}}\ntargets: {d: {mode: development}}",
        "resources.jobs.a.name",
        "\"[dev ann_lee] n\"",
    ),
    (
        "resources: {jobs: {a: {name: n}}}\ntargets: {d: {mode: development}}",
        "resources.jobs.a.tags",
        "{\"dev\":\"ann_lee\"}",
    ),
    (
        "resources: {jobs: {a: {name: n}}}\ntargets: {d: {mode: development}}",
        "resources.jobs.a.max_concurrent_runs",
        "4",
    ),
    (
        "resources: {jobs: {a: {max_concurrent_runs: 2}}}\ntargets: {d: {mode: development}}",
        "resources.jobs.a.max_concurrent_runs",
        "2",
    ),
    (
        "resources: {jobs: {a: {continuous: {}}}}\ntargets: {d: {mode: development}}",
        "resources.jobs.a.continuous.pause_status",
        "\"PAUSED\"",
    ),
    (
        "resources: {jobs: {a: {continuous: {pause_status: UNPAUSED}}}}\ntargets: {d: {mode: development}}",
        "resources.jobs.a.continuous.pause_status",
        "\"UNPAUSED\"",
    ),
    ("resources: {jobs: {a: {continuous: {}}}}", "resources.jobs.a.continuous.pause_status", "\"UNPAUSED\""),
    ("resources: {jobs: {a: {}}}", "resources.jobs.a.name", "\"Untitled\""),
    ("resources: {jobs: {a: {}}}", "resources.jobs.a.queue", "{\"enabled\":true}"),
    (
        "resources: {jobs: {a: {}}}",
        "resources.jobs.a.deployment",
        "{\"kind\":\"BUNDLE\",\"metadata_file_path\":\"/Workspace/Users/ann.lee@example.com/.bundle/b/default/state/metadata.json\"}",
    ),
    (
        "resources: {pipelines: {a: {name: n, continuous: true}}}\ntargets: {d: {mode: development}}",
        "resources.pipelines.a.continuous",
        "false",
    ),
    (
        "resources: {pipelines: {a: {name: n}}}\ntargets: {d: {mode: development}}",
        "resources.pipelines.a.development",
        "true",
    ),
    ("resources: {pipelines: {a: {name: n}}}", "resources.pipelines.a.edition", "\"ADVANCED\""),
    (
        "resources: {schemas: {a: {name: n, catalog_name: c}}}\ntargets: {d: {mode: development}}",
        "resources.schemas.a.name",
        "\"dev_ann_lee_n\"",
    ),
    (
        "experimental: {skip_name_prefix_for_schema: true}\nresources: {schemas: {a: {name: n, catalog_name: c}}}\ntargets: {d: {mode: development}}",
        "resources.schemas.a.name",
        "\"n\"",
    ),
    (
        "resources: {experiments: {a: {name: /Users/x/e}}}\ntargets: {d: {mode: development}}",
        "resources.experiments.a.name",
        "\"/Users/x/[dev ann_lee] e\"",
    ),
    (
        "resources: {experiments: {a: {name: e, tags: [{key: dev, value: x}]}}}\ntargets: {d: {mode: development}}",
        "resources.experiments.a.tags",
        "[{\"key\":\"dev\",\"value\":\"x\"}]",
    ),
    (
        "resources: {sql_warehouses: {a: {name: e}}}\ntargets: {d: {mode: development}}",
        "resources.sql_warehouses.a.tags",
        "{\"custom_tags\":[{\"key\":\"dev\",\"value\":\"ann_lee\"}]}",
    ),
    (
        "resources: {volumes: {a: {name: n, catalog_name: c, schema_name: s}}}\ntargets: {d: {mode: development}}",
        "resources.volumes.a.name",
        "\"n\"",
    ),
    (
        "resources: {volumes: {a: {name: n, catalog_name: c, schema_name: s}}}",
        "resources.volumes.a.volume_type",
        "\"MANAGED\"",
    ),
    ("resources: {clusters: {a: {num_workers: 1}}}", "resources.clusters.a.autotermination_minutes", "60"),
    ("presets: {name_prefix: 'p-'}\nresources: {jobs: {a: {name: n}}}", "resources.jobs.a.name", "\"p-n\""),
    ("presets: {tags: {x: y}}\nresources: {jobs: {a: {tags: {x: z}}}}", "resources.jobs.a.tags", "{\"x\":\"z\"}"),
    (DEV, "bundle.deployment.lock.enabled", "false"),
    (
        "bundle: {name: b, deployment: {lock: {enabled: true}}}\ntargets: {d: {mode: development}}",
        "bundle.deployment.lock.enabled",
        "true",
    ),
    ("", "workspace.root_path", "\"/Workspace/Users/ann.lee@example.com/.bundle/b/default\""),
    ("workspace: {root_path: ~/x}", "workspace.state_path", "\"/Workspace/Users/ann.lee@example.com/x/state\""),
    ("workspace: {root_path: /Users/x}", "workspace.artifact_path", "\"/Workspace/Users/x/artifacts\""),
    ("workspace: {root_path: '/Users/${bundle.name}/'}", "workspace.file_path", "\"/Workspace/Users/b//files\""),
    ("run_as: {user_name: x}\nresources: {jobs: {a: {}}}", "resources.jobs.a.run_as", "{\"user_name\":\"x\"}"),
    (
        "run_as: {user_name: x}\nresources: {jobs: {a: {run_as: {user_name: y}}}}",
        "resources.jobs.a.run_as",
        "{\"user_name\":\"y\"}",
    ),
    (
        "permissions: [{level: CAN_RUN, group_name: g}]\nresources: {jobs: {a: {}}}",
        "resources.jobs.a.permissions",
        "[{\"level\":\"CAN_MANAGE_RUN\",\"group_name\":\"g\"},{\"level\":\"IS_OWNER\",\"user_name\":\"ann.lee@example.com\"}]",
    ),
    (
        "permissions: [{level: CAN_MANAGE, user_name: ann.lee@example.com}]\nresources: {jobs: {a: {}}}",
        "resources.jobs.a.permissions",
        "[{\"level\":\"IS_OWNER\",\"user_name\":\"ann.lee@example.com\"}]",
    ),
    // Permissions of a target reach jobs.
    (
        "resources: {jobs: {a: {}}}\ntargets: {d: {permissions: [{level: CAN_VIEW, group_name: g}]}}",
        "resources.jobs.a.permissions.0",
        "{\"level\":\"CAN_VIEW\",\"group_name\":\"g\"}",
    ),
    (
        "permissions: [{level: CAN_RUN, group_name: g}]\nresources: {dashboards: {a: {display_name: x, warehouse_id: w}}}",
        "resources.dashboards.a.permissions",
        "null",
    ),
    (
        "permissions: [{level: CAN_VIEW, group_name: g}]\nresources: {dashboards: {a: {display_name: x, warehouse_id: w}}}",
        "resources.dashboards.a.permissions.0.level",
        "\"CAN_READ\"",
    ),
    (
        "permissions: [{level: CAN_VIEW, group_name: g}, {level: CAN_MANAGE, group_name: g}]\nresources: {apps: {a: {name: x}}}",
        "resources.apps.a.permissions.0.level",
        "\"CAN_MANAGE\"",
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /x}, new_cluster: {num_workers: 1}}, {task_key: u, notebook_task: {notebook_path: /x}}]}}}\ntargets: {d: {mode: development, cluster_id: c}}",
        "resources.jobs.a.tasks",
        "[{\"task_key\":\"t\",\"notebook_task\":{\"notebook_path\":\"/x\"},\"existing_cluster_id\":\"c\"},{\"task_key\":\"u\",\"notebook_task\":{\"notebook_path\":\"/x\"}}]",
    ),
];

#[test]
fn modes_and_defaults_are_put_on() {
    give(GIVES);
}
