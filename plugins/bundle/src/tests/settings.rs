use super::{Case, run};

pub(super) const CASES: &[Case] = &[
    ("bundle: {}", &["bundle-name@1:9 bundle.name ~ no name"]),
    ("bundle: {name: ''}", &["bundle-name@1:9"]),
    ("bundle: {name: a/b}", &["bundle-name@1:16 ~ part of paths"]),
    ("bundle: {name: '${var.x}'}\nvariables: {x: {default: y}}", &["reference-in-name@1:16"]),
    ("bundle: {name: b, engine: direct}", &[]),
    ("bundle: {name: b, engine: terraform}", &["terraform-engine@1:27"]),
    ("bundle: {name: b, engine: magic}", &["engine@1:27 ~ `magic`", "enum-value@1:27"]),
    ("bundle: {name: b, databricks_cli_version: '>= 0.218.0'}", &[]),
    ("bundle: {name: b, databricks_cli_version: '>= 9.0.0'}", &["cli-version@1:43 ~ 1.13.0"]),
    ("bundle: {name: b, databricks_cli_version: newest}", &["cli-version@1:43 ~ no constraint"]),
    ("workspace: {host: '${var.h}'}\nvariables: {h: {default: x}}", &["reference-in-auth@1:19 workspace.host"]),
    ("#! host https://b.example\nworkspace: {host: 'https://a.example/'}", &["workspace-host@1:19 ~ b.example"]),
    ("#! host https://a.example\nworkspace: {host: 'https://A.example/?o=1'}", &[]),
    ("workspace: {file_path: '/Workspace${workspace.root_path}/f'}", &["workspace-prefix@1:24"]),
    ("workspace: {state_path: /Volumes/a/b/c/d}", &["volume-path@1:25 workspace.state_path"]),
    ("workspace: {artifact_path: /Volumes/a/b/c/d}", &[]),
    ("workspace: {artifact_path: /Volumes/a/b}", &["artifact-volume@1:28 ~ names no volume"]),
    ("#! volume no\nworkspace: {artifact_path: /Volumes/a/b/c/d}", &["artifact-volume@1:28 ~ make the volume first"]),
    ("#! volume yes\nworkspace: {artifact_path: /Volumes/a/b/c/d}", &[]),
    (
        "#! volume no\nworkspace: {artifact_path: /Volumes/a/b/c/d}\nresources: {volumes: {v: {catalog_name: a, schema_name: b, name: c}}}",
        &["artifact-volume@1:28 ~ another bundle"],
    ),
    (
        "#! acl group_name=g CAN_MANAGE\npermissions: [{level: CAN_MANAGE, group_name: team}]",
        &["folder-permissions@1:14 permissions ~ g has CAN_MANAGE"],
    ),
    (
        "#! acl group_name=team CAN_MANAGE\n#! acl group_name=admins CAN_MANAGE\npermissions: [{level: CAN_MANAGE, group_name: team}]",
        &[],
    ),
    ("#! acl group_name=g CAN_MANAGE", &[]),
    ("scripts: {s: {content: 'echo hi'}}", &[]),
    ("scripts: {s: {}}", &["script@1:14 scripts.s ~ no content", "required-field@1:14"]),
    ("scripts: {s: {content: 'echo ${var.x}'}}", &["script@1:24 scripts.s.content"]),
    ("scripts: {s: {content: ls, env: {A: '${resources.jobs.a.id}'}}}", &["script@1:37 scripts.s.env.A"]),
    ("python: {resources: [x]}", &["unsupported@1:9 python ~ YAML"]),
    ("experimental: {scripts: {preinit: x}}", &["unsupported@1:25 experimental.scripts"]),
    ("experimental: {whatever: 1}", &[]),
    ("targets: {d: {mode: developement}}", &["mode@1:21 bundle.mode", "enum-value@1:21 ~ did you mean `development`?"]),
];

#[test]
fn settings_are_looked_at() {
    run(CASES);
}
