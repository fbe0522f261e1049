use super::{Case, Gives, give, run};

pub(super) const CASES: &[Case] = &[
    ("", &[]),
    ("!", &["root@0:0 ~ no databricks.yml"]),
    ("!\n--- databricks.yaml\nbundle: {name: b}", &[]),
    ("!\n--- bundle.yml\nbundle: {name: b}", &[]),
    ("bundle: {name: b}\n--- bundle.yml\n{}", &["root@0:0 ~ several files"]),
    ("#! folder a[1]", &["root@0:0 ~ rename the folder"]),
    ("#! folder deep/er", &[]),
    ("- a", &["yaml-syntax@2:1"]),
    ("a: [", &["yaml-syntax@2:1"]),
    ("'bundle: {name: b}'", &["yaml-syntax@1:1 ~ a text"]),
    ("bundle: {name: b, name: c}", &["duplicate-key@1:19 ~ first in line 1"]),
    ("---\nbundle: {name: b}", &[]),
    ("bundle: {name: b}\n...\n---\nresources: {}", &["several-documents@3:1"]),
    ("presets: {jobs_max_concurrent_runs: 99999999999999999999}", &["inexact-number@1:37", "wrong-kind@1:37"]),
    ("include: [r/a.yml]", &["include@1:11 include[0] ~ no file r/a.yml"]),
    ("include: [/etc/a.yml]", &["include@1:11 ~ absolute"]),
    ("include: ['C:\\a.yml']", &["include@1:11 ~ absolute"]),
    ("include: [r/*.yml]", &[]),
    ("include: [a.txt]\n--- a.txt\nx", &["include@1:11 ~ .yaml or .json"]),
    ("include: ['r/*']\n--- r/a.yml\n{}\n--- r/a.py\nx", &["include@1:11 ~ r/a.py"]),
    ("include: ['r/**/*.yml']\n--- r/a.yml\n{}", &["include-ignored@1:11 ~ exactly one folder"]),
    ("include: [r/a.yml]\n--- r/a.yml\ninclude: [b.yml]", &["include-ignored@1:1 include ~ root file"]),
    ("include: [../x.yml]", &["include@1:11"]),
    ("include: a.yml", &["wrong-kind@1:10 include ~ begin the entry with `- `"]),
    (
        "include: [a.yml]\nresources: {jobs: {x: {}}}\n--- a.yml\nresources: {pipelines: {x: {}}}",
        &["duplicate-resource@1:25 resources.pipelines.x ~ databricks.yml:2"],
    ),
    ("resources: {jobs: {x: {}}}\nscripts: {x: {content: ls}}", &["duplicate-resource@2:11 scripts.x"]),
    ("resources: {jobs: {x: {}}}\ntargets: {d: {resources: {jobs: {x: {name: y}}}}}", &[]),
    ("resources: {jobs: {'x${var.y}': {}}}", &["reference-in-key@1:20"]),
    ("resources: {jobs: {x: }}", &["empty-resource@1:20 resources.jobs.x"]),
    ("resources: {jobs: }", &["null-value@1:17 resources.jobs"]),
    (
        "include: [a.job.yml]\n--- a.job.yml\nresources: {jobs: {x: {name: x}, y: {}}}",
        &["one-resource-per-file@1:1 resources ~ of jobs"],
    ),
    ("include: [a.job.yml]\n--- a.job.yml\nresources: {jobs: {x: {}}}", &[]),
    (
        "include: [a.pipeline.yml]\n--- a.pipeline.yml\nresources: {jobs: {x: {}}}",
        &["one-resource-per-file@1:1 ~ of pipelines"],
    ),
    (
        "include: [a.yml]\nresources: {jobs: {x: {tasks: [{task_key: a, run_job_task: {job_id: 1}}]}}}\n--- a.yml\nresources: {jobs: []}",
        &["wrong-kind@1:19", "merge-conflict@1:19 resources.jobs ~ databricks.yml:2"],
    ),
    ("environments: {dev: {}}", &["old-environments@1:1"]),
    ("environments: {dev: {}}\ntargets: {dev: {}}", &["old-environments@1:1", "target@1:1 ~ both"]),
    ("#! target prd\ntargets: {prod: {}, dev: {}}", &["target@1:10 targets ~ did you mean `prod`?"]),
    ("targets: {prod: {}, dev: {}}", &["target@1:10 ~ none is the default"]),
    ("targets: {a: {default: true}, b: {default: true}}", &["target@1:44 ~ both `a` and `b`"]),
    ("targets: {a: {default: true}, b: {}}", &[]),
    ("targets: {a: {}}", &[]),
    ("targets: {a: }", &[]),
    ("#! target default", &[]),
    ("#! target x", &["target@0:0 ~ no target `x`"]),
];

