use super::{Case, Gives, give, run};

pub(super) const CASES: &[Case] = &[
    ("presets: {name_prefix: '${var.x}'}", &["reference-missing@1:24 presets.name_prefix ~ declare it"]),
    (
        "variables: {abc: {default: 1}, u: {default: '${var.abc}'}}\npresets: {name_prefix: '${var.abd}${var.u}'}",
        &["reference-missing@2:24 ~ `${var.abc}`"],
    ),
    ("presets: {name_prefix: '${bundle.nam}'}", &["reference-missing@1:24 ~ `${bundle.name}`"]),
    ("presets: {name_prefix: '${workspace.x.y}'}", &["reference-missing@1:24 ~ no `x`"]),
    ("presets: {name_prefix: '${bundle.uuid}${bundle.git.origin_url}'}", &[]),
    (
        "variables: {a: {default: '${var.b}'}, b: {default: '${var.a}'}}\npresets: {name_prefix: '${var.a}'}",
        &["reference-cycle@1:26 ~ var.a → var.b → var.a"],
    ),
    (
        "workspace: {root_path: '${workspace.file_path}/x'}",
        &["reference-cycle@1:24 ~ workspace.file_path → workspace.root_path"],
    ),
    ("presets: {name_prefix: '${var.1x}'}", &["reference-syntax@1:24 ~ stays as it is"]),
    ("presets: {name_prefix: '${resources.jobs.a b}'}", &["reference-syntax@1:24"]),
    ("presets: {name_prefix: '${HOME} ${1} ${x y}'}", &[]),
    (
        "variables: {a: {type: complex, default: [1]}}\npresets: {name_prefix: 'x${var.a}'}",
        &["reference-kind@2:24 ~ a list"],
    ),
    (
        "resources: {jobs: {a: {description: '${resources.jobs.b.id}'}}}",
        &["reference-missing@1:37 resources.jobs.a.description ~ no `b`"],
    ),
    (
        "resources: {jobs: {a: {description: '${resources.job.a.id}'}}}",
        &["reference-missing@1:37 ~ did you mean `jobs`?"],
    ),
    (
        "resources: {jobs: {a: {name: a}, b: {description: '${resources.jobs.a}'}}}",
        &["reference-missing@1:51 ~ whole resource"],
    ),
    ("resources: {jobs: {a: {description: '${resources.jobs}'}}}", &["reference-missing@1:37 ~ names no resource"]),
    (
        "resources: {jobs: {a: {name: a}, b: {description: '${resources.jobs.a.idd}'}}}",
        &["reference-field@1:51 ~ `id`"],
    ),
    ("resources: {jobs: {a: {name: a}, b: {description: '${resources.jobs.a.id}'}}}", &[]),
    ("resources: {jobs: {a: {name: a}, b: {description: '${resources.jobs.a.tasks[0].task_key}'}}}", &[]),
    (
        "resources: {schemas: {s: {name: x, catalog_name: c}}, volumes: {v: {name: y, catalog_name: c, schema_name: '${resources.schemas.s.name}'}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {name: a, description: '${resources.jobs.b.id}'}, b: {description: '${resources.jobs.a.id}'}}}",
        &["resource-cycle@1:20 resources.jobs.a ~ jobs.a → jobs.b → jobs.a"],
    ),
    ("resources: {jobs: {a: {description: '${resources.jobs.a.id}'}}}", &["resource-cycle@1:20 ~ jobs.a → jobs.a"]),
    ("resources: {jobs: {a: {description: '${artifacts.x.path}'}}}", &["reference-missing@1:37 ~ no artifact `x`"]),
    (
        "variables: {v1: {type: complex, default: {x: '${var.v0}'}}, v2: {type: complex, default: {x: '${var.v1}'}}, v3: {type: complex, default: {x: '${var.v2}'}}, v4: {type: complex, default: {x: '${var.v3}'}}, v5: {type: complex, default: {x: '${var.v4}'}}, v6: {type: complex, default: {x: '${var.v5}'}}, v7: {type: complex, default: {x: '${var.v6}'}}, v8: {type: complex, default: {x: '${var.v7}'}}, v9: {type: complex, default: {x: '${var.v8}'}}, v10: {type: complex, default: {x: '${var.v9}'}}, v11: {type: complex, default: {x: '${var.v10}'}}, v12: {type: complex, default: {x: '${var.v11}'}}, v0: {type: complex, default: {x: .}}}\nsync: {paths: ['${var.v12.x.x.x.x.x.x.x.x.x.x.x.x.x}']}",
        &["reference-rounds@1:578", "reference-rounds@2:16 ~ rounds"],
    ),
];

#[test]
fn references_lead_somewhere() {
    run(CASES);
}

const GIVES: &[Gives] = &[
    (
        "presets: {name_prefix: '${bundle.name}-${bundle.target}-${bundle.environment}'}",
        "presets.name_prefix",
        "\"b-default-default\"",
    ),
    ("presets: {name_prefix: '${bundle.git.branch}'}", "presets.name_prefix", "\"main\""),
    ("presets: {name_prefix: '${workspace.current_user.userName}'}", "presets.name_prefix", "\"ann.lee@example.com\""),
    ("presets: {name_prefix: '${workspace.current_user.domain_friendly_name}'}", "presets.name_prefix", "\"ann-lee\""),
    (
        "presets: {name_prefix: '${workspace.file_path}'}",
        "presets.name_prefix",
        "\"/Workspace/Users/ann.lee@example.com/.bundle/b/default/files\"",
    ),
    (
        "resources: {jobs: {a: {name: 'x${resources.pipelines.p.id}'}}, pipelines: {p: {}}}",
        "resources.jobs.a.name",
        "\"x${resources.pipelines.p.id}\"",
    ),
    (
        "variables: {c: {type: complex, default: {num_workers: '${var.n}', spark_version: v}}, n: {default: 3}}\nresources: {jobs: {a: {job_clusters: [{job_cluster_key: k, new_cluster: '${var.c}'}]}}}",
        "resources.jobs.a.job_clusters.0.new_cluster.num_workers",
        "3",
    ),
    (
        "variables: {c: {type: complex, default: {x: [1, {y: z}]}}}\nresources: {jobs: {a: {name: '${var.c.x[1].y}'}}}",
        "resources.jobs.a.name",
        "\"z\"",
    ),
    (
        "variables: {a: {default: true}}\nresources: {jobs: {j: {name: '${var.a}!'}}}",
        "resources.jobs.j.name",
        "\"true!\"",
    ),
    (
        "resources: {jobs: {j: {name: '$HOME ${HOME} {{job.id}}'}}}",
        "resources.jobs.j.name",
        "\"$HOME ${HOME} {{job.id}}\"",
    ),
    (
        "variables: {a: {default: b}}\nresources: {jobs: {j: {name: '${variables.a.value}'}}}",
        "resources.jobs.j.name",
        "\"b\"",
    ),
];

#[test]
fn references_are_put_in() {
    give(GIVES);
}