#[test]
fn files_are_found_and_read() {
    run(CASES);
}

const GIVES: &[Gives] = &[
    (
        "include: ['*.yml']\nresources: {jobs: {a: {name: x}}}\n--- b.yml\nresources: {jobs: {b: {name: y}}}",
        "resources.jobs.b.name",
        "\"y\"",
    ),
    ("x: &a {name: j}\nresources: {jobs: {a: {<<: *a}}}", "resources.jobs.a.name", "\"j\""),
    ("targets: {d: {bundle: {uuid: u}}}", "bundle.uuid", "\"u\""),
    ("targets: {d: {mode: production}}", "bundle.mode", "\"production\""),
    ("targets: {d: {git: {branch: x}}}", "bundle.git.branch", "\"x\""),
    ("targets: {d: {}}", "bundle.target", "\"d\""),
    ("", "bundle.target", "\"default\""),
    ("targets: {d: {run_as: {user_name: b}}}\nrun_as: {service_principal_name: a}", "run_as", "{\"user_name\":\"b\"}"),
    ("sync: {exclude: [a]}\ntargets: {d: {sync: {exclude: [b]}}}", "sync.exclude", "[\"a\",\"b\"]"),
    ("presets: {tags: {a: x}}\ntargets: {d: {presets: {tags: {b: y}}}}", "presets.tags", "{\"a\":\"x\",\"b\":\"y\"}"),
    (
        "permissions: [{level: CAN_VIEW, group_name: g}]\ntargets: {d: {permissions: [{level: CAN_MANAGE, group_name: t}]}}",
        "permissions",
        "[{\"level\":\"CAN_VIEW\",\"group_name\":\"g\"},{\"level\":\"CAN_MANAGE\",\"group_name\":\"t\"}]",
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, max_retries: 1}, {task_key: y}]}}}\ntargets: {d: {resources: {jobs: {a: {tasks: [{task_key: x, max_retries: 2, timeout_seconds: 3}]}}}}}",
        "resources.jobs.a.tasks",
        "[{\"task_key\":\"x\",\"max_retries\":2,\"timeout_seconds\":3},{\"task_key\":\"y\"}]",
    ),
    (
        "resources: {jobs: {a: {parameters: [{name: p, default: '1'}]}}}\ntargets: {d: {resources: {jobs: {a: {parameters: [{name: p, default: '2'}]}}}}}",
        "resources.jobs.a.parameters",
        "[{\"name\":\"p\",\"default\":\"2\"}]",
    ),
    // Keys that are references merge as well.
    (
        "variables: {k: {default: x}}\nresources: {jobs: {a: {job_clusters: [{job_cluster_key: x, new_cluster: {num_workers: 1}}]}}}\ntargets: {d: {resources: {jobs: {a: {job_clusters: [{job_cluster_key: '${var.k}', new_cluster: {num_workers: 2}}]}}}}}",
        "resources.jobs.a.job_clusters",
        "[{\"job_cluster_key\":\"x\",\"new_cluster\":{\"num_workers\":2}}]",
    ),
    (
        "resources: {pipelines: {a: {clusters: [{num_workers: 1}]}}}\ntargets: {d: {resources: {pipelines: {a: {clusters: [{label: default, num_workers: 2}]}}}}}",
        "resources.pipelines.a.clusters",
        "[{\"num_workers\":2,\"label\":\"default\"}]",
    ),
];

#[test]
fn files_and_targets_become_one_tree() {
    give(GIVES);
}
